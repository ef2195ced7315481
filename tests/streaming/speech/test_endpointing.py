"""Endpointing: from probabilities to events; without a model and without audio."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.speech.endpointing import (
    FRAME_S,
    UNSTABLE_PART,
    Endpointer,
    Event,
    InterimPace,
    Progress,
    SpeechDiscarded,
    SpeechEnded,
    SpeechImprobable,
    SpeechPaused,
    SpeechPossible,
    SpeechStarted,
    TurnSpan,
)


def run(finder: Endpointer, *parts: tuple[int, float], loudness: float = 1.0) -> list[Event]:
    """Push this many frames of each probability; return all events but the repeated progress."""
    events: list[Event] = []
    for frames, probability in parts:
        for _ in range(frames):
            events += finder.push(probability, loudness * probability)
    return [event for event in events if not isinstance(event, Progress)]


def spans(events: list[Event]) -> list[TurnSpan]:
    """Return the spans of the ended turns."""
    return [event.span for event in events if isinstance(event, SpeechEnded)]


def test_one_turn() -> None:
    """Speech between silences begins, pauses, and ends once, 0.19 s after the last voiced frame."""
    events = run(Endpointer(), (50, 0.0), (60, 0.9), (40, 0.0))
    assert [type(event) for event in events] == [SpeechStarted, SpeechPaused, SpeechEnded]
    assert events[0] == SpeechStarted(50)
    assert spans(events) == [TurnSpan(40, 116, ((50, 110),))]


def test_the_pre_roll_is_a_third_of_a_second() -> None:
    """The turn begins 10 frames before the first voiced one, or with the audio."""
    assert spans(run(Endpointer(), (50, 0.0), (20, 0.9), (30, 0.0)))[0].start == 40
    assert spans(run(Endpointer(), (3, 0.0), (20, 0.9), (30, 0.0)))[0].start == 0


def test_speech_is_detected_within_100_ms() -> None:
    """Two voiced frames are enough."""
    finder = Endpointer()
    run(finder, (10, 0.0))
    assert run(finder, (1, 0.9)) == []
    assert run(finder, (1, 0.9)) == [SpeechStarted(10)]
    assert 2 * FRAME_S < 0.1


@pytest.mark.parametrize("frames", [1, 2])
def test_a_click_is_no_turn(frames: int) -> None:
    """One or two voiced frames are no turn."""
    assert spans(run(Endpointer(), (20, 0.0), (frames, 0.95), (40, 0.0))) == []


@pytest.mark.parametrize("asks", [True, False])
def test_possible_speech_is_reported_at_its_first_frame(asks: bool) -> None:
    """If it is requested: a frame before the start of a turn, or followed by a report that there is none."""
    finder = Endpointer(asks_onset=asks)
    possible, improbable = ([SpeechPossible()], [SpeechImprobable()]) if asks else ([], [])
    assert run(finder, (10, 0.0)) == []
    assert run(finder, (1, 0.9)) == possible
    assert run(finder, (1, 0.9)) == [SpeechStarted(10)]
    assert [type(event) for event in run(finder, (40, 0.0))] == [SpeechPaused, SpeechDiscarded]
    assert run(finder, (1, 0.4), (4, 0.0)) == possible
    assert run(finder, (1, 0.0)) == improbable
    assert run(finder, (20, 0.0)) == []
    assert run(finder, (1, 0.4), (3, 0.0), (1, 0.4), (3, 0.0)) == possible  # once, however often
    assert run(finder, (2, 0.9))[0] == SpeechStarted(finder.keep_from + 10)


def test_a_dropped_turn_is_reported() -> None:
    """An event reports that a started turn was none."""
    assert run(Endpointer(), (20, 0.0), (2, 0.95), (40, 0.0))[-1] == SpeechDiscarded()


def test_a_short_word_is_a_turn() -> None:
    """Three voiced frames are enough."""
    assert len(spans(run(Endpointer(), (20, 0.0), (3, 0.9), (40, 0.0)))) == 1


@pytest.mark.parametrize(("ms", "frames"), [(100, 3), (500, 16), (2000, 62)])
def test_the_silence_that_ends_a_turn_can_be_chosen(ms: int, frames: int) -> None:
    """One frame less than the option's silence does not end the turn, the next frame does."""
    finder = Endpointer(end_of_turn_ms=ms)
    assert spans(run(finder, (20, 0.9), (frames - 1, 0.0))) == []
    assert len(spans(run(finder, (1, 0.0)))) == 1


