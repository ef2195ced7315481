"""Trains the shipped weights: python -m streaming.training.punctuation.fit --data DIR --heard FILE [--out FILE].

Minutes on one core; seeded. The words and pauses are learned from the train parts of AMI (words with times), MRDA and the committees of
QMSum, except for the meetings of `HELD_OUT`, and from the project's own sentences. How far the recogniser's own marks are right is learned
from those meetings, read aloud (`tests/bench/punctuation/heard.py`).
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import numpy as np

from streaming.speech.punctuation.features import SENTENCE_SIZE, SIZE, category_ids, ids_of, pause_kinds, place_features, sentence_features
from streaming.speech.punctuation.marks import PunctuationMark, token
from streaming.speech.punctuation.model import COMMA, END, NONE, Thresholds, Weights, mark_features, question_features
from streaming.training.punctuation import recogniser_output
from streaming.training.punctuation.corpus import Turn, ami_turns, committee_texts, own_texts, pauses, texts, without_hesitations
from streaming.training.punctuation.recogniser_output import RecognisedTurn
from streaming.training.punctuation.regression import Features, Floats, Rows, fit_dense, fit_places, fit_sentences
from streaming.training.punctuation.thresholds import choose

HELD_OUT = "ES2016,IS1007,TS3012"
LABELS = {
    PunctuationMark.NONE: NONE,
    PunctuationMark.COMMA: COMMA,
    PunctuationMark.PERIOD: END,
    PunctuationMark.QUESTION: END,
    PunctuationMark.OTHER: NONE,
}
_LEAST_SEEN = 40
"""Occurrences of a feature, in the hashed table; a rarer one has the weight 0."""
_WRITTEN_WORTH = 0.4
"""Weight of words of other corpora, beside 1 of those of AMI."""
_CHUNK = 100_000
_SMALL = 0.97
"""Share of the occurrences in mid-sentence in which a word must begin with a small letter."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, write the weights, and print what was written."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with turns/, insights/ and qmsum/")
    parser.add_argument("--heard", type=Path, required=True, help="written by heard.py for the meetings of HELD_OUT")
    parser.add_argument("--out", type=Path, default=Path(str(files("streaming.speech.punctuation"))) / "weights.npz")
    chosen = parser.parse_args(arguments)
    timed = ami_turns(chosen.data / "turns" / "ami.train.jsonl.gz", HELD_OUT, others=True)
    written = texts([chosen.data / "insights" / "mrda.train.jsonl.gz"]) + committee_texts(chosen.data / "qmsum" / "train.jsonl.gz")
    written += own_texts(Path(str(files("insights.analysis"))) / "data" / "business.tsv", copies=6)
    print(f"{len(timed)} turns of AMI, {len(written)} of other corpora")
    places, place_bias = words_and_pauses(timed, written)
    sentences, sentence_bias = questions(timed, written)
    weights = Weights(
        places, place_bias, np.zeros((0, 3), np.float32), sentences, sentence_bias, np.zeros(0, np.float32), small_words(timed + written),
        Thresholds(1, 0, 0, 1, 0),
    )  # fmt: skip
    listened = [one for one in recogniser_output.read(chosen.heard) if one.words]
    save(choose(with_marks(weights, listened), listened), chosen.out)


def words_and_pauses(timed: Sequence[Turn], written: Sequence[Turn]) -> tuple[Floats, Floats]:
    """Return the weights of places by words and pauses."""
    random = np.random.default_rng(1)
    shares = pause_shares(timed)
    plain = [turn for turn in map(without_hesitations, timed) if turn]
    kinds = [pause_kinds(_blurred(pauses(turn), random)) for turn in plain] + [_drawn(turn, shares, random) for turn in written]
    turns = [*plain, *written]
    features = _features(turns, kinds)
    labels = np.array([LABELS[word.mark] for turn in turns for word in turn], dtype=np.int64)
    worth = np.full(len(labels), _WRITTEN_WORTH, dtype=np.float32)
    worth[: sum(map(len, plain))] = 1
    seen = np.bincount(features.ravel(), minlength=SIZE)
    print(f"places: {len(labels)} words", flush=True)
    known = np.where(seen[features] >= _LEAST_SEEN, features, SIZE).astype(np.uint32)
    weights, bias = fit_places(known, labels, worth, SIZE + 1, epochs=3, rate=0.05)
    weights = weights[:SIZE]
    print(f"{int((weights != 0).any(axis=1).sum())} features", flush=True)
    return weights, bias


