"""From a fan-out subscription to one client's outbox: what happened, as Symbl messages."""

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
"""Kinds that a speaker is told in the answer to its own start and stop request instead."""
REMEMBERED = 256

_rendered: OrderedDict[tuple[int, int, View], tuple[str, ...]] = OrderedDict()
_heard: OrderedDict[int, tuple[TranscriptUpdate, tuple[str, ...]]] = OrderedDict()
"""By the identity of what was heard, which stays its own as long as it is held here."""


class EventSender:
    """Tells one client everything of one subscription, in order, at the client's own pace.

    Args:
        only_heard_of: pass on recognition results of this session alone; None passes on everybody's.
        skip: kinds of events that this client is told in another way.
    """

    def __init__(
        self,
        subscription: Subscription,
        send_queue: SendQueue,
        view: View,
        *,
        only_heard_of: UUID | None = None,
        skip: frozenset[str] = frozenset(),
    ) -> None:
        self.view = view
        self.completed = asyncio.Event()
        self._subscription = subscription
        self._outbox = send_queue
        self._only_heard_of = only_heard_of
        self._skip = skip
        self._told = subscription.cursor
        self._moved = asyncio.Condition()

    async def run(self) -> None:
        """Tell until the subscription or the outbox is closed, or the conversation is completed."""
        async for delivery in self._subscription:
            if isinstance(delivery, TranscriptUpdate):
                self._tell_heard(delivery)
                continue
            if not await self._tell_event(delivery):
                return
            if isinstance(delivery.event, ConversationCompleted):
                self.completed.set()  # what is stored after this, nobody is told
            async with self._moved:
                self._told = delivery.number
                self._moved.notify_all()
            if self.completed.is_set():
                return

    async def caught_up(self, number: int) -> None:
        """Wait, for a few seconds at most, until the event `number` was told."""
        try:
            async with asyncio.timeout(CATCH_UP_S), self._moved:
                await self._moved.wait_for(lambda: self._told >= number or self._outbox.closed or self.completed.is_set())
        except TimeoutError:
            logger.info("a client is behind at its end: %d of %d events told", self._told, number)

    async def _tell_event(self, event: StoredEvent) -> bool:
        if event.kind in self._skip:
            return True
        for text in rendered(event, self.view):
            if not await self._outbox.put_when_room(text):
                return False
        return True

    def _tell_heard(self, heard: TranscriptUpdate) -> None:
        if (self._only_heard_of in (None, heard.session_id)) and not self._outbox.crowded:
            for text in rendered_heard(heard):
                self._outbox.put(text)


def rendered(event: StoredEvent, view: View) -> tuple[str, ...]:
    """Return the texts of one event for one kind of listener; remembered, since thousands may listen to the same."""
    key = (event.conversation_id, event.number, view)
    texts = _rendered.get(key)
    if texts is None:
        texts = tuple(encode(message) for message in render_event(event.event, event.number, view))
        _rendered[key] = texts
        if len(_rendered) > REMEMBERED:
            _rendered.popitem(last=False)
    return texts


def rendered_heard(heard: TranscriptUpdate) -> tuple[str, ...]:
    """Return the texts of one recognition result; remembered, since every listener of a process gets the same object."""
    known = _heard.get(id(heard))
    if known is not None:
        return known[1]
    message = recognition_result(heard.text, heard.words, confidence=heard.confidence, is_final=heard.is_final, member=heard.member)
    trackers = [tracker_response(heard.trackers, is_final=False)] if heard.trackers else []
    texts = tuple(encode(each) for each in (message, *trackers))
    _heard[id(heard)] = (heard, texts)
    if len(_heard) > REMEMBERED:
        _heard.popitem(last=False)
    return texts
