"""How loud the user of a voice agent speaks, and which speech is too soft to be the user's. Pure: levels in, decisions out.

Voice activity detection finds speech, whoever speaks. The user is nearer to the microphone than the people at the next table or in a
television. So where others talk, what is softer than the user by some decibels counts as silence: during a reply, and in the pauses of the
user's turn. In a quiet room soft speech counts: an echo canceller attenuates the user during a reply.
"""

from bisect import bisect_left, insort
from collections import deque

_SPEECH = 0.5  # least probability of a frame from which something is learned
_LEARNED = 312  # frames of speech from which it is learned: the last ten seconds
_LEAST = 16  # frames from which on the level is known: half a second
_LOUD = 0.9  # the user's level is that of the frame with this rank: people in the background are softer, a cough is short
_WORD = 8  # frames over which the loudest one counts: 0.26 s, since a word ends softly
_WATCHED = 125  # frames in which a quiet room has a pause: 4 s
_NOISY = 0.08  # of the user's level: where it is never as quiet, 22 dB below, others may talk all the time
_TALKED = 0.25  # share of those frames that are speech: a fan does not talk
_OTHERS = 0.12  # share of it that is too soft: more is not the user's; sentences of real readers had at most 0.11


class UserLevel:
    """The level of one user, learned from the turns between the replies.

    Levels are linear, in any unit. Frames are those of the VAD, each given once and in order.

    Args:
        softer_db: speech that is softer than the user's level by more decibels is not the user's, where others talk.
    """

    def __init__(self, softer_db: float) -> None:
        self._ratio = 10 ** (-softer_db / 20)
        self._newest: deque[float] = deque()
        self._sorted: list[float] = []
        self._recent: deque[float] = deque(maxlen=_WORD)
        self._watched: deque[float] = deque(maxlen=_WATCHED)
        self._talked: deque[bool] = deque(maxlen=_WATCHED)
        self._soft: deque[bool] = deque(maxlen=_LEARNED)

    @property
    def level(self) -> float:
        """The user's level; 0 while it is not known."""
        return self._sorted[int(_LOUD * len(self._sorted))] if len(self._sorted) >= _LEAST else 0.0

    def is_background(self, probability: float, level: float, *, during_reply: bool, speaking: bool) -> bool:
        """Return whether a frame is the speech of others, or what is heard behind it.

        Args:
            probability: of speech, in [0, 1].
            level: of the frame.
            during_reply: whether the user hears a reply; any level may start a turn otherwise.
            speaking: whether a turn is open.
        """
        self._recent.append(level)
        self._watched.append(level)
        self._talked.append(probability >= _SPEECH)
        loudest, least = max(self._recent), self._ratio * self.level
        is_soft = (loudest if speaking else level) < least
        is_background = is_soft and (speaking or during_reply) and self._others_talk
        if speaking and not during_reply and probability >= _SPEECH:
            self._soft.append(loudest < least)
            if not is_background:
                self._learn(level)
        return is_background

    @property
    def _others_talk(self) -> bool:
        all_the_time = min(self._watched) > _NOISY * self.level and sum(self._talked) > _TALKED * len(self._talked)
        return all_the_time or sum(self._soft) > _OTHERS * _LEARNED

    def _learn(self, level: float) -> None:
        if len(self._newest) == _LEARNED:
            del self._sorted[bisect_left(self._sorted, self._newest.popleft())]
        self._newest.append(level)
        insort(self._sorted, level)
