"""Recordings: written beside the recognition on the clock of the audio, and stored also after a crash."""

import fcntl
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from django.conf import LazySettings

from streaming.audio.clock import Clock
from streaming.audio.opus_file import OpusReader
from streaming.audio.pcm import RATE, Samples
from streaming.recordings import files, recording
from streaming.recordings.files import UnfinishedFile
from streaming.recordings.recording import AudioNotStored, Recording
from tests.streaming.audio.test_ogg_pages import found

BEGAN = datetime(2026, 11, 29, 12, tzinfo=UTC)
ID = 10**15


@pytest.fixture(autouse=True)
def folder(settings: LazySettings, tmp_path: Path) -> Path:
    """An empty data directory."""
    settings.DATA_DIR = tmp_path
    local = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path / "audio" / "stored"}}
    settings.STORAGES = {**settings.STORAGES, "audio": local}
    return tmp_path / "audio"


@pytest.fixture
def errors() -> list[Exception]:
    """The reported errors."""
    return []


@pytest.fixture
def one(errors: list[Exception]) -> Iterator[Recording]:
    """A recording whose microphone is paused from second 1 to second 4."""
    clock = Clock()
    clock.arrived(0.0, BEGAN)
    clock.arrived(1.0, BEGAN + timedelta(seconds=4))
    return Recording(uuid4(), ID, clock, errors.append)


def tone(seconds: float = 1.0) -> Samples:
    """Return a second that begins with a tone."""
    samples = np.zeros(int(seconds * RATE), dtype=np.float32)
    samples[: RATE // 4] = 0.5 * np.sin(2 * np.pi * 600 * np.arange(RATE // 4) / RATE)
    return samples


def finished(one: Recording) -> UnfinishedFile | None:
    """Close a recording, in this thread, and return its file."""
    one._closing = True
    assert one.write()
    return one.closed.result(0)


def test_a_pause_is_silence(one: Recording) -> None:
    """The second tone is where the clock says."""
    one.add(tone())
    one.add(tone())
    file = finished(one)
    assert file is not None
    assert file.facts is not None
    assert (file.facts.started_at, file.facts.size) == (BEGAN, file.path.stat().st_size)
    assert file.facts.seconds == pytest.approx(5.0, abs=0.05)
    with open(file.path, "rb") as written:
        assert found(OpusReader(written).read(0, 5 * RATE)) == pytest.approx([0.0, 4.0], abs=0.02)
    file.close()


def test_nothing_is_written_before_its_time(one: Recording, folder: Path) -> None:
    """Audio is held back for HOLD_S, because its time may be corrected."""
    one.add(tone())
    assert not one.write()
    assert not list(folder.rglob("*.ogg"))
    assert (file := finished(one)) is not None
    file.close()


def test_without_audio_there_is_no_file(one: Recording, folder: Path) -> None:
    """A session that sends nothing leaves no file."""
    assert finished(one) is None
    assert not list(folder.rglob("*.ogg"))


def test_a_conversation_that_is_deleted_meanwhile(
    one: Recording, folder: Path, errors: list[Exception], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The recording ends without an error, and what it may still put into the storage can be removed with its folder."""
    monkeypatch.setattr(recording, "HOLD_S", -1.0)
    one.add(tone())
    one.write()
    files.remove_all_of(ID)
    file = finished(one)
    assert file is not None
    with pytest.raises(FileNotFoundError):
        file.put()
    file.close()
    assert (errors, caplog.records) == ([], [])
    late = files.create(ID, uuid4())
    files.remove([late.put()])
    late.remove()
    assert list((folder / "stored").iterdir()) == []


def test_a_disk_that_fails_is_reported_once(one: Recording, errors: list[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    """Transcription goes on; the speaker is told once and does not wait."""

    def full(*args: object) -> UnfinishedFile:
        raise OSError(28, "no space left")

    monkeypatch.setattr(files, "create", full)
    monkeypatch.setattr(recording, "HOLD_S", -1.0)
    for _ in range(30):
        one.add(tone())
        one.write()
    assert [type(error) for error in errors] == [AudioNotStored]
    assert (one.full, finished(one)) == (False, None)


def test_the_queue_is_bounded(one: Recording, errors: list[Exception]) -> None:
    """More than MOST_WAITING_S of audio does not wait; the speaker waits long before."""
    for second in range(100):
        one.add(tone())
        assert one.full is (second >= recording.FULL_S)
    assert one._waiting <= (recording.MOST_WAITING_S + 1) * RATE
    assert [type(error) for error in errors] == [AudioNotStored]


def test_a_file_that_was_left_behind_is_taken_over(one: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash releases the lock: what was written is complete after the repair, and put into the storage."""
    monkeypatch.setattr(recording, "HOLD_S", -1.0)
    one.add(tone())
    one.write()
    assert one._file is not None
    assert list(files.left_behind()) == []  # it is locked
    with open(one._file.path, "ab") as torn:
        torn.write(b"OggS half a page")
    one._file.file.close()
    (left,) = files.left_behind()
    assert (left.conversation_id, left.audio_id) == (ID, one.audio_id)
    assert left.facts is not None
    assert left.facts.started_at == BEGAN
    assert left.facts.seconds > 0.9
    assert left.put() == left.put() == f"{ID}/{one.audio_id}.ogg"
    left.remove()
    assert not left.path.exists()
    with files.storage().open(files.name_of(ID, one.audio_id)) as stored:
        assert len(stored.read()) == left.facts.size
    files.remove_all_of(ID)
    assert not files.storage().exists(files.name_of(ID, one.audio_id))


def test_a_foreign_file_in_the_folder_stops_nothing() -> None:
    """Files that are no recordings are left alone."""
    for name in ("x.y.ogg", "1.2.3.ogg", f"{ID}.{uuid4()}.ogg"):
        (files.unfinished_folder() / name).write_bytes(b"what")
    (empty,) = files.left_behind()
    assert empty.facts is None
    with open(empty.path) as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    empty.remove()
    assert len(os.listdir(files.unfinished_folder())) == 2
