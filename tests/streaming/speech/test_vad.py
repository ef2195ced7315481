"""The VAD model."""

from pathlib import Path

import numpy as np
import pytest

from streaming.audio.pcm import RATE
from streaming.speech import vad_graph
from streaming.speech.engines.base import RecogniserError
from streaming.speech.vad import FRAME, VadModel, data_file, open_model
from tests.streaming.speech.fakes import recording


@pytest.fixture(scope="module")
def frames() -> list[np.ndarray]:
    """Four seconds of a voice."""
    audio = recording("beckett.wav")
    return [audio[n : n + FRAME] for n in range(0, 4 * 16_000 - FRAME, FRAME)]


def test_a_voice_differs_from_silence(frames: list[np.ndarray]) -> None:
    """The probability of speech is high somewhere in the voice, and never in silence."""
    voice = VadModel()
    speech, silence = voice.take_slot(), voice.take_slot()
    both = [voice.probabilities([speech, silence], [frame, np.zeros(FRAME, dtype=np.float32)]) for frame in frames]
    assert max(probability for probability, _ in both) > 0.9
    assert max(nothing for _, nothing in both) < 0.3


def test_a_batch_is_the_same_as_one_by_one(frames: list[np.ndarray]) -> None:
    """Slots are independent, whatever their order and number."""
    alone, together = VadModel(), VadModel()
    slot = alone.take_slot()
    first, second = together.take_slot(), together.take_slot()
    single = [alone.probabilities([slot], [frame])[0] for frame in frames]
    noise = np.random.default_rng(0).normal(size=FRAME).astype(np.float32) * 0.1
    batched = []
    for n, frame in enumerate(frames):
        row = together.probabilities([second, first] if n % 2 else [first, second], [noise, frame] if n % 2 else [frame, noise])
        batched.append(row[n % 2])
    assert batched == pytest.approx(single, abs=1e-4)


def test_the_graph_is_that_of_the_package(frames: list[np.ndarray]) -> None:
    """Probabilities of blocks of any number of frames are those of the package's own graph, frame by frame."""
    session = open_model(data_file("silero_vad", "data", "silero_vad_16k_op15.onnx"))
    state, context = np.zeros((2, 1, 128), dtype=np.float32), np.zeros((1, 64), dtype=np.float32)
    expected = []
    for frame in frames:
        block = np.concatenate((context, frame[None]), axis=1)
        output, state = session.run(None, {"input": block, "state": state, "sr": np.array(RATE, dtype=np.int64)})
        expected.append(float(output[0, 0]))
        context = block[:, -64:]
    voice = VadModel()
    first, second = voice.take_slot(), voice.take_slot()
    found: tuple[list[float], list[float]] = ([], [])
    sizes = ((3, 3), (1, 4), (8, 2), (2, 5), (4, 4))
    while len(found[0]) < len(frames) or len(found[1]) < len(frames):
        for ours, theirs in sizes:
            blocks = [
                np.stack((*frames, *[np.zeros(FRAME, dtype=np.float32)] * 16)[len(one) :][:n])
                for one, n in zip(found, (ours, theirs), strict=True)
            ]
            for one, more in zip(found, voice.of_blocks([first, second], blocks), strict=True):
                one.extend(more)
    for one in found:
        assert one[: len(frames)] == pytest.approx(expected, abs=1e-4)


def test_a_reused_slot_is_reset(frames: list[np.ndarray]) -> None:
    """A reused slot has no state of its previous speaker."""
    voice = VadModel()
    slot = voice.take_slot()
    first = [voice.probabilities([slot], [frame])[0] for frame in frames[:40]]
    voice.free_slot(slot)
    assert voice.take_slot() == slot
    assert [voice.probabilities([slot], [frame])[0] for frame in frames[:40]] == pytest.approx(first, abs=1e-6)


def test_the_number_of_slots_is_unlimited() -> None:
    """A hundred speakers get a hundred slots."""
    voice = VadModel()
    assert len({voice.take_slot() for _ in range(100)}) == 100


@pytest.mark.parametrize("package", ["no_such_package", "silero_vad"])
def test_a_missing_file_is_named(package: str) -> None:
    """The error says which file is missing and what to install."""
    with pytest.raises(RecogniserError, match=rf"{package}/nothing\.onnx is missing: install requirements"):
        data_file(package, "nothing.onnx")


@pytest.mark.parametrize("content", [b"", bytes(8), b"\xff" * 40, b"\x3a\x20abc", b"\x3a\x02\x08\x01"])
def test_broken_weights_are_named(tmp_path: Path, content: bytes) -> None:
    """The error names a file that is no model, is cut short, or is another model."""
    (tmp_path / "vad.onnx").write_bytes(content)
    with pytest.raises(RecogniserError, match=r"vad\.onnx cannot be loaded"):
        vad_graph.read_weights(tmp_path / "vad.onnx")


def test_a_broken_model_is_named() -> None:
    """The error names a file that is no model."""
    file = data_file("moonshine_voice", "assets", "beckett.wav")
    with pytest.raises(RecogniserError, match=r"beckett\.wav cannot be loaded"):
        open_model(file)
