"""Each private attribute of aiortc and aioice that Parley uses, so that an upgrade cannot break it unnoticed."""

import asyncio
import importlib.metadata
import inspect
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from aioice.ice import Connection, StunProtocol
from aiortc import RTCConfiguration, RTCPeerConnection, rtcrtpreceiver
from aiortc.codecs import depayload
from aiortc.codecs.vpx import DEFAULT_BITRATE, Vp8Encoder
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from aiortc.rtcsctptransport import InboundStream, RTCSctpTransport
from aiortc.rtp import RTCP_PSFB_APP, RTCP_PSFB_PLI, RtcpPsfbPacket, RtpPacket, pack_remb_fci

from streaming.transports.webrtc import aiortc_patches as patches
from streaming.transports.webrtc.data_channel import SctpLimits
from streaming.transports.webrtc.jitter_buffers import PromptBuffer, PromptVideoBuffer
from streaming.transports.webrtc.rtp_in import TrackDecoder, discard, receive_audio, receive_video
from streaming.transports.webrtc.rtp_out import VideoTrack, encode_apart

RECEIVER = {
    patches.JITTER_BUFFER: "audio from WebRTC clients is delayed by 80 ms, and stops for 16 packets after each loss",
    patches.DECODER_QUEUE: "received audio and video reach no handler, or a client can fill the memory with encoded frames",
    patches.DECODER_ERROR: "after a dropped video frame no keyframe is requested, so that the picture stays broken",
}
SENDER = {
    patches.SENDER_LOOP: "encoding shares asyncio's default threads: blocking handlers stop outgoing audio and video",
    patches.SENDER_ENCODER: "video is sent at the initial bit rate, whatever the network allows",
    patches.SEND_KEYFRAME: "a receiver that lost a picture gets no keyframe, so that the picture stays broken",
}
BUFFER = {
    patches.WAITING_PACKETS: "video from WebRTC clients is delayed by one frame",
    patches.ORIGIN: "video from WebRTC clients is delayed by one frame",
}
SCTP = {
    patches.INBOUND_STREAMS: "a client can open streams of a data channel without limit",
    patches.LAST_RECEIVED_TSN: "the chunk that all others wait for is dropped with them",
    patches.SACK_MISORDERED: "a client can fill the memory with chunks behind a missing one",
    patches.ADVERTISED_RWND: "a client can send more than the receive window",
    patches.SACK_NEEDED: "a client is not told which chunks were dropped, and its data channel stalls",
    patches.HANDLE_DATA: "a client can flood the event loop with SCTP packets",
    patches.RECEIVE_DATA_CHUNK: "a client can fill the memory with parts of messages",
    patches.RECEIVE_SACK_CHUNK: "one acknowledgement can occupy the event loop for seconds",
}
CONNECTION = {
    patches.ICE_PROTOCOLS: "a lost client is noticed late, or RTC_PORT_RANGE has no effect",
    patches.GET_CANDIDATES: "RTC_PORT_RANGE and announced addresses have no effect",
    patches.CHECK_LIST: "a connection is established up to 20 ms later",
    patches.CHECK_PERIODIC: "a connection is established up to 20 ms later",
}


async def test_every_packet_is_recorded() -> None:
    """Otherwise a client that only receives counts as lost, and another offer of its user takes its session over."""
    consequence = "a client that sends only STUN is taken for lost after ten seconds"
    one, two = RTCPeerConnection(RTCConfiguration(iceServers=[])), RTCPeerConnection(RTCConfiguration(iceServers=[]))
    one.createDataChannel("text")
    await one.setLocalDescription(await one.createOffer())
    await two.setRemoteDescription(one.localDescription)
    await two.setLocalDescription(await two.createAnswer())
    ice = two.sctp.transport.transport
    assert hasattr(ice, patches.ICE_CONNECTION), broken(patches.ICE_CONNECTION, consequence)
    assert getattr(ice._connection, patches.ICE_PROTOCOLS), broken(patches.ICE_PROTOCOLS, consequence)
    noted: list[None] = []
    patches.on_packet([two.sctp.transport], lambda: noted.append(None))
    await one.setRemoteDescription(two.localDescription)
    async with asyncio.timeout(60):
        while not noted or two.connectionState != "connected":  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    for pc in (one, two):
        await pc.close()


