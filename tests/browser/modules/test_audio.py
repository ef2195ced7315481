"""Audio of the live page: the resampler, the buffer of chunks, the clock of the recording."""

import pytest
from playwright.sync_api import Page

from tests.browser.modules.running import run

RESAMPLE = """
    const {rate, hertz, block} = given;
    const resampler = new m.Resampler(rate);
    const out = [];
    const wave = Float32Array.from({length: rate}, (_, at) => Math.sin(2 * Math.PI * hertz * at / rate));
    for (let at = 0; at < wave.length; at += block) out.push(...resampler.feed(wave.subarray(at, at + block)));
    const middle = out.slice(4000, 12000);
    let error = 0;
    for (let at = 0; at < middle.length; at += 1) {
      error = Math.max(error, Math.abs(middle[at] - Math.sin(2 * Math.PI * hertz * (at + 4000) / 16000)));
    }
    return {length: out.length, rms: Math.sqrt(middle.reduce((sum, x) => sum + x * x, 0) / middle.length), error};
"""


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000, 96000])
@pytest.mark.parametrize("hertz", [200, 2500])
def test_speech_passes_the_resampler_unchanged(module_page: Page, rate: int, hertz: int) -> None:
    """A tone keeps its frequency, amplitude and position, and a second stays a second."""
    found = run(module_page, "resampler", RESAMPLE, {"rate": rate, "hertz": hertz, "block": 128})
    assert abs(found["length"] - 16000) < 60
    assert found["error"] < 0.01


@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_frequencies_above_8_khz_are_filtered_out(module_page: Page, rate: int) -> None:
    """A tone of 11 kHz would alias to 5 kHz; it is attenuated by more than 50 dB."""
    found = run(module_page, "resampler", RESAMPLE, {"rate": rate, "hertz": 11000, "block": 128})
    assert found["rms"] < 0.7071 / 316


def test_the_size_of_the_blocks_does_not_matter(module_page: Page) -> None:
    """Blocks of 1 and of 1000 samples give the same result."""
    body = """
        const wave = Float32Array.from({length: 9000}, (_, at) => Math.sin(at / 7) * Math.cos(at / 31));
        const all = (block) => {
          const resampler = new m.Resampler(44100);
          const out = [];
          for (let at = 0; at < wave.length; at += block) out.push(...resampler.feed(wave.subarray(at, at + block)));
          return out;
        };
        const [small, large] = [all(1), all(1000)];
        return small.length === large.length && small.every((value, at) => value === large[at]);
    """
    assert run(module_page, "resampler", body) is True


BUFFER = """
    const buffer = new m.ResendBuffer({unsent: 5, unstored: 3});
    const record = (count) => { for (let at = 0; at < count; at += 1) buffer.push(buffer.end); };
"""


def test_the_buffer_returns_each_chunk_once(module_page: Page) -> None:
    """Chunks are returned in order, then nothing."""
    body = BUFFER + "record(3); return [buffer.take(), buffer.take(), buffer.take(), buffer.take() ?? null, buffer.waiting];"
    assert run(module_page, "resend-buffer", body) == [0, 1, 2, None, 0]


def test_the_buffer_returns_unstored_chunks_again(module_page: Page) -> None:
    """After a rewind the buffer begins after the dropped chunks."""
    body = (
        BUFFER
        + "record(3); buffer.take(); buffer.take(); buffer.take(); buffer.forget(2);"
        + " const base = buffer.rewind(); return [base, buffer.take()];"
    )
    assert run(module_page, "resend-buffer", body) == [2, 2]


def test_the_buffer_keeps_unsent_chunks(module_page: Page) -> None:
    """A number after the last sent chunk drops only sent chunks."""
    body = BUFFER + "record(3); buffer.take(); buffer.forget(99); return [buffer.take(), buffer.take()];"
    assert run(module_page, "resend-buffer", body) == [1, 2]


