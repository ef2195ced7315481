"""`Stream`: valid and invalid combinations, inputs and outputs from Python."""

import asyncio
import threading
from collections.abc import Iterator
from enum import Enum
from typing import Any

import numpy as np
import pytest
from django.conf import LazySettings

from streaming.handlers import stream as stream_module
from streaming.handlers.handler_types import VideoStreamHandler
from streaming.handlers.stream import Stream, _json_values
from streaming.handlers.stream_handlers import AsyncAudioVideoStreamHandler
from streaming.types.outputs import AdditionalOutputs
from streaming.types.session_end import End
from tests.streaming.sessions.connections import Echo, Join, handler_of, outputs, stream_of, until


class Both(AsyncAudioVideoStreamHandler):
    """A handler of audio and video."""

    def copy(self) -> "Both":
        """Return a handler for another session."""
        return Both()

    async def receive(self, frame: Any) -> None:
        """Accept audio."""

    async def emit(self) -> None:
        """Return no audio."""

    async def video_receive(self, frame: Any) -> None:
        """Accept a video frame."""

    async def video_emit(self) -> None:
        """Return no video frame."""


class Shade(Enum):
    """An enumeration."""

    DARK = "dark"


def flip(image: Any) -> Any:
    """Change a video frame."""
    return image[::-1]


def count(start: int = 0) -> Iterator[int]:
    """Yield numbers."""
    yield start


FITS = [
    (Echo(), "audio", "send-receive"),
    (Echo(), "audio", "send"),
    (Both(), "audio-video", "send-receive"),
    (Both(), "video", "send-receive"),
    (flip, "video", "send-receive"),
    (VideoStreamHandler(flip), "video", "send"),
    (count, "video", "receive"),
    (count, "audio", "receive"),
]
MISFITS = [
    (Echo(), "video", "send-receive"),
    (Echo(), "audio-video", "send-receive"),
    (flip, "audio", "send-receive"),
    (flip, "video", "receive"),
    (VideoStreamHandler(count), "audio", "receive"),
    ("echo", "video", "send-receive"),
]


@pytest.mark.parametrize(("handler", "modality", "mode"), FITS)
def test_valid_combinations(handler: Any, modality: Any, mode: Any) -> None:
    """A stream takes a handler of its modality, a function of video frames, or a generator in mode `receive`."""
    stream = Stream(handler, modality=modality, mode=mode)
    assert (stream.has_audio, stream.has_video) == (modality != "video", modality != "audio")


@pytest.mark.parametrize(
    ("handler", "modality"), [(Echo(), "audio"), (Both(), "video"), (flip, "video"), (VideoStreamHandler(flip), "video")]
)
def test_a_stream_that_names_no_modality(handler: Any, modality: str) -> None:
    """A handler without video has audio; all others have FastRTC's default."""
    assert Stream(handler).modality == modality


@pytest.mark.parametrize(("handler", "modality", "mode"), MISFITS)
def test_invalid_combinations(handler: Any, modality: Any, mode: Any) -> None:
    """A stream that cannot work is refused at its creation."""
    with pytest.raises(TypeError):
        Stream(handler, modality=modality, mode=mode)


@pytest.mark.parametrize(("options", "named"), [({"modality": "smell"}, "Modality"), ({"mode": "both"}, "mode")])
def test_unknown_values(options: Any, named: str) -> None:
    """The error names the wrong value and the allowed ones."""
    with pytest.raises(ValueError, match=f"{named} must be 'send-receive'|{named} must be 'video'"):
        Stream(flip, **options)


def test_fastrtc_arguments_are_accepted() -> None:
    """A stream accepts FastRTC's arguments."""
    stream = Stream(
        flip,
        additional_outputs_handler=max,
        allow_extra_tracks=True,
        rtp_params={},
        rtc_configuration=None,
        server_rtc_configuration=None,
        track_constraints={},
        additional_inputs=[],
        additional_outputs=[],
        ui_args={"title": "x"},
        verbose=False,
    )
    assert stream.allow_extra_tracks


