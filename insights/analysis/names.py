"""Persons, organisations and places. Members of the conversation first; others by capitals and by the words around them.

Names that nobody introduced are guesses: there is no list of all names here, only slots in which names stand.
"""

import re
from collections.abc import Iterator, Sequence

from insights.analysis.background import is_common
from insights.analysis.findings import Entity, Person
from insights.analysis.lexicon import words as words_of
from insights.analysis.words import FILLERS, STOP_WORDS, Token, fold, tokens

_NOT_NAMES = STOP_WORDS | FILLERS | words_of("not_names") | {"sh", "shh", "mister", "expert"}
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
_PLACE_BEFORE = frozenset(["in", "at", "from", "to", "near", "around", "outside", "visiting", "via"])
_STRONG_PLACE = frozenset(["in", "near", "outside", "visiting"])
_ORGANISATION_END = words_of("organisations")
_ORGANISATION_BEFORE = re.compile(
    r"\b(?:signed with|works? (?:for|at)|partner(?:ed|ing)? with|supplier|vendor|competitors?|customers?"
    r"|clients?|acquired|bought|sold to|hired by|deal with|contract with|account at|invoice from) $",
    re.IGNORECASE,
)
_PLACES = words_of("places")
_TITLE = frozenset(["mr", "mrs", "ms", "dr", "prof", "professor", "doctor", "miss"])


def names(text: str, members: Sequence[Person]) -> list[Entity]:
    """Names in a message, in order; members win over guesses."""
    words = tokens(text)
    found = list(_member_names(words, text, members))
    taken = {place for entity in found for place in range(entity.offset, entity.end)}
    for run in _capital_runs(words, text):
        if taken.isdisjoint(range(run[0].start, run[-1].end)):
            entity = _guess(run, words, text)
            if entity is not None:
                found.append(entity)
    return sorted(found, key=lambda entity: entity.offset)


def _member_names(words: Sequence[Token], text: str, members: Sequence[Person]) -> Iterator[Entity]:
    """Full names, then first names that only one member bears and that are no ordinary word written small."""
    aliases: dict[tuple[str, ...], Person | None] = {}
    member: Person | None
    for member in members:
        parts = tuple(token.low for token in tokens(member.name))
        for alias in {parts, parts[:1]} - {()}:
            aliases[alias] = None if alias in aliases and aliases[alias] is not member else member
    longest = max((len(alias) for alias in aliases), default=0)
    at = 0
    lows = [word.low.removesuffix("'s") for word in words]
    while at < len(words):
        for length in range(min(longest, len(words) - at), 0, -1):
            member = aliases.get(tuple(lows[at : at + length]))
            small = length == 1 and words[at].text[0].islower() and words[at].low in _NOT_NAMES
            if member is not None and not small:
                start, end = words[at].start, words[at + length - 1].start + len(lows[at + length - 1])
                yield Entity("person", text[start:end], start, person_value(member, text[start:end]))
                at += length - 1
                break
        at += 1


def person_value(member: Person, alias: str) -> dict[str, str]:
    """How a person is written into an entity: name and alias, and the userId and e-mail of a member."""
    value = {"name": member.name, "alias": alias}
    if member.user_id:
        value["userId"] = member.user_id
    if member.email:
        value["email"] = member.email
    return value


def _capital_runs(words: Sequence[Token], text: str) -> Iterator[list[Token]]:
    """Neighbouring capitalised words; at the start of a sentence only if they can be names."""
    run: list[Token] = []
    for number, word in enumerate(words):
        first = number == 0 or text[words[number - 1].end : word.start].strip(" ,\"'") != ""
        bare = word.low.removesuffix("'s")
        capital = (
            word.text[0].isupper() and not (bare in _NOT_NAMES and (first or bare != "may")) and "'" not in bare and not bare[0].isdigit()
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


def _guess(run: Sequence[Token], words: Sequence[Token], text: str) -> Entity | None:
    """What a run of capitals is: an organisation by its last word, a place by its preposition or list, a person by its slot."""
    place = next(number for number, word in enumerate(words) if word.start == run[0].start)
    start, end = run[0].start, run[-1].start + len(run[-1].low.removesuffix("'s"))
    shape = text[start:end]
    last = fold(shape.split()[-1])
    before = words[place - 1].low if place else ""
    head = text[max(0, start - 30) : start]
    if (
        (last in _ORGANISATION_END and len(run) > 1)
        or _ORGANISATION_BEFORE.search(head)
        or (before == "and" and _ORGANISATION_BEFORE.search(re.sub(r"\S+ and $", "", head)))
    ):
        return Entity("organization", shape, start, {"name": shape})
    if last in _PLACES and before not in {"ask", "tell"}:
        return Entity("location", shape, start, {"name": shape})
    if shape.isupper() or shape.endswith("_") or fold(shape) in _TITLE:
        return None
    if before in _TITLE or _is_person(run, words, place, text, end):
        return Entity("person", shape, start, {"name": shape, "alias": shape})
    if before in _STRONG_PLACE and len(shape) > 2:
        return Entity("location", shape, start, {"name": shape})
    return None


def _is_person(run: Sequence[Token], words: Sequence[Token], place: int, text: str, end: int) -> bool:
    """A name in a slot for names: before a verb of doing, after a verb of asking, called upon, or one of two such."""
    if len(run) > 3 or any(char.isdigit() for word in run for char in word.text) or _CAMEL.search(run[0].text):
        return False
    head, rest = text[: run[0].start], text[end:]
    place = _over_fillers(words, place)
    before = words[place - 1].low if place else ""
    first = head.rstrip(" \"'")[-1:] in {"", ".", "?", "!"}
    if before in _DETERMINERS or (first and _IS.match(rest) and is_common(run[0].low) and run[0].low != "may"):
        return False
    return (
        (_AGENT.match(rest.removeprefix(" ")) is not None and rest[:1] in {" ", ",", "'"})
        or (len(run) == 1 and _is_called(run[0], head, rest, first))
        or _is_one_of_two(words, place, rest)
        or (before == "you" and place > 1 and words[place - 2].low in _BEFORE_PERSON)
        or (before in _BEFORE_PERSON and before not in _STRONG_PLACE)
    )


def _over_fillers(words: Sequence[Token], place: int) -> int:
    """The place after the last word before that is no hesitation."""
    while place and words[place - 1].low in FILLERS:
        place -= 1
    return place


def _is_called(word: Token, head: str, rest: str, first: bool) -> bool:
    """Whether somebody is introduced ("my name is X"), spoken to ("X, can you", "do you know, X?"), or asked ("will you start X?")."""
    if first:
        return re.match(r",[^.]{0,40}\?$", rest) is not None or (re.match(r", [^.]*\byou\b", rest) is not None and not is_common(word.low))
    asked = rest.startswith("?") and re.search(r"\byou\b", head) is not None
    return asked or _INTRODUCED.search(head) is not None or (_CALLED_UPON.search(head) is not None and rest[:1] in {"", ".", "?", "!"})


def _is_one_of_two(words: Sequence[Token], place: int, rest: str) -> bool:
    """Whether a run is one half of "X and Y will"."""
    if re.match(r" and [A-Z]\w+ (?:will|need|have|should|must|are|can)\b", rest):
        return True
    pair = place > 1 and words[place - 1].low == "and" and words[place - 2].text[0].isupper()
    return pair and _AGENT.match(rest.lstrip()) is not None
