"""Inputs and readers of a session in another process (design law 7): two servers on Redis and PostgreSQL."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from streaming.protocols.fastrtc import already_exists
from tests.servers import Server
from tests.streaming.transports.rtc import Caller, to, until
from tests.streaming.transports.sse import Events, subscribed
from tests.streaming.transports.stream_client import StreamClient, frame, streaming
from tests.streaming.transports.test_input_hook import hook


async def speak(client: StreamClient, count: int) -> None:
    """Trigger this many calls of the handler."""
    for number in range(count):
        await client.speak(frame(number))
    await client.ping()


@pytest.mark.parametrize("home", [0, 1])
async def test_readers_in_the_other_process_get_everything(pair: tuple[Server, Server], pair_token: str, home: int) -> None:
    """Eight readers in the other process, and one in the session's own, each get every output in order, and the end."""
    here, there = pair[home], pair[1 - home]
    async with streaming(here, pair_token, "numbers") as client:
        await client.start()
        await speak(client, 3)
        opened = [subscribed(there, pair_token, "numbers", client.id) for _ in range(8)]
        opened.append(subscribed(here, pair_token, "numbers", client.id))
        readers = [await one.__aenter__() for one in opened]
        await speak(client, 100)
        for reader in readers:
            await reader.wait(103)
        await client.stop()
        for reader in readers:
            await reader.wait_ended()
        for one in opened:
            await one.__aexit__(None, None, None)
    for reader in readers:
        assert reader.response.status_code == 200
        assert reader.numbers == list(range(1, 104))


async def test_outputs_cross_processes_at_once(pair: tuple[Server, Server], pair_token: str) -> None:
    """Most of twenty outputs reach a reader in the other process without waiting for a poll."""
    async with streaming(pair[0], pair_token, "numbers") as client:
        await client.start()
        async with subscribed(pair[1], pair_token, "numbers", client.id) as reader:
            loop = asyncio.get_running_loop()
            took: list[float] = []
            for number in range(1, 21):
                begun = loop.time()
                await client.speak(frame(number))
                await reader.wait(number)
                took.append(loop.time() - begun)
    assert sorted(took)[10] < 1.0


async def test_a_reader_changes_its_process(pair: tuple[Server, Server], pair_token: str) -> None:
    """A disconnected reader continues at the other process from Last-Event-ID."""
    async with streaming(pair[0], pair_token, "numbers") as client:
        await client.start()
        async with subscribed(pair[0], pair_token, "numbers", client.id) as reader:
            await speak(client, 5)
            await reader.wait(5)
        await speak(client, 5)
        async with subscribed(pair[1], pair_token, "numbers", client.id, headers={"Last-Event-ID": "5"}) as again:
            await again.wait(5)
    assert again.numbers == [6, 7, 8, 9, 10]


async def post_hook(server: Server, token: str, body: Any) -> httpx.Response:
    """Post to the hook of a session in another process; repeat while it is not found yet."""
    async with asyncio.timeout(60):
        while (answer := await hook(server, token, body)).status_code == 404:
            pass
    return answer


async def test_an_input_hook_from_the_other_process(pair: tuple[Server, Server], pair_token: str) -> None:
    """Inputs reach the handler from any process, validated and complete, for its next call."""
    async with streaming(pair[0], pair_token, "inputs") as client:
        await client.start()
        answer = await post_hook(pair[1], pair_token, {"webrtc_id": client.id, "conf_threshold": 0.25, "label": "dog"})
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        await speak(client, 1)
        async with subscribed(pair[1], pair_token, "inputs", client.id) as reader:
            assert json.loads((await reader.wait(1))[0].data) == [0.25, "dog"]
        assert (await post_hook(pair[1], pair_token, {"webrtc_id": client.id, "conf_threshold": 2})).status_code == 422


async def test_the_owner_is_checked_in_the_other_process(pair: tuple[Server, Server], pair_token: str) -> None:
    """Another user's session and an unknown one both get 404 in the other process."""
    other = await asyncio.to_thread(pair[0].token, "mallory@example.com")
    body = {"conf_threshold": 0.5}
    async with streaming(pair[0], pair_token, "inputs") as client:
        await client.start()
        await speak(client, 1)
        assert (await hook(pair[1], other, {"webrtc_id": client.id, **body})).status_code == 404
        assert (await hook(pair[1], pair_token, {"webrtc_id": uuid4().hex, **body})).status_code == 404
        async with subscribed(pair[1], other, "inputs", client.id) as reader:
            assert reader.response.status_code == 404


async def from_python(server: Server, view: str, webrtc_id: str, *values: Any) -> int:
    """Make a view of the site set inputs, and return the status."""
    status, _ = await asyncio.to_thread(server.post, f"/own/{view}", {"webrtc_id": webrtc_id, "values": values})
    return int(status)


async def manage(server: Server, *arguments: str) -> Any:
    """Use a stream from a management command; repeat if the session does not answer in time."""
    async with asyncio.timeout(240):
        while True:
            try:
                return json.loads(await asyncio.to_thread(server.manage, "python", *arguments))
            except AssertionError as error:
                if "has no session with this webrtc_id" not in str(error):
                    raise


