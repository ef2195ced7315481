"""A small folder of data in the form of the real one."""

import gzip
import json
from pathlib import Path

import pytest

MEETING = ["Shall we begin now?", "I will send you the minutes tomorrow.", "The room is too cold today.", "um", "So that is it."]
STYLE = """# labels\tassignee\tdue\ttext\tentities
a\tPriya\tFriday\tPriya will send the report by Friday.\tperson=Priya; date=Friday
q\t\t\tWhich room are we in?\t
n\t\t\tThe flight costs 300 euros.\tmoney=300 euros
x\t\t\tHow are you?\t
f\tWE\t\tLet us talk again about the contract.\t
"""


def rows(corpus: str) -> list[dict[str, object]]:
    """The meeting as one conversation of a corpus; only meetings know questions."""
    return [
        {
            "corpus": corpus,
            "conversation": "one",
            "index": index,
            "speaker": "AB"[index % 2],
            "text": text,
            "question": None if corpus == "email" else int(text.endswith("?")),
            "action_item": int("I will" in text),
            "commit": None,
        }
        for index, text in enumerate(MEETING)
    ]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with dev parts and business sentences."""
    folder = tmp_path / "data"
    folder.mkdir()
    for corpus in ("mrda", "ami", "email"):
        lines = "".join(json.dumps(row) + "\n" for row in rows(corpus))
        (folder / f"{corpus}.dev.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    (folder / "style.dev.tsv").write_text(STYLE, encoding="utf-8")
    return folder
