"""Path 2, reply: an offer, or the start of a socket, opens a session; what was said until a pause comes back as sound.

Links: offer, peer connection, ICE candidates (those of the page arrive in another process), session, audio input, pause detection, the
handler (`ReplyOnPause` of the built-in stream `echo`), audio output, pacing, and sound in the client: a program's, and Chromium's.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from playwright.async_api import Browser, expect

from tests import speech
from tests.paths.conftest import IN_ONE_LOOP, Installation, redirect, sign_in
from tests.streaming.transports.rtc import RATE, Caller, to, until
from tests.streaming.transports.stream_client import streaming

pytestmark = IN_ONE_LOOP

LOUD = 300
"""Root mean square above which there is speech, not the noise of a codec."""
ENERGY = """async () => {
    const reports = [...(await peers.at(-1).getStats()).values()];
    return reports.find((one) => one.type === 'inbound-rtp' && one.kind === 'audio')?.totalAudioEnergy ?? 0;
}"""
KEEP_PEERS = """
    window.peers = [];
    window.RTCPeerConnection = class extends RTCPeerConnection { constructor(...all) { super(...all); window.peers.push(this); } };
"""


def loud_s(samples: np.ndarray, rate: int) -> float:
    """Return how many seconds of sound are speech."""
    size = rate // 50
    blocks = samples[: len(samples) // size * size].reshape(-1, size).astype(np.float64)
    return float((np.sqrt((blocks**2).mean(axis=1)) > LOUD).sum() / 50)


def samples_of(sound: bytes) -> np.ndarray:
    """Return the samples of all whole frames that came."""
    return np.frombuffer(sound[: len(sound) // 2 * 2], dtype="<i2")


async def test_a_program_hears_itself(installation: Installation) -> None:
    """Over WebRTC: as much speech comes back as was said, after the pause, at the pace of its playing."""
    said = speech.clip("question")
    async with to(installation.one, installation.token, "/streams/echo/webrtc/offer") as post:
        caller = await Caller(post, "sendrecv", microphone=0.0).call()
        try:
            await caller.microphone.say(said)
            await caller.message("log", "response_starting")
            spoken = loud_s(said, RATE)
            await until(lambda: loud_s(caller.sound, RATE) > 0.6 * spoken, "the speech did not come back")
        finally:
            await caller.close()


async def test_a_socket_hears_itself(installation: Installation) -> None:
    """Over a WebSocket, as 16-bit samples; its first message is the start, and it speaks in real time, as a microphone does."""
    said = speech.clip("question", 0.2, 2.0)
    clock = asyncio.get_running_loop().time
    async with streaming(installation.two, installation.token, "echo") as client:
        await client.start(format="pcm16", sample_rate=RATE)
        started = await client.wait(type="log", data="started")
        begun = clock()
        for number, at in enumerate(range(0, len(said), 960)):
            await asyncio.sleep(max(0.0, begun + number * 0.02 - clock()))
            await client.send(said[at : at + 960].astype("<i2").tobytes())
        rate, spoken = started["output_sample_rate"], loud_s(said, RATE)
        await client.until(lambda: loud_s(samples_of(client.sound), rate) > 0.6 * spoken)
        await client.stop()


@pytest.fixture(scope="module")
def question(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of speech for Chromium's microphone."""
    return speech.wav(tmp_path_factory.mktemp("microphone") / "question.wav", speech.clip("question", 1.0, 4.0))


async def test_a_page_hears_itself(installation: Installation, open_browser: Callable[..., Awaitable[Browser]], question: Path) -> None:
    """In Chromium, whose offer goes to one process and whose candidates go to the other one."""
    browser = await open_browser(question)
    page = await sign_in(browser, installation.one)
    await page.add_init_script(KEEP_PEERS)
    answers = await redirect(
        page.context, "**/webrtc/offer", installation.two, lambda route: '"ice-candidate"' in (route.request.post_data or "")
    )
    await page.goto(f"{installation.one.url}/streams/echo/")
    await page.get_by_role("button", name="Start").click()
    await expect(page.locator("#pill")).to_have_text("Live now")
    await expect(page.locator("#messages")).to_contain_text("The answer begins")
    await page.wait_for_function(f"async () => (await ({ENERGY})()) > 0.0005")
    assert answers
    assert set(answers) == {200}
    await page.get_by_role("button", name="Stop").click()
    await expect(page.locator("#status")).to_have_text("Ended")
