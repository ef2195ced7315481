"""`/v1/conversations/{id}/subscribe`: the events of one stored conversation, also those after its end. Not part of Symbl's API."""

from insights import queries
from streaming.aio.database_executors import run_in_database
from streaming.conversations.rendered_events import RenderedEvents, SymblTexts
from streaming.protocols.symbl import View
from streaming.transports.symbl import ListenConsumer


class FollowConsumer(ListenConsumer):
    """Sends what happens to a conversation from now on, or after the event `?after=`: new results, and what people change later."""

    unknown = "no conversation of yours has this id", "conversationId"

    async def _subscribe(self) -> RenderedEvents[str] | None:
        found = await run_in_database(queries.conversation_for, self.user_id, self.connection_id)
        if found is None:
            return None
        self._conversation_id = found.id
        cursor = found.last_event if self.after is None else min(self.after, found.last_event)
        return await RenderedEvents.subscribe(found.id, cursor, SymblTexts(View(), self.send_queue), past_end=True)
