"""Early candidates that came to another process than their offer (design law 7).

A candidate finds its session in one of two ways, and neither costs more than one question to the shared cache. If the session exists, the
claim of its id names it, and the candidate is sent to it. If it comes later, its process announces it once, and each process that keeps
candidates for it sends them then. A session claims its id first and announces it afterwards, and a candidate is kept first and looks
for its session afterwards, so none falls between the two. While the cache or the channel layer is away, candidates stay where they are.
"""

import asyncio
import logging
from itertools import islice
from typing import Any

from streaming.aio.safe_log import error_location
from streaming.cluster.directory import directory
from streaming.cluster.pubsub import pubsub
from streaming.cluster.rpc import rpc
from streaming.transports.consumer import keep
from streaming.transports.webrtc.candidates import Key, posted
from streaming.transports.webrtc.early_candidates import MOST, EarlyCandidates

logger = logging.getLogger(__name__)

FORWARD_S = 1.0
COLLECT_S = 0.05
"""How long candidates are collected before their sessions are looked for: a browser posts several at once."""
MOST_AT_ONCE = 64
"""Ids that the shared cache is asked for at once."""
_ANNOUNCED = "early-candidates"
_SUCCESS = 200


def peer_address(stream: str, webrtc_id: str) -> str:
    """Return where the peer of an id answers on the switchboard."""
    return f"peer.{stream}.{webrtc_id}"


async def announce(key: Key) -> None:
    """Have other processes send the candidates that they keep for a session of this process, which answers on the switchboard."""
    await pubsub().tell(_ANNOUNCED, {"owner": key[0], "stream": key[1], "webrtc_id": key[2]})


class Forwarding:
    """Sends the early candidates of one event loop to the processes that have their sessions. One task looks for sessions."""

    def __init__(self, early: EarlyCandidates) -> None:
        self._early = early
        self._wanted: dict[Key, None] = {}
        self._looking: asyncio.Task[None] | None = None
        self._joined = False
        self._sending: dict[Key, bool] = {}
        """Ids whose candidates are being sent, and whether to try again when one is not answered."""

    def look(self, key: Key) -> None:
        """Look for a session of another process that has an id; nothing where there is one process."""
        if pubsub().alone:
            return
        self._wanted[key] = None
        if len(self._wanted) > MOST:  # the cache does not answer
            del self._wanted[next(iter(self._wanted))]
        if self._looking is None:
            self._looking = keep(asyncio.create_task(self._look()))

    async def _look(self) -> None:
        try:
            if not self._joined:
                await pubsub().join(_ANNOUNCED, self._announced)
                self._joined = True
            while self._wanted:
                if len(self._wanted) < MOST_AT_ONCE:
                    await asyncio.sleep(COLLECT_S)
                keys = list(islice(self._wanted, MOST_AT_ONCE))
                for key in keys:
                    del self._wanted[key]
                holders = await directory().holders([key[1:] for key in keys])
                for key, holder in zip(keys, holders, strict=True):
                    if holder is not None and holder.kind == "webrtc" and holder.owner_id == key[0]:
                        self._send(key)
        except Exception as error:
            logger.error("sessions of early candidates cannot be looked for: %s", error_location(error))
        finally:
            self._looking = None

    def _announced(self, message: dict[str, Any]) -> None:
        key = (message["owner"], message["stream"], message["webrtc_id"])
        if self._early.oldest(key) is not None:
            self._send(key)

    def _send(self, key: Key) -> None:
        if key in self._sending:
            self._sending[key] = True
        else:
            self._sending[key] = True
            keep(asyncio.create_task(self._send_all(key)))

    async def _send_all(self, key: Key) -> None:
        try:
            while (waiting := self._early.oldest(key)) is not None and self._sending[key]:
                self._sending[key] = False
                call = {"user": key[0], "body": posted(key[2], waiting.trickled)}
                answered = await rpc().call_others(peer_address(key[1], key[2]), call, FORWARD_S)
                if answered is not None and answered["status"] == _SUCCESS:
                    self._early.drop(waiting)
                    waiting.taken.set()
                    self._sending[key] = True
        finally:
            del self._sending[key]
