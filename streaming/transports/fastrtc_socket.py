"""`.../websocket/offer`: a stream over FastRTC's WebSocket protocol; audio as mu-law in JSON or as binary 16-bit PCM frames."""

import math

import numpy as np

from streaming.audio import mulaw
from streaming.audio.rates import Converter
from streaming.protocols import fastrtc as wire
from streaming.protocols.fastrtc import BodyError, Media, Ping, Start, Stop, WireError
from streaming.protocols.json_message import JsonMessage
from streaming.transports.http_auth import Requester
from streaming.transports.stream_socket import LEAD_S, StreamConsumer
from streaming.types.client_connection import AudioFrame
from streaming.types.input_values import checked_user_data
from streaming.types.session_end import End

DEFAULT_RATE = 24_000
"""Hz, for a stream whose handler names no rate, such as a plain function."""
NOT_STARTED = 'send {"event": "start", "websocket_id": "..."} first'


class FastrtcConsumer(StreamConsumer):
    """One client of a stream over a WebSocket."""

    _requester: Requester
    _binary = False
    _pauses = False
    """Whether the client pauses its playback: what it has may then be as much as otherwise."""
    _playback_paused = False
    _format = wire.FORMATS[0]
    _rate_in = 0
    _rate_out = 0
    _held: list[JsonMessage] | None = None
    """Messages of a session that is being opened: a client of our extensions reads `started` before them."""

    async def authenticated(self) -> None:
        """Refuse a requester who may not use the stream."""
        self._requester = await self.authenticate()
        self.user_id = self._requester.user_id
        if not self._requester.may_use(self.stream):
            self.refuse(wire.error(self._requester.missing_scope or "sign in, or send an access token"))

    async def text(self, text: str) -> bool:
        """Process a message; answer an invalid one with an error and change nothing."""
        if self.session is not None:
            self.session.touch()
        try:
            message = wire.parse(text)
        except WireError as error:
            self.send_error(str(error))
            return False
        if isinstance(message, Media):
            if self.session is None:
                self.send_error(NOT_STARTED)
            elif self._binary:
                self.send_error("audio comes as binary frames after a start with format pcm16")
            else:
                return await self.push_audio(self.session, message.payload, self._rate_in)
        elif isinstance(message, Ping):
            self.send_queue.put(wire.PONG)
        elif isinstance(message, Start):
            await self._start(message)
        elif isinstance(message, Stop):
            self.end("stopped")
        return False

    async def binary(self, data: bytes) -> bool:
        """Process a binary frame of 16-bit little-endian PCM."""
        if self.session is None:
            self.send_error(NOT_STARTED)
            return False
        self.session.touch()
        if not self._binary:
            self.send_error('binary frames need a start with "format": "pcm16"')
        elif len(data) % 2 or len(data) > wire.LONGEST_MEDIA_BYTES:
            self.send_error(f"a binary frame has an even number of bytes, at most {wire.LONGEST_MEDIA_BYTES}, not {len(data)}")
        else:
            await self.push_audio(self.session, np.frombuffer(data, dtype="<i2"), self._rate_in)
            return True
        return False

    def message(self, message: JsonMessage) -> None:
        """Send JSON to the client, once its session is open."""
        if self._held is None:
            super().message(message)
        else:
            self._held.append(message)

    def opened(self) -> None:
        """Tell a client of pcm16 the rates, and one that asked its resume value, then what the session said before."""
        held, self._held = self._held, None
        if held is not None and self.session is not None:
            for message in (wire.started(self._format, self._rate_in, self._rate_out, self.session.resume), *held):
                self.message(message)
        if self._pauses and self.session is not None:
            self.session.runner.audio_output.client_pauses = True

    def clear(self) -> None:
        """Also send a `clear` message, on which our client drops what it has not played; FastRTC's clients ignore it."""
        super().clear()
        self._playback_paused = False
        self.send_queue.put(wire.CLEAR)

    def take_back(self) -> float:
        """Also let a client that can do so pause its playback."""
        if self._pauses and not self._playback_paused:
            self._playback_paused = True
            self.pace.hold(self.loop.time())
            self.send_queue.put(wire.PAUSE)
        return super().take_back()

    def play_on(self) -> None:
        """Let a client that has paused its playback continue."""
        if self._playback_paused:
            self._playback_paused = False
            self.pace.release(self.loop.time())
            self.send_queue.put(wire.RESUME)

    def hang_up(self, end: End, reason: str) -> None:
        """Close the socket after the remaining audio is sent; a paused client plays it."""
        self.play_on()
        super().hang_up(end, reason)

    async def write_audio(self, frame: AudioFrame) -> None:
        """Send a block of audio in the client's format."""
        samples = frame.samples if frame.rate == self._rate_out else self._converter.push(frame.samples, frame.rate)
        if self._binary:
            await self.base_send({"type": "websocket.send", "bytes": samples.astype("<i2", copy=False).tobytes()})
        else:
            await self.base_send({"type": "websocket.send", "text": wire.media(mulaw.encode(samples))})

    async def _start(self, start: Start) -> None:
        if self.session is not None:
            self.send_error("already started")
            return
        try:
            user_data = checked_user_data(self.stream.user_data, start.user_data)
        except BodyError as error:
            self.send_error(error.sentence)
            return
        self._format = start.format
        self._binary, self._pauses = start.format == "pcm16", start.pauses
        if self._pauses:
            self.pausable_lead_s, self.pausable_catch_up_s = LEAD_S, math.inf
        self._rate_in = start.sample_rate or self._rate_of("input_sample_rate")
        self._rate_out = start.sample_rate or self._rate_of("output_sample_rate")
        self._converter = Converter(self._rate_out)
        if self._binary or start.resume:
            self._held = []
        await self.begin(start.id, self._requester, start.resume, user_data)

    def _rate_of(self, name: str) -> int:
        return int(getattr(self.stream.handler, name, DEFAULT_RATE))
