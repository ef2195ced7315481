"""Bodies of POST requests, and what is wrong with them in the form that FastAPI gave to FastRTC's clients."""

import json
from collections.abc import Sequence
from typing import Any

from streaming.protocols.fastrtc.parsing import LONGEST_ID

Detail = dict[str, Any]


class BodyError(ValueError):
    """A body that is refused with status 422; `details` names each field that is wrong."""

    def __init__(self, details: Sequence[Detail]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in details))
        self.details = list(details)

    @property
    def answer(self) -> dict[str, list[Detail]]:
        """The JSON of the response."""
        return {"detail": self.details}


def missing_detail(field: str, body: Any) -> Detail:
    """Say that a field is missing."""
    return {"type": "missing", "loc": ["body", field], "msg": "Field required", "input": body}


def invalid_detail(field: str, kind: str, text: str, value: Any) -> Detail:
    """Say what is wrong with a field; `kind` is a word for programs, `text` a sentence for people."""
    return {"type": kind, "loc": ["body", field], "msg": text, "input": value}


def body_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object of a body. Raises BodyError for anything else."""
    try:
        found = json.loads(body, parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        place = error.pos if isinstance(error, json.JSONDecodeError) else 0
        detail = {"type": "json_invalid", "loc": ["body", place], "msg": "JSON decode error", "input": {}, "ctx": {"error": "not JSON"}}
        raise BodyError([detail]) from None
    if not isinstance(found, dict):
        detail = {"type": "model_attributes_type", "loc": ["body"], "msg": "Input should be a valid dictionary", "input": found}
        raise BodyError([detail])
    return found


def webrtc_id(body: dict[str, Any]) -> str:
    """Return the id of the session that a body is about. Raises BodyError where it is missing or cannot be one."""
    if "webrtc_id" not in body:
        raise BodyError([missing_detail("webrtc_id", body)])
    value = body["webrtc_id"]
    if not isinstance(value, str):
        raise BodyError([invalid_detail("webrtc_id", "string_type", "Input should be a valid string", value)])
    if not 1 <= len(value) <= LONGEST_ID or not value.isprintable():
        raise BodyError(
            [invalid_detail("webrtc_id", "value_error", f"1 to {LONGEST_ID} printable characters are needed", value[:LONGEST_ID])]
        )
    return value


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
