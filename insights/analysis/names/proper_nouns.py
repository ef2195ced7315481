"""Finds capitalised runs that may be names and classifies them by rules over the surrounding words.

There is no complete list of names: persons who are not introduced are guessed from the positions in which names occur.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from insights.analysis.names.english import is_english
from insights.analysis.text.document_frequency import idf, is_common
from insights.analysis.text.lexicon import words as words_of
from insights.analysis.text.words import FILLERS, STOP_WORDS, Token, fold
from insights.analysis.types import FoundEntity

NOT_NAMES = STOP_WORDS | FILLERS | words_of("not_names") | {"sh", "shh", "mister", "expert"}
_AGENT = re.compile(
    r"(?:'ll|'s going to|'d better)?,? ?(?:please\b|(?:will|is going to|are going to|is gonna|has to"
    r"|have to|needs? to|should|must|can you|could you|would you|will you"
    r"|are you|do you|did you|is responsible|is on (?:holiday|vacation|leave)|is in charge|is taking"
    r"|takes? over|handled|said|says|told|asked|wants?|promised|agreed|mentioned"
    r"|suggested|offered|has|was|is|and I)\b)",
    re.IGNORECASE,
)
_BEFORE_PERSON = frozenset(
    [
        "ask",
        "tell",
        "remind",
        "ping",
        "call",
        "email",
        "with",
        "to",
        "from",
        "for",
        "thank",
        "thanks",
        "hi",
        "hello",
        "hey",
        "dear",
        "contact",
        "invite",
        "meet",
        "cc",
        "by",
        "is",
        "i'm",
        "and",
    ]
)
_INTRODUCED = re.compile(r"\b(?:name's|name is|names are|i am|i'm|me is|called) (?:uh |um )?$", re.IGNORECASE)
_IS = re.compile(r" (?:is|was|has|are)\b")
_DETERMINERS = frozenset(["the", "a", "an", "all", "this", "that", "our", "my", "your", "some", "any", "no"])
_CAMEL = re.compile(r"^(?!Mc|Mac|De|Van|Le|La)\w*[a-z][A-Z]")
_CALLED_UPON = re.compile(r", (?:uh |um )?$")
_STRONG_PLACE = frozenset(["in", "near", "outside", "visiting"])
_ORGANISATION_END = words_of("organisations")
_ORGANISATION_BEFORE = re.compile(
    r"\b(?:signed with|works? (?:for|at)|partner(?:ed|ing)? with|supplier|vendor|competitors?|customers?"
    r"|clients?|acquired|bought|sold to|hired by|(?:a|our|the) deal with|(?:company|firm|startup|supplier|vendor)"
    r" (?:called|named)|contract with|account at|invoice from) $",
    re.IGNORECASE,
)
_ORGANISATION_AFTER = re.compile(
    r" (?:is|was|are) (?:our|a|their|my|an) (?:[a-z]+ ){0,2}(?:client|customer|supplier|vendor|competitor|provider)s?\b", re.IGNORECASE
)
_PLACES = words_of("places")
_TITLE = frozenset(["mr", "mrs", "ms", "dr", "prof", "professor", "doctor", "miss", "aunt", "uncle", "sir"])
FIRST_NAMES = words_of("first_names")
_COMPANIES = {word.lower(): word for word in words_of("companies")}
_ORDINARY = frozenset(
    ["apple", "meta", "oracle", "stripe", "zoom", "slack", "canonical", "snowflake", "shell", "visa", "puma", "uber", "ford"]
)
"""Companies whose names are ordinary words: a capital at the start of a sentence is no evidence."""

_LETTERS = frozenset(["uk", "us", "usa", "uae", "dc", "nyc"])
"""Places that are spelt out letter by letter."""

_SPELT = re.compile(r"(?:[A-Z][_.]?)+s?_?|.*_")
"""Abbreviations, also in the plural ('DVDs', 'L_C_D_s')."""

_ROLES = frozenset(["manager", "designer", "director", "expert", "engineer", "officer", "assistant", "president", "secretary", "interface"])


@dataclass(frozen=True, slots=True)
class NameCandidate:
    """A capitalised run that may be a name: words[place:place + length], and the rules' classification (None: nothing).

    settled: the rules alone decide, because of a title, an introduction, or because it cannot be a name.
    """

    words: Sequence[Token]
    place: int
    length: int
    guess: FoundEntity | None
    settled: bool
    listed: bool
    start: int
    end: int


_ORDERED = re.compile(r" (?:the|a|an|my|our|your|this|these|those|it|them|up|down|out|off)\b")
"""After a verb that begins a sentence: 'Mark the boxes', 'Jack up the car'."""


def candidates(words: Sequence[Token], text: str) -> Iterator[NameCandidate]:
    """Yield the capitalised runs of a message in order, with the rules' classification.

    The rules recognise organisations and places by lists and context, and persons by a title, a first name or a typical position.
    """
    for whole in _capital_runs(words, text):
        place = next(number for number, word in enumerate(words) if word.start == whole[0].start)
        run, place, titled = _bare(whole, place)
        if not run or text[run[0].start - 1 : run[0].start] in {"'", "’"} or run[-1].low in _ROLES:
            continue
        before = words[place - 1].low if place else ""
        start, end = _span(run, text)
        titled = titled or before in _TITLE
        listed = run[0].low.removesuffix("'s") in FIRST_NAMES
        guess = _organisation(run, text, before) or _place(run, text, before)
        possible = len(run) <= 3 and not any(char.isdigit() for word in run for char in word.text) and not _SPELT.fullmatch(text[start:end])
        possible = possible and not (_is_first(text, start) and _ORDERED.match(text[end:]) and is_english(run[0].low))
        if guess is None and possible:
            if titled or _is_person(run, words, place, text, end):
                guess = person(text, start, end)
            elif before in _STRONG_PLACE and end - start > 2:
                guess = FoundEntity("location", text[start:end], start, {"name": text[start:end]})
        settled = titled or not possible or before in _DETERMINERS or _is_introduced(run, text)
        yield NameCandidate(words, place, len(run), guess, settled, listed, start, end)


def person(text: str, start: int, end: int) -> FoundEntity:
    """Return an entity for a person who is not a member."""
    return FoundEntity("person", text[start:end], start, {"name": text[start:end], "alias": text[start:end]})


def signs(candidate: NameCandidate, text: str) -> tuple[str, ...]:
    """Return the tagger's features of a candidate: surrounding words, shape, and what the rules and the list of first names say."""
    words, place, after = candidate.words, candidate.place, candidate.place + candidate.length
    run = words[place:after]
    around = [words[at].low if 0 <= at < len(words) else "-" for at in (place - 2, place - 1, after, after + 1)]
    guess = candidate.guess.type if candidate.guess else "none"
    first = _is_first(text, candidate.start)
    bare = run[-1].low.removesuffix("'s")
    return (
        f"guess {guess}", f"guess {guess} {first}", f"first {first}", f"before {around[1]}", f"before 2 {around[0]}", f"after {around[2]}",
        f"after 2 {around[3]}", f"between {around[1]} {around[2]}", f"words {len(run)}", f"listed {candidate.listed}",
        f"common {is_common(run[0].low)}", f"rare {int(idf(run[0].low))}", f"next {text[candidate.end : candidate.end + 1]}",
        f"alone {len(run) == len(words)}", f"ends {bare[-3:]}", f"ends {bare[-2:]}", f"letters {min(len(run[0].text), 9)}",
        f"camel {_CAMEL.search(run[0].text) is not None}", f"mark {text[: candidate.start].rstrip()[-1:]}",
        f"whose {text[candidate.end : candidate.end + 2].replace('’', chr(39))}",
    )  # fmt: skip


