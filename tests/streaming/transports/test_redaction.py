"""Redaction for a speaker: no subscriber gets the redacted words, live or later."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers import Server
from tests.streaming.transports.client import connected

SCRIPT = [
    {"after": 0.5, "text": "Ask Maria Lopez, or", "final": False},
    {"after": 1.0, "text": "Ask Maria Lopez, or call 555 123 4567.", "start": 0.2, "end": 0.9},
    {"after": 1.5, "text": "Maria Lopez will send it tomorrow.", "start": 1.1, "end": 1.4},
]


async def test_redacted_words_are_not_sent(make_server: Callable[..., Server], tmp_path: Path) -> None:
    """Speaker and subscriber get the masked words, no interim results and no tracker match in them, and REST has the same."""
    script = tmp_path / "script.json"
    script.write_text(json.dumps(SCRIPT))
    server = make_server(RECOGNISER_SCRIPT=str(script))
    token = await asyncio.to_thread(server.token)
    config = {"redaction": {"redactContent": True, "redactionString": "###", "identifyContent": True}, "trackers": {"interimResults": True}}
    trackers = [{"name": "People", "vocabulary": ["Maria Lopez"]}]
    async with connected(server, token, "room", "/v1/subscribe/") as listener, connected(server, token, "room") as speaker:
        conversation_id = await speaker.start(config=config, trackers=trackers)
        await listener.wait("conversation_created")  # recognition results are sent live only
        await speaker.speak(1.6)
        await speaker.wait("message_response", 2)
        await speaker.stop()
        await listener.wait("conversation_completed")
    for client in (speaker, listener):
        assert client.said() == ["Ask ###, or call ###.", "### will send it tomorrow."]
        results = [message["message"] for message in client.of("recognition_result")]
        assert [(result["isFinal"], result["punctuated"]["transcript"]) for result in results] == [(True, text) for text in client.said()]
        words = results[0]["payload"]["raw"]["alternatives"][0]["words"]
        assert [word["word"] for word in words] == ["Ask", "###,", "or", "call", "###."]
        starts = [int(word["startTime"]["seconds"]) + int(word["startTime"]["nanos"]) / 1e9 for word in words]
        assert starts[0] == pytest.approx(0.2, abs=0.01)  # stored times have milliseconds
        assert starts == sorted(starts)
        assert client.of("tracker_response") == []
        assert not any(secret in text for text in client.texts for secret in ("Maria", "Lopez", "555 123"))
    first = speaker.of("message_response")[0]["messages"][0]
    assert [(entity["type"], entity["detectedValue"], entity["offset"]) for entity in first["entities"]] == [
        ("person", "###", 4),
        ("phone", "###", 17),
    ]
    for resource in ("messages?verbose=true", "insights", "topics", "trackers", "entities", "events"):
        answer = json.dumps(server.get(f"/v1/conversations/{conversation_id}/{resource}", token))
        assert "Maria" not in answer
        assert "555 123" not in answer
    assert not any("Maria" in line for line in server.output)
