"""Ids of streams: they belong to a user, and a session in use is renewed only with its resume value."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from streaming.cluster.runtime import runtime
from streaming.handlers.stream import Stream
from streaming.handlers.stream_handlers import AsyncStreamHandler, AudioFrame
from streaming.transports.webrtc import connection
from streaming.transports.webrtc.peer import Peers
from streaming.types.client_connection import new_resume_value, resumes
from tests.streaming.transports.handlers import echo
from tests.streaming.transports.rtc import Caller, here, nothing_is_left, until

pytestmark = pytest.mark.django_db(transaction=True)

TAKEN = (200, {"status": "failed", "meta": {"error": "connection_already_exists"}})


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """Check after each test that nothing of its sessions is left."""
    yield
    await nothing_is_left()


async def offered(caller: Caller, **more: Any) -> tuple[int, dict[str, Any]]:
    """Post a client's offer with additional fields."""
    return await caller.post({**await caller.offer(), **more})


async def is_refused(post: Any, webrtc_id: str, value: bool | str | None = None) -> bool:
    """Return whether another client's offer with this id is refused."""
    caller = Caller(post, "sendrecv", webrtc_id=webrtc_id, resume=value)
    answer = await offered(caller)
    await caller.close()
    return answer == TAKEN


async def test_only_a_client_that_requests_it_gets_a_value() -> None:
    """All others get FastRTC's answer unchanged."""
    for wish, has_value in ((None, False), (False, False), (True, True), ("of another session", True)):
        stream = echo()
        caller = await Caller(here(stream), "sendrecv", resume=wish).call()
        assert isinstance(caller.resume, str) is has_value
        assert caller.resume != "of another session"
        await caller.close()
        await until(lambda stream=stream: not stream.sessions, "the session did not end")
    plain = Caller(here(echo()), "sendrecv")
    status, answer = await offered(plain)
    assert (status, set(answer)) == (200, {"sdp", "type"})
    await plain.accept(answer)
    await until(lambda: plain.pc.connectionState == "connected", "the connection did not come about")
    await plain.close()


@pytest.mark.parametrize("user", [1, None])
async def test_the_value_renews_at_any_time(user: int | None) -> None:
    """The value renews a connecting and a connected session, and both stay the same."""
    stream = echo()
    first = Caller(here(stream, user), "sendrecv", resume=True)
    status, answer = await offered(first)
    assert status == 200
    session, value = stream.sessions[first.id], answer["resume"]
    for hz in (600, 900):
        caller = await Caller(here(stream, user), "sendrecv", webrtc_id=first.id, microphone=hz, resume=value).call()
        await caller.wait_for_pitch(hz)
        assert caller.resume == value
        assert stream.sessions == {first.id: session}
        for wrong in (None, False, True, "wrong", value + "x", value[:-1]):
            assert await is_refused(here(stream, user), first.id, wrong)
        await caller.wait_for_pitch(hz)
    await session.close("test")
    await first.close()
    await caller.close()


async def test_a_connecting_client_does_not_count_as_lost() -> None:
    """Its id is in use from its offer on, as with FastRTC."""
    stream = echo()
    caller = Caller(here(stream), "sendrecv")
    both = await asyncio.gather(offered(caller), is_refused(here(stream), caller.id))
    assert both[0][0] == 200
    assert both[1]
    assert await is_refused(here(stream), caller.id)
    await stream.sessions[caller.id].close("test")
    await caller.close()


async def test_an_offer_for_a_session_that_ends_waits() -> None:
    """A session that shuts down is not renewed: the offer starts a new one when the id is free."""
    stored = asyncio.Event()

    class Storing(AsyncStreamHandler):
        """Its shutdown takes long."""

        def copy(self) -> "Storing":
            """Return a copy for another session."""
            return Storing()

        async def receive(self, frame: AudioFrame) -> None:
            """Ignore the audio."""

        async def emit(self) -> None:
            """Return nothing."""

        async def shutdown(self) -> None:
            """Wait."""
            await stored.wait()

    stream = Stream(Storing(), modality="audio", name="storing", concurrency_limit=None)
    first = await Caller(here(stream), "sendrecv", resume=True).call()
    session = stream.sessions[first.id]
    closing = asyncio.create_task(session.close("test"))
    await asyncio.sleep(0)
    second = Caller(here(stream), "sendrecv", webrtc_id=first.id, resume=first.resume)
    renewing = asyncio.create_task(offered(second))
    await asyncio.wait({renewing}, timeout=1)
    assert not renewing.done()
    stored.set()
    await closing
    status, answer = await renewing
    assert (status, answer.get("type")) == (200, "answer")
    assert stream.sessions[first.id] is not session
    await stream.sessions[first.id].close("test")
    await first.close()
    await second.close()


