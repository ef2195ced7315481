"""The published PyPI package `symbl`: imports of text, audio and video, with the options in the forms that it sends."""

import json
import os
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.clients.packages import python_packages
from tests.servers import Server
from tests.streaming.transports.client import RATE, noise

SCRIPT = Path(__file__).with_name("symbl_python_imports.py")
RUN_S = 240


@pytest.fixture(scope="module")
def server(migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a worker."""
    data = servers.copied(migrated_data, tmp_path_factory.mktemp("imports") / "data")
    server = Server(data, {"RECOGNISER": "scripted", "WORKER_NICE": "0"}, worker=True).start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def saw(server: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the package saw."""
    packages = python_packages()
    folder = tmp_path_factory.mktemp("python")
    with wave.open(str(folder / "talk.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(noise(6.0))
    app = json.loads(server.manage("createapp", "--email", "jane@example.com", "--json"))
    environment = {**os.environ, "PYTHONPATH": f"{packages}{os.pathsep}{SCRIPT.parent}"}
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        input=json.dumps({**app, "url": server.url, "file": str(folder / "talk.wav")}),
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=RUN_S,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seen


def test_text(saw: dict[str, Any]) -> None:
    """The text, and the same text appended; with an action item each."""
    assert saw["text"]["status"] == "completed"
    said = [message["text"] for message in saw["text"]["messages"]["messages"]]
    assert said == ["Jane will send the budget by Friday."] * 2
    assert len(saw["text"]["action_items"]["action_items"]) == 2
    assert [member["name"] for member in saw["text"]["members"]["members"]] == ["Tom"]


def test_audio(saw: dict[str, Any]) -> None:
    """Three sentences of the file, then those of the appended one, by the speaker of the first channel."""
    assert saw["audio"]["status"] == "completed"
    messages = saw["audio"]["messages"]["messages"]
    assert len(messages) >= 5
    assert messages[0]["text"] == "Shall we start with the budget?"
    assert [member["name"] for member in saw["audio"]["members"]["members"]] == ["Jane"]


def test_edits(saw: dict[str, Any]) -> None:
    """A renamed member is renamed in all messages, a speaker event gives the first one to another; the video names no speaker."""
    speakers = [message["_from"]["name"] for message in saw["edited"]["messages"]]
    assert (speakers[0], set(speakers)) == ("Tom", {"Tom", "Jane Muller", None})
