"""Uploads in a browser over the whole path: page, HTTP, disk, job, worker, recogniser, and back to the page."""

import contextlib
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page, TimeoutError, expect

from tests.browser.conftest import ROOT, page_errors, sign_in
from tests.browser.test_accessibility import faults
from tests.browser.test_bin_page import PHONE, fits
from tests.http_server import answer, http_server
from tests.servers import Server, copied
from tests.streaming.audio.media_files import wav
from tests.streaming.speech.fakes import BECKETT

RECORDING = ROOT / "streaming" / "demo" / "conversation.ogg"
STOPPED_MS = 5_000
"""How long a request may wait for a process that is stopped: less than for a lock of the database."""
DROP = """
    ([name, text]) => {
      const data = new DataTransfer();
      data.items.add(new File([text], name));
      document.dispatchEvent(new DragEvent("dragenter", { dataTransfer: data, bubbles: true }));
      const dropping = document.body.classList.contains("dropping");
      document.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
      return [dropping, document.body.classList.contains("dropping")];
    }
"""
"""Drop a file on the page; return whether the page was marked before and after it."""


@pytest.fixture(scope="module")
def server(account_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the embedded recogniser and a worker, and an account."""
    data = copied(account_data, tmp_path_factory.mktemp("upload") / "data")
    server = Server(data, {"RECOGNISER": "moonshine", "MAX_UPLOAD_MB": "8", "ALLOWED_NETWORKS": "127.0.0.0/8"}, worker=True)
    server.start()
    yield server
    server.kill()


@pytest.fixture
def page(server: Server, open_browser: Callable[..., Browser]) -> Page:
    """The upload page of a new window."""
    page = open_browser().new_context(viewport={"width": 1280, "height": 900}).new_page()
    sign_in(page, server)
    page.goto(f"{server.url}/upload/")
    return page


def row(page: Page, name: str) -> Locator:
    """Return the row of an upload."""
    return page.locator(".import", has=page.locator(".name", has_text=re.compile(f"^{re.escape(name)}$")))


def worker_pid(server: Server) -> int:
    """Return the process id of the worker that runs beside the server."""
    return int(re.findall(r"worker (\d+) runs", "".join(server.output))[-1])


def choose(page: Page, *files: Path | dict[str, object]) -> None:
    """Choose files with the button of the form."""
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(list(files))  # type: ignore[arg-type]


def test_from_a_file_to_minutes(server: Server, page: Page) -> None:
    """The transcript grows while the file is transcribed; a server that is killed goes on; the conversation has a summary and its audio."""
    errors = page_errors(page)
    assert page.locator("#language option").first.text_content() == "American English"
    page.get_by_label("Title").fill("Berlin launch")
    page.get_by_label("Store the audio").check()
    choose(page, RECORDING)
    one = row(page, "Berlin launch")
    expect(one).to_contain_text(re.compile(r"Transcribing, [1-9]\d?%"))
    expect(one).to_contain_text("message")
    os.kill(worker_pid(server), signal.SIGSTOP)  # so that the server is killed during the job, however long the next steps take
    assert faults(page) == []
    reader = page.context.new_page()
    reader.goto(page.url)
    reader.get_by_role("link", name="Berlin launch").click()
    expect(reader.locator(".message").first).to_be_visible()
    server.kill()
    expect(page.get_by_text("The server cannot be reached.")).to_be_visible()
    said = reader.locator(".message").count()
    server.start()
    expect(page.get_by_text("The server cannot be reached.")).to_be_hidden()
    expect(one).to_contain_text("Finished")
    expect(page.locator("#upload-news")).to_have_text("Berlin launch: finished")
    reader.reload()
    expect(reader.locator(".message").nth(said)).to_be_visible()
    one.get_by_role("link", name="Open").click()
    expect(page.get_by_role("heading", name="Berlin launch")).to_be_visible()
    expect(page.locator("#summary li").first).to_be_visible()
    expect(page.get_by_role("group", name="Audio").get_by_role("button", name="Play")).to_be_visible()
    assert errors == []


def test_each_failure_has_a_reason(server: Server, page: Page) -> None:
    """A large, an empty and a useless file, and an address that is none or not there; several at once; retry and remove."""
    empty = {"name": "empty.mp3", "mimeType": "audio/mpeg", "buffer": b""}
    rubbish = {"name": "rubbish.mp3", "mimeType": "audio/mpeg", "buffer": b"This is no recording. " * 100}
    choose(page, {"name": "large.wav", "mimeType": "audio/wav", "buffer": bytes(9 * 1024 * 1024)}, empty, rubbish)
    expect(row(page, "large")).to_contain_text("Failed. The file is larger than 8 MB.")
    expect(row(page, "empty")).to_contain_text("Failed. The file is empty.")
    expect(row(page, "rubbish")).to_contain_text("Failed. The file is damaged, or not one of the formats")
    expect(row(page, "large").get_by_role("button", name="Retry")).to_be_hidden()
    assert faults(page) == []
    page.set_viewport_size(PHONE)
    assert fits(page)
    page.get_by_label("Or paste a URL").fill("meeting.mp3")
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("Enter a full URL that begins with https or http.")).to_be_visible()
    assert faults(page) == []
    page.get_by_label("Or paste a URL").fill("http://10.0.0.1/talk.mp3")
    page.get_by_role("button", name="Import").click()
    expect(row(page, "talk").locator(".wrong")).to_contain_text("Failed.")
    for name in ("large", "empty", "talk", "rubbish"):
        row(page, name).get_by_role("button", name="Remove").click()
        expect(row(page, name)).to_have_count(0)


def test_retry_of_a_url(server: Server, page: Page) -> None:
    """An import that failed at its server is tried again with Retry, after a reload too, and its empty conversation goes to the bin."""
    with http_server(answer(404)) as receiver:
        page.get_by_label("Or paste a URL").fill(f"http://127.0.0.1:{receiver.port}/weekly%20call.mp3")
        page.get_by_role("button", name="Import").click()
        expect(row(page, "weekly call")).to_contain_text("Failed. The server of the URL answered with status 404.")
        page.reload()
        row(page, "weekly call").get_by_role("button", name="Retry").click()
        expect(row(page, "weekly call")).to_have_count(1)
        expect(row(page, "weekly call")).to_contain_text("Failed.")
    row(page, "weekly call").get_by_role("button", name="Remove").click()
    expect(row(page, "weekly call")).to_have_count(0)


def test_cancel_and_a_lost_connection(server: Server, page: Page) -> None:
    """An upload and a transcription can be cancelled; an upload that the server's crash broke is sent again with Retry."""
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")

    def limit(bytes_per_s: int) -> None:
        network.send(
            "Network.emulateNetworkConditions",
            {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": bytes_per_s},
        )

    speech = np.frombuffer(BECKETT * 20, dtype="<i2").reshape(-1, 1)  # transcribed in seconds, unlike noise
    talk = {"name": "slow.wav", "mimeType": "audio/wav", "buffer": wav(speech)}
    limit(200_000)
    choose(page, talk)
    expect(row(page, "slow")).to_contain_text(re.compile(r"Uploading, [1-9]\d?%"))
    row(page, "slow").get_by_role("button", name="Cancel").click()
    expect(row(page, "slow")).to_contain_text("Cancelled")
    row(page, "slow").get_by_role("button", name="Retry").click()
    expect(row(page, "slow")).to_contain_text(re.compile(r"Uploading, [1-9]\d?%"))
    server.kill()
    expect(row(page, "slow")).to_contain_text("Failed. The connection was lost before the upload was complete.")
    server.start()
    limit(-1)
    row(page, "slow").get_by_role("button", name="Retry").click()
    expect(row(page, "slow")).to_contain_text("Transcribing")
    worker = worker_pid(server)
    os.kill(worker, signal.SIGSTOP)  # so that the job does not end before the click, however long that takes
    with contextlib.suppress(TimeoutError), page.expect_response(lambda response: response.request.method == "POST", timeout=STOPPED_MS):
        row(page, "slow").get_by_role("button", name="Cancel").click()
    os.kill(worker, signal.SIGCONT)  # if it was stopped in a transaction, the request has waited for it
    expect(row(page, "slow")).to_contain_text("Cancelled")
    expect(row(page, "slow").get_by_role("button", name="Retry")).to_be_visible()


def test_drop_on_the_home_page(server: Server, page: Page) -> None:
    """A file that is dropped on the list of conversations is uploaded there."""
    page.goto(server.url)
    expect(page.get_by_role("heading", name="Uploads")).to_be_hidden()
    page.wait_for_function("document.querySelector('script[src*=drop]') && document.readyState === 'complete'")
    assert page.evaluate(DROP, ["notes.mp3", "no audio"]) == [True, False]
    expect(row(page, "notes")).to_contain_text("Failed. The file is damaged")
    assert faults(page) == []
    assert page.locator(".import").count() == 1  # those of before are on the upload page
