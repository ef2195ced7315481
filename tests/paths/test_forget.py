"""Path 7, forget: what is deleted is gone in every process, and whoever follows it is told and disconnected.

Links: REST or the portal, recorder (hide, then remove), signal after the commit, channel layer, subscriptions; then the speaker's
socket with a clear error, a subscriber's socket, the outputs of a stream session, the live page; tables, search, caches and replays in
both processes.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from playwright.async_api import Browser, Page, expect

from tests.paths.conftest import IN_ONE_LOOP, SAID, Installation, eventually, read, run, sign_in
from tests.servers import Server
from tests.streaming.transports.client import SymblClient, connected, noise
from tests.streaming.transports.sse import Events, subscribed
from tests.streaming.transports.stream_client import streaming

pytestmark = IN_ONE_LOOP

DELETED = "This conversation was deleted."
LEFT = """
from insights.models import Conversation
from insights.recorder.deletion.tables import content_tables
print(sum(table.rows({id}).count() for table in content_tables()), Conversation.everything.filter(id={id}).count())
"""


@dataclass(frozen=True)
class Talk:
    """A live conversation with something said in it, and everybody who follows it."""

    room: str
    id: str
    speaker: SymblClient
    subscriber: SymblClient
    outputs: Events
    watching: Page


@asynccontextmanager
async def talking(installation: Installation, browser: Browser) -> AsyncIterator[Talk]:
    """Have something said at process one; a subscriber and a reader of outputs follow at two, a live page at each process."""
    one, two, token, room = installation.one, installation.two, installation.token, uuid4().hex
    page = await sign_in(browser, one)
    async with (
        connected(one, token, room) as speaker,
        connected(two, token, room, "/v1/subscribe/") as subscriber,
        streaming(one, token, "conversation") as stream,
    ):
        conversation_id = await speaker.start("Anna")
        await page.goto(f"{one.url}/watch/{room}/")
        await speaker.speak(2.1)
        await subscriber.wait("message_response")
        await expect(page.locator(".message").first).to_have_text(SAID)
        stream.id = room
        await stream.start(format="pcm16", sample_rate=16000)
        async with subscribed(two, token, "conversation", room) as outputs:
            sound = noise(2.1)
            for at in range(0, len(sound), 3200):
                await stream.send(sound[at : at + 3200])
            await outputs.until(lambda: any(json.loads(event.data)["type"] == "message_response" for event in outputs.events))
            yield Talk(room, conversation_id, speaker, subscriber, outputs, page)


async def request(server: Server, token: str, method: str, path: str) -> tuple[int, object]:
    """Return the status and the JSON of a response."""
    return await asyncio.to_thread(server.request, method, path, token)


async def all_are_told(talk: Talk) -> None:
    """Each reader gets the notification, without a number, and is disconnected; the speaker gets an error."""
    for socket, code in ((talk.speaker, 1008), (talk.subscriber, 1000)):
        told = await socket.wait("conversation_deleted")
        assert told["message"]["data"] == {"conversationId": talk.id}
        assert "sequenceNumber" not in told
        assert await socket.wait_closed() == code
    assert talk.speaker.of("error")[-1]["message"] == "this conversation was deleted"
    await talk.outputs.until(lambda: any("conversation_deleted" in event.data for event in talk.outputs.events))
    await expect(talk.watching.locator("#alerts")).to_contain_text(DELETED)
    await expect(talk.watching.locator(".message")).to_have_count(0)


async def nobody_finds_it(installation: Installation, talk: Talk, page: Page) -> None:
    """REST, the saved page, the list and its search, in both processes."""
    for server in (installation.one, installation.two):
        for path in ("", "/messages", "/events", "/summary"):
            status, answer = await request(server, installation.token, "GET", f"/v1/conversations/{talk.id}{path}")
            assert (status, answer) == (404, {"message": "The conversationId is either invalid or does not exist."})
        response = await page.request.get(f"{server.url}/conversations/{talk.id}/")
        assert response.status == 404
        listed = await (await page.request.get(f"{server.url}/conversations/?q=budget")).text()
        assert f"/conversations/{talk.id}/" not in listed


async def test_a_conversation_that_is_deleted_by_rest(installation: Installation, browser: Browser) -> None:
    """While people speak in it: all are told, no row is left, and what is said at the same name begins anew."""
    async with talking(installation, browser) as talk:
        await talk.speaker.speak(1.5)  # a turn is open, and is not stored afterwards
        await read(installation.one, installation.token, f"/v1/conversations/{talk.id}/analytics")  # cached in both processes
        await read(installation.two, installation.token, f"/v1/conversations/{talk.id}/summary")
        answer = await request(installation.two, installation.token, "DELETE", f"/v1/conversations/{talk.id}")
        assert answer == (200, {"message": "successfully deleted the conversation"})
        await all_are_told(talk)
        page = await sign_in(browser, installation.two)
        await nobody_finds_it(installation, talk, page)

        async def left() -> str:
            return await run(installation.one, LEFT.format(id=talk.id))

        assert await eventually(left, lambda answer: answer == "0 0") == "0 0"
        async with connected(installation.two, installation.token, talk.room) as again:
            assert await again.start("Anna") != talk.id


async def test_a_conversation_that_is_moved_to_the_bin(installation: Installation, browser: Browser) -> None:
    """The page asks first; readers are closed as by a deletion; restored, it is as it was, and its events say that it has ended."""
    async with talking(installation, browser) as talk:
        page = await sign_in(browser, installation.two)
        await page.goto(f"{installation.two.url}/conversations/{talk.id}/")
        await page.get_by_role("button", name="More").click()
        await page.get_by_role("button", name="Delete…").click()
        await page.get_by_role("button", name="Cancel").click()
        assert (await request(installation.one, installation.token, "GET", f"/v1/conversations/{talk.id}"))[0] == 200
        await page.get_by_role("button", name="More").click()
        await page.get_by_role("button", name="Delete…").click()
        await page.get_by_role("button", name="Move to bin").click()
        await expect(page.locator(".notice.good")).to_have_text("Conversation moved to the bin.")
        await all_are_told(talk)
        await nobody_finds_it(installation, talk, page)
        await page.goto(f"{installation.one.url}/bin/")
        await page.locator(f"form[action='/bin/{talk.id}/restore/']").get_by_role("button").click()
        await expect(page.locator(".notice.good")).to_have_text("Conversation restored.")
        for server in (installation.one, installation.two):
            messages = await read(server, installation.token, f"/v1/conversations/{talk.id}/messages")
            assert [one["text"] for one in messages["messages"]][:1] == [SAID]
            async with connected(server, installation.token, talk.room, "/v1/subscribe/", query="?after=0") as late:
                end = await late.wait("conversation_completed")
            assert end["sequenceNumber"] == max(one.get("sequenceNumber", 0) for one in late.messages)
        assert talk.subscriber.of("conversation_completed") == []


async def test_a_message_that_is_deleted(installation: Installation, browser: Browser) -> None:
    """It disappears from the page; sockets get it as dismissed; a replay in the other process has no word of it."""
    async with talking(installation, browser) as talk:
        message = talk.subscriber.of("message_response")[0]["messages"][0]
        async with connected(installation.two, installation.token, talk.room, "/v1/subscribe/", "?after=0") as before:
            await before.wait("message_response")  # process two has rendered the event
        path = f"/v1/conversations/{talk.id}/messages/{message['id']}"
        assert (await request(installation.one, installation.token, "DELETE", path))[0] == 200
        for socket in (talk.speaker, talk.subscriber):
            gone = await socket.wait(
                lambda response: any(one["id"] == message["id"] and one["dismissed"] for one in response.get("messages", ()))
            )
            assert gone["messages"][0]["payload"]["content"] == ""
        await expect(talk.watching.locator(f"#m-{message['id']}")).to_have_count(0)
        for server in (installation.one, installation.two):
            async with connected(server, installation.token, talk.room, "/v1/subscribe/", "?after=0") as after:
                shown = (await after.wait("message_response"))["messages"][0]
                assert (shown["id"], shown["payload"]["content"], shown["dismissed"]) == (message["id"], "", True)
            status, _ = await request(server, installation.token, "DELETE", path)
            assert status == 404
