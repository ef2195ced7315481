"""The measurement of diarization: its pure parts exactly, and the whole once with two made voices."""

from pathlib import Path

import numpy as np
import pytest

from tests.bench.child_processes import BenchError
from tests.bench.diarization_error import Speech, diarization_errors, one_speaker, pauses_closed, read_rttm, rttm
from tests.bench.scenarios import speakers

A, B = Speech(0.0, 4.0, "a"), Speech(3.0, 5.0, "b")


def test_equal_labellings_have_no_errors() -> None:
    """The names of the labels do not matter."""
    found = diarization_errors([A, B], [Speech(0.0, 4.0, "x"), Speech(3.0, 5.0, "y")])
    assert (found.speech, found.rate) == (pytest.approx(6.0), 0.0)


def test_errors_are_missed_false_or_confused() -> None:
    """One label for everybody misses the overlap and confuses the second speaker."""
    found = diarization_errors([A, B], one_speaker([A, B, Speech(6.0, 7.0, "c")]))
    assert (found.missed, found.false_alarm, found.confusion) == pytest.approx((1.0, 1.0, 1.0))


def test_speakers_are_mapped_to_agree_longest() -> None:
    """The mapping that agrees longest is taken, also with more labels than speakers."""
    found = [Speech(0.0, 1.0, "x"), Speech(1.0, 4.0, "y"), Speech(4.0, 5.0, "z")]
    errors = diarization_errors([A, Speech(4.0, 5.0, "b")], found)
    assert errors.confusion == pytest.approx(1.0)


def test_short_pauses_of_a_speaker_are_speech() -> None:
    """Unless another speaker speaks in them."""
    parts = [Speech(0.0, 1.0, "a"), Speech(1.5, 2.0, "a"), Speech(2.6, 3.0, "a"), Speech(3.0, 3.4, "b"), Speech(3.4, 4.0, "a")]
    assert pauses_closed(parts, 0.6) == [Speech(0.0, 2.0, "a"), *parts[2:]]
    assert pauses_closed(parts, 0.4) == parts


def test_rttm_is_read_as_written(tmp_path: Path) -> None:
    """A labelling survives a file."""
    file = tmp_path / "x.rttm"
    file.write_text(rttm("x", [A, B]))
    assert read_rttm(file) == [A, B]


def test_the_part_needs_its_data() -> None:
    """Without a folder, the part says which option names it."""
    with pytest.raises(BenchError, match="--speakers-data"):
        speakers.measure(None, None, lambda text: None)


def test_the_threshold_of_a_clip_is_chosen_on_the_others() -> None:
    """The value that is best on all other clips counts for a clip, even if another one is best for itself."""
    good, bad = diarization_errors([A], [A]), diarization_errors([A], [])
    found = [[good, bad, bad, bad], [bad, good, bad, bad], [bad, good, bad, bad]]
    assert [one.rate for one in speakers._chosen(found)] == pytest.approx([100.0, 100.0, 100.0])
    assert np.isclose(next(speakers._chosen([[good] * 4])).rate, 0.0)
