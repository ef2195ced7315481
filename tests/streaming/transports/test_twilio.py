"""A stream on the telephone over Twilio's media streams, on both servers."""

import asyncio
import base64
from typing import Any
from xml.etree import ElementTree

import httpx

from tests.servers import Server
from tests.streaming.transports.sse import subscribed
from tests.streaming.transports.stream_client import FRAME, StreamClient, frame, streaming

SID = "MZ0123456789abcdef"


def call(site: Server, token: str, stream: str = "plain", **options: Any) -> Any:
    """Open the socket of an exchange."""
    return streaming(site, token, stream, "telephone/handler", **options)


async def begin(client: StreamClient, sid: str = "", **parameters: str) -> None:
    """Send the first messages of an exchange."""
    client.id = sid or SID + client.id
    details = {
        "accountSid": "AC1",
        "streamSid": client.id,
        "callSid": "CA1",
        "tracks": ["inbound"],
        "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
        "customParameters": parameters,
    }
    await client.send({"event": "connected", "protocol": "Call", "version": "1.0.0"})
    await client.send({"event": "start", "sequenceNumber": "1", "start": details, "streamSid": client.id})


async def speak(client: StreamClient, payload: bytes, track: str = "inbound") -> None:
    """Send 20 ms as an exchange does."""
    media = {"track": track, "chunk": "1", "timestamp": "5", "payload": base64.b64encode(payload).decode()}
    await client.send({"event": "media", "sequenceNumber": "3", "media": media, "streamSid": client.id})


def events(client: StreamClient, event: str) -> list[dict[str, Any]]:
    """Return the messages of one event."""
    return [message for message in client.messages if message.get("event") == event]


async def test_a_call_is_echoed(site: Server, site_token: str) -> None:
    """Audio returns as mu-law at 8 kHz with the stream's id; our own audio, sent back as outbound, is ignored."""
    async with call(site, site_token) as client:
        await begin(client)
        await speak(client, frame(9), "outbound")
        sent = b""
        for number in range(20):
            sent += frame(number)
            await speak(client, frame(number))
        assert await client.wait_audio(len(sent)) == sent
        assert all(message["streamSid"] == client.id for message in events(client, "media"))
        await client.send({"event": "stop", "streamSid": client.id, "stop": {"callSid": "CA1"}})
        assert await client.wait_closed() == 1000


async def test_other_rates_are_converted(site: Server, site_token: str) -> None:
    """A handler at 24 kHz receives and sends over a call at 8 kHz, in real time."""
    async with call(site, site_token, "wide") as client:
        await begin(client)
        for number in range(25):
            await speak(client, frame(number))
        await client.wait_audio(int(FRAME * 25 * 0.9))
        await asyncio.sleep(0.3)
        assert len(client.sound) <= FRAME * 25 + 8


async def test_marks_confirm_played_audio(site: Server, site_token: str) -> None:
    """A stream that closes waits for the mark of its last audio before it ends the call."""
    async with call(site, site_token, "closing") as client:
        await begin(client)
        await speak(client, frame(1))
        await client.wait_audio(8000)
        begun = asyncio.get_running_loop().time()
        mark = await client.until(lambda: next(iter(events(client, "mark")), None))
        assert mark["streamSid"] == client.id
        answered = 0
        while client.closed is None and asyncio.get_running_loop().time() - begun < 30:
            for one in events(client, "mark")[answered:]:
                answered += 1
                await client.send({"event": "mark", "streamSid": client.id, "mark": {"name": one["mark"]["name"]}})
            await asyncio.sleep(0.05)
        assert client.closed == 1000
    assert len(client.sound) == 8000


async def test_an_interruption_clears_the_call(site: Server, site_token: str) -> None:
    """The exchange gets `clear`, and no old audio follows."""
    async with call(site, site_token, "long") as client:
        await begin(client)
        await client.wait_audio(4000)
        await speak(client, frame(1))
        clear = await client.until(lambda: next(iter(events(client, "clear")), None))
        assert clear == {"event": "clear", "streamSid": client.id}
        after = len(client.sound)
        await asyncio.sleep(0.5)
        assert len(client.sound) == after


