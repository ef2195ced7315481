"""Entry points for benchmark scorers: the same code as the live path, on plain rows instead of messages."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from insights.analysis.acts import dialogue_acts
from insights.analysis.acts.commitments import commitment
from insights.analysis.entities import extract as extract_entities
from insights.analysis.types import Said

_THEN = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
"""Assumed time of each row, a Wednesday: the corpora have no wall-clock times."""


def detect(messages: Sequence[Mapping[str, Any]]) -> list[dict[str, float]]:
    """Return {type: confidence} for each message, without using later messages.

    Args:
        messages: rows of {"conversation", "index", "speaker", "text"} in order.
    """
    answers: list[dict[str, float]] = []
    before: list[Said] = []
    conversation: object = None
    for row in messages:
        if row["conversation"] != conversation:
            conversation, before = row["conversation"], []
        said = Said(str(row["text"]), str(row["speaker"]), _THEN, index=int(row["index"]))
        answers.append({kind: confidence for kind, confidence in dialogue_acts.score(said, before).items()})
        before = [*before[-(dialogue_acts.CONTEXT - 1) :], said]
    return answers


setattr(detect, "wants_messages", True)  # noqa: B010  (mypy rejects attributes of functions)


def extract(texts: Sequence[str]) -> list[list[tuple[int, int, str]]]:
    """Return the entity spans (start, end, type) of each text."""
    return [[(entity.offset, entity.end, entity.type) for entity in extract_entities(text, _THEN)] for text in texts]


def assign(text: str) -> dict[str, str]:
    """Return {"assignee": a role, comma-separated names or "", "due": the due date as said or ""} for a text."""
    found = commitment(text, extract_entities(text, _THEN), _THEN, 0)
    who = {"NAMED": ", ".join(found.names), "NOBODY": ""}.get(found.role, found.role)
    return {"assignee": who, "due": found.due_text}
