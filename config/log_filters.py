"""What a log line may not hold: access and set-up tokens that came in a query, and forty lines of Django for what somebody sent wrong."""

import logging
import re

_TOKEN = re.compile(r"\b((?:access_)?token=)[^&\s\"']+")


class HideTokens(logging.Filter):
    """Puts `***` in place of every token in a query; uvicorn logs the whole path of each connection."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record, and keep it."""
        text = record.getMessage()
        if "token=" in text:
            record.msg, record.args = _TOKEN.sub(r"\1***", text), None
        return True


class OneLine(logging.Filter):
    """Leaves what was refused in one line: the traceback below it would show how Django refuses, and anybody could fill a log with it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record, and keep it; failures of our own keep their traceback."""
        refused = record.name.startswith("django.security") or (record.name == "django.request" and record.levelno < logging.ERROR)
        if refused and record.exc_info:
            record.exc_info = record.exc_text = None
        return True
