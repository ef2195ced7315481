"""A kind of insight that an app adds, from what is said to every place that shows insights, on a server of its own.

Links: setting, registry, detector, recorder, event, broadcast, Symbl renderer; then sockets, server-sent events, REST, the live page
(spoken in and watched), the try-out page of the stream, the list of conversations, the saved page, the admin, and both downloads.
"""

import asyncio
import json
import wave
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import chromium
from tests.paths.conftest import IN_ONE_LOOP, SET_UP, eventually, read, sign_in
from tests.servers import Server
from tests.streaming.transports.client import RATE, SymblClient, connected, noise
from tests.streaming.transports.sse import Events, subscribed
from tests.streaming.transports.stream_client import streaming
from tests.streaming.transports.test_input_hook import hook

pytestmark = IN_ONE_LOOP

DECIDED, ASKED = "We decided to paint the door green.", "Is the budget ready?"
TOKEN: dict[str, str] = {}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server whose settings add the kind `decision`, and on which the same two sentences are always said."""
    chromium()
    folder = tmp_path_factory.mktemp("decisions")
    script = folder / "script.json"
    script.write_text(json.dumps([{"after": 1.0, "text": f"{DECIDED} {ASKED}"}]))
    site = {"DJANGO_SETTINGS_MODULE": "tests.insights.decisions.settings", "RECOGNISER": "scripted", "RECOGNISER_SCRIPT": str(script)}
    server = Server(folder / "data", site)
    TOKEN.update(json.loads(server.manage("shell", "--no-imports", "-v0", "-c", SET_UP)))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def token(server: Server) -> str:
    """Jane's access token."""
    return TOKEN["jane@example.com"]


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser, server: Server) -> AsyncIterator[Page]:
    """A page on which Jane is signed in."""
    page = await sign_in(browser, server)
    yield page
    await page.context.close()


async def insight(socket: SymblClient, kind: str) -> dict[str, Any]:
    """Wait for an insight of a kind on a socket, and return it."""

    def fits(response: dict[str, Any]) -> bool:
        return response["type"] == "insight_response" and any(one["type"] == kind for one in response["insights"])

    return next(one for one in (await socket.wait(fits))["insights"] if one["type"] == kind)


async def test_sockets_events_and_rest_have_the_kind(server: Server, token: str) -> None:
    """A client that asks for it gets it, one that does not gets none of it, a subscriber gets all; REST has a list of its own."""
    room = uuid4().hex
    async with (
        connected(server, token, room) as anna,
        connected(server, token, room) as ben,
        connected(server, token, room, "/v1/subscribe/") as subscriber,
        streaming(server, token, "conversation") as tom,
    ):
        conversation_id = await anna.start("Anna", insightTypes=["question", "decision"])
        await ben.start("Ben", insightTypes=["question"])
        tom.id = room  # a stream's session joins the conversation of its id
        await tom.start(format="pcm16", sample_rate=16000)
        async with subscribed(server, token, "conversation", room) as outputs:
            assert (await hook(server, token, {"webrtc_id": room, "insight_types": ["poem"]}, "conversation")).status_code == 422
            assert (await hook(server, token, {"webrtc_id": room, "insight_types": ["decision"]}, "conversation")).status_code == 200
            await tom.send(bytes(6400))
            root = f"/v1/conversations/{conversation_id}"
            await eventually(lambda: read(server, token, f"{root}/members"), lambda answer: len(answer["members"]) > 1)
            await anna.speak(1.2)
            found = await insight(anna, "decision")
            assert (found["payload"]["content"], found["confidence"], found["assignee"]["name"]) == (DECIDED, 0.9, "")
            assert (await insight(subscriber, "decision"))["id"] == found["id"]
            assert await sse_types(outputs, found["id"]) == {"decision"}
        await insight(ben, "question")
        assert {one["type"] for response in ben.of("insight_response") for one in response["insights"]} == {"question"}
        (listed,) = (await read(server, token, f"{root}/decisions"))["decisions"]
        assert listed.keys() == {"id", "text", "type", "score", "messageIds", "from"}
        assert (listed["id"], listed["type"], listed["text"], listed["score"]) == (found["id"], "decision", DECIDED, 0.9)
        assert "decision" in [one["type"] for one in (await read(server, token, f"{root}/insights"))["insights"]]
        assert "decision" not in json.dumps(await read(server, token, f"{root}/questions"))
        schema = await read(server, "", "/api/openapi.json")
        assert schema["paths"]["/v1/conversations/{conversation_id}/decisions"]["get"]["summary"] == "List decisions"
        assert "Decisions" in schema["components"]["schemas"]


