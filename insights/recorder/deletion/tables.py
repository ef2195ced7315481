"""The tables with the contents of a conversation, found by their foreign keys, so that deletion includes every table that is added."""

from dataclasses import dataclass
from functools import cache, reduce
from graphlib import TopologicalSorter
from operator import or_
from typing import Any

from django.db import models

from insights.models import Conversation


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose rows belong to a conversation; `paths` are the lookups from a row to the id of its conversation."""

    model: type[models.Model]
    paths: tuple[str, ...]

    def rows(self, conversation_id: int) -> models.QuerySet[Any]:
        """Return the rows of a conversation, in no order."""
        condition = reduce(or_, (models.Q(**{path: conversation_id}) for path in self.paths))
        return self.model._base_manager.filter(condition).order_by()


@cache
def content_tables() -> tuple[Table, ...]:
    """Return all tables that cascade from a conversation, each behind the tables that refer to it.

    A table has one path, the shortest whose foreign keys are all set; where they may be empty, it has all paths.
    """
    certain: dict[type[models.Model], str] = {}
    others: dict[type[models.Model], list[str]] = {}
    level: list[tuple[type[models.Model], str, bool]] = [(Conversation, "", True)]
    while level:  # breadth first, so that short paths come first
        following: list[tuple[type[models.Model], str, bool]] = []
        for model, path, sure in level:
            for relation in model._meta.related_objects:
                child = relation.related_model
                if not isinstance(child, type) or child in (Conversation, model) or child in certain or not _owns(relation):
                    continue
                step = "__".join([relation.field.name, path] if path else [relation.field.name])
                always = sure and not relation.field.null
                if always:
                    certain[child] = step
                else:
                    others.setdefault(child, []).append(step)
                following.append((child, step, always))
        level = following
    found = {model: (certain[model],) if model in certain else tuple(others[model]) for model in {**certain, **others}}
    return tuple(Table(model, found[model]) for model in _children_first(set(found)))


def delete_rows(rows: models.QuerySet[Any]) -> None:
    """Delete rows that no other row refers to, in one statement. Django's own `delete` would read all rows to look for references."""
    rows._raw_delete(rows.db)


def _owns(relation: Any) -> bool:
    """Return whether rows of the related table are deleted with their parent: CASCADE, or RESTRICT within a conversation."""
    return relation.on_delete in (models.CASCADE, models.RESTRICT) and relation.field.concrete


def _children_first(tables: set[type[models.Model]]) -> list[type[models.Model]]:
    """Return the tables in an order in which every table comes before those that it refers to."""
    graph: TopologicalSorter[type[models.Model]] = TopologicalSorter(
        {table: set() for table in sorted(tables, key=lambda t: t._meta.label)}
    )
    for table in tables:
        for field in table._meta.concrete_fields:
            parent = field.related_model
            if isinstance(parent, type) and parent in tables and parent is not table:
                graph.add(parent, table)
    return list(graph.static_order())
