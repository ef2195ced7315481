"""Run the calls with curl, by the commands that the page shows, and keep their responses."""

import json
import os
import re
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tools.api_docs.calls import Call

WAIT_S = 120.0
"""Limit of waits for jobs."""
_VARIABLE = re.compile(r"\$([A-Z_]+)")


@dataclass(frozen=True, slots=True)
class CallResponse:
    """The response to a call."""

    call: Call
    command: str
    status: int
    content_type: str
    body: bytes

    @property
    def json(self) -> object:
        """The parsed body; None if it is no JSON."""
        return json.loads(self.body) if self.content_type.startswith("application/json") else None


class WalkFailed(Exception):
    """A call did not get the response that later calls need."""


def command(call: Call) -> str:
    """Return the shell command of a call; `$PARLEY` is the server's URL, and other variables are saved values."""
    path = re.sub(r"\{(\w+)\}", lambda match: f"${match.group(1).upper()}", call.path)
    url = f'"$PARLEY{path}{"?" if call.query else ""}{call.query}"'
    parts = ["curl", *([] if call.method == "GET" else [f"-X {call.method}"]), url]
    if not call.path.startswith("/oauth2/"):
        parts.append('-H "Authorization: Bearer $TOKEN"')
    if call.file:
        parts += ['-H "Content-Type: application/octet-stream"', f"--data-binary @{call.file}"]
    for name, value in call.form.items():
        parts.append(f"-F {name}={value}")
    if call.body is not None:
        text = json.dumps(call.body, ensure_ascii=False).replace("'", "'\\''")
        text = _VARIABLE.sub(lambda match: f"'\"${match.group(1)}\"'", text)
        parts += ['-H "Content-Type: application/json"', f"-d '{text}'"]
    return " ".join(parts)


class Walk:
    """Runs calls in one folder, with the values that earlier ones saved."""

    def __init__(self, folder: Path, values: Mapping[str, str]) -> None:
        self.folder = folder
        self.values = dict(values)

    def run(self, calls: Iterable[Call]) -> Iterator[CallResponse]:
        """Yield the response to each call. Raises WalkFailed if one has not what it must save."""
        for call in calls:
            deadline = time.monotonic() + WAIT_S
            answer = self._send(call)
            while call.waits is not None and _at(answer, call.waits[0]) != call.waits[1]:
                if time.monotonic() > deadline:
                    raise WalkFailed(f"{call.method} {call.path}: {answer.body.decode()}")
                time.sleep(0.1)
                answer = self._send(call)
            for name, place in call.saves.items():
                self.values[name] = str(_at(answer, place))
            yield answer

    def _send(self, call: Call) -> CallResponse:
        shown = command(call)
        environment = {**os.environ, **{name.upper(): value for name, value in self.values.items()}}
        text = shown.replace("curl ", "curl -sS -o body -w '%{http_code} %{content_type}' ", 1)
        (self.folder / "body").unlink(missing_ok=True)
        done = subprocess.run(["sh", "-c", text], cwd=self.folder, env=environment, capture_output=True, text=True, check=False)  # noqa: S607
        if done.returncode:
            raise WalkFailed(f"{shown}: {done.stderr}")
        status, _, content_type = done.stdout.partition(" ")
        body = self.folder / "body"
        return CallResponse(call, shown, int(status), content_type, body.read_bytes() if body.exists() else b"")


def _at(answer: CallResponse, place: str) -> object:
    value = answer.json
    for key in place.split("."):
        match value:
            case dict() if key in value:
                value = value[key]
            case list() if int(key) < len(value):
                value = value[int(key)]
            case _:
                text = answer.body.decode(errors="replace")[:500]
                raise WalkFailed(f"{answer.call.method} {answer.call.path}: no {place} in {answer.status} {text}")
    return value