def _capital_runs(words: Sequence[Token], text: str) -> Iterator[list[Token]]:
    """Yield runs of capitalised words; at the start of a sentence only words that can be names."""
    run: list[Token] = []
    for number, word in enumerate(words):
        first = number == 0 or text[words[number - 1].end : word.start].strip(" ,\"'") != ""
        bare = word.low.removesuffix("'s")
        capital = (
            word.text[:2] != word.text[:2].lower()
            and not (bare in NOT_NAMES and (first or bare != "may") and not (bare in _LETTERS and word.text.isupper()))
            and "'" not in bare
            and not bare[0].isdigit()
        )
        near = bool(run) and text[run[-1].end : word.start] == " " and not run[-1].low.endswith("'s")
        if run and not (capital and near):
            yield run
            run = []
        if capital:
            run.append(word)
        elif number == 0 and bare == "may" and word.text[0].isupper() and re.match(r" (?:is|will|has|said|was) ", text[word.end :]):
            yield [word]
    if run:
        yield run


def _place(run: Sequence[Token], text: str, before: str) -> FoundEntity | None:
    """Return a place by the list of last words, or spelt letter by letter."""
    start, end = _span(run, text)
    shape = text[start:end]
    known = fold(shape.split()[-1]) in _PLACES and before not in {"ask", "tell"}
    spelt = _letters(shape) in _LETTERS and shape.isupper() and not text.isupper()
    return FoundEntity("location", shape, start, {"name": shape}) if known or spelt else None


def _is_first(text: str, start: int) -> bool:
    """Return whether a sentence begins here."""
    return text[:start].rstrip(" \"'")[-1:] in {"", ".", "?", "!"}


def _is_introduced(run: Sequence[Token], text: str) -> bool:
    """Return whether the words before can only introduce a person, or a verb makes an ordinary word a person ('May is on holiday')."""
    return re.search(r"\bname(?:'s| is) $", text[: run[0].start], re.IGNORECASE) is not None or run[0].low.removesuffix("'s") == "may"


