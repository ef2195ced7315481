"""An edit by a person: its rows, its numbered events and its `Change` are stored in one transaction.

with write_transaction():
    edit = Edit(locked(conversation_id), user_id)
    edit.watch(Message.objects.filter(id=message_id))
    ...  # change and save the rows
    return edit.store(Change.Kind.MESSAGE, message_id)
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db.models import F, Model, QuerySet
from django.utils import timezone

from insights.events import ConversationEvent
from insights.models import Change, Conversation, Message
from insights.payloads import StoredEvent
from insights.recorder.edits.change_events import events_of
from insights.recorder.edits.row_states import TABLES, States, by_table, difference, key_of, state_of, states_of
from insights.recorder.event_log import EventLog
from insights.recorder.signals import announce
from insights.snapshots import JsonObject

_FAR = 10**9
"""Added to numbers of messages while they move, so that no two of them are equal meanwhile."""


@dataclass(frozen=True, slots=True)
class Edited:
    """The result of an edit: the number of its `Change`, None where nothing was different, and the committed events."""

    change_id: int | None = None
    events: list[StoredEvent] = field(default_factory=list)


class Edit:
    """One edit of a locked conversation by a user; without a user, a correction by later recognition.

    `by`: what events say about who made it, if it was no user.
    """

    def __init__(self, conversation: Conversation, user_id: int | None, by: str = "") -> None:
        self.conversation = conversation
        self.user_id = user_id
        self._named_by = by
        self.now = timezone.now()
        self._watched: list[tuple[QuerySet[Model], tuple[str, ...]]] = []
        self._before: States = {}
        self._old_places: States = {}
        self._new_places: States = {}

    def watch(self, *rows: "QuerySet[Model]", only: Collection[str] = ()) -> None:
        """Note the state of rows before they change. Rows that match the same query afterwards are part of the edit, too.

        `only`: the columns that may change, where there may be thousands of rows.
        """
        for query in rows:
            self._watched.append((query, tuple(only)))
            self._before = states_of(query, only) | self._before  # the first state counts: a row may be watched twice

    def watch_conversation(self) -> None:
        """Note name and metadata of the conversation before they change. `store` saves them."""
        self._before[key_of(self.conversation)] = state_of(self.conversation)

    def insert(self, message: Message, behind: Message | None, distance: int = 1) -> None:
        """Store a new message behind another one; `distance` is the difference of their numbers. Later messages get the next number."""
        first = behind.number if behind else 0
        between = Message.objects.filter(conversation=self.conversation, number__gt=first, number__lt=first + distance)
        message.number = first + (1 if between.exists() else distance)
        self._shift(message.number, 1)
        message.save(force_insert=True)
        place: JsonObject = {"behind": str(behind.id) if behind else None, "distance": message.number - first}
        self._new_places[f"place:{message.id}"] = place

    def remove(self, message: Message) -> None:
        """Delete a message. Later messages get the next lower number."""
        before = Message.objects.filter(conversation=self.conversation, number__lt=message.number).order_by("-number").first()
        place: JsonObject = {"behind": str(before.id) if before else None, "distance": message.number - (before.number if before else 0)}
        self._old_places[f"place:{message.id}"] = place
        Message.objects.filter(id=message.id).delete()
        self._shift(message.number + 1, -1)

    def _shift(self, number: int, step: int) -> None:
        """Change the numbers of all messages from `number` on; two statements, because no two numbers may be equal meanwhile."""
        rows = Message.objects.filter(conversation=self.conversation)
        rows.filter(number__gte=number).update(number=F("number") + _FAR)
        rows.filter(number__gte=_FAR).update(number=F("number") - (_FAR - step))
        self.conversation.message_count += step

    def store(self, kind: Change.Kind, target: UUID | int | str, undoes: Change | None = None) -> Edited:
        """Store the change and its events, which are sent after the commit. Nothing is stored if no row is different."""
        edited = self.store_unsent(kind, target, undoes)
        announce(edited.events)
        return edited

    def store_unsent(self, kind: Change.Kind, target: UUID | int | str, undoes: Change | None = None) -> Edited:
        """Store the change and its events as `store` does. The caller publishes the events."""
        old, new = difference(self._before, self.current(self._before))
        if not old and undoes is None:
            return Edited()
        change = self.new_change(kind, target, undoes)
        change.before, change.after = old | self._old_places, new | self._new_places
        change.save()
        return Edited(change.pk, self._log(events_of(self.conversation, old, new, self._new_places, self._by())))

    def store_correction(self, *, again: bool = True) -> list[StoredEvent]:
        """Store the events of what is different, without a `Change`: no person made it. The caller publishes the events.

        `again`: whether messages and insights are sent again; if not, messages that have another member are only named.
        """
        old, new = difference(self._before, self.current(self._before))
        return self._log(events_of(self.conversation, old, new, self._new_places, self._by(), again=again)) if old else []

    def store_batch(self, change: Change, *, again: bool) -> list[StoredEvent]:
        """Add a batch of a large edit to its change, which may be a new one, and store the events.

        `again`: messages and insights are sent again; if not, they are only named. Nothing is stored if no row is different, and the
        change neither undoes another one nor is stored already.
        """
        old, new = difference(self._before, self.current(self._before))
        if not old and change._state.adding and change.undoes is None:
            return []
        if not change._state.adding:
            change.refresh_from_db(fields=["before", "after"])  # a deletion may have removed states from it
        change.before, change.after = old | change.before, change.after | new
        change.save()
        return announce(self._log(events_of(self.conversation, old, new, {}, self._by(), again=again)))

    def new_change(self, kind: Change.Kind, target: UUID | int | str, undoes: Change | None = None) -> Change:
        """Return an unsaved change of this edit, for `store_batch`."""
        values = {"conversation": self.conversation, "user_id": self.user_id, "created_at": self.now}
        return Change(kind=kind, target=str(target), undoes=undoes, **values)

    def _by(self) -> str:
        if self.user_id is None:
            return self._named_by
        return get_user_model().objects.get(pk=self.user_id).get_username()

    def _log(self, events: Iterable[ConversationEvent]) -> list[StoredEvent]:
        log = EventLog(self.conversation, self.now)
        for event in events:
            log.add(event)
        return log.store("name", "metadata", "message_count")

    def current(self, keys: States) -> States:
        """Return the present states of all watched rows and of the rows with these keys; rows that do not exist are left out."""
        states: States = {}
        for query, only in self._watched:
            states = states_of(query, only) | states
        for table, ids in by_table(key for key in keys if key not in states).items():
            if table == "conversation":
                states[key_of(self.conversation)] = state_of(self.conversation)
                continue
            states |= states_of(TABLES[table]._default_manager.filter(pk__in=ids))
        return states
