"""Spoken words for tests: short clips in the voice `slt` of Flite, for clients that need a microphone with somebody before it.

Each `{name}.ogg` holds the sentence of `SAID[name]`, mono Opus. `write` made them, by hand, where `flite` is installed (Debian's package).
What its voices say may be used for anything (Carnegie Mellon University, a BSD-like licence); the clips are in the public domain (CC0 1.0).
"""

import subprocess
import wave
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np

FOLDER = Path(__file__).resolve().parent
RATE = 48_000
SAID = {
    "note": "Note: send the report to Anna by Friday.",
    "computer": "Computer, what time is it?",
    "question": "Shall we start with the budget?",
    "unfinished": "Please send the report to the customer and",
    "rest": "the budget to Tom.",
    "backchannel": "Yes.",
    "stop": "Stop, please.",
    "hum": "Mhm.",
}


def clip(name: str, before_s: float = 0.0, after_s: float = 0.0) -> np.ndarray:
    """Return a clip as int16 of shape (n,) at 48 kHz, with silence around it."""
    return decoded(FOLDER / f"{name}.ogg", before_s, after_s)


def decoded(path: Path, before_s: float = 0.0, after_s: float = 0.0) -> np.ndarray:
    """Return a file of sound likewise."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
        frames += resampler.resample(None)
    sound = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    return np.concatenate((np.zeros(int(before_s * RATE), np.int16), sound, np.zeros(int(after_s * RATE), np.int16)))


def wav(path: Path, samples: np.ndarray) -> Path:
    """Write int16 samples at 48 kHz into a file, for a browser's fake microphone, which plays it again and again."""
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(samples.astype("<i2").tobytes())
    return path


def write(*names: str) -> None:
    """Make the clips of these names, or all."""
    for name in names or SAID:
        text = SAID[name]
        with TemporaryDirectory() as folder:
            path = Path(folder) / "said.wav"
            subprocess.run(["flite", "--setf", "duration_stretch=1.12", "-voice", "slt", "-t", text, "-o", str(path)], check=True)
            sound = decoded(path)
        with av.open(str(FOLDER / f"{name}.ogg"), "w") as out:
            stream = out.add_stream("libopus", rate=RATE, layout="mono", options={"b": "32k"})
            frame = av.AudioFrame.from_ndarray(sound.reshape(1, -1), format="s16", layout="mono")
            frame.sample_rate = RATE
            resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE, frame_size=960)
            for piece in [*resampler.resample(frame), *resampler.resample(None)]:
                out.mux(stream.encode(piece))
            out.mux(stream.encode(None))
