"""Reviewing saved conversations in the admin."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.checks import Tags, run_checks
from django.db import connection
from django.test import AsyncClient, Client
from django.test.utils import CaptureQueriesContext

from insights import access, long_responses, recorder
from insights.admin.paged_inlines import PAGE, links
from insights.models import App, Conversation, Event, Insight, Message
from tests.insights.conftest import Say, opening

LIST = "/admin/insights/conversation/"
INSIGHTS = "/admin/insights/insight/"


def administrator(name: str, password: str = "") -> User:
    """Create an account that is administrator and reviewer."""
    user = User(username=name, email="root@example.org")
    access.make_administrator(user, password or None)
    return user


@pytest.fixture
def admin(db: None) -> Client:
    """Return the administrator's browser."""
    client = Client()
    client.force_login(administrator("root"))
    return client


@pytest.fixture
def talk(say: Say) -> Conversation:
    """Return a conversation with a question and an action item."""
    say("Is the zeppelin ready? Ada will call.")
    return Conversation.objects.get()


def rows(client: Client, **query: object) -> int:
    """Return how many conversations the list shows."""
    response = client.get(LIST, query)
    assert response.status_code == 200
    count: int = response.context["cl"].result_count
    return count


def form(client: Client, talk: Conversation, **changes: str) -> dict[str, str]:
    """Return what a browser would send from the conversation's page."""
    page = client.get(f"{LIST}{talk.pk}/change/")
    data: dict[str, str] = {}
    for inline in page.context["inline_admin_formsets"]:
        formset = inline.formset
        for part in (formset.management_form, *formset.forms):
            data |= fields(part)
    return {**data, **changes}


def fields(part: Any) -> dict[str, str]:
    """Return what a browser would send of one form: its values and its initial values."""
    values = {bound.html_name: str(bound.value() if bound.value() is not None else "") for bound in part}
    return values | {bound.html_initial_name: values[bound.html_name] for bound in part if bound.field.show_hidden_initial}


def test_search(admin: Client, talk: Conversation) -> None:
    """Conversations are found by words of messages, members and names."""
    assert rows(admin, q="zeppelin") == rows(admin, q="Ada") == rows(admin, q=talk.name) == 1
    assert rows(admin, q="airship") == 0


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"insight": "question"}, 1),
        ({"insight": "follow_up"}, 0),
        ({"confidence": "90"}, 1),
        ({"confidence": "50"}, 0),
        ({"review": "pending"}, 1),
        ({"review": "accepted"}, 0),
        ({"started_at__year": "1999"}, 0),
    ],
)
def test_filters(admin: Client, talk: Conversation, query: dict[str, str], found: int) -> None:
    """Conversations are filtered by kind, confidence and review of insights, and by date."""
    assert rows(admin, **query) == found


def test_filter_by_year(admin: Client, talk: Conversation, owner: User) -> None:
    """The filter offers every year of conversations if there are several, and ignores other years."""
    this = talk.started_at.year
    assert rows(admin, year=this - 2) == 1
    recorder.open_conversation(opening(owner, "old"))
    Conversation.objects.exclude(pk=talk.pk).update(started_at=talk.started_at - timedelta(days=731))
    assert f'href="?year={this - 1}"' in admin.get(LIST).content.decode()
    assert [rows(admin, year=year) for year in (this, this - 2, 1999, "x")] == [1, 1, 2, 2]


def test_the_list_reads_one_page(admin: Client, talk: Conversation) -> None:
    """No SQL function runs for every conversation, and the rows are in the order of an index."""
    with CaptureQueriesContext(connection) as asked:
        admin.get(LIST)
    assert not [query["sql"] for query in asked if "trunc" in query["sql"].lower()]
    if connection.vendor == "sqlite":
        assert "conversation_newest" in Conversation.objects.all()[:100].explain()


def test_quoted_words_are_searched_together(admin: Client, talk: Conversation) -> None:
    """A quoted text must match as it is; words without quotation marks may match anywhere."""
    assert rows(admin, q="zeppelin the") == rows(admin, q='"the zeppelin"') == rows(admin, q="'zeppelin ready' Ada") == 1
    assert rows(admin, q='"zeppelin the"') == 0
    assert rows(admin, q='"') == rows(admin, q="\\") == 0


