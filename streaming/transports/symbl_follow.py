"""`/v1/conversations/{id}/subscribe`: the events of one stored conversation, also those after its end. Not part of Symbl's API."""

from collections.abc import Mapping

from streaming.conversations.rendered_events import RenderedEvents, SymblTexts
from streaming.protocols.symbl import View
from streaming.transports.symbl import ListenConsumer


class FollowConsumer(ListenConsumer):
    """Sends what happens to a conversation from now on, or after the event `?after=`: new results, and what people change later."""

    not_shared = "no conversation of yours has this id", "conversationId"

    @property
    def wanted_entry(self) -> Mapping[str, str]:
        """The conversation in the path; a guest only has those that are live."""
        return {"conversation": self.connection_id}

    async def _subscribe(self) -> RenderedEvents[str] | None:
        if self.entry is None:
            return None
        found = self.entry.conversation
        self._conversation_id = found.id
        cursor = found.last_event if self.after is None else min(self.after, found.last_event)
        texts = SymblTexts(View(), self.send_queue, presence=self.wants_presence, open_turns=self.wants_open_turns)
        return await RenderedEvents.subscribe(found.id, cursor, texts, past_end=True)
