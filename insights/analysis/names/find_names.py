"""Finds persons, organisations and places in a message: members of the conversation first, then capitalised runs that look like names."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from unicodedata import normalize

from insights.analysis.names import tagger
from insights.analysis.names.proper_nouns import NOT_NAMES, NameCandidate, candidates, person, signs
from insights.analysis.text.words import Token, plain, tokens
from insights.analysis.types import FoundEntity, Person


def names(text: str, members: Sequence[Person]) -> list[FoundEntity]:
    """Return the names in a message in order; members take precedence over guesses."""
    words = tokens(text)
    found = list(_member_names(words, text, members))
    taken = {place for entity in found for place in range(entity.offset, entity.end)}
    for candidate in candidates(words, text):
        if taken.isdisjoint(range(candidate.start, candidate.end)):
            entity = _decided(candidate, text)
            if entity is not None:
                found.append(entity)
    return sorted(found, key=lambda entity: entity.offset)


def _decided(candidate: NameCandidate, text: str) -> FoundEntity | None:
    """Classify a candidate: the rules decide on organisations and places, the tagger on persons."""
    guess = candidate.guess
    if candidate.settled or (guess is not None and guess.type != "person"):
        return guess
    if not tagger.is_person(signs(candidate, text)):
        return None
    return person(text, candidate.start, candidate.end)


def _member_names(words: Sequence[Token], text: str, members: Sequence[Person]) -> Iterator[FoundEntity]:
    """Yield full names, then first names and capitalised last names that only one member has; ordinary lower-case words are skipped."""
    member: Person | None
    aliases, lasts = _aliases(tuple(members))
    longest = max((len(alias) for alias in aliases), default=0)
    at = 0
    lows = [plain(word.text).removesuffix("'s") for word in words]
    while at < len(words):
        for length in range(min(longest, len(words) - at), 0, -1):
            member = aliases.get(tuple(lows[at : at + length]))
            small = length == 1 and words[at].text[0].islower() and (words[at].low in NOT_NAMES or lows[at] in lasts)
            if member is not None and not small:
                last = words[at + length - 1]
                start, end = words[at].start, last.end - 2 * last.low.endswith("'s")
                yield FoundEntity("person", text[start:end], start, person_value(member, text[start:end]))
                at += length - 1
                break
        at += 1


@lru_cache(maxsize=256)
def _aliases(members: tuple[Person, ...]) -> tuple[dict[tuple[str, ...], Person | None], set[str]]:
    """Return ({folded full name or part: the one member with it, None where several have it}, parts that are only last names)."""
    aliases: dict[tuple[str, ...], Person | None] = {}
    firsts, lasts = set(), set()
    for member in members:
        parts = tuple(plain(token.text) for token in tokens(normalize("NFC", member.name)))
        firsts |= set(parts[:1])
        lasts |= set(parts[1:][-1:])
        for alias in {parts, parts[:1], parts[1:][-1:]} - {()}:
            aliases[alias] = None if alias in aliases and aliases[alias] is not member else member
    return aliases, lasts - firsts


def person_value(member: Person, alias: str) -> dict[str, str]:
    """Return the entity value of a person: name and alias, and a member's userId and email."""
    value = {"name": member.name, "alias": alias}
    if member.user_id:
        value["userId"] = member.user_id
    if member.email:
        value["email"] = member.email
    return value
