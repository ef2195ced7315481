"""`WebRTCConnectionMixin`: a program's own class of streams answers offers, in the shape of FastRTC's own tests."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from config.program.program import Program
from config.program.program_imports import ProgramImports
from streaming import discovery
from streaming.handlers.connection_mixin import FunctionHandler, SetOutputs, WebRTCConnectionMixin
from streaming.handlers.fastrtc_compat import Body
from streaming.handlers.stream import Stream
from streaming.types.outputs import AdditionalOutputs
from tests.streaming.transports.rtc import Caller, nothing_is_left, until

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """Check after each test that nothing of its sessions is left."""
    yield
    await nothing_is_left()


class OwnStream(WebRTCConnectionMixin):
    """Sets its attributes itself, and has an `offer` of its own."""

    def __init__(self, handler: Any, modality: Any = "audio", limit: int = 1, *, extra: bool = False) -> None:
        super().__init__()
        self.event_handler = handler
        self.modality = modality
        self.mode = "send-receive"
        self.concurrency_limit = limit
        self.time_limit = None
        self.allow_extra_tracks = extra
        self.server_rtc_configuration = None
        self.name = "own"

    async def offer(self, body: Any, user_id: int | None = None, set_outputs: SetOutputs | None = None) -> Any:
        """Answer an offer."""
        return await self.handle_offer(body, set_outputs or self.set_additional_outputs(body.webrtc_id))

    async def post(self, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Answer as the client of a test expects it."""
        return 200, await self.offer(Body(**body))


def same(frame: Any) -> Any:
    """Return a frame of audio."""
    return frame


async def test_a_function_plays_what_it_returns() -> None:
    """The audio of a function comes back; a second offer with the id of the live session, and one above the limit, are refused."""
    stream = OwnStream(same)
    caller = await Caller(stream.post, "sendrecv").call()
    await caller.wait_for_pitch(440)
    assert isinstance(stream.event_handler, FunctionHandler)
    for webrtc_id, meta in (
        (caller.id, {"error": "connection_already_exists"}),
        ("other", {"error": "concurrency_limit_reached", "limit": 1}),
    ):
        other = Caller(stream.post, "sendrecv", webrtc_id=webrtc_id)
        assert await other.post(await other.offer()) == (200, {"status": "failed", "meta": meta})
        await other.close()
    await caller.wait_for_pitch(440)
    await caller.close()


async def test_outputs_reach_the_callers_function() -> None:
    """Each AdditionalOutputs is passed to `set_outputs`; by default they are read with `output_stream`."""
    stream, found = OwnStream(lambda frame: (frame, AdditionalOutputs(frame[0]))), []

    async def post(body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        return 200, await stream.offer(Body(**body), set_outputs=found.append)

    caller = await Caller(post, "sendrecv").call()
    await until(lambda: len(found) > 2, "no outputs came")
    async for outputs in stream.output_stream(caller.id):
        assert outputs.args == found[0].args == (48_000,)
        break
    await caller.close()
    await until(lambda: not stream._forwarding, "the forwarding of outputs did not end")


async def test_what_cannot_be_answered_raises() -> None:
    """With the words of FastRTC, which its users' tests look for; no slot is taken."""
    stream = OwnStream(same)
    caller = Caller(stream.post, "sendrecv", "sendrecv")
    with pytest.raises(ValueError, match="Unsupported track kind 'video' for modality 'audio'"):
        await stream.post(await caller.offer())
    stream.modality = "smell"  # type: ignore[assignment]
    with pytest.raises(ValueError, match="Modality must be"):
        await stream.post(await caller.offer())
    assert not stream.sessions
    await caller.close()
    extra = OwnStream(same, extra=True)
    with_both = await Caller(extra.post, "sendrecv", "sendrecv").call()
    await with_both.close()


async def test_streams_of_a_program_without_a_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A program's own tests start no server; its streams have different names all the same, and so separate sets of ids."""
    main = ModuleType("__main__")
    main.__file__ = str(tmp_path / "app.py")
    monkeypatch.setitem(sys.modules, "__main__", main)
    discovery.streams()  # the built-in ones are not the program's
    monkeypatch.setattr(Stream, "program", Program("app.py", ProgramImports(tmp_path, ROOT), public=False))
    callers = []
    for _ in range(2):
        stream = Stream(lambda image: image)

        async def post(body: dict[str, Any], stream: Stream = stream) -> tuple[int, dict[str, Any]]:
            return 200, await stream.offer(body)

        callers.append(await Caller(post, "", "sendrecv", webrtc_id="test_id").call())
    assert {"stream", "stream-2"} <= set(discovery.streams())
    await asyncio.gather(*(caller.close() for caller in callers))
    discovery._of_program.clear()


async def test_the_end_of_a_session_ends_the_wait_for_a_frame() -> None:
    """The thread of the handler is free again."""
    handler = FunctionHandler(lambda frame: frame)
    waiting = asyncio.get_running_loop().run_in_executor(None, handler.emit)
    handler.shutdown()
    assert await asyncio.wait_for(waiting, 10) is None
