"""`python -m tests.bench.writer`: store results in a database on SQLite, as live speech or as a worker does.

The environment names its data folder. It reads a question (JSON) from standard input. As `live` it stores one result every LIVE_S and
answers with the seconds that each waited for the writers of other processes. As `worker` it stores results without a pause in some threads,
and answers with their number.
"""

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import django

LIVE_S = 0.2
TEXTS = (
    "We should send the budget report to Maria by Friday.",
    "Is the new prototype ready for the customer demo next week?",
    "I think the marketing campaign in Berlin costs too much money.",
    "Let us schedule another meeting with the finance team tomorrow.",
)


def results(seconds: float) -> Iterator[None]:
    """Store results in a new conversation, one for each value taken, until the time is over."""
    from django.contrib.auth.models import User
    from django.utils import timezone

    from insights import recorder
    from insights.recorder import Listening, Opening, SpeakerIdentity, SpokenWord, Utterance

    user = User.objects.get().pk
    process, name = uuid4(), uuid4().hex
    recorder.register_process(process, "bench", "")
    speaker = SpeakerIdentity("", name, "")
    joined = recorder.open_conversation(Opening(owner_id=user, connection_id=name, session_id=uuid4(), process=process, speaker=speaker))
    at, until, number = timezone.now() - timedelta(days=1), time.perf_counter() + seconds, 0
    while time.perf_counter() < until:
        said, at, number = TEXTS[number % len(TEXTS)], at + timedelta(seconds=5), number + 1
        words = tuple(SpokenWord(word, at, at + timedelta(seconds=0.3), 0.9) for word in said.split())
        utterance = Utterance(said, words, 0.9, at, at + timedelta(seconds=4))
        recorder.record(joined.conversation_id, utterance, Listening(member_id=joined.member.id if joined.member else None))
        yield


def live(seconds: float) -> list[float]:
    """Store results at the pace of speech, and return the waits."""
    from insights import database
    from insights.recorder import record_results

    waits: list[float] = []

    @contextmanager
    def timed() -> Iterator[None]:
        since = time.perf_counter()
        with database.write_transaction():
            waits.append(time.perf_counter() - since)
            yield

    with patch.object(record_results, "write_transaction", timed):
        for _ in results(seconds):
            time.sleep(LIVE_S)
    return waits


def worker(seconds: float, threads: int) -> int:
    """Store results as a worker with so many jobs does, and return their number."""
    from insights.database import connection_closed_after, give_way_to_other_processes
    from streaming.management.commands.worker import SWITCH_S

    give_way_to_other_processes()
    sys.setswitchinterval(SWITCH_S)
    stored: list[int] = []
    run = connection_closed_after(lambda: stored.append(sum(1 for _ in results(seconds))))
    running = [threading.Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sum(stored)


def answer(question: dict[str, Any]) -> Any:
    """Do what is asked."""
    django.setup()
    seconds = question["seconds"]
    return live(seconds) if question["mode"] == "live" else worker(seconds, question["threads"])


if __name__ == "__main__":
    print(json.dumps(answer(json.load(sys.stdin))))
