"""Extracts from one message and its entities who is to act, by when, how firmly it was said, and the action phrase.

`commitment` finds the role of the person who is to act; `assignee` finds the person with that role among the members.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from insights.analysis.dates.find_dates import zone_of
from insights.analysis.text.words import plain
from insights.analysis.types import FoundEntity, Person, Said

Role = Literal["SPEAKER", "ADDRESSEE", "WE", "NAMED", "NOBODY"]


@dataclass(frozen=True, slots=True)
class Commitment:
    """What one message says about a task. names: persons or teams when the role is NAMED; due_text: as said, with or without a date."""

    role: Role
    names: tuple[str, ...]
    due: datetime | None
    due_text: str
    definitive: bool
    action_phrase: str


_WILL = (
    r"(?:will|'ll|shall|(?:is|am|are|'m|'re|'s) (?:going to|gonna|supposed to|about to|to)|gonna|has to"
    r"|have to|had better|'d better|needs? to|ought to|should|must|can|could"
    r"|plans? to|(?:has |have |'s |'ve )?(?:promised?|agreed?|offered|volunteered) to|promises to|agrees to"
    r"|would like to|'d like to|want to|wants to|wanna|might|may)"
)
_ADVERBS = r"(?: (?:also|then|just|probably|definitely|certainly|still|quickly|all|both|really|try to|try and|be able to))*"
_FIRST = re.compile(
    rf"\bi(?: am|'m|'d| would)?{_ADVERBS} ?{_WILL}{_ADVERBS}\b|\blet me\b(?! know)|\bgive me\b|\b(?:leave (?:it"
    rf"|that) to|it's on|that's on) me\b|\bi(?:'m| am) on it\b|\bi(?:'ve| have) got to\b"
    r"|\b(?:asked|asks|told|tells|wants?|wanted|needs?|expects?|reminded) me to\b",
    re.IGNORECASE,
)
_WE = re.compile(rf"\bwe{_ADVERBS} ?{_WILL}{_ADVERBS}\b|\blet's\b|\blet us\b|\bwe(?:'ve| have) got to\b", re.IGNORECASE)
_YOU = re.compile(
    rf"\byou{_ADVERBS} ?{_WILL}{_ADVERBS}\b|\b(?:can|could|will|would) you(?: please| mind| kindly)?\b"
    rf"|\bplease\b|\blet me know\b|\b(?:don't|do not) forget\b|\bmake sure\b|\bbe sure to\b|\bremember to\b"
    r"|\bi(?:'d| would) (?:like|need|want) you to\b|\bi (?:need|want) you to\b|\byou're going to\b",
    re.IGNORECASE,
)
_IMPERATIVE = re.compile(
    r"^(?:(?:so|and|but|okay|ok|well|then|also|just|now)[, ]+)*(?:send|email|call|check|make|write|prepare"
    r"|review|update|add|fix|put|take|bring|ask|tell|book|schedule|move|finish"
    r"|complete|submit|share|upload|forward|confirm|draft|create|order|print|sign|test|remove|delete"
    r"|change|contact|reach|follow|ping|set|note|ensure|keep|get)\b",
    re.IGNORECASE,
)
_TEAM = re.compile(
    rf"^(?:(?:so|and|okay|then|also)[, ]+)*((?:the|our|my|your) (?:[a-z]+ ){{0,2}}?(?:team|group|department"
    rf"|people|guys|folks|vendor|supplier|office|lawyers?|designers?|developers?|engineers?|manager"
    rf"|designer)|"
    rf"(?:marketing|finance|legal|sales|support|engineering|accounting|procurement|operations"
    rf"|hr)) ?{_WILL}\b",
    re.IGNORECASE,
)
_NAMED_AFTER = re.compile(
    rf"^(?:,? ?(?:please|(?:can|could|would|will|do|did|are|have) you|you|(?:i|we)(?:'d like| would like| need| want) you to)\b"
    rf"|'?s? ?{_WILL}\b(?!'t| not\b)| ?(?:is responsible|is in charge|takes care|is on)\b)",
    re.IGNORECASE,
)
_DELEGATE = re.compile(
    r"\b(?:ask|asked|tell|told|have|get|got|remind|reminded|want|wanted|need|expect|like|invite|up to|for|(?:rely|count) on) $",
    re.IGNORECASE,
)
_LET = re.compile(r"^(?:(?:so|and|but|okay|ok|then|please|let's)[, ]+)*(?:have|let|make) $", re.IGNORECASE)
"""Words before a name and a bare verb: 'have Tom call them'."""

_BARE_VERB = re.compile(r"^ (?!to\b|and\b|or\b|know\b|in\b|on\b|at\b|for\b|with\b|a\b|the\b|if\b)[a-z]+\b(?<!ed)(?<!s)", re.IGNORECASE)
_CALLED = re.compile(r", $")
_HEDGE = re.compile(
    r"\b(?:probably|maybe|perhaps|might|may|could|possibly|i think|i guess|i hope|chances are|try to"
    r"|would like|'d like|hopefully|don't think|not sure|doubt|if (?:i|we|you|he|she|they)|should|would|kind of|sometime)\b",
    re.IGNORECASE,
)
_THEM = re.compile(rf"\b(?:he|she|they) ?{_WILL}\b", re.IGNORECASE)
"""A third person without a name."""

_FIRM = re.compile(
    rf"{_WILL}\b|\b(?:please|make sure|let's|don't forget|promise|responsible for|in charge of|give me|let me)\b", re.IGNORECASE
)
_BY = re.compile(
    r"(?:\b(?:by|before|until|till|due|no later than|not later than|due on|due by|on or before|ahead of"
    r"|prior to|latest)(?: the)?|\bby)\s*$",
    re.IGNORECASE,
)
_EVENT = re.compile(
    r"\b(?:(?:before|until|by|ahead of|prior to|in time for) (?:the |our |my |your )?(?:[a-z]+ )?|(?:the )?next )"
    r"(?:audit|meeting|call|launch|release|sprint|demo|review|conference|deadline|iteration|standup"
    r"|stand-up|workshop|board|session|presentation|go-live|event|visit|rollout|round)\b",
    re.IGNORECASE,
)
_TIMELY = frozenset(["date", "time", "datetime", "daterange", "duration"])
_BEFORE = re.compile(r"(?<!or )\b(?:before|ahead of|prior to)(?: the)?\s*$", re.IGNORECASE)
"""A task due before a day ends with the previous day; 'before the end of' a period means the period's end."""

