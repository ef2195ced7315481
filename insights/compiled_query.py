"""Queries that are compiled once in each process: the ORM needs ten times as long for a short query as the database.

For queries that every start, stop and final result of a conversation runs, or every process every two seconds (ADR 171). Others use the
ORM directly.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from inspect import signature
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model, QuerySet, Value
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=Model)
Converters = Sequence[tuple[int, Any, Sequence[Callable[..., Any]]]]
"""The places of columns whose values are converted, with the expression of each and its functions."""


@dataclass(frozen=True, slots=True)
class _Parameter:
    """The place of a value in the parameters of the compiled SQL."""

    index: int


class Compiled:
    """The SQL of a query, its parameters, and the expressions of its columns. It holds no connection, so that all threads can use it."""

    def __init__(self, query: QuerySet[Any, Any], connection: BaseDatabaseWrapper) -> None:
        compiler = query.query.get_compiler(connection=connection)
        self.sql, self.parameters = compiler.as_sql()
        self.columns = [column for column, _, _ in compiler.select[: compiler.col_count]]
        self.model: Any = query.model
        of_model: list[int] = compiler.klass_info["select_fields"] if compiler.klass_info is not None else []
        self.names = [self.columns[place].target.attname for place in of_model]
        self.populators: list[Any] = []
        if of_model:  # the stubs are those of a later Django
            self.populators = get_related_populators(compiler.klass_info, compiler.select, DEFAULT_DB_ALIAS)  # type: ignore[call-arg]

    def instance(self, row: Sequence[Any]) -> Any:
        """Return a row as an object of the model; its own columns come first, then those of `select_related`."""
        found = self.model.from_db(DEFAULT_DB_ALIAS, self.names, row[: len(self.names)])
        for populator in self.populators:
            populator.populate(row, found)
        return found


class CompiledQuery(Generic[M]):
    """A query of which only the values of its parameters change.

    Args:
        build: returns the query. It gets an expression for each parameter, to be used in conditions, and is called once. It must not depend
            on anything else that changes, such as the time or a setting.
    """

    def __init__(self, build: Callable[..., QuerySet[M, Any]]) -> None:
        self._build = build
        self._count = len(signature(build).parameters)
        self._kept: Compiled | None = None
        self._local = threading.local()

    def rows(self, *values: Any) -> list[Sequence[Any]]:
        """Return the rows with these values of the parameters."""
        return self._run(self.compiled(), values)

    def exists(self, *values: Any) -> bool:
        """Return whether there are rows."""
        return bool(self.rows(*values))

    def instances(self, *values: Any) -> list[M]:
        """Return the rows as objects of the model; not for a query with `values_list` or annotations."""
        compiled = self.compiled()
        return [compiled.instance(row) for row in self._run(compiled, values)]

    def first(self, *values: Any) -> M | None:
        """Return the first row as an object of the model, None if there is none."""
        return next(iter(self.instances(*values)), None)

    def compiled(self) -> Compiled:
        """Return the compiled query."""
        if self._kept is None:
            self._kept = self.compile()
        return self._kept

    def compile(self) -> Compiled:
        """Build and compile the query."""
        parameters = [Value(_Parameter(index)) for index in range(self._count)]
        return Compiled(self._build(*parameters), connections[DEFAULT_DB_ALIAS])

    def _run(self, compiled: Compiled, values: Sequence[Any]) -> list[Sequence[Any]]:
        connection = connections[DEFAULT_DB_ALIAS]
        parameters = [_adapted(values[one.index], connection) if isinstance(one, _Parameter) else one for one in compiled.parameters]
        with connection.cursor() as cursor:
            cursor.execute(compiled.sql, parameters)
            found: list[Sequence[Any]] = cursor.fetchall()
        converters = self._converters(compiled, connection) if found else ()
        return [_converted(row, converters, connection) for row in found] if converters else found

    def _converters(self, compiled: Compiled, connection: BaseDatabaseWrapper) -> Converters:
        """Return what the ORM converts values with; once for each thread, as it belongs to the connection."""
        known: tuple[BaseDatabaseWrapper, Converters] | None = getattr(self._local, "converters", None)
        if known is None or known[0] is not connection:
            all_ = (
                (place, column, [*connection.ops.get_db_converters(column), *column.get_db_converters(connection)])
                for place, column in enumerate(compiled.columns)
            )
            known = self._local.converters = (connection, [one for one in all_ if one[2]])
        return known[1]


def _converted(row: Sequence[Any], converters: Converters, connection: BaseDatabaseWrapper) -> list[Any]:
    values = list(row)
    for place, column, functions in converters:
        for function in functions:
            values[place] = function(values[place], column, connection)
    return values


def _adapted(value: Any, connection: BaseDatabaseWrapper) -> Any:
    """Return a value in the form in which the fields of Django give it to the database."""
    match value:
        case UUID():
            return value if connection.features.has_native_uuid_field else value.hex
        case datetime():
            return connection.ops.adapt_datetimefield_value(value)
    return value
