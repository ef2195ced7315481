"""Several people at one microphone, and in one channel of a file: from the audio to every reader, with real voices and the real models.

Links: start option, speaker models, kept samples, voices in a thread, parts of a result, recorder with a member for each voice, broadcast,
subscriber, live page, REST; corrections by events; a crash; the job of an import.
"""

import asyncio
from collections.abc import Callable
from itertools import cycle, islice
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree

import numpy as np
import soxr
from playwright.async_api import Browser, expect

from streaming.audio import mulaw
from streaming.speech.engines.scripted import SENTENCES
from tests.paths.conftest import IN_ONE_LOOP, Installation, eventually, read, sign_in
from tests.paths.test_import import upload
from tests.servers import Server
from tests.speech.talk import sentences
from tests.speech.talk import talk as clips
from tests.streaming.audio.media_files import wav
from tests.streaming.transports.client import SymblClient, connected
from tests.streaming.transports.stream_client import StreamClient, streaming
from tests.streaming.transports.test_twilio import begin, speak

pytestmark = IN_ONE_LOOP

SEVERAL = {"speakerDiarization": True, "diarizationSpeakerCount": 2}
WANTED = ["Speaker 1", "Speaker 2", "Speaker 1", "Speaker 2"]
FIVE = ("a1", "b1", "c1", "d1", "e1", "a2", "b2", "c2", "d2", "e2")
"""Clips of five people, in the order in which they talk."""


async def talk(client: SymblClient, *clips: str) -> None:
    """Send a sentence of each clip in chunks of 100 ms, as fast as the server reads them."""
    audio = sentences(*clips)
    for at in range(0, len(audio), 3200):
        await client.socket.send(audio[at : at + 3200])


def speakers(client: SymblClient) -> dict[str, dict[str, str]]:
    """Return who said each message, by the last that the client heard of it."""
    return {one["id"]: one["from"] for response in client.of("message_response") for one in response["messages"]}


def names(client: SymblClient) -> list[str]:
    """Return the names of the speakers of all messages, in order."""
    return [one["name"] for one in speakers(client).values()]


async def stored_names(server: Server, token: str, conversation_id: str) -> list[str]:
    """Return the names that REST says."""
    answer = await read(server, token, f"/v1/conversations/{conversation_id}/messages")
    return [one["from"].get("name") for one in answer["messages"]]


async def test_two_people_at_one_microphone(installation: Installation, browser: Browser) -> None:
    """The speaker, a subscriber in another process, its live page and REST agree about who said what, under the same ids."""
    one, two, token, room = installation.one, installation.two, installation.token, uuid4().hex
    page = await sign_in(browser, two)
    async with connected(one, token, room) as client, connected(two, token, room, "/v1/subscribe/") as subscriber:
        conversation_id = await client.start("Anna", config=SEVERAL)
        await page.goto(f"{two.url}/watch/{room}/")
        await expect(page.locator("#status")).to_have_text("Watching")
        await talk(client, "a1", "b1", "a2", "b2")
        await client.wait(lambda _: names(client) == WANTED)
        await subscriber.wait(lambda _: names(subscriber) == WANTED)
        assert speakers(client) == speakers(subscriber)
        assert not client.of("warning")
        await expect(page.locator("#turns .who strong")).to_have_text(WANTED)
        root = f"/v1/conversations/{conversation_id}"
        assert await stored_names(two, token, conversation_id) == WANTED
        members = {member["name"]: member["id"] for member in (await read(two, token, f"{root}/members"))["members"]}
        assert set(members) == {"Anna", "Speaker 1", "Speaker 2"}
        assert [one["id"] for one in speakers(client).values()] == [members[name] for name in WANTED]
        status, _ = await asyncio.to_thread(two.send, "PUT", f"{root}/members/{members['Speaker 2']}", token, {"name": "Paul"})
        assert status == 200
        await client.wait(lambda _: names(client) == ["Speaker 1", "Paul", "Speaker 1", "Paul"])
        await client.stop()
    assert await stored_names(two, token, conversation_id) == ["Speaker 1", "Paul", "Speaker 1", "Paul"]
    figures = (await read(two, token, f"{root}/analytics"))["members"]
    assert {one["name"] for one in figures} >= {"Speaker 1", "Paul"}


