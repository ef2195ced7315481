"""Redact the stored text of a conversation: messages, original texts, words, insights, topics, tracker matches and all earlier events.

Final. It runs in batches of short transactions; one that was interrupted is continued by `continue_redactions` in any process. Text that
is redacted already does not change, so a part may be done twice.
"""

import logging
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache, partial
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from insights import analysis, derived
from insights.analysis import entities as analysis_entities
from insights.analysis import personal_data
from insights.analysis.personal_data import LIVE_TYPES
from insights.analysis.text.supported_languages import knows
from insights.analysis.types import FoundEntity, Person
from insights.database import write_transaction
from insights.emptied import SnapshotEdit
from insights.events import MessageCorrected
from insights.models import Conversation, Deletion, Entity, Insight, LanguageResult, Member, Message, Note, Topic, TrackerMatch
from insights.payloads import iso, message_snapshot
from insights.recorder.analyse import entities, person
from insights.recorder.deletion.audit import note_deletion
from insights.recorder.deletion.emptied_changes import empty_all_changes
from insights.recorder.deletion.rewrite import PAUSE_S, rewrite_all
from insights.recorder.event_log import EventLog, locked
from insights.recorder.redact import redacted
from insights.recorder.segment import Draft
from insights.recorder.signals import announce, events_emptied, speech_removed, words_removed
from insights.recorder.types import RecorderError, SpokenWord, UnknownConversation
from insights.snapshots import (
    EntitySnapshot,
    InsightSnapshot,
    JsonObject,
    MessageSnapshot,
    TopicSnapshot,
    TrackerMatchSnapshot,
    Word,
)

logger = logging.getLogger(__name__)

MASK = "****"
LONGEST_MASK = 32
MESSAGES = 20
"""Messages that one transaction changes."""
NOTES = 50
"""Notes that one transaction changes."""
_TOPICS = 10_000


class Masking(SnapshotEdit):
    """Masks personal data in texts."""

    def __init__(self, conversation: Conversation, members: Sequence[Person], mask: str, topics: frozenset[str] = frozenset()) -> None:
        self.mask, self._members, self._topics = mask, members, topics
        self._at, self._offset = conversation.started_at, conversation.timezone_offset
        self._cached = lru_cache(maxsize=1024)(self._masked)

    def text(self, text: str) -> str:
        """Return a text with personal data masked."""
        return self._cached(text)[0].text if text else ""

    def words(self, text: str, words: Sequence[Word]) -> tuple[Word, ...]:
        """Return the words of a text, masked."""
        masked, _ = self._masked(text, tuple(SpokenWord(w.word, _time(w.start_time), _time(w.end_time), w.score) for w in words))
        return tuple(Word(w.text, iso(w.start), iso(w.end), w.confidence) for w in masked.words)

    def entities(self, text: str) -> list[FoundEntity]:
        """Return the entities of a text as it is after masking: those that are left, and one for each replacement."""
        masked, hidden = self._cached(text)
        found = analysis_entities.extract(masked.text, self._at, self._offset, self._members)
        return sorted([*(one for one in found if one.type not in LIVE_TYPES), *hidden], key=lambda one: one.offset)

    def entity_forms(self, text: str) -> tuple[JsonObject, ...]:
        """Return the same in the form in which insights and events have them."""
        return tuple(_snapshot(one).dump() for one in self.entities(text))

    def message(self, message: MessageSnapshot) -> MessageSnapshot:
        text, original, translation = (self.text(one) for one in (message.text, message.original_text, message.translation))
        if (text, original, translation) == (message.text, message.original_text, message.translation):
            return message
        kept = replace(message, text=text, original_text="" if original == text else original, translation=translation)
        if text == message.text:
            return kept
        found = tuple(_snapshot(one) for one in self.entities(message.text))
        return replace(kept, words=self.words(message.text, message.words), entities=found)

    def insight(self, insight: InsightSnapshot) -> InsightSnapshot:
        assignee = insight.assignee
        if assignee is not None and not assignee.id and assignee.name:
            insight = replace(insight, assignee=replace(assignee, name=self.mask))
        text, original = self.text(insight.text), self.text(insight.original_text)
        phrase = self.text(insight.action_phrase)
        if (text, original, phrase) == (insight.text, insight.original_text, insight.action_phrase):
            return insight
        kept = replace(insight, text=text, original_text=original, action_phrase=phrase, tags=(), hints=self.hints(insight.hints))
        return replace(kept, entities=tuple(_snapshot(one).dump() for one in self.entities(text)))

    def hints(self, hints: Sequence[JsonObject]) -> tuple[JsonObject, ...]:
        """Return the hints without those that quote personal data."""
        return tuple(one for one in hints if self.text(str(one.get("value", ""))) == str(one.get("value", "")))

    def topic(self, topic: TopicSnapshot) -> TopicSnapshot | None:
        return topic if topic.id in self._topics else None

    def match(self, match: TrackerMatchSnapshot) -> TrackerMatchSnapshot | None:
        said = tuple(replace(one, text=self.text(one.text), offset=self._place(one.text, one.offset)) for one in match.messages)
        found = tuple(replace(one, text=self.text(one.text), offset=self._place(one.text, one.offset)) for one in match.insights)
        return replace(match, messages=said, insights=found)

    def _place(self, text: str, offset: int) -> int:
        """Return the offset of a phrase in a text after masking, by its first word; -1 if it is not known."""
        masked = self.text(text)
        if masked == text or offset < 0:
            return offset
        word = text[offset:].split(" ", 1)[0]
        return masked.find(word) if word else -1

    def _masked(self, text: str, words: tuple[SpokenWord, ...] = ()) -> tuple[Draft, list[FoundEntity]]:
        return redacted(Draft(text, "", words, 0.0, self._at, self._at), self.mask, self._members, self._offset, keep_masks=True)


