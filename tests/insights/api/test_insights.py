"""GET questions, action-items, follow-ups and insights."""

from insights.models import Insight, Message
from tests.insights.api.conftest import Api


def test_questions(api: Api) -> None:
    """A question has its speaker, score and message, and none of the fields of action items."""
    (question,) = api.read("/questions")["questions"]
    assert question.keys() == {"id", "text", "type", "score", "messageIds", "from"}
    assert (question["type"], question["score"]) == ("question", 0.9)
    assert question["from"] == {"id": question["from"]["id"], "name": "Ada", "userId": "ada@example.org"}
    assert question["messageIds"] == [str(Message.objects.get(text="Is the budget ready?").id)]


def test_action_items(api: Api) -> None:
    """An action item has assignee, due date, phrase and entities."""
    first, second = api.read("/action-items")["actionItems"]
    assert first["definitive"] is True
    assert first["assignee"] == {"id": first["from"]["id"], "name": "Ada", "email": "ada@example.org"}
    assert first["dueBy"].endswith("Z")
    assert first["phrases"] == [{"type": "action_phrase", "text": "send the budget report tomorrow"}]
    assert [(e["type"], e["text"], e["offset"], e["value"]) for e in first["entities"]] == [
        ("person", "Ada", 0, {"assignee": True, "name": "Ada", "userId": "ada@example.org"}),
        ("date", "tomorrow", 32, "2026-03-03"),
    ]
    assert second["assignee"] == {"name": "Zoe"}
    assert "dueBy" not in second


def test_the_go_sdk_gets_the_types_that_it_reads(api: Api) -> None:
    """Phrases are texts and the score of a follow-up is a whole number, by query or by the SDK's User-Agent."""
    agent = {"User-Agent": "symbl.ai (go1.19;linux;amd64)", "Authorization": f"Bearer {api.token}"}
    assert api.client.get(f"{api.root}/follow-ups", headers=agent).json()["followUps"][0]["score"] == 0
    assert isinstance(api.read("/follow-ups", shape="go")["followUps"][0]["score"], int)
    assert api.read("/follow-ups")["followUps"][0]["score"] == 0.2
    assert api.client.get(f"{api.root}/follow-ups", {"shape": "documented"}, headers=agent).json()["followUps"][0]["score"] == 0.2
    assert api.read("/action-items", shape="go")["actionItems"][0]["phrases"] == ["send the budget report tomorrow"]
    assert api.read("/action-items", shape="go")["actionItems"][0]["score"] == 0.7
    assert api.get("/action-items", shape="rust").status_code == 400


def test_follow_ups(api: Api) -> None:
    """A follow-up without an assignee has an empty assignee object, which the SDKs can read."""
    (follow_up,) = api.read("/follow-ups")["followUps"]
    assert follow_up["type"] == "follow_up"
    assert follow_up["assignee"] == {}
    assert follow_up["phrases"] == []


def test_all_insights_in_order(api: Api) -> None:
    """The mixed list is in the order of speech."""
    assert [i["type"] for i in api.read("/insights")["insights"]] == ["question", "action_item", "follow_up", "action_item"]


def test_rejected_insights_are_left_out(api: Api) -> None:
    """Rejected insights are left out, and accepted ones stay."""
    question, follow_up = Insight.objects.get(type="question"), Insight.objects.get(type="follow_up")
    Insight.objects.filter(id=question.id).update(review="rejected", reviewed_at=question.message.started_at)
    Insight.objects.filter(id=follow_up.id).update(review="accepted", reviewed_at=question.message.started_at)
    assert api.read("/questions")["questions"] == []
    assert [i["type"] for i in api.read("/insights")["insights"]] == ["action_item", "follow_up", "action_item"]
