"""The review queue in the portal: for reviewers only; each insight shown is a stored reading; decisions, figures, training data."""

import gzip
import json
import logging
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from insights import access, recorder
from insights.insight_kinds import kind_of
from insights.models import Conversation, Insight, InsightReview, Message, Reading, Role, StoredAudio
from insights.portal.review.figures import WEEKS, agreement_rows, precision_rows, stretches_of
from insights.portal.review.filters import QueueFilter
from insights.queries import ReviewState, Verdicts
from insights.training import corpora
from tests.insights.portal.conftest import START, MakeConversation, add_insight

LINES = [("Ada", f"Sentence {number}, is it ready?") for number in range(1, 7)]
PHONE = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def talk(make_conversation: MakeConversation) -> Conversation:
    """A conversation of `user` with six sentences, and insights in the third and the fifth."""
    made = make_conversation("Planning", LINES)
    for number, confidence, kind in ((3, 0.6, "question"), (5, 0.8, "action_item")):
        message = Message.objects.get(conversation=made, number=number)
        Insight.objects.create(conversation=made, message=message, type=kind, text=f"Insight {number}", confidence=confidence)
    return made


def reviewer(name: str) -> Client:
    """Return the browser of a new reviewer."""
    user = User.objects.create_user(name, name)
    access.grant_role(user, Role.REVIEWER)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def one(talk: Conversation) -> Client:
    """The browser of a reviewer."""
    return reviewer("one@example.org")


@pytest.fixture
def two(talk: Conversation) -> Client:
    """The browser of another reviewer."""
    return reviewer("two@example.org")


def insight(number: int) -> Insight:
    """Return the insight in a sentence."""
    return Insight.objects.get(message__number=number)


