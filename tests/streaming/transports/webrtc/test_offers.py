"""Offers and candidates: FastRTC's envelopes, released slots, and sessions renewed by their owner."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from typing import Any

import aioice.ice
import pytest

from streaming.cluster import session_endpoint
from streaming.cluster.runtime import runtime
from streaming.handlers.stream import Stream
from streaming.transports.webrtc import offers, peer
from streaming.transports.webrtc.connection import read_offer
from streaming.transports.webrtc.offer_limits import MOST_SECTIONS, OfferError
from streaming.transports.webrtc.peer import Peers
from tests.streaming.transports.handlers import Echo, echo, negative
from tests.streaming.transports.rtc import Caller, here, nothing_is_left, until

pytestmark = pytest.mark.django_db(transaction=True)

HOST = "candidate:1 1 udp 2122260223 192.0.2.77 50000 typ host"
SUCCESS = {"status": "success"}


def failed(error: str, **meta: Any) -> dict[str, Any]:
    """Return FastRTC's envelope."""
    return {"status": "failed", "meta": {"error": error, **meta}}


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """Check after each test that nothing of its sessions is left."""
    yield
    await nothing_is_left()


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["type", "webrtc_id"]),
        ({"type": "offer", "sdp": "v=0"}, ["webrtc_id"]),
        ({"webrtc_id": "a"}, ["type"]),
        ({"type": "offer", "webrtc_id": "a"}, ["sdp"]),
        ({"type": "offer", "webrtc_id": "a", "sdp": 7}, ["sdp"]),
        ({"type": "answer", "webrtc_id": "a", "sdp": "v=0"}, ["type"]),
        ({"type": "ice-candidate", "webrtc_id": "a", "candidate": "text"}, ["candidate"]),
        ({"type": "offer", "webrtc_id": 7, "sdp": "v=0"}, ["webrtc_id"]),
    ],
)
async def test_missing_and_invalid_fields_are_named(body: dict[str, Any], fields: list[str]) -> None:
    """One response in FastAPI's form names all of them."""
    post = here(echo())
    status, answer = await post(body)
    assert status == 422
    assert [detail["loc"] for detail in answer["detail"]] == [["body", field] for field in fields]


BROKEN = {
    "no description": "nonsense",
    "empty": "",
    "no media": "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n",
    "no codec of ours": "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\n"
    "a=rtpmap:111 speex/8000\r\na=mid:0\r\na=sendrecv\r\n",
    "too long": "v=0\r\n" + "a=x\r\n" * 40_000,
}


@pytest.mark.parametrize("sdp", BROKEN.values(), ids=BROKEN.keys())
async def test_an_invalid_offer_takes_no_slot(sdp: str) -> None:
    """FastRTC answers 500 and keeps the slot for ever."""
    stream = echo(concurrency_limit=1)
    begun, ended = Echo.begun, Echo.ended
    for number in range(3):
        status, answer = await here(stream)({"type": "offer", "sdp": sdp, "webrtc_id": str(number)})
        assert status == 422
        assert answer["status"] == "failed"
        assert answer["detail"][0]["loc"] == ["body", "sdp"]
    await until(lambda: not stream.sessions, "a slot was kept")
    caller = await Caller(here(stream), "sendrecv").call()
    await caller.close()
    await until(lambda: Echo.begun - begun == Echo.ended - ended, "a handler was not shut down")


async def test_cut_offers_never_crash() -> None:
    """An offer that is cut anywhere is answered or refused, and leaves nothing."""
    stream = echo(concurrency_limit=2)
    caller = Caller(here(stream), "sendrecv", "sendrecv")
    sdp = (await caller.offer())["sdp"]
    for length in range(0, len(sdp), 97):
        status, answer = await here(stream)({"type": "offer", "sdp": sdp[:length], "webrtc_id": "cut"})
        assert status in (200, 422), answer
        if status == 200:
            await stream.sessions["cut"].close("test")
        await until(lambda: not stream.sessions, "a slot was kept")
    await caller.close()


async def test_the_limit_has_fastrtcs_error_and_status_429() -> None:
    """The slot is free after the session."""
    stream = echo(concurrency_limit=1)
    first = await Caller(here(stream), "sendrecv").call()
    second = Caller(here(stream), "sendrecv")
    assert await second.post(await second.offer()) == (429, failed("concurrency_limit_reached", limit=1))
    await first.close()
    await until(lambda: not stream.sessions, "the slot was kept")
    third = await Caller(here(stream), "sendrecv").call()
    await third.close()
    await second.close()


async def test_the_answer_is_not_delayed() -> None:
    """FastRTC sleeps 100 ms; at least one of fifty answers takes less than that."""
    stream = echo()
    took = [1.0]
    while len(took) <= 50 and min(took) >= 0.1:
        caller = Caller(here(stream), "sendrecv")
        offer = await caller.offer()
        began = time.perf_counter()
        status, answer = await caller.post(offer)
        took.append(time.perf_counter() - began)
        assert status == 200
        assert "a=candidate:" in answer["sdp"]
        await stream.sessions[caller.id].close("test")
        await caller.close()
    assert min(took) < 0.1


