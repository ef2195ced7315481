"""Cleaning of names and titles before they are stored."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from insights import access, queries, recorder
from insights.models import Conversation, Member
from insights.names import clean_name, isolated
from insights.recorder import SpeakerIdentity
from tests.insights.conftest import opening

MISLEADING = [*range(0x00, 0x20), *range(0x7F, 0xA0), 0x61C, *range(0x200B, 0x2010), *range(0x2028, 0x202F), *range(0x2060, 0x206A), 0xFEFF]


@pytest.mark.parametrize("code", MISLEADING)
def test_misleading_characters_are_removed(code: int) -> None:
    """Control, bidirectional and zero-width characters are removed from Latin names; line breaks become spaces."""
    assert clean_name(f"Ada{chr(code)}Lovelace{chr(code)}").replace(" ", "") == "AdaLovelace"


@pytest.mark.parametrize(
    "name",
    [
        "Ada Lovelace-Byron, M.A.",
        "عائشة بنت أبي بكر",
        "משה כהן",
        "پریسا می‌روم",  # with a zero-width non-joiner
        "क्‍षमा",  # with a zero-width joiner
        "王小明",
        "葛󠄀城",  # with an ideographic variation
        "김 지우",
        "Zoë Ňuňez",
        "👩🏽‍💻 Grace",
        "👨‍👩‍👧 🏳️‍🌈 ❤️‍🔥 1️⃣",
        "🏴󠁧󠁢󠁥󠁮󠁧󠁿 England",
        "ada@example.org",
    ],
)
def test_names_of_every_script_stay(name: str) -> None:
    """Joiners stay in scripts and emoji that need them."""
    assert clean_name(name) == name


@pytest.mark.parametrize("text", ["\u200d\u200c", "\u202e\u2066", "\u3164\u115f", " \t\n\u2003", "\U000e0041\ufe0f", "\x00\x1b"])
def test_an_invisible_name_is_empty(text: str) -> None:
    """A name without visible characters becomes empty."""
    assert clean_name(text) == ""


def test_right_to_left_names_are_isolated() -> None:
    """In a line of text, Hebrew and Arabic names are isolated and other names are unchanged."""
    assert isolated("משה") == "\u2068משה\u2069"
    assert isolated("Ada Lovelace") == "Ada Lovelace"


@given(st.text(), st.integers(0, 20))
def test_any_text(text: str, limit: int) -> None:
    """A clean name stays unchanged, keeps to the limit, and can be stored and printed in one line."""
    name = clean_name(text, limit)
    assert clean_name(name, limit) == name
    assert len(name) <= limit
    assert len(name.encode().splitlines()) <= 1
    assert not set(name) & {*map(chr, range(0x202A, 0x202F)), *map(chr, range(0x2066, 0x206A)), "\u200e", "\u200f", "\u200b", "\ufeff"}


def test_stored_names(owner: User) -> None:
    """Opening a conversation cleans title, name, user id and address; equal cleaned names are one member."""
    speaker = SpeakerIdentity("u\u200b1", "Ada\u202e gnp.", "ada\u2066@example.org")
    one = recorder.open_conversation(opening(owner, name="Budget\u202ecod\r\n", speaker=speaker))
    assert Conversation.objects.get().name == "Budgetcod"
    assert one.member is not None
    assert (one.member.user_id, one.member.name, one.member.email) == ("u1", "Ada gnp.", "ada@example.org")
    again = recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("u1\ufeff", "Ada")))
    assert again.member == one.member
    assert Member.objects.count() == 1
    assert queries.last_seen(Conversation.objects.get(), "u\u200b1") is not None


def test_an_invisible_title_is_replaced(owner: User) -> None:
    """A conversation with an invisible title is named by its id, and by its members on pages."""
    one = recorder.open_conversation(opening(owner, name="\u2066\u200b\u2069"))
    assert Conversation.objects.get().name == str(one.conversation_id)


def test_names_of_apps(owner: User) -> None:
    """Names of apps are cleaned."""
    assert access.create_app(owner, "Bot\u202e")[0].name == "Bot"


def test_the_name_of_the_first_account(db: None) -> None:
    """The name of the first account is cleaned."""
    assert access.create_first_account("Grace\u200f", "grace@example.org", "correct horse battery").first_name == "Grace"


@pytest.mark.parametrize(("title", "name"), [("Plan\u202etxt.exe", "plantxtexe"), ("עברית", ""), ("a/../\\b\u2066", "ab")])
def test_file_names(owner: User, title: str, name: str) -> None:
    """The file name of a download has the title's ASCII letters, or the conversation's id."""
    one = recorder.open_conversation(opening(owner, name=title))
    client = Client()
    client.force_login(owner)
    response = client.get(f"/conversations/{one.conversation_id}/download.txt")
    assert response["Content-Disposition"] == f'attachment; filename="{name or one.conversation_id}.txt"'
    assert "\u202e" not in response.getvalue().decode()
