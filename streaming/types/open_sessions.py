"""The open sessions of one stream in this process. Ids are per user; anonymous clients share one set."""

from collections.abc import Iterator, Mapping

from streaming.types.remote_session import Reachable


class OpenSessions(Mapping[str, Reachable]):
    """The sessions by webrtc_id: a mapping to the newest session of each id, whoever owns it, as the developer's Python code needs it."""

    def __init__(self) -> None:
        self._of_id: dict[str, dict[int | None, Reachable]] = {}
        self.count = 0
        """Number of sessions, which may be more than there are ids."""

    def __getitem__(self, webrtc_id: str) -> Reachable:
        return next(reversed(self._of_id[webrtc_id].values()))

    def __iter__(self) -> Iterator[str]:
        return iter(self._of_id)

    def __len__(self) -> int:
        return len(self._of_id)

    def of(self, owner_id: int | None, webrtc_id: str) -> Reachable | None:
        """Return the session of a user (None: of anonymous clients) with an id, or None."""
        return self._of_id.get(webrtc_id, {}).get(owner_id)

    def add(self, session: Reachable) -> None:
        """Add a session; its owner has no other one with this id."""
        self._of_id.setdefault(session.webrtc_id, {})[session.owner_id] = session
        self.count += 1

    def remove(self, session: Reachable) -> None:
        """Remove a session; do nothing if it is not there."""
        if self.of(session.owner_id, session.webrtc_id) is session:
            self.count -= 1
            del self._of_id[session.webrtc_id][session.owner_id]
            if not self._of_id[session.webrtc_id]:
                del self._of_id[session.webrtc_id]
