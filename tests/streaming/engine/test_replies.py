"""Taking turns: what is told when, interruption and protection, inputs, and what ends a reply."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest

from streaming.audio.rates import Pcm
from streaming.engine import replies as replies_module
from streaming.engine.handlers import AudioFrame
from streaming.engine.options import LONGEST_TURN_S, AlgoOptions, SileroVadOptions, watch_options
from streaming.engine.outputs import AdditionalOutputs
from streaming.engine.participant import Participant
from streaming.engine.replies import ReplyOnPause
from streaming.hearing import thread as thread_module
from streaming.hearing.watch import Turn
from tests.streaming.engine.lines import FRAME, RATE, Join, handler_of, handler_threads, line_of, numbers, until
from tests.streaming.hearing.test_watch import SILENCE, VOICE

SAID = Turn(np.arange(1600, dtype=np.int16), 16_000)
LONG: Pcm = np.zeros(10 * RATE, dtype=np.int16)


def respond(audio: Any) -> Iterator[Any]:
    """Say how much was said, then play something long."""
    yield AdditionalOutputs(audio[1].shape)
    yield RATE, LONG


def logs(participant: Participant) -> list[Any]:
    """Return the log messages so far."""
    return line_of(participant).of("log")


async def reply(participant: Participant, turn: Turn = SAID) -> None:
    """Let the user speak and pause."""
    handler_of(participant).began()
    handler_of(participant).ended(turn)
    await asyncio.sleep(0)


async def test_a_turn_and_its_reply(join: Join) -> None:
    """started_talking, pause_detected, response_starting: once each; the function gets (1, n) at its own rate."""

    def chatter(audio: Any) -> Iterator[Any]:
        yield AdditionalOutputs((audio[0], audio[1].shape, audio[1].dtype.name))
        for _ in range(5):
            yield RATE, FRAME

    participant = await join(ReplyOnPause(chatter))
    await reply(participant)
    for _ in range(5):
        assert await participant.sound() is not None
    assert numbers(participant) == [(16_000, (1, 1600), "int16")]
    assert logs(participant) == ["started_talking", "pause_detected", "response_starting"]


async def test_turn_after_turn(join: Join) -> None:
    """After a reply the next turn is taken."""

    async def count(audio: Any) -> AsyncIterator[Any]:
        yield AdditionalOutputs("heard")

    participant = await join(ReplyOnPause(count))
    for n in range(1, 4):
        await reply(participant)
        await until(lambda: participant.outputs.last == n)  # noqa: B023  # awaited right here
        await until(lambda: not handler_of(participant).busy)
    assert logs(participant).count("response_starting") == 3


async def test_real_speech(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recorded sentences, through pause detection, each get their reply; sound before the first word is in the turn."""
    monkeypatch.setattr(thread_module, "TICK_S", 0.0)

    def count(audio: Any) -> Iterator[Any]:
        yield AdditionalOutputs(audio[1].shape[1] / audio[0])

    participant = await join(ReplyOnPause(count, input_sample_rate=16_000), kind="webrtc")
    handler = handler_of(participant)
    await until(lambda: handler._ear._attends)
    for portion in np.concatenate((VOICE, SILENCE, SILENCE))[:185_600].reshape(-1, 3200):
        participant.hear(portion, 16_000)
        await until(lambda: handler._ear.watch._idle)
        await asyncio.sleep(0.002)
        await until(lambda: not handler.busy)  # faster than anybody speaks: the next word would interrupt the reply
    await until(lambda: participant.outputs.last == 6)
    assert all(0.8 < seconds < 2.5 for seconds in numbers(participant))


async def test_barge_in(join: Join) -> None:
    """The user begins to speak: sound is dropped here and at the client, and the generator is closed."""
    closed = threading.Event()

    def long(audio: Any) -> Iterator[Any]:
        try:
            while True:
                yield RATE, LONG
        finally:
            closed.set()

    participant = await join(ReplyOnPause(long))
    await reply(participant)
    assert await participant.sound() is not None
    handler_of(participant).began()
    assert line_of(participant).cleared == 1
    assert not participant.playing
    assert await asyncio.to_thread(closed.wait, 5)
    await reply(participant)
    assert await participant.sound() is not None


