"""A recogniser that returns the results of a script, for tests of timing and order: no model, and the same text every time.

The script is a JSON file. A list holds the results of every recognition; `{"recognitions": [list, list, ...]}` gives each list to one
recognition, in the order in which they are opened, and starts again after the last. An entry of a list:

    {"after": 1.5, "text": "Hello there.", "final": true, "confidence": 0.95, "start": 0.2, "end": 1.4}

`after` is the number of seconds of audio (with silence) after which the result comes; without it, the result comes at `stop`. Results
come in the order of the list. Only `text` is required: the default of `final` is true, of `confidence` 0.95, of `end` `after`, of
`start` the end of the previous final. `{"transcriptions": ["text", ...]}` sets the results of `transcribe`, one after the other and then
again from the first; silence has no words. `{"languages": ["es-ES"]}` sets the languages of the recogniser; the default is English.

Without a script, each two seconds of audio that is not silent result in one of a few sentences, with an interim half way. Audio left at
`stop` results in one more if it is longer than 0.2 s.
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
from streaming.speech.engines.base import EngineOptions, Listener, Recogniser, RecogniserError, RecognitionOptions, RecognitionResult, Word
from streaming.speech.recognition import QueuedRecognition
from streaming.speech.vad_worker import TickThread

SENTENCES = (
    "Shall we start with the budget?",
    "I will send the report to Maria by Friday.",
    "The numbers look good to me.",
    "Can you call the customer tomorrow?",
    "Let us meet again next week.",
)
SENTENCE_S = 2.0
_SILENT_RMS = 0.003  # root mean square of 32 ms below which audio counts as silence
_BLOCK = 512
_PORTION_S = 1.0


@dataclass(frozen=True, slots=True)
class ScriptEntry:
    """One entry of a script; `after` None means at the end."""

    text: str
    after: float | None = None
    final: bool = True
    confidence: float = 0.95
    start: float | None = None
    end: float | None = None


def read_script(path: Path) -> list[list[ScriptEntry]]:
    """Return the entries for each recognition. Raises RecogniserError, which names the problem, if the file is not valid."""
    try:
        content: Any = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(content, dict) and {"transcriptions", "languages"} & content.keys():
            content = {"recognitions": [[]], **content}
        lists = content["recognitions"] if isinstance(content, dict) else [content]
        scripts = [[ScriptEntry(**entry) for entry in entries] for entries in lists]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecogniserError(f"RECOGNISER_SCRIPT: {path.name} cannot be used: {error}") from None
    if not scripts:
        raise RecogniserError(f"RECOGNISER_SCRIPT: {path.name} holds no recognition")
    return scripts


def read_transcriptions(path: Path) -> tuple[str, ...]:
    """Return the results of `transcribe` from a script. Raises RecogniserError unless they are a list of texts."""
    content: Any = json.loads(path.read_text(encoding="utf-8"))
    texts = content.get("transcriptions", SENTENCES) if isinstance(content, dict) else SENTENCES
    if not isinstance(texts, list | tuple) or not texts or not all(isinstance(text, str) for text in texts):
        raise RecogniserError(f"RECOGNISER_SCRIPT: transcriptions in {path.name} must be a list of texts")
    return tuple(texts)


def read_languages(path: Path) -> tuple[str, ...]:
    """Return the languages of a script. Raises RecogniserError unless they are a list of texts."""
    content: Any = json.loads(path.read_text(encoding="utf-8"))
    languages = content.get("languages", ScriptedRecogniser.languages) if isinstance(content, dict) else ScriptedRecogniser.languages
    if not isinstance(languages, list | tuple) or not languages or not all(isinstance(one, str) for one in languages):
        raise RecogniserError(f"RECOGNISER_SCRIPT: languages in {path.name} must be a list of languages")
    return tuple(languages)


def spread(text: str, start: float, end: float, confidence: float) -> tuple[Word, ...]:
    """Return the words of a text, spread evenly from `start` to `end` (seconds)."""
    words = text.split()
    step = (end - start) / max(1, len(words))
    return tuple(Word(word, start + n * step, start + (n + 1) * step, confidence) for n, word in enumerate(words))


class ScriptedRecognition(QueuedRecognition):
    """The recognition of one speaker; the thread of the recogniser calls the listener."""

    def __init__(
        self,
        thread: TickThread["ScriptedRecognition"],
        executor: DecodeExecutor,
        script: Iterator[ScriptEntry] | None,
        options: RecognitionOptions,
        decoder: Decoder,
        listener: Listener,
    ) -> None:
        super().__init__(decoder, listener, executor, thread.wake)
        self._script, self._options = script, options
        self._speaking = False
        self._next = next(script, None) if script else None
        self._processed = self._voiced = 0  # samples so far; samples of the current sentence that are not silent
        self._turn, self._turn_start, self._interim_given = 1, 0.0, False
        self._rest: Samples = np.zeros(0, dtype=np.float32)

    def work(self) -> bool:
        """Process one portion, in the thread of the recogniser; return whether there is more."""
        if self.over:
            return False
        self._process(self._take(_PORTION_S))
        self._callbacks.update_backlog(self.backlog)
        if self._queue.ended:
            self._finish()
        return self._queue.can_take

    def _process(self, samples: Samples) -> None:
        if self._script is not None:
            self._processed += len(samples)
            while self._next and self._next.after is not None and self._next.after * RATE <= self._processed:
                self._emit_next(self._next)
            return
        self._rest = np.concatenate((self._rest, samples))
        whole = len(self._rest) // _BLOCK * _BLOCK
        for block in self._rest[:whole].reshape(-1, _BLOCK):
            self._process_block(block)
        self._rest = self._rest[whole:]

    def _process_block(self, block: Samples) -> None:
        """Without a script: count samples that are not silent; emit an interim at half a sentence and a final at a whole one."""
        self._processed += _BLOCK
        if float(np.sqrt(np.mean(block**2))) < _SILENT_RMS:
            return
        if not self._voiced:
            self._turn_start = (self._processed - _BLOCK) / RATE
        self._voiced += _BLOCK
        if self._voiced >= SENTENCE_S * RATE:
            self._emit_sentence(final=True)
        elif self._voiced >= SENTENCE_S / 2 * RATE and not self._interim_given:
            self._emit_sentence(final=False)

    def _emit_sentence(self, final: bool) -> None:
        text = SENTENCES[(self._turn - 1) % len(SENTENCES)]
        words = text.split()
        self._emit(ScriptEntry(text if final else " ".join(words[: len(words) // 2]), final=final, start=self._turn_start))
        self._interim_given = not final
        if final:
            self._voiced = 0

    def _emit_next(self, entry: ScriptEntry) -> None:
        self._emit(entry)
        self._next = next(self._script, None) if self._script else None

    def _emit(self, entry: ScriptEntry) -> None:
        end = entry.end if entry.end is not None else entry.after if entry.after is not None else self._processed / RATE
        start = min(end, entry.start if entry.start is not None else self._turn_start)
        if not self._speaking:
            self._speaking = True
            self._callbacks.call(self._listener.speech_started, start)
        if entry.final or self._options.interims:
            words = spread(entry.text, start, end, entry.confidence)
            self._callbacks.call(
                self._listener.recognised, RecognitionResult(entry.text, words, entry.confidence, entry.final, start, end, self._turn)
            )
        if entry.final:
            self._turn, self._turn_start, self._speaking = self._turn + 1, end, False

    def _finish(self) -> None:
        """Emit the entries for the end, or the unfinished sentence."""
        while self._next:
            if self._next.after is None:
                self._emit_next(self._next)
            else:  # there was not enough audio for it
                self._next = next(self._script, None) if self._script else None
        if self._script is None and self._voiced > 0.2 * RATE:
            self._emit_sentence(final=True)
        self._callbacks.finished()


class ScriptedRecogniser(Recogniser):
    """Returns scripted results; `EngineOptions.script` is the path of the JSON file, or empty for the sentences above."""

    languages: tuple[str, ...] = ("en-US", "en-GB")

    def __init__(self, options: EngineOptions) -> None:
        self._path = options.script
        self._scripts: list[list[ScriptEntry]] = []
        self._transcriptions: tuple[str, ...] = SENTENCES
        self._opened, self._transcribed = count(), count()
        self._thread: TickThread[ScriptedRecognition] | None = None
        self._executor = DecodeExecutor()

    def load(self) -> None:
        self._scripts = read_script(Path(self._path)) if self._path else []
        self._transcriptions = read_transcriptions(Path(self._path)) if self._path else SENTENCES
        self.languages = read_languages(Path(self._path)) if self._path else type(self).languages
        self._thread = TickThread("scripted-recogniser", lambda members: [member for member in members if member.work()])
        self._thread.start()
        self._executor = DecodeExecutor()
        self._executor.start()

    @property
    def ready(self) -> bool:
        return self._thread is not None

    def open(self, options: RecognitionOptions, decoder: Decoder, listener: Listener) -> ScriptedRecognition:
        if self._thread is None:
            raise RecogniserError("the recogniser is not loaded")
        number = next(self._opened)
        script = iter(self._scripts[number % len(self._scripts)]) if self._scripts else None
        return ScriptedRecognition(self._thread, self._executor, script, options, decoder, listener)

    def transcribe(self, pcm: Samples, voiced: Sequence[tuple[float, float]] = (), *, thorough: bool = True) -> tuple[Word, ...]:
        if self._thread is None:
            raise RecogniserError("the recogniser is not loaded")
        if not len(pcm) or float(np.sqrt(np.mean(pcm**2))) < _SILENT_RMS:
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
