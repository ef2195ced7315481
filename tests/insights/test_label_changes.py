"""Migrations that change labels and help texts only."""

from typing import Any

from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import AlterField

from insights.models.label_changes import ChangeLabels

LABELS = ("insights", "0045_labels_of_fields")


def column(field: Any) -> tuple[str, list[Any], dict[str, Any]]:
    """Return of a field what a table has."""
    _, path, args, options = field.deconstruct()
    return path, args, {name: value for name, value in options.items() if name not in field.non_db_attrs}


def test_no_table_has_what_is_changed() -> None:
    """Every field has the same column before and after, so nothing is lost by leaving the tables alone."""
    loader = MigrationLoader(None)
    changed = 0
    for node, migration in loader.disk_migrations.items():
        for operation in (one for one in migration.operations if isinstance(one, ChangeLabels)):
            models = loader.project_state(node, at_end=False).models
            for change in (one for one in operation.changes if isinstance(one, AlterField)):
                before = models[node[0], change.model_name_lower].fields[change.name]
                assert column(before) == column(change.field), (change.model_name, change.name)
                changed += 1
    assert changed > 60


def test_the_models_are_those_of_single_changes() -> None:
    """The state is that of Django's own operations, and models that were made before have the new labels."""
    loader = MigrationLoader(None)
    single, at_once = (loader.project_state(LABELS, at_end=False) for _ in range(2))
    (operation,) = loader.disk_migrations[LABELS].operations
    for change in operation.changes:
        change.state_forwards("insights", single)
    made = at_once.apps
    operation.state_forwards("insights", at_once)
    assert at_once == single
    assert at_once.apps is made
    message = made.get_model("insights", "Message")
    assert (message._meta.verbose_name, message._meta.get_field("text").verbose_name) == ("message", "text")
    assert message._meta.get_field("conversation").remote_field.model is made.get_model("insights", "Conversation")
    assert made.get_model("insights", "Conversation")._meta.get_field("owner").verbose_name == "owner"
