"""The analysis of messages whose words a person changed: entities, sentiment, phrases and tracker matches. One query for each table."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from uuid import UUID

from django.db.models import OuterRef, Q, QuerySet, Subquery

from insights import analysis, managed
from insights.analysis import types
from insights.analysis.custom_entities import CustomEntity
from insights.analysis.trackers import NEAR
from insights.analysis.types import FoundEntity
from insights.models import Conversation, Entity, Member, Message, TrackerMatch
from insights.recorder.analyse import custom_entities, entities, person, tracker_matches
from insights.recorder.tracked import trackers_of
from insights.snapshots import CUSTOM


def found_in(message_ids: Collection[UUID]) -> tuple[QuerySet[Entity], QuerySet[TrackerMatch]]:
    """Return the entities and the tracker matches of messages."""
    return Entity.objects.filter(message_id__in=message_ids), TrackerMatch.objects.filter(message_id__in=message_ids)


def analyse_again(messages: Sequence[Message], conversation: Conversation) -> None:
    """Replace the entities, sentiment and phrases of messages by those of their new texts. The messages themselves are not saved.

    What replaced personal data while it was said stays marked, so that its audio stays hidden.
    """
    members = [person(member) for member in Member.objects.filter(conversation=conversation, merged_into=None)]
    own = managed.entities_of(conversation.owner_id)
    requested = _requested_entities(messages, {(one.type, one.sub_type) for one in own})
    masks = _masks_of(messages)
    new: list[Entity] = []
    for message in messages:
        said = types.Said(message.text, str(message.member_id or ""), message.started_at, index=message.number - 1)
        language = message.language or conversation.language
        found = analysis.analyse(said, (), members, conversation.timezone_offset, language)
        message.sentiment, message.phrases = min(1.0, max(-1.0, found.sentiment)), list(found.phrases)
        custom = custom_entities(message.text, (*own, *requested.get(message.id, ())))
        new += entities(message, (*found.entities, *custom, *_masked(message.text, masks)))
    Entity.objects.filter(message__in=messages).delete()
    Entity.objects.bulk_create(new)


def match_again(messages: Sequence[Message], conversation: Conversation) -> None:
    """Store the tracker matches of the new texts of messages.

    Matches whose words are still there move to their place; others go, and those of the conversation's trackers that are new come.
    """
    trackers = trackers_of(conversation)
    names = {tracker.name for tracker in trackers}
    stored: dict[UUID, list[TrackerMatch]] = defaultdict(list)
    for match in TrackerMatch.objects.filter(message__in=messages, insight=None):
        stored[match.message_id].append(match)
    before = _texts_before(messages) if trackers else {}
    new, moved, gone = list[TrackerMatch](), list[TrackerMatch](), list[int]()
    for message in messages:
        found = tracker_matches(message, trackers, message.language or conversation.language, before.get(message.id, ""))
        pairs = {(match.tracker_id, match.value) for match in found}
        kept = set[tuple[str, str]]()
        for match in stored[message.id]:
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
        new += [match for match in found if (match.tracker_id, match.value) not in kept]
    TrackerMatch.objects.bulk_update(moved, ["offset"])
    TrackerMatch.objects.filter(pk__in=gone).delete()
    TrackerMatch.objects.bulk_create(new)


def _requested_entities(messages: Sequence[Message], known: set[tuple[str, str]]) -> dict[UUID, list[CustomEntity]]:
    """Return for each message the custom entities that it has from its own request: those that the account does not know."""
    found: dict[UUID, dict[CustomEntity, None]] = defaultdict(dict)
    for row in Entity.objects.filter(message__in=messages, type=CUSTOM):
        get = {key: str(value) for key, value in row.value.items()}.get
        if (get("customType", ""), get("subType", "")) not in known:
            listed = CustomEntity(get("customType", ""), (row.text,), get("subType", ""), get("category", ""), get("value", ""))
            found[row.message_id][listed] = None
    return {message_id: list(listed) for message_id, listed in found.items()}


def _masks_of(messages: Sequence[Message]) -> dict[str, list[str]]:
    """Return the texts that replaced personal data in messages, each with the types of what it replaced, in order."""
    rows = Entity.objects.filter(message__in=messages, value={}).order_by("message__number", "offset")
    masks: dict[str, list[str]] = defaultdict(list)
    for mask, kind in rows.values_list("text", "type"):
        masks[mask].append(kind)
    return masks


def _masked(text: str, masks: dict[str, list[str]]) -> Iterator[FoundEntity]:
    """Yield an entity for each mask in a text, of the next type of the mask; the last one is not used up."""
    for mask, kinds in masks.items():
        for place in re.finditer(rf"(?<!\w){re.escape(mask)}(?!\w)", text):
            yield FoundEntity(kinds.pop(0) if len(kinds) > 1 else kinds[0], mask, place.start())


def _texts_before(messages: Sequence[Message]) -> dict[UUID, str]:
    """Return for each message the text of the former message of the same member; its new text if it is one of these messages."""
    new = {message.id: message.text for message in messages}
    same = Q(speaker__member_id=OuterRef("speaker__member_id")) | Q(speaker_id=OuterRef("speaker_id"))
    earlier = Message.objects.filter(same, conversation_id=OuterRef("conversation_id"), number__lt=OuterRef("number")).order_by("-number")
    rows = Message.objects.filter(pk__in=list(new)).order_by()
    found = rows.annotate(former=Subquery(earlier.values("pk")[:1]), former_text=Subquery(earlier.values("text")[:1]))
    return {pk: new.get(former, text or "") for pk, former, text in found.values_list("pk", "former", "former_text")}
