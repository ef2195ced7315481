"""Rows as the database's driver gives them, for lists of thousands: Django's own conversion of each value costs more than all the rest."""

import json
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from insights.snapshots import JsonObject


def plain_rows(rows: QuerySet[Any, Any]) -> list[tuple[Any, ...]]:
    """Return the rows of a `values_list` unconverted; see the functions below for the types that differ between databases."""
    try:
        sql, values = rows.query.sql_with_params()
    except EmptyResultSet:
        return []
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def dashed(identity: object) -> str:
    """Return the usual text of a UUID; SQLite stores its 32 digits. Four times as fast as an object."""
    text = str(identity)
    return text if len(text) != 32 else f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def in_utc(at: datetime) -> datetime:
    """Return a time with its zone; SQLite stores times in UTC without one."""
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def utc_text(at: datetime) -> str:
    """Return a time of a row as `payloads.iso` does; it is in UTC, also without its zone. Three times as fast as both steps."""
    return f"{at.isoformat(timespec='milliseconds')[:23]}Z"


def json_object(text: str) -> JsonObject:
    """Return the object of a JSON column, which is usually empty."""
    return {} if text == "{}" else json.loads(text)
