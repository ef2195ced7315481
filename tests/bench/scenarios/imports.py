"""Imports: their speed, against the model alone on the same turns and cores, and how much later live results come beside one."""

import io
import json
import time
import urllib.request
from collections.abc import Callable
from datetime import datetime
from typing import Any

import av
import numpy as np

from tests.bench import speech
from tests.bench.child_processes import BenchError, Server, ask_child
from tests.bench.report import Goal, Result, Table, number
from tests.bench.scale import Sizes
from tests.bench.scenarios import live_beside_import

GOAL_RATIO = 0.6
_LONGEST_S = 1800.0


def measure(server: Server, sizes: Sizes, say: Callable[[str], None]) -> Result:
    """Import a looped recording between two runs of the model alone; then let people speak without and with an import.

    A short import loads the model of each worker first.
    """
    file = _opus(sizes.import_s)
    question = {"mode": "turns", "seconds": sizes.import_s, "threads": sizes.threads}
    with server.worker():
        say("a first import loads the model")
        _import(server, _opus(2.0))
        say(f"the model alone on {sizes.import_s:g} s of speech")
        before = ask_child("bare_recogniser", question, timeout_s=_LONGEST_S)
        say("the import")
        took = _import(server, file)
        say("the model alone again")
        after = ask_child("bare_recogniser", question, timeout_s=_LONGEST_S)
    with server.worker(nice=None):
        _import(server, _opus(2.0))
        compared = live_beside_import.compare(server, sizes, say, lambda: _import(server, file))
    alone = (before["wall_s"] + after["wall_s"]) / 2
    ratio = alone / took
    rows = [
        ["model alone", number(alone, 1), number(sizes.import_s / alone, 0)],
        ["import", number(took, 1), number(sizes.import_s / took, 0)],
    ]
    goal = Goal(
        "speed of an import",
        f">= {GOAL_RATIO:g} of the model alone",
        f"{number(sizes.import_s / took, 0)} x real time",
        f"model alone {number(sizes.import_s / alone, 0)} x",
        ratio >= GOAL_RATIO,
    )
    return Result(
        "imports",
        f"Import of {sizes.import_s / 60:g} minutes",
        [Table(f"{sizes.threads} threads; one channel of Opus.", ["", "seconds", "times real time"], rows), compared.table()],
        [
            f"The import reaches {ratio:.2f} of the speed of the model alone on the same turns; the goal is {GOAL_RATIO:g}.",
            f"Beside {compared.imports} imports the 95th percentile of live results is {compared.ratio:.2f} times that without one;"
            f" the goal is {live_beside_import.MOST_RATIO:g}.",
        ],
        {"alone_s": alone, "import_s": took, "ratio": ratio, "live_p95_ratio": compared.ratio},
        [goal, compared.goal()],
    )


def _opus(seconds: float) -> bytes:
    """Return the demo's recording, looped, as Ogg Opus with one channel."""
    sound = speech.conversation().sound
    looped = np.tile(sound, int(seconds * speech.RATE) // len(sound) + 1)[: int(seconds * speech.RATE)]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(looped.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = speech.RATE
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def _import(server: Server, body: bytes) -> float:
    """Upload a file, wait for its job, and return the seconds from its start to its end. Raises BenchError."""
    request = urllib.request.Request(f"{server.url}/v1/process/audio", body, {"x-api-key": server.token})  # noqa: S310 - our own server
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        job_id = json.load(answer)["jobId"]
    deadline = time.monotonic() + _LONGEST_S
    while (job := server.ask(f"/v1/job/{job_id}"))["status"] not in ("completed", "failed"):
        if time.monotonic() > deadline:
            raise BenchError("an import did not end")
        time.sleep(0.2)
    if job["status"] == "failed":
        raise BenchError(f"an import failed: {job.get('reason')}")
    return _seconds(job)


def _seconds(job: dict[str, Any]) -> float:
    started, finished = (datetime.fromisoformat(job[name]) for name in ("startedAt", "finishedAt"))
    return (finished - started).total_seconds()
