"""The list of conversations and its search."""

from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from insights.models import Message
from insights.portal.found import _shortened, marked
from insights.queries import parse_search
from tests.insights.portal.conftest import START, MakeConversation, add_insight


def page(client: Client, path: str = "/conversations/", **headers: str) -> str:
    """Return the text of a page that must exist."""
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_empty_list_says_what_to_do(user_client: Client) -> None:
    """Without any conversation, the page leads to the home page and has no filters."""
    text = page(user_client)
    assert "No conversations yet" in text
    assert 'role="search"' not in text


def test_the_list_shows_the_users_conversations_newest_first(
    user_client: Client, other_client: Client, make_conversation: MakeConversation
) -> None:
    """Conversations of other users are not in the list."""
    make_conversation("Earlier one", day=0)
    make_conversation("Later one", day=1)
    text = page(user_client)
    assert text.index("Later one") < text.index("Earlier one")
    assert "Earlier one" not in page(other_client)


def test_a_row_shows_length_members_and_counts(user_client: Client, make_conversation: MakeConversation) -> None:
    """Rejected insights are not counted."""
    conversation = make_conversation(lines=[("Ada", "Who can do it?"), ("Bob", "I will.")])
    add_insight(conversation, 1)
    add_insight(conversation, 2, "action_item", review="rejected", reviewed_at=conversation.started_at)
    text = page(user_client)
    for part in ("12 min", "2 messages", "Ada, Bob", "1 question"):
        assert part in text
    assert "action item" not in text


def test_a_live_conversation_is_marked(user_client: Client, make_conversation: MakeConversation) -> None:
    """A conversation without an end is marked as live."""
    make_conversation(live=True)
    assert "Live now" in page(user_client)


@pytest.mark.parametrize("query", ["porto", "PLANNING", "ada", "hotel porto", "100%", "orto", '"in porto"', "from:ada"])
def test_search_finds_titles_names_and_words(user_client: Client, make_conversation: MakeConversation, query: str) -> None:
    """Words match in any case in titles, names and messages; SQL wildcards are literal."""
    make_conversation("Planning", [("Ada", "The hotel in Porto is 100% ready.")])
    make_conversation("Budget", [("Bob", "Nothing of interest.")], day=1)
    text = page(user_client, f"/conversations/?q={quote(query)}")
    assert "Planning" in text
    assert "Budget" not in text


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("porto", "The hotel in <mark>Porto</mark> is ready."),
        ("hot porto", "The <mark>hotel</mark> in <mark>Porto</mark> is ready."),
        ("ort", "The hotel in P<mark>ort</mark>o is ready."),
        ('"hotel in"', "The <mark>hotel in</mark> Porto is ready."),
        ("the hotel", "The <mark>hotel</mark> in Porto is ready."),
    ],
)
def test_search_marks_the_words(user_client: Client, make_conversation: MakeConversation, query: str, shown: str) -> None:
    """The message is shown with the searched words marked, whole words where only their beginning was typed."""
    make_conversation("Planning", [("Ada", "The hotel in Porto is ready.")])
    assert shown in page(user_client, f"/conversations/?q={quote(query)}")


def test_a_long_message_is_cut_around_the_words() -> None:
    """The result shows the first marked word and what is around it."""
    long = "word " * 100 + "zeppelin " + "word " * 100
    pieces = _shortened(marked(long, parse_search("zeppelin").words))
    assert ("zeppelin", True) in pieces
    assert sum(len(piece) for piece, _ in pieces) < 310
    assert pieces[0][0].startswith("…")
    assert pieces[-1][0].endswith("…")


