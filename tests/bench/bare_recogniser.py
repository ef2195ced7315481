"""`python -m tests.bench.bare_recogniser`: the recogniser without a server, in its own process, on the same audio.

Baselines:

- `model`: the model alone decodes each true turn once, in one thread. The turns are given, and there are no interim results.
- `turns`: the same in several threads, on the turns that the recogniser finds in a long recording: what an import cannot exceed.
- `recogniser`: the recogniser's own interface in real time: pause detection, interim results, speculative decoding. Its cost is that
  of live recognition; what the server needs beyond it is the server's overhead.
"""

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from streaming.audio.codecs import AudioError, open_decoder
from streaming.audio.pcm import Samples
from streaming.speech import engines
from streaming.speech.engines.base import RecognitionOptions, RecognitionResult
from streaming.speech.engines.moonshine import Moonshine
from streaming.speech.engines.multilingual import FINAL_BEAMS
from streaming.speech.engines.whisper import FOLDER, Whisper
from streaming.speech.turn_detector import split_turns
from tests.bench import speech
from tests.bench.client import chunks, stagger
from tests.bench.published_model import published_model
from tests.bench.resource_usage import usage

_END_S = 120.0


class RecordingListener:
    """A recognition listener that records final results with their times, in seconds after `begin`."""

    def __init__(self, begin: float) -> None:
        self.begin = begin
        self.finals: list[tuple[float, str]] = []
        self.interims = 0
        self.errors: list[str] = []
        self.end = threading.Event()

    def recognised(self, result: RecognitionResult) -> None:
        """Record a final result, or count an interim one."""
        if result.is_final:
            self.finals.append((time.perf_counter() - self.begin, result.text))
        else:
            self.interims += 1

    def speech_started(self, at: float) -> None:
        """Ignore it."""

    def audio_error(self, error: AudioError) -> None:
        """Record the error."""
        self.errors.append(str(error))

    def backlog_low(self) -> None:
        """Ignore it: this client never waits for room."""

    def finished(self) -> None:
        """Signal the end."""
        self.end.set()

    def results(self) -> dict[str, Any]:
        """Return the results, JSON-ready, in the generator's form."""
        return {"finals": self.finals, "interims": self.interims, "errors": self.errors}


def model(question: dict[str, Any]) -> dict[str, Any]:
    """Decode the turns that the speakers send, each once."""
    bare = published_model()
    talks = speech.talks(speech.conversation(), question["speakers"], question["seconds"])
    cuts = [_floats(cut) for talk in talks for cut in talk.cuts()]
    bare.transcribe(cuts[0])
    began = time.process_time()
    for cut in cuts:
        bare.transcribe(cut)
    return {"cpu_s": time.process_time() - began}


def whisper(question: dict[str, Any]) -> dict[str, Any]:
    """Decode the German turns that the speakers send, each once, as final results are; `full`: with spectrograms of 30 s and one beam."""
    bare = Whisper(Path(question["models"]) / FOLDER, 1)
    talks = speech.talks(speech.german(), question["speakers"], question["seconds"])
    cuts = [_floats(cut) for talk in talks for cut in talk.cuts()]

    def decode(pcm: Samples) -> None:
        if question["full"]:
            pcm = np.concatenate((pcm, np.zeros(30 * speech.RATE, np.float32)))[: 30 * speech.RATE]
        bare.transcribe(bare.encode(pcm), "de", beams=1 if question["full"] else FINAL_BEAMS)

    decode(cuts[0])
    began = time.process_time()
    for cut in cuts:
        decode(cut)
    return {"cpu_s": time.process_time() - began}


def turns(question: dict[str, Any]) -> dict[str, Any]:
    """Decode the turns of the looped conversation, each once, in as many threads as the recogniser has; nothing else is done."""
    bare = published_model()
    sound = speech.conversation().sound
    looped = np.tile(sound, int(question["seconds"] * speech.RATE) // len(sound) + 1)[: int(question["seconds"] * speech.RATE)]
    cuts = list(split_turns(_floats(looped)))
    bare.transcribe(cuts[0])
    began, before = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(question["threads"]) as threads:
        list(threads.map(bare.transcribe, cuts))
    return {"wall_s": time.perf_counter() - began, "cpu_s": time.process_time() - before, "turns": len(cuts)}


def recogniser(question: dict[str, Any]) -> dict[str, Any]:
    """Recognise the same audio at the same speed through the recogniser's interface."""
    talks = speech.talks(speech.conversation(), question["speakers"], question["seconds"])
    return _hear([talk.sound.tobytes() for talk in talks], question["threads"], 1 / question["speed"])


def texts(question: dict[str, Any]) -> dict[str, Any]:
    """Return the text of whole recordings by both methods: the model on the detected turns, and the recogniser."""
    most = int(question["most_s"] * speech.RATE) if question.get("most_s") else None
    sounds = [r.sound[:most] for r in speech.recordings() if r.name in question["names"]]
    bare = published_model()
    silence = bytes(2 * speech.RATE)
    heard = _hear([sound.tobytes() + silence for sound in sounds], question["threads"], 0.0)
    return {
        "model": [_transcript(bare, _floats(sound)) for sound in sounds],
        "recogniser": [" ".join(text for _, text in one["finals"]) for one in heard["speakers"]],
    }


def _transcript(bare: Moonshine, pcm: Samples) -> str:
    return " ".join(word.text for turn in split_turns(pcm) for word in bare.transcribe(turn).words)


def _hear(sounds: list[bytes], threads: int, pace: float) -> dict[str, Any]:
    """Feed all audio from one thread, each chunk when it is due (pace 1 is real time, 0 is at once)."""
    engine = engines.make("moonshine", threads=threads, models_dir=Path("no-models-here"))
    engine.load()
    before, begin = time.process_time(), time.perf_counter() + 0.2
    listeners = [RecordingListener(begin + stagger(number) * pace) for number in range(len(sounds))]
    recognitions = [engine.open(RecognitionOptions(), open_decoder("LINEAR16", speech.RATE), listener) for listener in listeners]
    plan: list[tuple[float, int, Callable[[], None]]] = []
    for number, (recognition, listener, sound) in enumerate(zip(recognitions, listeners, sounds, strict=True)):
        last = 0.0
        for due, chunk in chunks(sound):
            last = listener.begin + due * pace
            plan.append((last, number, partial(recognition.feed, chunk)))
        plan.append((last + 2.0 * pace, number, recognition.stop))
    for due, _, act in sorted(plan, key=lambda step: step[0]):
        time.sleep(max(0.0, due - time.perf_counter()))
        act()
    for listener in listeners:
        listener.end.wait(_END_S)
    answer = {
        "speakers": [listener.results() for listener in listeners],
        "cpu_s": time.process_time() - before,
        "resident": usage(os.getpid()).resident,
    }
    engine.close()
    return answer


def _floats(sound: speech.Sound) -> Samples:
    return (sound / np.float32(32768)).astype(np.float32)


_MODES = {"model": model, "whisper": whisper, "turns": turns, "recogniser": recogniser, "texts": texts}

if __name__ == "__main__":
    asked = json.load(sys.stdin)
    json.dump(_MODES[asked["mode"]](asked), sys.stdout)
