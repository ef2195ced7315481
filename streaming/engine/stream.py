"""A stream: a handler with its modality, its mode and its limits, mounted under a name."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any, Literal

from django.conf import settings
from pydantic import BaseModel

from streaming.engine.kinds import HandlerLike, Modality, Mode, check_handler
from streaming.engine.outputs import AdditionalOutputs

if TYPE_CHECKING:
    from streaming.engine.participant import Participant

FETCH_S = 10.0
"""How long `fetch_latest_output` waits for an output, and `output_stream` for its session."""


class Stream:
    """Any Python function in real time.

    Args:
        handler: a handler object, of which each session gets a copy; for video also a function (image, *inputs) -> image;
            for mode "receive" also a generator function (*inputs).
        modality: what flows: "audio", "video" or "audio-video".
        mode: seen from the client: "send", "receive" or "send-receive".
        name: the stream is mounted at /streams/{name}/; by default the name of the variable that holds it.
        concurrency_limit: most sessions at once in one process; "default" is the setting STREAM_CONCURRENCY_LIMIT,
            None leaves only the limit of the process.
        time_limit: a session ends after so many seconds, on every transport.
        public: whether anybody may use it without signing in.
        inputs: a pydantic model of what the input hook takes; its fields in their order become the handler's inputs.
        additional_outputs_handler and those after it: accepted as FastRTC has them, for code that comes from there. They
            describe its own screens and its own ICE servers, and have no effect here (docs/streams.md).

    Raises TypeError or ValueError when handler, modality and mode do not fit together.
    """

    def __init__(
        self,
        handler: HandlerLike,
        *,
        additional_outputs_handler: Callable[..., Any] | None = None,
        mode: Mode = "send-receive",
        modality: Modality = "video",
        concurrency_limit: int | None | Literal["default"] = "default",
        time_limit: float | None = None,
        allow_extra_tracks: bool = False,
        rtp_params: dict[str, Any] | None = None,
        rtc_configuration: Any = None,
        server_rtc_configuration: dict[str, Any] | None = None,
        track_constraints: dict[str, Any] | None = None,
        additional_inputs: list[Any] | None = None,
        additional_outputs: list[Any] | None = None,
        ui_args: dict[str, Any] | None = None,
        verbose: bool = True,
        name: str | None = None,
        public: bool = False,
        inputs: type[BaseModel] | None = None,
    ) -> None:
        check_handler(handler, modality, mode)
        self.handler = handler
        self.modality: Modality = modality
        self.mode: Mode = mode
        self.name = name or ""
        self.concurrency_limit = concurrency_limit
        self.time_limit = time_limit
        self.allow_extra_tracks = allow_extra_tracks
        self.public = public
        self.inputs = inputs
        self.participants: dict[str, Participant] = {}
        """The open sessions of this process, by webrtc_id."""
        self._arrivals: set[asyncio.Event] = set()

    @property
    def limit(self) -> int | None:
        """Most sessions at once in one process; None: as many as the process takes."""
        if self.concurrency_limit == "default":
            return int(settings.STREAM_CONCURRENCY_LIMIT)
        return self.concurrency_limit

    @property
    def has_audio(self) -> bool:
        """Whether sound flows."""
        return self.modality != "video"

    @property
    def has_video(self) -> bool:
        """Whether pictures flow."""
        return self.modality != "audio"

    def set_input(self, webrtc_id: str, *args: Any) -> None:
        """Give the handler of one session its inputs; they are used from its next call on.

        Raises LookupError when no such session is open in this process.
        """
        participant = self.participants.get(webrtc_id)
        if participant is None:
            raise LookupError(f"stream {self.name!r} has no session with this webrtc_id in this process")
        participant.set_input(*args)

    async def output_stream(self, webrtc_id: str) -> AsyncIterator[AdditionalOutputs]:
        """Yield every output of one session, from its first one on, until it ends; each caller gets all of them.

        Waits a little for a session that is not open yet. Raises LookupError when none comes.
        """
        participant = await self._participant(webrtc_id)
        async for _, outputs in participant.outputs.subscribe(0):
            yield outputs

    async def fetch_latest_output(self, webrtc_id: str) -> AdditionalOutputs:
        """Return the newest output of a session that was not fetched yet. Raises TimeoutError when none comes in 10 s."""
        participant = await self._participant(webrtc_id)
        log = participant.outputs
        async with asyncio.timeout(FETCH_S):
            async for number, outputs in log.subscribe(participant.fetched):
                latest = log.latest if log.last > number else outputs
                participant.fetched = log.last
                return latest or outputs
        raise TimeoutError("the session ended without another output")

    def arrived(self) -> None:
        """Wake whoever waits for a session to open."""
        for event in self._arrivals:
            event.set()

    async def _participant(self, webrtc_id: str) -> "Participant":
        arrival = asyncio.Event()
        self._arrivals.add(arrival)
        try:
            async with asyncio.timeout(FETCH_S):
                while webrtc_id not in self.participants:
                    arrival.clear()
                    await arrival.wait()
        except TimeoutError:
            raise LookupError(f"stream {self.name!r} has no session with this webrtc_id in this process") from None
        finally:
            self._arrivals.discard(arrival)
        return self.participants[webrtc_id]
