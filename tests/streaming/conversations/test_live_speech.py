"""One session's part in a conversation: what becomes of its last words when there is little time for them (design law 5)."""

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
    """A recognition that hears an interim and never comes to an end."""

    fed = 0.0
    backlog = 0.0

    def __init__(self, listener: Listener) -> None:
        self.listener = listener
        self.abandoned = False

    def feed(self, chunk: bytes) -> None:
        """Hear one word after the other."""
        word = Word("Hello", 0.0, 0.5, 0.9)
        self.listener.recognised(RecognitionResult("Hello there.", (word,), 0.9, chunk == b"final", 0.0, 0.5, 1))

    def switch(self, decoder: Any) -> None:
        """Nothing to switch."""

    def stop(self) -> None:
        """Go on all the same."""

    def abandon(self) -> None:
        """Note it."""
        self.abandoned = True


class Engine:
    """A recogniser whose recognitions are slow."""

    languages: tuple[str, ...] = ("en-US",)

    def __init__(self) -> None:
        self.opened: list[Slow] = []

    def open(self, options: Any, decoder: Any, listener: Listener) -> Slow:
        """Begin to hear."""
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
    """A session's part, begun."""
    part = LiveSpeech(uuid4(), user.pk, "room", lambda error: None)
    await part.begin(StartOptions())
    return part


