"""What a start_request may contain on a real socket: further speaker fields, options without effect, large chunks, another stop."""

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.servers import Server
from tests.streaming.transports.client import SymblClient, connected, noise

PEER = {"peerId": "peer-1", "seat": 4, "host": True}
LARGE = 65_536


def warnings(client: SymblClient) -> dict[str, str]:
    """Return the warnings that a client got, the text by field."""
    return {one["message"]["field"]: one["message"]["message"] for one in client.of("warning")}


async def test_speaker_fields_on_all_sockets(live: Server, live_token: str) -> None:
    """Both speakers and a subscriber get Jane's fields in `user` and `from`, Tom's messages have none of them."""
    room = uuid4().hex
    async with (
        connected(live, live_token, room) as jane,
        connected(live, live_token, room, query="?results=all") as tom,
        connected(live, live_token, room, "/v1/subscribe/") as subscriber,
    ):
        await jane.start("Jane", speaker={"userId": "jane@example.com", "name": "Jane", **PEER})
        await tom.start("Tom")
        await subscriber.wait("conversation_created")
        await jane.speak(2.1)
        for client in (jane, tom, subscriber):
            response = await client.wait("message_response")
            insight = await client.wait("insight_response")
            result = await client.wait("recognition_result")
            sender = response["messages"][0]["from"]
            assert sender == {**PEER, "id": sender["id"], "name": "Jane", "userId": "jane@example.com"}
            assert insight["insights"][0]["from"] == sender == result["message"]["user"]
        await tom.speak(2.1)
        others = await jane.wait("message_response", 2)
        assert others["messages"][0]["from"].keys() == {"id", "name", "userId"}
        await jane.stop()
        await tom.stop()


async def test_a_field_without_effect_gets_a_warning(live: Server, live_token: str) -> None:
    """The start is carried out, and one warning for each such field follows `recognition_started`."""
    async with connected(live, live_token) as client:
        await client.start(
            actions=[{"invokeOn": "stop", "name": "sendSummaryEmail"}],
            mood="good",
            insightTypes=["question", "intent"],
            metadata={"room": "4"},
            webhookUrl="https://example.org/hook",
            detectPhrases="true",
        )
        await client.wait("warning", 3)
        await client.speak(2.1)
        await client.wait("insight_response")
        await client.stop()
    assert set(warnings(client)) == {"actions", "mood", "insightTypes[1]"}
    assert client.kinds()[:6] == ["conversation_created", "started_listening", "recognition_started", *["warning"] * 3]


async def test_metadata_is_stored(live: Server, live_token: str) -> None:
    """REST has the metadata of the start; a value that is no text refuses the start."""
    async with connected(live, live_token) as client:
        await client.send({"type": "start_request", "metadata": {"room": 4}})
        assert (await client.wait("error"))["message"]["field"] == "metadata.room"
        conversation_id = await client.start(metadata={"room": "4"})
        await client.stop()
    status, conversation = live.get(f"/v1/conversations/{conversation_id}", live_token)
    assert (status, conversation["metadata"]) == (200, {"room": "4"})


@pytest.mark.parametrize("language", ["en", "EN", "en-GB"])
async def test_english(live: Server, live_token: str, language: str) -> None:
    """`en` alone is English, as symbl-js clients send it."""
    async with connected(live, live_token) as client:
        await client.start(config={"languageCode": language, "speechRecognition": {"encoding": "LINEAR16", "sampleRateHertz": "16000"}})
        await client.stop()
    assert warnings(client) == {}


@pytest.mark.parametrize("source", ["", "js_sdk", "web_sdk", "python_sdk"])
async def test_stop_and_large_chunks_by_source(live: Server, live_token: str, source: str) -> None:
    """The SDKs may send chunks of 64 KiB, with one warning; others get an error. Every source gets the same two last messages."""
    async with connected(live, live_token, query=f"?source={source}" if source else "") as client:
        await client.start()
        sound = noise(4.2)
        for at in range(0, len(sound), LARGE):
            await client.socket.send(sound[at : at + LARGE])
        if source:
            await client.wait("message_response", 2)
            await client.socket.send(bytes(LARGE + 2))
        assert f"at most {LARGE if source else 8192} bytes" in (await client.wait("error"))["message"]
        await client.send({"type": "stop_recognition"})
        assert await client.wait_closed() == 1000
    assert client.kinds()[-2:] == ["conversation_completed", "recognition_stopped"]
    assert list(warnings(client)) == (["audio"] if source else [])
    assert len(client.of("warning")) == len(warnings(client))


async def test_audio_at_another_rate_than_stated(live: Server, live_token: str) -> None:
    """Live audio of 44.1 kHz that is stated as 16 kHz gets one warning with the likely rate; the right rate gets none."""
    loop = asyncio.get_running_loop()

    async def talk(client: SymblClient, rate: int, enough: Callable[[float], bool]) -> None:
        began, sent, block = loop.time(), 0, noise(1024 / rate, rate)
        while not enough(loop.time() - began):
            await client.socket.send(block)
            sent += 1024
            await asyncio.sleep(max(0.0, began + sent / rate - loop.time()))

    async with connected(live, live_token) as wrong, connected(live, live_token) as right:
        await wrong.start()
        await right.start(config={"speechRecognition": {"encoding": "LINEAR16", "sampleRateHertz": 44_100}})
        listening = asyncio.create_task(talk(right, 44_100, lambda _: bool(wrong.of("warning"))))
        await talk(wrong, 44_100, lambda seconds: bool(wrong.of("warning")) or seconds > 80)
        await listening
        warning = await wrong.wait("warning")
        await wrong.stop()
        await right.stop()
    assert warning["message"]["field"] == "config.speechRecognition.sampleRateHertz"
    assert "44100 Hz" in warning["message"]["message"]
    assert len(wrong.of("warning")) == 1
    assert right.of("warning") == []


async def test_a_mask_in_words(make_server: Callable[..., Server], tmp_path: Any) -> None:
    """The documentation's own mask replaces what is redacted, and is no topic, entity or name."""
    script = tmp_path / "script.json"
    script.write_text(json.dumps([{"after": 1.0, "text": "Ask Maria Lopez, or call 555 123 4567.", "start": 0.2, "end": 0.9}]))
    server = make_server(RECOGNISER_SCRIPT=str(script))
    token = await asyncio.to_thread(server.token)
    config = {"redaction": {"redactContent": True, "redactionString": "[PII_PCI_ENTITY]", "identifyContent": True}}
    async with connected(server, token, "room") as client:
        await client.start(config=config)
        await client.speak(1.6)
        await client.wait("message_response")
        await client.stop()
    assert client.said() == ["Ask [PII_PCI_ENTITY], or call [PII_PCI_ENTITY]."]
    entities = client.of("message_response")[0]["messages"][0]["entities"]
    assert [(one["type"], one["detectedValue"]) for one in entities] == [("person", "[PII_PCI_ENTITY]"), ("phone", "[PII_PCI_ENTITY]")]
    assert client.of("topic_response") == []
