"""One session's part in a conversation, and what is stored of its last words when time is short (design law 5)."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import datetime, timedelta, tzinfo
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import InterfaceError, InternalError, OperationalError
from django.utils import timezone

from insights import recorder
from insights.analysis.trackers import Tracker
from insights.models import Conversation, LiveSession, Message
from insights.recorder import StoredEvent
from streaming import recogniser
from streaming.aio.database_executors import close_database_threads, run_in_database
from streaming.aio.send_queue import SendQueue
from streaming.audio import clock as clock_module
from streaming.cluster import registry as registry_module
from streaming.cluster.runtime import runtime
from streaming.conversations import live_speech as conversation_module
from streaming.conversations.conversation_handler import LAST_WORDS_S
from streaming.conversations.interim_trackers import InterimTrackers
from streaming.conversations.live_speech import FINISH_S, STORE_TRIES_S, LanguageError, LiveSpeech, StartOptions, StorageDelayed
from streaming.conversations.rendered_events import CATCH_UP_S
from streaming.protocols.symbl import Audio, Start
from streaming.sessions.session import Session
from streaming.speech.engines.base import Listener, Recognition, RecognitionResult, Word
from streaming.transports.symbl_speaker import INBOX_BYTES, SymblSpeaker, weight
from streaming.types.session_end import End
from tests.streaming.sessions.connections import FakeConnection

pytestmark = pytest.mark.django_db(transaction=True)


class Slow(Recognition):
    """A recognition that returns an interim result and never ends."""

    fed = 0.0
    backlog = 0.0

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.abandoned = False

    def feed(self, chunk: bytes) -> None:
        """Return one word more."""
        word = Word("Hello", 0.0, 0.5, 0.9)
        self.listener.recognised(RecognitionResult("Hello there.", (word,), 0.9, chunk == b"final", 0.0, 0.5, 1))

    def switch(self, decoder: Any) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Continue all the same."""

    def abandon(self) -> None:
        """Record the call."""
        self.abandoned = True


class Engine:
    """A recogniser whose recognitions are slow."""

    languages: tuple[str, ...] = ("en-US",)

    def __init__(self) -> None:
        self.opened: list[Slow] = []

    def open(self, options: Any, decoder: Any, listener: Listener) -> Slow:
        """Open a slow recognition."""
        self.opened.append(Slow(listener))
        return self.opened[-1]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """The recogniser of this process."""
    loading: Future[Any] = Future()
    loading.set_result(Engine())
    monkeypatch.setattr(recogniser, "begin_loading", lambda: loading)
    yield loading.result()
    close_database_threads()


@pytest.fixture
async def part(user: User, engine: Engine) -> LiveSpeech:
    """The started LiveSpeech of a session."""
    part = LiveSpeech(runtime(), uuid4(), user.pk, "room", lambda error: None)
    await part.begin(StartOptions())
    return part


