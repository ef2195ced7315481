"""The field `resume` of offers and starts, an addition to FastRTC."""

import json
from typing import Any

import pytest

from streaming.protocols.fastrtc import BodyError, Start, WireError, parse, resume, started

WRONG = "true, false, or the value of an earlier answer (1 to 64 characters) is needed"


@pytest.mark.parametrize(
    ("fields", "wish"),
    [({}, False), ({"resume": None}, False), ({"resume": False}, False), ({"resume": True}, True), ({"resume": "x" * 64}, "x" * 64)],
)
def test_values_of_resume(fields: dict[str, Any], wish: bool | str) -> None:
    """The field is absent, requests a value, or resumes the session that has this value."""
    assert resume(fields) == wish
    assert parse(json.dumps({"event": "start", "websocket_id": "a", **fields})) == Start("a", resume=wish)


@pytest.mark.parametrize("value", [0, 1, 2.5, "", "x" * 65, [], ["x"], {}])
def test_other_values_are_refused(value: Any) -> None:
    """The error names the field and what is allowed, and does not repeat the value."""
    with pytest.raises(BodyError) as refused:
        resume({"resume": value})
    assert refused.value.details == [{"type": "value_error", "loc": ["body", "resume"], "msg": WRONG, "input": None}]
    with pytest.raises(WireError, match=r"resume: true, false") as wrong:
        parse(json.dumps({"event": "start", "websocket_id": "a", "resume": value}))
    assert wrong.value.field == "resume"


def test_started_has_a_value_only_where_there_is_one() -> None:
    """The message to all other clients is unchanged."""
    assert started("pcm16", 8000, 16_000) == {
        "type": "log",
        "data": "started",
        "format": "pcm16",
        "input_sample_rate": 8000,
        "output_sample_rate": 16_000,
    }
    assert started("mulaw", 8000, 8000, "value")["resume"] == "value"