def page(client: Client, query: str = "") -> str:
    """Return the text of the queue."""
    answer = client.get(f"/review/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def decide(client: Client, found: Insight, verdict: str, **more: str) -> str:
    """Send a verdict, as the page does; return the answer."""
    answer = client.post(f"/review/{found.pk}/decide/", {"verdict": verdict, "blind": "yes", **more}, **PHONE)
    assert answer.status_code == 200
    return answer.content.decode()


def test_only_reviewers_may(talk: Conversation, user: User, user_client: Client, other_user: User, other_client: Client) -> None:
    """To members and administrators none of the pages exists, and there is no entry for them in the bar."""
    access.grant_role(other_user, Role.ADMINISTRATOR)
    found = insight(3)
    for client in (user_client, other_client):
        assert [client.get(f"/review/{path}").status_code for path in ("", "figures/", "training.jsonl.gz")] == [404] * 3
        assert [client.post(f"/review/{path}").status_code for path in ("undo/", f"{found.pk}/decide/")] == [404] * 2
        assert client.get(f"/v1/review/{found.pk}/audio").status_code == 404
        assert "/review/" not in client.get("/").content.decode()
    assert Client().get("/review/").status_code == 302
    found.refresh_from_db()
    assert found.review == "pending"
    assert not Reading.objects.exists()


def test_an_insight_with_the_sentences_around_it(one: Client, talk: Conversation) -> None:
    """The lowest confidence comes first, with two sentences before and after, who said them, and the owner; others are not there."""
    text = page(one)
    assert "Insight 3" in text
    assert "60% sure" in text
    assert "Insight 5" not in text
    assert [f"Sentence {number}," in text for number in range(1, 7)] == [True, True, True, True, True, False]
    assert "<mark>Sentence 3, is it ready?</mark>" in text
    assert 'href="/admin/insights/conversation/' in text, "a reviewer may read it in the admin, not in the portal"
    assert "?messages=1#messages-2" in text
    assert '<span class="number">2<span class="unseen"> waiting</span></span>' in text
    assert "<audio" not in text


def test_each_insight_shown_is_a_reading(one: Client, talk: Conversation, user: User, user_client: Client) -> None:
    """The owner sees who read the conversation and how often; the owner's own reading is none."""
    page(one)
    page(one)
    assert list(Reading.objects.values_list("conversation_id", "user__username", "place")) == [(talk.pk, "one@example.org", "queue")] * 2
    assert "one@example.org, 2 times" in user_client.get(f"/conversations/{talk.pk}/").content.decode()
    access.grant_role(user, Role.REVIEWER)
    text = page(user_client, "?after=" + str(insight(3).pk))
    assert f'href="/conversations/{talk.pk}/#m-{insight(5).message_id}"' in text
    assert Reading.objects.count() == 2


def test_decisions(one: Client, settings: Any) -> None:
    """Accepting and rejecting store the verdict and show the next insight; undo goes back, one decision after the other."""
    settings.REVIEW_SECOND_OPINIONS = 0
    assert "Insight 5" in decide(one, insight(3), "accepted", text="What is ready?")
    assert "Nothing is waiting" in decide(one, insight(5), "rejected")
    assert [(row.review, row.text) for row in (insight(3), insight(5))] == [("accepted", "What is ready?"), ("rejected", "Insight 5")]
    text = one.post("/review/undo/", **PHONE).content.decode()
    assert "Insight 5" in text
    assert "Last: accepted." in text
    assert insight(5).review == "pending"
    assert "Insight 3" in one.post("/review/undo/", **PHONE).content.decode()
    assert (insight(3).review, insight(3).text) == ("pending", "Insight 3")
    assert "There is nothing to undo." in one.post("/review/undo/", **PHONE).content.decode()
    assert not InsightReview.objects.exists()


def test_without_a_script(one: Client) -> None:
    """The forms and links work alone: a decision redirects to the next insight."""
    answer = one.post(f"/review/{insight(3).pk}/decide/?kind=", {"verdict": "accepted", "blind": "yes"})
    assert answer.status_code == 302
    assert answer["Location"] == f"/review/?after={insight(3).pk}"
    text = page(one, answer["Location"].removeprefix("/review/"))
    assert "Insight 5" in text
    assert "Last: accepted." in text
    assert "No more insights in this direction" in page(one, f"?after={insight(5).pk}")
    assert one.post("/review/undo/").status_code == 200
    assert one.post(f"/review/{insight(3).pk}/decide/", {"verdict": "accepted", "text": " ", "blind": "yes"}).status_code == 400


def test_two_reviewers_get_different_insights(one: Client, two: Client) -> None:
    """What one has open is not given to the other one, who finds nothing when all is open."""
    assert "Insight 3" in page(one)
    assert "Insight 5" in page(two)
    assert "Insight 3" in page(one), "again after a reload"
    third = reviewer("three@example.org")
    assert "Nothing is waiting" in page(third)


def test_a_second_opinion_does_not_show_the_first(one: Client, two: Client, settings: Any) -> None:
    """Neither verdict nor new text nor a link to them; two different opinions are settled in their list."""
    settings.REVIEW_SECOND_OPINIONS = 100
    recorder.decide(insight(5).pk, User.objects.get(username="one@example.org").pk, "rejected")
    decide(one, insight(3), "accepted", text="Edited words")
    text = page(two)
    assert "Second opinion" in text
    assert "Insight 3" in text
    for hidden in ("Edited", "Accepted</span>", "one@example.org", "review-edit", "/admin/insights/conversation/"):
        assert hidden not in text
    assert "Edited words" not in page(two, "?state=accepted")
    assert "Last: rejected, as a second opinion." in decide(two, insight(3), "rejected")
    assert insight(3).review == "accepted"
    text = page(one, "?state=disagreed")
    assert "The first reviewer accepted it, the second rejected it." in text
    one.post(f"/review/{insight(3).pk}/decide/?state=disagreed", {"verdict": "rejected"}, **PHONE)
    assert insight(3).review == "rejected"
    assert "No insights match these filters" in page(one, "?state=disagreed")


def test_what_somebody_else_decided_meanwhile(one: Client, user: User) -> None:
    """A verdict of the owner, or a deletion, comes first, and the reviewer is told."""
    recorder.review_insight(insight(3).pk, "rejected", user.pk)
    text = decide(one, insight(3), "accepted")
    assert "Somebody else reviewed this insight meanwhile." in text
    assert "Insight 5" in text
    assert insight(3).review == "rejected"
    assert "deleted meanwhile" in one.post(f"/review/{uuid4()}/decide/", {"verdict": "accepted", "blind": "yes"}, **PHONE).content.decode()


def test_filters_of_the_url(one: Client, talk: Conversation) -> None:
    """Each filter narrows the queue, stays in its links, and nonsense is ignored."""
    assert "Insight 5" in page(one, "?kind=action_item")
    assert "Insight 5" in page(one, "?sure=70")
    assert "No insights match these filters" in page(one, "?sure=90")
    assert "No insights match these filters" in page(one, "?account=1000000")
    text = page(one, f"?conversation={talk.pk}&account={talk.owner_id}&days=30")
    assert "Insight 3" in text
    assert "Only one conversation." in text
    assert "Insight 3" in page(one, "?state=x&kind=x&account=x&conversation=x&days=x&sure=x&after=x&before=" + str(uuid4()))
    wanted = QueueFilter(ReviewState.REJECTED, "question", 3, 4, "7", "50")
    assert QueueFilter.of(dict(part.split("=") for part in wanted.address.strip("&").split("&"))) == wanted


def test_the_audio_of_a_sentence(one: Client, talk: Conversation) -> None:
    """The page has a player where audio is stored; without a file here the answer is 404 or 503, and the reading is stored once."""
    assert one.get(f"/v1/review/{insight(3).pk}/audio").status_code == 404
    StoredAudio.objects.create(conversation=talk, session_id=uuid4(), started_at=START)
    assert f'src="/v1/review/{insight(3).pk}/audio"' in page(one)
    assert one.get(f"/v1/review/{insight(3).pk}/audio").status_code == 503
    assert Reading.objects.count() == 2
    token = access.token_for(*_app_of("one@example.org")).access_token
    assert Client().get(f"/v1/review/{insight(3).pk}/audio", HTTP_AUTHORIZATION=f"Bearer {token}").status_code == 401


def _app_of(username: str) -> tuple[str, str]:
    app, secret = access.create_app(User.objects.get(username=username), "app")
    return app.app_id, secret


def test_the_number_of_queries_is_fixed(one: Client, make_conversation: MakeConversation, talk: Conversation) -> None:
    """A queue with many insights, accounts and readings needs as many queries as one with two."""
    one.get("/review/")
    with CaptureQueriesContext(connection) as few:
        one.get("/review/")
    for number in range(5):
        owner = User.objects.create_user(f"owner {number}")
        other = make_conversation(f"Talk {number}", LINES, owner=owner)
        for message in Message.objects.filter(conversation=other):
            Insight.objects.create(conversation=other, message=message, type="question", text=message.text, confidence=0.9)
    with CaptureQueriesContext(connection) as many:
        one.get("/review/")
    assert len(many) == len(few) <= 40


def test_figures(one: Client, two: Client, settings: Any) -> None:
    """Precision, agreement and what waits are in tables; the chart has a title."""
    settings.REVIEW_SECOND_OPINIONS = 100
    assert "No insight of these weeks was reviewed yet." in one.get("/review/figures/").content.decode()
    decide(one, insight(3), "accepted")
    decide(two, insight(3), "rejected")
    with CaptureQueriesContext(connection) as context:
        text = one.get("/review/figures/").content.decode()
    assert len(context) <= 14
    assert "100% <span" in text
    assert "<polyline" in text
    assert 'href="/review/?state=disagreed"' in text
    assert "1 insight without a verdict" in text
    assert "Cohen" in text


def test_the_rows_of_the_figures() -> None:
    """Weeks without a verdict break the line; kinds that are no longer registered are shown, too."""
    weeks = [Verdicts(1, 1), Verdicts(3, 0), Verdicts(), Verdicts(0, 2)]
    first, second = stretches_of(weeks)
    assert [dot.y for dot in first] == [100.0, 0.0]
    assert [dot.y for dot in second] == [200.0]
    rows = precision_rows({"old_kind": {0: Verdicts(2, 2)}}, {"question": 7})
    assert [row.kind.name for row in rows][-1] == "old_kind"
    assert rows[-1].all_weeks == Verdicts(2, 2)
    assert len(rows[-1].weeks) == WEEKS
    assert rows[0].waiting == 7
    pairs = {"question": {("accepted", "accepted"): 1}, "action_item": {("accepted", "rejected"): 1}}
    assert [(row.kind, row.percent) for row in agreement_rows(pairs)] == [
        (kind_of("action_item"), 0),
        (kind_of("question"), 100),
        (None, 50),
    ]


def test_the_training_reader_reads_the_export(
    one: Client, talk: Conversation, tmp_path: Path, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Reviewed sentences become rows with their labels; the sentence counts, not the new text of the insight; the export is stored."""
    settings.REVIEW_SECOND_OPINIONS = 0
    add_insight(talk, 3, "follow_up", "Later", confidence=0.9, review="rejected", reviewed_at=START)
    add_insight(talk, 6, "question", "Waits", confidence=0.9)
    decide(one, insight_of_kind("question", 3), "accepted", text="Other words")
    decide(one, insight(5), "rejected")
    Reading.objects.all().delete()
    with caplog.at_level(logging.INFO, "insights.portal.review.pages"):
        answer = one.get("/review/training.jsonl.gz")
    file = tmp_path / "reviewed.jsonl.gz"
    file.write_bytes(answer.content)
    rows = corpora.read([file])
    assert [(row.text, row.question, row.action, row.follow_up, row.index) for row in rows] == [
        ("Sentence 3, is it ready?", 1, None, 0, 2),
        ("Sentence 5, is it ready?", None, 0, None, 4),
    ]
    assert {row.conversation for row in rows} == {f"parley/{talk.pk}"}
    raw = [json.loads(line) for line in gzip.decompress(answer.content).decode().splitlines()]
    keys = ["corpus", "conversation", "index", "speaker", "text", "start", "question", "action_item", "commit", "da", "entities"]
    assert [list(row) for row in raw] == [keys] * 2
    assert raw[0]["da"] == "follow_up:rejected question:accepted"
    assert list(Reading.objects.values_list("place", flat=True)) == ["export"]
    assert "exported by user" in caplog.text
    assert "Sentence" not in caplog.text
    assert corpora.by_conversation(rows)


def insight_of_kind(kind: str, number: int) -> Insight:
    """Return the insight of a kind in a sentence."""
    return Insight.objects.get(type=kind, message__number=number)


def test_an_export_has_only_what_fits_and_what_may_be_read(one: Client, talk: Conversation, user: User) -> None:
    """The filters apply; nothing of the bin is in it."""
    for number in (3, 5):
        recorder.review_insight(insight(number).pk, "accepted", user.pk)
    lines = gzip.decompress(one.get("/review/training.jsonl.gz?kind=action_item").content).decode().splitlines()
    assert [json.loads(line)["index"] for line in lines] == [4]
    recorder.bin_conversation(talk.pk, user.pk)
    assert gzip.decompress(one.get("/review/training.jsonl.gz").content) == b""
