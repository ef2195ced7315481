"""The benchmarks: their pure parts exactly, and each measurement once with little speech. No time is asserted."""

import gzip
import json
import os
import shutil
import socket
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from insights.analysis import embedding
from streaming.speech.decoder_pool import Urgency
from streaming.speech.engines.moonshine import small_model
from tests.bench import interim_intervals, report, resource_usage, scoring, speech, thread_cpu, word_errors, word_times
from tests.bench.child_processes import Server
from tests.bench.command import PAGES, SUMMARY
from tests.bench.scale import TINY
from tests.bench.scenarios import (
    accuracy,
    flood,
    growth,
    imports,
    interims,
    listeners,
    live_beside_import,
    load,
    meaning,
    reading,
    sockets,
    writes,
)
from tests.bench.speech import Turn
from tests.bench.virtual_time import simulate, small_engine
from tests.bench.word_display import Update, display


@pytest.fixture(scope="module")
def bench_server() -> Iterator[Server]:
    """One server with the shipped model, for all parts."""
    with Server() as server:
        yield server


def quiet(text: str) -> None:
    """Collect the output of a part."""


class TestParts:
    """Each part, end to end."""

    def test_load(self, bench_server: Server) -> None:
        """The server and the recogniser alone both recognise the turn of one speaker, and all three use CPU time."""
        (row,) = load.measure(bench_server, TINY, quiet).data["rows"]
        assert (len(row["delays"]["found"]), row["delays"]["missed"], row["errors"]) == (1, [], [])
        assert len(row["bare_delays"]["found"]) == 1
        assert min(row["server_cpu"], row["recogniser_cpu"], row["model_cpu"]) > 0
        assert min(row["parts"][part] for part in (thread_cpu.LOOP, thread_cpu.VAD, thread_cpu.DATABASE)) > 0
        assert row["parts"][thread_cpu.FINALS] + row["parts"][thread_cpu.SPECULATIVE] > 0

    def test_interims(self, bench_server: Server) -> None:
        """Anna's first turn is displayed, with a delay for each of its words."""
        (row,) = interims.measure(bench_server, TINY, quiet).data["rows"]
        assert len(row["display"]["delays"]) + row["display"]["missed"] == 9
        assert row["display"]["missed"] <= 2
        assert len(row["display"]["first"]) == 1

    def test_imports(self, bench_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        """An import and the model alone take some time."""
        monkeypatch.setattr(live_beside_import, "ROUNDS", 1)
        data = imports.measure(bench_server, TINY, quiet).data
        assert data["alone_s"] > 0
        assert data["import_s"] > 0
        assert data["live_p95_ratio"] > 0

    def test_accuracy(self, bench_server: Server) -> None:
        """All four ways recognise the first sentence of the demo with few errors."""
        rates = accuracy.measure(bench_server, TINY, quiet).data["rates"]
        assert set(rates) == {"server", "fast", "recogniser", "model"}
        assert max(rates.values()) < 50

    def test_sockets(self, bench_server: Server) -> None:
        """Clients connect and disconnect, and the server reports its tasks."""
        data = sockets.measure(bench_server, TINY, quiet).data
        assert data["failures"] == []
        assert bench_server.tasks() > 0

    def test_subscribers(self, bench_server: Server) -> None:
        """Every subscriber gets every message."""
        assert listeners.measure(bench_server, TINY, quiet).data["complete"] == TINY.listeners

    def test_flood(self, bench_server: Server) -> None:
        """The audio of a flood is recognised completely, and so is another speaker's."""
        result = flood.measure(bench_server, TINY, quiet)
        assert result.tables[0].rows[0][3] == "2 of 2"
        assert result.data["floods"][0]["other_p95"] is not None

    def test_writes(self, bench_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        """Live results and those of a worker are stored side by side."""
        monkeypatch.setattr(writes, "START_S", 0.0)
        rows = writes.measure(bench_server, replace(TINY, seconds=1.0), quiet).data["waits"]
        assert [row["jobs"] for row in rows] == [0, 1, 4]
        assert all(row["stored"] for row in rows[1:])


@pytest.mark.skipif(not shutil.which("flite"), reason="needs Flite")
def test_word_times_are_compared_with_those_of_the_synthesiser() -> None:
    """Most words of a sentence are found, within a fifth of a second."""
    audio, said = word_times.read_aloud("Let me know when the others arrive.", "slt", 1.0, np.random.default_rng(1))
    late = word_times.errors(small_model(), audio, said)
    assert len(said) == 7
    assert len(late) >= 5
    assert np.abs(np.array(late)).mean() < 0.2


class TestVirtualTime:
    """Recognitions in virtual time."""

    def test_rarer_interims_are_later_and_cost_less(self) -> None:
        """Words of Anna's first turn are displayed later if they are decoded less often, and each run gives the same times."""
        engine, talks = small_engine(), speech.talks(speech.anna(), 1, 5.0)
        (often, pool), (again, _), (rarely, other) = (simulate(engine, talks, ms) for ms in (320, 320, 2000))
        assert often.delays == again.delays
        assert pool.decodes[Urgency.INTERIM] > other.decodes[Urgency.INTERIM]
        assert sum(often.delays) < sum(rarely.delays)

    def test_an_interval_is_compared_with_the_model_alone(self) -> None:
        """The row has figures of the delay and of the CPU time."""
        cells = interim_intervals.row(small_engine(), 500, 1, 5.0)
        assert cells[:2] == ["500", "1"]
        assert len(cells) == len(interim_intervals.HEADS)
        assert float(cells[-1]) >= float(cells[-2]) > 0


class TestReading:
    """Reading through Parley beside bare SQL."""

    def test_each_call_is_measured_both_ways(self) -> None:
        """The program fills a database and reads it by each call in both ways."""
        found = reading.times_of(TINY, "")
        assert set(found) == {"list", "messages", "transcript", "search", "analytics"}
        assert all(len(times[who]) == TINY.reading_rounds for times in found.values() for who in ("ours", "bare"))

    def test_the_ratio_is_of_medians(self) -> None:
        """One slow round does not count."""
        assert reading.ratio({"ours": [2.0, 9.0, 2.0], "bare": [1.0, 1.0, 5.0]}) == 2.0


class TestMeaning:
    """Questions of QMSum."""

    def test_questions_are_asked_in_each_way(self, tmp_path: Path) -> None:
        """The program stores the meetings of a file and asks their questions; a message of the answer's turns counts."""
        turns = [{"speaker": "Ada", "content": "The hotel in Porto is full ."}, {"speaker": "Bob", "content": "Yes ."}]
        asked = {"query": "What about the hotel?", "answer": "Full.", "relevant_text_span": [["0", "0"]]}
        other = {"query": "What about zeppelins?", "answer": "Nothing.", "relevant_text_span": [["1", "1"]]}
        path = tmp_path / "dev.jsonl.gz"
        with gzip.open(path, "wt") as file:
            file.write(json.dumps({"meeting_transcripts": turns, "specific_query_list": [asked, other]}))
        found = meaning.measure(path, quiet).data["found"]
        assert (found["BM25"], found["words"]) == ([True, False], [True, False])
        assert set(found) == {"BM25", "words", *(["words and meaning"] if embedding.installed() else [])}


class TestWordDisplay:
    """When words are displayed."""

    SAID = (Turn(1.0, 3.0, "Good morning Tom."),)
    WORDS = (Turn(1.0, 1.5, "Good"), Turn(1.5, 2.2, "morning"), Turn(2.2, 3.0, "Tom"))

    def test_the_first_update_that_has_a_word_counts(self) -> None:
        """A word that is wrong at first is displayed when it is right."""
        updates = [Update(1.6, "Good", False), Update(2.4, "Good mourning", False), Update(2.8, "Good morning", False)]
        found = display(self.SAID, self.WORDS, [*updates, Update(3.6, "Good morning, Tom.", True)])
        assert found.delays == pytest.approx([0.1, 0.6, 0.6])
        assert found.first == pytest.approx([0.6])
        assert found.intervals == pytest.approx([0.8, 0.4])
        assert (found.missed, found.shown, found.rewritten) == (0, 4, 1)
        assert found.rewritten_percent == 25.0

    def test_words_that_are_not_recognised(self) -> None:
        """They have no delay, and neither has a turn without a final text."""
        found = display(self.SAID, self.WORDS, [Update(3.6, "Good Tom", True), Update(5.0, "Well", False)])
        assert found.delays == pytest.approx([2.1, 0.6])
        assert (found.missed, found.shown, found.rewritten) == (1, 2, 0)

    def test_a_turn_cut_in_two_begins_once(self) -> None:
        """The first words of its second part are not the first words of the turn."""
        found = display(self.SAID, self.WORDS, [Update(2.0, "Good morning", True), Update(3.4, "Tom", True)])
        assert found.first == pytest.approx([1.0])
        assert found.delays == pytest.approx([0.5, -0.2, 0.4])


class TestScoring:
    """Matching of turns and final results."""

    TURNS = (Turn(1.0, 3.0, "we meet on Friday at the office"), Turn(4.0, 6.0, "please send me the numbers"))

    def test_delay_is_from_the_end_of_the_turn(self) -> None:
        """The final result with the last words of a turn counts, not the one before."""
        finals = [(2.9, "We meet"), (3.5, "on Friday, at the office."), (6.75, "Please send me the numbers.")]
        found = scoring.delays(self.TURNS, finals)
        assert found.found == [pytest.approx(0.5), pytest.approx(0.75)]
        assert found.missed == []

    def test_unrecognised_turn_is_missed(self) -> None:
        """A turn whose last words are in no final result is missed, and the next one is still matched."""
        found = scoring.delays(self.TURNS, [(6.6, "Please send me the numbers.")])
        assert found.missed == ["we meet on Friday at the office"]
        assert len(found.found) == 1

    def test_final_before_the_end_is_not_the_end(self) -> None:
        """Words in a final result long before the turn ends do not match its end."""
        assert scoring.delays(self.TURNS[:1], [(2.0, "on Friday at the office")]).missed == ["we meet on Friday at the office"]

    def test_crossing(self) -> None:
        """The crossing is interpolated between the points on both sides of the limit."""
        assert scoring.crossing([(16, 0.6), (32, 0.8), (64, 1.2)], 1.0) == pytest.approx(48)
        assert scoring.crossing([(16, 0.6), (32, 0.8)], 1.0) is None

    def test_slope(self) -> None:
        """The slope is the growth per step by least squares."""
        assert scoring.slope([(0, 100.0), (500, 101.0), (1000, 102.0)]) == pytest.approx(0.002)


class TestWords:
    """Different spellings are no errors."""

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("On the 20th!", "on the twentieth"),
            ("$1,200", "twelve hundred dollars"),
            ("20% less", "twenty per cent less"),
            ("a follow-up call To-morrow", "a follow up call tomorrow"),
            ("1250 of 2000", "one thousand two hundred fifty of two thousand"),
        ],
    )
    def test_alike(self, one: str, other: str) -> None:
        """Both spellings are normalised to one."""
        assert word_errors.alike(one) == word_errors.alike(other)

    def test_errors_add_up(self) -> None:
        """Recordings are weighted by their words."""
        both = word_errors.errors("one two three four", "one two free four") + word_errors.errors("five", "five")
        assert (both.wrong, both.words, both.rate) == (1, 5, 20.0)


