"""Decisions: sentences with which people say what they agreed on. Cues in the words of one message; precision before recall."""

import re

from insights.analysis.text.words import FILLERS, STOP_WORDS, fold, tokens

_GROUP = r"(?<!have )(?<!did )(?<!had )\b(?:we|the (?:team|board|committee|group|council|management|client|customer))"
_HAVE = r"(?:'ve| have| had| has)?(?: just| all| also| already| now| both| finally| jointly)?"
_SIGN = re.compile(
    r"decid|decision|agreed|let's|going with|\b(?:go|stick) with|chose|ruled out|approved|rejected|postpon|cancel|settled|plan is"
)
"""Without one of these there is no cue; most messages end here."""
_CUE = re.compile(
    rf"{_GROUP}{_HAVE} (?:decided|agreed)(?: together| yesterday| today| last week)? (?:not to|to|on|that|we|against|for|upon)\b"
    r"(?!,| (?:on|already|and|in|at|last)\b)"
    rf"|{_GROUP}{_HAVE} (?:settled on|chose|chosen|ruled out|approved|rejected|postponed|cancelled)\b(?![,.]| (?:that|it|them)\b)"
    r"|\b(?:we're|we are) (?:all |both )?agreed (?:that|on)\b"
    r"|\b(?:it|that)(?:'s| is| was| has been)(?: now| been)? (?:decided|agreed) (?:that|to|on|not to)\b"
    r"|\b(?:our|the|my|a) (?:final |joint )?decision (?:is|was) (?:that|to|not to|made to|for|against)\b"
    r"|\b(?:our|the) plan is (?:now )?to\b"
    r"|^(?:agreed|decided|decision): "
    r"|^(?:(?:so|okay|ok|right|then|alright|well|um|uh|fine|good),? )*let's (?:go|stick|settle) (?:with|for|on)\b"
    rf"|{_GROUP}(?:'ll|'re going to| will| are going to)(?: just| then)? (?:go|stick) with\b"
    rf"|{_GROUP}(?:'re| are) (?:now )?going with\b"
)
_UNCERTAIN = re.compile(
    r"\b(?:if|whether|unless|when|once|before|until|maybe|perhaps|might|could|would|should|have(?:n't| not)|did(?:n't| not)"
    r"|not yet|not sure|never|nothing|have we|did we|what|who|which|how|suppose|luckily|wish|hope|thought|as|because|why)\b"
)
"""Before a cue: no decision, or one that something else is said about."""
_NEXT = re.compile(
    r" (?:the )?(?:next|first|second|third|last|\w+ (?:presentation|question|slide|item|point|break|lunch|coffee)s?)\b"
    r"|.{0,20}\bpresentations?\b"
)
"""After "let's go with": what comes next in the meeting."""
_CONTENT = 2
"""Content words behind the cue that make a sentence stand alone."""
_LEAST, _MOST = 6, 60
"""Words of a sentence."""


def says_decision(text: str) -> bool:
    """Return whether a message says what was decided, in words that can be understood alone."""
    low = fold(text)
    if not _SIGN.search(low) or low.rstrip(" \"'").endswith("?"):
        return False
    cue = _CUE.search(low)
    if cue is None or _UNCERTAIN.search(low, 0, cue.start()) or ("let's" in cue.group() and _NEXT.match(low, cue.end())):
        return False
    said = [word.low for word in tokens(low[cue.end() :]) if len(word.low) > 2 and word.low not in STOP_WORDS and word.low not in FILLERS]
    return _LEAST <= len(tokens(low)) <= _MOST and len(set(said)) >= _CONTENT
