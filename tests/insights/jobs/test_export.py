"""Exports as jobs: what is in the file, who gets it, and when it is removed."""

import json
import uuid
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4
from zipfile import ZipFile, is_zipfile

import pytest
from django.contrib.auth.models import User
from django.core.files.storage import storages
from django.db import connection
from django.utils import timezone

from insights import access, jobs, recorder
from insights.database import connection_closed_after, write_transaction
from insights.exports import ExportFormat, files
from insights.jobs import export as export_job
from insights.jobs import export_removal, export_requests
from insights.jobs.export_requests import (
    ExportGone,
    TooManyExports,
    UnknownConversations,
    open_export,
    request_account_export,
    request_export,
)
from insights.models import AccessLevel, Conversation, Export, ExportedConversation, Insight, Job, Message, Share
from insights.recorder.deletion import delete_parts
from tests.insights.conftest import Say, opening
from tests.s3_storage import unreachable_bucket

pytestmark = pytest.mark.django_db(transaction=True)
SAID = "I will send the zeppelin report tomorrow."


@pytest.fixture(autouse=True)
def stored(settings: Any, tmp_path: Path) -> Path:
    """The folder of the storage for exports."""
    settings.DATA_DIR = tmp_path
    local = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path / "exports" / "stored"}}
    settings.STORAGES = {**settings.STORAGES, "exports": local}
    return tmp_path / "exports"


def files_in(folder: Path) -> list[Path]:
    """Return all files of exports, finished or not."""
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def made(job: Job) -> Export:
    """Run the jobs that wait; return the export of a job that went well."""
    jobs.run_waiting()
    job.refresh_from_db()
    assert (job.status, job.reason) == ("completed", "")
    return Export.objects.get(pk=job.pk)


def content(user: User, job: Job) -> bytes:
    """Return the bytes that a user downloads."""
    file = open_export(user.pk, job.pk)
    assert file is not None
    data = b"".join(file.pieces)
    assert len(data) == file.size
    return data


def test_one_conversation(say: Say, owner: User) -> None:
    """The file is the same as the one that is made in a request."""
    say(SAID)
    one = Conversation.objects.get()
    job = request_export(owner.pk, ExportFormat.TEXT, [one.pk])
    export = made(job)
    assert SAID in content(owner, job).decode()
    file = open_export(owner.pk, job.pk)
    assert file is not None
    assert (file.content_type, file.name) == ("text/plain; charset=utf-8", f"{one.pk}.txt")
    assert export.expires_at is not None
    assert timedelta(hours=23) < export.expires_at - timezone.now() <= timedelta(hours=24)


@pytest.mark.parametrize("form", list(ExportFormat))
def test_several_conversations(say: Say, owner: User, form: ExportFormat) -> None:
    """The archive has a file of each, with different names."""
    say(SAID)
    other = recorder.open_conversation(opening(owner, "other", name="Zeppelin")).conversation_id
    job = request_export(owner.pk, form, [Conversation.objects.exclude(pk=other).get().pk, other])
    made(job)
    with ZipFile(BytesIO(content(owner, job))) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(set(names)) == 2
        assert all(name.endswith(form) for name in names)
        assert any(name.startswith(f"zeppelin-{other}") for name in names)


@pytest.mark.parametrize("form", list(ExportFormat))
def test_private_notes(say: Say, owner: User, other_user: User, form: ExportFormat) -> None:
    """Those of the account that asks, where it wants them; of nobody else, and in no subtitles."""
    say(SAID)
    one = Conversation.objects.get()
    access.share_with_person(one, other_user.email, AccessLevel.EDIT)
    recorder.write_note(one.pk, uuid4(), "Ask the bank", 3.0, owner.pk)
    recorder.write_note(one.pk, uuid4(), "Secret of another", 3.0, other_user.pk)
    other = recorder.open_conversation(opening(owner, "other", name="Zeppelin")).conversation_id
    for chosen in ([one.pk], [one.pk, other]):
        for notes in (True, False):
            job = request_export(owner.pk, form, chosen, notes=notes)
            made(job)
            data = content(owner, job)
            if len(chosen) > 1:
                with ZipFile(BytesIO(data)) as archive:
                    (data,) = [archive.read(name) for name in archive.namelist() if str(other) not in name]
            if form is ExportFormat.WORD:
                with ZipFile(BytesIO(data)) as document:
                    data = document.read("word/document.xml")
            assert (b"Ask the bank" in data) == (notes and form not in (ExportFormat.SRT, ExportFormat.VTT))
            assert b"Secret of another" not in data


