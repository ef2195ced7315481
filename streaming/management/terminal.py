"""A terminal client: streams an audio file to a server over the Symbl protocol and prints the results.

It uses the public protocol only, so it can also test a remote server.
"""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO
from urllib.parse import quote

import av
import numpy as np
import websockets

from insights import insight_kinds
from insights.snapshots import Payload
from streaming.protocols.json_message import JsonMessage

RATE = 16_000
CHUNK_S = 0.1
BAR_WIDTH = 24
STOP_S = 120.0

GREY, BOLD, YELLOW, RESET = "\033[90m", "\033[1m", "\033[33m", "\033[0m"


class FileStreamError(Exception):
    """The file could not be streamed; the text is the reason, for the user."""


def channels_of(file: Path, wanted: int) -> list[np.ndarray]:
    """Decode an audio file to int16 samples at 16 kHz: two arrays if two channels are wanted and the file is stereo, else one mono mix.

    Raises StreamError for a file without audio that PyAV can decode.
    """
    try:
        with av.open(str(file)) as container:
            if not container.streams.audio:
                raise FileStreamError(f"{file}: it has no audio")
            stream = container.streams.audio[0]
            layout = "stereo" if wanted == 2 and stream.channels == 2 else "mono"
            resampler = av.AudioResampler(format="s16p", layout=layout, rate=RATE)
            pieces = [out.to_ndarray() for frame in container.decode(stream) for out in resampler.resample(frame)]
            pieces += [out.to_ndarray() for out in resampler.resample(None)]
    except (av.FFmpegError, OSError) as error:
        raise FileStreamError(f"{file}: {error}") from None
    if not pieces:
        raise FileStreamError(f"{file}: it has no audio")
    return list(np.concatenate(pieces, axis=1))


