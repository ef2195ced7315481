"""The parts of what a handler returns."""

from typing import Any

import numpy as np
import pytest

from streaming.sessions.media_runner import audio_item, video_item
from streaming.types.outputs import AdditionalOutputs, CloseStream

PCM = np.array([1, 2, 3], dtype=np.int16)
PICTURE = np.zeros((2, 2, 3), dtype=np.uint8)
OUTPUTS = AdditionalOutputs("x")
CLOSE = CloseStream("bye")


@pytest.mark.parametrize(
    ("value", "has_audio", "outputs", "close"),
    [
        ((8000, PCM), True, (), None),
        ([8000, PCM], True, (), None),
        ((8000, PCM[None]), True, (), None),
        ((8000, PCM, "mono"), True, (), None),
        (((8000, PCM), OUTPUTS), True, (OUTPUTS,), None),
        (((8000, PCM), CLOSE), True, (), CLOSE),
        (((8000, PCM), OUTPUTS, CLOSE), True, (OUTPUTS,), CLOSE),
        ((8000, PCM, OUTPUTS), True, (OUTPUTS,), None),
        (OUTPUTS, False, (OUTPUTS,), None),
        ((OUTPUTS, CLOSE), False, (OUTPUTS,), CLOSE),
        (CLOSE, False, (), CLOSE),
    ],
)
def test_audio(value: Any, has_audio: bool, outputs: Any, close: Any) -> None:
    """A handler returns audio, outputs and CloseStream, alone or together."""
    item = audio_item(value)
    assert (item.pcm is not None) is has_audio
    assert item.pcm is None or (item.pcm.tolist() == [1, 2, 3] and item.rate == 8000)
    assert (item.outputs, item.close) == (outputs, close)


@pytest.mark.parametrize("value", ["hello", (8000,), (8000, [1, 2]), 7, (8000, PCM, "mono", 1), (0, PCM), ("8000", PCM), {"a": 1}])
def test_invalid_audio(value: Any) -> None:
    """The error says what an audio handler may return."""
    with pytest.raises(ValueError, match="audio"):
        audio_item(value)


def test_audio_of_an_unsupported_type() -> None:
    """Samples are int16 or floats."""
    with pytest.raises(TypeError, match="int16 or float32"):
        audio_item((8000, PCM.astype(np.int64)))


@pytest.mark.parametrize(
    ("value", "outputs", "close"), [(PICTURE, (), None), ((PICTURE, OUTPUTS), (OUTPUTS,), None), ((PICTURE, CLOSE), (), CLOSE)]
)
def test_video(value: Any, outputs: Any, close: Any) -> None:
    """A handler returns video frames, alone or with outputs."""
    item = video_item(value)
    assert item.frame is PICTURE
    assert (item.outputs, item.close) == (outputs, close)
    assert video_item(OUTPUTS).frame is None
    assert video_item(None).outputs == ()


@pytest.mark.parametrize(
    "value", [PICTURE[0], PICTURE.astype(np.float32), np.zeros((0, 2, 3), np.uint8), (PICTURE, 1), "x", PICTURE[:, :, :1]]
)
def test_invalid_video(value: Any) -> None:
    """The error says what a video frame is."""
    with pytest.raises(ValueError, match="picture|video"):
        video_item(value)
