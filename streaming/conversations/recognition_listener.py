"""Receives the callbacks of a recognition: moves them from recogniser threads to the event loop and maps times to the wall clock."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from insights.events import MessagesStored
from insights.recorder import SpokenWord, StoredEvent, Utterance
from streaming.aio.bounded_queue import BoundedQueue
from streaming.audio.clock import Clock
from streaming.audio.codecs import AudioError
from streaming.speech.engines.base import RecognitionResult, Word

logger = logging.getLogger(__name__)


class RecognitionListener:
    """The listener of one recognition; `results` has what was recognised and is not stored yet."""

    def __init__(self, on_error: Callable[[Exception], None], clock: Clock) -> None:
        self.results: BoundedQueue[RecognitionResult] = BoundedQueue(10_000)
        self.room = asyncio.Event()
        self.done = asyncio.Event()
        self.clock = clock
        self._unfinished: RecognitionResult | None = None
        self._on_error = on_error
        self._loop = asyncio.get_running_loop()

    def flush_interim(self) -> None:
        """Queue the last interim result of an unfinished turn as final."""
        if self._unfinished is not None:
            self.results.put(replace(self._unfinished, is_final=True))

    def utterance(self, result: RecognitionResult, *, overlap: bool = False) -> Utterance:
        """Return a final result in wall-clock time. `overlap`: another person speaks, too."""
        at = self.clock.at
        words = tuple(SpokenWord(word.text, at(word.start), at(word.end), word.confidence) for word in result.words)
        start, end = at(result.start), at(result.end)
        return Utterance(result.text, words, result.confidence, start, end, overlap=overlap, translation=result.translation)

    def as_stored(self, result: RecognitionResult, events: Sequence[StoredEvent]) -> RecognitionResult:
        """Return a final result with the text and words that were stored; word times are seconds since the start of the audio."""
        messages = [message for stored in events if isinstance(stored.event, MessagesStored) for message in stored.event.messages]
        origin = self.clock.at(result.start)

        def seconds(text: str) -> float:
            return round(result.start + (datetime.fromisoformat(text) - origin).total_seconds(), 3)

        words = [word for message in messages for word in message.words]
        placed = tuple(Word(one.word, seconds(one.start_time), seconds(one.end_time), one.score) for one in words)
        return replace(result, text=" ".join(message.text for message in messages), words=placed)

    def recognised(self, result: RecognitionResult) -> None:
        """Queue a result. Called from any thread."""
        self._call_in_loop(self._take, result)

    def speech_started(self, at: float) -> None:
        """Do nothing: only recognised words matter here. Called from any thread."""

    def audio_error(self, error: AudioError) -> None:
        """Report an error. Called from any thread."""
        self._call_in_loop(self._on_error, error)

    def recording_error(self, error: Exception) -> None:
        """Report that audio cannot be stored. Called from any thread."""
        self._call_in_loop(self._on_error, error)

    def backlog_low(self) -> None:
        """Wake a waiting `feed`. Called from any thread."""
        self._call_in_loop(self.room.set)

    def finished(self) -> None:
        """Note that all audio is transcribed. Called from any thread."""
        self._call_in_loop(self.done.set)

    def _take(self, result: RecognitionResult) -> None:
        self._unfinished = None if result.is_final else result
        self.results.put(result)

    def _call_in_loop(self, call: Callable[..., Any], *args: Any) -> None:
        try:
            self._loop.call_soon_threadsafe(call, *args)
        except RuntimeError:  # the event loop is closed because the server has stopped
            logger.debug("a recognition result came after the end of the event loop")