def test_a_mount_needs_a_path_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Django has one application, and its root is a setting: the error of a mount at the root says so."""
    monkeypatch.setattr(Stream, "routed", False)
    stream = Stream(flip)
    for path in ("", "/"):
        with pytest.raises(ValueError, match="DEFAULT_STREAM"):
            stream.mount(path=path)
    for path in ("a b", "a//b", "é", "a/<b>", "^a"):
        with pytest.raises(ValueError, match="a path has letters"):
            stream.mount(None, path)
    with pytest.raises(TypeError, match="Application.*path alone"):
        stream.mount(type("Application", (), {})(), "/voice")  # type: ignore[arg-type]
    assert stream.paths == []
    stream.mount(path="/voice.~v2/a_b-c", tags=["any"])
    assert stream.paths == ["voice.~v2/a_b-c"]


def test_the_url_of_a_page() -> None:
    """The URL has the stream's name; a stream that is not registered yet has none."""
    assert Stream(flip, name="flip").ui.url == str(Stream(flip, name="flip").ui) == "/streams/flip/"
    with pytest.raises(RuntimeError, match="no name yet"):
        Stream(flip).ui.url  # noqa: B018


@pytest.mark.parametrize("name", ["rtc_configuration", "server_rtc_configuration"])
def test_configurations_are_checked_at_creation(name: str) -> None:
    """An invalid configuration is refused at the stream's creation, not at the first session."""
    with pytest.raises(TypeError, match=f"^{name} must be"):
        Stream(flip, **{name: "turn:turn.example.org"})
    with pytest.raises(ValueError, match=f"^{name}: iceServers"):
        Stream(flip, **{name: {"iceServers": ["turn:turn.example.org"]}})


async def test_the_browser_s_configuration() -> None:
    """A stream's own configuration wins, whatever its kind; None means the settings."""
    own = {"iceServers": [{"urls": "turn:turn.example.org", "username": "a", "credential": "b"}]}
    assert await Stream(flip, rtc_configuration=lambda: own).get_rtc_configuration() == own
    assert await Stream(flip).get_rtc_configuration() is None


def test_the_error_of_an_outside_service() -> None:
    """FastRTC's telephone number belongs to an outside service; the error says so."""
    with pytest.raises(NotImplementedError, match="Telephones"):
        Stream(flip).fastphone()


def test_limits(settings: LazySettings) -> None:
    """A stream has its own limit, the setting's, or none."""
    settings.STREAM_CONCURRENCY_LIMIT = 3
    assert Stream(flip).limit == 3
    assert Stream(flip, concurrency_limit=8).limit == 8
    assert Stream(flip, concurrency_limit=None).limit is None


async def test_inputs_by_id(join: Join) -> None:
    """`set_input` passes all values to the handler of that id, and reports an unknown id."""
    session = await join(Echo(), id="mine")
    session.stream.set_input("mine", 0.7, "two")
    assert handler_of(session).latest_args == ["__webrtc_value__", 0.7, "two"]
    assert handler_of(session).args_set.is_set()
    with pytest.raises(LookupError, match="tested"):
        session.stream.set_input("other", 1)


async def test_output_stream(join: Join) -> None:
    """Several readers each get every output, from the first one on, until the session ends."""
    stream = stream_of(Echo())

    async def read() -> list[Any]:
        return [output.args[0] async for output in stream.output_stream("later")]

    early = [asyncio.create_task(read()) for _ in range(3)]
    await asyncio.sleep(0)
    session = await join(stream, id="later")
    for output in outputs(1, 2, 3):
        handler_of(session).queue.put_nowait(output)
    await until(lambda: session.outputs.last == 3)
    late = asyncio.create_task(read())
    await asyncio.sleep(0)
    await session.close("bye")
    assert [await reader for reader in (*early, late)] == [[1, 2, 3]] * 4