def test_the_speculative_decode_has_the_span_of_the_turn() -> None:
    """A turn that ends has the span that its pause announced."""
    events = run(Endpointer(), (30, 0.9), (30, 0.0))
    assert [event.span for event in events if isinstance(event, SpeechPaused)] == spans(events)


def test_a_pause_inside_a_turn_does_not_end_it() -> None:
    """Speech that continues within half a second belongs to the turn, whose voiced segments stay separate."""
    events = run(Endpointer(), (30, 0.9), (12, 0.0), (30, 0.9), (30, 0.0))
    assert [span.voiced for span in spans(events)] == [((0, 30), (42, 72))]


def test_turns_do_not_overlap() -> None:
    """The pre-roll of a turn does not overlap the previous turn."""
    first, second = spans(run(Endpointer(end_of_turn_ms=200), (30, 0.9), (8, 0.0), (30, 0.9), (30, 0.0)))
    assert first.end <= second.start


def test_a_long_turn_is_cut_at_its_weakest_pause() -> None:
    """Without a silence, the cut is at the lowest probability of speech in the later half."""
    finder = Endpointer(longest_turn_s=12.0)
    events = run(finder, (100, 0.9), (4, 0.4), (150, 0.9), (6, 0.35), (100, 0.9), (60, 0.9), (30, 0.0))
    first, second = spans(events)
    assert 254 <= first.end <= 260
    assert second.start == first.end
    assert sum(isinstance(event, SpeechStarted) for event in events) == 1


def test_without_any_pause_the_quietest_place_is_cut() -> None:
    """With equal probabilities, the loudness decides."""
    finder = Endpointer(longest_turn_s=12.0)
    events: list[Event] = []
    for n in range(400):
        events += finder.push(0.95, 0.2 if 295 <= n < 300 else 1.0)
    assert 295 <= spans(events)[0].end <= 300


def test_flush_ends_the_open_turn() -> None:
    """The end of the audio ends the turn."""
    finder = Endpointer()
    run(finder, (10, 0.0), (20, 0.9))
    assert finder.flush() == [SpeechEnded(TurnSpan(0, 30, ((10, 30),)))]
    assert finder.flush() == []


def test_the_interval_of_progress_grows() -> None:
    """The first progress is due after a second; the intervals in a long turn never shrink."""
    finder, due = Endpointer(longest_turn_s=30), []
    for n in range(900):
        if any(isinstance(event, Progress) for event in finder.push(0.9, 1.0)):
            due.append(n)
            finder.progress_made()
    gaps = [b - a for a, b in zip(due, due[1:], strict=False)]
    assert due[0] == pytest.approx(1 / FRAME_S, abs=2)
    assert gaps == sorted(gaps)
    assert len(due) < 10


def test_progress_at_an_even_pace() -> None:
    """Where only a part of the turn is decoded, the intervals do not grow."""
    finder, due = Endpointer(longest_turn_s=30, pace=InterimPace(10, 12)), []
    for n in range(900):
        if any(isinstance(event, Progress) for event in finder.push(0.9, 1.0)):
            due.append(n)
            finder.progress_made()
    assert due[:2] == [9, 21]
    assert {b - a for a, b in zip(due, due[1:], strict=False)} == {12}


def test_no_progress_in_a_silence() -> None:
    """A turn that pauses just before its first interim is due gets none: its final result follows soon."""
    finder = Endpointer()
    events = [event for n in range(60) for event in finder.push(0.9 if n < 28 else 0.0, 1.0)]
    assert [type(event) for event in events] == [SpeechStarted, SpeechPaused, SpeechEnded]


def test_progress_is_requested_until_it_is_made() -> None:
    """The next frame requests an interim again when there was no time for it."""
    finder = Endpointer()
    asked = sum(isinstance(event, Progress) for _ in range(50) for event in finder.push(0.9, 1.0))
    assert asked == 50 - 30