async def test_a_crash_keeps_the_names(make_server: Callable[..., Server]) -> None:
    """After kill -9 the same people have the names that somebody gave them, and nobody else gets them."""
    server = make_server()
    token, room = await asyncio.to_thread(server.token), uuid4().hex
    async with connected(server, token, room) as client:
        conversation_id = await client.start("Anna", config=SEVERAL, noConnectionTimeout=600)
        await talk(client, "a1", "b1")
        await client.wait(lambda _: names(client) == WANTED[:2])
        root = f"/v1/conversations/{conversation_id}"
        member = next(iter(list(speakers(client).values())[1:]))["id"]
        assert (await asyncio.to_thread(server.send, "PUT", f"{root}/members/{member}", token, {"name": "Paul"}))[0] == 200
        server.kill()
        await client.wait_closed()
    await asyncio.to_thread(server.start)
    async with connected(server, token, room) as client:
        assert await client.start("Anna", config=SEVERAL, noConnectionTimeout=600) == conversation_id
        await talk(client, "b2", "a2")
        await client.wait(lambda _: len(speakers(client)) == 2)
        await client.stop()
    assert await stored_names(server, token, conversation_id) == ["Speaker 1", "Paul", "Paul", "Speaker 1"]


async def test_five_people_and_a_crash(make_server: Callable[..., Server]) -> None:
    """A server is killed while five people talk: each sentence is stored once, by the one who said it, before the crash and after it."""
    server = make_server()
    token, room = await asyncio.to_thread(server.token), uuid4().hex
    config = {"speakerDiarization": True}
    async with connected(server, token, room) as client:
        conversation_id = await client.start("Anna", config=config, noConnectionTimeout=600)
        talking = asyncio.create_task(talk(client, *FIVE))
        await client.wait(lambda _: len(speakers(client)) >= 6)
        server.kill()
        await client.wait_closed()
        await asyncio.gather(talking, return_exceptions=True)
    seen = set(speakers(client))
    await asyncio.to_thread(server.start)
    before = await read(server, token, f"/v1/conversations/{conversation_id}/messages")
    stored = [one["id"] for one in before["messages"]]
    assert seen <= set(stored)
    async with connected(server, token, room) as client:
        assert await client.start("Anna", config=config, noConnectionTimeout=600) == conversation_id
        await talk(client, *FIVE[len(stored) :])  # what is not stored, at once: it has times of before
        await client.wait(lambda _: len({*stored, *speakers(client)}) == len(FIVE))
        await client.stop()
    messages = (await read(server, token, f"/v1/conversations/{conversation_id}/messages"))["messages"]
    assert [one["id"] for one in messages][: len(stored)] == stored
    assert len(messages) == len(FIVE)
    said = [one["text"] for one in messages]
    assert said == [*islice(cycle(SENTENCES), len(stored)), *islice(cycle(SENTENCES), len(FIVE) - len(stored))]
    spoken_by = {n: one["from"]["name"] for n, one in enumerate(messages)}
    expected = {n: f"Speaker {n % 5 + 1}" for n in range(len(FIVE))}
    killed = len(stored) - 1  # the kill may come between this message and the correction of its speaker
    assert {n: name for n, name in spoken_by.items() if n != killed} == {n: name for n, name in expected.items() if n != killed}
    events = (await read(server, token, f"/v1/conversations/{conversation_id}/events?after=0&limit=500"))["events"]
    assert [event["number"] for event in events] == list(range(1, len(events) + 1))


