"""When the socket of a muted client is left unread for a moment. Knows the clock and how much was heard, and no socket.

To be woken for each of its messages is what such a client costs, and to wait for a message means to be woken for it. So the clock tells
how much sound is there unread, as long as the client sends it as fast as it is spoken: behind a nap all of it is read but the last
message. While that one waits, uvicorn reads no other, and whoever sends wakes nobody. Once a second the socket is read until it is
empty, which sets the count right.
"""

BATCH_S = 0.08
"""With a message that was left, sound waits for up to 100 ms: little longer than the pause detection has to hear it in any case."""
LONGEST_MESSAGE_S = 0.025
"""Messages with more sound are few, and one that is left would be late: there are no naps between them."""
RIGHT_S = 1.0
"""For so long the count is believed."""
WAITED_S = 0.002
"""A message that took so long to come was not there yet, and so there was no other one."""


class ReadBatching:
    """The naps of one socket; times in seconds, `now` of any clock that goes on."""

    def __init__(self) -> None:
        self._heard_s = 0.0
        self._came: float | None = None  # when the last message did, if it was waited for
        self._empty: tuple[float, float] | None = None  # when that was, and what had been heard then
        self._right: tuple[float, float] | None = None  # the same, once the next one was waited for, too: then there was no other

    def took(self, asked: float, now: float) -> None:
        """Note when a message was asked for, and that it came now."""
        waited = now - asked > WAITED_S
        self._came = now if waited else None
        if waited:
            self._right = self._empty

    def is_due(self, now: float, heard_s: float) -> bool:
        """Whether no more than one message can be there. To be asked behind each; `heard_s` is how much sound all of them brought."""
        message_s, self._heard_s = heard_s - self._heard_s, heard_s
        self._empty = (self._came, heard_s) if self._came is not None else None
        if self._right is None:
            return False
        passed = now - self._right[0]
        unread_s = passed - (heard_s - self._right[1])
        return passed < RIGHT_S and message_s <= LONGEST_MESSAGE_S and unread_s < 2 * message_s