async def test_a_signed_in_owner_renews_a_lost_session() -> None:
    """The owner needs no value ten seconds after the last packet; this client sends STUN only, which keeps the id in use."""
    stream = echo()
    lost = await Caller(here(stream)).call()
    session = stream.sessions[lost.id]
    await asyncio.sleep(connection.ACTIVE_S + 1)
    assert await is_refused(here(stream), lost.id)
    lost.lose_network()
    since = time.monotonic()
    while await is_refused(here(stream), lost.id, "wrong"):  # noqa: ASYNC110
        await asyncio.sleep(0.3)
    # the offer that was accepted has replaced the connection; its client never came
    assert time.monotonic() - since > connection.ACTIVE_S - 6  # the last check came at most 6 s before
    assert stream.sessions == {lost.id: session}
    await session.close("test")
    await lost.close()


async def test_of_two_offers_for_a_lost_session_one_renews_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other one finds a connecting client; each request for a value makes the earlier one void."""
    stream = echo()
    lost = await Caller(here(stream), "sendrecv", resume=True).call()
    value = str(lost.resume)
    lost.lose_network()
    monkeypatch.setattr(connection, "ACTIVE_S", 0.5)
    await until(lambda: not runtime().part(Peers).find((1, stream.name, lost.id))._connection.active, "the client is not lost")
    callers = [Caller(here(stream), "sendrecv", webrtc_id=lost.id, resume=True) for _ in range(2)]
    answers = await asyncio.gather(*map(offered, callers))
    assert sorted(answer.get("type", "") for _, answer in answers) == ["", "answer"]
    assert TAKEN in answers
    assert next(answer["resume"] for _, answer in answers if "resume" in answer) != value
    assert await is_refused(here(stream), lost.id, value)
    await stream.sessions[lost.id].close("test")
    for caller in (lost, *callers):
        await caller.close()


async def test_an_anonymous_client_renews_with_the_value_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others may know the id, so silence of the client is not enough."""
    stream = echo()
    lost = await Caller(here(stream, None), "sendrecv", resume=True).call()
    silent = await Caller(here(stream, None), "sendrecv").call()
    for caller in (lost, silent):
        caller.lose_network()
    monkeypatch.setattr(connection, "ACTIVE_S", 0.5)
    for caller in (lost, silent):
        peer = runtime().part(Peers).find((None, stream.name, caller.id))
        await until(lambda peer=peer: not peer._connection.active, "the client is not lost")
        for wrong in (None, True, "wrong"):
            assert await is_refused(here(stream, None), caller.id, wrong)
    back = await Caller(here(stream, None), "sendrecv", webrtc_id=lost.id, microphone=800, resume=lost.resume).call()
    await back.wait_for_pitch(800)
    for session in list(stream.sessions.values()):
        await session.close("test")
    for caller in (lost, silent, back):
        await caller.close()


async def test_ids_are_per_user() -> None:
    """Two users and the anonymous clients each have a session with one id, and no response shows the others."""
    stream = echo(concurrency_limit=3)
    callers = [Caller(here(stream, user), "sendrecv", webrtc_id="shared", microphone=hz) for user, hz in ((1, 500), (2, 700), (None, 900))]
    host = {"candidate": "candidate:1 1 udp 2122260223 192.0.2.77 50000 typ host", "sdpMid": "0"}
    for count, caller in enumerate(callers):
        early = await caller.post({"type": "ice-candidate", "candidate": host})
        assert early == (200, {"status": "failed", "meta": {"error": "unknown_connection"}})
        await caller.call()
        assert stream.sessions.count == count + 1
        assert len(stream.sessions) == 1
    for caller, hz in zip(callers, (500, 700, 900), strict=True):
        await caller.wait_for_pitch(hz)
    stranger = Caller(here(stream, 3), "sendrecv", webrtc_id="shared")
    assert (await offered(stranger))[1]["meta"] == {"error": "concurrency_limit_reached", "limit": 3}  # each of them counts
    await callers[1].close()
    await until(lambda: stream.sessions.count == 2, "the session did not end")
    await callers[0].wait_for_pitch(500)
    for caller in (callers[0], callers[2], stranger):
        await caller.close()
    await until(lambda: not stream.sessions, "a session did not end")
    assert stream.sessions.count == 0


@pytest.mark.parametrize("value", [1, 0.5, "", "x" * 65, [], {"a": 1}])
async def test_an_invalid_resume_request_is_refused(value: Any) -> None:
    """The error names the field and the allowed values, and does not repeat the value."""
    caller = Caller(here(echo()), "sendrecv")
    status, answer = await offered(caller, resume=value)
    assert status == 422
    assert answer["detail"] == [
        {
            "type": "value_error",
            "loc": ["body", "resume"],
            "msg": "true, false, or the value of an earlier answer (1 to 64 characters) is needed",
            "input": None,
        }
    ]
    await caller.close()


def test_values() -> None:
    """Values differ, are long, and none matches a session without one."""
    values = {new_resume_value() for _ in range(100)}
    assert len(values) == 100
    assert all(32 <= len(value) <= 64 for value in values)
    one = values.pop()
    assert resumes(one, one)
    assert not resumes(one, values.pop())
    assert not resumes(one, "\ud800 ä")
    assert not resumes("", "")
