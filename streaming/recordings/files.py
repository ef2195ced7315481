"""The files of stored audio: first in the folder `audio/unfinished` of DATA_DIR, then in the storage `audio` of the settings.

The process that writes an unfinished file holds a lock on it. A file without a lock was left behind by a process that ended, or by a
storage that was unreachable: any process that can lock it stores it.
"""

import fcntl
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.core.files import File
from django.core.files.storage import Storage, storages

from insights.models import StoredAudio
from insights.recorder import AudioFacts
from insights.stored_audio import AudioUnreachable
from streaming.audio.ogg_pages import PageIndex, repair

STARTED_AT = "PARLEY_STARTED_AT"
"""The comment of a file with the time of its first sample."""
FETCHED_S = 3600.0
"""Seconds without a reader after which a copy of a file of a remote storage is removed."""


@dataclass(slots=True, eq=False)
class UnfinishedFile:
    """A locked file that is not in the storage yet. `facts` is None while it has no audio."""

    conversation_id: int
    audio_id: UUID
    path: Path
    file: BinaryIO
    facts: AudioFacts | None = None

    def put(self) -> str:
        """Copy the file into the storage, in place of an earlier copy; return its name there."""
        name = name_of(self.conversation_id, self.audio_id)
        where = storage()
        if where.exists(name):
            where.delete(name)
        with open(self.path, "rb") as file:
            return str(where.save(name, File(file)))

    def remove(self) -> None:
        """Remove the file, and release the lock."""
        self.path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Release the lock and leave the file for a later attempt."""
        self.file.close()


def storage() -> Storage:
    """Return the storage for finished files."""
    return storages["audio"]


def name_of(conversation_id: int, audio_id: UUID) -> str:
    """Return the name of a file in the storage."""
    return f"{conversation_id}/{audio_id}.ogg"


def unfinished_folder() -> Path:
    """Return the folder for files that grow, which is made if it is missing."""
    folder: Path = settings.DATA_DIR / "audio" / "unfinished"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def create(conversation_id: int, audio_id: UUID) -> UnfinishedFile:
    """Make and lock a new file. Raises OSError."""
    path = unfinished_folder() / f"{conversation_id}.{audio_id}.ogg"
    while True:
        file = open(path, "a+b", buffering=0, opener=lambda name, flags: os.open(name, flags, 0o600))  # noqa: SIM115 - closed by its owner
        fcntl.flock(file, fcntl.LOCK_EX)
        if _is_at(file, path):
            file.truncate(0)
            return UnfinishedFile(conversation_id, audio_id, path, file)
        file.close()  # an earlier file of a job that starts again, which was stored and removed meanwhile


def left_behind() -> Iterator[UnfinishedFile]:
    """Yield each unfinished file that no process writes, locked and repaired."""
    for path in sorted(unfinished_folder().glob("*.*.ogg")):
        with suppress(OSError, ValueError):
            found = _take_over(path)
            if found is not None:
                yield found


def _take_over(path: Path) -> UnfinishedFile | None:
    """Lock and repair a file; return None if another process has it."""
    number, identity, _ = path.name.split(".")
    file = open(path, "r+b")  # noqa: SIM115 - closed by its owner
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if not _is_at(file, path):  # stored and removed meanwhile
            file.close()
            return None
        index = repair(file)
        began = index.comments.get(STARTED_AT)
        facts = AudioFacts(datetime.fromisoformat(began), index.seconds, index.size) if began and index.seconds else None
        return UnfinishedFile(int(number), UUID(identity), path, file, facts)
    except BlockingIOError:
        file.close()
        return None
    except BaseException:
        file.close()
        raise


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Return whether a path still leads to an open file."""
    return path.exists() and os.fstat(file.fileno()).st_ino == path.stat().st_ino


def path_for_reading(audio: StoredAudio) -> Path | None:
    """Return the path of a file on this host, fetched from a remote storage if needed; None if it is not there.

    A file that is being recorded is found on the host of its session only. Raises AudioUnreachable if the storage fails.
    """
    if audio.state == StoredAudio.State.RECORDING:
        path = unfinished_folder() / f"{audio.conversation_id}.{audio.id}.ogg"
        return path if path.is_file() else None
    where = storage()
    try:
        local = Path(where.path(audio.name))
    except NotImplementedError:
        return _fetched(where, audio)
    return local if local.is_file() else None


