"""Forwards early candidates that arrived in another process than their offer (design law 7).

There are two ways, each with at most one query to the directory. If the session exists already, the directory names its process, and the
candidate is sent there. If it starts later, its process announces it once, and each process that keeps candidates for it sends them then.
A session claims its id before it announces it, and a candidate is kept before its session is looked up, so no candidate is missed. While
the database or the channel layer is unreachable, candidates stay where they are.
"""

import asyncio
import logging
from itertools import islice
from typing import NotRequired, TypedDict, cast
from uuid import UUID

from insights.safe_log import error_location
from insights.snapshots import Payload
from streaming.cluster.runtime import Runtime, runtime
from streaming.protocols.json_message import JsonMessage
from streaming.transports.consumer import keep_task
from streaming.transports.webrtc.candidates import Key, posted
from streaming.transports.webrtc.early_candidates import MOST, EarlyCandidates

logger = logging.getLogger(__name__)

FORWARD_S = 1.0
"""Seconds that another process may take to accept a candidate."""
COLLECT_S = 0.05
"""Seconds for which candidates are collected before their sessions are looked up: a browser posts several at once."""
MOST_AT_ONCE = 64
"""Ids in one query to the directory."""
_ANNOUNCED = "early-candidates"
_SUCCESS = 200

Target = tuple[str, UUID]
"""The channel of a process and the session that it has."""


class PeerCall(TypedDict):
    """A request to the peer of a session in another process: the body of an offer or a candidate, from a user (None: anonymous).

    `by` is the grant of an offer: app id, session key, generation, and scopes separated by spaces.
    """

    user: int | None
    body: Payload
    by: NotRequired[list[str | int] | None]


class PeerAnswer(TypedDict):
    """The peer's response: HTTP status and JSON."""

    status: int
    body: JsonMessage


async def call_peer(own: Runtime, to: Target, call: PeerCall, timeout_s: float) -> PeerAnswer | None:
    """Call the peer of a session; return None without an answer."""
    channel, session = to
    return cast(PeerAnswer | None, await own.rpc.call(channel, peer_address(session), call, timeout_s))


def peer_address(session: UUID) -> str:
    """Return the RPC address of the peer of a session."""
    return f"peer.{session.hex}"


class Forwarding:
    """Sends the early candidates of one event loop to the processes that have their sessions. One task looks up sessions."""

    def __init__(self, early: EarlyCandidates) -> None:
        self._early = early
        self._runtime = runtime()
        self._wanted: dict[Key, None] = {}
        self._lookup: asyncio.Task[None] | None = None
        self._joined = False
        self._sending: dict[Key, Target | None] = {}
        """Ids whose candidates are being sent; the value: where to try next, None after a failed attempt."""

    async def announce(self, key: Key, session: UUID) -> None:
        """Announce a session of this process, so that other processes send the candidates that they keep for it to its RPC address."""
        at = {"channel": await self._runtime.pubsub.channel(), "session": session.hex}
        await self._runtime.pubsub.publish(_ANNOUNCED, {"owner": key[0], "stream": key[1], "webrtc_id": key[2], **at})

    def look_for(self, key: Key) -> None:
        """Look for the session of an id in other processes; do nothing if there is only this process."""
        if self._runtime.pubsub.alone:
            return
        self._wanted[key] = None
        if len(self._wanted) > MOST:  # the database does not respond
            del self._wanted[next(iter(self._wanted))]
        if self._lookup is None:
            self._lookup = keep_task(asyncio.create_task(self._look_up()))

    async def _look_up(self) -> None:
        try:
            if not self._joined:
                await self._runtime.pubsub.join(_ANNOUNCED, self._announced)
                self._joined = True
            while self._wanted:
                if len(self._wanted) < MOST_AT_ONCE:
                    await asyncio.sleep(COLLECT_S)
                keys = list(islice(self._wanted, MOST_AT_ONCE))
                for key in keys:
                    del self._wanted[key]
                for key, found in zip(keys, await self._runtime.directory.find_all(keys), strict=True):
                    if found is not None and found.channel and found.transport == "webrtc" and found.owner_id == key[0]:
                        self._send(key, (found.channel, found.session))
        except Exception as error:
            logger.error("looking up the sessions of early candidates failed: %s", error_location(error))
        finally:
            self._lookup = None

    def _announced(self, message: Payload) -> None:
        key = (message["owner"], message["stream"], message["webrtc_id"])
        if self._early.oldest(key) is not None:
            self._send(key, (message["channel"], UUID(message["session"])))

    def _send(self, key: Key, to: Target) -> None:
        running = key in self._sending
        self._sending[key] = to
        if not running:
            keep_task(asyncio.create_task(self._send_all(key)))

    async def _send_all(self, key: Key) -> None:
        try:
            while (waiting := self._early.oldest(key)) is not None and (to := self._sending[key]) is not None:
                self._sending[key] = None
                answered = await call_peer(self._runtime, to, {"user": key[0], "body": posted(key[2], waiting.trickled)}, FORWARD_S)
                if answered is not None and answered["status"] == _SUCCESS:
                    self._early.drop(waiting)
                    waiting.taken.set()
                    self._sending[key] = self._sending[key] or to
        finally:
            del self._sending[key]
