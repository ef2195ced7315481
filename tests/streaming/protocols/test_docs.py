"""`docs/reference/websocket.md` has the words, limits and fields of the code."""

import re
from pathlib import Path

import pytest

from streaming.protocols.symbl import ENCODINGS, WireError, insight_types, parse, parsing, start
from tests.streaming.protocols.samples import start as start_text

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "websocket.md").read_text(encoding="utf-8")
FIELDS = PAGE.partition("### The fields of `start_request`")[2].partition("\n## ")[0]
ROWS = dict(re.findall(r"^\| (`.+?`.*?) \| (.+?) \|", FIELDS, flags=re.MULTILINE))


def allowed(field: str) -> str:
    """Return what the page allows in a field of start_request."""
    return next(text for names, text in ROWS.items() if f"`{field}`" in names)


@pytest.mark.parametrize(
    ("field", "numbers"),
    [
        ("customVocabulary", (start.VOCABULARY_PHRASES, start.PHRASE_LENGTH)),
        ("config.meetingTitle", (start.TITLE_LENGTH,)),
        ("config.timezoneOffset", (-start.FARTHEST_OFFSET, start.FARTHEST_OFFSET)),
        ("config.speechRecognition.sampleRateHertz", (start.LOWEST_RATE, start.HIGHEST_RATE)),
        ("speaker.userId", (start.NAME_LENGTH,)),
        ("speaker.name", (start.NAME_LENGTH,)),
        ("trackers", (start.TRACKERS, start.NAME_LENGTH, start.TRACKER_PHRASES, start.PHRASE_LENGTH)),
        ("noConnectionTimeout", (start.LONGEST_TIMEOUT,)),
        ("disconnectOnStopRequestTimeout", (start.LONGEST_TIMEOUT,)),
    ],
)
def test_the_limits_of_a_field_are_on_the_page(field: str, numbers: tuple[int, ...]) -> None:
    """A limit that is changed in the code is changed on the page."""
    said = re.findall(r"-?\d+", allowed(field))
    assert [str(number) for number in numbers if str(number) not in said] == []


def test_the_allowed_words_are_on_the_page() -> None:
    """The page lists the encodings and insight types of the code."""
    assert [word for word in ENCODINGS if word not in allowed("config.speechRecognition.encoding")] == []
    assert [word for word in insight_types() if word not in allowed("insightTypes")] == []


def test_the_limits_of_a_message_are_on_the_page() -> None:
    """The page has the limits of length, depth and connection id."""
    assert f"{parsing.MAX_TEXT} characters and {parsing.MAX_DEPTH} levels" in PAGE
    assert f"1 to {parsing.CONNECTION_ID_LENGTH} characters, any but control characters" in PAGE


@pytest.mark.parametrize("field", sorted(set(re.findall(r"`([a-zA-Z.]+)`", " ".join(ROWS)))))
def test_every_field_on_the_page_is_read(field: str) -> None:
    """A field of the table refuses a value of a wrong type, so the server reads it."""
    value: object = float("nan")
    for name in reversed(field.split(".")):
        value = {name: value}
    assert isinstance(value, dict)
    with pytest.raises(WireError) as refusal:
        parse(start_text(**value))
    assert refusal.value.field == field
