"""Transcripts as Symbl's Markdown: HTML line breaks between messages, and highlighted phrases in `<mark>`."""

import re
from collections.abc import Iterable, Iterator
from functools import cache
from html import escape

from insights.redaction import MASK
from insights.transcripts.lines import TranscriptLine

BREAK = "<br/><br/>"
_SPECIAL = re.compile(r"([\\`*_\[\]<>])")
_SEPARATOR = "\0"
"""Separates lines that are escaped together; no stored text has this character."""
_LINK = re.compile(r"\](?=[(:])")
"""The end of the text of a link or picture, before its address, and of the name of an address that is given elsewhere."""


def markdown(batches: Iterable[list[TranscriptLine]], *, paragraphs: bool, speakers: bool) -> Iterator[str]:
    """Yield the transcript, a piece per batch. `paragraphs`: a break after each message instead of a space.

    `speakers`: the name of the speaker before each message, which then always ends with a break or a space, as Symbl's does. `<`, `>` and
    `&` in words and names are escaped, and no link or image begins in them.
    """
    end = BREAK if paragraphs else " "
    between = ""
    heading = cache(lambda name: _escaped(f"{name}:"))
    for batch in batches:
        if speakers:
            yield "".join([f"{heading(line.speaker)} {marked(line)}{end}" for line in batch])
        else:
            yield between + end.join(map(marked, batch))
            between = end


def plain_markdown(batches: Iterable[list[tuple[str, str]]], *, paragraphs: bool, speakers: bool) -> Iterator[str]:
    """Yield the transcript of lines without phrases, of which only (speaker, text) is given. One call escapes a whole batch."""
    end = BREAK if paragraphs else " "
    between = ""
    for batch in batches:
        lines = [f"{speaker}: {text}" for speaker, text in batch] if speakers else [text for _, text in batch]
        shown = _escaped(_SEPARATOR.join(lines)).replace(_SEPARATOR, end)
        if speakers:
            yield shown + end
        else:
            yield between + shown
            between = end


def escaped(text: str) -> str:
    """Return a text whose characters have no meaning in Markdown."""
    return _SPECIAL.sub(r"\\\1", text)


def marked(line: TranscriptLine) -> str:
    """Return the text of a line as HTML, with each of its phrases in `<mark>`; no mark is inside another, and none is on a mask alone."""
    text = _escaped(line.text)
    if not line.phrases:
        return text
    phrases = {_escaped(phrase) for phrase in line.phrases if phrase.strip(f"{MASK} ")}
    if not phrases:
        return text
    longest_first = "|".join(map(re.escape, sorted(phrases, key=lambda phrase: (-len(phrase), phrase))))
    return re.sub(longest_first, lambda match: f"<mark>{match.group()}</mark>", text)


def _escaped(text: str) -> str:
    """Return words as HTML, in which no link to another site and no picture of it begins. Single brackets stay as Symbl sends them."""
    return _LINK.sub(r"]\\", escape(text, quote=False))
