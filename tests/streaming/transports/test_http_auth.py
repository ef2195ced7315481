"""Requests of streams hold no slot while they wait for a session."""

import pytest
from django.test import AsyncRequestFactory

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
