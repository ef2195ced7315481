"""Stop words: matched as whole words, sent early; the speech after them is kept."""

import asyncio
import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming import recogniser
from streaming.audio.pcm import Samples
from streaming.handlers.stop_words import ReplyOnStopWords, find_phrase, parts_of, plain, quietest_position
from streaming.handlers.stt import LONGEST_S, at_16_khz, get_stt_model
from streaming.sessions.handler_runner import StreamSession
from streaming.speech.engines.base import Word
from streaming.speech.engines.scripted import spread
from streaming.speech.turn_detector import Turn
from streaming.types.outputs import AdditionalOutputs
from tests.streaming.sessions.connections import Join, connection_of, handler_of, numbers, until

RATE = 16_000


class ScriptedRecogniser:
    """A recogniser that returns the texts of a test, with the words evenly spread over the audio."""

    def __init__(self) -> None:
        self.early: list[str] = []
        self.final: list[str] = []
        self.asked: list[tuple[bool, int]] = []

    def transcribe(self, pcm: Samples, voiced: Sequence[tuple[float, float]] = (), *, thorough: bool = True) -> tuple[Word, ...]:
        """Return the next text."""
        self.asked.append((thorough, len(pcm)))
        texts = self.final if thorough else self.early
        return spread(texts.pop(0) if texts else "", voiced[0][0], voiced[-1][1], 0.9)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> ScriptedRecogniser:
    """Replace the recogniser of the process."""
    made = ScriptedRecogniser()
    loaded: Future[Any] = Future()
    loaded.set_result(made)
    monkeypatch.setattr(recogniser, "begin_loading", lambda: loaded)
    return made


def length(audio: Any) -> Iterator[Any]:
    """Return the duration of the audio as an output."""
    yield AdditionalOutputs(round(audio[1].shape[1] / audio[0], 1))


def turn(seconds: float) -> Turn:
    """Return a turn of this much speech."""
    noise = np.random.default_rng(0).integers(-3000, 3000, int(seconds * RATE)).astype(np.int16)
    return Turn(noise, RATE, ((0.0, seconds),))


async def say(session: StreamSession, seconds: float) -> None:
    """Send speech and a pause, and wait until both were recognised."""
    handler = handler_of(session)
    handler.began()
    handler.ended(turn(seconds))
    await until(lambda: all(task.done() or "_search" not in str(task.get_coro()) for task in asyncio.all_tasks()))


async def interim(handler: Any, seconds: float) -> None:
    """Let this much of the open turn be recognised, and wait for the result."""
    handler.progress(turn(seconds))
    await until(lambda: handler._early_task is None or handler._early_task.done())


def words(*stop_words: str) -> ReplyOnStopWords:
    """Return a handler with these stop words."""
    return ReplyOnStopWords(length, stop_words=list(stop_words), input_sample_rate=RATE)


async def test_speech_after_the_stop_word_is_kept(join: Join, scripted: ScriptedRecogniser) -> None:
    """ "Computer, what time is it" is a stop word and a question: the reply gets the audio of the question."""
    scripted.final = ["Computer, what time is it?"]
    session = await join(words("computer"))
    await say(session, 5.0)
    await until(lambda: session.outputs.last == 1)
    assert numbers(session)[0] == pytest.approx(4.0, abs=0.3)
    assert connection_of(session).of("stopword") == [""]
    assert connection_of(session).of("log") == ["pause_detected", "response_starting"]


async def test_a_stop_word_late_in_a_long_turn(join: Join, scripted: ScriptedRecogniser) -> None:
    """A turn that others keep open is decoded in parts of at most 20 s, and the speech after the stop word is replied to."""
    scripted.final = ["nobody asked for this", "nor for that", "Computer, what time is it?"]
    session = await join(words("computer"))
    await interim(handler_of(session), 30.0)
    await say(session, 45.0)
    await until(lambda: session.outputs.last == 1)
    assert [thorough for thorough, _ in scripted.asked] == [True] * 3
    assert all(samples <= LONGEST_S * RATE for _, samples in scripted.asked)
    assert sum(samples for _, samples in scripted.asked) == 45 * RATE
    assert numbers(session)[0] == pytest.approx(0.8 * scripted.asked[-1][1] / RATE, abs=0.3)


def test_parts_without_speech_are_left_out() -> None:
    """Each part has the speech in it, with times from its own start."""
    long = Turn(turn(50.0).samples, RATE, ((1.0, 2.0), (45.0, 46.0)))
    (begin, first), (later, second) = parts_of(long, 20.0)
    assert begin == 0.0
    assert first.voiced == ((1.0, 2.0),)
    assert second.voiced == ((pytest.approx(45.0 - later), pytest.approx(46.0 - later)),)
    assert 35.0 < later < 40.0


