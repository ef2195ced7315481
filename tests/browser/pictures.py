"""Takes a picture of every page for the documentation: make pictures, or python -m tests.browser.pictures [FOLDER]

It starts a server with the embedded recogniser and a worker, streams the demo's recording to it, imports it once more with its audio, and
opens the pages in Chromium. The phone's pictures are in the dark scheme. The folder is docs/pictures unless another one is named.
"""

import sys
import tempfile
import threading
import time
import wave
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests import servers
from tests.browser.conftest import ARGUMENTS, PATIENCE_MS, ROOT, chromium
from tests.browser.conversation_page import imported
from tests.servers import Server

EMAIL, PASSWORD = "jane@example.com", "a long pass phrase"
TITLE = "Launch in Berlin"
RECORDING = ROOT / "streaming" / "demo" / "conversation.ogg"
ACCOUNT = (
    "from django.contrib.auth.models import User; from insights import access; "
    f"access.make_administrator(User(username={EMAIL!r}, email={EMAIL!r}, first_name='Jane'), {PASSWORD!r})"
)
PAGES = {
    "conversations": "/",
    "conversation": "/conversations/{conversation}/",
    "bin": "/bin/",
    "account": "/account/",
    "streams": "/streams/",
    "stream": "/streams/echo/",
    "api": "/api/docs",
    "review": "/admin/insights/insight/",
}
"""The pages that show no conversation while it is live, by the name of their picture."""
WIDE = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 1.5, "color_scheme": "dark", "is_mobile": True}


def signed_in(browser: Browser, server: Server, options: dict[str, object]) -> Page:
    """Return a page of a signed-in user."""
    page = browser.new_context(base_url=server.url, **options).new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto("/signin/")
    page.get_by_label("E-mail").fill(EMAIL)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url("**/")
    return page


def take(page: Page, folder: Path, name: str) -> None:
    """Take one picture of the window."""
    page.wait_for_timeout(500)  # transitions
    page.screenshot(path=folder / f"{name}.png")


def write_silence(file: Path) -> None:
    """Write silent audio for the microphone, so that only the recording is recognised."""
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(48_000)
        out.writeframes(bytes(2 * 48_000))


def join(page: Page, name: str) -> None:
    """Join the conversation as a speaker with a silent microphone."""
    page.goto("/live/launch/")
    page.locator("#speaker").fill(name)
    if page.locator("#meeting").count():
        page.locator("#meeting").fill(TITLE)
    page.locator("#start").click()
    page.get_by_text("Listening").first.wait_for()


def talk(server: Server, connection: str) -> None:
    """Stream the demo's recording into a conversation."""
    server.manage(
        *("stream", str(RECORDING), "--speaker", "Anna", "--speaker", "Tom", "--email", EMAIL),
        *("--url", server.url, "--connection-id", connection),
    )


def main(folder: Path) -> None:
    """Take all pictures."""
    with tempfile.TemporaryDirectory() as data, sync_playwright() as driver:
        server = Server(servers.migrated(Path(data) / "data"), {"RECOGNISER": "moonshine"}, worker=True)
        server.manage("shell", "-v0", "-c", ACCOUNT)
        server.start()
        try:
            silence = Path(data) / "silence.wav"
            write_silence(silence)
            browser = driver.chromium.launch(executable_path=chromium(), args=[*ARGUMENTS, f"--use-file-for-fake-audio-capture={silence}"])
            take_all(browser, server, folder)
        finally:
            server.kill()


def take_all(browser: Browser, server: Server, folder: Path) -> None:
    """Take the live pictures near the end of the recording, then those of all other pages."""
    anonymous = browser.new_context(base_url=server.url, **WIDE).new_page()
    anonymous.goto("/signin/")
    take(anonymous, folder, "signin")
    wide, phone = signed_in(browser, server, WIDE), signed_in(browser, server, PHONE)
    talking = threading.Thread(target=talk, args=(server, "launch"))
    join(wide, "Jane")
    join(phone, "Lee")
    talking.start()
    wide.locator("#insights > *").nth(4).wait_for()
    take(wide, folder, "live")
    take(phone, folder, "live-phone")
    phone.locator("button[data-tab=insights]").click()
    take(phone, folder, "insights-phone")
    for page in (phone, wide):
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("The conversation is saved").first.wait_for()
    talking.join()  # the program waits for the end of the conversation
    conversation = imported(server, wait, RECORDING, EMAIL)
    for name, path in PAGES.items():
        wide.goto(path.format(conversation=conversation))
        take(wide, folder, name)
    wide.goto(PAGES["conversation"].format(conversation=conversation))
    wide.locator("#said").evaluate("heading => heading.scrollIntoView()")
    wide.locator(".message", has_text="pricing page").click()
    take(wide, folder, "transcript")
    phone.goto(PAGES["conversation"].format(conversation=conversation))
    take(phone, folder, "conversation-phone")


def wait(done: Callable[[], bool]) -> None:
    """Wait until something is so."""
    while not done():
        time.sleep(0.5)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else ROOT / "docs" / "pictures")
