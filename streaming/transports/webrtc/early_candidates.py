"""Candidates that arrive before their offer: a browser gathers and posts them while the offer is still on its way.

They are kept for KEEP_S by owner, stream and id, until a peer takes them. A client may post candidates for ids without an offer, so
each costs constant time and little memory, and there are limits per id, per client address and in total. At a limit the oldest
candidate is dropped.
"""

import asyncio
import time
from collections import Counter, OrderedDict
from dataclasses import dataclass, field

from streaming.transports.webrtc.candidates import Identity, Key, Trickled

KEEP_S = 30.0
"""Seconds that a candidate is kept for its offer."""
MOST_EACH = 32
"""Candidates of one id; a browser with many networks gathers about a dozen."""
MOST_OF_ADDRESS = 512
"""Candidates of one client address."""
MOST = 2048
"""Candidates in total."""
MOST_ANSWERS_OF_ADDRESS, MOST_ANSWERS = 16, 128
"""Responses that may wait for an offer at the same time, per address and in total; others are sent at once."""
WAITS_PER_S = 1.0
"""Rate at which an address may wait again, up to `MOST_ANSWERS_OF_ADDRESS`: an address that keeps sending candidates for ids without an
offer soon gets its responses at once, so that its requests are not held open."""


@dataclass(slots=True, eq=False)
class Waiting:
    """A candidate that waits for its offer; `taken` is set when a session has taken it."""

    key: Key
    trickled: Trickled
    address: str
    since: float = field(default_factory=time.monotonic)
    taken: asyncio.Event = field(default_factory=asyncio.Event)


class EarlyCandidates:
    """The early candidates of one event loop, keyed by owner and id, so that a client cannot add some to another owner's session."""

    def __init__(self) -> None:
        self._all: dict[Waiting, None] = {}
        self._of_id: dict[Key, dict[Identity, Waiting]] = {}
        self._of_address: dict[str, dict[Waiting, None]] = {}
        self._answers: Counter[str] = Counter()
        self._waits_left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # by address: how many, and the time of that count

    def __len__(self) -> int:
        return len(self._all)

    def put(self, key: Key, trickled: Trickled, address: str = "") -> Waiting:
        """Keep a candidate from a client address and return it; a duplicate returns the candidate that is kept already."""
        self._drop_old()
        known = self._of_id.get(key, {}).get(trickled.identity)
        if known is not None:
            return known
        waiting = Waiting(key, trickled, address)
        self._all[waiting] = None
        of_id = self._of_id.setdefault(key, {})
        of_id[trickled.identity] = waiting
        of_address = self._of_address.setdefault(address, {})
        of_address[waiting] = None
        if len(of_id) > MOST_EACH:
            self.drop(next(iter(of_id.values())))
        if len(of_address) > MOST_OF_ADDRESS:
            self.drop(next(iter(of_address)))
        if len(self._all) > MOST:
            self.drop(next(iter(self._all)))
        return waiting

    def take(self, key: Key) -> list[Trickled]:
        """Remove and return the candidates of an id, oldest first."""
        self._drop_old()
        found = list(self._of_id.get(key, {}).values())
        for waiting in found:
            self.drop(waiting)
            waiting.taken.set()
        return [waiting.trickled for waiting in found]

    def oldest(self, key: Key) -> Waiting | None:
        """Return the oldest candidate of an id, or None."""
        self._drop_old()
        return next(iter(self._of_id.get(key, {}).values()), None)

    def drop(self, waiting: Waiting) -> None:
        """Remove a candidate; do nothing if it is not kept."""
        if waiting not in self._all:
            return
        del self._all[waiting]
        of_id = self._of_id[waiting.key]
        del of_id[waiting.trickled.identity]
        if not of_id:
            del self._of_id[waiting.key]
        of_address = self._of_address[waiting.address]
        del of_address[waiting]
        if not of_address:
            del self._of_address[waiting.address]

    async def taken_within(self, waiting: Waiting, seconds: float) -> bool:
        """Return whether a session takes the candidate within so many seconds; above the limits of such waits return at once."""
        if self._answers.total() < MOST_ANSWERS and self._may_wait(waiting.address):
            self._answers[waiting.address] += 1
            try:
                async with asyncio.timeout(seconds):
                    await waiting.taken.wait()
            except TimeoutError:
                pass
            finally:
                self._answers[waiting.address] -= 1
        if not self._answers[waiting.address]:
            del self._answers[waiting.address]
        return waiting.taken.is_set()

    def _may_wait(self, address: str) -> bool:
        """Use up one of the waits of an address (a token bucket). Return False if none is left."""
        now = time.monotonic()
        left, since = self._waits_left.pop(address, (float(MOST_ANSWERS_OF_ADDRESS), now))
        left = min(float(MOST_ANSWERS_OF_ADDRESS), left + WAITS_PER_S * (now - since))
        allowed = left >= 1
        self._waits_left[address] = (left - 1 if allowed else left, now)
        if len(self._waits_left) > MOST:
            self._waits_left.popitem(last=False)
        return allowed and self._answers[address] < MOST_ANSWERS_OF_ADDRESS

    def _drop_old(self) -> None:
        before = time.monotonic() - KEEP_S
        while self._all and (oldest := next(iter(self._all))).since < before:
            self.drop(oldest)
