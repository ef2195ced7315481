"""Decoders: the bytes of one speaker in, 16 kHz samples out, chunk by chunk. `open_decoder` chooses by the announced encoding.

A decoder never blocks and never waits for bytes. Bad bytes raise AudioError and leave it usable. Knows no network.
"""

from collections.abc import Callable, Iterable
from typing import Protocol

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.codec.context import CodecContext

from streaming.audio.flac import FrameSplitter
from streaming.audio.ogg import MAGIC as OGG
from streaming.audio.ogg import OggPackets
from streaming.audio.pcm import RATE, UNPACKERS, AudioError, Samples
from streaming.audio.resample import EMPTY, Resampler
from streaming.audio.webm import MAGIC as WEBM
from streaming.audio.webm import WebmPackets

__all__ = ["ENCODINGS", "RATE", "AudioError", "Decoder", "open_decoder"]

ENCODINGS: dict[str, tuple[int, int]] = {
    "LINEAR16": (8_000, 48_000),
    "FLAC": (8_000, 48_000),
    "MULAW": (8_000, 8_000),
    "OPUS": (8_000, 48_000),
}
"""The encodings that can be decoded, with the lowest and the highest rate in Hz that a client may announce."""

_OPUS_RATE = 48_000  # what libavcodec's Opus decoder gives, whatever rate was announced
_LONGEST_CHUNK_S = 60.0  # a few bytes of FLAC or Opus can claim hours of silence


class Decoder(Protocol):
    """Bytes of one stream to samples; carries the state between chunks."""

    def decode(self, chunk: bytes) -> Samples:
        """Return the samples that are ready after this chunk, shape (n,), float32 in [-1, 1] at 16 kHz; n may be 0.

        Raises AudioError where nothing of the chunk could be decoded; the chunk is dropped and the decoder goes on.
        """

    def flush(self) -> Samples:
        """Return what was held back, of the same shape; the decoder then stands at the beginning of a new stream."""


def open_decoder(encoding: str, rate: int) -> Decoder:
    """Return a decoder for what a client announced; `encoding` in any case, `rate` in Hz.

    FLAC and Opus tell their own rate, so that the announced one is only checked. Opus comes as one raw packet per chunk;
    Ogg, WebM and FLAC streams announced as either are known by their first bytes. Raises AudioError for anything else.
    """
    name = encoding.upper()
    if name not in ENCODINGS:
        raise AudioError(f"config.speechRecognition.encoding: {encoding[:40]!r} is not known; allowed are {', '.join(ENCODINGS)}")
    least, most = ENCODINGS[name]
    if not least <= rate <= most:
        allowed = f"from {least} to {most}" if least < most else f"only {least}"
        raise AudioError(f"config.speechRecognition.sampleRateHertz: {rate} is not possible with {name}; allowed is {allowed}")
    if name in UNPACKERS:
        return PcmDecoder(name, rate)
    return SniffingDecoder(FlacDecoder if name == "FLAC" else OpusDecoder)


class PcmDecoder:
    """LINEAR16 or MULAW at a fixed rate."""

    def __init__(self, encoding: str, rate: int) -> None:
        self._unpack = UNPACKERS[encoding]
        self._resampler = Resampler(rate)

    def decode(self, chunk: bytes) -> Samples:
        return self._resampler.push(self._unpack(chunk))

    def flush(self) -> Samples:
        return self._resampler.flush()


class PacketDecoder:
    """Packets of one codec to 16 kHz samples, by libavcodec; whole packets only, so that nothing blocks."""

    def __init__(self, codec: str, what: str, extradata: bytes | None = None) -> None:
        self._codec, self._what, self._extradata = codec, what, extradata
        self._context = self._open()
        self._resampler: Resampler | None = None

    def _open(self) -> AudioCodecContext:
        context = CodecContext.create(self._codec, "r")
        assert isinstance(context, AudioCodecContext)  # noqa: S101 - tells the type checker which of the two kinds it is
        if self._codec == "opus":
            context.layout = "mono"  # stereo packets are mixed down by the decoder, for less than it costs here
        if self._extradata:
            context.extradata = self._extradata
        return context

    def decode(self, packets: Iterable[bytes], longest_s: float = _LONGEST_CHUNK_S) -> Samples:
        """Return the samples of the packets that can be decoded. Raises AudioError if there were packets and none can be."""
        blocks: list[Samples] = []
        error: AudioError | None = None
        left = longest_s * RATE
        for packet in packets:
            try:
                block = self._decode_one(packet)
            except AudioError as broken:
                error = broken
                continue
            blocks.append(block)
            left -= len(block)
            if left < 0:
                raise AudioError(f"audio: one chunk may hold at most {longest_s:.0f} seconds of sound")
        if error and not blocks:
            raise error
        return np.concatenate(blocks) if blocks else EMPTY

    def _decode_one(self, packet: bytes) -> Samples:
        try:
            frames = self._context.decode(av.Packet(packet)) if packet else []
        except (av.FFmpegError, ValueError, EOFError):
            self._context = self._open()  # a context that has seen an error may refuse the good packets after it
            raise AudioError(f"audio: this chunk is no {self._what}; it was dropped") from None
        blocks = [self._to_16k(frame) for frame in frames]
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks) if blocks else EMPTY

    def _to_16k(self, frame: av.AudioFrame) -> Samples:
        """Return one frame as mono float32 at 16 kHz; whole-number formats are scaled by their full range."""
        samples = frame.to_ndarray()
        channels = frame.layout.nb_channels
        if not frame.format.is_planar:
            samples = samples.reshape(-1, channels).T
        scale = 1.0 if samples.dtype.kind == "f" else 1.0 / (1 << 8 * samples.dtype.itemsize - 1)
        mono = samples[0] if channels == 1 else samples.mean(axis=0)
        if self._resampler is None or self._resampler.rate != frame.sample_rate:
            if not 8_000 <= frame.sample_rate <= 48_000:
                raise AudioError(f"audio: the stream has {frame.sample_rate} samples per second; allowed is from 8000 to 48000")
            self._resampler = Resampler(frame.sample_rate)
        return self._resampler.push((mono * scale).astype(np.float32))

    def flush(self) -> Samples:
        """Return what the resampler held back, and begin anew."""
        rest = self._resampler.flush() if self._resampler else EMPTY
        self._context = self._open()
        return rest


