"""Requests of streams hold no slot while they wait for a session, and pages of any origin may make them with a token."""

import pytest
from django.test import AsyncClient, AsyncRequestFactory

from streaming.transports import sse
from streaming.transports.http_auth import RELEASE_SLOT


@pytest.mark.django_db(transaction=True)
async def test_a_request_that_waits_for_a_session_holds_no_slot(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The slot is free when the search for the session begins."""
    released: list[bool] = []
    free_at_search: list[bool] = []

    async def find(self: object, seconds: float) -> bool:
        free_at_search.append(bool(released))
        return False

    monkeypatch.setattr(sse.OutputSubscription, "find", find)
    request = AsyncRequestFactory().get("/streams/echo/updates", {"webrtc_id": "unknown", "access_token": token})
    request.scope["extensions"] = {RELEASE_SLOT: {"release": lambda: released.append(True)}}
    response = await sse.updates(request, name="echo")
    assert response.status_code == 404
    assert free_at_search == [True]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/streams/echo/webrtc/offer", "POST"),
        ("/streams/echo/input_hook", "POST"),
        ("/streams/echo/outputs", "GET"),
        ("/rtc/config", "GET"),
    ],
)
async def test_pages_of_other_origins(path: str, methods: str) -> None:
    """The preflight names methods and headers; errors can be read too; credentials are never allowed."""
    client = AsyncClient()
    preflight = await client.options(path, headers={"Origin": "https://else.example", "Access-Control-Request-Method": methods})
    assert preflight.status_code == 204
    assert preflight["Access-Control-Allow-Methods"] == f"{methods}, OPTIONS"
    assert "Authorization" in preflight["Access-Control-Allow-Headers"]
    refused = await (client.post if methods == "POST" else client.get)(path, headers={"Origin": "https://else.example"})
    assert refused.status_code == 401
    for answer in (preflight, refused):
        assert answer["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer
