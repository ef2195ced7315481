"""`python -m tests.bench.background_speech --voices FOLDER`: a voice agent in a room where other people talk.

A real reader says something, hears a reply of 20 s, and interrupts it as loudly as before, within 4 dB. Other readers talk all the time, so
many decibels softer. All goes through the VAD, the endpointing, the recogniser and the decision; the times are those of the audio. A
decision takes no time here, and is made at the end of a turn only. FOLDER holds files SPEAKER-CHAPTER-UTTERANCE.flac.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

import numpy as np

from streaming.audio.pcm import RATE, Samples
from streaming.handlers.endpointing_options import InterruptionOptions
from streaming.speech.endpointing import (
    FRAME_S,
    Endpointer,
    Event,
    Progress,
    SpeechDiscarded,
    SpeechEnded,
    SpeechImprobable,
    SpeechPaused,
    SpeechPossible,
    SpeechStarted,
)
from streaming.speech.engines.base import EngineOptions
from streaming.speech.engines.moonshine import MoonshineRecogniser
from streaming.speech.interruptions import Speech
from streaming.speech.user_level import UserLevel
from streaming.speech.vad import FRAME, VadModel
from tests.bench.noisy_replies import Reply, said
from tests.bench.report import Table, number
from tests.bench.scoring import percentile
from tests.bench.speaker_data import read_audio, voices

LEVEL = 0.05
"""Root mean square of the user's speech, where it is speech."""
SPEAKS_S, LONGEST_S = 2.0, 5.0
"""When the user begins, in seconds from the start, and how long at most."""
ANSWERED_S = 4.0
"""Seconds after the end of the user's speech at which a reply begins although the turn has not ended: somebody asked for it."""
REPLY_S, INTERRUPTS_S, TAIL_S = 20.0, 2.5, 4.0
CROWDS = (0, 1, 2, 6)
BELOW_DB = (20, 15, 10, 5)
FILES = 10
"""Files of a voice from which on it is a user; those with one file are other people."""
HEADS = (
    "others",
    "dB softer",
    "ignored",
    "turns that ended within 2 s",
    "after, median",
    "holds of the reply a minute",
    "pauses a minute",
    "silent",
    "ended a minute",
    "interruptions heard within 0.2 s",
    "after, median",
)


@dataclass(frozen=True, slots=True)
class Scene:
    """What the microphone hears, shape (n,), and when the user's speech ends, begins again and ends again, in seconds."""

    pcm: Samples
    ends: float
    interrupts: float


@dataclass(slots=True)
class Outcome:
    """What became of a scene; times in seconds, None for never."""

    reply: Reply
    answered: float | None = None
    heard: float | None = None


