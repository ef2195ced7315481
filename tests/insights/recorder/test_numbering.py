"""Design law 2: events are numbered without gap, and a cursor plus what comes after it is everything.

These tests run on the database of the settings; `tests/insights/test_postgres.py` runs them on PostgreSQL too.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from threading import Barrier, Event
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from insights import database, queries, recorder
from insights.database import connection_closed_after
from insights.models import Conversation, Message, Topic
from insights.models import Event as EventRow
from insights.recorder import Listening, SpeakerIdentity, StoredEvent, record_results, topics
from tests.insights.conftest import opening, utterance

pytestmark = pytest.mark.django_db(transaction=True)
THREADS, TURNS = 8, 6
START = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)


@pytest.fixture(params=["one process", "as many processes"])
def processes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, plain_analysis: None) -> str:
    """Run the test with threads that share process memory, and with threads that share only the database."""
    if request.param != "one process":

        @contextmanager
        def own_memory(conversation_id: int) -> Iterator[topics.TopicCounts]:
            yield topics.TopicCounts()

        monkeypatch.setattr(record_results.topics, "remembered", own_memory)
        monkeypatch.setattr(database._sqlite_writer, "writing", nullcontext)
    return str(request.param)


def at_once(work: Callable[[int], object], threads: int = THREADS) -> list[object]:
    """Run the work in concurrent threads; each one closes its connection."""
    barrier = Barrier(threads)

    @connection_closed_after
    def run(number: int) -> object:
        barrier.wait(timeout=60)
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))


def test_eight_writers_leave_no_gap(processes: str, owner: User) -> None:
    """Eight threads that write to one conversation get consecutive numbers, and nothing is lost or repeated."""
    joined = recorder.open_conversation(opening(owner))

    def speak(number: int) -> list[StoredEvent]:
        events = []
        for turn in range(TURNS):
            said = utterance(f"Speaker {number} says budget number {turn}. Is it?", START)
            events += recorder.record(joined.conversation_id, said, Listening())
        return events

    returned = [event for events in at_once(speak) for event in events]  # type: ignore[attr-defined]
    stored = queries.events_after(joined.conversation_id, joined.cursor, 10_000)
    assert sorted(returned, key=lambda event: event.number) == stored
    assert [event.number for event in stored] == list(range(joined.cursor + 1, joined.cursor + 1 + len(stored)))
    assert Conversation.objects.get().last_event == stored[-1].number
    numbers = [message.number for message in Message.objects.order_by("number")]
    assert numbers == list(range(1, 2 * THREADS * TURNS + 1))
    told = [message["number"] for event in stored if event.kind == "messages" for message in event.payload["messages"]]
    assert told == numbers


def test_readers_see_every_event_once_and_in_order(processes: str, owner: User) -> None:
    """Readers that follow with a cursor during writes get every event once and in order."""
    joined = recorder.open_conversation(opening(owner))
    expected = joined.cursor + 4 * TURNS

    def work(number: int) -> list[int]:
        if number % 2:
            for turn in range(TURNS):
                recorder.record(joined.conversation_id, utterance(f"It is {turn}", START), Listening())
            return []
        seen: list[int] = []
        while not seen or seen[-1] < expected:
            Event().wait(0.005)  # leave the processor to the writers
            seen += [event.number for event in queries.events_after(joined.conversation_id, seen[-1] if seen else 0, 3)]
        return seen

    for seen in at_once(work):
        assert seen in ([], list(range(1, expected + 1)))


def test_any_cursor_and_the_rest_is_everything(owner: User, plain_analysis: None) -> None:
    """For any cursor and page size, the events before and after the cursor are the whole history."""
    joined = recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("a", "Ada")))
    for turn in range(5):
        recorder.record(joined.conversation_id, utterance(f"Will budget {turn} do?", START), Listening())
    everything = queries.events_after(joined.conversation_id, 0, 10_000)
    assert [event.number for event in everything] == list(range(1, len(everything) + 1))
    for cursor in range(len(everything) + 1):
        for size in (1, 2, 7):
            seen = everything[:cursor]
            while page := queries.events_after(joined.conversation_id, len(seen), size):
                seen = seen + page
            assert seen == everything


def test_topics_agree_with_those_of_a_single_writer(processes: str, owner: User) -> None:
    """Topics of concurrent writers refer to every message that has them."""
    joined = recorder.open_conversation(opening(owner))

    def speak(number: int) -> object:
        return recorder.record(joined.conversation_id, utterance("The budget report is late", START), Listening())

    at_once(speak)
    strongest = Topic.objects.order_by("-score").first()
    assert strongest is not None
    assert strongest.references.count() == THREADS
    topic = [t for event in queries.events_after(joined.conversation_id, 0) for t in event.payload.get("topics", ())][-1]
    assert len(set(topic["messageIds"])) == THREADS


def test_one_of_eight_starts_the_conversation(processes: str, owner: User) -> None:
    """Eight sessions open one connection id concurrently: one starts the conversation, seven join it."""
    joined = at_once(lambda number: recorder.open_conversation(opening(owner, speaker=SpeakerIdentity(f"u{number}", "Ada"))))
    assert sum(answer.created for answer in joined) == 1  # type: ignore[attr-defined]
    assert Conversation.objects.count() == 1
    assert [event.number for event in EventRow.objects.order_by("number")] == list(range(1, THREADS + 2))


def test_one_of_eight_ends_it(processes: str, owner: User) -> None:
    """The last eight sessions leave concurrently, and the conversation ends once."""
    sessions = [uuid4() for _ in range(THREADS)]
    for session in sessions:
        recorder.open_conversation(opening(owner, session_id=session))
    ends = at_once(lambda number: recorder.leave(sessions[number], final=True))
    assert sum(len(events) for events in ends) == 1  # type: ignore[arg-type]
    assert EventRow.objects.filter(kind="conversation_completed").count() == 1
