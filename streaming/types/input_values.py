"""Conversion of an input hook's body to the handler's inputs, by the model that the stream declares."""

import json
from typing import Any

from pydantic import BaseModel, ValidationError

from streaming.protocols.fastrtc import BodyError

ID = "webrtc_id"


def input_values(declared: type[BaseModel] | None, body: dict[str, Any]) -> list[Any]:
    """Return the values of a body in the order of the declared fields; in that of the body if no model is declared.

    The session's id is left out, even if the model declares it, as FastRTC's examples do.
    Raises BodyError, which names each wrong field in FastAPI's form.
    """
    if declared is None:
        return [value for name, value in body.items() if name != ID]
    known = body if ID in declared.model_fields else {name: value for name, value in body.items() if name != ID}
    try:
        model = declared.model_validate(known)
    except ValidationError as error:
        details = json.loads(error.json(include_url=False))
        raise BodyError([{**detail, "loc": ["body", *detail["loc"]]} for detail in details]) from None
    return [getattr(model, name) for name in declared.model_fields if name != ID]
