"""What a log line may not hold: access tokens that came in a query."""

import logging
import re

_TOKEN = re.compile(r"(access_token=)[^&\s\"']+")


class HideTokens(logging.Filter):
    """Puts `***` in place of every token in a query; uvicorn logs the whole path of each connection."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record, and keep it."""
        text = record.getMessage()
        if "access_token=" in text:
            record.msg, record.args = _TOKEN.sub(r"\1***", text), None
        return True
