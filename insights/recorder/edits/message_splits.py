"""Split a message in two, and join it with the next one of the same speaker. Words, insights and trackers go with their text."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db.models import QuerySet

from insights.analysis.text.words import tokens
from insights.analysis.trackers import NEAR
from insights.database import write_transaction
from insights.models import BookmarkReference, Change, Insight, Message, TopicReference, TrackerMatch
from insights.recorder.edits.changes import Edit, Edited
from insights.recorder.edits.message_analysis import analyse_again, found_in
from insights.recorder.edits.message_edits import locked_message
from insights.recorder.types import ChangeConflict, RecorderError
from insights.snapshots import JsonObject

LONGEST_PAUSE = timedelta(minutes=1)
"""Time between two messages that can be joined; in between others may have spoken."""


def split_message(message_id: UUID, offset: int, user_id: int) -> tuple[UUID, Edited]:
    """Make two messages of one, the second of which begins at a character; return its id. White space at the place is removed.

    Raises UnknownMessage, and RecorderError if one of them would be empty.
    """
    with write_transaction():
        message, edit = locked_message(message_id, user_id)
        second = split(edit, message, offset)
        return second.id, edit.store(Change.Kind.MESSAGE_SPLIT, message_id)


def split(edit: Edit, message: Message, offset: int) -> Message:
    """Split a message within an edit, which the caller stores; return the second part. Raises RecorderError if a part would be empty."""
    texts = message.text[: max(0, offset)].rstrip(), message.text[max(0, offset) :].lstrip()
    if not all(texts):
        raise RecorderError(f"offset: must leave text on both sides; the message has {len(message.text)} characters")
    second = _copy(message)
    _watch(edit, [message.id, second.id])
    begins = len(message.text) - len(texts[1])
    _share_words(message, second, texts, begins)
    message.text, second.text = texts
    _measure(edit, message, second)
    message.save()
    edit.insert(second, message)
    _share_findings(message, second, begins)
    analyse_again((message, second), edit.conversation)
    message.save()
    second.save()
    return second


def join_next(message_id: UUID, user_id: int) -> Edited:
    """Append the next message of the same speaker to a message. Its row is removed; what was found in it moves.

    Raises UnknownMessage, and ChangeConflict if the speaker has no message within LONGEST_PAUSE after it.
    """
    with write_transaction():
        message, edit = locked_message(message_id, user_id)
        second = _next(message)
        if second is None:
            raise ChangeConflict(f"the speaker has no other message within {LONGEST_PAUSE.seconds} s after this one")
        _watch(edit, [message.id, second.id])
        begins = len(message.text) + 1
        heard = f"{message.original_text or message.text} {second.original_text or second.text}"
        _move_findings(message, second, begins)
        message.confidence = _together(message, second)
        message.text = f"{message.text} {second.text}"
        message.original_text = heard if heard != message.text else ""
        message.words = [*message.words, *second.words]
        message.translation = f"{message.translation} {second.translation}".strip()
        message.ended_at = max(message.ended_at, second.ended_at)
        message.duration_s = round((message.ended_at - message.started_at).total_seconds(), 3)
        edit.remove(second)
        analyse_again((message,), edit.conversation)
        message.save()
        return edit.store(Change.Kind.MESSAGES_JOINED, message_id)


def _watch(edit: Edit, ids: list[UUID]) -> None:
    edit.watch(Message.objects.filter(id__in=ids), *found_in(ids))
    edit.watch(Insight.objects.filter(message_id__in=ids), TopicReference.objects.filter(message_id__in=ids))
    edit.watch(BookmarkReference.objects.filter(message_id__in=ids))


def _copy(message: Message) -> Message:
    """Return an unsaved message of the same speaker."""
    return Message(
        id=uuid4(),
        conversation=message.conversation,
        speaker=message.speaker,
        voice=message.voice,
        overlap=message.overlap,
        language=message.language,
        speaker_chosen=message.speaker_chosen,
        confidence=message.confidence,
        corrected_by_id=message.corrected_by_id,
        corrected_at=message.corrected_at,
        started_at=message.started_at,
        ended_at=message.ended_at,
    )


def _share_words(first: Message, second: Message, texts: tuple[str, str], begins: int) -> None:
    """Share words and recognised text between the parts; the time of the cut follows from the words, else from the characters."""
    heard, corrected = first.original_text or first.text, bool(first.original_text)
    place = _first_word_from(first.words, heard if not corrected else first.text, begins)
    first.words, second.words = first.words[:place], first.words[place:]
    if corrected:  # the words are what was recognised; without words nobody knows where the recognised text is to be cut
        first.original_text = _recognised(first.words, heard, texts[0])
        second.original_text = _recognised(second.words, heard, texts[1])
    share = len(texts[0]) / (len(texts[0]) + len(texts[1]))
    cut = first.started_at + (first.ended_at - first.started_at) * share
    ended = datetime.fromisoformat(first.words[-1]["endTime"]) if first.words else cut
    began = datetime.fromisoformat(second.words[0]["startTime"]) if second.words else cut
    end = first.ended_at
    first.ended_at = min(max(first.started_at, ended), end)
    second.started_at = min(max(first.started_at, began), end)
    if second.words and first.words:
        first.confidence, second.confidence = (_mean(one.words, one.confidence) for one in (first, second))


def _first_word_from(words: Sequence[JsonObject], text: str, begins: int) -> int:
    """Return the place of the first word that is at or behind a character of the text; words that are not in it are counted evenly."""
    low, position = text.lower(), 0
    for place, word in enumerate(words):
        at = low.find(str(word["word"]).lower(), position)
        if at < 0:
            share = begins / max(1, len(text))
            return round(len(words) * share)
        if at >= begins:
            return place
        position = at + len(str(word["word"]))
    return len(words)


def _recognised(words: Sequence[JsonObject], heard: str, text: str) -> str:
    """Return the recognised text of a part: its words, or all that was recognised if there are none; empty if it is the text."""
    said = " ".join(str(word["word"]) for word in words) or heard
    return said if said != text else ""


def _mean(words: Sequence[JsonObject], otherwise: float) -> float:
    scores = [score for word in words if isinstance(score := word.get("score"), int | float)]
    return min(1.0, max(0.0, round(sum(scores) / len(scores), 4))) if scores else otherwise


def _together(first: Message, second: Message) -> float:
    """Return the confidence of two messages, by their numbers of words."""
    counts = [max(1, len(one.words)) for one in (first, second)]
    mean = (first.confidence * counts[0] + second.confidence * counts[1]) / sum(counts)
    return min(1.0, max(0.0, round(mean, 4)))


def _measure(edit: Edit, *messages: Message) -> None:
    """Set offset and length of messages from their times; the first one's offset stays."""
    for place, message in enumerate(messages):
        if place:
            message.offset_s = round(max(0.0, (message.started_at - edit.conversation.started_at).total_seconds()), 3)
        message.duration_s = round((message.ended_at - message.started_at).total_seconds(), 3)