@dataclass
class Screen:
    """Prints lines above a progress bar; if the output is no terminal, without bar and colours."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    _bar: str = ""

    @property
    def is_terminal(self) -> bool:
        """Whether the output is a terminal."""
        return self.out.isatty()

    def line(self, text: str, colour: str = "") -> None:
        """Print one line above the bar."""
        if self.is_terminal:
            text = f"\r\033[K{colour}{text}{RESET}\n{self._bar}"
            self.out.write(text)
        else:
            self.out.write(text + "\n")
        self.out.flush()

    def progress(self, done_s: float, total_s: float, interim: str = "") -> None:
        """Show how much was sent, in seconds, and the current interim text."""
        if not self.is_terminal:
            return
        filled = round(BAR_WIDTH * min(1.0, done_s / max(total_s, 0.001)))
        self._bar = f"\r\033[K[{'#' * filled}{'.' * (BAR_WIDTH - filled)}] {done_s:5.1f}/{total_s:.1f} s {GREY}{interim[-60:]}{RESET}"
        self.out.write(self._bar)
        self.out.flush()

    def end(self) -> None:
        """Remove the bar."""
        if self.is_terminal and self._bar:
            self.out.write("\r\033[K")
            self._bar = ""


@dataclass
class FileSpeaker:
    """One speaker with a WebSocket of its own; the one with `prints_results` prints the results of all speakers."""

    samples: np.ndarray
    name: str
    url: str
    token: str
    connection_id: str
    screen: Screen
    speed: float
    prints_results: bool
    conversation_id: str = ""
    interim: str = ""
    shown: set[str] = field(default_factory=set)
    """The ids of the messages and insights that were printed."""

    async def speak(self) -> None:
        """Start, send the audio in real time times `speed`, stop, and print results until the server closes. Raises StreamError."""
        address = f"{self.url.replace('http', 'ws', 1)}/v1/streaming/{quote(self.connection_id, safe='')}"
        try:
            connection = await websockets.connect(address, additional_headers={"x-api-key": self.token}, compression=None, max_size=None)
        except (OSError, websockets.WebSocketException) as error:
            raise FileStreamError(f"no connection to {self.url}: {error}") from None
        try:
            async with connection as socket:
                await self._converse(socket)
        except websockets.ConnectionClosed as error:
            reason = error.rcvd.reason if error.rcvd else "connection lost"
            raise FileStreamError(f"the server closed the connection: {reason}") from None

    async def _converse(self, socket: websockets.ClientConnection) -> None:
        await socket.send(json.dumps(self._start()))
        sending = asyncio.create_task(self._send(socket))
        try:
            async with asyncio.timeout(len(self.samples) / RATE / (self.speed or 1000) + STOP_S):
                async for text in socket:
                    self._take(json.loads(text))
        except TimeoutError:
            raise FileStreamError("the server did not end the conversation") from None
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)

    def _start(self) -> JsonMessage:
        return {
            "type": "start_request",
            "insightTypes": list(insight_kinds.wire_types()),
            "config": {"speechRecognition": {"encoding": "LINEAR16", "sampleRateHertz": RATE}},
            "speaker": {"userId": f"{self.name.lower().replace(' ', '.')}@example.com", "name": self.name},
        }

    async def _send(self, socket: websockets.ClientConnection) -> None:
        size = int(RATE * CHUNK_S)
        began = time.monotonic()
        for index, at in enumerate(range(0, len(self.samples), size), start=1):
            await socket.send(self.samples[at : at + size].astype("<i2").tobytes())
            if self.speed:
                await asyncio.sleep(max(0.0, began + index * CHUNK_S / self.speed - time.monotonic()))
            if self.prints_results:
                self.screen.progress(index * CHUNK_S, len(self.samples) / RATE, self.interim)
        await socket.send(json.dumps({"type": "stop_request"}))

    def _take(self, message: Payload) -> None:
        kind = message["type"]
        if kind == "message":
            self._take_envelope(message["message"])
        elif kind == "error":
            raise FileStreamError(message["message"])
        elif not self.prints_results:
            return  # every speaker receives all messages and insights, so only one prints them
        elif kind == "message_response":
            for sentence in message["messages"]:
                self._print(sentence, f"{sentence['from']['name'] or 'somebody'}: {sentence['payload']['content']}", BOLD)
        elif kind == "insight_response":
            for insight in message["insights"]:
                self._print(insight, f"    {describe(insight)}", YELLOW)

    def _print(self, item: Payload, line: str, colour: str) -> None:
        """Print a message or an insight; mark one that was printed before as changed or dismissed, which a reviewer does."""
        known, dismissed = item["id"] in self.shown, item.get("dismissed", False)
        if dismissed and not known:
            return
        (self.shown.discard if dismissed else self.shown.add)(item["id"])
        note = "dismissed: " if dismissed else "changed: " if known else ""
        indent = line[: len(line) - len(line.lstrip())]
        self.screen.line(f"{indent}{note}{line.lstrip()}", colour)

    def _take_envelope(self, inner: Payload) -> None:
        kind = inner["type"]
        if kind == "conversation_created":
            self.conversation_id = inner["data"]["conversationId"]
        elif kind == "recognition_result":
            self.interim = "" if inner["isFinal"] else inner["punctuated"]["transcript"]
        elif kind == "error":
            raise FileStreamError(inner["message"])


def describe(insight: Payload) -> str:
    """Return an insight of the protocol as one line of text."""
    label = insight_kinds.label_of_wire_type(insight["type"])
    parts = [f"{label} ({insight['confidence']:.0%}): {insight['payload']['content']}"]
    if (insight.get("assignee") or {}).get("name"):
        parts.append(f"[{insight['assignee']['name']}]")
    if (insight.get("dueBy") or {}).get("value"):
        parts.append(f"[due {insight['dueBy']['value']}]")
    return " ".join(parts)


async def stream(file: Path, names: list[str], *, url: str, token: str, connection_id: str, speed: float, screen: Screen) -> str:
    """Stream a file and return the conversation id. Two names and a stereo file give one speaker per channel, else there is one speaker."""
    channels: Iterator[tuple[np.ndarray, str]] = zip(channels_of(file, len(names)), names, strict=False)
    voices = [
        FileSpeaker(samples, name, url.rstrip("/"), token, connection_id, screen, speed, prints_results=index == 0)
        for index, (samples, name) in enumerate(channels)
    ]
    try:
        await asyncio.gather(*(voice.speak() for voice in voices))
    finally:
        screen.end()
    return voices[0].conversation_id