async def test_ice_ends_without_the_interval_of_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise each connection waits for up to 20 ms after a pair was nominated."""
    monkeypatch.setattr(patches, "CHECKS_S", 3600.0)
    one, two = RTCPeerConnection(RTCConfiguration(iceServers=[])), RTCPeerConnection(RTCConfiguration(iceServers=[]))
    one.createDataChannel("text")
    await one.setLocalDescription(await one.createOffer())
    await two.setRemoteDescription(one.localDescription)
    (ice,) = patches.ice_connections(two)
    for name in (patches.CHECK_LIST, patches.CHECK_PERIODIC):
        assert hasattr(ice, name), broken(name, "a connection comes about up to 20 ms later")
    checks: list[asyncio.Task[None]] = []
    patches.connect_promptly(ice, lambda work: checks.append(asyncio.create_task(work)))
    await two.setLocalDescription(await two.createAnswer())
    await one.setRemoteDescription(two.localDescription)
    async with asyncio.timeout(60):
        while two.iceConnectionState != "completed":  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    (others,) = checks
    assert not others.done()  # its second check is due in an hour
    others.cancel()
    for pc in (one, two):
        await pc.close()


class Transport:
    """The transport below SCTP."""

    state = "connected"
    _role = "server"


@pytest.fixture
def pc() -> RTCPeerConnection:
    """A peer connection without ICE servers."""
    return RTCPeerConnection(RTCConfiguration(iceServers=[]))


def broken(name: str, consequence: str) -> str:
    """Return the message of a failed check."""
    found = {package: importlib.metadata.version(package) for package in patches.CHECKED_VERSIONS}
    return f"{found} have no {name} (checked against {patches.CHECKED_VERSIONS}): {consequence}"


@pytest.mark.parametrize("package", patches.CHECKED_VERSIONS)
def test_the_version_was_checked(package: str) -> None:
    """An upgrade must review `aiortc_patches.py` and the code of the package that it names."""
    found = importlib.metadata.version(package)
    assert found == patches.CHECKED_VERSIONS[package], (
        f"read aiortc_patches.py against {package} {found}, run these tests, then change CHECKED_VERSIONS"
    )


@pytest.mark.parametrize("name", RECEIVER)
async def test_a_receiver_has_the_attribute(pc: RTCPeerConnection, name: str) -> None:
    """The attribute is there."""
    assert hasattr(pc.addTransceiver("audio").receiver, name), broken(name, RECEIVER[name])
    await pc.close()


@pytest.mark.parametrize("name", SENDER)
async def test_a_sender_has_the_attribute(pc: RTCPeerConnection, name: str) -> None:
    """The attribute is there."""
    assert hasattr(pc.addTransceiver("audio").sender, name), broken(name, SENDER[name])
    await pc.close()


async def test_a_peer_connection_has_its_ice_connections(pc: RTCPeerConnection) -> None:
    """The attributes are there."""
    pc.createDataChannel("text")
    consequence = "RTC_PORT_RANGE, announced addresses and the record of received packets have no effect"
    transports = getattr(pc, patches.ICE_TRANSPORTS, None)
    assert transports, broken(patches.ICE_TRANSPORTS, consequence)
    assert all(hasattr(transport, patches.ICE_CONNECTION) for transport in transports), broken(patches.ICE_CONNECTION, consequence)
    await pc.close()


@pytest.mark.parametrize("name", CONNECTION)
async def test_an_ice_connection_has_the_attribute(name: str) -> None:
    """The attribute is there."""
    assert hasattr(Connection(ice_controlling=False), name), broken(name, CONNECTION[name])


def test_a_stun_protocol_receives_datagrams() -> None:
    """asyncio calls the method with each packet."""
    assert hasattr(StunProtocol, patches.DATAGRAM_RECEIVED), broken(patches.DATAGRAM_RECEIVED, "a lost client is noticed late")


@pytest.mark.parametrize("name", BUFFER)
def test_a_jitter_buffer_has_the_attribute(name: str) -> None:
    """The attribute is there."""
    assert hasattr(PromptVideoBuffer(), name), broken(name, BUFFER[name])


@pytest.mark.parametrize("name", SCTP)
async def test_an_association_has_the_attribute(name: str) -> None:
    """The attribute is there."""
    transport: Any = Transport()
    assert hasattr(RTCSctpTransport(transport), name), broken(name, SCTP[name])


def test_an_inbound_stream_has_a_reassembly_queue() -> None:
    """Its length is the number of waiting chunks of a stream."""
    assert InboundStream().reassembly == [], broken("InboundStream.reassembly", "a client can fill the memory with parts of messages")


def test_a_packet_has_its_payload() -> None:
    """The receiver puts the depayloaded audio into `_data` before it calls the jitter buffer."""
    packet = RtpPacket(payload=b"audio")
    packet._data = depayload(RTCRtpCodecParameters(mimeType="audio/opus", clockRate=48000, payloadType=96), packet.payload)
    consequence = broken(patches.PACKET_DATA, "audio from WebRTC clients is empty")
    assert f"packet.{patches.PACKET_DATA} = depayload(" in inspect.getsource(rtcrtpreceiver), consequence
    assert patches.packet_payload(packet) == b"audio"


async def test_candidates_are_gathered_by_another_function(pc: RTCPeerConnection) -> None:
    """Otherwise RTC_PORT_RANGE has no effect."""
    consequence = "ports for WebRTC are outside of RTC_PORT_RANGE"
    assert hasattr(pc, patches.ICE_TRANSPORTS), broken(patches.ICE_TRANSPORTS, consequence)
    pc.createDataChannel("text")
    await pc.createOffer()
    (connection,) = patches.ice_connections(pc)
    assert hasattr(connection, patches.GET_CANDIDATES), broken(patches.GET_CANDIDATES, consequence)
    asked: list[tuple[int, int]] = []

    async def gather(own: Any, component: int, addresses: list[str]) -> list[Any]:
        asked.append((component, len(await own(component, addresses))))
        return []

    patches.replace_gathering(connection, gather)
    await pc.setLocalDescription()
    assert asked, broken(patches.GET_CANDIDATES, consequence)
    assert asked[0][1] > 0
    await pc.close()


async def test_replaced_objects_are_used(pc: RTCPeerConnection) -> None:
    """The receiver and the sender hold the given objects."""
    audio, video = pc.addTransceiver("audio"), pc.addTransceiver("video")
    receive_audio(audio.receiver, lambda block, rate: None)
    receive_video(video.receiver, lambda picture: None, lambda warning: None)
    encode_apart(audio.sender)
    assert isinstance(getattr(audio.receiver, patches.JITTER_BUFFER), PromptBuffer)
    assert isinstance(getattr(video.receiver, patches.JITTER_BUFFER), PromptVideoBuffer)
    assert isinstance(getattr(audio.receiver, patches.DECODER_QUEUE), TrackDecoder)
    assert hasattr(getattr(audio.sender, patches.SENDER_LOOP), "run_in_executor")
    await pc.close()


async def test_a_request_for_a_keyframe_is_noted(pc: RTCPeerConnection) -> None:
    """aiortc's sender calls the replaced method, and its own encoder has the bit rate that the receiver estimated."""
    consequence = broken(patches.SEND_KEYFRAME, SENDER[patches.SEND_KEYFRAME])
    sender = pc.addTransceiver("video").sender
    asked: list[None] = []
    patches.on_keyframe_request(sender, lambda: asked.append(None))
    await sender._handle_rtcp_packet(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=1, media_ssrc=sender._ssrc))
    assert len(asked) == 1, consequence
    assert patches.bit_rate(sender) == DEFAULT_BITRATE
    setattr(sender, patches.SENDER_ENCODER, Vp8Encoder())
    estimate = RtcpPsfbPacket(fmt=RTCP_PSFB_APP, ssrc=1, media_ssrc=0, fci=pack_remb_fci(900_000, [sender._ssrc]))
    await sender._handle_rtcp_packet(estimate)
    assert patches.bit_rate(sender) == pytest.approx(900_000, rel=0.01), broken(patches.SENDER_ENCODER, SENDER[patches.SENDER_ENCODER])
    await pc.close()


@pytest.mark.parametrize(
    ("patch", "name"),
    [
        (lambda receiver: receive_audio(receiver, print), patches.JITTER_BUFFER),
        (lambda receiver: receive_video(receiver, print, print), patches.DECODER_ERROR),
        (discard, patches.DECODER_QUEUE),
        (encode_apart, patches.SENDER_LOOP),
        (lambda sender: VideoTrack(asyncio.Event().wait).encode_vp8(sender), patches.SEND_KEYFRAME),
        (lambda sctp: SctpLimits(sctp, lambda: 0.0), patches.INBOUND_STREAMS),
    ],
)
async def test_a_missing_attribute_is_named(patch: Callable[[Any], object], name: str) -> None:
    """With another aiortc the server names the missing attribute and does not start without the patch."""
    with pytest.raises(
        AttributeError, match=f" has no {name}: it was checked against aiortc {patches.CHECKED_VERSIONS['aiortc']} and aioice"
    ):
        patch(SimpleNamespace(kind="audio"))
