"""The constraints of the tables."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction

from insights.models import App, Conversation, Event, Insight, Member, Message, Speaker, Topic, TopicReference, TrackerMatch
from insights.models.conversations import LEAST_ID, MOST_ID, new_conversation_id

NOW = datetime(2026, 3, 2, 14, 0, tzinfo=UTC)


@pytest.fixture
def conversation(owner: User) -> Conversation:
    """Return a conversation without title and members."""
    return Conversation.objects.create(owner=owner, connection_id="room", name="Room", started_at=NOW)


@pytest.fixture
def message(conversation: Conversation) -> Message:
    """Return its first message."""
    speaker = Speaker.objects.create(conversation=conversation, number=1)
    return Message.objects.create(conversation=conversation, speaker=speaker, number=1, text="Hello", started_at=NOW, ended_at=NOW)


def refused(model: type[models.Model], **fields: object) -> bool:
    """Whether the database refuses such a row."""
    try:
        with transaction.atomic():
            model._default_manager.create(**fields)
    except IntegrityError:
        return True
    return False


def test_ids_have_sixteen_digits() -> None:
    """Random ids are 16 digits that JavaScript reads exactly."""
    assert all(LEAST_ID <= new_conversation_id() <= MOST_ID < 2**53 for _ in range(200))
    assert len(str(LEAST_ID)) == len(str(MOST_ID)) == 16


def test_one_live_conversation_per_connection(conversation: Conversation, owner: User, other_owner: User) -> None:
    """A connection id is free after its conversation ends, and always free to other owners."""
    fields = {"connection_id": "room", "name": "Again", "started_at": NOW}
    assert refused(Conversation, owner=owner, **fields)
    assert not refused(Conversation, owner=other_owner, **fields)
    Conversation.objects.filter(id=conversation.id).update(ended_at=NOW)
    assert not refused(Conversation, owner=owner, **fields)


def test_conversations_end_after_they_begin(owner: User) -> None:
    """The end must not be before the start."""
    assert refused(Conversation, owner=owner, connection_id="x", name="x", started_at=NOW, ended_at=NOW - timedelta(seconds=1))


@pytest.mark.parametrize("number", [7, 2**53])
def test_conversation_ids_are_in_range(owner: User, number: int) -> None:
    """Ids must have 16 digits."""
    assert refused(Conversation, id=number, owner=owner, connection_id="x", name="x", started_at=NOW)


@pytest.mark.parametrize("who", [{"user_id": "u"}, {"email": "a@example.org"}, {"name": "Ada"}])
def test_members_are_unique(conversation: Conversation, who: dict[str, str]) -> None:
    """User id, address or name each identify one member."""
    Member.objects.create(conversation=conversation, **who)
    assert refused(Member, conversation=conversation, **who)


def test_namesakes_with_user_ids_are_two(conversation: Conversation) -> None:
    """Two members with different user ids may have the same name."""
    Member.objects.create(conversation=conversation, user_id="1", name="Ada")
    assert not refused(Member, conversation=conversation, user_id="2", name="Ada")


@pytest.mark.parametrize(
    "wrong", [{"number": 1}, {"number": 0}, {"confidence": 1.5}, {"sentiment": -2}, {"ended_at": NOW - timedelta(seconds=1)}]
)
def test_constraints_of_messages(conversation: Conversation, message: Message, wrong: dict[str, object]) -> None:
    """Numbers are unique and from 1, confidences and sentiments in range, ends after starts."""
    fields = {
        "conversation": conversation,
        "speaker": message.speaker,
        "number": 2,
        "text": "x",
        "started_at": NOW,
        "ended_at": NOW,
    }
    assert refused(Message, **{**fields, **wrong})
    assert not refused(Message, **fields)


def test_constraints_of_speakers(conversation: Conversation, message: Message) -> None:
    """Numbers are unique and from 1, an audio source has one speaker, and a speaker with messages cannot be deleted."""
    one, other = uuid4(), uuid4()
    Speaker.objects.create(conversation=conversation, number=2, source=one)
    assert refused(Speaker, conversation=conversation, number=0)
    assert refused(Speaker, conversation=conversation, number=2)
    assert refused(Speaker, conversation=conversation, number=3, source=one)
    assert not refused(Speaker, conversation=conversation, number=3, source=other)
    assert not refused(Speaker, conversation=conversation, number=4)
    with pytest.raises(models.RestrictedError):
        message.speaker.delete()
    conversation.delete()
    assert not Speaker.objects.exists()


def test_the_member_of_a_message_is_that_of_its_speaker(conversation: Conversation, message: Message) -> None:
    """A change of a speaker's member changes all its messages; deleting a member leaves its speakers and their messages."""
    assert (message.member, str(message.speaker)) == (None, "Speaker 1")
    ada = Member.objects.create(conversation=conversation, name="Ada")
    Speaker.objects.update(member=ada)
    message = Message.objects.get()
    assert (message.member, message.member_id, str(message.speaker)) == (ada, ada.id, "Ada")
    ada.delete()
    assert Message.objects.get().member is None


