"""Pauses of a corpus with two speakers, and what rules do on them."""

import gzip
import json
from pathlib import Path

import pytest

from streaming.training.corpus_pauses import CorpusPause, Durations, Lengths, Track, durations_of, read
from streaming.training.simulated_turns import simulate

WORDS = {
    "A": [[0.0, 0.4, "So", ""], [0.4, 0.8, "and", ""], [1.4, 1.8, "then", ""], [1.8, 2.2, "yes", "."], [9.0, 9.4, "okay", "."]],
    "B": [[3.0, 3.4, "Right", "."], [3.45, 3.8, "so", ""]],
}
NONE = Durations({}, {})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """One meeting of two speakers."""
    path = tmp_path / "words.jsonl.gz"
    with gzip.open(path, "wt") as out:
        out.write(json.dumps({"conversation": "m", "speakers": WORDS}) + "\n")
    return path


def test_a_turn_ends_where_another_speaker_follows(file: Path) -> None:
    """The pause after "and" is inside of a turn, that after "yes" an end; gaps below 0.2 s are no pauses."""
    first, second = read(file, Lengths.ANNOTATED, NONE)
    assert [(pause.at, round(pause.seconds, 2), pause.is_end) for pause in first.pauses] == [(1, 0.6, False), (3, 6.8, True)]
    assert second.pauses == ()
    assert first.words[3].text == "yes."


def test_long_silence_ends_a_turn(tmp_path: Path) -> None:
    """Also if nobody else speaks."""
    path = tmp_path / "words.jsonl.gz"
    with gzip.open(path, "wt") as out:
        out.write(json.dumps({"conversation": "m", "speakers": {"A": [[0, 1, "a", ""], [3.5, 4, "b", ""], [5, 6, "c", ""]]}}) + "\n")
    (track,) = read(path, Lengths.ANNOTATED, NONE)
    assert [pause.is_end for pause in track.pauses] == [True, False]


def test_the_pause_inside_of_a_long_word_is_estimated(file: Path) -> None:
    """What exceeds 1.3 times the usual duration of a word is silence."""
    durations = Durations({"and": 0.1, "so": 0.4, "then": 0.4, "yes": 0.4}, {})
    first, _ = read(file, Lengths.ESTIMATED, durations)
    assert first.pauses[0].seconds == pytest.approx(1.4 - 0.4 - 0.13)


def test_durations_are_medians_by_letters_for_rare_words(file: Path) -> None:
    """No word of this file is frequent."""
    found = durations_of(file)
    assert found.words == {}
    assert found.letters[4] == pytest.approx(0.4)


def track_of(*pauses: CorpusPause) -> Track:
    """Return a track of one word before each pause."""
    from streaming.training.corpus_pauses import CorpusWord

    return Track("m", tuple(CorpusWord(f"w{n}", n, n + 0.5) for n in range(len(pauses) + 1)), pauses)


def test_a_rule_is_judged_by_cut_offs_and_latency() -> None:
    """A hold longer than the silence is cut off; an end shorter than it is missed."""
    track = track_of(CorpusPause(0, 0.4, False), CorpusPause(1, 0.9, False), CorpusPause(2, 3.0, True), CorpusPause(3, 0.3, True))
    found = simulate([track], lambda words: 0.5)
    assert (found.holds, found.cut_off, found.latencies, found.missed) == (2, 1, (0.5,), 1)
    assert found.false_cut_offs == 0.5


def test_a_rule_sees_the_words_since_the_turn_that_it_ended() -> None:
    """What a rule cut off is gone."""
    seen: list[list[str]] = []

    def rule(words: list[str]) -> float:
        seen.append(list(words))
        return 0.5

    simulate([track_of(CorpusPause(0, 0.9, False), CorpusPause(1, 0.3, False), CorpusPause(2, 3.0, True))], rule)  # type: ignore[arg-type]
    assert seen[0] == ["w0"]
    assert seen[-1] == ["w1", "w2"]
