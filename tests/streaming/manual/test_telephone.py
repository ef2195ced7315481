"""The same handlers on the telephone, unchanged."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import numpy as np
from websockets import ConnectionClosed

from streaming.audio import mulaw
from streaming.audio.rates import Converter
from tests.servers import Server
from tests.streaming.manual.conftest import ManualClient, recording
from tests.streaming.transports.sse import subscribed
from tests.streaming.transports.stream_client import StreamClient, streaming

RATE = 8000


@asynccontextmanager
async def calling(server: Server, token: str, stream: str) -> AsyncIterator[ManualClient]:
    """Act as an exchange with a caller: send the caller's audio, and return marks when they are due."""
    async with streaming(server, token, stream, "telephone/handler") as client:
        await client.send({"event": "start", "start": {"streamSid": client.id}, "streamSid": client.id})

        async def say(samples: np.ndarray) -> None:
            converter = Converter(RATE)
            samples = np.concatenate((converter.push(samples, 48_000), converter.flush()))
            with suppress(ConnectionClosed):  # a handler may close the session before all audio was sent
                for at in range(0, len(samples), RATE // 50):
                    payload = base64.b64encode(mulaw.encode(samples[at : at + RATE // 50])).decode()
                    await client.send({"event": "media", "media": {"track": "inbound", "payload": payload}, "streamSid": client.id})
                    await asyncio.sleep(0.018)

        marking = asyncio.create_task(return_marks(client))
        async with subscribed(server, token, stream, client.id, "outputs") as events:
            yield ManualClient(client, events, RATE, say, "", token)
        marking.cancel()


async def return_marks(client: StreamClient) -> None:
    """Return each mark of the server once."""
    given = 0
    while client.closed is None:
        marks = [message for message in client.messages if message.get("event") == "mark"]
        for mark in marks[given:]:
            with suppress(ConnectionClosed):
                await client.send(mark)
        given = len(marks)
        await asyncio.sleep(0.05)


def cleared(client: ManualClient) -> bool:
    """Return whether the exchange was asked to drop its unplayed audio."""
    return any(message.get("event") == "clear" for message in client.transport_client.messages)


async def test_the_parrot_answers_a_caller_and_is_interrupted(manual: Server, token: str) -> None:
    """The caller gets the turn back; speech of the caller during the reply clears the audio."""
    async with calling(manual, token, "parrot") as client:
        await client.say(recording("computer"))
        await client.until(lambda: client.loud_seconds > 0.3, "the reply was not heard")
        async with asyncio.timeout(120):
            while not cleared(client):  # if the reply has ended, this is a turn, and the next one interrupts its reply
                await client.say(recording("question"))


async def test_a_greeting_does_not_wait_for_inputs(manual: Server, token: str) -> None:
    """A telephone has no page that could send inputs: the defaults apply at once."""
    async with calling(manual, token, "greeter") as client:
        await client.receives_tone(300)
        await client.until(lambda: client.outputs == [{"greeted": "stranger"}], "nobody was greeted")


async def test_a_chat_continues_without_a_page(manual: Server, token: str) -> None:
    """The output of the handler is its next input."""
    async with calling(manual, token, "assistant") as client:
        for turn, clip in enumerate(("question", "computer"), 1):
            await client.say(recording(clip))
            await client.until(lambda n=turn: len(client.outputs) == 2 * n, "there was no answer")
        assert [line["role"] for line in client.outputs[-1]] == ["user", "assistant", "user", "assistant"]


async def test_close_stream_hangs_up(manual: Server, token: str) -> None:
    """The call ends after the last audio was played."""
    async with calling(manual, token, "farewell") as client:
        await client.say(recording("question"))
        await client.receives_tone(900)
        assert isinstance(client.transport_client, StreamClient)
        assert await client.transport_client.wait_closed() == 1000
