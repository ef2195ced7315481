"""Long responses: complete and in order, in small steps, limited, and aborted on an error."""

import asyncio
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.handlers.asgi import ASGIHandler
from django.db import connection
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from insights import access, insight_kinds, long_responses, queries
from insights.long_responses import MOST_PER_ACCOUNT, TooManyAnswers
from insights.models import App, Conversation, Entity, Insight, Member, Message, Speaker, Topic, TopicReference, TrackerMatch
from insights.payloads import tracker_snapshots
from insights.queries import batches, spoken
from tests.insights.api.conftest import Api, token_of

COUNT = 230
TEXT = "We send the report on Friday. " * 40
LISTS = {
    "messages": "messages",
    "questions": "questions",
    "action-items": "actionItems",
    "follow-ups": "followUps",
    "insights": "insights",
    "topics": "topics",
    "members": "members",
}


@pytest.fixture
def long_talk(owner: User) -> Conversation:
    """Return a conversation with more of everything than one batch; its messages are a long response."""
    start = timezone.now() - timedelta(hours=1)
    talk = Conversation.objects.create(
        owner=owner, connection_id="long", name="long", started_at=start, ended_at=start, message_count=COUNT
    )
    people = [Member(conversation=talk, user_id=f"u{number}@example.org", name=f"Speaker {number}") for number in range(COUNT)]
    Member.objects.bulk_create(people)
    voices = [Speaker(conversation=talk, number=number, member=member) for number, member in enumerate(people[:7], 1)]
    Speaker.objects.bulk_create(voices)
    messages = [
        Message(conversation=talk, number=number, speaker=voices[number % 7], text=TEXT, started_at=start, ended_at=start)
        for number in range(1, COUNT + 1)
    ]
    Message.objects.bulk_create(messages)
    kinds = [*(kind.name for kind in insight_kinds.kinds()), "question"]
    insights = [
        Insight(conversation=talk, message=message, type=kind, text="Send it", confidence=0.5, review="pending")
        for message in messages
        for kind in kinds
    ]
    Insight.objects.bulk_create(insights)
    Entity.objects.bulk_create(
        Entity(message=message, type="person", text=name, offset=place, value={"name": name.title()})
        for message in messages
        for place, name in enumerate(["Ada", "ada", "Zoe", f"Bob {message.number % 3}"])
    )
    topics = [Topic(conversation=talk, text=f"topic {number}", score=(number % 10) / 10) for number in range(COUNT)]
    Topic.objects.bulk_create(topics)
    TopicReference.objects.bulk_create(TopicReference(topic=topic, message=messages[at]) for topic in topics for at in (0, 5, 2))
    TrackerMatch.objects.bulk_create(
        TrackerMatch(
            conversation=talk, tracker_name="Money", tracker_id=f"t-{number % 2}", value=f"v{number % 3}", text="x", offset=0,
            message=messages[number % COUNT], insight=insights[number] if number % 4 == 0 else None,
        )
        for number in range(700)
    )  # fmt: skip
    return talk


@pytest.fixture
def reader(owner: User, long_talk: Conversation) -> Api:
    """Return an API client of the owner for the long conversation."""
    return Api(token_of(owner), long_talk.pk)


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """Close the database connections of threads before the test's database is removed."""
    long_responses._sending.clear()
    yield
    long_responses.close_threads()


def whole(reader: Api, path: str, **query: object) -> Any:
    """Return the JSON of a response, streamed or not."""
    response = reader.get(path, **query)
    assert response.status_code == 200, response.content
    return json.loads(response.getvalue())


def abandon(response: Any) -> None:
    """Release a response as a server does when its client has disconnected; `close` would close the test's database too."""
    for close in response._resource_closers:
        close()


def test_a_long_response_is_complete_and_in_order(reader: Api, long_talk: Conversation) -> None:
    """A streamed response has every message once, in the same form as a short one."""
    response = reader.get("/messages", verbose="true")
    assert response.streaming
    messages = json.loads(response.getvalue())["messages"]
    assert [one["id"] for one in messages] == [str(one.pk) for one in Message.objects.order_by("number")]
    assert all((one["text"], one["words"], one["conversationId"]) == (TEXT, [], str(long_talk.pk)) for one in messages)


