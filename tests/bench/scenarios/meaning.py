"""The share of QMSum's questions that a search over all meetings answers, beside BM25 over any of the question's words in the same run."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import mean

from django.conf import settings

from tests.bench.child_processes import BenchError
from tests.bench.report import Goal, Result, Table, number
from tests.bench.rounds import Say

LEAST_RATIO = 1.3
"""Share of questions with a relevant message among the first ten, with that of BM25 = 1."""
_LIMIT_S = 3600


def measure(path: Path | None, say: Say) -> Result:
    """Ask the questions of a file. Raises BenchError without a file."""
    if path is None or not path.is_file():
        raise BenchError("--qmsum must name a file of QMSum in JSON lines, such as dev.jsonl.gz")
    say("vectors of all messages: some minutes")
    with tempfile.TemporaryDirectory(prefix="parley-meaning-") as data:
        environment = {**os.environ, "DATA_DIR": data, "DATABASE_URL": "", "REDIS_URL": ""}
        done = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "tests.bench.meaning_child", str(path)],
            cwd=settings.BASE_DIR,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
    if done.returncode:
        raise BenchError(f"the program that asks failed: {done.stderr[-2000:]}")
    measured = json.loads(done.stdout.splitlines()[-1])
    shares = {way: mean(found) for way, found in measured["found"].items()}
    rows = [[way, number(share, 3), number(share / shares["BM25"], 2, " x")] for way, share in shares.items()]
    questions = len(measured["found"]["BM25"])
    table = Table(f"Share of {questions} questions with a relevant message among the first ten", ["search", "share", "BM25 = 1"], rows)
    verdicts = []
    goals = []
    if "words and meaning" in shares:
        ratio = shares["words and meaning"] / shares["BM25"]
        each = number(1000 * measured["cpu_s"] / max(1, measured["messages"]), 1, " ms")
        verdicts.append(
            f"A vector costs {each} of CPU; a search over {measured['messages']:,} messages takes {measured['search_s']:.2f} s."
        )
        goals.append(Goal("questions answered by search", f">= {LEAST_RATIO:g} x", number(ratio, 2, " x"), "BM25 1", ratio >= LEAST_RATIO))
    else:
        verdicts.append("Search by meaning was not measured: the packages of requirements/meaning.txt are not installed.")
    return Result("meaning", "Search by meaning", [table], verdicts, measured, goals)
