"""GET /v1/conversations and GET /v1/conversations/{id}."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from insights import recorder
from insights.models import Conversation
from tests.insights.api.conftest import Api, token_of
from tests.insights.conftest import opening


@pytest.fixture
def many(owner: User, other_owner: User) -> Api:
    """Return an API client with five conversations on five days, the newest today, and one conversation of another user."""
    for day in range(5):
        joined = recorder.open_conversation(opening(owner, f"room-{day}", name=f"Day {day}"))
        started = timezone.now() - timedelta(days=day * 2)
        Conversation.objects.filter(id=joined.conversation_id).update(started_at=started)
    recorder.open_conversation(opening(other_owner, name="Foreign"))
    reader = Api(token_of(owner))
    reader.root = "/v1/conversations"
    return reader


def names(api: Api, **query: object) -> list[str]:
    """Return the conversation names in the list."""
    return [item["name"] for item in api.read(**query)["conversations"]]


def test_one_conversation(api: Api, talk: Conversation) -> None:
    """A conversation has its members, and a live one has no end time."""
    answer = api.read()
    assert answer["id"] == str(talk.id)
    assert (answer["type"], answer["name"], answer["metadata"]) == ("meeting", str(talk.id), {})
    assert [(member["name"], member["email"]) for member in answer["members"]] == [("Ada", "ada@example.org"), ("Ben", "ben@example.org")]
    assert answer["startTime"].endswith("Z")
    assert "endTime" not in answer
    Conversation.objects.update(ended_at=talk.started_at)
    assert api.read()["endTime"] == answer["startTime"]


def test_the_last_seven_days_oldest_first(many: Api) -> None:
    """By default the list holds the user's conversations of the last seven days in ascending order."""
    assert names(many) == ["Day 3", "Day 2", "Day 1", "Day 0"]


@pytest.mark.parametrize("zone", ["Z", "+14:00", "-14:00"])
def test_extreme_dates_are_accepted(many: Api, zone: str) -> None:
    """Dates at the limits of the calendar get a normal response."""
    first, last = f"0001-01-01T00:00:00{zone}", f"9999-12-31T23:59:59{zone}"
    assert names(many, endTime=first) == names(many, startTime=last) == []
    assert len(names(many, startTime=first, endTime=last)) >= len(names(many)) > 0


def test_order_limit_offset(many: Api) -> None:
    """Pages are consecutive in ascending and in descending order."""
    assert names(many, order="desc", limit=2) == ["Day 0", "Day 1"]
    assert names(many, order="desc", limit=2, offset=2) == ["Day 2", "Day 3"]
    assert names(many, limit=0) == []
    assert names(many, sort="conversation.startTime", limit=1) == ["Day 3"]


def test_times(many: Api) -> None:
    """startTime and endTime bound the list; times without a zone are UTC; endTime alone selects the week before it."""
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
        ({"startTime": "yesterday"}, "startTime: must be a time such as 2026-03-02T14:00:00Z"),
        ({"startTime": "0.5"}, "startTime: must be a time such as 2026-03-02T14:00:00Z"),
        ({"filter": "a==b"}, "filter: there is no such field"),
        ({"filter": "name==a,name==b"}, "filter: OR"),
        ({"filter": "name==a;name==b;name==c"}, "filter: must have at most 2 comparisons"),
    ],
)
def test_an_invalid_query_parameter_is_named(many: Api, query: dict[str, object], allowed: str) -> None:
    """An invalid query parameter gets 400 with the field and the allowed values."""
    answer = many.get(**query)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith(allowed)


def test_filters(many: Api, owner: User) -> None:
    """`filter` compares fields and metadata, also of conversations older than seven days; all of several filters must be true."""
    old = Conversation.objects.get(name="Day 4")
    old.metadata = {"agentId": "johndoe", "team": "sales"}
    old.save()
    assert names(many, filter="conversation.metadata.agentId==johndoe") == ["Day 4"]
    assert names(many, filter=["metadata.team==sales;name!=Day", "name=in=('Day 4','Day 3')"]) == ["Day 4"]
    assert names(many, filter=["metadata.team==sales", "name=='Day 3'"]) == []
    assert names(many, filter="") == names(many)
    in_a_week = timezone.now() - timedelta(days=7)
    assert names(many, filter="metadata.team==sales", startTime=in_a_week.isoformat()) == []
    assert many.read(filter="metadata.team==sales")["conversations"][0]["metadata"] == {"agentId": "johndoe", "team": "sales"}
