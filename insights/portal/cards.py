"""The insights of a conversation as cards: one for each sentence, written as a task where there is one."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.contrib.auth.models import AnonymousUser, User
from django.utils.translation import gettext as _

from insights import kind_words, queries
from insights.exports.titles import local, shown_assignee
from insights.insight_kinds import InsightKind, kind_of, kinds
from insights.models import Conversation, Insight
from insights.portal.faces import ShownPeople, person_of
from insights.portal.listing import Face
from insights.portal.parts import message_link
from insights.portal.transcript import MarkedInsight, seconds_from_start
from insights.portal.wording import clock
from insights.task_text import as_task

UNSURE = 0.7
"""Confidence below which a card shows it."""


@dataclass(frozen=True, slots=True)
class Card:
    """The insights of one sentence. `insights`: ids and kinds, first the one whose text, assignee and due date the card has.

    `quote`: what was said, where the text of the card is not that. `unsure`: the confidence in percent if it is low and nobody accepted
    the insight, else 0. `due_input`: the due date for a date field.
    """

    insights: tuple[MarkedInsight, ...]
    text: str
    quote: str
    face: Face
    place: str
    seconds: float
    href: str
    message_id: UUID
    assignee: str
    assignee_id: UUID | None
    due: datetime | None
    due_input: str
    done: bool
    review: str
    unsure: int
    edited: bool
    mine: bool

    @property
    def id(self) -> UUID:
        """The id of the first insight."""
        return self.insights[0].insight_id

    @property
    def kind(self) -> InsightKind:
        """The kind of the first insight."""
        return self.insights[0].kind

    @property
    def is_task(self) -> bool:
        """Whether it has an assignee, a due date and a box to tick."""
        return self.kind.assignable


@dataclass(frozen=True, slots=True)
class Section:
    """Cards under a heading. `folded`: only its heading is shown until it is opened."""

    name: str
    title: str
    cards: tuple[Card, ...]
    folded: bool = False


def cards_of(
    found: Iterable[Insight], conversation: Conversation, people: ShownPeople, part: int, user: User | AnonymousUser
) -> list[Card]:
    """Return one card for all insights of a sentence with the same verdict, in the order of the sentences.

    A second insight of the same kind, such as one that a person added, has a card of its own.
    """
    groups: dict[tuple[UUID, bool, int], list[Insight]] = defaultdict(list)
    times: Counter[tuple[UUID, bool, str]] = Counter()
    for one in found:
        rejected = one.review == Insight.Review.REJECTED
        groups[one.message_id, rejected, times[one.message_id, rejected, one.type]].append(one)
        times[one.message_id, rejected, one.type] += 1
    return [_card(sorted(group, key=_rank), conversation, people, part, user) for group in groups.values()]


def found_in(cards: Iterable[Card]) -> dict[UUID, tuple[MarkedInsight, ...]]:
    """Return what was found in each message, without what was rejected."""
    found: dict[UUID, tuple[MarkedInsight, ...]] = {}
    for card in cards:
        if card.review != Insight.Review.REJECTED:
            found[card.message_id] = found.get(card.message_id, ()) + card.insights
    return found


def sections_of(cards: Sequence[Card], open_questions: frozenset[str]) -> list[Section]:
    """Return the cards under their headings: own tasks, other tasks, open questions, other kinds, answered questions, rejected ones."""
    kept = [card for card in cards if card.review != Insight.Review.REJECTED]
    made = [
        Section("my-tasks", _("My tasks"), tuple(card for card in kept if card.mine)),
        Section("tasks", _("Tasks"), tuple(card for card in kept if card.is_task and not card.mine)),
        Section("questions", _("Open questions"), tuple(card for card in kept if _asks(card) and str(card.id) in open_questions)),
        *_other_kinds(kept),
        Section("answered", _("Other questions"), tuple(card for card in kept if _asks(card) and str(card.id) not in open_questions), True),
        Section("rejected", _("Rejected"), tuple(card for card in cards if card.review == Insight.Review.REJECTED), True),
    ]
    return [section for section in made if section.cards]


def _other_kinds(cards: Sequence[Card]) -> Iterator[Section]:
    """Yield a section for each further kind, first those that are registered."""
    others = [card for card in cards if not card.is_task and not _asks(card)]
    names = dict.fromkeys([*(kind.name for kind in kinds()), *(card.kind.name for card in others)])
    for name in names:
        yield Section(name, kind_words.plural(kind_of(name)), tuple(card for card in others if card.kind.name == name))


def _asks(card: Card) -> bool:
    return card.kind.asks


def _rank(insight: Insight) -> tuple[bool, str, str]:
    return not kind_of(insight.type).assignable, insight.type, str(insight.id)


def _card(group: Sequence[Insight], conversation: Conversation, people: ShownPeople, part: int, user: User | AnonymousUser) -> Card:
    first, message = group[0], group[0].message
    text = as_task(first.text, first.action_phrase, edited=bool(first.original_text))
    due = local(first.due_at, conversation.timezone_offset) if first.due_at else None
    unsure = first.review == Insight.Review.PENDING and first.confidence < UNSURE
    person = person_of(message)
    return Card(
        insights=tuple(MarkedInsight(one.id, kind_of(one.type)) for one in group),
        text=text,
        quote=message.text if message.text != text else "",
        face=people.face(person),
        place=clock(message.offset_s),
        seconds=seconds_from_start(conversation, message.started_at),
        href=message_link(message, part),
        message_id=message.id,
        assignee=shown_assignee(first),
        assignee_id=first.assignee_id,
        due=due,
        due_input=f"{due:%Y-%m-%d}" if due else "",
        done=first.done_at is not None,
        review=first.review,
        unsure=round(first.confidence * 100) if unsure else 0,
        edited=bool(first.original_text),
        mine=kind_of(first.type).assignable and first.review != Insight.Review.REJECTED and person_who(user).is_assigned(first),
    )


def person_who(user: User | AnonymousUser) -> queries.UserNames:
    """Return the signed-in user as members name them: by e-mail address, else by name."""
    if not isinstance(user, User):
        return queries.UserNames(0, "", "")
    email = user.email or (user.get_username() if "@" in user.get_username() else "")
    return queries.UserNames(user.pk or 0, email, user.get_full_name())
