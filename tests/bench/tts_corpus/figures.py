"""Computes every figure of docs/develop/insights-on-transcripts.md: python -m tests.bench.tts_corpus.figures --data DIR [--write]

Uses the stored transcripts, in about half a minute, without audio or recogniser.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from insights.analysis.vocabulary.correction import Vocabulary
from tests.bench.report import Table, write_into
from tests.bench.tts_corpus import choose, found, spans, table, talk, vocabulary_tables
from tests.bench.tts_corpus.choose import Reading
from tests.bench.tts_corpus.found import Judged
from tests.bench.tts_corpus.table import ReadingTranscript
from tests.bench.word_errors import Errors, errors

PAGE = Path(__file__).resolve().parents[3] / "docs" / "develop" / "insights-on-transcripts.md"

Models = dict[str, list[ReadingTranscript]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables as Markdown, or write them into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with the dev parts and style.dev.tsv")
    parser.add_argument("--write", action="store_true", help="update the tables in docs/develop/insights-on-transcripts.md")
    chosen = parser.parse_args(arguments)
    models = {model: table.read(model) for model in table.MODELS}
    parts = {
        "hearing": hearing(models, choose.dev(chosen.data)).markdown(),
        "insights": insights(models, chosen.data).markdown(),
        "entities": entities(models, chosen.data).markdown(),
        "demo": "\n".join(demo(models)),
        "vocabulary": vocabulary_tables.mending_table(models, choose.dev(chosen.data)).markdown(),
        "texts": "\n".join([*vocabulary_tables.texts(chosen.data), *vocabulary_tables.costs(models["tiny"])]),
    }
    for name, part in parts.items():
        print(f"\n## {name}\n\n{part.strip()}")
        if chosen.write:
            PAGE.write_text(write_into(PAGE.read_text(encoding="utf-8"), name, part.strip()), encoding="utf-8")


def hearing(models: Models, dev: Sequence[Reading]) -> Table:
    """Return word error rates by kind of reading and voice, and the fate of question marks."""
    read = {model: vocabulary_tables.pairs(everything, [*choose.clips(), *dev]) for model, everything in models.items()}
    rows = []
    for kind in ("style", *choose.CORPORA, "name", "plain"):
        for model, everything in read.items():
            pairs = [pair for pair in everything if pair[0].name.startswith(f"{kind}/")]
            voices = [_rate([pair for pair in pairs if pair[0].voice == voice]) for voice in choose.VOICES]
            asked = [one for reading, one in pairs if "?" in reading.written]
            kept = sum("?" in one.text for one in asked)
            empty = sum(not one.words for _, one in pairs)
            rows.append([f"{kind} ({len(pairs)})", model, *voices, _rate(pairs), str(empty), f"{kept} of {len(asked)}"])
    return Table("", ["readings", "model", *choose.VOICES, "all", "nothing heard", "? kept"], rows)


def _rate(pairs: Sequence[tuple[Reading, ReadingTranscript]]) -> str:
    """Return word errors in percent against the synthesiser's input; against the written name where the input spells it differently."""
    total = Errors(0, 0)
    for reading, one in pairs:
        total += errors(reading.written if reading.phrase else reading.spoken, one.text)
    return f"{total.rate:.1f}" if total.words else "-"


def insights(models: Models, data: Path) -> Table:
    """Return scores at 0.5 for written and recognised text; why insights were lost, and the number of false ones."""
    judged = {model: [*found.corpora(everything, data), *found.business(everything, data)] for model, everything in models.items()}
    rows = []
    for group, kind in dict.fromkeys((one.group, one.kind) for ones in judged.values() for one in ones):
        for model, ones in judged.items():
            mine = [one for one in ones if (one.group, one.kind) == (group, kind)]
            gold = sum(one.gold for one in mine)
            rows.append([f"{group} {kind} ({gold} of {len(mine)})", model, *_cells(mine)])
    return Table("", ["label", "model", *(f"{way}: P R F1 (best)" for way in found.WAYS), "lost by mark, by words", "new by mistake"], rows)


def _cells(ones: Sequence[Judged]) -> list[str]:
    scores = found.scores(ones)
    lost = [one for one in ones if one.gold and one.is_reported("written") and not one.is_reported("heard")]
    by_mark = sum(not one.is_reported("without ?") for one in lost)
    new = sum(one.is_reported("heard") and not one.gold and not one.is_reported("written") for one in ones)
    figures = [f"{s.precision:.2f} {s.recall:.2f} {s.f1:.2f} ({s.best_f1:.2f})" for s in scores.values()]
    return [*figures, f"{by_mark}, {len(lost) - by_mark}", str(new)]


def entities(models: Models, data: Path) -> Table:
    """Return entities, assignees and due dates of the business sentences: found again / in the text (found in total)."""
    names = Vocabulary(spans.names(data))
    rows = []
    for model, everything in models.items():
        for voice in choose.STYLE_VOICES:
            ours = [one for one in everything if one.voice == voice]
            counts, announced = spans.spans(ours, data), spans.spans(ours, data, names)
            cells = [_found(counts.entities.get(kind, (0, 0, 0))) for kind in spans.KINDS]
            tasks = [f"{one.assignees} of {one.tasks}" for one in (counts, announced)]
            again = _found(announced.entities.get("names", (0, 0, 0)))
            rows.append([f"{voice}, {model}", *cells, again, *tasks, f"{counts.dues} of {counts.dated}"])
    return Table("", ["read by, model", *spans.KINDS, "names, announced", "assignee", "assignee, announced", "due"], rows)


def _found(counts: tuple[int, int, int]) -> str:
    there, again, in_all = counts
    return f"{again} of {there} ({in_all})"


def demo(models: Models) -> Iterator[str]:
    """Yield the demo's insights, as written and as recognised."""
    for name, turns in (("written", talk.written()), *((f"heard, {model}", talk.heard(every)) for model, every in models.items())):
        result = talk.insights(turns)
        counts = ", ".join(f"{result.found[kind]} of {many} {kind}" for kind, many in result.expected.items())
        besides = ", ".join(f"{kind} in turn {turn}" for turn, kind in result.besides) or "nothing"
        yield f"- {name}: {counts}; besides: {besides}"


if __name__ == "__main__":
    main()
