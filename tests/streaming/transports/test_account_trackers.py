"""What an account manages over REST is used by the conversations that start afterwards, in any process."""

import asyncio
import json
import urllib.request
from typing import Any

from tests.servers import Server
from tests.streaming.transports.client import connected

TRACKER = {"name": "Money", "vocabulary": ["the budget"]}
ENTITY = [{"type": "Document", "subType": "Finance", "category": "Custom", "values": ["Budget"]}]


def send(server: Server, token: str, method: str, path: str, body: object) -> Any:
    """Send JSON and return that of the good answer."""
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    request = urllib.request.Request(server.url + path, json.dumps(body).encode(), headers, method=method)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


async def test_a_tracker_and_an_entity_of_another_process_are_found(pair: tuple[Server, Server], pair_token: str) -> None:
    """Created in one process, both are found by a speaker of the other; REST of the first has them under their ids."""
    one, two = pair
    tracker = (await asyncio.to_thread(send, one, pair_token, "POST", "/v1/manage/tracker", TRACKER))["tracker"]
    await asyncio.to_thread(send, one, pair_token, "POST", "/v1/manage/entities/bulk", ENTITY)
    async with connected(two, pair_token) as client:
        conversation_id = await client.start(enableAllTrackers=True, config={"detectEntities": True})
        await client.speak(2.5)
        await client.wait("tracker_response")
        response = await client.wait("entity_response")
        await client.stop()
    found = {one["id"]: one for told in client.of("tracker_response") for one in told["trackers"]}
    assert found[tracker["id"]]["name"] == "Money"
    assert found[tracker["id"]]["matches"][0]["value"] == "the budget"
    custom = [one for one in response["entities"] if one["category"] == "Custom"]
    assert [(one["type"], one["subType"], one["matches"][0]["detectedValue"]) for one in custom] == [("Document", "Finance", "budget")]
    status, stored = await asyncio.to_thread(one.get, f"/v1/conversations/{conversation_id}/trackers", pair_token)
    assert status == 200
    assert tracker["id"] in {one["id"] for one in stored}


async def test_without_enable_all_trackers_they_are_not(pair: tuple[Server, Server], pair_token: str) -> None:
    """A start that does not ask for them finds none, and another account's are never found."""
    one, two = pair
    stranger = await asyncio.to_thread(two.token, "stranger@example.com")
    await asyncio.to_thread(send, one, pair_token, "POST", "/v1/manage/tracker", {"name": "Start", "vocabulary": ["we start"]})
    for token, options in ((pair_token, {}), (stranger, {"enableAllTrackers": True})):
        async with connected(two, token) as client:
            await client.start(**options)
            await client.speak(2.5)
            await client.wait("message_response")
            await client.stop()
        assert "Start" not in {one["name"] for told in client.of("tracker_response") for one in told["trackers"]}


async def test_the_vocabulary_of_the_account_corrects_what_is_heard(pair: tuple[Server, Server], pair_token: str) -> None:
    """A name of the account's vocabulary replaces words that sound like it."""
    one, two = pair
    vocabulary = {"vocabulary": ["Budjet"]}
    assert await asyncio.to_thread(send, one, pair_token, "PUT", "/v1/manage/vocabulary", vocabulary) == vocabulary
    async with connected(two, pair_token) as client:
        await client.start()
        await client.speak(2.5)
        await client.wait("message_response")
        await client.stop()
    assert "Budjet" in client.said()[0]
