"""Decides whether speech during a reply interrupts it, from its duration and words. Pure: no clock, no audio, no thread.

A backchannel, a noise or a short sound is a false interruption: the reply continues. See `Backchannels` for the words.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from streaming.speech.backchannels import Backchannels

NEARLY_OVER_S = 1.0
"""With at most so many seconds of a reply left, an acknowledgement answers it ("Shall I book it?" "Yes") and is a turn of its own."""
_SURE_WORDS = 2
"""Words of an unfinished turn from which they count: a single one may be the beginning of another, or of a backchannel."""
_SURE_S = 1.0
"""Seconds of speech from which a single word of an unfinished turn counts."""


class SpeechDuringReply(Enum):
    """What speech during a reply is."""

    INTERRUPTION = "interruption"
    FALSE = "false interruption"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Speech:
    """What the user said during a reply, so far.

    `words` is None where there is no recogniser, and empty where it found none. `seconds` counts voiced audio only. `guesses` are the
    improbable words of a turn without others.
    """

    words: Sequence[str] | None
    seconds: float
    ended: bool
    guesses: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class ReplyPosition:
    """How many seconds of the reply were heard, and how many are left; `left_s` is infinite while the handler still produces it."""

    heard_s: float
    left_s: float


class Backoff:
    """How soon a reply may stop again after it stopped for a sound that was no speech: the more often that happened, the later.

    Times are in seconds of any monotonic clock.

    Args:
        first_s: the wait after the first such sound, or after the one that follows the `free` ones. It doubles each further time.
        most_s: the longest wait; after as long without such a sound the next one is the first again.
        free: sounds without a wait.
    """

    def __init__(self, first_s: float, most_s: float, free: int = 0) -> None:
        self._first_s, self._most_s, self._free = first_s, most_s, free
        self._times = 0
        self._until = 0.0

    def allows(self, now: float) -> bool:
        """Return whether the reply may stop."""
        return not self._times or now >= self._until

    def mistaken(self, now: float) -> None:
        """Count a sound that was no speech."""
        if self._times and now > self._until + self._most_s:
            self._times = 0
        self._times += 1
        wait_s = self._first_s * 2.0 ** min(self._times - 1 - self._free, 32) if self._times > self._free else 0.0
        self._until = now + min(self._most_s, wait_s)

    def reset(self) -> None:
        """Forget them: the user spoke."""
        self._times = 0


def decide(
    speech: Speech,
    reply: ReplyPosition,
    backchannels: Backchannels,
    *,
    min_duration_s: float = 0.5,
    min_words: int = 0,
) -> SpeechDuringReply:
    """Return what speech is: always INTERRUPTION or FALSE once it has ended.

    Args:
        min_duration_s: seconds of speech that interrupt where the words are unknown; known words interrupt earlier, at their end.
        min_words: words other than filled pauses that an interruption has, where the words are known; backchannels do not count.
    """
    otherwise = SpeechDuringReply.FALSE if speech.ended else SpeechDuringReply.UNDECIDED
    if speech.words is None:
        answers = speech.ended and reply.left_s <= 0
        return SpeechDuringReply.INTERRUPTION if answers or speech.seconds >= min_duration_s else otherwise
    if not speech.words and backchannels.contain_command(speech.guesses):
        return SpeechDuringReply.INTERRUPTION
    words = backchannels.count(speech.words)
    if not words.content:
        answers = words.acknowledging > 0 and (reply.heard_s <= 0 or reply.left_s <= NEARLY_OVER_S)
        return SpeechDuringReply.INTERRUPTION if answers and speech.ended else otherwise
    if words.content + words.acknowledging < min_words:
        return otherwise
    sure = speech.ended or words.content >= _SURE_WORDS or speech.seconds >= _SURE_S
    return SpeechDuringReply.INTERRUPTION if sure and (speech.ended or speech.seconds >= min_duration_s) else otherwise
