"""Requests for sessions while the session directory cannot be read."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError
from django.test import AsyncRequestFactory
from pytest_django import Settings

from streaming.aio.database_executors import close_database_threads
from streaming.cluster import directory_table
from streaming.cluster.runtime import Runtime, use
from streaming.transports import input_hook, sse
from tests.streaming.cluster.layers import processes


@pytest.fixture(autouse=True)
async def away(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Any:
    """Make reads of the session directory fail."""

    def find_all(*args: Any) -> Any:
        raise OperationalError("away")

    settings.STREAMS_PUBLIC = ["echo"]
    monkeypatch.setattr(directory_table, "find_all", find_all)
    own = use(Runtime(processes(1)[0]))
    yield
    await own.close()


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    yield
    close_database_threads()


async def test_an_input_hook_is_answered_with_503() -> None:
    """The response is not 404, because the session may exist."""
    request = AsyncRequestFactory().post("/streams/echo/input_hook", json.dumps({"webrtc_id": "id"}), content_type="application/json")
    answer: Any = await input_hook.input_hook(request, "echo")
    assert answer.status_code == 503
    assert "cannot be found, because the database is unreachable" in answer.content.decode()


async def test_a_reader_of_outputs_is_answered_with_503() -> None:
    """The response comes at once, without repeated queries."""
    answer: Any = await sse.outputs(AsyncRequestFactory().get("/streams/echo/outputs?webrtc_id=id"), "echo")
    assert answer.status_code == 503
