"""How much the accounts use: minutes of conversation and what is live. For administrators; no words."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, DurationField, ExpressionWrapper, F, Q, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from insights.models import Conversation, LiveSession


@dataclass(frozen=True, slots=True)
class Usage:
    """What one account has used."""

    minutes: int = 0
    conversations: int = 0
    live: int = 0


def usage_since(since: datetime) -> dict[int, Usage]:
    """Return the usage by account id, of conversations that started since a time. One query for all accounts."""
    now = timezone.now()
    spent = ExpressionWrapper(Coalesce(F("ended_at"), now) - F("started_at"), output_field=DurationField())
    rows = Conversation.objects.filter(started_at__gte=since).values("owner_id")
    found = rows.annotate(spent=Sum(spent), conversations=Count("pk"), live=Count("pk", filter=Q(ended_at=None))).order_by()
    return {
        row["owner_id"]: Usage(round((row["spent"] or timedelta()).total_seconds() / 60), row["conversations"], row["live"])
        for row in found
    }


def live_sessions() -> int:
    """Return the number of people who speak now, on all processes."""
    return LiveSession.objects.count()
