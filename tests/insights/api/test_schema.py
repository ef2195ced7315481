"""The OpenAPI schema: cached, equal to the one that ninja builds, and answered with 304 on a matching ETag."""

import pytest
from django.test import Client
from ninja import NinjaAPI
from ninja.responses import Response

from insights.api.root import api

pytestmark = pytest.mark.django_db


def test_the_schema_is_built_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests after the first one get the same content from memory."""
    first = client.get("/api/openapi.json")
    assert first.content == Response(api.get_openapi_schema()).content

    def build(*args: object, **kwargs: object) -> None:
        raise AssertionError("built again")

    monkeypatch.setattr(NinjaAPI, "get_openapi_schema", build)
    again = client.get("/api/openapi.json")
    assert again.content == first.content
    assert again["Content-Type"] == first["Content-Type"]
    assert again["Cache-Control"] == "public, max-age=300"


def test_a_matching_etag_gets_304(client: Client) -> None:
    """The ETag is a digest of the content, so it is the same in every process and on every host."""
    first = client.get("/api/openapi.json")
    answer = client.get("/api/openapi.json", headers={"If-None-Match": first["ETag"]})
    assert (answer.status_code, answer.content) == (304, b"")
    assert client.head("/api/openapi.json")["ETag"] == first["ETag"]
