"""Sockets and routes of streams need the scope `stream`, subscribers `read`; the refusal names the missing one."""

from collections.abc import Iterator

import pytest
from channels.testing import WebsocketCommunicator
from django.contrib.auth.models import User
from django.test import Client

from insights import access
from streaming.aio.database_executors import close_database_threads
from streaming.routing import websockets

pytestmark = pytest.mark.django_db(transaction=True)
WAIT_S = 60.0


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """Close the database connections of threads before the test's database is removed."""
    yield
    close_database_threads()


@pytest.fixture
def bearers(user: User) -> dict[str, str]:
    """A token of each app with one scope."""
    apps = {scope: access.create_app(user, scope, frozenset({scope})) for scope in access.SCOPES}
    return {scope: access.token_for(app.app_id, secret).access_token for scope, (app, secret) in apps.items()}


@pytest.mark.parametrize(
    ("path", "missing", "given"),
    [
        ("/v1/streaming/room", "stream", "read"),
        ("/v1/realtime/insights/room", "stream", "write"),
        ("/v1/subscribe/room", "read", "stream"),
        ("/streams/echo/websocket/offer", "stream", "read"),
    ],
)
async def test_a_socket_without_the_scope(bearers: dict[str, str], path: str, missing: str, given: str) -> None:
    """The socket gets an error in the protocol's form that names the scope, and is closed with 1008."""
    communicator = WebsocketCommunicator(websockets, f"{path}?access_token={bearers[given]}")
    communicator.scope |= {"extensions": {"parley.waits": {}}}
    assert (await communicator.connect(WAIT_S))[0]
    assert f"needs the scope {missing}" in await communicator.receive_from(WAIT_S)
    assert (await communicator.receive_output(WAIT_S))["code"] == 1008
    await communicator.wait()


@pytest.mark.parametrize("route", ["webrtc/offer", "input_hook", "telephone/incoming"])
def test_routes_of_streams_without_the_scope(bearers: dict[str, str], route: str) -> None:
    """The routes answer 403 in FastRTC's form; without any token 401."""
    url = f"/streams/conversation/{route}"
    answer = Client().post(url, "{}", content_type="application/json", headers={"x-api-key": bearers["read"]})
    assert answer.status_code == 403
    assert "needs the scope stream" in answer.json()["detail"]
    assert Client().post(url, "{}", content_type="application/json").status_code == 401
    assert Client().get("/rtc/config", headers={"x-api-key": bearers["write"]}).status_code == 403
    assert Client().get("/rtc/config", headers={"x-api-key": bearers["stream"]}).status_code == 200
