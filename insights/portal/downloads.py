"""Download a conversation as a file: a transcript as text, Markdown, subtitles or Word, the minutes, or JSON with all stored data."""

from collections.abc import Iterator

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.text import slugify

from insights import exports, queries
from insights.insight_kinds import kind_of
from insights.models import Conversation, Insight
from insights.portal.listing import UNKNOWN, local, shown_name
from insights.transcripts import subtitles, word
from insights.transcripts.lines import lines_of
from insights.transcripts.markdown import markdown
from insights.transcripts.minutes import minutes_markdown
from insights.transcripts.text import clock, text

TYPES = {
    "txt": "text/plain; charset=utf-8",
    "json": "application/json",
    "minutes.md": "text/markdown; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
    "srt": "application/x-subrip; charset=utf-8",
    "vtt": "text/vtt; charset=utf-8",
    "docx": word.CONTENT_TYPE,
}


@login_required
def download(request: HttpRequest, conversation_id: int, form: str) -> HttpResponseBase:
    """Return a file of a conversation that the user may see, streamed except for Word; 404 for any other."""
    account = int(request.user.pk or 0)
    one = queries.conversation_for(account, conversation_id)
    if one is None or form not in TYPES:
        raise Http404
    joint = "-" if form == "minutes.md" else "."
    name = f"{slugify(one.name)[:60] or one.pk}{joint}{form}"
    if form == "docx":
        return HttpResponse(_word(one), TYPES[form], headers={"Content-Disposition": f'attachment; filename="{name}"'})
    exists = lambda: queries.conversation_for(account, conversation_id) is not None  # noqa: E731
    return exports.answer(request, _pieces(one, form), TYPES[form], name, exists)


def _pieces(conversation: Conversation, form: str) -> Iterator[str]:
    match form:
        case "json":
            return exports.as_json([conversation])
        case "md":
            return markdown(lines_of(conversation), paragraphs=True, speakers=True)
        case "minutes.md":
            return iter((as_minutes(conversation),))
        case "srt":
            return subtitles.srt(lines_of(conversation), speakers=True)
        case "vtt":
            return subtitles.vtt(lines_of(conversation), speakers=True)
        case _:
            return as_text(conversation)


def as_text(conversation: Conversation) -> Iterator[str]:
    """Yield a text: title, transcript and insights, without rejected ones; times are in the conversation's time zone."""
    yield "\n".join((*_title(conversation), ""))
    yield from text(lines_of(conversation))
    before = "\nInsights\n"
    for line in _insights(conversation):
        yield f"{before}- {line}\n"
        before = ""


def as_minutes(conversation: Conversation) -> str:
    """Return the minutes as Markdown."""
    people = [str(member) for member in queries.members_of(conversation)]
    found = queries.minutes_of(conversation)
    return minutes_markdown(shown_name(conversation, people), conversation.started_at, conversation.timezone_offset, people, found)


def _word(conversation: Conversation) -> bytes:
    """Return a Word document with the same contents as the text."""
    title, begun = _title(conversation)
    found = [("List Bullet", line) for line in _insights(conversation)]
    return word.docx(title, begun, lines_of(conversation), [("Heading 1", "Insights"), *found] if found else ())


def _title(conversation: Conversation) -> tuple[str, str]:
    """Return the title and the local time of the start."""
    begun = local(conversation.started_at, conversation.timezone_offset)
    return shown_name(conversation, [str(member) for member in queries.members_of(conversation)]), f"{begun:%d %B %Y, %H:%M}"


def _insights(conversation: Conversation) -> Iterator[str]:
    found = queries.insights_of(conversation).exclude(review=Insight.Review.REJECTED)
    for batch in queries.in_batches(found, *queries.INSIGHT_ORDER):
        for one in batch:
            yield _line(one, conversation)


def _line(insight: Insight, conversation: Conversation) -> str:
    """Return the line of one insight: `Action item: text (Ada, 0:24, for Bob, due 6 March 2026)`."""
    facts = [str(insight.message.member or UNKNOWN), clock(insight.message.offset_s)]
    if who := insight.assignee or insight.assignee_name:
        facts.append(f"for {who}")
    if insight.due_at:
        facts.append(f"due {local(insight.due_at, conversation.timezone_offset):%d %B %Y}")
    return f"{kind_of(insight.type).label}: {insight.text} ({', '.join(facts)})"