class OpusDecoder:
    """Opus as the Symbl clients send it: each chunk is one bare packet."""

    def __init__(self) -> None:
        self._packets = PacketDecoder("opus", "Opus packet (send one raw packet per chunk, or an Ogg or WebM stream)")

    def decode(self, chunk: bytes) -> Samples:
        return self._packets.decode((chunk,))

    def flush(self) -> Samples:
        return self._packets.flush()


class ContainerDecoder:
    """Opus inside a stream of Ogg pages or WebM clusters."""

    def __init__(self, open_stream: Callable[[], OggPackets | WebmPackets], what: str) -> None:
        self._open_stream, self._what = open_stream, what
        self._stream = open_stream()
        self._packets = PacketDecoder("opus", f"Opus in {what}")

    def decode(self, chunk: bytes) -> Samples:
        before = self._stream.skipped
        packets = self._stream.push(chunk)
        if self._stream.foreign:
            raise AudioError(f"config.speechRecognition.encoding: this {self._what} stream holds no Opus; only Opus can be decoded")
        if not packets and self._stream.skipped > before:
            raise AudioError(f"audio: this chunk is no part of an {self._what} stream; it was dropped")
        return self._packets.decode(packets)

    def flush(self) -> Samples:
        self._stream = self._open_stream()
        return self._packets.flush()


class FlacDecoder:
    """A FLAC stream, with its head or from the middle. Each frame is decoded as soon as its last byte is there."""

    def __init__(self) -> None:
        self._splitter = FrameSplitter()
        self._packets: PacketDecoder | None = None

    def decode(self, chunk: bytes) -> Samples:
        before = self._splitter.skipped
        frames = self._splitter.push(chunk)
        samples = self._decoder().decode(frames) if frames else EMPTY
        tail = self._splitter.tail()
        if tail:
            samples = self._whole_tail(tail, samples)
        if not len(samples) and self._splitter.skipped > before:
            raise AudioError("audio: this chunk is no FLAC; it was dropped (send a FLAC stream: its head, then whole frames in order)")
        return samples

    def _decoder(self) -> PacketDecoder:
        if self._packets is None:
            self._packets = PacketDecoder("flac", "FLAC frame", self._splitter.streaminfo)
        return self._packets

    def _whole_tail(self, tail: bytes, samples: Samples) -> Samples:
        """Decode what seems to be a whole frame; one beginning in 65,536 only seems so, and is kept until the rest is there."""
        try:
            more = self._decoder().decode((tail,))
        except AudioError:
            return samples
        self._splitter.drop_tail()
        return np.concatenate((samples, more))

    def flush(self) -> Samples:
        rest = self._packets.flush() if self._packets else EMPTY
        self._splitter, self._packets = FrameSplitter(), None
        return rest


_BY_MAGIC: dict[bytes, Callable[[], Decoder]] = {
    OGG: lambda: ContainerDecoder(OggPackets, "Ogg"),
    WEBM: lambda: ContainerDecoder(WebmPackets, "WebM"),
    b"fLaC": FlacDecoder,
}


class SniffingDecoder:
    """Chooses the decoder by the first bytes of the stream; `usual` where they are no known mark."""

    def __init__(self, usual: Callable[[], Decoder]) -> None:
        self._usual = usual
        self._chosen: Decoder | None = None
        self._held: list[bytes] = []  # chunks too short to tell; together fewer than four bytes

    def decode(self, chunk: bytes) -> Samples:
        if self._chosen is None:
            self._held.append(chunk)
            head = b"".join(self._held)[:4]
            if len(head) < 4 and any(magic.startswith(head) for magic in _BY_MAGIC):
                return EMPTY
            return self._choose(_BY_MAGIC.get(head))
        return self._chosen.decode(chunk)

    def _choose(self, by_magic: Callable[[], Decoder] | None) -> Samples:
        """Open the decoder and give it what was held: joined for a stream, chunk by chunk for bare packets."""
        held, self._held = self._held, []
        self._chosen = (by_magic or self._usual)()
        chunks = [b"".join(held)] if by_magic else held
        return np.concatenate([self._chosen.decode(chunk) for chunk in chunks])

    def flush(self) -> Samples:
        rest = self._chosen.flush() if self._chosen else EMPTY
        self._chosen, self._held = None, []
        return rest
