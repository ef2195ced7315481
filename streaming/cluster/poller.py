"""Periodic work of one event loop: heartbeats, checks for lost notifications and for revoked access.

Each duty runs in a task of its own, so that a slow one delays no other. The next run starts a fixed time after the end of the last one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from insights.safe_log import error_location

logger = logging.getLogger(__name__)

Work = Callable[[], Awaitable[object]]


class Poller:
    """The duties of one event loop."""

    def __init__(self) -> None:
        self._duties: dict[str, _Duty] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._duties

    def add(self, name: str, work: Work, every_s: float, *, first_s: float | None = None) -> None:
        """Run `work` every `every_s` seconds until `close`; do nothing if there is a duty with this name already.

        Args:
            name: what the duty does, for the log: "heartbeat".
            first_s: seconds until the first run, if other than `every_s`.
        """
        if name not in self._duties:
            self._duties[name] = _Duty(name, work, every_s, every_s if first_s is None else first_s)

    async def remove(self, name: str) -> None:
        """End one duty; do nothing if there is none with this name."""
        duty = self._duties.pop(name, None)
        if duty is not None:
            await duty.cancel()

    async def close(self) -> None:
        """End all duties; call before the event loop ends."""
        for name in list(self._duties):
            await self.remove(name)


class _Duty:
    """One periodic function. A failure is logged once per series of failures, and does not end the duty."""

    def __init__(self, name: str, work: Work, every_s: float, first_s: float) -> None:
        self._name = name
        self._work = work
        self._every_s = every_s
        self._failing = False
        self._task: asyncio.Task[None] | None = None
        self._timer = asyncio.get_running_loop().call_later(first_s, self._start)

    async def cancel(self) -> None:
        """End the duty and wait for the end of a run in progress."""
        self._timer.cancel()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def _start(self) -> None:
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            await self._work()
            self._failing = False
        except Exception as error:
            if not self._failing:
                logger.warning("%s failed (%s); it is tried again every %g s", self._name, error_location(error), self._every_s)
            self._failing = True
        self._timer = asyncio.get_running_loop().call_later(self._every_s, self._start)
