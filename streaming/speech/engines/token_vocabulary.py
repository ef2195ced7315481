"""Moonshine's vocabulary: converts the model's tokens to words with confidences."""

import math
from collections.abc import Sequence
from pathlib import Path

from streaming.speech.engines.base import RecogniserError
from streaming.speech.transcript import UntimedWord, join_split_words

START, END = 1, 2
_SPACE = "\u2581".encode()
_FIRST_SPOKEN = 3  # 0, 1 and 2 are control tokens
_MARK = b"<<"  # prefix of the names of tokens without text


def read_vocabulary(file: Path) -> list[bytes]:
    """Return the bytes of each token of a tokenizer.bin, in which each string follows its length (one byte, or two from 128 on).

    Raises RecogniserError if the file is not valid.
    """
    content = file.read_bytes()
    tokens: list[bytes] = []
    at = 0
    while at < len(content):
        length, at = content[at], at + 1
        if length >= 128:
            if at >= len(content):
                raise RecogniserError(f"{file.name} is cut short")
            length, at = content[at] * 128 + length - 128, at + 1
        tokens.append(content[at : at + length])
        at += length
    if at != len(content) or len(tokens) < 32_000:
        raise RecogniserError(f"{file.name} is no vocabulary of this model")
    return tokens


class TokenVocabulary:
    """Converts token numbers to words."""

    def __init__(self, file: Path) -> None:
        self._tokens = read_vocabulary(file)

    def words(self, tokens: Sequence[int], log_probabilities: Sequence[float]) -> tuple[UntimedWord, ...]:
        """Return the words of the tokens; the confidence of a word is the geometric mean of its tokens' probabilities."""
        spelled: list[tuple[bytearray, list[float], list[int], int]] = []
        for place, (token, log_probability) in enumerate(zip(tokens, log_probabilities, strict=True)):
            text = self._tokens[token] if _FIRST_SPOKEN <= token < len(self._tokens) else b""
            if not text or text.startswith(_MARK):
                continue
            if text.startswith(_SPACE) or not spelled:
                spelled.append((bytearray(), [], [], place))
            spelled[-1][0].extend(text)
            spelled[-1][1].append(log_probability)
            spelled[-1][2].append(token)
        words = [
            (bytes(text).replace(_SPACE, b" ").decode("utf-8", "ignore").strip(), logs, own, first) for text, logs, own, first in spelled
        ]
        return join_split_words(
            [UntimedWord(text, round(math.exp(sum(logs) / len(logs)), 4), tuple(own), first) for text, logs, own, first in words if text]
        )
