"""Work of the first request that a server does when it starts: imports of views, patterns of paths, languages and offers, keys of DTLS."""

from aiortc import RTCCertificate
from django.http import HttpRequest
from django.urls import URLResolver, get_resolver

from insights.portal.response_language import language_of
from streaming.transports.webrtc.connection import read_offer

OFFER = """v=0
o=- 1 1 IN IP4 0.0.0.0
s=-
t=0 0
a=group:BUNDLE 0
m=audio 9 UDP/TLS/RTP/SAVPF 0
c=IN IP4 0.0.0.0
a=mid:0
a=sendrecv
a=rtcp:9 IN IP4 0.0.0.0
a=rtcp-mux
a=rtpmap:0 PCMU/8000
a=candidate:1 1 udp 1 192.0.2.1 9 typ host
a=ice-ufrag:abcd
a=ice-pwd:abcdabcdabcdabcdabcdab
a=setup:actpass
"""
"""An offer of audio, as a browser sends it."""


def warm_up() -> None:
    """Do this work. It takes about 25 ms of CPU, which the answer to the first offer would wait for."""
    load_routes(get_resolver())
    language_of(HttpRequest())
    read_offer(OFFER)
    RTCCertificate.generateCertificate()


def load_routes(resolver: URLResolver) -> None:
    """Import the views, and compile the patterns of their paths: Django does both when the first request needs them."""
    for route in resolver.url_patterns:
        route.pattern.regex  # noqa: B018  # compiles it
        if isinstance(route, URLResolver):
            load_routes(route)
