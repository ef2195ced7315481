"""The page of a conversation in the browser: one server with the recorded demo imported, its audio stored, and helpers."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import EMAIL, PATIENCE_MS, page_errors
from tests.browser.sessions import session_cookie
from tests.servers import ROOT, Server

DEMO = ROOT / "streaming" / "demo" / "conversation.ogg"
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


@dataclass(frozen=True)
class Site:
    """A server, and the id of the conversation of Anna and Tom on it."""

    server: Server
    conversation: str
    signed_in: Any = None
    """The cookies of the account, so that a window need not sign in."""

    @property
    def token(self) -> str:
        """An access token of the account that the pages are signed in with."""
        return self.server.token(EMAIL)

    def read(self, path: str = "") -> Any:
        """Return what the REST API says of the conversation."""
        status, answer = self.server.get(f"/v1/conversations/{self.conversation}{path}", self.token)
        assert status == 200, answer
        return answer

    def words(self) -> list[dict[str, Any]]:
        """Return the recognised words of all messages, in order."""
        return [word for message in self.read("/messages?verbose=true")["messages"] for word in message["words"]]


@dataclass(frozen=True)
class Reader:
    """One signed-in browser window on the page of the conversation."""

    page: Page
    troubles: list[str]

    def message(self, words: str) -> Locator:
        """Return the sentence with these words."""
        return self.page.locator(".message", has_text=words)

    def names(self) -> list[str]:
        """Return the names above the paragraphs."""
        return self.page.locator(".turn .name").all_text_contents()

    def shows_names(self, names: list[str]) -> None:
        """Wait until these names are above the paragraphs."""
        expect(self.page.locator(".turn .name")).to_have_text(names)

    def undo(self) -> None:
        """Press Undo in the toast, and wait until it is done."""
        self.page.locator(".toast").get_by_role("button", name="Undo").click()
        expect(self.page.locator(".toast")).to_have_text("Undone")


def signed_in(server: Server) -> Any:
    """Return the storage of a window that is signed in."""
    return {"cookies": [{"expires": -1, "secure": False, **session_cookie(server, EMAIL)}], "origins": []}


def open_page(browser: Browser, site: Site, **options: Any) -> Reader:
    """Open the conversation in a new window that is signed in."""
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"], storage_state=site.signed_in, **options)
    context.set_default_timeout(PATIENCE_MS)
    page = context.new_page()
    troubles = page_errors(page)
    page.goto(f"{site.server.url}/conversations/{site.conversation}/")
    expect(page.locator(".message").first).to_be_visible()
    return Reader(page, troubles)


def imported(server: Server, wait: Callable[[Callable[[], bool]], None], file: Path = DEMO, email: str = EMAIL) -> str:
    """Import a recording of two channels with its audio, and return the id of the conversation."""
    from tests.paths.test_import import upload

    speakers = [{"channel": 1, "speaker": {"name": "Anna"}}, {"channel": 2, "speaker": {"name": "Tom"}}]
    options = {"name": "Launch in Berlin", "storeAudio": "true", "enableSeparateRecognitionPerChannel": "true"}
    token = server.token(email)
    job = upload(server, token, file.read_bytes(), channelMetadata=json.dumps(speakers), **options)

    def done() -> bool:
        status, answer = server.get(f"/v1/job/{job['jobId']}", token)
        assert status == 200, answer
        assert answer["status"] != "failed", answer
        return bool(answer["status"] == "completed")

    wait(done)
    return str(job["conversationId"])
