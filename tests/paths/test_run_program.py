"""`parley run`: a program in the shape of FastRTC's, with an application, routes and modules of its own, and a real peer.

Links: the alias `fastrtc`, the program's modules beside ours, its application before ours, the offer in its routes, session, handler,
outputs and inputs by its own routes, its lifespan, access without an account on this machine, restart after kill -9.
"""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import aiohttp
import numpy as np
import pytest

from tests.programs import RunningProgram
from tests.streaming.transports.rtc import Caller, until

pytest.importorskip("fastapi", reason="the program needs FastAPI: requirements/development.txt")

APP = """
import json
import queue
import sys
from contextlib import asynccontextmanager
from pathlib import Path

from config import GREETING
from fastapi import FastAPI
from fastapi.responses import HTMLResponse, StreamingResponse
from fastrtc import AdditionalOutputs, Stream, StreamHandler
from fastrtc.utils import audio_to_float32
from pydantic import BaseModel
from utils import loudness


class Echo(StreamHandler):
    def __init__(self):
        super().__init__(input_sample_rate=24_000, output_sample_rate=24_000)
        self.frames = queue.Queue()
        self.count = 0

    def copy(self):
        return Echo()

    def receive(self, frame):
        self.frames.put(frame)

    def emit(self):
        rate, samples = self.frames.get()
        self.count += 1
        if self.count % 25 == 0:
            note = self.latest_args[1] if len(self.latest_args) > 1 else None
            return AdditionalOutputs({"loudness": loudness(audio_to_float32((rate, samples))), "note": note})
        return rate, samples


events = []


@asynccontextmanager
async def lifespan(app):
    Path("began").touch()
    yield {"greeting": GREETING}
    Path("ended").touch()


voice = Stream(Echo(), modality="audio", mode="send-receive")
other_one = Stream(Echo(), modality="audio", mode="send-receive")
app = FastAPI(lifespan=lifespan)
voice.mount(app)
other_one.mount(app, path="/second")


class Note(BaseModel):
    webrtc_id: str
    note: str


@app.get("/")
def index():
    return HTMLResponse("<title>" + GREETING + "</title>")


@app.post("/input_hook")
def take(note: Note):
    voice.set_input(note.webrtc_id, note.note)


@app.get("/outputs")
def outputs(webrtc_id: str):
    async def lines():
        async for output in voice.output_stream(webrtc_id):
            yield "event: mine\\ndata: " + json.dumps(output.args[0]["note"]) + "\\n\\n"

    return StreamingResponse(lines(), media_type="text/event-stream")


@app.get("/modules")
def modules():
    return sorted({name.partition(".")[0] for name in sys.modules})


if __name__ == "__main__":
    import uvicorn

    uvicorn.run("app:app", host="0.0.0.0", port=7860)
"""
FILES = {
    "app.py": APP,
    "config.py": "GREETING = 'Hello from the program'\n",
    "utils.py": "import numpy as np\n\n\ndef loudness(samples):\n    return float(np.abs(samples).mean())\n",
    "templates/base.html": "not ours",
}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningProgram]:
    """The running program."""
    running = RunningProgram(tmp_path_factory.mktemp("program"), FILES).start()
    yield running
    running.kill()


async def post(url: str, body: Any, **headers: str) -> tuple[int, Any]:
    """POST JSON without credentials, and return status and JSON."""
    async with aiohttp.ClientSession() as client, client.post(url, json=body, headers=headers) as answer:
        return answer.status, await answer.json(content_type=None)


