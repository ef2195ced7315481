"""Path 3, hook: inputs that arrive in one process are used by a session in another one, in the next call of its handler.

Links: POST /input_hook, access, validation, directory, RPC over the channel layer, session, handler, its outputs, server-sent events in
yet another process; the page of the built-in stream `conversation`, whose form is the client, and a subscriber's socket.
"""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from playwright.async_api import Browser, expect

from tests import speech
from tests.paths.conftest import IN_ONE_LOOP, SAID, Installation, eventually, redirect, sign_in
from tests.streaming.transports.sse import subscribed
from tests.streaming.transports.stream_client import frame, streaming
from tests.streaming.transports.test_input_hook import hook

pytestmark = IN_ONE_LOOP


async def test_inputs_reach_a_session_from_any_process(installation: Installation) -> None:
    """The handler's next call has them, and a reader in the other process sees what it made of them."""
    one, two, token = installation.one, installation.two, installation.token
    async with streaming(one, token, "inputs") as client:
        await client.start()

        async def put() -> int:
            values = {"webrtc_id": client.id, "conf_threshold": 0.25, "label": "dog"}
            return (await hook(two, token, values)).status_code

        await eventually(put, lambda status: status == 200)
        await client.speak(frame(1))
        async with subscribed(two, token, "inputs", client.id) as reader:
            assert json.loads((await reader.wait(1))[0].data) == [0.25, "dog"]
        refused = await hook(two, token, {"webrtc_id": client.id, "conf_threshold": 2})
        assert refused.status_code == 422
        assert "conf_threshold" in refused.text
        await client.speak(frame(2))
        async with subscribed(two, token, "inputs", client.id, query="&after=1") as reader:
            assert json.loads((await reader.wait(1))[0].data) == [0.25, "dog"]
    assert (await hook(two, token, {"webrtc_id": uuid4().hex, "conf_threshold": 0.5})).status_code == 404


@pytest.fixture(scope="module")
def microphone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of noise for Chromium's microphone."""
    noise = np.random.default_rng(7).integers(-8000, 8000, 3 * speech.RATE, dtype=np.int16)
    return speech.wav(tmp_path_factory.mktemp("microphone") / "noise.wav", noise)


async def test_a_page_changes_its_session_from_another_process(
    installation: Installation, open_browser: Callable[..., Awaitable[Browser]], microphone: Path
) -> None:
    """Chromium speaks to one process and posts its form to the other: what is said from then on is said by the new name."""
    browser = await open_browser(microphone)
    page = await sign_in(browser, installation.one)
    answers = await redirect(page.context, "**/input_hook", installation.two)
    await page.goto(f"{installation.one.url}/streams/conversation/")
    await page.get_by_label("Your name").fill("Grace")
    await page.get_by_role("button", name="Start").click()
    await expect(page.locator("#pill")).to_have_text("Live now")
    await expect(page.locator("#inputs-state")).to_contain_text("Sent")
    await expect(page.locator("#outputs")).to_contain_text(SAID)
    await page.get_by_label("Your name").fill("Ada")
    await page.get_by_label("Your name").blur()
    link = page.locator("#outputs a", has_text="Open the conversation").last
    conversation_id = str(await link.get_attribute("href")).strip("/").split("/")[-1]

    async def speakers() -> set[str]:
        answer = await page.request.get(f"{installation.two.url}/conversations/{conversation_id}/download.json")
        return {one["member"]["name"] for one in (await answer.json())["conversations"][0]["messages"] if one["member"]}

    await eventually(speakers, lambda names: {"Grace", "Ada"} <= names)
    assert answers.count(200) >= 2  # one that is typed just before the session exists is 404
    await page.get_by_role("button", name="Stop").click()
    await expect(page.locator("#status")).to_have_text("Ended")
