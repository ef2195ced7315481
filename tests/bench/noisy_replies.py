"""`python -m tests.bench.noisy_replies`: how much noise around a silent user makes the replies of a voice agent stop.

The noise goes through the VAD, the endpointing, the recogniser and the decision; the times are those of the audio. Nobody speaks, so each
stop is wrong. A decision takes no time here, and is made at the end of a turn only.
"""

import argparse
import math
from collections.abc import Iterator
from pathlib import Path
from typing import assert_never

import numpy as np

from streaming.audio.pcm import RATE, Samples
from streaming.handlers.endpointing_options import InterruptionOptions
from streaming.handlers.interruptions import HOLD_BACKOFF_S, PAUSE_BACKOFF_S, recognised
from streaming.speech.backchannels import Backchannels
from streaming.speech.endpointing import (
    FRAME_S,
    Endpointer,
    Progress,
    SpeechDiscarded,
    SpeechEnded,
    SpeechImprobable,
    SpeechPaused,
    SpeechPossible,
    SpeechStarted,
    TurnSpan,
)
from streaming.speech.engines.base import EngineOptions
from streaming.speech.engines.moonshine import MoonshineRecogniser
from streaming.speech.interruptions import Backoff, ReplyPosition, Speech, SpeechDuringReply, decide
from streaming.speech.turn_detector import Turn
from streaming.speech.vad import FRAME, VadModel
from tests.bench import speech
from tests.bench.report import Table, number

SPEECH_DB = -26.0
"""Level of the speech to which the signal-to-noise ratios refer, in dB of full scale."""
RATIOS_DB = (30, 20, 10, 0)
NOISES = ("fan", "keyboard", "babble")
VOICES = 6
"""Places of the recorded conversation that are heard at the same time as babble."""
HEADS = (
    "noise",
    "dB below speech",
    "backoff",
    "holds a minute",
    "pauses a minute",
    "silent",
    "longest part without a stop",
    "ended a minute",
)
_ENGLISH = Backchannels(["en"])
_HEARD = ReplyPosition(heard_s=3.0, left_s=60.0)


class Reply:
    """A reply, and how often and how long the noise stopped it."""

    def __init__(self, *, backoff: bool, began: float = 0.0) -> None:
        self.holds = self.pauses = self.ended = 0
        self.silent_s = self.longest_s = self.heard_s = 0.0
        self._began = began
        self._backoff = backoff
        self._for_holds, self._for_pauses = Backoff(*HOLD_BACKOFF_S), Backoff(*PAUSE_BACKOFF_S, free=1)
        self._held = False
        self._silent_from: float | None = None
        self._paused_until: float | None = None
        self._played_from = began

    @property
    def is_silent(self) -> bool:
        """Whether it is held or paused."""
        return self._silent_from is not None

    def possible(self, now: float) -> None:
        """Hear sound that may be speech."""
        if not self._backoff or self._for_holds.allows(now):
            self._held = True
            self.holds += 1
            self._stop(now)

    def improbable(self, now: float) -> None:
        """Hear that it was none."""
        if self._held:
            self._held = False
            self._for_holds.mistaken(now)
            self.play(now)

    def began(self, now: float) -> None:
        """Hear the start of a turn."""
        self._held = False
        if not self._backoff or self._for_pauses.allows(now):
            self.pauses += 1
            self._paused_until = now + (InterruptionOptions().false_interruption_timeout or math.inf)
            self._stop(now)
        else:
            self.play(now)

    def passed(self, now: float) -> None:
        """Play on if there was no decision for too long."""
        if self._paused_until is not None and now >= self._paused_until:
            self.play(now)

    def over(self, said: Speech, now: float) -> None:
        """Hear what was said."""
        if decide(said, _HEARD, _ENGLISH) is SpeechDuringReply.INTERRUPTION:
            self.ended += 1
            self._for_holds.reset()
            self._for_pauses.reset()
        elif not said.words:
            self._for_pauses.mistaken(now)
        self.play(now)

    def play(self, now: float) -> None:
        """Play on."""
        self._paused_until = None
        if self._silent_from is not None:
            self.silent_s += now - self._silent_from
            self._silent_from, self._played_from = None, now

    def end(self, now: float) -> None:
        """Hear the end of the noise."""
        self.play(now)
        self.heard_s = now - self._began
        self.longest_s = max(self.longest_s, now - self._played_from)

    def _stop(self, now: float) -> None:
        if self._silent_from is None:
            self._silent_from = now
            self.longest_s = max(self.longest_s, now - self._played_from)


