"""Log filters: hide access and set-up tokens in query strings, and drop Django's long tracebacks for rejected requests."""

import logging
import re

_TOKEN = re.compile(r"\b((?:access_)?token=)[^&\s\"']+")


class HideTokens(logging.Filter):
    """Replaces every token in a query string with `***`; uvicorn logs the whole path of each connection."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Replace the tokens; always return True, so that the record is kept."""
        text = record.getMessage()
        if "token=" in text:
            record.msg, record.args = _TOKEN.sub(r"\1***", text), None
        return True


class OneLine(logging.Filter):
    """Logs a rejected request in one line: the traceback would only show how Django rejects, and clients could fill the log with it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Remove the traceback of a rejected request; always return True. Our own errors keep their traceback."""
        refused = record.name.startswith("django.security") or (record.name == "django.request" and record.levelno < logging.ERROR)
        if refused and record.exc_info:
            record.exc_info = record.exc_text = None
        return True
