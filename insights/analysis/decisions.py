"""Decisions: sentences with which people say what they agreed on. Cues in the words of one message; precision before recall."""

import re

from insights.analysis.text.words import FILLERS, STOP_WORDS, fold, tokens

_WE = r"\b(?:we|they|the (?:team|board|committee|group|council))"
_HAVE = r"(?:(?:'ve| have| had)?(?: just| all| also| already| now| both| finally)?)"
_DECIDED = re.compile(
    rf"{_WE}{_HAVE} (?:decided|agreed|settled|chose|voted)\b(?! (?:that|what) (?:you|yet))"
    rf"|\b(?:it(?:'s| is| was)|that(?:'s| is| was)) (?:been )?(?:decided|agreed|settled)\b"
    rf"|\b(?:our|the|my|final) (?:final )?decision (?:is|was|stands)\b"
    rf"|\b(?:so|okay|ok|right|then|alright)?,? ?let's (?:go|stick|settle|start) (?:with|for|on)\b"
    rf"|{_WE}(?:'ll|'re going to| will| are going to| should just) (?:go|stick|settle) (?:with|for|on|ahead)\b"
    rf"|{_WE}(?:'re| are) going with\b",
)
_UNCERTAIN = re.compile(
    r"\b(?:if|whether|unless|when|once|before|until|maybe|perhaps|might|could|would|should we|have(?:n't| not)|did(?:n't| not)"
    r"|not (?:yet|sure)|never|was it|have we|did we|yet|what|who|which|how|suppose|or)\b",
)
_CONTENT = 2
"""Content words besides those of the cue that make a sentence stand alone."""
_LEAST, _MOST = 5, 60
"""Words of a sentence."""


def says_decision(text: str) -> bool:
    """Return whether a message says what was decided, in words that can be understood alone."""
    text = fold(text)
    cue = _DECIDED.search(text)
    if cue is None or text.rstrip(" \"'").endswith("?") or _UNCERTAIN.search(text, 0, cue.end()):
        return False
    words = [word.low for word in tokens(text)]
    rest = [word.low for word in tokens(text[cue.end() :])]
    content = [word for word in rest if word not in STOP_WORDS and word not in FILLERS and len(word) > 2]
    return _LEAST <= len(words) <= _MOST and len(content) >= _CONTENT
