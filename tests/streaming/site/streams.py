"""Streams with one behaviour each."""

import asyncio
import json
import os
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from streaming import AdditionalOutputs, AsyncStreamHandler, CloseStream, ReplyOnPause, Stream, StreamHandler, get_current_context
from streaming.cluster import broadcast, directory
from streaming.speech import audio_source
from streaming.transports.webrtc import offers
from tests.streaming.components import gradio_like as gr

RATE = 8000
audio_source.STALL_S = 60.0  # on a busy machine the audio of a client may stall in the middle of a sentence
directory.ANSWER_S = offers.OFFER_ELSEWHERE_S = 30.0  # and answers of the database, or of another process, come late
broadcast.POLL_S = float(os.environ.get("SITE_POLL_S", broadcast.POLL_S))
TONE = (np.sin(np.arange(RATE) * 2 * np.pi * 440 / RATE) * 8000).astype(np.int16)


class Counted(AsyncStreamHandler):
    """Counts, over all sessions, the handlers that started and that were shut down."""

    begun = 0
    ended = 0

    def __init__(self, rate: int = RATE) -> None:
        super().__init__("mono", rate, input_sample_rate=rate)
        self.queue: asyncio.Queue[Any] = asyncio.Queue()

    def copy(self) -> "Counted":
        """Return a handler for another session."""
        return type(self)(self.input_sample_rate)

    async def start_up(self) -> None:
        """Count the start."""
        Counted.begun += 1

    async def shutdown(self) -> None:
        """Count the shutdown."""
        Counted.ended += 1

    async def receive(self, frame: Any) -> None:
        """Queue the frame."""
        self.queue.put_nowait(frame)

    async def emit(self) -> Any:
        """Return the next queued item."""
        return await self.queue.get()


class Numbers(Counted):
    """Outputs the number of each received frame."""

    received = 0

    async def receive(self, frame: Any) -> None:
        """Count the frame."""
        self.received += 1
        self.queue.put_nowait(AdditionalOutputs({"n": self.received}))


class Blocking(Counted):
    """Blocks more threads than asyncio usually has, until its session ends."""

    most = 60

    async def start_up(self) -> None:
        """Block the threads."""
        await super().start_up()
        self.go_on = threading.Event()
        self.blocked = [asyncio.create_task(asyncio.to_thread(self.go_on.wait)) for _ in range(self.most)]

    async def shutdown(self) -> None:
        """Release the threads."""
        await super().shutdown()
        self.go_on.set()


class Inputs(Counted):
    """Outputs its inputs for each received frame."""

    async def receive(self, frame: Any) -> None:
        """Output the inputs."""
        self.queue.put_nowait(AdditionalOutputs(self.latest_args[1:]))


class Opaque(Counted):
    """Outputs an object that JSON has no form for, for each received frame."""

    async def receive(self, frame: Any) -> None:
        """Output the object, then a text."""
        self.queue.put_nowait(AdditionalOutputs(threading.Lock()))
        self.queue.put_nowait(AdditionalOutputs("next"))


class Ticker(Counted):
    """Outputs its number and the time ten times a second, as text."""

    ticks = 0

    async def emit(self) -> Any:
        """Wait for the next tenth of a second, by the clock."""
        now = time.time()
        await asyncio.sleep(0.1 - now % 0.1)
        self.ticks += 1
        return AdditionalOutputs(json.dumps({"n": self.ticks, "t": time.time()}))


class Faulty(Counted):
    """Fails at the first frame, echoes the others."""

    failed = False

    async def receive(self, frame: Any) -> None:
        """Fail once."""
        if not self.failed:
            self.failed = True
            raise ValueError("the first frame is bad luck")
        await super().receive(frame)


class Closing(Counted):
    """Plays a second of tone and closes the session, at the first frame."""

    async def receive(self, frame: Any) -> None:
        """Close after the tone."""
        self.queue.put_nowait(((RATE, TONE), CloseStream("that is all")))


class Burst(Counted):
    """Has three seconds of tone ready, all at once."""

    seconds = 3

    async def start_up(self) -> None:
        """Queue the tone."""
        await super().start_up()
        self.queue.put_nowait((RATE, np.tile(TONE, self.seconds)))

    async def receive(self, frame: Any) -> None:
        """Clear the queue, and report it."""
        self.clear_queue()
        self.queue.put_nowait(AdditionalOutputs("silent"))

    async def dtmf(self, digit: str) -> None:
        """Output the pressed key."""
        self.queue.put_nowait(AdditionalOutputs(f"pressed {digit}"))


class Halting(Burst):
    """Has three seconds of tone ready; pauses it at the first frame, continues it at the second one, and so on."""

    paused = False

    async def receive(self, frame: Any) -> None:
        """Pause, or continue."""
        host: Any = self.parley
        host.audio_output.pausable = True
        self.paused = not self.paused
        host.pause_audio() if self.paused else host.resume_audio()


