"""`recognition_result`: live text, interim and final."""

from dataclasses import dataclass

import pytest

from insights.snapshots import MemberSnapshot
from streaming.protocols.symbl import recognition_result
from tests.streaming.protocols.samples import JANE, JANE_IN_MESSAGES, UNKNOWN_SPEAKER


@dataclass(frozen=True)
class Word:
    """A word as the recogniser gives it, in seconds."""

    text: str
    start: float
    end: float


def test_its_shape() -> None:
    """Words have their times as two decimal texts; the text is in `raw` and in `punctuated`."""
    result = recognition_result("Hello.", [Word("Hello.", 3.8, 4.25)], confidence=0.93, is_final=True, member=MemberSnapshot.parse(JANE))
    word = {"word": "Hello.", "startTime": {"seconds": "3", "nanos": "800000000"}, "endTime": {"seconds": "4", "nanos": "250000000"}}
    assert result == {
        "type": "message",
        "message": {
            "type": "recognition_result",
            "isFinal": True,
            "payload": {"raw": {"alternatives": [{"words": [word], "transcript": "Hello.", "confidence": 0.93}]}},
            "punctuated": {"transcript": "Hello."},
            "user": JANE_IN_MESSAGES,
        },
    }


def test_an_interim_without_a_speaker() -> None:
    """The user has three empty texts."""
    result = recognition_result("Hel", [], confidence=0.5, is_final=False)
    assert result["message"]["isFinal"] is False
    assert result["message"]["user"] == UNKNOWN_SPEAKER


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, {"seconds": "0", "nanos": "0"}),
        (0.0014, {"seconds": "0", "nanos": "1000000"}),
        (59.9999, {"seconds": "60", "nanos": "0"}),
        (-0.02, {"seconds": "0", "nanos": "0"}),
        (7199.007, {"seconds": "7199", "nanos": "7000000"}),
    ],
)
def test_times_are_exact_to_the_millisecond(seconds: float, expected: dict[str, str]) -> None:
    """Rounding carries into the seconds; a time before the first sample is zero."""
    result = recognition_result("a", [Word("a", seconds, seconds)], confidence=1.0, is_final=True)
    word = result["message"]["payload"]["raw"]["alternatives"][0]["words"][0]
    assert word["startTime"] == word["endTime"] == expected
