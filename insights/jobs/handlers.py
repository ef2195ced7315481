"""The registry of the kinds of jobs: each has a handler, which a worker calls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from insights.jobs.errors import UnknownJobKind
from insights.jobs.running import RunningJob

Run = Callable[[RunningJob], None]

RETRY_S = (5.0, 30.0)
"""Seconds before the second and the third attempt, after an unexpected exception."""


@dataclass(frozen=True, slots=True)
class Handler:
    """A kind of job.

    `internal`: work of the server that no account asked for. It counts for no limit, is not listed, waits for no other job of its
    conversation, and runs in threads of its own, so that long jobs of accounts do not delay it.
    `retry_s`: seconds before each further attempt; a job whose worker was killed starts again without a wait, and counts too.
    `every_s`: the seconds between two runs of a periodic kind, of which there is one job for the installation; None: not periodic.
    """

    kind: str
    run: Run
    internal: bool = False
    retry_s: Sequence[float] = RETRY_S
    every_s: float | None = None

    @property
    def most_attempts(self) -> int:
        """The number of attempts after which a job fails."""
        return len(self.retry_s) + 1


_handlers: dict[str, Handler] = {}


def handler(kind: str, *, internal: bool = False, retry_s: Sequence[float] = RETRY_S, every_s: float | None = None) -> Callable[[Run], Run]:
    """Decorate the handler of a kind of job.

    The function runs in a worker process, in a thread. It must be idempotent: after the death of a worker the job starts again.
    It should call `job.progress` at least every few seconds; so it can be cancelled. Import its module in `AppConfig.ready`.
    """

    def register(run: Run) -> Run:
        known = _handlers.get(kind)
        if known is not None and (known.run.__module__, known.run.__qualname__) != (run.__module__, run.__qualname__):
            raise ValueError(f"the kind of job {kind!r} has a handler already: {known.run.__module__}.{known.run.__qualname__}")
        _handlers[kind] = Handler(kind, run, internal or every_s is not None, retry_s, every_s)
        return run

    return register


def handler_of(kind: str) -> Handler:
    """Return the handler of a kind. Raises UnknownJobKind."""
    found = _handlers.get(kind)
    if found is None:
        raise UnknownJobKind(kind)
    return found


def periodic_handlers() -> list[Handler]:
    """Return the handlers of periodic kinds."""
    return [one for one in _handlers.values() if one.every_s is not None]