async def test_outputs_are_snapshots(join: Join) -> None:
    """A handler that changes a list after it gave it changes no earlier event, also not those that are queued."""
    session = await join(Echo(), id="mine")
    chat: list[Any] = []
    video_frame = np.zeros(2)
    for text in ("one", "two"):
        chat.append({"content": [text]})
        handler_of(session).queue.put_nowait(AdditionalOutputs(chat, video_frame))
        chat[-1]["content"].append("more")
        video_frame += 1
    await until(lambda: session.outputs.last == 2)
    given = [session.outputs.after(number)[1].args for number in (0, 1)]
    assert [args[0] for args in given] == [
        [{"content": ["one"]}],
        [{"content": ["one", "more"]}, {"content": ["two"]}],
    ]
    assert [args[1].tolist() for args in given] == [[0, 0], [1, 1]]


async def test_outputs_are_the_program_s_own_objects(join: Join) -> None:
    """Every reader gets copies of its own, also one in another event loop; an object that cannot be copied is the same."""
    session = await join(Echo(), id="mine")
    lock, chat = threading.Lock(), [{"content": Shade.DARK}]
    handler_of(session).queue.put_nowait(AdditionalOutputs(chat, lock))
    await until(lambda: session.outputs.last == 1)

    async def first() -> Any:
        async for output in session.stream.output_stream("mine"):
            output.args[0].append("changed by a reader")
            return output.args
        return None

    for args in (await first(), await first(), await asyncio.to_thread(asyncio.run, first())):
        assert args[0] == [*chat, "changed by a reader"]
        assert args[1] is lock
    latest = await asyncio.to_thread(asyncio.run, session.stream.fetch_latest_output("mine"))
    assert latest.args == (chat, lock)


def test_values_for_another_process_are_json() -> None:
    """Models and arrays are converted; the error for another value names its type."""
    assert _json_values(("a", np.arange(2), {"x": Shade.DARK})) == ["a", [0, 1], {"x": "dark"}]
    with pytest.raises(TypeError, match="only JSON can be sent: a value of the type lock"):
        _json_values((1, threading.Lock()))


async def test_outputs_of_an_unknown_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """A read of the outputs of an unknown id waits a little, leaves nothing behind, and ends."""
    monkeypatch.setattr(stream_module, "FETCH_S", 0.02)
    stream = stream_of(Echo())
    with pytest.raises(LookupError):
        await anext(stream.output_stream("nobody"))
    assert not stream._arrivals


async def test_a_cancelled_read_of_outputs_leaves_no_task() -> None:
    """A reader that goes away before its session opens, such as a page that is closed, leaves nothing that waits for it."""
    before = asyncio.all_tasks()
    reading = asyncio.ensure_future(anext(stream_of(Echo()).output_stream("nobody")))
    while len(asyncio.all_tasks() - before) < 2:  # noqa: ASYNC110
        await asyncio.sleep(0)
    await asyncio.sleep(0.05)
    reading.cancel()
    await asyncio.wait({reading})
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == before


async def test_fetch_latest_output(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    """It returns the newest output, then the next newer one; without any in time it raises TimeoutError."""
    session = await join(Echo(), id="mine")
    stream = session.stream
    queue = handler_of(session).queue
    for output in outputs(1, 2):
        queue.put_nowait(output)
    await until(lambda: session.outputs.last == 2)
    assert (await stream.fetch_latest_output("mine")).args == (2,)
    asyncio.get_running_loop().call_later(0.01, queue.put_nowait, AdditionalOutputs(3))
    assert (await stream.fetch_latest_output("mine")).args == (3,)
    monkeypatch.setattr(stream_module, "FETCH_S", 0.02)
    with pytest.raises(TimeoutError):
        await stream.fetch_latest_output("mine")
    monkeypatch.setattr(stream_module, "FETCH_S", 5)
    asyncio.get_running_loop().call_later(0.01, session.end_early, End.SHUTDOWN)
    with pytest.raises(TimeoutError):
        await stream.fetch_latest_output("mine")


def test_video_frames_are_arrays() -> None:
    """The function of a video stream is an ordinary function of arrays."""
    video_frame = np.zeros((2, 3, 3), dtype=np.uint8)
    stream = Stream(flip)
    assert callable(stream.handler)
    assert stream.handler(video_frame).shape == (2, 3, 3)
