"""The rows of the list of conversations; also member badges, titles and local times for all pages."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.db.models import prefetch_related_objects
from django.utils import timezone
from django.utils.translation import gettext_lazy

from insights import access, jobs, kind_words, queries
from insights.exports.titles import UNKNOWN, local, shown_name, shown_person
from insights.insight_kinds import InsightKind, is_registered, kind_of, kinds
from insights.models import Conversation, Member, Speaker
from insights.names import LONGEST_NAME
from insights.portal.voices import VoiceOf, voices_of
from insights.portal.wording import duration, initials
from insights.queries import SearchTerms, Shown

PER_PAGE = 20
LONGEST_SEARCH = 200
PERIODS = {
    "1": gettext_lazy("Past 24 hours"),
    "7": gettext_lazy("Past 7 days"),
    "30": gettext_lazy("Past 30 days"),
    "365": gettext_lazy("Past year"),
}


@dataclass(frozen=True, slots=True)
class ListFilter:
    """The filters of the list: a search, a kind of insight, a member's name, and a maximum age in days. Empty: no filter."""

    query: str = ""
    kind: str = ""
    days: str = ""
    person: str = ""
    shared: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Return the filters of a URL's query; invalid values are ignored."""
        kind, days, person = query.get("kind", ""), query.get("days", ""), query.get("person", "").replace("\x00", "")
        shared = query.get("shared") == "yes"
        text = query.get("q", "").strip()[:LONGEST_SEARCH]
        return cls(text, kind if is_registered(kind) else "", days if days in PERIODS else "", person[:LONGEST_NAME], shared)

    @property
    def address(self) -> str:
        """The filters as the start of a URL query: empty, or ending with `&`."""
        values = {"q": self.query, "kind": self.kind, "person": self.person, "days": self.days, "shared": "yes" if self.shared else ""}
        return "".join(f"{urlencode({name: value})}&" for name, value in values.items() if value)

    @property
    def shown(self) -> Shown:
        """Which conversations are wanted: all, or only those that others shared."""
        return Shown.SHARED if self.shared else Shown.ALL

    @property
    def start(self) -> datetime | None:
        """The first start of conversations that are not too old; None without a maximum age."""
        return timezone.now() - timedelta(days=int(self.days)) if self.days else None


@dataclass(frozen=True, slots=True)
class Face:
    """A person's badge: name, initials and the number of the colour, from 0 (`voices.py`)."""

    name: str
    initials: str
    voice: int


@dataclass(frozen=True, slots=True)
class Count:
    """How many insights of a kind a conversation has; `noun` is the word behind the number."""

    kind: InsightKind
    number: int
    noun: str


@dataclass(frozen=True, slots=True)
class ListedConversation:
    """One conversation in the list. `local_start` is in the conversation's time zone."""

    id: int
    name: str
    started_at: datetime
    local_start: datetime
    live: bool
    importing: bool
    """Whether it is filled by an import and not by speakers."""
    failed: bool
    """Whether it is empty because its import has failed."""
    connection_id: str
    duration: str
    messages: int
    faces: tuple[Face, ...]
    more_faces: int
    names: str
    counts: tuple[Count, ...] = ()
    sample: bool = False
    owner: str = ""
    """The name of the owner; empty for one's own conversations."""


def face(member: Member | None, voice: int) -> Face:
    """Return the badge of a member with the number of their colour."""
    name = (shown_person(str(member)) if member else "") or str(UNKNOWN)
    return Face(name, initials(name if member else ""), voice)


def voice_of(speaker: Speaker) -> VoiceOf:
    """Return a stored speaker as the colours need it."""
    return VoiceOf(speaker.id, speaker.number, speaker.member_id)


def counts_of(numbers: Mapping[str, int]) -> tuple[Count, ...]:
    """Return the counts by kind, in the order of the registry, then those of kinds that are not registered any more."""
    names = list(dict.fromkeys([*(kind.name for kind in kinds()), *sorted(numbers)]))
    return tuple(Count(kind_of(name), numbers[name], kind_words.noun(kind_of(name), numbers[name])) for name in names if numbers.get(name))


def _present(conversation: Conversation) -> list[Member]:
    """Return the members, which were prefetched, without those that were merged with another."""
    return [member for member in conversation.members.all() if member.merged_into_id is None]


def _row(conversation: Conversation, counts: Mapping[str, int], owner: str, importing: bool, failed: bool) -> ListedConversation:
    present = _present(conversation)
    voices = voices_of([member.id for member in present], [voice_of(speaker) for speaker in conversation.speakers.all()])
    faces = tuple(face(member, voices[member.id]) for member in present)
    length = (conversation.ended_at - conversation.started_at).total_seconds() if conversation.ended_at else 0
    return ListedConversation(
        id=conversation.id,
        name=shown_name(conversation, [one.name for one in faces]),
        started_at=conversation.started_at,
        local_start=local(conversation.started_at, conversation.timezone_offset),
        live=conversation.ended_at is None,
        importing=importing,
        failed=failed,
        connection_id=conversation.connection_id,
        duration=duration(length),
        messages=conversation.messages_left,
        faces=faces[:4],
        more_faces=max(0, len(faces) - 4),
        names=", ".join(dict.fromkeys(one.name for one in faces)),
        counts=counts_of(counts),
        sample=conversation.sample,
        owner=owner,
    )


def rows_of(conversations: Sequence[Conversation], user_id: int) -> list[ListedConversation]:
    """Return the rows of conversations, whose members are loaded, for this user.

    Two queries, and one more each where there are shared, live and empty ones.
    """
    prefetch_related_objects(conversations, "speakers")
    counts = queries.insight_counts(conversations)
    owners = owners_of(conversations, user_id)
    live = [one.pk for one in conversations if one.ended_at is None]
    importing = jobs.importing_among(live) if live else set()
    empty = [one.pk for one in conversations if one.ended_at is not None and not one.messages_left]
    failed = jobs.failed_imports_among(empty) if empty else set()
    return [_row(one, counts.get(one.id, {}), owners.get(one.owner_id, ""), one.pk in importing, one.pk in failed) for one in conversations]


def owners_of(conversations: Iterable[Conversation], user_id: int) -> dict[int, str]:
    """Return the names of the owners by id, without this user; one query, none if all conversations are the user's own."""
    return access.names_of({one.owner_id for one in conversations} - {user_id})


def page_of(user_id: int, wanted: ListFilter, number: str, terms: SearchTerms) -> tuple[Page[Conversation], list[ListedConversation]]:
    """Return one page of the visible conversations, newest first, and its rows; an invalid number gives the first or the last page."""
    scope = queries.search_scope(user_id, terms, wanted.start).values("pk")
    found = queries.conversations_of(user_id, holding=wanted.kind, shown=wanted.shown).filter(pk__in=scope)
    page = Paginator(found, PER_PAGE).get_page(number)
    return page, rows_of(list(page.object_list), user_id)
