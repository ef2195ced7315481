"""Programs with Gradio, as they are: the component in Blocks of their own, and the Blocks of a stream mounted in FastAPI.

Links: `fastrtc.WebRTC`, Blocks.launch or mount_gradio_app, the frame, session, handler, its outputs, events of Gradio, components.

The interpreters that have Gradio are named in PARLEY_GRADIO_PYTHON, separated by ":", since Gradio's requirements are no part of Parley's.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import launch, open_browser, playwright
from tests.programs import RunningProgram

PYTHONS = [path for path in os.environ.get("PARLEY_GRADIO_PYTHON", "").split(":") if path]
__all__ = ["launch", "open_browser", "playwright"]

pytestmark = pytest.mark.skipif(not PYTHONS, reason="PARLEY_GRADIO_PYTHON names no interpreter with Gradio")

CHAT = """
import gradio as gr
from fastrtc import AdditionalOutputs, ReplyOnPause, WebRTC, WebRTCData


def response(data: WebRTCData, conversation: list, name: str):
    conversation = [*conversation, {"role": "user", "content": data.textbox}]
    yield AdditionalOutputs(conversation)
    yield AdditionalOutputs([*conversation, {"role": "assistant", "content": f"{name} has {len(conversation)}"}])


with gr.Blocks() as demo:
    name = gr.Textbox("Jane", label="Name")
    chat = gr.Chatbot(value=[], **({} if gr.__version__ >= "6" else {"type": "messages"}))
    webrtc = WebRTC(modality="audio", mode="send", variant="textbox")
    webrtc.stream(ReplyOnPause(response), inputs=[webrtc, chat, name], outputs=[webrtc])
    webrtc.on_additional_outputs(lambda old, new: new, inputs=[chat], outputs=[chat])

demo.launch(server_port=7860)
"""
KNOBS = """
import gradio as gr
import uvicorn
from fastapi import FastAPI
from fastrtc import AdditionalOutputs, AsyncStreamHandler, Stream, wait_for_item
import asyncio


class Knobs(AsyncStreamHandler):
    def __init__(self):
        super().__init__()
        self.items, self.told = asyncio.Queue(), None

    def copy(self):
        return Knobs()

    async def start_up(self):
        await self.wait_for_args()

    async def receive(self, frame):
        if self.latest_args[1:] not in ([], self.told):
            self.told = self.latest_args[1:]
            self.items.put_nowait(AdditionalOutputs(f"volume {self.told[0]}"))

    async def emit(self):
        return await wait_for_item(self.items)


stream = Stream(
    Knobs(),
    modality="audio",
    mode="send-receive",
    additional_inputs=[gr.Number(3, label="Volume")],
    additional_outputs=[gr.Textbox("", label="Said")],
    additional_outputs_handler=lambda old, new: f"{old} {new}".strip(),
)

with stream.ui as page:
    who = gr.Textbox(label="Who")
    gr.Button("Ask").click(lambda webrtc_id: str(webrtc_id in stream.handlers), inputs=[stream.webrtc_component], outputs=[who])

app = FastAPI()
stream.mount(app)
app = gr.mount_gradio_app(app, stream.ui, path="/")
uvicorn.run(app, port=7860)
"""
FAST = """
import time

import gradio as gr
from fastrtc import AdditionalOutputs, ReplyOnPause, WebRTC


def response(data):
    for number in range(8):
        time.sleep(0.07 * (number % 4))
        yield AdditionalOutputs(number)


with gr.Blocks() as demo:
    said = gr.Textbox("", label="Said")
    webrtc = WebRTC(modality="audio", mode="send", variant="textbox")
    webrtc.stream(ReplyOnPause(response), inputs=[webrtc], outputs=[webrtc])
    webrtc.on_additional_outputs(lambda old, new: f"{old}{new}", inputs=[said], outputs=[said])

demo.launch(server_port=7860)
"""

NOTE = """
import gradio as gr
from fastrtc import AdditionalOutputs, AsyncStreamHandler, WebRTC


