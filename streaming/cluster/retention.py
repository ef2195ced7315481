"""Retention: removal of expired sign-ins and, with the setting `KEEP_DAYS`, of old conversations.

Every process removes limited batches, so any of them may continue the work of another.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from insights import access, recorder
from insights.recorder.retention import MOST
from streaming.aio.database_executors import run_write
from streaming.aio.safe_log import error_location

logger = logging.getLogger(__name__)

FIRST_S = 60.0
"""Seconds from the start of a process to its first clean-up, so that it does not slow the start down."""
EVERY_S = 3600.0
"""Seconds between two clean-ups when nothing is left to remove."""
AGAIN_S = 5.0
"""Seconds between two clean-ups while the last one filled its batch."""


async def remove_expired() -> float:
    """Remove one batch of expired rows of each kind; return the seconds until the next call."""
    now = timezone.now()
    sign_ins = await _removed(access.forget_sign_ins, now)
    talks = await _removed(recorder.forget_ended_before, now - timedelta(days=settings.KEEP_DAYS)) if settings.KEEP_DAYS else 0
    if talks:
        logger.info("removed %d conversations that ended more than %d days ago", talks, settings.KEEP_DAYS)
    return AGAIN_S if sign_ins >= access.MOST_SIGN_INS or talks >= MOST else EVERY_S


async def _removed(forget: Callable[[datetime], int], limit: datetime) -> int:
    """Remove expired rows and return their number; a failure is logged and counts as 0, so that other kinds are still removed."""
    try:
        return await run_write(forget, limit)
    except Exception as error:
        logger.warning("expired data could not be removed (%s)", error_location(error))
        return 0