def test_everything_of_an_account(say: Say, owner: User, other_user: User) -> None:
    """The archive has what the account manages, without secrets, and its own conversations; not those of others."""
    say(SAID)
    app, secret = access.create_app(owner, "Meeting bot")
    theirs = recorder.open_conversation(opening(other_user, "theirs", name="Theirs")).conversation_id
    access.share_with_person(Conversation.objects.get(pk=theirs), owner.email, AccessLevel.EDIT)
    recorder.write_note(theirs, uuid4(), "My own note", 3.0, owner.pk)
    recorder.write_note(theirs, uuid4(), "A note of another", 3.0, other_user.pk)
    job = request_account_export(owner.pk)
    made(job)
    data = content(owner, job)
    with ZipFile(BytesIO(data)) as archive:
        account = json.loads(archive.read("account.json"))
        notes = json.loads(archive.read("notes.json"))["notes"]
        talks = [name for name in archive.namelist() if name.startswith("conversations/")]
        said = "".join(archive.read(name).decode() for name in archive.namelist())
    assert account["profile"]["username"] == owner.username
    assert [one["name"] for one in account["apps"]] == ["Meeting bot"]
    assert len(talks) == 2
    assert [(one["text"], one["conversationId"]) for one in notes] == [("My own note", str(theirs))]
    assert "A note of another" not in said
    assert SAID in said
    assert secret not in said
    assert app.secret_hash not in said
    assert "Theirs" not in said


def test_only_what_the_account_sees(say: Say, owner: User, other_user: User) -> None:
    """Others' conversations cannot be exported, and others' exports do not exist."""
    say(SAID)
    one = Conversation.objects.get()
    with pytest.raises(UnknownConversations):
        request_export(other_user.pk, ExportFormat.TEXT, [one.pk])
    with pytest.raises(UnknownConversations):
        request_export(owner.pk, ExportFormat.TEXT, [])
    job = request_export(owner.pk, ExportFormat.TEXT, [one.pk])
    made(job)
    assert open_export(other_user.pk, job.pk) is None
    assert not export_requests.remove_export(other_user.pk, job.pk)
    assert content(owner, job)


def _delete_conversation(one: Conversation) -> None:
    recorder.delete_conversation(one.pk, one.owner_id)


def _bin_conversation(one: Conversation) -> None:
    recorder.bin_conversation(one.pk, one.owner_id)


def _delete_message(one: Conversation) -> None:
    recorder.delete_message(one.pk, Message.objects.filter(conversation=one).earliest("number").pk, one.owner_id)


def _delete_insight(one: Conversation) -> None:
    recorder.delete_insight(one.pk, Insight.objects.filter(conversation=one).earliest("id").pk, one.owner_id)


def _redact(one: Conversation) -> None:
    recorder.redact_conversation(one.pk, one.owner_id)


REMOVALS = [_delete_conversation, _bin_conversation, _delete_message, _delete_insight, _redact]


@pytest.mark.parametrize("remove", REMOVALS)
def test_a_deletion_reaches_the_files(say: Say, owner: User, stored: Path, remove: object) -> None:
    """The file of one conversation, an archive with it, and all data of the account cannot be downloaded at once, and are then removed."""
    say(SAID)
    one = Conversation.objects.get()
    other = recorder.open_conversation(opening(owner, "other")).conversation_id
    single = request_export(owner.pk, ExportFormat.TEXT, [one.pk])
    several = request_export(owner.pk, ExportFormat.JSON, [one.pk, other])
    everything = request_account_export(owner.pk)
    untouched = request_export(owner.pk, ExportFormat.TEXT, [other])
    made(untouched)
    assert callable(remove)
    remove(one)
    for job in (single, several, everything):
        with pytest.raises(ExportGone):
            open_export(owner.pk, job.pk)
    jobs.run_waiting()
    assert [path.parent.name for path in files_in(stored)] == [str(untouched.pk)]
    assert content(owner, untouched)
    assert not Export.objects.exclude(pk=untouched.pk).filter(has_file=True).exists()


