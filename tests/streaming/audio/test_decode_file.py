"""Files that nobody trusts, decoded in a process with limits."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from streaming.audio import pcm
from streaming.audio.decoded_records import RATE, DecodeOptions, FileHeader
from streaming.imports.decoded_file import DecodedFile, FileRefused
from tests.servers import ROOT
from tests.streaming.audio.media_files import encoded, tone, wav


def decode(path: Path, **options: object) -> tuple[FileHeader, np.ndarray]:
    """Return the header and the samples of a file, shape (samples, channels)."""
    with DecodedFile(path, DecodeOptions(**options)) as file:  # type: ignore[arg-type]
        header = file.header()
        audio = b"".join(file.blocks())
    return header, np.frombuffer(audio, dtype="<i2").reshape(-1, header.channels)


def refusal(path: Path, **options: object) -> str:
    """Return why a file is refused."""
    with pytest.raises(FileRefused) as refused:
        decode(path, **options)
    return str(refused.value)


def pitch(samples: np.ndarray) -> float:
    """Return the strongest frequency in Hz."""
    return float(np.abs(np.fft.rfft(samples)).argmax()) * RATE / len(samples)


def test_the_rate_is_that_of_the_recogniser() -> None:
    """The decoding process states it again, because it does not load numpy."""
    assert RATE == pcm.RATE


@pytest.mark.parametrize(
    ("suffix", "codec", "rate"),
    [("m4a", "aac", 44_100), ("flac", "flac", 48_000), ("ogg", "libopus", 48_000), ("mp3", "libmp3lame", 22_050)],
)
def test_a_format(tmp_path: Path, suffix: str, codec: str, rate: int) -> None:
    """Compressed audio of any rate becomes 16 kHz of the same length and pitch."""
    header, audio = decode(encoded(tmp_path / f"file.{suffix}", codec, tone(3, rate), rate))
    assert header.channels == 1
    assert len(audio) / RATE == pytest.approx(3, abs=0.15)
    assert pitch(audio[:, 0]) == pytest.approx(220, abs=2)


def test_the_audio_of_a_video(tmp_path: Path) -> None:
    """Pictures are skipped; the container's time is the start."""
    path = encoded(tmp_path / "file.mp4", "aac", tone(2, 48_000), 48_000, picture=True, creation_time="2026-03-02T14:00:00.000000Z")
    header, audio = decode(path)
    assert header.created == "2026-03-02T14:00:00+00:00"
    assert header.seconds == pytest.approx(2, abs=0.1)
    assert pitch(audio[:, 0]) == pytest.approx(220, abs=2)


def test_two_channels(tmp_path: Path) -> None:
    """They stay separate on request, and are mixed otherwise."""
    (tmp_path / "file").write_bytes(wav(tone(1, channels=2)))
    header, audio = decode(tmp_path / "file", separate=True)
    assert header.channels == 2
    assert [round(pitch(audio[:, channel]) / 20) for channel in (0, 1)] == [11, 22]
    assert decode(tmp_path / "file")[0].channels == 1


def test_a_truncated_file_is_used_as_far_as_it_goes(tmp_path: Path) -> None:
    """Half of an Ogg file is about half of its audio."""
    path = encoded(tmp_path / "file.ogg", "libopus", tone(20, 48_000), 48_000)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert 5 < len(decode(path)[1]) / RATE < 15


NO_MEDIA = {
    "nothing": b"",
    "text": b"Call me at five.\n" * 500,
    "zeros": bytes(100_000),
    "a head without a body": wav(tone(0.0)),
    "a truncated mp4": b"\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom\x00\x00\xff\xffmdat" + bytes(5000),
    "a concat script": b"ffconcat version 1.0\nfile '/etc/passwd'\nduration 5\n",
    "a session description": b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
}


@pytest.mark.parametrize("name", list(NO_MEDIA))
def test_what_is_no_media_is_refused(tmp_path: Path, name: str) -> None:
    """The reason names what can be imported, or what is missing."""
    (tmp_path / "file").write_bytes(NO_MEDIA[name])
    assert "the file is damaged, or not one of the formats mp3, wav" in (reason := refusal(tmp_path / "file")) or "no audio" in reason


@pytest.fixture
def listening() -> Iterator[tuple[int, list[object]]]:
    """A port on this machine, and the connections that it got."""
    got: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            try:
                while True:
                    got.append(server.accept())
            except OSError:
                return

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1], got
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


PLAYLISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n",
    "a list of files": "#EXTM3U\n#EXTINF:5,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><BaseURL>http://127.0.0.1:{port}/</BaseURL></Period></MPD>',
    "a concat script": "ffconcat version 1.0\nfile 'http://127.0.0.1:{port}/a.wav'\n",
}


@pytest.mark.parametrize("name", list(PLAYLISTS))
def test_a_file_that_names_others_is_refused(tmp_path: Path, listening: tuple[int, list[object]], name: str) -> None:
    """Nothing is requested from the host that it names."""
    port, got = listening
    (tmp_path / "file.mkv").write_text(PLAYLISTS[name].replace("{port}", str(port)))
    assert "the file is damaged, or not one of the formats" in refusal(tmp_path / "file.mkv")
    assert got == []


GIVEN_UP = """
import os, socket, sys
from streaming.audio import decode_file
decode_file._give_up_rights()
def possible(call):
    try:
        call()
    except (OSError, MemoryError):
        return False
    return True
print(possible(lambda: open("/etc/passwd")), possible(socket.socket), possible(os.pipe), possible(lambda: bytearray(2_000_000_000)))
"""


def test_the_process_can_open_nothing(tmp_path: Path) -> None:
    """Neither a file nor a socket, whatever a demuxer tries; and it cannot take the memory of the machine."""
    done = subprocess.run([sys.executable, "-c", GIVEN_UP], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"] * 4


def test_the_length_is_limited(tmp_path: Path) -> None:
    """Silence is small as a file and long as audio. The limit holds with and without a duration in the container."""
    silence = np.zeros((90 * RATE, 1), dtype="<i2")
    stated = encoded(tmp_path / "file.flac", "flac", silence)
    unstated = encoded(tmp_path / "file.aac", "aac", silence)
    for path in (stated, unstated):
        assert path.stat().st_size < 200_000
        assert refusal(path, seconds=60.0) == "the file is longer than 60 seconds"
    assert len(decode(stated, seconds=90.0)[1]) == 90 * RATE


def test_streams_channels_and_rate_are_limited(tmp_path: Path) -> None:
    """Each reason says what the file has, and what is allowed."""
    many = encoded(tmp_path / "many.mkv", "pcm_s16le", tone(0.1), streams=50)
    assert refusal(many) == "the file has 50 streams; at most 32 are allowed"
    (tmp_path / "wide.wav").write_bytes(wav(tone(0.1, 48_000, channels=8), 48_000))
    assert refusal(tmp_path / "wide.wav") == "the audio has 8 channels; at most 2 are allowed"
    (tmp_path / "fast.wav").write_bytes(wav(tone(0.1, 192_000, channels=8), 192_000))
    assert refusal(tmp_path / "fast.wav") == "the audio has 192000 samples per second; allowed is from 8000 to 96000"


def test_a_reader_that_leaves_ends_the_process(tmp_path: Path) -> None:
    """The process of a file that is not read to its end is gone at once."""
    (tmp_path / "file").write_bytes(wav(tone(60)))
    with DecodedFile(tmp_path / "file", DecodeOptions()) as file:
        file.header()
    assert file._process.returncode is not None
