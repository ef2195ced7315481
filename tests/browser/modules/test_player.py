"""The audio processor of the JavaScript client that plays: blocks, pauses, an interruption."""

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

WORKLET = Path(__file__).parents[3] / "insights" / "static" / "parley" / "client" / "worklet.js"
STUBS = """
    const processors = {};
    const sampleRate = 1000;
    const registerProcessor = (name, processor) => { processors[name] = processor; };
    class AudioWorkletProcessor { constructor() { this.port = {}; } }
"""
PLAYING = """
    const player = new processors["parley-player"]();
    const tell = (data) => player.port.onmessage({ data });
    const put = (count, value) => tell(new Int16Array(count).fill(value * 32768).buffer);
    const play = (count) => { const out = new Float32Array(count); player.process([], [[out]]); return [...out]; };
"""


def run(page: Page, body: str) -> Any:
    """Run a function body with the player at 1000 samples per second, and return what it returns."""
    return page.evaluate(f"() => {{ {STUBS} {WORKLET.read_text(encoding='utf-8')} {PLAYING} {body} }}")


def test_a_pause_keeps_what_is_not_played(module_page: Page) -> None:
    """The sound fades within 10 ms, then there is silence; afterwards every other sample is played."""
    body = """
        put(100, 0.5);
        const before = play(20);
        tell("pause");
        const fading = play(40);
        put(50, 0.5);
        const silence = play(100);
        tell("resume");
        return [before, fading, silence, play(300)];
    """
    before, fading, silence, after = run(module_page, body)
    assert before == [0.5] * 20
    assert 0 < fading[8] < fading[0] < 0.5
    assert fading[10:] == [0] * 30
    assert silence == [0] * 100
    heard = [sample for sample in after if sample]
    assert len(heard) + sum(1 for sample in fading if sample) in (129, 130, 131)
    assert heard[20:] == [0.5] * (len(heard) - 20)


def test_an_interruption_ends_a_pause(module_page: Page) -> None:
    """What was not played is dropped, and the next reply is heard."""
    body = """
        put(100, 0.5);
        tell("pause");
        play(40);
        tell("clear");
        put(30, 0.25);
        return play(60);
    """
    heard = [sample for sample in run(module_page, body) if sample]
    assert len(heard) == 30
    assert max(heard) == 0.25
