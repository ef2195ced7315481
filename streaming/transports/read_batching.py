"""Decides when to pause the reading from the socket of a silent client, to read its messages in batches. No I/O.

The wake-up for each message is the main cost of such a client. So reading pauses for BATCH_S and then takes the queued messages at once,
except the last one: while one message is unread, uvicorn reads no more from the socket, so new data wakes nothing. How much audio is
unread is estimated from the clock, because a live client sends in real time. Once a second the socket is read until it is empty, which
corrects the estimate.
"""

BATCH_S = 0.08
"""Seconds of one pause. With the unread message, audio waits for up to 100 ms: little longer than the VAD needs in any case."""
LONGEST_MESSAGE_S = 0.025
"""Above this many seconds of audio per message there are no pauses: such messages are few, and an unread one would be late."""
RIGHT_S = 1.0
"""Seconds for which the estimate is used after the socket was empty."""
WAITED_S = 0.002
"""If the read of a message takes longer, the socket was empty before it came."""


class ReadBatching:
    """The estimate for one socket; times in seconds, `now` of any monotonic clock."""

    def __init__(self) -> None:
        self._heard_s = 0.0
        self._came: float | None = None  # time of the last message, if the read had to wait for it
        self._empty: tuple[float, float] | None = None  # time of the last message and audio received by then, if the read waited for it
        self._right: tuple[float, float] | None = None  # the same, confirmed: the next read waited too, so the socket was empty

    def took(self, asked: float, now: float) -> None:
        """Record a read that started at `asked` and returned a message at `now`."""
        waited = now - asked > WAITED_S
        self._came = now if waited else None
        if waited:
            self._right = self._empty

    def is_due(self, now: float, received_s: float) -> bool:
        """Return whether at most one message is unread, so that reading may pause.

        To be called after each message; `received_s` is the total seconds of audio of all messages.
        """
        message_s, self._heard_s = received_s - self._heard_s, received_s
        self._empty = (self._came, received_s) if self._came is not None else None
        if self._right is None:
            return False
        passed = now - self._right[0]
        unread_s = passed - (received_s - self._right[1])
        return passed < RIGHT_S and message_s <= LONGEST_MESSAGE_S and unread_s < 2 * message_s
