"""The managed trackers, which every account has."""

import re

import pytest

from insights.analysis.managed_trackers import ManagedTracker, managed_trackers, with_managed
from insights.analysis.trackers import NEAR, Tracker, TrackerIndex


@pytest.mark.parametrize("one", managed_trackers(), ids=lambda one: one.tracker.name)
def test_each_obeys_the_protocols_rules(one: ManagedTracker) -> None:
    """A tracker has 5 to 50 distinct phrases of words, periods, apostrophes and dashes, a name, an id and a description."""
    phrases = one.tracker.vocabulary
    assert 5 <= len(phrases) <= 50
    assert len({phrase.lower() for phrase in phrases}) == len(phrases)
    assert all(re.fullmatch(r"[\w .'-]+", phrase) for phrase in phrases)
    assert re.fullmatch(r"managed-[a-z-]+", one.tracker.id)
    assert one.category
    assert one.description.endswith(".")


def test_names_and_ids_are_unique() -> None:
    """No two trackers share a name or an id."""
    trackers = [one.tracker for one in managed_trackers()]
    assert len({tracker.name for tracker in trackers}) == len({tracker.id for tracker in trackers}) == len(trackers)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("So how much does it cost for ten people?", {"Pricing"}),
        ("I'd like to speak to your supervisor, this is unacceptable.", {"Escalation"}),
        ("We are also talking to another vendor.", {"Competition"}),
        ("Please cancel my subscription and give me my money back.", {"Cancellation", "Refund"}),
        ("I will circle back after the next meeting.", {"Next steps"}),
        ("We are stuck, the rollout is blocked by the audit.", {"Blocker"}),
        ("I have to ask my boss before we sign the contract.", {"Decision maker", "Buying interest"}),
        ("The weather was fine on the way here.", set()),
        ("Let me show you the second slide.", set()),
    ],
)
def test_matches(text: str, names: set[str]) -> None:
    """Common phrasings match, and small talk does not."""
    hits = TrackerIndex([one.tracker for one in managed_trackers()]).find(text)
    assert {hit.name for hit in hits if hit.offset != NEAR} == names


def test_a_clients_own_tracker_wins() -> None:
    """A client's tracker replaces the managed one with its name or id, and all others stay."""
    own = (Tracker("Pricing", ("my price",)), Tracker("Mine", ("my word",), "managed-budget"))
    both = with_managed(own)
    assert both[:2] == own
    assert len(both) == len(managed_trackers())
    assert [tracker.vocabulary for tracker in both if tracker.name == "Pricing"] == [("my price",)]
    assert "Budget" not in {tracker.name for tracker in both}
