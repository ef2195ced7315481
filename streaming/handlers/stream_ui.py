"""The try-out page of a stream as an object, as FastRTC's programs use it: `stream.ui.launch()`."""

import logging
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from streaming.handlers.program_host import NO_PROGRAM

if TYPE_CHECKING:
    from streaming.handlers.stream import Stream

logger = logging.getLogger(__name__)


class StreamUI:
    """The try-out page of one stream. It exists as soon as its stream does."""

    def __init__(self, stream: "Stream") -> None:
        self.stream = stream

    @property
    def url(self) -> str:
        """The URL path of the page. Raises RuntimeError for a stream without a name, which has no page."""
        if not self.stream.name:
            raise RuntimeError("this stream has no name yet, so it has no page: put it into the streams.py of an app, or name it")
        return reverse("stream", args=[self.stream.name])

    def __str__(self) -> str:
        return self.url

    def launch(self, *args: Any, **options: Any) -> None:
        """Serve the page at `/` until the server ends, or with `prevent_thread_lock=True` while the program continues.

        `parley run` decides host and port; Gradio's other options have no effect.

        Raises RuntimeError in a process that `parley run` did not start.
        """
        host = type(self.stream).program
        if host is None:
            raise RuntimeError(f"launch(): {NO_PROGRAM} (this one at /streams/NAME/)")
        if options.get("share"):
            logger.warning("launch(share=True): no tunnel is opened, since no outside host is contacted")
        host.launch(self.stream, wait=not options.get("prevent_thread_lock"))

    def close(self, *args: Any, **options: Any) -> None:
        """Do nothing: the server ends with the program."""
