"""The rate limit for messages without audio, without I/O."""

MAX_MESSAGES = 200
WINDOW_S = 10.0
TOO_MANY_MESSAGES = f"more than {MAX_MESSAGES} messages without audio in {WINDOW_S:g} s"


class MessageRateLimit:
    """Counts the messages of one client in fixed windows of `WINDOW_S`, each starting with a message; uses constant memory.

    A client is refused only if it sent more than `MAX_MESSAGES` within `WINDOW_S`, so no steady sender below that rate is.
    """

    def __init__(self) -> None:
        self._began = float("-inf")
        self._count = 0

    def allows(self, now: float) -> bool:
        """Count a message at `now`, in seconds of any monotonic clock. Return False if it exceeds the limit."""
        if now - self._began >= WINDOW_S:
            self._began, self._count = now, 0
        self._count += 1
        return self._count <= MAX_MESSAGES
