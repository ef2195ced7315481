"""The live page and the watch page."""

import re

import pytest
from django.test import Client

from tests.insights.portal.conftest import MakeConversation


def test_a_new_conversation_gets_its_own_url(user_client: Client) -> None:
    """Two visits get two URLs, so that a reload joins the same conversation again."""
    first, second = (user_client.get("/live/").headers["Location"] for _ in range(2))
    assert re.fullmatch(r"/live/[0-9a-f-]{36}/", first)
    assert first != second


def test_the_page_has_the_data_of_its_script(user_client: Client) -> None:
    """The page escapes the connection id."""
    text = user_client.get("/live/room%22%3E1/").content.decode()
    assert 'data-connection="room&quot;&gt;1"' in text
    assert 'data-watching="no"' in text
    assert 'data-account="jane@example.com"' in text
    assert 'value="jane"' in text


def test_a_live_conversation_is_joined(user_client: Client, make_conversation: MakeConversation) -> None:
    """The page shows the title and no field for it."""
    make_conversation("Stand-up", live=True, connection="room")
    text = user_client.get("/live/room/").content.decode()
    assert '<span data-when="live">Join and speak</span><span data-when="new" hidden>Start</span>' in text
    assert "Stand-up" in text
    assert '<div class="field" data-when="new" hidden><label for="meeting">' in text


def test_an_ended_conversation_is_linked(user_client: Client, make_conversation: MakeConversation) -> None:
    """The page of an ended conversation links to it; speaking there starts a new one."""
    conversation = make_conversation(connection="room")
    text = user_client.get("/live/room/").content.decode()
    assert f'href="/conversations/{conversation.id}/"' in text
    assert '<span data-when="live" hidden>Join and speak</span><span data-when="new">Start</span></button>' in text


def test_the_same_id_of_another_account_is_another_conversation(other_client: Client, make_conversation: MakeConversation) -> None:
    """Connection ids belong to their owner, and the page shows nothing of another account."""
    make_conversation("Stand-up", live=True, connection="room")
    assert "Stand-up" not in other_client.get("/live/room/").content.decode()
    assert other_client.get("/watch/room/").status_code == 404


def test_watching_needs_a_conversation(user_client: Client, make_conversation: MakeConversation) -> None:
    """An unknown conversation gets 404, an ended one redirects to its page, a live one has a page without microphone."""
    assert user_client.get("/watch/room/").status_code == 404
    ended = make_conversation(connection="room")
    assert user_client.get("/watch/room/").headers["Location"] == f"/conversations/{ended.id}/"
    make_conversation(connection="room", live=True, day=1)
    text = user_client.get("/watch/room/").content.decode()
    assert 'data-watching="yes"' in text
    assert 'id="setup"' not in text


@pytest.mark.parametrize("page", ["live", "watch", "heard"])
@pytest.mark.parametrize("odd", ["a%00b", "x" * 501])
def test_an_invalid_connection_id_is_404(user_client: Client, page: str, odd: str) -> None:
    """Ids with NUL and very long ids get 404 without a query."""
    assert user_client.get(f"/{page}/{odd}/").status_code == 404
