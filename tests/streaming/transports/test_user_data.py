"""The `user_data` of offers, starts and calls reaches the handler's context, checked by the model that the stream declares."""

import json
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest

from tests.servers import Server
from tests.streaming.transports.rtc import Caller, to
from tests.streaming.transports.sse import subscribed
from tests.streaming.transports.stream_client import streaming
from tests.streaming.transports.test_twilio import begin, call

CUSTOMER = {"name": "Ada", "order": 7}
MISSING = [{"type": "missing", "loc": ["body", "user_data", "name"], "msg": "Field required", "input": None}]


async def context_of(server: Server, token: str, stream: str, webrtc_id: str) -> list[Any]:
    """Return the type and the value of `user_data` that the handler of a session found."""
    async with subscribed(server, token, stream, webrtc_id) as reader:
        found: list[Any] = json.loads((await reader.wait(1))[0].data)
        return found


async def offered(server: Server, token: str, stream: str, **fields: Any) -> tuple[int, dict[str, Any], list[Any]]:
    """Offer with more fields; return the status, the answer and, of an accepted offer, what the handler found."""
    async with to(server, token, f"/streams/{stream}/webrtc/offer") as post:
        caller = Caller(post, "sendrecv")
        status, answer = await caller.post({**await caller.offer(), **fields})
        found = []
        if "sdp" in answer:
            await caller.accept(answer)
            found = await context_of(server, token, stream, caller.id)
        await caller.close()
        return status, answer, found


@pytest.mark.parametrize("data", [None, "a text", 7, [1, {"a": None}], CUSTOMER])
async def test_a_handler_finds_what_its_client_sent(site: Server, site_token: str, data: Any) -> None:
    """Without a model any JSON value is taken, over WebRTC and WebSocket."""
    expected = [type(data).__name__, data]
    assert (await offered(site, site_token, "known", user_data=data))[2] == expected
    async with streaming(site, site_token, "known") as client:
        await client.start(user_data=data)
        assert await context_of(site, site_token, "known", client.id) == expected


async def test_a_model_checks_the_data(site: Server, site_token: str) -> None:
    """The handler finds an instance; an offer with invalid data gets 422 and opens no session."""
    assert (await offered(site, site_token, "customers", user_data=CUSTOMER))[2] == ["Customer", CUSTOMER]
    status, answer, _ = await offered(site, site_token, "customers")
    assert (status, answer["detail"]) == (422, MISSING)
    status, answer, _ = await offered(site, site_token, "customers", user_data={"name": "A" * 21, "order": "x"})
    assert status == 422
    assert [detail["loc"][2] for detail in answer["detail"]] == ["name", "order"]
    assert "A" * 21 not in json.dumps(answer)


async def test_a_start_with_invalid_data_is_refused(site: Server, site_token: str) -> None:
    """The error names the field, and another start on the same socket may be valid."""
    async with streaming(site, site_token, "customers") as client:
        await client.start(user_data={"name": 7})
        assert (await client.wait(type="error"))["message"] == "user_data.name: Input should be a valid string"
        client.messages.clear()
        await client.start(user_data={"name": "Ada"})
        assert await context_of(site, site_token, "customers", client.id) == ["Customer", {"name": "Ada", "order": 0}]


async def test_too_much_data_is_refused(site: Server, site_token: str) -> None:
    """16,384 characters of JSON and 1,000 values are the limits."""
    for large in ("x" * 16_384, [[] for _ in range(600)]):
        status, answer, _ = await offered(site, site_token, "known", user_data=large)
        assert status == 422
        assert answer["detail"][0]["loc"] == ["body", "user_data"]
        assert "16384" in answer["detail"][0]["msg"]
    async with streaming(site, site_token, "known") as client:
        await client.start(user_data="x" * 16_384)
        assert "user_data: at most 16384" in (await client.wait(type="error"))["message"]


async def test_custom_parameters_of_a_call(site: Server, site_token: str) -> None:
    """The handler finds them without the token; a model converts their texts."""
    async with call(site, "", "customers") as client:
        await begin(client, access_token=site_token, name="Ada", order="7")
        assert await context_of(site, site_token, "customers", client.id) == ["Customer", CUSTOMER]
    async with call(site, site_token, "known") as client:
        await begin(client)
        assert await context_of(site, site_token, "known", client.id) == ["NoneType", None]
    async with call(site, site_token, "customers") as client:
        await begin(client)
        assert (await client.wait(type="error"))["message"] == "user_data.name: Field required"
        assert await client.wait_closed() == 1008


async def test_the_webhook_passes_its_query_on(site: Server, site_token: str) -> None:
    """Query parameters of the telephone number's webhook are the custom parameters of its calls."""
    async with httpx.AsyncClient(timeout=30) as client:
        url = f"{site.url}/streams/customers/telephone/incoming?access_token={site_token}&name=Ada&order=7"
        twiml = ElementTree.fromstring((await client.post(url)).text)
    parameters = {one.get("name"): one.get("value") for one in twiml.iter("Parameter")}
    assert parameters == {"access_token": site_token, "name": "Ada", "order": "7"}
