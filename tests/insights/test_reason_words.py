"""Reasons and errors in the language of the page."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from insights import reason_words

ROOT = Path(__file__).resolve().parents[2]
RAISED = {
    "insights/http_client.py": {"UrlRefused", "FetchFailed"},
    "insights/public_addresses.py": {"UrlRefused"},
    "insights/jobs/export.py": {"Failed"},
    "insights/jobs/import_text.py": {"Failed"},
    "insights/managed/entities.py": {"Invalid", "Taken", "TooMany"},
    "insights/managed/groups.py": {"Invalid", "Taken", "TooMany"},
    "insights/managed/checks.py": {"Invalid"},
    "insights/managed/trackers.py": {"Invalid", "Taken", "TooMany"},
    "insights/managed/vocabulary.py": {"Invalid"},
    "insights/queries/rsql.py": {"RsqlError"},
    "insights/webhooks/endpoints.py": {"TooManyWebhooks"},
    "streaming/audio/decode_file.py": {"Refused"},
    "streaming/imports/decoded_file.py": {"FileRefused"},
    "streaming/imports/import_audio.py": {"Failed", "warn"},
    "streaming/speaker_models.py": {"SpeakersOff"},
}
"""The names that are called with a sentence which a page shows, by file."""
NOT_ON_PAGES = {
    "OR (`,` or `or`) is not allowed; use `;`, or =in=(...) for several values of one field",
    "must have at most 7 comparisons; give `filter` several times for more",
}
"""What only calls of the API can get: a filter of the list of conversations."""


def raised() -> Iterator[tuple[str, str]]:
    """Yield the sentences with 7 in place of each value, without the fields that they name first, and where they are."""
    for name, wanted in RAISED.items():
        for node in ast.walk(ast.parse((ROOT / name).read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
            text = example(node.args[0]) if called in wanted else ""
            field, colon, rest = text.partition(": ")
            text = rest if colon and " " not in field else text
            if any(char.isalpha() for char in text) and " " in text and text not in NOT_ON_PAGES:
                yield text, name


def example(node: ast.expr) -> str:
    """Return a text, or an f-string with 7 in place of its values; an empty text for anything else."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(str(part.value) if isinstance(part, ast.Constant) else "7" for part in parts)
        case _:
            return ""


SENTENCES = sorted(set(raised()))


def test_the_sentences_are_found() -> None:
    """The test sees those that are there."""
    assert len(SENTENCES) > 55


@pytest.mark.parametrize(("text", "file"), SENTENCES)
def test_each_reason_has_a_translation(text: str, file: str) -> None:
    """Those of jobs, webhooks and what an account manages; the values stay."""
    if text == "the file is longer than 7":  # the value has the unit
        text += " hours"
    with translation.override("de"):
        shown = reason_words.translated(text)
    assert shown != text, file
    assert shown.count("7") == text.count("7")
    assert reason_words.translated(text) == text, "in English it stays as it is"


def test_a_reason_inside_of_a_reason() -> None:
    """Both are translated."""
    with translation.override("de"):
        shown = reason_words.as_sentence("the URL redirects to one that is refused: the URL has no host")
    assert shown == "Die URL leitet zu einer weiter, die abgelehnt wird: die URL hat keinen Rechnernamen."


def test_other_texts_stay() -> None:
    """Such as those of an app's own recogniser."""
    with translation.override("de"):
        assert reason_words.as_sentence("something else happened") == "Something else happened."
        assert reason_words.as_sentence("") == ""