async def test_a_stop_word_alone_applies_to_the_next_turn(join: Join, scripted: ScriptedRecogniser) -> None:
    """ "Computer." - "What time is it?": the next turn gets a reply as a whole, and is not searched."""
    scripted.final = ["Computer."]
    session = await join(words("computer"))
    await say(session, 0.6)
    assert connection_of(session).of("stopword") == [""]
    assert session.outputs.last == 0
    await say(session, 2.0)
    await until(lambda: numbers(session) == [2.0])
    assert len(scripted.asked) == 1


async def test_speech_without_a_stop_word(join: Join, scripted: ScriptedRecogniser) -> None:
    """Speech alone starts no reply and sends no log message."""
    scripted.final = ["Computers are fine.", "What time is it?"]
    session = await join(words("computer", "hello there"))
    await say(session, 2.0)
    await say(session, 2.0)
    assert len(scripted.asked) == 2
    assert connection_of(session).messages == []


async def test_each_reply_needs_its_own_stop_word(join: Join, scripted: ScriptedRecogniser) -> None:
    """After a reply the handler waits for the next stop word."""
    scripted.final = ["Computer one two.", "three four"]
    session = await join(words("computer"))
    await say(session, 3.0)
    await until(lambda: session.outputs.last == 1)
    await until(lambda: not handler_of(session).busy)
    await say(session, 3.0)
    assert session.outputs.last == 1


async def test_the_stop_word_is_sent_during_the_turn(join: Join, scripted: ScriptedRecogniser) -> None:
    """A stop word that a second interim result confirms is sent before the turn ends, and once."""
    scripted.early, scripted.final = ["Hello computer", "hello, computer! Go"], ["Hello computer, go on please."]
    session = await join(words("hello computer"))
    handler = handler_of(session)
    handler.began()
    await interim(handler, 1.0)
    assert connection_of(session).of("stopword") == []
    await interim(handler, 2.0)
    assert connection_of(session).of("stopword") == [""]
    await interim(handler, 3.0)
    handler.ended(turn(5.0))
    await until(lambda: session.outputs.last == 1)
    assert connection_of(session).of("stopword") == [""]
    assert [thorough for thorough, _ in scripted.asked] == [False, False, True]


async def test_a_word_of_one_interim_result_is_not_enough(join: Join, scripted: ScriptedRecogniser) -> None:
    """A word that was cut off ("short note" for "short notice") has no effect, also when the cut is recognised twice."""
    scripted.early, scripted.final = ["short note", "short note", "short notice", "short notice is"], ["Short notice is fine."]
    session = await join(words("short note"))
    handler = handler_of(session)
    handler.began()
    for seconds in (1.0, 1.1, 1.6, 2.6):
        await interim(handler, seconds)
    handler.ended(turn(3.0))
    await until(lambda: len(scripted.asked) == 5)
    await until(lambda: all(task.done() or "_read" not in str(task.get_coro()) for task in asyncio.all_tasks()))
    assert connection_of(session).messages == []
    assert session.outputs.last == 0


async def test_a_sent_stop_word_is_not_withdrawn(join: Join, scripted: ScriptedRecogniser) -> None:
    """A final result without the word does not withdraw the message."""
    scripted.early, scripted.final = ["computer"] * 2, ["commuter, what time is it?"]
    session = await join(words("computer"))
    handler = handler_of(session)
    handler.began()
    await interim(handler, 0.7)
    await interim(handler, 1.0)
    assert connection_of(session).of("stopword")
    handler.ended(turn(5.0))
    await until(lambda: session.outputs.last == 1)
    assert numbers(session)[0] == pytest.approx(4.0, abs=0.3)


async def test_a_stop_word_interrupts(join: Join, scripted: ScriptedRecogniser) -> None:
    """A stop word interrupts a reply; speech alone does not."""

    def long(audio: Any) -> Iterator[Any]:
        while True:
            yield 24_000, np.zeros(240_000, dtype=np.int16)

    session = await join(ReplyOnStopWords(long, ["stop", "computer"], input_sample_rate=RATE))
    scripted.final = ["computer sing a song", "what a song", "stop"]
    await say(session, 2.0)
    assert await session.runner.next_audio() is not None
    await say(session, 1.0)
    assert connection_of(session).cleared == 0
    await say(session, 0.5)
    assert connection_of(session).cleared == 1


