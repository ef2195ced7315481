"""Decodes an audio or video file that nobody trusts: `python -m streaming.audio.decode_file`, in a process with limits of its own.

The file is standard input, which is already open. Standard output gets records (`streaming/audio/decoded_records.py`): the properties of
the file, blocks of int16 at 16 kHz, then the end or the reason why the file cannot be used. Before the first byte of the file is parsed,
the process gives up what it does not need: it can open no further file or socket, write no file and use no more than a bounded amount of
memory and processor time (docs/adr/0086-hostile-files.md).
"""

import json
import os
import resource
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from fractions import Fraction
from typing import BinaryIO, NoReturn

import av
import av.logging
import av.subtitles.codeccontext
import av.subtitles.stream
import av.video.codeccontext
import av.video.stream
from av.audio.codeccontext import AudioCodecContext
from av.audio.stream import AudioStream
from av.container import InputContainer

from streaming.audio.decoded_records import AUDIO, END, HEADER, RATE, REFUSED, DecodeOptions, FileHeader, write_record

DEMUXERS = (
    *("wav", "w64", "aiff", "caf", "mp3", "aac", "ac3", "eac3", "flac", "ogg", "amr", "amrnb", "amrwb", "asf"),
    *("mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "avi", "flv", "mpeg", "mpegts"),
)
"""The container formats that may be parsed. None of them is a playlist or a script; what names further files cannot open them."""
CODECS = (
    *("mp3", "mp3float", "mp2", "mp2float", "aac", "ac3", "eac3", "flac", "alac", "vorbis", "opus", "libopus", "speex", "libspeex"),
    *("wmav1", "wmav2", "wmapro", "wmalossless", "wmavoice", "amrnb", "amrwb", "libopencore_amrnb", "libopencore_amrwb", "gsm", "gsm_ms"),
    *("pcm_s8", "pcm_u8", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f32be"),
    *(
        "pcm_f64le",
        "pcm_f64be",
        "pcm_mulaw",
        "pcm_alaw",
        "adpcm_ms",
        "adpcm_ima_wav",
        "adpcm_ima_qt",
        "adpcm_swf",
        "adpcm_g722",
        "adpcm_g726",
    ),
)
"""The codecs that may be opened: audio only, so that the pictures of a video are never decoded."""
FORMATS = "mp3, wav, amr, aac, ac3, aiff, flac, ogg, opus, wma, m4a, mp4, mov, webm, mkv, avi, flv or mpeg"
PROBE_BYTES = 2_000_000
PROBE_US = 10_000_000
"""Limits of what is read to find out about the streams: bytes, and microseconds of media."""
MEMORY_BYTES = 1_500 * 1024 * 1024
"""Address space that the process may use, with the libraries and Python themselves, which need about a third of it."""
CPU_S = 900
"""Processor seconds: more than twice what four hours of the dearest codec take."""
BROKEN_PACKETS = 1000
"""Packets in a row that cannot be decoded, after which the rest of the file is given up."""
BLOCK_BYTES = 32_000
"""Bytes of a block of audio before it is written: one second of mono."""
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
"""Containers with an earlier time were written by a device whose clock was not set."""


class Refused(Exception):
    """The file cannot be used; the text says why, for people."""


def main() -> int:
    """Decode standard input to standard output. Return 0 also for a file that is refused, as that is written."""
    options = DecodeOptions(**json.loads(sys.argv[1]))
    source, sink = os.fdopen(0, "rb", buffering=0), os.fdopen(1, "wb", buffering=0)
    av.logging.set_level(None)
    _give_up_rights()
    try:
        for kind, payload in decoded(source, options):
            write_record(sink, kind, payload)
        write_record(sink, END, b"")
    except Refused as refused:
        write_record(sink, REFUSED, str(refused).encode())
    except MemoryError:
        write_record(sink, REFUSED, b"the file needs too much memory to be decoded")
    except BrokenPipeError:
        return 1  # the reader has ended
    return 0


def _give_up_rights() -> None:
    """Bound memory and processor time; allow no new descriptors (files, sockets), no written files and no core dump.

    PyAV loads some of its modules on first use, which is impossible afterwards; so they are imported above.
    """
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, CPU_S),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 3),
    ):
        resource.setrlimit(kind, (most, most))


def decoded(source: BinaryIO, options: DecodeOptions) -> Iterator[tuple[bytes, bytes]]:
    """Yield the header and the audio of a file as records. Raises Refused."""
    container = _opened(source)
    stream = _audio_stream(container, options)
    yield HEADER, json.dumps(asdict(_header(container, stream, options))).encode()
    bytes_per_s = 2 * RATE * _out_channels(stream, options)
    total, block = 0, bytearray()
    for pcm in _pcm(container, stream, options):
        block += pcm
        total += len(pcm)
        if total > options.seconds * bytes_per_s:
            raise Refused(f"the file is longer than {_hours(options.seconds)}")
        if len(block) >= BLOCK_BYTES:
            yield AUDIO, bytes(block)
            block.clear()
    if block:
        yield AUDIO, bytes(block)
    if not total:
        raise Refused("no audio can be decoded: the file is damaged, or its audio has no sample")