def test_a_deletion_that_is_rolled_back_keeps_the_file(say: Say, owner: User) -> None:
    """The row of the export changes with the deletion or not at all."""
    say(SAID)
    one = Conversation.objects.get()
    job = request_export(owner.pk, ExportFormat.TEXT, [one.pk])
    made(job)

    def fails() -> None:
        with write_transaction():
            _delete_message(one)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert content(owner, job)


@pytest.mark.parametrize("remove", [_delete_message, _bin_conversation])
def test_a_deletion_while_the_file_is_made(say: Say, owner: User, stored: Path, monkeypatch: pytest.MonkeyPatch, remove: object) -> None:
    """What was read before is thrown away, and the file is made again without the deleted words."""
    say(SAID)
    say("The weather is fine.")
    one = Conversation.objects.get()
    other = recorder.open_conversation(opening(owner, "other")).conversation_id
    job = request_export(owner.pk, ExportFormat.TEXT, [one.pk, other])
    write, begun = export_job._write, []

    def slow(*arguments: object) -> None:
        write(*arguments)  # type: ignore[arg-type]
        if not begun:
            begun.append(1)
            assert callable(remove)
            remove(one)

    monkeypatch.setattr(export_job, "_write", slow)
    jobs.run_waiting()
    job.refresh_from_db()
    assert job.status == "completed"
    assert "zeppelin" not in repr(_texts(content(owner, job)))
    assert len(files_in(stored)) == 1