@given(
    st.lists(st.tuples(st.integers(1, 60), st.sampled_from([0.0, 0.2, 0.4, 0.6, 0.95])), max_size=60),
    st.integers(100, 1500),
    st.floats(2, 15),
)
def test_turns_are_in_order_bounded_and_kept(parts: list[tuple[int, float]], end_ms: int, longest: float) -> None:
    """Turns do not overlap, are within the limit, and their frames are still kept at their end, whatever the audio."""
    finder, before = Endpointer(end_ms, longest), 0
    for frames, probability in parts:
        for _ in range(frames):
            kept = finder.keep_from
            for event in finder.push(probability, probability):
                if isinstance(event, SpeechEnded):
                    assert max(kept, before) <= event.span.start < event.span.end
                    assert event.span.seconds <= longest + FRAME_S
                    before = event.span.end
    for event in finder.flush():
        assert isinstance(event, SpeechDiscarded) or (isinstance(event, SpeechEnded) and event.span.start >= before)


def test_speech_ends_before_the_hangover_of_the_vad() -> None:
    """Three frames after each segment are silence, except where the audio ends with speech; a segment keeps at least one frame."""
    span = TurnSpan(100, 200, ((110, 120), (150, 152), (180, 200)))
    assert [(round(start / FRAME_S), round(end / FRAME_S)) for start, end in span.speech] == [(110, 117), (150, 151), (180, 200)]


def test_a_turn_that_asks_early_can_end_early() -> None:
    """The pause is reported after 0.19 s, and its span is that of the turn that then ends."""
    finder = Endpointer(asks_early=True)
    events = run(finder, (30, 0.9), (6, 0.0))
    assert isinstance(paused := events[-1], SpeechPaused)
    assert finder.end_after(paused.span, 200) == [SpeechEnded(paused.span)]
    assert not finder.speaking


def test_a_decision_that_comes_late_ends_the_turn_at_once() -> None:
    """Silence that passed meanwhile counts."""
    finder = Endpointer(asks_early=True)
    paused = run(finder, (30, 0.9), (10, 0.0))[-1]
    assert isinstance(paused, SpeechPaused)
    assert finder.end_after(paused.span, 300) == [SpeechEnded(paused.span)]


def test_a_turn_can_be_kept_open_for_longer() -> None:
    """The silence that was asked for holds for this pause; the next one has the usual silence again."""
    finder = Endpointer(asks_early=True)
    paused = run(finder, (30, 0.9), (8, 0.0))[-1]
    assert isinstance(paused, SpeechPaused)
    assert finder.end_after(paused.span, 1000) == []
    assert spans(run(finder, (20, 0.0), (30, 0.9), (15, 0.0))) == []
    assert spans(run(finder, (1, 0.0)))[0].voiced == ((0, 30), (58, 88))


def test_a_decision_about_an_earlier_pause_is_ignored() -> None:
    """Speech went on, or the turn has ended: nothing happens."""
    finder = Endpointer(asks_early=True)
    paused = run(finder, (30, 0.9), (8, 0.0))[-1]
    assert isinstance(paused, SpeechPaused)
    run(finder, (5, 0.9), (7, 0.0))
    assert finder.end_after(paused.span, 200) == []
    assert len(spans(run(finder, (30, 0.0)))) == 1
    assert finder.end_after(paused.span, 200) == []


def test_without_a_decision_the_usual_silence_ends_the_turn() -> None:
    """Asking early alone changes nothing."""
    assert spans(run(Endpointer(asks_early=True), (30, 0.9), (30, 0.0))) == spans(run(Endpointer(), (30, 0.9), (30, 0.0)))


def test_the_first_decodes_of_a_turn_follow_soon() -> None:
    """The first words appear early; after 0.64 s of speech the decodes are as far apart as they may be."""
    endpointer, due = Endpointer(pace=UNSTABLE_PART), list[int]()
    for number in range(60):
        if Progress() in endpointer.push(0.9, 0.1):
            due.append(number)
            endpointer.progress_made()
    assert due[0] == UNSTABLE_PART.first - 1
    apart = [later - earlier for earlier, later in pairwise(due)]
    assert apart == [UNSTABLE_PART.early] * apart.count(UNSTABLE_PART.early) + [UNSTABLE_PART.least] * apart.count(UNSTABLE_PART.least)
    assert UNSTABLE_PART.early_until - UNSTABLE_PART.early <= due[apart.count(UNSTABLE_PART.early)] <= UNSTABLE_PART.early_until + 5