def test_a_hit_opens_at_its_sentence(user_client: Client, make_conversation: MakeConversation, monkeypatch: pytest.MonkeyPatch) -> None:
    """The link leads to the sentence, also on a later page, and names the words to highlight; that of a title to the beginning."""
    monkeypatch.setattr("insights.portal.parts.PART", 2)
    one = make_conversation("Planning", [("Ada", "The hotel is ready."), ("Ada", "It is in Porto."), ("Ada", "Porto is sunny.")])
    second, third = (Message.objects.get(conversation=one, number=number) for number in (2, 3))
    assert f'href="/conversations/{one.pk}/?find=Porto#m-{second.pk}"' in page(user_client, "/conversations/?q=porto")
    link = f"/conversations/{one.pk}/?part=2&amp;find=sunny#m-{third.pk}"
    assert f'href="{link}"' in page(user_client, "/conversations/?q=sunny")
    assert f'id="m-{third.pk}"' in page(user_client, link.replace("&amp;", "&"))
    assert f'href="/conversations/{one.pk}/"' in page(user_client, "/conversations/?q=planning")


def test_related_messages_are_apart(user_client: Client, make_conversation: MakeConversation) -> None:
    """Messages with only some of the words follow under a heading of their own."""
    make_conversation("Planning", [("Ada", "The hotel is in Porto."), ("Ada", "Another hotel.")])
    text = page(user_client, "/conversations/?q=hotel+porto")
    assert text.index("in <mark>Porto</mark>") < text.index("Related messages") < text.index("Another <mark>hotel</mark>")


def test_an_operator_that_cannot_be_used_is_named(user_client: Client, make_conversation: MakeConversation) -> None:
    """The error names the operator and what is allowed; the other words are searched."""
    make_conversation("Planning", [("Ada", "The hotel is in Porto.")])
    text = page(user_client, "/conversations/?q=hotel+type:nonsense")
    assert "type: there is no type “nonsense”. Use one of question" in text
    assert "<mark>hotel</mark>" in text


def test_search_by_speaker(user_client: Client, make_conversation: MakeConversation) -> None:
    """The filter lists the speakers; with one, only their messages are found, without words all of them."""
    make_conversation("Planning", [("Ada", "The hotel."), ("Bob", "A hotel.")])
    text = page(user_client, "/conversations/?q=hotel&person=Bob")
    assert '<option value="Bob" selected>Bob</option>' in text
    assert "A <mark>hotel</mark>." in text
    assert "The <mark>hotel</mark>." not in text
    assert "A hotel." in page(user_client, "/conversations/?person=Bob")
    assert "No messages match these filters" in page(user_client, "/conversations/?person=Nobody")


def test_the_number_of_queries_of_a_search(user_client: Client, make_conversation: MakeConversation) -> None:
    """A page of results takes the same number of queries for twelve hits as for many."""
    counts = []
    for day in (0, 1):
        make_conversation("Hotel", [("Ada", "The hotel."), ("Bob", "Hotel!")] * (6 + 9 * day), day=day)
        with CaptureQueriesContext(connection) as ran:
            page(user_client, "/conversations/?q=hotel")
        counts.append(len(ran))
    assert counts[0] == counts[1]


def test_search_is_limited_to_the_users_conversations(other_client: Client, make_conversation: MakeConversation) -> None:
    """A word that only another user's conversation has is not found."""
    make_conversation("Planning", [("Ada", "The secret word is heron.")])
    assert "heron</mark>" not in page(other_client, "/conversations/?q=heron")


def test_search_without_a_hit_says_so(user_client: Client, make_conversation: MakeConversation) -> None:
    """The page repeats the query, escaped."""
    make_conversation()
    assert "No results for “&lt;b&gt;”" in page(user_client, "/conversations/?q=<b>")


def test_the_list_is_filtered_by_type_of_insight(user_client: Client, make_conversation: MakeConversation) -> None:
    """Rejected insights do not match; the form shows the filter and combines it with the search."""
    add_insight(make_conversation("Planning", [("Ada", "Who can do it?")]), 1)
    refused = make_conversation("Budget", [("Bob", "Who pays?")], day=1)
    add_insight(refused, 1, review="rejected", reviewed_at=refused.started_at)
    text = page(user_client, "/conversations/?kind=question")
    assert "Planning" in text
    assert "Budget" not in text
    assert '<option value="question" selected>' in text
    assert "No conversations match these filters" in page(user_client, "/conversations/?kind=follow_up")
    assert "“pays” with these filters" in page(user_client, "/conversations/?kind=question&q=pays")


