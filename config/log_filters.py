"""Log filters and the formatter: no tokens, no exception texts, and a bounded number of lines."""

import logging
import re
import time
from types import TracebackType

from insights.safe_log import error_location

_TOKEN = re.compile(r"\b((?:access_)?token=)[^&\s\"']+")
_CONNECTION = re.compile(r"connection (?:open|closed|rejected)|%s - \"WebSocket ")

LINES_PER_S = 5.0
"""Lines that one logger may write per second in the long run: at most about 65 MB a day."""
LINES_AT_ONCE = 1000
TRACEBACK_LINES = 10
"""Lines that a record with a traceback counts as."""


class HideTokens(logging.Filter):
    """Replaces every token in a query string with `***`."""

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


class DropConnectionLines(logging.Filter):
    """Drops uvicorn's lines about single WebSockets: Daphne has none, and Parley logs sessions and refusals itself."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record is about the server rather than one of its connections."""
        return record.levelno > logging.INFO or _CONNECTION.match(str(record.msg)) is None


class LogRateLimit(logging.Filter):
    """Limits the lines of each logger, so that no flood of requests fills a disk. A line that follows left-out ones says how many."""

    def __init__(self, lines_per_s: float = LINES_PER_S, at_once: int = LINES_AT_ONCE) -> None:
        super().__init__()
        self._rate, self._at_once = lines_per_s, at_once
        self._buckets: dict[str, tuple[float, float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the record may be written. A handler calls this under its lock."""
        now = time.monotonic()
        left, since, dropped = self._buckets.get(record.name, (float(self._at_once), now, 0))
        left = min(self._at_once, left + (now - since) * self._rate)
        cost = TRACEBACK_LINES if record.exc_info else 1
        if left < cost:
            self._buckets[record.name] = (left, now, dropped + 1)
            return False
        self._buckets[record.name] = (left - cost, now, 0)
        if dropped:
            record.msg, record.args = f"{record.getMessage()} ({dropped} earlier lines of this logger were left out)", None
        return True


class SafeFormatter(logging.Formatter):
    """Formats an exception as its type and frames, without its text and values, which may hold spoken words (design law 9)."""

    def formatException(self, ei: tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]) -> str:  # noqa: N802
        """Return type, file, line and function."""
        return "" if ei[1] is None else f"    {error_location(ei[1])}"
