"""The listings of the first stream, the streams cookbook and the README run unchanged, on their own server."""

import asyncio
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import websockets

from streaming.tts.programs import FLITE
from tests import speech
from tests.programs import RunningProgram
from tests.servers import ROOT, Server, copied
from tests.streaming.transports.stream_client import streaming

PAGES = [
    (ROOT / "docs" / name).read_text()
    for name in ("start/first-stream.md", "guide/streams.md", "reference/webrtc.md", "reference/python.md")
]
WIRE = (ROOT / "docs" / "reference" / "fastrtc.md").read_text()
LISTINGS = [listing for page in PAGES for listing in re.findall(r"```python\n(.*?)```", page, re.DOTALL)]
needs_voice = pytest.mark.skipif(FLITE.find(Path()) is None, reason="needs the voice flite (make test installs it where it may)")
PAGE = "<!doctype html><script>const rtcConfiguration = __RTC_CONFIGURATION__;</script>"


def listing(word: str) -> str:
    """Return the only listing that contains a word."""
    [found] = [text for text in LISTINGS if word in text]
    return str(found)


def of_the_readme() -> str:
    """Return the README's program."""
    found = re.search(r"    # app\.py.*?(?=\n\n\S)", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found is not None
    return re.sub(r"^    ", "", found[0], flags=re.MULTILINE)


@pytest.fixture(scope="module")
def server(migrated_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with the guide's app: a folder with the listings, named by `APPS`."""
    folder = tmp_path_factory.mktemp("guide")
    (folder / "guideapp").mkdir()
    (folder / "guideapp" / "streams.py").write_text(
        "\n\n".join(listing(word) for word in ("parrot =", "answer =", "mirror =", "loopback ="))
    )
    (folder / "guideapp" / "hook.py").write_text(listing("csrf_exempt").replace("myapp", "guideapp"))
    urls = f"{listing('urlpatterns')}\nfrom guideapp.hook import set_pitch\n\nurlpatterns.append(path('set-pitch/', set_pitch))\n"
    (folder / "guideapp" / "urls.py").write_text(urls)
    (folder / "guideapp" / "index.html").write_text(PAGE)
    data = copied(migrated_data, folder / "data")
    server = Server(data, {"APPS": "guideapp", "PYTHONPATH": str(folder), "RECOGNISER": "moonshine"})
    server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def token(server: Server) -> str:
    """An access token."""
    return server.token()


async def test_the_client_of_the_guide_gets_its_audio_back(server: Server, token: str) -> None:
    """The program of the guide receives the audio that it sent."""
    program: dict[str, Any] = {}
    exec(listing("async def say"), program)
    say: Callable[..., Any] = program["say"]
    said = speech.clip("question", 0.2, 1.0)[::2]
    received = await say(f"{server.url.replace('http', 'ws')}/streams/parrot/websocket/offer", token, said.astype("<i2").tobytes())
    back = np.frombuffer(received, dtype="<i2")
    assert len(back) / 24_000 > 1
    assert np.abs(back).max() > 0.5 * np.abs(said).max()


async def test_the_handler_of_the_reference_returns_what_it_receives(server: Server, token: str) -> None:
    """The client of the first stream receives the audio that it sent."""
    program: dict[str, Any] = {}
    exec(listing("async def say").replace("socket.recv(), 10)", "socket.recv(), 5)"), program)
    sent = speech.clip("question", 0.2, 0.2)[::2]
    back = await program["say"](f"{server.url.replace('http', 'ws')}/streams/loopback/websocket/offer", token, sent.astype("<i2").tobytes())
    received = np.frombuffer(back, dtype="<i2")
    assert len(received) > 0.5 * len(sent)
    assert np.abs(received).max() > 0.5 * np.abs(sent).max()


async def test_an_own_page_may_run_its_script(server: Server) -> None:
    """The page of the guide is public, with its own policy."""
    async with httpx.AsyncClient(timeout=60) as browser:
        answer = await browser.get(f"{server.url}/talk/")
    assert answer.status_code == 200
    assert "const rtcConfiguration = null;" in answer.text
    assert "'unsafe-inline'" in answer.headers["Content-Security-Policy"]


async def test_the_inputs_of_the_guide_are_checked(server: Server, token: str) -> None:
    """The model of the guide checks the inputs."""
    async with httpx.AsyncClient(headers={"x-api-key": token}, timeout=60) as client:
        wrong = await client.post(f"{server.url}/streams/answer/input_hook", json={"webrtc_id": "a", "pitch": 50})
        unknown = await client.post(f"{server.url}/streams/answer/input_hook", json={"webrtc_id": "a", "pitch": 500})
        response = await client.post(f"{server.url}/streams/mirror/webrtc/offer", json={})
    assert (wrong.status_code, wrong.json()["detail"][0]["loc"]) == (422, ["body", "pitch"])
    assert (unknown.status_code, response.status_code) == (404, 422)


async def test_the_client_of_the_webrtc_reference_receives_audio(server: Server, token: str) -> None:
    """The client receives the tone, for a second."""
    program: dict[str, Any] = {}
    exec(listing("RTCPeerConnection"), program)
    async with asyncio.timeout(60):
        frames = await program["listen"](f"{server.url}/streams/tone", token)
    assert len(frames) == 50
    assert max(np.abs(frame.to_ndarray()).max() for frame in frames) > 100


async def test_the_session_of_the_protocol_reference(server: Server, token: str) -> None:
    """The messages are those of the page, in order."""
    shown = WIRE.partition("```text\n")[2].partition("```")[0].splitlines()
    assert len(shown) == 6
    received: list[Any] = []
    url = f"{server.url.replace('http', 'ws')}/streams/tone/websocket/offer?access_token={token}"
    async with asyncio.timeout(60), websockets.connect(url) as socket:
        for line in shown:
            side, text = line.split(" ", 1)
            if side == ">":
                await socket.send(text)
                continue
            wanted: Any = len(bytes(640)) if text.startswith("binary frame: 640 bytes") else json.loads(text)
            while wanted not in received:
                message = await socket.recv()
                received.append(json.loads(message) if isinstance(message, str) else len(message))
        async for _ in socket:
            pass
    assert socket.close_code == 1000


async def test_the_view_of_the_guide_sets_inputs(server: Server, token: str) -> None:
    """A POST without a CSRF token sets them for a session that exists, and gets 404 otherwise."""
    url = f"{server.url.replace('http', 'ws')}/streams/answer/websocket/offer?access_token={token}"
    async with asyncio.timeout(60), websockets.connect(url) as socket, httpx.AsyncClient(timeout=60) as client:
        await socket.send(json.dumps({"event": "start", "websocket_id": "with-inputs", "format": "pcm16", "sample_rate": 24_000}))
        assert json.loads(await socket.recv())["data"] == "started"
        found = await client.post(f"{server.url}/set-pitch/", json={"webrtc_id": "with-inputs", "pitch": 660})
        missing = await client.post(f"{server.url}/set-pitch/", json={"webrtc_id": "nobody", "pitch": 660})
    assert (found.status_code, found.json()) == (200, {"status": "ok"})
    assert missing.status_code == 404


async def test_the_commands_of_the_guide_set_and_read(server: Server, token: str) -> None:
    """curl sets the inputs of a session with the id of the page, and reads its outputs until it ends."""
    if shutil.which("curl") is None:
        pytest.skip("curl not installed")
    [put] = re.findall(r"^    curl -X POST .*/input_hook(?:.*\\\n)?.*", PAGES[1], re.MULTILINE)
    [read] = re.findall(r"^    curl -N .*", WIRE, re.MULTILINE)
    async with asyncio.timeout(60), streaming(server, token, "answer") as client:
        await client.start(websocket_id="a-call")
        answer, _ = await (await command(server, token, put)).communicate()
        assert json.loads(answer) == {"status": "ok"}
        reading = await command(server, token, read.replace("an-id", "a-call"))
        assert reading.stdout is not None
        assert await reading.stdout.readline() == b": outputs\n"
        await client.stop()
        events, _ = await reading.communicate()
        assert b"event: end\ndata: ended" in events


async def command(server: Server, token: str, line: str) -> asyncio.subprocess.Process:
    """Run a command of a page against the server."""
    here = line.replace("http://127.0.0.1:8000", server.url).replace("curl ", "curl -sS --fail-with-body ", 1)
    return await asyncio.create_subprocess_shell(here, env={**os.environ, "TOKEN": token}, stdout=asyncio.subprocess.PIPE)


@pytest.mark.parametrize("is_spoken", [False, pytest.param(True, marks=needs_voice)])
async def test_the_files_of_the_guide_run(tmp_path: Path, is_spoken: bool) -> None:
    """Under `parley run`: the file that the guide begins with repeats a turn and says its words; with a voice the others answer, too."""
    listings = [listing("# app.py"), *([listing("agent ="), listing("line =")] if is_spoken else [])]
    program = RunningProgram(tmp_path, {"app.py": "\n\n".join(listings)}, RECOGNISER="moonshine").start()
    said = speech.clip("question", 0.2, 2.0)[::2].astype("<i2")
    try:
        for name in ("agent", "line") if is_spoken else ("stream",):
            async with asyncio.timeout(120), streaming(program, "", name) as client:
                await client.start(format="pcm16", sample_rate=24_000)
                if name == "line":
                    await client.wait_audio(24_000)  # the greeting
                    continue
                for at in range(0, len(said), 480):
                    await client.send(said[at : at + 480].tobytes())
                    await asyncio.sleep(0.02)
                await client.wait_audio(24_000)
                assert np.abs(np.frombuffer(client.sound, dtype="<i2").astype(np.int32)).max() > 1_000
                if name == "stream":
                    assert "budget" in await first_output(program, name, client.id)
    finally:
        program.kill()


async def first_output(program: RunningProgram, name: str, webrtc_id: str) -> str:
    """Return the first output of a session."""
    url = f"{program.url}/streams/{name}/outputs"
    async with httpx.AsyncClient(timeout=60) as http, http.stream("GET", url, params={"webrtc_id": webrtc_id}) as response:
        async for line in response.aiter_lines():
            if line.startswith("data: "):
                return line.lower()
    raise AssertionError("no output came")


def test_the_readme_has_a_stream() -> None:
    """Its name is not in use."""
    module: dict[str, Any] = {}
    exec(of_the_readme().replace("from fastrtc", "from streaming"), module)
    assert module["parrot"].modality == "audio"
    assert "/streams/parrot/" in of_the_readme()


@pytest.mark.parametrize("apps", ["nothing_like_that", ".relative"])
def test_a_missing_app_is_named(server: Server, apps: str) -> None:
    """The server does not start, and its error names the app."""
    with pytest.raises(AssertionError, match=f"APPS='{apps}'"):
        Server(server.data, {"APPS": apps}).manage("check")
