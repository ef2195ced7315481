"""The live page and the watch page."""

import re

import pytest
from django.test import Client

from tests.insights.portal.conftest import MakeConversation


def test_a_new_conversation_gets_an_address_of_its_own(visitor: Client) -> None:
    """Two visits, two addresses, so that reloading one comes back to it."""
    first, second = (visitor.get("/live/").headers["Location"] for _ in range(2))
    assert re.fullmatch(r"/live/[0-9a-f-]{36}/", first)
    assert first != second


def test_the_page_carries_what_its_script_needs(visitor: Client) -> None:
    """The connection id is escaped like everything else."""
    text = visitor.get("/live/room%22%3E1/").content.decode()
    assert 'data-connection="room&quot;&gt;1"' in text
    assert 'data-watching="no"' in text
    assert 'data-account="jane@example.com"' in text
    assert 'value="jane"' in text


def test_a_conversation_that_goes_on_is_joined(visitor: Client, make_conversation: MakeConversation) -> None:
    """Its title is shown and not asked for again."""
    make_conversation("Stand-up", live=True, connection="room")
    text = visitor.get("/live/room/").content.decode()
    assert "Join and speak" in text
    assert "Stand-up" in text
    assert 'id="meeting"' not in text


def test_an_ended_conversation_is_offered_for_reading(visitor: Client, make_conversation: MakeConversation) -> None:
    """Speaking at its address makes a new one."""
    conversation = make_conversation(connection="room")
    text = visitor.get("/live/room/").content.decode()
    assert f'href="/conversations/{conversation.id}/"' in text
    assert "</svg>Start</button>" in text


def test_the_same_id_of_another_account_is_another_conversation(stranger_client: Client, make_conversation: MakeConversation) -> None:
    """Connection ids belong to their owner; nothing of the other one shows."""
    make_conversation("Stand-up", live=True, connection="room")
    assert "Stand-up" not in stranger_client.get("/live/room/").content.decode()
    assert stranger_client.get("/watch/room/").status_code == 404


def test_watching_needs_a_conversation(visitor: Client, make_conversation: MakeConversation) -> None:
    """Unknown: 404. Ended: its saved page. Live: a page without a microphone."""
    assert visitor.get("/watch/room/").status_code == 404
    ended = make_conversation(connection="room")
    assert visitor.get("/watch/room/").headers["Location"] == f"/conversations/{ended.id}/"
    make_conversation(connection="room", live=True, day=1)
    text = visitor.get("/watch/room/").content.decode()
    assert 'data-watching="yes"' in text
    assert 'id="setup"' not in text


@pytest.mark.parametrize("page", ["live", "watch", "heard"])
@pytest.mark.parametrize("odd", ["a%00b", "x" * 501])
def test_an_impossible_connection_id_is_not_there(visitor: Client, page: str, odd: str) -> None:
    """NUL and endless ids never reach the database."""
    assert visitor.get(f"/{page}/{odd}/").status_code == 404
