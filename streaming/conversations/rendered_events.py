"""A subscription to a conversation as messages for one client: missed events first, then live, in order, without gap and without repeat."""

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Coroutine, Iterable
from typing import Protocol, TypeVar, assert_never
from uuid import UUID

from insights import derived
from insights.events import ConversationCompleted, ConversationEvent, Kind
from streaming.aio.send_queue import SendQueue
from streaming.cluster.broadcast import Subscription
from streaming.cluster.runtime import runtime
from streaming.cluster.transcript_update import ConversationDeleted, Delivery, JobProgress, PresentPeople, StoredEvent, TranscriptUpdate
from streaming.conversations.interim_insights import Found, insights_of
from streaming.protocols.json_message import JsonMessage
from streaming.protocols.symbl import (
    View,
    conversation_deleted,
    encode,
    interim_insights,
    job_progress,
    presence,
    recognition_result,
    render_event,
    tracker_response,
)

logger = logging.getLogger(__name__)
M = TypeVar("M")
M_co = TypeVar("M_co", covariant=True)

CATCH_UP_S = 5.0
"""Seconds that a client may take at the end of its session for the events that it has not got yet."""
DELETION = "conversation_deleted"
SPEAKERS_SKIP: frozenset[str] = frozenset({Kind.CONVERSATION_CREATED, Kind.CONVERSATION_COMPLETED, DELETION})
"""What a speaker receives in the answers to its own start_request and stop_request, and at the end of its session, instead."""
REMEMBERED = 256
"""Entries of each rendering cache."""

_rendered: OrderedDict[tuple[int, int, View], tuple[ConversationEvent, tuple[str, ...]]] = OrderedDict()
"""Each with the event that it renders: a stored event changes when words in it are deleted."""
_rendered_updates: OrderedDict[int, tuple[TranscriptUpdate, tuple[str, ...]]] = OrderedDict()
"""Keyed by `id()` of the update; the entry holds the update, so that its id is not reused."""


class Renderer(Protocol[M_co]):
    """The form in which a client gets events and recognition results."""

    def event(self, event: StoredEvent) -> Iterable[M_co]:
        """Return the messages of one event, in order."""

    def update(self, update: TranscriptUpdate) -> Iterable[M_co]:
        """Return the messages of one recognition result. It may be dropped: return none."""

    def found(self, update: TranscriptUpdate) -> Coroutine[None, None, Iterable[M_co]] | None:
        """Return what waits for the insights in one recognition result and renders them, None if this client wants none."""

    def progress(self, progress: JobProgress) -> Iterable[M_co]:
        """Return the messages about the progress of a job of the conversation. They may be dropped: return none."""

    def present(self, people: PresentPeople) -> Iterable[M_co]:
        """Return the messages about who is present. They may be dropped: return none."""

    def deleted(self, conversation_id: int) -> Iterable[M_co]:
        """Return the messages that say that the conversation was deleted; no others follow."""


