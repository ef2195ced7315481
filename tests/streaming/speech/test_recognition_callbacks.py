"""The calls of a recognition's listener."""

import logging

import pytest

from streaming.speech.engines.base import LOW_BACKLOG_S, RecognitionResult
from streaming.speech.recognition import RecognitionCallbacks
from tests.streaming.speech.fakes import Notes

RESULT = RecognitionResult("Hello.", (), 0.9, True, 0.0, 1.0, 1)


def test_finished_is_called_once_and_nothing_after_it() -> None:
    """A recognition ends once."""
    notes = Notes()
    callbacks = RecognitionCallbacks(notes)
    callbacks.finished()
    callbacks.finished()
    callbacks.call(notes.recognised, RESULT)
    assert (notes.ends, notes.results, callbacks.over) == (1, [], True)


def test_disable() -> None:
    """After `disable` nothing is called, not even `finished`."""
    notes = Notes()
    callbacks = RecognitionCallbacks(notes)
    callbacks.disable()
    callbacks.call(notes.speech_started, 1.0)
    callbacks.finished()
    assert (notes.starts, notes.ends, callbacks.over) == ([], 0, True)


def test_backlog_low_is_called_when_the_backlog_has_fallen() -> None:
    """It is called once for each high backlog."""
    notes = Notes()
    callbacks = RecognitionCallbacks(notes)
    for backlog in (0.0, LOW_BACKLOG_S, LOW_BACKLOG_S + 1, LOW_BACKLOG_S + 9, LOW_BACKLOG_S - 1, 0.0, LOW_BACKLOG_S + 1):
        callbacks.update_backlog(backlog)
    assert notes.drains == 1
    callbacks.update_backlog(0.0)
    assert notes.drains == 2


def test_a_listener_that_fails_is_logged_by_type(caplog: pytest.LogCaptureFixture) -> None:
    """Its exception is logged by type, without the words."""

    class Bad(Notes):
        def recognised(self, result: RecognitionResult) -> None:
            raise ValueError(result.text)

    notes = Bad()
    callbacks = RecognitionCallbacks(notes)
    with caplog.at_level(logging.DEBUG):
        callbacks.call(notes.recognised, RESULT)
    callbacks.finished()
    assert notes.ends == 1
    assert "ValueError" in caplog.text
    assert "Hello" not in caplog.text
