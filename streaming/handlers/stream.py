"""A stream: a handler with its modality, its mode and its limits, mounted under a name."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from django.conf import settings
from django.urls import reverse
from pydantic import BaseModel

from streaming.cluster import session_client
from streaming.cluster.output_subscription import OutputSubscription
from streaming.cluster.rpc import TIMEOUT_S
from streaming.handlers.handler_types import HandlerLike, Modality, Mode, check_handler
from streaming.handlers.ice_servers import RtcConfiguration, check_configuration, resolved
from streaming.types.outputs import AdditionalOutputs
from streaming.types.remote_session import Reachable

if TYPE_CHECKING:
    from streaming.handlers.fastrtc_compat import UIArgs, WebRTCData

FETCH_S = 10.0
"""How long `fetch_latest_output` waits for an output, and `output_stream` for its session."""

_PATH = re.compile(r"[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*")


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
        allow_extra_tracks: whether a client may offer tracks that the stream has no use for.
        public: whether anybody may use it without signing in.
        inputs: a pydantic model of what the input hook takes; its fields in their order become the handler's inputs.
        rtc_configuration: what `/rtc/config?stream=` tells browsers: an RTCConfiguration, or a function, perhaps a coroutine function,
            that returns one for each visitor, within 15 s. By default the one of the settings.
        server_rtc_configuration: the ICE servers that this server itself uses for the stream; by default RTC_OWN_ICE_SERVERS.
        rtp_params, track_constraints: for the senders and the devices of the stream's page.
        ui_args: how that page is called, see UIArgs.
        additional_outputs_handler, additional_inputs, additional_outputs, verbose: accepted as FastRTC has them, for code that comes from
            there; they are about Gradio's components and have no effect (docs/reference/fastrtc.md).

    Raises TypeError or ValueError when handler, modality and mode do not fit together, and for what is no RTCConfiguration.
    """

    take_offer: ClassVar[Callable[["Stream", int | None, dict[str, Any]], Awaitable[dict[str, Any]]] | None] = None
    """Answers an offer; set by the transport that can, which the engine does not know."""
    routed: ClassVar[bool] = False
    """Whether the routes are made, so that a path mounted now would come too late."""

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
        rtc_configuration: RtcConfiguration = None,
        server_rtc_configuration: Mapping[str, Any] | None = None,
        track_constraints: dict[str, Any] | None = None,
        additional_inputs: list[Any] | None = None,
        additional_outputs: list[Any] | None = None,
        ui_args: "UIArgs | None" = None,
        verbose: bool = True,
        name: str | None = None,
        public: bool = False,
        inputs: type[BaseModel] | None = None,
    ) -> None:
        check_handler(handler, modality, mode)
        check_configuration(server_rtc_configuration, "server_rtc_configuration")
        if not callable(rtc_configuration):
            check_configuration(rtc_configuration, "rtc_configuration")
        self.handler = handler
        self.modality: Modality = modality
        self.mode: Mode = mode
        self.name = name or ""
        self.concurrency_limit = concurrency_limit
        self.time_limit = time_limit
        self.allow_extra_tracks = allow_extra_tracks
        self.public = public
        self.inputs = inputs
        self.rtc_configuration = rtc_configuration
        self.server_rtc_configuration = server_rtc_configuration
        self.rtp_params = dict(rtp_params or {})
        self.track_constraints = dict(track_constraints or {})
        self.ui_args: UIArgs = {**ui_args} if ui_args else {}
        self.paths: list[str] = []
        """Where the stream is mounted besides its name: paths without slashes around them."""
        self.participants: dict[str, Reachable] = {}
        """The open sessions of this process, by webrtc_id."""
        self._arrivals: set[Callable[[], object]] = set()

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

    @property
    def ui(self) -> str:
        """The address of the page on which the stream can be tried. Raises RuntimeError for one without a name, which has none."""
        if not self.name:
            raise RuntimeError("this stream has no name yet, so it has no page: put it into the streams.py of an app, or name it")
        return reverse("stream", args=[self.name])

    def mount(self, app: None = None, path: str = "", tags: Any = None) -> None:
        """Serve the stream at a path of your own besides /streams/{name}/: {path}/webrtc/offer, {path}/websocket/offer and so on.

        Called where the stream is made, in the `streams.py` of an app: routes are made once, as the server starts.

        Args:
            app: None. FastRTC has an application here; in Django there is only the one.
            path: letters, digits, ".", "_", "~", "-" and slashes. Without one there is nothing to do but to set DEFAULT_STREAM.
            tags: accepted as FastRTC has it, and not used.

        Raises TypeError for an application, ValueError for no path or a wrong one, RuntimeError when it comes too late.
        """
        if app is not None:
            raise TypeError(f"mount() takes no {type(app).__name__}: Django serves the stream; give a path alone, mount(path='/voice')")
        plain = path.strip("/")
        if not plain:
            raise ValueError("mount() needs a path; what is served at the root is the setting DEFAULT_STREAM")
        if not _PATH.fullmatch(plain):
            raise ValueError(f"mount(): a path has letters, digits, '.', '_', '~', '-' and slashes, unlike {path!r}")
        if Stream.routed:
            raise RuntimeError("mount() comes too late: call it where the stream is made, in the streams.py of an app")
        self.paths.append(plain)

    async def offer(self, body: Any, user_id: int | None = None) -> dict[str, Any]:
        """Answer the body of a request to {path}/webrtc/offer, for views of your own, which have found out who asks.

        Args:
            body: a dictionary, or a pydantic model, with `type`, `webrtc_id`, and `sdp` or `candidate`.
            user_id: whose session it is to be; None for a stranger's.

        Raises ValueError, which names each field, for a body that is missing some.
        """
        if Stream.take_offer is None:
            import_module(settings.ROOT_URLCONF)  # which loads the transports
        assert Stream.take_offer is not None  # noqa: S101  # they have set it
        return await Stream.take_offer(self, user_id, body.model_dump() if isinstance(body, BaseModel) else dict(body))

    async def get_rtc_configuration(self) -> dict[str, Any] | None:
        """Return the stream's own RTCConfiguration for a browser, None where it has none. Raises what its function raises."""
        return await resolved(self.rtc_configuration, "rtc_configuration")

    def set_input(self, webrtc_id: str, *args: Any) -> None:
        """Give the handler of one session its inputs; they are used from its next call on.

        From any thread and any process; for a session in another process the values must be such as JSON knows. In coroutines it does not
        wait for that: `aset_input` does.

        Raises LookupError when there is no such session, TypeError for values that cannot travel.
        """
        here = self.participants.get(webrtc_id)
        if here is not None:
            here.set_input(*args)
        else:
            session_client.send(self.name, webrtc_id, {"ask": "values", "values": _fit_to_travel(args)})

    async def aset_input(self, webrtc_id: str, *args: Any) -> None:
        """Give the handler of one session its inputs, and return when it has them.

        Raises LookupError when there is no such session, TypeError for values that cannot travel to another process.
        """
        here = self.participants.get(webrtc_id)
        if here is not None:
            here.set_input(*args)
        elif await self._ask(webrtc_id, {"ask": "values", "values": _fit_to_travel(args)}) is None:
            raise session_client.no_session(self.name)

    async def update_connection(self, webrtc_data: "str | WebRTCData", desired_state: Literal["closed"] = "closed") -> None:
        """End a session from the server's side, in whatever process it lives; one that is over stays so.

        The client is told `update_connection` first. Raises ValueError for any other state than "closed".
        """
        if desired_state != "closed":
            raise ValueError(f"desired_state must be 'closed', not {desired_state!r}")
        webrtc_id = webrtc_data if isinstance(webrtc_data, str) else webrtc_data.webrtc_id
        await self._ask(webrtc_id, {"ask": "close", "told": True})

    def clean_up(self, webrtc_id: str) -> None:
        """End a session of this process, if there is one. Sessions clean up after themselves; this is for code that wants to be sure."""
        here = self.participants.get(webrtc_id)
        if here is not None:
            here.loop.call_soon_threadsafe(lambda: here.dismiss(told=False))

    async def output_stream(self, webrtc_id: str) -> AsyncIterator[AdditionalOutputs]:
        """Yield every output of one session, from its first one on, until it ends; each caller gets all of them.

        Those of a session in another process come as far as JSON knows their values. Waits a little for a session that is not open yet.
        Raises LookupError when none comes.
        """
        here = await self._found(webrtc_id)
        if here is not None:
            async for _, outputs in here.outputs.subscribe(0):
                yield outputs
            return
        reader = self._reader(webrtc_id)
        while not reader.ended:
            for _, values in await reader.more():
                yield AdditionalOutputs(*values)

    async def fetch_latest_output(self, webrtc_id: str) -> AdditionalOutputs:
        """Return the newest output of a session, in whatever process, that was not fetched yet.

        Raises LookupError when there is no such session, TimeoutError when no output comes in 10 s, or the session ends before.
        """
        here = await self._found(webrtc_id)
        if here is None:
            answer = await self._ask(webrtc_id, {"ask": "latest", "wait": FETCH_S}, FETCH_S + TIMEOUT_S)
            if answer is None or answer["values"] is None:
                raise TimeoutError("no output came from this session")
            return AdditionalOutputs(*answer["values"])
        log = here.outputs
        async with asyncio.timeout(FETCH_S):
            async for number, outputs in log.subscribe(here.fetched):
                latest = log.latest if log.last > number else outputs
                here.fetched = log.last
                return latest or outputs
        raise TimeoutError("the session ended without another output")

    def fastphone(self, *args: Any, **options: Any) -> None:
        """Raise NotImplementedError, always: FastRTC's number and its tunnel are services of its makers.

        A number of your own at an exchange such as Twilio does the same: docs/reference/fastrtc.md, "Telephones".
        """
        raise NotImplementedError(
            "fastphone() needs an outside service; connect a number of your own: docs/reference/fastrtc.md, 'Telephones'"
        )

    def arrived(self) -> None:
        """Wake whoever waits for a session to open."""
        for wake in list(self._arrivals):
            wake()

    async def _ask(self, webrtc_id: str, question: dict[str, Any], timeout_s: float | None = None) -> dict[str, Any] | None:
        ask = session_client.asking(self.name, webrtc_id, self.participants.get(webrtc_id))
        return await ask(question, TIMEOUT_S if timeout_s is None else timeout_s)

    def _reader(self, webrtc_id: str) -> OutputSubscription:
        async def ask(question: dict[str, Any], timeout_s: float) -> dict[str, Any] | None:
            return await self._ask(webrtc_id, question, timeout_s)

        return OutputSubscription(ask, form="values")

    async def _found(self, webrtc_id: str) -> Reachable | None:
        """Return the session where it lives in this event loop, None where it lives elsewhere; waits a little for one that is to come.

        Raises LookupError when none comes.
        """
        loop, arrival = asyncio.get_running_loop(), asyncio.Event()
        wake = partial(loop.call_soon_threadsafe, arrival.set)
        self._arrivals.add(wake)
        finding = asyncio.create_task(self._reader(webrtc_id).find(FETCH_S))
        try:
            while True:
                here = self.participants.get(webrtc_id)
                if here is not None and here.loop is loop:
                    return here
                if finding.done():
                    break
                arrival.clear()
                arriving = asyncio.create_task(arrival.wait())
                await asyncio.wait({finding, arriving}, return_when=asyncio.FIRST_COMPLETED)
                arriving.cancel()
        finally:
            finding.cancel()
            self._arrivals.discard(wake)
        if not finding.result():
            raise session_client.no_session(self.name)
        return None


def _fit_to_travel(values: tuple[Any, ...]) -> list[Any]:
    """Return values for a session in another process. Raises TypeError for those that JSON does not know."""
    try:
        json.dumps(values)
    except (TypeError, ValueError):
        raise TypeError("this session lives in another process, to which only values travel that JSON knows") from None
    return list(values)
