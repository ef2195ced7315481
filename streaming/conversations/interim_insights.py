"""Insights in the words of an open turn, for clients that asked for them (`?interimInsights=1`).

They have no number, are not stored and may be dropped; when the turn ends, the stored insights take their place. Each process finds them
in the interim results that reach its own subscribers, so nothing is analysed where nobody asks.
"""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass

from django.utils import timezone

from insights import analysis, derived
from insights.analysis.types import Said
from insights.insight_kinds import KindName
from insights.safe_log import error_location
from streaming.aio.executors import TRACKER_THREADS
from streaming.cluster.transcript_update import TranscriptUpdate

logger = logging.getLogger(__name__)

LEAST_WORDS = 3
"""Words of a sentence from which on it is analysed: the beginning of a sentence says nothing."""
SURE = 0.5
"""Confidence from which on an insight is sent: one that is not stored later would only flicker."""
REMEMBERED = 64
"""Interim results whose insights are kept for further clients of the process."""


@dataclass(frozen=True, slots=True)
class InterimInsight:
    """An insight in the words of an open turn. `confidence` is from 0 to 1."""

    type: KindName
    text: str
    confidence: float


Found = tuple[InterimInsight, ...]

_searches: OrderedDict[int, tuple[TranscriptUpdate, asyncio.Future[Found]]] = OrderedDict()
"""Keyed by `id()` of the update; the entry holds the update, so that its id is not reused."""


async def insights_of(update: TranscriptUpdate) -> Found:
    """Return the insights in the words of an interim result. All clients of the process share one analysis."""
    known = _searches.get(id(update))
    if known is None:
        known = update, TRACKER_THREADS.run(_find, update)
        _searches[id(update)] = known
        if len(_searches) > REMEMBERED:
            _searches.popitem(last=False)
    return await asyncio.shield(known[1])


def _find(update: TranscriptUpdate) -> Found:
    """Analyse the sentences of the turn, each with those before it as context. Runs in a thread; errors are logged, not raised."""
    member = update.member
    name, identity = (member.name, member.user_id) if member else ("", "")
    said: list[Said] = []
    found: list[InterimInsight] = []
    try:
        for sentence in analysis.sentences(update.text):
            now = Said(sentence.text, str(update.session_id), timezone.now(), name, identity)
            if len(sentence.text.split()) >= LEAST_WORDS:
                findings = analysis.analyse(now, said, (), 0, update.spoken_language).findings
                found += [InterimInsight(one.type, one.text, round(one.confidence, 3)) for one in findings if one.confidence >= SURE]
            said.append(now)
    except Exception as error:  # the text of an error may contain spoken words
        logger.error("the analysis of an interim result failed: %s", error_location(error))
        return ()
    return tuple(found)


def _forget(conversation_id: int) -> None:
    """Drop what is kept of a conversation."""
    for identity in [identity for identity, (update, _) in list(_searches.items()) if update.conversation_id == conversation_id]:
        _searches.pop(identity, None)


def _cached() -> set[int]:
    return {update.conversation_id for update, _ in list(_searches.values())}


derived.register(_forget, _cached)
