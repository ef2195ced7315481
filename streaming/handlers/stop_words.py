"""ReplyOnStopWords: replies to what the user says after a stop word, in the same turn or in the next one."""

import asyncio
import logging
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import takewhile
from typing import Any

import numpy as np

from streaming import recogniser
from streaming.aio.worker_thread import WorkerThread
from streaming.audio.rates import Pcm
from streaming.handlers.context import error_message
from streaming.handlers.endpointing_options import AlgoOptions
from streaming.handlers.reply_on_pause import ReplyOnPause
from streaming.handlers.stt import LONGEST_S, at_16_khz
from streaming.handlers.vad_chunks import PauseModel
from streaming.speech.engines.base import Recogniser, Word
from streaming.speech.turn_detector import Turn

logger = logging.getLogger(__name__)

LEAST_SPEECH_S = 0.2
"""Seconds of speech that must follow the stop word in its turn; otherwise the next turn is replied to."""
_STABLE_S = 0.25
"""Seconds of further audio that must leave the words of an interim result unchanged: then they count as stable."""
_SEARCH_S = 0.2  # seconds before and after the estimated end of the stop word in which the quietest place is searched
_WINDOW_S = 0.02

_MARKS = re.compile(r"[^\w']+")


class ReplyOnStopWords(ReplyOnPause):
    """Calls `fn` with what the user says after one of `stop_words`, and plays what it yields.

    A stop word may be a phrase, such as "hello computer"; case and punctuation are ignored. The client gets the message `stopword`. Speech
    that follows in the same turn is replied to; if there is none, the next turn is. Before and during a reply, speech without a stop word
    is ignored. The other arguments are those of `ReplyOnPause`.
    """

    wants_progress = True
    parley_joins_turns = False
    parley_decodes_early = False  # it decodes each turn itself

    def __init__(
        self,
        fn: Callable[..., Any],
        stop_words: list[str],
        startup_fn: Callable[..., Any] | None = None,
        algo_options: AlgoOptions | None = None,
        model_options: Any = None,
        can_interrupt: bool = True,
        expected_layout: str = "mono",
        output_sample_rate: int = 24000,
        output_frame_size: int | None = None,
        input_sample_rate: int = 48000,
        model: PauseModel | None = None,
        needs_args: bool = False,
    ) -> None:
        self.stop_words = stop_words
        self._phrases = [words for phrase in stop_words if (words := plain(phrase.split()))]
        if not self._phrases:
            raise ValueError("stop_words must hold at least one word")
        super().__init__(
            fn,
            startup_fn,
            algo_options,
            model_options,
            can_interrupt,
            expected_layout,
            output_sample_rate,
            output_frame_size,
            input_sample_rate,
            model,
            needs_args,
        )

    def parley_begin_afresh(self) -> None:
        """Reset all state of a session."""
        super().parley_begin_afresh()
        self._stop_word_seen = False  # the stop word was recognised, and no speech after it yet
        self._announced = False  # the stop word of the current turn was reported to the client
        self._interim: tuple[float, list[str]] = (0.0, [])  # of the current turn: seconds of audio and the words in it
        self._early_end_s: float | None = None  # end of the stop word by recognition during the turn, in seconds from its start
        self._failed = False  # the recogniser failed, and the client knows
        self._worker_thread = WorkerThread("stop-words")
        self._early_task: asyncio.Task[None] | None = None

    def parley_leave(self) -> None:
        """Stop turn detection, recognition and the reply."""
        super().parley_leave()
        self._worker_thread.close()

    def may_begin(self, possible: bool) -> None:
        """Ignore it: speech without a stop word does not interrupt a reply."""

    def began(self) -> None:
        """Handle the start of speech; it counts as a turn only after a stop word."""
        self._announced, self._early_end_s = False, None
        self._interim = (0.0, [])
        if self._stop_word_seen:
            self.state.started_talking = True

    def progress(self, turn: Turn) -> None:
        """Search for a stop word during the turn, so that the client is notified while the user is speaking."""
        if len(turn.samples) > LONGEST_S * turn.rate:
            return
        if not self._stop_word_seen and not self._announced and (self._early_task is None or self._early_task.done()):
            self._early_task = self.parley.spawn(self._search_early(turn))

    def ended(self, turn: Turn) -> None:
        """Reply to a turn that follows a stop word; search for one in any other turn."""
        if self._stop_word_seen:
            self._stop_word_seen = False
            super().ended(turn)
        elif len(turn.samples):
            self.parley.spawn(self._search(turn, self._early_task))
            self._early_task = None

    async def _search_early(self, turn: Turn) -> None:
        words = await self._words(turn, thorough=False)
        found = find_phrase(self._stable([word.text for word in words], len(turn.samples) / turn.rate), self._phrases)
        if found is not None and not self._announced:
            self._early_end_s = words[found - 1].end
            self._announce()

    def _stable(self, words: list[str], length_s: float) -> list[str]:
        """Return the leading words of an interim result that the previous one had, too: a word that is cut off may become another."""
        before_s, before = self._interim
        if before and length_s < before_s + _STABLE_S:
            return []
        self._interim = (length_s, words)
        same = (plain([old]) == plain([new]) for old, new in zip(before, words, strict=False))
        return words[: sum(takewhile(bool, same))]

    async def _search(self, turn: Turn, before: "asyncio.Task[None] | None") -> None:
        if before is not None:
            await asyncio.wait({before})
        early, self._early_end_s = self._early_end_s, None
        announced, self._announced = self._announced, False
        words = await self._words(turn, thorough=True)
        found = find_phrase([word.text for word in words], self._phrases)
        if found is None and early is None:
            return
        if not announced:
            self._announce()
            self._announced = False
        end = early if found is None else words[found - 1].end
        said = sum(max(0.0, stop - max(start, end or 0.0)) for start, stop in turn.voiced)
        if said < LEAST_SPEECH_S or found == len(words):
            self._stop_word_seen = True
        else:
            super().ended(Turn(turn.samples[quietest_position(turn.samples, turn.rate, end or 0.0) :], turn.rate))

    def _announce(self) -> None:
        self._announced = True
        self.parley.send_message({"type": "stopword", "data": ""})
        if self.busy and self.can_interrupt:
            self._interrupt()

    async def _words(self, turn: Turn, *, thorough: bool) -> tuple[Word, ...]:
        """Return the words of a turn; none, with an error for the client, if the recogniser cannot be loaded or fails."""
        try:
            engine = await asyncio.wrap_future(recogniser.begin_loading())
            return await self._worker_thread.run(partial(words_of, engine, turn, thorough=thorough))
        except Exception as error:  # its text may hold spoken words
            if not self._failed:
                self._failed = True
                logger.error("stop words are not recognised: %s", type(error).__name__)
                self.parley.send_message(error_message("stop words are not recognised: the recogniser of this server fails"))
            return ()


