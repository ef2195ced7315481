"""The cost of offers, candidates and floods of offers: sizes are checked before parsing, and the rest is bounded."""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from aiortc.sdp import SessionDescription

from streaming.cluster.runtime import runtime
from streaming.handlers.stream import Stream
from streaming.transports.webrtc import peer as webrtc
from streaming.transports.webrtc.connection import read_offer
from streaming.transports.webrtc.offer_limits import (
    LONGEST_SDP,
    MOST,
    MOST_AT_ONCE,
    MOST_CANDIDATES,
    MOST_OF,
    MOST_OF_ADDRESS,
    OfferError,
    OfferQueue,
    TooManyOffers,
    bounded_lines,
)
from streaming.transports.webrtc.peer import Peers
from tests.streaming.transports.handlers import echo, negative
from tests.streaming.transports.rtc import Caller, here, nothing_is_left, until

pytestmark = pytest.mark.django_db(transaction=True)

STEP_S = 0.08
"""An offer may hold the event loop for 20 ms; four times that is allowed here."""
SUCCESS = (200, {"status": "success"})
HEAD = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"
SECTION = (
    "m={kind} 9 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na=sendrecv\r\na=rtcp-mux\r\na=ice-ufrag:abcd\r\n"
    "a=ice-pwd:abcdefghijklmnopqrstuvwx\r\na=setup:actpass\r\na=fingerprint:sha-256 " + ":".join(["AB"] * 32) + "\r\n"
)
VIDEO, AUDIO = (SECTION.format(kind=kind, mid=0) for kind in ("video", "audio"))
OPUS = "a=rtpmap:96 opus/48000/2\r\n"


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """Check after each test that nothing of its sessions is left."""
    yield
    await nothing_is_left()


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The processor time in seconds of each step of the event loop, without garbage collection (a server freezes loaded objects)."""
    took: list[float] = []
    run = asyncio.Handle._run

    def measured(handle: asyncio.Handle) -> None:
        began = time.thread_time()
        run(handle)
        took.append(time.thread_time() - began)

    monkeypatch.setattr(asyncio.Handle, "_run", measured)
    gc.collect()
    gc.disable()
    yield took
    gc.enable()


def lines(line: Callable[[int], str], count: int) -> str:
    """Return this many lines."""
    return "".join(line(number) + "\r\n" for number in range(count))


def candidate_lines(count: int) -> str:
    """Return candidates for different ports."""
    return lines(lambda i: f"a=candidate:{i} 1 udp 2122260223 192.0.2.77 {1000 + i} typ host", count)


def sections(kind: str, codec: str, count: int, each: int, more: str = "") -> str:
    """Return media sections, each with this many codecs of one kind."""
    return "".join(
        SECTION.format(kind=kind, mid=mid) + lines(lambda i: f"a=rtpmap:{96 + i} {codec}", each) + more.format(96) for mid in range(count)
    )


async def offered(stream: Stream, sdp: str) -> tuple[int, dict[str, Any]]:
    """Post an offer that never connects, under a new id."""
    return await here(stream)({"type": "offer", "webrtc_id": str(len(stream.sessions)), "sdp": sdp})


H264 = "".join(f"a=fmtp:{96 + i} packetization-mode=1;profile-level-id=42e01f\r\n" for i in range(20))
SHAPES = {
    "codecs and feedback for all": HEAD + VIDEO + lines(lambda i: "a=rtpmap:96 a/1", 1000) + lines(lambda i: "a=rtcp-fb:* a", 1000),
    "one codec again and again": HEAD + VIDEO + lines(lambda i: "a=rtpmap:96 VP8/90000", 1300),
    "one codec with many numbers": HEAD + VIDEO + lines(lambda i: f"a=rtpmap:{96 + i if i < 32 else i - 32} VP8/90000", 62),
    "one codec with high numbers": HEAD + VIDEO + lines(lambda i: f"a=rtpmap:{96 + i} VP8/90000", 62) + "a=rtcp-fb:* nack\r\n",
    "sources": HEAD + AUDIO + OPUS + lines(lambda i: f"a=ssrc:{i} a:", 2000),
    "media sections": HEAD + lines(lambda i: "m=a 9 A 1", 2900),
    "candidates": HEAD + AUDIO + OPUS + candidate_lines(600),
    "99,000 characters of candidates": HEAD + AUDIO + OPUS + candidate_lines(1600),
    "as many VP8 codecs as allowed": HEAD + sections("video", "VP8/90000", 8, 20, "a=rtcp-fb:* nack pli\r\na=rtcp-fb:* nack\r\n"),
    "as many H.264 codecs as allowed": HEAD + sections("video", "H264/90000", 8, 20).replace("a=mid", H264 + "a=mid", 8),
    "as many lines as allowed": HEAD + AUDIO + OPUS + lines(lambda i: "a=fingerprint:sha-256 AB", 970),
    "parameters": HEAD + AUDIO + OPUS + "a=fmtp:96 " + ";".join(f"{i:x}" for i in range(6000)) + "\r\n",
}


@pytest.mark.parametrize("shape", SHAPES)
async def test_no_offer_blocks_the_event_loop(shape: str, steps: list[float]) -> None:
    """Every offer is answered or refused in short steps."""
    video = "m=video" in SHAPES[shape]
    stream = Stream(negative, modality="video", mode="send-receive", name="negative") if video else echo()
    warm = HEAD + (VIDEO + "a=rtpmap:96 VP8/90000\r\n" if video else AUDIO + OPUS)
    await asyncio.create_task(offered(stream, warm))
    steps.clear()
    status, answer = await asyncio.create_task(offered(stream, SHAPES[shape]))
    longest = max(steps)
    for session in list(stream.sessions.values()):
        await session.close("test")
    assert status in (200, 422), answer
    assert longest < STEP_S


@pytest.mark.parametrize("text", ["a" * (LONGEST_SDP + 1), "\u20ac" * (LONGEST_SDP // 3 + 1), "\ud800" * LONGEST_SDP])
async def test_a_long_offer_is_refused_before_it_is_parsed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """The error names the field and the limit in bytes."""
    parsed: list[str] = []
    monkeypatch.setattr(SessionDescription, "parse", parsed.append)
    status, answer = await here(echo())({"type": "offer", "webrtc_id": "long", "sdp": text})
    assert status == 422
    assert answer["detail"][0]["loc"] == ["body", "sdp"]
    assert f"at most {LONGEST_SDP} bytes" in answer["detail"][0]["msg"]
    assert answer["status"] == "failed"
    assert parsed == []


@pytest.mark.parametrize("attribute", MOST_OF)
def test_each_attribute_has_a_limit(attribute: str) -> None:
    """An offer at the limit is processed completely."""
    most = MOST_OF[attribute]
    values = lines(lambda i: f"a={attribute}:{96 + i % 20} x", most)
    described = HEAD + "".join(VIDEO + part for part in (values[i : i + len(values) // 8] for i in range(0, len(values), len(values) // 8)))
    if attribute != "rtpmap":
        assert bounded_lines(HEAD + VIDEO + values) == (HEAD + VIDEO + values).splitlines()
        with pytest.raises(OfferError, match=f"at most {most} lines a={attribute}"):
            bounded_lines(HEAD + VIDEO + values + f"a={attribute}:1 x\r\n")
    else:
        assert described.count("a=rtpmap") == most


@pytest.mark.parametrize(
    ("more", "text"),
    [
        (lines(lambda i: f"a=rtpmap:{128 + i} a/1", 65), "at most 64 codecs"),
        (lines(lambda i: f"a=rtpmap:{i} vp8/90000", 5), "at most 4 VP8 and H264 codecs"),
        (lines(lambda i: f"a=rtpmap:{124 + i} H264/90000", 9), "at most 4 VP8 and H264 codecs"),
        ("a=rtpmap:96 a/1\r\na=rtpmap:096 b/1\r\n", "payload type 96 only once"),
        ("a=rtpmap:x a/1\r\n", "no payload type"),
        (lines(lambda i: "a=rtcp-fb:* nack", 17), "at most 16 lines a=rtcp-fb"),
        (lines(lambda i: "a=x", 1000), "at most 1000 lines"),
        ("a=candidate:1 1 udp 1 192.0.2.7 1 typ host " + "x" * 1000 + "\r\n", "at most 1000 characters"),
        ("a=candidate:1 1 udp x 0d1e2f3a.local 1 typ host\r\n", "cannot be read"),
    ],
)
def test_every_other_limit_is_named(more: str, text: str) -> None:
    """The error names the limit, so that a developer can fix the client."""
    with pytest.raises(OfferError, match=text):
        read_offer(HEAD + VIDEO + more)


def test_candidates_above_the_limit_are_left_out_of_an_offer() -> None:
    """Candidates that each section repeats count once."""
    described = read_offer(HEAD + (AUDIO + OPUS + candidate_lines(MOST_CANDIDATES + 9) + candidate_lines(3)) * 2)
    assert described.candidates == MOST_CANDIDATES
    assert described.sdp.count("a=candidate") == 2 * MOST_CANDIDATES
    assert f" {1000 + MOST_CANDIDATES} typ" not in described.sdp


def test_the_offer_of_a_browser_is_within_the_limits() -> None:
    """Chromium offers about 45 video codecs and 120 feedback lines for a camera; this offer has three cameras."""
    feedback = "".join(f"a=rtcp-fb:{96 + i % 30} {kind}\r\n" for i in range(16) for kind in ("nack", "nack pli", "ccm fir", "goog-remb"))
    camera = VIDEO + lines(lambda i: f"a=rtpmap:{96 + i} rtx/90000", 32) + lines(lambda i: f"a=rtpmap:{35 + i} AV1/90000", 13) + feedback
    assert bounded_lines(HEAD + AUDIO + OPUS + camera * 3) == (HEAD + AUDIO + OPUS + camera * 3).splitlines()


async def test_candidates_of_a_session_above_the_limit_are_ignored() -> None:
    """They get success, as the earlier ones; a repeated one is not tried twice."""
    stream = echo()
    caller = await Caller(here(stream), "sendrecv").call()
    peer = runtime().part(Peers).find((1, stream.name, caller.id))
    assert peer is not None
    connection: Any = peer._connection
    offered = connection._offer.candidates
    assert offered > 0
    tried: list[int] = []

    async def try_one(trickled: Any) -> None:
        tried.append(trickled.candidate.port)

    connection._add_candidate = try_one
    for port in [*range(1000, 1100), *range(1000, 1100)]:
        init = {"candidate": f"candidate:1 1 udp 1 192.0.2.77 {port} typ host", "sdpMid": "0"}
        assert await caller.post({"type": "ice-candidate", "candidate": init}) == SUCCESS
    await until(lambda: not [task for task in connection._tasks if "try_one" in str(task)], "they were not tried")
    assert tried == list(range(1000, 1100 - 100 + MOST_CANDIDATES - offered))
    await caller.wait_for_pitch(440)
    await caller.close()


async def test_a_candidate_that_comes_while_its_offer_is_answered_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The session exists and has no connection yet."""
    stream = echo()
    go_on, began, answer = asyncio.Event(), asyncio.Event(), webrtc.Connection.answer

    async def slow(self: Any) -> str:
        began.set()
        await go_on.wait()
        return await answer(self)

    monkeypatch.setattr(webrtc.Connection, "answer", slow)
    caller = Caller(here(stream), "sendrecv")
    posting = asyncio.create_task(caller.post(await caller.offer()))
    await began.wait()
    init = {"candidate": "candidate:1 1 udp 1 192.0.2.77 1000 typ host", "sdpMid": "0"}
    early = asyncio.create_task(caller.post({"type": "ice-candidate", "candidate": init}))
    await until(lambda: len(runtime().part(Peers).early) == 1, "it was not kept")
    go_on.set()
    status, described = await posting
    assert status == 200
    peer: Any = runtime().part(Peers).find((1, stream.name, caller.id))
    assert [identity[4] for identity in peer._connection._candidates] == [1000]
    await early
    await caller.accept(described)
    await caller.wait_for_pitch(440)
    await caller.close()


