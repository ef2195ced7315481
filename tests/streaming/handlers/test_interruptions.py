"""A user who speaks during a reply pauses it, and interrupts it unless it was a backchannel or a noise."""

import asyncio
import re
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest

from streaming import recogniser
from streaming.audio.pcm import Samples
from streaming.handlers import interruptions
from streaming.handlers.endpointing_options import AlgoOptions, InterruptionOptions
from streaming.handlers.interruptions import PADDING_S
from streaming.handlers.reply_on_pause import ReplyOnPause
from streaming.speech.engines.base import Word
from streaming.speech.engines.scripted import spread
from streaming.speech.turn_detector import Turn
from streaming.types.outputs import AdditionalOutputs
from tests.streaming.handlers.turns import logs, reply
from tests.streaming.sessions.connections import RATE, Join, connection_of, handler_of, numbers, until
from tests.streaming.speech.test_turn_detector import FIRST_SENTENCE, SILENCE, VOICE

AT_ONCE = InterruptionOptions(min_interruption_duration=0)


class ScriptedRecogniser:
    """A recogniser that returns the texts of a test: `early` during a turn, `final` at its end, also with silence around it.

    `gate` delays it.
    """

    ready = True
    languages = ("en-US",)

    def __init__(self) -> None:
        self.early: list[str] = []
        self.final: list[str] = []
        self.times = 0
        self.seconds: list[float] = []
        self.confidence = 0.9
        self.gate = threading.Event()
        self.gate.set()

    def transcribe(self, pcm: Samples, voiced: Sequence[tuple[float, float]] = (), *, thorough: bool = True) -> tuple[Word, ...]:
        """Return the next text."""
        assert self.gate.wait(60)
        self.seconds.append(len(pcm) / 16_000)
        texts = self.final if thorough else self.early
        text = texts[0] if texts else ""
        self.times += thorough
        if not thorough or self.times % (1 + len(PADDING_S)) == 0:  # all turns of these tests are short
            del texts[:1]
        return spread(text, 0.0, len(pcm) / 16_000, self.confidence)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> ScriptedRecogniser:
    """Replace the recogniser of the process."""
    made = ScriptedRecogniser()
    loaded: Future[Any] = Future()
    loaded.set_result(made)
    monkeypatch.setattr(recogniser, "_loading", loaded)
    return made


@pytest.fixture
def unloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no recogniser."""
    monkeypatch.setattr(recogniser, "_loading", None)


def said(seconds: float, first: int = 1) -> Turn:
    """Return a turn of speech; its samples are all `first`."""
    return Turn(np.full(int(seconds * 16_000), first, np.int16), 16_000, ((0.0, seconds + 0.1),))


def lengths(audio: Any) -> Iterator[Any]:
    """Return the seconds of the turn, then long audio."""
    yield AdditionalOutputs(round(audio[1].shape[1] / audio[0], 2))
    yield RATE, np.ones(10 * RATE, np.int16)


async def talking(session: Any, blocks: int = 100) -> None:
    """Start a reply, and play some blocks of 20 ms of it; one more is on its way."""
    await reply(session)
    await play(session, blocks)
    assert await session.runner.next_audio() is not None


async def play(session: Any, blocks: int) -> None:
    """Play some blocks of 20 ms."""
    for _ in range(blocks):
        frame = await session.runner.next_audio()
        session.runner.audio_output.played(frame.seconds)


def states(session: Any) -> list[str]:
    """Return the messages about pauses of the reply so far."""
    return [state for state in logs(session) if state in ("response_paused", "response_resumed")]


@pytest.mark.parametrize("words", ["Mm-hmm.", "Yes.", ""])
async def test_a_backchannel_or_a_noise_pauses_the_reply(join: Join, scripted: ScriptedRecogniser, words: str) -> None:
    """The reply pauses with the speech and continues where it stopped; the handler is not called for it."""
    session = await join(ReplyOnPause(lengths))
    await talking(session)
    scripted.final = [words]
    left_s = session.runner.left_s
    handler_of(session).began()
    assert states(session) == ["response_paused"]
    fading = await session.runner.next_audio()
    assert fading is not None
    handler_of(session).ended(said(0.3))
    await until(lambda: states(session) == ["response_paused", "response_resumed"])
    assert connection_of(session).cleared == 0
    assert session.runner.left_s == pytest.approx(left_s + fading.seconds)
    frame = await session.runner.next_audio()
    assert frame is not None
    assert frame.after_pause
    assert numbers(session) == [0.1]


async def test_a_possible_start_of_speech_holds_the_reply(join: Join, scripted: ScriptedRecogniser) -> None:
    """The reply is silent at once and without a message; it continues with the same audio if no speech follows."""
    session = await join(ReplyOnPause(lengths))
    await talking(session)
    left_s = session.runner.left_s
    handler_of(session).may_begin(True)
    fading = await session.runner.next_audio()
    following = asyncio.ensure_future(session.runner.next_audio())
    await asyncio.sleep(0)
    assert not following.done()
    handler_of(session).may_begin(False)
    frame = await following
    assert frame.after_pause
    assert session.runner.left_s == pytest.approx(left_s + fading.seconds)
    assert states(session) == []


async def test_speech_after_a_hold_pauses_the_reply(join: Join, scripted: ScriptedRecogniser) -> None:
    """The reply stays silent until the decision."""
    session = await join(ReplyOnPause(lengths))
    await talking(session)
    scripted.final = ["Yes."]
    handler_of(session).may_begin(True)
    handler_of(session).began()
    handler_of(session).may_begin(False)
    await session.runner.next_audio()
    following = asyncio.ensure_future(session.runner.next_audio())
    await asyncio.sleep(0)
    assert not following.done()
    handler_of(session).ended(said(0.3))
    assert (await following).after_pause
    assert states(session) == ["response_paused", "response_resumed"]


async def test_a_hold_ends_if_the_audio_of_the_user_stops(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends nothing more hears the rest of the reply."""
    monkeypatch.setattr(interruptions, "HOLD_S", 0.01)
    session = await join(ReplyOnPause(lengths))
    await talking(session)
    handler_of(session).may_begin(True)
    await session.runner.next_audio()
    assert (await session.runner.next_audio()).after_pause


