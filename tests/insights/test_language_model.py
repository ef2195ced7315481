"""The client of a server with the API of OpenAI, over real connections."""

import json
import logging
import socket
from typing import Any

import pytest

from insights.language_model import LanguageModel, LanguageModelFailed, complete, language_model
from tests.http_server import answer, http_server
from tests.insights.language_server import completion, language_server


def test_a_request_and_its_answer(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The request names the model and holds instructions and text; the key is a bearer token and never logged."""
    with caplog.at_level(logging.DEBUG), language_server(settings, lambda request: request["messages"][1]["content"].upper()) as server:
        assert complete(language_model(), "Shout.", "grüezi") == "GRÜEZI"
        (request,) = server.wait_for(1)
    assert request.headers["authorization"] == "Bearer secret-key"
    body = json.loads(request.body)
    assert body["model"] == "small"
    assert [one["role"] for one in body["messages"]] == ["system", "user"]
    assert "secret-key" not in caplog.text + repr(language_model())
    assert "grüezi" not in caplog.text


def test_without_a_key_none_is_sent() -> None:
    """Local servers need no key."""
    with http_server(answer(200, completion("{}"))) as server:
        assert complete(LanguageModel(f"http://127.0.0.1:{server.port}", "m", ""), "a", "b") == "{}"
        assert "authorization" not in server.wait_for(1)[0].headers


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (401, b"", "refused the key"),
        (404, b"", "LLM_MODEL"),
        (429, b"", "busy"),
        (500, b"", "status 500"),
        (200, b"<html>", "no text"),
        (200, b"[]", "no text"),
        (200, b'{"choices": []}', "no text"),
        (200, b'{"choices": [{"message": {"content": null}}]}', "no text"),
        (200, b"[" * 100_000, "no text"),
        (200, b"x" * 1_100_000, "longer than"),
    ],
)
def test_failures_are_sentences(status: int, body: bytes, reason: str) -> None:
    """Each unusable answer gets a sentence that names what to look at, without the key."""
    with http_server(answer(status, body)) as server, pytest.raises(LanguageModelFailed, match=reason) as caught:
        complete(LanguageModel(f"http://127.0.0.1:{server.port}/v1", "m", "secret-key"), "a", "b")
    assert "secret-key" not in str(caught.value)


def test_a_redirect_is_not_followed() -> None:
    """The key goes to the configured server only."""
    with (
        http_server(answer(200, completion("{}"))) as other,
        http_server(answer(307, Location=f"http://127.0.0.1:{other.port}/v1/chat/completions")) as server,
    ):
        with pytest.raises(LanguageModelFailed, match="status 307"):
            complete(LanguageModel(f"http://127.0.0.1:{server.port}/v1", "m", "k"), "a", "b")
        assert other.requests == []


def test_a_server_that_is_away_or_silent() -> None:
    """Nothing listens, or nothing is answered: both fail with a sentence."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        with pytest.raises(LanguageModelFailed, match="does not answer"):
            complete(LanguageModel(f"http://127.0.0.1:{port}", "m", ""), "a", "b")
        silent.listen()
        with pytest.raises(LanguageModelFailed, match=r"within 0\.3 seconds"):
            complete(LanguageModel(f"http://127.0.0.1:{port}", "m", ""), "a", "b", timeout_s=0.3)
