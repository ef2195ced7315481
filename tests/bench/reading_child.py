"""`python -m tests.bench.reading_child MESSAGES SEARCHED ROUNDS`: fill an empty database, read it with Parley and with bare SQL, in turn.

The conversation that is read has MESSAGES messages, all conversations together have SEARCHED. Prints one line of JSON: for each call the
seconds of every round. DATA_DIR and DATABASE_URL name the database, which is migrated here.
"""

import json
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import django

CONVERSATIONS = 200
WORDS = 9
BEGAN = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


def main(messages: int, searched: int, rounds: int) -> None:
    """Measure, and print the result."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from insights.management.create_tables import create_missing_tables

    if settings.DATABASE_URL:
        call_command("migrate", verbosity=0)
    else:
        create_missing_tables()
    found: dict[str, dict[str, list[float]]] = {}
    for name, (ours, bare) in _calls(messages, searched).items():
        ours(), bare()  # both once before they are measured
        found[name] = {"ours": [], "bare": []}
        for _ in range(rounds):
            found[name]["ours"].append(_seconds(ours))
            found[name]["bare"].append(_seconds(bare))
    print(json.dumps(found))


def _seconds(call: Callable[[], object]) -> float:
    """Return CPU seconds on SQLite, which runs in this process, so that a busy machine matters less; else seconds of the clock."""
    from django.db import connection

    clock = time.process_time if connection.vendor == "sqlite" else time.perf_counter
    began = clock()
    call()
    return clock() - began


def _calls(messages: int, searched: int) -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """Return each call through Parley, and the same query with bare SQL and JSON."""
    from django.contrib.auth.models import User
    from django.test import Client

    from insights import access, derived, queries

    user = User.objects.create_user("bench", "bench@example.org")
    app, secret = access.create_app(user, "bench")
    headers = {"Authorization": f"Bearer {access.token_for(app.app_id, secret).access_token}"}
    talk = fill(user, messages)
    for first in range(messages, searched, 10_000):
        _add(user, min(10_000, searched - first))
    client, root = Client(headers=headers, SERVER_NAME="localhost"), f"/v1/conversations/{talk.pk}"

    def get(path: str) -> bytes:
        response = cast(Any, client.get(path))
        assert response.status_code == 200, response.content
        return bytes(response.getvalue())

    def transcript() -> bytes:
        body = {"contentType": "text/markdown", "createParagraphs": True, "showSpeakerSeparation": True}
        return bytes(cast(Any, client.post(f"{root}/transcript", json.dumps(body), content_type="application/json")).getvalue())

    def search() -> str:
        found = queries.find(user.pk, queries.parse_search("pelican"))
        shown = queries.messages_found(found.messages[:20])
        return json.dumps([{"id": one.conversation_id, "name": one.conversation.name, "hit": one.text} for one in shown])

    def analytics() -> bytes:
        derived.forget(talk.pk)  # so that all messages are read again
        return get(f"{root}/analytics")

    year = "startTime=2026-01-01T00:00:00Z&endTime=2027-01-01T00:00:00Z"
    return {
        "list": (lambda: get(f"/v1/conversations?limit={CONVERSATIONS}&{year}"), lambda: _bare_list(user.pk)),
        "messages": (lambda: get(f"{root}/messages"), lambda: _bare_messages(talk.pk)),
        "transcript": (transcript, lambda: _bare_transcript(talk.pk)),
        "search": (search, lambda: _bare_search(user.pk, "pelican")),
        "analytics": (analytics, lambda: _bare_analytics(talk.pk)),
    }


def fill(user: Any, messages: int) -> Any:
    """Store the conversations of a user; return the long one, which is the newest and has three speakers."""
    from insights.models import Conversation, Member, Message, Speaker

    short = [
        Conversation(
            owner=user, connection_id=f"c{n}", name=f"Talk {n}", started_at=BEGAN - timedelta(hours=n + 1), ended_at=BEGAN, message_count=1
        )
        for n in range(CONVERSATIONS - 1)
    ]
    talk = Conversation(owner=user, connection_id="long", name="Long", started_at=BEGAN, message_count=messages, last_event=1)
    talk.ended_at = BEGAN + timedelta(seconds=3 * messages)
    talks = Conversation.objects.bulk_create([*short, talk])
    people = [Member(conversation=one, user_id=f"{name}@example.org", name=name) for one in talks for name in ("Ada", "Bob", "Cleo")]
    Member.objects.bulk_create(people)
    voices = Speaker.objects.bulk_create(Speaker(conversation=talk, number=n + 1, member=member) for n, member in enumerate(people[-3:]))
    for first in range(0, messages, 1000):
        Message.objects.bulk_create(_message(talk, voices, number) for number in range(first, min(first + 1000, messages)))
    return talk


def _add(user: Any, messages: int) -> None:
    """Store another conversation, whose messages have no word times."""
    from insights.models import Conversation, Message, Speaker

    ended = BEGAN - timedelta(days=300)
    talk = Conversation.objects.create(owner=user, name="Old", started_at=ended, ended_at=ended, message_count=messages)
    voices = [Speaker.objects.create(conversation=talk, number=1)] * 3
    for first in range(0, messages, 1000):
        rows = [_message(talk, voices, number) for number in range(first, min(first + 1000, messages))]
        for row in rows:
            row.words = []
        Message.objects.bulk_create(rows)


def _message(talk: Any, voices: list[Any], number: int) -> Any:
    from insights.models import Message
    from insights.payloads import iso

    at, step = BEGAN + timedelta(seconds=3 * number), timedelta(seconds=0.25)
    bird = "pelican" if number % 10 == 5 else "report"
    said = f"We read the {bird} number {number} in Berlin today.".split()
    words = [
        {"word": word, "startTime": iso(at + n * step), "endTime": iso(at + (n + 1) * step), "score": 0.9} for n, word in enumerate(said)
    ]
    return Message(
        **{"conversation": talk, "number": number + 1, "speaker": voices[number // 7 % 3], "text": " ".join(said), "words": words},
        **{"started_at": at, "ended_at": at + len(said) * step, "offset_s": 3.0 * number, "duration_s": len(said) * 0.25},
    )


def _rows(sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Return the rows as the database's own driver gives them."""
    from django.db import connection

    connection.ensure_connection()
    driver = connection.connection
    return list(driver.execute(sql if connection.vendor == "sqlite" else sql.replace("?", "%s"), values).fetchall())