def redact_conversation(conversation_id: int, user_id: int, mask: str = MASK) -> None:
    """Mask personal data in everything that is stored of a conversation. Raises UnknownConversation and RecorderError."""
    _check_mask(mask)
    with write_transaction():
        conversation = locked(conversation_id)
        if not knows(conversation.language):
            raise RecorderError(f"personal data is only found in English, not in {conversation.language}")
        conversation.redaction = mask
        conversation.save(update_fields=["redaction"])
        empty_all_changes(conversation_id)  # so that nobody restores former words meanwhile
        words_removed.send(sender=None, conversation_id=conversation_id)
        counts = {"messages": conversation.messages_left, "events": conversation.last_event}
        note_deletion(
            Deletion.Kind.REDACTION, user_id=user_id, conversation_id=conversation_id, owner_id=conversation.owner_id, counts=counts
        )
    _redact(conversation_id)


def _check_mask(mask: str) -> None:
    """Raise RecorderError for a mask that is too long or no visible text, or that is personal data itself, which would hide the masks."""
    if not mask.strip() or len(mask) > LONGEST_MASK or not mask.isprintable():
        raise RecorderError(f"redactionString: 1 to {LONGEST_MASK} printable characters are needed, such as {MASK} or [PII_PCI_ENTITY]")
    if personal_data.spans_of(mask, timezone.now(), 0, (), LIVE_TYPES):
        raise RecorderError(f"redactionString: this text is personal data itself; choose another one, such as {MASK}")


def continue_redactions() -> None:
    """Continue the redactions that were interrupted. Safe to run in every process at once."""
    for conversation_id in list(Conversation.objects.exclude(redaction="").values_list("id", flat=True)):
        try:
            _redact(conversation_id)
        except UnknownConversation:
            continue
        except Exception as error:
            logger.error("conversation %d could not be redacted (%s)", conversation_id, type(error).__name__)


def _redact(conversation_id: int) -> None:
    conversation = Conversation.objects.filter(id=conversation_id).exclude(redaction="").first()
    if conversation is None:
        return
    members = [person(member) for member in Member.objects.filter(conversation=conversation)]
    mask = conversation.redaction
    masking = Masking(conversation, members, mask)
    done = set[UUID]()
    stored = Message.objects.filter(conversation=conversation).order_by("number").values_list("id", flat=True)
    while left := [one for one in stored.all() if one not in done]:  # by their ids, as edits change the numbers meanwhile
        for at in range(0, len(left), MESSAGES):
            _redact_messages(conversation_id, masking, left[at : at + MESSAGES])
            time.sleep(PAUSE_S)
        done.update(left)
    masking = Masking(conversation, members, mask, _remove_topics(conversation))
    _redact_notes(conversation_id, masking)
    rewrite_all(conversation_id, masking)
    with write_transaction():
        locked(conversation_id)
        empty_all_changes(conversation_id)
        LanguageResult.objects.filter(conversation_id=conversation_id).delete()
        Conversation.objects.filter(id=conversation_id, redaction=mask).update(redaction="")
        speech_removed.send(sender=None, conversation_id=conversation_id)
        words_removed.send(sender=None, conversation_id=conversation_id)
    derived.forget(conversation_id)
    transaction.on_commit(partial(events_emptied.send_robust, sender=None, conversation_id=conversation_id))


