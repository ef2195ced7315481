"""The rate limit for messages without audio, without I/O."""

MAX_MESSAGES = 200
WINDOW_S = 10.0
CHARACTERS = 8192
"""A longer text counts as several messages, one for each so many characters: reading a large start_request takes up to 50 ms."""
MOST_COUNTED = 262_144
"""Characters of a text that count at most; a longer one is refused unread."""
TOO_MANY_MESSAGES = f"more than {MAX_MESSAGES} messages without audio in {WINDOW_S:g} s"


class MessageRateLimit:
    """Counts the messages of one client in fixed windows of `WINDOW_S`, each starting with a message; uses constant memory.

    A client that sends short messages is refused only if it sent more than `MAX_MESSAGES` within `WINDOW_S`, so a steady sender
    below that rate never is.
    """

    def __init__(self) -> None:
        self._began = float("-inf")
        self._count = 0

    def allows(self, now: float, characters: int = 0) -> bool:
        """Count a message of so many characters at `now`, in seconds of any monotonic clock. Return False if it exceeds the limit."""
        if now - self._began >= WINDOW_S:
            self._began, self._count = now, 0
        self._count += 1 + min(characters, MOST_COUNTED) // CHARACTERS
        return self._count <= MAX_MESSAGES