async def test_barge_in_while_the_reply_is_still_thought_about(join: Join) -> None:
    """A function that blocks does not hold up the next turn; what it finally gives is dropped."""
    gate = threading.Event()
    calls: list[int] = []

    def slow(audio: Any) -> Iterator[Any]:
        calls.append(1)
        number = len(calls)
        if number == 1:
            gate.wait(10)
        yield AdditionalOutputs(number)

    participant = await join(ReplyOnPause(slow))
    await reply(participant)
    await until(lambda: calls)
    await reply(participant)
    await until(lambda: participant.outputs.last == 1)
    gate.set()
    await until(lambda: not handler_threads() or len(handler_threads()) == 0)
    assert numbers(participant) == [2]


async def test_barge_in_during_playback(join: Join) -> None:
    """The function has long ended, and its sound still plays: that stops, too."""
    participant = await join(ReplyOnPause(respond))
    await reply(participant)
    assert await participant.sound() is not None
    await until(lambda: handler_of(participant)._reply is None)
    assert handler_of(participant).busy
    handler_of(participant).began()
    assert line_of(participant).cleared == 1


async def test_protected_until_its_last_sample_was_played(join: Join) -> None:
    """Without `can_interrupt` the user is not heard before the client has played everything."""
    participant = await join(ReplyOnPause(lambda audio: iter([(RATE, FRAME)]), can_interrupt=False, input_sample_rate=16_000))
    handler = handler_of(participant)
    fed: list[int] = []
    handler._ear.watch.feed = lambda samples: fed.append(len(samples))
    await reply(participant)
    sound = await participant.sound()
    assert sound is not None
    await until(lambda: handler._reply is None)
    participant.hear(SILENCE[:320], 16_000)
    assert fed == []
    participant.played(sound.seconds)
    participant.hear(SILENCE[:320], 16_000)
    assert fed == [320]
    assert line_of(participant).cleared == 0


async def test_an_error_ends_the_reply_and_not_the_session(join: Join) -> None:
    """The client is told, and the next turn is replied to."""

    def touchy(audio: Any) -> Iterator[Any]:
        if touchy.calls == 0:  # type: ignore[attr-defined]
            touchy.calls += 1  # type: ignore[attr-defined]
            raise ValueError("no idea")
        yield AdditionalOutputs("better")

    touchy.calls = 0  # type: ignore[attr-defined]
    participant = await join(ReplyOnPause(touchy))
    await reply(participant)
    await until(lambda: line_of(participant).of("error") == ["no idea"])
    await until(lambda: not handler_of(participant).busy)
    await reply(participant)
    await until(lambda: numbers(participant) == ["better"])


async def test_inputs_are_asked_for_before_each_reply(join: Join) -> None:
    """A function with parameters beside the sound gets the client's newest values."""

    def chat(audio: Any, history: list[str], name: str = "nobody") -> Iterator[Any]:
        yield AdditionalOutputs((history, name, audio[1].shape))

    participant = await join(ReplyOnPause(chat))
    for n in (1, 2):
        await reply(participant)
        await until(lambda: len(line_of(participant).of("send_input")) == n)  # noqa: B023  # awaited right here
        participant.set_input(["hello"] * n)
        await until(lambda: participant.outputs.last == n)  # noqa: B023  # awaited right here
    assert numbers(participant) == [(["hello"], "nobody", (1, 1600)), (["hello", "hello"], "nobody", (1, 1600))]