def _bare_list(user_id: int) -> str:
    sql = (
        "SELECT id, type, name, started_at, ended_at, metadata FROM insights_conversation"
        " WHERE owner_id = ? AND name <> 'Old' ORDER BY started_at, id"
    )
    members: dict[int, list[dict[str, str]]] = {}
    joined = (
        "SELECT m.conversation_id, m.id, m.name, m.user_id FROM insights_member m JOIN insights_conversation c ON c.id = m.conversation_id"
    )
    for conversation_id, identity, name, email in _rows(f"{joined} WHERE c.owner_id = ? ORDER BY m.joined_at, m.id", user_id):
        members.setdefault(conversation_id, []).append({"id": str(identity), "name": name, "email": email})
    names = ("type", "name", "startTime", "endTime", "metadata")
    return json.dumps(
        [{"id": str(row[0]), **dict(zip(names, map(str, row[1:]), strict=True)), "members": members[row[0]]} for row in _rows(sql, user_id)]
    )


def _bare_messages(talk: int) -> str:
    sql = (
        "SELECT m.id, m.text, p.id, p.name, p.user_id, m.started_at, m.ended_at, m.offset_s, m.duration_s, m.conversation_id, m.phrases"
        " FROM insights_message m JOIN insights_speaker s ON s.id = m.speaker_id LEFT JOIN insights_member p ON p.id = s.member_id"
        " WHERE m.conversation_id = ? ORDER BY m.number"
    )
    shown = [
        {
            **{"id": str(row[0]), "text": row[1], "from": {"id": str(row[2]), "name": row[3], "email": row[4]}},
            **{"startTime": str(row[5]), "endTime": str(row[6]), "timeOffset": row[7], "duration": row[8]},
            **{"conversationId": str(row[9]), "phrases": row[10]},
        }
        for row in _rows(sql, talk)
    ]
    return json.dumps({"messages": shown})


def _bare_transcript(talk: int) -> str:
    sql = (
        "SELECT p.name, m.text FROM insights_message m JOIN insights_speaker s ON s.id = m.speaker_id"
        " LEFT JOIN insights_member p ON p.id = s.member_id WHERE m.conversation_id = ? ORDER BY m.number"
    )
    payload = "".join(f"{name}: {text}<br/><br/>" for name, text in _rows(sql, talk))
    return json.dumps({"transcript": {"payload": payload, "contentType": "text/markdown"}})


def _bare_search(user_id: int, word: str) -> str:
    from django.db import connection

    from insights.models.search import SEARCH_TEXT
    from insights.models.word_index import WORDS

    if connection.vendor == "sqlite":
        matching = f"{WORDS} JOIN {SEARCH_TEXT} AS f ON f.id = {WORDS}.rowid WHERE {WORDS} MATCH ?"
        rank, wanted = f"bm25({WORDS})", f'"{word}"*'
    else:
        matching = f"{WORDS} AS f, (SELECT to_tsquery('simple', ?) AS query) AS wanted WHERE f.words @@ wanted.query"
        rank, wanted = "ts_rank(f.words, wanted.query) DESC", f"{word}:*"
    owned = "SELECT id FROM insights_conversation WHERE owner_id = ? AND deleted_at IS NULL"
    found = f"SELECT f.item FROM {matching} AND f.field = 'message' AND f.conversation_id IN ({owned}) ORDER BY {rank} LIMIT 200"
    items = [row[0] for row in _rows(found, wanted, user_id)][:20]
    sql = (
        "SELECT c.id, c.name, m.text, m.id FROM insights_message m JOIN insights_conversation c ON c.id = m.conversation_id"
        f" WHERE m.id IN ({', '.join('?' * len(items))})"
    )
    by_item = {row[3]: row for row in _rows(sql, *items)}
    return json.dumps([{"id": row[0], "name": row[1], "hit": row[2]} for row in map(by_item.__getitem__, items)])


def _bare_analytics(talk: int) -> str:
    from django.db import connection

    length = "json_array_length" if connection.vendor == "sqlite" else "jsonb_array_length"
    sql = (
        f"SELECT s.member_id, m.offset_s, m.duration_s, {length}(m.words) FROM insights_message m"
        " JOIN insights_speaker s ON s.id = m.speaker_id WHERE m.conversation_id = ? ORDER BY m.number"
    )
    talked: dict[str, float] = {}
    words: dict[str, int] = {}
    for member, _, seconds, count in _rows(sql, talk):
        talked[str(member)] = talked.get(str(member), 0.0) + seconds
        words[str(member)] = words.get(str(member), 0) + count
    return json.dumps([{"id": member, "seconds": seconds, "wpm": 60 * words[member] / seconds} for member, seconds in talked.items()])


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
