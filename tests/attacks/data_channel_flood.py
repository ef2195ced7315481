"""Flood a data channel with text and measure what /healthz takes meanwhile.

One WebRTC client connects to the stream `echo` and sends small messages as fast as its SCTP stack takes them; with `--bundled` it sends
hand-made SCTP packets instead, each with as many messages as fit, and heeds no acknowledgement. It prints the median of /healthz before,
and the median and the maximum meanwhile.
"""

import argparse
import asyncio
import json
import multiprocessing
import shutil
import statistics
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaBlackhole
from aiortc.mediastreams import AudioStreamTrack
from aiortc.rtcsctptransport import DataChunk, serialize_packet

from tests.attacks.websocket_flood import probe, resident_mb
from tests.servers import Server, migrated

TEXT = "hello"
CHUNKS = 55
"""DATA chunks of five bytes that fit into a packet of 1,200 bytes."""
ALL_IN_ONE = 0x03
WEBRTC_STRING = 51


def attack(url: str, token: str, seconds: float, bundled: bool, ready: Any) -> None:
    """Connect, report it, and flood, in a separate process."""
    asyncio.run(_attack(url, token, seconds, bundled, ready))


async def _attack(url: str, token: str, seconds: float, bundled: bool, ready: Any) -> None:
    pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    pc.addTrack(AudioStreamTrack())
    sink = MediaBlackhole()
    pc.on("track", sink.addTrack)
    channel = pc.createDataChannel("text")
    opened = asyncio.Event()
    channel.on("open", opened.set)
    received: list[str] = []
    channel.on("message", received.append)
    await pc.setLocalDescription(await pc.createOffer())
    body = {"sdp": pc.localDescription.sdp, "type": "offer", "webrtc_id": "flood"}
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json", "x-api-key": token})
    answer = json.loads(await asyncio.to_thread(lambda: urllib.request.urlopen(request, timeout=30).read()))
    await pc.setRemoteDescription(RTCSessionDescription(answer["sdp"], answer["type"]))
    async with asyncio.timeout(30):
        await opened.wait()
    ready.set()
    sent, deadline = 0, time.monotonic() + seconds
    while time.monotonic() < deadline:
        if bundled:
            await _send_packet(pc)
            sent += CHUNKS
        elif channel.bufferedAmount < 65536:
            channel.send(TEXT)
            sent += 1
        await asyncio.sleep(0)
    received_types = [json.loads(text)["type"] for text in received]
    kinds = {kind: received_types.count(kind) for kind in set(received_types)}
    print(f"messages sent {sent}, received {kinds}, channel {channel.readyState}, connection {pc.connectionState}", flush=True)
    await pc.close()


async def _send_packet(pc: RTCPeerConnection) -> None:
    sctp = pc.sctp
    assert sctp is not None
    chunks = b""
    for number in range(CHUNKS):
        chunk = DataChunk(flags=ALL_IN_ONE)
        chunk.tsn, chunk.stream_id, chunk.stream_seq, chunk.protocol = sctp._local_tsn, 1, 0, WEBRTC_STRING
        chunk.user_data = TEXT.encode()
        chunk.flags |= 0x04  # unordered: delivered as it comes
        sctp._local_tsn = (sctp._local_tsn + 1) % 2**32
        packet = serialize_packet(sctp._local_port, sctp._remote_port, sctp._remote_verification_tag, chunk)
        chunks = packet if number == 0 else chunks + packet[12:]
    await sctp.transport._send_data(_with_checksum(chunks))


def _with_checksum(packet: bytes) -> bytes:
    from google_crc32c import value

    return packet[:8] + value(packet[:8] + bytes(4) + packet[12:]).to_bytes(4, "little") + packet[12:]


def main() -> None:
    """Measure once."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", choices=("daphne", "uvicorn"), default="uvicorn")
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--bundled", action="store_true")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    server = Server(migrated(folder / "data"), {"RECOGNISER": "scripted"}, options.server)
    try:
        server.start()
        spawning = multiprocessing.get_context("spawn")
        ready = spawning.Event()
        arguments = (f"{server.url}/streams/echo/webrtc/offer", server.token(), options.seconds, options.bundled, ready)
        attacker = spawning.Process(target=attack, args=arguments)
        attacker.start()
        assert ready.wait(60)
        idle = statistics.median(probe(server) for _ in range(1))
        times, deadline = [], time.monotonic() + options.seconds
        while time.monotonic() < deadline:
            times.append(probe(server))
            time.sleep(0.02)
        attacker.join(30)
        median, most = statistics.median(times) * 1000, max(times) * 1000
        print(f"{options.server}: first {idle * 1000:.0f} ms, p50 {median:.0f} ms, max {most:.0f} ms, answers {len(times)}")
        print(f"resident {resident_mb(server):.0f} MB, exit code {server.stop()}")
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
