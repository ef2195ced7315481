"""Handlers as users of FastRTC's manual write them: only the import line is different."""

import asyncio
import json
import queue
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
from pydantic import BaseModel, Field

from streaming import (
    AdditionalOutputs,
    AlgoOptions,
    AsyncAudioVideoStreamHandler,
    AsyncStreamHandler,
    CloseStream,
    ReplyOnPause,
    ReplyOnStopWords,
    SileroVadOptions,
    Stream,
    StreamHandler,
    VideoStreamHandler,
    Warning,
    WebRTCError,
    audio_to_float32,
    get_current_context,
    get_stt_model,
    wait_for_item,
)

RATE = 24_000
AudioFrame = tuple[int, np.ndarray]
stt_model = get_stt_model()


def beep(hz: float, seconds: float = 0.5) -> np.ndarray:
    """Return a tone, float32 of shape (1, n), in place of a voice."""
    wave: np.ndarray = 0.3 * np.sin(2 * np.pi * hz * np.arange(int(RATE * seconds)) / RATE)
    return wave.astype(np.float32).reshape(1, -1)


# -- an echo that waits for a pause


def repeat(audio: AudioFrame) -> Iterator[AudioFrame]:
    """Return the turn, in pieces of a tenth of a second."""
    rate, array = audio
    for start in range(0, array.shape[1], rate // 10):
        yield rate, array[:, start : start + rate // 10]


parrot = Stream(
    ReplyOnPause(
        repeat,
        algo_options=AlgoOptions(audio_chunk_duration=0.6, started_talking_threshold=0.2, speech_threshold=0.1),
        model_options=SileroVadOptions(threshold=0.5, min_speech_duration_ms=250, min_silence_duration_ms=100),
        input_sample_rate=16000,
    ),
    modality="audio",
    mode="send-receive",
    concurrency_limit=50,
)


# -- a greeting, and inputs from the page before each reply


def welcome(name: str = "stranger", pitch: float = 300.0) -> Iterator[Any]:
    """Greet the person of the inputs."""
    yield RATE, beep(pitch)
    yield AdditionalOutputs({"greeted": name})


async def answer(audio: AudioFrame, name: str = "stranger", pitch: float = 600.0) -> AsyncIterator[Any]:
    """Answer at the pitch of the inputs."""
    assert audio_to_float32(audio[1]).max() <= 1
    yield AdditionalOutputs({"name": name, "pitch": pitch})
    yield RATE, beep(pitch)


greeter = Stream(ReplyOnPause(answer, startup_fn=welcome), modality="audio", mode="send-receive", time_limit=90)


# -- a handler with a queue that blocks


class Relay(StreamHandler):
    """Returns the received audio; the key must come first."""

    def __init__(self) -> None:
        super().__init__(expected_layout="mono", output_sample_rate=24000, output_frame_size=480, input_sample_rate=24000)
        self.queue: queue.Queue[Any] = queue.Queue()
        self.key = ""

    def copy(self) -> "Relay":
        """Return another handler."""
        return Relay()

    def start_up(self) -> None:
        """Wait for the key and report it."""
        self.wait_for_args_sync()
        self.key = self.latest_args[1]
        self.send_message_sync(json.dumps({"type": "log", "data": f"the key is {self.key}"}))

    def receive(self, frame: AudioFrame) -> None:
        """Accept a frame, once there is a key."""
        if self.key:
            self.queue.put(frame)

    def emit(self) -> Any:
        """Return the next frame."""
        return self.queue.get()

    def shutdown(self) -> None:
        """Wake `emit`."""
        self.queue.put(None)


relay = Stream(Relay(), modality="audio", mode="send-receive")


# -- a bridge to a remote model, which speaks at any time


class Remote:
    """Stands for a remote voice model: after three frames it reports speech, then answers."""

    def __init__(self) -> None:
        self.frames: asyncio.Queue[np.ndarray] = asyncio.Queue()

    async def events(self) -> AsyncIterator[tuple[str, Any]]:
        """Yield the events of the model."""
        received = 0
        while True:
            array = await self.frames.get()
            received += 1
            if received % 25 == 3:
                yield "speech_started", None
                yield "transcript", {"role": "user", "content": f"{array.dtype} {array.shape} {received}"}
                yield "audio", beep(500, 0.3)


class Bridge(AsyncStreamHandler):
    """`start_up` lasts as long as the session; `shutdown` is no coroutine, as in some of the manual's examples."""

    def __init__(self) -> None:
        super().__init__(expected_layout="mono", output_sample_rate=RATE, input_sample_rate=16000)
        self.remote: Remote | None = None
        self.output_queue: asyncio.Queue[Any] = asyncio.Queue()
        self.quit = asyncio.Event()

    def copy(self) -> "Bridge":
        """Return another handler."""
        return Bridge()

    async def start_up(self) -> None:
        """Connect, and pass the events on."""
        self.remote = Remote()
        async for kind, value in self.remote.events():
            if self.quit.is_set():
                break
            if kind == "speech_started":
                self.clear_queue()
            elif kind == "transcript":
                await self.output_queue.put(AdditionalOutputs(value))
            else:
                await self.output_queue.put((self.output_sample_rate, (value * 32767).astype(np.int16)))

    async def receive(self, frame: AudioFrame) -> None:
        """Send the frame to the model."""
        if self.remote is None:
            return
        _, array = frame
        self.remote.frames.put_nowait(array.squeeze())

    async def emit(self) -> Any:
        """Return the next item, if there is one."""
        return await wait_for_item(self.output_queue)

    def shutdown(self) -> None:  # type: ignore[override]  # as the manual has it
        """End `start_up`."""
        self.quit.set()


bridge = Stream(Bridge(), modality="audio", mode="send-receive")


# -- audio and video together


class Companion(AsyncAudioVideoStreamHandler):
    """Returns each video frame upside down, sends their number, and beeps after speech."""

    def __init__(self) -> None:
        super().__init__("mono", output_sample_rate=RATE, input_sample_rate=16000)
        self.audio_queue: asyncio.Queue[Any] = asyncio.Queue()
        self.video_queue: asyncio.Queue[np.ndarray] = asyncio.Queue()
        self.last_frame_time = 0.0
        self.received = 0

    def copy(self) -> "Companion":
        """Return another handler."""
        return Companion()

    async def video_receive(self, frame: np.ndarray) -> None:
        """Accept a video frame, and send one each second."""
        self.video_queue.put_nowait(np.flip(frame, axis=0))
        if time.time() - self.last_frame_time > 1:
            self.last_frame_time = time.time()
            self.audio_queue.put_nowait(AdditionalOutputs({"sent": list(frame.shape)}))

    async def video_emit(self) -> np.ndarray:
        """Return the video frame, or a black one."""
        frame = await wait_for_item(self.video_queue, 0.01)
        return frame if frame is not None else np.zeros((100, 100, 3), dtype=np.uint8)

    async def receive(self, frame: AudioFrame) -> None:
        """Beep after each half second of audio."""
        self.received += 1
        if self.received % 25 == 0:
            self.audio_queue.put_nowait((RATE, beep(700, 0.3)))

    async def emit(self) -> Any:
        """Return the next audio."""
        return await wait_for_item(self.audio_queue, 0.01)

    async def shutdown(self) -> None:
        """Drop the video frames."""
        self.video_queue = asyncio.Queue()


companion = Stream(Companion(), modality="audio-video", mode="send-receive")


# -- video


class InputData(BaseModel):
    """The body of the hook."""

    webrtc_id: str
    conf_threshold: float = Field(ge=0, le=1)


def detection(image: np.ndarray, conf_threshold: float = 0.3) -> tuple[np.ndarray, AdditionalOutputs]:
    """Flip the video frame, and return the threshold."""
    return np.flip(image, axis=0), AdditionalOutputs(conf_threshold)


detector = Stream(
    VideoStreamHandler(detection, skip_frames=True), modality="video", mode="send-receive", concurrency_limit=10, inputs=InputData
)


class Gauge(AsyncStreamHandler):
    """Returns the threshold ten times a second, as audio handlers take the inputs of the same hook."""

    def copy(self) -> "Gauge":
        """Return another handler."""
        return Gauge()

    async def receive(self, frame: AudioFrame) -> None:
        """Ignore the frame."""

    async def emit(self) -> Any:
        """Return the threshold of this call."""
        await asyncio.sleep(0.1)
        return AdditionalOutputs([*self.latest_args[1:], 0.3][0])


gauge = Stream(Gauge(), modality="audio", mode="send-receive", inputs=InputData)


def film() -> Iterator[np.ndarray | None]:
    """Play a file to its end, as `cv2.VideoCapture` reads one: the last read has no frame."""
    for shade in range(0, 250, 10):
        yield np.full((96, 128, 3), shade, np.uint8)
    yield None


cinema = Stream(VideoStreamHandler(film, fps=25), modality="video", mode="receive")
plain_cinema = Stream(film, modality="video", mode="receive")


def narrate(pitch: float = 400.0) -> Iterator[AudioFrame]:
    """Yield half a minute of tone."""
    for _ in range(60):
        yield RATE, beep(pitch)


narrator = Stream(narrate, modality="audio", mode="receive")


# -- stop words


def obey(audio: AudioFrame) -> Iterator[Any]:
    """Return the turn, and a log message."""
    yield AdditionalOutputs({"asked": stt_model.stt(audio)})
    yield RATE, beep(800)


butler = Stream(ReplyOnStopWords(obey, stop_words=["computer"], input_sample_rate=16000), modality="audio", mode="send-receive")


# -- speech to text, a chat, and a voice


def chat(audio: AudioFrame, chatbot: list[dict[str, str]] | None = None) -> Iterator[Any]:
    """Transcribe the turn, add it to the chat, answer, and add the answer."""
    chatbot = chatbot or []
    text = stt_model.stt(audio)
    chatbot.append({"role": "user", "content": text})
    yield AdditionalOutputs(chatbot)
    yield RATE, beep(400 + 10 * len(chatbot))
    chatbot.append({"role": "assistant", "content": f"{len(text.split())} words"})
    yield AdditionalOutputs(chatbot)


assistant = Stream(
    modality="audio",
    mode="send-receive",
    handler=ReplyOnPause(chat, input_sample_rate=16000),
    concurrency_limit=10,
    additional_outputs_handler=lambda old, new: new,
    ui_args={"title": "Chat"},
)


# -- the end of a session, and errors


def goodbye(audio: AudioFrame) -> Iterator[Any]:
    """Play the last audio and close the session."""
    yield (RATE, beep(900)), AdditionalOutputs("goodbye")
    yield CloseStream("that was all")


farewell = Stream(ReplyOnPause(goodbye), modality="audio", mode="send-receive")


def careful(audio: AudioFrame) -> Iterator[Any]:
    """Warn at the first turn, then raise an error."""
    Warning("this may cost money")
    yield RATE, beep(500, 0.1)
    raise WebRTCError("the model has no credit left")


strict = Stream(ReplyOnPause(careful), modality="audio", mode="send-receive")


class Named(AsyncStreamHandler):
    """Sends the id of its session from every method."""

    def __init__(self) -> None:
        super().__init__(input_sample_rate=16000)
        self.names: asyncio.Queue[Any] = asyncio.Queue()

    def copy(self) -> "Named":
        """Return another handler."""
        return Named()

    async def start_up(self) -> None:
        """Send the id."""
        await self.names.put(AdditionalOutputs(f"start_up {get_current_context().webrtc_id}"))

    async def receive(self, frame: AudioFrame) -> None:
        """Send the id once, also from a thread."""
        if not hasattr(self, "was_sent"):
            self.was_sent = True
            await self.names.put(AdditionalOutputs(f"receive {get_current_context().webrtc_id}"))
            inside = await asyncio.to_thread(get_current_context)
            await self.names.put(AdditionalOutputs(f"thread {inside.webrtc_id}"))

    async def emit(self) -> Any:
        """Return the next id."""
        return await wait_for_item(self.names)


named = Stream(Named(), modality="audio", mode="send")


# -- an own VAD model


class Loudness:
    """A VAD model in which loud audio is speech."""

    def vad(self, audio: AudioFrame, options: Any) -> tuple[float, list[dict[str, int]]]:
        """Return how many seconds are louder than the option."""
        rate, array = audio
        loud = np.abs(audio_to_float32(array).reshape(-1)) > options["loud"]
        return float(loud.sum()) / rate, []

    def warmup(self) -> None:
        """Do nothing."""


def measure(audio: AudioFrame) -> Iterator[Any]:
    """Return the duration of the turn."""
    yield AdditionalOutputs(round(audio[1].shape[1] / audio[0], 1))
    yield RATE, beep(650)


by_loudness = Stream(
    ReplyOnPause(
        measure,
        algo_options=AlgoOptions(audio_chunk_duration=0.4, started_talking_threshold=0.1, speech_threshold=0.05),
        model_options={"loud": 0.1},
        model=Loudness(),
        can_interrupt=False,
    ),
    modality="audio",
    mode="send-receive",
)