def noises(seconds: float) -> Iterator[tuple[str, Samples]]:
    """Yield kinds of noise, float32 at 16 kHz, of any level."""
    random = np.random.default_rng(1)
    count = int(seconds * RATE)
    spectrum = np.fft.rfft(random.normal(size=count))
    hertz = np.maximum(20.0, np.fft.rfftfreq(count, 1 / RATE))
    times = np.arange(count) / RATE
    hum = sum(np.sin(2 * np.pi * 98 * k * times) / k for k in range(1, 6))
    fan = np.fft.irfft(spectrum / hertz**0.7, count)
    yield "fan", (fan / fan.std() + 0.3 * hum).astype(np.float32)
    clicks = np.zeros(count)
    for at in np.cumsum(random.exponential(0.16, int(seconds * 8))):
        place, length = int(at * RATE), int(random.uniform(0.01, 0.04) * RATE)
        part = clicks[place : place + length]
        fading = np.exp(-np.arange(length) / (length / 5))
        tone = np.sin(2 * np.pi * random.uniform(400, 3000) * np.arange(length) / RATE)
        part += ((random.normal(size=length) + tone) * fading * random.uniform(0.3, 1))[: len(part)]
    yield "keyboard", clicks.astype(np.float32)
    babble = sum(talk.sound.astype(np.float32) for talk in speech.talks(speech.conversation(), VOICES, seconds))
    yield "babble", np.asarray(babble, np.float32)


def at_level(noise: Samples, level_db: float) -> Samples:
    """Return the noise with this level; a sound with pauses is as loud as while it sounds."""
    loud = np.abs(noise) > 0.05 * np.abs(noise).max()
    gain = np.float32(10 ** (level_db / 20) / np.sqrt(np.mean(noise[loud] ** 2)))
    return np.asarray(np.clip(noise * gain, -1, 1), np.float32)


def reply_in(engine: MoonshineRecogniser, pcm: Samples, *, backoff: bool) -> Reply:
    """Return what the noise did to a reply."""
    model, endpointer, reply = VadModel(), Endpointer(asks_onset=True, pre_roll_ms=400), Reply(backoff=backoff)
    slots = [model.take_slot()]
    for start in range(0, len(pcm) - FRAME + 1, FRAME):
        frame, now = pcm[start : start + FRAME], (start + FRAME) / RATE
        for event in endpointer.push(model.probabilities(slots, [frame])[0], float(frame @ frame) ** 0.5):
            match event:
                case SpeechPossible():
                    reply.possible(now)
                case SpeechImprobable():
                    reply.improbable(now)
                case SpeechStarted():
                    reply.began(now)
                case SpeechEnded(span):
                    reply.over(said(engine, pcm[span.start * FRAME : span.end * FRAME], span), now)
                case SpeechDiscarded():
                    reply.over(Speech([], 0.0, ended=True), now)
                case Progress() | SpeechPaused():
                    pass
                case _ as never:
                    assert_never(never)
        reply.passed(now)
    reply.end(len(pcm) / RATE)
    return reply


def said(engine: MoonshineRecogniser, pcm: Samples, span: TurnSpan) -> Speech:
    """Return the words of a turn."""
    voiced = [(first - span.start * FRAME_S, last - span.start * FRAME_S) for first, last in span.speech]
    words, guesses = recognised(engine, Turn((pcm * 32767).astype(np.int16), RATE, tuple(voiced)), ended=True)
    return Speech(words, sum(last - first for first, last in voiced), ended=True, guesses=guesses)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--noises", nargs="+", default=NOISES)
    given = parser.parse_args()
    engine = MoonshineRecogniser(EngineOptions(threads=1, models_dir=Path("none")))
    engine.load()
    rows: list[list[str]] = []
    for name, noise in noises(given.seconds):
        if name not in given.noises:
            continue
        for ratio in RATIOS_DB:
            pcm = at_level(noise, SPEECH_DB - ratio)
            for backoff in (False, True):
                found = reply_in(engine, pcm, backoff=backoff)
                counts = [number(60 * count / given.seconds, 1) for count in (found.holds, found.pauses)]
                silent = number(100 * found.silent_s / given.seconds, 1, " %")
                ended = number(60 * found.ended / given.seconds, 1)
                rows.append([name, str(ratio), "yes" if backoff else "no", *counts, silent, number(found.longest_s, 1, " s"), ended])
    print(Table("Stops of a reply in noise", HEADS, rows).markdown())
    engine.close()


if __name__ == "__main__":
    main()
