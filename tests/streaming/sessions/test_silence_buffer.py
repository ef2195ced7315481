"""The buffer delays silence, passes speech at once and loses nothing; the recorded voices are soft and loud, in quiet and noisy rooms."""

from collections.abc import Callable

import numpy as np
import pytest

from streaming.audio import mulaw
from streaming.audio.pcm import Samples
from streaming.audio.rates import Pcm
from streaming.sessions.audio_io import LONGEST_S, SILENT_S, AudioBlock, SilenceBuffer, loudness, samples_of
from streaming.speech.endpointing import Endpointer, SpeechEnded, SpeechStarted
from streaming.speech.vad import FRAME, VadModel
from tests.streaming.speech.fakes import recording

RATE = 16_000
BLOCK = RATE // 50
Room = Callable[[float, float], Pcm]


class RealTime(SilenceBuffer):
    """A buffer that gets each frame at the time of its speech, for a handler that ignores silence."""

    def __init__(self, at_rest: Callable[[], bool] = lambda: True) -> None:
        super().__init__(at_rest, lambda: self.now)
        self.now = 100.0

    def push(self, block: AudioBlock, rate: int) -> list[tuple[AudioBlock, int]]:
        """Push the next frame, later by its duration."""
        self.now += len(block) / rate
        return super().push(block, rate)


def noise(seconds: float, level: float) -> Pcm:
    """Return noise with an average deviation of about `level`."""
    return np.random.default_rng(7).normal(0, level, int(seconds * RATE)).astype(np.int16)


def frames_of(audio: Pcm) -> list[Pcm]:
    """Cut audio into frames of 20 ms."""
    return [audio[at : at + BLOCK] for at in range(0, len(audio) - BLOCK + 1, BLOCK)]


def portions(
    silence_buffer: SilenceBuffer, audio: Pcm, form: Callable[[Pcm], AudioBlock] = lambda block: block
) -> list[list[tuple[AudioBlock, int]]]:
    """Return the output for each pushed frame."""
    return [silence_buffer.push(form(block), RATE) for block in frames_of(audio)]


@pytest.mark.parametrize("form", [lambda block: block, mulaw.encode], ids=["samples", "mu-law"])
def test_nothing_is_lost(form: Callable[[Pcm], AudioBlock]) -> None:
    """The output is the input, in order, without what is still buffered; most of it comes in a few portions."""
    audio = np.concatenate((noise(4, 20), noise(0.5, 3000), noise(4, 20)))
    out = portions(RealTime(), audio, form)
    due = [samples_of(block) for portion in out for block, _ in portion]
    went_in = np.concatenate([samples_of(form(block)) for block in frames_of(audio)])
    came_out = np.concatenate(due)
    assert (came_out == went_in[: len(came_out)]).all()
    assert len(came_out) >= len(went_in) - LONGEST_S * RATE
    assert sum(bool(portion) for portion in out) < len(out) / 2


def test_a_louder_frame_passes_at_once() -> None:
    """A louder frame passes at once, together with all buffered frames."""
    silence_buffer = RealTime()
    portions(silence_buffer, noise(2, 20))
    while not silence_buffer.push(noise(0.02, 20), RATE):
        pass
    assert silence_buffer.push(noise(0.02, 20), RATE) == []
    assert len(silence_buffer.push(noise(0.02, 60), RATE)) == 2
    assert len(silence_buffer.push(noise(0.02, 20), RATE)) == 1, "and so does what follows it"


def test_audio_that_arrives_faster_than_real_time() -> None:
    """Audio that arrives faster than real time waits for no clock."""
    silence_buffer = SilenceBuffer(lambda: True, lambda: 100.0)
    out = portions(silence_buffer, noise(10, 20))
    assert max(len(portion) for portion in out) == round(2 * LONGEST_S / 0.02)


