"""Reads the corpora: rows of conversations with gold labels, and variants as a recogniser might write them."""

import gzip
import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

_ANNOTATED = frozenset(("ami", "mrda"))
"""Corpora with dialogue acts."""
REVIEWED = "parley"
"""The corpus of sentences that reviewers judged (`insights.exports.reviewed_insights`). Its `da` has the verdicts: `follow_up:accepted`."""


@dataclass(frozen=True, slots=True)
class Row:
    """One message with gold labels; a label is None where the corpus has none. conversation is unique over all corpora.

    acts: the annotated dialogue acts, prefixed by the corpus ("mrda/qy"); empty where the message is not annotated.
    """

    corpus: str
    conversation: str
    index: int
    speaker: str
    text: str
    question: int | None = None
    action: int | None = None
    follow_up: int | None = None
    source: str = ""
    acts: frozenset[str] = frozenset()

    @property
    def origin(self) -> str:
        """Rows of one origin must stay in one fold: the conversation, or all copies of an own sentence."""
        return self.source or self.conversation


def read(paths: Iterable[Path]) -> list[Row]:
    """Return the rows of JSONL files (optionally gzipped) in order; 'commit' counts as the action label of its corpus."""
    rows: list[Row] = []
    for path in paths:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        rows += [_row(json.loads(line)) for line in content.decode().split("\n") if line.strip()]
    return rows


def _row(raw: dict[str, object]) -> Row:
    action = raw["action_item"] if raw["action_item"] is not None else raw["commit"]
    return Row(
        str(raw["corpus"]),
        f"{raw['corpus']}/{raw['conversation']}",
        int(str(raw["index"])),
        str(raw["speaker"]),
        str(raw["text"]),
        _label(raw["question"]),
        _label(action),
        _verdict(raw, "follow_up"),
        acts=_acts(str(raw["corpus"]), raw.get("da")),
    )


def _acts(corpus: str, annotation: object) -> frozenset[str]:
    """Return the acts of an annotation: AMI's with their family ("el.inf", "el"), MRDA's general act and tags ("s^co|qw" has three)."""
    if corpus not in _ANNOTATED or not annotation:
        return frozenset()
    parts = [str(annotation), str(annotation).split(".")[0]] if corpus == "ami" else re.split(r"[|^:.]", str(annotation))
    return frozenset(f"{corpus}/{part}" for part in parts if part)


def _verdict(raw: dict[str, object], kind: str) -> int | None:
    """Return the verdict on an insight of this kind in a row of the reviewed corpus: other corpora have no labels of the kind."""
    if raw["corpus"] != REVIEWED:
        return None
    verdicts = dict(part.split(":") for part in str(raw.get("da") or "").split())
    return {"accepted": 1, "rejected": 0}.get(verdicts.get(kind, ""))


def _label(value: object) -> int | None:
    return None if value is None else int(bool(value))


def read_own(text: str) -> list[Row]:
    """Return the rows of data/business.tsv: labels (letters of a, q, f; n for none) and the sentence; '#' begins a comment.

    A follow-up is a kind of action item, but is reported as a follow-up only: its action label is 0.
    """
    rows = []
    for number, line in enumerate(text.splitlines()):
        if not line.strip() or line.startswith("#"):
            continue
        labels, sentence = line.split("\t")
        follow_up = int("f" in labels)
        rows.append(
            Row(
                "own",
                f"own/{number}",
                0,
                "A",
                sentence,
                int("q" in labels),
                int("a" in labels),
                follow_up,
                f"own/{number}",
            )
        )
    return rows


def by_conversation(rows: Iterable[Row]) -> Iterator[list[Row]]:
    """Yield runs of rows of one conversation."""
    run: list[Row] = []
    for row in rows:
        if run and row.conversation != run[-1].conversation:
            yield run
            run = []
        run.append(row)
    if run:
        yield run


_HESITATION = re.compile(r"\b(?:um|uh|uhm|mm|mm-hmm|hmm|er|erm|ah)\b[,.]?\s*", re.IGNORECASE)
_STUTTER = re.compile(r"\b(\w+)(?:[ ,]+\1\b)+", re.IGNORECASE)
_CUT_OFF = re.compile(r"\b\w+-(?=\s|$)")


def as_transcribed(text: str, style: str) -> str:
    """Return a message in another style: 'text' as it is, 'noq' without question marks, 'lower' without case and punctuation,
    'heard' like a final result of a recogniser (no hesitations, stutters, cut-off words or commas).
    """
    if style == "noq":
        return text.replace("?", ".")
    if style == "lower":
        return re.sub(r"\s+", " ", re.sub(r"[^\w\s'$%@-]", " ", text.lower())).strip()
    if style == "heard":
        clean = _CUT_OFF.sub("", _HESITATION.sub("", text))
        clean = re.sub(r"\s+", " ", _STUTTER.sub(r"\1", clean).replace(",", "").replace("?", "")).strip(" .")
        return (clean[:1].upper() + clean[1:] if clean else text.replace("?", "")) + "."
    return text


def restyled(rows: Iterable[Row], style: str) -> list[Row]:
    """Return all rows in one style; 'mixed' draws one of the styles without question marks per row (seeded)."""
    coin = random.Random(20)  # noqa: S311  (reproducible, nothing secret)
    styles = ("noq", "noq", "lower", "heard", "heard")
    return [replace(row, text=as_transcribed(row.text, coin.choice(styles) if style == "mixed" else style)) for row in rows]


def torn_out(rows: Sequence[Row], every: int = 12) -> list[Row]:
    """Return every n-th meeting message of at least four words as if it began a talk: no context must not indicate a corpus."""
    chosen = [row for number, row in enumerate(rows) if row.corpus != "email" and number % every == 0 and len(row.text.split()) >= 4]
    return [
        replace(row, conversation=f"{row.conversation}/{number}", index=0, source=row.conversation) for number, row in enumerate(chosen)
    ]


def placed(own: Sequence[Row]) -> list[Row]:
    """Return own sentences twice: alone, and shuffled into talks of twelve, so that missing context carries no information."""
    coin = random.Random(21)  # noqa: S311  (reproducible, nothing secret)
    shuffled = list(own)
    coin.shuffle(shuffled)
    talks = [
        replace(row, conversation=f"own-talk/{number // 12}", index=number % 12, speaker=coin.choice("ABC"))
        for number, row in enumerate(shuffled)
    ]
    return [*own, *talks]
