"""A client of streams for Python programs, over WebRTC: audio as numpy arrays, images, messages, inputs, outputs.

    async with StreamClient("https://talk.example.org/streams/echo", token=token) as client:
        await client.send_audio(24_000, samples)
        async for rate, samples in client.audio():
            ...

Its session survives a lost connection: the client offers again with the session's resume value. It needs aiortc, httpx and numpy.
"""

import asyncio
import json
import logging
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import httpx
from aiortc import MediaStreamTrack, RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from numpy.typing import NDArray

from parley.client_media import BLOCKS_PER_S, Camera, Image, Inbox, Microphone, Samples, blocks

logger = logging.getLogger(__name__)

CONNECT_S = 20.0
"""Seconds that a connection may take."""


class StreamError(Exception):
    """The server refused a request: HTTP status, and its JSON."""

    def __init__(self, status: int, answer: Mapping[str, Any]) -> None:
        detail = answer.get("detail")
        if isinstance(detail, list):
            detail = "; ".join(f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in detail)
        super().__init__(answer.get("meta", {}).get("error") or detail or f"status {status}")
        self.status, self.answer = status, answer


class StreamClient:
    """One session of a stream.

    Args:
        url: the stream, such as "https://talk.example.org/streams/echo".
        token: an access token; not needed for public streams.
        send, receive: kinds of media, "audio" and "video".
        user_data: JSON for the handler's context.
        webrtc_id: the session's id, by default a random one.
        ice_servers: STUN and TURN servers; by default those of the server (`/rtc/config`).
        tries: attempts to come back after a lost connection.

    Attributes:
        resume: the resume value, once the server gave it.
        error: why the session ended, if the connection was lost and did not come back.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        send: Sequence[str] = ("audio",),
        receive: Sequence[str] = ("audio",),
        user_data: Any = None,
        webrtc_id: str = "",
        ice_servers: Sequence[RTCIceServer] | None = None,
        tries: int = 4,
    ) -> None:
        self.url, self.id = url.rstrip("/"), webrtc_id or uuid.uuid4().hex
        self.resume: bool | str = True
        self.error: Exception | None = None
        self._send, self._receive, self._user_data, self._servers, self._tries = send, receive, user_data, ice_servers, tries
        self._http = httpx.AsyncClient(headers={"Authorization": f"Bearer {token}"} if token else {}, timeout=CONNECT_S)
        self._audio_out: asyncio.Queue[tuple[int, Samples]] = asyncio.Queue(BLOCKS_PER_S)
        self._video_out: asyncio.Queue[Image] = asyncio.Queue(1)
        self._messages, self._audio, self._video = Inbox[dict[str, Any]](), Inbox[tuple[int, Samples]](), Inbox[Image]()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pc: RTCPeerConnection | None = None
        self._closed = False

    async def __aenter__(self) -> "StreamClient":
        try:
            await self.connect()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(self) -> None:
        """Connect, or connect again to the same session. Raises StreamError, httpx.HTTPError, or TimeoutError after 20 s."""
        pc = RTCPeerConnection(RTCConfiguration(list(await self._ice_servers())))
        try:
            await self._offer(pc)
        except BaseException:
            await pc.close()
            raise
        before, self._pc = self._pc, pc
        if before is not None:
            await before.close()

    async def close(self) -> None:
        """End the session; the iterators end too."""
        self._closed = True
        if self._pc is not None:
            await self._pc.close()
        for task in list(self._tasks):
            task.cancel()
        await self._http.aclose()
        self._end_readers()

    async def send_audio(self, rate: int, samples: NDArray[Any]) -> None:
        """Send mono audio, int16 or float32 (-1 to 1) of shape (n,); waits while more than a second of it is not sent yet."""
        for block in blocks(rate, samples):
            await self._audio_out.put((rate, block))

    async def send_image(self, image: Image) -> None:
        """Send an image, uint8 of shape (height, width, 3), BGR; waits until the one before was taken."""
        await self._video_out.put(image)

    async def send_input(self, **values: Any) -> None:
        """Give the handler new inputs. Raises StreamError, which names each invalid field."""
        await self._post("input_hook", {"webrtc_id": self.id, **values})

    def messages(self) -> AsyncIterator[dict[str, Any]]:
        """Yield the messages of the server: {"type", "data", ...}."""
        return self._messages.read()

    def audio(self) -> AsyncIterator[tuple[int, Samples]]:
        """Yield the received audio: rate, and 20 ms of mono int16."""
        return self._audio.read()

    def video(self) -> AsyncIterator[Image]:
        """Yield the received images: uint8 of shape (height, width, 3), BGR."""
        return self._video.read()

    async def outputs(self) -> AsyncIterator[Any]:
        """Yield the outputs of the handler from the first one on, parsed where they are JSON, until the session ends."""
        query = {"webrtc_id": self.id, "after": "0"}
        while not self._closed:
            with suppress(httpx.TransportError):
                async with self._http.stream("GET", f"{self.url}/outputs", params=query, timeout=60) as response:
                    if response.status_code != 200:
                        raise StreamError(response.status_code, json.loads(await response.aread() or b"{}"))
                    event: dict[str, str] = {}
                    async for line in response.aiter_lines():
                        name, _, value = line.partition(": ")
                        if line:
                            event[name] = f"{event[name]}\n{value}" if name in event else value
                            continue
                        if event.get("event") == "end":
                            return
                        query["after"] = event.get("id", query["after"])
                        if "data" in event:
                            yield _parsed(event["data"])
                        event = {}

    async def _offer(self, pc: RTCPeerConnection) -> None:
        """Connect a peer to the session."""
        connected = asyncio.Event()
        for track in (Microphone(self._audio_out), Camera(self._video_out)):
            sends, receives = track.kind in self._send, track.kind in self._receive
            if sends or receives:
                pc.addTransceiver(track if sends else track.kind, "sendrecv" if sends and receives else "sendonly" if sends else "recvonly")
        pc.createDataChannel("text").on("message", lambda text: self._messages.put(json.loads(text)))
        pc.on("track", lambda track: self._spawn(self._read(track)))
        pc.on("connectionstatechange", lambda: self._changed(pc, connected))
        await pc.setLocalDescription(await pc.createOffer())
        offer = {"type": "offer", "sdp": pc.localDescription.sdp, "webrtc_id": self.id, "resume": self.resume, "user_data": self._user_data}
        answer = await self._post("webrtc/offer", offer)
        self.resume = answer["resume"]
        await pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))
        async with asyncio.timeout(CONNECT_S):
            await connected.wait()

    def _changed(self, pc: RTCPeerConnection, connected: asyncio.Event) -> None:
        if pc.connectionState == "connected":
            connected.set()
        elif pc.connectionState == "failed" and pc is self._pc and not self._closed:
            self._spawn(self._come_back())
        elif pc.connectionState == "closed" and pc is self._pc:
            self._end_readers()

    def _end_readers(self) -> None:
        for inbox in (self._messages, self._audio, self._video):
            inbox.put(None)

    async def _come_back(self) -> None:
        for attempt in range(self._tries):
            try:
                await asyncio.sleep(min(5, attempt))
                return await self.connect()
            except (StreamError, httpx.HTTPError, TimeoutError) as error:
                logger.info("a stream did not come back at attempt %d: %s", attempt + 1, type(error).__name__)
                self.error = error
        await self.close()

    async def _read(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                frame: Any = await track.recv()
                if track.kind == "audio":
                    self._audio.put((frame.sample_rate, frame.to_ndarray().reshape(-1, len(frame.layout.channels))[:, 0]))
                else:
                    self._video.put(frame.to_ndarray(format="bgr24"))

    async def _ice_servers(self) -> Sequence[RTCIceServer]:
        if self._servers is None:
            base, _, name = self.url.rpartition("/streams/")
            response = await self._http.get(httpx.URL(self.url).join("/rtc/config"), params={"stream": name} if base else {})
            self._servers = [RTCIceServer(**one) for one in response.json().get("iceServers", [])] if response.status_code == 200 else []
        return self._servers

    async def _post(self, route: str, body: Mapping[str, Any]) -> dict[str, Any]:
        response = await self._http.post(f"{self.url}/{route}", json=body)
        answer: dict[str, Any] = response.json() if response.content else {}
        if response.status_code != 200 or answer.get("status") == "failed":
            raise StreamError(response.status_code, answer)
        return answer

    def _spawn(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
