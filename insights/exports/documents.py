"""One conversation as a file: a transcript as text, Markdown, subtitles or Word, the minutes, or JSON with all stored data.

Headings are in the language that is active when the file is asked for, also if its pieces are made later.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from itertools import chain
from typing import assert_never

from django.conf import settings
from django.utils.formats import date_format
from django.utils.text import slugify
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from insights import kind_words, queries
from insights.exports.stored_data import as_json
from insights.exports.titles import UNKNOWN, local, shown_assignee, shown_name, shown_person
from insights.insight_kinds import kind_of
from insights.models import Conversation, Insight, Note
from insights.transcripts import subtitles, word
from insights.transcripts.lines import TranscriptLine, lines_of
from insights.transcripts.markdown import markdown
from insights.transcripts.minutes import minutes_markdown
from insights.transcripts.notes import note_line, notes_markdown, notes_text
from insights.transcripts.text import clock, text


class ExportFormat(StrEnum):
    """The formats of files of one conversation, by their endings."""

    MINUTES = "minutes.md"
    WORD = "docx"
    MARKDOWN = "md"
    TEXT = "txt"
    SRT = "srt"
    VTT = "vtt"
    JSON = "json"


CONTENT_TYPES = {
    ExportFormat.TEXT: "text/plain; charset=utf-8",
    ExportFormat.JSON: "application/json",
    ExportFormat.MINUTES: "text/markdown; charset=utf-8",
    ExportFormat.MARKDOWN: "text/markdown; charset=utf-8",
    ExportFormat.SRT: "application/x-subrip; charset=utf-8",
    ExportFormat.VTT: "text/vtt; charset=utf-8",
    ExportFormat.WORD: word.CONTENT_TYPE,
}
Seen = Callable[[int], None]
"""Called with the number of messages that were read since the last call. It may raise an exception to stop."""


def _ignore(messages: int) -> None:
    """Count nothing."""


def pieces_of(conversation: Conversation, form: ExportFormat, seen: Seen = _ignore, notes: Sequence[Note] = ()) -> Iterator[bytes]:
    """Yield the content of a file. Word documents and minutes come in one piece.

    `notes`: private notes of the person who gets the file; subtitles have none.
    """
    return _in_language(get_language() or settings.LANGUAGE_CODE, _pieces(conversation, form, seen, notes))


def _in_language(language: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Yield pieces, each made in a language. Between them the language of the caller is active."""
    while True:
        with override(language):
            piece = next(pieces, None)
        if piece is None:
            return
        yield piece


def _pieces(conversation: Conversation, form: ExportFormat, seen: Seen, notes: Sequence[Note]) -> Iterator[bytes]:
    if form is ExportFormat.WORD:
        yield _word(conversation, seen, notes)
        return
    for piece in _texts(conversation, form, seen, notes):
        yield piece.encode(errors="replace")


def file_name(conversation: Conversation, form: ExportFormat, *, unique: bool = False) -> str:
    """Return the name of a file in ASCII: the title, or the id where the title has no usable letters. `unique`: always with the id."""
    joint = "-" if form is ExportFormat.MINUTES else "."
    title = slugify(conversation.name)[:60]
    stem = f"{title}-{conversation.pk}" if unique and title and title != str(conversation.pk) else title or str(conversation.pk)
    return f"{stem}{joint}{form}"


def as_text(conversation: Conversation, seen: Seen = _ignore) -> Iterator[str]:
    """Yield a text: title, transcript and insights, without rejected ones; times are in the conversation's time zone."""
    yield "\n".join((*_title(conversation), ""))
    yield from text(_lines(conversation, seen))
    before = f"\n{_('Insights')}\n"
    for line in _insights(conversation):
        yield f"{before}- {line}\n"
        before = ""


def as_minutes(conversation: Conversation) -> str:
    """Return the minutes as Markdown."""
    people = [shown_person(str(member)) for member in queries.members_of(conversation)]
    found = queries.minutes_of(conversation)
    found = replace(found, tasks=tuple(replace(task, assignee=shown_person(task.assignee)) for task in found.tasks))
    return minutes_markdown(shown_name(conversation, people), conversation.started_at, conversation.timezone_offset, people, found)


def _texts(conversation: Conversation, form: ExportFormat, seen: Seen, notes: Sequence[Note]) -> Iterator[str]:
    match form:
        case ExportFormat.JSON:
            return as_json([conversation], seen, notes)
        case ExportFormat.MARKDOWN:
            said = markdown(_lines(conversation, seen), paragraphs=True, speakers=True)
            return chain(said, notes_markdown(_("My notes"), notes))
        case ExportFormat.MINUTES:
            return chain((as_minutes(conversation),), notes_markdown(_("My notes"), notes))
        case ExportFormat.SRT:
            return subtitles.srt(_lines(conversation, seen), speakers=True)
        case ExportFormat.VTT:
            return subtitles.vtt(_lines(conversation, seen), speakers=True)
        case ExportFormat.TEXT:
            return chain(as_text(conversation, seen), notes_text(_("My notes"), notes))
        case ExportFormat.WORD:
            raise ValueError("a Word document is no text")
        case _:
            assert_never(form)


def _lines(conversation: Conversation, seen: Seen) -> Iterator[list[TranscriptLine]]:
    for batch in lines_of(conversation, naming=shown_person):
        seen(len(batch))
        yield batch


def _word(conversation: Conversation, seen: Seen, notes: Sequence[Note]) -> bytes:
    """Return a Word document with the same contents as the text."""
    title, begun = _title(conversation)
    found = [("List Bullet", line) for line in _insights(conversation)]
    written = [("List Bullet", note_line(one)) for one in notes]
    after = [*([("Heading 1", _("Insights")), *found] if found else ()), *([("Heading 1", _("My notes")), *written] if written else ())]
    return word.docx(title, begun, _lines(conversation, seen), after)


def _title(conversation: Conversation) -> tuple[str, str]:
    """Return the title and the local time of the start."""
    begun = date_format(local(conversation.started_at, conversation.timezone_offset), "LONG_DATETIME_FORMAT")
    return shown_name(conversation, [str(member) for member in queries.members_of(conversation)]), begun


def _insights(conversation: Conversation) -> Iterator[str]:
    found = queries.insights_of(conversation).exclude(review=Insight.Review.REJECTED)
    for batch in queries.in_batches(found, *queries.INSIGHT_ORDER):
        for one in batch:
            yield _line(one, conversation)


def _line(insight: Insight, conversation: Conversation) -> str:
    """Return the line of one insight: `Action item: text (Ada, 0:24, for Bob, due 6 March 2026)`."""
    facts = [shown_person(str(insight.message.member or UNKNOWN)), clock(insight.message.offset_s)]
    if who := shown_assignee(insight):
        facts.append(_("for %(name)s") % {"name": who})
    if insight.due_at:
        facts.append(_("due %(date)s") % {"date": date_format(local(insight.due_at, conversation.timezone_offset), "DATE_FORMAT")})
    return f"{kind_words.label(kind_of(insight.type))}: {insight.text} ({', '.join(facts)})"