async def test_a_client_that_does_not_answer_is_not_waited_for_again(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may know nothing of inputs. It is asked all the same, and once it gives some it is waited for as before."""
    monkeypatch.setattr(replies_module, "FIRST_INPUTS_S", 0.02)

    def chat(audio: Any, name: str = "nobody") -> Iterator[Any]:
        yield AdditionalOutputs(name)

    participant = await join(ReplyOnPause(chat))
    await reply(participant)
    await until(lambda: numbers(participant) == ["nobody"] and not handler_of(participant).busy)
    monkeypatch.setattr(replies_module, "FIRST_INPUTS_S", 60)
    await reply(participant)
    await until(lambda: numbers(participant) == ["nobody"] * 2 and not handler_of(participant).busy)
    assert len(line_of(participant).of("send_input")) == 2
    participant.set_input("Jane")
    for n, name in ((3, "Jane"), (4, "Joe")):
        await reply(participant)
        if n == 4:
            await until(lambda: len(line_of(participant).of("send_input")) == 3)
            participant.set_input(name)
        await until(lambda: participant.outputs.last == n and not handler_of(participant).busy)  # noqa: B023  # awaited right here
    assert numbers(participant)[2:] == ["Jane", "Joe"]


async def test_inputs_that_do_not_come(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    """Old ones will do; without any the client gets an error, not a silent session."""
    monkeypatch.setattr(replies_module, "FIRST_INPUTS_S", 0.02)
    monkeypatch.setattr(replies_module, "NEW_INPUTS_S", 0.02)

    def chat(audio: Any, history: str) -> Iterator[Any]:
        yield AdditionalOutputs(history)

    participant = await join(ReplyOnPause(chat))
    await reply(participant)
    await until(lambda: line_of(participant).of("error"))
    assert "history" in line_of(participant).of("error")[0]
    participant.set_input("old")
    for n in (1, 2):
        await until(lambda: not handler_of(participant).busy)
        await reply(participant)
        await until(lambda: participant.outputs.last == n)  # noqa: B023  # awaited right here
    assert numbers(participant) == ["old", "old"]


async def test_needs_args_asks_though_nothing_is_taken(join: Join) -> None:
    """The client may want to know when a reply begins; the function of one parameter gets the sound alone."""
    participant = await join(ReplyOnPause(respond, needs_args=True))
    await reply(participant)
    await until(lambda: line_of(participant).of("send_input") == [[]])
    participant.set_input("unused")
    await until(lambda: numbers(participant) == [(1, 1600)])


async def test_a_greeting(join: Join) -> None:
    """`startup_fn` speaks first; it is no reply, so nothing is logged."""

    def greet() -> Iterator[Any]:
        yield AdditionalOutputs("welcome")

    participant = await join(ReplyOnPause(respond, startup_fn=greet))
    await until(lambda: numbers(participant) == ["welcome"])
    assert logs(participant) == []
    await reply(participant)
    await until(lambda: participant.outputs.last == 2)


async def test_a_greeting_with_inputs(join: Join) -> None:
    """It waits for them."""

    async def greet(name: str) -> AsyncIterator[Any]:
        yield AdditionalOutputs(f"welcome {name}")

    participant = await join(ReplyOnPause(respond, startup_fn=greet))
    await until(lambda: line_of(participant).of("send_input") == [[]])
    participant.set_input("Ann")
    await until(lambda: numbers(participant) == ["welcome Ann"])


async def test_triggered(join: Join) -> None:
    """A reply can be asked for without a pause, from any thread, even before anything was said."""
    participant = await join(ReplyOnPause(respond))
    await asyncio.to_thread(handler_of(participant).trigger_response)
    await until(lambda: numbers(participant) == [(1, 0)], 10)


async def test_each_session_has_its_own_state(join: Join) -> None:
    """A handler is a pattern: what one session hears is nobody else's business."""
    pattern = ReplyOnPause(respond)
    one, two = await join(pattern), await join(pattern)
    await reply(one)
    await until(lambda: one.outputs.last == 1)
    assert two.outputs.last == 0
    assert handler_of(one).args_set is not handler_of(two).args_set
    assert pattern._ear is None


async def test_closed_in_the_middle_of_a_reply(join: Join) -> None:
    """The generator's clean-up runs, and no thread stays."""
    closed = threading.Event()

    def long(audio: Any) -> Iterator[Any]:
        try:
            while True:
                yield RATE, LONG
        finally:
            closed.set()

    participant = await join(ReplyOnPause(long))
    await reply(participant)
    assert await participant.sound() is not None
    await participant.close("bye")
    assert await asyncio.to_thread(closed.wait, 5)
    await until(lambda: not handler_threads())


async def test_an_overridden_emit(join: Join) -> None:
    """A subclass may look at what is emitted; it is called in a thread, as in FastRTC."""
    seen: list[Any] = []

    class Watching(ReplyOnPause):
        def emit(self) -> Any:
            item = super().emit()
            seen.append(type(item).__name__)
            return item

    participant = await join(Watching(respond))
    await reply(participant)
    await until(lambda: participant.outputs.last == 1)
    handler_of(participant).began()
    await reply(participant)
    await until(lambda: participant.outputs.last == 2)
    assert "AdditionalOutputs" in seen
    async with asyncio.timeout(3):
        await participant.close("bye")


class Loud:
    """A model of one's own: loud is speech."""

    def __init__(self) -> None:
        self.options: list[Any] = []

    def vad(self, audio: Any, options: Any) -> tuple[float, list[Any]]:
        """Judge a chunk."""
        self.options.append(options)
        rate, samples = audio
        return (len(samples) / rate if np.abs(samples).max() > 1000 else 0.0), []

    def warmup(self) -> None:
        """Nothing to do."""


async def hear_chunks(participant: Participant, *levels: int) -> None:
    """Let 0.6 s of each loudness be heard."""
    for level in levels:
        for _ in range(30):
            participant.hear(np.full(320, level, dtype=np.int16), 16_000)
            await asyncio.sleep(0)


async def test_a_model_of_ones_own(join: Join) -> None:
    """Judged chunk by chunk, as in FastRTC: the turn holds the chunks from the first with speech to the first without."""
    model = Loud()
    options = object()
    participant = await join(ReplyOnPause(respond, model=model, model_options=options, input_sample_rate=16_000))
    await hear_chunks(participant, 0, 9000, 9000, 0)
    await until(lambda: numbers(participant) == [(1, 3 * 9600)])
    assert model.options[0] is options
    assert logs(participant)[:2] == ["started_talking", "pause_detected"]


async def test_a_decision_of_ones_own(join: Join) -> None:
    """`determine_pause` is asked with what came since the last decision."""

    class Counting(ReplyOnPause):
        def determine_pause(self, audio: Pcm, sampling_rate: int, state: Any) -> bool:
            if len(audio) < sampling_rate // 10:
                return False
            state.stream, state.buffer = audio, None
            return True

    participant = await join(Counting(respond, input_sample_rate=16_000))
    await hear_chunks(participant, 0)
    await until(lambda: participant.outputs.last >= 1)
    assert numbers(participant)[0] == (1, 1600)


def test_our_own_model_in_chunks() -> None:
    """The default model answers in FastRTC's form, for handlers that ask it themselves."""
    model = ReplyOnPause(respond).model
    model.warmup()
    seconds, chunks = model.vad((16_000, VOICE), SileroVadOptions())
    assert 4 < seconds < 9
    assert chunks[0]["start"] == pytest.approx(0.33 * 16_000, abs=1600)
    assert model.vad((16_000, SILENCE), None) == (0, [])


def test_options() -> None:
    """FastRTC's names, and what they mean here."""
    options = watch_options(AlgoOptions(), SileroVadOptions())
    assert (options.pause_ms, options.longest_s, options.onset) == (500, LONGEST_TURN_S, 0.5)
    options = watch_options(
        AlgoOptions(min_silence_ms=900, max_continuous_speech_s=8),
        SileroVadOptions(threshold=0.7, min_speech_duration_ms=250, speech_pad_ms=100),
    )
    assert (options.pause_ms, options.longest_s, options.onset) == (900, 8, 0.7)
    assert (options.least_speech_ms, options.pre_roll_ms) == (250, 100)


async def test_an_idle_session_costs_next_to_nothing(join: Join) -> None:
    """Nobody speaks: no task of the session wakes up, and no thread of it exists."""
    participant = await join(ReplyOnPause(respond))
    await asyncio.sleep(0.05)
    began = time.thread_time()
    await asyncio.sleep(0.5)
    assert time.thread_time() - began < 0.02
    assert not handler_threads()
    assert participant.outputs.last == 0


async def test_subclasses_that_receive(join: Join) -> None:
    """A subclass that overrides `receive` has it called in a thread, for it may block."""
    names: list[str] = []

    class Noting(ReplyOnPause):
        def receive(self, frame: AudioFrame) -> None:
            names.append(threading.current_thread().name)
            super().receive(frame)

    participant = await join(Noting(respond, input_sample_rate=16_000))
    participant.hear(SILENCE[:320], 16_000)
    await until(lambda: names == ["handler-receive"])
