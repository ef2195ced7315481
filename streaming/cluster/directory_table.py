"""Reads and writes of the directory's table. Synchronous: the directory calls these functions in threads."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, NamedTuple
from uuid import UUID

from django.db import IntegrityError
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now

from insights.database import write_transaction
from insights.models import ServerProcess
from streaming.cluster.heartbeat import ALIVE_S
from streaming.models import DirectoryEntry

Asker = int | Literal["python"] | None
"""Who asks for a session: a user id, None for an anonymous client, or "python" for the installation's own code."""
PYTHON: Literal["python"] = "python"

TRIES = 3
"""Tries to claim an id that another process claims at the same time."""


class SessionKey(NamedTuple):
    """The id of a session: unique for its owner (None: anonymous clients) and stream."""

    owner_id: int | None
    stream: str
    webrtc_id: str


@dataclass(frozen=True, slots=True)
class SessionLocation:
    """A session that has an id, and its process with the channel that reaches it."""

    session: UUID
    process: UUID | None
    channel: str
    owner_id: int | None
    transport: str
    ended: bool = False
    """Whether the session has ended and only its last outputs can be read."""


class ProcessRemoved(Exception):
    """The row of the claiming process is gone; its next heartbeat inserts a new one."""


def claim(process: UUID, key: SessionKey, session: UUID, transport: str) -> SessionLocation | None:
    """Claim an id for a session of a process; return None on success, else the session of another live process that has it.

    Claiming again moves an entry of this session to the process's present row. Raises ProcessRemoved.
    """
    for _ in range(TRIES):
        try:
            with write_transaction():
                return _claim(process, key, session, transport)
        except IntegrityError:  # another process inserted the same id at the same time
            continue
    raise ProcessRemoved


def release(session: UUID) -> None:
    """Remove the entry of a session, if it is still there."""
    with write_transaction():
        DirectoryEntry.objects.filter(session=session).delete()


def mark_ended(session: UUID) -> None:
    """Free the id of a session; its last outputs can still be found."""
    with write_transaction():
        DirectoryEntry.objects.filter(session=session).update(ended=True)


def find_all(questions: Sequence[tuple[Asker, str, str]]) -> list[SessionLocation | None]:
    """Return the session that each asker means by a stream and an id, in live processes, with one query.

    A user means their own session, else one of an anonymous client. "python" means the newest session with the id, whoever owns it.
    """
    rows = DirectoryEntry.objects.filter(
        stream__in={stream for _, stream, _ in questions},
        webrtc_id_hash__in={_hash(webrtc_id) for _, _, webrtc_id in questions},
        process__seen_at__gte=_alive_since(),
    )
    found: dict[tuple[str, str], list[DirectoryEntry]] = {}
    for row in rows.select_related("process").order_by("ended", "-started_at", "-id"):
        found.setdefault((row.stream, row.webrtc_id_hash), []).append(row)
    return [_choose(asker, found.get((stream, _hash(webrtc_id)), [])) for asker, stream, webrtc_id in questions]


def is_alive(process: UUID) -> bool:
    """Return whether a process has a recent heartbeat."""
    return ServerProcess.objects.filter(id=process, seen_at__gte=_alive_since()).exists()


def _claim(process: UUID, key: SessionKey, session: UUID, transport: str) -> SessionLocation | None:
    if not ServerProcess.objects.filter(id=process).exists():
        raise ProcessRemoved
    mine = {"session": session, "process_id": process, "transport": transport, "ended": False}
    identity = {"stream": key.stream, "webrtc_id_hash": _hash(key.webrtc_id), "owner_id": key.owner_id}
    entry = DirectoryEntry.objects.select_for_update().filter(**identity).first()
    if entry is None:
        DirectoryEntry.objects.create(**identity, **mine, started_at=Now())
        return None
    if entry.session != session and entry.process_id != process and not entry.ended:
        owner = ServerProcess.objects.filter(id=entry.process_id, seen_at__gte=_alive_since()).first()
        if owner is not None:
            return _location(entry, owner)
    started = {} if entry.session == session else {"started_at": Now()}
    DirectoryEntry.objects.filter(id=entry.id).update(**mine, **started)
    return None


def _choose(asker: Asker, rows: list[DirectoryEntry]) -> SessionLocation | None:
    """Return the row that an asker means, of the rows of one id: live ones first, then the newest first."""
    if asker != PYTHON:
        rows = sorted((row for row in rows if row.owner_id in (None, asker)), key=lambda row: (row.ended, row.owner_id is None))
    return _location(rows[0], rows[0].process) if rows else None


def _location(entry: DirectoryEntry, process: ServerProcess) -> SessionLocation:
    return SessionLocation(entry.session, process.id, process.channel, entry.owner_id, entry.transport, entry.ended)


def _alive_since() -> CombinedExpression:
    return Now() - timedelta(seconds=ALIVE_S)


def _hash(webrtc_id: str) -> str:
    return hashlib.sha256(webrtc_id.encode(errors="surrogatepass")).hexdigest()
