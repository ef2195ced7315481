"""The page that tests from the browser what live audio and video need; its script makes the tests against a built-in stream."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

TEST_STREAM = "tone"
"""A built-in stream that needs no microphone."""

CHECKS = (
    ("secure", gettext_lazy("Secure page"), gettext_lazy("Browsers give microphone and camera only to secure pages.")),
    ("microphone", gettext_lazy("Microphone"), gettext_lazy("The browser may ask you; nothing is sent.")),
    ("websocket", "WebSocket", gettext_lazy("Live pages and their results; the default for speaking.")),
    ("udp", gettext_lazy("Direct UDP"), gettext_lazy("WebRTC from this browser straight to the server.")),
    (
        "turn-udp",
        gettext_lazy("TURN over UDP"),
        gettext_lazy("WebRTC through a relay, where nothing passes directly."),
    ),
    ("turn-tcp", gettext_lazy("TURN over TCP or TLS"), gettext_lazy("WebRTC through a relay, for networks without UDP.")),
)
"""Id, name and purpose of each check of `network-test.js`."""


@login_required
@never_cache
def network_page(request: HttpRequest) -> HttpResponse:
    """Show the checks; `ports` is the range of UDP ports that a firewall must let pass, empty where any port is used."""
    ports = settings.RTC_PORT_RANGE
    page = {"checks": CHECKS, "test_stream": TEST_STREAM, "ports": f"{ports[0]}-{ports[-1]}" if ports else ""}
    return render(request, "streams/network.html", page)