def test_the_buffer_is_bounded_and_counts_dropped_chunks(module_page: Page) -> None:
    """The oldest unsent chunk is dropped at one limit, the oldest sent one at the other."""
    body = (
        BUFFER
        + "record(8); const dropped = [buffer.dropped, buffer.take(), buffer.waiting]; while (buffer.take() !== undefined);"
        + " return [...dropped, buffer.rewind()];"
    )
    assert run(module_page, "resend-buffer", body) == [3, 3, 4, 5]


def test_the_buffer_keeps_the_pauses_of_the_recording(module_page: Page) -> None:
    """A pause of 9.5 s stands before the chunk that follows it, also when the chunks are sent again."""
    body = """
        const buffer = new m.ResendBuffer();
        for (const end of [0.1, 0.2, 9.8, 9.9]) buffer.push(end, end);
        const gaps = () => [0, 1, 2, 3].map(() => { const gap = buffer.gap; buffer.take(); return Math.round(gap * 10) / 10; });
        const first = gaps();
        buffer.forget(1);
        buffer.rewind();
        return [first, gaps()];
    """
    assert run(module_page, "resend-buffer", body) == [[0, 0, 9.5, 0], [0, 9.5, 0, 0]]


def test_sent_audio_is_placed_across_a_pause(module_page: Page) -> None:
    """Times before, in and after a pause have their places; a correction by the server moves all of them."""
    body = """
        const times = new m.SentTimes(1000);
        times.pause(5, 60);
        const found = [times.at(4), times.at(6), times.place(3000), times.place(30000), times.place(68000)];
        times.correct(6, 67500);
        return [...found, times.at(4), times.at(6), times.place(68500)];
    """
    assert run(module_page, "sent-times", body) == [5000, 67000, 2, 5, 7, 5500, 67500, 7]


CAPTURED = "const clock = new m.CaptureClock(); const hear = (end, late) => clock.arrived(end, 5000 + end * 1000 + late);"


def test_the_time_of_recording_does_not_depend_on_the_page(module_page: Page) -> None:
    """The time comes from the chunk with the shortest delay of the last ones."""
    body = (
        CAPTURED
        + "for (const [n, late] of [900, 20, 700, 1300].entries()) hear(0.1 * (n + 1), late); return [clock.at(0.1), clock.at(0.4)];"
    )
    assert run(module_page, "capture-clock", body) == pytest.approx([5120, 5420])


def test_the_clocks_of_page_and_device_may_differ(module_page: Page) -> None:
    """After a suspension of a minute, chunks are dated by later ones."""
    body = CAPTURED + "hear(0.1, 10); for (let n = 2; n < 60; n += 1) hear(0.1 * n, 60010); return clock.at(5.9);"
    assert run(module_page, "capture-clock", body) == pytest.approx(5000 + 5900 + 60010)


def test_the_first_chunk_after_a_suspension_resets_the_clock(module_page: Page) -> None:
    """Otherwise a page that reconnects would date later speech too early."""
    body = CAPTURED + "for (let n = 1; n < 60; n += 1) hear(0.1 * n, 10); hear(6, 60010); return clock.at(6);"
    assert run(module_page, "capture-clock", body) == pytest.approx(5000 + 6000 + 60010)


def test_a_blocked_page_changes_no_time(module_page: Page) -> None:
    """Queued chunks arrive at once, each with a shorter delay than the one before."""
    body = CAPTURED + "for (let n = 1; n < 60; n += 1) hear(0.1 * n, 10);"
    body += " for (let n = 60; n < 115; n += 1) hear(0.1 * n, Math.max(10, 5000 - 100 * (n - 60))); return clock.at(6);"
    assert run(module_page, "capture-clock", body) == pytest.approx(5000 + 6000 + 10)


def test_before_the_first_chunk_there_is_no_time(module_page: Page) -> None:
    """Without a time the page does not send the age of its audio."""
    assert run(module_page, "capture-clock", "return new m.CaptureClock().at(0) ?? null") is None