def _opened(source: BinaryIO) -> InputContainer:
    bounds = {
        "format_whitelist": ",".join(DEMUXERS),
        "codec_whitelist": ",".join(CODECS),
        "protocol_whitelist": "none",
        "probesize": str(PROBE_BYTES),
        "analyzeduration": str(PROBE_US),
        "max_streams": "64",
    }
    try:
        return av.open(source, "r", container_options=bounds, io_open=_nothing_else, metadata_errors="replace")
    except (av.FFmpegError, ValueError, OSError, UnicodeError):
        raise Refused(f"the file is damaged, or not one of the formats {FORMATS}") from None


def _nothing_else(url: str, flags: int, options: object) -> NoReturn:
    """Refuse the files that a container names."""
    raise PermissionError("a file may not refer to other files")


def _audio_stream(container: InputContainer, options: DecodeOptions) -> AudioStream:
    """Return the first audio stream. Raises Refused for a file with too many streams, channels or samples per second."""
    if len(container.streams) > options.streams:
        raise Refused(f"the file has {len(container.streams)} streams; at most {options.streams} are allowed")
    if not container.streams.audio:
        raise Refused("the file has no audio")
    stream = container.streams.audio[0]
    context = stream.codec_context
    if context is None or context.codec.name not in CODECS:
        raise Refused("the codec of the file's audio is not supported")
    if not options.least_rate <= context.sample_rate <= options.most_rate:
        raise Refused(
            f"the audio has {context.sample_rate} samples per second; allowed is from {options.least_rate} to {options.most_rate}"
        )
    if not 1 <= _channels(stream) <= options.channels:
        raise Refused(f"the audio has {_channels(stream)} channels; at most {options.channels} are allowed")
    if container.duration is not None and container.duration / av.time_base > options.seconds + 1:
        raise Refused(f"the file is longer than {_hours(options.seconds)}")
    return stream


def _channels(stream: AudioStream) -> int:
    context: AudioCodecContext = stream.codec_context
    return context.layout.nb_channels


def _out_channels(stream: AudioStream, options: DecodeOptions) -> int:
    return _channels(stream) if options.separate else 1


def _header(container: InputContainer, stream: AudioStream, options: DecodeOptions) -> FileHeader:
    seconds = container.duration / av.time_base if container.duration and container.duration > 0 else None
    if seconds is None and stream.duration and stream.time_base:
        seconds = float(Fraction(stream.duration) * stream.time_base)
    return FileHeader(_out_channels(stream, options), seconds, _created(container, stream))


def _created(container: InputContainer, stream: AudioStream) -> str:
    """Return when the recording began, as the container says; empty where it does not say, or says something impossible."""
    for metadata in (container.metadata, stream.metadata):
        for key in ("creation_time", "com.apple.quicktime.creationdate", "date"):
            try:
                at = datetime.fromisoformat(metadata.get(key, ""))
            except ValueError:
                continue
            if "T" not in metadata[key] and " " not in metadata[key]:
                continue  # only a day
            at = at if at.tzinfo else at.replace(tzinfo=UTC)
            if EARLIEST <= at <= datetime.now(UTC):
                return at.isoformat()
    return ""


def _pcm(container: InputContainer, stream: AudioStream, options: DecodeOptions) -> Iterator[bytes]:
    """Yield interleaved int16 at 16 kHz. Packets that cannot be decoded are skipped; a damaged end ends the audio."""
    layout = "mono" if _out_channels(stream, options) == 1 else "stereo"
    resampler = av.AudioResampler(format="s16", layout=layout, rate=RATE)
    stream.codec_context.thread_count = 1
    for frame in _frames(container, stream):
        if not 1 <= frame.layout.nb_channels <= options.channels or not options.least_rate <= frame.sample_rate <= options.most_rate:
            raise Refused("the audio changes to a rate or a number of channels that is not allowed")
        frame.pts = None  # the position in the audio counts, not what the container says
        try:
            for out in resampler.resample(frame):
                yield _bytes(out)
        except ValueError:  # rate or layout changed
            resampler = av.AudioResampler(format="s16", layout=layout, rate=RATE)
            for out in resampler.resample(frame):
                yield _bytes(out)
    for out in resampler.resample(None):
        yield _bytes(out)


def _bytes(frame: av.AudioFrame) -> bytes:
    return bytes(memoryview(frame.planes[0])[: 2 * frame.samples * frame.layout.nb_channels])


def _frames(container: InputContainer, stream: AudioStream) -> Iterator[av.AudioFrame]:
    broken = 0
    packets = container.demux(stream)
    while broken < BROKEN_PACKETS:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except (av.FFmpegError, ValueError, OSError):
            return  # the rest cannot be read: a truncated or damaged file
        try:
            frames = packet.decode()
        except EOFError:
            return
        except (av.FFmpegError, ValueError):
            broken += 1
            continue
        broken = 0 if frames else broken
        yield from (frame for frame in frames if isinstance(frame, av.AudioFrame))


def _hours(seconds: float) -> str:
    return f"{seconds / 3600:g} hours" if seconds >= 3600 else f"{seconds:g} seconds"


if __name__ == "__main__":
    sys.exit(main())
