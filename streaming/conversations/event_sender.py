"""Renders the events of one subscription as Symbl messages and puts them into one client's send queue."""

import asyncio
import logging
from collections import OrderedDict
from uuid import UUID

from insights.events import ConversationCompleted, Kind
from streaming.aio.send_queue import SendQueue
from streaming.cluster.broadcast import Subscription
from streaming.cluster.transcript_update import StoredEvent, TranscriptUpdate
from streaming.protocols.symbl import View, encode, recognition_result, render_event, tracker_response

logger = logging.getLogger(__name__)

CATCH_UP_S = 5.0
SPEAKERS_SKIP: frozenset[str] = frozenset({Kind.CONVERSATION_CREATED, Kind.CONVERSATION_COMPLETED})
"""Kinds of events that a speaker receives in the answers to its own start_request and stop_request instead."""
REMEMBERED = 256
"""Entries of each rendering cache."""

_rendered: OrderedDict[tuple[int, int, View], tuple[str, ...]] = OrderedDict()
_rendered_updates: OrderedDict[int, tuple[TranscriptUpdate, tuple[str, ...]]] = OrderedDict()
"""Keyed by `id()` of the update; the entry holds the update, so that its id is not reused."""


class EventSender:
    """Sends everything of one subscription to one client, in order, at the pace at which the client reads.

    Args:
        results_of: send recognition results of this session only; None: of all sessions.
        skip: kinds of events that are not sent, because this client receives them in another way.
    """

    def __init__(
        self,
        subscription: Subscription,
        send_queue: SendQueue,
        view: View,
        *,
        results_of: UUID | None = None,
        skip: frozenset[str] = frozenset(),
    ) -> None:
        self.view = view
        self.completed = asyncio.Event()
        self._subscription = subscription
        self._send_queue = send_queue
        self._results_of = results_of
        self._skip = skip
        self._last_sent = subscription.cursor
        self._progress = asyncio.Condition()

    async def run(self) -> None:
        """Send until the subscription or the send queue is closed, or the conversation is completed."""
        async for delivery in self._subscription:
            if isinstance(delivery, TranscriptUpdate):
                self._send_update(delivery)
                continue
            if not await self._send_event(delivery):
                return
            if isinstance(delivery.event, ConversationCompleted):
                self.completed.set()  # events stored after this are not sent
            async with self._progress:
                self._last_sent = delivery.number
                self._progress.notify_all()
            if self.completed.is_set():
                return

    async def caught_up(self, number: int) -> None:
        """Wait until event `number` was sent, at most CATCH_UP_S."""
        try:
            async with asyncio.timeout(CATCH_UP_S), self._progress:
                await self._progress.wait_for(lambda: self._last_sent >= number or self._send_queue.closed or self.completed.is_set())
        except TimeoutError:
            logger.info("a client is behind at the end of its session: %d of %d events sent", self._last_sent, number)

    async def _send_event(self, event: StoredEvent) -> bool:
        if event.kind in self._skip:
            return True
        for text in rendered(event, self.view):
            if not await self._send_queue.put_when_room(text):
                return False
        return True

    def _send_update(self, update: TranscriptUpdate) -> None:
        if (self._results_of in (None, update.session_id)) and not self._send_queue.crowded:
            for text in rendered_update(update):
                self._send_queue.put(text)


def rendered(event: StoredEvent, view: View) -> tuple[str, ...]:
    """Return the encoded messages of one event for one view; cached, because many subscribers share an event and a view."""
    key = (event.conversation_id, event.number, view)
    texts = _rendered.get(key)
    if texts is None:
        texts = tuple(encode(message) for message in render_event(event.event, event.number, view))
        _rendered[key] = texts
        if len(_rendered) > REMEMBERED:
            _rendered.popitem(last=False)
    return texts


def rendered_update(update: TranscriptUpdate) -> tuple[str, ...]:
    """Return the encoded messages of one recognition result; cached, because all subscribers of a process get the same object."""
    known = _rendered_updates.get(id(update))
    if known is not None:
        return known[1]
    message = recognition_result(update.text, update.words, confidence=update.confidence, is_final=update.is_final, member=update.member)
    trackers = [tracker_response(update.trackers, is_final=False)] if update.trackers else []
    texts = tuple(encode(each) for each in (message, *trackers))
    _rendered_updates[id(update)] = (update, texts)
    if len(_rendered_updates) > REMEMBERED:
        _rendered_updates.popitem(last=False)
    return texts
