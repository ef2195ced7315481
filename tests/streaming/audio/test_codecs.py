"""Decoders as a recognition uses them."""

import os
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.audio.codecs import AudioError, Decoder, open_decoder
from streaming.audio.pcm import Samples
from tests.streaming.audio.encoded_audio import best_correlation, encoded, opus_packets, tone

SOUND = tone(1.0)
STREAMS = {
    "LINEAR16": SOUND.astype("<i2").tobytes(),
    "MULAW": os.urandom(8_000),
    "FLAC": encoded(SOUND, "flac", "flac"),
    "OGG": encoded(SOUND, "ogg", "libopus", 48_000, page_duration="20000"),
    "WEBM": encoded(SOUND, "webm", "libopus", 48_000, live="1", cluster_time_limit="100"),
}
ANNOUNCED = {
    "LINEAR16": ("LINEAR16", 16_000),
    "MULAW": ("MULAW", 8_000),
    "FLAC": ("FLAC", 16_000),
    "OGG": ("OPUS", 48_000),
    "WEBM": ("OPUS", 48_000),
}


def decoded(decoder: Decoder, chunks: list[bytes]) -> Samples:
    """Return all samples that the decoder returns for the chunks."""
    return np.concatenate([*(decoder.decode(chunk) for chunk in chunks), decoder.flush()])


@pytest.mark.parametrize("kind", ["LINEAR16", "FLAC", "OGG", "WEBM"])
def test_decoded_audio_equals_the_original(kind: str) -> None:
    """The decoded audio is the original, within the loss of the codec."""
    samples = decoded(open_decoder(*ANNOUNCED[kind]), [STREAMS[kind]])
    assert len(samples) == pytest.approx(16_000, abs=400)
    assert best_correlation(samples, SOUND) > 0.98


@settings(max_examples=25, deadline=None)
@given(kind=st.sampled_from(sorted(STREAMS)), seed=st.integers(0, 2**32), longest=st.sampled_from([2, 30, 700, 9000]))
def test_chunk_sizes_do_not_matter(kind: str, seed: int, longest: int) -> None:
    """The samples are the same, however the bytes are cut."""
    data, step = STREAMS[kind][:20_000], 2 if kind == "LINEAR16" else 1
    cuts, rng = [0], random.Random(seed)
    while cuts[-1] < len(data):
        cuts.append(cuts[-1] + step * rng.randint(1, longest))
    whole = decoded(open_decoder(*ANNOUNCED[kind]), [data])
    cut = decoded(open_decoder(*ANNOUNCED[kind]), [data[a:b] for a, b in zip(cuts, cuts[1:], strict=False)])
    assert np.array_equal(whole, cut)


@settings(max_examples=15, deadline=None)
@given(rate=st.sampled_from([8_000, 22_050, 44_100, 48_000]), size=st.integers(1, 900))
def test_chunk_sizes_do_not_matter_at_other_rates(rate: int, size: int) -> None:
    """The resampler keeps its state from chunk to chunk."""
    data = tone(0.3, rate=rate).tobytes()
    whole = decoded(open_decoder("linear16", rate), [data])
    assert len(whole) == pytest.approx(4_800, abs=2)
    assert np.array_equal(whole, decoded(open_decoder("linear16", rate), [data[n : n + 2 * size] for n in range(0, len(data), 2 * size)]))


@pytest.mark.parametrize("announced", [8_000, 16_000, 24_000, 48_000])
@pytest.mark.parametrize("layout", ["mono", "stereo"])
def test_opus_packets_at_any_announced_rate(announced: int, layout: str) -> None:
    """One bare packet per chunk is 20 ms, mono or stereo, whatever rate the client announced."""
    samples = decoded(open_decoder("Opus", announced), opus_packets(SOUND, layout))
    assert len(samples) == pytest.approx(16_000, abs=400)
    assert best_correlation(samples, SOUND) > 0.98


def test_short_opus_packets_are_no_container() -> None:
    """A stream of bare packets that begins with a packet of one byte of silence is no container."""
    decoder = open_decoder("OPUS", 48_000)
    first = decoder.decode(b"\xf8")
    assert len(np.concatenate((first, decoder.decode(opus_packets(SOUND)[0])))) > 0


def test_flac_has_its_own_rate() -> None:
    """The announced rate of a FLAC stream does not matter."""
    samples = decoded(open_decoder("flac", 16_000), [encoded(SOUND, "flac", "flac", 48_000)])
    assert len(samples) == pytest.approx(16_000, abs=10)
    assert best_correlation(samples, SOUND) > 0.999


