"""The grant of an offer is forwarded with it to the process that answers it, and limits the session there (design law 6)."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from insights.access import Grant
from streaming.cluster.directory import Directory
from streaming.cluster.directory_table import Asker, SessionLocation
from streaming.cluster.rpc import Rpc
from streaming.cluster.runtime import runtime
from streaming.transports.webrtc import offers
from streaming.transports.webrtc.forwarding import peer_address
from tests.streaming.transports.handlers import echo
from tests.streaming.transports.rtc import Caller, here, nothing_is_left

pytestmark = pytest.mark.django_db(transaction=True)

OLD, NEW, SIGNED_IN = Grant(1, app_id="old"), Grant(1, app_id="new"), Grant(1, session_key="cookie")
LIMITED = Grant(1, app_id="new", generation=2, scopes=frozenset({"read", "stream"}))
EVERY = "manage read stream write"


@pytest.fixture(autouse=True)
async def nothing_left() -> AsyncIterator[None]:
    """Check after each test that nothing of its sessions is left."""
    yield
    await runtime().poller.close()
    await nothing_is_left()


@pytest.mark.parametrize("by", [NEW, SIGNED_IN, LIMITED])
async def test_a_renewal_from_another_process(by: Grant) -> None:
    """The new grant replaces the old one; a forwarded offer without a grant changes nothing."""
    stream = echo()
    caller = await Caller(here(stream), "sendrecv", resume=True).call()
    session = stream.sessions[caller.id]
    runtime().revocation.note(session, OLD)
    answerer = runtime().rpc.answerer(peer_address(session.id))
    assert answerer is not None
    offer = {"type": "offer", "webrtc_id": caller.id, "sdp": caller.pc.localDescription.sdp, "resume": caller.resume}
    former = [by.app_id, by.session_key, by.generation]  # of a process of the former version
    for passed_on, counts in ((None, OLD), (former, replace(by, scopes=frozenset({"stream"}))), ([*former, " ".join(by.scopes)], by)):
        answered = await answerer({"user": 1, "body": offer, "by": passed_on})
        assert answered is not None
        assert answered["status"] == 200
        assert runtime().revocation._grants[session] == counts
    refused = await answerer({"user": 1, "body": offer | {"resume": "wrong"}, "by": ["other", ""]})
    assert refused is not None
    assert refused["body"]["meta"]["error"] == "connection_already_exists"
    assert runtime().revocation._grants[session] == by
    await session.close("test")
    await caller.close()


@pytest.mark.parametrize(
    ("by", "passed_on"),
    [(NEW, ["new", "", 0, EVERY]), (SIGNED_IN, ["", "cookie", 0, EVERY]), (LIMITED, ["new", "", 2, "read stream"]), (None, None)],
)
async def test_what_is_forwarded(monkeypatch: pytest.MonkeyPatch, by: Grant | None, passed_on: Any) -> None:
    """The call has the user, the grant and the offer unchanged."""
    calls: list[dict[str, Any]] = []

    session = uuid4()

    async def find(self: Directory, stream: str, webrtc_id: str, asker: Asker) -> SessionLocation:
        assert (stream, webrtc_id, asker) == ("echo", caller.id, 1)
        return SessionLocation(session, uuid4(), "channel", 1, "webrtc")

    async def call(self: Rpc, channel: str, address: str, body: dict[str, Any], _: float) -> dict[str, Any]:
        assert (channel, address) == ("channel", peer_address(session))
        calls.append(body)
        return {"status": 200, "body": {"type": "answer", "sdp": ""}}

    monkeypatch.setattr(Directory, "find", find)
    monkeypatch.setattr(Rpc, "call", call)
    caller = Caller(here(echo()), "sendrecv")
    body = {**await caller.offer(), "webrtc_id": caller.id}
    assert (await offers.answer(echo(), 1, body, by)).status == 200
    assert calls == [{"user": 1, "body": body, "by": passed_on}]
    await caller.close()
