"""Reads meetings of QMSum (Zhong et al. 2021, MIT licence): sentences, and summaries by people."""

import gzip
import json
import re
from dataclasses import dataclass
from pathlib import Path

from insights.analysis.text.sentences import sentences


@dataclass(frozen=True, slots=True)
class Meeting:
    """The sentences of a meeting, its summaries by people, and the titles that they gave to its parts."""

    texts: list[str]
    references: list[str]
    titles: list[str]


def read(path: Path, most: int | None = None) -> list[Meeting]:
    """Return the meetings of a file of JSON lines (gzip), at most `most`, without the marks of transcribers such as {vocalsound}."""
    found: list[Meeting] = []
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for line in file:
            if len(found) == most:
                break
            one = json.loads(line)
            turns = (clean(turn["content"]) for turn in one["meeting_transcripts"])
            texts = [sentence.text for turn in turns for sentence in sentences(turn)]
            references = [query["answer"] for query in one["general_query_list"]]
            found.append(Meeting(texts, references, [part["topic"] for part in one["topic_list"]]))
    return found


def clean(text: str) -> str:
    """Return a turn without the marks of transcribers, and without spaces before punctuation."""
    text = re.sub(r" ([.,?!;:]|'\w+|n't)", r"\1", re.sub(r"\{\w+\}", "", text))
    return " ".join(text.split())
