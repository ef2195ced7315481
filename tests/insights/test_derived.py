"""Cached figures and summaries: after an update they equal those computed from all messages."""

import random
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from insights import analysis, derived, queries, recorder
from insights.analysis import Topic, summarise
from insights.analytics import Figures, Talk, TimedMessage, measure
from insights.derived import Derived
from insights.models import Conversation, Message
from insights.recorder import Joined, Listening, SpeakerIdentity, Utterance
from tests.insights.api.conftest import Api, token_of
from tests.insights.conftest import Say, opening, utterance

TEXT = "the heat pump of school makes noise we replace budget zeppelin bridge in summer with a report about copper"
WORDS = TEXT.split()


def from_scratch(conversation: Conversation) -> tuple[Figures, list[str]]:
    """Return the figures and the summary's message ids, computed from all stored messages."""
    rows = list(Message.objects.filter(conversation=conversation).order_by("number"))
    spoken = [
        TimedMessage(row.member_id, row.offset_s, row.offset_s + row.duration_s, len(row.words) or len(row.text.split())) for row in rows
    ]
    topics = [Topic(row.text, row.score, (), row.sentiment) for row in queries.topics_of(conversation)]
    return measure(spoken, 0), [str(rows[index].id) for index in summarise([row.text for row in rows], topics)]


def queried(conversation: Conversation) -> tuple[Figures, list[str]]:
    """Return the results of the queries."""
    summary = queries.summary_of(conversation)
    texts = dict(Message.objects.filter(conversation=conversation).values_list("id", "text"))
    assert all({str(identity): text for identity, text in texts.items()}[identity] == text for identity, text in summary)
    return queries.figures_of(conversation, 0), [identity for identity, _ in summary]


