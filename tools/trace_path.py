"""Counts the functions and files of the project that run on a path of docs/architecture.md (docs/develop/path-length.md).

    DATA_DIR=$(mktemp -d) .venv/bin/python -m tools.trace_path speak    # LINEAR16 chunk -> message_response at a subscriber
    DATA_DIR=$(mktemp -d) STREAMS_PUBLIC=echo .venv/bin/python -m tools.trace_path reply    # WebRTC offer -> first audio of the reply

It serves the ASGI application in this process. The path runs twice: what a process does once, such as loading the recogniser, happens the
first time, and only the second run is counted, without periodic work. `--first` counts the first run, and periodic work too. `--list`
prints every function in the order of its first call, with its thread.
"""

import argparse
import asyncio
import io
import json
import os
import sys
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("parley", "config", "streaming", "insights")
RECORDING = ROOT / "streaming" / "demo" / "conversation.ogg"
UNNAMED = ("<listcomp>", "<genexpr>", "<dictcomp>", "<setcomp>", "<lambda>", "<module>")
"""Ends of the names of code that is part of the function or file around it."""
CHUNK = 3200
"""Bytes of a chunk: 100 ms at 16 kHz."""
LOUD = 500
"""Smallest sample value of a reply that is audible."""

Run = Callable[[int, Callable[[], Awaitable[None]]], Coroutine[Any, Any, None]]
"""Runs a path for the given time, and calls the function where the path begins."""


class CallTrace:
    """The functions of the project that were called since `begin`, in all threads, each with its file and its first thread."""

    def __init__(self) -> None:
        self.calls: dict[tuple[str, str], str] = {}
        self._active = False

    def install(self) -> None:
        """Watch the threads that start from now on; call before any starts."""
        threading.setprofile(self._on_event)

    def begin(self) -> None:
        """Start to note calls."""
        self.calls.clear()
        self._active = True
        sys.setprofile(self._on_event)

    def end(self) -> None:
        """Note no more."""
        self._active = False
        sys.setprofile(None)

    def _on_event(self, frame: FrameType, event: str, argument: object) -> None:
        if not self._active or event != "call":
            return
        code = frame.f_code
        if not code.co_filename.startswith(f"{ROOT}{os.sep}") or code.co_qualname.endswith(UNNAMED):
            return
        file = code.co_filename[len(str(ROOT)) + 1 :]
        if file.startswith(PACKAGES):
            self.calls.setdefault((file, code.co_qualname), threading.current_thread().name)


def breakdown(calls: Iterable[tuple[str, str]]) -> list[tuple[str, int, int]]:
    """Return the functions and files of each package, the most functions first."""
    functions: Counter[str] = Counter()
    files: dict[str, set[str]] = {}
    for file, _ in calls:
        package = "/".join(Path(file).parts[:2]) if file.count("/") > 1 else file.split("/")[0]
        functions[package] += 1
        files.setdefault(package, set()).add(file)
    return [(package, count, len(files[package])) for package, count in functions.most_common()]


def main() -> None:
    """Count a path."""
    parser = argparse.ArgumentParser(description="Count the functions and files of a path.")
    parser.add_argument("path", choices=("speak", "reply"))
    parser.add_argument("--first", action="store_true", help="count the first run, with what a process does once, and periodic work")
    parser.add_argument("--list", action="store_true", help="print every function")
    arguments = parser.parse_args()
    trace = CallTrace()
    trace.install()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.management import call_command

    from config import asgi  # noqa: F401  # sets Django up, and starts the first threads

    call_command("migrate", verbosity=0)
    runs: dict[str, Run] = {"speak": _speak, "reply": _reply}
    asyncio.run(_count(runs[arguments.path], trace, first=arguments.first))
    files = {file for file, _ in trace.calls}
    print(f"{arguments.path}: {len(trace.calls)} functions in {len(files)} files")
    for package, functions, in_files in breakdown(trace.calls):
        print(f"  {functions:4} functions in {in_files:3} files  {package}")
    if arguments.list:
        for (file, name), thread in trace.calls.items():
            print(f"  {thread:24} {file:56} {name}")
    sys.stdout.flush()
    os._exit(0)  # threads of the recogniser are still there


async def _not_yet() -> None:
    """Count nothing in the first run."""


async def _count(run: Run, trace: CallTrace, *, first: bool) -> None:
    from streaming import recogniser
    from streaming.cluster.runtime import runtime

    async def begin() -> None:
        if not first:
            await runtime().poller.close()
        trace.begin()

    if not first:
        await run(0, _not_yet)
        await asyncio.wrap_future(recogniser.begin_loading())
    await run(1, begin)
    trace.end()


