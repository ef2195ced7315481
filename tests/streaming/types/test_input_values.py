"""From the body of an input hook to a handler's values."""

from typing import Any

import pytest
from pydantic import AliasChoices, AliasPath, BaseModel, Field

from streaming.protocols.fastrtc import BodyError
from streaming.types.input_values import input_values


class Threshold(BaseModel):
    """The model of FastRTC's manual, with its id."""

    webrtc_id: str
    conf_threshold: float = Field(ge=0, le=1)


class Voice(BaseModel, extra="forbid"):
    """A model with several values, some of them optional."""

    api_key: str
    voice_name: str = "jane"
    speeds: list[int] = []


class Named(BaseModel):
    """A model whose fields have other names in the body."""

    first: int = Field(1, alias="one")
    second: int = Field(2, validation_alias=AliasChoices("two", AliasPath("deep", "er")))
    third: int = 3


def test_no_value_is_lost() -> None:
    """The first one neither; a missing value has its default, at its place in the model; the id is no value."""
    assert input_values(Threshold, {"webrtc_id": "a", "conf_threshold": 0.7}) == [0.7]
    assert input_values(Voice, {"webrtc_id": "a", "api_key": "k", "speeds": ["3"]}) == ["k", "jane", [3]]


@pytest.mark.parametrize(
    ("model", "body", "values"),
    [
        (Voice, {"voice_name": "joe", "api_key": "k", "webrtc_id": "a"}, ["joe", "k", []]),
        (Voice, {"speeds": ["3"], "api_key": "k"}, [[3], "k", "jane"]),
        (Named, {"two": 20, "one": 10}, [20, 10, 3]),
        (Named, {"third": 30, "deep": {"er": 21}}, [30, 21, 1]),
    ],
)
def test_values_have_the_order_of_the_body(model: type[BaseModel], body: dict[str, Any], values: list[Any]) -> None:
    """The order of the model counts only where it is that of the body; defaults come last where it is not."""
    assert input_values(model, body) == values


def test_an_undeclared_body_keeps_its_order() -> None:
    """A stream without a declared model accepts the values of the body."""
    assert input_values(None, {"webrtc_id": "a", "x": 1, "y": [2]}) == [1, [2]]


@pytest.mark.parametrize(
    ("model", "body", "loc", "kind"),
    [
        (Threshold, {"webrtc_id": "a", "conf_threshold": 1.5}, ["body", "conf_threshold"], "less_than_equal"),
        (Threshold, {"webrtc_id": "a"}, ["body", "conf_threshold"], "missing"),
        (Voice, {"webrtc_id": "a", "api_key": "k", "speeds": ["x"]}, ["body", "speeds", 0], "int_parsing"),
        (Voice, {"webrtc_id": "a", "api_key": "k", "more": 1}, ["body", "more"], "extra_forbidden"),
    ],
)
def test_a_wrong_value_is_named(model: type[BaseModel], body: dict[str, Any], loc: list[Any], kind: str) -> None:
    """The error has the form that FastAPI sends to FastRTC's clients."""
    with pytest.raises(BodyError) as refused:
        input_values(model, body)
    [detail] = refused.value.details
    assert (detail["loc"], detail["type"]) == (loc, kind)
    assert "url" not in detail
