"""The first program, the commands of the guide and the examples of the WebSocket reference, against a real server."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import websockets

from tests.servers import ROOT, Server, copied
from tests.streaming.transports.client import connected

START = (ROOT / "docs" / "start" / "first-program.md").read_text()
SOCKET = (ROOT / "docs" / "reference" / "websocket.md").read_text()
SENTENCES = ["I will send the report to Maria by Friday.", "Can we move the launch date?"]
SCRIPT = [
    {"after": 0.8, "text": "I will send", "final": False, "start": 0.2, "end": 0.7},
    {"after": 2.0, "text": SENTENCES[0], "start": 0.2, "end": 1.9, "confidence": 0.92},
    {"after": 3.0, "text": SENTENCES[1], "start": 2.1, "end": 2.9, "confidence": 0.88},
]
PRINTED = [
    f"Anna: {SENTENCES[0]}",
    f"  action_item: {SENTENCES[0]}",
    f"Anna: {SENTENCES[1]}",
    f"  question: {SENTENCES[1]}",
]

STATE = 'curl -sS -H "x-api-key: $TOKEN" "$PARLEY/v1/conversations/$ID/audio/sessions"'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of the page, a recording of 3.2 s, and the recognition script for it."""
    folder = tmp_path_factory.mktemp("programs")
    (folder / "script.json").write_text(json.dumps(SCRIPT))
    for language, name in (("python", "speak.py"), ("js", "speak.mjs")):
        (folder / name).write_text(listing(language))
    with wave.open(str(folder / "talk.wav"), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(16_000)
        recording.writeframes(bytes(2 * 51_200))
    return folder


@pytest.fixture(scope="module")
def server(folder: Path, migrated_data: Path) -> Iterator[Server]:
    """A server that recognises the sentences of the pages."""
    data = copied(migrated_data, folder / "data")
    server = Server(data, {"RECOGNISER": "scripted", "RECOGNISER_SCRIPT": str(folder / "script.json")})
    server.start()
    yield server
    server.kill()


def listing(language: str, word: str = "") -> str:
    """Return the only listing of the start page in a language, or the one that contains a word."""
    [found] = [text for text in re.findall(rf"```{language}\n(.*?)```", START, re.DOTALL) if word in text]
    return str(found)


def run(folder: Path, command: list[str], **environment: str) -> str:
    """Run a program and return its output."""
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("language", ["python", "node"])
def test_the_first_program_runs_as_it_is_written(server: Server, folder: Path, language: str) -> None:
    """curl gets a token, the program runs a session, and curl reads its messages."""
    if missing := [program for program in ("curl", "sh", *(["node"] if language == "node" else [])) if shutil.which(program) is None]:
        pytest.skip(f"{', '.join(missing)} not installed")
    app = json.loads(server.manage("createapp", "--email", f"{language}@example.com", "--json"))
    environment = {"PARLEY": server.url, "APP_ID": app["appId"], "APP_SECRET": app["appSecret"]}
    environment["TOKEN"] = run(folder, ["sh", "-c", listing("sh", "token:generate")], **environment).strip()
    command = [sys.executable, "speak.py"]
    if language == "node":
        major = int(run(folder, ["node", "--version"]).lstrip("v").split(".")[0])
        if major < 20:
            pytest.skip(f"Node {major} has no WebSocket")
        command = ["node", *(["--experimental-websocket"] if major < 22 else []), "speak.mjs"]
    *lines, last = run(folder, [*command, "talk.wav"], **environment).splitlines()
    assert lines == PRINTED
    environment["CONVERSATION"] = last.removeprefix("conversation ")
    back = run(folder, ["sh", "-c", listing("sh", "action-items")], **environment)
    assert f'"id": "{environment["CONVERSATION"]}"' in back
    assert back.count(SENTENCES[0]) >= 2
    assert '"First program"' in back


def commands(page: str) -> list[str]:
    """Return the curl commands of a page of the guide, each on one line."""
    text = (ROOT / "docs" / "guide" / page).read_text()
    return [re.sub(r"\\\n\s*", "", found).strip() for found in re.findall(r"^ *curl (?:[^\\\n]|\\\n)*", text, re.MULTILINE)]


def run_command(server: Server, folder: Path, command: str, **environment: str) -> str:
    """Run a command of the guide against the server."""
    if shutil.which("curl") is None:
        pytest.skip("curl not installed")
    here = re.sub(r"https://talk\.example\.org|http://127\.0\.0\.1:8000", server.url, command).replace(
        "curl ", "curl -sS --fail-with-body ", 1
    )
    return run(folder, ["sh", "-c", here], **environment)


def test_the_import_of_the_guide(server: Server, folder: Path) -> None:
    """The answer has the fields that the page shows."""
    shutil.copy(ROOT / "tests" / "speech" / "question.ogg", folder / "standup.mp3")
    (command,) = commands("importing.md")
    answer = json.loads(run_command(server, folder, command, TOKEN=server.token()))
    assert set(answer) == {"conversationId", "jobId"}


def test_the_webhook_of_the_guide(server: Server, folder: Path) -> None:
    """It is created, and its secret is in the answer."""
    (command,) = commands("webhooks.md")
    answer = json.loads(run_command(server, folder, command, TOKEN=server.token()))
    assert answer["secret"].startswith("whsec_")
    made = answer["webhook"]
    assert (made["url"], made["events"]) == ("https://crm.example.org/hooks/parley", ["conversation.completed", "insight.created"])


async def test_the_audio_of_the_guide(server: Server, folder: Path) -> None:
    """Both commands write a WAV file: one of the conversation, and one of a message, which is shorter."""
    token = await asyncio.to_thread(server.token)
    async with connected(server, token) as client:
        conversation_id = await client.start("Anna", storeAudio=True)
        await client.speak(3.2)
        await client.wait("message_response", 2)
        await client.stop()
    message_id = client.of("message_response")[0]["messages"][0]["id"]
    environment = {"PARLEY": server.url, "TOKEN": token, "ID": conversation_id, "MESSAGE": message_id}
    async with asyncio.timeout(60):
        while '"stored"' not in await asyncio.to_thread(run, folder, ["sh", "-c", STATE], **environment):  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    for command in commands("recording.md"):
        await asyncio.to_thread(run_command, server, folder, command, **environment)
    seconds = []
    for name in ("meeting.wav", "sentence.wav"):
        with wave.open(str(folder / name)) as file:
            seconds.append(file.getnframes() / file.getframerate())
    assert 3 < seconds[0] < 5
    assert 1 < seconds[1] < 2.5


@pytest.fixture(scope="module")
def session(server: Server) -> list[dict[str, Any]]:
    """The messages of the server in the session of the WebSocket reference, and the close code."""
    token = server.token()
    start, stop = [message for side, message in shown_session() if side == ">"]

    async def play() -> list[dict[str, Any]]:
        received: list[dict[str, Any]] = []
        url = f"{server.url.replace('http', 'ws')}/v1/streaming/reference?access_token={token}"
        async with asyncio.timeout(60), websockets.connect(url) as socket:
            await socket.send(json.dumps(start))
            for _ in range(10):
                await socket.send(bytes(3_200))
            async for text in socket:
                received.append(json.loads(text))
                if len(received) == 4:  # the interim result, which a final one that is ready would replace
                    for _ in range(23):
                        await socket.send(bytes(3_200))
                if received[-1]["type"] == "tracker_response":  # the last result of the second sentence
                    await socket.send(json.dumps(stop))
        return [*received, {"type": "close", "code": socket.close_code}]

    return asyncio.run(play())


def shown_session() -> list[tuple[str, dict[str, Any]]]:
    """Return the messages of the reference's session, each with ">" or "<"."""
    text = SOCKET.partition("```text\n")[2].partition("```")[0]
    return [(part[0], json.loads(part[1:])) for part in re.split(r"^(?=[<>] )", text, flags=re.MULTILINE) if part]


def test_the_session_of_the_websocket_reference(session: list[dict[str, Any]]) -> None:
    """Each message on the page is received with its fields, in that order."""
    at = 0
    for expected in (message for side, message in shown_session() if side == "<"):
        found = next((n for n in range(at, len(session)) if lacks(expected, session[n]) == []), None)
        assert found is not None, (expected, [lacks(expected, one) for one in session[at:]])
        at = found + 1
    assert session[-1] == {"type": "close", "code": 1000}


async def test_the_error_of_the_websocket_reference(server: Server) -> None:
    """The error is equal to the one on the page."""
    shown = json.loads(SOCKET.partition("```json\n")[2].partition("```")[0])
    token = await asyncio.to_thread(server.token)
    async with (
        asyncio.timeout(60),
        websockets.connect(f"{server.url.replace('http', 'ws')}/v1/streaming/err?access_token={token}") as socket,
    ):
        await socket.send(json.dumps({"type": "start_request", "insightTypes": ["poem"]}))
        assert json.loads(await socket.recv()) == shown


def lacks(shown: Any, real: Any, where: str = "") -> list[str]:
    """Return where a message lacks a documented field, or has another type or kind."""
    if isinstance(shown, dict):
        if not isinstance(real, dict):
            return [where]
        kinds = [f"{where}.{key}" for key in ("type", "isFinal", "kind") if key in shown and shown[key] != real.get(key)]
        return kinds + [
            gap
            for key, value in shown.items()
            for gap in ([f"{where}.{key}"] if key not in real else lacks(value, real[key], f"{where}.{key}"))
        ]
    if isinstance(shown, list):
        if not isinstance(real, list) or len(real) < len(shown):
            return [where]
        return [gap for n, one in enumerate(shown) for gap in lacks(one, real[n], f"{where}[{n}]")]
    number = isinstance(shown, int | float) and isinstance(real, int | float)
    return [] if number or type(shown) is type(real) else [where]