@pytest.mark.parametrize("wrong", [{"confidence": -0.1}, {"review": "liked"}, {"review": "accepted"}, {"reviewed_at": NOW}])
def test_constraints_of_insights(conversation: Conversation, message: Message, wrong: dict[str, object]) -> None:
    """Reviews are known ones, confidences in range, and a review has a time."""
    fields = {"conversation": conversation, "message": message, "type": "question", "text": "x", "confidence": 0.5}
    assert refused(Insight, **{**fields, **wrong})
    assert not refused(Insight, **fields)


def test_an_insight_is_of_a_registered_kind(conversation: Conversation, message: Message) -> None:
    """The registry defines the kinds, not a constraint in the database."""
    fields = {"conversation": conversation, "message": message, "text": "x", "confidence": 0.5}
    Insight(type="question", **fields).full_clean()
    with pytest.raises(ValidationError) as refusal:
        Insight(type="joke", **fields).full_clean()
    assert refusal.value.message_dict == {"type": ["Value 'joke' is not a valid choice."]}


def test_topics_and_references_are_unique(conversation: Conversation, message: Message) -> None:
    """A topic has one row, refers to a message once, and scores up to 1."""
    topic = Topic.objects.create(conversation=conversation, text="budget", score=1)
    assert refused(Topic, conversation=conversation, text="budget", score=0.5)
    assert refused(Topic, conversation=conversation, text="other", score=1.1)
    TopicReference.objects.create(topic=topic, message=message)
    assert refused(TopicReference, topic=topic, message=message)


def test_tracker_offsets(conversation: Conversation, message: Message) -> None:
    """An offset is -1 (similar) or more."""
    fields = {"conversation": conversation, "message": message, "tracker_name": "t", "tracker_id": "t", "value": "v", "text": "v"}
    assert not refused(TrackerMatch, offset=-1, **fields)
    assert refused(TrackerMatch, offset=-2, **fields)


@pytest.mark.parametrize("number", [1, 0])
def test_events_are_numbered_once(conversation: Conversation, number: int) -> None:
    """Numbers of events are unique and from 1."""
    Event.objects.create(conversation=conversation, number=1, kind="messages", payload={}, created_at=NOW)
    assert refused(Event, conversation=conversation, number=number, kind="messages", payload={}, created_at=NOW)


def test_app_ids_have_64_characters(owner: User) -> None:
    """The table enforces the length that the browsers' SDK requires."""
    assert refused(App, owner=owner, name="x", app_id="short", secret_hash="x")
    assert not refused(App, owner=owner, name="x", app_id="a" * 64, secret_hash="x")


def test_rows_have_readable_names(conversation: Conversation, message: Message) -> None:
    """The text form of a row has words, which the admin shows."""
    member = Member(user_id="u1")
    assert (str(conversation), str(message), str(member)) == ("Room", "Hello", "u1")
