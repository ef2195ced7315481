"""Webhooks from end to end, and tokens that are revoked: speech, recorder, delivery, worker, HTTP, on the embedded default with kill -9.

Links: a webhook made by REST; events and deliveries in one transaction; the worker that sends them after both processes were killed; the
`webhookUrl` of a `start_request`; `token:revoke` and the check of open connections.
"""

import asyncio
import json
import urllib.request
from collections.abc import AsyncIterator, Callable
from typing import Any
from uuid import uuid4

import pytest
from standardwebhooks import Webhook

from streaming.types.session_end import TEXTS, End
from tests.http_server import Receiver, answer, http_server
from tests.paths.conftest import SITE
from tests.paths.test_jobs import eventually
from tests.servers import Server
from tests.streaming.transports.client import connected

ENV = {**SITE, "ALLOWED_NETWORKS": "127.0.0.0/8", "DRAIN_S": "1"}


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A server that answers 200 to everything."""
    with http_server(answer(200)) as made:
        yield made


def received(receiver: Receiver, path: str, secret: str = "") -> list[dict[str, Any]]:
    """Return the JSON that came to a path; with a secret the published library verifies each."""
    requests = [request for request in list(receiver.requests) if request.line.startswith(f"POST {path} ")]
    if secret:
        return [dict(Webhook(secret).verify(request.body, request.headers)) for request in requests]
    return [json.loads(request.body) for request in requests]


async def test_events_reach_a_webhook_although_everything_was_killed(make_server: Callable[..., Server], receiver: Receiver) -> None:
    """What was stored before kill -9 of server and worker is sent after the next start, and so is the end of the conversation."""
    server = make_server(**ENV)
    token, room, site = await asyncio.to_thread(server.token), uuid4().hex, f"http://127.0.0.1:{receiver.port}"
    kinds = ["conversation.started", "insight.created", "conversation.completed"]
    status, made = await asyncio.to_thread(server.send, "POST", "/v1/webhooks", token, {"url": f"{site}/events", "events": kinds})
    assert status == 201, made
    async with connected(server, token, room) as speaker:
        conversation = await speaker.start("Anna", webhookUrl=f"{site}/end", noConnectionTimeout=600)
        await speaker.speak(2.1)
        await speaker.wait("insight_response")
        server.kill()
    assert received(receiver, "/events") == [], "no worker ran"
    server.worker = True
    await asyncio.to_thread(server.start)
    first = await eventually(lambda: len(found := received(receiver, "/events", made["secret"])) >= 2 and found)
    assert sorted(one["type"] for one in first) == ["conversation.started", "insight.created"]
    assert {one["data"]["conversationId"] for one in first} == {conversation}
    async with connected(server, token, room) as speaker:
        assert await speaker.start("Anna") == conversation
        await speaker.stop()
    assert await eventually(lambda: received(receiver, "/end")) == [{"conversationId": conversation, "status": "completed"}]
    await eventually(lambda: "conversation.completed" in [one["type"] for one in received(receiver, "/events", made["secret"])])
    path = f"/v1/webhooks/{made['webhook']['id']}/deliveries"
    log = (await eventually(lambda: _succeeded(server.get(path, token)[1]["deliveries"])))[0]
    assert (log["event"], log["lastStatus"], log["attempts"]) == ("conversation.completed", 200, 1)


def _succeeded(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return log if all(one["status"] == "succeeded" for one in log) else []


async def test_revoked_tokens_end_open_sockets(make_server: Callable[..., Server]) -> None:
    """After token:revoke a speaker and a subscriber are closed with the reason, what was said is stored, and a new token works."""
    server = make_server(**ENV)
    pair = json.loads(await asyncio.to_thread(server.manage, "createapp", "--email", "jane@example.com", "--json"))
    token, room = (await asyncio.to_thread(server.post, "/oauth2/token:generate", pair))[1]["accessToken"], uuid4().hex
    async with connected(server, token, room) as speaker, connected(server, token, room, "/v1/subscribe/") as subscriber:
        conversation = await speaker.start("Anna", noConnectionTimeout=600)
        await speaker.speak(3.0)  # one sentence and the half of another
        await subscriber.wait("message_response")
        assert await asyncio.to_thread(_revoke, server, pair) == 200
        for socket in (speaker, subscriber):
            assert await socket.wait_closed() == 1008
            assert socket.messages[-1]["message"] == TEXTS[End.REVOKED]
    path = f"/v1/conversations/{conversation}/messages"
    assert (await asyncio.to_thread(server.get, path, token))[0] == 401
    again = (await asyncio.to_thread(server.post, "/oauth2/token:generate", pair))[1]["accessToken"]
    assert again != token
    assert await eventually(lambda: len(server.get(path, again)[1]["messages"]) == 2)


def _revoke(server: Server, pair: dict[str, str]) -> int:
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{server.url}/oauth2/token:revoke", json.dumps(pair).encode(), headers, method="DELETE")
    with urllib.request.urlopen(request, timeout=30) as response:
        return int(response.status)
