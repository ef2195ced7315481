"""Writes and reads files with Opus in Ogg: mono, 16 kHz, packets of 20 ms. A file can be read from any time, also while it is written."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import BinaryIO

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.codec.context import CodecContext

from streaming.audio.codecs import PacketDecoder
from streaming.audio.ogg_pages import OPUS_RATE, PageIndex, PageWriter, packets_from, rewritten
from streaming.audio.pcm import RATE, AudioError, Samples

BIT_RATE = 24_000
PACKET = RATE // 50
"""Samples of a packet."""
_SCALE = OPUS_RATE // RATE
_GAP_S = 1.0
"""Silence from this length on is written as copies of one packet, which costs no encoding."""
_PREROLL = OPUS_RATE // 5
"""Samples that are decoded before those wanted, so that the decoder has settled: RFC 7845 recommends at least 80 ms."""


class OpusWriter:
    """Samples in, bytes of a file out: pages of about half a second."""

    def __init__(self, comments: Mapping[str, str]) -> None:
        self._encoder = _open_encoder()
        self._pages = PageWriter(bytes(self._encoder.extradata or b""), comments)
        self._rest = np.zeros(0, dtype=np.float32)
        self._encoded = 0
        self.samples = 0
        """Samples of the file so far."""

    def head(self) -> bytes:
        """Return the first bytes of the file."""
        return self._pages.head()

    def write(self, samples: Samples) -> bytes:
        """Append samples; return the pages that are complete."""
        self.samples += len(samples)
        waiting = np.concatenate((self._rest, samples))
        whole = len(waiting) - len(waiting) % PACKET
        self._rest = waiting[whole:]
        return b"".join(self._encode(waiting[at : at + PACKET]) for at in range(0, whole, PACKET))

    def silence(self, samples: int) -> bytes:
        """Append silence; return the pages that are complete."""
        made = b""
        if samples >= _GAP_S * RATE:
            lead = -len(self._rest) % PACKET + PACKET  # the encoder is brought to silence before its packets are left out
            made += self.write(np.zeros(lead, dtype=np.float32))
            count, samples = divmod(samples - lead, PACKET)
            self.samples += count * PACKET
            packet = _silent_packet()
            made += b"".join(self._pages.add(packet, PACKET * _SCALE) for _ in range(count))
        return made + self.write(np.zeros(samples, dtype=np.float32))

    def flush(self) -> bytes:
        """Return a page of the packets that were not written yet."""
        return self._pages.flush()

    def finish(self) -> bytes:
        """Return the end of the file: the samples that do not fill a packet, with the encoder's delay, and the last page."""
        rest = np.concatenate((self._rest, np.zeros(-len(self._rest) % PACKET + PACKET, dtype=np.float32)))
        made = b"".join(self._encode(rest[at : at + PACKET]) for at in range(0, len(rest), PACKET))
        return made + self._pages.finish()

    def _encode(self, block: Samples) -> bytes:
        return b"".join(self._pages.add(packet, PACKET * _SCALE) for packet in _packets(self._encoder, block, self._encoded_at()))

    def _encoded_at(self) -> int:
        at, self._encoded = self._encoded, self._encoded + PACKET
        return at


class OpusReader:
    """A file of `OpusWriter`, also an incomplete one. Not thread-safe."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._index = PageIndex.read(file)

    @property
    def seconds(self) -> float:
        """Length of the audio."""
        return self._index.seconds

    @property
    def comments(self) -> Mapping[str, str]:
        """The comments with which the file was written."""
        return self._index.comments

    def read(self, start: int, count: int) -> Samples:
        """Return `count` samples (16 kHz) from sample number `start` on; silence before the start and after the end of the file.

        The result does not depend on what was read before.
        """
        out = np.zeros(count, dtype=np.float32)
        first = max(0, start)
        wanted = start + count - first
        if wanted <= 0 or not self._index.ends or first >= self.seconds * RATE:
            return out
        position = first * _SCALE + self._index.pre_skip
        page = self._index.page_before(max(0, position - _PREROLL))
        begun = self._index.ends[page - 1] if page else 0
        skip = (position - begun) // _SCALE
        samples = self._decode(page, skip + wanted)[skip : skip + wanted]
        out[first - start : first - start + len(samples)] = samples
        return out

    def _decode(self, page: int, enough: int) -> Samples:
        """Return at least `enough` samples from the start of a page on, if the file has them."""
        decoder = PacketDecoder("opus", "Opus packet")
        blocks: list[Samples] = []
        made = 0
        for packet in packets_from(self._file, self._index, page):
            try:
                blocks += decoder.blocks((packet,))
            except AudioError:  # a damaged packet: its time stays
                blocks.append(np.zeros(PACKET, dtype=np.float32))
            made += PACKET
            if made >= enough + RATE // 10:
                break
        blocks.append(decoder.flush())
        return np.concatenate(blocks)


def silenced(file: BinaryIO, stretches: Iterable[tuple[float, float]]) -> Iterator[bytes]:
    """Yield the bytes of a file with silence from `start` to `end` of each stretch, in seconds; the other packets stay as they are."""
    merged = list[tuple[float, float]]()
    for start, end in sorted(stretches):
        last = merged.pop() if merged and merged[-1][1] >= start else (start, end)
        merged.append((last[0], max(last[1], end)))
    starts = [start for start, _ in merged]
    pre_skip, silence = PageIndex.read(file).pre_skip, _silent_packet()

    def changed(position: int, packet: bytes) -> bytes:
        begin = (position - pre_skip) / OPUS_RATE
        place = bisect_left(starts, begin + PACKET / RATE)
        return silence if place and merged[place - 1][1] > begin else packet

    return rewritten(file, PACKET * _SCALE, changed)


@cache
def _silent_packet() -> bytes:
    """Return a packet of silence, which any decoder state may precede."""
    encoder, nothing = _open_encoder(), np.zeros(PACKET, dtype=np.float32)
    return [packet for number in range(3) for packet in _packets(encoder, nothing, number * PACKET)][-1]


def _open_encoder() -> AudioCodecContext:
    encoder = CodecContext.create("libopus", "w")
    assert isinstance(encoder, AudioCodecContext)  # noqa: S101 - for the type checker: a video context is not possible
    encoder.sample_rate, encoder.layout, encoder.format, encoder.bit_rate = RATE, "mono", "s16", BIT_RATE
    encoder.options = {"application": "audio", "frame_duration": "20", "compression_level": "2"}  # 180 times real time on a core
    encoder.open()
    return encoder


def _packets(encoder: AudioCodecContext, block: Samples, at: int) -> list[bytes]:
    pcm = (np.clip(block, -1.0, 1.0) * 32767).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(pcm[None, :], format="s16", layout="mono")
    frame.sample_rate, frame.pts = RATE, at
    return [bytes(packet) for packet in encoder.encode(frame)]
