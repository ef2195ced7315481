"""Heartbeats, leaving and ending."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.db import OperationalError, connection
from django.utils import timezone

from insights import recorder
from insights.database import connection_closed_after, write_transaction
from insights.models import Conversation, LiveSession, ServerProcess
from insights.recorder import SpeakerIdentity, StoredEvent, ending
from tests.insights.conftest import PROCESS, age_process, opening, process

OTHER = UUID(int=2)
"""Another server process."""


@pytest.fixture
def now() -> datetime:
    """Return the present time."""
    return timezone.now()


def test_last_stop_ends_the_conversation(owner: User) -> None:
    """A stop of the last session ends the conversation at once, with an event."""
    session = uuid4()
    joined = recorder.open_conversation(opening(owner, session_id=session, keep_s=60))
    events = recorder.leave(session, final=True)
    assert [(event.number, event.kind) for event in events] == [(2, "conversation_completed")]
    assert events[0].payload["conversationId"] == str(joined.conversation_id)
    assert Conversation.objects.get().ended_at is not None


def test_a_second_leave_has_no_effect(owner: User) -> None:
    """A second leave of a session, or the leave of an unknown one, is no event."""
    session = uuid4()
    recorder.open_conversation(opening(owner, session_id=session))
    recorder.leave(session, final=True)
    assert recorder.leave(session, final=True) == []
    assert recorder.leave(uuid4(), final=True) == []


def test_other_sessions_keep_a_conversation_live(owner: User) -> None:
    """A stop of one session does not end a conversation with other sessions."""
    sessions = [uuid4(), uuid4()]
    for session in sessions:
        recorder.open_conversation(opening(owner, session_id=session))
    assert recorder.leave(sessions[0], final=True) == []
    assert [event.kind for event in recorder.leave(sessions[1], final=True)] == ["conversation_completed"]


def test_a_lost_connection_ends_the_conversation_after_keep_s(owner: User, now: datetime) -> None:
    """Without a stop the sweep ends the conversation after keep_s seconds."""
    session = uuid4()
    recorder.open_conversation(opening(owner, session_id=session, keep_s=30))
    assert recorder.leave(session, final=False) == []
    closes_at = Conversation.objects.get().closes_at
    assert closes_at is not None
    assert timedelta(seconds=25) < closes_at - now < timedelta(seconds=90)
    assert recorder.close_due(now, 60) == []
    assert [event.kind for event in recorder.close_due(closes_at, 60)] == ["conversation_completed"]
    assert recorder.close_due(closes_at, 60) == []


def test_a_stop_ends_stale_sessions_of_the_same_speaker(owner: User, now: datetime) -> None:
    """A speaker who reconnects after a crash and stops ends the conversation at the next sweep, without keep_s."""
    ada, session = SpeakerIdentity("ada@example.org", "Ada"), uuid4()
    recorder.open_conversation(opening(owner, speaker=ada, keep_s=600))
    age_process(20)
    recorder.open_conversation(opening(owner, speaker=ada, session_id=session, keep_s=600, process=process(OTHER)))
    assert recorder.leave(session, final=True) == []
    assert [event.kind for event in recorder.close_due(now, 10)] == ["conversation_completed"]


def test_a_stop_keeps_keep_s_of_the_speakers_live_session(owner: User) -> None:
    """A live session whose heartbeat is late keeps its keep_s when another session of the speaker stops."""
    ada, one, two = SpeakerIdentity("ada@example.org", "Ada"), uuid4(), uuid4()
    recorder.open_conversation(opening(owner, speaker=ada, session_id=one, keep_s=600))
    recorder.open_conversation(opening(owner, speaker=ada, session_id=two, keep_s=600))
    recorder.leave(two, final=True)
    recorder.heartbeat(PROCESS)
    assert recorder.leave(one, final=False, keep_s=600) == []
    assert Conversation.objects.get().closes_at is not None


def test_a_stop_keeps_keep_s_of_other_speakers(owner: User, now: datetime) -> None:
    """The conversation still waits keep_s for another speaker's lost session."""
    session = uuid4()
    recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("bob@example.org", "Bob"), keep_s=600))
    age_process(20)
    recorder.open_conversation(
        opening(owner, speaker=SpeakerIdentity("ada@example.org", "Ada"), session_id=session, process=process(OTHER))
    )
    recorder.leave(session, final=True)
    assert recorder.close_due(now, 10) == []


def test_keep_s_0_ends_with_the_last_connection(owner: User) -> None:
    """keep_s 0 ends the conversation when its last connection is lost."""
    session = uuid4()
    recorder.open_conversation(opening(owner, session_id=session, keep_s=0))
    assert [event.kind for event in recorder.leave(session, final=False)] == ["conversation_completed"]


def test_a_rejoin_cancels_the_pending_end(owner: User, now: datetime) -> None:
    """A conversation that was joined again does not end at the earlier deadline."""
    session = uuid4()
    recorder.open_conversation(opening(owner, session_id=session, keep_s=1))
    recorder.leave(session, final=False)
    recorder.open_conversation(opening(owner))
    assert recorder.close_due(now + timedelta(seconds=10), 60) == []


