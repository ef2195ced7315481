"""The published API text: messages, inputs, outputs and errors, as real clients get them. `test_statements.py` lists its statements.

Where a test uses `call`, it runs over both transports, and inputs and outputs go through another process than the one with the session.
"""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from tests.servers import Server
from tests.streaming.manual.conftest import CALLS, ManualClient, recording, webrtc, websocket
from tests.streaming.transports.rtc import Caller, to
from tests.streaming.transports.stream_client import streaming

Call = Callable[..., Any]
TYPES = {"send_input", "fetch_output", "stopword", "error", "warning", "log"}
REACHED = {"status": "failed", "meta": {"error": "concurrency_limit_reached", "limit": 10}}


@pytest.fixture(params=list(CALLS))
def call(request: pytest.FixtureRequest, manual: Server, beside: Server, token: str) -> Call:
    """Use as `async with call(stream) as client`: over WebRTC, then over a WebSocket."""
    return lambda stream: CALLS[request.param](manual, token, stream, other=beside)


async def test_both_transports_have_the_same_message_format(call: Call) -> None:
    """A message has a listed type and `data`, a string or an object; over WebRTC it is text that contains JSON."""
    async with call("greeter") as client:
        await client.until(lambda: client.of("send_input"), "no inputs were asked for")
        await client.post_inputs(name="Jane")
        await client.say(recording("question"))
        await client.until(lambda: len(client.of("send_input")) == 2, "the reply did not ask")
        await client.post_inputs(name="Joe")
        await client.until(lambda: client.of("log")[-1:] == ["response_starting"], "there was no reply")
        assert {message["type"] for message in client.messages} <= TYPES
        assert all(isinstance(message["data"], str | dict | list) for message in client.messages)
        if isinstance(client.transport_client, Caller):
            assert client.transport_client.message_types == {str}


async def test_when_send_input_is_received_set_input_updates_the_inputs(call: Call) -> None:
    """Its first argument is the webrtc_id of the handler; here the route calls it."""
    async with call("greeter") as client:
        await client.until(lambda: client.of("send_input") == [[]], "no inputs were asked for")
        await client.post_inputs(name="Jane", pitch=450)
        await client.receives_tone(450)


async def test_inputs_by_a_post_request(call: Call, manual: Server, beside: Server, token: str) -> None:
    """An own view, with the pydantic model of the text, and our route with the same model both work, in any process."""
    async with call("gauge") as client, httpx.AsyncClient(headers={"x-api-key": token}, timeout=60) as browser:
        paths = ("/own/input_hook", "/streams/gauge/input_hook")
        for number, url in enumerate(server.url + path for server in (manual, beside) for path in paths):
            wanted = (0, 0.25, 0.5, 1)[number]
            body = {"webrtc_id": client.id, "conf_threshold": wanted}
            assert (await browser.post(url, json=body)).status_code == 200
            await client.until(lambda w=wanted: client.outputs[-1:] == [w], "the next call had the old value")
            for field, value in (("conf_threshold", 1.01), ("conf_threshold", -0.01), ("conf_threshold", "high"), ("webrtc_id", None)):
                wrong = await browser.post(url, json=body | {field: value})
                assert wrong.status_code == 422
                assert field in wrong.json()["detail"][0]["loc"]


async def test_the_updated_data_is_passed_on_the_next_call(call: Call) -> None:
    """The new values apply to every later call, in order, and never to an earlier one."""
    async with call("gauge") as client:
        await later_calls_have_the_new_value(client)


async def test_the_updated_data_is_passed_with_the_next_picture(manual: Server, beside: Server, token: str) -> None:
    """The same for the text's own handler, a function of a picture and a threshold."""
    async with webrtc(manual, token, "detector", "", "sendrecv", other=beside) as client:
        await later_calls_have_the_new_value(client)


async def later_calls_have_the_new_value(client: ManualClient) -> None:
    """Post a threshold while the handler is called again and again."""
    await client.until(lambda: client.outputs, "it was not called")
    await client.post_inputs(conf_threshold=0.9)
    await client.until(lambda: 0.9 in client.outputs, "the next call had the old value")
    await client.until(lambda: client.outputs[-1:] == [0.9] and len(client.outputs) > client.outputs.index(0.9) + 3, "it was not kept")
    assert sorted(client.outputs) == client.outputs


