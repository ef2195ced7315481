"""Bodies of uploads on Daphne, passed to the application while they arrive.

Stock Daphne collects the whole body of a request before it calls the application. For the paths of uploads (`config/uploads.py`) the
application is started when the headers are complete, and the socket is not read while the application is behind.

The names of Twisted and Daphne without a public contract that are used here have a test in `tests/config/test_private_names.py`.
"""

from daphne import http_protocol

from config.upload_paths import is_upload
from streaming.types.asgi import AsgiMessage

DISCARD_BYTES = 16 * 1024 * 1024
"""Bytes of a body that are read and dropped after the response. A client that still sends reads the response only if it is not reset."""


class UploadRequest(http_protocol.WebRequest):
    """An HTTP request that is an upload if its method and path say so."""

    streams = False
    """Whether the body is passed on while it arrives."""
    args: dict[bytes, list[bytes]]
    _complete = False
    _finished_early = False
    _discarded = 0

    def gotLength(self, length: int | None) -> None:
        """Start the application of an upload; all headers are there."""
        channel = self.channel
        self.streams = is_upload(channel._command, channel._path)
        super().gotLength(0 if self.streams else length)
        if self.streams:
            self.method, self.uri, self.clientproto = channel._command, channel._path, channel._version
            self.path, self.args = self.uri.split(b"?", 1)[0], {}
            self.process()
            if self.application_queue is not None:
                self.application_queue.has_room = self._resume

    def handleContentChunk(self, data: bytes) -> None:
        """Pass a part of the body on; stop reading while too much is queued."""
        if not self.streams:
            super().handleContentChunk(data)
        elif self._finished_early or self.application_queue is None:
            self._discarded += len(data)
            if self._discarded > DISCARD_BYTES:
                self.channel.loseConnection()
        else:
            self.application_queue.put_nowait({"type": "http.request", "body": data, "more_body": True})
            if self.application_queue.blocked:
                self.channel.transport.pauseProducing()

    def requestReceived(self, command: bytes, path: bytes, version: bytes) -> None:
        """Take the end of the body."""
        if not self.streams:
            super().requestReceived(command, path, version)
            return
        self._complete = True
        if self._finished_early:
            super().finish()
        elif self.application_queue is not None:
            self.application_queue.put_nowait({"type": "http.request", "body": b"", "more_body": False})

    def finish(self) -> None:
        """End the request, once its body has been read."""
        if self.streams and not self._complete:
            self._finished_early = True
            self._resume()
        else:
            super().finish()

    @property
    def responded(self) -> bool:
        """Whether the whole response is written, while the rest of the body may still come."""
        return bool(self.finished) or self._finished_early

    def _resume(self) -> None:
        if not self._complete and self.channel is not None:
            self.channel.transport.resumeProducing()


def drop_first_end(item: AsgiMessage) -> bool:
    """Return whether this is the end of the empty body that Daphne passes on when it starts the application of an upload."""
    return item["type"] == "http.request" and not item["more_body"] and not item["body"]
