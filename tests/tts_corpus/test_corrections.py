"""The vocabulary mends more than it breaks: on what our recogniser wrote of the clips, of dev sentences and of the demo."""

import re

import pytest

from insights.analysis.vocabulary.correction import Vocabulary
from tests.bench.tts_corpus import choose, table, vocabulary_tables
from tests.bench.tts_corpus.choose import Reading
from tests.bench.tts_corpus.corrections import SIZES, Score, changes, holds, is_held_out, score
from tests.bench.tts_corpus.figures import PAGE
from tests.bench.tts_corpus.table import ReadingTranscript

READING = Reading("name/1", "slt", "We look at Grafana every day.", "We look at gra fahna every day.", "Grafana")


def judged(heard: str, mended: str, reading: Reading = READING) -> Score:
    """The score of one reading."""
    return score([(reading, ReadingTranscript(reading.name, reading.voice, tuple(heard.split()), ()))], ["Grafana"], lambda _: mended)


class TestCounting:
    """What counts as mended, and what as broken."""

    def test_mended(self) -> None:
        """The phrase stands where it was not heard."""
        found = judged("We look at graph Anna every day.", "We look at Grafana every day.")
        assert (found.right, found.mended, found.missed, found.broken) == (0, 1, 0, 0)
        assert (found.before.wrong, found.after.wrong) == (2, 0)

    def test_right_and_missed(self) -> None:
        """Heard right is neither mended nor missed; left wrong is missed."""
        assert (judged(READING.written, READING.written).right, judged(READING.written, READING.written).missed) == (1, 0)
        assert judged("We look at griffins.", "We look at griffins.").missed == 1

    def test_a_mend_that_swallows_other_words_is_broken(self) -> None:
        """The phrase alone is not enough: no word of the sentence may be lost for it."""
        found = judged("We look at graph Anna every day.", "We Grafana day.")
        assert (found.mended, found.missed, found.broken) == (0, 1, 1)

    def test_a_second_change_is_broken(self) -> None:
        """One change mends, another elsewhere breaks."""
        assert judged("We look at graph Anna every day.", "We look at Grafana Grafana day.").broken == 0
        assert judged("We look at graph Anna every day.", "Grafana look at Grafana every day.").broken == 1

    def test_any_change_of_other_speech_is_broken(self) -> None:
        """Where no phrase was said, nothing is to change, not even a capital."""
        plain = Reading("plain/1", "slt", "The griffin sleeps.", "The griffin sleeps.")
        assert judged("The griffin sleeps.", "The Grafana sleeps.", plain).broken == 1
        assert judged("The griffin sleeps.", "The griffin sleeps.", plain).broken == 0

    def test_holds_and_changes(self) -> None:
        """A phrase stands as whole words in its own spelling; changes are counted by stretches."""
        assert holds("in Grafana's board", "Grafana")
        assert not holds("in Grafanas", "Grafana")
        assert not holds("in grafana", "Grafana")
        assert changes("a b c d e", "a x c y z e") == 2


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("model", table.MODELS)
class TestHeard:
    """On the transcripts that are kept."""

    def test_mends_more_than_it_breaks(self, model: str, size: int) -> None:
        """Over all clips with and without phrases, five times as many readings are mended as broken, and words get better."""
        found = vocabulary_tables.score(table.read(model), choose.clips(), size)
        assert found.mended > 5 * found.broken
        assert found.after.wrong < found.before.wrong

    def test_so_it_does_on_the_half_held_out(self, model: str, size: int) -> None:
        """The same, four times, on clips that the weights were not fitted to."""
        found = vocabulary_tables.score(table.read(model), [one for one in choose.clips() if is_held_out(one)], size)
        assert found.mended > 4 * found.broken

    def test_the_demo_stays_as_it_is(self, model: str, size: int) -> None:
        """No phrase was said in the demo, and none is put into it."""
        vocabulary = Vocabulary(choose.phrases()[:size])
        said = [one for one in table.read(model) if one.name.startswith("demo/")]
        assert len(said) == 17
        assert [one.text for one in said] == [vocabulary.apply(one.text, one.confidences) for one in said]

    def test_the_page_tells_these_figures(self, model: str, size: int) -> None:
        """docs/develop/insights-on-transcripts.md has what is computed here."""
        found = vocabulary_tables.score(table.read(model), [one for one in choose.clips() if one.phrase in choose.phrases()[:size]], size)
        row = re.search(rf"^\| {size} +\| {model} +\|(.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
        assert row is not None
        cells = [cell.strip() for cell in row[1].split("|")]
        assert cells[:4] == [str(number) for number in (found.clips, found.right, found.mended, found.missed)]
