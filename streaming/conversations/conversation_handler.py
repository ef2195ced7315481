"""One speaker in a conversation, for the handlers of all protocols: audio to stored results, and all events to the client."""

from typing import Generic

from insights.recorder import Joined
from streaming.conversations.live_speech import LiveSpeech, StartOptions
from streaming.conversations.rendered_events import M, RenderedEvents, Renderer

LAST_WORDS_S = 90.0
"""Seconds that the end may take: more than recognising, storing and sending the last words may take together."""


class ConversationHandler(Generic[M]):
    """The speaker's audio (`speech`) and the events that its client reads (`events`)."""

    def __init__(self, speech: LiveSpeech) -> None:
        self.speech = speech
        self.events: RenderedEvents[M] | None = None

    async def begin(self, start_options: StartOptions) -> Joined:
        """Join the conversation; one that was joined before is left for a moment if the options change. Raises as `LiveSpeech.begin`."""
        if self.speech.active:
            await self.speech.finish()
        return await self.speech.begin(start_options)

    def is_subscribed_to(self, joined: Joined) -> bool:
        """Whether `events` are those of this conversation."""
        return self.events is not None and self.events.conversation_id == joined.conversation_id

    async def subscribe(self, joined: Joined, after: int, renderer: Renderer[M]) -> RenderedEvents[M]:
        """Read the events after number `after`, instead of those of any other conversation."""
        await self.unsubscribe()
        self.events = await RenderedEvents.subscribe(joined.conversation_id, after, renderer)
        return self.events

    async def finish(self, *, catch_up: bool = True) -> None:
        """Transcribe and store the rest of the audio; wait until the client has got its events."""
        await self.speech.finish()
        if catch_up and self.events is not None:  # without a subscription nothing can be sent, but the speech is stored
            await self.events.caught_up(self.speech.last_event)

    async def unsubscribe(self) -> None:
        """Read no more events."""
        events, self.events = self.events, None
        if events is not None:
            await events.close()