async def sse_types(outputs: Events, wanted_id: str) -> set[str]:
    """Wait for an insight among the server-sent events; return the types of all insights that came."""

    def found() -> list[dict[str, Any]]:
        responses = [json.loads(event.data) for event in outputs.events]
        return [one for response in responses if response["type"] == "insight_response" for one in response["insights"]]

    await outputs.until(lambda: any(one["id"] == wanted_id for one in found()))
    return {one["type"] for one in found()}


async def test_a_client_may_ask_for_the_registered_kinds_only(server: Server, token: str) -> None:
    """The error lists the added kind."""
    async with connected(server, token) as client:
        await client.start("Anna", wait=False, insightTypes=["poem"])
        error = await client.wait("error")
    assert "one of question, action_item, follow_up, decision, topic" in json.dumps(error)


async def test_the_live_page_shows_the_kind_to_speakers(server: Server, page: Page) -> None:
    """The page asks for all kinds that the server has, and shows label, icon and colour."""
    await page.goto(f"{server.url}/live/{uuid4().hex}/")
    await expect(page.locator("#no-insights")).to_have_text(
        "Questions, action items, follow-ups and decisions appear here while people talk."
    )
    await page.get_by_role("button", name="Start").click()
    card = page.locator("#insights [data-kind=decision]")
    await expect(card.locator(".kind")).to_contain_text("Decision")
    await expect(card.locator(".text")).to_have_text(DECIDED)
    await shown_in_colour(page, card)
    message = page.locator(".message", has_text=DECIDED)
    await expect(message).to_have_attribute("data-colour", "green")
    await page.get_by_role("button", name="Stop").click()
    await expect(page.locator("#status")).to_have_text("The conversation is saved")


async def shown_in_colour(page: Page, card: Any) -> None:
    """The label has the colour of the stylesheet, and the icon is drawn."""
    colour = await page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--green').trim()")
    found = await card.locator(".kind").evaluate("(one) => getComputedStyle(one).color")
    assert found == f"rgb({', '.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))})"
    size = await card.locator("svg use").first.evaluate("(one) => { const box = one.getBBox(); return [box.width, box.height]; }")
    assert min(size) > 5, "the symbol of the kind is not on the page"


