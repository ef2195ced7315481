"""Whisper (multilingual), run with CTranslate2: finds the language of audio, writes it down, and translates it into English.

`manage.py getmodel whisper-base` installs the model; the package ctranslate2 is in requirements/languages.txt. Why CTranslate2:
docs/adr/0101.
"""

import json
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streaming.audio.pcm import RATE, Samples
from streaming.speech.engines.base import RecogniserError
from streaming.speech.engines.log_mel import HOP, log_mel
from streaming.speech.transcript import Transcript, UntimedWord

FOLDER = "whisper-base"
"""Name of the model in the folder of models."""
FILES = ("config.json", "model.bin", "tokenizer.json", "vocabulary.txt")

_LONGEST_COLUMNS = 3000  # 30 s, the length that the model was trained with
_SPARE_S = 3.0  # silence behind the audio; with less, and in less than _LEAST_S, the model repeats itself more often
_LEAST_S = 10.0
_REPEATED = 4  # tokens that come twice, one behind the other: the audio is decoded again, with the length of the training
_TOKENS_PER_SECOND = 12.0  # more than in any real speech in any language; beyond it the model repeats itself
_SPARE_TOKENS = 8
_MOST_TOKENS = 224
_SILENT = 0.6  # probability that there is no speech above which an uncertain text is dropped
_UNCERTAIN = 0.4
_REPETITIVE = 2.4  # ratio of compression of a text that repeats itself, the limit of Whisper's authors
_LIKE_MEAN = 0.7  # the power of the geometric mean that is closest to the arithmetic mean which other engines have as confidence
_CONTROL = "<|"
_UNSPACED = frozenset(["bo", "ja", "km", "lo", "my", "th", "yue", "zh"])
"""Languages that do not separate words with spaces."""
_STOPS = "。！？，、；：!?,."


@dataclass(frozen=True, slots=True)
class Encoded:
    """Audio and what the encoder of the model made of it."""

    pcm: Samples
    output: Any
    columns: int

    @property
    def seconds(self) -> float:
        """Length of the audio."""
        return len(self.pcm) / RATE


