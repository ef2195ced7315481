"""Measures the cost of a message: python -m insights.training.message_cost --data DIR. CPU time of one thread, in microseconds.

Uses messages of MRDA's dev part in context, with the weights already loaded. Trackers: 500 with 50 phrases each, two to four words
long, from AMI's dev part, so that their words are typical of talk.
"""

import argparse
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from insights import analysis
from insights.analysis.acts import dialogue_acts
from insights.analysis.entities import extract
from insights.analysis.trackers import Tracker, TrackerIndex
from insights.analysis.types import Person, Said
from insights.training.corpora import Row, by_conversation, read

MESSAGES = 2000
TRACKERS, PHRASES = 500, 50
_THEN = datetime(2026, 11, 18, 9, 0, tzinfo=UTC)
_MEMBERS = (Person("Jane Doe", "jane@example.com"), Person("Bob Stone", "bob@example.com"), Person("Priya Raman", "priya@example.com"))


def in_context(rows: Sequence[Row], wanted: int) -> list[tuple[Said, list[Said]]]:
    """Return the first messages of a corpus, each with the earlier messages of its conversation."""
    found: list[tuple[Said, list[Said]]] = []
    for talk in by_conversation(rows):
        before: list[Said] = []
        for row in talk:
            said = Said(row.text, row.speaker, _THEN, index=row.index)
            found.append((said, before[-analysis.CONTEXT :]))
            before.append(said)
            if len(found) == wanted:
                return found
    return found


def trackers(rows: Sequence[Row], count: int, phrases: int) -> list[Tracker]:
    """Return trackers whose phrases are two to four adjacent words of the rows; deterministic."""
    pick = random.Random(7)  # noqa: S311  (reproducible, nothing secret)
    texts = [words for row in rows if len(words := row.text.split()) >= 6]
    made = []
    for number in range(count):
        vocabulary = []
        for _ in range(phrases):
            words, length = pick.choice(texts), pick.randint(2, 4)
            at = pick.randrange(len(words) - length)
            vocabulary.append(" ".join(words[at : at + length]))
        made.append(Tracker(f"tracker {number}", tuple(vocabulary)))
    return made


def spent(work: Sequence[Callable[[], object]]) -> str:
    """Return percentiles of the cost of each item, after one round that warms up the caches as live talk does."""
    work[0]()
    costs = []
    for piece in work:
        began = time.thread_time_ns()
        piece()
        costs.append((time.thread_time_ns() - began) / 1000)
    costs.sort()
    middle, high, highest = (costs[min(len(costs) - 1, int(len(costs) * share))] for share in (0.5, 0.95, 0.99))
    return f"mean {sum(costs) / len(costs):.0f} | p50 {middle:.0f} | p95 {high:.0f} | p99 {highest:.0f}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Print one line per kind of work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with {ami,mrda}.dev.jsonl.gz")
    parser.add_argument("--messages", type=int, default=MESSAGES)
    chosen = parser.parse_args(arguments)
    talk = in_context(read([chosen.data / "mrda.dev.jsonl.gz"]), chosen.messages)
    texts = [said.text for said, _ in talk]
    index = analysis.TopicIndex()

    def topics(number: int, text: str) -> None:
        index.add(str(number), text, 0.0)
        index.top(40)

    print(f"{len(talk)} messages, {sum(len(text.split()) for text in texts) / max(len(texts), 1):.1f} words each; microseconds a message")
    print("entities:", spent([lambda text=text: extract(text, _THEN, 60, _MEMBERS) for text in texts]))  # type: ignore[misc]
    print("acts:", spent([lambda s=said, b=before: dialogue_acts.score(s, b) for said, before in talk]))  # type: ignore[misc]
    print("sentiment:", spent([lambda text=text: analysis.polarity(text) for text in texts]))  # type: ignore[misc]
    print("all insights and entities:", spent([lambda s=said, b=before: analysis.analyse(s, b, _MEMBERS, 60) for said, before in talk]))  # type: ignore[misc]
    print("topics, counted and ranked:", spent([lambda n=n, text=text: topics(n, text) for n, text in enumerate(texts)]))  # type: ignore[misc]
    made = trackers(read([chosen.data / "ami.dev.jsonl.gz"]), TRACKERS, PHRASES)
    began = time.thread_time()
    tracked = TrackerIndex(made)
    print(f"trackers, {TRACKERS} of {PHRASES} phrases: built in {time.thread_time() - began:.2f} s")
    pairs = list(zip(texts, ["", *texts], strict=False))
    print("trackers:", spent([lambda text=text, previous=previous: tracked.find(text, previous) for text, previous in pairs]))  # type: ignore[misc]
    longest = " ".join(texts)[:4000]
    print("trackers, a message of 4000 characters:", spent([lambda: tracked.find(longest, longest)] * 20))


if __name__ == "__main__":
    main()
