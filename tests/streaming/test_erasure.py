"""The job that erases removed speech from the files of stored audio."""

import io
import os
from datetime import timedelta
from pathlib import Path
from typing import ClassVar
from uuid import uuid4

import numpy as np
import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage
from django.utils import timezone
from pytest_django import Settings

from insights import recorder
from insights.hidden_speech import hidden_speech, masked_speech, removed_speech
from insights.jobs.execute import execute
from insights.models import Conversation, Event, Job, Message, StoredAudio
from insights.recorder import ChangeConflict, Joined, Listening, SpokenWord, Utterance
from insights.redaction import Redactor
from streaming.audio.opus_file import OpusReader, OpusWriter
from streaming.audio.pcm import RATE, Samples
from streaming.recordings import erasure, files
from streaming.recordings.store import AudioStore
from tests.insights.conftest import opening

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 20.0


class ReplacingStorage(Storage):
    """A remote storage that replaces a file of the same name, as S3 does."""

    content: ClassVar[dict[str, bytes]] = {}

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        """Return the name."""
        return name

    def _open(self, name: str, mode: str = "rb") -> File:
        if name not in self.content:
            raise FileNotFoundError(name)
        return ContentFile(self.content[name], name)

    def _save(self, name: str, content: File) -> str:
        self.content[name] = b"".join(content.chunks())
        return name


@pytest.fixture(params=["local", "remote"])
def _storage(request: pytest.FixtureRequest, settings: Settings, tmp_path: Path) -> None:
    """Store audio in a folder, and in a storage without paths."""
    settings.DATA_DIR = tmp_path
    local = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path / "audio" / "stored"}}
    remote = {"BACKEND": f"{__name__}.ReplacingStorage"}
    settings.STORAGES = {**settings.STORAGES, "audio": local if request.param == "local" else remote}


@pytest.fixture
def talk(_storage: None) -> Joined:
    """Return a conversation with a noisy recording of 20 s and three sentences, at 2, 8 and 14 s."""
    owner = User.objects.create_user("owner", "owner@example.org")
    joined = recorder.open_conversation(opening(owner))
    for at, text in ((2, "Good morning everybody."), (8, "Please call Maria Lopez at once."), (14, "See you next week.")):
        start = joined.started_at + timedelta(seconds=at)
        half = timedelta(seconds=0.5)
        words = tuple(SpokenWord(word, start + half * i, start + half * (i + 1), 0.9) for i, word in enumerate(text.split()))
        recorder.record(joined.conversation_id, Utterance(text, words, 0.9, start, start + half * len(words)), Listening())
    row = StoredAudio(conversation_id=joined.conversation_id, session_id=uuid4(), started_at=joined.started_at, seconds=SECONDS)
    row.name, row.state = files.name_of(joined.conversation_id, row.id), StoredAudio.State.STORED
    noise = np.random.default_rng(3).uniform(-0.5, 0.5, int(SECONDS * RATE)).astype(np.float32)
    writer = OpusWriter({files.STARTED_AT: joined.started_at.isoformat()})
    data = writer.head() + writer.write(noise) + writer.finish()
    files.storage().save(row.name, ContentFile(data))
    row.size = len(data)
    row.save()
    return joined


def sound() -> list[bool]:
    """Return for each second of the stored file, without 0.3 s at both ends, whether there is sound."""
    with files.storage().open(StoredAudio.objects.get().name) as file:
        data = file.read()
    assert len(data) == StoredAudio.objects.get().size
    samples: Samples = OpusReader(io.BytesIO(data)).read(0, int(SECONDS * RATE))
    return [float(np.abs(samples[round((at + 0.3) * RATE) : round((at + 0.7) * RATE)]).max()) > 0.01 for at in range(int(SECONDS))]


def run_waiting() -> int:
    """Run the jobs that erase; return how many there were."""
    waiting = list(Job.objects.filter(kind=erasure.KIND, status=Job.Status.SCHEDULED))
    for job in waiting:
        Job.objects.filter(pk=job.pk).update(run_at=timezone.now())
        assert execute(job.pk)
        assert Job.objects.get(pk=job.pk).status == Job.Status.COMPLETED
    return len(waiting)


def test_several_deletions_are_erased_by_one_job(talk: Joined) -> None:
    """One job waits for both, the seconds of their words are silent, and the size in the row is that of the file."""
    assert all(sound())
    owner = User.objects.get()
    for message in list(Message.objects.order_by("number"))[::2]:
        recorder.delete_message(talk.conversation_id, message.id, owner.pk)
    assert run_waiting() == 1
    assert [at for at, loud in enumerate(sound()) if not loud] == [2, 3, 14, 15]
    with files.storage().open(StoredAudio.objects.get().name) as file:
        before = file.read()
    erasure._enqueue(talk.conversation_id, 0)
    assert run_waiting() == 1
    with files.storage().open(StoredAudio.objects.get().name) as file:
        assert file.read() == before


