"""Audio with known speakers: clips with RTTM files, and conversations made of recordings of single voices."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from streaming.audio.pcm import RATE, Samples
from streaming.speech.endpointing import FRAME_S, Endpointer, SpeechEnded
from streaming.speech.vad import FRAME, VadModel
from tests.bench.diarization_error import Speech, read_rttm

_LOUD = 0.3  # of the way, in decibels, from the noise of a recording to its loud speech: below it, a voice recorded alone is silent
_SPOKEN = 0.5  # probability of speech
_PAUSE = 50  # frames of 10 ms; shorter pauses inside the speech of one voice are speech


@dataclass(frozen=True, slots=True)
class Clip:
    """A recording and who speaks in it: `truth`, and for a made one also `voiced`, by the voice activity detection of each voice alone."""

    name: str
    samples: Samples
    truth: list[Speech]
    voiced: list[Speech] = field(default_factory=list)


def read_audio(path: Path) -> Samples:
    """Return the samples of a file, mono, at 16 kHz."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("flt", "mono", RATE)
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]).astype(np.float32)


def clips(folder: Path) -> list[Clip]:
    """Return the clips of a folder that have an RTTM file."""
    return [Clip(path.stem, read_audio(path.with_suffix(".flac")), read_rttm(path)) for path in sorted(folder.glob("*.rttm"))]


def turns(samples: Samples) -> Iterator[tuple[float, Samples]]:
    """Yield the start and the samples of each turn, found as in the server with its default settings."""
    vad, endpointer = VadModel(), Endpointer()
    slot = vad.take_slot()
    padded = np.pad(samples, (0, RATE))
    for at in range(0, len(padded) - FRAME + 1, FRAME):
        frame = padded[at : at + FRAME]
        probability = vad.probabilities([slot], [frame])[0]
        for event in endpointer.push(probability, float(np.sqrt(np.mean(frame**2)))):
            if isinstance(event, SpeechEnded):
                yield event.span.start * FRAME_S, padded[event.span.start * FRAME : event.span.end * FRAME]
    for event in endpointer.flush():
        if isinstance(event, SpeechEnded):
            yield event.span.start * FRAME_S, padded[event.span.start * FRAME : event.span.end * FRAME]


def voices(folder: Path) -> dict[str, list[Path]]:
    """Return the files of each voice; names of files are SPEAKER-CHAPTER-UTTERANCE.flac."""
    found: dict[str, list[Path]] = {}
    for path in sorted(folder.glob("*.flac")):
        found.setdefault(path.stem.split("-")[0], []).append(path)
    return found


def conversation(folder: Path, seed: int, speakers: int, overlap: float, seconds: float = 90.0) -> Clip:
    """Return a conversation of some voices of a folder.

    A turn has 1.5 to 8 s. Turns are 0.2 to 1.2 s apart, or they begin before the end of the one before, for about the share `overlap` of
    their length. Voices have levels within 6 dB. Noise is at -60 dB.
    """
    random = np.random.default_rng(seed)
    found = voices(folder)
    names = [str(name) for name in random.choice(sorted(found), speakers, replace=False)]
    speech = {name: np.concatenate([read_audio(path) for path in found[name][:3]]) for name in names}
    speech = {name: audio * (0.08 * 10 ** (random.uniform(-3, 3) / 20) / np.sqrt(np.mean(audio**2))) for name, audio in speech.items()}
    places = dict.fromkeys(names, 0)
    mixed = (random.standard_normal(round((seconds + 10) * RATE)) * 1e-3).astype(np.float32)
    truth: list[Speech] = []
    voiced: list[Speech] = []
    at, before = 0.5, ""
    while at < seconds:
        name = str(random.choice([one for one in names if one != before]))
        length = round(random.uniform(1.5, 8.0) * RATE)
        place = places[name] if places[name] + length <= len(speech[name]) else 0
        turn = speech[name][place : place + length]
        places[name] = place + length
        start = round(at * RATE)
        mixed[start : start + len(turn)] += turn[: len(mixed) - start]
        truth += [Speech(at + first, at + last, name) for first, last in _voiced(turn)]
        voiced += [Speech(at + first, at + last, name) for first, last in _detected(turn)]
        length_s = len(turn) / RATE
        at += length_s + (random.uniform(0.2, 1.2) if not overlap else -random.uniform(0.5, 1.5) * overlap * length_s)
        before = name
    end = max(one.end_s for one in truth)
    return Clip(f"libri-{speakers}-{round(100 * overlap)}-{seed}", np.clip(mixed[: round((end + 0.5) * RATE)], -1, 1), truth, voiced)


def _voiced(turn: Samples) -> Iterator[tuple[float, float]]:
    """Yield the parts of a voice recorded alone in which it speaks, in seconds."""
    step = RATE // 100
    loudness = np.sqrt((turn[: len(turn) // step * step].reshape(-1, step) ** 2).mean(axis=1))
    noise, speech = np.maximum(np.percentile(loudness, (3, 90)), 1e-5)
    loud = np.flatnonzero(loudness > noise * (speech / noise) ** _LOUD)
    yield from _closed(loud)


def _detected(turn: Samples) -> Iterator[tuple[float, float]]:
    """Yield the parts of a voice recorded alone in which the voice activity detection finds speech, in seconds."""
    vad = VadModel()
    slot = vad.take_slot()
    padded = np.pad(turn, (0, FRAME)).astype(np.float32)
    found = [vad.probabilities([slot], [padded[at : at + FRAME]])[0] for at in range(0, len(padded) - FRAME + 1, FRAME)]
    steps = np.arange(len(turn) // (RATE // 100)) * (RATE // 100) // FRAME
    yield from _closed(np.flatnonzero(np.array(found)[steps] > _SPOKEN))


def _closed(spoken: NDArray[np.int64]) -> Iterator[tuple[float, float]]:
    """Yield stretches of steps of 10 ms in which a voice speaks, with short pauses closed, in seconds."""
    if not len(spoken):
        return
    starts = [0, *(np.flatnonzero(np.diff(spoken) > _PAUSE) + 1)]
    for first, last in zip(starts, [*starts[1:], len(spoken)], strict=True):
        yield spoken[first] / 100, (spoken[last - 1] + 1) / 100