def test_flac_is_decoded_frame_by_frame() -> None:
    """With small chunks at most one frame (1,152 samples in this stream) is held back."""
    stream, samples, most = STREAMS["FLAC"], 0, 0.0
    decoder = open_decoder("FLAC", 16_000)
    frames = stream.index(b"\xff\xf8")
    assert len(decoder.decode(stream[:frames])) == 0
    stream = stream[frames:]
    for n in range(0, len(stream), 200):
        most = max(most, n / len(stream) - samples / 16_000)
        samples += len(decoder.decode(stream[n : n + 200]))
    assert most < 1152 / 16_000 + 0.05
    assert samples == 16_000


@pytest.mark.parametrize("encoding", ["", "MP3", "LINEAR 16", "x" * 500])
def test_unknown_encoding(encoding: str) -> None:
    """The error names the field and the allowed values, and does not repeat a long text."""
    with pytest.raises(AudioError, match=r"config\.speechRecognition\.encoding: .* allowed are LINEAR16, FLAC, MULAW, OPUS") as caught:
        open_decoder(encoding, 16_000)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("encoding", "rate", "allowed"),
    [
        ("LINEAR16", 7_999, "from 8000 to 48000"),
        ("linear16", 48_001, "8000"),
        ("MULAW", 16_000, "only 8000"),
        ("OPUS", 0, "8000"),
        ("FLAC", -1, "8000"),
    ],
)
def test_rate_out_of_range(encoding: str, rate: int, allowed: str) -> None:
    """The error names the field and the allowed rates."""
    with pytest.raises(AudioError, match=rf"config\.speechRecognition\.sampleRateHertz: .*{allowed}"):
        open_decoder(encoding, rate)


def test_an_odd_chunk_is_refused_and_the_next_is_decoded() -> None:
    """A refused chunk adds no samples."""
    decoder = open_decoder("LINEAR16", 16_000)
    with pytest.raises(AudioError, match="even number of bytes"):
        decoder.decode(b"abc")
    assert len(decoder.decode(b"abcd")) == 2


def refused(decoder: Decoder, chunks: list[bytes]) -> int:
    """Return how many of the chunks raise AudioError."""
    count = 0
    for chunk in chunks:
        try:
            decoder.decode(chunk)
        except AudioError:
            count += 1
    return count


def test_noise_as_flac_then_flac() -> None:
    """Each chunk of noise is refused with an error text; a valid stream after it is decoded."""
    decoder = open_decoder("FLAC", 16_000)
    noise = random.Random(1)
    assert refused(decoder, [noise.randbytes(2_000) for _ in range(50)]) == 50
    assert len(decoded(decoder, [STREAMS["FLAC"]])) >= 12_000


def test_noise_inside_flac_frames() -> None:
    """A frame with broken content is refused, the frames after it are decoded."""
    stream = bytearray(STREAMS["FLAC"])
    stream[9_000:9_400] = random.Random(2).randbytes(400)
    decoder = open_decoder("FLAC", 16_000)
    samples, errors = 0, 0
    for n in range(0, len(stream), 500):
        try:
            samples += len(decoder.decode(bytes(stream[n : n + 500])))
        except AudioError:
            errors += 1
    assert 8_000 <= samples < 16_000
    assert errors == 1


def test_junk_as_opus_then_opus() -> None:
    """Junk is refused or decoded to noise; valid packets after it are decoded."""
    decoder = open_decoder("OPUS", 48_000)
    junk = random.Random(3)
    assert refused(decoder, [junk.randbytes(junk.randint(1, 3_000)) for _ in range(200)]) > 100
    assert best_correlation(decoded(decoder, opus_packets(SOUND)), SOUND) > 0.98


def test_text_in_an_ogg_stream() -> None:
    """Bytes that are no page are refused; the pages after them are decoded."""
    decoder = open_decoder("OPUS", 48_000)
    decoder.decode(STREAMS["OGG"])
    with pytest.raises(AudioError, match="no part of an Ogg stream"):
        decoder.decode(b"hello " * 100)
    assert len(decoder.decode(STREAMS["OGG"])) > 15_000


def test_a_chunk_of_hours_is_refused() -> None:
    """A few bytes that announce hours of audio are decoded up to a minute at most."""
    silence = encoded(np.zeros(16_000 * 100, dtype=np.int16), "flac", "flac")
    with pytest.raises(AudioError, match="at most 60 seconds"):
        open_decoder("FLAC", 16_000).decode(silence)


def test_flush_resets_the_decoder() -> None:
    """After a flush the decoder accepts a new stream from its start."""
    decoder = open_decoder("FLAC", 16_000)
    first = decoded(decoder, [STREAMS["FLAC"]])
    assert np.array_equal(first, decoded(decoder, [STREAMS["FLAC"]]))