async def test_few_peer_connections_are_made_at_the_same_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other offers wait for their turn and get an answer."""
    stream = echo(concurrency_limit=100)
    now, most, answer = 0, 0, webrtc.Connection.answer

    async def counted(self: Any) -> str:
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        try:
            return await answer(self)
        finally:
            now -= 1

    monkeypatch.setattr(webrtc.Connection, "answer", counted)
    offers = [{"type": "offer", "webrtc_id": str(number), "sdp": HEAD + AUDIO + OPUS} for number in range(3 * MOST_AT_ONCE)]
    statuses = [status for status, _ in await asyncio.gather(*(here(stream)(offer) for offer in offers))]
    assert statuses == [200] * len(offers)
    assert most == MOST_AT_ONCE
    for session in list(stream.sessions.values()):
        await session.close("test")


async def test_waiting_offers_are_limited() -> None:
    """Offers above the limit per address and in total get FastRTC's error, and make no session."""
    stream = echo()
    with ExitStack() as places:
        for _ in range(MOST_OF_ADDRESS):
            places.enter_context(runtime().part(OfferQueue).place(""))
        status, answer = await here(stream)({"type": "offer", "webrtc_id": "a", "sdp": HEAD + AUDIO + OPUS})
        assert (status, answer["meta"]) == (429, {"error": "concurrency_limit_reached", "limit": MOST_OF_ADDRESS})
        for number in range(MOST - MOST_OF_ADDRESS):
            places.enter_context(runtime().part(OfferQueue).place(f"192.0.2.{number}"))
        with pytest.raises(TooManyOffers, match=str(MOST)), runtime().part(OfferQueue).place("192.0.2.250"):
            pass
    assert not stream.sessions
    assert not runtime().part(OfferQueue)._of_address


async def test_an_unconnected_peer_loses_its_slot_to_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """It loses it after a while only; connected peers stay."""
    stream = echo(concurrency_limit=2)
    connected = await Caller(here(stream), "sendrecv").call()
    for status, wait_s in ((200, 600.0), (429, 600.0), (200, 1e-6)):
        monkeypatch.setattr(webrtc, "CONNECTING_S", wait_s)
        latest = Caller(here(stream), "sendrecv")
        assert (await latest.post(await latest.offer()))[0] == status
        await latest.close()
    assert list(stream.sessions) == [connected.id, latest.id]
    await stream.sessions[latest.id].close("test")
    await connected.wait_for_pitch(440)
    await connected.close()
