"""Moonshine's vocabulary."""

from pathlib import Path

import pytest

from streaming.speech.engines.base import RecogniserError
from streaming.speech.engines.moonshine import TokenVocabulary, read_vocabulary
from streaming.speech.vad import data_file


@pytest.fixture(scope="module")
def file() -> Path:
    """The vocabulary of the small model."""
    return data_file("moonshine_voice", "assets", "tiny-en", "tokenizer.bin")


def spell(file: Path, *pieces: str) -> list[int]:
    """Return the token of each piece."""
    tokens = read_vocabulary(file)
    return [tokens.index(piece.replace(" ", "\u2581").encode()) for piece in pieces]


def test_words_and_their_confidence(file: Path) -> None:
    """A word is the tokens from one space to the next; its confidence is their geometric mean."""
    tokens = spell(file, " the", " in", "er", ".")
    words = TokenVocabulary(file).words(tokens, [0.0, -1.0, -2.0, -3.0])
    assert [(word.text, word.confidence) for word in words] == [("the", 1.0), ("iner.", pytest.approx(0.1353, abs=1e-4))]


def test_marks_have_no_text(file: Path) -> None:
    """Begin, end and unknown marks, and tokens beyond the vocabulary, have no text."""
    assert TokenVocabulary(file).words([0, 1, 2, 32_767, 99_999], [0.0] * 5) == ()


def test_bytes_that_are_no_text_are_left_out(file: Path) -> None:
    """Half a character at the end of an interim is dropped."""
    tokens = [*spell(file, " the"), read_vocabulary(file).index(b"\xfd")]
    assert [word.text for word in TokenVocabulary(file).words(tokens, [0.0, 0.0])] == ["the"]


def test_split_words_are_joined(file: Path) -> None:
    """'per cent' becomes one word."""
    tokens = spell(file, " per", " cent")
    assert [word.text for word in TokenVocabulary(file).words(tokens, [0.0, 0.0])] == ["percent"]


@pytest.mark.parametrize("cut", [-1, 1000])
def test_a_broken_file_is_refused(file: Path, tmp_path: Path, cut: int) -> None:
    """The error names a file that is cut short, or too small."""
    (tmp_path / "tokenizer.bin").write_bytes(file.read_bytes()[:cut])
    with pytest.raises(RecogniserError, match=r"tokenizer\.bin"):
        read_vocabulary(tmp_path / "tokenizer.bin")
