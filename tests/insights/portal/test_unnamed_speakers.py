"""A voice that nobody has named is stored and sent as `Speaker 1`; pages, menus and files show it in the language of the reader."""

import re
from io import BytesIO
from urllib.parse import quote
from zipfile import ZipFile

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.translation import override

from insights.exports.titles import shown_person, stored_person
from insights.models import Conversation, Insight, Member
from tests.insights.portal.conftest import MakeConversation, add_insight


@pytest.fixture
def talk(make_conversation: MakeConversation) -> Conversation:
    """A conversation of two voices without names, of which one has a task; without a title."""
    one = make_conversation(lines=[("Speaker 1", "Who can do it?"), ("Speaker 2", "I will.")])
    one.name = str(one.pk)
    one.save()
    Member.objects.update(user_id="")
    member = one.members.get(name="Speaker 2")
    add_insight(one, 2, "action_item", "I will.", assignee=member, assignee_name=member.name)
    return one


@pytest.fixture
def german(user_client: Client) -> Client:
    """The browser of somebody who reads German."""
    user_client.defaults["HTTP_ACCEPT_LANGUAGE"] = "de"
    return user_client


def downloaded(client: Client, talk: Conversation, form: str) -> bytes:
    """Return a file of a conversation."""
    response = client.get(f"/conversations/{talk.pk}/download.{form}")
    return b"".join(response.streaming_content) if response.streaming else response.content


def test_pages_translate_them(german: Client, talk: Conversation) -> None:
    """The page of the conversation, the lists, the search, its filter, and the pick list."""
    pages = ["/", "/conversations/", f"/conversations/{talk.pk}/", "/conversations/?q=can", "/?tasks=all"]
    for path in pages:
        page = german.get(path).content.decode()
        assert "Sprecher 1" in page or "Sprecher 2" in page, path
        assert "Speaker 1" not in page.replace('value="Speaker 1"', ""), path
    assert '<option value="Speaker 1">Sprecher 1</option>' in german.get("/conversations/").content.decode()
    people = german.get(f"/conversations/{talk.pk}/people.json").json()["people"]
    assert [(one["name"], one["assigned"]) for one in people[:2]] == [("Sprecher 1",) * 2, ("Sprecher 2",) * 2]


def test_a_search_finds_them_by_the_name_of_the_page(german: Client, talk: Conversation) -> None:
    """`from:` takes the shown name and the stored one."""
    for name in ("Sprecher 2", "Speaker 2"):
        search = quote(f'from:"{name}"')
        page = german.get(f"/conversations/?q={search}").content.decode()
        assert "I will." in page, name
        assert "Who can do it?" not in page, name


@pytest.mark.parametrize("form", ["txt", "md", "srt", "vtt", "minutes.md", "docx"])
def test_files_translate_them(german: Client, talk: Conversation, form: str) -> None:
    """Of every format but JSON, which has what is stored."""
    data = downloaded(german, talk, form)
    text = (ZipFile(BytesIO(data)).read("word/document.xml") if form == "docx" else data).decode()
    assert "Sprecher 2" in text
    assert "Speaker" not in text


def test_what_is_stored_stays(german: Client, talk: Conversation) -> None:
    """JSON, the tables, and pages in English."""
    stored = downloaded(german, talk, "json").decode()
    assert "Speaker 2" in stored
    assert "Sprecher" not in stored
    assert Insight.objects.get().assignee_name == "Speaker 2"
    assert "Speaker 2" in german.get(f"/conversations/{talk.pk}/", HTTP_ACCEPT_LANGUAGE="en").content.decode()


def test_the_dialog_knows_who_has_a_name(german: Client, talk: Conversation, user: User) -> None:
    """It offers no `Speaker 1` to be stored as the name of a person."""
    Member.objects.filter(name="Speaker 1").update(name="Ada")
    page = german.get(f"/conversations/{talk.pk}/").content.decode()
    assert 'data-email="" data-named>Ada</li>' in page
    assert 'data-email="">Sprecher 2</li>' in page


def test_only_the_whole_name_is_translated() -> None:
    """There and back; a name that a person gave stays as it is."""
    with override("de"):
        assert [shown_person(name) for name in ("Speaker 12", "Speaker 1b", "Speaker", "Ada")] == [
            "Sprecher 12",
            "Speaker 1b",
            "Speaker",
            "Ada",
        ]
        assert [stored_person(name) for name in ("Sprecher 12", "sprecher 3", "Ada")] == ["Speaker 12", "Speaker 3", "Ada"]


def test_a_single_unknown_speaker_has_the_same_name_everywhere(user_client: Client, make_conversation: MakeConversation) -> None:
    """The list of speakers says "Speaker 2" as the transcript does, and not "Unknown speaker"."""
    talk = make_conversation(lines=[("Ada", "Who can do it?"), ("Ben", "I will.")])
    talk.speakers.filter(member__name="Ben").update(member=None)
    page = user_client.get(f"/conversations/{talk.pk}/").content.decode()
    members = page[page.index('<ul class="members">') :]
    assert re.search(r"<span>(Speaker \d)</span>", members[: members.index("</ul>")])
    assert "Unknown speaker" not in page
