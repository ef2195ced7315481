"""The events of a conversation, replayed, give its stored state."""

from datetime import timedelta
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insights import queries, recorder
from insights.models import Conversation, Insight, Message
from insights.payloads import insight_snapshot, message_json, topic_json
from insights.recorder import Joined, Listening, SpeakerIdentity, StoredEvent
from insights.snapshots import JsonObject
from tests.insights.conftest import opening, utterance

WORDS = st.lists(
    st.sampled_from(["budget", "report", "will", "call", "Ada", "tomorrow", "is", "late?", "good.", "Launch"]), min_size=1, max_size=9
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), WORDS.map(" ".join)),
        st.tuples(st.just("join"), st.sampled_from(["Ada", "Ben", ""])),
        st.tuples(st.just("correct"), WORDS.map(" ".join)),
        st.tuples(st.just("review"), st.sampled_from(["accepted", "rejected", "pending"])),
    ),
    min_size=1,
    max_size=7,
)


def take(step: tuple[str, str], joined: Joined, owner: User) -> list[StoredEvent]:
    """Apply one operation and return its events."""
    action, text = step
    conversation = Conversation.objects.get(id=joined.conversation_id)
    if action == "join":
        return recorder.open_conversation(opening(owner, conversation.connection_id, speaker=SpeakerIdentity("", text))).events
    if action == "say":
        start = joined.started_at + timedelta(seconds=10 * conversation.message_count)
        return recorder.record(conversation.id, utterance(text, start), Listening())
    if action == "correct":
        message = Message.objects.filter(conversation=conversation).order_by("-number").first()
        return recorder.correct_message(message.id, text, owner.pk) if message else []
    insight = Insight.objects.filter(conversation=conversation).first()
    return recorder.review_insight(insight.id, text, owner.pk) if insight else []


def replay(events: list[StoredEvent]) -> dict[str, dict[str, JsonObject]]:
    """Return the messages, insights and topics that the events alone give."""
    known: dict[str, dict[str, JsonObject]] = {"messages": {}, "insights": {}, "topics": {}}
    for event in events:
        for kind, single in (("messages", "message"), ("insights", "insight"), ("topics", "topic")):
            for item in event.payload.get(kind, [event.payload[single]] if single in event.payload else []):
                known[kind][item["id"]] = {**known[kind].get(item["id"], {}), **item}
    return known


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, data=st.data())
def test_events_give_the_stored_state(steps: list[tuple[str, str]], data: st.DataObject, owner: User, plain_analysis: None) -> None:
    """Events are consecutive, returned events equal stored ones, and any cursor plus the rest gives the stored state."""
    joined = recorder.open_conversation(opening(owner, str(uuid4()), speaker=SpeakerIdentity("", "Ada")))
    returned = list(joined.events)
    for step in steps:
        returned += take(step, joined, owner)
    cursor = data.draw(st.integers(0, len(returned)))
    assert returned[:cursor] + queries.events_after(joined.conversation_id, cursor) == returned
    assert [event.number for event in returned] == list(range(1, len(returned) + 1))
    conversation = Conversation.objects.get(id=joined.conversation_id)
    known = replay(returned)
    assert list(known["messages"].values()) == [message_json(m, m.entities.all()) for m in queries.messages_of(conversation)]
    assert [known["insights"][str(i.id)] | insight_snapshot(i).dump() for i in queries.insights_of(conversation)] == [
        known["insights"][str(i.id)] for i in queries.insights_of(conversation)
    ]
    for topic in queries.topics_of(conversation):
        assert known["topics"][str(topic.id)] == topic_json(topic, (str(ref.message_id) for ref in topic.references.all()))
    assert {UUID(identity) for identity in known["topics"]} == {topic.id for topic in queries.topics_of(conversation)}
