"""`warning`, our own message: a request was read and has only a part of its effect."""

from streaming.protocols.symbl import warning


def test_its_shape() -> None:
    """It is an envelope that no SDK handles, with a sentence and the field."""
    assert warning("half of it works", "config.languageCode") == {
        "type": "message",
        "message": {"type": "warning", "message": "half of it works", "field": "config.languageCode"},
    }
