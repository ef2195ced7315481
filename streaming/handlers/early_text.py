"""The text of a turn, decoded during the pause before its end, so that a reply need not wait for it.

A pause of 0.19 s may be the end of the turn. If the handler is known to transcribe its turns, the recogniser decodes the turn then. If the
turn does end, its audio is that of the pause, and `stt` returns the text that was decoded. A handler is known by its first
turn; that turn is decoded early if the program has asked for a model at all.
"""

import asyncio
import contextvars
import logging
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar, Protocol
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from streaming.aio.worker_thread import WorkerThread
from streaming.audio.convert import Audio
from streaming.speech.turn_detector import Turn

WAIT_S = 30.0
"""Longest wait for a decode that began during the pause; then the audio is decoded again."""

MOST_S = 15.0
"""Longest turn, in seconds, that is decoded early: each pause costs a decode of the turn so far."""

logger = logging.getLogger(__name__)


class TurnTranscriber(Protocol):
    """A model that transcribes turns, `SpeechToText`."""

    decodes_early: bool

    def decode(self, audio: Audio) -> str:
        """Return the text; blocks."""


@dataclass(slots=True)
class TranscribedBy:
    """The model that a handler's function transcribes its turns with; None until it does. `answered`: whether it answered a turn."""

    model: TurnTranscriber | None = None
    answered: bool = False

    @property
    def expected(self) -> TurnTranscriber | None:
        """The model that will probably transcribe the next turn."""
        return self.model if self.answered else self.model or Expected.model


class Expected:
    """The model that the program has asked for, with `get_stt_model`; None before that."""

    model: ClassVar[TurnTranscriber | None] = None


_records: WeakKeyDictionary[Any, TranscribedBy] = WeakKeyDictionary()


def transcribed_by(function: Callable[..., Any]) -> TranscribedBy:
    """Return the record of a function, or of the method of a class, which all handlers with it share."""
    plain = getattr(function, "__func__", function)
    try:
        return _records.setdefault(plain, TranscribedBy())
    except TypeError:  # an object that cannot be hashed, or has no weak references
        return TranscribedBy()


@dataclass(frozen=True, slots=True)
class AnsweredTurn:
    """The turn that is being answered, and the future of its text where that is decoded already."""

    turn: Turn
    transcribed_by: TranscribedBy
    model: TurnTranscriber | None = None
    text: Future[str] | None = None

    def text_of(self, samples: NDArray[Any], model: TurnTranscriber) -> str | None:
        """Return the text of the turn, if these are its samples and this model has decoded it; blocks until it has.

        It is remembered that the handler transcribes its turns with this model.
        """
        if np.size(samples) != len(self.turn.samples) or not np.may_share_memory(samples, self.turn.samples):
            return None
        if model.decodes_early:
            self.transcribed_by.model = model
        if self.text is None or model is not self.model:
            return None
        try:
            return self.text.result(WAIT_S)
        except Exception as error:  # its text may hold spoken words
            logger.warning("a turn is decoded again: %s", type(error).__name__)
            return None


current_turn: ContextVar[AnsweredTurn | None] = ContextVar("parley_turn", default=None)
"""The turn that the running reply answers."""


class EarlyText:
    """Decodes the turn of one session at each pause; the newest result counts. Event loop only."""

    def __init__(self, transcribed_by: TranscribedBy) -> None:
        self.transcribed_by = transcribed_by
        self._thread = WorkerThread("early-text")
        self._turn: Turn | None = None
        self._model: TurnTranscriber | None = None
        self._text: Future[str] | None = None

    @property
    def wanted(self) -> bool:
        """Whether the handler will probably transcribe the next turn."""
        return self.transcribed_by.expected is not None

    def paused(self, turn: Turn) -> None:
        """Decode a turn that may be over, unless it is long, or the decode of an earlier pause is still running."""
        model = self.transcribed_by.expected
        is_running = self._text is not None and not self._text.done()
        if model is None or is_running or len(turn.samples) > MOST_S * turn.rate:
            return
        self._turn, self._model, self._text = turn, model, Future()
        task = asyncio.ensure_future(self._thread.run(partial(_decode, model, turn, self._text)))
        task.add_done_callback(partial(_dropped, self._text))

    def answered(self, turn: Turn) -> AnsweredTurn:
        """Return the turn to be answered, with its text if it was decoded."""
        is_same = self._turn is not None and len(self._turn.samples) == len(turn.samples) and self._turn.voiced == turn.voiced
        text, self._text = (self._text, None) if is_same else (None, self._text)
        self.transcribed_by.answered = True
        return AnsweredTurn(turn, self.transcribed_by, self._model, text)

    def close(self) -> None:
        """End the thread."""
        self._thread.close()


def _decode(model: TurnTranscriber, turn: Turn, text: Future[str]) -> None:
    """Decode a turn outside of any turn's context."""
    decode: Callable[[], str] = partial(contextvars.Context().run, model.decode, (turn.rate, turn.samples))
    try:
        text.set_result(decode())
    except Exception as error:
        text.set_exception(error)


def _dropped(text: Future[str], task: "asyncio.Future[None]") -> None:
    """Let nobody wait for a decode that did not run, since the session ended."""
    if task.cancelled() or task.exception() is not None:
        text.cancel()