class Whisper:
    """One model. Every method may be called from any number of threads at the same time.

    Args:
        folder: contains FILES.
        threads: calls that are computed at the same time; others wait.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        library = _library()
        try:
            self._tokens = _read_vocabulary(folder)
            self._model = library.models.Whisper(str(folder), device="cpu", compute_type="int8", inter_threads=threads, intra_threads=1)
        except (OSError, ValueError, LookupError, TypeError, RuntimeError) as error:
            raise RecogniserError(f"{folder.name} cannot be loaded ({type(error).__name__}): manage.py getmodel {folder.name}") from None
        self._storage = library.StorageView
        self.languages = _languages_of(self._tokens)
        """The codes of the languages that the model knows (ISO 639)."""

    def encode(self, pcm: Samples) -> Encoded:
        """Return the encoded audio, for the methods below. `pcm` is float32 of shape (n,) at 16 kHz, up to 30 s."""
        wanted = max(_LEAST_S, len(pcm) / RATE + _SPARE_S)
        return self._encode(pcm, min(_LONGEST_COLUMNS, 2 * math.ceil(wanted * RATE / HOP / 2)))

    def _encode(self, pcm: Samples, columns: int) -> Encoded:
        return Encoded(pcm, self._model.encode(self._storage.from_array(log_mel(pcm, columns)[None])), columns)

    def languages_of(self, encoded: Encoded) -> dict[str, float]:
        """Return the probability of each language in [0, 1], the most probable first."""
        return {token[2:-2]: float(probability) for token, probability in self._model.detect_language(encoded.output)[0]}

    def transcribe(self, encoded: Encoded, language: str, *, beams: int = 1) -> Transcript:
        """Return the words, in a language of `languages`."""
        return self._generate(encoded, language, "transcribe", beams)

    def translate(self, encoded: Encoded, language: str) -> str:
        """Return the audio, which is in this language, as English text; empty if there is none."""
        return " ".join(word.text for word in self._generate(encoded, language, "translate", 1).words)

    def _generate(self, encoded: Encoded, language: str, task: str, beams: int) -> Transcript:
        prompt = ["<|startoftranscript|>", f"<|{language}|>", f"<|{task}|>", "<|notimestamps|>"]
        most = min(_MOST_TOKENS, int(encoded.seconds * _TOKENS_PER_SECOND) + _SPARE_TOKENS)
        found = self._model.generate(
            encoded.output,
            [prompt],
            beam_size=beams,
            max_length=len(prompt) + most,
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        tokens, mean = list(found.sequences_ids[0]), math.exp(found.scores[0])
        if repeats(tokens) and encoded.columns < _LONGEST_COLUMNS:
            return self._generate(self._encode(encoded.pcm, _LONGEST_COLUMNS), language, task, beams)
        text = self._text(tokens)
        if _is_repetitive(text) or (found.no_speech_prob > _SILENT and mean < _UNCERTAIN):
            return Transcript()
        confidence = round(min(1.0, mean**_LIKE_MEAN), 4)
        spaced = task == "translate" or language not in _UNSPACED
        words = _words(text) if spaced else _phrases(text)
        return Transcript(tuple(UntimedWord(word, confidence) for word in words), confidence)

    def _text(self, tokens: Sequence[int]) -> str:
        spelled = b"".join(self._tokens[token] for token in tokens if token < len(self._tokens) and not self._is_control(token))
        return spelled.decode("utf-8", "ignore").strip()

    def _is_control(self, token: int) -> bool:
        return self._tokens[token].startswith(b"<|")


def is_installed(models_dir: Path) -> bool:
    """Return whether the folder of models has the files of the model."""
    return all((models_dir / FOLDER / file).is_file() for file in FILES)


def _library() -> Any:
    """Return the package ctranslate2. Raises RecogniserError if it is not installed: it is optional."""
    try:
        import ctranslate2
    except ImportError as error:
        raise RecogniserError(f"whisper-base needs the package ctranslate2: pip install -r requirements/languages.txt ({error})") from None
    return ctranslate2


def _read_vocabulary(folder: Path) -> list[bytes]:
    """Return the bytes of each token; control tokens such as <|de|> as they are written. Raises ValueError for another file."""
    listed: Any = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    named: dict[str, int] = dict(listed["model"]["vocab"])
    named |= {entry["content"]: entry["id"] for entry in listed["added_tokens"]}
    tokens = [b""] * (max(named.values()) + 1)
    bytes_of = _bytes_of_characters()
    for text, number in named.items():
        tokens[number] = text.encode() if text.startswith(_CONTROL) else bytes(bytes_of[character] for character in text)
    return tokens


def _bytes_of_characters() -> dict[str, int]:
    """Return the byte that each character of a token stands for: printable ones for themselves, the others for those from 256 on.

    This is the byte-level encoding of GPT-2.
    """
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(byte): byte for byte in printable} | {chr(256 + place): byte for place, byte in enumerate(others)}


def _languages_of(tokens: Sequence[bytes]) -> tuple[str, ...]:
    """Return the languages of the vocabulary: their tokens stand between the first token of a transcript and those of the tasks."""
    first, last = tokens.index(b"<|startoftranscript|>"), tokens.index(b"<|translate|>")
    return tuple(token[2:-2].decode() for token in tokens[first + 1 : last])


def repeats(tokens: Sequence[int]) -> bool:
    """Return whether _REPEATED tokens or more come twice, one behind the other."""
    longest = len(tokens) // 2
    return any(
        tokens[at : at + length] == tokens[at + length : at + 2 * length]
        for length in range(_REPEATED, longest + 1)
        for at in range(len(tokens) - 2 * length + 1)
    )


def _is_repetitive(text: str) -> bool:
    spelled = text.encode()
    return len(spelled) > 40 and len(spelled) / len(zlib.compress(spelled)) > _REPETITIVE


def _words(text: str) -> list[str]:
    """Return the words of a text; a mark that stands alone, as in French, belongs to the word before it."""
    words: list[str] = []
    for piece in text.split():
        if words and not any(map(str.isalnum, piece)):
            words[-1] += f" {piece}"
        else:
            words.append(piece)
    return words


def _phrases(text: str) -> list[str]:
    """Return a text without spaces between words cut behind its punctuation marks."""
    phrases = [""]
    for character in text.replace(" ", ""):
        phrases[-1] += character
        if character in _STOPS:
            phrases.append("")
    return [phrase for phrase in phrases if phrase]
