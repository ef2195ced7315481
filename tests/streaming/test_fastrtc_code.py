"""Handlers as users of FastRTC write them: only the import line is different."""

import asyncio
import json
import queue
import time
from typing import Any

import numpy as np
import pytest

from streaming import (
    AdditionalOutputs,
    AlgoOptions,
    AsyncAudioVideoStreamHandler,
    AsyncStreamHandler,
    CloseStream,
    ReplyOnPause,
    ReplyOnStopWords,
    SileroVadOptions,
    Stream,
    StreamHandler,
    VideoStreamHandler,
    WebRTCError,
    audio_to_float32,
    get_current_context,
    wait_for_item,
)
from streaming.speech.turn_detector import Turn
from tests.streaming.sessions.conftest import join
from tests.streaming.sessions.connections import Join, connection_of, handler_of, numbers, until

__all__ = ["join"]

FRAME = (np.sin(np.arange(960) / 10) * 5000).astype(np.int16)


class QueueEcho(StreamHandler):
    """An echo that blocks in `emit` and has no `shutdown`."""

    def __init__(self) -> None:
        super().__init__()
        self.queue: queue.Queue[Any] = queue.Queue()

    def receive(self, frame: tuple[int, Any]) -> None:
        """Queue a frame."""
        self.queue.put(frame)

    def emit(self) -> Any:
        """Return the next frame."""
        return self.queue.get()

    def copy(self) -> "QueueEcho":
        """Return another handler."""
        return QueueEcho()


class AsyncEcho(AsyncStreamHandler):
    """An echo that waits for items a tenth of a second at a time, converts them, and sends the id of its session."""

    def __init__(self) -> None:
        super().__init__(expected_layout="mono", output_sample_rate=24000, input_sample_rate=16000)
        self.output_queue: asyncio.Queue[Any] = asyncio.Queue()
        self.quit = asyncio.Event()

    def copy(self) -> "AsyncEcho":
        """Return another handler."""
        return AsyncEcho()

    async def start_up(self) -> None:
        """Run beside the other methods until the end, as handlers of remote models do."""
        await self.send_message(json.dumps({"type": "log", "data": get_current_context().webrtc_id}))
        await self.quit.wait()

    async def receive(self, frame: tuple[int, Any]) -> None:
        """Queue a frame, whatever its shape."""
        rate, array = frame
        array = array.squeeze()
        await self.output_queue.put((rate, array))

    async def emit(self) -> Any:
        """Return an item, or nothing."""
        return await wait_for_item(self.output_queue)

    async def shutdown(self) -> None:
        """End `start_up`."""
        self.quit.set()


@pytest.mark.parametrize("kind", ["webrtc", "websocket"])
@pytest.mark.parametrize("handler", [QueueEcho(), AsyncEcho()])
async def test_echoes(join: Join, handler: Any, kind: str) -> None:
    """Audio comes back at 24 kHz, from a handler at its own rate, over any transport."""
    session = await join(Stream(handler, modality="audio", mode="send-receive", concurrency_limit=5), kind=kind, id="me")
    for _ in range(3):
        session.runner.push_audio(FRAME, 48_000)
    frames = [await session.runner.next_audio() for _ in range(3)]
    assert {(frame.rate, len(frame.samples)) for frame in frames if frame} == {(24_000, 480)}
    assert max(np.abs(frame.samples).max() for frame in frames if frame) > 3000
    async with asyncio.timeout(30):
        await session.close("bye")


async def test_a_chat(join: Join) -> None:
    """The page returns its chat as input before each reply; outputs are read from Python, and the audio arrives."""

    def response(audio: tuple[int, Any], chatbot: list[Any] | None = None) -> Any:
        chatbot = chatbot or []
        assert audio_to_float32(audio).shape == (1, 1600)
        chatbot.append({"role": "user", "content": f"turn {len(chatbot) // 2}"})
        yield AdditionalOutputs(chatbot)
        yield (24000, np.zeros((1, 480), dtype=np.float32))
        chatbot.append({"role": "assistant", "content": "yes"})
        yield AdditionalOutputs(chatbot)

    handler = ReplyOnPause(
        response,
        algo_options=AlgoOptions(audio_chunk_duration=0.5, started_talking_threshold=0.1, speech_threshold=0.03),
        model_options=SileroVadOptions(threshold=0.75, min_speech_duration_ms=250, min_silence_duration_ms=1500, speech_pad_ms=400),
        can_interrupt=False,
        input_sample_rate=16000,
    )
    stream = Stream(modality="audio", mode="send-receive", handler=handler, additional_outputs_handler=lambda a, b: b)
    session = await join(stream, id="me")
    handler_of(session).ended(Turn(np.zeros(1600, dtype=np.int16), 16_000))
    await until(lambda: connection_of(session).of("send_input"))
    stream.set_input("me", [])
    output = await stream.fetch_latest_output("me")
    assert output.args[0][0] == {"role": "user", "content": "turn 0"}
    async for item in stream.output_stream("me"):
        if len(item.args[0]) == 2:
            break
    assert await session.runner.next_audio() is not None


