"""How many messages without audio a client may send. Knows the clock, and no socket."""

MAX_MESSAGES = 200
WINDOW_S = 10.0
TOO_MANY_MESSAGES = f"more than {MAX_MESSAGES} messages without audio in {WINDOW_S:g} s"


class MessageRateLimit:
    """Counts the messages of one client in windows that begin with a message; two numbers of memory, whatever comes.

    A client that exceeds the limit really sent more than `MAX_MESSAGES` within `WINDOW_S`: no steady sender below that is ever refused.
    """

    def __init__(self) -> None:
        self._began = float("-inf")
        self._count = 0

    def allows(self, now: float) -> bool:
        """Count a message at `now`, in seconds of any steady clock. False where it is one too many."""
        if now - self._began >= WINDOW_S:
            self._began, self._count = now, 0
        self._count += 1
        return self._count <= MAX_MESSAGES
