"""Spoken words, secrets and tokens never reach the log (design law 9)."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers import Server
from tests.streaming.transports.client import connected

SPOKEN = "The merger with Zanzibar Holdings closes at midnight."


@pytest.mark.parametrize("kind", ["daphne", "uvicorn"])
async def test_no_word_in_the_log(make_server: Callable[..., Server], tmp_path: Path, kind: str) -> None:
    """A conversation, a refused token and a refused message leave no word, no token and no secret in the debug log."""
    script = tmp_path / "script.json"
    script.write_text(f'[{{"after": 1.0, "text": "{SPOKEN[:20]}", "final": false}}, {{"after": 2.0, "text": "{SPOKEN}"}}]')
    server = make_server(kind, RECOGNISER_SCRIPT=str(script), LOG_LEVEL="DEBUG")
    token = await asyncio.to_thread(server.token)
    async with connected(server, token, query=f"?access_token={token}") as client:
        await client.send('{"type": "start_request", "speaker": {"name": 7, "userId": "secret.speaker@example.com"}}')
        await client.wait("error")
        await client.start("Jane", customVocabulary=["Zanzibar"], trackers=[{"name": "Deals", "vocabulary": ["merger"]}])
        await client.speak(2.5)
        await client.wait("message_response")
        await client.stop()
    async with connected(server, "wrong-token-value") as refused:
        await refused.wait("error")
    assert client.said() == [SPOKEN]
    log = "".join(server.output)
    assert log
    for word in ("Zanzibar", "merger", "midnight", "secret.speaker", "wrong-token-value", token):
        assert word not in log, word
