"""Following a stored conversation: `/v1/conversations/{id}/subscribe`."""

import asyncio

from tests.servers import Server
from tests.streaming.transports.client import SymblClient, connected


async def said(server: Server, token: str) -> str:
    """Have something said in a conversation, end it, and return its id."""
    async with connected(server, token) as speaker:
        conversation_id = await speaker.start()
        await speaker.speak(2.1)
        await speaker.stop()
    return conversation_id


async def edit(server: Server, token: str, conversation_id: str, text: str) -> str:
    """Correct the first message and return its id."""
    root = f"/v1/conversations/{conversation_id}/messages"
    message = (await asyncio.to_thread(server.get, root, token))[1]["messages"][0]["id"]
    status, answer = await asyncio.to_thread(server.send, "PATCH", f"{root}/{message}", token, {"text": text})
    assert status == 200, answer
    return str(message)


def texts(client: SymblClient) -> list[str]:
    """Return the words of all messages that came."""
    return [one["payload"]["content"] for response in client.of("message_response") for one in response["messages"]]


async def test_edits_after_the_end_arrive(live: Server, live_token: str) -> None:
    """A follower of an ended conversation gets what people change, and nothing of what was before."""
    conversation_id = await said(live, live_token)
    async with connected(live, live_token, f"{conversation_id}/subscribe", "/v1/conversations/") as follower:
        await follower.send("__PING__")
        await follower.wait_text("__PONG__")
        await edit(live, live_token, conversation_id, "Let us begin.")
        response = await follower.wait("message_response")
        assert texts(follower) == ["Let us begin."]
    after = f"?after={response['sequenceNumber'] - 1}"
    async with connected(live, live_token, f"{conversation_id}/subscribe", "/v1/conversations/", query=after) as again:
        await again.wait("message_response")
        assert texts(again) == ["Let us begin."]
        assert again.closed is None


async def test_another_conversation_is_refused(live: Server, live_token: str) -> None:
    """An unknown id, and a text that is no id, get an error that names the field."""
    for name in ("1234567890123456", "room"):
        async with connected(live, live_token, f"{name}/subscribe", "/v1/conversations/") as follower:
            assert await follower.wait_closed() == 1008
        assert follower.messages[0]["details"].startswith("no conversation of yours has this id"), follower.messages
