"""The language of pages, mails and the API."""

import json

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation

from insights.models import AccountSettings

GERMAN = {"HTTP_ACCEPT_LANGUAGE": "de-DE,de;q=0.9,en;q=0.8"}


def text(client: Client, address: str, **headers: str) -> str:
    """Return a page."""
    return client.get(address, **headers).content.decode()


@pytest.mark.parametrize(
    ("accepted", "language", "words"),
    [("", "en", "Sign in"), ("de-AT,de;q=0.8", "de", "Anmelden"), ("fr,de;q=0.5", "de", "Anmelden"), ("fr", "en", "Sign in")],
)
@pytest.mark.django_db
def test_a_browser_gets_its_language(client: Client, accepted: str, language: str, words: str) -> None:
    """Before sign-in the browser decides; a language that Parley does not have is English."""
    User.objects.create_superuser("root@example.com", "root@example.com", "correct horse battery")
    answer = client.get("/signin/", **({"HTTP_ACCEPT_LANGUAGE": accepted} if accepted else {}))
    page = answer.content.decode()
    assert f'<html lang="{language}"' in page
    assert f"<h1>{words}</h1>" in page
    assert answer.headers["Content-Language"] == language
    assert {"accept-language", "cookie"} <= {one.strip().lower() for one in answer.headers["Vary"].split(",")}


def test_the_language_of_the_account_comes_first(user_client: Client) -> None:
    """The choice holds from the next page on, against the browser's language, until the account has none any more."""
    profile = {"name": "Jane", "language": "de", "time_zone": ""}
    assert "Profil gespeichert." in user_client.post("/account/profile/", profile, follow=True, HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert "<h1>Gespräche</h1>" in text(user_client, "/conversations/", HTTP_ACCEPT_LANGUAGE="en")
    user_client.post("/account/profile/", profile | {"language": ""}, follow=True)
    assert "<h1>Conversations</h1>" in text(user_client, "/conversations/", HTTP_ACCEPT_LANGUAGE="en")


def test_another_device_gets_the_language_at_sign_in(user: User, client: Client) -> None:
    """The page after the sign-in is in the account's language; an account without one removes the language of the one before."""
    AccountSettings.objects.create(user=user, language="de")
    other = User.objects.create_user("bo@example.com", "bo@example.com", "correct horse battery")
    signed_in = client.post("/signin/", {"username": user.username, "password": "correct horse battery"}, follow=True)
    assert "<h1>Nehmen Sie Ihr erstes Gespräch auf</h1>" in signed_in.content.decode()
    client.post("/signout/")
    signed_in = client.post("/signin/", {"username": other.username, "password": "correct horse battery"}, follow=True)
    assert "<h1>Record your first conversation</h1>" in signed_in.content.decode()


def test_the_api_stays_english(user_client: Client) -> None:
    """Programs read the texts of errors: they are the same in every language, and have no language header."""
    answer = user_client.get("/v1/conversations/1/messages", **GERMAN)
    english = user_client.get("/v1/conversations/1/messages")
    assert json.loads(answer.content) == json.loads(english.content)
    assert "Content-Language" not in answer.headers


def test_the_page_loads_the_texts_of_its_scripts(user_client: Client) -> None:
    """Only a page in another language than English loads a catalogue."""
    assert "parley/texts/de.js" in text(user_client, "/conversations/", **GERMAN)
    assert "parley/texts/" not in text(user_client, "/conversations/")


def test_an_unknown_page_is_in_the_language_of_the_reader(user_client: Client) -> None:
    """Error pages are translated like all others."""
    assert "Seite nicht gefunden" in text(user_client, "/nothing/", **GERMAN)


@pytest.mark.django_db
def test_labels_of_stored_values_are_translated_when_shown() -> None:
    """Kinds of insights, levels of access and roles are stored as names; their labels follow the language."""
    from insights import kind_words
    from insights.insight_kinds import ACTION_ITEM
    from insights.models.roles import Role
    from insights.models.sharing import AccessLevel

    with translation.override("de"):
        assert (kind_words.label(ACTION_ITEM), kind_words.noun(ACTION_ITEM, 2)) == ("Aufgabe", "Aufgaben")
        assert kind_words.listed("or") == "Fragen, Aufgaben oder Wiedervorlagen"
        assert [str(Role.REVIEWER.label), str(AccessLevel.EDIT.label)] == ["Prüfer", "Kann bearbeiten"]
    assert kind_words.listed("or") == "questions, action items or follow-ups"
