"""The WebSockets of Symbl's Telephony API, which is not implemented: they accept, say so, and close."""

from streaming.aio.send_queue import NORMAL
from streaming.protocols.symbl import encode, error_envelope, error_top
from streaming.transports.consumer import Consumer

NOT_HERE = (
    "the Telephony API is not implemented: this server has no telephone connections;"
    " use /v1/streaming/{connectionId} to speak and /v1/subscribe/{connectionId} to listen"
)


class NoTelephonyConsumer(Consumer):
    """`/events/{id}` and `/session/subscribe/{id}`: both forms of the error, as clients read one or the other, then a clean close.

    Credentials are not checked: nothing is read or sent but the error. A clean close keeps clients from connecting again.
    """

    async def connected(self) -> None:
        """Send the errors and close."""
        self.send_queue.put(encode(error_envelope(NOT_HERE)))
        self.send_queue.put(encode(error_top(NOT_HERE)))
        self.send_queue.finish(NORMAL, NOT_HERE)
