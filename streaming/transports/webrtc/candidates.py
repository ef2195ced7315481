"""Parses and renders the trickled ICE candidates that browsers post."""

import ipaddress
from dataclasses import dataclass

from aiortc import RTCIceCandidate
from aiortc.sdp import candidate_from_sdp, candidate_to_sdp

from insights.snapshots import JsonObject, Payload
from streaming.transports.webrtc.offer_limits import LONGEST_CANDIDATE

LONGEST_MID = 256
TYPES = frozenset({"host", "srflx", "prflx", "relay"})

INVALID = "invalid_candidate_format"

Key = tuple[int | None, str, str]
"""Owner, stream and webrtc_id."""
Identity = tuple[str | None, int | None, str, str, int] | None
"""sdpMid, sdpMLineIndex, protocol, address and port; None for the end of candidates."""


class CandidateError(ValueError):
    """The text is not a valid candidate; the message is the protocol's error code for that."""


@dataclass(frozen=True, slots=True)
class Trickled:
    """One candidate as posted; `candidate` is None for the end of candidates."""

    candidate: RTCIceCandidate | None

    @property
    def identity(self) -> Identity:
        """A key that is equal for repeated posts of the same candidate."""
        if (found := self.candidate) is None:
            return None
        return found.sdpMid, found.sdpMLineIndex, found.protocol.lower(), found.ip, found.port


def parse(init: Payload | None) -> Trickled:
    """Parse the `candidate` member of a request: an RTCIceCandidateInit, or null or an empty text for the end of candidates.

    Accepts every form of RFC 8839 section 5.1, with or without extensions, mDNS host names and TCP types.
    Raises CandidateError.
    """
    if init is None:
        return Trickled(None)
    text = init.get("candidate")
    if text is None or text == "":
        return Trickled(None)
    if not isinstance(text, str) or len(text) > LONGEST_CANDIDATE or not text.startswith("candidate:"):
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
    _set_section(candidate, init)
    return Trickled(candidate)


def _set_section(candidate: RTCIceCandidate, init: Payload) -> None:
    """Set the media section; the first one if none is named, because all of ours share one transport."""
    mid, index = init.get("sdpMid"), init.get("sdpMLineIndex")
    if isinstance(mid, str) and len(mid) > LONGEST_MID:
        raise CandidateError(INVALID)
    candidate.sdpMid = mid if isinstance(mid, str) else None
    candidate.sdpMLineIndex = index if isinstance(index, int) and not isinstance(index, bool) else None
    if candidate.sdpMid is None and candidate.sdpMLineIndex is None:
        candidate.sdpMLineIndex = 0


def posted(webrtc_id: str, trickled: Trickled) -> JsonObject:
    """Return the body of a request that posts a candidate: the inverse of `parse`."""
    found = trickled.candidate
    init: JsonObject | None = None
    if found is not None:
        init = {
            "candidate": f"candidate:{candidate_to_sdp(found)}",
            "sdpMid": found.sdpMid,
            "sdpMLineIndex": found.sdpMLineIndex,
        }
    return {"type": "ice-candidate", "webrtc_id": webrtc_id, "candidate": init}
