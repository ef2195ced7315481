"""How English words sound, roughly, and how alike two sounds are. Letters in, one sign per sound out; knows no word list.

A sound is written as a text of signs: consonants p b t d k g f v s z m n l r w h y, S (shop), C (church), J (judge), T (thin); vowels
a e i o u, A (day), I (see), U (do), W (now), Y (boy). Spelling tells English sounds badly, so vowels weigh little.
"""

import re
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

_VOWELS = frozenset("aeiouAIUWY")

_RULES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), to)
    for pattern, to in (
        (r"^(?:kn|gn|pn)", "n"),
        (r"^wr", "r"),
        (r"^ps", "s"),
        (r"^x", "z"),
        (r"^wh", "w"),
        (r"^mc", "mak"),
        (r"(?<=m)[bn]$", ""),
        (r"gn$", "n"),
        (r"igh", "i"),
        (r"(?<=[aeiou])gh(?=t)", ""),
        (r"(?:ou|au)gh$", "o"),
        (r"gh", "g"),
        (r"tch", "C"),
        (r"sch|sh", "S"),
        (r"ch(?=[rlnt])", "k"),
        (r"ch", "C"),
        (r"ph", "f"),
        (r"th", "T"),
        (r"[sc]i(?=on|ous|al|an)|ti(?=on|ous|al|an|en)", "S"),
        (r"t(?=ure)", "C"),
        (r"dg(?=[eiy])|dj", "J"),
        (r"gg", "g"),
        (r"g(?=[eiy])|j", "J"),
        (r"s?c(?=[eiy])", "s"),
        (r"qu", "kw"),
        (r"c?kh?|cc|c|q", "k"),
        (r"zz|tz", "ts"),
        (r"x", "ks"),
        (r"(?<=[aeiou])s(?=[aeiou])", "z"),
        (r"h(?=$|[^aeiouy])", ""),
        (r"ay|ai|a(?=[^aeiouwr]e$)", "A"),
        (r"ee|ea|ei|e?y$|ie(?=[^aeiou]|$)|i(?=[^aeiou]e$)", "I"),
        (r"oo|ew|eu|ue$|ui|u(?=[^aeiou]e$)", "U"),
        (r"ou|ow", "W"),
        (r"oa|oe|au|aw|o(?=[^aeiou]e$)", "o"),
        (r"o[iy]", "Y"),
        (r"(?<=[^aeiouAIUWY])e$", ""),
        (r"y(?![aeiouAIUWY])", "i"),
        (r"(.)\1+", r"\1"),
    )
)
"""From spelling to sound, one after the other; small letters stand for themselves."""


@lru_cache(maxsize=65536)
def sound(word: str) -> str:
    """The sound of one lower-case word of letters and digits; empty only for an empty word."""
    for pattern, to in _RULES:
        word = pattern.sub(to, word)
    return word


_CLASSES = str.maketrans(
    {
        **dict.fromkeys("pbfv", "P"),
        **dict.fromkeys("tdT", "T"),
        **dict.fromkeys("szSCJ", "S"),
        **dict.fromkeys("kg", "K"),
        **dict.fromkeys("mn", "N"),
        **dict.fromkeys("whyaeiouAIUWY", None),
        "l": "L",
        "r": "R",
    }
)
_DOUBLED = re.compile(r"(.)\1+")


@lru_cache(maxsize=65536)
def skeleton(sound_: str) -> str:
    """The consonants of a sound by the place where they are formed: what a recogniser seldom gets wrong. 'parlI' gives 'PRL'."""
    return _DOUBLED.sub(r"\1", sound_.translate(_CLASSES))


_COARSE = str.maketrans(
    {
        **dict.fromkeys("pb", "p"),
        **dict.fromkeys("td", "t"),
        **dict.fromkeys("kg", "k"),
        **dict.fromkeys("fv", "f"),
        **dict.fromkeys("sz", "s"),
        **dict.fromkeys("SCJ", "S"),
        **dict.fromkeys("aeiouAIUWY", "a"),
    }
)
_CHEAPEST = 0.3
"""What a difference costs at least that is still there in the coarse form."""


