"""The stable words of an open turn; without a model."""

from itertools import pairwise

import numpy as np
import pytest

from streaming.audio.pcm import RATE
from streaming.speech.endpointing import FRAME_S, TurnSpan
from streaming.speech.stable_words import LONG_S, REPEATED, TOO_LONG_S, StableWords
from streaming.speech.transcript import Transcript, UntimedWord

SENTENCE = [f"{tens}{ones}" for tens in ("ba", "de", "fi", "go") for ones in ("k", "l", "m", "n", "p", "r", "s", "t", "v", "z")]
"""Forty words of three letters, so that each takes the same part of the time."""
WORD_FRAMES = 10


def words(*texts: str, confidence: float = 0.9) -> Transcript:
    """Return a transcript whose words have one token each: their place in the sentence."""
    tokens = [SENTENCE.index(text) if text in SENTENCE else 99 for text in texts]
    untimed = tuple(UntimedWord(text, confidence, (token,)) for text, token in zip(texts, tokens, strict=True))
    return Transcript(untimed, confidence, tuple(tokens))


def silence(span: TurnSpan) -> np.ndarray:
    """Return samples for a span, all of the same loudness."""
    return np.zeros(int((span.end - span.start) * FRAME_S * RATE), dtype=np.float32)


def add(stable: StableWords, end: int, *texts: str, still: int = 0, confidence: float = 0.9) -> list[str]:
    """Give the decode of a turn that has lasted so many frames, with silence in the last ones; return the words that may be shown."""
    span = stable.unstable(TurnSpan(0, end, ((0, end - still),)))
    return [word.text for word in stable.add(span, silence(span), words(*texts, confidence=confidence))]


def test_words_are_stable_when_two_decodes_agree() -> None:
    """A stable word stays although a later decode has another one in its place."""
    stable = StableWords()
    assert add(stable, 20, "bak", "bal") == ["bak"]
    assert add(stable, 30, "bak", "bal", "bam") == ["bak", "bal"]
    assert add(stable, 40, "bak", "dez", "bam", "ban") == ["bak", "bal", "bam"]


def test_the_last_word_is_shown_after_a_silence() -> None:
    """While somebody speaks it may be half a word."""
    assert add(StableWords(), 20, "bak", "bal") == ["bak"]
    assert add(StableWords(), 22, "bak", "bal", still=2) == ["bak", "bal"]


def test_unsure_words_wait() -> None:
    """A word with a low confidence, and what follows it, is shown once two decodes agree on it."""
    stable = StableWords()
    assert add(stable, 30, "bak", "bal", "bam", confidence=0.6) == []
    assert add(stable, 40, "bak", "bal", "bam", "ban", confidence=0.6) == ["bak", "bal", "bam"]


def test_the_first_word_is_shown_at_once() -> None:
    """It may be half a word, unlike later ones; a very sure word is shown, too."""
    assert add(StableWords(), 15, "bak") == ["bak"]
    assert add(StableWords(), 15, "bak", confidence=0.6) == []
    assert add(StableWords(), 25, "bak", "bal", confidence=0.99) == ["bak", "bal"]


def test_case_and_punctuation_do_not_count() -> None:
    """The first of two equal words stays."""
    stable = StableWords()
    add(stable, 20, "bak", "bal", "bam")
    assert add(stable, 30, "Bak,", "bal.", "bam", "ban") == ["Bak,", "bal.", "bam"]


def test_the_cost_of_a_decode_does_not_grow() -> None:
    """Each decode of a long turn is short, and together they have every word once, in order, at about its time."""
    stable, shown = StableWords(), []
    lengths = []
    for end in range(20, WORD_FRAMES * len(SENTENCE) + 1, WORD_FRAMES):
        span = stable.unstable(TurnSpan(0, end, ((0, end),)))
        lengths.append(span.seconds)
        heard = SENTENCE[round(span.start / WORD_FRAMES) : end // WORD_FRAMES]
        shown = list(stable.add(span, silence(span), words(*heard)))
    assert max(lengths) < LONG_S + 1
    assert [word.text for word in shown] == SENTENCE[:-1]
    assert all(one.end <= other.start for one, other in pairwise(shown))
    assert all(word.end == pytest.approx((place + 1) * WORD_FRAMES * FRAME_S, abs=0.3) for place, word in enumerate(shown))


def test_half_a_word_at_the_cut_is_not_added() -> None:
    """The repeated words show where the new ones begin."""
    stable = StableWords()
    for count in (4, 5):
        add(stable, count * WORD_FRAMES, *SENTENCE[:count])
    assert stable.unstable(TurnSpan(0, 70, ((0, 70),))).start > 0
    repeated = SENTENCE[4 - REPEATED : 4]
    assert add(stable, 70, "k", *repeated, "bap", "bar", "bas") == SENTENCE[:6]
    assert add(stable, 80, "n", "bap", "bar", "bas", "bat") == SENTENCE[:7]


def test_words_become_stable_without_agreement_in_the_end() -> None:
    """A decode does not grow longer than a few seconds, though no two agree."""
    stable = StableWords()
    for number, end in enumerate(range(20, 600, 12)):
        span = stable.unstable(TurnSpan(0, end, ((0, end),)))
        count = round((span.end - span.start) / WORD_FRAMES)
        heard = [SENTENCE[(number * 7 + place * 3) % len(SENTENCE)] for place in range(count)]
        stable.add(span, silence(span), words(*heard))
        assert span.seconds < TOO_LONG_S + 1.5


def test_a_pause_makes_all_words_stable() -> None:
    """The next decode starts after it; a decode that began before is outdated."""
    stable = StableWords()
    add(stable, 40, "bak", "bal", "bam")
    outdated = stable.unstable(TurnSpan(0, 45, ((0, 45),)))
    turn = TurnSpan(0, 46, ((0, 40),))
    assert [word.text for word in stable.replace(turn, words("bak", "bal", "ban", "bam"))] == ["bak", "bal", "ban", "bam"]
    assert stable.add(outdated, silence(outdated), words("bak")) == ()
    later = stable.unstable(TurnSpan(0, 70, ((0, 40), (50, 70))))
    assert (later.start, later.voiced) == (46, ((50, 70),))
    assert [word.text for word in stable.add(later, silence(later), words("dek", "del"))] == ["bak", "bal", "ban", "bam", "dek"]


def test_drafts_repeat_the_tokens() -> None:
    """The draft of the whole turn has each token once; that of the next decode is its end."""
    stable = StableWords()
    for count in range(2, 12):
        end = count * WORD_FRAMES
        span = stable.unstable(TurnSpan(0, end, ((0, end),)))
        stable.add(span, silence(span), words(*SENTENCE[round(span.start / WORD_FRAMES) : count]))
        assert stable.whole_draft == tuple(range(count))
        assert stable.whole_draft[-len(stable.draft) :] == stable.draft
    assert 0 < len(stable.draft) < 6


def test_nothing_is_added_without_words() -> None:
    """An empty decode changes nothing."""
    stable = StableWords()
    assert add(stable, 20) == []
    assert add(stable, 30, "bak", "bal") == ["bak"]
