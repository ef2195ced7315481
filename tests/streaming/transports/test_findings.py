"""Insights, entities and trackers as clients receive them: from the socket through the recorder and back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.servers import Server
from tests.streaming.transports.client import Message, SymblClient, connected

EXAMPLE = "Jane will look into the requirements on the hiring for coming financial year."
"""The task of the streaming protocol's own example."""

SAID = [
    EXAMPLE,
    "We will cancel the contract, Jane, it costs too much.",
    "Naïve 🎉 idea: tell Jane Doe to call Mr. Stone before Friday, 5 pm. 🎉",
]


def _server(folder: Path, data: Path, script: dict[str, Any]) -> Server:
    path = folder / "script.json"
    path.write_text(json.dumps(script))
    return Server(servers.copied(data, folder / "data"), {"RECOGNISER": "scripted", "RECOGNISER_SCRIPT": str(path)}, "daphne")


@pytest.fixture(scope="module")
def talking(migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server on which every speaker says the same three sentences, a second each."""
    script = {"recognitions": [[{"after": 1.0 + number, "text": text} for number, text in enumerate(SAID)]]}
    server = _server(tmp_path_factory.mktemp("talking"), migrated_data, script)
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def portuguese(migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose recogniser supports Spanish and English."""
    texts = ["Podes enviar o contrato amanhã?", "Quero cancelar o contrato, Jane, custa 300 euros."]
    said = [{"after": 1.0 + number, "text": text} for number, text in enumerate(texts)]
    server = _server(tmp_path_factory.mktemp("portuguese"), migrated_data, {"recognitions": [said], "languages": ["pt-PT", "en-US"]})
    server.start()
    yield server
    server.kill()


async def _say_all(client: SymblClient, count: int, **fields: Any) -> str:
    conversation_id = await client.start(**fields)
    await client.speak(count + 0.5)
    await client.wait("message_response", count)
    await client.stop()
    return conversation_id


def _insights(client: SymblClient) -> list[Message]:
    return [insight for response in client.of("insight_response") for insight in response["insights"]]


async def test_the_example_of_the_protocol(talking: Server) -> None:
    """A named member becomes a tag with name, alias, userId and offset, and the assignee."""
    async with connected(talking, talking.token()) as client:
        await _say_all(client, 1, config={"detectEntities": True})
    task = next(insight for insight in _insights(client) if insight["text"] == EXAMPLE)
    jane = task["from"]
    assert jane == {"id": jane["id"], "name": "Jane", "userId": "jane@example.com"}
    assert task["type"] == "action_item"
    assert task["payload"] == {"content": EXAMPLE, "contentType": "text/plain"}
    value = {"name": "Jane", "alias": "Jane", "userId": "jane@example.com", "id": jane["id"], "assignee": True}
    assert task["tags"] == [{"type": "person", "text": "Jane", "beginOffset": 0, "value": {"value": value}}]
    assert task["assignee"] == jane


async def test_offsets_point_into_the_text(talking: Server) -> None:
    """Offsets count code points of the message, and REST has the same ones."""
    async with connected(talking, talking.token()) as client:
        conversation_id = await _say_all(client, 3, config={"detectEntities": True, "confidenceThreshold": 0.05, "timezoneOffset": 60})
    messages = [message for response in client.of("message_response") for message in response["messages"]]
    found = [(entity, message["payload"]["content"]) for message in messages for entity in message["entities"]]
    assert {entity["detectedValue"] for entity, _ in found} >= {"Jane", "Stone"}
    assert all(text[entity["offset"] :].startswith(entity["detectedValue"]) for entity, text in found)
    tags = [(tag, insight["text"]) for insight in _insights(client) for tag in insight["tags"]]
    assert tags
    assert all(text[tag["beginOffset"] :].startswith(tag["text"]) for tag, text in tags)
    status, answer = talking.get(f"/v1/conversations/{conversation_id}/entities", talking.token())
    assert status == 200
    texts = {message["id"]: message["payload"]["content"] for message in messages}
    references = [(entity, reference) for entity in answer["entities"] for reference in entity["messageRefs"]]
    assert all(reference["text"] == texts[reference["id"]] for _, reference in references)
    assert all(reference["text"][reference["offset"] :].lower().startswith(entity["text"].lower()) for entity, reference in references)


async def test_due_dates_are_in_the_clients_zone(talking: Server) -> None:
    """The first ten characters are the local day, and the offset follows."""
    async with connected(talking, talking.token()) as client:
        await _say_all(client, 3, config={"confidenceThreshold": 0.05, "timezoneOffset": -480})
    due = [insight["dueBy"]["value"] for insight in _insights(client) if insight.get("dueBy")]
    assert due
    assert all(value.endswith("T17:00:00-08:00") for value in due)


async def test_all_managed_trackers(talking: Server) -> None:
    """enableAllTrackers adds the managed trackers to those of the request; REST lists them under the same ids."""
    own = {"name": "Naming", "vocabulary": ["Jane Doe"]}
    async with connected(talking, talking.token()) as client:
        await _say_all(client, 3, trackers=[own], config={"trackers": {"enableAllTrackers": True}})
    heard = {tracker["name"]: tracker for response in client.of("tracker_response") for tracker in response["trackers"]}
    assert {"Naming", "Cancellation", "Objection"} <= heard.keys()
    match = heard["Cancellation"]["matches"][0]
    assert match["value"] == "cancel the contract"
    assert match["messageRefs"][0]["offset"] == SAID[1].index("cancel the contract")
    status, answer = talking.get(f"/v1/manage/tracker/{heard['Cancellation']['id']}", talking.token())
    assert (status, answer["tracker"]["name"]) == (200, "Cancellation")


async def test_managed_trackers_only_when_asked_for(talking: Server) -> None:
    """Without the flag only the request's own trackers match."""
    async with connected(talking, talking.token()) as client:
        await _say_all(client, 3, trackers=[{"name": "Naming", "vocabulary": ["Jane Doe"]}])
    assert {tracker["name"] for response in client.of("tracker_response") for tracker in response["trackers"]} == {"Naming"}


@pytest.mark.parametrize("language", ["es-ES", "de-DE"])
async def test_an_unsupported_language_is_refused(talking: Server, language: str) -> None:
    """The error names the field and the supported languages; the socket may start again."""
    async with connected(talking, talking.token()) as client:
        await client.start(wait=False, config={"languageCode": language})
        error = (await client.wait("error"))["message"]
        assert error["field"] == "config.languageCode"
        assert error["message"] == f"config.languageCode '{language}' is not understood here: allowed are en-US, en-GB"
        await client.start()
        await client.stop()


async def test_a_language_of_the_recogniser_only(portuguese: Server) -> None:
    """Words are transcribed and trackers match; nothing else is detected, and client and log get a warning at the start."""
    tracker = {"name": "Baja", "vocabulary": ["cancelar o contrato"]}
    start_options = {"languageCode": "pt-PT", "detectEntities": True, "sentiment": True, "confidenceThreshold": 0.05}
    async with connected(portuguese, portuguese.token()) as client:
        conversation_id = await _say_all(client, 2, trackers=[tracker], config=start_options)
    kinds = client.kinds()
    assert kinds[:4] == ["conversation_created", "started_listening", "recognition_started", "warning"]
    warning = client.of("warning")[0]["message"]
    assert warning["field"] == "config.languageCode"
    assert "'pt-PT'" in warning["message"]
    assert "insights need one of de, en, es, fr" in warning["message"]
    assert not {"insight_response", "entity_response", "topic_response"} & set(kinds)
    assert [tracker["name"] for response in client.of("tracker_response") for tracker in response["trackers"]] == ["Baja"]
    messages = [message for response in client.of("message_response") for message in response["messages"]]
    assert [message["sentiment"]["polarity"]["score"] for message in messages] == [0.0, 0.0]
    assert all(message["entities"] == [] for message in messages)
    status, answer = portuguese.get(f"/v1/conversations/{conversation_id}/summary", portuguese.token())
    assert (status, answer) == (200, {"summary": []})
    assert "config.languageCode 'pt-PT' is written down" in "".join(portuguese.output)


async def test_english_has_no_warning(portuguese: Server) -> None:
    """English on the same server gives no warning."""
    async with connected(portuguese, portuguese.token()) as client:
        await client.start(config={"languageCode": "en-US"})
        await client.stop()
    assert not client.of("warning")
