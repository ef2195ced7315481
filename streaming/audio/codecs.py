"""Decoders: the bytes of one speaker in, 16 kHz samples out, chunk by chunk. `open_decoder` chooses one by the announced encoding.

A decoder never waits for bytes and does no I/O. Invalid bytes raise AudioError and leave the decoder usable. The sample rate and the
duration that a chunk announces are checked before anything is decoded. The work is linear in the number of bytes and samples.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.codec.context import CodecContext

from streaming.audio import opus
from streaming.audio.flac import FrameHeader, FrameSplitter
from streaming.audio.ogg import MAGIC as OGG
from streaming.audio.ogg import OggPackets
from streaming.audio.pcm import BYTES_PER_SAMPLE, RATE, UNPACKERS, AudioError, Samples
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
"""The supported encodings, each with the lowest and the highest rate in Hz that a client may announce."""

_LONGEST_CHUNK_S = 60.0  # a few bytes of FLAC or Opus can claim hours of silence
_SLICE_BYTES = 2_048  # of a FLAC chunk, searched for frames at a time: a few milliseconds even if it consists of headers
_RATES = (8_000, 48_000)  # allowed in a stream that contains its own rate, in Hz


class Decoder(ABC):
    """Decodes the bytes of one stream to samples; keeps its state between chunks."""

    in_place = False
    """Whether decoding is only a few numpy calls, so that the VAD thread decodes itself. Such a decoder yields one block per chunk."""

    seconds_per_byte: float | None = None
    """Seconds of audio in a byte if all bytes have the same, else None."""

    @abstractmethod
    def blocks(self, chunk: bytes) -> Iterator[Samples]:
        """Yield the samples that are ready after this chunk, by packet or frame, each decoded only when it is requested.

        A block has the shape (n,), float32 in [-1, 1] at 16 kHz; n may be 0. The iterator must be exhausted before the next call.
        Raises AudioError if nothing of the chunk could be decoded; the chunk is dropped and the decoder stays usable.
        """

    def decode(self, chunk: bytes) -> Samples:
        """Return all blocks of a chunk as one. Raises AudioError like `blocks`."""
        return _joined(list(self.blocks(chunk)))

    @abstractmethod
    def flush(self) -> Samples:
        """Return the samples held back, shape (n,), and reset the decoder for a new stream."""


def _joined(blocks: Sequence[Samples]) -> Samples:
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks) if blocks else EMPTY


def _check_duration(seconds: float) -> None:
    if seconds > _LONGEST_CHUNK_S:
        raise AudioError(f"audio: one chunk may hold at most {_LONGEST_CHUNK_S:.0f} seconds of audio")


def _check_rate(rate: int) -> None:
    least, most = _RATES
    if not least <= rate <= most:
        raise AudioError(f"audio: the stream has {rate} samples per second; allowed is from {least} to {most}")


def open_decoder(encoding: str, rate: int) -> Decoder:
    """Return a decoder for the announced `encoding` (in any case) and `rate` (Hz).

    FLAC and Opus contain their own rate, so the announced rate is only checked. Opus comes as one raw packet per chunk. Ogg, WebM and
    FLAC streams announced as Opus or FLAC are detected by their first bytes. Raises AudioError for anything else.
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


class PcmDecoder(Decoder):
    """LINEAR16 or MULAW at a fixed rate."""

    in_place = True

    def __init__(self, encoding: str, rate: int) -> None:
        self._unpack = UNPACKERS[encoding]
        self._resampler = Resampler(rate)
        self.seconds_per_byte = 1 / (rate * BYTES_PER_SAMPLE[encoding])

    def blocks(self, chunk: bytes) -> Iterator[Samples]:
        yield self._resampler.push(self._unpack(chunk))

    def flush(self) -> Samples:
        return self._resampler.flush()


