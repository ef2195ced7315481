"""A recogniser that hears what a script says, for tests of timing and order: no model, the same text every time.

The script is a JSON file. A list is what every recognition hears; `{"recognitions": [list, list, ...]}` gives each list to one
recognition, in the order they are opened, and begins again after the last. An entry of a list:

    {"after": 1.5, "text": "Hello there.", "final": true, "confidence": 0.95, "start": 0.2, "end": 1.4}

`after` is the seconds of sound (silence too) after which it is heard; without it, at `stop`. Entries are heard in the order of
the list. Only `text` must be given: `final` is true, `confidence` 0.95, `end` is `after`, `start` is the end of the final before.
Beside the recognitions, `{"transcriptions": ["text", ...]}` are what stretches of sound hold that are transcribed on their own, one
after the other and again from the first; silence holds nothing. `{"languages": ["es-ES"]}` are those it says it knows, else English.

Without a script, each two seconds of sound that is not silence are one of a few sentences, with an interim half way; what is
left at `stop` is one more if it is longer than 0.2 s.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from streaming.audio.codecs import RATE, Decoder
from streaming.audio.pcm import Samples
from streaming.speech.decode_executor import DecodeExecutor
from streaming.speech.decode_queue import DecodeQueue
from streaming.speech.engines.base import (
    Hypothesis,
    Listener,
    Recogniser,
    RecogniserError,
    Recognition,
    RecognitionOptions,
    Word,
)
from streaming.speech.recognition_callbacks import RecognitionCallbacks
from streaming.speech.vad_thread import VadThread

SENTENCES = (
    "Shall we start with the budget?",
    "I will send the report to Maria by Friday.",
    "The numbers look good to me.",
    "Can you call the customer tomorrow?",
    "Let us meet again next week.",
)
SENTENCE_S = 2.0
_LOUD = 0.003  # root mean square of 32 ms below which sound counts as silence
_BLOCK = 512
_PORTION_S = 1.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a script; `after` None means at the end."""

    text: str
    after: float | None = None
    final: bool = True
    confidence: float = 0.95
    start: float | None = None
    end: float | None = None


def read_script(path: Path) -> list[list[Entry]]:
    """Return the entries for each recognition. Raises RecogniserError that names what is wrong with the file."""
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(content, dict) and {"transcriptions", "languages"} & content.keys():
            content = {"recognitions": [[]], **content}
        lists = content["recognitions"] if isinstance(content, dict) else [content]
        scripts = [[Entry(**entry) for entry in entries] for entries in lists]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecogniserError(f"RECOGNISER_SCRIPT: {path.name} cannot be used: {error}") from None
    if not scripts:
        raise RecogniserError(f"RECOGNISER_SCRIPT: {path.name} holds no recognition")
    return scripts


def read_transcriptions(path: Path) -> tuple[str, ...]:
    """Return what a script says stretches of sound hold that are transcribed on their own. Raises RecogniserError if it is no list."""
    content: Any = json.loads(path.read_text(encoding="utf-8"))
    texts = content.get("transcriptions", SENTENCES) if isinstance(content, dict) else SENTENCES
    if not isinstance(texts, list | tuple) or not texts or not all(isinstance(text, str) for text in texts):
        raise RecogniserError(f"RECOGNISER_SCRIPT: transcriptions in {path.name} must be a list of texts")
    return tuple(texts)


def read_languages(path: Path) -> tuple[str, ...]:
    """Return the languages of a script. Raises RecogniserError if they are no list."""
    content: Any = json.loads(path.read_text(encoding="utf-8"))
    languages = content.get("languages", ScriptedRecogniser.languages) if isinstance(content, dict) else ScriptedRecogniser.languages
    if not isinstance(languages, list | tuple) or not languages or not all(isinstance(one, str) for one in languages):
        raise RecogniserError(f"RECOGNISER_SCRIPT: languages in {path.name} must be a list of languages")
    return tuple(languages)


def spread(text: str, start: float, end: float, confidence: float) -> tuple[Word, ...]:
    """Return the words of a text, evenly spread from start to end (seconds)."""
    words = text.split()
    step = (end - start) / max(1, len(words))
    return tuple(Word(word, start + n * step, start + (n + 1) * step, confidence) for n, word in enumerate(words))