_EDGE = re.compile(r"\bend\b", re.IGNORECASE)
_ACTION_START = re.compile(
    rf"\b(?:i|we|you|\w+)(?:'d| would)? ?{_WILL}{_ADVERBS} |\b(?:please|let's|let me|make sure(?: that"
    rf"| to)?|(?:don't|do not) forget to|remember to|be sure to|would you mind|can you(?: please)?"
    rf"|could you(?: please)?"
    r"|will you(?: please)?|would you(?: please)?|responsible for|in charge of) "
    r"|\b(?:want|need|like|ask|tell|get|remind|expect|asked|told|up to) (?:me|you|him|her|them|us|(?-i:[A-Z])\w+(?: (?-i:[A-Z])\w+)?) to "
    r"|^(?:(?:so|and|but|okay|ok|then|please|let's)[, ]+)*(?:have|let) (?-i:[A-Z])\w+(?: (?-i:[A-Z])\w+)? (?!to\b|know\b|in\b|on\b|at\b)",
    re.IGNORECASE,
)
_TAIL = re.compile(r"[\s,]+(?:by|before|until|till|on|at|for|in|within|no later than|due|from|into)?\s*$", re.IGNORECASE)


def commitment(text: str, entities: Sequence[FoundEntity], said_at: datetime, timezone_offset: int) -> Commitment:
    """Return what a message says about a task, whether or not it is one.

    Args:
        entities: entities of the same message.
        said_at: timezone-aware time of the message.
    """
    said, text = text, text.replace("’", "'")
    role, names = _who(text, [entity for entity in entities if entity.type == "person"])
    due, due_text, place = _due(text, entities, said_at, timezone_offset)
    has_actor = role != "NOBODY" or _THEM.search(text) is not None
    definitive = has_actor and bool(_FIRM.search(text) or _IMPERATIVE.search(text)) and not _HEDGE.search(text)
    phrase = _action(text, place)
    begin = text.find(phrase)
    return Commitment(role, names, due, due_text, definitive, said[begin : begin + len(phrase)])


def _who(text: str, persons: Sequence[FoundEntity]) -> tuple[Role, tuple[str, ...]]:
    """Return the role of the assignee, and names where there are any."""
    named = _named(text, persons)
    if named:
        return "NAMED", named
    team = _TEAM.search(text)
    if team:
        return "NAMED", (team.group(1),)
    cues: list[tuple[Role, re.Match[str] | None]] = [
        ("SPEAKER", _FIRST.search(text)),
        ("WE", _WE.search(text)),
        ("ADDRESSEE", _YOU.search(text) or _IMPERATIVE.search(text)),
    ]
    places = [(match.start(), number, role) for number, (role, match) in enumerate(cues) if match]
    return (min(places)[2] if places else "NOBODY"), ()


