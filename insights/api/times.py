"""Times in requests: texts in ISO 8601. Numbers, which pydantic takes for seconds since 1970, are refused."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError


def read_time(value: Any) -> datetime | None:
    """Return a time, or None for null."""
    if value is None or isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise PydanticCustomError("time", "must be a time such as 2026-03-02T14:00:00Z") from None


TimeText = Annotated[datetime, BeforeValidator(read_time), WithJsonSchema({"type": "string", "format": "date-time"})]
