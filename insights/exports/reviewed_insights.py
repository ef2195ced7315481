"""Reviewed insights as training data: the JSON lines that `insights.training.corpora` reads, compressed with gzip.

One line for each sentence with a reviewed insight, with the text that is stored: corrected, or redacted. A label is 1 if an insight of
the kind was accepted, 0 if it was rejected, null if there was none or nobody reviewed it. The format has no column for follow-ups and
added kinds; their verdicts are in `da`, where the other corpora have the labels of their annotators.
"""

import json
import zlib
from collections.abc import Iterable, Iterator
from itertools import groupby

from insights.insight_kinds import ACTION_ITEM, QUESTION
from insights.models import Insight

CORPUS = "parley"
_GZIP = 16 + zlib.MAX_WBITS


def compressed(batches: Iterable[list[Insight]]) -> Iterator[bytes]:
    """Yield the bytes of the file. The insights come with their messages and speakers, those of one sentence behind each other."""
    packer = zlib.compressobj(wbits=_GZIP)
    for batch in batches:
        if packed := packer.compress("".join(lines(batch)).encode()):
            yield packed
    yield packer.flush()


def lines(insights: Iterable[Insight]) -> Iterator[str]:
    """Yield one line for each sentence."""
    for _, found in groupby(insights, key=lambda one: one.message_id):
        yield json.dumps(_row(list(found)), ensure_ascii=False) + "\n"


def _row(found: list[Insight]) -> dict[str, object]:
    message, verdicts = found[0].message, _verdicts(found)
    return {
        "corpus": CORPUS,
        "conversation": str(message.conversation_id),
        "index": message.number - 1,
        "speaker": f"S{message.speaker.number}",
        "text": message.text,
        "start": round(message.offset_s, 3),
        "question": verdicts.get(QUESTION.name),
        "action_item": verdicts.get(ACTION_ITEM.name),
        "commit": None,
        "da": " ".join(f"{kind}:{'accepted' if label else 'rejected'}" for kind, label in sorted(verdicts.items())),
        "entities": None,
    }


def _verdicts(found: Iterable[Insight]) -> dict[str, int]:
    """Return the labels by kind; of two insights of a kind in a sentence one accepted is enough."""
    labels: dict[str, int] = {}
    for one in found:
        labels[one.type] = max(labels.get(one.type, 0), int(one.review == Insight.Review.ACCEPTED))
    return labels
