"""The number of database queries of an API request does not grow with the conversation."""

from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from insights import recorder
from insights.analysis.trackers import Tracker
from insights.models import Conversation
from insights.recorder import Listening, SpeakerIdentity
from tests.insights.api.conftest import Api, token_of
from tests.insights.conftest import Say, opening, utterance
from tests.insights.test_access_table import OWN_API, TABLE

BELOW = [
    route.removeprefix("v1/conversations/<conversation_id>")
    for route, access in TABLE.items()
    if route.startswith("v1/conversations/<") and access == OWN_API and route.count("<") == 1
]

DERIVED = ("/analytics", "/experiences", "/summary")


def count_queries(api: Api, path: str, **query: object) -> int:
    """Return how many queries a request takes."""
    with CaptureQueriesContext(connection) as queries:
        api.read(path, **query)
    return len(queries)


def test_a_long_conversation_costs_no_more_queries(api: Api, talk: Conversation, say: Say, owner: User) -> None:
    """Each resource takes the same small number of queries for a short and for a long conversation."""
    before = {path: count_queries(api, path) for path in BELOW}
    for number in range(12):
        speaker = recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("", f"Speaker {number}")))
        said = utterance(f"Is the budget number {number} there? Ada will call tomorrow.", speaker.started_at)
        member = speaker.member.id if speaker.member else None
        recorder.record(talk.id, said, Listening(member_id=member, trackers=(Tracker("Money", ("budget",)),)))
    after = {path: count_queries(api, path) for path in BELOW}
    for path in DERIVED:  # besides: whether an event changed older messages; of a summary also the chosen messages
        assert max(before.pop(path), after.pop(path)) <= 6, path
    assert after == before
    assert max(before.values()) <= 4, before  # the app with its owner, the conversation, the rows and their related rows


def test_a_long_list_costs_no_more_queries(owner: User) -> None:
    """The list of conversations with their members takes the same number of queries for any length."""
    api = Api(token_of(owner))
    api.root = "/v1/conversations"
    counts = []
    for rooms in (range(1), range(1, 30)):
        for number in rooms:
            recorder.open_conversation(opening(owner, f"room-{number}", speaker=SpeakerIdentity("", "Ada")))
        counts.append(count_queries(api, "", limit=100))
    assert counts == [3, 3]
