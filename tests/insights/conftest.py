"""Fixtures of the tests of insights: two users, and a conversation of one of them."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db.models.functions import Now
from django.utils import timezone

from insights import access, analysis, models, recorder
from insights.access.rate_limit import rate_limit
from insights.models import Conversation, Member, ServerProcess
from insights.recorder import Joined, Listening, Opening, SpeakerIdentity, SpokenWord, StoredEvent, Utterance
from tests.insights import fakes

Say = Callable[..., list[StoredEvent]]


@pytest.fixture
def owner(db: None) -> User:
    """Return a user who owns conversations."""
    return User.objects.create_user("owner", "owner@example.org")


@pytest.fixture
def other_owner(db: None) -> User:
    """Return a user without conversations."""
    return User.objects.create_user("stranger", "stranger@example.org")


def user_of_token(token: str) -> User | None:
    """Return the account for which a token acts, None if it is not accepted."""
    app = access.app_of_token(token)
    return app.owner if app else None


@pytest.fixture
def plain_analysis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replace the trained analysis by one whose results depend on plain patterns."""
    monkeypatch.setattr(analysis, "analyse", fakes.analyse)


@pytest.fixture(autouse=True)
def _empty_cache() -> Iterator[None]:
    """Clear the counts of failed attempts before each test."""
    cache.clear()
    yield
    cache.clear()
    rate_limit.reset()


PROCESS = UUID(int=1)
"""The server process that has the sessions of a test, where the test does not name another one."""


def process(identity: UUID = PROCESS) -> UUID:
    """Register a server process, unless it is registered already, and return its id."""
    ServerProcess.objects.get_or_create(id=identity, defaults={"name": "test", "seen_at": timezone.now()})
    return identity


def age_process(seconds: float, identity: UUID = PROCESS) -> None:
    """Set the last heartbeat of a process to this many seconds ago."""
    ServerProcess.objects.filter(id=identity).update(seen_at=Now() - timedelta(seconds=seconds))


def opening(owner: User, connection_id: str = "room-1", **changes: object) -> Opening:
    """Return an opening by a new session of a registered process."""
    fields: dict[str, object] = {"owner_id": owner.pk, "connection_id": connection_id, "session_id": uuid4()}
    if "process" not in changes:
        fields["process"] = process()
    return Opening(**{**fields, **changes})  # type: ignore[arg-type]


def utterance(text: str, start: datetime, confidence: float = 0.9) -> Utterance:
    """Return an utterance of half a second per word."""
    half = timedelta(seconds=0.5)
    words = tuple(SpokenWord(word, start + half * i, start + half * (i + 1), confidence) for i, word in enumerate(text.split()))
    return Utterance(text, words, confidence, start, start + half * max(1, len(words)))


def speaker_of(conversation: Conversation, member: Member | None = None) -> models.Speaker:
    """Return the speaker of a member, or the unknown speaker, created if missing."""
    number = conversation.speakers.count() + 1
    return models.Speaker.objects.get_or_create(conversation=conversation, member=member, defaults={"number": number})[0]


@pytest.fixture
def joined(owner: User) -> Joined:
    """Return a live conversation with Ada in it."""
    return recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("ada@example.org", "Ada")))


@pytest.fixture
def say(joined: Joined, plain_analysis: None) -> Say:
    """Return a function that records messages of Ada, five seconds apart."""
    clock = [joined.started_at]

    def speak(text: str, **listening: object) -> list[StoredEvent]:
        clock[0] += timedelta(seconds=5)
        member = joined.member.id if joined.member else None
        fields: dict[str, object] = {"member_id": member, **listening}
        return recorder.record(joined.conversation_id, utterance(text, clock[0]), Listening(**fields))  # type: ignore[arg-type]

    return speak
