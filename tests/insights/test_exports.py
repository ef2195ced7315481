"""Exported conversations."""

import json

from django.contrib.auth.models import User

from insights import exports, recorder
from insights.analysis.trackers import Tracker
from insights.models import Conversation, Insight, Message
from tests.insights.conftest import Say, opening


def test_an_export_is_complete(say: Say, owner: User) -> None:
    """An export has members, messages, entities, insights, reviews, topics, trackers, and corrections with users."""
    say("Ada will send the budget report tomorrow.", trackers=(Tracker("Money", ("budget",)),))
    recorder.review_insight(Insight.objects.get().pk, "accepted", owner.pk)
    recorder.correct_message(Message.objects.get().pk, "Ada will send it tomorrow.", owner.pk)
    (talk,) = json.loads("".join(exports.as_json(Conversation.objects.all())))["conversations"]
    assert talk["owner"] == "owner"
    assert talk["members"][0]["name"] == "Ada"
    (message,) = talk["messages"]
    assert (message["text"], message["correctedBy"]) == ("Ada will send it tomorrow.", "owner")
    assert message["originalText"] == "Ada will send the budget report tomorrow."
    assert [entity["type"] for entity in message["entities"]] == ["person", "date"]
    (insight,) = talk["insights"]
    assert (insight["review"], insight["reviewedBy"], insight["messageId"]) == ("accepted", "owner", message["id"])
    assert all(topic["messageIds"] == [message["id"]] for topic in talk["topics"])
    assert talk["topics"]
    assert talk["trackers"][0]["name"] == "Money"


def test_none_and_several(owner: User) -> None:
    """An export of no conversation and of several empty ones is valid."""
    assert json.loads("".join(exports.as_json([]))) == {"conversations": []}
    for number in range(3):
        recorder.open_conversation(opening(owner, f"room-{number}", name='Quote " and \u2028'))
    document = json.loads("".join(exports.as_json(Conversation.objects.all())))
    assert len(document["conversations"]) == 3
