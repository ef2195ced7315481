"""Candidates that come before their offer: browsers gather them while their page still posts it.

They are kept for a short time, by owner, stream and id, until a peer asks for them. Anybody may post candidates for ids that never come,
so each costs constant time and little memory, and there are limits for each id, for each client address and in all. At a limit the
oldest candidate goes.
"""

import asyncio
import time
from collections import Counter, OrderedDict
from dataclasses import dataclass, field

from streaming.transports.webrtc.candidates import Identity, Key, Trickled

KEEP_S = 30.0
"""How long a candidate is kept for its offer."""
MOST_EACH = 32
"""Candidates of one id; a browser with many networks gathers about a dozen."""
MOST_OF_ADDRESS = 512
MOST = 2048
MOST_ANSWERS_OF_ADDRESS, MOST_ANSWERS = 16, 128
"""Answers that wait for an offer at the same time; every other one is given at once."""
WAITS_PER_S = 1.0
"""Waits that an address earns back, up to `MOST_ANSWERS_OF_ADDRESS`: an address that sends candidates for ids without an offer soon gets
its answers at once, so that they hold no request."""


@dataclass(slots=True, eq=False)
class Waiting:
    """A candidate that waits for its offer; `taken` is set when a session has it."""

    key: Key
    trickled: Trickled
    address: str
    since: float = field(default_factory=time.monotonic)
    taken: asyncio.Event = field(default_factory=asyncio.Event)


class EarlyCandidates:
    """The early candidates of one event loop, by owner and id, so that nobody can leave some for another's session."""

    def __init__(self) -> None:
        self._all: dict[Waiting, None] = {}
        self._of_id: dict[Key, dict[Identity, Waiting]] = {}
        self._of_address: dict[str, dict[Waiting, None]] = {}
        self._answers: Counter[str] = Counter()
        self._waits_left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # by address: how many, and when that was

    def __len__(self) -> int:
        return len(self._all)

    def put(self, key: Key, trickled: Trickled, address: str = "") -> Waiting:
        """Keep a candidate that came from a client address; one that is kept already is not kept twice."""
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
        """Return what is kept for an id, oldest first, and keep it no longer."""
        self._drop_old()
        found = list(self._of_id.get(key, {}).values())
        for waiting in found:
            self.drop(waiting)
            waiting.taken.set()
        return [waiting.trickled for waiting in found]

    def oldest(self, key: Key) -> Waiting | None:
        """Return the first candidate that is kept for an id."""
        self._drop_old()
        return next(iter(self._of_id.get(key, {}).values()), None)

    def drop(self, waiting: Waiting) -> None:
        """Keep a candidate no longer."""
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
        """Whether a session takes the candidate within so many seconds; above the limits of such waits the answer comes at once."""
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
        """Take one of the waits that an address has left; return whether there was one."""
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