class ScriptedRecognition(Recognition):
    """One speaker; all its callbacks come from the hearing thread."""

    def __init__(
        self,
        thread: VadThread["ScriptedRecognition"],
        executor: DecodeExecutor,
        script: Iterator[Entry] | None,
        options: RecognitionOptions,
        decoder: Decoder,
        listener: Listener,
    ) -> None:
        self._script, self._options = script, options
        self._thread, self._executor = thread, executor
        self._listener = RecognitionCallbacks(listener)
        self._intake = DecodeQueue(decoder, self._listener.trouble)
        self._speaking = False
        self._next = next(script, None) if script else None
        self._heard = self._loud = 0  # samples so far; samples of the sentence at hand that are not silence
        self._turn, self._turn_start, self._interim_given = 1, 0.0, False
        self._rest: Samples = np.zeros(0, dtype=np.float32)

    def feed(self, chunk: bytes) -> None:
        if self._intake.feed(chunk):
            self._listener.water(self.backlog)
            self._wake_decoder()

    def switch(self, decoder: Decoder) -> None:
        if self._intake.switch(decoder):
            self._wake_decoder()

    def stop(self) -> None:
        if self._intake.close():
            self._wake_decoder()

    def _wake_decoder(self) -> None:
        if self._intake.in_place:
            self._thread.wake(self)
        else:
            self._executor.submit(self)

    def abandon(self) -> None:
        self._listener.silence()
        self._intake.clear()

    @property
    def backlog(self) -> float:
        return self._intake.seconds

    @property
    def full(self) -> bool:
        return self._intake.full

    @property
    def fed(self) -> float:
        return self._intake.fed

    def decode_portion(self) -> float | None:
        """Decode a portion of the bytes that wait, in the decode executor's thread; see `DecodeTask`."""
        wait_s = self._intake.decode_portion()
        if self._intake.can_take:
            self._thread.wake(self)
        return wait_s

    def work(self) -> bool:
        """Hear one portion, in the hearing thread; true while there is more."""
        if self._listener.over:
            return False
        self._hear(self._intake.take(_PORTION_S))
        if self._intake.wants_executor:
            self._executor.submit(self)
        self._listener.water(self.backlog)
        if self._intake.ended:
            self._finish()
        return self._intake.can_take

    def _hear(self, samples: Samples) -> None:
        if self._script is not None:
            self._heard += len(samples)
            while self._next and self._next.after is not None and self._next.after * RATE <= self._heard:
                self._say(self._next)
            return
        self._rest = np.concatenate((self._rest, samples))
        whole = len(self._rest) // _BLOCK * _BLOCK
        for block in self._rest[:whole].reshape(-1, _BLOCK):
            self._hear_block(block)
        self._rest = self._rest[whole:]

    def _hear_block(self, block: Samples) -> None:
        """Without a script: count what is not silence, and make an interim at half a sentence, a final at a whole one."""
        self._heard += _BLOCK
        if float(np.sqrt(np.mean(block**2))) < _LOUD:
            return
        if not self._loud:
            self._turn_start = (self._heard - _BLOCK) / RATE
        self._loud += _BLOCK
        if self._loud >= SENTENCE_S * RATE:
            self._sentence(final=True)
        elif self._loud >= SENTENCE_S / 2 * RATE and not self._interim_given:
            self._sentence(final=False)

    def _sentence(self, final: bool) -> None:
        text = SENTENCES[(self._turn - 1) % len(SENTENCES)]
        words = text.split()
        self._emit(Entry(text if final else " ".join(words[: len(words) // 2]), final=final, start=self._turn_start))
        self._interim_given = not final
        if final:
            self._loud = 0

    def _say(self, entry: Entry) -> None:
        self._emit(entry)
        self._next = next(self._script, None) if self._script else None

    def _emit(self, entry: Entry) -> None:
        end = entry.end if entry.end is not None else entry.after if entry.after is not None else self._heard / RATE
        start = min(end, entry.start if entry.start is not None else self._turn_start)
        if not self._speaking:
            self._speaking = True
            self._listener.speech_started(start)
        if entry.final or self._options.interims:
            words = spread(entry.text, start, end, entry.confidence)
            self._listener.hypothesis(Hypothesis(entry.text, words, entry.confidence, entry.final, start, end, self._turn))
        if entry.final:
            self._turn, self._turn_start, self._speaking = self._turn + 1, end, False

    def _finish(self) -> None:
        """Say what the script keeps for the end, or the last begun sentence."""
        while self._next:
            if self._next.after is None:
                self._say(self._next)
            else:  # it would have needed more sound
                self._next = next(self._script, None) if self._script else None
        if self._script is None and self._loud > 0.2 * RATE:
            self._sentence(final=True)
        self._listener.finished()


class ScriptedRecogniser(Recogniser):
    """Serves scripts; `script` is the path of the JSON file, or empty for the sentences above."""

    name = "scripted"
    languages: tuple[str, ...] = ("en-US", "en-GB")

    def __init__(self, script: str = "") -> None:
        self._path = script
        self._scripts: list[list[Entry]] = []
        self._transcriptions: tuple[str, ...] = SENTENCES
        self._opened, self._transcribed = count(), count()
        self._thread: VadThread[ScriptedRecognition] | None = None
        self._executor = DecodeExecutor()

    def load(self) -> None:
        self._scripts = read_script(Path(self._path)) if self._path else []
        self._transcriptions = read_transcriptions(Path(self._path)) if self._path else SENTENCES
        self.languages = read_languages(Path(self._path)) if self._path else type(self).languages
        self._thread = VadThread(lambda members: [member for member in members if member.work()])
        self._thread.start()
        self._executor = DecodeExecutor()
        self._executor.start()

    @property
    def ready(self) -> bool:
        return self._thread is not None

    def open(self, options: RecognitionOptions, decoder: Decoder, listener: Listener) -> Recognition:
        if self._thread is None:
            raise RecogniserError("the recogniser is not loaded")
        number = next(self._opened)
        script = iter(self._scripts[number % len(self._scripts)]) if self._scripts else None
        return ScriptedRecognition(self._thread, self._executor, script, options, decoder, listener)

    def transcribe(self, pcm: Samples, voiced: Sequence[tuple[float, float]] = (), *, thorough: bool = True) -> tuple[Word, ...]:
        if self._thread is None:
            raise RecogniserError("the recogniser is not loaded")
        if not len(pcm) or float(np.sqrt(np.mean(pcm**2))) < _LOUD:
            return ()
        texts = self._transcriptions
        text = texts[next(self._transcribed) % len(texts)]
        start, end = (voiced[0][0], voiced[-1][1]) if voiced else (0.0, len(pcm) / RATE)
        return spread(text, start, end, 0.95)

    def close(self) -> None:
        thread, self._thread = self._thread, None
        if thread:
            thread.close()
            self._executor.close()


def build(*, threads: int, models_dir: Path, script: str) -> Recogniser:
    """Return the scripted recogniser; see `make`."""
    return ScriptedRecogniser(script)
