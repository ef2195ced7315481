"""Streams for FastRTC pages."""

import asyncio
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, Field

from streaming import (
    AdditionalOutputs,
    AsyncStreamHandler,
    ReplyOnPause,
    ReplyOnStopWords,
    Stream,
    WebRTCData,
    WebRTCError,
    get_current_context,
    get_stt_model,
)
from streaming.handlers import reply_on_pause
from streaming.speech import audio_source
from streaming.transports.webrtc import offers
from tests.streaming.components import gradio_like as gr

FRAMES_BETWEEN_OUTPUTS = 25

offers.EARLY_S = 60.0  # the answer to an early candidate waits for its offer, however long a busy machine takes for that
reply_on_pause.FIRST_INPUTS_S = reply_on_pause.NEW_INPUTS_S = 60.0  # and a reply for the page's inputs
audio_source.STALL_S = 60.0  # a microphone that was held up for a while has not finished its sentence


class Talk(AsyncStreamHandler):
    """Echoes audio, and emits an output in the form of a chat twice a second."""

    def __init__(self) -> None:
        super().__init__("mono", 24000, input_sample_rate=24000)
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        self.heard = 0

    def copy(self) -> "Talk":
        """Return a copy for another session."""
        return type(self)()

    async def receive(self, frame: Any) -> None:
        """Queue the frame, and periodically an output."""
        self.queue.put_nowait(frame)
        self.heard += 1
        if self.heard % FRAMES_BETWEEN_OUTPUTS == 0:
            self.queue.put_nowait(AdditionalOutputs({"role": "assistant", "content": f"{self.heard} frames"}))

    async def emit(self) -> Any:
        """Return a queued item."""
        return await self.queue.get()


class Asking(Talk):
    """Requests the name of a speech synthesis voice before it begins, reports it, and raises an error once."""

    async def start_up(self) -> None:
        """Send the request and wait for the inputs."""
        await self.wait_for_args()
        name = self.latest_args[1]
        self.queue.put_nowait(AdditionalOutputs(f"the voice is {name}"))
        raise WebRTCError(f"there is no more of {name}")


class Knowing(Talk):
    """Outputs what its client said of itself."""

    async def start_up(self) -> None:
        """Output the user data."""
        self.queue.put_nowait(AdditionalOutputs(get_current_context().user_data))


class Hanging(Talk):
    """Closes the stream when its inputs say so."""

    def __init__(self) -> None:
        super().__init__()
        self.over = False

    async def receive(self, frame: Any) -> None:
        """Check the inputs."""
        if self.latest_args[1:] == ["bye"] and not self.over:
            self.over = True
            await page_wishes.update_connection(get_current_context().webrtc_id, "closed")


class Word(BaseModel):
    """The inputs of the input hook."""

    word: str = "hello"


class Voice(BaseModel):
    """The inputs of the input hook."""

    voice_name: str = Field(default="Aoede", description="Who speaks.")
    pace: float = Field(default=1.0, ge=0.5, le=2, title="How fast")
    kinds: list[str] = Field(default=[])


def keep(audio: Any, chatbot: list[dict[str, str]], state: list[dict[str, str]]) -> Iterator[AdditionalOutputs]:
    """Add the question to the chat, which the page holds."""
    assert chatbot == state
    yield AdditionalOutputs({"role": "user", "content": f"{len(state)}: {get_stt_model().stt(audio)}"})


class Knobs(Talk):
    """Tells its inputs after each change of them."""

    told: list[Any] | None = None

    async def receive(self, frame: Any) -> None:
        """Put the inputs into the outputs when they are others."""
        if len(self.latest_args) > 1 and self.latest_args[1:] != self.told:
            self.told = self.latest_args[1:]
            volume, voice, loud, document, chat, picture = self.told
            said = {"role": "user", "content": f"**{volume}** {voice} {loud} {document}"}
            size = "none" if picture is None else str(picture.shape)
            self.queue.put_nowait(AdditionalOutputs(f"{document}!", [*chat, said], {"loud": 0.75, "quiet": 0.25}, {"picture": size}))


class Counting(Talk):
    """Outputs a number ten times a second."""

    async def receive(self, frame: Any) -> None:
        """Count the frame."""
        self.heard += 1
        if self.heard % 5 == 0:
            self.queue.put_nowait(AdditionalOutputs(self.heard))


def shown(*values: Any) -> tuple[Any, ...]:
    """Return the new values of the components: those of the output come last."""
    return values[4:]


def type_or_talk(data: WebRTCData, chat: list[Any]) -> Iterator[AdditionalOutputs]:
    """Answer what was typed."""
    chat.append({"role": "user", "content": data.textbox or "(audio)"})
    chat.append({"role": "assistant", "content": f"You typed {len(data.textbox)} letters."})
    yield AdditionalOutputs(chat)


document, chat, typed_chat = gr.Textbox("draft", label="Document"), gr.Chatbot(value=[], label="Chat"), gr.Chatbot(value=[], label="Chat")
page_components = Stream(
    Knobs(),
    modality="audio",
    mode="send",
    additional_inputs=[
        gr.Slider(0.3, label="Volume", minimum=0, maximum=1, step=0.1),
        gr.Dropdown("joe", label="Voice", choices=[("Jane", "jane"), ("Joe", "joe")]),
        gr.Checkbox(False, label="Loud"),
        document,
        chat,
        gr.Image(label="Picture", type="numpy"),
    ],
    additional_outputs=[document, chat, gr.Label(label="Loudness"), gr.JSON(label="Details")],
    additional_outputs_handler=shown,
)
note = gr.Textbox("", label="Note")
page_note = Stream(
    Counting(),
    modality="audio",
    mode="send",
    additional_inputs=[note],
    additional_outputs=[note, gr.Textbox("", label="Counted")],
    additional_outputs_handler=lambda note, counted, number: (note, f"{number} of {note}"),
)
page_text = Stream(
    ReplyOnPause(type_or_talk),
    modality="audio",
    mode="send",
    additional_inputs=[typed_chat],
    additional_outputs=[typed_chat],
    additional_outputs_handler=lambda old, new: new,
    ui_args={"variant": "textbox", "send_input_on": "submit"},
)
page_talk = Stream(Talk(), modality="audio", mode="send-receive", concurrency_limit=20)
page_known = Stream(Knowing(), modality="audio", mode="send-receive", concurrency_limit=20)
page_one = Stream(Talk(), modality="audio", mode="send-receive", concurrency_limit=1)
page_inputs = Stream(Asking(), modality="audio", mode="send-receive", inputs=Voice)
page_wishes = Stream(
    Hanging(),
    modality="audio",
    mode="send-receive",
    inputs=Word,
    ui_args={"title": "Say <b>bye</b>", "subtitle": "<p>And it hangs up.</p>", "send_input_on": "submit"},
    track_constraints={"echoCancellation": False, "channelCount": 1},
    rtp_params={"degradationPreference": "maintain-framerate"},
)
page_word = Stream(ReplyOnStopWords(keep, ["computer"], input_sample_rate=16000), modality="audio", mode="send")
