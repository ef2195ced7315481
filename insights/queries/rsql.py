"""Filters of conversations in RSQL, such as `name==Standup;metadata.agentId=in=(johndoe,janeroe)`.

`parse` reads the text; `condition` makes the database condition. Lists of conversations allow fewer operators than groups of them:
`check_list_filter`.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from operator import and_, or_
from typing import TypeAlias, assert_never

from django.db.models import Q, TextField
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.db.models.lookups import Exact, GreaterThan, GreaterThanOrEqual, In, IsNull, LessThan, LessThanOrEqual

LONGEST = 2000
MOST_COMPARISONS = 20
"""Comparisons of one expression."""
MOST_LISTED = 2
"""Comparisons of one `filter` of a list, as Symbl allows."""

OPERATORS = {"==": "==", "!=": "!=", "=lt=": "<", "<": "<", "=le=": "<=", "<=": "<=", "=gt=": ">", ">": ">", "=ge=": ">=", ">=": ">="}
"""The operators with one value."""
LIST_OPERATORS = {"=in=": "in", "=out=": "out"}

_TEXTS = {"name": "name", "type": "type"}
_TIMES = {"startTime": "started_at", "startDate": "started_at", "endTime": "ended_at", "endDate": "ended_at"}
FIELD_NAMES = ("id", "name", "type", "startTime", "endTime", "metadata.<key>")
FIELDS = f"{', '.join(FIELD_NAMES[:-1])} and {FIELD_NAMES[-1]}, each also with `conversation.` before it"

_TOKEN = re.compile(
    r"""\s*(?:(?P<operator>==|!=|<=|>=|<|>|=[a-z]*=)|(?P<mark>[();,])|(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<word>[^"'();,=<>!~\s]+))""",
    re.DOTALL,
)


class RsqlError(ValueError):
    """An expression that cannot be used; the text says what is wrong and what is allowed."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """A field, an operator (==, !=, <, <=, >, >=, in, out) and its values."""

    field: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Both:
    """All of the parts are true (`;` or `and`)."""

    parts: "tuple[Expression, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    """One of the parts is true (`,` or `or`)."""

    parts: "tuple[Expression, ...]"


Expression: TypeAlias = Comparison | Both | Either


def parse(text: str) -> Expression:
    """Return the expression that a text describes, with known fields and valid values. Raises RsqlError."""
    if len(text) > LONGEST:
        raise RsqlError(f"must have at most {LONGEST} characters")
    if "\x00" in text:
        raise RsqlError("must not have a NUL character")
    parser = _Parser(text)
    found = parser.whole()
    comparisons = list(comparisons_of(found))
    if len(comparisons) > MOST_COMPARISONS:
        raise RsqlError(f"must have at most {MOST_COMPARISONS} comparisons")
    for one in comparisons:
        _condition(one)
    return found


def check_list_filter(expression: Expression) -> None:
    """Raise RsqlError unless an expression may filter a list of conversations: no OR, at most MOST_LISTED comparisons."""
    if _has_either(expression):
        raise RsqlError("OR (`,` or `or`) is not allowed; use `;`, or =in=(...) for several values of one field")
    if len(list(comparisons_of(expression))) > MOST_LISTED:
        raise RsqlError(f"must have at most {MOST_LISTED} comparisons; give `filter` several times for more")


def comparisons_of(expression: Expression) -> Iterator[Comparison]:
    """Yield all comparisons of an expression."""
    match expression:
        case Comparison():
            yield expression
        case Both(parts) | Either(parts):
            for part in parts:
                yield from comparisons_of(part)
        case _:
            assert_never(expression)


def condition(expression: Expression) -> Q:
    """Return the condition on conversations."""
    match expression:
        case Comparison():
            return _condition(expression)
        case Both(parts):
            return reduce(and_, (condition(part) for part in parts))
        case Either(parts):
            return reduce(or_, (condition(part) for part in parts))
        case _:
            assert_never(expression)


def _has_either(expression: Expression) -> bool:
    match expression:
        case Comparison():
            return False
        case Either():
            return True
        case Both(parts):
            return any(map(_has_either, parts))
        case _:
            assert_never(expression)


class _Parser:
    """A recursive descent over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        self._place, self._depth = 0, 0
        at, text = 0, text.rstrip()
        while at < len(text):
            match = _TOKEN.match(text, at)
            if match is None or match.end() == at:
                raise RsqlError(f"character {at + 1} is not allowed here; an expression is a field, an operator and a value: name==Standup")
            kind = match.lastgroup or ""
            self._tokens.append((kind, match.group(kind)))
            at = match.end()

    def whole(self) -> Expression:
        found = self._either()
        if self._place < len(self._tokens):
            raise RsqlError(f"expected `;` or the end after part {self._place}")
        return found

    def _either(self) -> Expression:
        parts = [self._both()]
        while self._takes(",", "or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Expression:
        parts = [self._one()]
        while self._takes(";", "and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _one(self) -> Expression:
        if self._takes("("):
            self._depth += 1
            if self._depth > MOST_COMPARISONS:
                raise RsqlError(f"must have at most {MOST_COMPARISONS} nested parentheses")
            found = self._either()
            if not self._takes(")"):
                raise RsqlError("a parenthesis is not closed")
            self._depth -= 1
            return found
        return self._comparison()

    def _comparison(self) -> Comparison:
        kind, field = self._next()
        if kind != "word":
            raise RsqlError(f"expected a field: {FIELDS}")
        kind, operator = self._next()
        allowed = {**OPERATORS, **LIST_OPERATORS}
        if kind != "operator" or operator not in allowed:
            raise RsqlError(f"expected an operator after a field: {' '.join(allowed)}")
        if operator in LIST_OPERATORS:
            return Comparison(field, LIST_OPERATORS[operator], self._list())
        return Comparison(field, OPERATORS[operator], (self._value(),))

    def _list(self) -> tuple[str, ...]:
        if not self._takes("("):
            raise RsqlError("expected a list in parentheses after =in= and =out=: metadata.team=in=(sales,support)")
        values = [self._value()]
        while self._takes(","):
            values.append(self._value())
        if not self._takes(")"):
            raise RsqlError("the list after =in= or =out= is not closed")
        return tuple(values)

    def _value(self) -> str:
        kind, value = self._next()
        if kind == "quoted":
            return re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL)
        if kind != "word":
            raise RsqlError("expected a value after an operator; put it into quotation marks if it has spaces or one of ( ) ; , = < > ! ~")
        return value

    def _next(self) -> tuple[str, str]:
        if self._place >= len(self._tokens):
            raise RsqlError("ends too early; an expression is a field, an operator and a value: name==Standup")
        self._place += 1
        return self._tokens[self._place - 1]

    def _takes(self, mark: str, word: str = "") -> bool:
        """Skip the next token and return True if it is this mark or this word."""
        if self._place >= len(self._tokens) or self._tokens[self._place] not in {("mark", mark), ("word", word)}:
            return False
        self._place += 1
        return True


def _condition(one: Comparison) -> Q:
    field = one.field.removeprefix("conversation.")
    if field in _TEXTS:
        return _compared(_TEXTS[field], one.operator, one.values)
    if field in _TIMES:
        return _time(_TIMES[field], one)
    if field == "id":
        return _compared("id", one.operator, [_id(value) for value in one.values])
    key = field.removeprefix("metadata.")
    if key == field or not key:
        raise RsqlError(f"there is no such field; there are {FIELDS}")
    return _metadata(key, one)


def _compared(column: str, operator: str, values: "tuple[str, ...] | list[int]") -> Q:
    match operator:
        case "==":
            return Q(**{column: values[0]})
        case "!=":
            return ~Q(**{column: values[0]})
        case "in":
            return Q(**{f"{column}__in": list(values)})
        case "out":
            return ~Q(**{f"{column}__in": list(values)})
        case _:
            return Q(**{f"{column}__{_LOOKUPS[operator]}": values[0]})


_LOOKUPS = {"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}


def _id(value: str) -> int:
    if not (value.isascii() and value.isdigit() and len(value) <= 16):
        raise RsqlError("id: must be the digits of a conversation's id")
    return int(value)


def _time(column: str, one: Comparison) -> Q:
    """Return the condition on a time. Equal means within the same millisecond, because clients see milliseconds."""
    times = [_parsed(value) for value in one.values]
    same = reduce(or_, (Q(**{f"{column}__gte": at, f"{column}__lt": at + timedelta(milliseconds=1)}) for at in times))
    match one.operator:
        case "==" | "in":
            return same
        case "!=" | "out":
            return ~same
        case _:
            return Q(**{f"{column}__{_LOOKUPS[one.operator]}": times[0]})


def _parsed(value: str) -> datetime:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        raise RsqlError("startTime and endTime are compared with times in ISO 8601, such as 2026-03-02T14:00:00Z") from None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not 1900 <= at.year < 9000:
        raise RsqlError("startTime and endTime are compared with times from 1900 to 8999")
    return at


_Lookup = Callable[[object, str], Exact | LessThan | LessThanOrEqual | GreaterThan | GreaterThanOrEqual]
_TEXT_LOOKUPS: dict[str, _Lookup] = {
    "==": Exact,
    "<": LessThan,
    "<=": LessThanOrEqual,
    ">": GreaterThan,
    ">=": GreaterThanOrEqual,
}


def _metadata(key: str, one: Comparison) -> Q:
    """Return the condition on a value of the metadata, compared as text. A conversation without the key differs from every value."""
    if key.isdigit():
        raise RsqlError("metadata.<key>: a key of digits only cannot be used here")
    text = Cast(KeyTextTransform(key, "metadata"), TextField())  # SQLite returns numbers as numbers
    match one.operator:
        case "!=" | "out":
            return Q(IsNull(text, True)) | ~Q(In(text, list(one.values)))
        case "in":
            return Q(In(text, list(one.values)))
        case operator:
            return Q(_TEXT_LOOKUPS[operator](text, one.values[0]))
