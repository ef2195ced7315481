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


async def test_a_number_beyond_the_last_event(live: Server, live_token: str) -> None:
    """The cursor of an earlier conversation under the same connection id: this one is told from its beginning, not never."""
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


async def test_who_knows_all_of_an_ended_conversation(live: Server, live_token: str) -> None:
    """A listener that comes back after the end, having seen everything, is told the end again and not left waiting."""
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
