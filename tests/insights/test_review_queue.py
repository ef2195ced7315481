"""The review queue: which insights a reviewer gets, in which order, and the figures of the reviews."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from insights import queries, recorder
from insights.models import Conversation, Insight, Message
from insights.portal.sample import store_sample
from insights.queries import QueuePlace, ReviewFilter, ReviewState, Verdicts
from tests.insights.conftest import speaker_of

Make = Callable[..., list[Insight]]


@pytest.fixture
def make(owner: User) -> Make:
    """Return a function that stores a conversation with a sentence and an insight for each confidence."""

    def stored(*confidences: float, kind: str = "question", of: User = owner) -> list[Insight]:
        now = timezone.now()
        talk = Conversation.objects.create(owner=of, connection_id=f"talk {Conversation.objects.count()}", name="Talk", started_at=now)
        speaker, found = speaker_of(talk), []
        for number, confidence in enumerate(confidences, 1):
            said = Message.objects.create(
                conversation=talk, speaker=speaker, number=number, text=f"Sentence {number}?", started_at=now, ended_at=now
            )
            found.append(Insight.objects.create(conversation=talk, message=said, type=kind, text=said.text, confidence=confidence))
        return found

    return stored


@pytest.fixture
def reviewers(db: None) -> tuple[User, User]:
    """Return two reviewers."""
    return User.objects.create_user("one@example.org"), User.objects.create_user("two@example.org")


def queue(reviewer: User, **wanted: Any) -> list[float]:
    """Return the confidences of the insights that a reviewer gets, in order."""
    places = {name: wanted.pop(name) for name in ("after", "before") if name in wanted}
    found = queries.queue_candidates(reviewer.pk, ReviewFilter(**wanted), timezone.now(), 10, **places)
    return [one.place.confidence for one in found]


def test_lowest_confidence_first(make: Make, reviewers: tuple[User, User], other_owner: User) -> None:
    """The insights of all accounts are in one order; those of the same confidence are there once each."""
    make(0.9, 0.6)
    make(0.7, 0.7, of=other_owner)
    assert queue(reviewers[0]) == [0.6, 0.7, 0.7, 0.9]
    first = queries.queue_candidates(reviewers[0].pk, ReviewFilter(), timezone.now(), 10)
    seen = []
    place: QueuePlace | None = None
    while found := queries.queue_candidates(reviewers[0].pk, ReviewFilter(), timezone.now(), 1, after=place):
        place = found[0].place
        seen.append(place)
    assert seen == [one.place for one in first]
    assert queue(reviewers[0], before=place) == [0.7, 0.7, 0.6]


def test_what_is_not_in_the_queue(make: Make, owner: User, reviewers: tuple[User, User]) -> None:
    """Insights in the bin, of the sample, with a verdict, added by a person, or open at another reviewer's."""
    sample = make(0.05)[0]
    Conversation.objects.filter(pk=sample.conversation_id).update(sample=True)
    binned, reviewed, added, leased, left = (make(confidence)[0] for confidence in (0.1, 0.2, 0.3, 0.4, 0.5))
    recorder.bin_conversation(binned.conversation_id, owner.pk)
    recorder.review_insight(reviewed.pk, "accepted", owner.pk)
    recorder.add_insight(added.message_id, owner.pk, "question", recorder.InsightEdit(text="By hand"))
    recorder.lease_insight(leased.pk, reviewers[1].pk, timezone.now() + timedelta(minutes=5))
    assert queue(reviewers[0]) == [0.3, 0.5]
    assert queue(reviewers[1]) == [0.3, 0.4, 0.5]
    assert queries.waiting_for(reviewers[0].pk, 100) == 3
    assert queries.waiting_for(reviewers[0].pk, 2) == 2
    assert queries.insight_to_review(binned.pk) is queries.insight_to_review(sample.pk) is None
    assert queries.insight_to_review(left.pk) == left


def test_the_sample_is_not_reviewed(owner: User, reviewers: tuple[User, User]) -> None:
    """Its insights are in no queue, no figure and no training data, also after its owner accepted one."""
    talk = store_sample(owner.pk)
    found = Insight.objects.filter(conversation_id=talk)
    assert found.count() > 1
    recorder.review_insight(found[0].pk, "accepted", owner.pk)
    assert queue(reviewers[0]) == queue(reviewers[0], state=ReviewState.ACCEPTED) == []
    assert queries.waiting_for(reviewers[0].pk, 100) == 0
    assert queries.waiting_by_kind() == queries.verdicts_by_week([timezone.now() - timedelta(days=7)]) == {}
    assert [row for batch in queries.reviewed_in_batches(ReviewFilter()) for row in batch] == []


def test_filters(make: Make, owner: User, other_owner: User, reviewers: tuple[User, User]) -> None:
    """By type, account, conversation, confidence and age."""
    make(0.4, 0.6, 0.95)
    (task,) = make(0.5, kind="action_item", of=other_owner)
    Insight.objects.filter(confidence=0.6).update(found_at=timezone.now() - timedelta(days=40))
    one = reviewers[0]
    assert (
        queue(one, kind="action_item") == queue(one, owner_id=other_owner.pk) == queue(one, conversation_id=task.conversation_id) == [0.5]
    )
    assert queue(one, owner_id=owner.pk, kind="action_item") == []
    assert queue(one, least=0.5, below=0.9) == [0.5, 0.6]
    assert queue(one, since=timezone.now() - timedelta(days=30)) == [0.4, 0.5, 0.95]


