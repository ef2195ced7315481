"""CPU seconds of the threads of this process, by what they do."""

import threading
import time
from collections import defaultdict

from streaming import recogniser
from streaming.speech.decoder_pool import Urgency
from streaming.speech.turn_recogniser import TurnRecogniser

FINALS, SPECULATIVE, INTERIMS = "decoding: final results", "decoding: speculative", "decoding: interim results"
DECODER_REST = "decoder threads, the rest"
VAD, LOOP, DATABASE, OTHER = "VAD thread", "event loop", "database threads", "other threads"
PARTS = (FINALS, SPECULATIVE, INTERIMS, DECODER_REST, VAD, LOOP, DATABASE, OTHER)
"""What the CPU time of a server is divided into, in the order of the table."""

_URGENCIES = {Urgency.FINAL: FINALS, Urgency.SPECULATIVE: SPECULATIVE, Urgency.INTERIM: INTERIMS}
_NAMES = {"MainThread": LOOP, "vad": VAD, "decoder": DECODER_REST, "database": DATABASE}


def cpu_s() -> dict[str, float]:
    """Return the CPU seconds so far of each of `PARTS`; a thread that has ended counts as one of the other threads."""
    found: dict[str, float] = defaultdict(float)
    whole = time.process_time()
    for thread in threading.enumerate():
        part = _NAMES.get(thread.name.split("-")[0])
        if part is not None and thread.ident is not None:
            found[part] += time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
    found[OTHER] = whole - sum(found.values())
    for urgency, spent in _decoding().items():
        found[_URGENCIES[urgency]] += spent
        found[DECODER_REST] -= spent
    return {part: max(0.0, found[part]) for part in PARTS}


def _decoding() -> dict[Urgency, float]:
    """Return the CPU seconds of the decodes of the loaded recogniser, by urgency."""
    engine = recogniser.begin_loading().result() if recogniser.loaded() else None
    return engine.decoding_s if isinstance(engine, TurnRecogniser) else {}
