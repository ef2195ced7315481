"""An API client with a token, and a conversation to read."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client

from insights import access, recorder
from insights.analysis.trackers import Tracker
from insights.models import Conversation
from insights.recorder import Joined, Listening, SpeakerIdentity
from tests.insights.api.import_sender import Sender
from tests.insights.conftest import Say, opening, utterance


def token_of(user: User) -> str:
    """Return a token of a new app of this user."""
    app, secret = access.create_app(user, "test")
    return access.token_for(app.app_id, secret).access_token


class Api:
    """Sends requests about one conversation with one user's token."""

    def __init__(self, token: str, conversation_id: int | str = "") -> None:
        self.token = token
        self.root = f"/v1/conversations/{conversation_id}"
        self.client = Client()

    def get(self, path: str = "", **query: object):  # type: ignore[no-untyped-def]
        """Return the response to a GET below the conversation."""
        return self.client.get(self.root + path, query, headers={"Authorization": f"Bearer {self.token}"})

    def request(self, method: str, path: str, body: object = None):  # type: ignore[no-untyped-def]
        """Return the response to a request with a JSON body, below `root`."""
        text = body if isinstance(body, str) else json.dumps(body)
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.client.generic(method, self.root + path, text, content_type="application/json", headers=headers)

    def read(self, path: str = "", **query: object):  # type: ignore[no-untyped-def]
        """Return the JSON of a successful response."""
        response = self.get(path, **query)
        assert response.status_code == 200, response.content
        return response.json()

    def send(self, method: str, path: str = "", body: object = None, status: int = 200):  # type: ignore[no-untyped-def]
        """Return the JSON of the response to a request with a JSON body; the status must be this one."""
        headers = {"Authorization": f"Bearer {self.token}"}
        response = self.client.generic(method, self.root + path, json.dumps(body or {}), "application/json", headers=headers)
        assert response.status_code == status, response.content
        return response.json()


@pytest.fixture
def talk(owner: User, joined: Joined, say: Say) -> Conversation:
    """Return a conversation of Ada and Ben with an insight of each type, entities, topics and a tracker."""
    money = (Tracker("Money", ("budget",), "t-1"),)
    say("Is the budget ready?", trackers=money)
    say("Ada will send the budget report tomorrow. That is good.", trackers=money)
    say("Or maybe we meet.", confidence_threshold=0.1)
    ben = recorder.open_conversation(opening(owner, speaker=SpeakerIdentity("", "Ben", "ben@example.org")))
    assert ben.member is not None
    # Ben talks over the last second of Ada's last sentence: hers is from 15 s to 17 s.
    over = utterance("Zoe will call.", joined.started_at + timedelta(seconds=16))
    recorder.record(joined.conversation_id, over, Listening(member_id=ben.member.id))
    return Conversation.objects.get()


@pytest.fixture
def api(owner: User, talk: Conversation) -> Api:
    """Return the owner's view of the conversation."""
    return Api(token_of(owner), talk.id)


@pytest.fixture
def account(owner: User) -> Api:
    """Return the owner's view of what an account manages."""
    api = Api(token_of(owner))
    api.root = "/v1/manage"
    return api


@pytest.fixture
def other_account(other_owner: User) -> Api:
    """Return another account's view."""
    api = Api(token_of(other_owner))
    api.root = "/v1/manage"
    return api


@pytest.fixture
def uploads(settings: LazySettings, tmp_path: Path) -> Path:
    """A data folder of the test; nothing may be left in its folder of uploads but what a test expects."""
    settings.DATA_DIR = tmp_path
    return tmp_path / "uploads"


@pytest.fixture
def sender(owner: User, uploads: Path) -> Sender:
    """The owner's client for imports."""
    return Sender(token_of(owner))
