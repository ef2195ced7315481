"""`python -m tests.bench.clients.interrupting_clients`: a user of a voice agent, who speaks during its replies.

The reply is long and has no pauses. The client plays what arrives at once and in real time, without a jitter buffer, drops at `clear` what
it has not played, and keeps it from `pause` to `resume`.
"""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streaming.audio.convert import audio_to_int16
from streaming.audio.rates import Converter
from streaming.tts.base import SpeechOptions
from streaming.tts.programs import FLITE
from tests import speech
from tests.bench.clients.agent_clients import AUDIBLE, FRAME_S, RATE, TRANSPORTS, Ear, Microphone
from tests.bench.clients.measurement_window import PATIENCE_S, Answer, Question, answer, in_time

QUESTION = "question"
HEARD_S = 2.0
"""Seconds of a reply that are heard before the user speaks: later than `join_turn_s`."""
LEFT_S = 8.0
"""Seconds that the reply has left then, at least."""
SILENT_S = 0.3
"""A longer gap in the reply is its silence."""
DECIDED_S = 6.0
"""Longest wait for the decision."""
_SETTLE_S = 0.6

Samples = NDArray[np.int16]


class InterruptingSpeaker(Microphone):
    """A microphone into which anything can be said. `begun` has the time at which the first audible sample of each was sent."""

    def __init__(self) -> None:
        super().__init__(QUESTION)
        self.begun: list[float] = []
        self._first = 0

    def say(self, samples: Samples) -> None:
        """Say it with the next frame; int16 at 48 kHz."""
        loud = np.flatnonzero(np.abs(samples.astype(np.int32)) > AUDIBLE)
        self._speech, self._first, self._last = samples, int(loud[0]), int(loud[-1])
        self.speak()

    def frame(self, now: float) -> Samples:
        """Return the next 20 ms, which are sent now."""
        begin = self._at
        samples = super().frame(now)
        if begin is not None and begin <= self._first < begin + len(samples):
            self.begun.append(now)
        return samples


class Playback(Ear):
    """What the client plays: `audible` has start and end of each audible block, in the order of playback."""

    def __init__(self, *, by_frame: bool) -> None:
        super().__init__()
        self.audible: list[tuple[float, float]] = []
        self._until = 0.0
        self._by_frame = by_frame
        self._paused_at: float | None = None
        self._kept: list[tuple[float, float]] = []  # audible blocks that are to be played after a pause, with their times without it

    def sound(self, samples: NDArray[Any], now: float) -> None:
        """Play a block that arrived now."""
        super().sound(samples, now)
        start = max(now if self._paused_at is None else self._paused_at, self._until)
        self._until = start + (FRAME_S if self._by_frame else samples.size / RATE)
        if np.abs(samples.astype(np.int32)).max(initial=0) > AUDIBLE:
            (self.audible if self._paused_at is None else self._kept).append((start, self._until))

    def message(self, text: str, now: float) -> None:
        """Take a message that arrived now."""
        super().message(text, now)
        match json.loads(text).get("event"):
            case "clear":
                self._cut(now)
                self._kept, self._paused_at, self._until = [], None, min(self._until, now)
            case "pause" if self._paused_at is None:
                self._kept, self._paused_at = self._cut(now), now
            case "resume" if self._paused_at is not None:
                later = now - self._paused_at
                self.audible += [(start + later, end + later) for start, end in self._kept]
                self._until = max(self._until, self._paused_at) + later
                self._paused_at = None

    def _cut(self, now: float) -> list[tuple[float, float]]:
        """End what is audible now; return the rest."""
        rest = [(max(start, now), end) for start, end in self.audible if end > now]
        self.audible = [(start, min(end, now)) for start, end in self.audible if start < now]
        return rest

    def times_of(self, data: str, after: float = 0.0) -> list[float]:
        """Return the times of a log message after a time."""
        return [at for at, found in self.said if found == data and at > after]

    def has(self, data: str, after: float) -> bool:
        """Return whether a log message came after a time."""
        return bool(self.times_of(data, after))

    def silent_from(self, after: float) -> float | None:
        """Return the end of the last sound before the first gap of `SILENT_S` that lasts beyond `after`; None if there is none."""
        now = time.perf_counter()
        following = [start for start, _ in self.audible[1:]] + [now]
        for (_, end), start in zip(self.audible, following, strict=True):
            if start > after and start - end >= SILENT_S:
                return max(end, after)
        return None


