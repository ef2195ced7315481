"""Sessions without a network, and two server processes, for the tests of this package."""

from tests.streaming.sessions.conftest import join, own_threads
from tests.streaming.transports.conftest import pair, pair_token

__all__ = ["join", "own_threads", "pair", "pair_token"]
