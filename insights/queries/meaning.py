"""Search by meaning: the messages of visible conversations whose vectors are similar to that of a question, by exact cosine.

Vectors are read in batches; about 40 bytes of memory are needed for each message, up to MOST_VECTORS.
"""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from insights.analysis.embedding import SIZE, Encoder, encoder, similarities, unpacked
from insights.analysis.message_ranking import candidates, ranked
from insights.analysis.text.lexicon import words as words_of
from insights.models import Conversation, Message, MessageVector
from insights.queries.batches import in_batches

LEAST_SIMILAR = 0.25
"""Messages that are less similar and have none of the words are not related."""
MOST_VECTORS = 500_000
_BATCH = 10_000
_TALK = words_of("talk_words") | words_of("function_words")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def similar_messages(
    scope: QuerySet[Conversation], question: str, words: Mapping[UUID, float], chosen: QuerySet[Message, Any] | None, most: int
) -> list[UUID] | None:
    """Return the messages that a question is about, best first; None where search by meaning is not installed.

    `words`: the scores (0 to 1) of messages with words of the question. `chosen`: values of the only message ids that count.
    """
    model = encoder()
    if model is None or not question:
        return None
    ids, conversations, similar = _similarities(scope, _vector_of(model, question), chosen)
    if not ids:
        return list(words)[:most] if words else []
    scores = np.array([words.get(one, 0.0) for one in ids], np.float32)
    places = candidates(similar, scores, LEAST_SIMILAR)
    candidate_ids = [ids[place] for place in places]
    found = ranked(places, _vectors(candidate_ids), similar, scores, conversations, _named(question, candidate_ids), most)
    return [ids[place] for place in found]


def messages_without_vector(most: int) -> list[Message]:
    """Return messages that wait for their vector, with what a worker needs."""
    waiting = Message.objects.filter(vector=None, conversation__deleted_at=None).order_by().only("conversation_id", "number", "text")
    return list(waiting[:most])


def _vector_of(model: Encoder, question: str) -> NDArray[np.float32]:
    """Return the mean of the vectors of the question, and of its words without those about talking, such as `summarize`."""
    telling = " ".join(word for word in _WORD.findall(question) if word.lower() not in _TALK)
    whole = model.encode([question, telling or question]).sum(axis=0)
    unit: NDArray[np.float32] = whole / np.linalg.norm(whole)
    return unit


def _similarities(
    scope: QuerySet[Conversation], question: NDArray[np.float32], chosen: QuerySet[Message, Any] | None
) -> tuple[list[UUID], NDArray[np.int64], NDArray[np.float32]]:
    rows = MessageVector.objects.filter(conversation__in=scope)
    if chosen is not None:
        rows = rows.filter(message_id__in=chosen)
    ids: list[UUID] = []
    conversations: list[int] = []
    similar: list[NDArray[np.float32]] = []
    columns = rows.values("conversation_id", "number", "message_id", "values")
    for batch in in_batches(columns, "conversation_id", "number", most=MOST_VECTORS, size=_BATCH):
        similar.append(similarities([bytes(row["values"]) for row in batch], question))
        ids += [row["message_id"] for row in batch]
        conversations += [row["conversation_id"] for row in batch]
    together = np.concatenate(similar) if similar else np.zeros(0, np.float32)
    return ids, np.array(conversations, np.int64), together


def _vectors(ids: list[UUID]) -> NDArray[np.float32]:
    """Return the vectors of messages; zeros for one that was removed meanwhile."""
    stored = dict(MessageVector.objects.filter(message_id__in=ids).values_list("message_id", "values"))
    return unpacked([bytes(stored.get(one, bytes(SIZE))) for one in ids])


def _named(question: str, ids: list[UUID]) -> NDArray[np.bool_]:
    """Return for each message whether the question names its speaker."""
    said = f" {' '.join(_WORD.findall(question.lower()))} "
    speakers = Message.objects.filter(pk__in=ids, speaker__member__isnull=False).order_by()
    names = {pk: " ".join(_WORD.findall(str(name or "").lower())) for pk, name in speakers.values_list("pk", "speaker__member__name")}
    return np.array([bool(names.get(one)) and f" {names[one]} " in said for one in ids], np.bool_)