def test_pages_return_every_message_once(reader: Api) -> None:
    """Pages by `limit` and `after` have no gap and no repeat."""
    for path, name in LISTS.items():
        everything = whole(reader, f"/{path}")[name]
        expected = 2 * COUNT if path == "questions" else 4 * COUNT if path == "insights" else COUNT
        assert len({one["id"] for one in everything}) == len(everything) == expected
        parts: list[Any] = []
        while part := whole(reader, f"/{path}", limit=170, **({"after": parts[-1]["id"]} if parts else {}))[name]:
            assert len(part) <= 170
            parts += part
        assert parts == everything


REFUSED: list[tuple[dict[str, object], str]] = [
    ({"limit": 0}, "limit: Input should be greater than or equal to 1"),
    ({"limit": 1001}, "limit: Input should be less than or equal to 1000"),
    ({"limit": "x"}, "limit: Input should be a valid integer"),
    ({"after": "x"}, "after: Input should be a valid UUID"),
    ({"after": "12345678-1234-1234-1234-123456789012"}, "after: is not the id of an item of this list"),
]


def test_an_invalid_page_is_refused(reader: Api) -> None:
    """An invalid parameter gets 400 with the field and the allowed values."""
    for path in LISTS:
        for query, message in REFUSED:
            response = reader.get(f"/{path}", **query)
            assert response.status_code == 400
            assert response.json()["message"].startswith(message)


