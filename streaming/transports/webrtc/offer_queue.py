"""Limits how many offers are answered at the same time: each takes some milliseconds of the event loop, in several steps.

Further offers wait, so that a flood of offers leaves the event loop to other sessions between the steps. Waiting offers are limited
per client address and in total; offers above a limit are refused.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

MOST_AT_ONCE = 4
"""Peer connections that are set up at the same time."""
MOST_OF_ADDRESS = 64
"""Offers of one client address, being answered or waiting. All clients behind an untrusted proxy share one address."""
MOST = 256
"""Offers in total, being answered or waiting."""


class TooManyOffers(Exception):
    """An offer exceeds `limit`."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} offers at the same time")
        self.limit = limit


class OfferQueue:
    """The offers of one event loop that are being answered or wait."""

    def __init__(self) -> None:
        self.turn = asyncio.Semaphore(MOST_AT_ONCE)
        """Held while a peer connection is set up."""
        self._of_address: Counter[str] = Counter()

    @contextmanager
    def place(self, address: str) -> Iterator[None]:
        """Count an offer while it is answered. Raises TooManyOffers."""
        for count, limit in ((self._of_address[address], MOST_OF_ADDRESS), (self._of_address.total(), MOST)):
            if count >= limit:
                raise TooManyOffers(limit)
        self._of_address[address] += 1
        try:
            yield
        finally:
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]