def test_the_list_is_filtered_by_age(user_client: Client, make_conversation: MakeConversation) -> None:
    """The filter counts days back from now."""
    since = (timezone.now() - START).days
    make_conversation("Earlier one", day=since - 9)
    make_conversation("Later one", day=since - 2)
    assert "Earlier one" in page(user_client, "/conversations/?days=30")
    text = page(user_client, "/conversations/?days=7")
    assert "Later one" in text
    assert "Earlier one" not in text


def test_an_unknown_filter_value_is_ignored(user_client: Client, make_conversation: MakeConversation) -> None:
    """An unknown value shows the whole list."""
    make_conversation("Planning")
    assert "Planning" in page(user_client, "/conversations/?kind=%00nonsense&days=-3")


def test_links_to_pages_keep_the_filters(user_client: Client, make_conversation: MakeConversation) -> None:
    """The link to the next page keeps search and filters."""
    for day in range(21):
        add_insight(make_conversation("A & B", [("Ada", "Who can do A & B?")], day=day), 1)
    assert 'href="?q=A+%26+B&amp;kind=question&amp;page=2"' in page(user_client, "/conversations/?q=A+%26+B&kind=question")


def test_htmx_requests_get_only_the_rows(user_client: Client, make_conversation: MakeConversation) -> None:
    """A request with HX-Request gets the rows, and `Vary` names the header."""
    make_conversation()
    answer = user_client.get("/conversations/", headers={"HX-Request": "true"})
    assert "<html" not in answer.content.decode()
    assert "Planning" in answer.content.decode()
    assert "HX-Request" in answer.headers["Vary"]


def test_a_long_list_is_paged(user_client: Client, make_conversation: MakeConversation) -> None:
    """A page has twenty rows; an invalid page number gives an existing page."""
    for number in range(23):
        make_conversation(f"Talk number {number}.", day=number)
    assert "Talk number 22." in page(user_client)
    assert "Talk number 2." not in page(user_client)
    for path in ("/conversations/?page=2", "/conversations/?page=99"):
        assert "Talk number 2." in page(user_client, path)
    assert "Page 1 of 2" in page(user_client, "/conversations/?page=nonsense")


def test_titles_names_and_words_are_escaped(user_client: Client, make_conversation: MakeConversation) -> None:
    """Markup in titles, names and messages is shown as text."""
    make_conversation("<script>alert(1)</script>", [("<i>Eve</i>", "<b>bold</b> word")])
    text = page(user_client, "/conversations/?q=word")
    assert not any(tag in text for tag in ("<script>alert", "<i>Eve", "<b>bold"))


def test_the_list_takes_a_fixed_number_of_queries(user_client: Client, make_conversation: MakeConversation) -> None:
    """Twenty rows take as many queries as one row, with and without a search."""

    def fill(days: range) -> None:
        for day in days:
            conversation = make_conversation(lines=[("Ada", "Hello there."), ("Ben", "Hello?")] * 6, day=day)  # too many for related ones
            add_insight(conversation, 2)

    def count_queries(path: str) -> int:
        with CaptureQueriesContext(connection) as queries:
            page(user_client, path)
        return len(queries)

    fill(range(1))
    one = count_queries("/conversations/"), count_queries("/conversations/?q=hello")
    fill(range(1, 20))
    assert (count_queries("/conversations/"), count_queries("/conversations/?q=hello")) == one
    assert one == (9, 6)


def test_a_conversation_without_a_title_is_named_after_its_members(user_client: Client, make_conversation: MakeConversation) -> None:
    """The list shows the members' names if the stored name is only the id."""
    conversation = make_conversation(lines=[("Ada", "Hello."), ("Bob", "Hello.")])
    conversation.name = str(conversation.pk)
    conversation.save()
    assert ">Ada and Bob</a>" in page(user_client)
    assert '<h1 id="title">Ada and Bob</h1>' in page(user_client, f"/conversations/{conversation.pk}/")