async def test_whoever_feeds_waits_while_the_recognition_is_full(part: LiveSpeech, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """However little audio the waiting bytes seem to hold; and changing the encoding waits too."""
    monkeypatch.setattr(Slow, "full", True)
    feeding = [asyncio.create_task(part.feed(b"interim")), asyncio.create_task(part.change_audio("MULAW", 8_000))]
    await asyncio.wait(feeding, timeout=0.3)
    assert not any(task.done() for task in feeding)
    monkeypatch.setattr(Slow, "full", False)
    await asyncio.wait_for(asyncio.gather(*feeding), 30)


def test_an_inbox_of_tiny_chunks_is_bounded() -> None:
    """A chunk of one byte takes its room in memory, so that some thousands of them make the client wait."""
    assert INBOX_BYTES / weight(Audio(b"x")) < 10_000
    assert INBOX_BYTES / weight(Audio(bytes(3_200))) > 290, "half a minute of chunks of 100 ms"


async def stored() -> list[str]:
    """Return what was kept."""
    return await run_in_database(lambda: list(Message.objects.order_by("number").values_list("text", flat=True)))


async def test_at_shutdown_what_was_heard_so_far_is_kept(part: LiveSpeech, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that goes down waits for the end of a turn only so long; then the interim is stored, within the time for the drain."""
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


async def test_a_final_is_not_kept_twice(part: LiveSpeech, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the open turn has had its final, nothing is made up."""
    monkeypatch.setattr(conversation_module, "FINISH_S", 0.05)
    await part.feed(b"interim")
    await part.feed(b"final")
    await part.finish()
    await part.leave(final=True)
    assert await stored() == ["Hello there."]


async def test_an_end_that_is_cancelled_keeps_what_there_is(part: LiveSpeech, engine: Engine) -> None:
    """Whoever loses patience with the end of a session loses no words by it, and leaves nothing running."""
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


async def test_a_session_that_lived_is_waited_for_as_its_client_asked(user: User, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not the one that a crash left behind, though it was taken for that when its speaker stopped elsewhere."""
    monkeypatch.setattr(conversation_module, "FINISH_S", 0.05)
    part = LiveSpeech(uuid4(), user.pk, "room", lambda error: None)
    await part.begin(StartOptions(keep_s=600))
    await run_in_database(lambda: LiveSession.objects.update(keep_s=0))
    await part.finish()
    assert await part.leave(final=False) == []
    assert await run_in_database(lambda: Conversation.objects.get().closes_at) is not None


async def test_nothing_can_be_hidden_in_a_language_nobody_knows(user: User, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A speaker of German who wants names hidden is refused, not heard with all names told."""
    monkeypatch.setattr(conversation_module, "FINISH_S", 0.05)
    engine.languages = ("en-GB", "de-DE")
    part = LiveSpeech(uuid4(), user.pk, "room", lambda error: None)
    with pytest.raises(LanguageError, match="config.redaction.redactContent .* English only"):
        await part.begin(StartOptions(language="de-DE", mask="****"))
    await part.begin(StartOptions(language="en-GB", mask="****"))
    await part.feed(b"final")
    await part.finish()
    await part.leave(final=True)


@pytest.mark.parametrize("error", [OperationalError, InterfaceError, InternalError])
async def test_what_the_database_does_not_take_is_offered_again(
    part: LiveSpeech, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """It was away, or it took the transaction from a process that slept in it: what was said is stored all the same, once."""
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
    """An outage in which two sentences are tried in vain is one warning, beside the errors that say so; the next outage is another."""
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
    part = LiveSpeech(uuid4(), user.pk, "room", troubles.append)
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


async def test_a_final_does_not_wait_for_the_trackers_of_an_interim(
    user: User, engine: Engine, monkeypatch: pytest.MonkeyPatch, busy_handlers: None
) -> None:
    """Whatever they wait for: here a search that does not end, and handlers that keep asyncio's threads busy."""
    go_on, searching = threading.Event(), threading.Event()

    def endless(self: InterimTrackers, text: str) -> list[Any]:
        searching.set()
        go_on.wait(120)
        return []

    monkeypatch.setattr(InterimTrackers, "_find", endless)
    part = LiveSpeech(uuid4(), user.pk, "room", lambda error: None)
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
    """Hearing the rest, storing it with a database that comes back late, and telling it: a session has time for all of them."""
    assert FINISH_S + sum(STORE_TRIES_S) + CATCH_UP_S < LAST_WORDS_S


@pytest.mark.parametrize("error", [OperationalError, InterfaceError, InternalError])
async def test_the_door_is_tried_again(user: User, engine: Engine, monkeypatch: pytest.MonkeyPatch, error: type[Exception]) -> None:
    """A connection that broke keeps nobody out, and nobody in."""
    monkeypatch.setattr(conversation_module, "JOIN_TRIES_S", (0.01, 0.01))
    monkeypatch.setattr(conversation_module, "FINISH_S", 0.05)
    for name in ("open_conversation", "leave"):
        work, failures = getattr(recorder, name), [error("broke"), error("broke")]

        def reluctant(*args: Any, work: Any = work, failures: list[Exception] = failures, **kwargs: Any) -> Any:
            if failures:
                raise failures.pop()
            return work(*args, **kwargs)

        monkeypatch.setattr(recorder, name, reluctant)
    part = LiveSpeech(uuid4(), user.pk, "room", lambda error: None)
    await part.begin(StartOptions())
    await part.finish()
    assert [event.kind for event in await part.leave(final=True)] == ["conversation_completed"]


async def test_a_speaker_who_cannot_leave_leaves_nothing_behind(user: User, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the database is away: nobody listens for them any more. The sweep removes their session later."""
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


async def test_a_speaker_who_cannot_leave_leaves_later(user: User, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database was away at the end of the session: the conversation ends when it is back, though this process lives on."""
    monkeypatch.setattr(conversation_module, "JOIN_TRIES_S", ())
    monkeypatch.setattr(conversation_module, "FINISH_S", 0.05)
    part = LiveSpeech(uuid4(), user.pk, "room", lambda error: None)
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


async def test_nothing_waits_for_room_at_the_shutdown_deadline(user: User, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recogniser that is far behind must not keep a session from storing what it has recognised before the process ends."""
    monkeypatch.setattr(conversation_module, "FINISH_S", 0.05)
    monkeypatch.setattr(conversation_module, "HIGH_WATER_S", -1.0)
    part = LiveSpeech(uuid4(), user.pk, "room", lambda error: None)
    await part.begin(StartOptions())
    feeding = asyncio.create_task(part.feed(bytes(3200)))
    await asyncio.wait({feeding}, timeout=0.05)
    assert not feeding.done()
    runtime().registry.drain_deadline.set()
    await asyncio.wait_for(feeding, 30)
    await part.finish()
    await part.leave(final=True)


class Sentences(Slow):
    """A recognition that hears a sentence in each chunk of LINEAR16."""

    def feed(self, chunk: bytes) -> None:
        """Hear a sentence that lasts as long as the chunk."""
        start, self.fed = self.fed, self.fed + len(chunk) / 32_000
        word = Word("Hello.", start, self.fed, 0.9)
        self.listener.recognised(RecognitionResult("Hello.", (word,), 0.9, True, start, self.fed, 1))

    def stop(self) -> None:
        """There is nothing left to hear."""
        self.listener.finished()


@pytest.fixture
def jump(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Return a function that sets the clock of the machine by so much, for all that asks for the time here."""
    ahead = [timedelta()]

    class Machine(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return datetime.now(tz) + ahead[0]

    for module in (clock_module, timezone):
        monkeypatch.setattr(module, "datetime", Machine)
    return lambda by: ahead.append(ahead.pop() + by)


@pytest.mark.parametrize("hours", [1, -1])
async def test_a_jump_of_the_clock_moves_no_message(
    user: User, engine: Engine, jump: Callable[[timedelta], None], monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """Neither those of a speaker who was there before it, nor those of one who joins afterwards."""
    monkeypatch.setattr(Engine, "open", lambda self, options, decoder, listener: Sentences(listener))
    first, second = (LiveSpeech(uuid4(), user.pk, "room", lambda error: None) for _ in range(2))
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
    assert max(times) - min(times) <= passed


async def test_buffered_audio_is_dated_by_its_age(user: User, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is sent again is as old as the client says, however late it comes; the time of other clients' audio is that of its arrival."""
    monkeypatch.setattr(Engine, "open", lambda self, options, decoder, listener: Sentences(listener))
    for age in (None, 20.0):
        part = LiveSpeech(uuid4(), user.pk, f"room of {age}", lambda error: None)
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