def _redact_notes(conversation_id: int, masking: Masking) -> None:
    """Mask the notes of all people, in short transactions."""
    last: UUID | None = None
    while True:
        with write_transaction():
            locked(conversation_id)
            found = Note.objects.filter(conversation_id=conversation_id).order_by("id")
            notes = list((found if last is None else found.filter(id__gt=last))[:NOTES])
            for note in notes:
                note.text = masking.text(note.text)
            Note.objects.bulk_update(notes, ["text"])
        if len(notes) < NOTES:
            return
        last = notes[-1].id
        time.sleep(PAUSE_S)


def _redact_messages(conversation_id: int, masking: Masking, ids: Sequence[UUID]) -> None:
    """Redact the messages with these ids that are still there, with what was found in them."""
    with write_transaction():
        conversation = locked(conversation_id)
        found = Message.objects.filter(conversation=conversation, id__in=ids).select_related("speaker__member")
        messages = list(found.prefetch_related("entities").order_by("number"))
        log = EventLog(conversation, timezone.now())
        changed = [one for one in messages if _redact_message(one, masking)]
        for message in changed:
            log.add(MessageCorrected(message_snapshot(message, message.entities.all())))
        insights = list(Insight.objects.filter(message__in=messages))
        _redact_insights(insights, masking)
        _redact_matches(messages, masking)
        announce(log.store())


def _redact_message(message: Message, masking: Masking) -> bool:
    """Redact one message; return whether its text changed. Its entities are stored again."""
    before = message_snapshot(message, message.entities.all())
    after = masking.message(before)
    if after == before:
        return False
    message.text, message.original_text, message.translation = after.text, after.original_text, after.translation
    message.words = after.dump()["words"]
    message.phrases = [masking.text(phrase) for phrase in message.phrases]
    message.save(update_fields=["text", "original_text", "translation", "words", "phrases"])
    if after.text == before.text:
        return False
    Entity.objects.filter(message=message).delete()
    Entity.objects.bulk_create(entities(message, masking.entities(before.text)))
    message._prefetched_objects_cache = {}  # type: ignore[attr-defined]  # the entities that were read before
    return True


def _redact_insights(insights: Sequence[Insight], masking: Masking) -> None:
    for row in insights:
        text, original, phrase = masking.text(row.text), masking.text(row.original_text), masking.text(row.action_phrase)
        if row.assignee_name and row.assignee_id is None:
            row.assignee_name = masking.mask
        if text != row.text:
            row.tags, row.hints = [], list(masking.hints(row.hints))
            row.entities = list(masking.entity_forms(row.text))
        row.text, row.original_text, row.action_phrase = text, original, phrase
    fields = ["text", "original_text", "action_phrase", "assignee_name", "tags", "hints", "entities"]
    Insight.objects.bulk_update(insights, fields)


def _redact_matches(messages: Sequence[Message], masking: Masking) -> None:
    matches = list(TrackerMatch.objects.filter(message__in=messages).select_related("message", "insight"))
    for match in matches:
        match.text = masking.text(match.text)
        place = match.insight.text if match.insight else match.message.text
        match.offset = match.offset if place[match.offset :].startswith(match.text) else place.find(match.text)
    TrackerMatch.objects.bulk_update(matches, ["text", "offset"])


def _remove_topics(conversation: Conversation) -> frozenset[str]:
    """Remove the topics that the redacted messages do not have; return the ids of the others."""
    index = analysis.TopicIndex()
    messages = Message.objects.filter(conversation=conversation).order_by("number")
    for identity, text, sentiment in messages.values_list("id", "text", "sentiment"):
        index.add(str(identity), text, sentiment)
    left = {topic.text[:300] for topic in index.top(_TOPICS)}
    with write_transaction():
        locked(conversation.id)
        topics = Topic.objects.filter(conversation=conversation)
        gone = [identity for identity, text in topics.values_list("id", "text") if text not in left]
        topics.filter(id__in=gone).delete()
        topics.exclude(parent_text__in=[*left, ""]).update(parent_text="")
        return frozenset(map(str, topics.values_list("id", flat=True)))


def _snapshot(found: FoundEntity) -> EntitySnapshot:
    return EntitySnapshot(found.type, found.text, found.offset, {**found.value})


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
