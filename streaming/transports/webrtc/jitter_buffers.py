"""Jitter buffers that pass on encoded audio and video as soon as it is complete and in order.

aiortc's own buffers wait for more: that for audio always for four packets, and after a loss for sixteen; that for video for the first
packet of the next frame, which is 33 ms at 30 frames per second. Smooth playback needs that; a handler only needs the right order.
"""

from aiortc.jitterbuffer import JitterBuffer, JitterFrame
from aiortc.rtp import RtpPacket
from aiortc.utils import uint16_add

from streaming.transports.webrtc import aiortc_patches

PATIENCE = 2
"""Number of later packets after which a missing one of audio counts as lost."""
FAR = 100
"""A jump of the sequence number by more than this is a restart, not a loss."""
VIDEO_PACKETS = 512
"""Packets of video that wait for a missing one, as in aiortc."""


class PromptFrame(JitterFrame):
    """The audio of one packet, and of the later packets that waited for it."""

    def __init__(self, packet: RtpPacket) -> None:
        super().__init__(aiortc_patches.packet_payload(packet), packet.timestamp)
        self.sent_as = packet.timestamp
        """The original RTP timestamp; aiortc's receiver changes `timestamp`."""
        self.later: list[PromptFrame] = []


class PromptBuffer(JitterBuffer):
    """A jitter buffer for audio that passes each packet on as soon as it is the next one."""

    def __init__(self) -> None:
        super().__init__(capacity=16)
        self._next: int | None = None
        self._waiting: dict[int, RtpPacket] = {}

    def add(self, packet: RtpPacket) -> tuple[bool, JitterFrame | None]:
        """Take a packet; return False (no keyframe request is needed) and the next frame, or None if it is not here yet."""
        number = packet.sequence_number
        if self._next is None:
            self._next = number
        ahead = uint16_add(number, -self._next)
        if ahead >= 0x8000 and 0x10000 - ahead < FAR:
            return False, None  # too late: its place was passed
        if ahead > FAR:
            self._waiting.clear()
            self._next = number
        self._waiting[number] = packet
        if self._next not in self._waiting and len(self._waiting) > PATIENCE:
            self._next = min(self._waiting, key=lambda other: uint16_add(other, -(self._next or 0)))
        frames: list[PromptFrame] = []
        while (found := self._waiting.pop(self._next, None)) is not None:
            frames.append(PromptFrame(found))
            self._next = uint16_add(self._next, 1)
        if not frames:
            return False, None
        frames[0].later = frames[1:]
        return False, frames[0]


class PromptVideoBuffer(JitterBuffer):
    """aiortc's jitter buffer for video, but a frame is complete with its last packet, which has the marker bit (RFC 7741, section 4.1)."""

    def __init__(self) -> None:
        super().__init__(capacity=VIDEO_PACKETS, is_video=True)

    def _remove_frame(self, sequence_number: int) -> JitterFrame | None:
        """Return the next frame and remove its packets, or None if it is not complete yet."""
        parts: list[bytes] = []
        timestamp: int | None = None
        for count, packet in enumerate(aiortc_patches.waiting_packets(self)):
            if timestamp is not None and packet.timestamp != timestamp:  # a sender that sets no marker bit, or packets of padding
                if any(parts):
                    self.remove(count)
                    return JitterFrame(b"".join(parts), timestamp)
                parts.clear()
            timestamp = packet.timestamp
            parts.append(aiortc_patches.packet_payload(packet))
            if packet.marker and any(parts):
                self.remove(count + 1)
                return JitterFrame(b"".join(parts), timestamp)
        return None
