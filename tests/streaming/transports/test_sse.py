"""Outputs as server-sent events: complete for each subscriber, numbered, replayed, ended with the stream, on both servers."""

import asyncio
import json
import socket
from pathlib import Path
from uuid import uuid4

import pytest

from streaming.transports import sse
from tests.servers import Server
from tests.streaming.transports.sse import subscribed
from tests.streaming.transports.stream_client import StreamClient, frame, streaming


async def speak(client: StreamClient, count: int) -> None:
    """Make the handler return this many outputs."""
    for number in range(count):
        await client.speak(frame(number))
    await client.ping()


async def test_a_subscriber_gets_every_output_numbered(site: Server, site_token: str) -> None:
    """Events are numbered 1, 2, 3, with the values of AdditionalOutputs, as messages without a name."""
    async with streaming(site, site_token, "numbers") as client:
        await client.start()
        async with subscribed(site, site_token, "numbers", client.id) as reader:
            await speak(client, 5)
            events = await reader.wait(5)
    assert [(event.number, event.name, json.loads(event.data)) for event in events] == [(n, "", {"n": n}) for n in range(1, 6)]


async def test_outputs_have_a_name(site: Server, site_token: str) -> None:
    """On /outputs, events have the name `output`, as FastRTC pages expect."""
    async with streaming(site, site_token, "numbers") as client:
        await client.start()
        async with subscribed(site, site_token, "numbers", client.id, "outputs") as reader:
            await speak(client, 1)
            assert [event.name for event in await reader.wait(1)] == ["output"]


async def test_the_headers_disable_buffering(site: Server, site_token: str) -> None:
    """The headers disable buffers, caches and compression between server and reader."""
    async with streaming(site, site_token, "numbers") as client:
        await client.start()
        async with subscribed(site, site_token, "numbers", client.id, headers={"Accept-Encoding": "gzip"}) as reader:
            headers = reader.response.headers
    assert reader.response.status_code == 200
    assert headers["Content-Type"].startswith("text/event-stream")
    assert headers["X-Accel-Buffering"] == "no"
    assert headers["Content-Encoding"] == "identity"
    assert "no-cache" in headers["Cache-Control"]


async def test_many_subscribers_each_get_everything(site: Server, site_token: str) -> None:
    """Each subscriber gets every output, and a late one gets the earlier ones too."""
    async with streaming(site, site_token, "numbers") as client:
        await client.start()
        opened = [subscribed(site, site_token, "numbers", client.id) for _ in range(8)]
        readers = [await one.__aenter__() for one in opened]
        await speak(client, 40)
        for reader in readers:
            await reader.wait(40)
        async with subscribed(site, site_token, "numbers", client.id) as late:
            await late.wait(40)
        for one in opened:
            await one.__aexit__(None, None, None)
    for reader in [*readers, late]:
        assert reader.numbers == list(range(1, 41))


async def test_a_reader_continues_after_its_cursor(site: Server, site_token: str) -> None:
    """Last-Event-ID, or `after` in the query, replays later events and then continues live."""
    async with streaming(site, site_token, "numbers") as client:
        await client.start()
        await speak(client, 10)
        async with subscribed(site, site_token, "numbers", client.id, headers={"Last-Event-ID": "7"}) as reader:
            await reader.wait(3)
            await speak(client, 2)
            await reader.wait(5)
        assert reader.numbers == [8, 9, 10, 11, 12]
        async with subscribed(site, site_token, "numbers", client.id, query="&after=11") as reader:
            await reader.wait(1)
        assert reader.numbers == [12]


async def test_it_ends_with_the_stream(site: Server, site_token: str) -> None:
    """When the session ends, its readers get the last output and the end of the response."""
    async with streaming(site, site_token, "numbers") as client:
        await client.start()
        async with subscribed(site, site_token, "numbers", client.id) as reader:
            await speak(client, 3)
            await reader.wait(3)
            await client.stop()
            await reader.wait_ended()
    assert reader.numbers == [1, 2, 3]


