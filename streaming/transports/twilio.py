"""Streams over the telephone: Twilio Media Streams, and the TwiML that connects a call to one.

`.../telephone/incoming` answers the webhook of a call; `.../telephone/handler` is the WebSocket that Twilio then opens. Audio is mu-law
at 8 kHz. Twilio returns a mark when the audio before it was played, and `clear` drops the audio that it has not played yet. If
TWILIO_AUTH_TOKEN is set, both addresses accept only requests with Twilio's signature.
"""

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from streaming.audio import mulaw
from streaming.audio.rates import Converter
from streaming.handlers.stream import Stream
from streaming.protocols import fastrtc as wire
from streaming.protocols.fastrtc import BodyError, Dtmf, Mark, Media, Ping, Start, Stop, WireError, user_data_value
from streaming.protocols.json_message import JsonMessage
from streaming.sessions.handler_runner import StreamSession
from streaming.sessions.media_runner import MediaRunner
from streaming.transports.auth import RequestCredentials, grant_of
from streaming.transports.http_auth import Requester, on_stream, refusal
from streaming.transports.stream_socket import LEAD_S, StreamConsumer
from streaming.types.client_connection import AudioFrame, TransportKind
from streaming.types.input_values import checked_user_data

ANONYMOUS_START_S = 5.0
"""Seconds to start on a socket whose handshake need not be signed: the caller is unknown before the start, and Twilio starts at once."""
TOKEN = "access_token"  # noqa: S105  # the name of a parameter
MOST_MARKS = 1000
"""Marks that may be outstanding; above this no further one is sent."""
MOST_KEYS = 32
"""Keypresses that may wait for a slow handler; further ones are dropped."""


class TelephoneConsumer(StreamConsumer):
    """One call. Only audio, marks and clear are sent, because Twilio rejects all other messages."""

    kind: TransportKind = "telephone"
    pausable_lead_s = LEAD_S
    """As far ahead as otherwise: Twilio drops what it has not played."""
    pausable_catch_up_s = math.inf
    _sid = ""

    async def authenticated(self) -> None:
        """Refuse a handshake without a valid signature. The token comes later, with the start: Twilio sends no query parameters."""
        self._converter = Converter(mulaw.RATE)
        self._marks: OrderedDict[str, float] = OrderedDict()
        self._unmarked = 0.0
        self._marked = 0
        self._keys_waiting = 0
        if not settings.TWILIO_AUTH_TOKEN:
            self.start_within(ANONYMOUS_START_S)
        if not self._from_exchange():
            self.refuse(wire.error("this handshake has no signature of the telephone exchange"))

    async def text(self, text: str) -> bool:
        """Process one message of Twilio."""
        if self.session is not None:
            self.session.touch()
        try:
            message = wire.parse(text)
        except WireError as error:
            self.send_error(str(error))
            return False
        if isinstance(message, Media):
            if self.session is not None and not message.outbound:
                return await self.push_audio(self.session, message.payload, mulaw.RATE)
            return len(message.payload) > 0
        if isinstance(message, Start):
            await self._start(message)
        elif isinstance(message, Stop):
            self.end("the caller hung up")
        elif isinstance(message, Mark):
            self._played(message.name)
        elif isinstance(message, Dtmf):
            self._key_pressed(message.digit)
        elif isinstance(message, Ping):
            self.send_queue.put(wire.PONG)
        return False

    async def binary(self, data: bytes) -> bool:
        """Answer with an error: Twilio sends text only."""
        self.send_error("only text messages are understood here")
        return False

    def message(self, message: JsonMessage) -> None:
        """Drop a message: Twilio accepts none."""

    def clear(self) -> None:
        """Drop the audio that the caller has not heard yet."""
        super().clear()
        self._marks.clear()
        self._unmarked = 0.0
        self.send_queue.put(wire.encode(wire.clear(self._sid)))

    def take_back(self) -> float:
        """Let Twilio drop the audio that the caller has not heard yet, and give it back too."""
        now, session = self.loop.time(), self.session
        ahead = self.pace.ahead(now)
        if ahead and session is not None:
            unreported = sum(self._marks.values()) + self._unmarked
            session.runner.audio_output.played(max(0.0, unreported - ahead))
            self._marks.clear()
            self._unmarked = 0.0
            self.pace.clear(now)
            self.send_queue.put(wire.encode(wire.clear(self._sid)))
        return super().take_back() + ahead

    async def write_audio(self, frame: AudioFrame) -> None:
        """Send a block through the send queue, which keeps it in order with marks and clear."""
        samples = self._converter.push(frame.samples, frame.rate)
        self._unmarked += frame.seconds
        await self.send_queue.put_when_room(wire.telephone_media(mulaw.encode(samples), self._sid))

    def report(self, runner: MediaRunner) -> None:
        """Send a mark after the audio sent so far; Twilio returns it when that was played."""
        if self._unmarked and len(self._marks) < MOST_MARKS:
            self._marked += 1
            self._marks[str(self._marked)], self._unmarked = self._unmarked, 0.0
            self.send_queue.put(wire.encode(wire.mark(str(self._marked), self._sid)))

    async def closing(self) -> None:
        """Wait until the caller has heard the rest of the audio."""
        await asyncio.sleep(self.pace.ahead(self.loop.time()))

    def _from_exchange(self) -> bool:
        handshake = HttpRequest()
        headers = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in self.credentials.headers.items()}
        handshake.META = {"SERVER_NAME": "", "SERVER_PORT": "", **headers}
        query = self.scope.get("query_string", b"").decode("latin-1")
        return _is_signed(handshake, ("wss", "ws"), self.scope["path"] + (f"?{query}" if query else ""), {})

    def _played(self, name: str) -> None:
        seconds = self._marks.pop(name, None)
        if seconds is not None and self.session is not None:
            self.session.runner.audio_output.played(seconds)

    def _key_pressed(self, digit: str) -> None:
        """Call the handler's method `dtmf`, if it has one, with a pressed key."""
        session = self.session
        press = getattr(session.runner.handler, "dtmf", None) if session is not None else None
        if session is not None and press is not None and self._keys_waiting < MOST_KEYS:
            self._keys_waiting += 1
            session.spawn(self._call_handler(session, press, digit))

    async def _call_handler(self, session: StreamSession, press: Callable[[str], object], digit: str) -> None:
        try:
            await session.runner.calls.bind(press, "dtmf")(digit)
        except Exception as error:
            session.runner.calls.report(error)
        finally:
            self._keys_waiting -= 1

    async def _start(self, start: Start) -> None:
        if self.session is not None:
            self.send_error("already started")
            return
        token = start.parameters.get(TOKEN, "")
        caller = Requester(await grant_of(RequestCredentials({TOKEN: token}, {}, ()))) if token else await self.authenticate()
        self.user_id = caller.user_id
        if not caller.may_use(self.stream):
            self.refuse(wire.error(caller.missing_scope or "an access token is needed, in the query of telephone/incoming"))
            return
        parameters = {name: value for name, value in start.parameters.items() if name != TOKEN}
        try:
            user_data = checked_user_data(self.stream.user_data, user_data_value(parameters) or None)
        except (BodyError, WireError) as error:
            self.refuse(wire.error(error.sentence if isinstance(error, BodyError) else str(error)))
            return
        self._sid = start.id
        await self.begin(start.id, caller, user_data=user_data)


