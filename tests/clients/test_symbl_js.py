"""The published npm package @symblai/symbl-js under node: both ways to send audio, and to subscribe."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.packages import npm_packages

SCRIPT = Path(__file__).with_name("symbl_js.cjs")
RUN_S = 120


class Client:
    """A process that runs the client's script."""

    def __init__(self, wish: dict[str, Any], **more: Any) -> None:
        environment = {**os.environ, "NODE_PATH": str(npm_packages() / "node_modules")}
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            ["node", str(SCRIPT)], stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT, text=True, env=environment
        )
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({**wish, **more}))
        self.process.stdin.close()
        self.process.stdin = None

    def wait_line(self, line: str) -> None:
        """Read the script's output up to this line."""
        assert self.process.stdout is not None
        assert any(printed.strip() == line for printed in self.process.stdout)

    def end(self) -> dict[str, Any]:
        """Wait for the script's end and return its result."""
        try:
            output, _ = self.process.communicate(timeout=RUN_S)
        finally:
            self.process.kill()
        assert self.process.returncode == 0, output
        saw: dict[str, Any] = json.loads(output.splitlines()[-1])
        return saw


def test_two_speakers_and_a_subscriber_share_a_conversation(wish: dict[str, Any], tmp_path: Path) -> None:
    """createStream, startRealtimeRequest and subscribeToStream with one id get one conversation, and each one ends."""
    gate = tmp_path / "gate"
    wish = {**wish, "id": "two-and-one", "gate": str(gate)}
    listening = Client(wish, way="subscribe")
    listening.wait_line("subscribed")
    speaking = [Client(wish, way="stream", name="Jane"), Client(wish, way="realtime", name="Tom")]
    for client in speaking:  # neither speaker stops before the other one has joined
        client.wait_line("started")
    gate.touch()
    jane, tom = (client.end() for client in speaking)
    listener = listening.end()
    assert jane["conversationId"] == tom["conversationId"] == listener["conversationId"]
    assert jane["stopped"] == {}
    assert tom["stopped"]["conversationId"] == tom["conversationId"]
    assert {name for name, _ in listener["messages"]} == {"Jane", "Tom"}
    assert len(listener["messages"]) == 10
    assert listener["finals"] > 5, "a listener gets the recognition results of all speakers"
    assert jane["finals"] == tom["finals"] == 5, "recognition results are the speaker's own"
    assert {kind for kind, _, _ in listener["insights"]} >= {"question", "action_item"}
    assert "Money" in listener["trackers"]
    assert listener["topics"]
    assert jane["errors"] == tom["errors"] == listener["errors"] == []


def test_a_file_in_the_pieces_in_which_node_reads_it(wish: dict[str, Any]) -> None:
    """Chunks of 64 KiB, as `fs.createReadStream` gives them, are recognised completely; one warning says that they are large."""
    saw = Client(wish, id="pieces", way="realtime", name="Jane", chunk=65_536).end()
    assert len(saw["messages"]) == 5
    assert saw["kinds"].count("warning") == 1
    assert saw["errors"] == []


def test_a_wrong_secret_gets_the_sdks_error(wish: dict[str, Any]) -> None:
    """init rejects with the SDK's text for a 401."""
    with pytest.raises(AssertionError, match="Combination of appId and appSecret is not valid"):
        Client({**wish, "appSecret": "0" * 128}, id="wrong", way="stream", name="Jane").end()


def test_a_close_does_not_reconnect(wish: dict[str, Any]) -> None:
    """The client that closes gets 1000; after a reset the SDK would reconnect and start a second conversation."""
    saw = Client(wish, id="the-end", way="realtime", name="Jane", reconnect=True).end()
    assert saw["closed"] == 1000
    assert saw["kinds"].count("conversation_created") == 1
