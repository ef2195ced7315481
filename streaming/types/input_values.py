"""From the body of an input hook to the values that a handler gets, by what its stream declares."""

import json
from typing import Any

from pydantic import BaseModel, ValidationError

from streaming.protocols.fastrtc import BodyError

ID = "webrtc_id"


def input_values(declared: type[BaseModel] | None, body: dict[str, Any]) -> list[Any]:
    """Return the values of a body in the order of the declared fields; of the body itself where nothing is declared.

    The id of the session is none of them, though a model may declare it, as FastRTC's examples do.
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
