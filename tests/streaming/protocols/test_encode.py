"""`encode`: the text of one frame."""

import pytest

from streaming.protocols.symbl import encode


def test_json_is_compact_and_keeps_its_letters() -> None:
    """The JSON has no blanks between the parts, and no escapes for letters beyond ASCII."""
    assert encode({"a": [1, "für"], "b": None}) == '{"a":[1,"für"],"b":null}'


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_invalid_json_is_never_sent(number: float) -> None:
    """NaN and Infinity, which would make clients fail, raise an error."""
    with pytest.raises(ValueError, match="JSON"):
        encode({"score": number})
