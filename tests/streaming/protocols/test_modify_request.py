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
        ({"audioGap": 61.5}, Modify(audio_gap=61.5)),
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


@pytest.mark.parametrize("gap", [-0.1, 86400.5, "soon"])
def test_a_gap_out_of_range_is_refused(gap: object) -> None:
    """The error names the field and the range."""
    with pytest.raises(WireError, match="from 0 to 86400") as refusal:
        parse(json.dumps({"type": "modify_request", "audioGap": gap}))
    assert refusal.value.field == "audioGap"
