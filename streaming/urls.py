"""HTTP routes of the streaming wing. Each stream has its own under its name; one of them has them at the root as well, and some where
their developers mounted them.
"""

from django.urls import URLPattern, path

from streaming import pages
from streaming.discovery import mounts
from streaming.health import healthz, readyz
from streaming.transports import input_hook, sse, twilio
from streaming.transports.webrtc import ice, offers


def _of_a_stream(prefix: str, names: str, **of: str) -> list[URLPattern]:
    """Return the routes of a stream below a prefix; `names` tells them from the others, `of` tells which stream it is."""
    return [
        path(f"{prefix}webrtc/offer", offers.webrtc_offer, of, name=f"{names}webrtc-offer"),
        path(f"{prefix}telephone/incoming", twilio.incoming, of, name=f"{names}telephone-incoming"),
        path(f"{prefix}input_hook", input_hook.input_hook, of, name=f"{names}input-hook"),
        path(f"{prefix}updates", sse.updates, of, name=f"{names}updates"),
        path(f"{prefix}outputs", sse.outputs, of, name=f"{names}outputs"),
    ]


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("rtc/config", ice.rtc_config, name="rtc_config"),
    path("streams/", pages.list_page, name="streams"),
    path("streams/<slug:name>/", pages.stream_page, name="stream"),
    *_of_a_stream("streams/<slug:name>/", "stream-"),
    *_of_a_stream("", "default-"),
    *(route for at, name in mounts().items() for route in _of_a_stream(f"{at}/", f"{name}-", name=name)),
]
