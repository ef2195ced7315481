"""Note what was deleted: a row and a line in the log, with ids and numbers and without content. Call it inside the transaction."""

import logging
from collections.abc import Mapping
from uuid import UUID

from django.utils import timezone

from insights.database import log_after_commit
from insights.models import Deletion

logger = logging.getLogger(__name__)


def note_deletion(
    kind: Deletion.Kind,
    *,
    user_id: int | None,
    conversation_id: int | None = None,
    owner_id: int | None = None,
    item_id: UUID | None = None,
    counts: Mapping[str, int] | None = None,
) -> None:
    """Store the row of a deletion, and log it once the transaction is committed."""
    Deletion.objects.create(
        kind=kind,
        user_id=user_id,
        conversation_id=conversation_id,
        owner_id=owner_id,
        item_id=item_id,
        at=timezone.now(),
        counts=dict(counts or {}),
    )
    log_after_commit(
        logger,
        "deletion: %s, conversation %s, item %s, owner %s, by user %s, %s",
        Deletion.Kind(kind).label,
        conversation_id,
        item_id,
        owner_id,
        user_id,
        dict(counts or {}),
    )
