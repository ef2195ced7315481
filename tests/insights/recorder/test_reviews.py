"""The review queue in the recorder: leases, first and second opinions, settling, and taking back."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from insights import recorder
from insights.models import Change, Insight, InsightReview, ReviewLease
from insights.recorder import AlreadyReviewed, ChangeConflict, Opinion, RecorderError, UnknownMessage
from tests.insights.conftest import Say

ACCEPTED, REJECTED = "accepted", "rejected"


@pytest.fixture
def insight(say: Say) -> Insight:
    """Return a question that waits."""
    say("Is the budget ready?")
    return Insight.objects.get()


@pytest.fixture
def reviewers(db: None) -> tuple[User, User, User]:
    """Return three reviewers."""
    one, two, three = (User.objects.create_user(f"{name}@example.org") for name in ("one", "two", "three"))
    return one, two, three


@pytest.fixture(autouse=True)
def _always_second(settings: Any) -> None:
    settings.REVIEW_SECOND_OPINIONS = 100


def review_of(insight: Insight) -> tuple[str, str, str]:
    """Return the verdict that counts, and the two opinions."""
    insight.refresh_from_db()
    stored = InsightReview.objects.filter(insight=insight).first()
    return insight.review, stored.first if stored else "", stored.second if stored else ""


def test_a_lease_keeps_an_insight_for_one_reviewer(insight: Insight, reviewers: tuple[User, User, User]) -> None:
    """Nobody else gets it until the time is over, or until the reviewer opens another one."""
    one, two, _ = (user.pk for user in reviewers)
    soon, past = timezone.now() + timedelta(minutes=5), timezone.now() - timedelta(seconds=1)
    assert recorder.lease_insight(insight.id, one, soon)
    assert recorder.lease_insight(insight.id, one, soon), "again, as after a reload"
    assert not recorder.lease_insight(insight.id, two, soon)
    assert recorder.lease_insight(insight.id, one, past)
    assert recorder.lease_insight(insight.id, two, soon)
    assert list(ReviewLease.objects.values_list("user_id", flat=True)) == [two]
    assert not recorder.lease_insight(uuid4(), two, soon), "it does not exist"


def test_a_first_opinion_is_an_edit_with_an_event(insight: Insight, reviewers: tuple[User, User, User]) -> None:
    """The verdict and the new text are stored with a change, an event, and the lease ends."""
    one = reviewers[0]
    recorder.lease_insight(insight.id, one.pk, timezone.now() + timedelta(minutes=5))
    decided = recorder.decide(insight.id, one.pk, ACCEPTED, "Is the plan ready?")
    assert decided.opinion is Opinion.FIRST
    assert [stored.event.kind.value for stored in decided.events] == ["insight_reviewed"]
    assert Change.objects.get().pk == decided.change_id
    assert review_of(insight) == (ACCEPTED, ACCEPTED, "")
    assert (insight.text, insight.original_text, insight.reviewed_by) == ("Is the plan ready?", "Is the budget ready?", one)
    assert not ReviewLease.objects.exists()


def test_a_second_opinion_changes_nothing(insight: Insight, reviewers: tuple[User, User, User]) -> None:
    """It is only stored; two different ones are settled by a third verdict, which counts."""
    one, two, three = (user.pk for user in reviewers)
    recorder.decide(insight.id, one, ACCEPTED)
    second = recorder.decide(insight.id, two, REJECTED, "ignored")
    assert (second.opinion, second.change_id, list(second.events)) == (Opinion.SECOND, None, [])
    assert review_of(insight) == (ACCEPTED, ACCEPTED, REJECTED)
    assert insight.text == "Is the budget ready?"
    with pytest.raises(AlreadyReviewed):
        recorder.decide(insight.id, three, REJECTED)
    settled = recorder.decide(insight.id, three, REJECTED, blind=False)
    assert (settled.opinion, len(settled.events)) == (Opinion.SETTLED, 1)
    assert review_of(insight) == (REJECTED, ACCEPTED, REJECTED)
    assert recorder.decide(insight.id, one, ACCEPTED, blind=False).opinion is Opinion.CHANGED
    assert review_of(insight) == (ACCEPTED, ACCEPTED, REJECTED)


def test_two_reviewers_at_the_same_time(insight: Insight, reviewers: tuple[User, User, User], settings: Any) -> None:
    """Whoever comes second without having seen a verdict gives a second opinion, even if none was wanted."""
    settings.REVIEW_SECOND_OPINIONS = 0
    one, two, _ = (user.pk for user in reviewers)
    recorder.decide(insight.id, one, ACCEPTED)
    assert not InsightReview.objects.get().second_wanted
    assert recorder.decide(insight.id, two, REJECTED).opinion is Opinion.SECOND


def test_a_verdict_of_the_owner_comes_first(insight: Insight, owner: User, reviewers: tuple[User, User, User]) -> None:
    """What was reviewed elsewhere meanwhile is not overwritten."""
    recorder.review_insight(insight.id, REJECTED, owner.pk)
    with pytest.raises(AlreadyReviewed):
        recorder.decide(insight.id, reviewers[0].pk, ACCEPTED)
    assert review_of(insight) == (REJECTED, "", "")


def test_changing_ones_mind(insight: Insight, reviewers: tuple[User, User, User]) -> None:
    """The last verdict of the first reviewer is the first opinion, until there is a second one."""
    one, two, _ = (user.pk for user in reviewers)
    recorder.decide(insight.id, one, ACCEPTED)
    again = recorder.decide(insight.id, one, REJECTED)
    assert review_of(insight) == (REJECTED, REJECTED, "")
    recorder.take_back(insight.id, one, again.opinion, again.change_id)
    assert review_of(insight) == (ACCEPTED, ACCEPTED, "")
    recorder.decide(insight.id, two, ACCEPTED)
    with pytest.raises(AlreadyReviewed):
        recorder.decide(insight.id, one, REJECTED)


def test_taking_back(insight: Insight, reviewers: tuple[User, User, User]) -> None:
    """The last opinion is removed first; one that another reviewer followed stays."""
    one, two, three = (user.pk for user in reviewers)
    first = recorder.decide(insight.id, one, ACCEPTED, "Other words")
    second = recorder.decide(insight.id, two, REJECTED)
    settled = recorder.decide(insight.id, three, REJECTED, blind=False)
    with pytest.raises(ChangeConflict):
        recorder.take_back(insight.id, one, first.opinion, first.change_id)
    with pytest.raises(ChangeConflict):
        recorder.take_back(insight.id, two, second.opinion, second.change_id)
    with pytest.raises(ChangeConflict):
        recorder.take_back(insight.id, one, settled.opinion, settled.change_id)
    recorder.take_back(insight.id, three, settled.opinion, settled.change_id)
    assert review_of(insight) == (ACCEPTED, ACCEPTED, REJECTED)
    recorder.take_back(insight.id, two, second.opinion, second.change_id)
    assert review_of(insight) == (ACCEPTED, ACCEPTED, "")
    recorder.take_back(insight.id, one, first.opinion, first.change_id)
    assert review_of(insight) == ("pending", "", "")
    assert insight.text == "Is the budget ready?"


def test_a_reset_begins_anew(insight: Insight, owner: User, reviewers: tuple[User, User, User]) -> None:
    """After somebody set the insight back to pending, the next verdict is a first opinion again."""
    one, two, _ = (user.pk for user in reviewers)
    recorder.decide(insight.id, one, ACCEPTED)
    recorder.decide(insight.id, two, REJECTED)
    recorder.review_insight(insight.id, "pending", owner.pk)
    assert recorder.decide(insight.id, two, REJECTED).opinion is Opinion.FIRST
    assert review_of(insight) == (REJECTED, REJECTED, "")


def test_errors(insight: Insight, reviewers: tuple[User, User, User]) -> None:
    """Other verdicts, empty texts and unknown insights are refused, and nothing is stored."""
    one = reviewers[0].pk
    with pytest.raises(RecorderError, match="verdict: 'pending' is not one of accepted, rejected"):
        recorder.decide(insight.id, one, "pending")
    with pytest.raises(RecorderError):
        recorder.decide(insight.id, one, ACCEPTED, "  ")
    with pytest.raises(UnknownMessage):
        recorder.decide(uuid4(), one, ACCEPTED)
    assert review_of(insight) == ("pending", "", "")


@pytest.mark.parametrize(("percent", "least", "most"), [(0, 0, 0), (10, 20, 180), (100, 1000, 1000)])
def test_the_share_of_second_opinions(percent: int, least: int, most: int, settings: Any) -> None:
    """About the configured share of random ids is asked about twice; the same id always gets the same answer."""
    from insights.recorder.reviews import _wants_second

    settings.REVIEW_SECOND_OPINIONS = percent
    ids = [uuid4() for _ in range(1000)]
    wanted = [one for one in ids if _wants_second(one)]
    assert least <= len(wanted) <= most
    assert wanted == [one for one in ids if _wants_second(one)]
