"""Edits of one message by a person: its wording, and who said it."""

from uuid import UUID

from django.db.models import QuerySet

from insights import analysis, managed
from insights.analysis import types
from insights.analysis.custom_entities import CustomEntity
from insights.analysis.trackers import NEAR
from insights.database import write_transaction
from insights.models import Change, Conversation, Entity, Member, Message, Speaker, TrackerMatch
from insights.payloads import StoredEvent
from insights.recorder import speakers
from insights.recorder.analyse import custom_entities, entities, person, tracker_matches
from insights.recorder.edits.changes import Edit, Edited
from insights.recorder.edits.speaker_edits import MessageTime, move
from insights.recorder.event_log import clean, locked
from insights.recorder.tracked import trackers_of
from insights.recorder.types import RecorderError, UnknownMember, UnknownMessage
from insights.snapshots import CUSTOM

LONGEST_TEXT = 20_000
"""Characters of the text of a message or an insight that a person writes."""


def correct_message(message_id: UUID, text: str, user_id: int) -> list[StoredEvent]:
    """Replace a message's text and return the event; see `edit_message`."""
    return edit_message(message_id, user_id, text=text).events


def edit_message(message_id: UUID, user_id: int, *, text: str | None = None, member_id: UUID | None = None) -> Edited:
    """Replace a message's text, or say which member spoke it, or both.

    `original_text` keeps the recognised text; a translation is removed. Entities, sentiment and phrases are analysed again, and the new
    text is searched for the trackers of the conversation. Insights of the message do not change; they have their own review. The same
    text and member again change nothing. Raises UnknownMessage, UnknownMember, and RecorderError for empty text.
    """
    wording = None if text is None else wording_of(text)
    with write_transaction():
        message, edit = locked_message(message_id, user_id)
        edit.watch(Message.objects.filter(id=message_id), *found_in([message_id]))
        if member_id is not None and message.member_id != member_id:
            edit.watch(Speaker.objects.filter(conversation=edit.conversation, member_id=member_id))
            voice = speakers.of_member(edit.conversation, _member(edit.conversation, member_id))
            move(edit, {MessageTime(message.id, message.offset_s, message.duration_s, message.member_id): voice})
            message.speaker, message.speaker_chosen = voice, True
        if wording is not None and wording != message.text:
            message.original_text = message.original_text or message.text
            message.text, message.corrected_by_id, message.corrected_at = wording, user_id, edit.now
            message.translation = ""  # it is that of the former words
            analyse_again(message, edit.conversation)
            _match_again(message, edit.conversation)
        message.save()
        return edit.store(Change.Kind.MESSAGE, message_id)


def wording_of(text: str) -> str:
    """Return a text that a person wrote, without NUL and white space at its ends. Raises RecorderError if it is empty or too long."""
    wording = clean(text).strip()
    if not wording:
        raise RecorderError("text: at least one character is needed")
    if len(wording) > LONGEST_TEXT:
        raise RecorderError(f"text: at most {LONGEST_TEXT} characters are allowed, not {len(wording)}")
    return wording


def locked_message(message_id: UUID, user_id: int) -> tuple[Message, Edit]:
    """Return a message with its speaker, and an edit of its conversation, which is locked. Raises UnknownMessage."""
    found = Message.objects.filter(id=message_id).values_list("conversation_id", flat=True).first()
    conversation = locked(found) if found is not None else None
    message = Message.objects.select_related("speaker__member").filter(id=message_id).first()
    if message is None or conversation is None:
        raise UnknownMessage(f"message {message_id} does not exist")
    return message, Edit(conversation, user_id)


def found_in(message_ids: list[UUID]) -> "tuple[QuerySet[Entity], QuerySet[TrackerMatch]]":
    """Return the entities and the tracker matches of messages."""
    return Entity.objects.filter(message_id__in=message_ids), TrackerMatch.objects.filter(message_id__in=message_ids)


def analyse_again(message: Message, conversation: Conversation) -> None:
    """Replace the message's entities, sentiment and phrases by those of its new text. The message itself is not saved."""
    members = [person(member) for member in Member.objects.filter(conversation=conversation, merged_into=None)]
    said = types.Said(message.text, str(message.member_id or ""), message.started_at, index=message.number - 1)
    language = message.language or conversation.language
    found = analysis.analyse(said, (), members, conversation.timezone_offset, language)
    message.sentiment, message.phrases = min(1.0, max(-1.0, found.sentiment)), list(found.phrases)
    custom = custom_entities(message.text, _listed_entities(message, conversation))
    Entity.objects.filter(message=message).delete()
    Entity.objects.bulk_create(entities(message, (*found.entities, *custom)))


def _listed_entities(message: Message, conversation: Conversation) -> tuple[CustomEntity, ...]:
    """Return the custom entities of the account, and those that the message has from its own request."""
    own = managed.entities_of(conversation.owner_id)
    known = {(one.type, one.sub_type) for one in own}
    rows = Entity.objects.filter(message=message, type=CUSTOM)
    values = [(row.text, {key: str(value) for key, value in row.value.items()}) for row in rows]
    requested = dict.fromkeys(
        CustomEntity(get("customType", ""), (text,), get("subType", ""), get("category", ""), get("value", ""))
        for text, get in ((text, value.get) for text, value in values)
        if (get("customType", ""), get("subType", "")) not in known
    )
    return (*own, *requested)


def _member(conversation: Conversation, member_id: UUID) -> Member:
    member = Member.objects.filter(conversation=conversation, merged_into=None, id=member_id).first()
    if member is None:
        raise UnknownMember(f"member {member_id} is not in conversation {conversation.id}")
    return member


def _match_again(message: Message, conversation: Conversation) -> None:
    """Store the tracker matches of the new text.

    Matches whose words are still there move to their place; others go, and those of the conversation's trackers that are new come.
    """
    trackers = trackers_of(conversation)
    found = tracker_matches(message, trackers, message.language or conversation.language, _text_before(message))
    pairs, names = {(match.tracker_id, match.value) for match in found}, {tracker.name for tracker in trackers}
    kept, moved, gone = set[tuple[str, str]](), [], []
    for match in TrackerMatch.objects.filter(message=message, insight=None):
        pair = match.tracker_id, match.value
        offset = NEAR if match.offset == NEAR else message.text.lower().find(match.text.lower())
        near_is_gone = match.offset == NEAR and match.tracker_name in names and pair not in pairs
        if near_is_gone or (match.offset != NEAR and offset < 0):
            gone.append(match.pk)
            continue
        kept.add(pair)
        if offset != match.offset:
            match.offset = offset
            moved.append(match)
    TrackerMatch.objects.bulk_update(moved, ["offset"])
    TrackerMatch.objects.filter(pk__in=gone).delete()
    TrackerMatch.objects.bulk_create([match for match in found if (match.tracker_id, match.value) not in kept])


def _text_before(message: Message) -> str:
    """Return the former message of the same member; empty without one."""
    earlier = Message.objects.filter(conversation_id=message.conversation_id, number__lt=message.number)
    same = earlier.filter(speaker__member_id=message.member_id) if message.member_id else earlier.filter(speaker_id=message.speaker_id)
    return same.order_by("-number").values_list("text", flat=True).first() or ""
