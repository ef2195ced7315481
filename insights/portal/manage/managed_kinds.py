"""What the pages of trackers, entities and groups differ in."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from insights import managed
from insights.models import AccountEntity, AccountTracker, ConversationGroup
from insights.portal.manage.forms import EntityForm, GroupForm, ManagedForm, TrackerForm

FOUND_STAYS = gettext_lazy("What was found in earlier conversations stays.")
SHOWN = 8
"""Words of an item that the list shows."""


@dataclass(frozen=True, slots=True)
class Item:
    """A row of a list. `more`: how many words are not shown."""

    id: str
    name: str
    about: str
    words: tuple[str, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedKind:
    """One kind of managed objects. `address` is the path of its list."""

    name: str
    title: str | Promise
    new: str | Promise
    create: str | Promise
    question: str | Promise
    about: str | Promise
    empty: str | Promise
    stays: str | Promise
    done: Mapping[str, str | Promise]
    form: type[TrackerForm | EntityForm | GroupForm]
    rows: Callable[[int], QuerySet[Any]]
    find: Callable[[int, str], Any]
    delete: Callable[[int, str], None]
    item: Callable[[Any], Item]

    @property
    def address(self) -> str:
        """The path of the list."""
        return f"/settings/{self.name}/"

    def form_of(self, row: Any) -> ManagedForm:
        """Return the form with the values of a stored object."""
        return self.form(initial=self.form.of(row))


def item_of(identity: int | str, name: str, about: str, words: Sequence[str]) -> Item:
    """Return a row with the first words."""
    return Item(str(identity), name, about, tuple(words[:SHOWN]), max(0, len(words) - SHOWN))


def _tracker(row: AccountTracker) -> Item:
    return item_of(row.id, row.name, row.description, row.vocabulary)


def _entity(row: AccountEntity) -> Item:
    return item_of(row.id, str(row), row.category if row.category != "Custom" else "", row.values)


def _group(row: ConversationGroup) -> Item:
    return item_of(row.id, row.name, row.description, [row.criteria])


TRACKERS = ManagedKind(
    name="trackers",
    title=gettext_lazy("Trackers"),
    new=gettext_lazy("New tracker"),
    create=gettext_lazy("Create tracker"),
    question=gettext_lazy("Delete this tracker?"),
    about=gettext_lazy("A tracker finds a topic in conversations, such as competitors or prices, by its phrases."),
    empty=gettext_lazy("No trackers of your own yet. Create one to find a topic in your conversations."),
    stays=FOUND_STAYS,
    done={
        "created": gettext_lazy("Tracker created."),
        "saved": gettext_lazy("Tracker saved."),
        "deleted": gettext_lazy("Tracker deleted."),
    },
    form=TrackerForm,
    rows=managed.trackers_in,
    find=managed.tracker,
    delete=managed.delete_tracker,
    item=_tracker,
)
ENTITIES = ManagedKind(
    name="entities",
    title=gettext_lazy("Entities"),
    new=gettext_lazy("New entity"),
    create=gettext_lazy("Create entity"),
    question=gettext_lazy("Delete this entity?"),
    about=gettext_lazy("Parley marks names, dates and amounts in conversations. Add words of your own, such as your products."),
    empty=gettext_lazy("No entities of your own yet. Create one to mark your own words in conversations."),
    stays=FOUND_STAYS,
    done={
        "created": gettext_lazy("Entity created."),
        "saved": gettext_lazy("Entity saved."),
        "deleted": gettext_lazy("Entity deleted."),
    },
    form=EntityForm,
    rows=managed.entities_in,
    find=managed.entity,
    delete=managed.delete_entity,
    item=_entity,
)
GROUPS = ManagedKind(
    name="groups",
    title=gettext_lazy("Groups"),
    new=gettext_lazy("New group"),
    create=gettext_lazy("Create group"),
    question=gettext_lazy("Delete this group?"),
    about=gettext_lazy("A group is a name for all conversations that fulfil a criterion. Apps read its conversations over the API."),
    empty=gettext_lazy("No groups yet. Create one for conversations that belong together."),
    stays=gettext_lazy("Its conversations stay."),
    done={
        "created": gettext_lazy("Group created."),
        "saved": gettext_lazy("Group saved."),
        "deleted": gettext_lazy("Group deleted."),
    },
    form=GroupForm,
    rows=managed.groups_in,
    find=managed.group,
    delete=managed.delete_group,
    item=_group,
)
KINDS = (TRACKERS, ENTITIES, GROUPS)
