"""What clients send for the handler, checked by the models that the stream declares: the body of an input hook, and `user_data`."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import AliasChoices, AliasPath, BaseModel, ValidationError
from pydantic.fields import FieldInfo

from insights.snapshots import Payload
from streaming.protocols.fastrtc import BodyError, Detail

ID = "webrtc_id"


def input_values(declared: type[BaseModel] | None, body: Payload) -> list[Any]:
    """Return the values of a body in its order; a declared model validates them, and adds its defaults for what is missing.

    Defaults have the place of their field in the model, as long as the body has the model's order; otherwise they come last.
    The session's id is left out, even if the model declares it, as FastRTC's examples do.
    Raises BodyError, which names each wrong field in FastAPI's form.
    """
    if declared is None:
        return [value for name, value in body.items() if name != ID]
    known = body if ID in declared.model_fields else {name: value for name, value in body.items() if name != ID}
    try:
        model = declared.model_validate(known)
    except ValidationError as error:
        details: list[Detail] = json.loads(error.json(include_url=False))
        raise BodyError([{**detail, "loc": ["body", *detail["loc"]]} for detail in details]) from None
    return [getattr(model, name) for name in _order(declared.model_fields, known)]


def _order(fields: Mapping[str, FieldInfo], body: Iterable[str]) -> list[str]:
    """Return the names of a model's fields in the order of a body."""
    declared = [name for name in fields if name != ID]
    keys = {key: name for name in declared for key in (name, *_aliases(fields[name]))}
    given = list(dict.fromkeys(keys[key] for key in body if key in keys))
    if given == [name for name in declared if name in given]:
        return declared
    return [*given, *(name for name in declared if name not in given)]


def _aliases(field: FieldInfo) -> list[str]:
    """Return the keys of a body under which a field is accepted, besides its name."""
    found: list[str | AliasPath | AliasChoices | None] = [field.alias, field.validation_alias]
    choices = [choice for alias in found for choice in (alias.choices if isinstance(alias, AliasChoices) else [alias])]
    return [str(choice.path[0]) if isinstance(choice, AliasPath) else choice for choice in choices if choice is not None]


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
        raise BodyError([{**detail, "loc": ["body", "user_data", *detail["loc"]], "input": None} for detail in details]) from None
