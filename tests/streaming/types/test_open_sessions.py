"""The sessions of a stream by id and owner."""

from types import SimpleNamespace
from typing import Any

import pytest

from streaming.types.open_sessions import OpenSessions


def session(webrtc_id: str, owner_id: int | None) -> Any:
    """Return a fake session with an id and an owner."""
    return SimpleNamespace(webrtc_id=webrtc_id, owner_id=owner_id)


def test_each_owner_has_a_session_with_an_id() -> None:
    """Code that knows only the id gets the newest session; all of them count."""
    sessions = OpenSessions()
    first, second, anonymous, other = session("a", 1), session("a", 2), session("a", None), session("b", 1)
    for one in (first, second, anonymous, other):
        sessions.add(one)
    assert sessions.count == 4
    assert list(sessions) == ["a", "b"]
    assert sessions == {"a": anonymous, "b": other}
    assert [sessions.of(owner, "a") for owner in (1, 2, None, 3)] == [first, second, anonymous, None]
    sessions.remove(anonymous)
    assert sessions["a"] is second
    sessions.remove(session("a", 1))  # of the same owner and id, but another session
    assert sessions.of(1, "a") is first
    for one in (first, second, second, other):
        sessions.remove(one)
    assert sessions == {}
    assert sessions.count == 0
    assert sessions.get("a") is None
    with pytest.raises(KeyError):
        sessions["a"]
