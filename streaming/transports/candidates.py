"""Trickled ICE candidates: the text a browser posts, and those that come before their offer.

Browsers start to gather before their page has posted the offer, so candidates overtake it. They wait here, a few for each
id and owner and for a short time, until a peer asks for them.
"""

import asyncio
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiortc import RTCIceCandidate
from aiortc.sdp import candidate_from_sdp

KEEP_S = 30.0
"""How long a candidate waits for its offer."""
MOST_EACH = 32
"""Candidates held for one id; a browser with many networks gathers about a dozen."""
MOST_IDS = 256
"""Ids held in all; the oldest goes first."""
LONGEST = 1000
TYPES = frozenset({"host", "srflx", "prflx", "relay"})

INVALID = "invalid_candidate_format"

Key = tuple[int | None, str, str]
"""Owner, stream and webrtc_id."""


class CandidateError(ValueError):
    """The text is no candidate; the message is the wire's word for that."""


@dataclass(frozen=True, slots=True)
class Trickled:
    """One candidate as it was posted; `candidate` is None at the end of candidates."""

    candidate: RTCIceCandidate | None

    @property
    def is_mdns(self) -> bool:
        """Whether its address is a name that only the local network knows; looking it up takes up to a second."""
        return self.candidate is not None and self.candidate.ip.endswith(".local")


def parse(posted: Mapping[str, Any] | None) -> Trickled:
    """Read the `candidate` member of a request: RTCIceCandidateInit, or null or an empty text at the end.

    Takes every form of RFC 8839 section 5.1, with or without extensions, host names of mDNS and TCP types.
    Raises CandidateError.
    """
    if posted is None:
        return Trickled(None)
    text = posted.get("candidate")
    if text is None or text == "":
        return Trickled(None)
    if not isinstance(text, str) or len(text) > LONGEST or not text.startswith("candidate:"):
        raise CandidateError(INVALID)
    parts = text.removeprefix("candidate:").split()
    if len(parts) < 8 or parts[6] != "typ" or parts[7] not in TYPES:
        raise CandidateError(INVALID)
    try:
        candidate = candidate_from_sdp(" ".join(parts))
        if not candidate.ip.endswith(".local"):
            ipaddress.ip_address(candidate.ip)
    except (ValueError, AssertionError):
        raise CandidateError(INVALID) from None
    if not 0 <= candidate.port <= 65535:
        raise CandidateError(INVALID)
    _place(candidate, posted)
    return Trickled(candidate)


def _place(candidate: RTCIceCandidate, posted: Mapping[str, Any]) -> None:
    """Say to which media section it belongs; with neither place named it is the first: all of ours share one transport."""
    mid, index = posted.get("sdpMid"), posted.get("sdpMLineIndex")
    candidate.sdpMid = mid if isinstance(mid, str) else None
    candidate.sdpMLineIndex = index if isinstance(index, int) and not isinstance(index, bool) else None
    if candidate.sdpMid is None and candidate.sdpMLineIndex is None:
        candidate.sdpMLineIndex = 0


@dataclass(slots=True, eq=False)
class Waiting:
    """A candidate that waits for its offer; `taken` is set when somebody has it."""

    trickled: Trickled
    since: float = field(default_factory=time.monotonic)
    taken: asyncio.Event = field(default_factory=asyncio.Event)


class EarlyCandidates:
    """Candidates whose offer has not come yet, by owner and id, so that nobody can leave some for another's session."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[Key, list[Waiting]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, key: Key, trickled: Trickled) -> Waiting:
        """Keep a candidate, if there is room for it."""
        self._forget_old()
        waiting = Waiting(trickled)
        others = self._waiting.setdefault(key, [])
        if len(others) < MOST_EACH:
            others.append(waiting)
        while len(self._waiting) > MOST_IDS:
            self._waiting.popitem(last=False)
        return waiting

    def take(self, key: Key) -> list[Trickled]:
        """Return what waited for an id, and forget it."""
        self._forget_old()
        found = self._waiting.pop(key, [])
        for waiting in found:
            waiting.taken.set()
        return [waiting.trickled for waiting in found]

    def drop(self, key: Key, waiting: Waiting) -> None:
        """Forget one candidate: somebody else has it."""
        waiting.taken.set()
        others = [other for other in self._waiting.get(key, []) if other is not waiting]
        if others:
            self._waiting[key] = others
        else:
            self._waiting.pop(key, None)

    def _forget_old(self) -> None:
        before = time.monotonic() - KEEP_S
        while self._waiting and next(iter(self._waiting.values()))[0].since < before:
            self._waiting.popitem(last=False)
