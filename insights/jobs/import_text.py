"""The job that imports text: each item becomes messages, one for each sentence, with insights, topics and trackers."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid5

from insights import jobs, managed, recorder
from insights.database import release_connection
from insights.imports import waiting_files
from insights.imports.import_options import ImportSource, TextItem
from insights.jobs.running import RunningJob
from insights.recorder import SpeakerIdentity, Utterance
from insights.recorder.signals import announce

WORD_S = 0.4
"""Seconds that a word takes where an item has no duration: 150 words a minute."""
LEAST_S = 1.0
"""The shortest time of an item without a duration."""


@jobs.handler("import_text")
def import_text(job: RunningJob) -> None:
    """Import the items of a job, whose file holds them as JSON."""
    source = ImportSource.parse(job.parameters)
    options, path = source.options, waiting_files.path_of(source.file)
    if not path.is_file():
        raise jobs.Failed("the text is not there: hosts that run jobs must share DATA_DIR/uploads")
    conversation_id = job.conversation_id
    assert conversation_id is not None  # noqa: S101 - an import always has one
    items: list[TextItem] = json.loads(path.read_text(encoding="utf-8"))
    earliest = min((datetime.fromisoformat(one["startTime"]) for one in items if one["startTime"]), default=None)
    known = options.started_at or earliest
    base = recorder.begin_import(conversation_id, known, append=options.append, asked_at=source.asked_at)
    utterances = _utterances(job, items, base)
    stored = recorder.stored_before(conversation_id, utterances)
    recorder.use_trackers(conversation_id, options.trackers, all_trackers=options.all_trackers)
    own = managed.settings_of(job.owner_id, all_trackers=options.all_trackers) if job.owner_id else managed.LiveSettings()
    members: dict[tuple[str, str, str], str | None] = {}
    for number, (item, utterance) in enumerate(zip(items, utterances, strict=True)):
        identity = (item["userId"], item["name"], item["email"])
        if identity not in members:
            member = recorder.import_member(conversation_id, SpeakerIdentity(*identity))
            members[identity] = member.id if member else None
        if utterance.id not in stored:
            listening = replace(options.listening(own, members[identity]), vocabulary=())  # nobody misheard a text
            announce(recorder.record(conversation_id, utterance, listening))
        job.progress((number + 1) / len(items))
        release_connection()
    recorder.end_import(conversation_id, max(utterance.end for utterance in utterances))


def _utterances(job: RunningJob, items: list[TextItem], base: datetime) -> list[Utterance]:
    """Return the items with their times. One without a duration follows the item before it."""
    utterances: list[Utterance] = []
    at = base
    for number, item in enumerate(items):
        content = item["content"]
        start = datetime.fromisoformat(item["startTime"]) if item["startTime"] else at
        seconds = max(LEAST_S, WORD_S * len(content.split()))
        end = datetime.fromisoformat(item["endTime"]) if item["endTime"] else start + timedelta(seconds=seconds)
        utterances.append(Utterance(content, (), 1.0, start, max(start, end), uuid5(job.id, f"item {number}")))
        at = max(at, utterances[-1].end)
    return utterances
