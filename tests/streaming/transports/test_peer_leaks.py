"""Sessions over WebRTC leave no session, handler, connection, task, thread, file or queue."""

import asyncio
import gc
import os
import threading
from collections import Counter

import aioice.ice
import pytest
from aiortc import RTCPeerConnection
from pytest_django import Settings

from streaming.aio.executors import close_threads
from streaming.cluster.runtime import runtime
from streaming.handlers.stream import Stream
from streaming.sessions.session import Session
from streaming.transports.webrtc.connection import Connection
from streaming.transports.webrtc.data_channel import Messages
from streaming.transports.webrtc.peer import Peer, Peers
from streaming.transports.webrtc.rtp_in import TrackDecoder
from streaming.transports.webrtc.rtp_out import AudioTrack
from tests.streaming.transports.handlers import Echo, echo
from tests.streaming.transports.rtc import Caller, here, nothing_is_left, until

pytestmark = pytest.mark.django_db(transaction=True)

HELD = (Session, Peer, Connection, Messages, AudioTrack, TrackDecoder, RTCPeerConnection, Echo)
WAYS = ("in order", "without a word", "from our side")
SILENT = "silent"


async def one_session(stream: Stream, way: str, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Call, wait for the echo, and leave in one of the ways."""
    settings.RTC_SILENCE_S = 6.0 if way == SILENT else 60.0
    monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 100)
    caller = await Caller(here(stream), "sendrecv", microphone=700).call()
    await caller.wait_for_pitch(700)
    if way == "without a word":
        caller.lose_network()
        monkeypatch.setattr(aioice.ice, "CONSENT_FAILURES", 1)
    elif way == "from our side":
        await stream.sessions[caller.id].close("enough")
    elif way == SILENT:
        caller.microphone.muffled = True
    if way != "in order":
        await until(lambda: not stream.sessions, "it was not missed")
    await caller.close()
    await until(lambda: not stream.sessions and not len(runtime().part(Peers)), "the session did not end", 60)


async def held() -> Counter[str]:
    """Count the parts of sessions once they are stable."""
    await nothing_is_left()
    await until(lambda: not runtime().rpc._answerers, "an address is still answered")
    await asyncio.sleep(0.2)  # threads end after what they did last
    close_threads()
    gc.collect()
    found = Counter(type(one).__name__ for one in gc.get_objects() if issubclass(type(one), HELD))
    found["tasks"] = len(asyncio.all_tasks())
    found["threads"] = sum(not thread.name.startswith("asyncio_") for thread in threading.enumerate())  # the pool's are as many as may be
    found["files"] = len(os.listdir("/proc/self/fd"))
    return found


async def test_nothing_is_left(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dozen sessions leave as much as three, and each handler was shut down once."""
    settings.RTC_RENEW_S = 0.3
    monkeypatch.setattr(aioice.ice, "CONSENT_INTERVAL", 0.1)
    stream = echo()
    for way in WAYS:
        await one_session(stream, way, settings, monkeypatch)
    before, begun, ended = await held(), Echo.begun, Echo.ended
    for way in (*WAYS * 4, SILENT):
        await one_session(stream, way, settings, monkeypatch)
    for _ in range(50):  # the last thread may take a while to end
        after = await held()
        if not (more := {what: count - before[what] for what, count in after.items() if count > before[what]}):
            break
    assert more == {}
    assert (Echo.begun - begun, Echo.ended - ended) == (13, 13)