async def handler_inputs(client: StreamClient, reader: Events, number: int) -> Any:
    """Trigger a call of the handler, and return its inputs."""
    await speak(client, 1)
    return json.loads((await reader.wait(number))[number - 1].data)


async def test_python_reaches_sessions_of_the_other_process(pair: tuple[Server, Server], pair_token: str) -> None:
    """`set_input` in a view and `aset_input` in a coroutine work, and a missing session raises an error."""
    async with streaming(pair[0], pair_token, "inputs") as client:
        await client.start()
        await speak(client, 1)
        async with subscribed(pair[1], pair_token, "inputs", client.id) as reader:
            for number, view in enumerate(("set_input", "aset_input"), 2):
                async with asyncio.timeout(60):
                    while (status := await from_python(pair[1], view, client.id, number, "dog")) == 404:  # not known there yet
                        pass
                assert status == 200
                assert await handler_inputs(client, reader, number) == [number, "dog"]
            assert await from_python(pair[1], "set_input_soon", client.id, "soon") == 200
            count = 3
            while (await handler_inputs(client, reader, count := count + 1)) != ["soon"]:
                assert count < 200
    for view in ("set_input", "aset_input"):
        assert await from_python(pair[1], view, uuid4().hex, 1) == 404
    nobody = uuid4().hex
    assert await from_python(pair[1], "set_input_soon", nobody, 1) == 200
    await until(lambda: any("could not be given its values" in line for line in pair[1].output), "it was not logged")
    assert not any(nobody in line for line in pair[1].output)


async def test_python_reaches_sessions_from_a_command(pair: tuple[Server, Server], pair_token: str) -> None:
    """A management command sets inputs, reads the latest output and all outputs, and ends the session."""
    async with streaming(pair[0], pair_token, "inputs") as client:
        await client.start()
        await manage(pair[0], "inputs", "set_input", client.id, "0.3", '["a", {"b": null}]')
        await speak(client, 1)
        reading = asyncio.create_task(manage(pair[0], "inputs", "outputs", client.id))  # it reads before a later command ends
        assert await manage(pair[0], "inputs", "latest", client.id) == [[0.3, ["a", {"b": None}]]]
        await speak(client, 1)
        async with asyncio.timeout(60):
            while client.closed is None:  # a lost message raises no error
                await manage(pair[0], "inputs", "close", client.id)
                await asyncio.wait({client.reader}, timeout=5)
        assert (await client.wait(type="update_connection"))["data"] == "closed"
        assert await client.wait_closed() == 1000
        assert (await reading)[0] == [[0.3, ["a", {"b": None}]]]


async def test_an_id_has_one_session_among_all_processes(pair: tuple[Server, Server], pair_token: str) -> None:
    """An id has one session per user in all processes and on all transports; another account has its own session with the same id."""
    other = await asyncio.to_thread(pair[0].token, "mallory@example.com")
    async with streaming(pair[0], pair_token, "plain") as first:
        await first.start()
        async with streaming(pair[1], pair_token, "plain") as second:
            await second.send({"event": "start", "websocket_id": first.id})
            assert (await second.wait(status="failed"))["meta"] == {"error": "connection_already_exists"}
            assert await second.wait_closed() == 1000
        async with to(pair[1], pair_token, "/streams/plain/webrtc/offer") as post:
            caller = Caller(post, "sendrecv", webrtc_id=first.id)
            assert await caller.post(await caller.offer()) == (200, already_exists())
            await caller.close()
        async with streaming(pair[1], other, "plain") as theirs:
            theirs.id = first.id
            await theirs.start()
            await theirs.speak(frame(3))
            assert await theirs.wait_audio(len(frame(3))) == frame(3)
        await first.speak(frame(1))
        assert await first.wait_audio(len(frame(1))) == frame(1)
        await first.stop()
    async with streaming(pair[1], pair_token, "plain") as again:
        again.id = first.id
        await again.start()
        await again.speak(frame(2))
        assert await again.wait_audio(len(frame(2))) == frame(2)


async def test_a_process_that_dies(pair: tuple[Server, Server], pair_token: str) -> None:
    """Readers of its sessions get the stored outputs and the end, and its ids are soon free."""
    one, two = pair
    async with streaming(one, pair_token, "numbers") as client:
        await client.start()
        await speak(client, 2)
        async with subscribed(two, pair_token, "numbers", client.id) as reader:
            await reader.wait(2)
            one.kill()
            await reader.until(lambda: reader.ended, 120)
    assert reader.numbers == [1, 2]
    assert reader.end == "lost"
    async with streaming(two, pair_token, "numbers") as again:
        again.id = client.id
        await again.start()
        await speak(again, 1)
        async with subscribed(two, pair_token, "numbers", again.id) as reader:
            await reader.wait(1)
            await again.stop()
            await reader.wait_ended()
    assert (reader.numbers, reader.end) == ([1], "ended")
    await asyncio.to_thread(one.start)
