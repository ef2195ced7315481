"""The stored audio of an import: one file of all channels, written while the import is decoded."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

import numpy as np

from insights import recorder
from insights.recorder import AudioFacts
from streaming.audio.opus_file import OpusWriter
from streaming.audio.pcm import RATE
from streaming.recordings import files
from streaming.recordings.files import STARTED_AT


class ImportedAudio:
    """The audio of one import. `audio_id` is the same whenever the import starts again, so that its file is replaced."""

    def __init__(self, conversation_id: int, audio_id: UUID, started_at: datetime, channels: int) -> None:
        recorder.begin_imported_audio(conversation_id, audio_id)
        self._started_at, self._channels = started_at, channels
        self._file = files.create(conversation_id, audio_id)
        self._writer = OpusWriter({STARTED_AT: started_at.isoformat()})
        self._write(self._writer.head())

    def recorded(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the blocks (interleaved int16 at 16 kHz), and write them. If it is interrupted, the file is left for a later look."""
        try:
            for block in blocks:
                samples = np.frombuffer(block, dtype="<i2").reshape(-1, self._channels).mean(axis=1, dtype=np.float32)
                self._write(self._writer.write(samples / np.float32(32768)))
                yield block
        except BaseException:
            self._file.close()
            raise

    def store(self) -> None:
        """Complete the file and put it into the storage."""
        self._write(self._writer.finish())
        size = self._file.path.stat().st_size
        facts = AudioFacts(self._started_at, self._writer.samples / RATE, size)
        name = self._file.put()
        if not recorder.store_audio(self._file.audio_id, facts, name):
            files.remove([name])
        self._file.remove()

    def _write(self, data: bytes) -> None:
        files.write_all(self._file, data)
