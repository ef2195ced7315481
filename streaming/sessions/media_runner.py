"""What runs in a session of a stream: audio and video from the client to the handler and back, its inputs and its outputs."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from streaming.aio.bounded_queue import BoundedQueue, QueueClosed
from streaming.audio.convert import mono
from streaming.handlers.context import end_message
from streaming.handlers.stream_handlers import FRAME_PLACEHOLDER, StreamHandlerBase
from streaming.handlers.stream_handlers import AudioFrame as InputFrame
from streaming.sessions.audio_io import AudioBlock, AudioInput, AudioOutput
from streaming.sessions.handler_calls import HandlerCalls
from streaming.sessions.session import Runner, Session
from streaming.types.client_connection import AudioFrame, MediaConnection, Pcm, VideoFrame
from streaming.types.outputs import AdditionalOutputs, CloseStream
from streaming.types.session_end import End

T = TypeVar("T")

LAST_AUDIO_S = 60.0
"""Seconds that a session closed by its handler waits until its audio was played."""
READY_FRAMES = 2
"""Video frames queued for the client."""
_AUDIO = "yield (rate, array), AdditionalOutputs, CloseStream, or ((rate, array), AdditionalOutputs)"
_VIDEO = "return an array, AdditionalOutputs, CloseStream, or (array, AdditionalOutputs)"


@dataclass(frozen=True, slots=True)
class ParsedResult:
    """One parsed result of a handler; `pcm` has shape (n,) and `rate` samples per second."""

    pcm: Pcm | None = None
    rate: int = 0
    frame: VideoFrame | None = None
    outputs: tuple[AdditionalOutputs, ...] = ()
    close: CloseStream | None = None


class MediaRunner(Runner):
    """Base of the runners of streams. It is the session as the handler sees it (`Host`).

    Subclasses call the handler: `start`, `receive_audio`, `receive_video`, `set_input`, `restart_emit` and `shutdown`.
    """

    handler: StreamHandlerBase | None = None
    """The handler object; None where the stream has a function."""

    def __init__(
        self,
        session: Session[Any],
        connection: MediaConnection,
        *,
        input_format: tuple[int, str] = (48000, "mono"),
        output_rate: int = 24000,
        is_idle: Callable[[], bool] | None = None,
    ) -> None:
        self.session = session
        self.loop = session.loop
        self.send_message, self.spawn, self.wait_here = session.send_message, session.spawn, session.wait_here
        self.phone = connection.kind == "telephone"
        self.calls = HandlerCalls(session.context)
        self.may_rest = is_idle is not None
        """Whether the handler can be idle, so that silence may be held back."""
        self.audio_input = AudioInput(*input_format, connection.kind, is_idle)
        self.audio_output = AudioOutput(output_rate)
        stream = session.stream
        self._takes_audio = stream.has_audio and stream.mode != "receive"
        self._takes_video = stream.has_video and stream.mode != "receive"
        self._gives = stream.mode != "send"
        self._video_output: BoundedQueue[VideoFrame] = BoundedQueue(READY_FRAMES)
        self._connection = connection
        self._closed_by_handler = False

    # -- for the transport: from the client

    def push_audio(self, block: AudioBlock, rate: int) -> None:
        """Take the client's audio, int16 of shape (n,) or mu-law bytes, at any rate and in blocks of any length."""
        if self._takes_audio:
            for frame in self.audio_input.push(block, rate):
                self.receive_audio(frame)

    def push_video(self, frame: VideoFrame) -> None:
        """Take a video frame of the client: uint8 of shape (height, width, 3), BGR."""
        if self._takes_video:
            self.receive_video(frame)

    @property
    def backlog_s(self) -> float:
        """Seconds of the client's audio that wait for the handler; 0 once the session is ending.

        Transports with back-pressure stop reading while it is high.
        """
        return 0.0

    # -- for the transport: to the client

    async def next_audio(self) -> AudioFrame | None:
        """Wait for the next audio frame for the client and return it; None at the end."""
        return await self.audio_output.get()

    async def next_video(self) -> VideoFrame | None:
        """Wait for the next video frame for the client and return it; None at the end."""
        try:
            return await self._video_output.get()
        except QueueClosed:
            return None

    # -- for the handler

    @property
    def playing(self) -> bool:
        """Whether audio for the client is queued, or sent and not played yet."""
        return self.audio_output.playing

    @property
    def played_s(self) -> float:
        """Seconds of audio that the client has played since the session began."""
        return self.audio_output.played_s

    @property
    def left_s(self) -> float:
        """Seconds of audio that the client has still to play."""
        return self.audio_output.left_s

    def clear_audio(self) -> None:
        """Drop all audio that was not played yet. Any thread."""
        self.session.in_loop(self._clear)

    def interrupt(self) -> None:
        """Drop all audio and the item that the handler is about to return; then request the next one."""
        self._clear()
        self.restart_emit()

    def pause_audio(self) -> None:
        """Stop the audio for the client where it is, as soon as the transport can."""
        if not self.session.ended.is_set():
            self.audio_output.pause(self._connection.take_back())

    def resume_audio(self) -> None:
        """Continue the audio where it was paused."""
        if self.audio_output.resume():
            self._connection.play_on()

    async def deliver(self, item: ParsedResult, *, live: bool = False) -> bool:
        """Pass on a result of the handler; wait while the queue is full (`live`: drop older frames). Return False after CloseStream."""
        for outputs in item.outputs:
            self.session.outputs.append(outputs)
            self.send_message({"type": "fetch_output", "data": []})
            if self.phone and self.handler is not None:  # a telephone has no page that would send them back as inputs
                self.handler.set_args([FRAME_PLACEHOLDER, *outputs.args])
        if item.pcm is not None and self._gives:
            await self.audio_output.put(item.pcm, item.rate)
        if item.frame is not None and self._gives:
            if live and len(self._video_output) >= READY_FRAMES:
                self._video_output.clear()
            await self._video_output.put_when_room(item.frame)
        if item.close is not None and not self._closed_by_handler:
            self._closed_by_handler = True
            self.spawn(self._play_out(item.close))
        return item.close is None

    # -- for subclasses

    def receive_audio(self, frame: InputFrame) -> None:
        """Pass an audio frame to the handler."""

    def receive_video(self, frame: VideoFrame) -> None:
        """Pass a video frame to the handler."""

    def restart_emit(self) -> None:
        """Discard the item that is being waited for, and request the next one."""

    # -- the end

    def on_end(self, end: End, reason: str) -> None:
        self._takes_audio = self._takes_video = False
        message = end_message(end, reason)
        if message is not None:
            self.send_message(message)
        if end in (End.REVOKED, End.DELETED):  # nothing that the handler still produces may reach this client
            self.audio_output.close(discard=True)

    def stop(self) -> None:
        self.audio_output.close(discard=True)
        self._video_output.close(discard=True)
        self.calls.close()

    @property
    def blocked(self) -> list[str]:
        return self.calls.blocked

    def _clear(self) -> None:
        if not self.session.ended.is_set():
            self.audio_output.clear()
            self._connection.clear()

    async def _play_out(self, close: CloseStream) -> None:
        """End the session once the client has played the queued audio."""
        self.audio_output.flush()
        await self.audio_output.wait_until_played(LAST_AUDIO_S)
        self.session.end(End.FINISHED, close.msg)


