"""What streams call of `parley run`, which runs the program that makes them (config/program/) and registers itself here."""

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from streaming.handlers.stream import Stream

NO_PROGRAM = "`parley run app.py` runs a program with an application of its own; here Django serves the streams"


class ProgramHost(Protocol):
    """What `parley run` does for the streams of the program that it runs."""

    def created(self, stream: "Stream") -> None:
        """Take note of a stream that the program made."""

    def name_streams(self) -> None:
        """Give each stream a name of its own, before a server does it."""

    def mounted(self, stream: "Stream", application: Any, path: str, tags: Any = None) -> None:
        """Add the stream's routes to the program's application, below a path without slashes at its ends; "" is the root.

        `tags` are those of the routes in the OpenAPI description of a FastAPI application.

        Raises TypeError for what is no FastAPI or Starlette application.
        """

    def launch(self, stream: "Stream", wait: bool = True) -> None:
        """Serve with the stream's page at `/` until the server ends; without `wait` return as soon as it listens."""

    def phone(self, stream: "Stream") -> None:
        """Serve, and say where a telephone number has to be connected."""
