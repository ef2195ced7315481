"""Where the words that a reader does not get are in the audio: those hidden by a redaction, and those hidden while they were said."""

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from insights import queries
from insights.analysis.personal_data import CATEGORIES
from insights.models import Conversation
from insights.queries.spoken import Spoken
from insights.recorder.deletion.joined_parts import parts_of
from insights.redaction import MASK, Redacted, Redactor
from insights.snapshots import Payload

MARGIN_S = 0.2
"""Seconds of silence before and after hidden words."""
_MASKED = re.compile(r"\*\*\*|[\[<{][^\[\]<>{}]{1,64}[\]>}]")
"""A usual mask. Recognised speech has no such characters."""


def hidden_speech(conversation: Conversation, redactor: Redactor) -> list[tuple[float, float]]:
    """Return start and end of each hidden word, in seconds from the start of the conversation.

    A message without words that has hidden text is hidden as a whole: all its parts, if it was joined of several.
    """
    found = [one for batch in queries.spoken_in(conversation, words=True) for one in _hidden_in(conversation, batch, redactor)]
    began = conversation.started_at
    return [((start - began).total_seconds(), (end - began).total_seconds()) for start, end in found]


def masked_speech(conversation: Conversation) -> list[tuple[float, float]]:
    """Return start and end of each word that was hidden while it was said, or in the stored text, in seconds as `hidden_speech`.

    It depends on no language, and reads only messages that have a mask.
    """
    messages = queries.masked_messages(conversation)
    masks = queries.masks_in([message.id for message in messages])
    whole = [one for one in messages if not one.words and _is_hidden(one.text, masks.get(one.id, set()))]
    words = [(one, masks.get(message.id, set())) for message in messages for one in message.words]
    found = [*_said(conversation, whole), *(_time_of(word) for word, texts in words if _is_hidden(word["word"], texts))]
    began = conversation.started_at
    return [((start - began).total_seconds(), (end - began).total_seconds()) for start, end in found]


def removed_speech(conversation: Conversation) -> list[tuple[float, float]]:
    """Return start and end of what was removed for good: deleted messages, and words that a redaction of the stored text replaced."""
    found = queries.deleted_speech(conversation)
    if queries.was_redacted(conversation):
        found += hidden_speech(conversation, Redactor(conversation, (), CATEGORIES))  # hides nothing more than what is masked already
    return found


def _hidden_in(conversation: Conversation, batch: list[Spoken], redactor: Redactor) -> Iterator[tuple[datetime, datetime]]:
    masks = queries.masks_in([message.id for message in batch])
    whole = []
    for message, rest in redactor.messages(batch):
        texts = masks.get(message.id, set())
        if not rest.words and (_is_hidden(rest.text, texts) or message.text != rest.text):
            whole.append(message)
        yield from _hidden_words(rest, texts)
    yield from _said(conversation, whole)


def _said(conversation: Conversation, messages: Sequence[Spoken]) -> Iterator[tuple[datetime, datetime]]:
    """Yield when messages were said: between the parts of one that was joined others may have spoken."""
    parts = parts_of(conversation.id, messages) if messages else {}
    for message in messages:
        yield from parts.get(message.id, [(message.started_at, message.ended_at)])


def _hidden_words(rest: Redacted, masks: Collection[str]) -> Iterator[tuple[datetime, datetime]]:
    for word in rest.words:
        if _is_hidden(word.word, masks):
            yield datetime.fromisoformat(word.start_time), datetime.fromisoformat(word.end_time)


def _time_of(word: Payload) -> tuple[datetime, datetime]:
    return datetime.fromisoformat(word["startTime"]), datetime.fromisoformat(word["endTime"])


def _is_hidden(text: str, masks: Collection[str]) -> bool:
    usual = MASK in text or _MASKED.search(text) is not None
    return usual or any(re.search(rf"(?<!\w){re.escape(mask)}(?!\w)", text) for mask in masks)  # a mask of letters is no part of a word
