"""Plain functions as handlers: functions of video frames, and generators of video and audio frames."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest

from streaming.handlers.handler_types import VideoStreamHandler
from streaming.handlers.stream import Stream
from streaming.handlers.stream_handlers import AsyncAudioVideoStreamHandler, AudioVideoStreamHandler
from streaming.sessions.handler_runner import StreamSession, stream_session
from streaming.types.outputs import AdditionalOutputs, CloseStream
from tests.streaming.sessions.connections import FRAME, RATE, FakeConnection, Join, connection_of, numbers, stream_of, until


def video_frame(value: int) -> Any:
    """Return a video frame of one colour."""
    return np.full((4, 6, 3), value, dtype=np.uint8)


def video(handler: Any, **options: Any) -> Stream:
    """Return a video stream."""
    return Stream(handler, **{"modality": "video", "name": "tested", "concurrency_limit": None, **options})


async def colour(session: StreamSession) -> int:
    """Return the colour of the next video frame."""
    async with asyncio.timeout(30):
        got = await session.runner.next_video()
    assert got is not None
    return int(got[0, 0, 0])


async def test_a_function_runs_in_a_thread(join: Join) -> None:
    """The function gets (height, width, 3) in a thread; its outputs arrive beside its video frames."""
    seen: list[Any] = []

    def brighter(image: Any) -> Any:
        seen.append((image.shape, threading.current_thread() is threading.main_thread()))
        return image + 1, AdditionalOutputs(int(image[0, 0, 0]))

    session = await join(video(brighter))
    session.runner.push_video(video_frame(5))
    assert await colour(session) == 6
    assert numbers(session) == [5]
    assert seen == [((4, 6, 3), False)]


async def test_a_function_gets_defaults_then_all_inputs(join: Join) -> None:
    """The defaults hold until inputs arrive; the next call then gets every value, including the first."""

    def tint(image: Any, by: int = 1, times: int = 1) -> Any:
        return image + by * times

    session = await join(video(tint))
    session.runner.push_video(video_frame(0))
    assert await colour(session) == 1
    session.set_input(3)
    session.runner.push_video(video_frame(0))
    assert await colour(session) == 3
    session.set_input(3, 2)
    session.runner.push_video(video_frame(0))
    assert await colour(session) == 6


async def test_frames_pass_unchanged_until_required_inputs_arrive(join: Join) -> None:
    """A function that lacks a required input changes no video frame."""

    def tint(image: Any, by: int) -> Any:
        return image + by

    session = await join(video(tint))
    session.runner.push_video(video_frame(1))
    assert await colour(session) == 1
    session.set_input(3)
    session.runner.push_video(video_frame(1))
    assert await colour(session) == 4


async def test_an_error_costs_one_video_frame(join: Join) -> None:
    """The client gets the error, and the next video frame is processed; a wrong return value counts as an error."""

    def touchy(image: Any) -> Any:
        if image[0, 0, 0] == 1:
            raise ValueError("not this one")
        return "nothing" if image[0, 0, 0] == 2 else image

    session = await join(video(touchy))
    for value in (1, 2, 3):
        session.runner.push_video(video_frame(value))
    assert await colour(session) == 3
    errors = connection_of(session).of("error")
    assert errors[0] == "not this one"
    assert "a video handler gave str" in errors[1]


@pytest.mark.parametrize(("skip", "seen"), [(True, [0, 19]), (False, [0, *range(12, 20)])])
async def test_a_slow_function_gets_the_newest_frames(join: Join, skip: bool, seen: list[int]) -> None:
    """With `skip_frames` it gets the newest video frame only; without, the last few in order; the queue is bounded."""
    gate, got = threading.Event(), []

    def slow(image: Any) -> Any:
        got.append(int(image[0, 0, 0]))
        gate.wait(60)
        return image

    session = await join(video(VideoStreamHandler(slow, skip_frames=skip)))
    for value in range(20):
        session.runner.push_video(video_frame(value))
        if value == 0:
            await until(lambda: got)
    gate.set()
    await until(lambda: len(got) == len(seen))
    await asyncio.sleep(0.02)
    assert got == seen


async def test_unread_video_frames_are_replaced(join: Join) -> None:
    """A client that stops reading gets the newest video frame when it reads again."""
    given: list[int] = []

    async def pass_on(image: Any) -> Any:
        given.append(int(image[0, 0, 0]))
        return image

    session = await join(video(pass_on))
    for value in range(10):
        session.runner.push_video(video_frame(value))
        await until(lambda: len(given) > value)  # noqa: B023  # awaited right here
    assert await colour(session) >= 6


async def test_each_session_has_its_own_object(join: Join) -> None:
    """A callable with a `copy` method is copied, so that sessions share no state."""

    class Counting:
        def __init__(self) -> None:
            self.count = 0

        def copy(self) -> "Counting":
            return Counting()

        def __call__(self, image: Any) -> Any:
            self.count += 1
            return video_frame(self.count)

    stream = video(VideoStreamHandler(Counting()))
    for _ in range(2):
        session = await join(stream)
        session.runner.push_video(video_frame(0))
        assert await colour(session) == 1


async def test_a_coroutine_function_runs_in_the_event_loop(join: Join) -> None:
    """A coroutine function runs in the event loop."""

    async def brighter(image: Any) -> Any:
        await asyncio.sleep(0)
        return image + 1

    session = await join(video(brighter))
    session.runner.push_video(video_frame(1))
    assert await colour(session) == 2


async def test_a_video_generator_keeps_the_pace_of_the_client(join: Join) -> None:
    """A generator is resumed only when there is room, so that an endless one uses bounded memory."""
    made = []

    def count(start: int = 0) -> Iterator[Any]:
        while True:
            made.append(start)
            yield video_frame(start % 256)
            start += 1

    session = await join(video(VideoStreamHandler(count, fps=50), mode="receive"))
    assert [await colour(session) for _ in range(3)] == [0, 1, 2]
    await asyncio.sleep(0.02)
    assert len(made) < 8


class Still(AsyncAudioVideoStreamHandler):
    """Emits a frame whenever it is asked."""

    def copy(self) -> "Still":
        """Return a copy for another session."""
        return Still(fps=self.fps)

    async def receive(self, frame: Any) -> None:
        """Ignore audio."""

    async def emit(self) -> None:
        """Emit no audio."""

    async def video_receive(self, frame: Any) -> None:
        """Ignore video."""

    async def video_emit(self) -> Any:
        """Emit a frame at once."""
        return video_frame(0)


def stills() -> Iterator[Any]:
    """Yield frames without end."""
    while True:
        yield video_frame(0)


@pytest.mark.parametrize(
    "stream",
    [video(VideoStreamHandler(stills, fps=20), mode="receive"), video(Still(fps=20), modality="audio-video")],
    ids=["generator", "handler"],
)
async def test_video_has_the_frame_rate_of_its_handler(join: Join, stream: Stream) -> None:
    """However fast the client reads: 12 frames of 50 ms take time, although some were ready and some may come early."""
    session = await join(stream)
    began = asyncio.get_running_loop().time()
    for _ in range(12):
        await colour(session)
    assert asyncio.get_running_loop().time() - began >= 0.15


async def test_new_inputs_restart_an_audio_generator(join: Join) -> None:
    """New inputs start a new generator; the unplayed audio of the old one is dropped."""

    async def say(value: int = 1) -> AsyncIterator[Any]:
        while True:
            yield RATE, np.full_like(FRAME, value)

    session = await join(say, mode="receive")
    first = await session.runner.next_audio()
    session.set_input(2)
    second = await session.runner.next_audio()
    assert first is not None
    assert second is not None
    assert (first.samples[0], second.samples[0]) == (1, 2)
    assert connection_of(session).cleared == 1


async def test_a_generator_requests_its_required_inputs(join: Join) -> None:
    """It starts when they arrive, and may end; new inputs start it again."""

    def say(value: int) -> Iterator[Any]:
        yield AdditionalOutputs(value)

    session = await join(say, mode="receive")
    assert connection_of(session).of("send_input") == [[]]
    for value in (1, 2):
        session.set_input(value)
        await until(lambda: session.outputs.last == value)  # noqa: B023  # awaited right here
    assert numbers(session) == [1, 2]


async def test_inputs_before_the_start() -> None:
    """A generator that has its inputs already neither asks for them nor starts again."""
    calls: list[int] = []

    def say(value: int) -> Iterator[Any]:
        calls.append(value)
        yield AdditionalOutputs(value)

    connection = FakeConnection("webrtc")
    session = stream_session(stream_of(say, mode="receive"), "early", None, connection)
    await session.open(start=False)
    session.set_input(3)
    session.start()
    await until(lambda: session.outputs.last == 1)
    assert calls == [3]
    assert connection.of("send_input") == []
    await session.close("bye")


async def test_a_generator_closes_its_session(join: Join) -> None:
    """CloseStream after the last audio ends the session once that audio was played."""

    def say() -> Iterator[Any]:
        yield (RATE, FRAME), CloseStream("done")

    session = await join(say, mode="receive")
    audio_frame = await session.runner.next_audio()
    assert audio_frame is not None
    session.runner.audio_output.played(audio_frame.seconds)
    await asyncio.wait_for(session.ended.wait(), 30)
    assert connection_of(session).of("end_stream") == ["done"]


async def test_a_handler_of_audio_and_video(join: Join) -> None:
    """All four methods of a handler of audio and video run at the same time, and each may block."""

    class Both(AudioVideoStreamHandler):
        def __init__(self) -> None:
            super().__init__(output_sample_rate=RATE, input_sample_rate=RATE)
            self.audio_count, self.video_count = threading.Semaphore(0), threading.Semaphore(0)

        def copy(self) -> "Both":
            return Both()

        def receive(self, frame: Any) -> None:
            self.audio_count.release()

        def emit(self) -> Any:
            return (RATE, FRAME) if self.audio_count.acquire(timeout=0.2) else None

        def video_receive(self, frame: Any) -> None:
            self.video_count.release()

        def video_emit(self) -> Any:
            return video_frame(9) if self.video_count.acquire(timeout=0.2) else None

    session = await join(Both(), modality="audio-video")
    session.runner.push_video(video_frame(1))
    assert await colour(session) == 9
    session.runner.push_audio(FRAME, RATE)
    assert await session.runner.next_audio() is not None
