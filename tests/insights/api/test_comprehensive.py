"""GET comprehensive action items, abstract topics, and topics of a vocabulary."""

from datetime import timedelta
from uuid import UUID

import pytest
from django.contrib.auth.models import User

from insights import recorder
from insights.managed.vocabulary import set_vocabulary
from insights.models import Conversation, Insight, Message, Topic, TopicReference
from insights.recorder import Joined, Listening
from tests.insights.api.conftest import Api, token_of
from tests.insights.conftest import utterance


@pytest.fixture
def talk(owner: User, joined: Joined, plain_analysis: None) -> Conversation:
    """Return a conversation in which Ada says three sentences in one go, and one after a pause."""
    member = joined.member.id if joined.member else None
    for at, said in ((0, "Hello all. The printer is broken. Maria wrote about it. Ada will call Maria tomorrow."), (60, "Ben will wait.")):
        recorder.record(joined.conversation_id, utterance(said, joined.started_at + timedelta(seconds=at)), Listening(member_id=member))
    return Conversation.objects.get()


@pytest.fixture
def api(owner: User, talk: Conversation) -> Api:
    """Return the owner's view of the conversation."""
    return Api(token_of(owner), talk.id)


def test_an_action_item_has_its_context(api: Api) -> None:
    """Up to two sentences of the same speaker without a pause come before the action item, and offsets count from the first of them."""
    first, second = api.read("/comprehensive/action-items")["actionItems"]
    texts = ["The printer is broken.", "Maria wrote about it.", "Ada will call Maria tomorrow."]
    assert first["text"] == " ".join(texts)
    assert [Message.objects.get(id=reference["id"]).text for reference in first["messageRefs"]] == texts
    assert "messageIds" not in first
    assert [first["text"][e["offset"] :].startswith(e["text"]) for e in first["entities"]] == [True, True]
    assert (second["text"], len(second["messageRefs"])) == ("Ben will wait.", 1)
    (ordinary, _) = api.read("/action-items")["actionItems"]
    for field in ("id", "type", "score", "from", "phrases", "definitive", "assignee", "dueBy"):
        assert first[field] == ordinary[field]


def test_a_reworded_item_stands_alone(api: Api) -> None:
    """The text that a person gave an item is not extended."""
    Insight.objects.filter(text__startswith="Ada").update(text="Call Maria", original_text="Ada will call Maria tomorrow.")
    first = api.read("/comprehensive/action-items")["actionItems"][0]
    assert (first["text"], len(first["messageRefs"])) == ("Call Maria", 1)


def test_the_context_is_redacted(api: Api) -> None:
    """Personal data is hidden in the context, too."""
    first = api.read("/comprehensive/action-items", redact="true")["actionItems"][0]
    assert first["text"] == "The printer is broken. **** wrote about it. **** will call **** tomorrow."
    assert first["entities"] == []
    assert "dueBy" not in first


def test_paging(api: Api) -> None:
    """`limit` and `after` page through the list."""
    (first,) = api.read("/comprehensive/action-items", limit=1)["actionItems"]
    (second,) = api.read("/comprehensive/action-items", after=first["id"])["actionItems"]
    assert second["text"] == "Ben will wait."


def make_topics(talk: Conversation) -> list[Message]:
    """Replace the topics by a hierarchy of three levels and a topic of its own; return the messages."""
    Topic.objects.all().delete()
    messages = list(Message.objects.order_by("number"))
    for text, score, parent, places in (
        ("budget", 0.5, "", (0, 1)),
        ("budget report", 0.9, "budget", (1, 2)),
        ("annual budget report", 0.4, "budget report", (3,)),
        ("printer", 0.7, "gone", (1,)),
    ):
        topic = Topic.objects.create(conversation=talk, text=text, score=score, parent_text=parent)
        TopicReference.objects.bulk_create(TopicReference(topic=topic, message=messages[place]) for place in places)
    return messages


def test_abstract_topics(api: Api, talk: Conversation, monkeypatch: pytest.MonkeyPatch) -> None:
    """A topic without a stored broader one has its own messages and those of all narrower topics, each once."""
    messages = make_topics(talk)
    for most in (5000, 5):  # in one query, and in batches
        monkeypatch.setattr("insights.queries.batches.MOST_REFERENCES", most)
        printer, budget = api.read("/abstract-topics", refresh="true")["abstractTopics"]
        assert (printer["text"], printer["type"], printer["score"]) == ("printer", "abstract_topic", 0.7)
        assert (budget["text"], budget["messageIds"]) == ("budget", [str(message.id) for message in messages[:4]])
        assert UUID(budget["id"])
    Topic.objects.all().delete()
    assert api.read("/abstract-topics") == {"abstractTopics": []}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"customTopicVocabulary": '["budgets"]'}, ["budget report", "budget", "annual budget report"]),
        ({"customVocabulary": "printers, coffee"}, ["printer"]),
        ({"customTopicVocabulary": '["report budget"]'}, []),
        ({"customTopicVocabulary": '["Budget Report"]', "limit": 1}, ["budget report"]),
        ({"customTopicVocabulary": "false"}, ["budget report", "printer", "budget", "annual budget report"]),
        ({"customTopicVocabulary": "[]"}, []),
    ],
)
def test_topics_of_a_vocabulary(api: Api, talk: Conversation, query: dict[str, object], found: list[str]) -> None:
    """Only topics with one of the words or phrases, in any form, are listed."""
    make_topics(talk)
    assert [topic["text"] for topic in api.read("/topics", **query)["topics"]] == found


def test_topics_of_the_vocabulary_of_the_account(api: Api, talk: Conversation, owner: User) -> None:
    """`true` stands for the words that the account gave for all of its conversations."""
    make_topics(talk)
    set_vocabulary(owner.pk, ["printer"])
    assert [topic["text"] for topic in api.read("/topics", customTopicVocabulary="true")["topics"]] == ["printer"]


@pytest.mark.parametrize("words", ["true", "[1]", "7", "{}"])
def test_a_vocabulary_without_words_is_refused(api: Api, words: str) -> None:
    """The error says which words are needed."""
    answer = api.get("/topics", customTopicVocabulary=words)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("customTopicVocabulary: ")
