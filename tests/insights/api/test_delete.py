"""DELETE of conversations and of what is in them."""

import pytest
from django.contrib.auth.models import User
from django.test import Client

from insights.models import Conversation, Deletion, Insight, Message
from tests.insights.conftest import Say

pytestmark = pytest.mark.django_db(transaction=True)


def signed_in(user: User) -> Client:
    """Return a client that is signed in as a user."""
    client = Client()
    client.force_login(user)
    return client


def test_a_conversation_is_deleted_for_good(say: Say, owner: User, other_owner: User) -> None:
    """Only its owner can delete it, once; afterwards it is unknown to all."""
    say("Is the zeppelin ready?")
    url = f"/v1/conversations/{Conversation.objects.get().pk}"
    unknown = {"message": "The conversationId is either invalid or does not exist."}
    assert signed_in(other_owner).delete(url).json() == unknown
    assert Client().delete(url).status_code == 401
    deleted = signed_in(owner).delete(url)
    assert (deleted.status_code, deleted.json()) == (200, {"message": "successfully deleted the conversation"})
    for again in (signed_in(owner).delete(url), signed_in(owner).get(url), signed_in(owner).get(f"{url}/messages")):
        assert (again.status_code, again.json()) == (404, unknown)
    assert not Conversation.everything.exists()
    assert Deletion.objects.get().user == owner


def test_messages_insights_and_stored_text(say: Say, owner: User, other_owner: User) -> None:
    """Only the owner can delete or redact; unknown and malformed ids are 404, a wrong mask 400."""
    say("Is the zeppelin of Maria Lopez ready?")
    conversation, message, insight = Conversation.objects.get(), Message.objects.get(), Insight.objects.all()[0]
    base = f"/v1/conversations/{conversation.pk}"
    mine, other = signed_in(owner), signed_in(other_owner)
    for client, path, problem in (
        (other, f"messages/{message.pk}", "conversationId"),
        (other, f"insights/{insight.pk}", "conversationId"),
        (mine, f"messages/{insight.pk}", "messageId"),
        (mine, "messages/any", "messageId"),
        (mine, f"insights/{message.pk}", "insightId"),
        (mine, "insights/any", "insightId"),
    ):
        response = client.delete(f"{base}/{path}")
        assert (response.status_code, response.json()) == (404, {"message": f"The {problem} is either invalid or does not exist."})
    assert other.post(f"{base}/redact", {}, content_type="application/json").status_code == 404
    wrong = mine.post(f"{base}/redact", {"redactionString": "Maria Lopez"}, content_type="application/json")
    assert wrong.status_code == 400
    assert "redactionString" in wrong.json()["message"]
    assert mine.generic("POST", f"{base}/redact", "").json() == {"message": "successfully redacted the conversation"}
    assert mine.get(f"{base}/messages").json()["messages"][0]["text"] == "Is the zeppelin of **** ready?"
    assert mine.delete(f"{base}/insights/{insight.pk}").json() == {"message": "successfully deleted the insight"}
    assert mine.delete(f"{base}/messages/{message.pk}").json() == {"message": "successfully deleted the message"}
    assert mine.get(f"{base}/messages").json() == {"messages": []}
    assert "zeppelin" not in str(mine.get(f"{base}/events").json())
