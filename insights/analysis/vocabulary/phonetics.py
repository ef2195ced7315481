"""Approximate English pronunciation and the similarity of two sounds. Maps letters to one symbol per sound, without a word list.

A sound is a string of symbols: consonants p b t d k g f v s z m n l r w h y, S (shop), C (church), J (judge), T (thin); vowels
a e i o u, A (day), I (see), U (do), W (now), Y (boy). English spelling predicts vowels badly, so they have a low weight.
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
"""Substitutions from spelling to sound, applied in order; lower-case letters stand for themselves."""


@lru_cache(maxsize=65536)
def sound(word: str) -> str:
    """Return the sound of one lower-case word of letters and digits; empty only for an empty word."""
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
    """Return a sound's consonants by place of articulation, which recognisers seldom get wrong. 'parlI' gives 'PRL'."""
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
"""Minimum cost of a difference that remains in the coarse form."""


@lru_cache(maxsize=65536)
def coarse(sound_: str) -> str:
    """Return a sound with similar sounds merged into one symbol, symbol by symbol: 'kubernetes' gives 'kaparnatas'."""
    return sound_.translate(_COARSE)


def at_most(one: str, other: str, lightest: float, heaviest: float, least: float) -> float:
    """Return a fast upper bound of `likeness`; 0 where the bound is less than `least`.

    Args:
        lightest, heaviest: the weights of the two sounds.
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
    """Return by how much the cost of two sounds can be below the difference of their weights: only v and w cost less."""
    swaps = min(one.count("v"), other.count("w")) + min(one.count("w"), other.count("v"))
    return swaps * _SAVED


def _costs() -> dict[str, float]:
    """Return the cost of replacing one symbol by another, keyed by both; similar sounds cost less."""
    near = {
        0.2: "pb td kg fv sz SC CJ SJ iI eI eA AI uU oW aW iY",
        0.3: "mn tT dT sT fT zT sS zJ zS tC dJ vb vw pf ai ei ae ao au ou eo oU UW iA eu",
        0.45: "lr sC kC kt pt bd gd kp bm dn nl lw rw yJ yI kh fh gJ",
    }
    costs = {one + other: _far(one, other) for one in _SIGNS for other in _SIGNS}
    return _Costs(costs | {pair: cost for cost, pairs in near.items() for one in pairs.split() for pair in (one, one[::-1])})


class _Costs(dict[str, float]):
    """Costs of symbol pairs; symbols of other scripts are far from all others."""

    def __missing__(self, pair: str) -> float:
        return _far(*pair)


def _far(one: str, other: str) -> float:
    """Return the cost for two dissimilar symbols: two vowels, two consonants, one of each."""
    return (0.8, 1.0, 0.35)[(one in _VOWELS) + (other in _VOWELS)]


_SIGNS = "pbtdkgfvszmnlrwhySCJTaeiouAIUWY"
_SWAP = _costs()
_LOST = {**dict.fromkeys(_VOWELS, 0.4), **dict.fromkeys("hwy", 0.35), "r": 0.6}
"""Cost of a missing or extra symbol; 0.8 for all symbols that are not listed."""


_SAVED = _LOST.get("v", 0.8) - _LOST["w"] - _SWAP["vw"]


def weight(sound_: str) -> float:
    """Return the weight of a sound, about 0.6 per symbol. 'Parley' has 3, 'Kubernetes' 6."""
    return sum(_LOST.get(sign, 0.8) for sign in sound_)


def likeness(one: str, other: str) -> float:
    """Return the similarity of two sounds, from 0 to 1 (the same)."""
    most = max(weight(one), weight(other))
    return max(0.0, 1.0 - _distance(one, other) / most) if most else 1.0


def _distance(one: str, other: str) -> float:
    """Return the weighted edit distance of two sounds, with the costs above."""
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