@on_stream("GET", "POST")
async def incoming(request: HttpRequest, stream: Stream, user_id: int | None) -> HttpResponseBase:
    """Answer the webhook of a call with TwiML that connects it.

    The token and the other query parameters become custom parameters, since the socket's URL allows no query; the handler finds those but
    the token in its context (`user_data`).
    """
    fields = {name: request.POST.getlist(name) for name in request.POST}
    if not _is_signed(request, ("https", "http"), request.get_full_path(), fields):
        return refusal(403, "this request has no signature of the telephone exchange")
    secure = request.is_secure() or request.headers.get("X-Forwarded-Proto", "").lower() == "https"
    socket = request.path.removesuffix("incoming") + "handler"
    token = RequestCredentials(request.GET.dict(), {name.lower(): value for name, value in request.headers.items()}, ()).token
    own = {name for name in request.GET if name == TOKEN or name[:1].isupper()}  # the fields of Twilio, in the query of a GET
    custom = {name: str(request.GET[name]) for name in request.GET if name not in own}
    parameters = custom | ({TOKEN: token} if token else {})
    twiml = wire.incoming_call(f"{'wss' if secure else 'ws'}://{request.get_host()}{socket}", parameters)
    return HttpResponse(twiml, content_type="application/xml")


def _is_signed(request: HttpRequest, schemes: Sequence[str], path: str, fields: Mapping[str, Sequence[str]]) -> bool:
    """Return whether Twilio signed a request, or no signature is required. The host is Django's, which is right behind a proxy too."""
    if not settings.TWILIO_AUTH_TOKEN:
        return True
    try:
        host = request.get_host()
    except DisallowedHost:
        return False
    return wire.is_signed(settings.TWILIO_AUTH_TOKEN, schemes, host, path, fields, request.headers.get("X-Twilio-Signature", ""))
