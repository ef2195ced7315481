"""Kinds of jobs for tests, whose handlers are functions of the test."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.utils import timezone

from insights import jobs
from insights.jobs import handlers
from insights.models import Conversation

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


@pytest.fixture
def conversation(user: User) -> Conversation:
    """An empty conversation."""
    return Conversation.objects.create(owner=user, connection_id="c", name="c", started_at=timezone.now())
