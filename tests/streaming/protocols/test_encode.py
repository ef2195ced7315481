"""`encode`: the text of one frame."""

import pytest

from streaming.protocols.symbl import encode


def test_json_is_compact_and_keeps_its_letters() -> None:
    """No blanks between the parts, no escapes for letters beyond ASCII."""
    assert encode({"a": [1, "für"], "b": None}) == '{"a":[1,"für"],"b":null}'


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_is_no_json_is_never_sent(number: float) -> None:
    """NaN and Infinity would make clients fail, so they fail here."""
    with pytest.raises(ValueError, match="JSON"):
        encode({"score": number})
