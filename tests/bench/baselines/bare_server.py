"""Minimal server for the same URLs: echoes WebSocket messages unread, and WebRTC tracks by aiortc alone.

Run by uvicorn as `tests.bench.baselines.bare_server:application`. It has no handler, no Django and no sessions; the difference to it is
Parley's overhead. Its paths are those of the other servers, so that the same clients measure it.
"""

import asyncio
import json
import time
from typing import Any

from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

TICK_S = 0.1

_peers: set[RTCPeerConnection] = set()


async def application(scope: Any, receive: Any, send: Any) -> None:
    """Serve one connection."""
    if scope["type"] == "websocket":
        await _socket(receive, send, silent=not scope["path"].startswith("/streams/bench-echo/"))
    elif scope["path"].endswith("/webrtc/offer"):
        await _answer(send, await _described(json.loads(await _body(receive))))
    elif scope["path"].endswith("/updates"):
        await _body(receive)
        await _ticks(send, asyncio.ensure_future(receive()))
    else:
        await _answer(send, {"status": "ready"})


async def _socket(receive: Any, send: Any, *, silent: bool) -> None:
    """Echo audio, or discard it."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        text = message["text"]
        if not silent and text.startswith('{"event":"media"'):
            await send({"type": "websocket.send", "text": text})


async def _described(offer: dict[str, str]) -> dict[str, str]:
    """Answer an offer; the peer's own track is sent back."""
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    _peers.add(peer)

    @peer.on("track")
    def back(track: MediaStreamTrack) -> None:
        peer.addTrack(track)

    @peer.on("connectionstatechange")
    async def gone() -> None:
        if peer.connectionState in ("failed", "closed"):
            await peer.close()
            _peers.discard(peer)

    await peer.setRemoteDescription(RTCSessionDescription(offer["sdp"], offer["type"]))
    await peer.setLocalDescription(await peer.createAnswer())
    return {"sdp": peer.localDescription.sdp, "type": peer.localDescription.type}


async def _ticks(send: Any, gone: "asyncio.Future[Any]") -> None:
    """Send an event ten times a second, at the same times to all clients and without gaps, until the client disconnects."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    number = int(time.time() / TICK_S)
    while not gone.done():
        number += 1
        await asyncio.sleep(max(0.0, number * TICK_S - time.time()))
        tick = json.dumps({"n": number, "t": time.time()})
        await send({"type": "http.response.body", "body": f"data: {tick}\n\n".encode(), "more_body": True})


async def _body(receive: Any) -> bytes:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def _answer(send: Any, answer: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})
