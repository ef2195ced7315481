"""The OpenAPI schema: built once, the same as ninja builds, and not sent again to who has it."""

import pytest
from django.test import Client
from ninja import NinjaAPI
from ninja.responses import Response

from insights.api.root import api

pytestmark = pytest.mark.django_db


def test_the_schema_is_built_once(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the first request it comes from memory, with the same content."""
    first = client.get("/api/openapi.json")
    assert first.content == Response(api.get_openapi_schema()).content

    def build(*args: object, **kwargs: object) -> None:
        raise AssertionError("built again")

    monkeypatch.setattr(NinjaAPI, "get_openapi_schema", build)
    again = client.get("/api/openapi.json")
    assert again.content == first.content
    assert again["Content-Type"] == first["Content-Type"]
    assert again["Cache-Control"] == "public, max-age=300"


def test_who_has_the_schema_gets_304(client: Client) -> None:
    """The ETag is a digest of the content, so every process and host gives the same."""
    first = client.get("/api/openapi.json")
    answer = client.get("/api/openapi.json", headers={"If-None-Match": first["ETag"]})
    assert (answer.status_code, answer.content) == (304, b"")
    assert client.head("/api/openapi.json")["ETag"] == first["ETag"]
