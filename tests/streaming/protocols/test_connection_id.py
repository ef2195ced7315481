"""Connection ids, which clients choose in any alphabet."""

import pytest

from streaming.protocols.symbl import WireError, connection_id


@pytest.mark.parametrize(
    "text", ["a", "dXNlckBleGFtcGxlLmNvbQ==", "a/b+c_d-e.f%20g", "3f1c0f6e-0000-4000-8000-000000000000", "Gespräch 1", "x" * 256]
)
def test_any_readable_text_is_an_id(text: str) -> None:
    """It is returned unchanged, base64 padding and slashes included."""
    assert connection_id(text) == text


@pytest.mark.parametrize("text", ["", "x" * 257, "x" * 500, "a\x00b", "a\nb", "a\x7fb", "a\x85b", "\ud83d"])
def test_an_invalid_id_is_refused(text: str) -> None:
    """The error names the field: empty text, long text, control characters and halves of characters are invalid."""
    with pytest.raises(WireError, match="connectionId") as refusal:
        connection_id(text)
    assert refusal.value.field == "connectionId"
