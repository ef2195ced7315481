"""The embedded recogniser with its real model and recorded voices."""

import itertools
import math
import re
import threading
import wave
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jiwer
import numpy as np
import pytest

from streaming.audio.codecs import open_decoder
from streaming.audio.pcm import Samples
from streaming.speech import audio_source, vad_worker
from streaming.speech.engines import make, moonshine, moonshine_networks
from streaming.speech.engines.base import EngineOptions, Recogniser, RecogniserError, RecognitionOptions
from streaming.speech.engines.moonshine import (
    BASE_FILES,
    Moonshine,
    MoonshineRecogniser,
    large_model,
    small_model,
)
from streaming.speech.engines.moonshine_graphs import TINY
from streaming.speech.engines.moonshine_networks import END, START, Step, _BuiltDecode, has_vnni
from streaming.speech.recognition import TurnRecognition
from streaming.speech.turn_detector import split_turns
from tests.bench.published_model import published_model, published_networks
from tests.streaming.speech.fakes import Notes, chunks, decoding, linear16, recording

BECKETT = "ever tried ever failed no matter try again fail again fail better"
TWO_CITIES = (
    "it was the best of times it was the worst of times it was the age of wisdom it was the age of foolishness it was the epoch of "
    "belief it was the epoch of incredulity it was the season of light it was the season of darkness it was the spring of hope it was "
    "the winter of despair we had everything before us we had nothing before us we were all going direct to heaven we were all going "
    "direct the other way in short the period was so far like the present period that some of its noisiest authorities insisted on its "
    "being received for good or for evil in the superlative degree of comparison only"
)
RATE = 16_000
SPEECH = Path(__file__).parents[2] / "speech"


@pytest.fixture(scope="module")
def model() -> Moonshine:
    """The small model."""
    return small_model()


