"""Calendar weeks in the time zone of the reader."""

from datetime import datetime, time, timedelta

from django.utils import timezone


def week_of(at: datetime, back: int = 0) -> datetime:
    """Return the start of the week of a time, its Monday, in the current time zone; `back`: that many weeks before."""
    local = timezone.localtime(at)
    return datetime.combine(local.date() - timedelta(days=local.weekday(), weeks=back), time(), local.tzinfo)
