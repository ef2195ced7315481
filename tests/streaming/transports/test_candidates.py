"""Trickled candidates: every form that browsers post, and what becomes of those that come before their offer."""

import pytest

from streaming.transports import candidates
from streaming.transports.candidates import CandidateError, EarlyCandidates, parse

HOST = "candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host"
KEY = (1, "echo", "a")


@pytest.mark.parametrize(
    ("text", "ip", "kind"),
    [
        (HOST, "192.0.2.7", "host"),
        (HOST + " generation 0 ufrag abcd network-id 1", "192.0.2.7", "host"),
        ("candidate:2 1 UDP 1686052607 203.0.113.9 61000 typ srflx raddr 192.0.2.7 rport 50000 generation 0", "203.0.113.9", "srflx"),
        ("candidate:3 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active generation 0", "192.0.2.7", "host"),
        ("candidate:4 1 udp 2122197247 2001:db8::7 50000 typ host", "2001:db8::7", "host"),
        ("candidate:5 1 udp 2122197247 0d1e2f3a-1111-4222-8333-444455556666.local 50000 typ host", "", "host"),
        ("candidate:6 1 udp 41885695 203.0.113.9 61000 typ relay raddr 0.0.0.0 rport 0", "203.0.113.9", "relay"),
    ],
)
def test_every_form_of_a_candidate_is_read(text: str, ip: str, kind: str) -> None:
    """Eight fields are enough; TCP types, related addresses, mDNS names and unknown extensions are understood."""
    found = parse({"candidate": text, "sdpMid": "0", "sdpMLineIndex": 0})
    assert found.candidate is not None
    assert found.candidate.type == kind
    assert found.is_mdns is (ip == "")
    assert found.candidate.ip == ip or found.is_mdns
    assert found.candidate.sdpMid == "0"


def test_a_tcp_type_and_a_related_address_are_kept() -> None:
    """What stands behind the eighth field is not dropped."""
    tcp = parse({"candidate": "candidate:3 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active"}).candidate
    reflexive = parse({"candidate": "candidate:2 1 udp 1 203.0.113.9 61000 typ srflx raddr 192.0.2.7 rport 50000"}).candidate
    assert tcp is not None
    assert tcp.tcpType == "active"
    assert reflexive is not None
    assert (reflexive.relatedAddress, reflexive.relatedPort) == ("192.0.2.7", 50000)


@pytest.mark.parametrize("posted", [None, {}, {"candidate": ""}, {"candidate": None, "sdpMid": "0"}])
def test_the_end_of_candidates_is_no_error(posted: dict[str, object] | None) -> None:
    """Browsers say it with null or with an empty text."""
    assert parse(posted).candidate is None


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "1 1 udp 2122260223 192.0.2.7 50000 typ host",
        "candidate:1 1 udp 2122260223 192.0.2.7 50000 typ",
        "candidate:1 1 udp 2122260223 192.0.2.7 50000 type host",
        "candidate:1 1 udp 2122260223 192.0.2.7 50000 typ guest",
        "candidate:1 x udp 2122260223 192.0.2.7 50000 typ host",
        "candidate:1 1 udp 2122260223 192.0.2.7 99999 typ host",
        "candidate:1 1 udp 2122260223 intranet 50000 typ host",
        HOST + " x" * 1000,
        7,
    ],
)
def test_what_is_no_candidate_is_refused(text: object) -> None:
    """With the wire's own word for it; a name that only the server could look up is none either."""
    with pytest.raises(CandidateError, match="invalid_candidate_format"):
        parse({"candidate": text})


async def test_early_candidates_wait_for_their_own_offer() -> None:
    """They are given to the one who has the same user, stream and id, once; whoever waits is woken."""
    early = EarlyCandidates()
    waiting = [early.put(KEY, parse({"candidate": HOST})) for _ in range(2)]
    assert early.take((2, "echo", "a")) == []
    assert early.take((1, "tone", "a")) == []
    assert len(early.take(KEY)) == 2
    assert all(one.taken.is_set() for one in waiting)
    assert early.take(KEY) == []


async def test_early_candidates_are_few_and_do_not_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many for an id, so many ids, so many seconds."""
    early = EarlyCandidates()
    for number in range(candidates.MOST_IDS + 10):
        for _ in range(candidates.MOST_EACH + 5):
            early.put((1, "echo", str(number)), parse({"candidate": HOST}))
    assert len(early) == candidates.MOST_IDS
    assert early.take((1, "echo", "0")) == []
    assert len(early.take((1, "echo", "200"))) == candidates.MOST_EACH
    monkeypatch.setattr(candidates, "KEEP_S", -1.0)
    assert early.take((1, "echo", "201")) == []
    assert len(early) == 0


async def test_a_candidate_that_went_elsewhere_is_forgotten_here() -> None:
    """Another process has its session: that one candidate goes, the others wait on."""
    early = EarlyCandidates()
    gone, stays = (early.put(KEY, parse({"candidate": HOST})) for _ in range(2))
    early.drop(KEY, gone)
    assert gone.taken.is_set()
    assert not stays.taken.is_set()
    assert len(early.take(KEY)) == 1
    early.drop(KEY, gone)
    assert len(early) == 0
