"""One server with the scripted recogniser, credentials and audio for all tests of the published SDKs."""

import json
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.servers import Server
from tests.streaming.transports.client import RATE, noise

SPOKEN_S = 10.0


@pytest.fixture(scope="session")
def called(migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that the SDKs use."""
    data = servers.copied(migrated_data, tmp_path_factory.mktemp("clients") / "data")
    server = Server(data, {"RECOGNISER": "scripted"}).start()
    yield server
    server.kill()


@pytest.fixture(scope="session")
def wish(called: Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The options of every client's script: URL, credentials, and ten seconds of audio at five times real time."""
    sound = tmp_path_factory.mktemp("sound") / "noise.raw"
    sound.write_bytes(noise(SPOKEN_S))
    app = json.loads(called.manage("createapp", "--email", "jane@example.com", "--json"))
    return {**app, "url": called.url, "sound": str(sound), "speed": 5}


@pytest.fixture(scope="session")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A WAV file for Chromium's microphone, which repeats it."""
    file = tmp_path_factory.mktemp("microphone") / "noise.wav"
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE)
        out.writeframes(noise(SPOKEN_S))
    return file
