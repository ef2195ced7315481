"""Kinds of jobs for tests, whose handlers are functions of the test."""

from collections.abc import Callable, Iterator

import pytest

from insights import jobs
from insights.jobs import handlers

Register = Callable[..., None]


@pytest.fixture
def register() -> Iterator[Register]:
    """Register a handler for a kind of job until the test ends."""
    before = dict(handlers._handlers)

    def add(kind: str, run: Callable[[jobs.RunningJob], None], **options: object) -> None:
        handlers._handlers.pop(kind, None)
        handlers.handler(kind, **options)(run)

    yield add
    handlers._handlers.clear()
    handlers._handlers.update(before)