def utterances(count: int, kinds: dict[str, Sequence[str]], voices: Sequence[str]) -> Iterator[tuple[str, str, Samples]]:
    """Yield kind, text and audio of so many utterances of each kind, spoken by the voices in turn."""
    engine = FLITE.find(Path())
    if engine is None:
        return
    for kind, texts in kinds.items():
        for number in range(min(count, len(texts) * len(voices))):
            text, voice = texts[number % len(texts)], voices[(number // len(texts) + number % len(texts)) % len(voices)]
            rate, sound = engine.synthesise(text, SpeechOptions(voice=voice))
            converter = Converter(RATE)
            yield kind, f"{text} ({voice})", np.concatenate((converter.push(audio_to_int16(sound), rate), converter.flush()))


def noises() -> Iterator[tuple[str, str, Samples]]:
    """Yield noises: a breath, a knock, a rustle, a hum."""
    yield "noise", "breath", speech.decoded(speech.FOLDER / "breath.wav")
    random, times = np.random.default_rng(1), np.arange(int(0.4 * RATE)) / RATE
    for name, fading_s in (("knock", 0.03), ("rustle", 0.2)):
        yield "noise", name, (8000 * random.normal(0, 0.4, len(times)) * np.exp(-times / fading_s)).clip(-32767, 32767).astype(np.int16)

    hertz = np.concatenate((np.linspace(150, 130, int(0.18 * RATE)), np.linspace(135, 170, int(0.24 * RATE))))
    voice = sum(np.sin(number * 2 * np.pi * np.cumsum(hertz) / RATE) / number**2 for number in range(1, 6))
    loud = np.interp(np.linspace(0, 0.42, len(hertz)), (0, 0.03, 0.15, 0.18, 0.21, 0.38, 0.42), (0, 1, 1, 0.2, 1, 1, 0))
    yield "noise", "hum", (9000 * voice * loud).clip(-32767, 32767).astype(np.int16)


async def ask(question: Question) -> Answer:
    """Speak during replies; return what became of each utterance."""
    said = [*utterances(question["count"], question["kinds"], question["voices"]), *(noises() if question["noises"] else ())]
    speaker, playback = InterruptingSpeaker(), Playback(by_frame=question["transport"] == "webrtc")
    trials: list[dict[str, Any]] = []

    async def talk() -> None:
        for kind, text, samples in said:
            if not await _in_a_reply(speaker, playback, question["reply_s"]):
                playback.errors.append("no reply was heard")
                return
            trials.append({"kind": kind, "text": text, **await _spoken(speaker, playback, samples)})

    await TRANSPORTS[question["transport"]](question["url"], speaker, playback, talk)
    return {"trials": trials, "errors": sorted(set(playback.errors))}


async def _in_a_reply(speaker: InterruptingSpeaker, playback: Playback, reply_s: float) -> bool:
    """Wait until enough of a reply is heard and left; ask for one where there is none. Return whether there is one."""
    while True:
        started = max(playback.times_of("response_starting"), default=0.0)
        age = time.perf_counter() - started
        if age > reply_s - LEFT_S:  # it is over, or nearly
            await in_time(lambda: time.perf_counter() - playback.last > _SETTLE_S, PATIENCE_S + reply_s)
            await asyncio.sleep(_SETTLE_S)
            speaker.say(speech.clip(QUESTION))
            if not await in_time(partial(playback.has, "response_starting", time.perf_counter()), PATIENCE_S):
                return False
        elif age < HEARD_S or time.perf_counter() - playback.last > FRAME_S * 5:
            await asyncio.sleep(FRAME_S)
        else:
            return True


async def _spoken(speaker: InterruptingSpeaker, playback: Playback, samples: Samples) -> dict[str, Any]:
    """Say something during a reply; return what became of the reply, with times in seconds."""
    number, before = len(speaker.begun), time.perf_counter()
    speaker.say(samples)
    await in_time(lambda: len(speaker.begun) > number and len(speaker.spoken) > 0 and speaker.spoken[-1] > before, PATIENCE_S)
    began, ended = speaker.begun[-1], speaker.spoken[-1]

    def decided() -> bool:
        paused = playback.times_of("response_paused", began)
        return bool(playback.times_of("pause_detected", began) or (paused and playback.times_of("response_resumed", paused[0])))

    await in_time(decided, DECIDED_S)
    await asyncio.sleep(SILENT_S + FRAME_S)
    resumed, answered = (playback.times_of(data, began) for data in ("response_resumed", "pause_detected"))
    starting = playback.times_of("response_starting", began)
    paused = playback.has("response_paused", began)
    silent = playback.silent_from(began) if paused else None
    outcome = "ended" if answered else "continued" if resumed else "undecided" if paused else "not paused"
    if outcome == "continued" and not await in_time(lambda: playback.last > resumed[-1], PATIENCE_S):
        outcome = "lost"
    until = starting[0] if starting else time.perf_counter()
    after = [start for start, _ in playback.audible if silent is not None and silent + SILENT_S < start < until]
    return {
        "outcome": outcome,
        "silent_s": None if silent is None else silent - began,
        "decision_s": (answered or resumed)[0] - ended if answered or resumed else None,
        "heard_again": outcome == "ended" and bool(after),
    }


if __name__ == "__main__":
    answer({"ask": ask}, asyncio.new_event_loop)
