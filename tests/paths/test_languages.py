"""Speak another language than English: real audio, Whisper, rules of the language, storage, and every reader; and kill -9 in between."""

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest

from tests.models import with_whisper
from tests.paths.test_import import ended, read, upload
from tests.servers import Server, copied
from tests.speech.languages import spoken
from tests.streaming.audio.media_files import wav
from tests.streaming.transports.client import RATE, SymblClient, connected

CHUNK = 3200


@pytest.fixture(scope="module")
def server(migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the embedded recogniser and whisper-base."""
    data = with_whisper(copied(migrated_data, tmp_path_factory.mktemp("languages") / "data"))
    made = Server(data, {"RECOGNISER": "moonshine", "RECOGNISER_THREADS": "1"}, worker=True).start()
    yield made
    made.kill()


async def say(client: SymblClient, *names: str, times_real: float = 8.0) -> None:
    """Send clips as a microphone would, but faster."""
    audio = spoken(*names)
    for at in range(0, len(audio), CHUNK):
        await client.socket.send(audio[at : at + CHUNK])
        await asyncio.sleep(CHUNK / 2 / RATE / times_real)


async def test_a_german_conversation(server: Server) -> None:
    """German words are stored as German, with its question, its task and its next meeting, its date and its amount, and a translation."""
    token, room = await asyncio.to_thread(server.token), uuid4().hex
    tracker = {"name": "Vertrag", "vocabulary": ["mit der Firma Becker"]}
    async with connected(server, token, room) as client:
        config = {"languageCode": "de-DE", "translateToEnglish": True, "detectEntities": True}
        conversation_id = await client.start(config=config, trackers=[tracker])
        warning = (await client.wait("warning"))["message"]
        assert (warning["field"], "by rules" in warning["message"]) == ("config.languageCode", True)
        await say(client, "de_a", "de_b", "de_c")
        await client.stop()
    text = " ".join(client.said())
    assert "Guten Morgen zusammen." in text
    assert "nächste Woche" in text
    messages = [message for response in client.of("message_response") for message in response["messages"]]
    english = " ".join(one["metadata"]["translation"]["content"] for one in messages if "translation" in one["metadata"])
    assert "next week" in english
    found = {one["type"]: one["payload"]["content"] for response in client.of("insight_response") for one in response["insights"]}
    assert "Bericht" in found["action_item"]
    assert "Lieferung" in found["question"]
    assert "nächste Woche" in found["follow_up"]
    entities = [one for response in client.of("entity_response") for one in response["entities"]]
    assert {"euro", "freitag"} <= {word for one in entities for word in one["matches"][0]["detectedValue"].lower().split()}
    topics = {one["phrases"] for response in client.of("topic_response") for one in response["topics"]}
    assert {"Vertrag", "Lieferung", "Bericht"} & topics
    assert [one["name"] for response in client.of("tracker_response") for one in response["trackers"]] == ["Vertrag"], text
    status, stored = server.get(f"/v1/conversations/{conversation_id}/messages?verbose=true", token)
    assert status == 200
    assert "next week" in json.dumps(stored)


async def test_the_language_is_found_and_told(server: Server) -> None:
    """A client that sends `auto` is told the language with the first results, and once when it is settled; the conversation keeps it."""
    token = await asyncio.to_thread(server.token)
    async with connected(server, token) as client:
        conversation_id = await client.start(config={"languageCode": "auto"})
        await say(client, "es_a", "es_b")
        told = await client.wait("language_detected")
        await client.stop()
    assert told["message"]["data"] == {"languageCode": "es"}
    results = client.of("recognition_result")
    assert {one["message"]["languageCode"] for one in results} == {"es"}
    assert "contrato" in " ".join(client.said())
    language = server.manage(
        "shell", "--no-imports", "-v0", "-c",
        f"from insights.models import Conversation; print(Conversation.objects.get(id={conversation_id}).language)",
    )  # fmt: skip
    assert language.strip() == "es"


async def test_a_french_file(server: Server) -> None:
    """The language of a file is found, its messages have their insight and a translation, and the conversation has the language."""
    token = await asyncio.to_thread(server.token)
    audio = wav(np.frombuffer(spoken("fr_a", "fr_b"), "<i2").reshape(-1, 1))
    accepted = await asyncio.to_thread(upload, server, token, audio, languageCode="auto", translateToEnglish="true")
    assert (await ended(server, token, accepted["jobId"]))["status"] == "completed"
    root = f"/v1/conversations/{accepted['conversationId']}"
    messages = (await read(server, token, f"{root}/messages"))["messages"]
    assert "contrat" in " ".join(one["text"] for one in messages)
    assert "contract" in " ".join(one.get("translation", "") for one in messages)
    assert "livraison" in (await read(server, token, f"{root}/questions"))["questions"][0]["text"]
    assert "rapport" in (await read(server, token, f"{root}/action-items"))["actionItems"][0]["text"]


async def test_kill_in_a_german_conversation(make_server: Callable[..., Server], migrated_data: Path) -> None:
    """After kill -9 and a restart every message that was received is stored, the language stays, and the conversation goes on."""
    server = make_server(RECOGNISER="moonshine", RECOGNISER_THREADS="1")
    await asyncio.to_thread(server.stop)
    with_whisper(server.data)
    await asyncio.to_thread(server.start)
    token, room = await asyncio.to_thread(server.token), uuid4().hex
    async with connected(server, token, room) as client:
        conversation_id = await client.start(config={"languageCode": "auto"}, noConnectionTimeout=600)
        talking = asyncio.create_task(say(client, "de_a", "de_b", "de_a"))
        await client.wait("message_response", 2)
        server.kill()
        talking.cancel()
        await asyncio.gather(talking, return_exceptions=True)
        await client.wait_closed()
    seen = {message["id"]: message["payload"]["content"] for response in client.of("message_response") for message in response["messages"]}
    await asyncio.to_thread(server.start)
    async with connected(server, token, room) as client:
        assert await client.start(config={"languageCode": "auto"}) == conversation_id
        await say(client, "de_c")
        await client.stop()
    status, answer = server.get(f"/v1/conversations/{conversation_id}/messages", token)
    assert status == 200
    stored = {one["id"]: one["text"] for one in answer["messages"]}
    assert seen.items() <= stored.items()
    assert any("nächste Woche" in text for text in stored.values())
