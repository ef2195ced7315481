"""The registry of insight kinds: one entry per kind, with everything that other code needs to know about it.

No other module lists the kinds. `BUILT_IN` are those that Parley brings; the setting `INSIGHT_KINDS` names more, which `InsightsConfig`
adds with `install` when the process starts. docs/develop/insight-kinds.md says how to add one.

Pure: no Django, no I/O.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from inspect import iscoroutinefunction
from typing import Literal, NewType, Protocol, TypeAlias, get_args

KindName = NewType("KindName", str)
"""The name of a kind, as it is stored with an insight."""

Colour = Literal["blue", "orange", "violet", "green", "pink", "grey"]
"""The colours of cards, counts and marked messages; each is defined in the stylesheets for the light and the dark scheme."""

LONGEST_NAME = 32
TOPIC = "topic"
"""A value of `insightTypes` in the Symbl protocol that is no kind: a client gets topics in any case."""


class SpokenMessage(Protocol):
    """One message, as a detector sees it: its text, its speaker (any stable key), its time, and its place in the conversation, from 0."""

    @property
    def text(self) -> str: ...
    @property
    def speaker(self) -> str: ...
    @property
    def at(self) -> datetime: ...
    @property
    def index(self) -> int: ...


Detector: TypeAlias = Callable[[SpokenMessage, Sequence[SpokenMessage]], float | None]
"""Gets a message and the messages before it, oldest first; returns the confidence (0 to 1) that it is of the kind, None if it is not.

A pure function, or an object with `__call__`. It runs for every message before that is stored, so it must take less than a millisecond.
"""


class KindError(ValueError):
    """A kind cannot be registered; the text names the field and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InsightKind:
    """One kind of insight. It is found by an output of the shipped model (`head`) or by a `detector`, never by both.

    name: stored with the insight, and the value of `?kind=` in the portal.
    label, plural: for people, such as "Action item" and "Action items".
    path: last part of the REST path, such as `action-items`; the key in the response is the same in camel case.
    icon: the content of an SVG symbol of 24 by 24, drawn with strokes.
    wire_name: the type on the Symbl WebSocket; the name if empty. REST and everything else use the name.
    head: label of the model's outputs in `acts.weights.HEADS`.
    assignable: whether it has an assignee, a due date and an action phrase.
    addressed: whether the hint `addressedTo` says to whom it was said, although it has no assignee.
    asks: whether it is a question, which is open until somebody answers it.
    recurs: whether people come back to it on a later day, such as in another call.
    counts_as: the kind under which a Symbl client gets it that did not ask for this kind.
    """

    name: KindName
    label: str
    plural: str
    path: str = ""
    icon: str = ""
    colour: Colour = "grey"
    wire_name: str = ""
    head: str = ""
    detector: Detector | None = None
    assignable: bool = False
    addressed: bool = False
    asks: bool = False
    recurs: bool = False
    counts_as: KindName | None = None

    @property
    def wire_type(self) -> str:
        """The type on the Symbl WebSocket."""
        return self.wire_name or self.name

    @property
    def json_name(self) -> str:
        """The key of the list in a REST response: `actionItems`."""
        first, *rest = self.path.split("-")
        return first + "".join(part.capitalize() for part in rest)

    @property
    def icon_id(self) -> str:
        """The id of the symbol in the pages' sheet of icons, without its prefix `i-`."""
        return f"kind-{self.name}" if self.icon else "kind"

    def noun(self, count: int) -> str:
        """Return the word behind a number of insights: `action item` behind 1, else `action items`."""
        return _inside(self.label if count == 1 else self.plural)


