"""The language of messages and conversations, and translations: stored, corrected, undone and deleted with the words."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User

from insights import recorder
from insights.models import Conversation, Event, Message, Topic
from insights.recorder import Joined, Listening, Opening, StoredEvent, Utterance
from insights.recorder.segment import shared_translation

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
GERMAN, ENGLISH = "Der Vertrag ist fertig. Ich schicke den Bericht.", "The contract is ready. I send the report."


@pytest.fixture
def found(owner: User) -> Joined:
    """A conversation whose language is still to be found."""
    return recorder.open_conversation(Opening(owner_id=owner.pk, connection_id="r", session_id=uuid4(), language="auto"))


def say(joined: Joined, text: str = GERMAN, english: str = ENGLISH, **listening: Any) -> list[StoredEvent]:
    said = Utterance(text, (), 0.9, NOW, NOW + timedelta(seconds=4), translation=english)
    return recorder.record(joined.conversation_id, said, Listening(session_id=uuid4(), **listening))


def test_the_first_language_that_is_found_is_that_of_the_conversation(found: Joined) -> None:
    """A guess is stored with its message only; a settled one becomes that of the conversation; topics are counted in that language."""
    say(found, "Ja.", "", language="nl")
    say(found, language="de", language_found=True)
    say(found, "Bonjour.", "", language="fr", language_found=True)
    conversation = Conversation.objects.get(pk=found.conversation_id)
    assert conversation.language == "de"
    assert list(Message.objects.order_by("number").values_list("language", flat=True)) == ["nl", "", "", "fr"]
    assert set(Topic.objects.values_list("text", flat=True)) == {"Vertrag", "Bericht"}


def test_a_region_is_no_other_language(joined: Joined) -> None:
    """Messages in en-GB of a conversation in en-US name no language of their own."""
    say(joined, "Good morning.", "", language="en-GB")
    assert Message.objects.get().language == ""


def test_a_translation_is_in_the_event_of_its_sentence(joined: Joined) -> None:
    """Each message has its sentence of the translation and its language; the insight of the rules is stored."""
    (messages, insights) = (event for event in say(joined, language="de-DE") if event.kind in ("messages", "insights"))
    stored = messages.payload["messages"]
    assert [(one["translation"], one["language"]) for one in stored] == [
        ("The contract is ready.", "de-DE"),
        ("I send the report.", "de-DE"),
    ]
    assert [one["type"] for one in insights.payload["insights"]] == ["action_item"]


def test_a_correction_removes_the_translation_and_undoing_restores_it(joined: Joined, owner: User) -> None:
    """The translation belongs to the words that were corrected."""
    say(joined, language="de")
    first = Message.objects.order_by("number")[0]
    edited = recorder.edit_message(first.id, owner.pk, text="Der Vertrag ist da.")
    first.refresh_from_db()
    assert (first.translation, first.language) == ("", "de")
    assert edited.change_id is not None
    recorder.undo(edited.change_id, owner.pk)
    first.refresh_from_db()
    assert (first.text, first.translation) == ("Der Vertrag ist fertig.", "The contract is ready.")


def test_a_deleted_message_leaves_no_translation(joined: Joined, owner: User) -> None:
    """Its translation is in no event any more."""
    say(joined, language="de")
    recorder.delete_message(joined.conversation_id, Message.objects.order_by("number")[0].id, owner.pk)
    payloads = str(list(Event.objects.values_list("payload", flat=True)))
    assert "contract" not in payloads
    assert "I send the report." in payloads


@pytest.mark.parametrize(
    ("translation", "texts", "expected"),
    [
        ("One. Two.", ["Eins.", "Zwei."], ["One.", "Two."]),
        ("One and two.", ["Eins.", "Zwei und zwei."], ["", "One and two."]),
        ("One. Two. Three.", ["Eins, zwei, drei."], ["One. Two. Three."]),
        ("", ["Eins."], [""]),
        ("One.", [], []),
    ],
)
def test_sentences_of_a_translation(translation: str, texts: list[str], expected: list[str]) -> None:
    """Sentences go to their places in order; with another number of them, to where as much of the text has passed; none is lost."""
    assert shared_translation(translation, texts) == expected