def test_conversations_after_one(owner: User) -> None:
    """The list continues after a conversation, in either order, also among conversations with the same start."""
    now = timezone.now()
    for number in range(7):
        Conversation.objects.create(owner=owner, connection_id=str(number), name="same", started_at=now - timedelta(seconds=number // 3))
    reader = Api(token_of(owner))
    reader.root = "/v1/conversations"
    for order in ("asc", "desc"):
        everything = [one["id"] for one in reader.read(order=order)["conversations"]]
        assert len(everything) == 7
        for place, one in enumerate(everything):
            behind = reader.read(order=order, after=one, limit=2)["conversations"]
            assert [other["id"] for other in behind] == everything[place + 1 : place + 3]
    assert reader.get(after="1", offset=1).json()["message"].startswith("offset: is not allowed together with after")
    assert reader.get(after="1234567890123456").json()["message"].startswith("after: is not the id of one of your conversations")


def test_groups_over_the_whole_conversation(reader: Api, long_talk: Conversation) -> None:
    """Entities and trackers read in batches are grouped as if read at once."""
    assert whole(reader, "/trackers") == [tracker.dump() for tracker in tracker_snapshots(queries.tracker_matches_of(long_talk))]
    entities = whole(reader, "/entities")["entities"]
    assert [(one["text"], one["value"], len(one["messageRefs"])) for one in entities[:2]] == [
        ("Ada", "Ada", 2 * COUNT),
        ("Zoe", "Zoe", COUNT),
    ]
    assert len(entities) == 5
    assert [ref["offset"] for ref in entities[0]["messageRefs"]] == [0, 1] * COUNT


def test_many_members_and_references(reader: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Related rows of a batch beyond one query's limit are read in batches, with the same result."""
    before = [whole(reader, ""), whole(reader, "/topics")]
    monkeypatch.setattr(batches, "MOST_MEMBERS", 20)
    monkeypatch.setattr(batches, "MOST_REFERENCES", 10)
    assert [whole(reader, ""), whole(reader, "/topics")] == before
    assert len(before[0]["members"]) == COUNT


def test_each_batch_costs_the_same(reader: Api, long_talk: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    """More messages take one more query for each batch."""
    counts = []
    speaker = long_talk.speakers.first()
    monkeypatch.setattr(spoken, "BATCH", 100)
    for more in (0, 300):
        start, numbers = long_talk.started_at, range(COUNT + 1, COUNT + 1 + more)
        Message.objects.bulk_create(
            Message(conversation=long_talk, number=number, speaker=speaker, text=TEXT, started_at=start, ended_at=start)
            for number in numbers
        )
        with CaptureQueriesContext(connection) as asked:
            whole(reader, "/messages")
        counts.append(len(asked))
    assert counts[1] == counts[0] + 3


def test_chunks_are_small(reader: Api) -> None:
    """The size of a chunk does not grow with the response."""
    response = reader.get("/messages")
    sizes = [len(chunk) for chunk in response.streaming_content]
    assert max(sizes) < long_responses.SHORT_BYTES + 200 * len(TEXT)
    assert len(sizes) >= 2


def test_long_responses_are_limited_per_account(reader: Api, other_owner: User) -> None:
    """One more gets the API's 429 until one is closed; other accounts and short responses are not limited."""
    held = [reader.get("/messages") for _ in range(MOST_PER_ACCOUNT)]
    refused = reader.get("/messages")
    assert (refused.status_code, refused["Retry-After"]) == (429, "5")
    assert refused.json()["message"].startswith(f"At most {MOST_PER_ACCOUNT} long answers are sent to one account at a time")
    assert reader.get("/members", limit=3).status_code == 200
    download = Client()
    download.force_login(User.objects.get(username="owner"))
    assert download.get(f"/conversations/{Conversation.objects.get().pk}/download.json").status_code == 429
    other = long_responses.answer(RequestFactory().get("/"), iter([TEXT] * 10_000), account=other_owner.pk)
    abandon(other)
    abandon(held.pop())
    again = reader.get("/messages")
    assert again.status_code == 200
    for response in (*held, again):
        abandon(response)


def test_a_dropped_response_frees_its_slot() -> None:
    """A client that disconnects before its response begins holds no slot."""
    for _ in range(3 * MOST_PER_ACCOUNT):
        long_responses.answer(RequestFactory().get("/"), iter([TEXT] * 10_000), account=7)


def test_long_responses_are_limited_per_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the process limit every account gets 503."""
    monkeypatch.setattr(long_responses, "MOST_PER_PROCESS", 2)
    held = [long_responses.answer(RequestFactory().get("/"), iter([TEXT] * 10_000), account=account) for account in (1, 2)]
    with pytest.raises(TooManyAnswers) as refused:
        long_responses.answer(RequestFactory().get("/"), iter([TEXT] * 10_000), account=3)
    assert refused.value.status == 503
    for response in held:
        abandon(response)


class Exchange:
    """One request to Django's ASGI application by a client that reads only when told to."""

    def __init__(self, path: str, token: str) -> None:
        headers = [(b"host", b"testserver"), (b"x-api-key", token.encode())]
        scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": headers, "asgi": {"version": "3.0"}}
        self.sent: list[dict[str, Any]] = []
        self.reads, self.gone = asyncio.Semaphore(0), asyncio.Event()
        self.begun = False
        self.task = asyncio.create_task(ASGIHandler()({**scope, "http_version": "1.1"}, self._receive, self._send))

    async def _receive(self) -> dict[str, Any]:
        if not self.begun:
            self.begun = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)
        if message["type"] == "http.response.body":
            await self.reads.acquire()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until the condition is true."""
        async with asyncio.timeout(60):
            while not condition():  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    @property
    def complete(self) -> bool:
        """Whether the response has ended."""
        return any(message["type"] == "http.response.body" and not message.get("more_body") for message in self.sent)


@pytest.fixture
def read_by_request(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list that gets a row's number for each batch that is read."""
    read: list[int] = []
    original = queries.spoken_in

    def counted(*args: Any, **options: Any) -> Iterator[Any]:
        for batch in original(*args, **options):
            read.append(len(batch))
            yield batch

    monkeypatch.setattr(spoken, "BATCH", 100)
    monkeypatch.setattr(queries, "spoken_in", counted)
    monkeypatch.setattr(long_responses, "SHORT_BYTES", 1)
    return read


@pytest.mark.django_db(transaction=True)
async def test_a_client_that_does_not_read_costs_one_batch(reader: Api, read_by_request: list[int]) -> None:
    """Only the first batch is read until the client reads; afterwards all of them are, and the slot is free."""
    exchange = Exchange(f"{reader.root}/messages", reader.token)
    await exchange.until(lambda: len(exchange.sent) == 2)
    for _ in range(2):  # the first batch is three messages
        exchange.reads.release()
    await exchange.until(lambda: len(exchange.sent) == 4)
    assert read_by_request == [100]
    for _ in range(100):
        exchange.reads.release()
    await exchange.task
    body = b"".join(message.get("body", b"") for message in exchange.sent)
    assert exchange.complete
    assert len(json.loads(body)["messages"]) == COUNT
    assert [one for one in long_responses._sending if not one.closed] == []


@pytest.mark.django_db(transaction=True)
async def test_a_disconnect_ends_the_response(reader: Api, read_by_request: list[int]) -> None:
    """A client that disconnects in the middle leaves no task and no slot in use."""
    exchange = Exchange(f"{reader.root}/messages", reader.token)
    await exchange.until(lambda: len(exchange.sent) == 2)
    exchange.gone.set()
    await exchange.task
    assert not exchange.complete
    assert read_by_request == [100]
    assert [one for one in long_responses._sending if not one.closed] == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("ended", ["revoked", "deleted"])
async def test_lost_access_aborts_the_response(reader: Api, read_by_request: list[int], ended: str) -> None:
    """Revoking the app and deleting the conversation each abort the response without a closing bracket."""
    exchange = Exchange(f"{reader.root}/messages", reader.token)
    await exchange.until(lambda: len(exchange.sent) == 2)
    if ended == "revoked":
        await App.objects.aupdate(revoked_at=timezone.now())
    else:
        await Conversation.objects.all().adelete()
    for _ in range(100):
        exchange.reads.release()
    await exchange.task
    assert not exchange.complete


@pytest.mark.django_db(transaction=True)
async def test_an_error_aborts_the_response(
    reader: Api, read_by_request: list[int], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No closing bracket is sent; the log has the type of the error but not its message, which may hold spoken words."""
    exchange = Exchange(f"{reader.root}/messages", reader.token)
    await exchange.until(lambda: len(exchange.sent) == 2)

    def fail(*_: object) -> None:
        raise RuntimeError("the disk is gone")

    monkeypatch.setattr(spoken, "Spoken", fail)
    for _ in range(100):
        exchange.reads.release()
    await exchange.task
    assert not exchange.complete
    assert [one for one in long_responses._sending if not one.closed] == []
    assert "a long response was aborted (RuntimeError in" in caplog.text
    assert "the disk is gone" not in caplog.text


@pytest.mark.django_db(transaction=True)
async def test_a_stalled_client_is_disconnected(reader: Api, read_by_request: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that reads nothing for the time limit loses its slot."""
    monkeypatch.setattr(long_responses, "STALL_S", 0.2)
    exchange = Exchange(f"{reader.root}/messages", reader.token)
    async with asyncio.timeout(60):
        await exchange.task
    assert not exchange.complete
    assert [one for one in long_responses._sending if not one.closed] == []


def test_signing_out_aborts_a_download(owner: User, long_talk: Conversation) -> None:
    """A sign-out aborts a long download."""
    browser = Client()
    browser.force_login(owner)
    response = browser.get(f"/conversations/{long_talk.pk}/download.json")
    content = response.streaming_content
    next(content)
    browser.logout()
    with pytest.raises(long_responses.Withdrawn):
        list(content)
    abandon(response)


def test_a_request_without_credential_has_no_grant() -> None:
    """A request without a credential has no grant, so it is refused."""
    from insights.access.request_grants import grant_of_request

    assert grant_of_request(HttpRequest()) is None
    assert access.valid_grants([]) == set()