def test_filter_by_owner(admin: Client, talk: Conversation, owner: User, other_owner: User) -> None:
    """Conversations are filtered by owner."""
    for name in ("one", "two"):
        recorder.open_conversation(opening(other_owner, name))
    assert rows(admin, owner__id__exact=owner.pk) == 1
    assert rows(admin, owner__id__exact=other_owner.pk) == 2


@pytest.mark.parametrize("name", ["owner", "owner__id__exact"])
def test_an_id_out_of_range_is_no_error(admin: Client, talk: Conversation, name: str) -> None:
    """An id beyond SQLite's integers finds no row and raises no error."""
    assert admin.get(LIST, {name: "9" * 20}).status_code in (200, 404)


def test_messages_and_insights_are_inline(admin: Client, talk: Conversation) -> None:
    """The page of a conversation shows messages and insights."""
    html = admin.get(f"{LIST}{talk.pk}/change/").content.decode()
    assert "Is the zeppelin ready?" in html
    assert html.count("Ada will call.") >= 2


def test_text_is_corrected_through_the_recorder(admin: Client, talk: Conversation) -> None:
    """A correction keeps the original, and is an event with user and time."""
    response = admin.post(f"{LIST}{talk.pk}/change/", form(admin, talk, **{"messages-0-text": "Is the airship ready?"}))
    assert response.status_code == 302
    message = Message.objects.get(number=1)
    assert (message.text, message.original_text) == ("Is the airship ready?", "Is the zeppelin ready?")
    assert message.corrected_by is not None
    assert message.corrected_by.username == "root"
    assert Event.objects.order_by("-number")[0].kind == "message_corrected"
    assert Message.objects.get(number=2).corrected_at is None


def test_insights_are_reviewed_through_the_recorder(admin: Client, talk: Conversation) -> None:
    """A review is stored with user and time, and is an event."""
    data = form(admin, talk, **{"insights-0-review": "rejected", "insights-1-text": "Ada calls."})
    assert admin.post(f"{LIST}{talk.pk}/change/", data).status_code == 302
    question, item = Insight.objects.order_by("message__number")
    assert (question.review, str(question.reviewed_by)) == ("rejected", "root")
    assert (item.text, item.original_text, item.review) == ("Ada calls.", "Ada will call.", "pending")
    assert [event.kind for event in Event.objects.order_by("-number")[:2]] == ["insight_reviewed", "insight_reviewed"]


def test_nothing_else_can_be_changed(admin: Client, talk: Conversation) -> None:
    """Other fields in a forged form have no effect; adding is forbidden."""
    forged = {"name": "Forged", "metadata": "{}", "messages-0-number": "9", "messages-0-confidence": "0", "insights-0-confidence": "0"}
    admin.post(f"{LIST}{talk.pk}/change/", form(admin, talk, **forged))
    assert Conversation.objects.get().name == talk.name
    assert set(Message.objects.values_list("number", "confidence")) == {(1, 0.9), (2, 0.9)}
    assert not Event.objects.filter(number__gt=talk.last_event).exists()
    assert admin.post(f"{LIST}add/", {}).status_code == 403


def test_an_empty_text_is_refused(admin: Client, talk: Conversation) -> None:
    """An empty text of a message shows an error, and nothing is stored."""
    response = admin.post(f"{LIST}{talk.pk}/change/", form(admin, talk, **{"messages-0-text": " "}))
    assert response.status_code == 200
    assert "This field is required" in response.content.decode()
    assert Message.objects.get(number=1).corrected_at is None


def test_long_conversations_are_paged(admin: Client, say: Say) -> None:
    """A page has fifty rows, and rows of later pages are corrected on their page."""
    say("It is so. " * (PAGE + 5))
    talk = Conversation.objects.get()
    second = f"{LIST}{talk.pk}/change/?messages=2"
    page = admin.get(second)
    formset = page.context["inline_admin_formsets"][0].formset
    assert [row.instance.number for row in formset.forms] == list(range(PAGE + 1, PAGE + 6))
    assert "?messages=2" in page.content.decode()
    data = {name: value for part in (formset.management_form, *formset.forms) for name, value in fields(part).items()}
    others = form(admin, talk)
    data |= {name: value for name, value in others.items() if name.startswith("insights-")}
    assert admin.post(second, {**data, "messages-4-text": "It was so."}).status_code == 302
    assert Message.objects.get(number=PAGE + 5).text == "It was so."
    assert admin.get(f"{LIST}{talk.pk}/change/?messages=nonsense").status_code == 200
    assert admin.get(f"{LIST}{talk.pk}/change/?messages={'9' * 5000}").status_code == 200


