"""Audio as files."""

import os
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest

from streaming.audio import temporary_files
from streaming.audio.temporary_files import audio_to_file

TONE = (np.sin(np.arange(24_000) / 10) * 8000).astype(np.int16)


def test_a_file_has_the_audio() -> None:
    """The file is an MP3 with the rate and the duration of the audio."""
    path = audio_to_file((24_000, TONE[None]))
    with av.open(path) as container:
        frames = list(container.decode(audio=0))
    assert path.endswith(".mp3")
    assert {frame.sample_rate for frame in frames} == {24_000}
    assert sum(frame.samples for frame in frames) == pytest.approx(24_000, abs=3000)


def test_old_files_are_removed() -> None:
    """The next write removes old files; newer ones may still be open."""
    old, young = audio_to_file((24_000, TONE)), audio_to_file((24_000, TONE))
    os.utime(old, (time.time() - temporary_files.KEPT_S - 1,) * 2)
    new = audio_to_file((24_000, TONE))
    assert not Path(old).exists()
    assert Path(young).exists()
    assert Path(new).exists()


def test_no_file_outlives_its_process() -> None:
    """The end of the process removes the folder."""
    code = "import numpy, streaming; print(streaming.audio_to_file((24000, numpy.zeros(2400, numpy.int16))))"
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert not Path(done.stdout.strip()).parent.exists()