class TestSpeech:
    """Speech is cut out of the recording, cyclically."""

    def test_speech_is_cyclic(self) -> None:
        """Speech that begins at the last turn continues with the first one, with its offset."""
        sound = np.arange(10 * speech.RATE, dtype=np.int64).astype(np.int16)
        recording = speech.Recording("r", sound, "", (Turn(1.0, 2.0, "first"), Turn(8.0, 9.0, "last")))
        talk = speech.talk(recording, 1, 5.0)
        assert [(round(turn.start, 3), turn.text) for turn in talk.turns] == [(0.2, "last"), (3.2, "first")]
        assert [turn.text for turn in talk.whole] == ["last"]
        assert np.array_equal(talk.cuts()[1], sound[speech.RATE : 2 * speech.RATE])

    def test_recordings_exist(self) -> None:
        """The demo's speakers and the recording in the wheel have their texts."""
        lengths = {r.name: len(r.text.split()) for r in speech.recordings()}
        assert set(lengths) == {"demo, Anna", "demo, Tom", "two_cities"}
        assert min(lengths.values()) >= 90


class TestReport:
    """Tables are written into the page."""

    def test_page_has_a_place_for_every_part(self) -> None:
        """Every part and the summary have markers in the page, and only the text between them changes."""
        for name, path in {**PAGES, "goals": SUMMARY}.items():
            page = path.read_text()
            written = report.write_into(page, name, "NEW")
            assert report.write_into(written, name, "NEW") == written
            assert written.split(f"<!-- bench: {name} -->")[0] == page.split(f"<!-- bench: {name} -->")[0]

    def test_missing_marker(self) -> None:
        """A page without the marker is refused."""
        with pytest.raises(report.MarkerMissing):
            report.write_into("nothing here", "load", "NEW")

    def test_table(self) -> None:
        """Columns are as wide as their widest cell."""
        assert report.Table("T", ["a", "bb"], [["ccc", "d"]]).markdown() == "T\n\n| a   | bb |\n|-----|----|\n| ccc | d  |"