def _fetched(where: Storage, audio: StoredAudio) -> Path | None:
    """Return the path of a local copy of a file of a remote storage."""
    folder = _fetched_folder()
    path = folder / f"{audio.conversation_id}.{audio.id}.ogg"
    _forget_unused(folder)
    if path.is_file() and path.stat().st_size == audio.size:
        os.utime(path)
        return path
    with NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as target:
        try:
            with where.open(audio.name) as source:
                for chunk in source.chunks():
                    target.write(chunk)
            target.flush()
            os.replace(target.name, path)
        except FileNotFoundError:
            return None
        except Exception as error:  # each storage has exceptions of its own
            raise AudioUnreachable(f"the storage of the audio fails ({type(error).__name__})") from None
        finally:
            Path(target.name).unlink(missing_ok=True)
    return path


def replace(audio: StoredAudio, pieces: Iterable[bytes], by: str) -> int:
    """Replace the content of a file in the storage; return its bytes. At any moment the file has the former or the new content.

    `by` names the file beside it in which the new content is made; what a killed process left in it is replaced. Raises FileNotFoundError
    if the conversation was deleted meanwhile.
    """
    where = storage()
    try:
        target = Path(where.path(audio.name))
    except NotImplementedError:
        target = None
    path = (target.parent if target else _fetched_folder()) / f"{audio.conversation_id}.{audio.id}.{by}.part"
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.writelines(pieces)
        file.flush()
        os.fsync(file.fileno())
    size = path.stat().st_size
    if target is not None:
        os.replace(path, target)
        return size
    with open(path, "rb") as file:
        saved = where.save(audio.name, File(file))
    path.unlink()
    if saved != audio.name:
        where.delete(saved)
        raise OSError(f"the storage {type(where).__name__} does not replace files")
    (_fetched_folder() / f"{audio.conversation_id}.{audio.id}.ogg").unlink(missing_ok=True)
    return size


def _fetched_folder() -> Path:
    folder: Path = settings.DATA_DIR / "audio" / "fetched"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _forget_unused(folder: Path) -> None:
    for copy in folder.iterdir():
        with suppress(OSError):
            if copy.stat().st_mtime < time.time() - FETCHED_S:
                copy.unlink()


def copies() -> dict[UUID, Path]:
    """Return the copies on this host of files of a remote storage, by the ids of their rows."""
    found = {}
    for path in _fetched_folder().glob("*.*.ogg"):
        with suppress(ValueError):
            found[UUID(path.name.split(".")[1])] = path
    return found


def remove_copies(found: Mapping[UUID, Path], sizes: Mapping[UUID, int]) -> None:
    """Remove the copies that nobody has read for `FETCHED_S`, and those of another size than their row has, or without a row."""
    _forget_unused(_fetched_folder())
    for identity, path in found.items():
        with suppress(FileNotFoundError):
            if path.stat().st_size != sizes.get(identity):
                path.unlink()


def remove(names: list[str]) -> None:
    """Remove files of the storage, and folders that become empty; what is gone already is no error."""
    where = storage()
    for name in names:
        where.delete(name)
        with suppress(NotImplementedError, OSError):
            os.rmdir(Path(where.path(name)).parent)


def remove_one(audio: StoredAudio) -> None:
    """Remove the file of a row on this host and in the storage."""
    for folder in ("unfinished", "fetched"):
        (settings.DATA_DIR / "audio" / folder / f"{audio.conversation_id}.{audio.id}.ogg").unlink(missing_ok=True)
    remove([name_of(audio.conversation_id, audio.id)])
    with suppress(NotImplementedError):
        for part in Path(storage().path(name_of(audio.conversation_id, audio.id))).parent.glob(f"*{audio.id}.*.part"):
            part.unlink(missing_ok=True)


def remove_all_of(conversation_id: int) -> None:
    """Remove all files of a conversation on this host and in the storage."""
    for folder in ("unfinished", "fetched"):
        for path in (settings.DATA_DIR / "audio" / folder).glob(f"{conversation_id}.*"):
            path.unlink(missing_ok=True)
    where = storage()
    with suppress(FileNotFoundError):
        for name in where.listdir(str(conversation_id))[1]:
            where.delete(f"{conversation_id}/{name}")
    with suppress(NotImplementedError, OSError):
        os.rmdir(where.path(str(conversation_id)))


def write_all(file: UnfinishedFile, data: bytes) -> None:
    """Append bytes to a file. Raises OSError."""
    view = memoryview(data)
    while view:
        view = view[file.file.write(view) :]


def facts_of(path: Path, otherwise: datetime) -> tuple[datetime, float]:
    """Return the time of the first sample of a file that is being recorded, and its seconds so far."""
    with open(path, "rb") as file:
        index = PageIndex.read(file)
    began = index.comments.get(STARTED_AT)
    return datetime.fromisoformat(began) if began else otherwise, index.seconds