def audio_item(value: Any) -> ParsedResult:
    """Parse a result of an audio handler. Raises ValueError or TypeError that says what is allowed."""
    if type(value) is tuple and len(value) == 2 and type(value[1]) is np.ndarray:  # the usual case
        return ParsedResult(mono(*value), int(value[0]))
    value, outputs, close = _extras(value)
    if value is None:
        return ParsedResult(outputs=outputs, close=close)
    if not isinstance(value, tuple | list) or len(value) not in (2, 3) or not isinstance(value[1], np.ndarray):
        raise ValueError(f"an audio handler gave {type(value).__name__}; {_AUDIO}")
    rate, array, *layout = value
    return ParsedResult(pcm=mono(rate, array, layout[0] if layout else "mono"), rate=int(rate), outputs=outputs, close=close)


def video_item(value: Any) -> ParsedResult:
    """Parse a result of a video handler. Raises ValueError that says what is allowed."""
    value, outputs, close = _extras(value)
    if value is None:
        return ParsedResult(outputs=outputs, close=close)
    if not isinstance(value, np.ndarray):
        raise ValueError(f"a video handler gave {type(value).__name__}; {_VIDEO}")
    if value.ndim != 3 or value.shape[2] != 3 or value.dtype != np.uint8 or not value.size:
        raise ValueError(f"a video frame must be uint8 of shape (height, width, 3), not {value.dtype} of {value.shape}")
    return ParsedResult(frame=value, outputs=outputs, close=close)


def _extras(value: Any) -> tuple[Any, tuple[AdditionalOutputs, ...], CloseStream | None]:
    """Split a result into its value, its AdditionalOutputs and its CloseStream, which may stand alone or behind the value."""
    outputs: list[AdditionalOutputs] = []
    close: CloseStream | None = None
    parts = list(value) if isinstance(value, tuple) else [value]
    while parts and isinstance(parts[-1], AdditionalOutputs | CloseStream):
        extra = parts.pop()
        if isinstance(extra, CloseStream):
            close = extra
        else:
            outputs.insert(0, extra)
    if not outputs and close is None:
        return value, (), None
    if len(parts) > 1:  # audio without its own parentheses: (rate, array, AdditionalOutputs(...))
        return tuple(parts), tuple(outputs), close
    return (parts[0] if parts else None), tuple(outputs), close
