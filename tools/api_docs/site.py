"""The server and the account that the calls of the page use."""

import json
import wave
from pathlib import Path

from tests.servers import ROOT, Server
from tests.speech.talk import talk
from tools.api_docs.calls import NOTE_ID, RECORDING, VOICE
from tools.api_docs.walk import Walk

PAGE = ROOT / "docs" / "api.md"
EMAIL = "jane@example.com"
ENVIRONMENT = {
    "RECOGNISER": "scripted",
    "ALLOWED_NETWORKS": "203.0.113.0/24",
    "MAX_JOBS_PER_ACCOUNT": "10000",
    "VOICE_PROFILES": "1",
}
"""The URLs of the page are in a network for documentation, which no server has: nothing outside is reached."""
RATE = 16_000
SWITCH_ON = """
from django.contrib.auth.models import User
from insights import managed
managed.set_profiles_on(User.objects.get(email={email!r}), True)
"""


def new_walk(server: Server, folder: Path, email: str) -> Walk:
    """Return a walk with the credentials of a new app, in a folder with recordings: two seconds of silence, and a voice."""
    app = json.loads(server.manage("createapp", "--email", email, "--json"))
    server.manage("shell", "--no-imports", "-v0", "-c", SWITCH_ON.format(email=email))
    _write(folder / RECORDING, bytes(2 * 2 * RATE))
    _write(folder / VOICE, talk("a1", "a2", "a1")[0])
    values = {"parley": server.url, "app_id": app["appId"], "app_secret": app["appSecret"], "connection_id": "planning", "note_id": NOTE_ID}
    return Walk(folder, values)


def _write(path: Path, audio: bytes) -> None:
    with wave.open(str(path), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(RATE)
        recording.writeframes(audio)
