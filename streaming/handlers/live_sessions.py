"""Views of the open sessions of a stream in this process, by webrtc_id, under the names of FastRTC's dictionaries."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, TypeVar

from streaming.types.open_sessions import OpenSessions
from streaming.types.remote_session import Reachable

T = TypeVar("T")


class LiveSessions(Mapping[str, T], Generic[T]):
    """A read-only mapping from the webrtc_id of each open session to something of that session; it changes as sessions come and go.

    Sessions of other processes are not in it. `of` returns None for a session that is still opening, which is left out, too.
    """

    def __init__(self, sessions: OpenSessions, of: Callable[[Reachable], T | None]) -> None:
        self._sessions = sessions
        self._of = of

    def __getitem__(self, webrtc_id: str) -> T:
        found = self._of(self._sessions[webrtc_id])
        if found is None:
            raise KeyError(webrtc_id)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter([webrtc_id for webrtc_id in list(self._sessions) if webrtc_id in self])

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} sessions)"


def handler_of(session: Reachable) -> Any:
    """Return the copy of the handler that a session calls, or its function; None while the session is opening."""
    return session.handler


def connection_of(session: Reachable) -> list[Reachable] | None:
    """Return a session in a list, as FastRTC lists the tracks of a connection; None while the session is opening."""
    return None if session.handler is None else [session]