def _named(text: str, persons: Sequence[FoundEntity]) -> tuple[str, ...]:
    """Return persons in the position of the assignee; 'X and Y need to' gives both."""
    for number, person in enumerate(persons):
        rest = text[person.end :].lstrip(" ") if text[person.end : person.end + 1] == " " else text[person.end :]
        if _NAMED_AFTER.match(rest) and not re.search(r"\b(?:with|from|about|whether|if) $", text[: person.offset], re.IGNORECASE):
            names = [person.text]
            for other in reversed(persons[:number]):
                if re.fullmatch(r",? (?:and )?|, ", text[other.end : person.offset]) is None:
                    break
                names.insert(0, other.text)
                person = other
            return tuple(names)
        head = text[: person.offset]
        if _DELEGATE.search(head) and rest.startswith("to "):
            return (person.text,)
        if _LET.search(head) and _BARE_VERB.match(text[person.end :]):
            return (person.text,)
        if _CALLED.search(head) and not rest.strip(" .?!") and _YOU.search(head):
            return (person.text,)
    return ()


def _due(text: str, entities: Sequence[FoundEntity], said_at: datetime, timezone_offset: int) -> tuple[datetime | None, str, int]:
    """Return (due moment, as said, offset): a time after 'by' first, then the first future time, then 'before the audit'."""
    best: tuple[int, datetime, FoundEntity] | None = None
    for entity in entities:
        when = _moment(text, entity, said_at, timezone_offset)
        if when is None or when < said_at - timedelta(minutes=1):
            continue
        rank = 0 if _BY.search(text[: entity.offset]) else 1
        if best is None or rank < best[0]:
            best = (rank, when, entity)
    if best is not None:
        return best[1], best[2].text, best[2].offset
    event = _EVENT.search(text)
    return (None, event.group(), event.start()) if event else (None, "", len(text))


def _moment(text: str, entity: FoundEntity, said_at: datetime, timezone_offset: int) -> datetime | None:
    """Return when something is due that names this entity as its time."""
    first, after = str(entity.value.get("datetime") or entity.value.get("start") or ""), str(entity.value.get("end") or "")
    if entity.type not in _TIMELY or not first:
        return None
    if "T" in first:
        return datetime.fromisoformat(after or first)
    if _BEFORE.search(text[: entity.offset]) and not _EDGE.search(entity.text):
        return _last_second(datetime.fromisoformat(first), timezone_offset)
    return _end_of(first, after, said_at, timezone_offset)


def _end_of(first: str, after: str, said_at: datetime, timezone_offset: int) -> datetime:
    """Return the last second of a day or period; for a week, of its Friday unless that is past."""
    start = datetime.fromisoformat(first)
    end = datetime.fromisoformat(after) if after else start + timedelta(days=1)
    friday = _last_second(end - timedelta(days=2), timezone_offset)
    return friday if (end - start).days == 7 and friday >= said_at else _last_second(end, timezone_offset)


def _last_second(before: datetime, timezone_offset: int) -> datetime:
    return (before - timedelta(seconds=1)).replace(tzinfo=zone_of(timezone_offset))


def _action(text: str, due_place: int) -> str:
    """Return the action phrase without who and when; empty when no action verb introduces it."""
    start = _ACTION_START.search(text)
    lead = _IMPERATIVE.match(text)
    if start is None and lead is None:
        return ""
    begin = start.end() if start else 0
    end = due_place if due_place > begin + 3 else len(text)
    phrase = re.split(r"(?<=\w)[.!?;](?:\s|$)|, (?:and|but|so|then|once|because|if) ", text[begin:end])[0]
    return _TAIL.sub("", phrase).strip(" .,!?;:")


def assignee(task: Commitment, said: Said, before: Sequence[Said], members: Sequence[Person]) -> Person | None:
    """Return the person with a role; None for no role, for everybody, or if the person is unknown.

    "You" is the other one of two members, otherwise the previous speaker. Of several names the first one is used.

    Args:
        before: earlier messages, oldest first.
    """
    if task.role == "SPEAKER":
        return Person(said.speaker_name, said.speaker_id) if said.speaker_name or said.speaker_id else None
    if task.role == "NAMED":
        return member_named(task.names[0], members) or Person(", ".join(task.names))
    if task.role != "ADDRESSEE":
        return None
    others = [member for member in members if not _is_speaker(member, said)]
    if len(others) == 1 and len(members) == 2:
        return others[0]
    for other in reversed(before):
        if other.speaker != said.speaker and (other.speaker_name or other.speaker_id):
            return Person(other.speaker_name, other.speaker_id)
    return None


def member_named(name: str, members: Sequence[Person]) -> Person | None:
    """Return the only member with this full, first or last name, ignoring accents; None when there is none, or more than one."""
    low = plain(name)
    for part in (slice(None), slice(0, 1), slice(-1, None)):
        same = [member for member in members if " ".join(plain(member.name).split()[part]) == low]
        if same:
            return same[0] if len(same) == 1 else None
    return None


def _is_speaker(member: Person, said: Said) -> bool:
    return member.user_id == said.speaker_id if member.user_id and said.speaker_id else member.name == said.speaker_name