def test_open_files_of_this_process(tmp_path: Path) -> None:
    """They are counted by name, and sockets by their kind."""
    before = Counter(resource_usage.open_files(os.getpid()))
    with (tmp_path / "left.txt").open("w"), socket.socket(), socket.socket():
        more = Counter(resource_usage.open_files(os.getpid())) - before
    assert (more["left.txt"], more["socket"]) == (1, 2)


def test_files_that_visits_leave() -> None:
    """Those of the threads of the database are none, up to two for each thread."""

    def left(**more: int) -> int:
        looks = [growth.Look(0, resource_usage.usage(os.getpid()), {}, files) for files in ({"socket": 3}, {"socket": 3, **more})]
        return growth.Growth("Parley", "peers", looks, [], 0.0, 0.0).files_left

    assert left() == 0
    assert left(**{"parley.sqlite3": 1, "parley.sqlite3-wal": 1}) == 0
    assert left(**{"parley.sqlite3": 20, "pipe": 2}) == 10
    assert left(socket=4) == 1


def test_usage_of_this_process() -> None:
    """The kernel's figures of a running process are read, and no host is named."""
    own = resource_usage.usage(os.getpid())
    assert own.cpu_s > 0
    assert own.resident > 2**20
    assert own.threads >= 1
    assert socket.gethostname() not in resource_usage.describe()