def _features(turns: Sequence[Turn], kinds: Sequence[Rows]) -> Features:
    """Return the features of all words of all turns, shape (n, f)."""
    words = [[word.plain for word in turn] for turn in turns]
    ids = [ids_of(one) for one in words]
    padding = (len(ids[0]) - len(turns[0])) // 2
    inside = np.concatenate([np.pad(np.ones(len(turn), dtype=bool), padding) for turn in turns])[padding:-padding]
    padded = np.concatenate([np.pad(one, padding) for one in kinds])[padding:-padding]
    every, categories = np.concatenate(ids), np.concatenate([category_ids(one) for one in words])
    found: list[Features] = []
    for start in range(0, len(inside), _CHUNK):
        piece = slice(start, min(len(inside), start + _CHUNK))
        around = slice(piece.start, piece.stop + 2 * padding)
        features = place_features(every[around], categories[around], padded[piece])
        found.append(features[inside[piece]].astype(np.uint32))
    return np.concatenate(found)


def _blurred(found: list[float], random: np.random.Generator) -> list[float]:
    """Return pauses as a recogniser sees them: a sixth are missed, and a sixth are one word off."""
    blurred = list(found)
    for place in range(len(found) - 1):
        if found[place] > 0 and random.random() < 1 / 3:
            blurred[place] = 0.0
            if random.random() < 0.5:
                to = min(len(found) - 2, max(0, place + (1 if random.random() < 0.5 else -1)))
                blurred[to] = max(blurred[to], found[place])
    return blurred


def pause_shares(turns: Sequence[Turn]) -> dict[int, Floats]:
    """Return the shares of the kinds of pauses inside turns, by label."""
    counts = np.ones((3, 5))
    for turn in turns:
        kinds = pause_kinds(pauses(turn))
        for word, kind in zip(turn[:-1], kinds, strict=False):
            counts[LABELS[word.mark], kind] += 1
    return {label: (counts[label] / counts[label].sum()).astype(np.float32) for label in range(3)}


def _drawn(turn: Turn, shares: dict[int, Floats], random: np.random.Generator) -> Rows:
    """Return kinds of pauses, drawn by label, for a text without times."""
    cumulated = {label: np.cumsum(values) for label, values in shares.items()}
    found = [int(np.searchsorted(cumulated[LABELS[word.mark]], random.random())) for word in turn]
    found[-1] = 4
    return np.minimum(np.array(found, dtype=np.int64), 4)


def questions(timed: Sequence[Turn], written: Sequence[Turn]) -> tuple[Floats, float]:
    """Return the weights of sentences by their words."""
    features: list[list[int]] = []
    labels: list[float] = []
    for turn in [*map(without_hesitations, timed), *written]:
        for words, mark in sentences_of([word.plain for word in turn], [word.mark for word in turn]):
            features.append(sentence_features(words))
            labels.append(mark is PunctuationMark.QUESTION)
    print(f"sentences: {len(labels)}, {sum(labels):.0f} questions", flush=True)
    seen = np.bincount([number for row in features for number in row], minlength=SENTENCE_SIZE)
    features = [[number for number in row if seen[number] >= _LEAST_SEEN] for row in features]
    return fit_sentences(features, np.array(labels, dtype=np.float32), SENTENCE_SIZE, epochs=4, rate=0.1)


