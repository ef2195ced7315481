"""The rules of German, French and Spanish, on sentences that were written before they were first measured."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from insights.analysis import analyse
from insights.analysis.other_languages.rules import LONGEST, Acts, acts
from insights.analysis.other_languages.rules_by_language import rules_of
from insights.analysis.types import MessageAnalysis, Said

DATA = Path(__file__).resolve().parents[2] / "data"
AT = datetime(2026, 3, 4, 9, 0, tzinfo=UTC)  # a Wednesday


def label_of(found: Acts) -> str:
    return "follow_up" if found.follow_up else "action_item" if found.action else "question" if found.question else "none"


def counts_of(language: str) -> Counter[tuple[str, str]]:
    """Return how often each label (as written, as found) occurs."""
    rules = rules_of(language)
    assert rules is not None
    lines = (DATA / f"languages_{language}.tsv").read_text(encoding="utf-8").splitlines()
    pairs = [line.split("\t") for line in lines]
    assert len(pairs) >= 60
    return Counter((label, label_of(acts(text, rules))) for label, text in pairs)


@pytest.mark.parametrize("language", ["de", "fr", "es"])
@pytest.mark.parametrize("label", ["question", "action_item", "follow_up"])
def test_precision_and_recall(language: str, label: str) -> None:
    """Precision and recall stay near the first measurement, which docs/develop/languages.md lists."""
    counts = counts_of(language)
    right = counts[label, label]
    found = sum(number for (_, as_found), number in counts.items() if as_found == label)
    written = sum(number for (as_written, _), number in counts.items() if as_written == label)
    assert right / found >= 0.84
    assert right / written >= 0.7


@pytest.mark.parametrize("language", ["de", "fr", "es"])
def test_long_texts_are_fast(language: str) -> None:
    """A text that repeats what the patterns begin with is cut, and so takes no quadratic time."""
    rules = rules_of(language)
    assert rules is not None
    assert acts("ich habe je vais voy a " * 10_000, rules) == acts(("ich habe je vais voy a " * 10_000)[:LONGEST], rules)


def said(text: str, language: str, name: str = "Jana") -> MessageAnalysis:
    return analyse(Said(text, "1", AT, name, "jana@example.com"), (), (), 60, language)


def test_a_task_has_who_and_when() -> None:
    """A promise belongs to the speaker and is due at the end of the day that it names; a request names nobody."""
    (finding,) = said("Ich schicke Ihnen den Bericht bis Freitag.", "de-DE").findings
    assert finding.assignee is not None
    assert (finding.assignee.name, finding.hints["dueText"]) == ("Jana", "bis Freitag")
    assert finding.due is not None
    assert finding.due.isoformat() == "2026-03-06T23:59:59+01:00"
    (later,) = said("Wir treffen uns nächste Woche noch einmal.", "de").findings
    assert later.due is not None
    assert later.due.isoformat() == "2026-03-13T23:59:59+01:00"  # a Friday
    (ahead,) = said("Ich schicke Ihnen den Bericht in zwei Wochen.", "de").findings
    assert ahead.due is not None
    assert (ahead.due.isoformat(), ahead.hints["dueText"]) == ("2026-03-18T23:59:59+01:00", "in zwei Wochen")
    (request,) = said("¿Puedes enviar el informe mañana?", "es").findings
    assert (request.assignee, request.hints["dueText"]) == (None, "mañana")


def values(text: str, language: str) -> list[tuple[str, str, object]]:
    return [(one.type, one.text, next(iter(one.value.values()))) for one in said(text, language).entities]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("de", "Das kostet 12.000,50 Euro am 3. März.", [("money", "12.000,50 Euro", 12000.5), ("date", "3. März", "2026-03-03")]),
        ("de", "Übermorgen um 14:30 Uhr.", [("date", "Übermorgen", "2026-03-06"), ("time", "um 14:30 Uhr", "2026-03-04T14:30:00+01:00")]),
        ("de", "Guten Morgen, 8 % mehr als 2025.", [("percent", "8 %", 8.0), ("number", "2025", 2025.0)]),
        ("de", "Schreib an anna@example.com.", [("email", "anna@example.com", "anna@example.com")]),
        ("de", "Am 24.12.2026 ist zu.", [("date", "24.12.2026", "2026-12-24")]),
        ("fr", "Demain à 14 h 30, 1 500 euros.", [("date", "Demain", "2026-03-05"), ("time", "à 14 h 30", "2026-03-04T14:30:00+01:00"),
                                                  ("money", "1 500 euros", 1500.0)]),
        ("fr", "Le 1er juin 2027.", [("date", "Le 1er juin 2027", "2027-06-01")]),
        ("fr", "La semaine prochaine.", [("daterange", "La semaine prochaine", "2026-03-09")]),
        ("es", "El 3 de mayo de 2026 a las 16:00.", [("date", "El 3 de mayo de 2026", "2026-05-03"),
                                                     ("time", "a las 16:00", "2026-03-04T16:00:00+01:00")]),
        ("es", "Mañana por la mañana, 20 por ciento.", [("date", "Mañana", "2026-03-05"), ("percent", "20 por ciento", 20.0)]),
        ("de", "Das dauert 1,5 Stunden und kostet eine Million Euro.", [("duration", "1,5 Stunden", 5400.0),
                                                                         ("money", "eine Million Euro", 1e6)]),
        ("fr", "Il est 8 heures, on a 2 heures.", [("time", "8 heures", "2026-03-04T08:00:00+01:00"), ("duration", "2 heures", 7200.0)]),
        ("es", "A la una, dentro de tres días.", [("time", "A la una", "2026-03-04T01:00:00+01:00"),
                                                   ("duration", "dentro de tres días", 259_200.0)]),
        ("it", "Scrivi a anna@example.com entro il 3 maggio.", [("email", "anna@example.com", "anna@example.com")]),
    ],
)  # fmt: skip
def test_entities_of_form(language: str, text: str, expected: list[tuple[str, str, object]]) -> None:
    """Numbers, amounts, percentages, dates and times as the language writes them; in others only addresses."""
    assert values(text, language) == expected


@pytest.mark.parametrize("text", ["Am 31.02.2026.", "Der 99. März.", "Um 24 Uhr."])
def test_days_that_do_not_exist(text: str) -> None:
    """They are no dates, and raise nothing."""
    assert not [one for one in said(text, "de").entities if one.type in ("date", "time")]
