"""Errors: in an envelope for a refused start, at the top level for all others."""

from streaming.protocols.symbl import error_envelope, error_top

TEXT = "config.confidenceThreshold must be a number from 0 to 1, not 1.5"
FIELD = "config.confidenceThreshold"


def test_the_envelope_has_the_text_in_both_places() -> None:
    """Text and field are beside the type, and again in `payload`, where a published sample reads them."""
    body = {"message": TEXT, "details": TEXT, "field": FIELD}
    assert error_envelope(TEXT, FIELD) == {"type": "message", "message": {"type": "error", **body, "payload": body}}


def test_the_top_level_form_has_message_and_details() -> None:
    """One SDK shows `details`, another `message`; both have the text."""
    assert error_top(TEXT, field=FIELD) == {"type": "error", "message": TEXT, "details": TEXT, "field": FIELD}
