"""Stream: a handler with its modality, mode and limits, mounted under a name."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from django.conf import settings
from pydantic import BaseModel

from insights.snapshots import Payload
from streaming.cluster import session_client
from streaming.cluster.output_subscription import InvalidOutput, OutputSubscription
from streaming.cluster.rpc import TIMEOUT_S
from streaming.cluster.session_requests import LatestAnswer, SessionRequest
from streaming.handlers.fastrtc_stream import FastrtcStream
from streaming.handlers.gradio_page import blocks_of
from streaming.handlers.handler_types import HandlerLike, Modality, Mode, check_handler, default_modality
from streaming.handlers.ice_servers import RtcConfiguration, RtcConfigurationSource, check_configuration, resolved
from streaming.handlers.local_outputs import latest_of, outputs_of
from streaming.handlers.program_host import NO_PROGRAM, ProgramHost
from streaming.handlers.reply_on_pause import ReplyOnPause
from streaming.handlers.stream_components import StreamComponents
from streaming.handlers.stream_ui import StreamUI
from streaming.protocols.fastrtc import NotJsonError, plain
from streaming.protocols.json_message import JsonMessage
from streaming.types.open_sessions import OpenSessions
from streaming.types.outputs import AdditionalOutputs
from streaming.types.remote_session import Reachable

if TYPE_CHECKING:
    from streaming.handlers.fastrtc_compat import UIArgs, WebRTCData

FETCH_S = 10.0
"""Seconds that `fetch_latest_output` waits for an output, and `output_stream` for its session."""

_PATH = re.compile(r"[A-Za-z0-9._~-]+(/[A-Za-z0-9._~-]+)*")


class Stream(FastrtcStream, StreamComponents):
    """A real-time audio or video stream, served over WebRTC, WebSocket and telephone.

    Args:
        handler: a handler object, of which each session gets a copy; for video also a function (image, *inputs) -> image;
            for mode "receive" also a generator function (*inputs).
        modality: the media: "audio", "video" or "audio-video"; by default "audio" for a handler that has no video, else "video".
        mode: from the client's point of view: "send", "receive" or "send-receive".
        name: the stream is mounted at /streams/{name}/; by default the name of the variable that holds it,
            for a variable called `stream` the label of its app.
        concurrency_limit: maximum number of sessions in one process; "default" is the setting STREAM_CONCURRENCY_LIMIT,
            with None only the limit of the process applies.
        time_limit: maximum length of a session in seconds, on every transport.
        allow_extra_tracks: whether a client may offer tracks that the stream does not use.
        public: whether clients may use the stream and its page without signing in.
        inputs: a pydantic model of the body of the input hook; the values reach the handler in the order of the body.
        user_data: a pydantic model of the `user_data` that clients send with the offer or the start; without valid data no session begins.
            The handler finds the instance in `get_current_context().user_data`. By default any JSON value is taken.
        rtc_configuration: what `/rtc/config?stream=` returns to browsers: an RTCConfiguration, or a function or coroutine function
            that returns one for each client, within 15 s. By default the one of the settings.
        server_rtc_configuration: the ICE servers that this server itself uses for the stream; by default RTC_OWN_ICE_SERVERS.
        rtp_params, track_constraints: parameters of the senders and the devices of the stream's page.
        ui_args: the appearance of that page, see UIArgs.
        additional_inputs, additional_outputs: components of Gradio, or objects of their kind: the inputs and outputs of that page.
        additional_outputs_handler: a function (*values, *outputs) -> new values: from the current values of the output components and
            the values of an AdditionalOutputs. It is called for pages only.
        verbose: accepted for compatibility with FastRTC, without effect.

    Raises TypeError or ValueError if handler, modality and mode do not fit together, if a configuration is no RTCConfiguration, or for
    additional_outputs without an additional_outputs_handler.
    """

    take_offer: ClassVar[Callable[["Stream", int | None, Payload], Awaitable[JsonMessage]] | None] = None
    """Answers a WebRTC offer; set by the WebRTC transport, which this package must not import."""
    routed: ClassVar[bool] = False
    """Whether the routes have been created, so that `mount` comes too late."""
    program: ClassVar[ProgramHost | None] = None
    """Runs the program that makes streams; set by `parley run` only."""

    def __init__(
        self,
        handler: HandlerLike,
        *,
        additional_outputs_handler: Callable[..., Any] | None = None,
        mode: Mode = "send-receive",
        modality: Modality | None = None,
        concurrency_limit: int | None | Literal["default"] = "default",
        time_limit: float | None = None,
        allow_extra_tracks: bool = False,
        rtp_params: Mapping[str, Any] | None = None,
        rtc_configuration: RtcConfigurationSource = None,
        server_rtc_configuration: Mapping[str, Any] | None = None,
        track_constraints: Mapping[str, Any] | None = None,
        additional_inputs: list[Any] | None = None,
        additional_outputs: list[Any] | None = None,
        ui_args: "UIArgs | None" = None,
        verbose: bool = True,
        name: str | None = None,
        public: bool = False,
        inputs: type[BaseModel] | None = None,
        user_data: type[BaseModel] | None = None,
    ) -> None:
        modality = modality or default_modality(handler)
        check_handler(handler, modality, mode)
        check_configuration(server_rtc_configuration, "server_rtc_configuration")
        if not callable(rtc_configuration):
            check_configuration(rtc_configuration, "rtc_configuration")
        self.handler = handler
        self.modality = modality
        self.mode: Mode = mode
        self.name = name or ""
        self._concurrency_limit = concurrency_limit
        self.time_limit = time_limit
        self.allow_extra_tracks = allow_extra_tracks
        self.public = public
        self.inputs = inputs
        self.user_data = user_data
        self.rtc_configuration = rtc_configuration
        self.server_rtc_configuration = server_rtc_configuration
        self.rtp_params = dict(rtp_params or {})
        self.track_constraints = dict(track_constraints or {})
        self.ui_args: UIArgs = {**ui_args} if ui_args else {}
        self.additional_input_components = additional_inputs
        self.additional_output_components = additional_outputs
        self.additional_outputs_handler = additional_outputs_handler
        self.verbose = verbose
        if additional_outputs and additional_outputs_handler is None:
            raise ValueError("additional_outputs need an additional_outputs_handler, which returns their new values")
        if isinstance(handler, ReplyOnPause) and self.ui_args.get("variant") == "textbox":
            handler.needs_args = handler.parley_takes_data = True
        self.paths: list[str] = []
        """Additional mount paths, without leading and trailing slashes."""
        self.sessions = OpenSessions()
        """The open sessions of this process, by webrtc_id."""
        self._arrivals: set[Callable[[], object]] = set()
        self._ui: Any = StreamUI(self)
        self._component: Any = None
        if Stream.program is not None:
            Stream.program.created(self)

    @property
    def limit(self) -> int | None:
        """Maximum number of sessions in one process; None: only the limit of the process applies."""
        if self._concurrency_limit == "default":
            return int(settings.STREAM_CONCURRENCY_LIMIT)
        return self._concurrency_limit

    @property
    def concurrency_limit(self) -> int | None:
        """The limit as a number, which a program may change; None: only the limit of the process applies."""
        return self.limit

    @concurrency_limit.setter
    def concurrency_limit(self, limit: int | None | Literal["default"]) -> None:
        self._concurrency_limit = limit

    @property
    def event_handler(self) -> HandlerLike:
        """The handler of the stream, of which each session gets a copy."""
        return self.handler

    @property
    def has_audio(self) -> bool:
        """Whether the stream has audio."""
        return self.modality != "video"

    @property
    def has_video(self) -> bool:
        """Whether the stream has video."""
        return self.modality != "audio"

    @property
    def ui(self) -> Any:
        """The page on which the stream can be tried: Gradio's Blocks where the program has imported Gradio, else a StreamUI.

        A program may put its own Blocks in its place.
        """
        if isinstance(self._ui, StreamUI) and (made := blocks_of(self)) is not None:
            self._ui, self._component = made
        return self._ui

    @ui.setter
    def ui(self, page: Any) -> None:
        self._ui = page

    @property
    def webrtc_component(self) -> Any:
        """The WebRTC component in the Blocks of `ui`; without Gradio this stream, which has its methods."""
        if self._component is None and isinstance(self.ui, StreamUI):
            return self
        return self._component

    def mount(self, app: Any = None, path: str = "", tags: Any = None) -> None:
        """Serve the stream at a path besides /streams/{name}/: {path}/webrtc/offer, {path}/websocket/offer and so on.

        In the `streams.py` of an app call it where the stream is created: routes are created once, at the start of the server.

        Args:
            app: a FastAPI or Starlette application, in a program that `parley run` runs: its own routes come first, the others of
                Parley behind them. None in the `streams.py` of an app, since Django has one application only.
            path: letters, digits, ".", "_", "~", "-" and slashes. Without an application, the root is the setting DEFAULT_STREAM.
            tags: of the routes in the OpenAPI description of a FastAPI application.

        Raises TypeError for an application that cannot be served, ValueError for a missing or invalid path, RuntimeError after the
        routes were created.
        """
        plain = path.strip("/")
        if plain and not _PATH.fullmatch(plain):
            raise ValueError(f"mount(): a path has letters, digits, '.', '_', '~', '-' and slashes, unlike {path!r}")
        if app is not None:
            if Stream.program is None:
                raise TypeError(f"mount() takes no {type(app).__name__}: {NO_PROGRAM}; give a path alone, mount(path='/voice')")
            Stream.program.mounted(self, app, plain, tags)
            return
        if not plain:
            raise ValueError("mount() needs a path; what is served at the root is the setting DEFAULT_STREAM")
        if Stream.routed:
            raise RuntimeError("mount() comes too late: call it where the stream is made, in the streams.py of an app")
        self.paths.append(plain)

    async def offer(self, body: Any, user_id: int | None = None) -> JsonMessage:
        """Answer the body of a request to {path}/webrtc/offer, for custom views, which must have authenticated the client.

        Args:
            body: a dictionary, or a pydantic model, with `type`, `webrtc_id`, and `sdp` or `candidate`.
            user_id: the owner of the session; None for an anonymous client.

        Raises ValueError, which names each missing field.
        """
        self._find_name()
        if Stream.take_offer is None:
            import_module(settings.ROOT_URLCONF)  # loads the transports
        assert Stream.take_offer is not None  # noqa: S101  # set by the WebRTC transport
        return await Stream.take_offer(self, user_id, body.model_dump() if isinstance(body, BaseModel) else dict(body))

    async def get_rtc_configuration(self) -> RtcConfiguration | None:
        """Return the stream's own RTCConfiguration for a browser, or None if it has none. Raises what its function raises."""
        return await resolved(self.rtc_configuration, "rtc_configuration")

    def set_input(self, webrtc_id: str, *args: Any) -> None:
        """Set the inputs of one session's handler, used from its next call on.

        May be called in any thread and any process; for a session in another process the values must be JSON types. In an event loop it
        does not wait until they are set; `aset_input` does. Ids are per user: of several sessions with this id, one of this process is
        meant, else the newest.

        Raises LookupError if there is no such session, TypeError for values that are not JSON types.
        """
        here = self.sessions.get(webrtc_id)
        if here is not None:
            here.set_input(*args)
        else:
            self._find_name()
            session_client.send(self.name, webrtc_id, {"ask": "values", "values": _json_values(args)})

    async def aset_input(self, webrtc_id: str, *args: Any) -> None:
        """Set the inputs of one session's handler, and wait until they are set.

        Raises LookupError if there is no such session, TypeError for values that are not JSON types if it is in another process.
        """
        here = self.sessions.get(webrtc_id)
        if here is not None:
            here.set_input(*args)
        elif await self._request(webrtc_id, {"ask": "values", "values": _json_values(args)}) is None:
            raise session_client.no_session(self.name)

    async def update_connection(self, webrtc_data: "str | WebRTCData", desired_state: Literal["closed"] = "closed") -> None:
        """End a session, in whatever process it is; do nothing if it has ended.

        The client gets the message `update_connection` first. Raises ValueError for any other state than "closed".
        """
        if desired_state != "closed":
            raise ValueError(f"desired_state must be 'closed', not {desired_state!r}")
        webrtc_id = webrtc_data if isinstance(webrtc_data, str) else webrtc_data.webrtc_id
        await self._request(webrtc_id, {"ask": "close", "notify": True})

    def clean_up(self, webrtc_id: str) -> None:
        """End a session of this process, if there is one. Sessions clean up after themselves, so this is rarely needed."""
        here = self.sessions.get(webrtc_id)
        if here is not None:
            here.loop.call_soon_threadsafe(lambda: here.dismiss(notify=False))

    async def output_stream(self, webrtc_id: str) -> AsyncIterator[AdditionalOutputs]:
        """Yield every output of one session, from the first one on, until it ends; each caller gets all of them.

        Outputs of this process have copies of the handler's own objects, and the objects themselves where they cannot be copied. Those of a
        session in another process are converted to JSON types. Waits up to `FETCH_S` for a session that is not open yet.
        Raises LookupError if none opens, TypeError for an output of another process that is not JSON.
        """
        here = await self._find(webrtc_id)
        if here is not None:
            async for outputs in outputs_of(here):
                yield outputs
            return
        reader = self._reader(webrtc_id)
        while not reader.ended:
            for _, values in await reader.more():
                if isinstance(values, InvalidOutput):
                    raise TypeError(values.text)
                yield AdditionalOutputs(*values)

    async def fetch_latest_output(self, webrtc_id: str) -> AdditionalOutputs:
        """Return the newest output of a session, in any process, that was not fetched yet.

        Raises LookupError if there is no such session, TimeoutError if no output comes within 10 s or before the session ends, TypeError
        for an output of another process that is not JSON.
        """
        here = await self._find(webrtc_id)
        if here is None:
            found = await self._request(webrtc_id, {"ask": "latest", "wait": FETCH_S}, FETCH_S + TIMEOUT_S)
            answer = cast(LatestAnswer | None, found)
            if answer is not None and answer.get("invalid"):
                raise TypeError(answer["invalid"])
            if answer is None or answer["values"] is None:
                raise TimeoutError("no output came from this session")
            return AdditionalOutputs(*answer["values"])
        return await latest_of(here, FETCH_S)

    def fastphone(self, *args: Any, **options: Any) -> None:
        """Serve in a program that `parley run` runs, and say where to connect a telephone number of your own.

        Raises NotImplementedError elsewhere: FastRTC's number and tunnel are services of its makers. Your own number at a provider such
        as Twilio does the same: docs/reference/fastrtc.md, "Telephones".
        """
        if Stream.program is not None:
            Stream.program.phone(self)
            return
        raise NotImplementedError(
            "fastphone() needs an outside service; connect a number of your own: docs/reference/fastrtc.md, 'Telephones'"
        )

    def arrived(self) -> None:
        """Notify the callers that wait for a session to open."""
        for wake in list(self._arrivals):
            wake()

    def _find_name(self) -> None:
        """Load the streams of all apps, which names them. A shell, a task and a program's own tests start no server, which does it else."""
        if not self.name:
            import_module(settings.ROOT_URLCONF)
        if not self.name and Stream.program is not None:
            Stream.program.name_streams()

    async def _request(self, webrtc_id: str, request: SessionRequest, timeout_s: float | None = None) -> Payload | None:
        self._find_name()
        ask = session_client.asking(self.name, webrtc_id, self.sessions.get(webrtc_id))
        return await ask(request, TIMEOUT_S if timeout_s is None else timeout_s)

    def _reader(self, webrtc_id: str) -> OutputSubscription:
        async def ask(request: SessionRequest, timeout_s: float) -> Payload | None:
            return await self._request(webrtc_id, request, timeout_s)

        return OutputSubscription(ask, form="values")

    async def _find(self, webrtc_id: str) -> Reachable | None:
        """Return the session if it is in this process, None if it is elsewhere; wait up to `FETCH_S` for one to open.

        Raises LookupError if none opens.
        """
        loop, arrival = asyncio.get_running_loop(), asyncio.Event()
        wake = partial(loop.call_soon_threadsafe, arrival.set)
        self._arrivals.add(wake)
        finding = asyncio.create_task(self._reader(webrtc_id).find(FETCH_S))
        finding.add_done_callback(lambda _: arrival.set())
        try:
            while (here := self.sessions.get(webrtc_id)) is None and not finding.done():
                arrival.clear()
                await arrival.wait()
        finally:
            finding.cancel()
            self._arrivals.discard(wake)
        if here is None and not finding.result():
            raise session_client.no_session(self.name)
        return here


def _json_values(values: tuple[Any, ...]) -> list[Any]:
    """Return values for a session in another process, in JSON types. Raises TypeError, which names the type, for other values."""
    return [_json_value(value) for value in values]


def _json_value(value: Any) -> Any:
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        try:
            return plain(value)
        except (NotJsonError, ValueError) as error:
            kind = str(error) if isinstance(error, NotJsonError) else f"a {type(value).__qualname__} cannot be sent as JSON"
            raise TypeError(f"this session is in another process, to which only JSON can be sent: {kind}") from None
    return value