async def test_a_review_reaches_all_pages_counts_and_downloads(server: Server, token: str, page: Page) -> None:
    """Watched live, listed, counted, filtered, reworded and rejected in the admin, and downloaded."""
    room = uuid4().hex
    admin = await page.context.new_page()
    async with connected(server, token, room) as anna:
        conversation_id = await anna.start("Anna", insightTypes=["decision"])
        await page.goto(f"{server.url}/watch/{room}/")
        await anna.speak(1.2)
        found = await insight(anna, "decision")
        card = page.locator(f"#i-{found['id']}")
        await expect(card.locator(".kind")).to_contain_text("Decision")
        await saved_and_listed(server, page, conversation_id)

        await admin.goto(f"{server.url}/admin/insights/insight/?insight=follow_up")
        await expect(admin.locator(f"#result_list a[href*='{found['id']}']")).to_have_count(0)
        await admin.goto(f"{server.url}/admin/insights/insight/")
        await admin.locator("#changelist-filter").get_by_role("link", name="Decision", exact=True).click()
        row = admin.locator("#result_list tbody tr", has=admin.locator(f"a[href*='{found['id']}']"))
        await expect(row).to_contain_text("Decision")
        await row.locator("a[href*='/change/']").first.click()
        await expect(admin.locator(".field-kind")).to_contain_text("Decision")
        await review(admin, text="The door becomes green.")
        await expect(card.locator(".text")).to_have_text("The door becomes green.")
        text = await (await page.request.get(f"{server.url}/conversations/{conversation_id}/download.txt")).text()
        assert "- Decision: The door becomes green. (Anna, 0:0" in text
        await admin.goto(f"{server.url}/admin/insights/insight/{found['id']}/change/")
        await review(admin, verdict="rejected")
        await expect(card).to_have_count(0)
        assert (await read(server, token, f"/v1/conversations/{conversation_id}/decisions"))["decisions"] == []
    await admin.goto(f"{server.url}/conversations/{conversation_id}/")
    await expect(admin.locator("#section-rejected li.insight.rejected[data-kind=decision]")).to_have_count(1)
    document = await (await page.request.get(f"{server.url}/conversations/{conversation_id}/download.json")).json()
    (kept,) = [one for one in document["conversations"][0]["insights"] if one["type"] == "decision"]
    assert (kept["id"], kept["originalText"], kept["review"]) == (found["id"], DECIDED, "rejected")
    events = await read(server, token, f"/v1/conversations/{conversation_id}/events")
    assert json.dumps(events).count('"type": "decision"') == 3  # found, reworded, rejected


async def saved_and_listed(server: Server, page: Page, conversation_id: str) -> None:
    """The saved page, the list with its counts and filter, and the conversation in the admin."""
    other = await page.context.new_page()
    await other.goto(f"{server.url}/conversations/{conversation_id}/")
    card = other.locator("li.insight[data-kind=decision]")
    await expect(card.locator(".kind")).to_contain_text("Decision")
    await shown_in_colour(other, card)
    await expect(other.locator(".message", has_text=DECIDED)).to_have_attribute("data-colour", "green")
    await other.goto(f"{server.url}/conversations/?kind=decision")
    await expect(other.locator("#kind option[selected]")).to_have_text("Decision")
    row = other.locator("li.row", has=other.locator(f"a[href='/conversations/{conversation_id}/']"))
    await expect(row.locator(".count[data-kind=decision]")).to_have_attribute("title", "1 decision")
    await other.goto(f"{server.url}/conversations/?kind=follow_up")
    await expect(row).to_have_count(0)
    await other.goto(f"{server.url}/admin/insights/conversation/{conversation_id}/change/")
    await expect(other.get_by_text("Decision (Anna, 0:0").first).to_be_visible()
    await other.close()


async def review(admin: Page, *, verdict: str = "", text: str = "") -> None:
    """Reword or judge the insight whose form is open, and save."""
    if verdict:
        await admin.locator(f"input[name=review][value={verdict}]").check()
    if text:
        await admin.locator("textarea[name=text]").fill(text)
    await admin.get_by_role("button", name="Save", exact=True).first.click()
    await expect(admin.locator(".messagelist .success")).to_be_visible()


async def test_the_try_out_page_offers_the_kind(server: Server, page: Page) -> None:
    """As a box that is ticked, like the others."""
    await page.goto(f"{server.url}/streams/conversation/")
    boxes = page.locator("[data-input=insight_types] input")
    assert await boxes.evaluate_all("(all) => all.map((one) => [one.value, one.checked])") == [
        [kind, True] for kind in ("question", "action_item", "follow_up", "decision")
    ]


async def test_the_terminal_client_prints_the_kind(server: Server, token: str, tmp_path: Path) -> None:
    """`manage.py stream` asks for every kind."""
    file = tmp_path / "said.wav"
    with wave.open(str(file), "wb") as sound:
        sound.setparams((1, 2, RATE, 0, "NONE", ""))
        sound.writeframes(noise(1.5))
    printed = await asyncio.to_thread(server.manage, "stream", str(file), "--url", server.url, "--token", token, "--speed", "0")
    assert f"decision (90%): {DECIDED}" in printed
