"""WebRTC with real servers: access, HTTP responses, and requests in another process than their session."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from tests.servers import Server
from tests.streaming.transports.rtc import WAIT_S, Caller, Post, nothing_is_left, to, until

USUAL = "/streams/usual/webrtc/offer"
OPEN = "/streams/open-to-all/webrtc/offer"
TAKEN = {"status": "failed", "meta": {"error": "connection_already_exists"}}
HOST = {"candidate": "candidate:1 1 udp 2122260223 192.0.2.77 50000 typ host", "sdpMid": "0"}


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """Check after each test that nothing of its clients is left."""
    yield
    await nothing_is_left()


async def test_webrtc_over_http(site: Server, site_token: str) -> None:
    """Offer, answer and audio work under the stream's name and, for the default stream, at the root."""
    async with to(site, site_token, USUAL) as post:
        caller = await Caller(post, "sendrecv", microphone=700).call()
        await caller.wait_for_pitch(700)
        assert await caller.post({"type": "ice-candidate", "candidate": HOST}) == (200, {"status": "success"})
        await caller.close()
    async with to(site, site_token) as post:
        talker = await Caller(post, "sendrecv").call()
        await talker.close()


async def test_invalid_credentials_are_refused(site: Server) -> None:
    """No token, a wrong token and an unknown stream are refused; a public stream needs no token."""
    body = {"type": "offer", "sdp": "v=0", "webrtc_id": "a"}
    for token in ("", "wrong"):
        async with to(site, token, USUAL) as post:
            assert (await post(body))[0] == 401
    async with to(site, "", "/streams/nobody/webrtc/offer") as post:
        assert (await post(body))[0] == 404
    async with to(site, "", OPEN) as post:
        caller = await Caller(post, "sendrecv").call()
        await caller.wait_for_pitch(440)
        await caller.close()


async def test_bad_requests_are_answered_as_fastapi_does(site: Server, site_token: str) -> None:
    """Each missing field is named; invalid JSON and too large bodies have their status."""
    async with to(site, site_token, USUAL) as post:
        status, answer = await post({"type": "offer", "sdp": "v=0"})
        assert (status, answer["detail"][0]["type"], answer["detail"][0]["loc"]) == (422, "missing", ["body", "webrtc_id"])
        assert (await post({"type": "offer", "sdp": "nonsense", "webrtc_id": "a"}))[0] == 422
        assert (await post([]))[0] == 422
        for size in (140_000, 3_000_000):
            assert (await post({"type": "offer", "sdp": "x" * size, "webrtc_id": "a"}))[0] == 413
        status, answer = await post({"type": "offer", "sdp": "x" * 99_000, "webrtc_id": "a"})
        assert (status, answer["detail"][0]["loc"]) == (422, ["body", "sdp"])
        assert "at most 32768 bytes" in answer["detail"][0]["msg"]
    assert site.get(USUAL, site_token)[0] == 405


async def test_ids_are_per_user(site: Server, site_token: str, other_token: str) -> None:
    """Another user's offer with the same id opens a session of their own."""
    async with to(site, site_token, USUAL) as post, to(site, other_token, USUAL) as strange:
        caller = await Caller(post, "sendrecv").call()
        mallory = Caller(strange, "sendrecv", webrtc_id=caller.id)
        assert (await mallory.post({"type": "ice-candidate", "candidate": HOST}))[1]["meta"]["error"] == "unknown_connection"
        mallory.microphone.hz = 900
        await (await mallory.call()).wait_for_pitch(900)
        await caller.wait_for_pitch(440)
        await caller.close()
        await mallory.close()


async def flood(server: Server, bodies: list[dict[str, Any]]) -> tuple[float, float]:
    """Post bodies over 20 connections; return the total seconds and the slowest `/healthz` meanwhile."""
    health = [0.0]
    waiting = iter(bodies)

    async def post_on(post: Post) -> None:
        for body in waiting:
            await post(body)

    async def poll(session: aiohttp.ClientSession) -> None:
        while True:
            began = time.monotonic()
            async with session.get(server.url + "/healthz") as response:
                assert response.status == 200
            health.append(time.monotonic() - began)

    async with AsyncExitStack() as stack:
        posts = [await stack.enter_async_context(to(server, "", OPEN)) for _ in range(20)]
        polling = asyncio.create_task(poll(await stack.enter_async_context(aiohttp.ClientSession())))
        began = time.monotonic()
        await asyncio.gather(*map(post_on, posts))
        took = time.monotonic() - began
        polling.cancel()
        await asyncio.gather(polling, return_exceptions=True)
    return took, max(health)


async def test_candidates_for_unknown_ids_cost_no_more_than_other_requests(site: Server) -> None:
    """Few of four hundred requests wait a second for an offer; bodies that are refused at once are the control."""
    control, _ = await flood(site, [{"type": "nothing", "webrtc_id": str(number)} for number in range(400)])
    unknown = [{"type": "ice-candidate", "webrtc_id": uuid4().hex, "candidate": HOST} for _ in range(400)]
    took, health = await flood(site, unknown)
    assert took < 4 * (control + 1)
    assert health < max(2.0, 4 * control)


