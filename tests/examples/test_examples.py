"""Every program of examples/ with a real client: all are streams of one server, with the real recogniser and an installed voice."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, BinaryIO

import httpx
import numpy as np
import pytest

from examples import captions, object_counting, push_to_talk, translation, voice_agent
from streaming import ReplyOnPause
from streaming.audio.rates import Converter
from streaming.tts.base import SpeechOptions
from streaming.tts.programs import FLITE
from tests.http_server import Received, Receiver, answer, http_server
from tests.servers import ROOT, Server, copied
from tests.streaming.transports.rtc import RATE, Caller, to, until
from tests.streaming.transports.stream_client import StreamClient, streaming

EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.py"))
VOICE = FLITE.find(Path())
HZ = 16_000
CHUNKS = ["Good ", "evening. I am ", "a model."]

pytestmark = pytest.mark.skipif(VOICE is None, reason="needs the voice flite (make test installs it where it may)")


def respond(request: Received, out: BinaryIO) -> None:
    """Answer as a language model with an OpenAI-compatible API."""
    asked = json.loads(request.body)
    if asked.get("stream"):
        events = [{"choices": [{"delta": {"content": chunk}}]} for chunk in CHUNKS] + [{"choices": []}]
        body = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
        answer(200, body.encode(), Content_Type="text/event-stream")(request, out)
    else:
        body = json.dumps({"choices": [{"message": {"content": "Wo ist der Bahnhof?"}}]})
        answer(200, body.encode(), Content_Type="application/json")(request, out)


@pytest.fixture(scope="module")
def model() -> Iterator[Receiver]:
    """A stand-in for a language model, and the requests that it got."""
    with http_server(respond) as receiver:
        yield receiver


@pytest.fixture(scope="module")
def server(migrated_data: Path, tmp_path_factory: pytest.TempPathFactory, model: Receiver) -> Iterator[Server]:
    """A server with all examples; the agent and the interpreter exist twice, with rules and with a language model."""
    folder = tmp_path_factory.mktemp("examples")
    (folder / "shown").mkdir()
    imports = "".join(f"from examples.{name} import stream as {name}\n" for name in EXAMPLES)
    second = """
