"""What a peer may send and open is bounded (design law 3), and its audio is always read."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from streaming.cluster.runtime import runtime
from streaming.handlers.stream import Stream
from streaming.transports.webrtc import connection as connection_module
from streaming.transports.webrtc import rtp_in
from streaming.transports.webrtc.peer import Peers
from tests.streaming.transports.handlers import echo
from tests.streaming.transports.rtc import Caller, here, nothing_is_left, until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """Check after each test that nothing of its sessions is left."""
    yield
    await nothing_is_left()


def waiting(stream: Stream, caller: Caller) -> int:
    """Return how many frames of the caller's audio wait for their decoder, and how many decoded ones in aiortc's track."""
    peer = runtime().part(Peers).find((1, stream.name, caller.id))
    assert peer is not None
    assert peer._connection is not None
    receiver = peer._connection._pc.getReceivers()[0]
    return receiver._RTCRtpReceiver__decoder_queue.waiting + receiver.track._queue.qsize()


def broken(*block: Any) -> Any:
    """Raise an error."""
    raise ValueError("no such sound")


async def test_data_channels_above_the_limit_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first channels stay, and messages still arrive."""
    monkeypatch.setattr(connection_module, "MOST_CHANNELS", 3)
    stream = echo()
    caller = await Caller(here(stream), "sendrecv").call()
    more = [caller.pc.createDataChannel(f"more {number}") for number in range(5)]
    await until(lambda: sum(channel.readyState == "closed" for channel in more) == 3, "they were not closed")
    assert [channel.readyState for channel in more[:2]] == ["open", "open"]
    caller.channel.send("hello")
    await caller.wait_for_pitch(440)
    await caller.close()


async def test_a_track_that_cannot_be_decoded_is_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its queue does not grow."""
    monkeypatch.setattr(rtp_in, "mono", broken)
    stream = echo()
    caller = await Caller(here(stream), "sendrecv").call()
    sent = caller.microphone._count
    await until(lambda: caller.microphone._count > sent + 50, "the microphone stopped")
    await until(lambda: waiting(stream, caller) <= 5, "the track is not emptied")
    assert caller.id in stream.sessions
    await caller.close()


async def test_audio_that_raises_an_error_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The audio is still read, and the session continues."""
    stream = echo()
    caller = await Caller(here(stream), "sendrecv").call()
    await caller.wait_for_pitch(440)
    session = stream.sessions[caller.id]
    monkeypatch.setattr(session.runner.audio_input, "push", broken)
    await caller.message("error", "no such sound")
    sent = caller.microphone._count
    await until(lambda: caller.microphone._count > sent + 50, "the microphone stopped")
    await until(lambda: waiting(stream, caller) <= 5, "the track is not read on")
    assert caller.id in stream.sessions
    await caller.close()
