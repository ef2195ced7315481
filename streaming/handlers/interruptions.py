"""Speech of the user during a reply: pauses the reply, recognises the words, and lets the reply end or continue. Event loop only."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, assert_never

import numpy as np

from streaming import recogniser
from streaming.aio.worker_thread import WorkerThread
from streaming.audio.pcm import RATE, Samples
from streaming.handlers.endpointing_options import InterruptionOptions
from streaming.handlers.stream_handlers import Host
from streaming.handlers.stt import at_16_khz
from streaming.speech.backchannels import Backchannels, plain_words
from streaming.speech.engines.base import Recogniser, Word
from streaming.speech.interruptions import Backoff, ReplyPosition, Speech, SpeechDuringReply, decide
from streaming.speech.turn_detector import Turn

logger = logging.getLogger(__name__)

LOOK_S = 0.3
"""Seconds between two looks at the words of speech that is not decided yet."""
LOOKED_S = 6.0
"""Seconds at the end of speech whose words are looked at: a long sound without words costs no more with each look."""
SHORT_S = 1.2
"""Seconds of speech up to which a turn is recognised several times."""
BRIEF_S = 0.5
"""Seconds of speech up to which the results must agree."""
SURE = 0.65
"""Mean confidence of those results from which they count: a hum or a "yes" that is recognised as other words is less certain."""
PADDING_S = (0.25, 0.5)
"""Seconds of silence around it, the further times."""
HOLD_S = 0.5
"""Longest silence of a reply after sound that may be the start of speech, if the audio of the user stops to come."""
HOLD_BACKOFF_S = 1.0, 16.0
"""Shortest and longest time without another hold after one that no speech followed."""
PAUSE_BACKOFF_S = 2.0, 16.0
"""The same of pauses at speech without words, from the second on: until then such speech is recognised while the reply continues."""
_HELD_S = 0.1  # for which the VAD still reports speech after its end; see docs/develop/speech.md


class InterruptibleReply(Protocol):
    """The reply of a handler, as seen from here."""

    def parley_hold(self) -> None:
        """Stop the audio of the reply for a moment, since the user may have begun to speak."""

    def parley_end_hold(self) -> None:
        """Continue it: the user did not."""

    def parley_pause(self) -> None:
        """Stop the audio of the reply where it is."""

    def parley_resume(self) -> None:
        """Continue the reply where it was paused."""

    def parley_interrupt(self) -> None:
        """End the reply for good."""

    def parley_answer(self, turn: Turn) -> None:
        """Reply to a turn of the user."""

    def parley_peek(self, take: Callable[[Turn], None]) -> None:
        """Call `take` with the open turn so far, in the event loop; never, if no turn is open then."""

    @property
    def parley_position(self) -> ReplyPosition:
        """How much of the reply was heard, and how much is left."""


@dataclass(slots=True, eq=False)
class _OpenSpeech:
    """Speech that began during a reply. `interrupts` is None until the decision."""

    interrupts: bool | None = None
    ended: bool = False
    timers: list[asyncio.TimerHandle] = field(default_factory=list)

    def close(self) -> None:
        """Cancel the timers."""
        for timer in self.timers:
            timer.cancel()
        self.timers.clear()


class Interruptions:
    """Decides about the speech during the replies of one session; nothing runs while there is none.

    Speech may begin while the words of the previous speech are still being recognised: the reply continues when all are decided.
    """

    def __init__(self, reply: InterruptibleReply, host: Host, options: InterruptionOptions) -> None:
        self._reply, self._host, self._options = reply, host, options
        self._speech: _OpenSpeech | None = None
        self._pausing: set[_OpenSpeech] = set()
        self._hold: asyncio.TimerHandle | None = None  # ends the silence after sound that may be the start of speech
        self._holds, self._pauses = Backoff(*HOLD_BACKOFF_S), Backoff(*PAUSE_BACKOFF_S, free=1)
        self._backchannels: Backchannels | None = None
        self._thread = WorkerThread("interruptions")

    @property
    def open(self) -> bool:
        """Whether the user speaks, and began to do so during a reply."""
        return self._speech is not None

    def may_begin(self, possible: bool) -> None:
        """Hold the reply at sound that may be the start of speech; let it continue if it was not."""
        if not possible:
            self._no_speech()
        elif self._hold is None and not self._pausing and self._holds.allows(_now()):
            self._hold = asyncio.get_running_loop().call_later(HOLD_S, self._no_speech)
            self._reply.parley_hold()

    def began(self) -> None:
        """Handle the start of speech during a reply."""
        pauses = self._options.resume_false_interruption and self._pauses.allows(_now())
        self._end_hold(release=not pauses)
        self._forget()
        if self._options.at_once:
            self._reply.parley_interrupt()
            return
        speech = self._speech = _OpenSpeech()
        self._later(speech, self._options.min_interruption_duration, self._look)
        if pauses:
            self._pausing.add(speech)
            self._reply.parley_pause()
            if self._options.false_interruption_timeout is not None:
                self._later(speech, self._options.false_interruption_timeout, self._time_out)

    def ended(self, turn: Turn) -> None:
        """Handle the end of that speech: answer it, if it interrupts."""
        speech, self._speech = self._speech, None
        if speech is None:
            return
        speech.ended = True
        if speech.interrupts:
            self._answer(turn)
        else:
            self._host.spawn(self._decide(speech, turn, ended=True))

    def dropped(self) -> None:
        """Handle speech that turned out to be none."""
        speech, self._speech = self._speech, None
        if speech is not None and speech.interrupts is None:
            self._pauses.mistaken(_now())
            self._apply(speech, SpeechDuringReply.FALSE)

    def cancel(self) -> None:
        """Leave the open speech undecided: the caller replies to it."""
        speech, self._speech = self._speech, None
        if speech is not None:
            speech.ended = True
            speech.close()
            self._pausing.discard(speech)

    def close(self) -> None:
        """Stop; nothing is called afterwards."""
        for speech in {*self._pausing, *([self._speech] if self._speech is not None else [])}:
            speech.close()
        self._speech = None
        self._pausing.clear()
        self._end_hold(release=False)
        self._thread.close()

    def _no_speech(self) -> None:
        """End the hold, if there is one, since no speech followed."""
        if self._hold is not None:
            self._holds.mistaken(_now())
            self._end_hold(release=True)

    def _end_hold(self, *, release: bool) -> None:
        """End the hold, if there is one; with `release` the audio continues, unless speech pauses it."""
        hold, self._hold = self._hold, None
        if hold is not None:
            hold.cancel()
            if release and not self._pausing:
                self._reply.parley_end_hold()

    def _forget(self) -> None:
        """Leave the speech before, of which no end was reported."""
        if self._speech is not None:
            self.dropped()

    def _later(self, speech: _OpenSpeech, seconds: float, call: Callable[[_OpenSpeech], None]) -> None:
        speech.timers.append(asyncio.get_running_loop().call_later(seconds, call, speech))

    def _look(self, speech: _OpenSpeech) -> None:
        """Request the turn so far, to decide before its end."""
        if speech is self._speech and speech.interrupts is None:
            self._reply.parley_peek(partial(self._seen, speech))

    def _seen(self, speech: _OpenSpeech, turn: Turn) -> None:
        if speech is self._speech and speech.interrupts is None:
            self._host.spawn(self._decide(speech, turn, ended=False))

    def _time_out(self, speech: _OpenSpeech) -> None:
        """Let the reply continue without a decision; the words may still interrupt it."""
        self._release(speech)

    async def _decide(self, speech: _OpenSpeech, turn: Turn, *, ended: bool) -> None:
        """Decide from the end of the turn, or of its part so far."""
        said = await self._said(turn.last(LOOKED_S), ended)
        if speech.interrupts is None and (ended or not speech.ended):
            decision = self._decision(said)
            if decision is SpeechDuringReply.FALSE and not said.words:
                self._pauses.mistaken(_now())
            self._apply(speech, decision)
        if ended and speech.interrupts:
            self._answer(turn)

    def _decision(self, said: Speech) -> SpeechDuringReply:
        options = self._options
        return decide(
            said,
            self._reply.parley_position,
            self._known_backchannels(),
            min_duration_s=options.min_interruption_duration,
            min_words=options.min_interruption_words,
        )

    def _apply(self, speech: _OpenSpeech, decision: SpeechDuringReply) -> None:
        match decision:
            case SpeechDuringReply.UNDECIDED:
                self._later(speech, LOOK_S, self._look)
            case SpeechDuringReply.FALSE:
                speech.interrupts = False
                speech.close()
                self._release(speech)
            case SpeechDuringReply.INTERRUPTION:
                speech.interrupts = True
                speech.close()
                self._pausing.discard(speech)
                self._holds.reset()
                self._pauses.reset()
                self._reply.parley_interrupt()
            case _ as never:
                assert_never(never)

    def _release(self, speech: _OpenSpeech) -> None:
        """Continue the reply, unless other speech pauses it too."""
        if speech in self._pausing:
            self._pausing.remove(speech)
            if not self._pausing:
                self._reply.parley_resume()

    def _answer(self, turn: Turn) -> None:
        """Reply to a turn; the reply waits if the user already speaks again."""
        self._reply.parley_answer(turn)
        if self._pausing:
            self._reply.parley_pause()

    def _known_backchannels(self) -> Backchannels:
        if self._backchannels is None:
            self._backchannels = Backchannels(recogniser.languages(), self._options.backchannels)
        return self._backchannels

    async def _said(self, turn: Turn, ended: bool) -> Speech:
        """Recognise the words of a turn; they are None if no recogniser is loaded, or it fails."""
        seconds = _speech_s(turn)
        if recogniser.loaded():
            try:
                words, guesses = await self._thread.run(partial(recognised, recogniser.begin_loading().result(), turn, ended=ended))
                return Speech(words, seconds, ended, guesses)
            except Exception as error:  # its text may hold spoken words
                logger.error("the words of an interruption are not known: %s", type(error).__name__)
        return Speech(None, seconds, ended)


def _now() -> float:
    """Return the time of the event loop."""
    return asyncio.get_running_loop().time()


def recognised(engine: Recogniser, turn: Turn, *, ended: bool) -> tuple[list[str], list[str]]:
    """Return the words of a turn, and guesses if there are none.

    A single short word is hard to recognise: a hum becomes any word, and another one with more silence around it. Such a word counts
    if two of three results agree, and are sure.
    """
    pcm = at_16_khz((turn.rate, turn.samples))
    seconds = _speech_s(turn)
    words = engine.transcribe(pcm, turn.voiced, thorough=ended)
    if not ended or seconds > SHORT_S:
        return _texts(words), []
    padded = [np.pad(pcm, round(length_s * RATE)) for length_s in PADDING_S]
    results = [words, *(engine.transcribe(variant, turn.voiced) for variant in padded)]
    for result in filter(None, results):
        agreeing = [word.confidence for other in results if plain_words(_texts(result)) == plain_words(_texts(other)) for word in other]
        if len(agreeing) > len(result) and (seconds > BRIEF_S or sum(agreeing) / len(agreeing) >= SURE):
            return _texts(result), []
    if words and seconds > BRIEF_S:
        return _texts(words), []
    return [], [word for variant in (pcm, *padded) for word in _guess(engine, variant)]


def _texts(words: Sequence[Word]) -> list[str]:
    return [word.text for word in words]


def _guess(engine: Recogniser, pcm: Samples) -> Sequence[str]:
    """Return the improbable words too, where an engine offers them: it need not derive from Recogniser."""
    return engine.guess(pcm) if isinstance(engine, Recogniser) else ()


def _speech_s(turn: Turn) -> float:
    """Return the seconds of speech in a turn; all of it where its speech segments are not known."""
    if not turn.voiced:
        return len(turn.samples) / turn.rate
    return sum(max(0.0, end - start - _HELD_S) for start, end in turn.voiced)
