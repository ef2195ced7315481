"""GET /v1/conversations and one of them."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from insights import recorder
from insights.models import Conversation
from tests.insights.api.conftest import Api, token_of
from tests.insights.conftest import opening


@pytest.fixture
def many(owner: User, stranger: User) -> Api:
    """Return the list's reader, with five conversations a day apart, the newest today, and one of somebody else."""
    for day in range(5):
        joined = recorder.open_conversation(opening(owner, f"room-{day}", name=f"Day {day}"))
        started = timezone.now() - timedelta(days=day * 2)
        Conversation.objects.filter(id=joined.conversation_id).update(started_at=started)
    recorder.open_conversation(opening(stranger, name="Foreign"))
    reader = Api(token_of(owner))
    reader.root = "/v1/conversations"
    return reader


def names(api: Api, **query: object) -> list[str]:
    """Return the names that the list answers."""
    return [item["name"] for item in api.read(**query)["conversations"]]


def test_one_conversation(api: Api, talk: Conversation) -> None:
    """One conversation has its members, and no end while it goes on."""
    answer = api.read()
    assert answer["id"] == str(talk.id)
    assert (answer["type"], answer["name"], answer["metadata"]) == ("meeting", str(talk.id), {})
    assert [(member["name"], member["email"]) for member in answer["members"]] == [("Ada", "ada@example.org"), ("Ben", "ben@example.org")]
    assert answer["startTime"].endswith("Z")
    assert "endTime" not in answer
    Conversation.objects.update(ended_at=talk.started_at)
    assert api.read()["endTime"] == answer["startTime"]


def test_the_last_seven_days_oldest_first(many: Api) -> None:
    """By default the list holds the last week, in ascending order, and nothing of anybody else."""
    assert names(many) == ["Day 3", "Day 2", "Day 1", "Day 0"]


@pytest.mark.parametrize("zone", ["Z", "+14:00", "-14:00"])
def test_the_ends_of_the_calendar(many: Api, zone: str) -> None:
    """Times that no reckoning survives are answered like any other."""
    first, last = f"0001-01-01T00:00:00{zone}", f"9999-12-31T23:59:59{zone}"
    assert names(many, endTime=first) == names(many, startTime=last) == []
    assert len(names(many, startTime=first, endTime=last)) >= len(names(many)) > 0


def test_order_limit_offset(many: Api) -> None:
    """Pages follow each other in either order."""
    assert names(many, order="desc", limit=2) == ["Day 0", "Day 1"]
    assert names(many, order="desc", limit=2, offset=2) == ["Day 2", "Day 3"]
    assert names(many, limit=0) == []
    assert names(many, sort="conversation.startTime", limit=1) == ["Day 3"]


def test_times(many: Api) -> None:
    """startTime and endTime bound the list; times without a zone are UTC; an end alone reaches back a week."""
    now = timezone.now()
    assert names(many, startTime=(now - timedelta(days=30)).isoformat()) == ["Day 4", "Day 3", "Day 2", "Day 1", "Day 0"]
    assert names(many, startTime=(now - timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%S")) == ["Day 1", "Day 0"]
    assert names(many, endTime=(now - timedelta(days=5)).isoformat()) == ["Day 4", "Day 3"]


@pytest.mark.parametrize(
    ("query", "allowed"),
    [
        ({"limit": -1}, "limit: Input should be greater than or equal to 0"),
        ({"limit": 65537}, "limit: Input should be less than or equal to 65536"),
        ({"offset": "x"}, "offset: Input should be a valid integer"),
        ({"order": "up"}, "order: Input should be 'asc' or 'desc'"),
        ({"sort": "name"}, "sort: Input should be 'conversation.startTime'"),
        ({"startTime": "yesterday"}, "startTime: Input should be a valid datetime"),
        ({"filter": "a==b"}, "filter: is not supported"),
    ],
)
def test_bad_queries_are_named(many: Api, query: dict[str, object], allowed: str) -> None:
    """A query that cannot be answers 400 with the field and what is allowed."""
    answer = many.get(**query)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(allowed)
