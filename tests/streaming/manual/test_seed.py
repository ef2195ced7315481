"""The API text that we follow, sentence by sentence: messages, inputs, outputs, errors, as real clients meet them."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx

from tests.servers import Server
from tests.streaming.manual.conftest import said, webrtc, websocket
from tests.streaming.transports.rtc import Caller, to
from tests.streaming.transports.stream_client import streaming

Call = Callable[..., Any]
TYPES = {"send_input", "fetch_output", "stopword", "error", "warning", "log"}
REACHED = {"status": "failed", "meta": {"error": "concurrency_limit_reached", "limit": 10}}


async def test_over_both_the_server_sends_messages_of_this_format(call: Call) -> None:
    """A type of the list and `data`, a string or an object; over WebRTC they are texts that hold JSON."""
    async with call("greeter") as guest:
        await guest.until(lambda: guest.of("send_input"), "no inputs were asked for")
        await guest.give(name="Jane")
        await guest.say(said("question"))
        await guest.until(lambda: len(guest.of("send_input")) == 2, "the reply did not ask")
        await guest.give(name="Joe")
        await guest.until(lambda: guest.of("log")[-1:] == ["response_starting"], "there was no reply")
        assert {message["type"] for message in guest.messages} <= TYPES
        assert all(isinstance(message["data"], str | dict | list) for message in guest.messages)


async def test_when_send_input_is_received_set_input_updates_the_inputs(call: Call) -> None:
    """Its first argument is the webrtc_id of the handler; here the route does it."""
    async with call("greeter") as guest:
        await guest.until(lambda: guest.of("send_input") == [[]], "no inputs were asked for")
        await guest.give(name="Jane", pitch=450)
        await guest.hears(450)


async def test_a_common_pattern_is_a_post_request(manual: Server, token: str) -> None:
    """A view of one's own, with the pydantic model as it is written, and our route with the same model."""
    async with (
        webrtc(manual, token, "detector", "", "sendrecv") as guest,
        httpx.AsyncClient(headers={"x-api-key": token}, timeout=60) as browser,
    ):
        for number, url in enumerate((f"{manual.url}/own/input_hook", f"{manual.url}/streams/detector/input_hook")):
            wanted = (number + 1) / 4
            body = {"webrtc_id": guest.id, "conf_threshold": wanted}
            assert (await browser.post(url, json=body)).status_code == 200
            await guest.until(lambda w=wanted: guest.outputs[-1:] == [w], "the next call had the old value")
            wrong = await browser.post(url, json=body | {"conf_threshold": 2})
            assert wrong.status_code == 422
            assert "conf_threshold" in wrong.json()["detail"][0]["loc"]


async def test_the_updated_data_is_passed_on_the_next_call(manual: Server, token: str) -> None:
    """Never to the call before it, and to every call after it, in order."""
    async with webrtc(manual, token, "detector", "", "sendrecv") as guest:
        await guest.until(lambda: guest.outputs, "it was not called")
        await guest.give(conf_threshold=0.9)
        await guest.until(lambda: 0.9 in guest.outputs, "the next call had the old value")
        await guest.until(lambda: guest.outputs[-1:] == [0.9] and len(guest.outputs) > guest.outputs.index(0.9) + 3, "it was not kept")
        assert sorted(guest.outputs) == guest.outputs


async def test_a_generator_takes_inputs_from_a_thread(manual: Server, token: str) -> None:
    """A view that is no coroutine may call `set_input`: what plays begins anew."""
    async with websocket(manual, token, "narrator") as guest, httpx.AsyncClient(headers={"x-api-key": token}, timeout=60) as browser:
        await guest.hears(400)
        answer = await browser.post(f"{manual.url}/own/story", json={"webrtc_id": guest.id, "pitch": 900})
        assert answer.status_code == 200, answer.text[:300]
        await guest.hears(900)


async def test_fetch_output_comes_whenever_there_are_additional_outputs(call: Call) -> None:
    """Once for each."""
    async with call("assistant") as guest:
        await guest.say(said("question"))
        await guest.until(lambda: guest.of("send_input"), "no inputs were asked for")
        await guest.give(chatbot=[])
        await guest.until(lambda: len(guest.of("fetch_output")) == 2 and len(guest.outputs) == 2, "no outputs were told")


async def test_the_latest_output_can_be_fetched(manual: Server, token: str) -> None:
    """By `fetch_latest_output` of the stream, in a view of one's own."""
    async with (
        webrtc(manual, token, "detector", "", "sendrecv") as guest,
        httpx.AsyncClient(headers={"x-api-key": token}, timeout=60) as browser,
    ):
        await guest.until(lambda: guest.of("fetch_output"), "no output was told")
        answer = await browser.get(f"{manual.url}/own/latest", params={"webrtc_id": guest.id})
        assert answer.json() == {"latest": 0.3}


async def test_a_common_pattern_is_to_stream_all_outputs(manual: Server, token: str) -> None:
    """`output_stream` behind a response of server-sent events, as written; and our own route."""
    async with (
        webrtc(manual, token, "detector", "", "sendrecv") as guest,
        httpx.AsyncClient(headers={"x-api-key": token}, timeout=60) as browser,
    ):
        for path in ("/own/updates", "/streams/detector/updates"):
            async with browser.stream("GET", manual.url + path, params={"webrtc_id": guest.id}) as response:
                assert response.headers["Content-Type"].startswith("text/event-stream")
                lines = response.aiter_lines()
                async with asyncio.timeout(60):
                    while not (line := await anext(lines)).startswith("data: "):
                        pass
                assert line == "data: 0.3"


async def test_too_many_connections_are_a_429_and_over_a_socket_the_same_message(manual: Server, token: str) -> None:
    """After ten, on the route for offers and before the socket is closed; a slot that is given back is free."""
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


async def test_a_conversation_puts_out_what_symbl_sends(call: Call) -> None:
    """The stream `conversation`: messages and insights in the shapes of the other API text, each with the one who spoke."""
    async with call("conversation") as guest:
        await guest.give(conf_threshold=0.1, speaker_name="Jane")
        await guest.say(said("question"))
        await guest.until(lambda: {"message_response", "insight_response"} <= {one["type"] for one in guest.outputs}, "it was not heard")
        [message] = next(one for one in guest.outputs if one["type"] == "message_response")["messages"]
        assert message["from"]["name"] == "Jane"
        assert message["payload"] == {"content": "Shall we start with the budget?", "contentType": "text/plain"}
        insights = next(one for one in guest.outputs if one["type"] == "insight_response")["insights"]
        [insight] = [one for one in insights if one["type"] == "question"]  # at 0.1, others may come with it
        assert insight["text"] == "Shall we start with the budget?"
        assert 0.1 <= insight["confidence"] <= 1
        assert {"hints", "tags"} <= insight.keys()
