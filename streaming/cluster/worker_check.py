"""A warning in the server's log where no worker runs, since jobs then wait and old data is kept."""

import logging

from insights.jobs.queries import worker_is_missing
from streaming.aio.database_executors import run_in_database

logger = logging.getLogger(__name__)

FIRST_S = 120.0
CHECK_S = 1800.0
"""Seconds from the start of a server to the first check, and between two checks."""


async def warn_without_worker() -> None:
    """Log a warning if no worker runs."""
    if await run_in_database(worker_is_missing):
        logger.warning("no worker runs: jobs wait, and old data is not removed; start `manage.py worker` (docs/operate/jobs.md)")