async def test_a_generator_takes_inputs_from_a_thread(manual: Server, token: str) -> None:
    """A view that is no coroutine may call `set_input`: the generator starts again."""
    async with websocket(manual, token, "narrator") as client, httpx.AsyncClient(headers={"x-api-key": token}, timeout=60) as browser:
        await client.receives_tone(400)
        answer = await browser.post(f"{manual.url}/own/story", json={"webrtc_id": client.id, "pitch": 900})
        assert answer.status_code == 200, answer.text[:300]
        await client.receives_tone(900)


async def test_fetch_output_comes_whenever_there_are_additional_outputs(call: Call) -> None:
    """It is sent once for each output."""
    async with call("assistant") as client:
        await client.say(recording("question"))
        await client.until(lambda: client.of("send_input"), "no inputs were asked for")
        await client.post_inputs(chatbot=[])
        await client.until(lambda: len(client.of("fetch_output")) == 2 and len(client.outputs) == 2, "no outputs were told")


async def test_the_latest_output_can_be_fetched(call: Call, manual: Server, beside: Server, token: str) -> None:
    """An own view may call `fetch_latest_output` of the stream, in any process."""
    async with call("gauge") as client, httpx.AsyncClient(headers={"x-api-key": token}, timeout=60) as browser:
        await client.until(lambda: client.of("fetch_output"), "no output was told")
        for server in (manual, beside):
            answer = await browser.get(f"{server.url}/own/latest", params={"webrtc_id": client.id})
            assert answer.json() == {"latest": 0.3}


async def test_all_outputs_as_server_sent_events(call: Call, manual: Server, beside: Server, token: str) -> None:
    """An own view with `output_stream`, as in the text, and our own route send all outputs, in any process."""
    async with call("gauge") as client, httpx.AsyncClient(headers={"x-api-key": token}, timeout=60) as browser:
        for url in (server.url + path for server in (manual, beside) for path in ("/own/updates", "/streams/gauge/updates")):
            async with browser.stream("GET", url, params={"webrtc_id": client.id}) as response:
                assert response.headers["Content-Type"].startswith("text/event-stream")
                lines = response.aiter_lines()
                async with asyncio.timeout(60):
                    while not (line := await anext(lines)).startswith("data: "):
                        pass
                assert line == "data: 0.3"


async def test_too_many_connections_are_a_429_and_over_a_socket_the_same_message(manual: Server, token: str) -> None:
    """The eleventh session gets it, from the route for offers and before the close of the socket; a released slot is free."""
    async with AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(streaming(manual, token, "assistant")) for _ in range(10)]
        await asyncio.gather(*(client.start() for client in clients))
        async with to(manual, token, "/streams/assistant/webrtc/offer") as post:
            caller = Caller(post, "sendrecv")
            assert await caller.post(await caller.offer()) == (429, REACHED)
            await caller.close()
            async with streaming(manual, token, "assistant") as refused:
                await refused.send({"event": "start", "websocket_id": refused.id})
                assert await refused.wait(status="failed") == REACHED
                assert await refused.wait_closed() == 1000
            await clients.pop().stop()
            caller = await Caller(post, "sendrecv").call()
            await caller.close()


async def test_a_conversation_outputs_symbl_messages(call: Call) -> None:
    """The stream `conversation` sends messages and insights in the shapes of the other API text, each with its speaker."""
    async with call("conversation") as client:
        await client.post_inputs(conf_threshold=0.1, speaker_name="Jane")
        await client.say(recording("question"))
        await client.until(lambda: {"message_response", "insight_response"} <= {one["type"] for one in client.outputs}, "it was not heard")
        [message] = next(one for one in client.outputs if one["type"] == "message_response")["messages"]
        assert message["from"]["name"] == "Jane"
        assert message["payload"] == {"content": "Shall we start with the budget?", "contentType": "text/plain"}
        insights = next(one for one in client.outputs if one["type"] == "insight_response")["insights"]
        [insight] = [one for one in insights if one["type"] == "question"]  # at 0.1, others may come with it
        assert insight["text"] == "Shall we start with the budget?"
        assert 0.1 <= insight["confidence"] <= 1
        assert {"hints", "tags"} <= insight.keys()
