"""Each handler of the manual's kind, over WebRTC and over a WebSocket, with recorded speech."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.servers import Server
from tests.streaming.manual.conftest import recording, webrtc

Call = Callable[..., Any]


def test_modules_with_a_model_also_load_in_commands(manual: Server) -> None:
    """`stt_model = get_stt_model()` at module level costs a management command no load, and the command ends normally."""
    assert "no issues" in manual.manage("check")


def test_a_process_may_end_while_the_recogniser_is_loaded(manual: Server) -> None:
    """A process that is stopped during the load, as by the autoreload of `runserver`, ends without an abort in the model's code."""
    code = "import threading; from streaming import recogniser; recogniser.begin_loading(); threading.Event().wait(0.3)"
    manual.manage("shell", "--no-imports", "-c", code)


async def test_reply_on_pause_returns_the_turn(call: Call) -> None:
    """The audio comes back at its loudness, and the client gets each log message of the turn once."""
    async with call("parrot") as client:
        await client.say(recording("computer"))
        await client.until(lambda: client.of("log")[-1:] == ["response_starting"], "there was no reply")
        await client.until(lambda: client.loud_seconds > 1.2, "the reply was not heard")
        assert [text for text in client.of("log") if "received" not in text] == ["started_talking", "pause_detected", "response_starting"]


async def test_a_startup_fn_runs_first_and_each_reply_requests_inputs(call: Call) -> None:
    """Without an answer to `send_input` the defaults apply; later inputs apply to the next reply."""
    async with call("greeter") as client:
        await client.until(lambda: client.of("send_input"), "no inputs were asked for")
        await client.post_inputs(name="Jane", pitch=350)
        await client.receives_tone(350)
        await client.until(lambda: {"greeted": "Jane"} in client.outputs, "nobody was greeted")
        await client.say(recording("question"))
        await client.until(lambda: len(client.of("send_input")) == 2, "the reply did not ask")
        await client.post_inputs(name="Joe", pitch=750)
        await client.receives_tone(750)
        await client.until(lambda: {"name": "Joe", "pitch": 750} in client.outputs, "the inputs were others")
        await client.until(lambda: client.of("fetch_output") == [[], []], "not each output was told")


async def test_a_handler_with_a_blocking_queue(call: Call) -> None:
    """It waits for its inputs in a thread, then returns the received audio."""
    async with call("relay") as client:
        await client.until(lambda: client.of("send_input"), "no key was asked for")
        await client.post_inputs(key="sesame")
        await client.until(lambda: "the key is sesame" in client.of("log"), "the key did not arrive")
        await client.say(recording("computer"))
        await client.until(lambda: client.loud_seconds > 0.8, "nothing came back")


async def test_a_bridge_to_a_remote_model(call: Call) -> None:
    """Its `start_up` runs beside the other methods; audio and transcript of the model arrive."""
    async with call("bridge") as client:
        await client.say(recording("computer"))
        await client.receives_tone(500)
        await client.until(lambda: client.outputs, "there was no transcript")
        assert client.outputs[0] == {"role": "user", "content": "int16 (320,) 3"}


async def test_a_generator_of_audio(call: Call) -> None:
    """In mode receive the generator starts without audio of the client."""
    async with call("narrator") as client:
        await client.receives_tone(400)


async def test_stop_words(call: Call) -> None:
    """`stopword` arrives, and the handler gets the words after it in the same turn."""
    async with call("butler") as client:
        await client.say(recording("question"))
        await client.say(recording("computer"))
        await client.until(lambda: client.of("stopword"), "the stop word was not heard")
        await client.receives_tone(800)
        await client.until(lambda: client.outputs, "what was asked was not told")
        asked = client.outputs[0]["asked"].lower()
        assert "time is it" in asked
        assert "computer" not in asked
        await client.until(lambda: client.of("log").count("response_starting") == 1, "the reply was not told")


async def test_a_chat_that_keeps_its_history(call: Call) -> None:
    """The page returns the chat as input; the next turn continues it."""
    async with call("assistant") as client:
        await client.say(recording("question"))
        await client.until(lambda: client.of("send_input"), "no chat was asked for")
        await client.post_inputs(chatbot=[])
        await client.until(lambda: len(client.outputs) == 2, "there was no answer")
        first = client.outputs[-1]
        assert "budget" in first[0]["content"]
        assert first[1] == {"role": "assistant", "content": "6 words"}
        await client.receives_tone(410)
        await client.say(recording("computer"))
        await client.until(lambda: len(client.of("send_input")) == 2, "no chat was asked for again")
        await client.post_inputs(chatbot=first)
        await client.until(lambda: len(client.outputs) == 4, "there was no second answer")
        assert len(client.outputs[-1]) == 4
        await client.receives_tone(430)


async def test_close_stream_after_its_audio(call: Call) -> None:
    """The last audio is played, then `end_stream` has the reason, then the session ends."""
    async with call("farewell") as client:
        await client.say(recording("question"))
        await client.receives_tone(900)
        await client.until(lambda: client.of("end_stream") == ["that was all"], "nobody hung up")
        await client.until(lambda: client.outputs == ["goodbye"], "there was no output")


async def test_an_error_and_a_warning_do_not_end_the_session(call: Call) -> None:
    """The messages have both keys; the next turn gets a reply like the first."""
    async with call("strict") as client:
        for turn in (1, 2):
            await client.say(recording("question"))
            await client.until(lambda n=turn: len(client.of("error")) == n, "there was no error")
        assert client.of("warning") == ["this may cost money"] * 2
        assert client.of("error") == ["the model has no credit left"] * 2
        assert all(message["data"] == message["message"] for message in client.messages if message["type"] in ("error", "warning"))


async def test_the_context_has_the_id_of_the_session(call: Call) -> None:
    """Every method has the id, and so have the threads that it starts."""
    async with call("named") as client:
        await client.say(recording("question"))
        await client.until(lambda: len(client.outputs) == 3, "not everybody knew")
        assert client.outputs == [f"{where} {client.id}" for where in ("start_up", "receive", "thread")]


async def test_an_own_model_and_options(call: Call) -> None:
    """The model gets the options, chunk by chunk, and decides the turns."""
    async with call("by-loudness") as client:
        await client.say(recording("question"))
        await client.receives_tone(650)
        await client.until(lambda: client.outputs, "the length was not told")
        assert 1.2 <= client.outputs[0] <= 3.2


async def test_audio_and_video_together(manual: Server, token: str) -> None:
    """Video frames, audio and outputs arrive."""
    async with webrtc(manual, token, "companion", "sendrecv", "sendrecv") as client:
        await client.receives_tone(700)
        await client.transport_client.wait_for_colour((200, 40, 40))
        await client.until(lambda: client.outputs[:1] == [{"sent": [96, 128, 3]}], "no picture was sent")


@pytest.mark.parametrize("stream", ["cinema", "plain-cinema"])
async def test_a_generator_of_video_frames(manual: Server, token: str, stream: str) -> None:
    """It plays to its end; the last read of a file, which has no frame, is ignored."""
    async with webrtc(manual, token, stream, "", "recvonly") as client:
        await client.transport_client.wait_for_colour((240, 240, 240))
        assert client.of("error") == []


async def test_video_with_skipped_frames(manual: Server, token: str) -> None:
    """A function of a video frame and a threshold is called before any input."""
    async with webrtc(manual, token, "detector", "", "sendrecv") as client:
        await client.transport_client.wait_for_colour((200, 40, 40))
        await client.until(lambda: client.outputs[:1] == [0.3], "the threshold was not told")