@pytest.fixture(scope="module")
def recogniser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recogniser]:
    """The recogniser with the small model only, without waits between ticks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vad_worker, "TICK_S", 0.0)
        patch.setattr(audio_source, "STALL_S", 3600.0)  # `recognise` may wait long for a decode on a busy machine
        recogniser = make("moonshine", threads=2, models_dir=tmp_path_factory.mktemp("models"))
        recogniser.load()
        yield recogniser
        recogniser.close()


@pytest.fixture(scope="module", params=[True, False], ids=["signed weights", "weights without a sign"])
def built(request: pytest.FixtureRequest) -> Moonshine:
    """The small model as on a processor with VNNI and on one without it."""
    if request.param and not has_vnni():
        pytest.skip("without VNNI signed weights are multiplied less accurately")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moonshine_networks, "has_vnni", lambda: request.param)
        return small_model()


def plain(text: str) -> str:
    """Return the words without case and punctuation."""
    return " ".join(re.sub(r"[^a-z' ]+", " ", text.lower()).split())


def words_of(model: Moonshine, pcm: Samples) -> str:
    """Return the words that the bare model returns."""
    return plain(" ".join(word.text for word in model.transcribe(pcm).words))


def recognise(recogniser: Recogniser, audio: Samples, encoding: str = "LINEAR16", *, paced: bool = True) -> Notes:
    """Return what is recognised of a recording; `paced` feeds each chunk at its live time, so that interims happen."""
    notes, quiet = Notes(), threading.Event()
    recognition = recogniser.open(RecognitionOptions(), open_decoder(encoding, RATE), notes)
    assert isinstance(recognition, TurnRecognition)
    for chunk in chunks(linear16(audio)):
        recognition.feed(chunk)
        while paced and (recognition.backlog > 0.2 or decoding(recognition)):
            quiet.wait(0.001)
    recognition.stop()
    assert notes.done.wait(120)
    return notes


def test_a_short_recording(model: Moonshine) -> None:
    """The bare model transcribes the sentences of ten seconds, with one word wrong at most."""
    text = " ".join(words_of(model, turn) for turn in split_turns(recording("beckett.wav")))
    assert jiwer.wer(BECKETT, text) <= 2 / len(BECKETT.split())


def test_live_results_are_as_good_as_the_bare_model(model: Moonshine, recogniser: Recogniser) -> None:
    """45 seconds live, with drafts from interims: at most one point of word error rate above the bare model, no turn empty."""
    audio = recording("two_cities.wav")
    turns = split_turns(audio)
    bare = jiwer.wer(TWO_CITIES, " ".join(words_of(model, turn) for turn in turns))
    notes = recognise(recogniser, audio)
    assert len(notes.finals) == len(turns)
    assert jiwer.wer(TWO_CITIES, plain(notes.text)) <= bare + 0.0101
    assert bare < 0.07


def test_interims_grow_into_the_final(recogniser: Recogniser) -> None:
    """Interims are about the beginning of their final, except for their last words; their times are inside the turn."""
    notes = recognise(recogniser, recording("two_cities.wav")[: 9 * RATE])
    final = notes.finals[0]
    interims = [h for h in notes.results if h.turn == final.turn and not h.is_final]
    assert max(len(interim.words) for interim in interims) > 5
    errors: list[float] = []
    for interim in interims:
        sure = plain(interim.text).split()[:-1]
        beginning = plain(final.text).split()[: len(sure)]
        errors += [jiwer.wer(" ".join(beginning), " ".join(sure))] if len(sure) >= 3 else []
        assert final.start - 0.1 <= interim.start <= interim.end <= final.end + 0.3
    assert len(errors) >= 5
    assert sum(errors) / len(errors) <= 0.2
    assert max(errors) <= 0.5


def test_word_times_and_confidences(recogniser: Recogniser) -> None:
    """Every word has its place in order inside the turn, and a confidence; 'failed' has its known time."""
    notes = recognise(recogniser, recording("beckett.wav"))
    words = [word for h in notes.finals for word in h.words]
    times = [time for word in words for time in (word.start, word.end)]
    assert times == sorted(times)
    assert all(0 < word.confidence <= 1 for word in words)
    assert all(0.5 <= h.confidence <= 1 for h in notes.finals)
    failed = next(word for word in words if plain(word.text) == "failed")
    assert 2.0 < failed.start < failed.end < 3.0


def test_faster_than_real_time(recogniser: Recogniser) -> None:
    """A recording that is sent at once is recognised like any other."""
    notes = recognise(recogniser, recording("beckett.wav"), paced=False)
    assert jiwer.wer(BECKETT, plain(notes.text)) <= 2 / len(BECKETT.split())


def test_the_first_word_is_not_lost(recogniser: Recogniser) -> None:
    """The first word is recognised after silence of any length, and without silence."""
    audio = recording("two_cities.wav")
    for lead in (0.0, 0.5, 2.0):
        result = recognise(
            recogniser, np.concatenate((np.zeros(int(lead * RATE), dtype=np.float32), audio[int(1.1 * RATE) : 4 * RATE])), paced=False
        )
        assert plain(result.text).startswith("it was the best of times")


def test_noise_does_not_become_words(recogniser: Recogniser) -> None:
    """Noise, hum and silence are not recognised as 'You'."""
    noise = np.random.default_rng(1).normal(size=6 * RATE).astype(np.float32) * np.float32(0.1)
    hum = np.sin(np.arange(6 * RATE) / 9).astype(np.float32) * np.float32(0.3)
    assert recognise(recogniser, np.concatenate((noise, hum, np.zeros(RATE, dtype=np.float32))), paced=False).results == []


def test_a_breath_does_not_become_words(model: Moonshine, recogniser: Recogniser) -> None:
    """A breath has no words, though the VAD reports speech, and the model 'Thank you.' with high confidence."""
    with wave.open(str(SPEECH / "breath.wav")) as file:
        breath = np.frombuffer(file.readframes(file.getnframes()), dtype=np.int16).astype(np.float32) / 32768
    audio = np.concatenate((breath, np.zeros(RATE, dtype=np.float32)))
    assert [words_of(model, turn) for turn in split_turns(audio)] == ["thank you"]
    notes = recognise(recogniser, audio, paced=False)
    assert (len(notes.starts), notes.results) == (1, [])
    (turn,) = split_turns(audio)
    assert recogniser.transcribe(turn, ((0.32, 0.48),)) == ()
    assert plain(" ".join(word.text for word in recogniser.transcribe(turn))) == "thank you"


def test_a_draft_saves_steps_and_changes_nothing(model: Moonshine, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its own tokens as the draft, the same words come in a few steps of the decoder."""
    steps = 0
    step = _BuiltDecode.step

    def counted(decode: _BuiltDecode, tokens: Sequence[int]) -> Step:
        nonlocal steps
        steps += 1
        return step(decode, tokens)

    monkeypatch.setattr(_BuiltDecode, "step", counted)
    pcm = recording("two_cities.wav")[int(1.1 * RATE) : 5 * RATE]
    bare, without = model.transcribe(pcm), steps
    drafted = model.transcribe(pcm, bare.tokens)
    assert [word.text for word in drafted.words] == [word.text for word in bare.words]
    assert steps - without <= without / 4