def _inside(label: str) -> str:
    """Return a label as it is written inside a sentence: `action item`, but `SLA breach`."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


QUESTION = InsightKind(
    name=KindName("question"),
    label="Question",
    plural="Questions",
    path="questions",
    icon='<circle cx="12" cy="12" r="9"/><path d="M9.500 9.500a2.500 2.500 0 1 1 3.700 2.200c-.8.4-1.200.9-1.200 1.800M12 16.800v.01"/>',
    colour="blue",
    head="question",
    addressed=True,
    asks=True,
)
ACTION_ITEM = InsightKind(
    name=KindName("action_item"),
    label="Action item",
    plural="Action items",
    path="action-items",
    icon='<rect x="4" y="4" width="16" height="16" rx="3"/><path d="m8.500 12.300 2.500 2.500 4.700-5.300"/>',
    colour="orange",
    head="action",
    assignable=True,
)
FOLLOW_UP = InsightKind(
    name=KindName("follow_up"),
    label="Follow-up",
    plural="Follow-ups",
    path="follow-ups",
    icon='<path d="M4 12a8 8 0 1 1 2.500 5.800M4 20v-4.500h4.500M12 8v4l2.800 1.800"/>',
    colour="violet",
    head="follow_up",
    assignable=True,
    recurs=True,
    counts_as=ACTION_ITEM.name,
)

BUILT_IN = (QUESTION, ACTION_ITEM, FOLLOW_UP)

_NAME = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*")
_PATH = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")

_registered: tuple[InsightKind, ...] = BUILT_IN


def kinds() -> tuple[InsightKind, ...]:
    """Return all registered kinds, in the order in which lists show them."""
    return _registered


def task_kinds() -> list[KindName]:
    """Return the names of the kinds that somebody has to do."""
    return [kind.name for kind in _registered if kind.assignable]


def question_kinds() -> list[KindName]:
    """Return the names of the kinds that somebody has to answer."""
    return [kind.name for kind in _registered if kind.asks]


def recurring_kinds() -> list[KindName]:
    """Return the names of the kinds that people come back to on a later day."""
    return [kind.name for kind in _registered if kind.recurs]


def kind_of(name: str) -> InsightKind:
    """Return the kind of a stored insight. One that is no longer registered has a label and nothing else."""
    for kind in _registered:
        if kind.name == name:
            return kind
    label = name.replace("_", " ").capitalize()
    return InsightKind(name=KindName(name), label=label, plural=label)


def is_registered(name: str) -> bool:
    """Return whether a kind has this name."""
    return any(kind.name == name for kind in _registered)


def choices() -> list[tuple[str, str]]:
    """Return the (name, label) pairs of all kinds, for columns, forms and filters."""
    return [(kind.name, kind.label) for kind in _registered]


def wire_types() -> tuple[str, ...]:
    """Return the types of insights on the Symbl WebSocket, without topics."""
    return tuple(kind.wire_type for kind in _registered)


def wire_type_for(name: str, wanted: frozenset[str]) -> str:
    """Return the type under which a Symbl client that wants these types gets an insight; an empty text if it does not get it."""
    kind: InsightKind | None = kind_of(name)
    while kind is not None:
        if kind.wire_type in wanted:
            return kind.wire_type
        kind = kind_of(kind.counts_as) if kind.counts_as else None
    return ""


def label_of_wire_type(wire_type: str) -> str:
    """Return the label of an insight that a Symbl server sent, as it is written inside a sentence."""
    return _inside(next((kind.label for kind in _registered if kind.wire_type == wire_type), wire_type))


def listed(word: str) -> str:
    """Return the plurals of all kinds as a part of a sentence: `questions, action items and follow-ups`; `word` is the last comma."""
    *first, last = [_inside(kind.plural) for kind in _registered]
    return f"{', '.join(first)} {word} {last}" if first else last


def install(added: Iterable[InsightKind]) -> None:
    """Register these kinds behind the built-in ones, in place of those that were added before. Raises KindError and changes nothing."""
    global _registered
    found: list[InsightKind] = list(BUILT_IN)
    for kind in added:
        check(kind, found)
        found.append(kind)
    _registered = tuple(found)


def check(kind: InsightKind, known: Sequence[InsightKind]) -> None:
    """Raise KindError if a kind cannot be registered beside the known ones."""
    if not _NAME.fullmatch(kind.name) or len(kind.name) > LONGEST_NAME:
        raise KindError(f"name={kind.name!r}: a lower-case word such as decision or risk_item, at most {LONGEST_NAME} letters, is needed")
    rules = {
        "label": (bool(kind.label), "a text such as Decision"),
        "plural": (bool(kind.plural), "a text such as Decisions"),
        "path": (_PATH.fullmatch(kind.path) is not None, "a part of a URL such as decisions or risk-items"),
        "icon": (kind.icon.startswith("<"), 'the content of an SVG symbol such as <path d="M4 12h16"/>'),
        "colour": (kind.colour in get_args(Colour), f"one of {', '.join(get_args(Colour))}"),
        "wire_name": (kind.wire_type != TOPIC, f"any name but {TOPIC}"),
        "detector": (_is_detector(kind.detector) and not kind.head, "a function that is no coroutine function, in place of a head,"),
        "counts_as": (kind.counts_as is None or kind.counts_as in {one.name for one in known}, "the name of a kind that comes before"),
    }
    for field, (good, allowed) in rules.items():
        if not good:
            raise KindError(f"{kind.name}: {field}={getattr(kind, field)!r}: {allowed} is needed")
    for field in ("name", "path", "wire_type"):
        taken = {getattr(one, field) for one in known}
        if getattr(kind, field) in taken:
            raise KindError(f"{kind.name}: {field}={getattr(kind, field)!r} is taken by another kind; taken are {', '.join(sorted(taken))}")


def _is_detector(detector: Detector | None) -> bool:
    """Return whether this can be called without `await`."""
    return callable(detector) and not iscoroutinefunction(detector) and not iscoroutinefunction(type(detector).__call__)
