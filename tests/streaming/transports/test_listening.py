"""Subscribers: `/v1/subscribe/{id}`."""

from uuid import uuid4

from tests.servers import Server
from tests.streaming.transports.client import connected


async def test_a_late_subscriber_gets_the_conversation_id(live: Server, live_token: str) -> None:
    """A subscriber to a live conversation gets its id once, which a client's getConversationId() needs."""
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


async def test_a_number_beyond_the_last_event(live: Server, live_token: str) -> None:
    """A cursor of an earlier conversation with the same connection id replays the new one from its start."""
    connection_id = uuid4().hex
    async with connected(live, live_token, connection_id) as speaker:
        await speaker.start()
        async with connected(live, live_token, connection_id, "/v1/subscribe/", query="?after=999999999999999999") as listener:
            await listener.wait("conversation_created")
            await speaker.speak(2.1)
            await listener.wait("message_response")
            await speaker.stop()
            await listener.wait("conversation_completed")
            assert await listener.wait_closed() == 1000


async def test_a_cursor_at_the_end_of_an_ended_conversation(live: Server, live_token: str) -> None:
    """The subscriber gets the end again."""
    connection_id = uuid4().hex
    async with connected(live, live_token, connection_id) as speaker:
        conversation_id = await speaker.start()
        await speaker.speak(2.1)
        await speaker.stop()
    last = live.get(f"/v1/conversations/{conversation_id}/events", live_token)[1]["lastEvent"]
    async with connected(live, live_token, connection_id, "/v1/subscribe/", query=f"?after={last}") as listener:
        assert await listener.wait_closed() == 1000
    assert listener.kinds() == ["conversation_completed"]
    assert listener.messages[0]["message"]["conversationId"] == conversation_id
