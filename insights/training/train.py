"""Trains the shipped weights: python -m insights.training.train --data DIR [--out DIR]. Takes minutes on one core; deterministic."""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import numpy as np

from insights.analysis.acts import weights
from insights.analysis.acts.cnn import Net
from insights.analysis.acts.mixture import TASKS, Combiner
from insights.analysis.acts.weights import ALL_HEADS
from insights.analysis.acts.word_classes import Classes
from insights.training import combine, combiner_inputs, corpora, document_frequencies, heads, tagger, word_clusters
from insights.training.combiner_inputs import HANDS
from insights.training.corpora import Row
from insights.training.matrix import build
from insights.training.net import logits as logits_of_net

CORPORA = ("ami", "mrda", "email")


def main(arguments: Sequence[str] | None = None) -> None:
    """Parse the arguments, train, and print a report that ends with the digests of the written files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with {ami,mrda,email}.{train,dev}.jsonl.gz")
    parser.add_argument("--out", type=Path, default=Path(str(files("insights.analysis"))) / "weights", help="folder for the weights")
    chosen = parser.parse_args(arguments)
    began = time.monotonic()
    rows = corpora.read(chosen.data / f"{corpus}.train.jsonl.gz" for corpus in CORPORA)
    dev = corpora.read(chosen.data / f"{corpus}.dev.jsonl.gz" for corpus in CORPORA)
    own = corpora.read_own((files("insights.analysis") / "data" / "business.tsv").read_text(encoding="utf-8"))
    print(f"background: {document_frequencies.save(rows, chosen.out / 'background.npz')}")
    print(f"names: {tagger.train(chosen.data / 'ami.train.jsonl.gz', chosen.out / 'names.npz')}")
    train(rows, dev, own, chosen.out)
    for name in ("acts.npz", "background.npz", "names.npz"):
        content = (chosen.out / name).read_bytes()
        print(f"{name}: {len(content)} bytes, sha256 {sha256(content).hexdigest()}")
    print(f"took {time.monotonic() - began:.0f} s", file=sys.stderr)


def train(rows: Sequence[Row], dev: Sequence[Row], own: Sequence[Row], out: Path) -> None:
    """Fit heads, network and combiner on rows and own sentences, calibrate on dev, write out/acts.npz."""
    classes = word_clusters.learn(row.text for row in rows)
    print(f"classes: {len(classes.of)} words")
    learnt = [*rows, *corpora.torn_out(rows), *corpora.placed(own)]
    heard = corpora.restyled(learnt, "mixed")
    seen = build(heard, classes)
    fitted, logits = heads.fit_all(seen, heard)
    for name, head in zip(ALL_HEADS, fitted, strict=True):
        print(f"head {name}: {len(head.columns)} features, intercept {head.intercept:.4f}")
    net, net_logits = heads.fit_net(seen, heard)
    combined = combine.fit(combiner_inputs.hands(learnt, heard, seen, logits, net_logits), HANDS * heard, HANDS * seen.shown)
    combined = _calibrated(combined, fitted, classes, net, dev)
    for task, calibration in zip(TASKS, combined.calibrations, strict=True):
        print(f"{task}: calibrations {np.round(calibration, 4).tolist()}")
    weights.save(out / "acts.npz", [(head.columns, head.weights, head.intercept) for head in fitted], classes, net, combined)


def _calibrated(combined: Combiner, fitted: Sequence[heads.Head], classes: Classes, net: Net, dev: Sequence[Row]) -> Combiner:
    """Return the combiner, calibrated on rows that nothing was fitted to."""
    heard = corpora.restyled(dev, "mixed")
    seen = build(heard, classes)
    inputs = combiner_inputs.hands(dev, heard, seen, heads.logits_of(fitted, seen), logits_of_net(net, seen.views))
    return combine.calibrate(combined, inputs, HANDS * heard, HANDS * seen.shown)


if __name__ == "__main__":
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":  # threads change the order of sums: restart with one thread
        os.environ["OPENBLAS_NUM_THREADS"] = "1"
        os.execv(sys.executable, [sys.executable, "-m", "insights.training.train", *sys.argv[1:]])  # noqa: S606
    main()