async def _post(path: str, body: object) -> dict[str, Any]:
    """Return the JSON of a response. Raises RuntimeError for another status than 200."""
    from channels.testing import ApplicationCommunicator

    from config import asgi

    raw = json.dumps(body).encode()
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"content-length", str(len(raw)).encode())]
    scope = {"type": "http", "http_version": "1.1", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b""}
    scope |= {"headers": headers, "scheme": "http", "server": ("localhost", 80), "client": ("127.0.0.1", 1)}
    request = ApplicationCommunicator(asgi.application, scope)
    await request.send_input({"type": "http.request", "body": raw})
    status, text = (await request.receive_output(30))["status"], b""
    while True:
        message = await request.receive_output(30)
        text += message.get("body", b"")
        if not message.get("more_body"):
            break
    if status != 200:
        raise RuntimeError(f"{path} was answered with {status}: {text.decode()}")
    answer: dict[str, Any] = json.loads(text)
    return answer


async def _open_socket(path: str, token: str) -> Any:
    from channels.testing import ApplicationCommunicator

    from config import asgi

    scope: dict[str, Any] = {
        "type": "websocket",
        "path": path,
        "raw_path": path.encode(),
        "query_string": f"access_token={quote(token)}".encode(),
    }
    scope |= {"headers": [(b"host", b"localhost")], "subprotocols": [], "extensions": {"websocket.http.response": {}}}
    socket = ApplicationCommunicator(asgi.application, scope)
    await socket.send_input({"type": "websocket.connect"})
    await socket.receive_output(20)
    return socket


async def _read_until(socket: Any, wanted: str) -> None:
    while wanted not in (await socket.receive_output(60)).get("text", ""):
        pass


async def _speak(turn: int, begin: Callable[[], Awaitable[None]]) -> None:
    """From a chunk of audio to the first message at a subscriber."""
    from asgiref.sync import sync_to_async
    from django.core.management import call_command

    made = io.StringIO()
    await sync_to_async(call_command)("createapp", email=f"trace{turn}@example.com", name="trace", json=True, stdout=made)
    app = json.loads(made.getvalue().strip().splitlines()[-1])
    credentials = {"type": "application", "appId": app["appId"], "appSecret": app["appSecret"]}
    token = (await _post("/oauth2/token:generate", credentials))["accessToken"]
    speaker, subscriber = await _open_socket("/v1/streaming/trace", token), await _open_socket("/v1/subscribe/trace", token)
    config = {"speechRecognition": {"encoding": "LINEAR16", "sampleRateHertz": 16000}}
    start = {"type": "start_request", "insightTypes": ["question", "action_item"], "config": config}
    text = json.dumps({**start, "speaker": {"userId": "u", "name": "J"}})
    await speaker.send_input({"type": "websocket.receive", "text": text})
    await _read_until(speaker, "recognition_started")
    await _read_until(subscriber, "conversation")
    await asyncio.sleep(1)  # what the start has begun ends
    pcm = _speech()
    await begin()
    received = asyncio.create_task(_read_until(subscriber, '"message_response"'))
    for at in range(0, len(pcm), CHUNK):
        await speaker.send_input({"type": "websocket.receive", "bytes": pcm[at : at + CHUNK]})
        await asyncio.sleep(0.1)
        if received.done():
            break
    await received


async def _reply(turn: int, begin: Callable[[], Awaitable[None]]) -> None:
    """From the offer of a WebRTC client to the first audio of the reply."""
    import numpy as np
    from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
    from aiortc.contrib.media import MediaPlayer

    client, heard = RTCPeerConnection(RTCConfiguration(iceServers=[])), asyncio.Event()
    recording: Any = MediaPlayer(str(RECORDING)).audio
    client.addTrack(recording)
    client.createDataChannel("text")
    readers: list[asyncio.Task[None]] = []

    async def read(track: Any) -> None:
        while not heard.is_set():
            if np.abs((await track.recv()).to_ndarray()).max() > LOUD:
                heard.set()

    client.on("track", lambda track: readers.append(asyncio.create_task(read(track))))
    await client.setLocalDescription(await client.createOffer())
    await begin()
    offer = {"sdp": client.localDescription.sdp, "type": "offer", "webrtc_id": f"trace-{turn}"}
    answer = await _post("/streams/echo/webrtc/offer", offer)
    await client.setRemoteDescription(RTCSessionDescription(answer["sdp"], "answer"))
    async with asyncio.timeout(60):
        await heard.wait()
    if turn == 0:
        await client.close()


def _speech() -> bytes:
    """Return the recording of the demo as LINEAR16 at 16 kHz."""
    import av

    found = io.BytesIO()
    with av.open(str(RECORDING)) as file:
        resampler = av.AudioResampler("s16", "mono", 16000)
        for frame in file.decode(audio=0):
            for resampled in resampler.resample(frame):
                found.write(resampled.to_ndarray().tobytes())
    return found.getvalue()


if __name__ == "__main__":
    main()