def test_links_name_the_rows() -> None:
    """Few rows are counted only, and many rows are linked."""
    assert links("messages", 7) == "7"
    assert ">51–60</a>" in links("messages", 60)


@pytest.mark.parametrize(("action", "verdict"), [("accept", "accepted"), ("reject", "rejected")])
def test_many_insights_at_once(admin: Client, talk: Conversation, action: str, verdict: str) -> None:
    """The actions accept or reject all selected insights, with an event for each."""
    chosen = [str(pk) for pk in Insight.objects.values_list("pk", flat=True)]
    response = admin.post(INSIGHTS, {"action": action, "_selected_action": chosen}, follow=True)
    assert f"2 insights {verdict}." in response.content.decode()
    assert set(Insight.objects.values_list("review", flat=True)) == {verdict}
    assert Event.objects.filter(kind="insight_reviewed").count() == 2


def test_one_insight(admin: Client, talk: Conversation) -> None:
    """The page of an insight takes a review and a text; insights cannot be added or deleted."""
    insight = Insight.objects.get(type="question")
    url = f"{INSIGHTS}{insight.pk}/change/"
    assert admin.post(url, {"text": "Ready?", "review": "accepted"}).status_code == 302
    insight.refresh_from_db()
    assert (insight.text, insight.review) == ("Ready?", "accepted")
    assert admin.post(url.replace("change", "delete"), {"post": "yes"}).status_code == 403
    assert admin.get(f"{INSIGHTS}add/").status_code == 403
    found = admin.get(INSIGHTS, {"insight": "question", "confidence": "90", "review": "accepted"})
    assert found.context["cl"].result_count == 1


def in_the_list(client: Client, **changes: str) -> dict[str, str]:
    """Return what a browser would send from the list of insights."""
    formset = client.get(INSIGHTS).context["cl"].formset
    sent = {name: value for part in (formset.management_form, *formset.forms) for name, value in fields(part).items()}
    return {**sent, "_save": "Save", **changes}


def test_reviews_and_texts_in_the_list(admin: Client, talk: Conversation) -> None:
    """One save of the list stores several reviews and corrections; unchanged rows are not touched."""
    sent = in_the_list(admin, **{"form-0-review": "rejected", "form-0-text": "Is the airship ready?"})
    assert admin.post(INSIGHTS, sent).status_code == 302
    question, item = Insight.objects.order_by("message__number")
    assert (question.review, question.text, str(question.reviewed_by)) == ("rejected", "Is the airship ready?", "root")
    assert (item.review, item.reviewed_at) == ("pending", None)
    assert Event.objects.filter(kind="insight_reviewed").count() == 1
    assert "was “Is the zeppelin ready?”" in admin.get(INSIGHTS).content.decode()


def test_a_stale_page_does_not_undo_other_changes(admin: Client, talk: Conversation) -> None:
    """Of two concurrent reviewers each one changes only the fields that they edited."""
    listed, inline = in_the_list(admin, **{"form-1-review": "accepted"}), form(admin, talk, **{"insights-1-text": "Ada calls."})
    question, item = Insight.objects.order_by("message__number")
    recorder.review_insight(question.pk, "rejected", talk.owner_id, "Ready?")
    recorder.correct_message(question.message_id, "Is the ship ready?", talk.owner_id)
    assert admin.post(INSIGHTS, listed).status_code == 302
    assert admin.post(f"{LIST}{talk.pk}/change/", inline).status_code == 302
    question.refresh_from_db()
    item.refresh_from_db()
    assert (question.review, question.text) == ("rejected", "Ready?")
    assert Message.objects.get(number=1).text == "Is the ship ready?"
    assert (item.review, item.text) == ("accepted", "Ada calls.")


def test_django_checks_pass() -> None:
    """Django's system checks report nothing."""
    assert run_checks(tags=[Tags.admin]) == []


def test_pages_have_distinct_titles(admin: Client, talk: Conversation) -> None:
    """Titles distinguish the tabs of a browser."""
    assert "<title>Insights | Parley" in admin.get(INSIGHTS).content.decode()
    assert "Review a conversation" in admin.get(f"{LIST}{talk.pk}/change/").content.decode()


