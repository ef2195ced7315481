"""`warning`: ours, for what is understood but will not have the whole effect."""

from streaming.protocols.symbl import warning


def test_the_shape() -> None:
    """An envelope that no SDK takes for anything else, with a sentence and the field it is about."""
    assert warning("half of it works", "config.languageCode") == {
        "type": "message",
        "message": {"type": "warning", "message": "half of it works", "field": "config.languageCode"},
    }
