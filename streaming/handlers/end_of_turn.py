"""What decides in a stream that the user's turn is over: a fixed pause, the words, or a model of the developer."""

import asyncio
import logging
from functools import partial
from typing import Literal

from streaming import recogniser
from streaming.aio.worker_thread import WorkerThread
from streaming.handlers.stt import LONGEST_S, at_16_khz
from streaming.speech.end_of_turn import EndOfTurnModel, Pause, words_model
from streaming.speech.endpointing import TurnSpan
from streaming.speech.engines.base import Recogniser, RecogniserError
from streaming.speech.turn_detector import Turn, TurnDetector

logger = logging.getLogger(__name__)

TurnDetection = Literal["pause", "words"] | EndOfTurnModel
"""What decides that a turn is over."""


def end_of_turn_model(turn_detection: TurnDetection) -> EndOfTurnModel | None:
    """Return the model, or None for a fixed pause. Raises ValueError for anything else."""
    if isinstance(turn_detection, str) and turn_detection in ("pause", "words"):
        return words_model() if turn_detection == "words" else None
    if isinstance(turn_detection, str) or not callable(getattr(turn_detection, "silence_ms", None)):
        raise ValueError(f'turn_detection must be "pause", "words" or an object with silence_ms, not {turn_detection!r}')
    return turn_detection


class EndOfTurnDecisions:
    """Asks a model about the pauses of one user. The words are decoded in the threads of the recogniser; one pause at a time.

    A pause without words, or one that begins while the previous one is asked about, ends the turn after `usual_ms`.
    """

    def __init__(self, model: EndOfTurnModel, detector: TurnDetector, usual_ms: int) -> None:
        self._model, self._detector, self._usual_ms = model, detector, usual_ms
        self._thread = WorkerThread("end-of-turn")
        self._task: asyncio.Task[None] | None = None

    def decide(self, turn: Turn, span: TurnSpan) -> None:
        """Start a decision about the pause after `turn`; called in the event loop."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._decide(turn, span))
        else:
            self._detector.end_after(span, self._usual_ms)

    def close(self) -> None:
        """End the decision in progress; called in the event loop."""
        if self._task is not None:
            self._task.cancel()
        self._thread.close()

    async def _decide(self, turn: Turn, span: TurnSpan) -> None:
        silence_ms: int | None = None
        try:
            engine = await asyncio.shield(asyncio.wrap_future(recogniser.begin_loading()))
            silence_ms = await self._thread.run(partial(_silence_ms, self._model, engine, turn))
        except RecogniserError as error:
            logger.warning("the end of a turn is decided by the pause: %s", error)
        except Exception as error:  # of a model: its text may hold spoken words
            logger.error("the end of a turn is decided by the pause: %s", type(error).__name__)
        self._detector.end_after(span, self._usual_ms if silence_ms is None else silence_ms)


def _silence_ms(model: EndOfTurnModel, engine: Recogniser, turn: Turn) -> int | None:
    """Return the silence that ends the turn; None if it has no words. The end of a long turn decides."""
    turn = turn.last(LONGEST_S)
    pcm = at_16_khz((turn.rate, turn.samples))
    words = engine.transcribe(pcm, turn.voiced, thorough=False)
    return model.silence_ms(Pause(tuple(word.text for word in words), pcm)) if words else None