async def test_stop_words_and_a_greeting(join: Join) -> None:
    """The positional arguments have FastRTC's order; a greeting needs no inputs."""

    def startup() -> Any:
        yield (24000, np.zeros((1, 4800), dtype=np.int16))

    handler = ReplyOnStopWords(lambda audio: iter(()), ["computer"], startup, AlgoOptions(), SileroVadOptions(), True, "mono", 24000)
    session = await join(Stream(handler, modality="audio", mode="send-receive"))
    assert await session.runner.next_audio() is not None


async def test_a_filter_of_video_frames(join: Join) -> None:
    """Each input of a function whose inputs have defaults arrives."""

    def detection(image: Any, conf_threshold: float = 0.3) -> Any:
        if conf_threshold > 1:
            raise WebRTCError("conf_threshold must be at most 1")
        return np.flip(image, axis=0), AdditionalOutputs(conf_threshold)

    stream = Stream(handler=VideoStreamHandler(detection, skip_frames=True), modality="video", mode="send-receive", time_limit=90)
    session = await join(stream, id="me")
    video_frame = np.arange(4 * 4 * 3, dtype=np.uint8).reshape(4, 4, 3)
    session.runner.push_video(video_frame)
    assert np.array_equal(await session.runner.next_video(), video_frame[::-1])
    stream.set_input("me", 0.7)
    session.runner.push_video(video_frame)
    await until(lambda: numbers(session) == [0.3, 0.7])
    stream.set_input("me", 7)
    session.runner.push_video(video_frame)
    await until(lambda: connection_of(session).of("error") == ["conf_threshold must be at most 1"])


async def test_a_model_of_audio_and_video(join: Join) -> None:
    """It sends a video frame each second, waits for its inputs first, and closes the session."""

    class Remote(AsyncAudioVideoStreamHandler):
        def __init__(self) -> None:
            super().__init__("mono", output_sample_rate=24000, input_sample_rate=16000)
            self.audio_queue: asyncio.Queue[Any] = asyncio.Queue()
            self.video_queue: asyncio.Queue[Any] = asyncio.Queue()
            self.last_frame_time = 0.0
            self.sent = 0

        def copy(self) -> "Remote":
            return Remote()

        async def start_up(self) -> None:
            if not self.phone_mode:
                await self.wait_for_args()
                self.key = self.latest_args[1]

        async def video_receive(self, frame: Any) -> None:
            self.video_queue.put_nowait(frame)
            if time.time() - self.last_frame_time > 1:
                self.last_frame_time = time.time()
                self.sent += 1

        async def video_emit(self) -> Any:
            frame = await wait_for_item(self.video_queue, 0.01)
            return frame if frame is not None else np.zeros((100, 100, 3), dtype=np.uint8)

        async def receive(self, frame: Any) -> None:
            self.audio_queue.put_nowait(((24000, np.zeros((1, 480), dtype=np.int16)), CloseStream("enough")))

        async def emit(self) -> Any:
            return await wait_for_item(self.audio_queue)

        async def shutdown(self) -> None:
            self.closed = True

    session = await join(Stream(Remote(), modality="audio-video", mode="send-receive"))
    assert (await session.runner.next_video()).shape == (100, 100, 3)
    stream_line = connection_of(session)
    await until(lambda: stream_line.of("send_input"))
    session.set_input("key")
    for _ in range(3):
        session.runner.push_video(np.ones((20, 20, 3), dtype=np.uint8))
    await until(lambda: handler_of(session).sent == 1)
    session.runner.push_audio(FRAME, 48_000)
    frame = await session.runner.next_audio()
    session.runner.audio_output.played(frame.seconds)
    await asyncio.wait_for(session.ended.wait(), 30)
    assert stream_line.of("end_stream") == ["enough"]
    assert handler_of(session).closed
    assert handler_of(session).key == "key"
