"""`started_listening`: the start() of two SDKs waits for it."""

from streaming.protocols.symbl import started_listening


def test_its_shape() -> None:
    """It is an envelope with nothing else in it."""
    assert started_listening() == {"type": "message", "message": {"type": "started_listening"}}
