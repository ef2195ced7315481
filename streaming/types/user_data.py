"""Data that a client sends with its offer or start, checked by the model that the stream declares."""

import json
from typing import Any

from pydantic import BaseModel, ValidationError

from streaming.protocols.fastrtc import BodyError, Detail

FIELD = "user_data"


def checked_user_data(declared: type[BaseModel] | None, value: Any) -> Any:
    """Return what a handler finds in its context: an instance of the declared model; without a model the value itself.

    A missing value counts as an empty object, so that a model whose fields all have defaults needs no data.
    Raises BodyError, which names each wrong field in FastAPI's form.
    """
    if declared is None:
        return value
    try:
        return declared.model_validate({} if value is None else value)
    except ValidationError as error:
        details: list[Detail] = json.loads(error.json(include_url=False, include_input=False, include_context=False))
        raise BodyError([{**detail, "loc": ["body", FIELD, *detail["loc"]], "input": None} for detail in details]) from None
