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
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterable, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from aiortc import MediaStreamTrack, RTCConfiguration, RTCIceServer, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError
from numpy.typing import NDArray

from parley.client_media import AudioBlocks, Camera, Image, Inbox, Microphone, Outbox, Samples
from parley.client_routes import WAIT_S, StreamError, StreamRoutes

__all__ = ["StreamClient", "StreamError"]

logger = logging.getLogger(__name__)
T = TypeVar("T")

BLOCKS_AHEAD = 50
"""A second of audio."""


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
        self.id = webrtc_id or uuid.uuid4().hex
        self.resume: bool | str = True
        self.error: Exception | None = None
        self._send, self._receive, self._user_data, self._ice_servers, self._tries = send, receive, user_data, ice_servers, tries
        self._routes = StreamRoutes(url, token)
        self._blocks, self._audio_out, self._video_out = AudioBlocks(), Outbox[Samples](BLOCKS_AHEAD), Outbox[Image](1)
        self._messages, self._audio, self._video = Inbox[dict[str, Any]](), Inbox[tuple[int, Samples]](), Inbox[Image]()
        self._tasks: set[asyncio.Task[None]] = set()
        self._pc: RTCPeerConnection | None = None

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
        if self._ice_servers is None:
            self._ice_servers = [RTCIceServer(**server) for server in await self._routes.ice_servers()]
        pc = RTCPeerConnection(RTCConfiguration(list(self._ice_servers)))
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
        pc, self._pc = self._pc, None
        if pc is not None:
            await pc.close()
        tasks = self._tasks - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._routes.close()
        self._end()

    async def send_audio(self, rate: int, samples: NDArray[Any]) -> None:
        """Send mono audio, int16 or float32 (-1 to 1) of shape (n,); wait while more than a second of it is not sent yet.

        If the session ends meanwhile, the rest is dropped. Raises ConnectionError if it had ended before, or ends since it was lost,
        ValueError if `send` does not name "audio".
        """
        await self._send_all("audio", self._audio_out, self._blocks.of(rate, samples))

    async def send_image(self, image: Image) -> None:
        """Send an image, uint8 of shape (height, width, 3), BGR; wait until the one before was taken. Ends and raises as `send_audio`."""
        await self._send_all("video", self._video_out, [image])

    async def send_input(self, **values: Any) -> None:
        """Give the handler new inputs. Raises StreamError, which names each invalid field."""
        await self._routes.post("input_hook", {"webrtc_id": self.id, **values})

    def messages(self) -> AsyncIterator[dict[str, Any]]:
        """Yield the messages of the server: {"type", "data", ...}."""
        return self._messages.read()

    def audio(self) -> AsyncIterator[tuple[int, Samples]]:
        """Yield the received audio: rate, and 20 ms of mono int16."""
        return self._audio.read()

    def video(self) -> AsyncIterator[Image]:
        """Yield the received images: uint8 of shape (height, width, 3), BGR."""
        return self._video.read()

    def outputs(self) -> AsyncGenerator[Any, None]:
        """Yield the outputs of the handler from the first one on, parsed where they are JSON, until the session ends."""
        return self._routes.outputs(self.id)

    async def _offer(self, pc: RTCPeerConnection) -> None:
        """Connect a peer to the session."""
        connected = asyncio.Event()
        for track in (Microphone(self._audio_out, self._blocks), Camera(self._video_out)):
            sends, receives = track.kind in self._send, track.kind in self._receive
            if sends or receives:
                pc.addTransceiver(track if sends else track.kind, "sendrecv" if sends and receives else "sendonly" if sends else "recvonly")
        pc.createDataChannel("text").on("message", lambda text: self._messages.put(json.loads(text)))
        pc.on("track", lambda track: self._spawn(self._read(track)))
        pc.on("connectionstatechange", lambda: self._changed(pc, connected))
        await pc.setLocalDescription(await pc.createOffer())
        offer = {"type": "offer", "sdp": pc.localDescription.sdp, "webrtc_id": self.id, "resume": self.resume, "user_data": self._user_data}
        answer = await self._routes.post("webrtc/offer", offer)
        self.resume = answer["resume"]
        await pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))
        async with asyncio.timeout(WAIT_S):
            await connected.wait()

    def _changed(self, pc: RTCPeerConnection, connected: asyncio.Event) -> None:
        if pc.connectionState == "connected":
            connected.set()
        elif pc.connectionState == "failed" and pc is self._pc:
            self._spawn(self._come_back())
        elif pc.connectionState == "closed" and pc is self._pc:
            self._end()

    async def _come_back(self) -> None:
        """Connect again after a lost connection; end the session if no attempt succeeds."""
        last: Exception = ConnectionError("the connection was lost")
        for attempt in range(self._tries):
            try:
                await asyncio.sleep(min(5, attempt))
                return await self.connect()
            except Exception as error:  # whatever an attempt raises, the session comes back or ends
                logger.info("a stream did not come back at attempt %d: %s", attempt + 1, type(error).__name__)
                last = error
        self.error = last
        await self.close()

    async def _send_all(self, kind: str, outbox: Outbox[T], items: Iterable[T]) -> None:
        """Add items as there is room for them."""
        if kind not in self._send:
            raise ValueError(f'this client sends no {kind}: send has to name "{kind}"')
        if outbox.ended:
            raise ConnectionError("the session has ended")
        for item in items:
            if not await outbox.add(item):
                if self.error is not None:
                    raise ConnectionError("the session has ended: its connection was lost")
                return

    async def _read(self, track: MediaStreamTrack) -> None:
        with suppress(MediaStreamError):
            while True:
                frame: Any = await track.recv()
                if track.kind == "audio":
                    self._audio.put((frame.sample_rate, frame.to_ndarray().reshape(-1, len(frame.layout.channels))[:, 0]))
                else:
                    self._video.put(frame.to_ndarray(format="bgr24"))

    def _end(self) -> None:
        for queue in (self._messages, self._audio, self._video, self._audio_out, self._video_out):
            queue.end()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
