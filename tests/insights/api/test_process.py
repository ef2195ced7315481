"""Imports: the calls, the import of text, and what is left of an import at its end."""

import errno
import io
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from insights import jobs, recorder
from insights.imports import waiting_files
from insights.imports.import_options import ImportSource
from insights.models import Conversation, Event, Job, Message
from tests.insights.api.conftest import token_of
from tests.insights.api.import_sender import SAID, Sender, job_of
from tests.insights.language_server import language_server, scores

pytestmark = pytest.mark.django_db(transaction=True)  # jobs run after the commit


def test_text_becomes_messages(sender: Sender, uploads: Path) -> None:
    """One for each sentence, with its member and its times; with insights, and with events from the first to the end."""
    job = job_of(sender.json("text", {"name": "Plans", "messages": SAID, "metadata": {"room": "5"}}))
    assert jobs.run_waiting() == 1
    job.refresh_from_db()
    assert (job.status, job.progress) == ("completed", 1.0)
    conversation = sender.read(f"/v1/conversations/{job.conversation_id}")
    assert (conversation["name"], conversation["metadata"]) == ("Plans", {"room": "5"})
    assert (conversation["startTime"], conversation["endTime"]) == ("2026-03-02T14:00:00.000Z", "2026-03-02T14:00:10.000Z")
    assert [member["name"] for member in conversation["members"]] == ["Tom", "Anna"]
    messages = sender.read(f"/v1/conversations/{job.conversation_id}/messages")["messages"]
    assert [message["text"] for message in messages] == [
        "Anna, can you send the budget to Tom by Friday?",
        "I will call Maria tomorrow.",
        "Yes, I will send it.",
    ]
    assert [message["from"]["name"] for message in messages] == ["Tom", "Tom", "Anna"]
    assert messages[2]["startTime"] == "2026-03-02T14:00:08.000Z"
    assert sender.read(f"/v1/conversations/{job.conversation_id}/action-items")["actionItems"]
    kinds = list(Event.objects.filter(conversation_id=job.conversation_id).order_by("number").values_list("kind", flat=True))
    assert (kinds[0], kinds[-1]) == ("conversation_created", "conversation_completed")
    assert list(uploads.iterdir()) == []


def test_entities_phrases_and_trackers(sender: Sender) -> None:
    """Custom entities are found, phrases are kept on request, and trackers of the request match."""
    asked = {
        "messages": SAID,
        "entities": [{"customType": "plan", "text": "budget"}],
        "trackers": [{"name": "Money", "vocabulary": ["budget"]}],
        "detectPhrases": "true",
    }
    job = job_of(sender.json("text", asked))
    jobs.run_waiting()
    root = f"/v1/conversations/{job.conversation_id}"
    assert "budget" in [entity["text"] for entity in sender.read(f"{root}/entities")["entities"]]
    assert [tracker["name"] for tracker in sender.read(f"{root}/trackers")] == ["Money"]
    assert any(message["phrases"] for message in sender.read(f"{root}/messages")["messages"])


def test_text_that_starts_again_is_stored_once(sender: Sender) -> None:
    """A worker that died in the middle leaves messages; the next attempt adds the rest."""
    job = job_of(sender.json("text", {"messages": SAID}))
    content = (Path(job_file(job))).read_bytes()
    jobs.run_waiting()
    last = Message.objects.filter(conversation_id=job.conversation_id).order_by("number").last()
    assert last is not None
    last.delete()
    Path(job_file(job)).write_bytes(content)
    Job.objects.filter(pk=job.pk).update(status="scheduled", finished_at=None, enqueued_at=None)
    assert jobs.run_waiting() == 1
    texts = Message.objects.filter(conversation_id=job.conversation_id).order_by("number").values_list("text", flat=True)
    assert list(texts) == ["Anna, can you send the budget to Tom by Friday?", "I will call Maria tomorrow.", "Yes, I will send it."]


def test_text_that_starts_again_brings_no_deleted_words_back(sender: Sender, owner: User) -> None:
    """A message that a person deleted before the worker died stays deleted."""
    job = job_of(sender.json("text", {"messages": SAID}))
    content = (Path(job_file(job))).read_bytes()
    jobs.run_waiting()
    last = Message.objects.filter(conversation_id=job.conversation_id).order_by("number").last()
    assert last is not None
    assert job.conversation_id is not None
    recorder.delete_message(job.conversation_id, last.pk, owner.pk)
    Path(job_file(job)).write_bytes(content)
    Job.objects.filter(pk=job.pk).update(status="scheduled", finished_at=None, enqueued_at=None)
    assert jobs.run_waiting() == 1
    texts = Message.objects.filter(conversation_id=job.conversation_id).order_by("number").values_list("text", flat=True)
    assert list(texts) == ["Anna, can you send the budget to Tom by Friday?", "I will call Maria tomorrow."]


