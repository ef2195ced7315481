"""A talk of several people for tests, made of the clips in `voices/`: `a1` and `a2` are of one, `b1` and `b2` of another, up to `e`."""

import numpy as np

from tests.speech import FOLDER, RATE, decoded

PCM_RATE = 16_000
PAUSE_S = 0.7
BLOCK = 512
BLOCKS = 63
"""Blocks of sound that the scripted recogniser takes for a sentence: two seconds."""
LEAST_RMS = 0.004
"""Above what the scripted recogniser takes for silence."""


def talk(*names: str) -> tuple[bytes, list[tuple[float, float]]]:
    """Return these clips one after the other as LINEAR16 at 16 kHz, with pauses, and start and end of each in seconds."""
    parts, times, at = [pause()], [], PAUSE_S
    for name in names:
        clip = decoded(FOLDER / "voices" / f"{name}.ogg")[:: RATE // PCM_RATE]
        times.append((at, at + len(clip) / PCM_RATE))
        at = times[-1][1] + PAUSE_S
        parts += [clip.astype("<i2").tobytes(), pause()]
    return b"".join(parts), times


def pause() -> bytes:
    """Return silence between two clips."""
    return bytes(2 * int(PAUSE_S * PCM_RATE))


def sentences(*names: str) -> bytes:
    """Return as much of each clip as the scripted recogniser takes for one sentence, with pauses, as LINEAR16 at 16 kHz."""
    parts = [_silence()]
    for name in names:
        clip = decoded(FOLDER / "voices" / f"{name}.ogg")[:: RATE // PCM_RATE]
        blocks = clip[: len(clip) // BLOCK * BLOCK].reshape(-1, BLOCK)
        loud = np.sqrt(np.mean((blocks / 32_768.0) ** 2, axis=1)) > LEAST_RMS
        parts += [blocks[loud][:BLOCKS].astype("<i2").tobytes(), _silence()]
    return b"".join(parts)


def _silence() -> bytes:
    return bytes(2 * BLOCK * 25)
