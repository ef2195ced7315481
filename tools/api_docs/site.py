"""The server and the account that the calls of the page use."""

import json
import wave
from pathlib import Path

from tests.servers import ROOT, Server
from tools.api_docs.calls import NOTE_ID, RECORDING
from tools.api_docs.walk import Walk

PAGE = ROOT / "docs" / "api.md"
EMAIL = "jane@example.com"
ENVIRONMENT = {"RECOGNISER": "scripted", "ALLOWED_NETWORKS": "203.0.113.0/24", "MAX_JOBS_PER_ACCOUNT": "10000"}
"""The URLs of the page are in a network for documentation, which no server has: nothing outside is reached."""
RATE = 16_000


def new_walk(server: Server, folder: Path, email: str) -> Walk:
    """Return a walk with the credentials of a new app, in a folder with a recording of two seconds."""
    app = json.loads(server.manage("createapp", "--email", email, "--json"))
    with wave.open(str(folder / RECORDING), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(RATE)
        recording.writeframes(bytes(2 * 2 * RATE))
    values = {"parley": server.url, "app_id": app["appId"], "app_secret": app["appSecret"], "connection_id": "planning", "note_id": NOTE_ID}
    return Walk(folder, values)