@pytest.mark.parametrize("draft", [(5,) * 400, (2, 2, 2), tuple(range(3, 60)), (32_767,), (1,)])
def test_a_wrong_draft_changes_little(model: Moonshine, draft: tuple[int, ...]) -> None:
    """The words stay nearly the same, whatever the draft."""
    pcm = recording("two_cities.wav")[int(1.1 * RATE) : 4 * RATE]
    words = plain(" ".join(word.text for word in model.transcribe(pcm, draft).words))
    assert jiwer.wer(words_of(model, pcm), words) <= 0.2


def test_attention(model: Moonshine) -> None:
    """The attention has a row for each token, and reads later frames for later tokens; without `timed` there is none."""
    pcm = recording("two_cities.wav")[int(1.1 * RATE) : 5 * RATE]
    found = model.transcribe(pcm, timed=True)
    assert found.attention is not None
    assert model.transcribe(pcm).attention is None
    rows, frames = found.attention.weights.shape
    assert rows == len(found.tokens)
    assert frames == pytest.approx((len(pcm) + 0.3 * RATE) / RATE / found.attention.step_s, abs=3)
    read = found.attention.weights.argmax(axis=1)
    assert np.corrcoef(read, np.arange(rows))[0, 1] > 0.6  # the attention of a few tokens has its peak elsewhere


@pytest.mark.parametrize(("end", "second", "probability"), [(0.5, 0.25, 0.5), (1.0, 0.0, 0.0), (1 - 2**-24, 2e-7, 1.0), (0.75, 0.0, 0.0)])
def test_the_first_token_when_the_end_is_certain(end: float, second: float, probability: float) -> None:
    """The second most probable token has a probability whose logarithm is a number, although those of the model are rounded."""

    class Decoder:
        def run(self, outputs: Sequence[str], inputs: object) -> list[object]:
            past = [np.zeros((1, 8, 1, TINY.head), dtype=np.float32)] * (len(outputs) - 3)
            attention = np.zeros((1, 1, 2), dtype=np.float32)
            return [np.array([[[END, 887]]]), np.array([[[end, second]]], dtype=np.float32), attention, *past]

    decoder: Any = Decoder()
    found = _BuiltDecode(TINY, decoder, {}).step([START])
    assert found.best == [887]
    assert 0 < found.probabilities[0] <= 1
    assert found.probabilities[0] == pytest.approx(probability, abs=1e-6)
    assert math.isfinite(math.log(found.probabilities[0]))


def test_audio_that_is_too_short(model: Moonshine) -> None:
    """Less than a tenth of a second, or nothing, is an empty transcript."""
    assert model.transcribe(np.zeros(0, dtype=np.float32)).words == ()
    assert model.transcribe(np.zeros(1_599, dtype=np.float32)).words == ()


