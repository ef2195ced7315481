"""Spoken names that the shipped recogniser misrecognises: the vocabulary of the start request corrects them, and trackers match.
names.ogg: two sentences of our own, read by the voice slt of Flite (Carnegie Mellon University, a BSD-like licence) and Piper's
en_US-joe-medium (CC0); public domain."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from streaming.management.terminal import channels_of
from tests.servers import Server
from tests.streaming.transports.client import SymblClient, connected

CLIP = Path(__file__).parent / "names.ogg"
RIGHT = "I talked to Anneliese Weber about the budget."
"""The second sentence, whose name is misrecognised in the same way each time; that of the first one is not."""
TRACKER = {"name": "Client", "vocabulary": ["Anneliese Weber"]}


@pytest.fixture
def recogniser_server(make_server: Callable[..., Server]) -> Server:
    """A server with the shipped model."""
    return make_server(RECOGNISER="moonshine", RECOGNISER_THREADS="1")


async def spoken(server: Server, **start_options: object) -> SymblClient:
    """Send the clip, and return the client with all messages."""
    token = await asyncio.to_thread(server.token)
    sound = channels_of(CLIP, 1)[0].tobytes()
    async with connected(server, token) as client:
        await client.start(trackers=[TRACKER], **start_options)
        for at in range(0, len(sound), 3200):
            await client.socket.send(sound[at : at + 3200])
        await client.stop()
    return client


def finals(client: SymblClient) -> list[str]:
    """The texts of the final recognition results."""
    results = [m["message"] for m in client.of("recognition_result") if m["message"]["isFinal"]]
    return [result["payload"]["raw"]["alternatives"][0]["transcript"] for result in results]


async def test_vocabulary_names_are_corrected(recogniser_server: Server) -> None:
    """Message, final result and tracker have the name as in the vocabulary."""
    client = await spoken(recogniser_server, customVocabulary=["Kubernetes", "Anneliese Weber", "Zendesk"])
    assert client.said()[-1] == RIGHT
    assert finals(client)[-1] == RIGHT
    (told,) = client.of("tracker_response")
    assert [(one["name"], [match["value"] for match in one["matches"]]) for one in told["trackers"]] == [("Client", ["Anneliese Weber"])]


async def test_without_a_vocabulary_they_are_wrong(recogniser_server: Server) -> None:
    """The recogniser alone gets the names wrong, so the test above can fail."""
    client = await spoken(recogniser_server)
    said = " ".join(client.said())
    assert "budget" in said
    assert "Kubernetes" not in said
    assert "Anneliese" not in said