@pytest.mark.parametrize("seed", range(4))
def test_cached_values_equal_computed_ones(
    seed: int, joined: Joined, owner: User, plain_analysis: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Late messages, corrections, renames and reads in any order give the same values."""
    monkeypatch.setattr(queries.derived, "PIECE", 3)
    monkeypatch.setattr(analysis.summary, "_MOST", 10)
    draw, members = random.Random(seed), [joined.member.id if joined.member else None, None]

    def say() -> None:
        text = " ".join(draw.choice(WORDS) for _ in range(draw.randrange(1, 12)))
        start = joined.started_at + timedelta(seconds=draw.randrange(60))
        said = utterance(text, start) if draw.random() < 0.7 else Utterance(text, (), 0.9, start, start + timedelta(seconds=2.5))
        recorder.record(joined.conversation_id, said, Listening(member_id=draw.choice(members)))

    def correct() -> None:
        if rows := list(Message.objects.order_by("number")):
            recorder.correct_message(draw.choice(rows).pk, " ".join(draw.choice(WORDS) for _ in range(8)), owner.pk)

    def join() -> None:
        who = recorder.open_conversation(opening(owner, speaker=SpeakerIdentity(f"u{draw.randrange(3)}", draw.choice(["", "Ben"]))))
        members.append(who.member.id if who.member else None)

    steps: list[Callable[[], None]] = [say, say, say, correct, join]
    for _ in range(25):
        draw.choice(steps)()
        if draw.random() < 0.5:
            conversation = Conversation.objects.get()
            assert queried(conversation) == from_scratch(conversation)
    assert Message.objects.count() > 5


def test_only_new_messages_are_read(joined: Joined, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new message costs one row, a correction all rows, and no change none."""
    read: list[TimedMessage] = []
    add = Talk.add
    monkeypatch.setattr(Talk, "add", lambda talk, piece: (read.append(piece), add(talk, piece)))

    def count() -> int:
        read.clear()
        queries.figures_of(Conversation.objects.get(), 0)
        return len(read)

    for _ in range(3):
        say("The bridge is there.")
    assert [count(), count()] == [3, 0]
    say("It is a bridge.")
    assert count() == 1
    recorder.correct_message(Message.objects.get(number=1).pk, "The ridge.", Conversation.objects.get().owner_id)
    assert [count(), count()] == [4, 0]


def test_a_deleted_conversation_is_dropped(joined: Joined, say: Say, owner: User) -> None:
    """The cache keeps nothing of a deleted conversation, and a read raises that it does not exist."""
    say("The heat pump of the school makes too much noise.")
    api = Api(token_of(owner), joined.conversation_id)
    assert len(api.read("/summary")["summary"]) == 1
    assert api.read("/analytics")["members"][0]["name"] == "Ada"
    kept = (queries.derived._talks, queries.derived._digests)
    assert [joined.conversation_id in one._entries for one in kept] == [True, True]
    recorder.delete_conversation(joined.conversation_id)
    assert [joined.conversation_id in one._entries for one in kept] == [False, False]
    assert [api.get(path).status_code for path in ("/summary", "/analytics")] == [404, 404]


def test_words_without_times_are_counted(joined: Joined, owner: User, plain_analysis: None) -> None:
    """The pace of a message without timed words counts its text, also after a correction."""
    start = joined.started_at
    recorder.record(joined.conversation_id, Utterance("One two three", (), 0.9, start, start + timedelta(seconds=60)), Listening())
    figures = queries.figures_of(Conversation.objects.get(), 0)
    assert figures.speakers[None].pace == 3
    recorder.correct_message(Message.objects.get().pk, "One two three four", owner.pk)
    assert queries.figures_of(Conversation.objects.get(), 0).speakers[None].pace == 4


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The least recently used value is dropped above the limit, and every value after a time without use."""
    kept: Derived[list[int]] = Derived(list, most=10)
    for number in range(4):
        with kept.of(number, pytest.fail) as entry:
            entry.value += [0] * 4
    assert list(kept._entries) == [2, 3]
    with kept.of(9, pytest.fail) as entry:
        entry.value += [0] * 50
    assert list(kept._entries) == [9]
    monkeypatch.setattr(derived, "KEPT_S", -1.0)
    with kept.of(1, pytest.fail):
        pass
    assert list(kept._entries) == [1]


def test_a_failed_update_drops_the_value() -> None:
    """A value whose update failed is computed again."""
    kept: Derived[list[int]] = Derived(list, most=10)

    def fail() -> None:
        with kept.of(1, pytest.fail) as entry:
            entry.value, entry.event = [1], 5
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with kept.of(1, pytest.fail) as entry:
        assert (entry.value, entry.event) == ([], -1)


def test_a_waiting_reader_calls_before_waiting() -> None:
    """A second reader of the same value calls `before_waiting`, waits, and gets the value that the first one computed."""
    kept: Derived[list[int]] = Derived(list, most=10)
    waiting, found = threading.Event(), list[list[int]]()

    def second() -> None:
        with kept.of(1, waiting.set) as entry:
            found.append(list(entry.value))

    with kept.of(1, pytest.fail) as entry:
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(30)
        entry.value.append(7)
    thread.join(30)
    assert found == [[7]]


def test_few_readers_compute_long_conversations_at_once(joined: Joined, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that is more than one batch behind waits for a slot."""
    monkeypatch.setattr(queries.derived, "PIECE", 2)
    turn = threading.BoundedSemaphore(1)
    monkeypatch.setattr(queries.derived, "_long_reads", turn)
    taken: list[bool] = []
    add = Talk.add
    monkeypatch.setattr(
        Talk, "add", lambda talk, piece: (taken.append(not turn.acquire(blocking=False) or turn.release()), add(talk, piece))
    )
    for _ in range(3):
        say("The bridge is there.")
    queries.figures_of(Conversation.objects.get(), 0)
    say("It is a bridge.")
    queries.figures_of(Conversation.objects.get(), 0)
    assert [one is True for one in taken] == [True, True, True, False]