def speech_of(path: Path) -> Samples:
    """Return a recording without the silence around it, with the level of a user."""
    audio = read_audio(path)
    loud = np.flatnonzero(np.abs(audio) > 0.2 * np.abs(audio).max())
    audio = audio[loud[0] : loud[-1] + 1]
    blocks = audio[: len(audio) // FRAME * FRAME].reshape(-1, FRAME)
    rms = np.sqrt(np.mean(blocks**2, axis=1))
    return audio * np.float32(LEVEL / np.sqrt(np.mean(rms[rms > 0.1 * np.percentile(rms, 95)] ** 2)))


def scenes(folder: Path, people: int, below_db: float, each: int) -> Iterator[Scene]:
    """Yield scenes, `each` for each user; the same for the same arguments."""
    random = np.random.default_rng(people)
    found = voices(folder)
    others = sorted(name for name, files in found.items() if len(files) < FILES)
    for name in sorted(found.keys() - set(others)):
        for trial in range(each):
            first, second = (speech_of(found[name][2 * trial + file]) for file in range(2))
            first, second = first[: int(LONGEST_S * RATE)], second[: int(INTERRUPTS_S * RATE)]
            ends = SPEAKS_S + len(first) / RATE
            interrupts = ends + ANSWERED_S + REPLY_S
            pcm = random.normal(0, 1e-4, int((interrupts + INTERRUPTS_S + TAIL_S) * RATE)).astype(np.float32)
            louder = np.float32(10 ** (random.uniform(-4, 4) / 20))
            for at, speech in ((SPEAKS_S, first), (interrupts, second * louder)):
                pcm[int(at * RATE) : int(at * RATE) + len(speech)] += speech
            crowd = np.zeros_like(pcm)
            for other in random.choice(others, people, replace=False):
                voice = speech_of(found[str(other)][0])
                crowd += np.roll(np.resize(voice, len(crowd)), int(random.integers(len(voice))))
            softer = 10 ** (-below_db / 20) / max(1.0, np.sqrt(people))
            yield Scene(np.clip(pcm + crowd * np.float32(softer), -1, 1), ends, interrupts)


def outcome_of(engine: MoonshineRecogniser, scene: Scene, probabilities: Sequence[float], softer_db: float | None) -> Outcome:
    """Return what became of a scene."""
    endpointer, found = Endpointer(asks_onset=True, pre_roll_ms=400), Outcome(Reply(backoff=True))
    user = UserLevel(softer_db) if softer_db is not None else None
    replying = False
    for frame, probability in enumerate(probabilities):
        now, block = (frame + 1) * FRAME_S, scene.pcm[frame * FRAME : (frame + 1) * FRAME]
        level = float(block @ block) ** 0.5
        if user is not None and user.is_background(probability, level, during_reply=replying, speaking=endpointer.speaking):
            probability = 0.0
        events = endpointer.push(probability, level)
        if not replying and now > scene.ends and (now > scene.ends + ANSWERED_S or not endpointer.speaking):
            if not endpointer.speaking:
                found.answered = now - scene.ends
            endpointer.flush()
            found.reply, replying = Reply(backoff=True, began=now), True
        elif replying:
            _hear(engine, scene.pcm, events, found.reply, now)
            found.reply.passed(now)
        if now >= scene.interrupts and found.reply.is_silent:
            found.heard = now - scene.interrupts
            break
    found.reply.end(now)
    return found


def _hear(engine: MoonshineRecogniser, pcm: Samples, events: Sequence[Event], reply: Reply, now: float) -> None:
    """Tell the reply what is heard."""
    for event in events:
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


def probabilities_of(model: VadModel, pcm: Samples) -> list[float]:
    """Return the speech probability of each frame."""
    slot = model.take_slot()
    frames = pcm[: len(pcm) // FRAME * FRAME].reshape(-1, FRAME)
    found = [one for at in range(0, len(frames), 8) for one in model.of_blocks([slot], [frames[at : at + 8]])[0]]
    model.free_slot(slot)
    return found


def _row(people: int, below_db: float, softer_db: float | None, outcomes: Sequence[Outcome]) -> list[str]:
    answered = [one.answered for one in outcomes if one.answered is not None]
    heard = [one.heard for one in outcomes if one.heard is not None]
    minutes = sum(one.reply.heard_s for one in outcomes) / 60
    counts = (sum(getattr(one.reply, name) for one in outcomes) / minutes for name in ("holds", "pauses", "ended"))
    holds, pauses, ended = (number(count, 1) for count in counts)
    return [
        str(people),
        number(below_db, 0) if people else "-",
        "none" if softer_db is None else f"softer by {softer_db:g} dB",
        f"{sum(after <= 2 for after in answered)} of {len(outcomes)}",
        number(percentile(answered, 50), 2, " s"),
        holds,
        pauses,
        number(100 * sum(one.reply.silent_s for one in outcomes) / 60 / minutes, 1, " %"),
        ended,
        f"{sum(after <= 0.2 for after in heard)} of {len(outcomes)}",
        number(percentile(heard, 50), 2, " s"),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voices", type=Path, required=True)
    parser.add_argument("--each", type=int, default=3, help="scenes of each user")
    parser.add_argument("--softer-db", type=float, nargs="+", default=[InterruptionOptions().ignore_softer_db])
    given = parser.parse_args()
    engine, model = MoonshineRecogniser(EngineOptions(threads=1, models_dir=Path("none"))), VadModel()
    engine.load()
    rows: list[list[str]] = []
    for people in CROWDS:
        for below_db in BELOW_DB if people else (0,):
            made = [(scene, probabilities_of(model, scene.pcm)) for scene in scenes(given.voices, people, below_db, given.each)]
            for softer_db in (None, *given.softer_db):
                outcomes = [outcome_of(engine, scene, probabilities, softer_db) for scene, probabilities in made]
                rows.append(_row(people, below_db, softer_db, outcomes))
    print(Table("An agent where others talk", HEADS, rows).markdown())
    engine.close()


if __name__ == "__main__":
    main()