async def test_an_mdns_name_does_not_delay_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Browsers send mDNS names before a microphone is allowed; resolving takes up to a second, and never ends in this test."""
    looking_up: list[Any] = []

    async def never(*wanted: Any) -> Any:
        looking_up.append(wanted)
        return await asyncio.Event().wait()

    monkeypatch.setattr(aioice.ice, "get_or_create_mdns_protocol", never)
    stream = echo()
    caller = Caller(here(stream), "sendrecv")
    offer = await caller.offer()
    hidden = re.sub(r"(a=candidate:\S+ 1 udp \d+) \S+", r"\1 0d1e2f3a-1111-4222-8333-444455556666.local", offer["sdp"])
    status, answer = await caller.post(offer | {"sdp": hidden + "a=end-of-candidates\r\n"})
    assert status == 200
    await until(lambda: bool(looking_up), "nobody looked the name up")
    await caller.accept(answer)
    await caller.wait_for_pitch(440)  # the client's own checks have its address
    await caller.close()


async def test_an_unknown_id_has_fastrtcs_error() -> None:
    """The status is 200, after a moment in which its offer could arrive."""
    post = here(echo())
    assert await post({"type": "ice-candidate", "webrtc_id": "nobody", "candidate": {"candidate": HOST}}) == (
        200,
        failed("unknown_connection"),
    )


async def test_a_candidate_may_come_before_its_offer(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is used by the offer of the same user, and its request succeeds."""
    monkeypatch.setattr(offers, "EARLY_S", 0.1)
    stream = echo()
    caller = Caller(here(stream), "sendrecv")
    for user in (2, None):
        strange = here(stream, user)
        assert (await strange({"type": "ice-candidate", "webrtc_id": caller.id, "candidate": {"candidate": HOST}}))[1] != SUCCESS
    monkeypatch.setattr(offers, "EARLY_S", 30.0)
    early = asyncio.create_task(caller.post({"type": "ice-candidate", "candidate": {"candidate": HOST, "sdpMid": "0"}}))
    offer = await caller.offer()
    bare = "".join(line for line in offer["sdp"].splitlines(keepends=True) if not line.startswith("a=candidate"))
    status, answer = await caller.post(offer | {"sdp": bare})
    assert status == 200
    assert await early == (200, SUCCESS)
    pc = runtime().part(Peers).find((1, stream.name, caller.id))._connection._pc
    await until(lambda: "192.0.2.77" in known(pc), "the early candidate was not tried")
    await caller.accept(answer)
    await caller.wait_for_pitch(440)
    await caller.close()


def known(pc: Any) -> set[str]:
    """Return the remote addresses of a connection."""
    transports = {transceiver.receiver.transport.transport for transceiver in pc.getTransceivers()}
    return {candidate.ip for transport in transports for candidate in transport.getRemoteCandidates()}


@pytest.mark.parametrize(
    "candidate",
    [
        {"candidate": HOST, "sdpMid": "0", "sdpMLineIndex": 0},
        {"candidate": HOST + " generation 0 ufrag abcd", "sdpMid": "0", "usernameFragment": "abcd"},
        {"candidate": "candidate:3 1 tcp 1518280447 192.0.2.77 9 typ host tcptype active", "sdpMLineIndex": 0},
        {"candidate": "candidate:5 1 udp 2122197247 0d1e2f3a-1111-4222-8333-444455556666.local 50000 typ host", "sdpMid": "0"},
        {"candidate": "", "sdpMid": "0"},
        None,
    ],
)
async def test_candidates_of_a_session_are_used(candidate: dict[str, Any] | None) -> None:
    """Every form is accepted, and the connection works after the end of candidates."""
    caller = Caller(here(echo()), "sendrecv")
    status, answer = await caller.post(await caller.offer())
    assert status == 200
    assert await caller.post({"type": "ice-candidate", "candidate": candidate}) == (200, SUCCESS)
    await caller.accept(answer)
    await caller.wait_for_pitch(440)
    await caller.close()


async def test_an_invalid_candidate_has_fastrtcs_error() -> None:
    """Its session continues."""
    caller = await Caller(here(echo()), "sendrecv").call()
    answer = await caller.post({"type": "ice-candidate", "candidate": {"candidate": "nonsense", "sdpMid": "0"}})
    assert answer == (200, failed("invalid_candidate_format"))
    await caller.wait_for_pitch(440)
    await caller.close()


async def test_a_candidate_after_the_end_has_fastrtcs_error() -> None:
    """The id stays known for a while."""
    stream = echo()
    caller = await Caller(here(stream), "sendrecv").call()
    await caller.close()
    await until(lambda: not stream.sessions, "the session did not end")
    assert await caller.post({"type": "ice-candidate", "candidate": {"candidate": HOST}}) == (200, failed("connection_closed"))


