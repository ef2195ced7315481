"""The times of words, for playback."""

from datetime import timedelta

import pytest
from django.test import Client

from insights.models import Conversation, Message
from insights.payloads import iso
from insights.portal.word_times import places_of
from tests.insights.portal.conftest import START, MakeConversation

LINES = [("Ada", "Who can do it?"), ("Bob", "I will, on Friday.")]


def words(text: str, start: float = 10.0) -> list[dict[str, object]]:
    """Return the recognised words of a text, half a second each."""
    return [
        {
            "word": word,
            "startTime": iso(START + timedelta(seconds=start + number / 2)),
            "endTime": iso(START + timedelta(seconds=start + number / 2 + 0.5)),
        }
        for number, word in enumerate(text.split())
    ]


@pytest.fixture
def conversation(make_conversation: MakeConversation) -> Conversation:
    """A conversation whose first message has times of its words."""
    made = make_conversation(lines=LINES)
    Message.objects.filter(number=1).update(words=words("Who can do it?"))
    return made


def test_recognised_words_have_their_times(conversation: Conversation) -> None:
    """Each word is named by its first character."""
    found = places_of(conversation, "Who can do it?", words("Who can do it?"), 10, 14)
    assert found == [(0, 10.0, 10.5), (4, 10.5, 11.0), (8, 11.0, 11.5), (11, 11.5, 12.0)]


def test_written_words_share_the_time_between_recognised_ones(conversation: Conversation) -> None:
    """A corrected word lies where the wrong one was; added words are between their neighbours; nothing goes back in time."""
    found = places_of(conversation, "Who could surely do it", words("Who can do it"), 10, 12)
    assert found[0] == (0, 10.0, 10.5)
    assert found[3:] == [(17, 11.0, 11.5), (20, 11.5, 12.0)]
    (_, first, middle), (_, also_middle, last) = found[1:3]
    assert (first, last) == (10.5, 11.0)
    assert middle == also_middle
    assert 10.5 < middle < 11.0


def test_a_message_without_words_is_shared_out(conversation: Conversation) -> None:
    """An imported text has only the times of its messages."""
    assert places_of(conversation, "ab abcd ab", [], 4, 8) == [(0, 4.0, 5.0), (3, 5.0, 7.0), (8, 7.0, 8.0)]
    assert places_of(conversation, "", [], 4, 8) == []


def test_characters_are_counted_as_in_javascript(conversation: Conversation) -> None:
    """A character outside the basic plane counts as two."""
    assert [place for place, _, _ in places_of(conversation, "\U0001f389 now", [], 0, 1)] == [0, 3]


def test_the_times_of_a_page(user_client: Client, conversation: Conversation) -> None:
    """The words of each message by its id, and when anybody speaks, in seconds from the start."""
    answer = user_client.get(f"/conversations/{conversation.id}/words.json").json()
    first, second = conversation.messages.order_by("number")
    assert answer["words"][str(first.id)][1] == [4, 10.5, 11.0]
    assert answer["words"][str(second.id)][0] == [0, 20.0, pytest.approx(20.27, abs=0.05)]
    assert answer["speech"] == [[10.0, 14.0], [20.0, 24.0]]