class PacketDecoder:
    """Decodes complete packets of one codec to 16 kHz samples with libavcodec."""

    def __init__(self, codec: str, what: str, extradata: bytes | None = None) -> None:
        self._codec, self._what, self._extradata = codec, what, extradata
        self._context = self._open()
        self._resampler: Resampler | None = None

    def _open(self) -> AudioCodecContext:
        context = CodecContext.create(self._codec, "r")
        assert isinstance(context, AudioCodecContext)  # noqa: S101 - for the type checker: a video context is not possible
        if self._codec == "opus":
            context.layout = "mono"  # the decoder mixes stereo down, which is cheaper than here
        if self._extradata:
            context.extradata = self._extradata
        return context

    def blocks(self, packets: Iterable[bytes]) -> Iterator[Samples]:
        """Yield the samples of each packet that can be decoded. Raises AudioError if there are packets but none can be decoded."""
        error: AudioError | None = None
        decoded = False
        for packet in packets:
            try:
                block = self._decode_one(packet)
            except AudioError as broken:
                error = broken
                continue
            decoded = True
            yield block
        if error and not decoded:
            raise error

    def _decode_one(self, packet: bytes) -> Samples:
        try:
            frames = self._context.decode(av.Packet(packet)) if packet else []
        except (av.FFmpegError, ValueError, EOFError):
            self._context = self._open()  # after an error a context may reject valid packets
            raise AudioError(f"audio: this chunk is no {self._what}; it was dropped") from None
        blocks = [self._to_16k(frame) for frame in frames]
        return blocks[0] if len(blocks) == 1 else np.concatenate(blocks) if blocks else EMPTY

    def _to_16k(self, frame: av.AudioFrame) -> Samples:
        """Return one frame as mono float32 at 16 kHz; integer formats are scaled by their full range."""
        samples = frame.to_ndarray()
        channels = frame.layout.nb_channels
        if not frame.format.is_planar:
            samples = samples.reshape(-1, channels).T
        scale = 1.0 if samples.dtype.kind == "f" else 1.0 / (1 << 8 * samples.dtype.itemsize - 1)
        mono = samples[0] if channels == 1 else samples.mean(axis=0)
        if self._resampler is None or self._resampler.rate != frame.sample_rate:
            _check_rate(frame.sample_rate)
            self._resampler = Resampler(frame.sample_rate)
        return self._resampler.push((mono * scale).astype(np.float32))

    def flush(self) -> Samples:
        """Return the samples that the resampler held back, and reset the decoder."""
        rest = self._resampler.flush() if self._resampler else EMPTY
        self._context = self._open()
        return rest


class OpusDecoder(Decoder):
    """Opus as Symbl clients send it: each chunk is one raw packet."""

    def __init__(self) -> None:
        self._packets = _OpusPackets("Opus packet (send one raw packet per chunk, or an Ogg or WebM stream)")

    def blocks(self, chunk: bytes) -> Iterator[Samples]:
        return self._packets.blocks((chunk,))

    def flush(self) -> Samples:
        return self._packets.flush()


class _OpusPackets(PacketDecoder):
    """Decodes Opus packets after a check of their announced duration."""

    def __init__(self, what: str) -> None:
        super().__init__("opus", what)

    def blocks(self, packets: Iterable[bytes]) -> Iterator[Samples]:
        """Yield the samples of each packet that can be decoded. Also raises AudioError if the packets announce too much audio together."""
        announced = [(packet, opus.duration_s(packet)) for packet in packets if packet]
        valid = [packet for packet, seconds in announced if seconds is not None]
        _check_duration(sum(seconds for _, seconds in announced if seconds is not None))
        if announced and not valid:
            raise AudioError(f"audio: this chunk is no {self._what}; it was dropped")
        yield from super().blocks(valid)


class ContainerDecoder(Decoder):
    """Opus inside a stream of Ogg pages or WebM clusters."""

    def __init__(self, open_stream: Callable[[], OggPackets | WebmPackets], what: str) -> None:
        self._open_stream, self._what = open_stream, what
        self._stream = open_stream()
        self._packets = _OpusPackets(f"Opus in {what}")

    def blocks(self, chunk: bytes) -> Iterator[Samples]:
        before = self._stream.skipped
        packets = self._stream.push(chunk)
        if self._stream.foreign:
            raise AudioError(f"config.speechRecognition.encoding: this {self._what} stream holds no Opus; only Opus can be decoded")
        if not packets and self._stream.skipped > before:
            raise AudioError(f"audio: this chunk is no part of an {self._what} stream; it was dropped")
        yield from self._packets.blocks(packets)

    def flush(self) -> Samples:
        self._stream = self._open_stream()
        return self._packets.flush()


