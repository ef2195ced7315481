"""The parts of a local speaker, from the activity and the loudness of a turn."""

import numpy as np

from streaming.audio.pcm import RATE, Samples
from streaming.speech.speakers.activity import Activity, SpeechPart, frame_at, parts
from streaming.speech.speakers.turn_voices import pauses_closed


def active(seconds: float, *spoken: tuple[float, float]) -> Activity:
    """Return the activity of one local speaker who speaks at these times."""
    found: Activity = np.zeros((frame_at(seconds), 3), dtype=np.float32)
    for start_s, end_s in spoken:
        found[frame_at(start_s) : frame_at(end_s), 0] = 1.0
    return found


def recording(seconds: float, *levels: tuple[float, float, float]) -> Samples:
    """Return noise with the given level from one time to another, and silence elsewhere."""
    samples = np.random.default_rng(0).standard_normal(round(seconds * RATE)).astype(np.float32)
    gains = np.zeros_like(samples)
    for start_s, end_s, level in levels:
        gains[round(start_s * RATE) : round(end_s * RATE)] = level
    return samples * gains


def times(found: list[SpeechPart]) -> list[tuple[float, float]]:
    """Return the starts and ends of parts, to a tenth of a second."""
    return [(round(part.start_s, 1), round(part.end_s, 1)) for part in found]


def test_noise_in_the_pauses_of_a_speaker_is_no_speech() -> None:
    """The noise of a speaker's pauses is cut off, although the turn is silent before and after the speaker."""
    turn = recording(5.0, (0.4, 4.6, 0.003), (0.5, 1.9, 0.1), (2.5, 4.4, 0.1))
    assert times(parts(active(5.0, (0.4, 2.1), (2.3, 4.6)), 0, turn)) == [(0.5, 1.9), (2.5, 4.4)]


def test_soft_speech_is_kept() -> None:
    """Speech 20 dB below the loudest is speech if the noise is as far below it."""
    turn = recording(4.0, (0.0, 4.0, 0.0005), (0.5, 1.0, 0.01), (1.0, 3.5, 0.1))
    assert times(parts(active(4.0, (0.3, 3.7)), 0, turn)) == [(0.5, 3.5)]


def test_a_pause_in_which_voices_may_change_is_not_closed() -> None:
    """A pause of 0.4 s separates parts, because the voices on both sides may be two; one of 0.2 s does not."""
    turn = recording(4.0, (0.0, 4.0, 0.001), (0.5, 1.5, 0.1), (1.7, 2.6, 0.1), (3.0, 3.6, 0.1))
    assert times(parts(active(4.0, (0.5, 1.5), (1.7, 2.6), (3.0, 3.6)), 0, turn)) == [(0.5, 2.6), (3.0, 3.6)]


def test_a_silent_pause_inside_of_the_activity_is_cut_off() -> None:
    """The segmentation model calls a pause of a speaker speech, too; what is as soft as the noise in it is not."""
    turn = recording(5.0, (0.0, 5.0, 0.001), (0.5, 2.0, 0.1), (2.6, 4.5, 0.1))
    assert times(parts(active(5.0, (0.4, 4.7)), 0, turn)) == [(0.5, 2.0), (2.6, 4.5)]


def test_loud_speech_next_to_the_activity_is_kept() -> None:
    """Speech begins 0.1 s before the activity and ends 0.1 s after it, if nobody else is active there."""
    turn = recording(4.0, (0.0, 4.0, 0.001), (0.5, 2.0, 0.1))
    late = active(4.0, (0.6, 1.9))
    assert times(parts(late, 0, turn)) == [(0.5, 2.0)]
    late[frame_at(2.0) : frame_at(3.0), 1] = 1.0
    assert times(parts(late, 0, turn)) == [(0.5, 1.9)]


def test_a_click_is_no_speech() -> None:
    """What is loud for 30 ms only, away from speech, is dropped."""
    turn = recording(4.0, (0.0, 4.0, 0.001), (0.5, 2.0, 0.1), (2.8, 2.83, 0.1))
    assert times(parts(active(4.0, (0.4, 3.5)), 0, turn)) == [(0.5, 2.0)]


def test_short_pauses_of_a_voice_are_closed() -> None:
    """A pause of a voice under half a second is speech, unless another voice speaks in it."""
    one = [SpeechPart(0.0, 1.0, False), SpeechPart(1.4, 2.0, False), SpeechPart(2.6, 3.0, False)]
    other = [SpeechPart(3.5, 4.0, False), SpeechPart(4.4, 5.0, False)]
    third = [SpeechPart(4.1, 4.3, False)]
    assert [times(voice) for voice in pauses_closed([one, other, third])] == [
        [(0.0, 2.0), (2.6, 3.0)],
        [(3.5, 4.0), (4.4, 5.0)],
        [(4.1, 4.3)],
    ]


def test_a_pause_before_overlap_is_closed() -> None:
    """Parts with and without overlap stay apart, and no pause is left between them."""
    found = pauses_closed([[SpeechPart(0.0, 1.0, False), SpeechPart(1.3, 2.0, True)], [SpeechPart(1.3, 2.0, True)]])
    assert found[0] == [SpeechPart(0.0, 1.3, False), SpeechPart(1.3, 2.0, True)]
