"""The components of a stream's try-out page, with a fake microphone and a real server."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from streaming.components.media import _png
from tests.browser.conftest import page_errors, sign_in
from tests.browser.test_accessibility import faults
from tests.servers import Server, copied

SITE = {"DJANGO_SETTINGS_MODULE": "tests.browser.site.settings"}
PHONE = {"viewport": {"width": 320, "height": 700}, "color_scheme": "dark"}


@pytest.fixture(scope="module")
def server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the streams of the tests, and an account on it."""
    server = Server(copied(account_data, tmp_path_factory.mktemp("components") / "data"), SITE)
    server.start()
    yield server
    server.kill()


def started(browser: Browser, server: Server, stream: str, **context: object) -> Page:
    """Return the signed-in page of a stream, with a session."""
    page = browser.new_context(permissions=["microphone"], reduced_motion="reduce", **context).new_page()  # type: ignore[arg-type]
    sign_in(page, server)
    page.goto(f"{server.url}/streams/{stream}/")
    page.get_by_role("button", name="Start").click()
    expect(page.locator("#pill")).to_have_text("Live now")
    return page


def test_inputs_and_outputs(server: Server, open_browser: Callable[..., Browser], tmp_path: Path) -> None:
    """Every component has its field or its place; each change reaches the handler, and its outputs the page, also the fields."""
    page = started(open_browser(), server, "page-components")
    troubles = page_errors(page)
    chat, document = page.get_by_role("log", name="Chat"), page.get_by_label("Document")
    expect(chat).to_contain_text("0.3 joe False draft")
    expect(chat.locator("strong").first).to_have_text("0.3")
    expect(document).to_have_value("draft!")
    page.get_by_label("Volume").fill("0.8")
    expect(page.locator("#components output").first).to_have_text("0.8")
    expect(chat).to_contain_text("0.8 joe False draft!")
    page.get_by_label("Voice").select_option("Jane")
    page.get_by_label("Loud", exact=True).check()
    expect(chat).to_contain_text("0.8 jane True draft!")
    document.fill("mine")
    expect(chat).to_contain_text("0.8 jane True mine")
    expect(document).to_have_value("mine!")
    (tmp_path / "picture.png").write_bytes(_png(np.zeros((4, 6, 3), np.uint8)))
    page.get_by_label("Picture").set_input_files(tmp_path / "picture.png")
    expect(page.locator(".shown.json")).to_contain_text("(4, 6, 3)")
    expect(page.locator(".shown.label")).to_contain_text("75%")
    assert faults(page) == [], faults(page)
    page.get_by_role("button", name="Stop").click()
    assert troubles == []


def test_a_wrong_input_is_named_at_its_field(server: Server, open_browser: Callable[..., Browser]) -> None:
    """On a phone in the dark scheme, too, where nothing is wider than the screen."""
    page = started(open_browser(), server, "page-components", **PHONE)
    page.get_by_label("Volume").evaluate("field => { field.type = 'text'; field.value = '7'; }")
    page.get_by_label("Volume").dispatch_event("input")
    expect(page.locator("[data-component=c0] .wrong")).to_have_text("Volume: at least 0 and at most 1")
    expect(page.locator("#components-state")).to_have_text("Not sent. See the errors above.")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert faults(page) == []


def test_outputs_for_others_leave_a_field_that_is_edited(server: Server, open_browser: Callable[..., Browser]) -> None:
    """What is typed while other components change ten times a second stays, and the next output is made of it."""
    page = started(open_browser(), server, "page-note")
    counted, note = page.get_by_role("log", name="Counted"), page.get_by_label("Note")
    expect(counted).to_contain_text("of")
    note.press_sequentially("not a letter is lost", delay=60)
    expect(counted).to_contain_text("of not a letter is lost")
    expect(note).to_have_value("not a letter is lost")


def test_a_text_in_place_of_speech(server: Server, open_browser: Callable[..., Browser]) -> None:
    """With the variant "textbox" the handler gets what is typed, with the chat that the page shows."""
    page = started(open_browser(), server, "page-text")
    for number, text in enumerate(("hello", "hi again")):
        page.get_by_label("Or type").fill(text)
        page.get_by_label("Or type").press("Enter")
        expect(page.locator(".message.user")).to_have_count(number + 1)
        expect(page.get_by_role("log", name="Chat")).to_contain_text(f"You typed {len(text)} letters.")


def test_a_new_session_after_a_crash_of_the_server(server: Server, open_browser: Callable[..., Browser]) -> None:
    """It gets the inputs that were chosen before, and the page shows its outputs."""
    page = started(open_browser(), server, "page-components")
    chat = page.get_by_role("log", name="Chat")
    page.get_by_label("Voice").select_option("Jane")
    expect(chat).to_contain_text("0.3 jane")
    server.kill()
    expect(page.locator("#pill")).to_have_text("Reconnecting")
    page.get_by_label("Volume").fill("0.6")
    server.start()
    page.get_by_role("button", name="Try now").click()
    expect(page.locator("#pill")).to_have_text("Live now")
    expect(chat).to_contain_text("0.6 jane")
