"""The outline beside the transcript: the headings of its stretches, and the insights of its sentences, in the order of speech."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from insights.insight_kinds import InsightKind
from insights.models import Insight
from insights.portal.cards import Card
from insights.portal.transcript import Paragraph

MOST_INSIGHTS = 60
"""Insights in the outline of a transcript with headings; if it has more, the outline lists the headings alone."""


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """A line of the outline. `place`: its time, such as `0:42`. `kind`: the kind of the insight; None for a heading."""

    message_id: UUID
    place: str
    text: str
    kind: InsightKind | None = None


def outline_of(paragraphs: Sequence[Paragraph], cards: Sequence[Card]) -> list[OutlineEntry]:
    """Return the outline of what `paragraphs` show, without rejected insights."""
    found: dict[UUID, list[Card]] = defaultdict(list)
    for card in cards:
        if card.review != Insight.Review.REJECTED:
            found[card.message_id].append(card)
    entries = list(_entries(paragraphs, found))
    headings = [entry for entry in entries if entry.kind is None]
    return headings if headings and len(entries) - len(headings) > MOST_INSIGHTS else entries


def _entries(paragraphs: Sequence[Paragraph], found: dict[UUID, list[Card]]) -> Iterator[OutlineEntry]:
    for paragraph in paragraphs:
        if paragraph.chapter:
            yield OutlineEntry(paragraph.id, paragraph.place, paragraph.chapter)
        for line in paragraph.lines:
            for card in found.get(line.id, ()):
                yield OutlineEntry(line.id, card.place, card.text, card.kind)
