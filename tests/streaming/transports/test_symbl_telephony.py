"""The WebSockets of Symbl's Telephony API: `/events/{id}` and `/session/subscribe/{id}`."""

import pytest

from tests.servers import Server
from tests.streaming.transports.client import connected


@pytest.mark.parametrize("path", ["/events/", "/session/subscribe/"])
async def test_they_say_that_there_is_no_telephony(live: Server, live_token: str, path: str) -> None:
    """The socket is accepted, gets the error in both forms of the protocol, and is closed cleanly, so that clients do not reconnect."""
    async with connected(live, live_token, "MGFobDc=", path) as client:
        assert await client.wait_closed() == 1000
    envelope, top = client.messages
    assert (envelope["type"], envelope["message"]["type"], top["type"]) == ("message", "error", "error")
    for error in (envelope["message"], envelope["message"]["payload"], top):
        assert "Telephony API is not implemented" in error["message"]
        assert error["details"]
