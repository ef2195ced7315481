"""`python -m tests.bench.meaning_child FILE`: fill an empty database with meetings of QMSum, and ask their questions about all of them.

Prints one line of JSON: for each way, which questions have a relevant message among the first ten. A message is relevant to a question if
its turn is in the spans that the annotators gave for the answer. DATA_DIR and DATABASE_URL name the database, which is migrated here.
"""

import gzip
import json
import os
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import django

FIRST = 10
BATCH = 512
BEGAN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Question:
    """A question about a meeting, with the ids of the messages that its answer rests on."""

    text: str
    relevant: frozenset[UUID]


def main(path: Path) -> None:
    """Measure, and print the result."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.contrib.auth.models import User

    from insights import queries, recorder
    from insights.analysis import embedding
    from insights.management.create_tables import create_missing_tables

    create_missing_tables()
    user = User.objects.create_user("bench")
    questions = [question for meeting in _meetings(path) for question in _store(user, meeting)]
    found = {
        "BM25": [_relevant(one, _bm25(one.text)) for one in questions],
        "words": [_relevant(one, _found(user, one)) for one in questions],
    }
    model = embedding.encoder()
    seconds, messages = time.process_time(), 0
    while model is not None and (waiting := queries.messages_without_vector(BATCH)):
        recorder.store_vectors(waiting, model.encode([one.text for one in waiting]))
        messages += len(waiting)
    seconds, began = time.process_time() - seconds, time.perf_counter()
    if model is not None:
        found["words and meaning"] = [_relevant(one, _found(user, one)) for one in questions]
    each = (time.perf_counter() - began) / len(questions)
    print(json.dumps({"found": found, "messages": messages, "cpu_s": seconds, "search_s": each}))


def _meetings(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        yield from map(json.loads, file)


def _store(user: Any, meeting: dict[str, Any]) -> list[Question]:
    """Store a meeting as a conversation, one message for each sentence; return its questions."""
    from insights.analysis.text.sentences import sentences
    from insights.models import Conversation, Member, Message, Speaker
    from insights.training.qmsum import clean

    talk = Conversation.objects.create(owner=user, name="Meeting", started_at=BEGAN, ended_at=BEGAN + timedelta(hours=1))
    voices: dict[str, Speaker] = {}
    rows: list[Message] = []
    turns: list[list[UUID]] = []
    for turn in meeting["meeting_transcripts"]:
        name = turn["speaker"]
        if name not in voices:
            member = Member.objects.create(conversation=talk, name=name)
            voices[name] = Speaker.objects.create(conversation=talk, number=len(voices) + 1, member=member)
        first = len(rows)
        for sentence in sentences(clean(turn["content"])):
            number = len(rows) + 1
            rows.append(
                Message(conversation=talk, number=number, speaker=voices[name], text=sentence.text, started_at=BEGAN, ended_at=BEGAN)
            )
        turns.append([row.pk for row in rows[first:]])
    Message.objects.bulk_create(rows, batch_size=1000)
    return [
        Question(
            one["query"],
            frozenset(pk for start, end in one["relevant_text_span"] for places in turns[int(start) : int(end) + 1] for pk in places),
        )
        for one in meeting["specific_query_list"]
    ]


def _bm25(question: str) -> list[UUID]:
    """Return the first messages by BM25 over any of the words that are no stop words: SQLite's own rank, whole words."""
    from django.db import connection

    from insights.models.search import SEARCH_TEXT
    from insights.models.word_index import WORDS
    from insights.queries.search_terms import parse_search

    tokens = [token for term in parse_search(question).words for token in term.tokens if not term.common]
    sql = (
        f"SELECT t.item FROM {WORDS} JOIN {SEARCH_TEXT} t ON t.id = {WORDS}.rowid WHERE {WORDS} MATCH %s AND t.field = 'message'"
        f" ORDER BY bm25({WORDS}) LIMIT {FIRST}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [" OR ".join(f'"{token}"' for token in tokens)])
        return [UUID(row[0]) for row in cursor.fetchall()]


def _found(user: Any, question: Question) -> list[UUID]:
    from insights import queries

    found = queries.find(user.pk, queries.parse_search(question.text))
    return [*found.messages, *found.related][:FIRST]


def _relevant(question: Question, found: list[UUID]) -> bool:
    return not question.relevant.isdisjoint(found)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
