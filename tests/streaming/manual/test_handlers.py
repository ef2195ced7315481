"""Each handler of the manual's kind, over WebRTC and over a WebSocket, with somebody who really speaks."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.servers import Server
from tests.streaming.manual.conftest import said, webrtc

Call = Callable[..., Any]


def test_modules_that_name_their_model_serve_commands_as_well(manual: Server) -> None:
    """`stt_model = get_stt_model()` at the top of a file costs a management command nothing, and it ends as it should."""
    assert "no issues" in manual.manage("check")


def test_a_process_may_end_while_the_recogniser_is_loaded(manual: Server) -> None:
    """As when a file is saved while `runserver` starts: it used to abort amid the model's code."""
    code = "import threading; from streaming import recogniser; recogniser.begin_loading(); threading.Event().wait(0.3)"
    manual.manage("shell", "--no-imports", "-c", code)


async def test_reply_on_pause_gives_the_turn_back(call: Call) -> None:
    """The words come back as loud as they were said, and the client is told of the turn once for each step."""
    async with call("parrot") as guest:
        await guest.say(said("computer"))
        await guest.until(lambda: guest.of("log")[-1:] == ["response_starting"], "there was no reply")
        await guest.until(lambda: guest.loud_seconds > 1.2, "the reply was not heard")
        assert [text for text in guest.of("log") if "received" not in text] == ["started_talking", "pause_detected", "response_starting"]


async def test_a_startup_fn_speaks_first_and_inputs_come_before_each_reply(call: Call) -> None:
    """Without an answer to `send_input` the defaults hold; what was set is used by the next reply."""
    async with call("greeter") as guest:
        await guest.until(lambda: guest.of("send_input"), "no inputs were asked for")
        await guest.give(name="Jane", pitch=350)
        await guest.hears(350)
        await guest.until(lambda: {"greeted": "Jane"} in guest.outputs, "nobody was greeted")
        await guest.say(said("question"))
        await guest.until(lambda: len(guest.of("send_input")) == 2, "the reply did not ask")
        await guest.give(name="Joe", pitch=750)
        await guest.hears(750)
        await guest.until(lambda: {"name": "Joe", "pitch": 750} in guest.outputs, "the inputs were others")
        await guest.until(lambda: guest.of("fetch_output") == [[], []], "not each output was told")


async def test_a_handler_with_a_blocking_queue(call: Call) -> None:
    """It waits for its inputs in a thread, then gives back what it hears."""
    async with call("relay") as guest:
        await guest.until(lambda: guest.of("send_input"), "no key was asked for")
        await guest.give(key="sesame")
        await guest.until(lambda: "the key is sesame" in guest.of("log"), "the key did not arrive")
        await guest.say(said("computer"))
        await guest.until(lambda: guest.loud_seconds > 0.8, "nothing came back")


async def test_a_bridge_to_a_model_elsewhere(call: Call) -> None:
    """Its `start_up` runs beside the other methods; sound and transcript of the model arrive."""
    async with call("bridge") as guest:
        await guest.say(said("computer"))
        await guest.hears(500)
        await guest.until(lambda: guest.outputs, "there was no transcript")
        assert guest.outputs[0] == {"role": "user", "content": "int16 (320,) 3"}


async def test_a_generator_of_sound(call: Call) -> None:
    """Mode receive: it speaks without being spoken to."""
    async with call("narrator") as guest:
        await guest.hears(400)


async def test_stop_words(call: Call) -> None:
    """`stopword` comes, and the words behind it in the same breath are what the handler gets."""
    async with call("butler") as guest:
        await guest.say(said("question"))
        await guest.say(said("computer"))
        await guest.until(lambda: guest.of("stopword"), "the stop word was not heard")
        await guest.hears(800)
        await guest.until(lambda: guest.outputs, "what was asked was not told")
        asked = guest.outputs[0]["asked"].lower()
        assert "time is it" in asked
        assert "computer" not in asked
        await guest.until(lambda: guest.of("log").count("response_starting") == 1, "the reply was not told")