async def test_noise_holds_a_reply_rarely(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a hold that no speech followed there is none for a while, each time longer; an interruption ends that."""
    monkeypatch.setattr(interruptions, "_now", lambda: now)
    now = 100.0
    session = await join(ReplyOnPause(lengths))
    await talking(session)
    handler, holds = handler_of(session), []
    for tenth in range(600):
        now = 100.0 + tenth / 10
        handler.may_begin(True)
        if session.runner.audio_output._paused is not None:
            holds.append(tenth / 10)
        handler.may_begin(False)
    assert holds == pytest.approx([0, 1, 3.1, 7.2, 15.3, 31.4, 47.5], abs=0.6)


async def test_noise_that_sounds_like_speech_pauses_a_reply_rarely(join: Join, scripted: ScriptedRecogniser) -> None:
    """From the second speech without words on, such speech is recognised while the reply goes on; words still interrupt."""
    session = await join(ReplyOnPause(lengths))
    await talking(session)
    handler = handler_of(session)
    for number in range(6):
        scripted.final = [""]
        handler.began()
        assert ("response_paused" in states(session)[2 * min(number, 2) :]) is (number < 2)
        handler.ended(said(0.3))
        await until(lambda: not scripted.final and len(states(session)) == 2 * min(number + 1, 2))  # noqa: B023  # awaited right here
        await until(lambda: not handler._interruptions._pausing)
    scripted.final = ["Stop."]
    handler.began()
    handler.ended(said(0.3))
    await until(lambda: connection_of(session).cleared == 1)


async def test_a_backchannel_does_not_count_as_noise(join: Join, scripted: ScriptedRecogniser) -> None:
    """However often a user says "yes", the reply pauses for it."""
    session = await join(ReplyOnPause(lengths))
    await talking(session)
    for number in range(1, 5):
        scripted.final = ["Yes."]
        handler_of(session).began()
        handler_of(session).ended(said(0.3))
        await until(lambda: states(session) == ["response_paused", "response_resumed"] * number)  # noqa: B023  # awaited right here


@pytest.mark.parametrize("options", [AT_ONCE, InterruptionOptions(resume_false_interruption=False)])
def test_a_reply_that_is_not_paused_is_not_held(options: InterruptionOptions) -> None:
    """Its handler does not ask for the possible starts of speech."""
    assert not options.holds
    assert InterruptionOptions().holds


async def test_words_interrupt(join: Join, scripted: ScriptedRecogniser) -> None:
    """A short word that is no backchannel ends the reply, at the end of the turn, and is answered."""
    heard: list[float] = []

    class Told(ReplyOnPause):
        def on_interruption(self, heard_s: float) -> None:
            heard.append(heard_s)

    session = await join(Told(lengths))
    await talking(session)
    scripted.final = ["Stop."]
    handler_of(session).began()
    handler_of(session).ended(said(0.3))
    await until(lambda: numbers(session) == [0.1, 0.3])
    assert connection_of(session).cleared == 1
    assert states(session) == ["response_paused"]
    assert heard == [pytest.approx(2.0)]


@pytest.mark.parametrize(("seconds", "interrupts"), [(0.3, False), (0.8, True)])
async def test_an_uncertain_short_word_does_not_interrupt(
    join: Join, scripted: ScriptedRecogniser, seconds: float, interrupts: bool
) -> None:
    """A hum is often recognised as some word, each time the same, but with little confidence."""
    session = await join(ReplyOnPause(lengths))
    await talking(session)
    scripted.final, scripted.confidence = ["Worse."], 0.6
    handler_of(session).began()
    handler_of(session).ended(said(seconds))
    await until(lambda: numbers(session) == [0.1, seconds] if interrupts else states(session)[1:] == ["response_resumed"])
    assert connection_of(session).cleared == int(interrupts)


async def test_words_interrupt_before_the_turn_ends(join: Join, scripted: ScriptedRecogniser) -> None:
    """The words of an open turn are looked at repeatedly; once they are clear the reply ends, and the whole turn is answered."""
    session = await join(ReplyOnPause(lengths, interruption_options=InterruptionOptions(min_interruption_duration=0.01)))
    handler = handler_of(session)
    handler._listener.peek = lambda take: handler.loop.call_soon(take, said(0.8))
    await talking(session)
    scripted.early = ["", "Yes", "Yes but wait"]
    handler.began()
    await until(lambda: connection_of(session).cleared == 1)
    assert scripted.early == []
    assert not handler.busy
    handler.ended(said(1.5))
    await until(lambda: numbers(session) == [0.1, 1.5])


async def test_a_long_sound_is_looked_at_in_part(join: Join, scripted: ScriptedRecogniser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Music that the VAD reports as speech costs no more with each look; its end is decided by its last words."""
    monkeypatch.setattr(interruptions, "LOOK_S", 0.01)
    session = await join(ReplyOnPause(lengths, interruption_options=InterruptionOptions(min_interruption_duration=0.01)))
    handler = handler_of(session)
    handler._listener.peek = lambda take: handler.loop.call_soon(take, said(30.0))
    await talking(session)
    handler.began()
    await until(lambda: len(scripted.seconds) >= 3)
    handler.ended(said(60.0))
    await until(lambda: states(session)[1:] == ["response_resumed"])
    assert set(scripted.seconds) == {interruptions.LOOKED_S}


@pytest.mark.usefixtures("unloaded")
@pytest.mark.parametrize(("seconds", "interrupts"), [(0.3, False), (0.7, True)])
async def test_without_a_recogniser(join: Join, seconds: float, interrupts: bool) -> None:
    """The duration of the speech decides."""
    session = await join(ReplyOnPause(lengths))
    await talking(session)
    handler_of(session).began()
    handler_of(session).ended(said(seconds))
    await until(lambda: numbers(session) == [0.1, seconds] if interrupts else states(session)[1:] == ["response_resumed"])
    assert connection_of(session).cleared == int(interrupts)


async def test_what_was_no_speech(join: Join) -> None:
    """A click, which the turn detector discards, resumes the reply."""
    session = await join(ReplyOnPause(lengths))
    await talking(session)
    handler_of(session).began()
    handler_of(session).dropped()
    assert states(session) == ["response_paused", "response_resumed"]


async def test_a_pause_is_bounded(join: Join, scripted: ScriptedRecogniser) -> None:
    """A reply continues after `false_interruption_timeout` without a decision; the words may still interrupt it."""
    session = await join(ReplyOnPause(lengths, interruption_options=InterruptionOptions(false_interruption_timeout=0.05)))
    await talking(session)
    scripted.gate.clear()
    scripted.final = ["Stop."]
    handler_of(session).began()
    handler_of(session).ended(said(0.3))
    await until(lambda: states(session) == ["response_paused", "response_resumed"])
    scripted.gate.set()
    await until(lambda: connection_of(session).cleared == 1)


async def test_without_resumption(join: Join, scripted: ScriptedRecogniser) -> None:
    """With `resume_false_interruption` false the reply continues until the decision."""
    session = await join(ReplyOnPause(lengths, interruption_options=InterruptionOptions(resume_false_interruption=False)))
    await talking(session)
    scripted.final = ["Yes.", "Stop."]
    for cleared in (0, 1):
        handler_of(session).began()
        assert states(session) == []
        handler_of(session).ended(said(0.3))
        await until(lambda: not scripted.final[1 - cleared :])  # noqa: B023  # awaited right here
        await until(lambda: connection_of(session).cleared == cleared)  # noqa: B023


async def test_a_pause_in_the_turn_of_the_user(join: Join, scripted: ScriptedRecogniser) -> None:
    """A user who goes on before much of the reply was heard gets one reply to all that was said, also the third time."""
    session = await join(ReplyOnPause(lengths))
    await talking(session, blocks=30)
    for blocks in (30, 0):
        scripted.final = ["and on Tuesday"]
        before = len(numbers(session))
        handler_of(session).began()
        handler_of(session).ended(said(1.0))
        await until(lambda: len(numbers(session)) == before + 1)  # noqa: B023  # awaited right here
        await play(session, blocks)
    assert numbers(session) == [0.1, 1.1, 2.1]


async def test_speech_again_while_the_words_are_recognised(join: Join, scripted: ScriptedRecogniser) -> None:
    """The reply continues when all speech was decided; what interrupts is answered."""
    session = await join(ReplyOnPause(lengths))
    handler = handler_of(session)
    await talking(session)
    scripted.gate.clear()
    scripted.final = ["Yes.", "Mm-hmm.", "Stop it.", "Mm-hmm."]
    for _ in range(2):
        handler.began()
        handler.ended(said(0.3))
    scripted.gate.set()
    await until(lambda: len(scripted.final) == 2)
    await until(lambda: states(session)[-1] == "response_resumed")
    assert states(session).count("response_resumed") == 1
    scripted.gate.clear()
    handler.began()
    handler.ended(said(0.4))
    handler.began()
    scripted.gate.set()
    await until(lambda: numbers(session) == [0.1, 0.4])
    assert session.runner.audio_output._paused is not None
    handler.ended(said(0.3))
    await until(lambda: states(session)[-1] == "response_resumed")
    assert numbers(session) == [0.1, 0.4]


async def test_a_triggered_reply_needs_no_decision(join: Join, scripted: ScriptedRecogniser) -> None:
    """`trigger_response` during a reply replies to the audio so far, whatever was said."""
    session = await join(ReplyOnPause(lengths))
    await talking(session)
    handler_of(session).began()
    await asyncio.to_thread(handler_of(session).trigger_response)
    await until(lambda: len(numbers(session)) == 2)
    assert not handler_of(session)._interruptions.open


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"min_interruption_duration": -1}, "min_interruption_duration must be at least 0, not -1"),
        ({"min_interruption_words": -2}, "min_interruption_words must be at least 0, not -2"),
        ({"join_turn_s": float("nan")}, "join_turn_s must be at least 0, not nan"),
        ({"false_interruption_timeout": 0}, "false_interruption_timeout must be above 0, or None, not 0"),
        ({"ignore_softer_db": 0}, "ignore_softer_db must be above 0, or None, not 0"),
        ({"backchannels": "yes"}, "backchannels must be a list of words or phrases, not a single text"),
    ],
)
def test_options_out_of_range(options: dict[str, Any], error: str) -> None:
    """A wrong value is refused with the name of the field."""
    with pytest.raises(ValueError, match=re.escape(error)):
        InterruptionOptions(**options)


