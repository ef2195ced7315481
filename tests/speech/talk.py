"""A talk of two people for tests, made of the clips in `voices/`: `a1` and `a2` are of one, `b1` and `b2` of the other."""

from tests.speech import FOLDER, RATE, decoded

PCM_RATE = 16_000
PAUSE_S = 0.7


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