async def test_two_people_at_one_telephone(make_server: Callable[..., Server]) -> None:
    """A call asks for it in the query of its webhook; mu-law at 8 kHz is enough to tell them apart."""
    server = make_server(RECOGNISER="moonshine")
    token = await asyncio.to_thread(server.token)
    address = f"/streams/conversation/telephone/incoming?access_token={token}&several=true&final=true"
    _, twiml = await asyncio.to_thread(server.get, address)
    parameters = {one.attrib["name"]: one.attrib["value"] for one in ElementTree.fromstring(twiml).iter("Parameter")}
    assert {**parameters, "access_token": ""} == {"access_token": "", "several": "true", "final": "true"}
    async with streaming(server, "", "conversation", "telephone/handler") as call:
        conversation_id = await talk_by_telephone(server, token, call, parameters)
        await call.send({"event": "stop", "streamSid": call.id, "stop": {"callSid": "CA1"}})
        assert await call.wait_closed() == 1000
    await eventually(lambda: read(server, token, f"/v1/conversations/{conversation_id}"), lambda answer: "endTime" in answer)
    names = await stored_names(server, token, conversation_id)
    assert (names[0], names[-1], len(set(names))) == ("Speaker 1", "Speaker 2", 2)


async def talk_by_telephone(server: Server, token: str, call: StreamClient, parameters: dict[str, str]) -> str:
    """Begin a call in which two people talk, wait until both are told apart, and return the id of the conversation."""
    await begin(call, **parameters)
    await say_by_telephone(call, "a1", "b1")
    talks = await eventually(lambda: read(server, token, "/v1/conversations"), lambda answer: bool(answer["conversations"]))
    conversation_id: str = talks["conversations"][0]["id"]
    await eventually(lambda: stored_names(server, token, conversation_id), lambda names: len(set(names)) == 2)
    return conversation_id


async def say_by_telephone(call: StreamClient, *names: str) -> None:
    """Send clips as mu-law at 8 kHz."""
    audio, _ = clips(*names)
    narrow = mulaw.encode(soxr.resample(np.frombuffer(audio, "<i2"), 16_000, mulaw.RATE))
    for at in range(0, len(narrow), 160):
        await speak(call, narrow[at : at + 160])


async def test_a_crash_in_a_telephone_call(make_server: Callable[..., Server]) -> None:
    """After kill -9 all that was stored is there with the names that it had, also one that somebody gave; the next call works."""
    server = make_server(RECOGNISER="moonshine")
    token = await asyncio.to_thread(server.token)
    parameters = {"access_token": token, "several": "true", "final": "true"}
    async with streaming(server, "", "conversation", "telephone/handler") as call:
        conversation_id = await talk_by_telephone(server, token, call, parameters)
        root = f"/v1/conversations/{conversation_id}"
        second = (await read(server, token, f"{root}/messages"))["messages"][-1]["from"]["id"]
        assert (await asyncio.to_thread(server.send, "PUT", f"{root}/members/{second}", token, {"name": "Paul"}))[0] == 200
        before = (await read(server, token, f"{root}/messages"))["messages"]
        server.kill()
        await call.wait_closed()
    await asyncio.to_thread(server.start)
    after = (await read(server, token, f"{root}/messages"))["messages"]
    assert after[: len(before)] == before
    assert {one["from"]["name"] for one in before} == {"Speaker 1", "Paul"}
    async with streaming(server, "", "conversation", "telephone/handler") as call:
        await begin(call, **parameters)
        await say_by_telephone(call, "a1")
        talks = await eventually(lambda: read(server, token, "/v1/conversations"), lambda answer: len(answer["conversations"]) == 2)
        assert conversation_id in {one["id"] for one in talks["conversations"]}


async def test_a_file_of_several_people(make_server: Callable[..., Server]) -> None:
    """Each message of an import has the speaker whose voice it is; there is no warning."""
    server = make_server(worker=True)
    token = await asyncio.to_thread(server.token)
    samples = np.frombuffer(sentences("a1", "b1", "a2", "b2"), "<i2").reshape(-1, 1)
    options = {"enableSpeakerDiarization": "true", "diarizationSpeakerCount": 2}
    job: dict[str, Any] = await asyncio.to_thread(upload, server, token, wav(samples), **options)
    assert "warnings" not in job
    await eventually(lambda: read(server, token, f"/v1/job/{job['jobId']}"), lambda answer: answer["status"] in ("completed", "failed"))
    assert await stored_names(server, token, job["conversationId"]) == WANTED
    members = await read(server, token, f"/v1/conversations/{job['conversationId']}/members")
    assert [member["name"] for member in members["members"]] == ["Speaker 1", "Speaker 2"]
