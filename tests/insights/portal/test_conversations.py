"""The list of conversations and its search."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from insights.models import Message
from tests.insights.portal.conftest import START, MakeConversation, add_insight


def page(client: Client, path: str = "/", **headers: str) -> str:
    """Return the text of a page that must be there."""
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_empty_list_says_what_to_do(visitor: Client) -> None:
    """Both ways to begin are shown, with this server's own addresses."""
    text = page(visitor)
    assert "Start a conversation" in text
    assert "createapp --email jane@example.com" in text
    assert "ws://testserver/v1/streaming/my-meeting" in text


def test_the_list_shows_ones_own_conversations_newest_first(
    visitor: Client, stranger_client: Client, make_conversation: MakeConversation
) -> None:
    """Somebody else's list has none of them."""
    make_conversation("Earlier one", day=0)
    make_conversation("Later one", day=1)
    text = page(visitor)
    assert text.index("Later one") < text.index("Earlier one")
    assert "Earlier one" not in page(stranger_client)


def test_a_row_tells_length_members_and_counts(visitor: Client, make_conversation: MakeConversation) -> None:
    """Rejected insights are not counted."""
    conversation = make_conversation(lines=[("Ada", "Who can do it?"), ("Bob", "I will.")])
    add_insight(conversation, 1)
    add_insight(conversation, 2, "action_item", review="rejected", reviewed_at=conversation.started_at)
    text = page(visitor)
    for part in ("12 min", "2 messages", "Ada, Bob", "1 question"):
        assert part in text
    assert "action item" not in text


def test_a_live_conversation_is_marked(visitor: Client, make_conversation: MakeConversation) -> None:
    """A conversation without an end is live now."""
    make_conversation(live=True)
    assert "Live now" in page(visitor)


@pytest.mark.parametrize("query", ["porto", "PLANNING", "ada", "hotel porto", "100%"])
def test_search_finds_titles_names_and_words(visitor: Client, make_conversation: MakeConversation, query: str) -> None:
    """All words of the query must be there, in any case; characters that mean something to SQL mean themselves."""
    make_conversation("Planning", [("Ada", "The hotel in Porto is 100% ready.")])
    make_conversation("Budget", [("Bob", "Nothing of interest.")], day=1)
    text = page(visitor, f"/?q={query.replace('%', '%25')}")
    assert "Planning" in text
    assert "Budget" not in text


def test_search_shows_and_marks_what_was_said(visitor: Client, make_conversation: MakeConversation) -> None:
    """The first message with the word is quoted."""
    make_conversation("Planning", [("Ada", "The hotel in Porto is ready.")])
    assert "The hotel in <mark>Porto</mark> is ready." in page(visitor, "/?q=porto")


