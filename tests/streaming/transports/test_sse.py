"""Outputs as server-sent events: a full copy for each subscriber, numbered, replayed, ended with the stream; on both servers."""

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
    """Have the handler give so many outputs."""
    for number in range(count):
        await client.speak(frame(number))
    await client.ping()


async def test_a_subscriber_gets_every_output_numbered(site: Server, site_token: str) -> None:
    """Events come as 1, 2, 3 with what AdditionalOutputs held, as messages without a name."""
    async with streaming(site, site_token, "numbers") as client:
        await client.start()
        async with subscribed(site, site_token, "numbers", client.id) as reader:
            await speak(client, 5)
            events = await reader.wait(5)
    assert [(event.number, event.name, json.loads(event.data)) for event in events] == [(n, "", {"n": n}) for n in range(1, 6)]


async def test_outputs_have_a_name(site: Server, site_token: str) -> None:
    """On /outputs, events are named `output`, as pages written for FastRTC want them."""
    async with streaming(site, site_token, "numbers") as client:
        await client.start()
        async with subscribed(site, site_token, "numbers", client.id, "outputs") as reader:
            await speak(client, 1)
            assert [event.name for event in await reader.wait(1)] == ["output"]


async def test_the_headers_keep_proxies_from_holding_events_back(site: Server, site_token: str) -> None:
    """No buffer, no cache, no compression between us and the reader."""
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
    """Nobody steals anybody's outputs; whoever comes late gets what was before."""
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


async def test_a_reader_goes_on_where_it_was(site: Server, site_token: str) -> None:
    """Last-Event-ID, or `after` in the query, replays what came after it, and then goes on live."""
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
    """When the session ends, its readers get the last output and then the end."""
    async with streaming(site, site_token, "numbers") as client:
        await client.start()
        async with subscribed(site, site_token, "numbers", client.id) as reader:
            await speak(client, 3)
            await reader.wait(3)
            await client.stop()
            await reader.wait_ended()
    assert reader.numbers == [1, 2, 3]


async def test_a_page_may_subscribe_before_its_session_is_there(site: Server, site_token: str) -> None:
    """Pages open socket and EventSource at the same time; the reader waits a moment for its session."""

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
    """After a moment, a session that does not come is a 404; a missing id is named."""
    async with subscribed(site, site_token, "numbers", uuid4().hex) as reader:
        assert reader.response.status_code == 404
    async with subscribed(site, site_token, "numbers", "") as reader:
        assert reader.response.status_code == 422


async def test_the_session_of_somebody_else_is_not_found(site: Server, site_token: str, other_token: str) -> None:
    """For everybody but its owner a session does not exist; without an account there is nothing to ask for."""
    async with streaming(site, site_token, "numbers") as client:
        await client.start()
        await speak(client, 1)
        for token, status in ((other_token, 404), ("", 401), ("wrong", 401)):
            async with subscribed(site, token, "numbers", client.id) as reader:
                assert reader.response.status_code == status
            assert not reader.events


async def test_a_token_in_the_query(site: Server, site_token: str) -> None:
    """An EventSource can set no headers: the query does."""
    async with streaming(site, site_token, "numbers") as client:
        await client.start()
        await speak(client, 1)
        async with subscribed(site, "", "numbers", client.id, query=f"&access_token={site_token}") as reader:
            await reader.wait(1)


async def test_a_public_session_belongs_to_whoever_knows_its_id(site: Server) -> None:
    """A session of an anonymous client on a public stream can be read by its id alone."""
    async with streaming(site, "", "public-numbers") as client:
        await client.start()
        await speak(client, 1)
        async with subscribed(site, "", "public-numbers", client.id) as reader:
            await reader.wait(1)


async def test_a_silent_stream_has_a_heartbeat(site: Server, site_token: str) -> None:
    """A reader that hears nothing for 15 s gets a comment."""
    async with streaming(site, site_token, "numbers") as client:
        await client.start()
        async with subscribed(site, site_token, "numbers", client.id) as reader:
            await reader.until(lambda: reader.comments >= 1)
            await reader.until(lambda: reader.comments >= 2, sse.HEARTBEAT_S + 30)
    assert not reader.events


async def test_a_reader_that_does_not_read_costs_nothing(site: Server, site_token: str) -> None:
    """Sixty readers that never read do not grow the server, and do not delay the one that does."""
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
    """A POST is no subscription."""
    status, _ = await asyncio.to_thread(site.post, f"/streams/numbers/{path}?access_token={site_token}", {})
    assert status == 405
