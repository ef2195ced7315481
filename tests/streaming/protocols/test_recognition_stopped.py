"""`recognition_stopped`: all results have been sent."""

from streaming.protocols.symbl import recognition_stopped


def test_its_shape() -> None:
    """It is an envelope with nothing else in it."""
    assert recognition_stopped() == {"type": "message", "message": {"type": "recognition_stopped"}}
