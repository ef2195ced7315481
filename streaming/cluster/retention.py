"""What is removed as time goes by: sign-ins that are over and, where the settings say so, old conversations.

A little at a time, from every process: whatever one of them leaves, the next one finds.
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
"""After the start of a process: its first minute has better things to do."""
EVERY_S = 3600.0
AGAIN_S = 5.0
"""While there is more to remove than was done at one time."""


async def tidy() -> float:
    """Remove what is over, as much as is done at one time; return after how many seconds to look again."""
    now = timezone.now()
    sign_ins = await _removed(access.forget_sign_ins, now)
    talks = await _removed(recorder.forget_ended_before, now - timedelta(days=settings.KEEP_DAYS)) if settings.KEEP_DAYS else 0
    if talks:
        logger.info("removed %d conversations that ended more than %d days ago", talks, settings.KEEP_DAYS)
    return AGAIN_S if sign_ins >= access.MOST_SIGN_INS or talks >= MOST else EVERY_S


async def _removed(forget: Callable[[datetime], int], limit: datetime) -> int:
    """Remove what is over and return how much it was; 0 where that failed, which keeps nothing else from being removed."""
    try:
        return await run_write(forget, limit)
    except Exception as error:
        logger.warning("nothing could be tidied up (%s)", error_location(error))
        return 0
