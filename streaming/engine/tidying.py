"""What is removed as time goes by: sign-ins that are over and, where the settings say so, old conversations.

A little at a time, from every process: whatever one of them leaves, the next one finds.
"""

import logging
from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from insights import access, recorder
from insights.recorder.forgetting import MOST
from streaming.engine.database import at_recorder
from streaming.engine.faults import place

logger = logging.getLogger(__name__)

FIRST_S = 60.0
"""After the start of a process: its first minute has better things to do."""
EVERY_S = 3600.0
AGAIN_S = 5.0
"""While there is more to remove than was done at one time."""


async def tidy() -> float:
    """Remove what is over, as much as is done at one time; return after how many seconds to look again."""
    now = timezone.now()
    try:
        sign_ins = await at_recorder(access.forget_sign_ins, now)
        talks = 0
        if settings.KEEP_DAYS:
            talks = await at_recorder(recorder.forget_ended_before, now - timedelta(days=settings.KEEP_DAYS))
    except Exception as error:
        logger.warning("nothing could be tidied up (%s)", place(error))
        return EVERY_S
    if talks:
        logger.info("removed %d conversations that ended more than %d days ago", talks, settings.KEEP_DAYS)
    return AGAIN_S if sign_ins >= access.MOST_SIGN_INS or talks >= MOST else EVERY_S