async def test_a_shutdown_closes_its_peers(site: Server, site_token: str) -> None:
    """Peers get the close at once, and the server restarts for the next tests."""
    async with to(site, site_token, USUAL) as post:
        caller = await Caller(post, "sendrecv").call()
        await caller.wait_for_pitch(440)
        before = len(site.output)
        assert await asyncio.to_thread(site.stop) in (0, -15)
        await until(lambda: caller.pc.connectionState == "closed", "nobody said goodbye")
        await caller.close()
    await asyncio.to_thread(site.start)
    complaints = [line for line in site.output[before:] if re.search(r"ERROR|Traceback|Task was destroyed|never retrieved", line)]
    assert complaints == []


@pytest.mark.parametrize("home", [0, 1])
async def test_a_candidate_may_land_in_the_other_process(pair: tuple[Server, Server], pair_token: str, home: int) -> None:
    """It is forwarded to the session's process; another user gets the error of an unknown id."""
    mallory = pair[0].token("mallory@example.com")
    async with to(pair[home], pair_token, USUAL) as here, to(pair[1 - home], pair_token, USUAL) as there:
        caller = await Caller(here, "sendrecv").call()
        body = {"type": "ice-candidate", "webrtc_id": caller.id, "candidate": HOST}
        async with asyncio.timeout(60):
            while (answered := await there(body))[1] != {"status": "success"}:  # a busy machine may take longer than its answer waits
                assert answered[1]["meta"]["error"] == "unknown_connection"
        async with to(pair[1 - home], mallory, USUAL) as strange:
            assert (await strange(body))[1]["meta"]["error"] == "unknown_connection"
        await caller.wait_for_pitch(440)
        await caller.close()


class Checks(asyncio.DatagramProtocol):
    """Waits for the first packet."""

    def __init__(self) -> None:
        self.came = asyncio.Event()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Note it."""
        self.came.set()


@pytest.mark.parametrize("home", [0, 1])
async def test_a_candidate_may_come_to_the_other_process_before_its_offer(pair: tuple[Server, Server], pair_token: str, home: int) -> None:
    """It waits there after its response, and a later session in this process uses it."""
    async with to(pair[home], pair_token, USUAL) as here, to(pair[1 - home], pair_token, USUAL) as there:
        caller = Caller(here, "sendrecv")
        offer = await caller.offer()
        address = re.search(r"a=candidate:\S+ 1 udp \d+ (\d+\.\d+\.\d+\.\d+) ", offer["sdp"])
        assert address is not None
        checks = Checks()
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(lambda: checks, (address[1], 0))
        port = transport.get_extra_info("sockname")[1]
        init = {"candidate": f"candidate:1 1 udp 2122260223 {address[1]} {port} typ host", "sdpMid": "0"}
        status, answer = await there({"type": "ice-candidate", "webrtc_id": caller.id, "candidate": init})
        assert (status, answer["meta"]["error"]) == (200, "unknown_connection")
        bare = "".join(line for line in offer["sdp"].splitlines(keepends=True) if not line.startswith("a=candidate"))
        assert (await caller.post(offer | {"sdp": bare}))[0] == 200
        async with asyncio.timeout(WAIT_S):
            await checks.came.wait()
        transport.close()
        await caller.close()


@pytest.mark.parametrize("home", [0, 1])
async def test_a_renewed_offer_may_land_in_the_other_process(pair: tuple[Server, Server], pair_token: str, home: int) -> None:
    """The session's own process answers it and its handler continues; another user gets a session of their own."""
    mallory = pair[0].token("mallory@example.com")
    async with to(pair[home], pair_token, USUAL) as here, to(pair[1 - home], pair_token, USUAL) as there:
        old = await Caller(here, "sendrecv", microphone=500, resume=True).call()
        await old.wait_for_pitch(500)
        async with to(pair[1 - home], mallory, USUAL) as strange:
            other = await Caller(strange, "sendrecv", webrtc_id=old.id, microphone=700, resume=old.resume).call()
            await other.wait_for_pitch(700)
            assert other.resume not in (True, old.resume)
            await other.close()
        for value in (None, True, "wrong"):
            refused = Caller(there, "sendrecv", webrtc_id=old.id, resume=value)
            assert await refused.post(await refused.offer()) == (200, TAKEN)
            await refused.close()
        await old.wait_for_pitch(500)
        new = await Caller(there, "sendrecv", webrtc_id=old.id, microphone=900, resume=old.resume).call()
        assert new.resume == old.resume
        await new.wait_for_pitch(900)
        await until(lambda: old.pc.connectionState == "closed", "the old connection was not closed")
        await new.close()
        await old.close()
