"""Path 4, correct: what a person changes in the admin, in the review queue or over REST reaches every open page and subscriber.

Links: admin form, key of the review queue or REST call, recorder, numbered event, signal after the commit, broadcast, channel layer,
subscription, Symbl renderer, send queue; then, in any process, the live page (which replaces, moves, removes and restores what it
shows), a subscriber's socket, the speaker's socket, the outputs of a stream session as server-sent events, a subscriber that replays
everything, REST, the list of conversations, the saved page, and the export.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import uuid4

from playwright.async_api import Browser, Page, expect

from tests.paths.conftest import IN_ONE_LOOP, SAID, Installation, read, sign_in
from tests.streaming.transports.client import SymblClient, connected, noise
from tests.streaming.transports.sse import Events, subscribed
from tests.streaming.transports.stream_client import streaming

pytestmark = IN_ONE_LOOP

Item = dict[str, Any]


@dataclass(frozen=True)
class Talk:
    """A live conversation with one message and one insight in it, and everybody who follows it."""

    room: str
    id: str
    message_id: str
    insight_id: str
    sockets: tuple[SymblClient, SymblClient]
    outputs: Events
    page: Page
    admin: Page
    reviewed_at: str

    async def sent(self, kind: str, wanted: Callable[[Item], bool], count: int = 1) -> None:
        """Wait until both sockets and the outputs of the stream session got so many messages or insights that are as wanted."""

        def fits(response: Item) -> bool:
            return response["type"] == f"{kind}_response" and any(map(wanted, response[f"{kind}s"]))

        for socket in self.sockets:
            await socket.wait(fits, count)
        await self.outputs.until(lambda: sum(fits(json.loads(event.data)) for event in self.outputs.events) >= count)

    async def save(self) -> None:
        """Save the form that is open in the admin."""
        await self.admin.get_by_role("button", name="Save", exact=True).first.click()
        await expect(self.admin.locator(".messagelist .success")).to_be_visible()

    async def review(self, verdict: str = "", text: str = "") -> None:
        """Give a verdict on the insight, or another wording, in the admin."""
        await self.admin.goto(f"{self.reviewed_at}/admin/insights/insight/{self.insight_id}/change/")
        if verdict:
            await self.admin.locator(f"input[name=review][value={verdict}]").check()
        if text:
            await self.admin.locator("textarea[name=text]").fill(text)
        await self.save()


@asynccontextmanager
async def talking(installation: Installation, browser: Browser) -> AsyncIterator[Talk]:
    """Have something said at process one, and followed at process two; the admin is open at two, the live page at one."""
    one, two, token, room = installation.one, installation.two, installation.token, uuid4().hex
    page, admin = await sign_in(browser, one), await sign_in(browser, two)
    async with (
        connected(one, token, room) as speaker,
        connected(two, token, room, "/v1/subscribe/") as subscriber,
        streaming(one, token, "conversation") as stream,
    ):
        conversation_id = await speaker.start("Anna")
        await page.goto(f"{one.url}/watch/{room}/")
        await speaker.speak(2.1)
        message = (await subscriber.wait("message_response"))["messages"][0]
        insight = (await subscriber.wait("insight_response"))["insights"][0]
        await expect(page.locator(f"#m-{message['id']}")).to_have_text(SAID)
        await expect(page.locator(f"#i-{insight['id']}")).to_be_visible()
        stream.id = room  # a stream's session joins the conversation of its id
        await stream.start(format="pcm16", sample_rate=16000)
        async with subscribed(two, token, "conversation", room) as outputs:
            sound = noise(2.1)
            for at in range(0, len(sound), 3200):
                await stream.send(sound[at : at + 3200])
            await outputs.until(lambda: any(json.loads(event.data)["type"] == "insight_response" for event in outputs.events))
            await expect(page.locator("#insights li")).to_have_count(2)
            yield Talk(room, conversation_id, message["id"], insight["id"], (speaker, subscriber), outputs, page, admin, two.url)


async def replayed(installation: Installation, talk: Talk) -> tuple[dict[str, str], dict[str, str]]:
    """Return the messages and insights that a subscriber has who replays all events: texts by id, without what is dismissed."""
    last = (await read(installation.two, installation.token, f"/v1/conversations/{talk.id}/events?limit=1"))["lastEvent"]
    texts: dict[str, dict[str, str]] = {"messages": {}, "insights": {}}
    async with connected(installation.one, installation.token, talk.room, "/v1/subscribe/", "?after=0") as again:
        await again.wait(lambda response: response.get("sequenceNumber", 0) >= last)
        for response in again.messages:
            for kind, known in texts.items():
                for item in response.get(kind, ()):
                    known[item["id"]] = "" if item["dismissed"] else item["payload"]["content"]
    messages, insights = ({key: text for key, text in known.items() if text} for known in texts.values())
    return messages, insights


async def test_what_a_reviewer_changes_changes_everywhere(installation: Installation, browser: Browser) -> None:
    """A message is corrected; an insight is reworded, rejected and set back: all who follow the conversation, or read it, agree."""
    async with talking(installation, browser) as talk:
        await correct_the_message(installation, talk, "Shall we begin with the budget?")
        await review_the_insight(installation, talk, "Do we begin with the budget?")
        await review_in_the_queue(installation, talk)
        await edit_title_and_members(installation, talk)
        await edit_messages(installation, talk)
        await edit_insights(installation, talk)


async def correct_the_message(installation: Installation, talk: Talk, wording: str) -> None:
    """New words replace the old ones on the page that shows them, and come again, under the same id, on every socket."""
    await talk.admin.goto(f"{installation.two.url}/admin/insights/conversation/{talk.id}/change/")
    await talk.admin.locator("textarea[name=messages-0-text]").fill(wording)
    await talk.save()
    await talk.sent("message", lambda one: one["id"] == talk.message_id and one["payload"]["content"] == wording)
    await expect(talk.page.locator(f"#m-{talk.message_id}")).to_have_text(wording)
    await expect(talk.page.locator(".message:not(.interim)")).to_have_count(2)
    messages, _ = await replayed(installation, talk)
    assert messages[talk.message_id] == wording
    stored = await read(installation.one, installation.token, f"/v1/conversations/{talk.id}/messages")
    assert {one["id"]: one["text"] for one in stored["messages"]} == messages


async def review_the_insight(installation: Installation, talk: Talk, wording: str) -> None:
    """Pages replace, remove and restore it; sockets, a replay, REST, counts and the export agree."""
    page, card = talk.page, talk.page.locator(f"#i-{talk.insight_id}")

    def shown(dismissed: bool) -> Callable[[Item], bool]:
        return lambda item: (item["id"], item["payload"]["content"], item["dismissed"]) == (talk.insight_id, wording, dismissed)

    await expect(page.locator("#insight-count")).to_have_text("2")
    await talk.review(text=wording)
    await talk.sent("insight", shown(dismissed=False))
    await expect(card.locator(".text")).to_have_text(wording)
    await expect(page.locator("#insight-count")).to_have_text("2")

    await talk.review("rejected")
    await talk.sent("insight", shown(dismissed=True))
    await expect(card).to_have_count(0)
    await expect(page.locator("#insight-count")).to_have_text("1")
    await expect(page.locator(f"#m-{talk.message_id}")).to_have_class("message")
    assert talk.insight_id not in (await replayed(installation, talk))[1]
    await agree(installation, talk, rejected=True)

    await talk.review("pending")
    await talk.sent("insight", shown(dismissed=False), 2)
    await expect(card.locator(".text")).to_have_text(wording)
    assert await page.locator("#insights li").first.get_attribute("id") == f"i-{talk.insight_id}"
    await expect(page.locator("#insight-count")).to_have_text("2")
    await expect(page.locator(f"#m-{talk.message_id}")).to_have_class("message found")
    await expect(page.locator(f"#m-{talk.message_id}")).to_have_attribute("data-kind", "question")
    assert (await replayed(installation, talk))[1][talk.insight_id] == wording
    await agree(installation, talk, rejected=False)


async def review_in_the_queue(installation: Installation, talk: Talk) -> None:
    """A verdict from the review queue, by its key, removes the insight everywhere; taking it back restores it."""
    queue = talk.admin
    await queue.goto(f"{installation.two.url}/review/?conversation={talk.id}")
    await queue.wait_for_load_state()
    decision = await queue.locator("#item .review-choices").get_attribute("action") or ""
    identity = decision.split("/")[2]
    card = talk.page.locator(f"#i-{identity}")
    await expect(card).to_be_visible()
    seen = [sum(_is(identity, False, response) for response in socket.messages) for socket in talk.sockets]
    await queue.keyboard.press("r")
    await talk.sent("insight", lambda one: (one["id"], one["dismissed"]) == (identity, True))
    await expect(card).to_have_count(0)
    await expect(queue.locator("#last")).to_contain_text("Last: rejected.")
    assert identity not in (await replayed(installation, talk))[1]
    await agree(installation, talk, rejected=True)
    await queue.keyboard.press("u")
    for socket, times in zip(talk.sockets, seen, strict=True):
        await socket.wait(partial(_is, identity, False), times + 1)
    await expect(card).to_be_visible()
    await agree(installation, talk, rejected=False)


def _is(identity: str, dismissed: bool, response: Item) -> bool:
    """Return whether a response has this insight in this state."""
    return any((one["id"], one["dismissed"]) == (identity, dismissed) for one in response.get("insights", ()))


async def agree(installation: Installation, talk: Talk, *, rejected: bool) -> None:
    """REST, the list, the saved page and both downloads have as many insights as the live page, in every process."""
    count = 1 if rejected else 2
    for server in {installation.one.port: installation.one, installation.two.port: installation.two}.values():
        found = await read(server, installation.token, f"/v1/conversations/{talk.id}/insights")
        assert len(found["insights"]) == count
        page = await talk.page.context.new_page()
        await page.goto(f"{server.url}/conversations/{talk.id}/")
        await expect(page.locator(".section .insight:not(.rejected)")).to_have_count(count)
        await page.goto(f"{server.url}/conversations/")
        await expect(page.locator(".row .count[data-kind=question]").first).to_contain_text(str(count))
        text = await (await page.request.get(f"{server.url}/conversations/{talk.id}/download.txt")).text()
        assert text.count("- Question:") == count
        document = await (await page.request.get(f"{server.url}/conversations/{talk.id}/download.json")).json()
        reviews = [one["review"] for one in document["conversations"][0]["insights"]]
        assert reviews.count("rejected") == 2 - count
        await page.close()


async def edit(installation: Installation, talk: Talk, method: str, path: str, body: Item | None = None) -> Item:
    """Send an edit to process two and return the answer."""
    url = f"/v1/conversations/{talk.id}{path}"
    status, answer = await asyncio.to_thread(installation.two.send, method, url, installation.token, body)
    assert status == 200, answer
    return dict(answer)


async def undo(installation: Installation, talk: Talk, change: Item) -> None:
    """Undo the change of an answer."""
    await edit(installation, talk, "POST", f"/changes/{change['changeId']}/undo")


async def edit_title_and_members(installation: Installation, talk: Talk) -> None:
    """A title and a name, changed over REST, are shown by the page, come on every socket, and are stored."""
    page = talk.page
    await edit(installation, talk, "PUT", "", {"name": "Budget 2027", "metadata": {"case": "7"}})
    await expect(page.locator("#name")).to_have_text("Budget 2027")

    def titled(response: Item) -> bool:
        inner = response.get("message")
        return isinstance(inner, dict) and inner.get("data", {}).get("name") == "Budget 2027" and inner["data"]["metadata"] == {"case": "7"}

    for socket in talk.sockets:
        await socket.wait(titled)
    await talk.outputs.until(lambda: any(titled(json.loads(event.data)) for event in talk.outputs.events))
    members = (await read(installation.one, installation.token, f"/v1/conversations/{talk.id}/members"))["members"]
    anna = next(one["id"] for one in members if one["name"] == "Anna")
    renamed = await edit(installation, talk, "PUT", f"/members/{anna}", {"id": anna, "name": "Annette"})
    await talk.sent("message", lambda one: (one["id"], one["from"]["name"]) == (talk.message_id, "Annette"))
    await talk.sent("insight", lambda one: (one["id"], one["from"]["name"]) == (talk.insight_id, "Annette"))
    await expect(page.locator("#turns .who strong", has_text="Annette").first).to_be_visible()
    at_annette = re.compile(r"Show in the transcript, Annette, 0:0\d")
    await expect(page.locator(f"#i-{talk.insight_id} .place")).to_have_attribute("aria-label", at_annette)
    await undo(installation, talk, renamed)
    await expect(page.locator("#turns .who strong", has_text="Annette")).to_have_count(0)


async def edit_messages(installation: Installation, talk: Talk) -> None:
    """A message is split, given to a new person and set back: its parts and speakers are shown in their places."""
    page, first = talk.page, page_texts(talk)
    whole = await first()
    split = await edit(installation, talk, "POST", f"/messages/{talk.message_id}/split", {"offset": 14})
    second = split["messages"][1]
    await talk.sent("message", lambda one: (one["id"], one.get("previousMessageId")) == (second["id"], talk.message_id))
    await expect(page.locator(".message:not(.interim)")).to_have_count(3)
    assert (await first())[:2] == [one["text"] for one in split["messages"]]
    assert (await replayed(installation, talk))[0][second["id"]] == second["text"]
    cleo = {"id": "cleo", "name": "Cleo"}
    events = [{"type": "started_speaking", "user": cleo, "offset": {"seconds": 0, "nanos": 0}}]
    moved = await edit(installation, talk, "PUT", "/speakers", {"speakerEvents": events})
    await talk.sent("message", lambda one: (one["id"], one["from"]["name"]) == (second["id"], "Cleo"))
    await expect(page.locator("#turns .who strong")).to_have_text(["Cleo"])
    stored = await read(installation.one, installation.token, f"/v1/conversations/{talk.id}/messages")
    assert {one["from"]["name"] for one in stored["messages"]} == {"Cleo"}
    await undo(installation, talk, moved)
    await undo(installation, talk, split)
    await talk.sent("message", lambda one: one["id"] == second["id"] and one["dismissed"])
    await expect(page.locator(".message:not(.interim)")).to_have_count(2)
    assert await first() == whole
    await expect(page.locator("#turns .who strong", has_text="Cleo")).to_have_count(0)


def page_texts(talk: Talk) -> Callable[[], Awaitable[list[str]]]:
    """Return a function that returns the texts of the messages that the live page shows, in order."""
    return talk.page.locator(".message:not(.interim)").all_inner_texts


async def edit_insights(installation: Installation, talk: Talk) -> None:
    """An insight that a person adds, assigns and finishes is shown, counted everywhere, and gone when it is undone."""
    page = talk.page
    added = await edit(installation, talk, "POST", "/insights", {"type": "question", "messageId": talk.message_id, "text": "By hand?"})
    identity = added["insight"]["id"]
    await talk.sent("insight", lambda one: one["id"] == identity and one["confidence"] == 1)
    await expect(page.locator("#insight-count")).to_have_text("3")
    await edit(installation, talk, "PATCH", f"/insights/{identity}", {"assignee": {"name": "Zoe"}, "done": True})
    await talk.sent("insight", lambda one: one["id"] == identity and one["assignee"]["name"] == "Zoe" and one.get("done") is True)
    await expect(page.locator(f"#i-{identity} .meta")).to_contain_text("Done")
    changes = (await read(installation.one, installation.token, f"/v1/conversations/{talk.id}/changes"))["changes"]
    for change in (changes[-1], changes[-2]):
        await undo(installation, talk, {"changeId": change["id"]})
    await talk.sent("insight", lambda one: one["id"] == identity and one["dismissed"])
    await expect(page.locator("#insight-count")).to_have_text("2")
    assert identity not in (await replayed(installation, talk))[1]
    await agree(installation, talk, rejected=False)