def test_a_joined_message_is_erased_where_it_was_said(talk: Joined) -> None:
    """What was recorded between its parts stays, in the file and in what a reader gets before the file is rewritten."""
    owner = User.objects.get()
    first, between, last = list(Message.objects.order_by("number"))
    recorder.delete_message(talk.conversation_id, between.id, owner.pk)
    assert run_waiting() == 1
    recorder.join_next(first.id, owner.pk)
    recorder.delete_message(talk.conversation_id, first.id, owner.pk)
    removed = sorted((round(start, 1), round(end, 1)) for start, end in removed_speech(Conversation.objects.get()))
    assert removed == [(2.0, 3.5), (8.0, 11.0), (14.0, 16.0)]
    assert run_waiting() == 1
    assert [at for at, loud in enumerate(sound()) if not loud] == [2, 3, 8, 9, 10, 14, 15]
    assert not Message.objects.filter(id=last.id).exists()


def test_redacted_words_are_erased(talk: Joined) -> None:
    """The name is silent, the words around it stay."""
    owner = User.objects.get()
    recorder.redact_conversation(talk.conversation_id, owner.pk)
    assert run_waiting() == 1
    masked = Message.objects.get(number=2)
    assert masked.text == "Please call **** at once."
    assert [at for at, loud in enumerate(sound()) if not loud] == [9]


def test_a_joined_message_without_word_times_is_silent_in_its_parts(talk: Joined) -> None:
    """A redaction hides what was said as parts of it, when it is read and in the file, and leaves what others said between them."""
    owner = User.objects.get()
    first, between, _ = list(Message.objects.order_by("number"))
    recorder.delete_message(talk.conversation_id, between.id, owner.pk)
    assert run_waiting() == 1
    joined = recorder.join_next(first.id, owner.pk)
    assert joined.change_id
    Message.objects.filter(id=first.id).update(words=[], text="Good morning everybody. See Maria Lopez next week.")
    Event.objects.all().delete()
    conversation = Conversation.objects.get()
    parts = [(2.0, 3.5), (14.0, 16.0)]

    def rounded(found: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return sorted((round(start, 1), round(end, 1)) for start, end in found)

    assert rounded(hidden_speech(conversation, Redactor(conversation, ()))) == parts
    recorder.redact_conversation(talk.conversation_id, owner.pk)
    assert "Lopez" not in Message.objects.get().text
    assert rounded(removed_speech(conversation)) == parts
    assert rounded(masked_speech(conversation)) == parts
    assert run_waiting() == 1
    assert [at for at, loud in enumerate(sound()) if not loud] == [2, 3, 8, 9, 10, 14, 15]
    with pytest.raises(ChangeConflict, match="what it changed was deleted"):
        recorder.undo(joined.change_id, owner.pk)


def test_audio_that_is_recorded_is_erased_later(talk: Joined) -> None:
    """A further job looks again until the file is complete."""
    StoredAudio.objects.update(state=StoredAudio.State.RECORDING)
    recorder.delete_message(talk.conversation_id, Message.objects.get(number=1).id, User.objects.get().pk)
    assert run_waiting() == 1
    assert all(sound())
    StoredAudio.objects.update(state=StoredAudio.State.STORED)
    assert run_waiting() == 1
    assert run_waiting() == 0
    assert not all(sound())


def test_no_job_without_stored_audio(talk: Joined) -> None:
    """A deletion in a conversation without audio needs no job."""
    StoredAudio.objects.all().delete()
    recorder.delete_message(talk.conversation_id, Message.objects.get(number=1).id, User.objects.get().pk)
    assert not Job.objects.filter(kind=erasure.KIND).exists()
    assert Conversation.objects.exists()


async def remove_copies() -> list[str]:
    """Run the periodic removal of copies; return the ends of the files that are left."""
    store = AudioStore()
    await store._remove_copies()
    return sorted(path.name.rpartition(".")[2] for path in files._fetched_folder().iterdir())


async def test_copies_of_audio_that_another_host_changed_are_removed(talk: Joined) -> None:
    """A copy is kept while it is needed; not after words were erased or the conversation deleted elsewhere, or an hour without a reader."""
    audio = await StoredAudio.objects.aget()
    folder = files._fetched_folder()

    def copy() -> Path:
        path = folder / f"{talk.conversation_id}.{audio.id}.ogg"
        path.write_bytes(b"\0" * audio.size)
        return path

    copy()
    assert await remove_copies() == ["ogg"]
    await StoredAudio.objects.aupdate(size=audio.size - 1)
    assert await remove_copies() == []
    await StoredAudio.objects.aupdate(size=audio.size)
    os.utime(copy(), (0, 0))
    (folder / "unfinished.part").touch()
    assert await remove_copies() == ["part"]
    copy()
    await sync_to_async(recorder.delete_conversation)(talk.conversation_id)
    copy()
    assert await remove_copies() == ["part"]