def test_sessions_without_heartbeat_are_closed(owner: User, now: datetime) -> None:
    """Stale sessions of a dead process count as lost, and the longest keep_s applies."""
    for keep_s in (5, 20):
        recorder.open_conversation(opening(owner, keep_s=keep_s))
    age_process(100)
    assert recorder.close_due(now, 60) == []
    assert LiveSession.objects.count() == 0
    assert Conversation.objects.get().closes_at == now + timedelta(seconds=20)
    assert [event.kind for event in recorder.close_due(now + timedelta(seconds=21), 60)] == ["conversation_completed"]


def test_a_heartbeat_keeps_sessions_from_the_sweep(owner: User, now: datetime) -> None:
    """The sweep keeps sessions of a process with a heartbeat and removes those of a process without."""
    session, other = uuid4(), uuid4()
    recorder.open_conversation(opening(owner, session_id=session))
    recorder.open_conversation(opening(owner, session_id=other, process=process(OTHER)))
    age_process(100)
    age_process(100, OTHER)
    assert recorder.heartbeat(PROCESS)
    recorder.close_due(now, 60)
    assert [live.id for live in LiveSession.objects.all()] == [session]


def test_a_process_declared_dead_stays_dead(owner: User, now: datetime) -> None:
    """Its next heartbeat reports it; all of its sessions are stale, also those that join later."""
    process()
    age_process(100)
    recorder.close_due(now, 60)
    assert not recorder.heartbeat(PROCESS)
    late = opening(owner, process=PROCESS, keep_s=0)
    recorder.open_conversation(late)
    assert [event.kind for event in recorder.close_due(now, 60)] == ["conversation_completed"]
    assert not LiveSession.objects.filter(id=late.session_id).exists()


def test_removing_the_row_of_a_process_ends_its_sessions(owner: User, now: datetime) -> None:
    """Live sessions of a process end at once when its row is removed."""
    recorder.open_conversation(opening(owner, keep_s=0))
    ServerProcess.objects.filter(id=PROCESS).delete()
    assert [event.kind for event in recorder.close_due(now, 60)] == ["conversation_completed"]


@pytest.mark.django_db(transaction=True)
def test_the_sweep_skips_locked_conversations(owner: User, now: datetime) -> None:
    """A process that stalls in a transaction does not keep the sweep from other conversations."""
    if connection.vendor == "sqlite":
        pytest.skip("needs locks of rows: test_postgres.py runs it on PostgreSQL")
    recorder.open_conversation(opening(owner, "busy", keep_s=0))
    busy = Conversation.objects.get()
    recorder.open_conversation(opening(owner, "quiet", keep_s=0))
    recorder.open_conversation(opening(owner, "over", keep_s=60, session_id=(over := uuid4())))
    recorder.leave(over, final=False)
    later = now + timedelta(seconds=120)
    age_process(120)
    with write_transaction(), ThreadPoolExecutor(1) as other:
        list(Conversation.objects.select_for_update().filter(connection_id__in=["busy", "over"]))
        other.submit(connection_closed_after(lambda: recorder.close_due(later, 60))).result(timeout=60)
        assert set(Conversation.objects.filter(ended_at=None)) == set(Conversation.objects.filter(connection_id__in=["busy", "over"]))
    recorder.close_due(later, 60)
    assert not Conversation.objects.filter(ended_at=None).exists()
    assert busy.events.count() == 2


@pytest.mark.parametrize("failing", [0, 1])
def test_a_conversation_that_cannot_end_does_not_stop_the_sweep(
    owner: User, now: datetime, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failing: int
) -> None:
    """The other conversations end, and their events are broadcast."""
    for name in ("one", "two"):
        recorder.open_conversation(opening(owner, name))
    age_process(120)
    broken = sorted(Conversation.objects.values_list("id", flat=True))[failing]
    end_or_wait = ending._end_or_wait

    def end_unless_broken(conversation: Conversation, *args: object) -> list[StoredEvent]:
        if conversation.id == broken:
            raise ValueError("spoken words")
        return end_or_wait(conversation, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(ending, "_end_or_wait", end_unless_broken)
    events = recorder.close_due(now + timedelta(seconds=120), 60)
    assert [event.conversation_id for event in events] == [Conversation.objects.exclude(id=broken).get().id]
    assert f"ending conversation {broken} failed (ValueError)" in caplog.text
    assert "spoken" not in caplog.text


def test_a_lost_database_hides_no_end(owner: User, now: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ends before the database was lost are reported; if there are none, the sweep raises the error."""
    for name in ("one", "two"):
        recorder.open_conversation(opening(owner, name))
    age_process(120)
    end_or_wait, allowed = ending._end_or_wait, [True]

    def end_once(*args: object) -> list[StoredEvent]:
        if not allowed:
            raise OperationalError("away")
        allowed.pop()
        return end_or_wait(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(ending, "_end_or_wait", end_once)
    assert len(recorder.close_due(now + timedelta(seconds=120), 60)) == 1
    with pytest.raises(OperationalError):
        recorder.close_due(now + timedelta(seconds=120), 60)