class Counting(AsyncStreamHandler):
    def __init__(self):
        super().__init__()
        self.heard, self.shown = 0, 0

    def copy(self):
        return Counting()

    async def receive(self, frame):
        self.heard += 1

    async def emit(self):
        if self.heard >= self.shown + 5:
            self.shown = self.heard
            return AdditionalOutputs(self.heard)


with gr.Blocks() as demo:
    note = gr.Textbox("", label="Note")
    loud = gr.Checkbox(False, label="Loud")
    counted = gr.Textbox("", label="Counted")
    webrtc = WebRTC(modality="audio", mode="send")
    webrtc.stream(Counting(), inputs=[webrtc], outputs=[webrtc])
    webrtc.on_additional_outputs(
        lambda note, loud, number: (note, loud, f"{number} {loud} {note}"), inputs=[note, loud], outputs=[note, loud, counted]
    )

demo.launch(server_port=7860)
"""


@pytest.fixture(params=PYTHONS)
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], RunningProgram]]:
    """Run a program with one of the interpreters."""
    running: list[RunningProgram] = []

    def start(text: str) -> RunningProgram:
        program = RunningProgram(tmp_path, {"app.py": text})
        program.python = request.param
        running.append(program)
        return program.start()

    yield start
    for program in running:
        program.kill()


def opened(browser: Browser, program: RunningProgram) -> Page:
    """Return the program's page at `/`, with a session in its frame."""
    page = browser.new_context(permissions=["microphone"]).new_page()
    page.goto(f"{program.url}/")
    frame = page.wait_for_selector("iframe[title=Stream]").content_frame()
    assert frame is not None
    frame.wait_for_load_state("load")  # its script is there
    frame.get_by_role("button", name="Start").click()
    expect(frame.locator("#status")).to_have_text("Connected")
    return page


def test_a_component_in_blocks(run: Callable[[str], RunningProgram], open_browser: Callable[..., Browser]) -> None:
    """What is typed into the frame reaches the handler with the other inputs, and its outputs the chat."""
    page = opened(open_browser(), run(CHAT))
    text = page.frame_locator("iframe[title=Stream]").get_by_label("Or type")
    for number, words in enumerate(("good morning", "again")):
        text.fill(words)
        text.press("Enter")
        expect(page.get_by_test_id("user").filter(has_text=words)).to_be_visible()
        expect(page.get_by_test_id("bot").filter(has_text=f"Jane has {2 * number + 1}")).to_be_visible()


def test_outputs_that_follow_each_other_quickly(run: Callable[[str], RunningProgram], open_browser: Callable[..., Browser]) -> None:
    """Each is shown behind the one before, although the page sends an event before it has applied the last result."""
    page = opened(open_browser(), run(FAST))
    text = page.frame_locator("iframe[title=Stream]").get_by_label("Or type")
    for times in range(1, 4):
        text.fill("go")
        text.press("Enter")
        expect(page.get_by_label("Said")).to_have_value("01234567" * times)


def test_what_the_user_edits_stays(run: Callable[[str], RunningProgram], open_browser: Callable[..., Browser]) -> None:
    """While outputs for other components follow each other, nothing that is typed or ticked is lost, and the next output is made of it."""
    page = opened(open_browser(), run(NOTE))
    note, loud, counted = page.get_by_label("Note"), page.get_by_label("Loud"), page.get_by_label("Counted")
    expect(counted).to_have_value(re.compile("False"))
    note.press_sequentially("not a letter is lost", delay=60)
    loud.check()
    expect(counted).to_have_value(re.compile("True not a letter is lost"))
    expect(note).to_have_value("not a letter is lost")
    expect(loud).to_be_checked()


def test_the_blocks_of_a_stream(run: Callable[[str], RunningProgram], open_browser: Callable[..., Browser]) -> None:
    """Mounted in FastAPI and extended by the program; the component's value is the webrtc_id."""
    page = opened(open_browser(), run(KNOBS))
    expect(page.get_by_label("Said")).to_have_value("volume 3")
    page.get_by_label("Volume").fill("8")
    expect(page.get_by_label("Said")).to_have_value("volume 3 volume 8")
    page.get_by_role("button", name="Ask").click()
    expect(page.get_by_label("Who")).to_have_value("True")
