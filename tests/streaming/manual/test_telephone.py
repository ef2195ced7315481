"""The same handlers on the telephone: nothing in them knows of it."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import numpy as np
from websockets import ConnectionClosed

from streaming.audio import mulaw
from streaming.audio.rates import Converter
from tests.servers import Server
from tests.streaming.manual.conftest import Revocable, said
from tests.streaming.transports.sse import subscribed
from tests.streaming.transports.stream_client import StreamClient, streaming

RATE = 8000


@asynccontextmanager
async def calling(server: Server, token: str, stream: str) -> AsyncIterator[Revocable]:
    """Be an exchange that puts a caller through: it says what it hears, and gives marks back when they are due."""
    async with streaming(server, token, stream, "telephone/handler") as client:
        await client.send({"event": "start", "start": {"streamSid": client.id}, "streamSid": client.id})

        async def say(samples: np.ndarray) -> None:
            converter = Converter(RATE)
            sound = np.concatenate((converter.push(samples, 48_000), converter.flush()))
            with suppress(ConnectionClosed):  # a handler may hang up before everything was said
                for at in range(0, len(sound), RATE // 50):
                    payload = base64.b64encode(mulaw.encode(sound[at : at + RATE // 50])).decode()
                    await client.send({"event": "media", "media": {"track": "inbound", "payload": payload}, "streamSid": client.id})
                    await asyncio.sleep(0.018)

        marking = asyncio.create_task(give_marks_back(client))
        async with subscribed(server, token, stream, client.id, "outputs") as events:
            yield Revocable(client, events, RATE, say, "", token)
        marking.cancel()


async def give_marks_back(client: StreamClient) -> None:
    """Tell the server of each mark once."""
    given = 0
    while client.closed is None:
        marks = [message for message in client.messages if message.get("event") == "mark"]
        for mark in marks[given:]:
            with suppress(ConnectionClosed):
                await client.send(mark)
        given = len(marks)
        await asyncio.sleep(0.05)


def cleared(guest: Revocable) -> bool:
    """Whether the exchange was told to drop what it had not played."""
    return any(message.get("event") == "clear" for message in guest.client.messages)


async def test_the_parrot_answers_a_caller_and_is_interrupted(manual: Server, token: str) -> None:
    """It says the turn again; when the caller speaks over it, the line is cleared."""
    async with calling(manual, token, "parrot") as guest:
        await guest.say(said("computer"))
        await guest.until(lambda: guest.loud_seconds > 0.3, "the reply was not heard")
        async with asyncio.timeout(120):
            while not cleared(guest):  # where the reply was over by then, this is a turn, whose reply is spoken over by the next
                await guest.say(said("question"))


async def test_a_greeting_waits_for_no_page(manual: Server, token: str) -> None:
    """There is nobody who could send inputs: the defaults hold at once."""
    async with calling(manual, token, "greeter") as guest:
        await guest.hears(300)
        await guest.until(lambda: guest.outputs == [{"greeted": "stranger"}], "nobody was greeted")


async def test_a_chat_goes_on_by_itself(manual: Server, token: str) -> None:
    """What the handler puts out is its input the next time."""
    async with calling(manual, token, "assistant") as guest:
        for turn, clip in enumerate(("question", "computer"), 1):
            await guest.say(said(clip))
            await guest.until(lambda n=turn: len(guest.outputs) == 2 * n, "there was no answer")
        assert [line["role"] for line in guest.outputs[-1]] == ["user", "assistant", "user", "assistant"]


async def test_close_stream_hangs_up(manual: Server, token: str) -> None:
    """After the last sound was heard."""
    async with calling(manual, token, "farewell") as guest:
        await guest.say(said("question"))
        await guest.hears(900)
        assert isinstance(guest.client, StreamClient)
        assert await guest.client.wait_closed() == 1000
