"""A FastRTC server with the benchmark's handlers. Run by a Python with `fastrtc`; it needs only one file of Parley.

    /path/to/python tests/bench/baselines/fastrtc_server.py PORT

The handlers are Parley's (`tests/bench/site/handlers.py`) with a changed import line, mounted at the same URLs. Two settings favour
FastRTC: its pause detection uses loudness (its own model would have to be downloaded), and its session limit is never reached.
"""

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from fastrtc import ReplyOnPause, Stream

HANDLERS = Path(__file__).resolve().parents[1] / "site" / "handlers.py"
OURS, THEIRS = "from streaming import", "from fastrtc import"
LIMIT = 10_000
WINDOW_S = 0.032
LOUD = 0.02
"""Root mean square above which a window counts as speech (full scale is 1)."""


class Loudness:
    """A pause model for `ReplyOnPause`: counts the seconds of loud windows, far cheaper than a neural network."""

    def vad(self, audio: tuple[int, Any], options: Any) -> tuple[float, list[Any]]:
        """Return the seconds of speech in (rate, samples)."""
        rate, samples = audio
        flat = np.asarray(samples, np.float32).ravel() / (32768 if np.asarray(samples).dtype == np.int16 else 1)
        width = int(rate * WINDOW_S)
        windows = flat[: len(flat) // width * width].reshape(-1, width)
        return float((np.sqrt((windows**2).mean(axis=1)) > LOUD).sum() * WINDOW_S), []

    def warmup(self) -> None:
        """Do nothing: there is nothing to load."""


def handlers() -> ModuleType:
    """Return the benchmark's handlers as a module that imports FastRTC."""
    module = ModuleType("handlers")
    source = HANDLERS.read_text().replace(OURS, THEIRS)
    exec(compile(source, str(HANDLERS), "exec"), vars(module))  # noqa: S102 - our own file
    return module


def application() -> FastAPI:
    """Return the server with the streams of `tests/bench/site/streams.py`."""
    made = handlers()
    reply = ReplyOnPause(made.respond, model=Loudness(), input_sample_rate=8000, output_sample_rate=8000)
    app = FastAPI()
    for name, handler in {
        "bench-echo": made.Echo(8000),
        "bench-counted": made.Echo(8000),
        "bench-wide": made.Echo(24000),
        "bench-pause": reply,
        "bench-blocking": made.Blocking(8000),
        "bench-ticker": made.Ticker(8000),
    }.items():
        _mount(app, f"/streams/{name}", handler)
    _mount(app, "/streams/bench-video", made.negative, "video")
    app.add_api_route("/readyz", _ready)
    return app


def _ready() -> dict[str, str]:
    return {"status": "ready"}


def _mount(app: FastAPI, prefix: str, handler: Any, modality: str = "audio") -> None:
    alone: dict[str, Any] = {"iceServers": []}
    stream = Stream(handler, modality=modality, mode="send-receive", concurrency_limit=LIMIT, server_rtc_configuration=alone, verbose=False)
    stream.mount(app, path=prefix)

    async def inputs(request: Request) -> dict[str, str]:
        """Set the inputs of a handler of video: FastRTC calls it only then, and puts the frame in the place of the first one."""
        stream.set_input((await request.json())["webrtc_id"], None)
        return {"status": "ok"}

    async def updates(webrtc_id: str) -> StreamingResponse:
        async def events() -> AsyncIterator[str]:
            async for output in stream.output_stream(webrtc_id):
                yield f"data: {output.args[0]}\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    app.add_api_route(f"{prefix}/updates", updates)
    app.add_api_route(f"{prefix}/input_hook", inputs, methods=["POST"])


if __name__ == "__main__":
    uvicorn.run(application(), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
