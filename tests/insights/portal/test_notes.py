"""Private notes on pages and in downloads."""

import io
import json
import zipfile
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client

from insights import access, recorder
from insights.models import AccessLevel, Conversation
from tests.insights.portal.conftest import MakeConversation

pytestmark = pytest.mark.django_db


@pytest.fixture
def talk(make_conversation: MakeConversation, user: User) -> Conversation:
    """A conversation in which the owner and a reader wrote a note each."""
    made = make_conversation("Planning", [("Ada", "Is it ready?")])
    recorder.write_note(made.pk, uuid4(), "Ask *Ada*\nabout it", 42.4, user.pk)
    reader = User.objects.create_user("reader@example.org", "reader@example.org")
    access.share_with_person(made, reader.email, AccessLevel.READ)
    recorder.write_note(made.pk, uuid4(), "A secret", None, reader.pk)
    return made


def content(client: Client, talk: Conversation, form: str, query: str = "?notes=yes") -> bytes:
    """Return a downloaded file."""
    response = client.get(f"/conversations/{talk.pk}/download.{form}{query}")
    assert response.status_code == 200
    if isinstance(response, StreamingHttpResponse):
        return b"".join(response)  # type: ignore[arg-type]
    assert isinstance(response, HttpResponse)
    return response.content


def test_the_page_has_ones_own_notes(user_client: Client, talk: Conversation) -> None:
    """With their place; not those of others."""
    page = user_client.get(f"/conversations/{talk.pk}/").content.decode()
    assert "Ask *Ada*\nabout it" in page
    assert 'href="?at=42" data-seek="42.40">0:42</a>' in page
    assert "A secret" not in page


def test_the_live_page_has_them_too(user_client: Client, make_conversation: MakeConversation, user: User) -> None:
    """After a reload they are there again."""
    live = make_conversation("Live", live=True, connection="room")
    recorder.write_note(live.pk, uuid4(), "Remember", 3.0, user.pk)
    for page in ("live", "watch"):
        assert "Remember" in user_client.get(f"/{page}/room/").content.decode()
    live.ended_at = live.started_at
    live.save()
    assert "Remember" not in user_client.get("/live/room/").content.decode()  # a new conversation has none


def test_downloads_have_them_if_wanted(user_client: Client, talk: Conversation) -> None:
    """At the end of text, Markdown, minutes and Word, and in JSON."""
    assert "My notes\n- 0:42 Ask *Ada* about it\n" in content(user_client, talk, "txt").decode()
    for form in ("md", "minutes.md"):
        assert "## My notes\n\n- 0:42 Ask \\*Ada\\* about it\n" in content(user_client, talk, form).decode()
    with zipfile.ZipFile(io.BytesIO(content(user_client, talk, "docx"))) as word:
        assert "0:42 Ask *Ada* about it" in word.read("word/document.xml").decode()
    (one,) = json.loads(content(user_client, talk, "json"))["conversations"]
    assert [(note["text"], note["beginTimeOffset"]) for note in one["notes"]] == [("Ask *Ada*\nabout it", 42.4)]
    for form in ("txt", "md", "minutes.md", "json", "srt", "vtt"):
        assert "Ask" not in content(user_client, talk, form, "").decode()
        assert "secret" not in content(user_client, talk, form).decode()


def test_a_reader_downloads_their_own(client: Client, talk: Conversation) -> None:
    """The notes of the owner are not in the file."""
    client.force_login(User.objects.get(username="reader@example.org"))
    text = content(client, talk, "txt").decode()
    assert "A secret" in text
    assert "Ask" not in text
