"""Entities of form in German, French and Spanish, on sentences that were written before they were first measured."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from insights.analysis import analyse
from insights.analysis.types import FoundEntity, Said

DATA = Path(__file__).resolve().parents[2] / "data"
AT = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)  # a Wednesday

Found = tuple[str, str]
"""The type of an entity, and its value as the files write it."""


def value_of(entity: FoundEntity) -> str:
    """Return the value as the files write it: a time as hours and minutes, a number without a fraction where it has none."""
    value = next(iter(entity.value.values()))
    if entity.type == "time":
        return str(value)[11:16]
    return f"{value:g}" if isinstance(value, float) and value < 1e6 else str(value).removesuffix(".0")


def counts_of(language: str) -> tuple[int, int, int, list[str]]:
    """Return how many entities are right, found and written, and the sentences with an error."""
    right = found = written = 0
    wrong = []
    for line in (DATA / f"entities_{language}.tsv").read_text(encoding="utf-8").splitlines():
        text, *fields = line.split("\t")
        expected = sorted(tuple(field.split("=", 1)) for field in fields if field)
        entities = sorted((one.type, value_of(one)) for one in analyse(Said(text, "1", AT, "Jana", ""), (), (), 60, language).entities)
        same = sum(one in entities for one in expected)
        right, found, written = right + same, found + len(entities), written + len(expected)
        if not same == len(entities) == len(expected):
            wrong.append(f"{text} {entities}")
    return right, found, written, wrong


@pytest.mark.parametrize("language", ["de", "fr", "es"])
def test_precision_and_recall(language: str) -> None:
    """Both stay near the figures that docs/develop/languages.md lists."""
    right, found, written, wrong = counts_of(language)
    print(f"{language}: precision {right / found:.2f}, recall {right / written:.2f} of {written}", *wrong, sep="\n")
    assert right / found >= 0.95
    assert right / written >= 0.95


@pytest.mark.parametrize(
    ("language", "text", "said_on", "day"),
    [
        ("de", "Bis zum 29. Februar ist alles fertig.", "2026-12-01", "2028-02-29"),
        ("de", "Bis zum 29. Februar ist alles fertig.", "2028-02-29", "2028-02-29"),
        ("fr", "Ce sera fini le 29 février.", "2028-12-01", "2032-02-29"),
        ("es", "Estará listo el 29 de febrero.", "2097-01-01", "2104-02-29"),
        ("de", "Am 3. März war alles fertig.", "2028-02-29", "2028-03-03"),
        ("de", "Am 20. Dezember war alles fertig.", "2028-02-29", "2028-12-20"),
        ("de", "Das war am 29. Februar 2024.", "2026-12-01", "2024-02-29"),
    ],
)
def test_29_february(language: str, text: str, said_on: str, day: str) -> None:
    """Without a year it is that of the next leap year; other dates can be named on it."""
    said_at = datetime.fromisoformat(said_on).replace(hour=9, tzinfo=UTC)
    entities = analyse(Said(text, "1", said_at, "Jana", ""), (), (), 0, language).entities
    assert [one.value.get("datetime") for one in entities if one.type == "date"] == [day]


def test_a_day_that_does_not_exist() -> None:
    """It is no date, in any year."""
    for text in ("Bis zum 30. Februar ist alles fertig.", "Am 29. Februar 2026 ist alles fertig."):
        entities = analyse(Said(text, "1", AT, "Jana", ""), (), (), 0, "de").entities
        assert [one for one in entities if one.type == "date"] == []
