"""Writes down when Anna says each word in the demo's recording: words.json, the measure for the recogniser's word times.

Run by hand after make_recording.py, with the same Flite. Flite tells how long each of its sounds is; the sounds are given to the
words by what Flite says for each word alone. A turn whose sound is not as long as in the recording is refused.
"""

import json
import re
import subprocess
import tempfile
import wave
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
VOICE = ("--setf", "duration_stretch=1.12", "-voice", "slt")
QUIET = 0.01
"""Samples below this at both ends were cut off in the recording."""

Phone = tuple[str, float, float]
"""A sound's name, its start and its end in seconds."""


def spoken(text: str) -> tuple[list[Phone], np.ndarray, int]:
    """Return the sounds of a text, without pauses, and its samples in [-1, 1] with their rate."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "text.wav"
        command = ["flite", *VOICE, "-t", text + " ", "-psdur", "-o", str(path)]
        durations = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        with wave.open(str(path)) as sound:
            samples, rate = np.frombuffer(sound.readframes(sound.getnframes()), "<i2") / 32768, sound.getframerate()
    phones, at = [], 0.0
    for item in durations.split():
        name, end = item.rsplit(":", 1)
        phones.append((name, at, float(end)))
        at = float(end)
    return [phone for phone in phones if phone[0] != "pau"], samples, rate


def word_times(words: list[str], phones: list[Phone]) -> list[tuple[float, float]]:
    """Return start and end of each word: the way with the fewest changes from the sounds of the words alone to those in the sentence."""
    alone = [(name, place) for place, word in enumerate(words) for name, _, _ in spoken(word)[0]]
    costs = np.zeros((len(alone) + 1, len(phones) + 1))
    costs[:, 0], costs[0, :] = np.arange(len(alone) + 1), np.arange(len(phones) + 1)
    for i, (name, _) in enumerate(alone, 1):
        for j, (other, _, _) in enumerate(phones, 1):
            costs[i, j] = min(costs[i - 1, j - 1] + 0.8 * (name != other), costs[i - 1, j] + 1, costs[i, j - 1] + 1)
    times: list[tuple[float, float]] = [(0.0, 0.0)] * len(words)
    i, j = len(alone), len(phones)
    while i and j:
        (name, place), (other, start, end) = alone[i - 1], phones[j - 1]
        if np.isclose(costs[i, j], costs[i - 1, j] + 1):
            i -= 1
            continue
        times[place] = (start, times[place][1] or end)
        if np.isclose(costs[i, j], costs[i - 1, j - 1] + 0.8 * (name != other)):
            i -= 1
        j -= 1
    return times


def main() -> None:
    """Write words.json: one list of {word, start, end} for all of Anna's turns, in seconds from the beginning of the recording."""
    written = []
    for turn in json.loads((HERE / "turns.json").read_text())["turns"]:
        if turn["speaker"] != "Anna":
            continue
        phones, samples, rate = spoken(turn["text"])
        loud = np.flatnonzero(np.abs(samples) > QUIET)
        if abs((loud[-1] + 1 - loud[0]) / rate - (turn["end"] - turn["start"])) > 0.002:
            raise SystemExit(f"the turn at {turn['start']} s sounds otherwise in the recording")
        shift = turn["start"] - loud[0] / rate
        words = re.findall(r"[A-Za-z0-9'-]+", turn["text"])
        for word, (start, end) in zip(words, word_times(words, phones), strict=True):
            written.append({"word": word, "start": round(start + shift, 3), "end": round(end + shift, 3)})
    (HERE / "words.json").write_text("[\n" + ",\n".join(f" {json.dumps(row)}" for row in written) + "\n]\n")


if __name__ == "__main__":
    main()