@lru_cache(maxsize=65536)
def coarse(sound_: str) -> str:
    """A sound with all that is hardly told apart as one sign, sign by sign: 'kubernetes' gives 'kaparnatas'."""
    return sound_.translate(_COARSE)


def at_most(one: str, other: str, lightest: float, heaviest: float, least: float) -> float:
    """How alike two sounds can be: never less than `likeness`, and soon told; 0 where that is less than `least`.

    `lightest` and `heaviest` are the weights of the two.
    """
    if not heaviest:
        return 1.0
    room = (1.0 - least) * heaviest
    if heaviest - lightest > room and heaviest - lightest > room + _saved(one, other):
        return 0.0
    most = int(room / _CHEAPEST)
    changes = Levenshtein.distance(coarse(one), coarse(other), score_cutoff=most)
    return 1.0 - changes * _CHEAPEST / heaviest if changes <= most else 0.0


def _saved(one: str, other: str) -> float:
    """How much less than the difference of their weights two sounds can cost, at most: only v and w cost less than theirs."""
    swaps = min(one.count("v"), other.count("w")) + min(one.count("w"), other.count("v"))
    return swaps * _SAVED


def _costs() -> dict[str, float]:
    """What it costs to take one sign for another, by the two signs; the nearer their sounds, the less."""
    near = {
        0.2: "pb td kg fv sz SC CJ SJ iI eI eA AI uU oW aW iY",
        0.3: "mn tT dT sT fT zT sS zJ zS tC dJ vb vw pf ai ei ae ao au ou eo oU UW iA eu",
        0.45: "lr sC kC kt pt bd gd kp bm dn nl lw rw yJ yI kh fh gJ",
    }
    costs = {one + other: _far(one, other) for one in _SIGNS for other in _SIGNS}
    return _Costs(costs | {pair: cost for cost, pairs in near.items() for one in pairs.split() for pair in (one, one[::-1])})


class _Costs(dict[str, float]):
    """Costs of pairs; signs of other scripts are far from all others."""

    def __missing__(self, pair: str) -> float:
        return _far(*pair)


def _far(one: str, other: str) -> float:
    """What it costs where two signs are not near: two vowels, two consonants, one of each."""
    return (0.8, 1.0, 0.35)[(one in _VOWELS) + (other in _VOWELS)]


_SIGNS = "pbtdkgfvszmnlrwhySCJTaeiouAIUWY"
_SWAP = _costs()
_LOST = {**dict.fromkeys(_VOWELS, 0.4), **dict.fromkeys("hwy", 0.35), "r": 0.6}
"""What it costs when a sign is missing or too much; 0.8 for all that are not here."""


_SAVED = _LOST.get("v", 0.8) - _LOST["w"] - _SWAP["vw"]


def weight(sound_: str) -> float:
    """How much there is to hear: about 0.6 for each sign. 'Parley' has 3, 'Kubernetes' 6."""
    return sum(_LOST.get(sign, 0.8) for sign in sound_)


def likeness(one: str, other: str) -> float:
    """How alike two sounds are, from 0 to 1 (the same)."""
    most = max(weight(one), weight(other))
    return max(0.0, 1.0 - _distance(one, other) / most) if most else 1.0


def _distance(one: str, other: str) -> float:
    """The cheapest way from one sound to the other, sign by sign (the edit distance with the costs above)."""
    lost = [_LOST.get(sign, 0.8) for sign in other]
    last = [0.0]
    for cost in lost:
        last.append(last[-1] + cost)
    for sign in one:
        mine = _LOST.get(sign, 0.8)
        left = last[0] + mine
        row = [left]
        for at, theirs in enumerate(other):
            swapped = last[at] if sign == theirs else last[at] + _SWAP[sign + theirs]
            left += lost[at]
            dropped = last[at + 1] + mine
            left = swapped if swapped < left else left
            left = dropped if dropped < left else left
            row.append(left)
        last = row
    return last[-1]