def fetch(url: str, **headers: str) -> tuple[int, str]:
    """GET a URL and return status and text."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


async def heard(program: RunningProgram, path: str) -> Caller:
    """Return a connected caller that heard its own tone."""
    caller = await Caller(lambda body: post(program.url + path, body), "sendrecv").call()
    await until(lambda: len(caller.sound) > 24_000 and float(np.abs(caller.sound[-9_600:]).max()) > 1000, "the tone did not come back")
    return caller


async def test_a_peer_hears_itself_and_the_programs_routes_reach_it(program: RunningProgram) -> None:
    """Without an account: sound, the input hook and the outputs of the program's own routes, not of Parley's."""
    caller = await heard(program, "/webrtc/offer")
    try:
        assert await post(program.url + "/input_hook", {"webrtc_id": caller.id, "note": "mine"}) == (200, None)
        async with aiohttp.ClientSession() as client, client.get(f"{program.url}/outputs?webrtc_id={caller.id}") as outputs:
            async with asyncio.timeout(60):
                lines = [line.decode().strip() async for line in _until_line(outputs, 'data: "mine"')]
        assert "event: mine" in lines
    finally:
        await caller.close()


async def _until_line(answer: aiohttp.ClientResponse, last: str) -> Any:
    async for line in answer.content:
        yield line
        if line.decode().strip() == last:
            return


async def test_a_second_process_reaches_the_sessions_of_the_first(program: RunningProgram) -> None:
    """The same program at another port, with the same data: its hook and outputs are those of the session in the first process."""
    other = RunningProgram(program.folder, {})
    await asyncio.to_thread(other.start)
    caller = await heard(program, "/webrtc/offer")
    try:
        assert await post(other.url + "/input_hook", {"webrtc_id": caller.id, "note": "from elsewhere"}) == (200, None)
        async with aiohttp.ClientSession() as client, client.get(f"{other.url}/outputs?webrtc_id={caller.id}") as outputs:
            async with asyncio.timeout(60):
                assert [line async for line in _until_line(outputs, 'data: "from elsewhere"')]
    finally:
        await caller.close()
        other.kill()


async def test_the_second_stream_is_at_its_path(program: RunningProgram) -> None:
    """Both have the name of their variable, and their routes at the path where the program mounted them."""
    caller = await heard(program, "/second/webrtc/offer")
    await caller.close()
    assert f"stream voice: {program.url}/streams/voice/" in program.lines
    assert f"stream other-one: {program.url}/streams/other-one/" in program.lines


def test_the_programs_routes_come_first(program: RunningProgram) -> None:
    """Its own page and errors; behind them ours, with our own templates."""
    assert fetch(program.url + "/") == (200, "<title>Hello from the program</title>")
    assert fetch(program.url + "/nothing") == (404, '{"detail":"Not Found"}')
    assert fetch(program.url + "/healthz")[0] == 200
    status, page = fetch(program.url + "/streams/voice/")
    assert (status, 'data-name="voice"' in page) == (200, True)
    assert fetch(program.url + "/static/parley/base.css")[0] == 200
    assert fetch(program.url + "/rtc/config?stream=voice")[0] == 200
    assert (program.folder / "began").exists()


def test_uvicorn_loads_neither_daphne_nor_zope(program: RunningProgram) -> None:
    """zope.interface changes abc.ABC, with which no component of Gradio can be made."""
    loaded = set(json.loads(fetch(program.url + "/modules")[1]))
    assert {"uvicorn", "django", "parley_program"} <= loaded
    assert not loaded & {"daphne", "twisted", "autobahn", "zope", "torch"}


async def test_another_site_cannot_use_the_streams(program: RunningProgram) -> None:
    """A page of another site needs an account, and a name that was pointed here reaches nothing at all."""
    offer = program.url + "/webrtc/offer"
    assert (await post(offer, {}))[0] == 422
    assert (await post(offer, {}, Origin="http://localhost:3000"))[0] == 422
    assert (await post(offer, {}, Origin="http://evil.example"))[0] == 401
    assert (await post(offer, {}, **{"X-Forwarded-For": "203.0.113.7"}))[0] == 401
    rebound = {"Host": f"evil.example:{program.port}"}
    assert (await post(offer, {}, **rebound))[0] == 400
    assert fetch(program.url + "/", **rebound)[0] == 400
    assert 'data-name="voice"' not in fetch(program.url + "/streams/voice/", **{"X-Forwarded-For": "203.0.113.7"})[1]
    async with aiohttp.ClientSession() as client:
        foreign = await client.ws_connect(program.url + "/websocket/offer", headers={"Origin": "http://evil.example"})
        async with asyncio.timeout(60):
            assert [message.type async for message in foreign if message.type is aiohttp.WSMsgType.BINARY] == []
        assert foreign.close_code == 1008
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await client.ws_connect(program.url + "/websocket/offer", headers=rebound)


async def test_a_socket_of_this_machine_needs_no_account(program: RunningProgram) -> None:
    """At the root and at the path of the mount."""
    async with aiohttp.ClientSession() as client, asyncio.timeout(60):
        for path in ("/websocket/offer", "/second/websocket/offer"):
            socket = await client.ws_connect(program.url + path, headers={"Origin": program.url})
            await socket.send_json({"event": "start", "websocket_id": f"from{path.replace('/', '-')}", "format": "pcm16"})
            assert (await socket.receive()).type is aiohttp.WSMsgType.TEXT
            await socket.close()


async def test_it_starts_again_after_it_was_killed(program: RunningProgram) -> None:
    """kill -9 leaves nothing behind that hinders the next start; SIGTERM runs the end of the program's lifespan."""
    program.kill()
    assert not (program.folder / "ended").exists()
    program.start()
    caller = await heard(program, "/webrtc/offer")
    assert await asyncio.to_thread(program.stop) in (0, -15)
    await until(lambda: caller.pc.connectionState in ("closed", "failed", "disconnected"), "the session did not end")
    await caller.close()
    assert (program.folder / "ended").exists()