def _texts(data: bytes) -> list[str]:
    """Return the texts of a file, or of all files of an archive."""
    if not is_zipfile(BytesIO(data)):
        return [data.decode()]
    with ZipFile(BytesIO(data)) as archive:
        return [archive.read(name).decode() for name in archive.namelist()]


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_a_deletion_that_began_before_the_export(say: Say, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its words are in no file that is ready after it, although it ends while the file is made."""
    say(SAID)
    message = Message.objects.get()
    told, read, over = Event(), Event(), Event()
    note, store, save = delete_parts.note_deletion, files.store, Export.save

    def late(*args: Any, **named: Any) -> None:
        told.set()
        read.wait(2)
        note(*args, **named)

    @connection_closed_after
    def delete() -> None:
        recorder.delete_message(message.conversation_id, message.pk, owner.pk)
        over.set()

    deletion = Thread(target=delete)

    def begun(export: Export, **named: Any) -> None:
        save(export, **named)
        if export.has_file and not deletion.ident:
            deletion.start()
            told.wait(1)  # it has looked for exports of the conversation; the commit that comes now waits until it has ended

    def stored(*args: Any) -> str:
        told.wait(60)
        read.set()
        over.wait(60)
        return store(*args)

    monkeypatch.setattr(delete_parts, "note_deletion", late)
    monkeypatch.setattr(Export, "save", begun)
    monkeypatch.setattr(files, "store", stored)
    job = request_account_export(owner.pk)
    made(job)
    deletion.join(60)
    with ZipFile(BytesIO(content(owner, job))) as archive:
        assert "zeppelin" not in "".join(archive.read(name).decode() for name in archive.namelist())


def test_access_is_checked_at_the_download(say: Say, owner: User, other_user: User, stored: Path) -> None:
    """A share that ended: the file is refused at once and removed; the periodic job removes it too if nobody asks for it."""
    say(SAID)
    one = Conversation.objects.get()
    share = Share.objects.create(conversation=one, user=other_user, level=AccessLevel.READ, created_at=timezone.now())
    first, second = (request_export(other_user.pk, ExportFormat.TEXT, [one.pk]) for _ in range(2))
    made(second)
    assert SAID in content(other_user, first).decode()
    access.unshare(one, share.pk)
    with pytest.raises(ExportGone, match="no longer shared"):
        open_export(other_user.pk, first.pk)
    run_periodic()
    jobs.run_waiting()
    assert Export.objects.get(pk=second.pk).removal == "access"
    assert files_in(stored) == []


def run_periodic() -> None:
    """Run the periodic job once."""
    Job.objects.filter(kind="export_retention").delete()
    Job.objects.create(kind="export_retention", internal=True, periodic=True)
    jobs.run_waiting()


def test_files_expire(say: Say, owner: User, stored: Path) -> None:
    """After its time the file is refused, and removed by the periodic job."""
    say(SAID)
    job = request_export(owner.pk, ExportFormat.TEXT, [Conversation.objects.get().pk])
    made(job)
    Export.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(ExportGone, match="expired"):
        open_export(owner.pk, job.pk)
    run_periodic()
    assert files_in(stored) == []
    assert Export.objects.get().removal == "expired"


def test_files_without_a_row_are_removed(say: Say, owner: User, other_user: User, stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of an account that was deleted, and what a killed worker left, go with the periodic job."""
    say(SAID)
    monkeypatch.setattr(export_removal, "_looks", 0)
    job = request_export(owner.pk, ExportFormat.TEXT, [Conversation.objects.get().pk])
    made(job)
    left = uuid.uuid4()
    with files.unfinished(left, uuid.uuid4()) as file:
        file.write(SAID.encode())
        files.store(left, uuid.uuid4(), file)
    assert len(files_in(stored)) == 2
    run_periodic()
    assert [path.parent.name for path in files_in(stored)] == [str(job.pk)]


def test_a_cancelled_export_leaves_no_file(say: Say, owner: User, stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The job fails as cancelled, and what it has written is gone."""
    say(SAID)
    job = request_export(owner.pk, ExportFormat.TEXT, [Conversation.objects.get().pk])
    store = files.store

    def cancelled(*arguments: object) -> str:
        name = store(*arguments)  # type: ignore[arg-type]
        jobs.cancel(job.pk)
        raise jobs.Cancelled(name)

    monkeypatch.setattr(files, "store", cancelled)
    jobs.run_waiting()
    job.refresh_from_db()
    assert (job.status, job.reason) == ("failed", "cancelled")
    assert files_in(stored) == []
    assert Export.objects.get().state == "removed"


def test_limits(say: Say, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """An account has a limited number of files; a removed one makes room. A refused request stores nothing."""
    say(SAID)
    one = Conversation.objects.get()
    monkeypatch.setattr(export_requests, "MOST_READY", 2)
    first = request_export(owner.pk, ExportFormat.TEXT, [one.pk])
    made(request_export(owner.pk, ExportFormat.TEXT, [one.pk]))
    with pytest.raises(TooManyExports):
        request_export(owner.pk, ExportFormat.TEXT, [one.pk])
    assert Job.objects.filter(kind="export").count() == 2
    assert export_requests.remove_export(owner.pk, first.pk)
    made(request_export(owner.pk, ExportFormat.TEXT, [one.pk]))


def test_what_is_gone_before_the_job_begins(say: Say, owner: User) -> None:
    """A conversation that went to the bin meanwhile is left out with a warning; without any left the job fails."""
    say(SAID)
    one = Conversation.objects.get()
    other = recorder.open_conversation(opening(owner, "other")).conversation_id
    several = request_export(owner.pk, ExportFormat.TEXT, [one.pk, other])
    single = request_export(owner.pk, ExportFormat.TEXT, [one.pk])
    _bin_conversation(one)
    jobs.run_waiting()
    several.refresh_from_db()
    single.refresh_from_db()
    assert (several.status, len(several.warnings)) == ("completed", 1)
    assert (single.status, single.reason) == ("failed", export_job.GONE)
    assert "zeppelin" not in content(owner, several).decode()


def test_a_missing_file(say: Say, owner: User) -> None:
    """A file that is not in the storage is refused with a reason."""
    say(SAID)
    job = request_export(owner.pk, ExportFormat.TEXT, [Conversation.objects.get().pk])
    storages["exports"].delete(made(job).file)
    with pytest.raises(ExportGone, match="cannot be read"):
        open_export(owner.pk, job.pk)


def test_a_bucket_that_is_away(say: Say, owner: User, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file is refused with a reason while the S3 service refuses connections."""
    say(SAID)
    job = request_export(owner.pk, ExportFormat.TEXT, [Conversation.objects.get().pk])
    made(job)
    settings.STORAGES = {**settings.STORAGES, "exports": unreachable_bucket(monkeypatch)}
    with pytest.raises(ExportGone, match="cannot be read"):
        open_export(owner.pk, job.pk)


def test_the_row_holds_no_words(say: Say, owner: User) -> None:
    """Neither the job nor the export has a title or words of the conversation."""
    say(SAID)
    Conversation.objects.update(name="Zeppelin")
    job = request_export(owner.pk, ExportFormat.TEXT, [Conversation.objects.get().pk])
    made(job)
    rows = [*Job.objects.filter(kind="export").values(), *Export.objects.values(), *ExportedConversation.objects.values()]
    assert "eppelin" not in repr(rows)
