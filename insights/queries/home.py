"""What concerns a user across the conversations that they may see: open tasks, questions without an answer, follow-ups of a week."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from uuid import UUID

from django.db.models import F, Q, QuerySet

from insights.analysis.answers import LOOKED_AT, SpokenText, stays_open
from insights.insight_kinds import question_kinds, recurring_kinds, task_kinds
from insights.models import AccessLevel, Conversation, Insight, Message, Speaker, shares_with
from insights.queries.visible import visible_to

ASKED_WITHIN = timedelta(days=14)
"""How old a question may be to be listed."""
_LOOKED_AT_QUESTIONS = 40
"""Latest questions that are looked at; few of them have no answer."""


@dataclass(frozen=True, slots=True)
class UserNames:
    """A user as members and assignees name them: by e-mail address, or by name."""

    user_id: int
    email: str
    name: str

    def assigned(self) -> Q:
        """Return the condition for insights that are assigned to this person."""
        mine = Q()
        if self.email:  # the live page adds the name behind the address
            mine |= Q(assignee__email__iexact=self.email) | Q(assignee__user_id__iexact=self.email)
            mine |= Q(assignee__user_id__istartswith=f"{self.email}/") | Q(assignee_name__iexact=self.email)
        if self.name:
            mine |= Q(assignee__name__iexact=self.name) | Q(assignee_name__iexact=self.name)
        return mine if mine else Q(pk__in=[])

    def is_assigned(self, insight: Insight) -> bool:
        """Return whether an insight, with its assignee, fulfils `assigned`."""
        member, email, name = insight.assignee, self.email.casefold(), self.name.casefold()
        user_id = member.user_id.casefold() if member else ""
        assigned = insight.assignee_name.casefold()
        by_email = member is not None and (email in (member.email.casefold(), user_id) or user_id.startswith(f"{email}/"))
        by_name = bool(name) and name in (member.name.casefold() if member else "", assigned)
        return bool(email) and (by_email or email == assigned) or by_name


def open_tasks(person: UserNames, most: int, *, everybody: bool = False) -> list[Insight]:
    """Return open action items and follow-ups of a person (`everybody`: of all), by due date; those without one last."""
    found = _open(person.user_id).filter(type__in=task_kinds())
    if not everybody:
        found = found.filter(person.assigned())
    return list(found.order_by(F("due_at").asc(nulls_last=True), "-conversation__started_at", "message__number", "id")[:most])


def follow_ups_between(user_id: int, start: datetime, end: datetime, most: int) -> list[Insight]:
    """Return the open follow-ups that are due in a period, in the order of their due dates."""
    found = _open(user_id).filter(type__in=recurring_kinds(), due_at__gte=start, due_at__lt=end)
    return list(found.order_by("due_at", "id")[:most])


def unanswered_questions(user_id: int, now: datetime, most: int) -> list[Insight]:
    """Return the latest questions that got no answer in their conversation and that nobody marked as done; three queries."""
    recent = _open(user_id).filter(type__in=question_kinds(), conversation__started_at__gte=now - ASKED_WITHIN)
    asked = list(recent.order_by("-conversation__started_at", "conversation_id", "-message__number", "id")[:_LOOKED_AT_QUESTIONS])
    said = _said_after(asked)
    several = _conversations_of_several({one.conversation_id for one in asked})
    found = []
    for one in asked:
        number = one.message.number
        places = [(one.conversation_id, number + step) for step in range(LOOKED_AT + 1)]
        question, *after = [said[place] for place in places if place in said] or [SpokenText(0, one.text)]
        if stays_open(SpokenText(question.speaker, one.text), after, one_speaker=one.conversation_id not in several):
            found.append(one)
    return found[:most]


def task_for(user_id: int, insight_id: UUID) -> Insight | None:
    """Return an insight of a visible conversation, with what a list of tasks shows; None for any other."""
    return _listed(user_id).filter(pk=insight_id).first()


def editable_among(user_id: int, conversations: Collection[Conversation]) -> set[int]:
    """Return the ids of those of the visible conversations that the user may change: their own, and those shared with them to edit."""
    own = {one.pk for one in conversations if one.owner_id == user_id}
    others = {one.pk for one in conversations} - own
    shares = shares_with(user_id).filter(level__gte=AccessLevel.EDIT, conversation_id__in=others)
    return own | set(shares.values_list("conversation_id", flat=True)) if others else own


def sample_of(user_id: int) -> Conversation | None:
    """Return the user's sample conversation, None if there is none."""
    return Conversation.objects.filter(owner_id=user_id, sample=True).first()


def _listed(user_id: int) -> QuerySet[Insight]:
    found = Insight.objects.filter(conversation__in=visible_to(user_id)).select_related("conversation", "message", "assignee")
    return found.defer("message__words", "message__phrases", "entities", "tags", "hints")


def _open(user_id: int) -> QuerySet[Insight]:
    return _listed(user_id).filter(done_at=None).exclude(review=Insight.Review.REJECTED)


def _said_after(asked: Iterable[Insight]) -> dict[tuple[int, int], SpokenText]:
    """Return the messages of the questions and those that may answer them, by conversation and number."""
    places = [
        Q(conversation_id=one.conversation_id, number__gte=one.message.number, number__lte=one.message.number + LOOKED_AT) for one in asked
    ]
    if not places:
        return {}
    rows = Message.objects.filter(reduce(or_, places)).order_by()
    found = rows.values_list("conversation_id", "number", "speaker__number", "text")
    return {(conversation, number): SpokenText(speaker, text) for conversation, number, speaker, text in found}


def _conversations_of_several(ids: Iterable[int]) -> set[int]:
    """Return those of the conversations in which more than one speaker was told apart."""
    return set(Speaker.objects.filter(conversation_id__in=ids, number=2).values_list("conversation_id", flat=True))
