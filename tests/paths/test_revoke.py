"""Path 6, revoke: when an app, an account or a sign-in is withdrawn, all that is open by it ends, in every process, its last words stored.

Links: the account page, the admin, sign-out; the database; the check of what is open in each process; the ends of a speaker's and a
subscriber's socket, a stream session's socket, a peer connection, server-sent events and the live page; and storing what was being said.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import uuid4

from playwright.async_api import Browser, Page, expect

from streaming.types.session_end import TEXTS, End
from tests.paths.conftest import IN_ONE_LOOP, Installation, eventually, run, sign_in
from tests.streaming.transports.client import SymblClient, connected
from tests.streaming.transports.rtc import Caller, to, until
from tests.streaming.transports.sse import Events, subscribed
from tests.streaming.transports.stream_client import StreamClient, streaming

pytestmark = IN_ONE_LOOP

ENDS_WITHIN_S = 90.0
"""Ten seconds are promised, and two is how often each process checks (`test_admission.py` holds that); this machine may be very busy."""


@dataclass(frozen=True)
class Open:
    """What an account has open: by its app's token, and, with the page, by its sign-in."""

    conversation_id: str
    speaker: SymblClient
    subscriber: SymblClient
    stream: StreamClient
    reader: Events
    caller: Caller
    page: Page

    async def ends(self) -> None:
        """Wait until all that was opened with the token is closed, each in the form of its protocol."""
        async with asyncio.timeout(ENDS_WITHIN_S):
            for socket in (self.speaker, self.subscriber):
                assert await socket.wait_closed() == 1008
                assert socket.messages[-1]["message"] == TEXTS[End.REVOKED]
            assert (await self.stream.wait(type="error"))["data"] == TEXTS[End.REVOKED]
            await self.stream.wait_closed()
            await self.reader.wait_ended()
            await self.caller.message("error", TEXTS[End.REVOKED])
            await until(lambda: self.caller.pc.connectionState == "closed", "the peer connection was not closed")

    async def stored(self, installation: Installation) -> None:
        """Wait until the sentence and the half that were said are stored."""
        code = f"from insights.models import Message; print(Message.objects.filter(conversation={self.conversation_id}).count())"
        await eventually(lambda: run(installation.two, code), lambda count: count == "2")


@asynccontextmanager
async def everything_open(installation: Installation, browser: Browser, email: str) -> AsyncIterator[Open]:
    """Have an account speak one sentence and a half, with one of everything open, spread over both processes."""
    one, two, token, room = installation.one, installation.two, installation.tokens[email], uuid4().hex
    page = await sign_in(browser, two, email, by_form=True)
    async with (
        connected(one, token, room) as speaker,
        connected(two, token, room, "/v1/subscribe/") as subscriber,
        streaming(one, token, "conversation") as stream,
        to(two, token, "/streams/echo/webrtc/offer") as post,
    ):
        conversation_id = await speaker.start("Anna")
        await page.goto(f"{two.url}/watch/{room}/")
        await expect(page.locator("#status")).to_have_text("Watching")
        await stream.start()
        caller = await Caller(post, "sendrecv").call()
        try:
            async with subscribed(two, token, "conversation", stream.id) as reader:
                assert reader.response.status_code == 200
                await speaker.speak(3.0)
                await subscriber.wait("message_response")
                await expect(page.locator(".message:not(.interim)")).to_have_count(1)
                yield Open(conversation_id, speaker, subscriber, stream, reader, caller, page)
        finally:
            await caller.close()


async def test_an_app_is_revoked_by_its_owner(installation: Installation, browser: Browser) -> None:
    """All that its token opened ends; what the owner opened by signing in stays, and shows the last words."""
    async with everything_open(installation, browser, "app@example.com") as opened:
        account = await opened.page.context.new_page()
        await account.goto(f"{installation.two.url}/developers/")
        await account.get_by_role("button", name="Revoke", exact=False).first.click()
        await account.get_by_role("button", name="Revoke access").click()
        await opened.ends()
        await opened.stored(installation)
        await expect(opened.page.locator(".message:not(.interim)")).to_have_count(2)
    async with connected(installation.one, installation.tokens["app@example.com"]) as late:
        assert await late.wait_closed() == 1008


async def test_an_account_is_disabled_in_the_admin(installation: Installation, browser: Browser) -> None:
    """Whatever it has open ends, by token and by sign-in, and neither lets anybody in again."""
    email = "account@example.com"
    async with everything_open(installation, browser, email) as opened:
        admin = await sign_in(browser, installation.two)
        await admin.goto(f"{installation.two.url}/admin/auth/user/?q={email}")
        await admin.locator("#result_list a", has_text=email).click()
        await admin.locator("#id_is_active").uncheck()
        await admin.get_by_role("button", name="Save", exact=True).first.click()
        await expect(admin.locator(".messagelist .success")).to_be_visible()
        await opened.ends()
        await expect(opened.page.locator("#status")).to_have_text("Stopped")
        await opened.stored(installation)
    async with connected(installation.two, installation.tokens[email]) as late:
        assert await late.wait_closed() == 1008


async def test_signing_out_ends_what_the_sign_in_opened(installation: Installation, browser: Browser) -> None:
    """The live page of that browser ends; what a program of the same account has open goes on."""
    async with everything_open(installation, browser, "session@example.com") as opened:
        other = await opened.page.context.new_page()
        await other.goto(f"{installation.one.url}/account/")
        await other.get_by_role("button", name="Account menu").click()
        await other.get_by_role("button", name="Sign out", exact=True).click()
        async with asyncio.timeout(ENDS_WITHIN_S):
            await expect(opened.page.locator("#status")).to_have_text("Stopped")
        await opened.speaker.speak(1.1)
        await opened.subscriber.wait("message_response", 2)
        assert opened.speaker.closed is None
        await opened.speaker.stop()
