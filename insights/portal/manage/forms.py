"""The forms of what an account manages. `insights.managed` checks the values; its errors appear at the fields that they name."""

import re
from dataclasses import replace
from typing import Any, ClassVar, TypeAlias

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from insights import managed, reason_words
from insights.managed import EntityFields, GroupFields, TrackerFields, checks, entities, groups, vocabulary
from insights.models import AccountEntity, AccountTracker, ConversationGroup
from insights.models.management import LONGEST_CRITERIA
from insights.queries import rsql

_NAMED = re.compile(r"(\w+)(?:\[(\d+)\])?: (.+)", re.DOTALL)
InitialValues: TypeAlias = dict[str, str | list[str]]
"""The values that a form shows at first, by the names of its fields."""
_WHERE_NOTHING_IS_TYPED = {"spellcheck": "false", "autocapitalize": "none", "autocomplete": "off"}


class LinesField(forms.Field):
    """Several texts, one on each line, without blank lines and repeats."""

    def __init__(self, *, rows: int = 6, **options: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs={"rows": rows, "dir": "auto", "spellcheck": "false"}), **options)

    def to_python(self, value: Any) -> list[str]:
        """Return the lines."""
        return list(dict.fromkeys(line.strip() for line in str(value or "").splitlines() if line.strip()))

    def prepare_value(self, value: Any) -> Any:
        """Return the text of stored lines."""
        return "\n".join(value) if isinstance(value, list | tuple) else value


class ManagedForm(forms.Form):
    """A form whose values `insights.managed` stores."""

    fields_of_errors: ClassVar[dict[str, str]] = {}
    """Fields of this form by the names that errors give them, where they differ."""

    def save(self, owner_id: int, identity: str = "") -> bool:
        """Store a valid form as a new object, or as the one with this id; return False with an error in the form. Raises Unknown."""
        try:
            self.store(owner_id, identity)
        except managed.Unknown:
            raise
        except managed.Busy:
            self.add_error(None, _("Another change of your account is being saved. Try again."))
        except managed.ManagedError as error:
            self._add(str(error))
        return not self.errors

    def store(self, owner_id: int, identity: str) -> None:
        """Store the values. Raises errors of `insights.managed`."""
        raise NotImplementedError

    def _add(self, error: str) -> None:
        """Add an error of the form `field[place]: text` to its field, with the item that is meant instead of its place."""
        found = _NAMED.fullmatch(error)
        name = self.fields_of_errors.get(found[1], found[1]) if found else ""
        if found is None or name not in self.fields:
            self.add_error(None, reason_words.as_sentence(found[3] if found else error))
        elif found[2] is None:
            self.add_error(name, reason_words.as_sentence(found[3]))
        else:
            self.add_error(name, f"“{self.cleaned_data[name][int(found[2])]}”: {reason_words.translated(found[3])}")


class TrackerForm(ManagedForm):
    """A tracker."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=checks.LONGEST, help_text=gettext_lazy("For example: Competitors"))
    vocabulary = LinesField(
        label=gettext_lazy("Phrases"), help_text=format_lazy(gettext_lazy("One on each line, at most {most}."), most=checks.PHRASES)
    )
    description = forms.CharField(label=gettext_lazy("Description"), required=False, max_length=checks.LONGEST_DESCRIPTION)
    categories = LinesField(label=gettext_lazy("Categories"), required=False, rows=2, help_text=gettext_lazy("One on each line."))

    @classmethod
    def of(cls, row: AccountTracker) -> InitialValues:
        """Return the stored values."""
        return {"name": row.name, "vocabulary": row.vocabulary, "description": row.description, "categories": row.categories}

    def store(self, owner_id: int, identity: str) -> None:
        """Create or change the tracker; its languages stay."""
        data = self.cleaned_data
        fields = TrackerFields(data["name"], data["vocabulary"], data["description"], data["categories"])
        if identity:
            managed.change_tracker(owner_id, identity, lambda before: replace(fields, languages=before.languages))
        else:
            managed.create_trackers(owner_id, [fields])


class EntityForm(ManagedForm):
    """A custom entity."""

    fields_of_errors = {"subType": "sub_type"}
    type = forms.CharField(label=gettext_lazy("Type"), max_length=checks.LONGEST, help_text=gettext_lazy("For example: Vehicle"))
    sub_type = forms.CharField(label=gettext_lazy("Subtype"), max_length=checks.LONGEST, help_text=gettext_lazy("For example: Honda"))
    values = LinesField(
        label=gettext_lazy("Words"),
        help_text=format_lazy(gettext_lazy("One on each line, at most {most}. For example: civic, accord."), most=entities.MOST_VALUES),
    )
    category = forms.CharField(label=gettext_lazy("Category"), max_length=checks.LONGEST, initial="Custom")

    @classmethod
    def of(cls, row: AccountEntity) -> InitialValues:
        """Return the stored values."""
        return {"type": row.type, "sub_type": row.sub_type, "values": row.values, "category": row.category}

    def store(self, owner_id: int, identity: str) -> None:
        """Create or change the entity."""
        data = self.cleaned_data
        fields = EntityFields(data["type"], data["sub_type"], data["values"], data["category"])
        if identity:
            managed.change_entity(owner_id, identity, fields)
        else:
            managed.create_entities(owner_id, [fields])


class GroupForm(ManagedForm):
    """A group of conversations."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=groups.LONGEST_NAME, help_text=gettext_lazy("For example: Weekly meetings")
    )
    criteria = forms.CharField(
        label=gettext_lazy("Criteria"),
        max_length=LONGEST_CRITERIA,
        help_text=format_lazy(
            gettext_lazy("RSQL, for example name=='Weekly planning'. Fields: {fields}, each also with “{prefix}” before it."),
            fields=", ".join(rsql.FIELD_NAMES),
            prefix="conversation.",
        ),
        widget=forms.Textarea(attrs={"rows": 3, **_WHERE_NOTHING_IS_TYPED}),
    )
    description = forms.CharField(label=gettext_lazy("Description"), required=False, max_length=groups.LONGEST_DESCRIPTION)

    @classmethod
    def of(cls, row: ConversationGroup) -> InitialValues:
        """Return the stored values."""
        return {"name": row.name, "criteria": row.criteria, "description": row.description}

    def clean_criteria(self) -> str:
        """Refuse criteria that are not valid RSQL."""
        criteria = str(self.cleaned_data["criteria"])
        try:
            rsql.parse(criteria)
        except rsql.RsqlError as error:
            named = _NAMED.fullmatch(str(error))
            raise forms.ValidationError(reason_words.as_sentence(named[3] if named else str(error))) from None
        return criteria

    def store(self, owner_id: int, identity: str) -> None:
        """Create or change the group."""
        fields = GroupFields(self.cleaned_data["name"], self.cleaned_data["criteria"], self.cleaned_data["description"])
        if identity:
            managed.change_group(owner_id, identity, fields)
        else:
            managed.create_groups(owner_id, [fields])


class VocabularyForm(ManagedForm):
    """The phrases of the account."""

    vocabulary = LinesField(
        label=gettext_lazy("Names and special words"),
        required=False,
        rows=12,
        help_text=format_lazy(
            gettext_lazy("One on each line, at most {most}. Recognised words that sound like one of them are corrected to it."),
            most=vocabulary.MOST,
        ),
    )

    def store(self, owner_id: int, identity: str) -> None:
        """Replace the phrases."""
        managed.set_vocabulary(owner_id, self.cleaned_data["vocabulary"])
