"""`POST .../input_hook`: new inputs for a live session, on both servers."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.servers import Server
from tests.streaming.transports.sse import subscribed
from tests.streaming.transports.stream_client import StreamClient, frame, streaming


async def hook(server: Server, token: str, body: Any, stream: str = "inputs", headers: dict[str, str] | None = None) -> httpx.Response:
    """POST to the hook of a stream."""
    wanted = ({"Authorization": f"Bearer {token}"} if token else {}) | (headers or {})
    async with httpx.AsyncClient(timeout=30) as client:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await client.post(f"{server.url}/streams/{stream}/input_hook", content=content, headers=wanted)


async def inputs_now(server: Server, token: str, client: StreamClient, number: int, stream: str = "inputs") -> Any:
    """Trigger the handler's call `number`, and return the inputs that it got."""
    await client.speak(frame(number))
    async with subscribed(server, token, stream, client.id, query=f"&after={number - 1}") as reader:
        return json.loads((await reader.wait(1))[0].data)


async def test_the_next_call_has_the_new_values(site: Server, site_token: str) -> None:
    """All declared values arrive in order, and the call after the hook has them."""
    async with streaming(site, site_token, "inputs") as client:
        await client.start()
        assert await inputs_now(site, site_token, client, 1) == []
        answer = await hook(site, site_token, {"webrtc_id": client.id, "conf_threshold": 0.7, "label": "cat"})
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert await inputs_now(site, site_token, client, 2) == [0.7, "cat"]
        assert (await hook(site, site_token, {"webrtc_id": client.id, "conf_threshold": 1})).status_code == 200
        assert await inputs_now(site, site_token, client, 3) == [1.0, "none"]


async def test_a_stream_without_declared_inputs_takes_any(site: Server, site_token: str) -> None:
    """The values arrive in the order of the body."""
    async with streaming(site, site_token, "free-inputs") as client:
        await client.start()
        await hook(site, site_token, {"webrtc_id": client.id, "b": [1], "a": {"x": None}}, "free-inputs")
        assert await inputs_now(site, site_token, client, 1, "free-inputs") == [[1], {"x": None}]


@pytest.mark.parametrize(
    ("body", "loc", "kind"),
    [
        ({"conf_threshold": 1.5}, ["body", "conf_threshold"], "less_than_equal"),
        ({"conf_threshold": "much"}, ["body", "conf_threshold"], "float_parsing"),
        ({}, ["body", "conf_threshold"], "missing"),
        ({"conf_threshold": 0.5, "label": 7}, ["body", "label"], "string_type"),
    ],
)
async def test_an_invalid_value_is_named(site: Server, site_token: str, body: dict[str, Any], loc: list[str], kind: str) -> None:
    """The response is 422 in FastAPI's form, and the handler keeps its inputs."""
    answer = await hook(site, site_token, {"webrtc_id": "x", **body})
    assert answer.status_code == 422
    [detail] = answer.json()["detail"]
    assert (detail["loc"], detail["type"]) == (loc, kind)


@pytest.mark.parametrize(
    ("body", "kind"),
    [(b"", "json_invalid"), (b"[1]", "model_attributes_type"), (b'{"conf_threshold": 0.5}', "missing"), (b"\xff", "json_invalid")],
)
async def test_an_invalid_body_is_422(site: Server, site_token: str, body: bytes, kind: str) -> None:
    """A body that is no JSON object with an id gets 422."""
    answer = await hook(site, site_token, body)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["type"] == kind


async def test_a_huge_body_is_refused(site: Server, site_token: str) -> None:
    """A body above Django's limit gets 413."""
    assert (await hook(site, site_token, b'{"webrtc_id": "' + b"x" * 3_000_000 + b'"}')).status_code == 413


async def test_only_the_owner_may_set_inputs(site: Server, site_token: str, other_token: str) -> None:
    """Unknown ids and other users' ids get 404, an anonymous client gets 401, and the handler gets no inputs."""
    body = {"conf_threshold": 0.5}
    async with streaming(site, site_token, "inputs") as client:
        await client.start()
        unknown = await hook(site, site_token, {"webrtc_id": uuid4().hex, **body})
        others = await hook(site, other_token, {"webrtc_id": client.id, **body})
        assert unknown.status_code == others.status_code == 404
        assert unknown.json() == others.json()
        assert (await hook(site, "", {"webrtc_id": client.id, **body})).status_code == 401
        assert await inputs_now(site, site_token, client, 1) == []


async def test_an_ended_session_takes_no_more(site: Server, site_token: str) -> None:
    """The id of an ended session gets 404."""
    async with streaming(site, site_token, "inputs") as client:
        await client.start()
        await client.stop()
        assert (await hook(site, site_token, {"webrtc_id": client.id, "conf_threshold": 0.5})).status_code == 404


async def test_an_unknown_stream_is_not_found(site: Server, site_token: str) -> None:
    """An unknown name gets 404, and a GET gets 405."""
    assert (await hook(site, site_token, {"webrtc_id": "x"}, "nobody")).status_code == 404
    status, _ = await asyncio.to_thread(site.get, "/streams/inputs/input_hook", site_token)
    assert status == 405


async def test_the_cookie_counts_from_our_own_pages_only(site: Server) -> None:
    """The portal's cookie authenticates a POST from our origin only."""
    async with httpx.AsyncClient(base_url=site.url, follow_redirects=True, timeout=30) as browser:
        await asyncio.to_thread(make_account, site)
        page = await browser.get("/signin/")
        token = page.text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        form = {"username": "page@example.com", "password": "correct horse battery", "csrfmiddlewaretoken": token}
        await browser.post("/signin/", data=form, headers={"Referer": site.url})
        assert "sessionid" in browser.cookies
        body = {"webrtc_id": "nobody", "conf_threshold": 0.5}
        own = await browser.post("/streams/inputs/input_hook", json=body, headers={"Origin": site.url})
        foreign = await browser.post("/streams/inputs/input_hook", json=body, headers={"Origin": "https://evil.example"})
        silent = await browser.post("/streams/inputs/input_hook", json=body)
        assert (own.status_code, foreign.status_code, silent.status_code) == (404, 401, 401)
        read = await browser.get("/streams/inputs/updates?webrtc_id=nobody", headers={"Sec-Fetch-Site": "cross-site"})
        assert read.status_code == 401
        read = await browser.get("/streams/inputs/updates?webrtc_id=nobody", headers={"Sec-Fetch-Site": "same-origin"})
        assert read.status_code == 404


def make_account(site: Server) -> None:
    """Create an account with a password."""
    code = (
        "from django.contrib.auth.models import User; "
        "User.objects.create_user('page@example.com', 'page@example.com', 'correct horse battery')"
    )
    site.manage("shell", "-c", code)
