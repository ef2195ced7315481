"""`session_modified`: the answer to a modify_request."""

from streaming.protocols.symbl import session_modified


def test_it_has_the_new_format() -> None:
    """The shape is ours (no example was ever published): an envelope with encoding and rate."""
    assert session_modified("LINEAR16", 44100) == {
        "type": "message",
        "message": {"type": "session_modified", "data": {"speechRecognition": {"encoding": "LINEAR16", "sampleRateHertz": 44100}}},
    }
