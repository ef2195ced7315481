"""/notes: private lines of the caller."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from insights import access, recorder
from insights.models import AccessLevel, Conversation, Event, Note
from insights.recorder import notes as module
from tests.insights.api.conftest import Api, token_of

UNKNOWN = {"message": "The noteId is either invalid or does not exist."}


def write(api: Api, text: str, at: float | None = None, note: object = None) -> dict[str, Any]:
    """Write a note and return it."""
    return dict(api.send("PUT", f"/notes/{note or uuid4()}", {"text": text, "beginTimeOffset": at}))


@pytest.fixture
def reader(talk: Conversation) -> Api:
    """A colleague who may read the conversation."""
    colleague = User.objects.create_user("ben@example.org", "ben@example.org")
    access.share_with_person(talk, colleague.email, AccessLevel.READ)
    return Api(token_of(colleague), talk.pk)


def test_write_change_and_delete(api: Api) -> None:
    """Notes come in the order of the conversation, those without a place last; a note keeps its place when its text changes."""
    later, first, nowhere = write(api, "Second\nline", 8.5), write(api, "  First  ", 2), write(api, "Nowhere")
    assert [one["text"] for one in api.read("/notes")["notes"]] == ["First", "Second\nline", "Nowhere"]
    assert (first["beginTimeOffset"], nowhere["beginTimeOffset"]) == (2, None)
    changed = write(api, "Changed", 99, later["id"])
    assert (changed["text"], changed["beginTimeOffset"], changed["createdAt"]) == ("Changed", 8.5, later["createdAt"])
    assert api.send("DELETE", f"/notes/{first['id']}") == {"id": first["id"], "deleted": True}
    assert [one["text"] for one in api.read("/notes")["notes"]] == ["Changed", "Nowhere"]
    assert api.send("DELETE", f"/notes/{first['id']}", status=404) == UNKNOWN


def test_a_repeated_call_stores_nothing_twice(api: Api) -> None:
    """A client that did not get the answer sends the same again."""
    note = uuid4()
    assert write(api, "Once", 1, note) == write(api, "Once", 1, note)
    assert Note.objects.count() == 1


def test_nobody_else_gets_them(api: Api, reader: Api, talk: Conversation) -> None:
    """A reader writes notes too; the owner and the reader get only their own, and there is no event."""
    before = Event.objects.count()
    own, theirs = write(api, "Of the owner"), write(reader, "Of the reader")
    assert [one["text"] for one in api.read("/notes")["notes"]] == ["Of the owner"]
    assert [one["text"] for one in reader.read("/notes")["notes"]] == ["Of the reader"]
    for other, note in ((api, theirs), (reader, own)):
        assert other.send("PUT", f"/notes/{note['id']}", {"text": "Mine?"}, status=404) == UNKNOWN
        assert other.send("DELETE", f"/notes/{note['id']}", status=404) == UNKNOWN
    assert Event.objects.count() == before
    assert sorted(Note.objects.values_list("text", flat=True)) == ["Of the owner", "Of the reader"]


def test_a_note_belongs_to_one_conversation(api: Api, owner: User) -> None:
    """Its id is unknown in another one."""
    note = write(api, "Here")
    other = Conversation.objects.create(owner=owner, connection_id="other", name="Other", started_at=Conversation.objects.get().started_at)
    elsewhere = Api(api.token, other.pk)
    assert elsewhere.send("PUT", f"/notes/{note['id']}", {"text": "There"}, status=404) == UNKNOWN
    assert elsewhere.read("/notes") == {"notes": []}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": " \n "}, "text"),
        ({"text": "a" * 2001}, "text"),
        ({"text": "a", "beginTimeOffset": -1}, "beginTimeOffset"),
        ({"text": "a", "beginTimeOffset": 1e300}, "beginTimeOffset"),
        ({}, "text"),
    ],
)
def test_wrong_values_are_named(api: Api, body: dict[str, object], field: str) -> None:
    """400 names the field; nothing is stored."""
    assert field in str(api.send("PUT", f"/notes/{uuid4()}", body, status=400))
    assert not Note.objects.exists()


def test_there_is_a_limit(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A note that exists can still be changed."""
    monkeypatch.setattr(module, "MOST", 1)
    note = write(api, "One")
    assert "at most 1 notes" in api.send("PUT", f"/notes/{uuid4()}", {"text": "Two"}, status=400)["message"]
    assert write(api, "Changed", note=note["id"])["text"] == "Changed"


def test_redaction_masks_them(api: Api, reader: Api, talk: Conversation, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The notes of all people are masked with the conversation."""
    monkeypatch.setattr("insights.recorder.deletion.redact_stored.NOTES", 1)
    write(api, "Call 555-123-4567"), write(reader, "Mail jane.doe@example.com"), write(reader, "Nothing")
    recorder.redact_conversation(talk.pk, owner.pk)
    assert sorted(Note.objects.values_list("text", flat=True)) == ["Call ****", "Mail ****", "Nothing"]


def test_they_go_with_the_account(api: Api, reader: Api) -> None:
    """Deleting an account deletes its notes in the conversations of others."""
    write(api, "Of the owner"), write(reader, "Of the reader")
    User.objects.get(username="ben@example.org").delete()
    assert [one.text for one in Note.objects.all()] == ["Of the owner"]
