"""`docs/reference/websocket.md` has the words, limits and fields of the code."""

import re
from pathlib import Path

import pytest

from streaming.protocols.symbl import ENCODINGS, WireError, insight_types, parse, parsing, start_request
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
        ("customVocabulary", (start_request.VOCABULARY_PHRASES, start_request.PHRASE_LENGTH)),
        ("config.meetingTitle", (start_request.TITLE_LENGTH,)),
        ("config.timezoneOffset", (-start_request.FARTHEST_OFFSET, start_request.FARTHEST_OFFSET)),
        ("config.speechRecognition.sampleRateHertz", (start_request.LOWEST_RATE, start_request.HIGHEST_RATE)),
        ("speaker.userId", (start_request.NAME_LENGTH,)),
        ("speaker.name", (start_request.NAME_LENGTH,)),
        ("trackers", (start_request.TRACKERS, start_request.NAME_LENGTH, start_request.TRACKER_PHRASES, start_request.PHRASE_LENGTH)),
        ("noConnectionTimeout", (start_request.LONGEST_TIMEOUT,)),
        ("disconnectOnStopRequestTimeout", (start_request.LONGEST_TIMEOUT,)),
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
