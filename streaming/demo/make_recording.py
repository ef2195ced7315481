"""Makes the recorded conversation of the demo from its script, with two voices of the Flite synthesiser.

Run by hand when the script changes (`python streaming/demo/make_recording.py`, with Debian's package `flite`
installed); its results are in the repository. One channel per speaker; README.md tells about the licence.
"""

import json
import subprocess
import tempfile
from pathlib import Path

import av
import numpy as np

HERE = Path(__file__).resolve().parent
VOICES = {"Anna": "slt", "Tom": "rms"}
RATE = 16_000
PAUSE_S = 0.7


def spoken(text: str, voice: str) -> np.ndarray:
    """Return one spoken sentence, float32 in [-1, 1] at 16 kHz, without the silence around it."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", file.name], check=True)
        with av.open(file.name) as container:
            resampler = av.AudioResampler(format="flt", layout="mono", rate=RATE)
            frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
            frames += resampler.resample(None)
    samples = np.concatenate([frame.to_ndarray()[0] for frame in frames])
    loud = np.flatnonzero(np.abs(samples) > 0.01)
    return samples[loud[0] : loud[-1] + 1]


def main() -> None:
    """Write conversation.ogg (Opus, one channel per speaker) and turns.json (who says what from when to when)."""
    script = json.loads((HERE / "script.json").read_text())
    speakers = list(VOICES)
    parts: list[tuple[int, int, np.ndarray]] = []
    turns = []
    at = int(0.5 * RATE)
    for name, text in script:
        samples = spoken(text, VOICES[name])
        parts.append((speakers.index(name), at, samples))
        turns.append({"speaker": name, "start": round(at / RATE, 3), "end": round((at + len(samples)) / RATE, 3), "text": text})
        at += len(samples) + int(PAUSE_S * RATE)
    sound = np.zeros((at + RATE, len(speakers)), dtype=np.float32)
    for channel, start, samples in parts:
        sound[start : start + len(samples), channel] += samples * (0.6 / max(0.1, float(np.abs(samples).max())))
    (HERE / "turns.json").write_text(json.dumps({"turns": turns}, indent=1) + "\n")
    with av.open(str(HERE / "conversation.ogg"), "w") as out:
        stream = out.add_stream("libopus", rate=48_000, layout="stereo", options={"b": "40k"})
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.reshape(1, -1)), format="flt", layout="stereo")
        frame.sample_rate = RATE
        resampler = av.AudioResampler(format="flt", layout="stereo", rate=48_000, frame_size=960)
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))


if __name__ == "__main__":
    main()