@pytest.mark.usefixtures("unloaded")
@pytest.mark.parametrize("softer_db", [8.0, None])
async def test_people_in_the_background(join: Join, softer_db: float | None) -> None:
    """Others who talk behind the user's words do not pause the reply when they continue; the user does. Real speech and the real VAD."""
    options, algo_options = InterruptionOptions(ignore_softer_db=softer_db), AlgoOptions(min_silence_ms=1500)
    session = await join(ReplyOnPause(lengths, None, algo_options, interruption_options=options, input_sample_rate=16_000))
    detector = handler_of(session)._listener.detector

    def hear(*parts: Any) -> None:
        for block in np.concatenate(parts).reshape(-1, 320):
            session.runner.push_audio(block, 16_000)

    hear(FIRST_SENTENCE, VOICE[len(FIRST_SENTENCE) : 9 * 16_000] // 10, SILENCE, SILENCE)
    await until(lambda: len(numbers(session)) == 1)
    await until(lambda: detector.waiting_s == 0 and detector.calm)
    hear(FIRST_SENTENCE // 10, SILENCE, SILENCE)
    if softer_db is None:
        await until(lambda: "response_paused" in states(session))
        return
    await until(lambda: detector.waiting_s == 0 and detector.calm)
    await asyncio.sleep(0)
    assert states(session) == []
    hear(FIRST_SENTENCE)
    await until(lambda: "response_paused" in states(session))


async def test_interruptions_that_are_not_allowed(join: Join) -> None:
    """`allow_interruptions` false is the same as `can_interrupt` false."""
    session = await join(ReplyOnPause(lengths, interruption_options=InterruptionOptions(allow_interruptions=False)))
    await talking(session)
    handler_of(session).began()
    handler_of(session).ended(said(2.0))
    assert states(session) == []
    assert connection_of(session).cleared == 0
