"""A migration operation for labels and help texts, which no table has."""

from collections.abc import Sequence
from typing import Any

from django.db.migrations.operations import AlterField, AlterModelOptions
from django.db.migrations.operations.base import Operation


class ChangeLabels(Operation):
    """Changes of labels, help texts and options, made as one.

    Django builds the models of a state again after each change of a field, and all of them after one of a foreign key: sixty changes
    take several seconds of CPU. This builds them once.
    """

    reduces_to_sql = False

    def __init__(self, changes: Sequence[AlterField | AlterModelOptions]) -> None:
        self.changes = changes

    def state_forwards(self, app_label: str, state: Any) -> None:
        """Change the state, and then build the models again if they were built."""
        made = state.__dict__.pop("apps", None)
        for change in self.changes:
            change.state_forwards(app_label, state)
        if made is not None:
            state.apps = made
            state.reload_models({(app_label, _model_of(change)) for change in self.changes}, delay=False)

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Do nothing: no table has labels."""

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Do nothing."""

    def describe(self) -> str:
        """Return what is done, for `migrate` and `showmigrations --plan`."""
        return "Change labels and help texts"


def _model_of(change: AlterField | AlterModelOptions) -> str:
    return change.model_name_lower if isinstance(change, AlterField) else change.name_lower