def job_file(job: Job) -> Path:
    """Return the path of a job's file."""
    return waiting_files.path_of(ImportSource.parse(job.parameters).file)


def test_text_is_appended(sender: Sender, owner: User) -> None:
    """It follows the end of the conversation, whose name and metadata change; the jobs of one conversation run in order."""
    first = job_of(sender.json("text", {"messages": SAID, "metadata": {"a": "1", "b": "1"}}))
    more = {"messages": [{"payload": {"content": "One more thing."}}], "metadata": {"b": "2"}, "name": "Other"}
    job_of(sender.json(f"text/{first.conversation_id}", more, put=True))
    assert jobs.run_waiting() == 2
    conversation = Conversation.objects.get()
    assert (conversation.name, conversation.metadata) == ("Other", {"a": "1", "b": "2"})
    message = conversation.messages.order_by("number").last()
    assert message is not None
    assert (message.text, message.offset_s) == ("One more thing.", 10.0)
    assert conversation.ended_at == message.ended_at


def test_others_conversations_do_not_exist(sender: Sender, other_owner: User, uploads: Path) -> None:
    """Nothing can be appended to them, in any form; no file is kept."""
    job = job_of(sender.json("text", {"messages": SAID}))
    kept = set(uploads.iterdir())
    stranger = Sender(token_of(other_owner))
    unknown = (404, {"message": "The conversationId is either invalid or does not exist."})
    for conversation in (job.conversation_id, "123", "abc"):
        assert stranger.json(f"text/{conversation}", {"messages": SAID}, put=True) == unknown
        assert stranger.raw(f"audio/{conversation}", put=True) == unknown
        assert stranger.json(f"audio/url/{conversation}", {"url": "https://example.org/a.wav"}, put=True) == unknown
    assert set(uploads.iterdir()) == kept


@pytest.mark.parametrize("most", [10, 1])
def test_the_call_score_of_an_import(sender: Sender, settings: LazySettings, most: int) -> None:
    """It is computed at the end of the import, of what was appended, too; at the limit of jobs the import warns."""
    settings.MAX_JOBS_PER_ACCOUNT = most
    said = {"messages": SAID, "features": {"featureList": ["insights", "callScore"]}}
    with language_server(settings, lambda request: scores(81)):
        status, answer = sender.json("text", said)
        assert (status, answer.get("warnings")) == (201, None)
        if most == 1:  # another job of the account takes the place of the import when that has ended
            Job.objects.create(kind="import_text", owner=Job.objects.get().owner, parameters={}, run_at=timezone.now() + timedelta(days=1))
        jobs.run_waiting()
        job = sender.read(f"/v1/job/{answer['jobId']}")
        assert job["status"] == "completed"
        if most == 1:
            assert job["warnings"][0].startswith("features: callScore was not computed: ")
            return
        score = f"/v1/conversations/{answer['conversationId']}/callscore"
        assert sender.read(score)["score"] == 81
        assert sender.json(f"text/{answer['conversationId']}", said, put=True)[0] == 201
        jobs.run_waiting()
        assert [one.status for one in Job.objects.filter(kind="call_score")] == ["completed"] * 2
        assert sender.json(f"text/{answer['conversationId']}", {"messages": SAID}, put=True)[0] == 201
        jobs.run_waiting()
    assert Job.objects.filter(kind="call_score").count() == 2


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"languageCode": "auto", "messages": [{"payload": {"content": "x"}}]}, "languageCode"),
        ({}, "messages"),
        ({"messages": []}, "messages"),
        ({"messages": [{"payload": {"content": ""}}]}, "messages.0.payload.content"),
        ({"messages": [{"payload": {"content": "a\x00"}}]}, "messages.0.payload.content"),
        ({"messages": [{"payload": {"content": "a"}, "duration": {"startTime": "x"}}]}, "messages.0.duration.startTime"),
        ({"messages": [{"payload": {"content": "a"}}], "metadata": {"a": "x" * 20_000}}, "metadata"),
        ([], "messages"),
        ("text", "messages"),
    ],
)
def test_a_wrong_text_is_refused(sender: Sender, body: Any, field: str) -> None:
    """The error names the field by its place in the body."""
    status, answer = sender.json("text", body)
    assert status == 400
    assert field in answer["message"]


def test_a_body_without_a_file_is_refused(sender: Sender, uploads: Path) -> None:
    """An empty body, and a form without a file."""
    assert sender.raw("audio", b"") == (400, {"message": "body: the bytes of a file are needed"})
    assert sender.form("audio", {"name": "x"}) == (400, {"message": "body: the form has no file with bytes in it"})
    assert list(uploads.iterdir()) == []


class NearlyFull(io.RawIOBase):
    """An unbuffered file that takes at most three bytes at a time, and nine in all."""

    written = b""

    def write(self, block: Any) -> int:
        if len(self.written) >= 9:
            raise OSError(errno.ENOSPC, "No space left on device")
        self.written += bytes(block[:3])
        return len(bytes(block[:3]))