async def test_a_recogniser_that_fails_is_reported_once(
    join: Join, scripted: ScriptedRecogniser, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The client gets an error at the first turn; no word of the exception is in the log."""

    def fail(*_: Any, **__: Any) -> tuple[Word, ...]:
        raise ValueError("my secret words")

    monkeypatch.setattr(scripted, "transcribe", fail)
    session = await join(words("computer"))
    await interim(handler_of(session), 1.0)
    await say(session, 1.0)
    await say(session, 1.0)
    assert connection_of(session).of("error") == ["stop words are not recognised: the recogniser of this server fails"]
    errors = [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
    assert errors == ["stop words are not recognised: ValueError"]


def test_no_stop_words() -> None:
    """A handler without stop words, which could never reply, is refused."""
    for none in ([], ["..."]):
        with pytest.raises(ValueError, match="stop_words"):
            ReplyOnStopWords(length, stop_words=none)


@pytest.mark.parametrize(
    ("said", "end"),
    [
        ("computer what time is it", 1),
        ("Hey, COMPUTER! Go.", 2),
        ("computers are machines", None),
        ("hello big computer", None),
        ("well, hello computer.", 3),
        ("", None),
    ],
)
def test_find_matches_whole_words(said: str, end: int | None) -> None:
    """Whole words match, whatever their capitals and punctuation."""
    phrases = [["computer"], ["hello", "computer"]] if "big" not in said else [["hello", "computer"]]
    assert find_phrase(said.split(), phrases) == end


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=12), st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3))
def test_find_returns_the_end_of_the_first_match(said: list[str], phrase: list[str]) -> None:
    """The result is None where the phrase is absent."""
    places = [n + len(phrase) for n in range(len(said) - len(phrase) + 1) if said[n : n + len(phrase)] == phrase]
    assert find_phrase(said, [phrase]) == (min(places) if places else None)


def test_plain_words() -> None:
    """Capitals and punctuation are removed; a word of punctuation only is dropped."""
    assert plain(["Hey,", "—", "DON'T", "stop!"]) == ["hey", "don't", "stop"]


def test_the_cut_is_at_a_pause() -> None:
    """An estimated word end moves to the pause beside it, and stays inside the audio."""
    samples = np.full(RATE, 5000, dtype=np.int16)
    samples[int(0.6 * RATE) : int(0.65 * RATE)] = 0
    assert 0.58 <= quietest_position(samples, RATE, 0.5) / RATE <= 0.65
    assert quietest_position(samples, RATE, 0.0) == 0
    assert quietest_position(samples, RATE, 9.0) <= RATE
    assert quietest_position(samples[:10], RATE, 0.5) <= 10


def test_speech_to_text(scripted: ScriptedRecogniser) -> None:
    """The recogniser of the installation has FastRTC's names, and takes any rate, int16 or float32."""
    model = get_stt_model("moonshine/tiny")
    scripted.transcribe = lambda pcm, voiced=(), thorough=True: spread("hello there", 0, len(pcm) / RATE, 0.9)  # type: ignore[method-assign,misc]
    assert model.stt((48_000, np.zeros((1, 48_000), dtype=np.int16))) == "hello there"
    assert model.stt((24_000, np.zeros(24_000, dtype=np.float32))) == "hello there"
    assert model.stt_for_chunks((16_000, np.zeros(16_000, dtype=np.int16)), [{"start": 0, "end": 10}, {"start": 20, "end": 90}]) == (
        "hello there hello there"
    )
    with pytest.raises(ValueError, match="moonshine/base"):
        get_stt_model("whisper/large")


def test_a_whole_recording_to_text(scripted: ScriptedRecogniser) -> None:
    """Audio longer than the limit of a model is recognised turn by turn."""
    from tests.streaming.speech.fakes import recording

    voice = np.concatenate((recording("beckett.wav"), np.zeros(RATE, np.float32))).astype(np.float32)
    lengths: list[int] = []

    def transcribe(pcm: Samples, voiced: Any = (), thorough: bool = True) -> tuple[Word, ...]:
        lengths.append(len(pcm))
        return spread("word", 0, 1, 0.9)

    scripted.transcribe = transcribe  # type: ignore[method-assign,assignment]
    text = get_stt_model().stt((RATE, np.concatenate((voice, voice, voice))))
    assert len(lengths) > 10
    assert text == " ".join(["word"] * len(lengths))


def test_any_rate_to_16_khz() -> None:
    """The duration of the output equals that of the input."""
    assert len(at_16_khz((48_000, np.zeros((1, 4800), dtype=np.int16)))) == pytest.approx(1600, abs=20)
