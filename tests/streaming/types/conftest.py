"""Fixtures of sessions without a network."""

from tests.streaming.sessions.conftest import join, own_threads

__all__ = ["join", "own_threads"]
