"""Sessions without a network, for the tests of this package."""

from tests.streaming.sessions.conftest import join, own_threads

__all__ = ["join", "own_threads"]
