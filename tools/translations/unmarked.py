"""Find the texts of templates that are not marked for translation."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from django.template.base import Lexer, TokenType

_READ_OUT = {"aria-label", "title", "placeholder", "alt", "data-confirm", "data-text", "data-yes"}
_NOT_READ = {"script", "style", "code", "pre", "kbd", "svg"}
_WORD = re.compile(r"[A-Za-z]{2,}")
_INSIDE_A_TAG = re.compile(r"block (at_\w+|\w+_class|\w+_data)\b")
"""Blocks whose content is a part of an HTML tag of the base template."""
ALLOWED = {
    "Parley",
    "UTC",
    "min",
    "id",
    "appId",
    "appSecret",
    "WebRTC",
    "WebSocket",
    "OK",
    "https",
    "example",
    "com",
    "meeting",
    "mp",
    "openapi",
    "json",
}
"""Names that are the same in every language."""


def unmarked(source: str) -> list[str]:
    """Return the texts of a template that people read and that no tag of translation surrounds."""
    found = _Texts()
    found.feed("".join(_without_tags(source)))
    return [text for text in found.texts if any(word not in ALLOWED for word in _WORD.findall(text))]


def _without_tags(source: str) -> Iterator[str]:
    """Yield the HTML of a template; values and tags of Django are a space, what is marked or a part of a tag is left out."""
    left_out = ""  # the tag that ends what is left out
    for token in Lexer(source).tokenize():
        words = token.contents
        if left_out:
            left_out = "" if token.token_type == TokenType.BLOCK and words.startswith(left_out) else left_out
        elif token.token_type == TokenType.TEXT:
            yield words
        elif token.token_type == TokenType.BLOCK and words.startswith(("blocktranslate", "comment")):
            left_out = "end" + words.split()[0]
        elif token.token_type == TokenType.BLOCK and _INSIDE_A_TAG.match(words):
            left_out = "endblock"
        else:
            yield " "


class _Texts(HTMLParser):
    """The texts of elements and of attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.skipped: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _NOT_READ:
            self.skipped.append(tag)
        if not self.skipped:
            self.texts += [value for name, value in attrs if name in _READ_OUT and value]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element that closes itself has no content."""

    def handle_endtag(self, tag: str) -> None:
        if self.skipped and self.skipped[-1] == tag:
            self.skipped.pop()

    def handle_data(self, data: str) -> None:
        if not self.skipped:
            self.texts.append(" ".join(data.split()))