def _bare(run: Sequence[Token], place: int) -> tuple[Sequence[Token], int, bool]:
    """Return (the run without titles and stammered letters, as in 'M Mael', its position, whether it had a title)."""
    titled = False
    while run and (
        run[0].low in _TITLE
        or (len(run) > 1 and (len(run[0].text) == 1 or (run[1].low.startswith(run[0].low) and run[0].low != run[1].low)))
    ):
        titled = titled or run[0].low in _TITLE
        run, place = run[1:], place + 1
    return run, place, titled


def _span(run: Sequence[Token], text: str) -> tuple[int, int]:
    """Return (start, end) of a run without a possessive; in some corpora spelt letters end in an underscore, which is included."""
    end = run[-1].end - 2 * run[-1].low.endswith("'s")
    return run[0].start, end + ("_" in run[-1].text and text[end : end + 1] == "_")


def _letters(shape: str) -> str:
    """Return 'U_S_A_' and 'U.S.A' as 'usa'."""
    return shape.replace("_", "").replace(".", "").lower()


def _organisation(run: Sequence[Token], text: str, before: str) -> FoundEntity | None:
    """Return an organisation by its last word, by the words before it, or a well-known one from its own first word on."""
    start, end = _span(run, text)
    head = text[max(0, start - 30) : start]
    cued = _ORGANISATION_BEFORE.search(head) or (before == "and" and _ORGANISATION_BEFORE.search(re.sub(r"\S+ and $", "", head)))
    cued = cued or _ORGANISATION_AFTER.match(text[end:])
    if not (cued or (len(run) > 1 and fold(text[start:end].split()[-1]) in _ORGANISATION_END)):
        known = next((number for number, word in enumerate(run) if _is_known(word, text)), None)
        if known is None:
            return None
        start, end = _span([word for word in run[known:] if word is run[known] or not _SPELT.fullmatch(word.text)], text)
    return FoundEntity("organization", text[start:end], start, {"name": text[start:end]})


def _is_known(word: Token, text: str) -> bool:
    """Return whether a word is a well-known organisation in its spelling; an ordinary word that begins a sentence needs an action verb."""
    low = word.low.removesuffix("'s")
    name = _COMPANIES.get(low) or _COMPANIES.get(_letters(low), "")
    if not name or (name.isupper() and not word.text.removesuffix("'s").isupper()):
        return False
    first = _is_first(text, word.start)
    return not (first and low in _ORDINARY) or (_AGENT.match(text[word.end :].lstrip()) is not None and not _IS.match(text[word.end :]))


def _is_person(run: Sequence[Token], words: Sequence[Token], place: int, text: str, end: int) -> bool:
    """Return whether it has a usual first name or stands like a name: before an action verb, after a request, addressed, one of a pair."""
    if _CAMEL.search(run[0].text):
        return False
    head, rest = text[: run[0].start], text[end:]
    place = _over_fillers(words, place)
    before = words[place - 1].low if place else ""
    first = _is_first(text, run[0].start)
    if before in _DETERMINERS:
        return False
    if run[0].low.removesuffix("'s") in FIRST_NAMES:
        return True
    if first and _IS.match(rest) and is_common(run[0].low) and run[0].low != "may":
        return False
    return (
        (_AGENT.match(rest.removeprefix(" ")) is not None and rest[:1] in {" ", ",", "'"})
        or (len(run) == 1 and _is_called(run[0], head, rest, first))
        or _is_one_of_two(words, place, rest)
        or (before == "you" and place > 1 and words[place - 2].low in _BEFORE_PERSON)
        or (before in _BEFORE_PERSON and before not in _STRONG_PLACE)
    )


def _over_fillers(words: Sequence[Token], place: int) -> int:
    """Return the position after the last preceding word that is not a filler."""
    while place and words[place - 1].low in FILLERS:
        place -= 1
    return place


def _is_called(word: Token, head: str, rest: str, first: bool) -> bool:
    """Return whether a person is introduced ("my name is X"), addressed ("X, can you", "you know, X?") or asked ("will you start X?")."""
    if first:
        return re.match(r",[^.]{0,40}\?$", rest) is not None or (re.match(r", [^.]*\byou\b", rest) is not None and not is_common(word.low))
    asked = rest.startswith("?") and re.search(r"\byou\b", head) is not None
    return asked or _INTRODUCED.search(head) is not None or (_CALLED_UPON.search(head) is not None and rest[:1] in {"", ".", "?", "!"})


def _is_one_of_two(words: Sequence[Token], place: int, rest: str) -> bool:
    """Return whether a run is one half of "X and Y will"."""
    if re.match(r" and [A-Z]\w+ (?:will|need|have|should|must|are|can)\b", rest):
        return True
    pair = place > 1 and words[place - 1].low == "and" and words[place - 2].text[0].isupper()
    return pair and _AGENT.match(rest.lstrip()) is not None