async def test_a_pause_of_the_audio(site: Server, site_token: str) -> None:
    """The exchange drops what the caller has not heard, which is sent again afterwards: nothing is lost."""
    async with call(site, site_token, "halting") as client:
        await begin(client)
        await speak(client, frame(1))
        await speak(client, frame(2))
        await client.wait_audio(4000)
        await speak(client, frame(3))
        await client.until(lambda: len(events(client, "clear")) >= 1)
        await asyncio.sleep(0.1)
        paused = len(client.sound)
        await asyncio.sleep(0.3)
        assert len(client.sound) == paused
        await speak(client, frame(4))
        await client.wait_audio(24_000 + 160)
        await asyncio.sleep(0.3)
        assert len(client.sound) <= 24_000 + 2 * 3000


async def test_only_what_an_exchange_knows_is_sent(site: Server, site_token: str) -> None:
    """Messages for pages, such as fetch_output, are not sent to an exchange."""
    async with call(site, site_token, "numbers") as client:
        await begin(client)
        await speak(client, frame(1))
        async with subscribed(site, site_token, "numbers", client.id) as reader:
            await reader.wait(1)
        assert client.messages == []


async def test_keys_reach_the_handler(site: Server, site_token: str) -> None:
    """The handler's method for keys gets each pressed key."""
    async with call(site, site_token, "burst") as client:
        await begin(client)
        await client.send(
            {"event": "dtmf", "streamSid": client.id, "sequenceNumber": "5", "dtmf": {"track": "inbound_track", "digit": "7"}}
        )
        async with subscribed(site, site_token, "burst", client.id) as reader:
            assert (await reader.wait(1))[0].data == "pressed 7"
    async with call(site, site_token) as client:
        await begin(client)
        await client.send({"event": "dtmf", "streamSid": client.id, "dtmf": {"digit": "7"}})
        await speak(client, frame(1))
        assert await client.wait_audio(FRAME) == frame(1)


async def test_the_token_comes_as_a_parameter(site: Server, site_token: str) -> None:
    """The token is in the start message, and a caller without one is refused."""
    async with call(site, "") as client:
        await begin(client, access_token=site_token)
        await speak(client, frame(1))
        assert await client.wait_audio(FRAME) == frame(1)
    for parameters in ({}, {"access_token": "wrong"}):
        async with call(site, "") as client:
            await begin(client, **parameters)
            assert "token" in (await client.wait(type="error"))["message"]
            assert await client.wait_closed() == 1008


async def test_calls_count_against_the_limit(site: Server, site_token: str) -> None:
    """A call above the limit gets an error and is closed; the slot is free after the first call."""
    async with call(site, site_token, "single") as first:
        await begin(first)
        await speak(first, frame(1))
        await first.wait_audio(FRAME)
        async with call(site, site_token, "single") as second:
            await begin(second)
            assert (await second.wait(status="failed"))["meta"] == {"error": "concurrency_limit_reached", "limit": 1}
            assert await second.wait_closed() == 1000
        await first.send({"event": "stop"})
        await first.wait_closed()
    async with call(site, site_token, "single") as third:
        await begin(third)
        await speak(third, frame(1))
        assert await third.wait_audio(FRAME) == frame(1)


async def test_invalid_messages_are_ignored(site: Server, site_token: str) -> None:
    """The call continues after text that is no JSON and after binary frames."""
    async with call(site, site_token) as client:
        await begin(client)
        await client.send("hello")
        await client.send(b"hello")
        await client.until(lambda: sum(message.get("type") == "error" for message in client.messages) == 2)
        await speak(client, frame(1))
        assert await client.wait_audio(FRAME) == frame(1)


async def test_incoming_calls_are_connected(site: Server, site_token: str) -> None:
    """The webhook's TwiML has the socket's URL and the token; a request without a valid token is refused."""
    async with httpx.AsyncClient(timeout=30) as client:
        url = f"{site.url}/streams/plain/telephone/incoming"
        answer = await client.post(f"{url}?access_token={site_token}", data={"CallSid": "CA1"}, headers={"X-Forwarded-Proto": "https"})
        assert answer.headers["Content-Type"] == "application/xml"
        stream = ElementTree.fromstring(answer.text).find("Connect/Stream")
        assert stream is not None
        assert stream.get("url") == f"wss://127.0.0.1:{site.port}/streams/plain/telephone/handler"
        parameter = stream.find("Parameter")
        assert parameter is not None
        assert parameter.attrib == {"name": "access_token", "value": site_token}
        assert (await client.post(url)).status_code == 401
        open_to_all = await client.post(f"{site.url}/streams/open-to-all/telephone/incoming")
        assert "<Parameter" not in open_to_all.text
        assert 'url="ws://' in open_to_all.text
