"""Handlers: the attributes and methods that code written for FastRTC uses."""

import asyncio
import json
from typing import Any

import av
import numpy as np
import pytest

from streaming.handlers.context import Warning, WebRTCError, get_current_context
from streaming.handlers.stream_handlers import AudioFrame, StreamHandler
from tests.streaming.sessions.connections import FRAME, RATE, Blocking, Echo, Join, connection_of, handler_of, until


def test_defaults() -> None:
    """The defaults are FastRTC's."""
    handler = Echo()
    assert (StreamHandler.__init__.__defaults__) == ("mono", 24000, None, 48000, 30)
    assert handler.output_frame_size == RATE // 50
    assert handler.latest_args == ["__webrtc_value__"]
    assert not handler.phone_mode
    assert handler.channel is None
    with pytest.raises(RuntimeError, match="no session"):
        handler.loop.time()
    handler.clear_queue()


@pytest.mark.parametrize("rate", [24_010, 0, -50])
def test_the_output_rate_is_a_multiple_of_50(rate: int) -> None:
    """Frames of 20 ms need whole samples."""

    class Rated(Blocking):
        def __init__(self) -> None:
            StreamHandler.__init__(self, output_sample_rate=rate)

    with pytest.raises(ValueError, match="multiple of 50"):
        Rated()


@pytest.mark.parametrize(("layout", "shape"), [("mono", (1, 320)), ("stereo", (1, 640))])
def test_pyav_frames_become_audio_frames(layout: str, shape: tuple[int, int]) -> None:
    """PyAV's frames of any size, rate and format become frames of 20 ms as `receive` gets them, without loss at their edges."""

    class Wanting(Blocking):
        def __init__(self) -> None:
            StreamHandler.__init__(self, expected_layout=layout, input_sample_rate=16_000)

    handler = Wanting()
    out = []
    for _ in range(10):
        frame = av.AudioFrame.from_ndarray(np.full((1, 1411), 0.5, dtype=np.float32), format="flt", layout="mono")
        frame.sample_rate = 44_100
        out += [part.to_ndarray() for part in handler.resample(frame)]
    assert {part.shape for part in out} == {shape}
    assert len(out) == 15
    assert out[7].dtype == np.int16
    wanted = 16_384 if layout == "mono" else 16_384 / 2**0.5  # two channels share the power
    assert np.abs(out[7] - wanted).max() < 40


def test_inputs_are_a_list() -> None:
    """Any other type is refused."""
    with pytest.raises(TypeError):
        Echo().set_args("0.7")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="empty"):
        Echo().set_args([])


async def test_waiting_for_inputs(join: Join) -> None:
    """A handler requests inputs, the client sends them, the handler continues; after `reset` it requests them again."""

    class Asking(Echo):
        async def emit(self) -> Any:
            await self.wait_for_args()
            value = self.latest_args[1]
            self.reset()
            return await super().emit() if value == "stop" else None

    session = await join(Asking())
    connection = connection_of(session)
    await until(lambda: connection.of("send_input") == [[]])
    session.set_input("go")
    await until(lambda: len(connection.of("send_input")) == 2)


async def test_waiting_for_inputs_in_a_thread(join: Join) -> None:
    """The synchronous form works in `start_up` as in the manual; the end of the session releases the thread."""

    class Asking(Blocking):
        def start_up(self) -> None:
            self.wait_for_args_sync()
            self.send_message_sync(json.dumps({"type": "log", "data": f"got {self.latest_args[1]}"}))
            self.reset()
            self.wait_for_args_sync()

    session = await join(Asking())
    connection = connection_of(session)
    await until(lambda: connection.of("send_input"))
    session.set_input(1)
    await until(lambda: connection.of("log") == ["got 1"])
    async with asyncio.timeout(20):
        await session.close("bye")


async def test_no_inputs_on_the_telephone(join: Join) -> None:
    """A telephone has no page that could send inputs: the wait ends at once and no request is sent."""
    session = await join(Echo(), kind="telephone")
    async with asyncio.timeout(20):
        await handler_of(session).wait_for_args()
    assert connection_of(session).of("send_input") == []


