"""Which questions stay open: no other speaker says anything afterwards, or the answer is that it is not known yet."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from insights.analysis.text.words import FILLERS, STOP_WORDS, tokens

LOOKED_AT = 6
"""Messages after a question that may answer it."""
_OTHERS = 3
"""Messages of other speakers among them that are read."""
_LEAST_WORDS = 4
_ANSWERS = frozenset(["yes", "yeah", "yep", "no", "nope", "sure", "okay", "ok", "right", "exactly", "correct", "absolutely", "true"])
_UNKNOWN = re.compile(
    r"\b(?:(?:do not|don't) (?:really |actually )?know|no idea|not (?:really |quite )?sure|good question"
    r"|(?:have|need) to (?:check|find out|ask|look into)"
    r"|(?:i'll|i will|we'll|we will|let me|i can) (?:check|find out|ask|look into|get back)|have(?:n't| not) decided|remains? open)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class SpokenText:
    """A message with its speaker (any stable key)."""

    speaker: int
    text: str


def stays_open(question: SpokenText, after: Sequence[SpokenText], *, one_speaker: bool = False) -> bool:
    """Return whether a question got no answer in the messages after it (LOOKED_AT are enough).

    `one_speaker`: nobody else speaks in the conversation, or the speakers are not told apart, so that any message may answer.
    """
    words = [word.low for word in tokens(question.text)]
    if len(words) < _LEAST_WORDS or not any(word not in STOP_WORDS and word not in FILLERS for word in words):
        return False
    replies = [said for said in after[:LOOKED_AT] if one_speaker or said.speaker != question.speaker][:_OTHERS]
    if any(_UNKNOWN.search(reply.text) for reply in replies):
        return True
    return not any(_answers(reply.text) for reply in replies)


def _answers(text: str) -> bool:
    words = [word.low for word in tokens(text) if word.low not in FILLERS]
    return not text.rstrip(" \"'").endswith("?") and (len(words) > 1 or not _ANSWERS.isdisjoint(words))