class RenderedEvents(AsyncIterator[M]):
    """The messages of one subscription, until it is closed or the conversation is completed or deleted; read by one client at its pace."""

    def __init__(self, subscription: Subscription, renderer: Renderer[M], *, past_end: bool = False) -> None:
        self.renderer = renderer
        """May be replaced; events that are not read yet are rendered with the new one."""
        self.conversation_id = subscription.conversation_id
        self._subscription = subscription
        self._messages: deque[M] = deque()
        self._reading: asyncio.Task[Delivery] | None = None
        self._finding: asyncio.Task[Iterable[M]] | None = None  # insights in the last recognition result
        self._last_read = subscription.cursor
        self._completed = self._closed = False
        self._past_end = past_end
        self.deleted = False
        """Whether the end was the deletion of the conversation."""
        self._progress = asyncio.Event()

    @classmethod
    async def subscribe(cls, conversation_id: int, after: int, renderer: Renderer[M], *, past_end: bool = False) -> "RenderedEvents[M]":
        """Subscribe to a conversation, starting behind event `after`; 0 means from the beginning.

        `past_end`: continue after the conversation has ended, with the edits by people.
        """
        return cls(await runtime().broadcaster.subscribe(conversation_id, after), renderer, past_end=past_end)

    async def __anext__(self) -> M:
        while not self._messages:
            self._last_read = self._subscription.cursor  # the client asks for more, so it has got everything up to here
            self._progress.set()
            if self._completed:  # events stored after the end of the conversation are sent only with `past_end`
                raise StopAsyncIteration
            match await self._next():
                case None:
                    pass
                case StoredEvent() as stored:
                    self._messages.extend(self.renderer.event(stored))
                    self._completed = isinstance(stored.event, ConversationCompleted) and not self._past_end
                case TranscriptUpdate() as update:
                    self._messages.extend(self.renderer.update(update))
                    self._find(update)
                case JobProgress() as progress:
                    self._messages.extend(self.renderer.progress(progress))
                case PresentPeople() as people:
                    self._messages.extend(self.renderer.present(people))
                case ConversationDeleted(conversation_id):
                    self._completed = self.deleted = True
                    self._messages.extend(self.renderer.deleted(conversation_id))
                case _ as never:
                    assert_never(never)
        return self._messages.popleft()

    def _find(self, update: TranscriptUpdate) -> None:
        """Look for the insights in a recognition result instead of those in the one before."""
        if self._finding is not None:
            self._finding.cancel()
        found = self.renderer.found(update)
        self._finding = None if found is None else asyncio.create_task(found)

    async def _next(self) -> Delivery | None:
        """Return the next delivery; None if insights that are looked for were found before it came, whose messages are appended."""
        if self._finding is None and self._reading is None:
            return await anext(self._subscription)
        self._reading = self._reading or asyncio.create_task(_read(self._subscription))
        if self._finding is not None:
            await asyncio.wait({self._reading, self._finding}, return_when=asyncio.FIRST_COMPLETED)
            if self._finding.done():
                found, self._finding = self._finding, None
                self._messages.extend(found.result())
                return None
        await asyncio.wait({self._reading})
        reading, self._reading = self._reading, None
        return reading.result()

    async def caught_up(self, number: int) -> None:
        """Wait until the messages up to event `number` were read, at most CATCH_UP_S, or until no more is read."""
        try:
            async with asyncio.timeout(CATCH_UP_S):
                while self._last_read < number and not self._completed and not self._closed:
                    self._progress.clear()
                    await self._progress.wait()
        except TimeoutError:
            logger.info("a client is behind at the end of its session: %d of %d events sent", self._last_read, number)

    def stop(self) -> None:
        """Note that the client reads no more: `caught_up` does not wait for it."""
        self._closed = True
        self._progress.set()

    async def close(self) -> None:
        """End the subscription."""
        self.stop()
        for task in (self._reading, self._finding):
            if task is not None:
                task.cancel()
        await self._subscription.close()


async def _read(subscription: Subscription) -> Delivery:
    return await anext(subscription)


async def send_events(events: RenderedEvents[str], send_queue: SendQueue) -> None:
    """Put all messages into a client's send queue, at the pace at which the client reads; return at the end of either."""
    try:
        async for text in events:
            if not await send_queue.put_when_room(text):
                return
    finally:
        events.stop()


