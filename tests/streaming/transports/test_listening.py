"""What those get who only listen: `/v1/subscribe/{id}`."""

from uuid import uuid4

from tests.servers import Server
from tests.streaming.transports.client import connected


async def test_who_comes_late_learns_the_conversations_id(live: Server, live_token: str) -> None:
    """A listener of a running conversation is told its id once, like one who was there first; a client's getConversationId() needs it."""
    connection_id = uuid4().hex
    async with (
        connected(live, live_token, connection_id, "/v1/subscribe/") as early,
        connected(live, live_token, connection_id) as speaker,
    ):
        conversation_id = await speaker.start()
        await speaker.speak(2.5)
        await speaker.wait("message_response")
        async with connected(live, live_token, connection_id, "/v1/subscribe/") as late:
            created = await late.wait("conversation_created")
            assert created["message"]["data"]["conversationId"] == conversation_id
            await speaker.stop()
            await late.wait("conversation_completed")
            await early.wait("conversation_completed")
            for listener in (early, late):
                assert len(listener.of("conversation_created")) == 1
            assert early.said()[: -len(late.said())] == speaker.said()[:1], "what was said before is not repeated to who comes late"
