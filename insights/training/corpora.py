"""Reads the corpora: rows of conversations with gold labels, and the variants in which a recogniser might write them."""

import gzip
import json
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

_ANNOTATED = frozenset(("ami", "mrda"))
"""Corpora with dialogue acts."""


@dataclass(frozen=True, slots=True)
class Row:
    """One message with its gold; a label is None where the corpus does not say. conversation is unique over all corpora.

    acts: the dialogue acts that the corpus's annotators saw in it, under the corpus's name ("mrda/qy"); none where nobody looked.
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
        """What must stay in one fold: the conversation, or the own sentence however often it appears."""
        return self.source or self.conversation


def read(paths: Iterable[Path]) -> list[Row]:
    """Rows of JSONL files (gzip'd or not) in order; 'commit' counts as the action label of its corpus."""
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
        acts=_acts(str(raw["corpus"]), raw.get("da")),
    )


def _acts(corpus: str, told: object) -> frozenset[str]:
    """The acts of a meeting's annotation: AMI's with their family ("el.inf", "el"), MRDA's general act and tags ("s^co|qw" has three)."""
    if corpus not in _ANNOTATED or not told:
        return frozenset()
    parts = [str(told), str(told).split(".")[0]] if corpus == "ami" else re.split(r"[|^:.]", str(told))
    return frozenset(f"{corpus}/{part}" for part in parts if part)


def _label(value: object) -> int | None:
    return None if value is None else int(bool(value))


def read_own(text: str) -> list[Row]:
    """Rows of data/business.tsv: labels (letters of a, q, f; n for none) and the sentence; '#' begins a comment.

    A follow-up is a kind of action item with a name of its own, and told under that name alone: its action label is 0.
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
    """Runs of rows of one conversation."""
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


def as_heard(text: str, style: str) -> str:
    """A message as another hand would write it: 'text' as it is, 'noq' without question marks, 'lower' without case and punctuation,
    'heard' like a recogniser's final (no hesitations, stutters, cut-off words or commas)."""
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
    """All rows in one style; 'mixed' draws one of the question-mark-free styles per conversation-independent coin (seeded)."""
    coin = random.Random(20)  # noqa: S311  (reproducible, nothing secret)
    styles = ("noq", "noq", "lower", "heard", "heard")
    return [replace(row, text=as_heard(row.text, coin.choice(styles) if style == "mixed" else style)) for row in rows]


def torn_out(rows: Sequence[Row], every: int = 12) -> list[Row]:
    """Every n-th message of the meetings that has at least four words, as if it were the first of a talk: no context tells no corpus."""
    chosen = [row for number, row in enumerate(rows) if row.corpus != "email" and number % every == 0 and len(row.text.split()) >= 4]
    return [
        replace(row, conversation=f"{row.conversation}/{number}", index=0, source=row.conversation) for number, row in enumerate(chosen)
    ]


def placed(own: Sequence[Row]) -> list[Row]:
    """Own sentences twice: alone, and shuffled into talks of twelve, so that having no context means nothing."""
    coin = random.Random(21)  # noqa: S311  (reproducible, nothing secret)
    shuffled = list(own)
    coin.shuffle(shuffled)
    talks = [
        replace(row, conversation=f"own-talk/{number // 12}", index=number % 12, speaker=coin.choice("ABC"))
        for number, row in enumerate(shuffled)
    ]
    return [*own, *talks]
