"""Backchannels and the decision whether speech during a reply interrupts it."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.speech.backchannels import LANGUAGES, Backchannels, Words
from streaming.speech.interruptions import Backoff, ReplyPosition, Speech, SpeechDuringReply, decide

HEARD = ReplyPosition(heard_s=3.0, left_s=math.inf)
ENGLISH = Backchannels(["en"])
INTERRUPTION, FALSE, UNDECIDED = SpeechDuringReply.INTERRUPTION, SpeechDuringReply.FALSE, SpeechDuringReply.UNDECIDED


@pytest.mark.parametrize(
    ("said", "filled", "acknowledging", "content"),
    [
        ("Mm-hmm.", 2, 0, 0),
        ("Mhm, uh-huh.", 3, 0, 0),
        ("Yeah, yeah.", 0, 2, 0),
        ("I see. That's right!", 0, 4, 0),
        ("That\u2019s right.", 0, 2, 0),
        ("Oh, okay, go on.", 1, 3, 0),
        ("Stop.", 0, 0, 1),
        ("Yes, but I meant Tuesday.", 0, 1, 4),
        ("I see a problem", 0, 2, 2),
        ("Um, wait", 1, 0, 1),
        ("No.", 0, 0, 1),
        ("...", 0, 0, 0),
        ("", 0, 0, 0),
    ],
)
def test_english(said: str, filled: int, acknowledging: int, content: int) -> None:
    """Case and punctuation do not matter; a phrase counts as a whole, and its words alone may be content."""
    assert ENGLISH.count(said.split()) == Words(filled, acknowledging, content)


@pytest.mark.parametrize(
    ("language", "backchannels", "content"),
    [
        ("de", ["Ja, genau.", "Alles klar.", "Mhm", "Ach so", "Ähm"], ["Halt", "Nein", "Ja, aber nicht heute"]),
        ("fr", ["Oui, d'accord.", "Bien sûr", "Euh", "Voilà", "Je vois"], ["Attends", "Non", "Oui mais demain"]),
        ("es", ["Sí, claro.", "De acuerdo", "Ajá", "Vale", "Ya veo"], ["Para", "No", "Sí, pero mañana"]),
    ],
)
def test_other_languages(language: str, backchannels: list[str], content: list[str]) -> None:
    """German, French and Spanish have lists, also under the tag of a region."""
    known = Backchannels([f"{language}-XX"])
    assert all(known.count(text.split()).content == 0 for text in backchannels)
    assert all(known.count(text.split()).content > 0 for text in content)


def test_lists_of_all_languages_without_a_known_one() -> None:
    """A recogniser of unknown language gets all lists; with a known one the others do not count."""
    assert Backchannels([]).count(["Genau"]) == Backchannels(["xx"]).count(["Genau"]) == Words(acknowledging=1)
    assert ENGLISH.count(["Genau"]) == Words(content=1)
    assert set(LANGUAGES) == {"en", "de", "fr", "es"}


def test_further_backchannels() -> None:
    """An application adds its own words and phrases."""
    known = Backchannels(["en"], ["Interesting", "no way"])
    assert known.count(["Interesting,", "no", "way!"]) == Words(acknowledging=3)
    assert known.count(["No."]) == Words(content=1)


@given(st.lists(st.text(max_size=12), max_size=8))
def test_every_word_is_counted_once(words: list[str]) -> None:
    """Any text is counted without an error."""
    counted = ENGLISH.count(words)
    assert min(counted.filled, counted.acknowledging, counted.content) >= 0


@pytest.mark.parametrize(
    ("said", "seconds", "ended", "reply", "decision"),
    [
        ("Mm-hmm.", 0.4, True, HEARD, FALSE),
        ("Yes.", 0.3, True, HEARD, FALSE),
        ("Yeah, right, okay.", 1.6, False, HEARD, UNDECIDED),
        ("", 0.4, True, HEARD, FALSE),
        ("", 3.0, False, HEARD, UNDECIDED),
        ("Stop.", 0.3, True, HEARD, INTERRUPTION),
        ("Stop", 0.6, False, HEARD, UNDECIDED),
        ("Stop", 1.1, False, HEARD, INTERRUPTION),
        ("No wait", 0.6, False, HEARD, INTERRUPTION),
        ("No wait", 0.3, False, HEARD, UNDECIDED),
        ("Yes, but I meant", 0.9, False, HEARD, INTERRUPTION),
        ("Yes.", 0.3, True, ReplyPosition(3.0, 0.7), INTERRUPTION),
        ("Mm-hmm.", 0.3, True, ReplyPosition(3.0, 0.7), FALSE),
        ("Yes.", 0.3, True, ReplyPosition(0.0, math.inf), INTERRUPTION),
        ("Um.", 0.3, True, ReplyPosition(0.0, math.inf), FALSE),
    ],
)
def test_words_decide(said: str, seconds: float, ended: bool, reply: ReplyPosition, decision: SpeechDuringReply) -> None:
    """Words beside backchannels interrupt; an acknowledgement does only where it answers: before a reply is heard, or at its end."""
    assert decide(Speech(said.split(), seconds, ended), reply, ENGLISH) is decision


@pytest.mark.parametrize(
    ("seconds", "ended", "left_s", "decision"),
    [
        (0.4, True, math.inf, FALSE),
        (0.4, False, math.inf, UNDECIDED),
        (0.5, False, math.inf, INTERRUPTION),
        (0.5, True, math.inf, INTERRUPTION),
        (0.2, True, 0.0, INTERRUPTION),
    ],
)
def test_without_a_recogniser_the_duration_decides(seconds: float, ended: bool, left_s: float, decision: SpeechDuringReply) -> None:
    """Short speech interrupts nothing; where the reply is over already, it is a turn."""
    assert decide(Speech(None, seconds, ended), ReplyPosition(3.0, left_s), ENGLISH) is decision


def test_least_number_of_words() -> None:
    """With `min_words`, fewer words do not interrupt; filled pauses do not count."""
    assert decide(Speech(["um", "stop", "it"], 0.6, True), HEARD, ENGLISH, min_words=3) is FALSE
    assert decide(Speech(["please", "stop", "it"], 0.6, True), HEARD, ENGLISH, min_words=3) is INTERRUPTION


@given(
    st.none() | st.lists(st.sampled_from(["yes", "um", "stop", "now"]), max_size=5),
    st.floats(0, 10),
    st.floats(0, 10),
    st.floats(0, 10),
    st.integers(0, 4),
)
def test_the_end_decides(words: list[str] | None, seconds: float, heard_s: float, left_s: float, min_words: int) -> None:
    """Speech that has ended is never undecided."""
    assert decide(Speech(words, seconds, True), ReplyPosition(heard_s, left_s), ENGLISH, min_words=min_words) is not UNDECIDED


def test_a_backoff_doubles_up_to_its_limit() -> None:
    """The wait after each mistake is twice as long; after as long as the longest without one it is short again."""
    backoff, waits, now = Backoff(1.0, 8.0), [], 50.0
    assert backoff.allows(now)
    for _ in range(6):
        backoff.mistaken(now)
        waits.append(next(tenth / 10 for tenth in range(1000) if backoff.allows(now + tenth / 10)))
        now += waits[-1]
    assert waits == [1, 2, 4, 8, 8, 8]
    now += 8.1
    backoff.mistaken(now)
    assert backoff.allows(now + 1)


def test_the_first_mistakes_may_be_free() -> None:
    """They cause no wait, but count."""
    backoff = Backoff(2.0, 16.0, free=1)
    backoff.mistaken(10.0)
    assert backoff.allows(10.0)
    backoff.mistaken(11.0)
    assert not backoff.allows(12.9)
    assert backoff.allows(13.0)


def test_speech_ends_a_backoff() -> None:
    """Nothing is remembered."""
    backoff = Backoff(1.0, 8.0)
    for _ in range(3):
        backoff.mistaken(10.0)
    backoff.reset()
    assert backoff.allows(10.0)
    backoff.mistaken(10.0)
    assert backoff.allows(11.0)
