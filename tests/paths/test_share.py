"""Path 6 for sharing, between accounts: a share, an invitation and a guest, and the ends of what they opened.

Links: the share dialog; the scope of queries and the check of access; the live page of another account; the watcher of grants in each
process; presence between processes.
"""

from uuid import uuid4

from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE_MS
from tests.paths.conftest import COLLEAGUE as TOM
from tests.paths.conftest import IN_ONE_LOOP, JANE, Installation, run, sign_in
from tests.streaming.transports.client import connected

pytestmark = IN_ONE_LOOP

CLOSED_WITHIN_S = 40.0
"""Four times the ten seconds that are promised."""


async def open_share(page: Page, url: str) -> None:
    """Open the share dialog of a conversation."""
    await page.goto(url)
    await page.get_by_role("button", name="Share", exact=True).click()
    await expect(page.locator("#share-address")).to_be_visible()


async def closed(page: Page) -> None:
    """Wait until the live page says that the server ended its connection."""
    await expect(page.locator("#status")).to_have_text("Stopped", timeout=CLOSED_WITHIN_S * 1000)


async def test_a_share_is_opened_and_revoked(installation: Installation, browser: Browser) -> None:
    """The colleague sees the conversation live under the owner's name; when the share ends, the open page closes."""
    one, two = installation.one, installation.two
    room = uuid4().hex
    async with connected(one, installation.token, room) as speaker:
        conversation_id = await speaker.start("Anna")
        await speaker.speak(3.0)
        await speaker.wait("message_response")
        owner, colleague = await sign_in(browser, one), await sign_in(browser, two, TOM)
        address = f"/conversations/{conversation_id}/"
        refused = await colleague.goto(two.url + address)
        assert refused is not None
        assert refused.status == 404
        await open_share(owner, one.url + address)
        await owner.locator("#share-address").fill(TOM)
        await owner.locator("form", has=owner.locator("#share-address")).get_by_role("button", name="Share").click()
        await expect(owner.get_by_text("Shared.")).to_be_visible()
        await colleague.goto(two.url + address)
        await expect(colleague.get_by_text("Shared by")).to_be_visible()
        await colleague.get_by_role("link", name="Watch live").click()
        await expect(colleague.locator("#status")).to_have_text("Watching")
        await speaker.speak(3.0)
        await expect(colleague.locator(".message:not(.interim)").first).to_be_visible()
        await owner.get_by_role("button", name=f"Remove access of {TOM}").click()
        await expect(owner.get_by_text("Access removed.")).to_be_visible()
        await closed(colleague)
        gone = await colleague.goto(two.url + address)
        assert gone is not None
        assert gone.status == 404
        await speaker.stop()


async def test_a_colleague_and_a_guest_join(installation: Installation, browser: Browser) -> None:
    """Both speak in the same conversation under their own names; everybody sees who is there; a withdrawn invitation ends it."""
    one, two = installation.one, installation.two
    owner, colleague = await sign_in(browser, one), await sign_in(browser, two, TOM)
    await owner.goto(f"{one.url}/live/")
    await owner.get_by_role("button", name="Invite").click()
    await owner.get_by_text("Allow guests without an account").click()
    await owner.get_by_role("button", name="Create link").click()
    link = await owner.get_by_label("To speak").input_value()
    path = "/" + link.split("/", 3)[3]
    await owner.locator("#share-dialog").get_by_role("button", name="Close").click()
    await colleague.goto(two.url + path)
    await expect(colleague.get_by_role("heading", name="Waiting for")).to_be_visible()
    await owner.get_by_role("button", name="Start", exact=True).click()
    await expect(owner.locator("#status")).to_have_text("Listening")
    await expect(colleague.get_by_role("button", name="Join and speak")).to_be_visible()  # the page reloads by itself
    await colleague.wait_for_load_state()
    await colleague.get_by_role("button", name="Join and speak").click()
    await expect(colleague.locator("#status")).to_have_text("Listening")
    stranger = await browser.new_context(permissions=["microphone"])
    stranger.set_default_timeout(PATIENCE_MS)
    guest = await stranger.new_page()
    await guest.goto(two.url + path)
    await guest.get_by_label("Your name").fill("Eve")
    await guest.get_by_role("button", name="Continue").click()
    await expect(guest.get_by_role("button", name="Join and speak")).to_be_visible()
    await guest.wait_for_load_state()  # its script handles the button
    await guest.get_by_role("button", name="Join and speak").click()
    await expect(guest.locator("#status")).to_have_text("Listening")
    for page in (owner, colleague, guest):
        await expect(page.locator("#present li")).to_have_count(3)
        await expect(page.locator("#present")).to_contain_text("Eve")
        await expect(page.locator("#present")).to_contain_text(TOM.split("@")[0])
    names = "from insights.models import Member; print(sorted(Member.objects.filter(conversation__ended_at=None).values_list('name')))"
    assert "Eve" in await run(one, names)
    count = f"from insights.models import Conversation; print(Conversation.objects.filter(owner__email={TOM!r}, ended_at=None).count())"
    assert await run(one, count) == "0", "nobody starts a second conversation"
    await guest.context.close()
    for page in (owner, colleague):
        await expect(page.locator("#present li")).to_have_count(2)
    await expect(owner.locator("#came")).to_have_text("Eve left.")
    await owner.get_by_role("button", name="Invite").click()
    await owner.get_by_role("button", name="Withdraw this invitation").click()
    await expect(owner.get_by_text("Invitation withdrawn.")).to_be_visible()
    await closed(colleague)
    await colleague.goto(two.url + path)
    await expect(colleague.get_by_role("heading", name="Link withdrawn")).to_be_visible()
    await owner.locator("#share-dialog").get_by_role("button", name="Close").click()
    await owner.get_by_role("button", name="Stop").click()
    await expect(owner.locator("#status")).to_have_text("The conversation is saved")


async def test_a_public_link_in_a_browser(installation: Installation, browser: Browser) -> None:
    """Who is not signed in reads it until it is withdrawn; the page asks no other host."""
    one, two = installation.one, installation.two
    async with connected(one, installation.token) as speaker:
        conversation_id = await speaker.start("Anna")
        await speaker.speak(3.0)
        await speaker.wait("message_response")
        await speaker.stop()
    owner = await sign_in(browser, one, JANE)
    await open_share(owner, f"{one.url}/conversations/{conversation_id}/")
    await owner.get_by_role("button", name="Create link").click()
    link = await owner.get_by_label("Without audio, until").input_value()
    address = two.url + "/" + link.split("/", 3)[3]
    visitor = await (await browser.new_context()).new_page()
    asked: list[str] = []
    visitor.on("request", lambda request: asked.append(request.url))
    await visitor.goto(address)
    await expect(visitor.get_by_role("heading", name="Transcript")).to_be_visible()
    await expect(visitor.locator(".public-turn").first).to_contain_text("Anna")
    assert [url for url in asked if not url.startswith(two.url)] == []
    await owner.get_by_role("button", name="Withdraw this link").click()
    await expect(owner.get_by_text("Link withdrawn.")).to_be_visible()
    await visitor.reload()
    await expect(visitor.get_by_role("heading", name="Link withdrawn")).to_be_visible()
