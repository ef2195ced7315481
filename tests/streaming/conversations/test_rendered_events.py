"""Events and results as messages for one client: missed ones first, then live; rendered once for all clients of a process."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from insights.events import ConversationCompleted, ConversationCreated
from streaming.aio.bounded_queue import BoundedQueue, QueueClosed
from streaming.cluster.transcript_update import StoredEvent, TranscriptUpdate
from streaming.conversations import rendered_events
from streaming.conversations.rendered_events import RenderedEvents
from streaming.speech.engines.base import Word


def interim(text: str) -> TranscriptUpdate:
    """Return an interim result of one word."""
    return TranscriptUpdate(1, uuid4(), text, (Word(text, 0.0, 0.5, 0.9),), 0.9, False)


def test_all_subscribers_share_one_text() -> None:
    """A recognition result is rendered once for all subscribers of a process."""
    result = interim("Hello.")
    assert rendered_events.rendered_update(result) is rendered_events.rendered_update(result)


def test_each_result_has_its_own_text() -> None:
    """Each result is sent with its own words, and the cache of texts is bounded."""
    rendered = [rendered_events.rendered_update(interim(f"word{number}")) for number in range(3 * rendered_events.REMEMBERED)]
    texts = [json.loads(text)["message"]["punctuated"]["transcript"] for (text,) in rendered]
    assert texts == [f"word{number}" for number in range(3 * rendered_events.REMEMBERED)]
    assert len(rendered_events._rendered_updates) == rendered_events.REMEMBERED


class Subscribed:
    """A subscription to which a test adds items; `close` ends it."""

    conversation_id = 1

    def __init__(self, cursor: int = 0) -> None:
        self.cursor = cursor
        self.queue: BoundedQueue[Any] = BoundedQueue(100)

    async def __anext__(self) -> Any:
        try:
            delivery = await self.queue.get()
        except QueueClosed:
            raise StopAsyncIteration from None
        self.cursor = getattr(delivery, "number", self.cursor)
        return delivery

    async def close(self) -> None:
        """End the subscription."""
        self.queue.close(discard=True)


class Plain:
    """Renders an event as two messages and a result as one."""

    def event(self, event: StoredEvent) -> list[str]:
        """Return its number twice."""
        return [f"{event.number}a", f"{event.number}b"]

    def deleted(self, conversation_id: int) -> list[str]:
        return ["deleted"]

    def update(self, update: TranscriptUpdate) -> list[str]:
        """Return its text."""
        return [update.text]

    def found(self, update: TranscriptUpdate) -> None:
        """Find nothing."""


def stored(number: int, event: Any = None) -> StoredEvent:
    """Return an event of the conversation."""
    return StoredEvent(1, number, event or ConversationCreated("1"), datetime(2026, 1, 1, tzinfo=UTC))


async def test_a_client_has_caught_up_when_it_reads_on() -> None:
    """Not the rendering of the last message counts, but the next read after it was sent."""
    source = Subscribed()
    events: RenderedEvents[str] = RenderedEvents(source, Plain())  # type: ignore[arg-type]
    for delivery in (stored(1), interim("word"), stored(2)):
        source.queue.put(delivery)
    catching_up = asyncio.create_task(events.caught_up(2))
    assert [await anext(events) for _ in range(5)] == ["1a", "1b", "word", "2a", "2b"]
    await asyncio.sleep(0)
    assert not catching_up.done()
    reading = asyncio.create_task(anext(events, None))
    await asyncio.wait_for(catching_up, 30)
    await events.close()
    assert await reading is None


async def test_insights_of_open_turns_delay_nothing() -> None:
    """They come when they are found; what comes meanwhile is sent, and those of a later result take their place."""
    source, first = Subscribed(), asyncio.Event()

    class Finding(Plain):
        def found(self, update: TranscriptUpdate) -> Any:
            async def find() -> list[str]:
                if update.text == "first":
                    await first.wait()
                return [f"in {update.text}"]

            return find()

    events: RenderedEvents[str] = RenderedEvents(source, Finding())  # type: ignore[arg-type]
    source.queue.put(interim("first"))
    assert await anext(events) == "first"
    source.queue.put(stored(1))
    assert [await anext(events), await anext(events)] == ["1a", "1b"]
    reading = asyncio.create_task(anext(events))
    await asyncio.sleep(0)
    first.set()
    assert await asyncio.wait_for(reading, 30) == "in first"
    first.clear()
    for delivery in (interim("first"), interim("second")):
        source.queue.put(delivery)
    assert [await anext(events) for _ in range(3)] == ["first", "second", "in second"]
    await events.close()


async def test_the_wait_for_a_client_that_stopped_reading_ends() -> None:
    """A closed subscription, and a client that has disconnected, end the wait at once."""
    closed: RenderedEvents[str] = RenderedEvents(Subscribed(), Plain())  # type: ignore[arg-type]
    left: RenderedEvents[str] = RenderedEvents(Subscribed(), Plain())  # type: ignore[arg-type]
    waits = [asyncio.create_task(events.caught_up(7)) for events in (closed, left)]
    await asyncio.sleep(0)
    assert not any(wait.done() for wait in waits)
    await closed.close()
    left.stop()
    async with asyncio.timeout(rendered_events.CATCH_UP_S / 2):
        await asyncio.gather(*waits)


async def test_the_end_of_a_conversation_is_the_last_message() -> None:
    """Events stored after it are not sent."""
    source = Subscribed()
    events: RenderedEvents[str] = RenderedEvents(source, Plain())  # type: ignore[arg-type]
    for delivery in (stored(1), stored(2, ConversationCompleted("1")), stored(3)):
        source.queue.put(delivery)
    assert [message async for message in events] == ["1a", "1b", "2a", "2b"]
    await events.caught_up(3)


async def test_a_new_renderer_applies_to_unread_events() -> None:
    """A client that starts again with other options gets later events in their form."""
    source = Subscribed()
    events: RenderedEvents[str] = RenderedEvents(source, Plain())  # type: ignore[arg-type]
    source.queue.put(interim("first"))
    assert await anext(events) == "first"

    class Loud(Plain):
        def update(self, update: TranscriptUpdate) -> list[str]:
            return [update.text.upper()]

    events.renderer = Loud()
    source.queue.put(interim("second"))
    assert await anext(events) == "SECOND"