async def test_a_page_may_subscribe_before_its_session_starts(site: Server, site_token: str) -> None:
    """The reader waits a moment for its session."""

    async def numbers(client: StreamClient) -> list[int]:
        async with subscribed(site, site_token, "numbers", client.id) as reader:
            if reader.response.status_code == 200:
                await reader.wait(1)
            return reader.numbers

    for _ in range(5):
        async with streaming(site, site_token, "numbers") as client:
            begun = asyncio.get_running_loop().time()
            reading = asyncio.create_task(numbers(client))
            await asyncio.sleep(0.5)
            await client.start()
            took = asyncio.get_running_loop().time() - begun
            await speak(client, 1)
            if (read := await reading) == [1]:
                return
            assert took > sse.GRACE_S - 0.5, read  # else the session came in time
    pytest.fail("the session was late five times")


async def test_an_unknown_session_is_not_found(site: Server, site_token: str) -> None:
    """An unknown session gets 404 after a moment, and a missing id is named."""
    async with subscribed(site, site_token, "numbers", uuid4().hex) as reader:
        assert reader.response.status_code == 404
    async with subscribed(site, site_token, "numbers", "") as reader:
        assert reader.response.status_code == 422


async def test_another_users_session_is_not_found(site: Server, site_token: str, other_token: str) -> None:
    """A session gets 404 for other users, and 401 without an account."""
    async with streaming(site, site_token, "numbers") as client:
        await client.start()
        await speak(client, 1)
        for token, status in ((other_token, 404), ("", 401), ("wrong", 401)):
            async with subscribed(site, token, "numbers", client.id) as reader:
                assert reader.response.status_code == status
            assert not reader.events


async def test_a_token_in_the_query(site: Server, site_token: str) -> None:
    """The query carries the token, because an EventSource can set no headers."""
    async with streaming(site, site_token, "numbers") as client:
        await client.start()
        await speak(client, 1)
        async with subscribed(site, "", "numbers", client.id, query=f"&access_token={site_token}") as reader:
            await reader.wait(1)


async def test_a_public_session_is_read_by_its_id(site: Server) -> None:
    """The id alone gives access to an anonymous client's session of a public stream."""
    async with streaming(site, "", "public-numbers") as client:
        await client.start()
        await speak(client, 1)
        async with subscribed(site, "", "public-numbers", client.id) as reader:
            await reader.wait(1)


async def test_a_silent_stream_has_a_heartbeat(site: Server, site_token: str) -> None:
    """A reader gets a comment after 15 s without an event."""
    async with streaming(site, site_token, "numbers") as client:
        await client.start()
        async with subscribed(site, site_token, "numbers", client.id) as reader:
            await reader.until(lambda: reader.comments >= 1)
            await reader.until(lambda: reader.comments >= 2, sse.HEARTBEAT_S + 30)
    assert not reader.events


async def test_readers_that_do_not_read_cost_no_memory(site: Server, site_token: str) -> None:
    """Sixty readers that never read do not grow the server, and do not delay another one."""
    assert site.process is not None
    deaf = [socket.create_connection(("127.0.0.1", site.port)) for _ in range(60)]
    async with streaming(site, site_token, "numbers") as client:
        await client.start()
        request = f"GET /streams/numbers/updates?webrtc_id={client.id} HTTP/1.1\r\nHost: localhost\r\nx-api-key: {site_token}\r\n\r\n"
        for one in deaf:
            one.sendall(request.encode())
        async with subscribed(site, site_token, "numbers", client.id) as reader:
            await speak(client, 100)
            await reader.wait(100)
            before = resident_mb(site.process.pid)
            for _ in range(20):
                await speak(client, 100)
            await reader.until(lambda: reader.numbers[-1] == 2100, 60)
        assert resident_mb(site.process.pid) - before < 20
    for one in deaf:
        one.close()


def resident_mb(pid: int) -> float:
    """Return the memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise AssertionError("no VmRSS")


@pytest.mark.parametrize("path", ["updates", "outputs"])
async def test_only_get(site: Server, site_token: str, path: str) -> None:
    """A POST gets 405."""
    status, _ = await asyncio.to_thread(site.post, f"/streams/numbers/{path}?access_token={site_token}", {})
    assert status == 405
