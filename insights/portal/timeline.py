"""The timeline of a conversation: who spoke when, insights, bookmarks and tracker matches, as paths of one SVG.

Every row is one path, so that three hours take no more elements than three minutes.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _

from insights.models import Conversation
from insights.portal.faces import ShownPeople
from insights.portal.listing import Face
from insights.queries import SpeechSpan

WIDTH = 1000
"""Units from the start to the end of the conversation; shorter pauses than one unit are not drawn."""
ROW = 14
GAP = 4
MOST_LANES = 6
"""Speakers with a row of their own, those who talked longest; the others share one."""
PAUSE_S = 1.2
"""Silence of this length or more can be skipped during playback."""


class TimelineMark(NamedTuple):
    """Something at a second of the conversation, with the label of its kind and a colour of kinds."""

    label: str
    colour: str
    seconds: float


@dataclass(frozen=True, slots=True)
class SpeakerRow:
    """What one speaker said. `path`: horizontal strokes; `middle`: their vertical place."""

    face: Face
    path: str
    middle: int


@dataclass(frozen=True, slots=True)
class Ticks:
    """Places of one kind of thing: vertical strokes. `colour` is that of a kind of insight."""

    label: str
    colour: str
    path: str
    count: int


@dataclass(frozen=True, slots=True)
class Timeline:
    """All of it."""

    seconds: float
    height: int
    rows: tuple[SpeakerRow, ...]
    ticks: tuple[Ticks, ...]


def timeline_of(
    conversation: Conversation, spans: Sequence[SpeechSpan], people: ShownPeople, places: Iterable[TimelineMark]
) -> Timeline | None:
    """Return the timeline; None if nothing was said."""
    if not spans:
        return None
    seconds = max(_end_of(conversation), *(span.end for span in spans), 1.0)
    rows = _speaker_rows(spans, people, seconds)
    ticks = tuple(_ticks(places, seconds, ROW * len(rows) + GAP))
    return Timeline(seconds, ROW * len(rows) + (GAP + ROW if ticks else 0), rows, ticks)


def speech_of(spans: Iterable[SpeechSpan]) -> list[tuple[float, float]]:
    """Return when anybody speaks, in seconds from the start, without pauses shorter than PAUSE_S."""
    return _merged(sorted((span.start, span.end) for span in spans), PAUSE_S)


def _end_of(conversation: Conversation) -> float:
    return (conversation.ended_at - conversation.started_at).total_seconds() if conversation.ended_at else 0.0


def _merged(spans: Iterable[tuple[float, float]], pause: float) -> list[tuple[float, float]]:
    merged: list[tuple[float, float]] = []
    for start, end in spans:
        if merged and start - merged[-1][1] < pause:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _speaker_rows(spans: Sequence[SpeechSpan], people: ShownPeople, seconds: float) -> tuple[SpeakerRow, ...]:
    spoken: dict[UUID, list[tuple[float, float]]] = defaultdict(list)
    for span in spans:
        spoken[span.person].append((span.start, span.end))
    ranked = sorted(spoken, key=lambda key: -sum(end - start for start, end in spoken[key]))
    shown = set(ranked[:MOST_LANES] if len(ranked) > MOST_LANES + 1 else ranked)
    order = [*(key for key in people.faces if key in shown), *(key for key in ranked if key in shown and key not in people.faces)]
    rows = [(people.face(key), spoken[key]) for key in order]
    if rest := [one for key in ranked if key not in shown for one in spoken[key]]:
        rows.append((Face(_("Others"), "…", 0), rest))
    scale = WIDTH / seconds
    return tuple(
        SpeakerRow(who, _strokes(sorted(times), scale, ROW * place + ROW // 2), ROW * place + ROW // 2)
        for place, (who, times) in enumerate(rows)
    )


def _strokes(times: Iterable[tuple[float, float]], scale: float, y: int) -> str:
    merged = _merged(((start * scale, end * scale) for start, end in times), 1.0)
    return "".join(f"M{start:.1f} {y}H{max(end, start + 1):.1f}" for start, end in merged)


def _ticks(places: Iterable[TimelineMark], seconds: float, top: int) -> Iterable[Ticks]:
    """Yield the ticks, below the rows."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for label, colour, at in places:
        found[label, colour].append(at)
    for (label, colour), all_at in found.items():
        path = "".join(f"M{at * WIDTH / seconds:.1f} {top}v{ROW}" for at in sorted(set(all_at)))
        yield Ticks(label, colour, path, len(all_at))
