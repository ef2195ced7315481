"""The JSON forms of what is stored."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from insights.models import Insight, Member, Message, TrackerMatch
from insights.payloads import assignee_snapshot, iso, member_json, tracker_snapshots
from insights.snapshots import MemberSnapshot

NOW = datetime(2026, 3, 2, 14, 0, 0, 123456, tzinfo=UTC)


def test_times_are_utc_with_milliseconds() -> None:
    """A time of any zone is written in UTC with a Z."""
    assert iso(NOW) == "2026-03-02T14:00:00.123Z"
    assert iso(NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))) == "2026-03-02T14:00:00.123Z"


@given(st.datetimes(datetime(1900, 1, 1), datetime(9999, 12, 30), timezones=st.sampled_from([UTC, timezone(timedelta(hours=-8))])))
def test_times_can_be_read_back(at: datetime) -> None:
    """Parsing a written time loses less than a millisecond."""
    assert timedelta(0) <= at - datetime.fromisoformat(iso(at)) < timedelta(milliseconds=1)


def test_unknown_members_are_null() -> None:
    """No member is null; a member known only by name has a name and no id."""
    assert member_json(None) is None
    assert assignee_snapshot(Insight()) is None
    assert assignee_snapshot(Insight(assignee_name="Zoe")) == MemberSnapshot("", "Zoe")
    member = Member(name="Ada", user_id="a")
    assert member_json(member) == {"id": str(member.id), "name": "Ada", "userId": "a", "email": ""}


def test_hits_are_grouped_by_tracker_and_phrase() -> None:
    """Trackers, phrases, and offsets in messages and in insights are grouped separately."""
    message = Message(text="We buy it, we sell it", started_at=NOW, ended_at=NOW)
    insight = Insight(text="We buy it", type="action_item")

    def hit(tracker: str, value: str, offset: int, found: Insight | None = None) -> TrackerMatch:
        return TrackerMatch(
            tracker_id=tracker, tracker_name=tracker, value=value, text=value, offset=offset, message=message, insight=found
        )

    found = tracker_snapshots([hit("t", "buy", 3), hit("u", "it", 7), hit("t", "buy", 3, insight), hit("t", "sell", 14)])
    trackers: list[Any] = [tracker.dump() for tracker in found]
    assert [(tracker["id"], [match["value"] for match in tracker["matches"]]) for tracker in trackers] == [
        ("t", ["buy", "sell"]),
        ("u", ["it"]),
    ]
    buy = trackers[0]["matches"][0]
    assert [ref["id"] for ref in buy["messageRefs"]] == [str(message.id)]
    assert [(ref["id"], ref["type"]) for ref in buy["insightRefs"]] == [(str(insight.id), "action_item")]
    assert tracker_snapshots([]) == ()
