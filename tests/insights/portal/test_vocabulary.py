"""The vocabulary page."""

from django.contrib.auth.models import User
from django.test import Client

from insights import managed


def test_the_page_shows_and_saves_the_vocabulary(user_client: Client, user: User) -> None:
    """One phrase a line; blank lines and repeats are left out."""
    managed.set_vocabulary(user.pk, ["Kubernetes"])
    assert "Kubernetes" in user_client.get("/settings/vocabulary/").content.decode()
    answer = user_client.post("/settings/vocabulary/", {"vocabulary": "Zoé Müller\r\n\r\n  Parley \r\nParley"}, follow=True)
    assert managed.vocabulary_of(user.pk) == ("Zoé Müller", "Parley")
    assert "Vocabulary saved" in answer.content.decode()
    user_client.post("/settings/vocabulary/", {"vocabulary": ""})
    assert managed.vocabulary_of(user.pk) == ()


def test_an_invalid_phrase_is_shown_with_the_reason(user_client: Client, user: User) -> None:
    """What was typed stays in the form; nothing is stored."""
    answer = user_client.post("/settings/vocabulary/", {"vocabulary": "Parley\n12"})
    assert answer.status_code == 400
    text = answer.content.decode()
    assert "“12”: must have at least one letter" in text
    assert "Parley\n12" in text
    assert managed.vocabulary_of(user.pk) == ()


def test_only_for_signed_in_users(client: Client, user: User) -> None:
    """An anonymous reader is sent to the sign-in."""
    assert client.post("/settings/vocabulary/", {"vocabulary": "Parley"}).status_code == 302
    assert managed.vocabulary_of(user.pk) == ()