def test_threads_share_the_model(model: Moonshine) -> None:
    """Four decodes at the same time return what one returns."""
    turns = split_turns(recording("beckett.wav"))[:4]
    alone = [words_of(model, turn) for turn in turns]
    together = [""] * len(turns)

    def read(n: int) -> None:
        together[n] = words_of(model, turns[n])

    threads = [threading.Thread(target=read, args=(n,)) for n in range(len(turns))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_without_the_larger_model(tmp_path: Path) -> None:
    """An incomplete larger model is not used."""
    (tmp_path / "base-en").mkdir()
    (tmp_path / "base-en" / BASE_FILES[0]).write_bytes(b"")
    assert large_model(tmp_path) is None


def test_a_broken_larger_model_is_named(tmp_path: Path) -> None:
    """The error of load names the file, and no thread stays."""
    (tmp_path / "base-en").mkdir()
    for file in BASE_FILES:
        (tmp_path / "base-en" / file).write_bytes(b"nonsense")
    recogniser = MoonshineRecogniser(EngineOptions(1, tmp_path))
    with pytest.raises(RecogniserError, match="cannot be loaded"):
        recogniser.load()
    assert not recogniser.ready


def test_finals_by_the_larger_model(model: Moonshine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The larger model makes the finals, the small one the interims."""

    class Larger(Moonshine):
        def __init__(self) -> None:
            self.read: list[int] = []

        def transcribe(self, pcm: Samples, draft: object = (), *, timed: bool = False) -> object:  # type: ignore[override]
            self.read.append(len(pcm))
            return model.transcribe(pcm)

    larger = Larger()
    monkeypatch.setattr(moonshine, "small_model", lambda: model)
    monkeypatch.setattr(moonshine, "large_model", lambda folder: larger)
    recogniser = MoonshineRecogniser(EngineOptions(1, tmp_path))
    recogniser.load_model()
    recogniser.interim(np.zeros(3_200, dtype=np.float32), ())
    assert larger.read == []
    recogniser.final(np.zeros(3_200, dtype=np.float32), ())
    assert larger.read == [3_200]


def test_ready_and_languages(tmp_path: Path) -> None:
    """Nothing can be opened before load; American and British English are supported."""
    recogniser = make("moonshine", threads=1, models_dir=tmp_path)
    assert not recogniser.ready
    assert {"en-US", "en-GB"} <= set(recogniser.languages)
    with pytest.raises(RecogniserError, match="not loaded"):
        recogniser.open(RecognitionOptions(), open_decoder("LINEAR16", RATE), Notes())


def test_transcribe(recogniser: Recogniser) -> None:
    """A segment of audio gives words with times, fast or thorough; too little audio, or a recogniser that is not loaded, gives none."""
    audio = recording("beckett.wav")[: int(1.9 * RATE)]
    for thorough in (True, False):
        words = recogniser.transcribe(audio, ((0.3, 1.2),), thorough=thorough)
        assert plain(" ".join(word.text for word in words)) == "ever tried"
        assert 0.3 <= words[0].start < words[-1].end <= 1.2
    assert recogniser.transcribe(audio[:100]) == ()
    with pytest.raises(RecogniserError, match="not loaded"):
        MoonshineRecogniser(EngineOptions(1, Path())).transcribe(audio)


def test_the_built_model_has_the_words_of_the_original(built: Moonshine) -> None:
    """Words and confidence are those of the original files, up to the rounding of quantised numbers, with a draft too."""
    original = published_model()
    expected: list[str] = []
    found_words: list[str] = []
    for turn in split_turns(recording("two_cities.wav")):
        found, same = original.transcribe(turn), built.transcribe(turn)
        assert same.confidence == pytest.approx(found.confidence, abs=0.05)
        expected += [word.text for word in found.words]
        found_words += [word.text for word in built.transcribe(turn, (*found.tokens[:3], 500, *found.tokens[3:])).words]
    assert len(expected) > 100
    assert jiwer.wer(plain(" ".join(expected)), plain(" ".join(found_words))) <= 0.05


def test_the_built_decoder_has_the_numbers_of_the_original(model: Moonshine) -> None:
    """For the same audio the decoder finds the same tokens and probabilities in each step, after removed tokens too."""
    audio = recording("beckett.wav")[: 2 * RATE]
    original, built = published_networks().begin(audio), model._networks.begin(audio)
    steps = [(original.step([START]), [START], 0)]
    for layer, what in itertools.product(range(6), ("key", "value")):
        expected = original._inputs[f"past_key_values.{layer}.encoder.{what}"]
        ours = built._inputs[f"cross.{layer}.{what}"]
        assert np.corrcoef(expected.ravel(), ours.ravel())[0, 1] > 0.98
        built._inputs[f"cross.{layer}.{what}"] = expected
    for tokens, removed in (([10949, 278, 886], 2), ([500, 600], 1), ([29889], 0)):
        steps.append((original.step(tokens), tokens, removed))
        original.drop(removed)
    for expected_step, tokens, removed in steps:
        found = built.step(tokens)
        assert found.best == expected_step.best
        assert found.probabilities == pytest.approx(expected_step.probabilities, rel=0.01)
        assert found.attention is not None
        assert found.attention.sum(axis=1) == pytest.approx(np.ones(len(tokens)), abs=1e-3)
        built.drop(removed)


@pytest.mark.parametrize(
    ("flags", "has"), [("flags : fpu avx512_vnni", True), ("flags : fpu avx_vnni", True), ("flags : fpu avx2\nbugs : avx_vnni", False)]
)
def test_the_processor(tmp_path: Path, flags: str, has: bool) -> None:
    """VNNI is one of the flags of the processor; where they are not known it has none."""
    file = tmp_path / "cpuinfo"
    assert not has_vnni(file)
    file = tmp_path / "cpuinfo2"
    file.write_text(f"processor : 0\n{flags}\n")
    assert has_vnni(file) is has
