"""Which sentences are read."""

from collections import Counter
from pathlib import Path

import pytest

from tests.bench.tts_corpus import choose
from tests.bench.tts_corpus.corrections import holds


def test_the_vocabulary_has_500_different_phrases() -> None:
    """Sizes of 5, 50 and 500 are the first so many."""
    phrases = choose.phrases()
    assert len(phrases) == len(set(phrases)) == 500


def test_clips_have_a_phrase_or_none() -> None:
    """At least 60 readings hold a phrase of the vocabulary as it is written, and at least 200 none at all."""
    clips, phrases = choose.clips(), choose.phrases()
    named = [one for one in clips if one.phrase]
    plain = [one for one in clips if not one.phrase]
    assert len(named) >= 60
    assert len(plain) >= 200
    assert all(one.phrase in phrases and holds(one.written, one.phrase) for one in named)
    assert not [one.written for one in plain if any(holds(one.written[0].lower() + one.written[1:], phrase) for phrase in phrases)]


def test_each_reading_has_its_own_name_and_voice() -> None:
    """The first five phrases are read in two voices each, all others in one."""
    clips = choose.clips()
    assert len({(one.name, one.voice) for one in clips}) == len(clips)
    voices = Counter(one.name for one in clips)
    first = choose.phrases()[:5]
    assert {voices[one.name] for one in clips if one.phrase in first} == {2}
    assert {voices[one.name] for one in clips if one.phrase not in first} == {1}


def test_a_mark_says_how_a_name_is_spoken() -> None:
    """What stands behind the bar is for the synthesiser only."""
    (one,) = [clip for clip in choose.clips() if clip.written == "The bug is in Jira with the highest priority."]
    assert one.spoken == "The bug is in jeera with the highest priority."


def test_dev_readings(data: Path) -> None:
    """Business sentences in three voices; of the corpora only what can be read aloud, each row in one voice."""
    readings = choose.dev(data)
    assert Counter(one.name for one in readings if one.name.startswith("style/")) == {f"style/{n}": 3 for n in range(5)}
    assert {one.written for one in readings if one.name.startswith("ami/")} == {
        "Shall we begin now?",
        "I will send you the minutes tomorrow.",
        "The room is too cold today.",
        "So that is it.",
    }
    assert choose.dev(data) == readings


@pytest.mark.parametrize("text", ["too short", "see www.example.org for it", "it costs $LINK they say", "@reject@ we had that", "so " * 41])
def test_unreadable(text: str) -> None:
    """Short and long rows, addresses, and marks of annotators are not read."""
    assert not choose.is_readable(text)


def test_spelt_words_and_cut_ones() -> None:
    """'L_C_D_' is read letter by letter, a broken-off word without its hyphen."""
    assert choose.spoken("the L_C_D_ th- the remote") == "the L C D th the remote"