def test_all_sessions_flush_at_the_same_times() -> None:
    """Sessions that began at different times flush at the same times."""
    one, two = RealTime(), RealTime()
    portions(one, noise(1, 20))
    portions(two, noise(2.5, 20))
    moments = [[silence_buffer.now for _ in range(100) if silence_buffer.push(noise(0.02, 20), RATE)] for silence_buffer in (one, two)]
    shift = round((moments[1][0] - moments[0][0]) / LONGEST_S) * LONGEST_S
    assert [at + shift for at in moments[0]] == pytest.approx(moments[1][: len(moments[0])], abs=0.021)


def test_no_delay_for_an_active_handler() -> None:
    """During a turn or a reply all audio passes as it arrives."""
    rests = True
    silence_buffer = RealTime(lambda: rests)
    portions(silence_buffer, noise(2, 20))
    rests = False
    assert silence_buffer.push(noise(0.02, 20), RATE)
    assert all(portions(silence_buffer, noise(1, 20)))


def test_a_muted_microphone() -> None:
    """Inaudible audio passes in longer portions until the first word."""
    silence_buffer = RealTime()
    out = portions(silence_buffer, np.zeros(10 * RATE, dtype=np.int16))
    assert silence_buffer.silent
    assert max(len(portion) for portion in out) == round(SILENT_S / 0.02)
    assert silence_buffer.push(noise(0.02, 300), RATE)
    assert not silence_buffer.silent


def test_no_delay_while_the_end_of_a_turn_is_awaited() -> None:
    """A handler that waits for the end of a turn gets silence at once."""
    silence_buffer = RealTime(lambda: False)
    portions(silence_buffer, np.zeros(5 * RATE, dtype=np.int16))
    assert not silence_buffer.silent


def turn_starts(audio: Samples) -> list[int]:
    """Return the sample positions at which the detector reports the start of speech."""
    voice, finder, noticed = VadModel(), Endpointer(), []
    slots = [voice.take_slot()]
    for at in range(0, len(audio) - FRAME + 1, FRAME):
        frame = audio[at : at + FRAME]
        events = finder.push(voice.probabilities(slots, [frame])[0], float(frame @ frame) ** 0.5)
        noticed += [at + FRAME for event in events if isinstance(event, SpeechStarted)]
        assert not any(isinstance(event, SpeechEnded) and event.span.seconds > 20 for event in events)
    return noticed


@pytest.mark.parametrize("name", ["beckett.wav", "two_cities.wav", "endgame_nagg_nell.wav"])
@pytest.mark.parametrize(("gain_db", "room_level"), [(0, 3), (0, 300), (-20, 60), (-30, 20), (-40, 6)])
def test_soft_speech_is_detected_without_delay(name: str, gain_db: float, room_level: float) -> None:
    """At each detected start of speech, the audio up to it was passed at once, also without other events."""
    voice = recording(name)[: 30 * RATE]
    pause = np.zeros(RATE, dtype=np.float32)
    audio = np.concatenate([part for at in range(0, len(voice), 3 * RATE) for part in (pause, voice[at : at + 3 * RATE])])
    loud = audio / np.abs(audio).max() * 16_384 * 10 ** (gain_db / 20)
    pcm = loud.astype(np.int16) + noise(len(audio) / RATE + 1, room_level)[: len(audio)]
    silence_buffer, handed = RealTime(), [0]
    for block in frames_of(pcm):
        handed.append(handed[-1] + sum(len(held) for held, _ in silence_buffer.push(block, RATE)))
    beginnings = turn_starts(pcm.astype(np.float32) / 32_768)
    late = [at for at in beginnings if handed[-(-at // BLOCK)] < at]
    assert beginnings
    assert late == []


def test_loudness() -> None:
    """Samples and their mu-law have about the same loudness; twice the amplitude has twice the loudness; silence has none."""
    for level in (20, 200, 2000):
        samples = noise(0.02, level)
        assert loudness(samples) == pytest.approx(0.8 * level, rel=0.2)
        assert loudness(mulaw.encode(samples)) == pytest.approx(loudness(samples), rel=0.3)
    assert loudness(mulaw.encode(np.zeros(160, dtype=np.int16))) == 0
    assert loudness(b"") == loudness(np.zeros(0, dtype=np.int16)) == 0