async def test_feed_waits_while_the_recognition_is_full(part: LiveSpeech, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Feed waits, however short the queued audio seems, and a change of the encoding waits too."""
    monkeypatch.setattr(Slow, "full", True)
    feeding = [asyncio.create_task(part.feed(b"interim")), asyncio.create_task(part.change_audio("MULAW", 8_000))]
    await asyncio.wait(feeding, timeout=0.3)
    assert not any(task.done() for task in feeding)
    monkeypatch.setattr(Slow, "full", False)
    await asyncio.wait_for(asyncio.gather(*feeding), 30)


def test_an_inbox_of_tiny_chunks_is_bounded() -> None:
    """A chunk of one byte counts with its overhead, so that some thousands of them make the client wait."""
    assert INBOX_BYTES / weight(Audio(b"x")) < 10_000
    assert INBOX_BYTES / weight(Audio(bytes(3_200))) > 290, "half a minute of chunks of 100 ms"


async def stored() -> list[str]:
    """Return the stored messages."""
    return await run_in_database(lambda: list(Message.objects.order_by("number").values_list("text", flat=True)))


async def test_at_shutdown_the_interim_result_is_stored(part: LiveSpeech, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server shutdown waits for the end of a turn for a limited time; then the interim result is stored, within the drain limit."""
    await part.feed(b"interim")

    class Ending:
        def __init__(self) -> None:
            self.id = part.session_id
            self.ended = asyncio.Event()

        def end_early(self, end: Any) -> None:
            self.task = asyncio.create_task(self.finish())

        async def finish(self) -> None:
            await part.finish()
            await part.leave(final=False)
            self.ended.set()

        async def close(self, reason: str) -> None:
            await self.ended.wait()

    monkeypatch.setattr(registry_module, "DRAIN_DEADLINE_SHARE", 0.01)
    ending = Ending()
    runtime().registry.add(ending)
    await runtime().registry.drain(60.0)
    assert ending.ended.is_set()
    assert engine.opened[0].abandoned
    assert await stored() == ["Hello there."]
    assert await run_in_database(LiveSession.objects.count) == 0


async def test_a_final_result_is_stored_once(part: LiveSpeech, monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn with a final result stores no interim result."""
    monkeypatch.setattr(conversation_module, "FINISH_S", 0.05)
    await part.feed(b"interim")
    await part.feed(b"final")
    await part.finish()
    await part.leave(final=True)
    assert await stored() == ["Hello there."]


async def test_a_cancelled_end_stores_the_interim_result(part: LiveSpeech, engine: Engine) -> None:
    """A caller that cancels the end of a session loses no words by it, and leaves nothing running."""
    await part.feed(b"interim")
    ending = asyncio.create_task(part.finish())
    await asyncio.sleep(0.05)
    ending.cancel()
    await asyncio.gather(ending, return_exceptions=True)
    assert engine.opened[0].abandoned
    async with asyncio.timeout(30):
        while await stored() != ["Hello there."]:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await part.leave(final=True)


async def test_a_live_session_keeps_the_timeout_of_its_client(user: User, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session keeps the `keep_s` of its client, though another process treated it as one of a crashed process."""
    monkeypatch.setattr(conversation_module, "FINISH_S", 0.05)
    part = LiveSpeech(runtime(), uuid4(), user.pk, "room", lambda error: None)
    await part.begin(StartOptions(keep_s=600))
    await run_in_database(lambda: LiveSession.objects.update(keep_s=0))
    await part.finish()
    assert await part.leave(final=False) == []
    assert await run_in_database(lambda: Conversation.objects.get().closes_at) is not None


async def test_redaction_in_an_unsupported_language_is_refused(user: User, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start in German with redaction is refused, not served with all names visible."""
    monkeypatch.setattr(conversation_module, "FINISH_S", 0.05)
    engine.languages = ("en-GB", "de-DE")
    part = LiveSpeech(runtime(), uuid4(), user.pk, "room", lambda error: None)
    with pytest.raises(LanguageError, match="config.redaction.redactContent .* English only"):
        await part.begin(StartOptions(language="de-DE", mask="****"))
    await part.begin(StartOptions(language="en-GB", mask="****"))
    await part.feed(b"final")
    await part.finish()
    await part.leave(final=True)


@pytest.mark.parametrize("error", [OperationalError, InterfaceError, InternalError])
async def test_a_failed_write_is_tried_again(part: LiveSpeech, monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    """A message is stored once, though the database was unreachable or aborted the transaction of a sleeping process."""
    record, failures = recorder.record, [error("away"), error("still away")]

    def reluctant(*args: Any) -> list[StoredEvent]:
        if failures:
            raise failures.pop()
        return record(*args)

    monkeypatch.setattr(recorder, "record", reluctant)
    monkeypatch.setattr(conversation_module, "FINISH_S", 0.05)
    monkeypatch.setattr(conversation_module, "STORE_TRIES_S", (0.01, 0.01))
    await part.feed(b"final")
    await part.finish()
    await part.leave(final=True)
    assert await stored() == ["Hello there."]
    assert not failures


async def test_a_speaker_is_warned_once_in_each_outage(user: User, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two failed writes in one outage cause one warning, beside their errors; the next outage causes another."""
    record, away, troubles = recorder.record, threading.Event(), list[Exception]()

    def reluctant(*args: Any) -> list[StoredEvent]:
        if away.is_set():
            raise OperationalError("away")
        return record(*args)

    async def said(count: int) -> None:
        async with asyncio.timeout(60):
            while len(troubles) < count:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    monkeypatch.setattr(recorder, "record", reluctant)
    monkeypatch.setattr(conversation_module, "STORE_WARNING_S", 1.5)
    monkeypatch.setattr(conversation_module, "STORE_TRIES_S", (0.9, 0.9))
    monkeypatch.setattr(conversation_module, "FINISH_S", 0.05)
    part = LiveSpeech(runtime(), uuid4(), user.pk, "room", troubles.append)
    await part.begin(StartOptions())
    away.set()
    await part.feed(b"final")
    await part.feed(b"final")
    await said(3)
    away.clear()
    await part.feed(b"final")
    async with asyncio.timeout(60):
        while not await stored():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    away.set()
    await part.feed(b"final")
    await said(4)
    away.clear()
    await part.finish()
    await part.leave(final=True)
    assert [type(trouble) for trouble in troubles] == [StorageDelayed, RuntimeError, RuntimeError, StorageDelayed]
    assert await stored() == ["Hello there."] * 2


async def test_a_final_result_does_not_wait_for_interim_trackers(
    user: User, engine: Engine, monkeypatch: pytest.MonkeyPatch, busy_handlers: None
) -> None:
    """A search that does not end, and handlers that keep asyncio's threads busy, do not delay a final result."""
    go_on, searching = threading.Event(), threading.Event()

    def endless(self: InterimTrackers, text: str) -> list[Any]:
        searching.set()
        go_on.wait(120)
        return []

    monkeypatch.setattr(InterimTrackers, "_find", endless)
    part = LiveSpeech(runtime(), uuid4(), user.pk, "room", lambda error: None)
    await part.begin(StartOptions(trackers=(Tracker("Greeting", ("hello",)),), early_trackers=True))
    try:
        await part.feed(b"interim")
        async with asyncio.timeout(60):
            while not searching.is_set():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            await part.feed(b"interim")
            await part.feed(b"final")
            while await stored() != ["Hello there."]:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
    finally:
        go_on.set()
    monkeypatch.setattr(conversation_module, "FINISH_S", 0.05)
    await part.finish()
    await part.leave(final=True)


def test_a_session_may_take_longer_than_its_last_words() -> None:
    """The limit of a session covers the rest of the recognition, the write to a late database, and the send."""
    assert FINISH_S + sum(STORE_TRIES_S) + CATCH_UP_S < LAST_WORDS_S


@pytest.mark.parametrize("error", [OperationalError, InterfaceError, InternalError])
async def test_join_and_leave_are_tried_again(user: User, engine: Engine, monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    """A broken database connection fails neither the join nor the leave of a session."""
    monkeypatch.setattr(conversation_module, "JOIN_TRIES_S", (0.01, 0.01))
    monkeypatch.setattr(conversation_module, "FINISH_S", 0.05)
    for name in ("open_conversation", "leave"):
        work, failures = getattr(recorder, name), [error("broke"), error("broke")]

        def reluctant(*args: Any, work: Any = work, failures: list[Exception] = failures, **kwargs: Any) -> Any:
            if failures:
                raise failures.pop()
            return work(*args, **kwargs)

        monkeypatch.setattr(recorder, name, reluctant)
    part = LiveSpeech(runtime(), uuid4(), user.pk, "room", lambda error: None)
    await part.begin(StartOptions())
    await part.finish()
    assert [event.kind for event in await part.leave(final=True)] == ["conversation_completed"]


async def test_a_failed_leave_closes_the_subscription(user: User, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the database is unreachable, the subscription is closed. The sweep removes the session later."""
    monkeypatch.setattr(conversation_module, "JOIN_TRIES_S", ())
    monkeypatch.setattr(conversation_module, "FINISH_S", 0.05)

    async def nothing(*args: Any) -> None:
        return None

    make = partial(SymblSpeaker, user_id=user.pk, send_queue=SendQueue(nothing, nothing), site="https://talk.example.org")
    session = Session(FakeConnection(), user.pk, "room", make)
    handler = make(session)
    await handler.handle(Start())
    assert len(runtime().broadcaster._subscriptions) == 1

    def away(*args: Any, **kwargs: Any) -> None:
        raise OperationalError("away")

    monkeypatch.setattr(recorder, "leave", away)
    with pytest.raises(OperationalError):
        await handler.shutdown(End.LOST)
    assert not runtime().broadcaster._subscriptions
    assert handler._sender_task is None


async def test_a_failed_leave_is_done_later(user: User, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The conversation ends when the database is back, though this process lives on."""
    monkeypatch.setattr(conversation_module, "JOIN_TRIES_S", ())
    monkeypatch.setattr(conversation_module, "FINISH_S", 0.05)
    part = LiveSpeech(runtime(), uuid4(), user.pk, "room", lambda error: None)
    joined = await part.begin(StartOptions())
    await part.finish()
    leave, away = recorder.leave, [OperationalError("away")]

    def reluctant(*args: Any, **kwargs: Any) -> Any:
        if away:
            raise away[0]
        return leave(*args, **kwargs)

    monkeypatch.setattr(recorder, "leave", reluctant)
    with pytest.raises(OperationalError):
        await part.leave(final=True)
    away.clear()
    await runtime().registry._clean_up()
    assert not await Conversation.objects.filter(pk=joined.conversation_id, ended_at=None).aexists()


async def test_no_wait_for_room_at_the_shutdown_deadline(user: User, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recogniser with a long backlog does not keep a session from storing its results before the process ends."""
    monkeypatch.setattr(conversation_module, "FINISH_S", 0.05)
    monkeypatch.setattr(conversation_module, "HIGH_WATER_S", -1.0)
    part = LiveSpeech(runtime(), uuid4(), user.pk, "room", lambda error: None)
    await part.begin(StartOptions())
    feeding = asyncio.create_task(part.feed(bytes(3200)))
    await asyncio.wait({feeding}, timeout=0.05)
    assert not feeding.done()
    runtime().registry.drain_deadline.set()
    await asyncio.wait_for(feeding, 30)
    await part.finish()
    await part.leave(final=True)


class Sentences(Slow):
    """A recognition that returns a sentence for each chunk of LINEAR16."""

    def feed(self, chunk: bytes) -> None:
        """Return a sentence with the duration of the chunk."""
        start, self.fed = self.fed, self.fed + len(chunk) / 32_000
        word = Word("Hello.", start, self.fed, 0.9)
        self.listener.recognised(RecognitionResult("Hello.", (word,), 0.9, True, start, self.fed, 1))

    def stop(self) -> None:
        """Do nothing."""
        self.listener.finished()


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Return a function that moves the wall clock for all code here."""
    ahead = [timedelta()]

    class Machine(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + ahead[0]

    for module in (clock_module, timezone):
        monkeypatch.setattr(module, "datetime", Machine)
    return lambda by: ahead.append(ahead.pop() + by)


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_clock_jump_moves_no_message(
    user: User, engine: Engine, jump: Callable[[timedelta], None], monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """The messages of speakers who joined before and after the jump keep their times."""
    monkeypatch.setattr(Engine, "open", lambda self, options, decoder, listener: Sentences(listener))
    first, second = (LiveSpeech(runtime(), uuid4(), user.pk, "room", lambda error: None) for _ in range(2))
    started = time.monotonic()
    await first.begin(StartOptions())
    await first.feed(bytes(3_200))
    jump(timedelta(hours=hours))
    await first.feed(bytes(3_200))
    await second.begin(StartOptions())
    await second.feed(bytes(3_200))
    await first.finish()
    await second.finish()
    passed = timedelta(seconds=time.monotonic() - started)
    times = await run_in_database(lambda: list(Message.objects.values_list("started_at", flat=True)))
    assert len(times) == 3
    assert max(times) - min(times) <= passed + timedelta(seconds=0.3)  # three chunks of 0.1 s were fed


async def test_buffered_audio_has_the_time_of_its_speech(user: User, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Resent audio is as old as its client says, however late it arrives; the audio of other clients has its time of arrival."""
    monkeypatch.setattr(Engine, "open", lambda self, options, decoder, listener: Sentences(listener))
    for age in (None, 20.0):
        part = LiveSpeech(runtime(), uuid4(), user.pk, f"room of {age}", lambda error: None)
        before = timezone.now()
        joined = await part.begin(StartOptions(audio_age_s=age))
        after = timezone.now()
        await part.feed(bytes(32_000))
        await part.feed(bytes(32_000))
        await part.finish()
        messages = Message.objects.filter(conversation=joined.conversation_id).order_by("number")
        first, second = await run_in_database(lambda found=messages: list(found.values_list("started_at", flat=True)))
        said = timedelta(seconds=age or 0)
        assert before - said <= first <= (after - said if age else timezone.now())
        assert second - first == timedelta(seconds=1)