async def test_a_chat_that_hears_and_keeps_its_history(call: Call) -> None:
    """The page gives the chat back as input; the next turn goes on in it."""
    async with call("assistant") as guest:
        await guest.say(said("question"))
        await guest.until(lambda: guest.of("send_input"), "no chat was asked for")
        await guest.give(chatbot=[])
        await guest.until(lambda: len(guest.outputs) == 2, "there was no answer")
        first = guest.outputs[-1]
        assert "budget" in first[0]["content"]
        assert first[1] == {"role": "assistant", "content": "6 words"}
        await guest.hears(410)
        await guest.say(said("computer"))
        await guest.until(lambda: len(guest.of("send_input")) == 2, "no chat was asked for again")
        await guest.give(chatbot=first)
        await guest.until(lambda: len(guest.outputs) == 4, "there was no second answer")
        assert len(guest.outputs[-1]) == 4
        await guest.hears(430)


async def test_close_stream_after_its_sound(call: Call) -> None:
    """The last sound is heard, then `end_stream` says why, then it is over."""
    async with call("farewell") as guest:
        await guest.say(said("question"))
        await guest.hears(900)
        await guest.until(lambda: guest.of("end_stream") == ["that was all"], "nobody hung up")
        await guest.until(lambda: guest.outputs == ["goodbye"], "there was no output")


async def test_an_error_and_a_warning_are_told_and_the_session_goes_on(call: Call) -> None:
    """In both keys; the next turn is answered like the first."""
    async with call("strict") as guest:
        for turn in (1, 2):
            await guest.say(said("question"))
            await guest.until(lambda n=turn: len(guest.of("error")) == n, "there was no error")
        assert guest.of("warning") == ["this may cost money"] * 2
        assert guest.of("error") == ["the model has no credit left"] * 2
        assert all(message["data"] == message["message"] for message in guest.messages if message["type"] in ("error", "warning"))


async def test_the_context_tells_whose_session_it_is(call: Call) -> None:
    """In every method, and in threads that they start."""
    async with call("named") as guest:
        await guest.say(said("question"))
        await guest.until(lambda: len(guest.outputs) == 3, "not everybody knew")
        assert guest.outputs == [f"{where} {guest.id}" for where in ("start_up", "receive", "thread")]


async def test_a_model_and_options_of_ones_own(call: Call) -> None:
    """The model is asked with the options that were given, chunk by chunk; what it calls a turn is one."""
    async with call("by-loudness") as guest:
        await guest.say(said("question"))
        await guest.hears(650)
        await guest.until(lambda: guest.outputs, "the length was not told")
        assert 1.2 <= guest.outputs[0] <= 3.2


async def test_sound_and_pictures_together(manual: Server, token: str) -> None:
    """Pictures come back, sound comes, outputs are told."""
    async with webrtc(manual, token, "companion", "sendrecv", "sendrecv") as guest:
        await guest.hears(700)
        await guest.client.sees((200, 40, 40))
        await guest.until(lambda: guest.outputs[:1] == [{"sent": [96, 128, 3]}], "no picture was sent")


@pytest.mark.parametrize("stream", ["cinema", "plain-cinema"])
async def test_a_generator_of_pictures(manual: Server, token: str, stream: str) -> None:
    """It plays to its end; the last reading of a file, which has no picture, harms nothing."""
    async with webrtc(manual, token, stream, "", "recvonly") as guest:
        await guest.client.sees((240, 240, 240))
        assert guest.of("error") == []


async def test_pictures_with_skipped_frames(manual: Server, token: str) -> None:
    """A function of a picture and a threshold, called before anybody has set one."""
    async with webrtc(manual, token, "detector", "", "sendrecv") as guest:
        await guest.client.sees((200, 40, 40))
        await guest.until(lambda: guest.outputs[:1] == [0.3], "the threshold was not told")
