"""Names that the real recogniser does not know, spoken over a socket: the announced vocabulary puts them right, and trackers find them.

names.ogg: two sentences of our own, read by the voice slt of Flite (Carnegie Mellon University, a BSD-like licence) and Piper's
en_US-joe-medium (CC0); public domain.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from streaming.management.terminal import channels_of
from tests.servers import Server
from tests.streaming.transports.client import SymblClient, connected

CLIP = Path(__file__).parent / "names.ogg"
RIGHT = ["I have never worked with Kubernetes before.", "I talked to Anneliese Weber about the budget."]
TRACKER = {"name": "Platform", "vocabulary": ["Kubernetes"]}


@pytest.fixture
def hearing(make_server: Callable[..., Server]) -> Server:
    """A server that hears with the shipped model."""
    return make_server(RECOGNISER="moonshine", RECOGNISER_THREADS="1")


async def spoken(server: Server, **start_options: object) -> SymblClient:
    """Speak the clip to its end, and return the client with all that came."""
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


async def test_announced_names_are_put_right(hearing: Server) -> None:
    """Message, final result and tracker all have the names as they were announced."""
    client = await spoken(hearing, customVocabulary=["Kubernetes", "Anneliese Weber", "Zendesk"])
    assert client.said() == RIGHT
    assert finals(client) == RIGHT
    (told,) = client.of("tracker_response")
    assert [(one["name"], [match["value"] for match in one["matches"]]) for one in told["trackers"]] == [("Platform", ["Kubernetes"])]


async def test_without_a_vocabulary_they_are_wrong(hearing: Server) -> None:
    """The recogniser by itself knows neither name: the test above proves something."""
    client = await spoken(hearing)
    said = " ".join(client.said())
    assert "budget" in said
    assert "Kubernetes" not in said
    assert "Anneliese" not in said