class SymblTexts:
    """Renders for one client of the Symbl protocol.

    Args:
        view: what the client asked for.
        send_queue: the client's; while it is crowded, recognition results are dropped.
        results_of: send recognition results of this session only; None: of all sessions.
        skip: kinds of events that are not sent, because this client receives them in another way.
        presence: whether the client wants to know who is present (our extension `presence=1`).
        open_turns: whether the client wants insights of open turns (our extension `interimInsights=1`).
    """

    def __init__(
        self,
        view: View,
        send_queue: SendQueue,
        *,
        results_of: UUID | None = None,
        skip: frozenset[str] = frozenset(),
        presence: bool = False,
        open_turns: bool = False,
    ) -> None:
        self._view = view
        self._send_queue = send_queue
        self._results_of = results_of
        self._skip = skip
        self._presence = presence
        self._open_turns = open_turns
        self._open: dict[UUID, Found] = {}  # the insights of open turns that were sent last, by session

    def event(self, event: StoredEvent) -> Iterable[str]:
        """Return the encoded messages of one event; cached, because many subscribers share an event and a view."""
        if event.kind in self._skip:
            return ()
        key = (event.conversation_id, event.number, self._view)
        known = _rendered.get(key)
        if known is not None and known[0] == event.event:
            return known[1]
        texts = tuple(encode(message) for message in render_event(event.event, event.number, self._view))
        _rendered[key] = (event.event, texts)
        if len(_rendered) > REMEMBERED:
            _rendered.popitem(last=False)
        return texts

    def update(self, update: TranscriptUpdate) -> Iterable[str]:
        """Return the encoded messages of one recognition result, if this client wants it and has room for it."""
        wanted = self._results_of in (None, update.session_id) and not self._send_queue.crowded
        return rendered_update(update) if wanted else ()

    def found(self, update: TranscriptUpdate) -> Coroutine[None, None, Iterable[str]] | None:
        """Return what finds the insights of an open turn, if this client wants them and has room for them."""
        if not self._open_turns or self._results_of not in (None, update.session_id):
            return None
        if update.is_final:
            self._open.pop(update.session_id, None)  # the client drops them, too
            return None
        return None if self._send_queue.crowded else self._found(update)

    async def _found(self, update: TranscriptUpdate) -> Iterable[str]:
        """Return the encoded list of the insights of an open turn, if it has changed."""
        found = await insights_of(update)
        if found == self._open.get(update.session_id, ()):
            return ()
        self._open[update.session_id] = found
        return (encode(interim_insights(found, self._view, update.member, update.audio_owner)),)

    def present(self, people: PresentPeople) -> Iterable[str]:
        """Return the encoded list of those who are present, if this client wants it and has room for it."""
        return (encode(presence(one.dump() for one in people.people)),) if self._presence and not self._send_queue.crowded else ()

    def progress(self, progress: JobProgress) -> Iterable[str]:
        """Return the encoded message about the progress of a job, if this client has room for it."""
        return () if self._send_queue.crowded else (encode(job_progress(progress)),)

    def deleted(self, conversation_id: int) -> Iterable[str]:
        """Return the message that says that the conversation was deleted, unless this client gets it in another way."""
        return () if DELETION in self._skip else (encode(conversation_deleted(conversation_id)),)


def recognition_message(update: TranscriptUpdate) -> JsonMessage:
    """Return the message of one recognition result."""
    return recognition_result(
        update.text,
        update.words,
        confidence=update.confidence,
        is_final=update.is_final,
        member=update.member,
        audio_owner=update.audio_owner,
        language=update.language,
    )


def rendered_update(update: TranscriptUpdate) -> tuple[str, ...]:
    """Return the encoded messages of one recognition result; cached, because all subscribers of a process get the same object."""
    known = _rendered_updates.get(id(update))
    if known is not None:
        return known[1]
    message = recognition_message(update)
    trackers = [tracker_response(update.trackers, View(), is_final=False)] if update.trackers else []
    texts = tuple(encode(each) for each in (message, *trackers))
    _rendered_updates[id(update)] = (update, texts)
    if len(_rendered_updates) > REMEMBERED:
        _rendered_updates.popitem(last=False)
    return texts


def _forget(conversation_id: int) -> None:
    """Drop what is cached of a conversation."""
    for key in [key for key in list(_rendered) if key[0] == conversation_id]:
        _rendered.pop(key, None)
    for identity in [identity for identity, (update, _) in list(_rendered_updates.items()) if update.conversation_id == conversation_id]:
        _rendered_updates.pop(identity, None)


def _cached() -> set[int]:
    return {key[0] for key in list(_rendered)} | {update.conversation_id for update, _ in list(_rendered_updates.values())}


derived.register(_forget, _cached)