def sentences_of(words: Sequence[str], marks: Sequence[PunctuationMark]) -> list[tuple[list[str], PunctuationMark]]:
    """Return the sentences that end with a period or a question mark, and the mark."""
    found: list[tuple[list[str], PunctuationMark]] = []
    start = 0
    for place, mark in enumerate(marks):
        if mark in (PunctuationMark.PERIOD, PunctuationMark.QUESTION):
            found.append((list(words[start : place + 1]), mark))
            start = place + 1
    return found


def small_words(turns: Sequence[Turn]) -> frozenset[str]:
    """Return common words that begin with a small letter inside sentences."""
    small: Counter[str] = Counter()
    seen: Counter[str] = Counter()
    for turn in turns:
        for before, word in zip(turn, turn[1:], strict=False):
            if before.mark in (PunctuationMark.NONE, PunctuationMark.COMMA):
                seen[word.plain] += 1
                small[word.plain] += word.text[:1].islower()
    return frozenset(word for word, count in seen.items() if count >= 20 and small[word] >= _SMALL * count and word.isascii())


def with_marks(weights: Weights, listened: Sequence[RecognisedTurn]) -> Weights:
    """Return the weights with those of the recogniser's own marks."""
    features: list[Floats] = []
    labels: list[int] = []
    asked: list[Floats] = []
    answers: list[int] = []
    for one in listened:
        features.append(recognised_features(weights, one))
        labels += [LABELS[PunctuationMark(mark)] for mark in one.marks]
        tokens = [token(word.text) for word in one.words]
        start = 0
        for place, mark in enumerate(one.marks):
            if PunctuationMark(mark).ends:
                sentence = [token.plain for token in tokens[start : place + 1]]
                asked.append(question_features(weights.question_score(sentence), tokens[place].mark, brief=len(sentence) <= 2))
                answers.append(int(PunctuationMark(mark) is PunctuationMark.QUESTION))
                start = place + 1
    heard = fit_dense(np.concatenate(features), np.array(labels, dtype=np.int64), 3)
    both = fit_dense(np.stack(asked), np.array(answers, dtype=np.int64), 2)
    print(f"heard: {len(labels)} words, {len(answers)} sentences, {sum(answers)} questions")
    return Weights(
        weights.places, weights.place_bias, heard, weights.sentences, weights.sentence_bias, both[:, 1] - both[:, 0], weights.lower,
        weights.thresholds,
    )  # fmt: skip


def recognised_features(weights: Weights, one: RecognisedTurn) -> Floats:
    """Return the features of the places of a recognised turn."""
    tokens = [token(word.text) for word in one.words]
    gaps = [after.start - before.end for before, after in zip(one.words, one.words[1:], strict=False)]
    kinds = pause_kinds([*gaps, 1.0])
    plain = [one.plain for one in tokens]
    scores = weights.place_scores(place_features(ids_of(plain), category_ids(plain), kinds))
    marks = np.array([one.mark for one in tokens], dtype=np.int64)
    capitals = np.array([*(one.text[:1].isupper() and one.plain[:1] != "i" for one in tokens[1:]), False], dtype=np.int64)
    return mark_features(scores, kinds, marks, capitals)


def save(weights: Weights, out: Path) -> None:
    """Write the weights; those of hashed features with 8 bits."""
    scales = np.array([np.abs(weights.places).max() / 127, np.abs(weights.sentences).max() / 127], dtype=np.float32)
    limits = weights.thresholds
    np.savez_compressed(
        out,
        places=np.round(weights.places / scales[0]).astype(np.int8),
        sentences=np.round(weights.sentences / scales[1]).astype(np.int8),
        scales=scales,
        place_bias=weights.place_bias,
        sentence_bias=np.float32(weights.sentence_bias),
        heard=weights.heard,
        questions=weights.questions,
        lower=np.frombuffer("\n".join(sorted(weights.lower)).encode(), dtype=np.uint8),
        thresholds=np.array([limits.end, limits.no_end, limits.last_end, limits.question, limits.no_question], dtype=np.float32),
    )
    content = out.read_bytes()
    print(f"{limits}\n{out.name}: {len(content)} bytes, sha256 {sha256(content).hexdigest()}")


if __name__ == "__main__":
    main()