def _share_findings(first: Message, second: Message, begins: int) -> None:
    """Move the findings of the second part: trackers and insights by their text, references of topics by their words.

    Bookmarks have both parts.
    """
    insights = [one for one in Insight.objects.filter(message=first) if _nearer(one.text, second.text, first.text)]
    for insight in insights:
        insight.message = second
    Insight.objects.bulk_update(insights, ["message"])
    moved = {insight.pk for insight in insights}
    matches = []
    for match in TrackerMatch.objects.filter(message=first):
        if match.insight_id is not None:
            there = match.insight_id in moved
        else:
            there = match.offset >= begins or (match.offset == NEAR and _nearer(match.text, second.text, first.text))
        if there:
            match.message = second
            match.offset -= begins if match.insight_id is None and match.offset != NEAR else 0
            matches.append(match)
    TrackerMatch.objects.bulk_update(matches, ["message", "offset"])
    references = [one for one in _references(first) if _nearer(one.topic.text, second.text, first.text)]
    for reference in references:
        reference.message = second
    TopicReference.objects.bulk_update(references, ["message"])
    bookmarks = BookmarkReference.objects.filter(message=first).values_list("bookmark_id", flat=True)
    BookmarkReference.objects.bulk_create([BookmarkReference(bookmark_id=one, message=second) for one in bookmarks])


def _move_findings(first: Message, second: Message, begins: int) -> None:
    """Move all findings of the second message to the first one."""
    Insight.objects.filter(message=second).update(message=first)
    matches = list(TrackerMatch.objects.filter(message=second))
    for match in matches:
        match.message = first
        match.offset += begins if match.insight_id is None and match.offset != NEAR else 0
    TrackerMatch.objects.bulk_update(matches, ["message", "offset"])
    known = set(_references(first).values_list("topic_id", flat=True))
    _references(second).exclude(topic_id__in=known).update(message=first)
    _references(second).delete()
    marked = set(BookmarkReference.objects.filter(message=first).values_list("bookmark_id", flat=True))
    BookmarkReference.objects.filter(message=second).exclude(bookmark_id__in=marked).update(message=first)
    BookmarkReference.objects.filter(message=second).delete()


def _references(message: Message) -> "QuerySet[TopicReference]":
    return TopicReference.objects.filter(message=message).select_related("topic")


def _nearer(text: str, second: str, first: str) -> bool:
    """Return whether more words of a text are in the second part than in the first one."""
    wanted = _low(text)
    return len(wanted & _low(second)) > len(wanted & _low(first))


def _low(text: str) -> set[str]:
    return {token.low for token in tokens(text)}


def _next(message: Message) -> Message | None:
    """Return the next message of the same member, or of the same speaker if the member is unknown, if it comes soon enough."""
    later = Message.objects.filter(conversation_id=message.conversation_id, number__gt=message.number).select_related("speaker__member")
    same = {"speaker__member": message.member} if message.member else {"speaker": message.speaker}
    found = later.filter(**same).order_by("number").first()
    return found if found is not None and found.started_at - message.ended_at <= LONGEST_PAUSE else None
