"""A stream with components: it finds tasks and values in what somebody says or types."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from insights.analysis.pipeline import analyse
from insights.analysis.types import Said
from streaming import AdditionalOutputs, ReplyOnPause, Stream, WebRTCData, get_stt_model
from tests.streaming.components import gradio_like as gr

KINDS = {"action_item": "Action item", "question": "Question", "follow_up": "Follow-up"}


def find_tasks(data: WebRTCData, least: float, language: str, values: bool, chat: list[Any]) -> Iterator[AdditionalOutputs]:
    """Analyse one message, and say what was found in it."""
    text = data.textbox or get_stt_model().stt(data.audio)
    found = analyse(Said(text, "you", datetime.now(UTC)), (), (), 0, language)
    sure = {KINDS[one.type]: round(one.confidence, 2) for one in found.findings if one.type in KINDS and one.confidence >= least}
    said = [{"role": "user", "content": text}, {"role": "assistant", "content": ", ".join(sure) or "No task, no question."}]
    entities = {one.text: {"type": one.type, **one.value} for one in found.entities} if values else {}
    yield AdditionalOutputs([*chat, *said], sure, entities)


chat = gr.Chatbot(value=[], label="Chat")
task_finder = Stream(
    ReplyOnPause(find_tasks),
    modality="audio",
    mode="send",
    additional_inputs=[
        gr.Slider(0.2, label="Minimum confidence", minimum=0, maximum=1, step=0.1),
        gr.Dropdown("en-US", label="Language", choices=[("English", "en-US"), ("German", "de-DE"), ("French", "fr-FR")]),
        gr.Checkbox(True, label="Show values"),
        chat,
    ],
    additional_outputs=[chat, gr.Label(label="What it is"), gr.JSON(label="Values")],
    additional_outputs_handler=lambda *values: values[-3:],
    ui_args={"variant": "textbox", "title": "Task finder", "subtitle": "Say or type a sentence.", "send_input_on": "change"},
)
