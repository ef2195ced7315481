"""Limits on offers: the size of a session description, its lines, how often each attribute may occur; and how many are answered at once.

aiortc parses session descriptions in the event loop. In places its time grows with the product of two attribute counts: 32 KiB of codec
and feedback lines took 2.5 s. With these limits the worst description takes a few milliseconds (docs/adr/0075-signalling-limits.md).
They are several times what a browser offers. The check itself reads each line once.

Further offers wait, so that a flood of offers leaves the event loop to other sessions between the steps of an answer. Waiting offers are
limited per client address and in total; offers above a limit are refused.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

LONGEST_SDP = 32_768
"""Bytes of a session description, in UTF-8."""
LONGEST_CANDIDATE = 1000
"""Characters of a candidate."""
MOST_LINES = 1000
MOST_SECTIONS = 8
"""Media sections. FastRTC's clients offer audio, video and data; a browser with several cameras offers one section for each."""
MOST_CODECS = 64
"""Codecs of one media section; Chromium has about 45 for video."""
MOST_CANDIDATES = 64
"""Candidates of a peer connection, in its offer and after it."""
MOST_WILDCARDS = 16
"""Feedback lines that apply to every codec of their section."""
DYNAMIC = range(96, 128)
MOST_OUTSIDE = 4
"""VP8 and H.264 codecs of a section with payload types outside DYNAMIC: aiortc answers each of them with the same payload type."""
MOST_OF = {"rtpmap": 160, "fmtp": 160, "rtcp-fb": 256, "extmap": 160, "ssrc": 160, "ssrc-group": 160}
"""How often an attribute may occur in all media sections together."""
MOST_AT_ONCE = 4
"""Peer connections that are set up at the same time."""
MOST_OF_ADDRESS = 64
"""Offers of one client address, being answered or waiting. All clients behind an untrusted proxy share one address."""
MOST = 256
"""Offers in total, being answered or waiting."""


class OfferError(ValueError):
    """The offer cannot be answered; the text is the reason, for the client."""


def bounded_lines(sdp: str) -> list[str]:
    """Return the lines of a session description, without candidates above the limit and without repeated ones of a section.

    Raises OfferError, which names the limit, for anything else above its limit.
    """
    if len(sdp) > LONGEST_SDP or len(sdp.encode(errors="surrogatepass")) > LONGEST_SDP:
        raise OfferError(f"a session description may have at most {LONGEST_SDP} bytes")
    lines = sdp.splitlines()
    if len(lines) > MOST_LINES:
        raise OfferError(f"a session description may have at most {MOST_LINES} lines")
    if sum(line.startswith("m=") for line in lines) > MOST_SECTIONS:
        raise OfferError(f"a session description may have at most {MOST_SECTIONS} media sections")
    _check_attributes(lines)
    return _with_few_candidates(lines)


def _check_attributes(lines: list[str]) -> None:
    counts: Counter[str] = Counter()
    codecs: dict[int, str] = {}
    for line in lines:
        if line.startswith("m="):
            codecs = {}
        if not line.startswith("a="):
            continue
        name, _, value = line[2:].partition(":")
        if name in MOST_OF:
            counts[name] += 1
        if name == "rtpmap":
            _note_codec(codecs, value)
        elif name == "rtcp-fb" and value.startswith("*"):
            counts["*"] += 1
    for name, most in MOST_OF.items():
        if counts[name] > most:
            raise OfferError(f"a session description may have at most {most} lines a={name}")
    if counts["*"] > MOST_WILDCARDS:
        raise OfferError(f"a session description may have at most {MOST_WILDCARDS} lines a=rtcp-fb:*")


def _note_codec(codecs: dict[int, str], value: str) -> None:
    """Count a codec of a section. Raises OfferError for a missing or repeated payload type, or too many codecs."""
    first, _, description = value.partition(" ")
    try:
        payload_type = int(first)
    except ValueError:
        raise OfferError("this session description cannot be read: an a=rtpmap line has no payload type") from None
    if payload_type in codecs:
        raise OfferError(f"a media section may describe payload type {payload_type} only once")
    codecs[payload_type] = description.partition("/")[0].lower()
    if len(codecs) > MOST_CODECS:
        raise OfferError(f"a media section may have at most {MOST_CODECS} codecs")
    if sum(name in ("vp8", "h264") and number not in DYNAMIC for number, name in codecs.items()) > MOST_OUTSIDE:
        raise OfferError(f"a media section may have at most {MOST_OUTSIDE} VP8 and H264 codecs with payload types other than 96 to 127")


def _with_few_candidates(lines: list[str]) -> list[str]:
    kept: list[str] = []
    known: set[str] = set()
    of_section: set[str] = set()
    for line in lines:
        if line.startswith("m="):
            of_section = set()
        if line.startswith("a=candidate:"):
            if len(line) > LONGEST_CANDIDATE:
                raise OfferError(f"a candidate may have at most {LONGEST_CANDIDATE} characters")
            if line in of_section or (line not in known and len(known) >= MOST_CANDIDATES):
                continue
            of_section.add(line)
            known.add(line)
        kept.append(line)
    return kept


class TooManyOffers(Exception):
    """An offer exceeds `limit`."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"at most {limit} offers at the same time")
        self.limit = limit


class OfferQueue:
    """The offers of one event loop that are being answered or wait."""

    def __init__(self) -> None:
        self.turn = asyncio.Semaphore(MOST_AT_ONCE)
        """Held while a peer connection is set up."""
        self._of_address: Counter[str] = Counter()

    @contextmanager
    def place(self, address: str) -> Iterator[None]:
        """Count an offer while it is answered. Raises TooManyOffers."""
        for count, limit in ((self._of_address[address], MOST_OF_ADDRESS), (self._of_address.total(), MOST)):
            if count >= limit:
                raise TooManyOffers(limit)
        self._of_address[address] += 1
        try:
            yield
        finally:
            self._of_address[address] -= 1
            if not self._of_address[address]:
                del self._of_address[address]
