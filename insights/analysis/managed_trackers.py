"""Managed trackers, available to every account: common call and meeting phrases from data/managed_trackers.toml."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from insights.analysis.trackers import Tracker


@dataclass(frozen=True, slots=True)
class ManagedTracker:
    """A managed tracker with the description shown before it is turned on."""

    tracker: Tracker
    category: str
    description: str


@cache
def managed_trackers() -> tuple[ManagedTracker, ...]:
    """Return all managed trackers in file order; their ids never change."""
    content = tomllib.loads((files("insights.analysis") / "data" / "managed_trackers.toml").read_text(encoding="utf-8"))
    return tuple(
        ManagedTracker(Tracker(one["name"], tuple(one["vocabulary"]), one["id"]), one["category"], one["description"])
        for one in content["tracker"]
    )


def with_managed(trackers: tuple[Tracker, ...]) -> tuple[Tracker, ...]:
    """Return the client's trackers plus the managed ones; a client's tracker replaces a managed one of the same name or id."""
    names = {tracker.name for tracker in trackers}
    ids = {tracker.id for tracker in trackers if tracker.id}
    others = (one.tracker for one in managed_trackers() if one.tracker.name not in names and one.tracker.id not in ids)
    return (*trackers, *others)
