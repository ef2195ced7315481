"""Diarization of clips and of made conversations, beside "everybody is one speaker", and what it costs; enrolled voices among strangers."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import reduce
from operator import add
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from streaming.audio.pcm import RATE, Samples
from streaming.speech.engines.moonshine import Moonshine
from streaming.speech.speakers import LiveDiarizer, SpeakerModels, SpeakerSpan
from streaming.speech.speakers.pyannote_models import load
from streaming.speech.speakers.tuning import Tuning
from streaming.speech.speakers.types import Columns, Regions, Vectors
from tests.bench.child_processes import BenchError
from tests.bench.diarization_error import DiarizationErrors, Speech, diarization_errors, one_speaker, pauses_closed, rttm
from tests.bench.published_model import published_model
from tests.bench.report import Goal, Result, Table, number
from tests.bench.rounds import Say
from tests.bench.scenarios import profiles
from tests.bench.speaker_data import Clip, clips, conversation, turns

CONVERSATIONS = 20
"""With 2 to 5 speakers and each of `OVERLAPS`."""
OVERLAPS = (0.0, 0.1, 0.25)
FIRST_SEED = 1000
"""Not the seeds 0 to 3, whose conversations were used to choose the values of `Tuning`."""
MERGE = (28.0, 36.0, 46.0, 60.0)
"""Values of `Tuning.merge`: for each clip, the one that is best on all others is taken."""
MOST_DER = 5.0
PAUSE_S = 0.6
"""Pauses of a speaker that are shorter are speech, as in the truth (0.5 s); a little longer, because silence is cut off at their edges."""
_HEADS = ["data", "labels", "speech s", "DER %", "missed %", "false alarm %", "confusion %"]


class _Meter:
    """The models, with the CPU time of each call; what a clip needs again is computed once."""

    def __init__(self, models: SpeakerModels) -> None:
        self._models = models
        self.between, self.made_up = models.between, models.made_up
        self.cpu_s = {"segmentation": 0.0, "voice vectors": 0.0}
        self._known: dict[tuple[str, int, bytes], NDArray[np.float32]] = {}

    def forget(self) -> None:
        """Forget the results of the last clip."""
        self._known.clear()

    def segment(self, window: Samples) -> NDArray[np.float32]:
        """Call the segmentation model."""
        return self._once("segmentation", window)

    def columns(self, clip: Samples) -> Columns:
        """Call the embedding model."""
        return self._once("voice vectors", clip)

    def vectors(self, columns: Columns, parts: Sequence[Regions]) -> Vectors:
        """Pool the columns."""
        started = time.thread_time()
        found = self._models.vectors(columns, parts)
        self.cpu_s["voice vectors"] += time.thread_time() - started
        return found

    def _once(self, what: str, samples: Samples) -> NDArray[np.float32]:
        key = what, len(samples), samples.tobytes()
        if key not in self._known:
            started = time.thread_time()
            self._known[key] = (self._models.segment if what == "segmentation" else self._models.columns)(samples)
            self.cpu_s[what] += time.thread_time() - started
        return self._known[key]


@dataclass(slots=True)
class _Found:
    """Errors of the clips of one kind: live and at the end by each value of `MERGE`, and with one label for everybody.

    `live_voiced` and `end_voiced`: with the shipped value, where the truth is the voice activity detection of each voice alone.
    """

    live: list[list[DiarizationErrors]] = field(default_factory=list)
    end: list[list[DiarizationErrors]] = field(default_factory=list)
    one: list[DiarizationErrors] = field(default_factory=list)
    live_voiced: list[DiarizationErrors] = field(default_factory=list)
    end_voiced: list[DiarizationErrors] = field(default_factory=list)

    def totals(self) -> dict[str, DiarizationErrors]:
        """Return the errors over all clips: `shipped` values, and chosen on the other clips."""
        shipped = MERGE.index(Tuning().merge)
        by_vad = {"live, truth by VAD": _total(self.live_voiced), "after the end, truth by VAD": _total(self.end_voiced)}
        return {
            "live": _total(clip[shipped] for clip in self.live),
            "live, cross-validated": _total(_chosen(self.live)),
            "after the end": _total(clip[shipped] for clip in self.end),
            "one speaker": _total(self.one),
            **(by_vad if self.live_voiced else {}),
        }


def _total(errors: "Sequence[DiarizationErrors] | Iterator[DiarizationErrors]") -> DiarizationErrors:
    return reduce(add, errors, DiarizationErrors())


def _chosen(found: list[list[DiarizationErrors]]) -> Iterator[DiarizationErrors]:
    """Yield the errors of each clip with the value that is best on the others."""
    for number_, clip in enumerate(found):
        others = found[:number_] + found[number_ + 1 :]
        rates = [_total(other[value] for other in others).rate for value in range(len(MERGE))]
        yield clip[int(np.argmin(rates))] if others else clip[MERGE.index(Tuning().merge)]


def measure(folder: Path | None, written: Path | None, say: Say, conversations: int = CONVERSATIONS) -> Result:
    """Diarize the clips in `ami/` and conversations made of the voices in `libri/`. Raises BenchError without the data."""
    if folder is None or not (folder / "libri").is_dir():
        raise BenchError("--speakers-data must name a folder with ami/ (clips with RTTM files) and libri/ (single voices)")
    models = load()
    meter, audio_s, cpu_s, recognised_s = _Meter(models), 0.0, 0.0, 0.0
    recogniser = published_model()
    found: dict[str, _Found] = {}
    silent = 0
    for name, clip in _data(folder, conversations):
        if not np.any(clip.samples):
            silent += 1
            continue
        say(clip.name)
        cut = list(turns(clip.samples))
        recognised_s += _recognise(recogniser, cut)
        audio_s += sum(len(samples) for _, samples in cut) / RATE
        cpu_s += _diarize(meter, clip, cut, found.setdefault(name, _Found()), written)
    say("enrolled voices")
    table, goals, data = profiles.measure(folder / "libri", models)
    totals = {name: one.totals() for name, one in found.items()}
    rows = [[name, way, *_cells(errors)] for name, ways in totals.items() for way, errors in ways.items()]
    data |= {name: {way: asdict(errors) for way, errors in ways.items()} for name, ways in totals.items()}
    spent = {"diarization": cpu_s, **{f"its {what}": used for what, used in meter.cpu_s.items()}, "the recogniser alone": recognised_s}
    data["cpu_s_per_s"] = {what: used / max(audio_s, 1) for what, used in spent.items()}
    verdicts = [
        "CPU seconds per second of a turn: "
        + ", ".join(f"{what} {number(used, 4)}" for what, used in data["cpu_s_per_s"].items())
        + f". Diarization takes {number(cpu_s / max(recognised_s, 1e-9), 2)} x the recogniser (thread time; both decode each turn once)."
    ]
    if silent:
        verdicts.append(f"{silent} clips hold only zeros and were left out.")
    errors = Table("Errors in percent of speech, frames of 10 ms, no collar", _HEADS, rows)
    return Result("speakers", "Speakers in one audio source", [errors, table], verdicts, data, [*_goals(totals), *goals])


def _data(folder: Path, conversations: int) -> Iterator[tuple[str, Clip]]:
    if (folder / "ami").is_dir():
        for clip in clips(folder / "ami"):
            yield "AMI", clip
    for number_ in range(conversations):
        overlap = OVERLAPS[number_ % len(OVERLAPS)]
        made = conversation(folder / "libri", FIRST_SEED + number_, 2 + number_ % 4, overlap)
        yield f"conversations, {round(100 * overlap)} % overlap", made


def _diarize(meter: _Meter, clip: Clip, cut: list[tuple[float, Samples]], found: _Found, written: Path | None) -> float:
    """Diarize a clip with each value of the threshold; return the CPU time with the shipped value."""
    live_errors, end_errors, spent = [], [], 0.0
    meter.forget()
    for merge in sorted(MERGE, key=lambda value: value != Tuning().merge):
        started = time.thread_time()
        diarizer = LiveDiarizer(meter, tuning=replace(Tuning(), merge=merge))
        live = _speech(span for start_s, samples in cut for span in diarizer.turn(samples, start_s).spans)
        end = _speech(diarizer.finish())
        if merge == Tuning().merge:
            spent = time.thread_time() - started
            found.one.append(diarization_errors(clip.truth, one_speaker(live)))
            if clip.voiced:
                found.live_voiced.append(diarization_errors(clip.voiced, live))
                found.end_voiced.append(diarization_errors(clip.voiced, end))
            if written:
                written.mkdir(parents=True, exist_ok=True)
                (written / f"{clip.name}.live.rttm").write_text(rttm(clip.name, live))
                (written / f"{clip.name}.end.rttm").write_text(rttm(clip.name, end))
                (written / f"{clip.name}.truth.rttm").write_text(rttm(clip.name, clip.truth))
        live_errors.append((merge, diarization_errors(clip.truth, live)))
        end_errors.append((merge, diarization_errors(clip.truth, end)))
    found.live.append([errors for _, errors in sorted(live_errors, key=lambda one: one[0])])
    found.end.append([errors for _, errors in sorted(end_errors, key=lambda one: one[0])])
    return spent


def _recognise(recogniser: Moonshine, cut: list[tuple[float, Samples]]) -> float:
    """Return the CPU time that the recogniser alone takes for turns."""
    started = time.thread_time()
    for _, samples in cut:
        recogniser.transcribe(samples)
    return time.thread_time() - started


def _speech(spans: "Sequence[SpeakerSpan] | Iterator[SpeakerSpan]") -> list[Speech]:
    return pauses_closed((Speech(span.start_s, span.end_s, str(span.speaker)) for span in spans), PAUSE_S)


def _cells(errors: DiarizationErrors) -> list[str]:
    shares = (errors.missed, errors.false_alarm, errors.confusion)
    return [number(errors.speech, 0), number(errors.rate, 1), *(number(errors.percent(share), 1) for share in shares)]


def _goals(totals: dict[str, dict[str, DiarizationErrors]]) -> list[Goal]:
    goals = []
    for name, ways in totals.items():
        live, end, one = ways["live, cross-validated"], ways["after the end"], ways["one speaker"]
        half = one.percent(one.confusion) / 2
        confusion = live.percent(live.confusion)
        beside = f"one speaker {number(one.rate, 1, ' %')}"
        goals.append(Goal(f"{name}: confusion, live", f"<= {number(half, 1, ' %')}", number(confusion, 1, " %"), beside, confusion <= half))
        if name.endswith(" 0 % overlap"):
            goals.append(Goal(f"{name}: DER, live", f"<= {MOST_DER:g} %", number(live.rate, 1, " %"), beside, live.rate <= MOST_DER))
        reached = end.rate <= ways["live"].rate
        goals.append(
            Goal(f"{name}: DER after the end", "<= live", number(end.rate, 1, " %"), f"live {number(ways['live'].rate, 1, ' %')}", reached)
        )
    return goals
