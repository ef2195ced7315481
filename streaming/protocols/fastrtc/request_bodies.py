"""Bodies of POST requests, and their validation errors in the form of FastAPI, which FastRTC's clients expect."""

import json
from collections.abc import Sequence
from typing import Any, NotRequired, TypedDict

from insights.snapshots import Payload
from streaming.protocols.fastrtc.client_messages import WireError
from streaming.protocols.fastrtc.parsing import LONGEST_ID, resume_value, user_data_value


class Detail(TypedDict):
    """What is wrong with a field, as FastAPI says it. `loc` is the path to the field, `input` the value, `ctx` more about the error."""

    type: str
    loc: list[str | int]
    msg: str
    input: NotRequired[Any]
    ctx: NotRequired[Any]


class BodyError(ValueError):
    """A body that is rejected with status 422; `details` names each invalid field."""

    def __init__(self, details: Sequence[Detail]) -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in details))
        self.details = list(details)

    @property
    def sentence(self) -> str:
        """The same without HTTP's `body`, for clients of a WebSocket, such as "user_data.name: Field required"."""
        return "; ".join(f"{'.'.join(map(str, detail['loc'][1:]))}: {detail['msg']}" for detail in self.details)

    @property
    def answer(self) -> dict[str, list[Detail]]:
        """The JSON of the response."""
        return {"detail": self.details}


def missing_detail(field: str, body: Any) -> Detail:
    """Return the error detail for a missing field."""
    return {"type": "missing", "loc": ["body", field], "msg": "Field required", "input": body}


def invalid_detail(field: str, kind: str, text: str, value: Any) -> Detail:
    """Return the error detail for an invalid field; `kind` is an error code for programs, `text` a sentence for people."""
    return {"type": kind, "loc": ["body", field], "msg": text, "input": value}


def body_object(body: bytes) -> Payload:
    """Return the JSON object of a body. Raises BodyError for anything else."""
    try:
        found = json.loads(body, parse_constant=_reject_constant)
    except (ValueError, RecursionError) as error:
        place = error.pos if isinstance(error, json.JSONDecodeError) else 0
        cause = {"error": "not JSON"}
        raise BodyError([{"type": "json_invalid", "loc": ["body", place], "msg": "JSON decode error", "input": {}, "ctx": cause}]) from None
    if not isinstance(found, dict):
        raise BodyError([{"type": "model_attributes_type", "loc": ["body"], "msg": "Input should be a valid dictionary", "input": found}])
    return found


def webrtc_id(body: Payload) -> str:
    """Return the session id in a body. Raises BodyError if it is missing or not valid."""
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


def resume(body: Payload) -> bool | str:
    """Return whether an offer asks for a resume value (our extension), or the value that it presents. Raises BodyError."""
    try:
        return resume_value(body.get("resume"))
    except WireError as error:  # the input is left out: a value gives access to a session
        raise BodyError([invalid_detail("resume", "value_error", str(error).removeprefix("resume: "), None)]) from None


def user_data(body: Payload) -> Any:
    """Return the `user_data` of an offer (our extension), None if there is none. Raises BodyError if it is too large."""
    try:
        return user_data_value(body.get("user_data"))
    except WireError as error:
        raise BodyError([invalid_detail("user_data", "value_error", str(error).removeprefix("user_data: "), None)]) from None


def _reject_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")