async def test_a_renewed_offer_takes_the_session_over() -> None:
    """A new connection with the same id and the resume value continues the handler and closes the earlier connection."""
    stream = echo(concurrency_limit=1)
    old = await Caller(here(stream), "sendrecv", microphone=500, resume=True).call()
    await old.wait_for_pitch(500)
    session = stream.sessions[old.id]
    new = await Caller(here(stream), "sendrecv", webrtc_id=old.id, microphone=800, resume=old.resume).call()
    await new.wait_for_pitch(800)
    assert stream.sessions == {old.id: session}
    await until(lambda: old.pc.connectionState == "closed", "the old connection was not closed")
    session.send_message({"type": "log", "data": "still here"})
    await new.message("log", "still here")
    await old.close()
    await new.close()


async def test_an_offer_after_the_end_of_a_session_starts_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the id is being released, an offer renews nothing and is not refused."""
    stream = echo(concurrency_limit=1)
    old = await Caller(here(stream), "sendrecv").call()
    ended, withdrawn, withdraw = stream.sessions[old.id], asyncio.Event(), session_endpoint.withdraw

    async def slow(session: Any) -> None:
        await withdrawn.wait()
        await withdraw(session)

    monkeypatch.setattr(session_endpoint, "withdraw", slow)
    closing = asyncio.create_task(ended.close("test"))
    await until(lambda: not stream.sessions, "the session did not end")
    new = Caller(here(stream), "sendrecv", webrtc_id=old.id, microphone=800)
    calling = asyncio.create_task(new.call())
    await asyncio.wait({calling}, timeout=0.2)
    withdrawn.set()
    await closing
    await calling
    await new.wait_for_pitch(800)
    assert stream.sessions[old.id] is not ended
    await old.close()
    await new.close()


async def test_a_restart_of_ice_is_answered() -> None:
    """A second, equal offer of the client gets an answer, and its session stays."""
    stream = echo()
    caller = await Caller(here(stream), "sendrecv", resume=True).call()
    session = stream.sessions[caller.id]
    status, answer = await caller.post({"sdp": caller.pc.localDescription.sdp, "type": "offer", "resume": caller.resume})
    assert (status, answer["type"]) == (200, "answer")
    assert stream.sessions[caller.id] is session
    await session.close("test")
    await caller.close()


async def test_an_invalid_renewal_has_no_effect() -> None:
    """The session continues over its connection."""
    stream = echo()
    caller = await Caller(here(stream), "sendrecv", resume=True).call()
    for sdp in BROKEN.values():
        assert (await caller.post({"type": "offer", "sdp": sdp, "resume": caller.resume}))[0] == 422
    count = len(caller.blocks)
    await until(lambda: len(caller.blocks) > count + 30, "the sound stopped")
    await caller.wait_for_pitch(440)
    await caller.close()


async def test_a_disconnect_during_the_offer_takes_no_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    """Django cancels the view on a disconnect."""
    stream = echo(concurrency_limit=1)
    waiting = asyncio.Event()

    async def slow(self: Any) -> str:
        waiting.set()
        return await asyncio.Event().wait()

    monkeypatch.setattr(peer.Connection, "answer", slow)
    caller = Caller(here(stream), "sendrecv")
    posting = asyncio.create_task(caller.post(await caller.offer()))
    await waiting.wait()
    assert stream.sessions
    posting.cancel()
    await until(lambda: not stream.sessions, "the slot was kept")
    await caller.close()


async def test_extra_tracks_are_refused_unless_allowed() -> None:
    """An audio stream refuses a camera; with allow_extra_tracks it is read and dropped."""
    stream = echo()
    caller = Caller(here(stream), "sendrecv", "sendrecv")
    status, answer = await caller.post(await caller.offer())
    assert status == 422
    assert "Unsupported track kind 'video' for modality 'audio'" in answer["meta"]["error"]
    assert not stream.sessions
    allowed = await Caller(here(echo(allow_extra_tracks=True)), "sendrecv", "sendrecv").call()
    await allowed.wait_for_pitch(440)
    await allowed.close()
    await caller.close()


async def test_a_microphone_is_refused_by_a_video_stream() -> None:
    """A video stream refuses an audio track."""
    caller = Caller(here(Stream(negative, modality="video", mode="send-receive", name="negative")), "sendrecv")
    assert (await caller.post(await caller.offer()))[0] == 422
    await caller.close()


async def test_an_offer_has_few_media_sections() -> None:
    """Each section costs memory before a connection exists."""
    caller = Caller(here(echo()), "sendrecv")
    sdp = (await caller.offer())["sdp"]
    section = sdp[sdp.index("m=audio") : sdp.index("m=application")]
    with pytest.raises(OfferError, match=f"at most {MOST_SECTIONS}"):
        read_offer(sdp + section * MOST_SECTIONS)
    await caller.close()


async def test_many_callers_at_once_get_one_slot_each() -> None:
    """Of ten concurrent offers exactly the limit is served."""
    stream = echo(concurrency_limit=3)
    callers = [Caller(here(stream), "sendrecv") for _ in range(10)]
    bodies = [await caller.offer() for caller in callers]
    statuses = [status for status, _ in await asyncio.gather(*(caller.post(body) for caller, body in zip(callers, bodies, strict=True)))]
    assert sorted(statuses) == [200] * 3 + [429] * 7
    for session in list(stream.sessions.values()):
        await session.close("test")
    for caller in callers:
        await caller.close()