def words_of(engine: Recogniser, turn: Turn, *, thorough: bool) -> tuple[Word, ...]:
    """Return the words of a turn; blocks. A long one, such as a television in the room, is decoded in parts."""
    found: list[Word] = []
    for at_s, part in parts_of(turn, LONGEST_S):
        words = engine.transcribe(at_16_khz((part.rate, part.samples)), part.voiced, thorough=thorough)
        found += [replace(word, start=word.start + at_s, end=word.end + at_s) for word in words]
    return tuple(found)


def parts_of(turn: Turn, longest_s: float) -> Iterator[tuple[float, Turn]]:
    """Yield the parts of a turn with speech, cut at quiet places, each with its start in seconds and at most so long."""
    first, count, rate = 0, len(turn.samples), turn.rate
    while first < count:
        end = count
        if count - first > longest_s * rate:
            end = first + max(1, quietest_position(turn.samples[first:], rate, longest_s - _SEARCH_S - _WINDOW_S))
        at_s, end_s = first / rate, end / rate
        voiced = tuple((max(start, at_s) - at_s, min(stop, end_s) - at_s) for start, stop in turn.voiced if start < end_s and stop > at_s)
        if voiced:
            yield at_s, Turn(turn.samples[first:end], rate, voiced)
        first = end


def plain(words: Sequence[str]) -> list[str]:
    """Return the words in lower case without punctuation; empty ones are left out."""
    return [bare for word in words if (bare := _MARKS.sub("", word.lower()))]


def find_phrase(words: Sequence[str], phrases: Sequence[Sequence[str]]) -> int | None:
    """Return the number of words up to the end of the first phrase found, compared as whole words; None if there is none."""
    bare = [_MARKS.sub("", word.lower()) for word in words]
    for end in range(1, len(bare) + 1):
        if any(bare[max(0, end - len(phrase)) : end] == list(phrase) for phrase in phrases):
            return end
    return None


def quietest_position(samples: Pcm, rate: int, at_s: float) -> int:
    """Return the sample position of the quietest 20 ms near a time, for a cut that hits no word: word ends are estimates."""
    window = max(1, int(_WINDOW_S * rate))
    first = max(0, int((at_s - _SEARCH_S) * rate))
    last = min(len(samples) - window, int((at_s + _SEARCH_S) * rate))
    if last <= first:
        return max(0, min(first, len(samples)))
    starts = range(first, last, window)
    return min(starts, key=lambda start: float(np.abs(samples[start : start + window].astype(np.int32)).sum()))