def test_a_block_is_written_whole() -> None:
    """Also to a file that takes only a part of it; a full disk is told."""
    file: Any = NearlyFull()
    waiting_files.append(file, b"12345678")
    assert file.written == b"12345678"
    with pytest.raises(waiting_files.NoSpace):
        waiting_files.append(file, b"9ABCDE")


@pytest.mark.parametrize(("kind", "full_at"), [("form", 1), ("form", 2), ("raw", 1), ("json", 1)])
def test_a_full_disk_is_told(sender: Sender, uploads: Path, monkeypatch: pytest.MonkeyPatch, kind: str, full_at: int) -> None:
    """503 in the protocol's form, and no file is left: of a body, nor of the file in a form."""
    append, blocks = waiting_files.append, count(1)

    def nearly_full(file: BinaryIO, block: bytes) -> None:
        if next(blocks) == full_at:
            raise waiting_files.NoSpace
        append(file, block)

    monkeypatch.setattr(waiting_files, "append", nearly_full)
    send = {
        "form": lambda: sender.form("audio", {"file": SimpleUploadedFile("a.mp3", b"not audio")}),
        "raw": lambda: sender.raw("audio"),
        "json": lambda: sender.json("text", {"messages": SAID}),
    }[kind]
    assert send() == (503, {"message": "There is no space left for uploads on the server."})
    assert list(uploads.iterdir()) == []
    assert not Conversation.objects.exists()


def test_a_form_takes_its_size_on_the_disk_once(sender: Sender, uploads: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file in it takes the place of the form, whole, while fields before and after it are read."""
    content = bytes(range(256)) * 8192  # 2 MiB: several reads
    append, most = waiting_files.append, [0]

    def measured(file: BinaryIO, block: bytes) -> None:
        append(file, block)
        most.append(sum(path.stat().st_size for path in uploads.iterdir()))

    monkeypatch.setattr(waiting_files, "append", measured)
    fields = {
        "name": "First",
        "file": SimpleUploadedFile("a.mp3", content),
        "second": SimpleUploadedFile("b.mp3", b"b"),
        "languageCode": "de-DE",
    }
    status, answer = sender.form("audio", fields)
    job = job_of((status, answer))
    assert answer["warnings"] == ["body: only the first of the 2 files in the form is imported; send each in a request of its own"]
    assert ImportSource.parse(job.parameters).options.language == "de-DE"
    assert max(most) < len(content) + 4096
    (file,) = uploads.iterdir()
    assert file.read_bytes() == content
    assert Conversation.objects.get(pk=job.conversation_id).name == "First"


def test_a_private_url_is_refused(sender: Sender) -> None:
    """By the same rules as webhooks."""
    status, answer = sender.json("audio/url", {"url": "http://169.254.169.254/latest"})
    assert status == 400
    assert answer["message"].startswith("url: ")


def test_a_failed_import_ends_its_conversation(sender: Sender, uploads: Path) -> None:
    """The file is removed, and the reason is for people."""
    job = job_of(sender.raw("audio", b"not audio at all"))
    assert len(list(uploads.iterdir())) == 1
    jobs.run_waiting()
    job.refresh_from_db()
    assert job.status == "failed"
    assert "not one of the formats" in job.reason or "cannot be loaded" in job.reason
    assert Conversation.objects.get().ended_at is not None
    assert list(uploads.iterdir()) == []


def test_a_cancelled_import_ends_its_conversation(sender: Sender, uploads: Path) -> None:
    """Also one that never began."""
    job = job_of(sender.json("text", {"messages": SAID}))
    jobs.cancel(job.pk)
    assert Conversation.objects.get().ended_at is not None
    assert list(uploads.iterdir()) == []
    assert isinstance(job.pk, UUID)


def test_a_deleted_conversation_keeps_no_file(sender: Sender, uploads: Path) -> None:
    """Its file is removed at once, although the job never ran."""
    job = job_of(sender.raw("audio"))
    assert len(list(uploads.iterdir())) == 1
    recorder.delete_conversation(job.conversation_id)
    assert list(uploads.iterdir()) == []
    jobs.run_waiting()
    assert not Job.objects.filter(pk=job.pk).exists()


def test_too_many_jobs(sender: Sender, settings: LazySettings, uploads: Path) -> None:
    """The limit of an account answers 429 with `statusCode`, and keeps no file."""
    settings.MAX_JOBS_PER_ACCOUNT = 1
    job_of(sender.json("text", {"messages": SAID}))
    kept = set(uploads.iterdir())
    status, answer = sender.raw("audio")
    assert (status, answer.get("statusCode")) == (429, 429)
    assert set(uploads.iterdir()) == kept
    assert Conversation.objects.count() == 1
