"""`modify_request`: a client changes its audio format during a session."""

import json
from typing import Any

import pytest

from streaming.protocols.symbl import Modify, WireError, parse


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"speechRecognition": {"sampleRateHertz": 44100}}, Modify(None, 44100)),
        ({"speechRecognition": {"encoding": "flac", "sampleRateHertz": 48000}}, Modify("FLAC", 48000)),
        ({"config": {"speechRecognition": {"encoding": "Opus"}}}, Modify("OPUS", None)),
        ({"config": {"sampleRateHertz": 8000}}, Modify(None, 8000)),
    ],
)
def test_the_change_is_outside_or_inside_the_config(fields: dict[str, Any], expected: Modify) -> None:
    """A field that is not mentioned is unchanged."""
    assert parse(json.dumps({"type": "modify_request", **fields})) == expected


@pytest.mark.parametrize("fields", [{}, {"speechRecognition": None}, {"speechRecognition": {}}, {"config": {"meetingTitle": "New"}}])
def test_a_change_of_nothing_is_refused(fields: dict[str, Any]) -> None:
    """The error of a modify_request without encoding and rate names both."""
    with pytest.raises(WireError, match="encoding, sampleRateHertz") as refusal:
        parse(json.dumps({"type": "modify_request", **fields}))
    assert refusal.value.field == "speechRecognition"
