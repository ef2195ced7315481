"""Trickled candidates in every form that browsers post."""

import pytest

from streaming.transports.webrtc.candidates import CandidateError, parse, posted

MDNS = "0d1e2f3a-1111-4222-8333-444455556666.local"
HOST = "candidate:1 1 udp 2122260223 192.0.2.7 50000 typ host"


@pytest.mark.parametrize(
    ("text", "ip", "kind"),
    [
        (HOST, "192.0.2.7", "host"),
        (HOST + " generation 0 ufrag abcd network-id 1", "192.0.2.7", "host"),
        ("candidate:2 1 UDP 1686052607 203.0.113.9 61000 typ srflx raddr 192.0.2.7 rport 50000 generation 0", "203.0.113.9", "srflx"),
        ("candidate:3 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active generation 0", "192.0.2.7", "host"),
        ("candidate:4 1 udp 2122197247 2001:db8::7 50000 typ host", "2001:db8::7", "host"),
        (f"candidate:5 1 udp 2122197247 {MDNS} 50000 typ host", MDNS, "host"),
        ("candidate:6 1 udp 41885695 203.0.113.9 61000 typ relay raddr 0.0.0.0 rport 0", "203.0.113.9", "relay"),
    ],
)
def test_every_form_of_a_candidate_is_read(text: str, ip: str, kind: str) -> None:
    """Eight fields are enough; TCP types, related addresses, mDNS names and unknown extensions are parsed."""
    found = parse({"candidate": text, "sdpMid": "0", "sdpMLineIndex": 0})
    assert found.candidate is not None
    assert found.candidate.type == kind
    assert found.candidate.ip == ip
    assert found.candidate.sdpMid == "0"


def test_a_tcp_type_and_a_related_address_are_kept() -> None:
    """The fields after the eighth are kept."""
    tcp = parse({"candidate": "candidate:3 1 tcp 1518280447 192.0.2.7 9 typ host tcptype active"}).candidate
    reflexive = parse({"candidate": "candidate:2 1 udp 1 203.0.113.9 61000 typ srflx raddr 192.0.2.7 rport 50000"}).candidate
    assert tcp is not None
    assert tcp.tcpType == "active"
    assert reflexive is not None
    assert (reflexive.relatedAddress, reflexive.relatedPort) == ("192.0.2.7", 50000)


@pytest.mark.parametrize("posted", [None, {}, {"candidate": ""}, {"candidate": None, "sdpMid": "0"}])
def test_the_end_of_candidates_is_no_error(posted: dict[str, object] | None) -> None:
    """Browsers post null or an empty text at the end."""
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
def test_an_invalid_candidate_is_refused(text: object) -> None:
    """The error has the field's name on the wire; a host name that needs DNS is refused too."""
    with pytest.raises(CandidateError, match="invalid_candidate_format"):
        parse({"candidate": text})


def test_a_long_name_of_a_media_section_is_refused() -> None:
    """The name would be kept with the candidate."""
    with pytest.raises(CandidateError, match="invalid_candidate_format"):
        parse({"candidate": HOST, "sdpMid": "0" * 257})


@pytest.mark.parametrize("init", [None, {"candidate": HOST, "sdpMid": "0", "sdpMLineIndex": 1}, {"candidate": HOST + " tcptype active"}])
def test_a_candidate_can_be_forwarded(init: dict[str, object] | None) -> None:
    """Another process parses the forwarded candidate to the same value."""
    found = parse(init)
    body = posted("a", found)
    assert (body["type"], body["webrtc_id"]) == ("ice-candidate", "a")
    assert parse(body["candidate"]) == found