def test_second_opinions_are_blind(make: Make, reviewers: tuple[User, User], settings: Any) -> None:
    """The other reviewer gets the insight in the order of the queue, and it is in no list of verdicts until both have decided."""
    settings.REVIEW_SECOND_OPINIONS = 100
    low, high = make(0.3, 0.8)
    one, two = reviewers
    recorder.decide(high.pk, one.pk, "accepted")
    assert queue(one) == [0.3]
    found = queries.queue_candidates(two.pk, ReviewFilter(), timezone.now(), 10)
    assert [(candidate.place.insight_id, candidate.second) for candidate in found] == [(low.pk, False), (high.pk, True)]
    assert queue(two, after=queries.place_of(low.pk)) == [0.8]
    assert queue(one, state=ReviewState.ACCEPTED) == [0.8]
    assert queue(two, state=ReviewState.ACCEPTED) == []
    assert queries.is_second_opinion(high.pk, two.pk)
    assert not queries.is_second_opinion(high.pk, one.pk)
    recorder.decide(high.pk, two.pk, "rejected")
    assert queue(two) == queue(one) == [0.3]
    assert (
        queue(one, state=ReviewState.DISAGREED)
        == queue(two, state=ReviewState.DISAGREED)
        == queue(two, state=ReviewState.ACCEPTED)
        == [0.8]
    )
    assert queries.disagreements() == 1
    assert [row for batch in queries.reviewed_in_batches(ReviewFilter()) for row in batch] == [], "which label it gets is open"
    recorder.decide(high.pk, one.pk, "rejected", blind=False)
    assert queue(one, state=ReviewState.DISAGREED) == []
    assert [row.review for batch in queries.reviewed_in_batches(ReviewFilter()) for row in batch] == ["rejected"]


def test_figures(make: Make, owner: User, reviewers: tuple[User, User], settings: Any) -> None:
    """Verdicts count in the week in which the insight was found; pairs of opinions count by kind."""
    settings.REVIEW_SECOND_OPINIONS = 100
    old, new, wrong, _ = make(0.3, 0.8, 0.9, 0.95)
    now = timezone.now()
    weeks = [now - timedelta(days=days) for days in (14, 7)]
    Insight.objects.filter(pk=old.pk).update(found_at=now - timedelta(days=10))
    one, two = (user.pk for user in reviewers)
    for insight, first, second in ((old, "accepted", "accepted"), (new, "accepted", "rejected"), (wrong, "rejected", "rejected")):
        recorder.decide(insight.pk, one, first)
        recorder.decide(insight.pk, two, second)
    assert queries.verdicts_by_week(weeks) == {"question": {0: Verdicts(1, 0), 1: Verdicts(1, 1)}}
    pairs = {("accepted", "accepted"): 1, ("accepted", "rejected"): 1, ("rejected", "rejected"): 1}
    assert queries.opinion_pairs() == {"question": pairs}
    assert queries.waiting_by_kind() == {"question": 1}
    recorder.bin_conversation(old.conversation_id, owner.pk)
    assert queries.verdicts_by_week(weeks) == {}
    assert queries.waiting_by_kind() == {}
    assert queries.second_opinions_waiting() == queries.disagreements() == 0


def plans(statements: Sequence[str]) -> str:
    """Return the plans of statements, as the database describes them."""
    lines = []
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # the tables are too small for an index to be worth it
        for statement in statements:
            cursor.execute(("EXPLAIN QUERY PLAN " if connection.vendor == "sqlite" else "EXPLAIN ") + statement)
            lines += [str(row) for row in cursor.fetchall()]
    return "\n".join(lines)


def test_the_figures_read_only_what_they_count(make: Make) -> None:
    """Verdicts and what waits are each counted in an index that has no other insights. PostgreSQL chooses by the size of its tables."""
    if connection.vendor != "sqlite":
        pytest.skip("only SQLite's choice does not depend on the number of rows")
    make(0.4, 0.6)
    with CaptureQueriesContext(connection) as context:
        assert queries.waiting_by_kind() == {"question": 2}
    assert all("insight_waiting" in plans([query["sql"]]) for query in context)
    with CaptureQueriesContext(connection) as context:
        queries.verdicts_by_week([timezone.now()])
    assert "insight_verdicts" in plans([context[0]["sql"]])


def test_the_queue_is_read_in_the_order_of_an_index(make: Make, reviewers: tuple[User, User], settings: Any) -> None:
    """Nothing is sorted, and only the rows of the partial indexes are read."""
    settings.REVIEW_SECOND_OPINIONS = 100
    recorder.decide(make(*(place / 100 for place in range(50)))[0].pk, reviewers[1].pk, "accepted")
    with CaptureQueriesContext(connection) as context:
        queries.queue_candidates(reviewers[0].pk, ReviewFilter(), timezone.now(), 1)
    assert len(context) == 2
    plan = plans([query["sql"] for query in context])
    assert "insight_waiting" in plan
    assert "insight_review_second_waits" in plan
    assert "conversation_unreviewed" in plan
    assert "USE TEMP B-TREE" not in plan
    assert "Sort" not in plan