def test_a_hit_opens_at_its_sentence(visitor: Client, make_conversation: MakeConversation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the sentence is on a later part of the page; without a hit the page opens at its beginning."""
    monkeypatch.setattr("insights.portal.parts.PART", 2)
    one = make_conversation("Planning", [("Ada", "The hotel is ready."), ("Ada", "It is in Porto."), ("Ada", "Porto is sunny.")])
    second, third = (Message.objects.get(conversation=one, number=number) for number in (2, 3))
    assert f'href="/conversations/{one.pk}/#m-{second.pk}"' in page(visitor, "/?q=porto")
    link = f"/conversations/{one.pk}/?part=2#m-{third.pk}"
    assert f'href="{link}"' in page(visitor, "/?q=sunny")
    assert f'id="m-{third.pk}"' in page(visitor, link)
    assert f'href="/conversations/{one.pk}/"' in page(visitor, "/?q=planning")


def test_search_never_reaches_into_other_accounts(stranger_client: Client, make_conversation: MakeConversation) -> None:
    """A word that only somebody else said is not found."""
    make_conversation("Planning", [("Ada", "The secret word is heron.")])
    assert "heron</mark>" not in page(stranger_client, "/?q=heron")


def test_search_without_a_hit_says_so(visitor: Client, make_conversation: MakeConversation) -> None:
    """The query is repeated, escaped."""
    make_conversation()
    assert "No results for “&lt;b&gt;”" in page(visitor, "/?q=<b>")


def test_the_list_is_narrowed_to_a_type_of_insight(visitor: Client, make_conversation: MakeConversation) -> None:
    """A rejected insight does not count; the choice is shown again, and goes with the words that are searched for."""
    add_insight(make_conversation("Planning", [("Ada", "Who can do it?")]), 1)
    refused = make_conversation("Budget", [("Bob", "Who pays?")], day=1)
    add_insight(refused, 1, review="rejected", reviewed_at=refused.started_at)
    text = page(visitor, "/?kind=question")
    assert "Planning" in text
    assert "Budget" not in text
    assert '<option value="question" selected>' in text
    assert "No conversations match these filters" in page(visitor, "/?kind=follow_up")
    assert "“pays” with these filters" in page(visitor, "/?kind=question&q=pays")


def test_the_list_is_narrowed_to_the_last_days(visitor: Client, make_conversation: MakeConversation) -> None:
    """Counted back from now."""
    since = (timezone.now() - START).days
    make_conversation("Earlier one", day=since - 9)
    make_conversation("Later one", day=since - 2)
    assert "Earlier one" in page(visitor, "/?days=30")
    text = page(visitor, "/?days=7")
    assert "Later one" in text
    assert "Earlier one" not in text


def test_a_choice_that_does_not_exist_narrows_nothing(visitor: Client, make_conversation: MakeConversation) -> None:
    """Old or invented addresses show the whole list."""
    make_conversation("Planning")
    assert "Planning" in page(visitor, "/?kind=%00nonsense&days=-3")


def test_the_pages_keep_what_is_asked_for(visitor: Client, make_conversation: MakeConversation) -> None:
    """The next page is one of the same list."""
    for day in range(21):
        add_insight(make_conversation("A & B", [("Ada", "Who can do it?")], day=day), 1)
    assert 'href="?q=A+%26+B&amp;kind=question&amp;page=2"' in page(visitor, "/?q=A+%26+B&kind=question")


def test_htmx_gets_the_rows_alone(visitor: Client, make_conversation: MakeConversation) -> None:
    """The part is answered to HX-Request, and caches are told that both differ."""
    make_conversation()
    answer = visitor.get("/", headers={"HX-Request": "true"})
    assert "<html" not in answer.content.decode()
    assert "Planning" in answer.content.decode()
    assert "HX-Request" in answer.headers["Vary"]


def test_a_long_list_comes_in_pages(visitor: Client, make_conversation: MakeConversation) -> None:
    """Twenty to a page; a page number out of range or no number at all gives a page that exists."""
    for number in range(23):
        make_conversation(f"Talk number {number}.", day=number)
    assert "Talk number 22." in page(visitor)
    assert "Talk number 2." not in page(visitor)
    for path in ("/?page=2", "/?page=99"):
        assert "Talk number 2." in page(visitor, path)
    assert "Page 1 of 2" in page(visitor, "/?page=nonsense")


def test_what_people_said_cannot_become_markup(visitor: Client, make_conversation: MakeConversation) -> None:
    """Titles, names and words are escaped."""
    make_conversation("<script>alert(1)</script>", [("<i>Eve</i>", "<b>bold</b> word")])
    text = page(visitor, "/?q=word")
    assert not any(tag in text for tag in ("<script>alert", "<i>Eve", "<b>bold"))


def test_the_list_asks_the_database_a_fixed_number_of_times(visitor: Client, make_conversation: MakeConversation) -> None:
    """Twenty rows cost no more queries than one, searched or not, and a fixed small number of them."""

    def fill(days: range) -> None:
        for day in days:
            conversation = make_conversation(lines=[("Ada", "Hello there."), ("Ben", "Hello?")], day=day)
            add_insight(conversation, 2)

    def asked(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            page(visitor, path)
        return len(queries)

    fill(range(1))
    one = asked("/"), asked("/?q=hello")
    fill(range(1, 20))
    assert (asked("/"), asked("/?q=hello")) == one
    assert one == (6, 8)  # sign-in (2), number of rows, rows, members, insights; and what was found: where, and its words


def test_a_conversation_without_a_title_is_named_after_who_talked(visitor: Client, make_conversation: MakeConversation) -> None:
    """Clients that give no title leave the id as the name, which tells people nothing."""
    conversation = make_conversation(lines=[("Ada", "Hello."), ("Bob", "Hello.")])
    conversation.name = str(conversation.pk)
    conversation.save()
    assert ">Ada and Bob</a>" in page(visitor)
    assert "<h1>Ada and Bob</h1>" in page(visitor, f"/conversations/{conversation.pk}/")
