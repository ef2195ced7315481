"""Selects the sentences: all business sentences, a fixed sample of the corpora, and our own clips for the vocabulary."""

import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from insights.training import style
from insights.training.corpora import Row, read

VOICES = ("slt", "rms", "joe", "espeak")
STYLE_VOICES = ("slt", "joe", "espeak")
CORPORA = ("mrda", "ami", "email")

_TEXTS = Path(__file__).resolve().parent / "texts"
_SEED = 4
_SHARES: tuple[tuple[str, int, Callable[[Row], bool]], ...] = (
    ("mrda", 60, lambda row: bool(row.question)),
    ("mrda", 40, lambda row: bool(row.action) and not row.question),
    ("mrda", 80, lambda row: not row.question and not row.action),
    ("ami", 50, lambda row: bool(row.question)),
    ("ami", 40, lambda row: bool(row.action) and not row.question),
    ("ami", 60, lambda row: not row.question and not row.action),
    ("email", 40, lambda row: bool(row.action)),
    ("email", 40, lambda row: not row.action),
)
"""Number of rows of each kind drawn from each dev part."""

_UNREADABLE = re.compile(r"[^A-Za-z0-9 ,.?!'’:;%&()\-]|www|http|\b\S+\.(?:com|org|net)\b")
_SPELT = re.compile(r"((?:[A-Za-z]_)+)")
_LEAST_WORDS, _MOST_WORDS = 3, 40
_MARKED = re.compile(r"\{([^}|]*)(?:\|([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class Reading:
    """One sentence in one voice: `written` as it should be shown, `spoken` as the synthesiser reads it.

    `phrase` is the vocabulary phrase in it, or empty. `name` is unique per voice.
    """

    name: str
    voice: str
    written: str
    spoken: str
    phrase: str = ""


def phrases() -> list[str]:
    """Return the 500 phrases of the vocabulary; the first 5, 50 and 500 are the three sizes."""
    return _lines("phrases")


def clips() -> list[Reading]:
    """Return our own clips: sentences with a phrase (those of the first five in two voices), then sentences without any."""
    first = set(phrases()[:5])
    found: list[Reading] = []
    for number, line in enumerate(_lines("names"), 1):
        match = _MARKED.search(line)
        if match is None:
            raise ValueError(f"names.txt, line {number}: no phrase in braces")
        written, spoken = _MARKED.sub(r"\1", line), _MARKED.sub(lambda one: one[2] or one[1], line)
        voices = [VOICES[(number + step) % len(VOICES)] for step in range(2 if match[1] in first else 1)]
        found += [Reading(f"name/{number}", voice, written, spoken, match[1]) for voice in voices]
    plain = enumerate(_lines("plain"), 1)
    return found + [Reading(f"plain/{number}", VOICES[number % len(VOICES)], line, line) for number, line in plain]


def dev(data: Path) -> list[Reading]:
    """Return the business sentences in three voices, and the sampled rows of the corpora, each in one voice."""
    sentences = style.read(data / "style.dev.tsv")
    found = [Reading(f"style/{n}", voice, one.text, one.text) for n, one in enumerate(sentences) for voice in STYLE_VOICES]
    drawn = sample(rows(data))
    return found + [Reading(name_of(row), VOICES[n % len(VOICES)], row.text, spoken(row.text)) for n, row in enumerate(drawn)]


def rows(data: Path) -> list[Row]:
    """Return all rows of the dev parts."""
    return read(data / f"{corpus}.dev.jsonl.gz" for corpus in CORPORA)


def name_of(row: Row) -> str:
    """Return the name of a row's reading; row.conversation begins with the corpus."""
    return f"{row.conversation}/{row.index}"


def sample(everything: Iterable[Row]) -> list[Row]:
    """Return the sampled rows in the order of the corpora; deterministic for the same data."""
    readable = [row for row in everything if is_readable(row.text)]
    coin = random.Random(_SEED)  # noqa: S311  (reproducible, nothing secret)
    drawn: list[Row] = []
    for corpus, many, wanted in _SHARES:
        there = [row for row in readable if row.corpus == corpus and wanted(row)]
        drawn += sorted(coin.sample(there, min(many, len(there))), key=readable.index)
    return drawn


def is_readable(text: str) -> bool:
    """Return whether a text can be read aloud: 3 to 40 words, no addresses, no annotation marks."""
    return _LEAST_WORDS <= len(text.split()) <= _MOST_WORDS and not _UNREADABLE.search(text.replace("_", ""))


def spoken(text: str) -> str:
    """Return a corpus text for a synthesiser: 'L_C_D_' as letters, broken-off words without their hyphen."""
    text = _SPELT.sub(lambda match: " ".join(match[1].replace("_", " ").split()).upper() + " ", text)
    return " ".join(re.sub(r"(\w)-(?=\s|$)", r"\1", text).split())


def _lines(name: str) -> list[str]:
    return [line for line in (_TEXTS / f"{name}.txt").read_text(encoding="utf-8").splitlines() if line.strip()]