def test_export(talk: Conversation, admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The selection is one JSON document, streamed if it is long."""
    monkeypatch.setattr(long_responses, "SHORT_BYTES", 0)
    response = admin.post(LIST, {"action": "export", "_selected_action": str(talk.pk)})
    assert response.streaming
    assert "attachment" in response["Content-Disposition"]
    document = json.loads(response.getvalue())
    assert [conversation["conversationId"] for conversation in document["conversations"]] == [str(talk.pk)]


@pytest.mark.django_db(transaction=True)
async def test_export_from_an_event_loop(talk: Conversation, admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under ASGI, threads make the chunks of the same document."""
    monkeypatch.setattr(long_responses, "SHORT_BYTES", 0)
    client = AsyncClient()
    client.cookies = admin.cookies
    response = await client.post(LIST, {"action": "export", "_selected_action": str(talk.pk)})
    document = json.loads(b"".join([piece async for piece in response.streaming_content]))
    long_responses.close_threads()
    assert document["conversations"][0]["messages"][0]["text"] == "Is the zeppelin ready?"


def test_apps_are_revoked(admin: Client, owner: User) -> None:
    """The action revokes the selected apps; the admin creates none."""
    app = App.objects.create(owner=owner, name="Bot", app_id="a" * 64, secret_hash="x")
    response = admin.post("/admin/insights/app/", {"action": "revoke", "_selected_action": str(app.pk)}, follow=True)
    assert "1 revoked." in response.content.decode()
    app.refresh_from_db()
    assert app.revoked_at is not None
    assert admin.get("/admin/insights/app/add/").status_code == 403
    assert "x" * 64 not in admin.get(f"/admin/insights/app/{app.pk}/change/").content.decode()


@pytest.mark.parametrize(("path", "header"), [("auth/user", "E-mail address"), ("insights/app", "App id")])
def test_lists_show_times_in_the_users_zone(admin: Client, owner: User, path: str, header: str) -> None:
    """Lists show accounts by address and apps by a short part of their ids."""
    App.objects.create(owner=owner, name="Bot", app_id="a" * 64, secret_hash="x")
    text = admin.get(f"/admin/{path}/").content.decode()
    assert header in text
    assert 'data-as="full"' in text
    assert "a" * 9 not in text


def test_an_account_made_in_the_admin_can_sign_in(admin: Client) -> None:
    """Its name is a lower-case e-mail address; a name that is none and a duplicate are refused."""
    add = "/admin/auth/user/add/"
    form = {
        "username": "Bob@Example.org",
        "usable_password": "true",
        "password1": "correct horse battery",
        "password2": "correct horse battery",
    }
    assert admin.post(add, form | {"username": "bob"}).status_code == 200
    assert admin.post(add, form).status_code == 302
    assert "already exists" in admin.post(add, form).content.decode()
    assert User.objects.get(email="bob@example.org").username == "bob@example.org"
    answer = Client().post("/signin/", {"username": "Bob@example.org", "password": "correct horse battery"})
    assert answer["Location"] == "/"


def test_the_admin_uses_the_portals_sign_in(db: None) -> None:
    """A request without a sign-in is redirected to the portal's; the admin's own form accepts no password."""
    administrator("root@example.org", "correct horse battery")
    browser = Client()
    answer = browser.get(LIST, follow=True)
    assert answer.redirect_chain[-1][0] == f"/signin/?next={LIST}"
    guess = browser.post("/admin/login/", {"username": "root@example.org", "password": "correct horse battery"})
    assert guess["Location"].startswith("/signin/")
    assert browser.get(LIST).status_code == 302
    form = {"username": "root@example.org", "password": "correct horse battery", "next": LIST}
    assert browser.post("/signin/", form)["Location"] == LIST
    assert browser.get(LIST).status_code == 200
    assert browser.get(f"/admin/login/?next={LIST}")["Location"] == LIST
    assert browser.get("/admin/login/?next=https://evil.example/")["Location"] == "/admin/"


def test_a_user_who_is_not_staff_is_refused(owner: User) -> None:
    """A signed-in user without permission gets an explanation and no form."""
    browser = Client()
    browser.force_login(owner)
    answer = browser.get(LIST, follow=True)
    assert answer.status_code == 403
    assert "password" not in answer.content.decode()
