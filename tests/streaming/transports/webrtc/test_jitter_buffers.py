"""Jitter buffers: complete frames at once, in order, with losses passed over."""

from aiortc.rtp import RtpPacket

from streaming.transports.webrtc.jitter_buffers import VIDEO_PACKETS, PromptBuffer, PromptVideoBuffer


def given(numbers: list[int]) -> list[list[int]]:
    """Return the packets that a prompt buffer emits for packets of these numbers, one list for each."""
    buffer, found = PromptBuffer(), []
    for number in numbers:
        packet = RtpPacket(sequence_number=number & 0xFFFF, timestamp=number * 960)
        packet._data = b""
        _, frame = buffer.add(packet)
        if frame is not None:
            found.append([one.timestamp // 960 for one in (frame, *frame.later)])
    return found


def test_packets_in_order_are_emitted_at_once() -> None:
    """No packet waits for the next one, also where the numbers restart."""
    numbers = list(range(65530, 65550))
    assert given(numbers) == [[number] for number in numbers]


def test_packets_out_of_order_are_reordered() -> None:
    """The buffer waits for a packet that is late by one or two."""
    assert given([1, 2, 4, 3, 5, 6, 7]) == [[1], [2], [3, 4], [5], [6], [7]]
    assert given([1, 4, 3, 2, 5, 6, 7]) == [[1], [2, 3, 4], [5], [6], [7]]


def test_a_lost_packet_delays_by_two_packets() -> None:
    """aiortc's own buffer waits for sixteen."""
    assert given([1, 2, 4, 5, 6, 7, 8]) == [[1], [2], [4, 5, 6], [7], [8]]


def test_late_and_repeated_packets_are_dropped() -> None:
    """Skipped and emitted packets are not emitted again."""
    assert given([1, 2, 4, 5, 6, 3, 7, 2, 8, 9]) == [[1], [2], [4, 5, 6], [7], [8], [9]]


def test_a_new_numbering_restarts_the_buffer() -> None:
    """Packets of a restarted sender are emitted."""
    assert given([100, 101, 40000, 40001]) == [[100], [101], [40000], [40001]]
    assert given([40000, 40001, 100, 101]) == [[40000], [40001], [100], [101]]


def video(number: int, timestamp: int, data: bytes, marker: int = 0) -> RtpPacket:
    """Return a packet of video as the receiver passes it to the buffer."""
    packet = RtpPacket(sequence_number=number & 0xFFFF, timestamp=timestamp, marker=marker)
    packet._data = data
    return packet


def emitted(packets: list[RtpPacket]) -> list[tuple[int, bytes] | None]:
    """Return (timestamp, data) of the frame that each packet completes, or None."""
    buffer = PromptVideoBuffer()
    found = [buffer.add(packet)[1] for packet in packets]
    return [None if frame is None else (frame.timestamp, frame.data) for frame in found]


def test_a_video_frame_is_complete_with_its_marker() -> None:
    """It does not wait for the next frame, also where the numbers restart."""
    packets = [video(65534, 0, b"a"), video(65535, 0, b"b", 1), video(0, 3000, b"c", 1), video(1, 6000, b"d")]
    assert emitted(packets) == [None, (0, b"ab"), (3000, b"c"), None]


def test_a_sender_without_markers() -> None:
    """A frame is complete with the first packet of the next one."""
    packets = [video(1, 0, b"a"), video(2, 0, b"b"), video(3, 3000, b"c"), video(4, 6000, b"d")]
    assert emitted(packets) == [None, None, (0, b"ab"), (3000, b"c")]


def test_video_waits_for_a_missing_packet() -> None:
    """The frames behind it follow in order, one with each further packet."""
    packets = [video(1, 0, b"a", 1), video(3, 3000, b"c", 1), video(4, 6000, b"d", 1), video(2, 3000, b"b"), video(5, 9000, b"e", 1)]
    assert emitted(packets) == [(0, b"a"), None, None, (3000, b"bc"), (6000, b"d")]


def test_padding_is_no_frame() -> None:
    """Packets without data after a frame are passed over; an empty frame would end the decoder."""
    packets = [
        video(1, 0, b"a", 1),
        video(2, 0, b""),
        video(3, 0, b""),
        video(4, 3000, b"b", 1),
        video(5, 3000, b"", 1),
        video(6, 6000, b"c", 1),
    ]
    assert emitted(packets) == [(0, b"a"), None, None, (3000, b"b"), None, (6000, b"c")]


def test_a_lost_packet_of_video_requests_a_keyframe() -> None:
    """Once the buffer is full the incomplete frame is dropped, and a keyframe is requested."""
    buffer = PromptVideoBuffer()
    buffer.add(video(0, 0, b"a", 1))
    asked = [buffer.add(video(number, 3000 * number, b"b", 1))[0] for number in range(2, VIDEO_PACKETS + 3)]
    assert not any(asked[: VIDEO_PACKETS - 2])
    assert any(asked)