import importlib.util, os
from pathlib import Path
from streaming import Stream
os.environ["MODEL_URL"] = os.environ["LATER_MODEL_URL"]
def _again(name):
    spec = importlib.util.spec_from_file_location(f"second_{name}", Path(os.environ["EXAMPLES"]) / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.stream
second_voice_agent, second_translation = _again("voice_agent"), _again("translation")
"""
    (folder / "shown" / "streams.py").write_text(imports + second)
    environment = {
        "APPS": "shown",
        "PYTHONPATH": str(folder),
        "RECOGNISER": "moonshine",
        "EXAMPLES": str(ROOT / "examples"),
        "MODEL_URL": "",
        "LATER_MODEL_URL": f"http://127.0.0.1:{model.port}/v1/",
    }
    server = Server(copied(migrated_data, folder / "data"), environment).start()
    yield server
    server.kill()


def spoken(text: str) -> np.ndarray:
    """Return a text in the voice of the tests, as int16 at 16 kHz."""
    assert VOICE is not None
    rate, samples = VOICE.synthesise(text, SpeechOptions())
    return Converter(HZ).push((samples * 32767).astype(np.int16), rate)


class Talk:
    """One session over a WebSocket, and its outputs."""

    def __init__(self, client: StreamClient, reader: httpx.AsyncClient, server: Server, name: str) -> None:
        self._client, self._http, self._url = client, reader, f"{server.url}/streams/{name}"
        self.outputs: list[Any] = []

    async def say(self, text: str, silence_s: float = 1.2) -> None:
        """Speak, twice as fast as in real time, and then be silent."""
        samples = np.concatenate((np.zeros(HZ // 4, np.int16), spoken(text), np.zeros(int(silence_s * HZ), np.int16)))
        for at in range(0, len(samples), 320):
            await self._client.send(samples[at : at + 320].astype("<i2").tobytes())
            await asyncio.sleep(0.01)

    async def output(self, found: Callable[[Any], Any]) -> Any:
        """Return the first output that matches."""
        async with self._http.stream("GET", f"{self._url}/outputs", params={"webrtc_id": self._client.id}) as response:
            async for line in response.aiter_lines():
                if line.startswith("data: "):
                    self.outputs.append(json.loads(line.removeprefix("data: ")))
                    if found(self.outputs[-1]):
                        return self.outputs[-1]
        raise AssertionError(self.outputs)

    async def set(self, **values: Any) -> None:
        """Set inputs."""
        response = await self._http.post(f"{self._url}/input_hook", json={"webrtc_id": self._client.id, **values})
        assert response.status_code == 200, response.text

    async def hear(self, seconds: float) -> None:
        """Wait for so much audio, which is audible."""
        sound = await self._client.wait_audio(int(seconds * HZ) * 2)
        assert np.abs(np.frombuffer(sound, dtype="<i2").astype(np.int32)).max() > 1_000


@asynccontextmanager
async def talking(server: Server, name: str) -> AsyncIterator[Talk]:
    """Open a session of an example."""
    token, stream = server.token(), name.replace("_", "-")
    headers = {"x-api-key": token}
    async with asyncio.timeout(240), streaming(server, token, stream) as client, httpx.AsyncClient(headers=headers, timeout=120) as http:
        await client.start(format="pcm16", sample_rate=HZ)
        yield Talk(client, http, server, stream)
        assert [one for one in client.messages if one.get("type") == "error"] == []


async def test_the_agent_answers_by_rules(server: Server) -> None:
    """It tells the time; the outputs have the chat."""
    async with talking(server, "voice_agent") as talk:
        await talk.say("What time is it?")
        chat = await talk.output(lambda chat: chat[-1]["role"] == "assistant")
        assert "time" in chat[0]["content"].lower()
        assert chat[1]["content"].startswith("It is ")
        await talk.hear(0.5)  # "It is 08:00." is shorter than a second


async def test_the_agent_answers_by_a_model(server: Server, model: Receiver) -> None:
    """The model gets the chat; its words are spoken sentence by sentence while they come."""
    async with talking(server, "second_voice_agent") as talk:
        await talk.say("Hello, who are you?")
        chat = await talk.output(lambda chat: chat[-1]["role"] == "assistant")
        assert chat[-1]["content"] == "Good evening. I am a model."
        await talk.hear(1.0)
    asked = [json.loads(request.body) for request in model.requests if json.loads(request.body).get("stream")]
    assert asked[-1]["messages"][0]["role"] == "system"
    assert asked[-1]["messages"][1] == chat[0]


@pytest.mark.parametrize("name", ["translation", "second_translation"])
async def test_the_interpreter(server: Server, name: str) -> None:
    """A sentence is said in the language of the input, by the phrase book or the model."""
    async with talking(server, name) as talk:
        await talk.set(language="German")
        await talk.say("Where is the station?")
        assert (await talk.output(lambda one: "de" in one))["de"] == "Wo ist der Bahnhof?"
        await talk.hear(0.5)


async def test_the_telephone_line(server: Server) -> None:
    """It greets, answers a question, and hangs up after a goodbye."""
    async with talking(server, "telephone") as talk:
        await talk.hear(3.0)
        await asyncio.sleep(4.0)  # the greeting is played; speech would interrupt it
        await talk.say("What are your opening hours?")
        assert "nine to six" in (await talk.output(lambda one: "hour" in one["caller"]))["answer"]
        await talk.say("Thank you. Goodbye.")
        assert await talk._client.wait_closed() == 1000
        ends = [one["data"] for one in talk._client.messages if one.get("type") == "end_stream"]
        assert ends == ["the caller said goodbye"]


async def test_audio_counts_until_shortly_after_the_release(monkeypatch: pytest.MonkeyPatch) -> None:
    """Audio is in buffers when the button is released; the reply begins once it has come."""
    heard: list[Any] = []
    replies: list[int] = []
    monkeypatch.setattr(ReplyOnPause, "receive", lambda _, frame: heard.append(frame))
    monkeypatch.setattr(ReplyOnPause, "trigger_response", lambda _: replies.append(len(heard)))
    monkeypatch.setattr(push_to_talk, "TAIL_S", 0.05)
    monkeypatch.setattr(push_to_talk.PushToTalk, "loop", asyncio.get_running_loop())
    talker = push_to_talk.handler.copy()
    talker.receive("too early")
    talker.set_args([None, True])
    talker.receive("down")
    talker.set_args([None, False])
    talker.receive("from the buffers")
    assert replies == []
    await asyncio.sleep(0.3)
    talker.receive("too late")
    assert (heard, replies) == (["down", "from the buffers"], [2])


async def test_push_to_talk(server: Server) -> None:
    """Only what is said while the button is down is heard; the reply comes without a pause."""
    async with talking(server, "push_to_talk") as talk:
        await talk.say("Nobody hears this.", 0.1)
        await talk.set(talking=True)
        await talk.say("This is the report.", 0.1)
        await talk.set(talking=False)
        said = (await talk.output(lambda one: "said" in one))["said"].lower()
        assert "report" in said
        assert "nobody" not in said
        await talk.hear(0.5)


async def called(server: Server, name: str, video: str = "sendrecv", audio: str = "") -> tuple[Caller, Any]:
    """Open a call with a camera; return it with what must be closed."""
    posts = to(server, server.token(), f"/streams/{name}/webrtc/offer")
    return await Caller(await posts.__aenter__(), audio, video, microphone=0.0).call(), posts


async def test_objects_are_counted(server: Server) -> None:
    """A plain picture has no object; the frames come back."""
    caller, posts = await called(server, "object-counting")
    async with httpx.AsyncClient(headers={"x-api-key": server.token()}, timeout=120) as http:
        try:
            await caller.message("fetch_output")
            await caller.wait_for_colour(caller.camera.colour)
            async with http.stream("GET", f"{server.url}/streams/object-counting/outputs", params={"webrtc_id": caller.id}) as response:
                async for line in response.aiter_lines():
                    if line.startswith("data: "):
                        assert json.loads(line.removeprefix("data: ")) == {"objects": 0}
                        break
                else:
                    pytest.fail("the session ended without an output")
        finally:
            await caller.close()
            await posts.__aexit__(None, None, None)


async def test_slides_are_reported(server: Server) -> None:
    """A screen of another colour is a new slide."""
    caller, posts = await called(server, "screen-share")
    async with httpx.AsyncClient(headers={"x-api-key": server.token()}, timeout=120) as http:
        try:
            await caller.wait_for_colour(caller.camera.colour)
            caller.camera.colour = (20, 200, 220)
            await caller.wait_for_colour((20, 200, 220))
            async with http.stream("GET", f"{server.url}/streams/screen-share/outputs", params={"webrtc_id": caller.id}) as response:
                async for line in response.aiter_lines():
                    if line.startswith("data: ") and json.loads(line.removeprefix("data: "))["slide"] >= 2:
                        break
                else:
                    pytest.fail("the session ended without a second slide")
        finally:
            await caller.close()
            await posts.__aexit__(None, None, None)


async def test_captions_are_written_into_the_video(server: Server) -> None:
    """The lower edge of the frames becomes darker, with white letters, while somebody speaks."""
    caller, posts = await called(server, "captions", audio="sendrecv")
    try:
        await caller.wait_for_colour(caller.camera.colour)
        before = caller.pictures[-1][-8:].astype(int).mean()
        await caller.microphone.say(Converter(RATE).push(spoken("This is the quarterly report of the committee."), HZ))
        await until(lambda: caller.pictures[-1][-3:].astype(int).mean() < 0.6 * before, "no caption was seen")
    finally:
        await caller.close()
        await posts.__aexit__(None, None, None)


def test_every_example_is_tested() -> None:
    """A new file needs a test here."""
    tested = {"voice_agent", "translation", "telephone", "push_to_talk", "object_counting", "screen_share", "captions"}
    assert set(EXAMPLES) == tested


def test_objects_of_a_picture() -> None:
    """Three coins are three objects, with a line around each; with more contrast than they have there are none."""
    picture = np.full((120, 160, 3), 60, np.uint8)
    for top, left in ((16, 16), (48, 96), (88, 40)):
        picture[top : top + 16, left : left + 16] = 200
    marked, outputs = object_counting.count(picture)
    assert outputs.args == ({"objects": 3},)
    assert (marked == object_counting.GREEN).all(axis=2).any()
    assert object_counting.count(picture, contrast=150)[1].args == ({"objects": 0},)


def test_text_in_a_picture() -> None:
    """The last two lines of a text are written in white at the lower edge, on a darker ground."""
    picture = np.full((120, 160, 3), 100, np.uint8)
    written = captions.write(picture, "One line. " * 12)
    assert (written[:100] == 100).all()
    assert (written[106:] <= 25).any()
    assert 50 < (written == 255).all(axis=2).sum() < 1_000
    assert captions.write(picture, "") is picture
    assert captions.letter("A").tolist()[2] == [True, True, True, False]


def test_words_of_a_model_become_sentences() -> None:
    """Each sentence is there as soon as it is complete."""
    assert list(voice_agent.sentences(["Good mor", "ning. How", " are you? I", " am"])) == ["Good morning.", "How are you?", "I am"]
    assert list(voice_agent.sentences(["", " "])) == []


def test_the_phrase_book() -> None:
    """Phrases are found in the words; other words stay as they are."""
    assert translation.by_phrases("Good morning! Where is the station?", "fr") == "Bonjour. Où est la gare ?"
    assert translation.by_phrases("Nothing of it.", "fr") == "Nothing of it."