async def test_messages(join: Join) -> None:
    """`send_message` and the channel take JSON as text; other text becomes a log message."""
    session = await join(Echo())
    handler = handler_of(session)
    assert handler.channel_set.is_set()
    await handler.send_message('{"type": "log", "data": "one"}')
    handler.channel.send("two")
    assert connection_of(session).of("log") == ["one", "two"]


async def test_errors_and_warnings_from_threads(join: Join) -> None:
    """WebRTCError is sent at its creation and not again when it is raised; Warning is a function."""

    class Complaining(Blocking):
        def receive(self, frame: AudioFrame) -> None:
            Warning("careful")
            raise WebRTCError("no credit")

    session = await join(Complaining())
    session.runner.push_audio(FRAME, RATE)
    connection = connection_of(session)
    await until(lambda: connection.of("error"))
    await asyncio.sleep(0.02)
    assert connection.messages == [
        {"type": "warning", "data": "careful", "message": "careful"},
        {"type": "error", "data": "no credit", "message": "no credit"},
    ]


def test_errors_and_warnings_outside_of_a_session() -> None:
    """They are discarded without an error."""
    Warning()
    assert not WebRTCError("no client").sent
    with pytest.raises(RuntimeError, match="outside"):
        get_current_context()


@pytest.mark.parametrize("base", [Echo, Blocking])
async def test_the_context(join: Join, base: Any) -> None:
    """Every method gets the context of its session, in threads and in the event loop."""
    seen: list[Any] = []

    class Knowing(base):  # type: ignore[misc]
        def copy(self) -> Any:
            return Knowing()

        def note(self) -> None:
            seen.append(get_current_context())

    if base is Echo:

        class Handler(Knowing):
            async def start_up(self) -> None:
                self.note()

            async def receive(self, frame: AudioFrame) -> None:
                self.note()

            async def shutdown(self) -> None:
                self.note()

            def copy(self) -> Any:
                return Handler()
    else:

        class Handler(Knowing):  # type: ignore[no-redef]
            def start_up(self) -> None:
                self.note()

            def receive(self, frame: AudioFrame) -> None:
                self.note()

            def shutdown(self) -> None:
                self.note()

            def copy(self) -> Any:
                return Handler()

    session = await join(Handler(), id="mine", owner=7)
    session.runner.push_audio(FRAME, RATE)
    await until(lambda: len(seen) == 2)
    await session.close("bye")
    assert len(seen) == 3
    assert {(context.webrtc_id, context.user_id, context.websocket, context.session_id) for context in seen} == {
        ("mine", 7, None, session.id)
    }


async def test_clear_queue_from_a_thread(join: Join) -> None:
    """`clear_queue` drops the audio that is not played yet, here and at the client."""

    class Clearing(Blocking):
        def receive(self, frame: AudioFrame) -> None:
            self.clear_queue()

    session = await join(Clearing())
    handler_of(session).queue.put((RATE, np.tile(FRAME, 3)))
    await until(lambda: session.runner.playing)
    session.runner.push_audio(FRAME, RATE)
    await until(lambda: connection_of(session).cleared == 1)
    assert not session.runner.playing


async def test_stereo_is_packed(join: Join) -> None:
    """A stereo handler gets and returns interleaved samples."""

    class Stereo(Echo):
        def __init__(self) -> None:
            super().__init__()
            self.expected_layout = "stereo"

        async def receive(self, frame: AudioFrame) -> None:
            self.frames.append(frame)

    session = await join(Stereo(), kind="webrtc")
    session.runner.push_audio(FRAME, RATE)
    handler = handler_of(session)
    await until(lambda: handler.frames)
    assert handler.frames[0][1].shape == (1, 2 * len(FRAME))
    handler.queue.put_nowait((RATE, handler.frames[0][1], "stereo"))
    audio_frame = await session.runner.next_audio()
    assert audio_frame is not None
    assert audio_frame.samples.tolist() == FRAME.tolist()


async def test_names_that_a_handler_may_define(join: Join) -> None:
    """A handler may use any attribute name that is not FastRTC's, such as `host` or `leave`."""

    class Busy(Echo):
        def __init__(self) -> None:
            super().__init__()
            self.host = self.session = self.join = self.leave = self.release = self.emitter = self.at_rest = "mine"

    session = await join(Busy())
    session.runner.push_audio(FRAME, RATE)
    assert await session.runner.next_audio() is not None
    assert handler_of(session).host == "mine"
    await session.close("bye")
