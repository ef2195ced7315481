"""The level of the user of a voice agent: softer speech is that of people in the background."""

import numpy as np
import pytest

from streaming.speech.endpointing import FRAME_S
from streaming.speech.turn_detector import TurnDetector, TurnDetectorOptions
from streaming.speech.user_level import UserLevel
from streaming.speech.vad import FRAME
from tests.streaming.speech.test_turn_detector import Notes

TEN_DB, FIVE_DB, QUIET = 10 ** (-11 / 20), 10 ** (-5 / 20), 0.001
"""Levels of speech more than 10 dB softer than 1.0, of speech less than that softer, and of a quiet room."""


def known() -> UserLevel:
    """Return the level of a user who has spoken for a second, with a level of 1.0."""
    user = UserLevel(10)
    for _ in range(32):
        user.is_background(0.9, 1.0, during_reply=False, speaking=True)
    return user


def test_before_the_user_has_spoken() -> None:
    """Any speech is the user's."""
    user = UserLevel(10)
    assert not user.is_background(0.9, QUIET, during_reply=True, speaking=False)
    assert user.level == 0


@pytest.mark.parametrize(("level", "is_background"), [(TEN_DB, True), (FIVE_DB, False), (2.0, False)])
def test_a_noisy_room_during_a_reply(level: float, is_background: bool) -> None:
    """Softer speech than the user's starts no turn; between replies it does."""
    user = known()
    assert user.is_background(0.9, level, during_reply=True, speaking=False) is is_background
    assert not user.is_background(0.9, level, during_reply=False, speaking=False)


def test_a_quiet_room_during_a_reply() -> None:
    """Soft speech counts: an echo canceller may have attenuated the user."""
    user = known()
    user.is_background(0.0, QUIET, during_reply=True, speaking=False)
    assert not user.is_background(0.9, TEN_DB, during_reply=True, speaking=False)


def test_a_fan_during_a_reply() -> None:
    """Steady noise is no speech: a user who turns away from the microphone interrupts as in a quiet room."""
    user = known()
    for _ in range(125):
        user.is_background(0.1, FIVE_DB * TEN_DB, during_reply=True, speaking=False)
    assert not user.is_background(0.9, TEN_DB, during_reply=True, speaking=False)


def test_others_who_pause() -> None:
    """Once they were heard for a second between replies, such as a television, they start no turn during one."""
    user = known()
    for frames in (24, 24):
        user.is_background(0.0, QUIET, during_reply=False, speaking=True)
        assert not user.is_background(0.9, TEN_DB, during_reply=True, speaking=False)
        for _ in range(frames):
            user.is_background(0.9, TEN_DB, during_reply=False, speaking=True)
    user.is_background(0.0, QUIET, during_reply=True, speaking=False)
    assert user.is_background(0.9, TEN_DB, during_reply=True, speaking=False)


def test_a_turn_in_a_noisy_room() -> None:
    """Softer speech continues a turn for a quarter of a second, since words end softly; then it is that of others."""
    user = known()
    heard = [user.is_background(0.9, TEN_DB, during_reply=False, speaking=True) for _ in range(20)]
    assert heard == [False] * 7 + [True] * 13


def test_a_turn_in_a_quiet_room() -> None:
    """A second of soft speech is the user's where the room had a pause in the last four seconds."""
    user = known()
    user.is_background(0.0, QUIET, during_reply=False, speaking=True)
    assert not any(user.is_background(0.9, TEN_DB, during_reply=False, speaking=True) for _ in range(30))


def test_the_level() -> None:
    """It is that of the loud speech of the last ten seconds: neither a cough nor speech in the background changes it at once."""
    user = known()
    for level, frames, expected in ((10.0, 3, 1.0), (1.0, 312, 1.0), (TEN_DB * 1.2, 200, 1.0), (TEN_DB * 1.2, 112, TEN_DB * 1.2)):
        for _ in range(frames):
            user.is_background(0.9, level, during_reply=False, speaking=True)
        assert user.level == expected


def test_nothing_is_learned_from_what_may_be_others() -> None:
    """Neither during a reply nor from what is no speech."""
    user = known()
    for _ in range(400):
        user.is_background(0.9, 5.0, during_reply=True, speaking=True)
        user.is_background(0.1, 5.0, during_reply=False, speaking=True)
        user.is_background(0.9, 5.0, during_reply=False, speaking=False)
    assert user.level == 1.0


def speak(detector: TurnDetector, level: float, seconds: float) -> None:
    """Process speech of a level."""
    frame = np.full(FRAME, level, dtype=np.float32)
    for _ in range(round(seconds / FRAME_S)):
        detector.process(frame[None], [0.9])


@pytest.mark.parametrize("softer_db", [10.0, None])
def test_people_talk_in_the_background(softer_db: float | None) -> None:
    """The user's turn ends although they continue, and they start none during the reply; the user does."""
    notes = Notes()
    detector = TurnDetector(TurnDetectorOptions(ignore_softer_db=softer_db), 16_000, notes)
    others = 0.1 * TEN_DB
    speak(detector, others, 1.0)
    speak(detector, 0.1, 2.0)
    speak(detector, others, 1.0)
    assert notes.calls == (["began"] if softer_db is None else ["began", "ended"])
    detector.during_reply = True
    speak(detector, others, 5.0)
    speak(detector, 0.1, 0.1)
    assert notes.calls == (["began"] if softer_db is None else ["began", "ended", "began"])
