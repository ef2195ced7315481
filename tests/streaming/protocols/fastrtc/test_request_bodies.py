"""Bodies of POST requests, and FastAPI's form of their errors."""

import json
from typing import Any

import pytest

from streaming.protocols.fastrtc import BodyError, body_object, webrtc_id


def test_an_object_is_accepted() -> None:
    """A JSON object is returned unchanged."""
    assert body_object(b'{"webrtc_id": "a", "x": 0.5}') == {"webrtc_id": "a", "x": 0.5}


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "json_invalid"),
        (b"{", "json_invalid"),
        (b'{"x": NaN}', "json_invalid"),
        (b"\xff", "json_invalid"),
        (b"[" * 100_000, "json_invalid"),
        (b"[]", "model_attributes_type"),
        (b"5", "model_attributes_type"),
    ],
)
def test_anything_else_is_refused(body: bytes, kind: str) -> None:
    """The error of a body that is no JSON object has FastAPI's form."""
    with pytest.raises(BodyError) as refused:
        body_object(body)
    [detail] = refused.value.answer["detail"]
    assert detail["type"] == kind
    assert detail["loc"][0] == "body"
    json.dumps(refused.value.answer)


@pytest.mark.parametrize(("body", "kind"), [({}, "missing"), ({"webrtc_id": 5}, "string_type"), ({"webrtc_id": ""}, "value_error")])
def test_an_id_is_required(body: dict[str, Any], kind: str) -> None:
    """The error names a missing or invalid id."""
    with pytest.raises(BodyError) as refused:
        webrtc_id(body)
    [detail] = refused.value.details
    assert (detail["type"], detail["loc"]) == (kind, ["body", "webrtc_id"])
    assert "webrtc_id" in str(refused.value)