class Long(Burst):
    """Has more audio than a client has played when it first speaks, however late that is."""

    seconds = 25


class Tally(Counted):
    """Takes 2 ms for each frame, and outputs the number of frames at a loud one."""

    frames = 0

    async def receive(self, frame: Any) -> None:
        """Count the frame."""
        self.frames += 1
        await asyncio.sleep(0.002)
        if np.abs(frame[1].astype(np.int32)).max() > 5000:
            self.queue.put_nowait(AdditionalOutputs({"frames": self.frames}))


class Slow(StreamHandler):
    """Takes half a second for each frame."""

    def __init__(self) -> None:
        super().__init__("mono", RATE, input_sample_rate=RATE)
        self.pause = threading.Event()

    def copy(self) -> "Slow":
        """Return a handler for another session."""
        return Slow()

    def receive(self, frame: Any) -> None:
        """Take half a second."""
        self.pause.wait(0.5)

    def emit(self) -> None:
        """Return nothing."""
        self.pause.wait(0.02)

    def shutdown(self) -> None:
        """End the wait."""
        self.pause.set()


class Census(Counted):
    """Outputs how many handlers started and were shut down, without itself."""

    async def start_up(self) -> None:
        """Output the counts."""
        self.queue.put_nowait(AdditionalOutputs({"begun": Counted.begun, "ended": Counted.ended}))

    async def shutdown(self) -> None:
        """Do not count."""


class Known(Counted):
    """Outputs what it knows of its client."""

    async def start_up(self) -> None:
        """Output the type and the values of the user data."""
        await super().start_up()
        data = get_current_context().user_data
        self.queue.put_nowait(AdditionalOutputs(type(data).__name__, data))


class Customer(BaseModel):
    """Declared user data."""

    name: str = Field(max_length=20)
    order: int = 0


class Threshold(BaseModel):
    """Declared inputs."""

    webrtc_id: str
    conf_threshold: float = Field(ge=0, le=1)
    label: str = "none"


def same(image: Any) -> Any:
    """Return the video frame."""
    return image


def repeat(audio: Any) -> Any:
    """Return the turn."""
    yield audio


def _stream(handler: Any, name: str, **options: Any) -> Stream:
    return Stream(handler, modality="audio", mode="send-receive", name=name, **{"concurrency_limit": 100, **options})


plain = _stream(Counted(), "plain")
wide = _stream(Counted(24_000), "wide")
open_to_all = _stream(Counted(), "open-to-all", public=True)
open_to_all.mount(path="/voice/open")
numbers = _stream(Numbers(), "numbers")
public_numbers = _stream(Numbers(), "public-numbers", public=True)
blocking = _stream(Blocking(), "blocking")
inputs = _stream(Inputs(), "inputs", inputs=Threshold)
document = gr.Textbox("draft", label="Document")
knobs = _stream(
    Inputs(),
    "knobs",
    additional_inputs=[gr.Slider(0.5, minimum=0, maximum=1, label="Volume"), document],
    additional_outputs=[document, gr.JSON()],
    additional_outputs_handler=lambda text, data, inputs: (f"{text} {inputs[0]}", inputs) if inputs else 1 / 0,
)
opaque = _stream(Opaque(), "opaque")
free_inputs = _stream(Inputs(), "free-inputs")
nameless_inputs = Stream(Inputs(), modality="audio", mode="send-receive", concurrency_limit=100)
ticker = _stream(Ticker(), "ticker")
faulty = _stream(Faulty(), "faulty")
closing = _stream(Closing(), "closing")
burst = _stream(Burst(), "burst")
long = _stream(Long(), "long")
halting = _stream(Halting(), "halting")
slow = _stream(Slow(), "slow")
tally = _stream(Tally(), "tally")
timed = _stream(Counted(), "timed", time_limit=1)
usual = Stream(Counted(), modality="audio", mode="send-receive", name="usual")
single = _stream(Counted(), "single", concurrency_limit=1)
census = _stream(Census(), "census")
known = _stream(Known(), "known")
customers = _stream(Known(), "customers", user_data=Customer)
repeats = _stream(ReplyOnPause(repeat, input_sample_rate=RATE, output_sample_rate=RATE), "repeats")
video = Stream(same, modality="video", mode="send-receive", name="video")


def length_of(audio: Any) -> Iterator[AdditionalOutputs]:
    """Reply with the seconds of the turn."""
    yield AdditionalOutputs({"seconds": audio[1].size / audio[0]})


by_pause = Stream(ReplyOnPause(length_of, input_sample_rate=16_000), modality="audio", mode="send-receive", name="by-pause")
by_words = Stream(
    ReplyOnPause(length_of, input_sample_rate=16_000, turn_detection="words"), modality="audio", mode="send-receive", name="by-words"
)
