"""Puts complete recordings into the storage: at the end of their session, or later what an ended process left behind."""

import asyncio
import logging
from collections.abc import Iterator
from functools import partial

from insights import queries, recorder
from insights.safe_log import error_location
from streaming.aio.database_executors import run_in_database, run_write
from streaming.aio.executors import AUDIO_STORAGE_THREADS
from streaming.cluster.runtime import runtime
from streaming.recordings import files
from streaming.recordings.files import UnfinishedFile
from streaming.recordings.recording import Recording

logger = logging.getLogger(__name__)

FIRST_S = 1.0
AGAIN_S = 60.0
"""Seconds from the start of a process to its first look for files that were left behind, and between two."""


class AudioStore:
    """Stores the recordings of one event loop."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Start to look for files that were left behind, and for copies that are not needed; may be called again."""
        runtime().poller.add("storing of audio that was left behind", self._store_left_behind, AGAIN_S, first_s=FIRST_S)
        runtime().poller.add("removal of copies of stored audio", self._remove_copies, AGAIN_S)

    def store_later(self, recording: Recording) -> None:
        """Close a recording and put its file into the storage, in a task."""
        recording.close()
        task = asyncio.create_task(self._finish(recording))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finished(self, within_s: float) -> None:
        """Wait until the files are stored, at most so many seconds; the others are stored at the next start."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=within_s)

    async def _finish(self, recording: Recording) -> None:
        file = await asyncio.wrap_future(recording.closed)
        if file is not None:
            await self._store(file)
        elif not recording.has_failed:
            await run_write(recorder.discard_audio, recording.audio_id)

    async def _store_left_behind(self) -> None:
        found = files.left_behind()
        while (file := await AUDIO_STORAGE_THREADS.run(_next, found)) is not None:
            await self._store(file)

    async def _remove_copies(self) -> None:
        """Remove the copies on this host that nobody reads any more, and those of audio that was deleted or changed, on whatever host."""
        copies = await AUDIO_STORAGE_THREADS.run(files.copies)
        if copies:
            sizes = await run_in_database(queries.sizes_of_audio, copies.keys())
            await AUDIO_STORAGE_THREADS.run(partial(files.remove_copies, copies, sizes))

    async def _store(self, file: UnfinishedFile) -> None:
        """Put a file into the storage and note it in its row; a failure leaves it for the next look."""
        try:
            if file.facts is None:
                await run_write(recorder.discard_audio, file.audio_id)
            else:
                name = await AUDIO_STORAGE_THREADS.run(file.put)
                if not await run_write(recorder.store_audio, file.audio_id, file.facts, name):
                    await AUDIO_STORAGE_THREADS.run(partial(files.remove, [name]))  # the conversation was deleted meanwhile
            await AUDIO_STORAGE_THREADS.run(file.remove)
        except FileNotFoundError:  # its conversation, or its speaker, was deleted meanwhile
            file.close()
        except Exception as error:
            logger.warning("audio could not be stored, which is tried again (%s)", error_location(error))
            file.close()


def _next(found: Iterator[UnfinishedFile]) -> UnfinishedFile | None:
    return next(found, None)
