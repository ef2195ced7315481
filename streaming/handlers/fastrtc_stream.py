"""The names of FastRTC's `Stream` that are not needed here, but that its documentation and its users' programs have."""

from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from streaming.handlers.fastrtc_compat import WebRTCData
from streaming.handlers.ice_servers import RtcConfiguration
from streaming.handlers.live_sessions import LiveSessions, connection_of, handler_of
from streaming.types.open_sessions import OpenSessions
from streaming.types.remote_session import Reachable

if TYPE_CHECKING:
    from streaming.handlers.stream import Stream

Socket = Literal["websocket", "telephone"]


class FastrtcStream:
    """Base of `Stream`: views of the live sessions, and methods for routes and pages of a program's own."""

    serve_socket: ClassVar[Callable[["Stream", Socket, Any], Awaitable[None]] | None] = None
    """Serves a WebSocket of Starlette; set by the transports, which this package must not import."""
    answer_call: ClassVar[Callable[["Stream", Any], Awaitable[Any]] | None] = None
    """Answers the webhook of a call, a request of Starlette, with one of its responses; set by the transports."""

    sessions: OpenSessions
    verbose: bool

    @property
    def handlers(self) -> Mapping[str, Any]:
        """The handlers of the open sessions of this process, by webrtc_id: each session's own copy, or its function.

        Of several users' sessions with one id the newest is meant.
        """
        return LiveSessions(self.sessions, handler_of)

    @property
    def connections(self) -> Mapping[str, list[Reachable]]:
        """The open sessions of this process, by webrtc_id, each in a list as FastRTC has them."""
        return LiveSessions(self.sessions, connection_of)

    def set_input_gradio(self, webrtc_data: str | WebRTCData, *args: Any) -> None:
        """Set the inputs of a session, as a page of Gradio does. Data with a text become the handler's first input, in place of the audio.

        Raises LookupError if there is no such session; one with a text must be in this process.
        """
        if isinstance(webrtc_data, str):
            self.set_input(webrtc_data, *args)
            return
        session = self.sessions.get(webrtc_data.webrtc_id)
        set_args = getattr(session.handler, "set_args", None) if session is not None else None
        if session is not None and set_args is not None:
            session.loop.call_soon_threadsafe(set_args, [webrtc_data, *args])
        else:
            self.set_input(webrtc_data.webrtc_id, *args)

    def set_input_on_submit(self, webrtc_data: str | WebRTCData, *args: Any) -> None:
        """Set the inputs, and let a ReplyOnPause reply at once. Raises LookupError if there is no such session in this process."""
        self.set_input_gradio(webrtc_data, *args)
        webrtc_id = webrtc_data if isinstance(webrtc_data, str) else webrtc_data.webrtc_id
        session = self.sessions.get(webrtc_id)
        trigger = getattr(session.handler, "trigger_response", None) if session is not None else None
        if session is not None and trigger is not None:
            session.loop.call_soon_threadsafe(trigger)

    async def websocket_offer(self, websocket: Any) -> None:
        """Serve a WebSocket (of Starlette or FastAPI) in a route of the program's own, with the protocol of {path}/websocket/offer."""
        await self._serve("websocket", websocket)

    async def telephone_handler(self, websocket: Any) -> None:
        """Serve the WebSocket of a call in a route of the program's own, with the protocol of {path}/telephone/handler."""
        await self._serve("telephone", websocket)

    async def handle_incoming_call(self, request: Any) -> Any:
        """Answer the webhook of a call (a request of Starlette) in a route of the program's own.

        Returns a response of Starlette. The call is connected to the same path with `handler` in place of `incoming`.
        """
        self._load_transports()
        assert FastrtcStream.answer_call is not None  # noqa: S101  # set by the transports
        return await FastrtcStream.answer_call(self, request)  # type: ignore[arg-type]  # the base of Stream only

    async def resolve_rtc_configuration(self) -> RtcConfiguration:
        """Return the stream's own RTCConfiguration for a browser; an empty one if it has none."""
        return await self.get_rtc_configuration() or {}

    async def _serve(self, kind: Socket, websocket: Any) -> None:
        self._load_transports()
        assert FastrtcStream.serve_socket is not None  # noqa: S101  # set by the transports
        await FastrtcStream.serve_socket(self, kind, websocket)  # type: ignore[arg-type]  # the base of Stream only

    @staticmethod
    def _load_transports() -> None:
        if FastrtcStream.serve_socket is None:
            import_module("streaming.transports.program_routes")

    # -- of the subclass

    def set_input(self, webrtc_id: str, *args: Any) -> None:
        """Set the inputs of one session's handler."""
        raise NotImplementedError

    async def get_rtc_configuration(self) -> RtcConfiguration | None:
        """Return the stream's own RTCConfiguration for a browser."""
        raise NotImplementedError
