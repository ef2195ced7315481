"""A person enrols on the page, and later conversations name them: from the microphone of the page to the names of every reader.

Links: page, samples, speaker models, encrypted row, live session, recorder, events, REST; another account; deletion while people talk;
a voice of a conversation that is remembered; an import.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import numpy as np
from playwright.async_api import Browser, Page, expect

from tests.paths.conftest import IN_ONE_LOOP, eventually, read, sign_in
from tests.paths.test_diarization import SEVERAL, names, stored_names, talk
from tests.paths.test_import import upload
from tests.servers import Server
from tests.speech import FOLDER, decoded, wav
from tests.speech.talk import sentences
from tests.streaming.audio.media_files import wav as file_of
from tests.streaming.transports.client import SymblClient, connected

pytestmark = IN_ONE_LOOP

JANE, TOM = "jane@example.com", "tom@example.com"
ACCOUNTS = f"""
from django.contrib.auth.models import User
from tests.browser.sessions import keep_session
for email in {(JANE, TOM)!r}:
    User.objects.create_user(email, email)
keep_session({JANE!r})
"""
STORED = "from insights.models import VoiceProfile; print([one.name for one in VoiceProfile.objects.order_by('name')])"
RECORDED_S = 4.0


async def switch_on(page: Page, server: Server) -> None:
    """Switch voice profiles on for the account of a page."""
    await page.goto(f"{server.url}/account/voices/")
    await page.get_by_role("button", name="Switch voice profiles on").click()
    await expect(page.get_by_text("Voice profiles are on.")).to_be_visible()


async def enrol(page: Page, server: Server, name: str) -> None:
    """Let the person before the microphone read the sentences."""
    await page.goto(f"{server.url}/account/voices/")
    form = page.locator("#enrolment")
    await form.get_by_label("Name").fill(name)
    await expect(form.get_by_role("button", name="Record").first).to_be_disabled()
    await form.get_by_label("I am this person").check()
    for place in range(3):
        await page.locator(f"[data-record='{place}']").click()
        await expect(page.locator(f"[data-state='{place}']")).to_have_text("recording…")
        await page.wait_for_timeout(RECORDED_S * 1000)
        await page.locator(f"[data-record='{place}']").click()
        await expect(page.locator(f"[data-state='{place}']")).to_have_text("recorded")
    await page.get_by_role("button", name="Save voice profile").click()
    await expect(page.get_by_text("Voice profile saved.")).to_be_visible()


async def told_apart(client: SymblClient, *clips: str) -> None:
    """Speak, and wait until each clip is a message with a speaker."""
    before = len(names(client))
    await talk(client, *clips)
    await client.wait(lambda _: len(names(client)) == before + len(clips))


async def test_a_voice_is_known_again(make_server: Callable[..., Server], open_browser: Callable[..., object], tmp_path: Path) -> None:
    """Ada enrols; later she is named live, in her account only, until the profile is deleted."""
    server = make_server(VOICE_PROFILES="1")
    await asyncio.to_thread(server.manage, "shell", "--no-imports", "-v0", "-c", ACCOUNTS)
    clips = [decoded(FOLDER / "voices" / f"{name}.ogg") for name in ("a1", "a2")]
    browser: Browser = await open_browser(wav(tmp_path / "ada.wav", np.concatenate(clips)))  # type: ignore[misc]
    page = await sign_in(browser, server, JANE)
    await switch_on(page, server)
    await enrol(page, server, "Ada")
    jane, tom = [await asyncio.to_thread(server.token, email) for email in (JANE, TOM)]

    async with connected(server, jane, uuid4().hex) as client:
        conversation_id = await client.start("Table", config=SEVERAL)
        await told_apart(client, "a1", "b1", "a2", "b2")
        await client.wait(lambda _: names(client) == ["Ada", "Speaker 2", "Ada", "Speaker 2"])
        await client.stop()
    assert await stored_names(server, jane, conversation_id) == ["Ada", "Speaker 2", "Ada", "Speaker 2"]
    changes = (await read(server, jane, f"/v1/conversations/{conversation_id}/changes"))["changes"]
    assert [(one["kind"], one["changedBy"]) for one in changes] == [("voice_named", "voice profile")]
    await page.goto(f"{server.url}/conversations/{conversation_id}/")
    await expect(page.locator("#people")).to_contain_text("named by a voice profile")

    async with connected(server, tom, uuid4().hex) as client:
        other = await client.start("Table", config=SEVERAL)
        await told_apart(client, "a1", "b1", "a2", "b2")
        await client.stop()
    assert await stored_names(server, tom, other) == ["Speaker 1", "Speaker 2", "Speaker 1", "Speaker 2"]

    async with connected(server, jane, uuid4().hex) as client:  # the profile is deleted while the session has it in memory
        third = await client.start("Table", config=SEVERAL)
        await told_apart(client, "b1")
        await page.goto(f"{server.url}/account/voices/")
        await page.get_by_role("button", name="Delete the voice profile of Ada").click()
        await page.get_by_role("button", name="Delete", exact=True).click()
        await expect(page.get_by_text("Voice profile deleted for good.")).to_be_visible()
        await told_apart(client, "a1", "a2")
        await client.stop()
    assert await stored_names(server, jane, third) == ["Speaker 1", "Speaker 2", "Speaker 2"]
    assert (await asyncio.to_thread(server.manage, "shell", "--no-imports", "-v0", "-c", STORED)).strip() == "[]"


async def test_a_named_voice_is_remembered(make_server: Callable[..., Server], browser: Browser) -> None:
    """The owner names a speaker and remembers the voice, with consent; an import of the same people has the name, and Undo removes it."""
    server = make_server(worker=True, VOICE_PROFILES="1")
    await asyncio.to_thread(server.manage, "shell", "--no-imports", "-v0", "-c", ACCOUNTS)
    page = await sign_in(browser, server, JANE)
    await switch_on(page, server)
    token = await asyncio.to_thread(server.token, JANE)
    async with connected(server, token, uuid4().hex) as client:
        conversation_id = await client.start("Table", config=SEVERAL)
        await told_apart(client, *("b1", "a1", "b2", "a2") * 2)
        await client.stop()
    root = f"/v1/conversations/{conversation_id}"
    members = {one["name"]: one["id"] for one in (await read(server, token, f"{root}/members"))["members"]}
    assert (await asyncio.to_thread(server.send, "PUT", f"{root}/members/{members['Speaker 1']}", token, {"name": "Bob"}))[0] == 200
    await page.goto(f"{server.url}/conversations/{conversation_id}/")
    await page.get_by_role("link", name="Remember the voice of Bob").click()
    await page.get_by_role("button", name="Remember this voice").click()
    await expect(page.get_by_role("alert")).to_contain_text("Without the consent")
    await page.get_by_label("Bob knows this text").check()
    await page.get_by_role("button", name="Remember this voice").click()
    await expect(page.get_by_text("Voice profile saved.")).to_be_visible()
    await expect(page.locator("#profiles ~ .items")).to_contain_text("agreement confirmed by you")

    samples = np.frombuffer(sentences("a1", "b1", "a2", "b2"), "<i2").reshape(-1, 1)
    options = {"enableSpeakerDiarization": "true", "diarizationSpeakerCount": 2}
    job = await asyncio.to_thread(upload, server, token, file_of(samples), **options)
    await eventually(lambda: read(server, token, f"/v1/job/{job['jobId']}"), lambda answer: answer["status"] in ("completed", "failed"))
    imported = job["conversationId"]
    assert await stored_names(server, token, imported) == ["Speaker 1", "Bob", "Speaker 1", "Bob"]
    await page.goto(f"{server.url}/conversations/{imported}/")
    await page.get_by_role("button", name="History").click()
    await page.get_by_role("button", name="Undo: Named a speaker by the voice").click()
    await eventually(lambda: stored_names(server, token, imported), lambda found: "Bob" not in found)