class FlacDecoder(Decoder):
    """A FLAC stream, with its header or joined in the middle. Each frame is decoded as soon as its last byte is there."""

    def __init__(self) -> None:
        self._splitter = FrameSplitter()
        self._packets: PacketDecoder | None = None

    def blocks(self, chunk: bytes) -> Iterator[Samples]:
        before = self._splitter.skipped
        frames: list[bytes] = []
        for at in range(0, len(chunk), _SLICE_BYTES):
            frames += self._splitter.push(chunk[at : at + _SLICE_BYTES])
            if at + _SLICE_BYTES < len(chunk):
                yield EMPTY  # so that the caller can pause here
        tail = self._splitter.tail()
        self._check(frames if tail is None else [*frames, tail])
        if frames:
            yield from self._decoder().blocks(frames)
        if tail and (more := self._whole_tail(tail)) is not None:
            yield more
        elif not frames and self._splitter.skipped > before:
            raise AudioError("audio: this chunk is no FLAC; it was dropped (send a FLAC stream: its head, then whole frames in order)")

    def _check(self, frames: Sequence[bytes]) -> None:
        """Raise AudioError if the headers of the frames announce a rate that is not allowed, or too much audio together."""
        seconds = 0.0
        for frame in frames:
            header = FrameHeader.read(frame[:16])
            rate = (header.rate or self._announced_rate) if header else 0
            if header and rate:
                _check_rate(rate)
                seconds += header.samples / rate
        _check_duration(seconds)

    @property
    def _announced_rate(self) -> int:
        """The rate in the stream's metadata, in Hz; 0 if there is none."""
        return int.from_bytes(self._splitter.streaminfo[10:13], "big") >> 4 if self._splitter.streaminfo else 0

    def _decoder(self) -> PacketDecoder:
        if self._packets is None:
            self._packets = PacketDecoder("flac", "FLAC frame", self._splitter.streaminfo)
        return self._packets

    def _whole_tail(self, tail: bytes) -> Samples | None:
        """Decode what seems to be a whole frame, or return None. One partial frame in 65,536 seems whole; it is kept until complete."""
        try:
            samples = _joined(list(self._decoder().blocks((tail,))))
        except AudioError:
            return None
        self._splitter.drop_tail()
        return samples

    def flush(self) -> Samples:
        rest = self._packets.flush() if self._packets else EMPTY
        self._splitter, self._packets = FrameSplitter(), None
        return rest


_BY_MAGIC: dict[bytes, Callable[[], Decoder]] = {
    OGG: lambda: ContainerDecoder(OggPackets, "Ogg"),
    WEBM: lambda: ContainerDecoder(WebmPackets, "WebM"),
    b"fLaC": FlacDecoder,
}


class SniffingDecoder(Decoder):
    """Chooses the decoder by the first bytes of the stream; `usual` if they match no known magic number."""

    def __init__(self, usual: Callable[[], Decoder]) -> None:
        self._usual = usual
        self._chosen: Decoder | None = None
        self._held: list[bytes] = []  # chunks too short to decide, together fewer than four bytes

    def blocks(self, chunk: bytes) -> Iterator[Samples]:
        if self._chosen is not None:
            yield from self._chosen.blocks(chunk)
        elif chunk:
            self._held.append(chunk)
            head = b"".join(self._held)[:4]
            if len(head) == 4 or not any(magic.startswith(head) for magic in _BY_MAGIC):
                yield from self._choose(_BY_MAGIC.get(head))

    def _choose(self, by_magic: Callable[[], Decoder] | None) -> Iterator[Samples]:
        """Open the decoder and pass it the held chunks: joined for a stream, one by one for raw packets."""
        held, self._held = self._held, []
        chosen = self._chosen = (by_magic or self._usual)()
        for chunk in [b"".join(held)] if by_magic else held:
            yield from chosen.blocks(chunk)

    def flush(self) -> Samples:
        rest = self._chosen.flush() if self._chosen else EMPTY
        self._chosen, self._held = None, []
        return rest
