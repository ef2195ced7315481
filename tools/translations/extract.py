"""Find the texts that are marked for translation."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.extract import extract
from django.template.base import Lexer, TokenType

from insights.insight_kinds import BUILT_IN

ROOT = Path(__file__).resolve().parents[2]
_LITERAL = r'"[^"]*"|\'[^\']*\''
_TRANSLATE = re.compile(rf"^translate\s+({_LITERAL})(?:.*?\bcontext\s+({_LITERAL}))?")
_CONTEXT = re.compile(rf"\bcontext\s+({_LITERAL})")
_INSIDE = re.compile(rf"\b_\(({_LITERAL})\)")
_PYTHON = {"_": 1, "gettext": 1, "gettext_lazy": 1, "gettext_noop": 1, "ngettext": 2, "ngettext_lazy": 2}
_PYTHON_CONTEXT = {"pgettext": 1, "pgettext_lazy": 1, "npgettext": 2, "npgettext_lazy": 2}


@dataclass(frozen=True, slots=True, order=True)
class Text:
    """A marked text. `plural` is empty for a text without a number; `context` where one English text has several meanings."""

    text: str
    plural: str
    context: str
    file: str


def texts_of_pages() -> Iterator[Text]:
    """Yield the texts of templates and Python code, and the words of the built-in kinds of insights (the catalogue `django`)."""
    for file in _files(("templates", "insights", "streaming", "config"), "*.html", "*.txt"):
        yield from in_template(file.read_text(), _name(file))
    for file in _files(("insights", "streaming", "config"), "*.py"):
        yield from in_python(file.read_text(), _name(file))
    for kind in BUILT_IN:  # the registry is pure and marks nothing
        for word in (kind.label, kind.plural, kind.noun(1), kind.noun(2)):
            yield Text(word, "", "", "insights/insight_kinds.py")


def texts_of_scripts() -> Iterator[Text]:
    """Yield the texts of the pages' scripts (the catalogue `djangojs`)."""
    keywords = {"gettext": None, "ngettext": (1, 2)}
    for file in _files(("insights/static/parley/js",), "*.js"):
        with file.open("rb") as source:
            for _, found, _, _ in extract("javascript", source, keywords):
                one, plural = (found, "") if isinstance(found, str) else (str(found[0]), str(found[1]))
                yield Text(one, plural, "", _name(file))


def in_template(source: str, name: str) -> Iterator[Text]:
    """Yield the texts of one template."""
    block: list[str] | None = None  # the singular and the plural of a blocktranslate, while inside of one
    context = ""
    for token in Lexer(source).tokenize():
        words = token.contents
        if token.token_type == TokenType.BLOCK and re.match(r"blocktranslate\b", words):
            block, found = [""], _CONTEXT.search(words)
            context = found[1][1:-1] if found else ""
            yield from _inside(words, name)
        elif block is not None and token.token_type == TokenType.BLOCK:
            if words.strip() == "plural":
                block.append("")
            else:
                yield Text(block[0], block[1] if len(block) > 1 else "", context, name)
                block = None
        elif block is not None:
            block[-1] += f"%({words})s" if token.token_type == TokenType.VAR else words.replace("%", "%%")
        elif token.token_type == TokenType.BLOCK and (found := _TRANSLATE.match(words)):
            yield Text(found[1][1:-1].replace("%", "%%"), "", found[2][1:-1] if found[2] else "", name)
        elif token.token_type in (TokenType.BLOCK, TokenType.VAR):
            yield from _inside(words, name)


def _inside(words: str, name: str) -> Iterator[Text]:
    for found in _INSIDE.finditer(words):
        yield Text(found[1][1:-1].replace("%", "%%"), "", "", name)


def in_python(source: str, name: str) -> Iterator[Text]:
    """Yield the texts of one module: literals in calls of the functions of `django.utils.translation`."""
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
            continue
        function = node.func.id
        words = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        if (number := _PYTHON.get(function)) and len(words) >= number:
            yield Text(words[0], words[1] if number == 2 else "", "", name)
        elif (number := _PYTHON_CONTEXT.get(function)) and len(words) > number:
            yield Text(words[1], words[2] if number == 2 else "", words[0], name)


def _files(folders: Iterable[str], *patterns: str) -> Iterator[Path]:
    for folder in folders:
        yield from sorted(file for pattern in patterns for file in (ROOT / folder).rglob(pattern))


def _name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()
