"""Sessions over WebRTC leave nothing behind: no session, no handler, no connection, no task, no thread, no file, no queue."""

import asyncio
import gc
import os
import threading
from collections import Counter

import pytest
from aiortc import RTCPeerConnection
from pytest_django import Settings

from streaming.engine.participant import Participant
from streaming.engine.stream import Stream
from streaming.engine.switchboard import switchboard
from streaming.transports.connection import Connection
from streaming.transports.messages import Messages
from streaming.transports.receiving import PromptQueue
from streaming.transports.sending import SoundTrack
from streaming.transports.webrtc import Peer, peers
from tests.streaming.transports.handlers import Echo, echo
from tests.streaming.transports.rtc import Caller, here, nothing_is_left, until

pytestmark = pytest.mark.django_db(transaction=True)

HELD = (Participant, Peer, Connection, Messages, SoundTrack, PromptQueue, RTCPeerConnection, Echo)


async def one_session(stream: Stream, number: int) -> None:
    """Call, hear the echo, and leave: in order, without a word, or from our side."""
    caller = await Caller(here(stream), "sendrecv", microphone=700).call()
    await caller.hears(700)
    if number % 3 == 1:
        caller.vanish()
    elif number % 3 == 2:
        await stream.participants[caller.id].close("enough")
    await caller.close()
    await until(lambda: not stream.participants and not len(peers()), "the session did not end", 60)


async def held() -> Counter[str]:
    """Count what sessions are made of, when everything has settled."""
    await nothing_is_left()
    await until(lambda: not switchboard()._answerers, "an address is still answered")
    await asyncio.sleep(0.2)  # threads end after what they did last
    gc.collect()
    found = Counter(type(one).__name__ for one in gc.get_objects() if isinstance(one, HELD))
    found["tasks"] = len(asyncio.all_tasks())
    found["threads"] = sum(not thread.name.startswith("asyncio_") for thread in threading.enumerate())  # the pool's are as many as may be
    found["files"] = len(os.listdir("/proc/self/fd"))
    return found


async def test_nothing_is_left(settings: Settings) -> None:
    """After a dozen sessions there is as much as after the first three; each handler was shut down once."""
    settings.RTC_SILENCE_S, settings.RTC_RENEW_S = 2.0, 0.3  # a busy machine may hold up sound for a second
    stream = echo()
    for number in range(3):
        await one_session(stream, number)
    before, begun, ended = await held(), Echo.begun, Echo.ended
    for number in range(12):
        await one_session(stream, number)
    for _ in range(50):  # the last thread may take a while to end
        after = await held()
        if not (more := {what: count - before[what] for what, count in after.items() if count > before[what]}):
            break
    assert more == {}
    assert (Echo.begun - begun, Echo.ended - ended) == (12, 12)
