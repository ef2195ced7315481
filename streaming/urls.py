"""HTTP routes of the streaming wing. Each stream has its own under its name, and one of them has them at the root as well."""

from django.urls import URLPattern, path

from streaming import pages
from streaming.health import healthz, readyz
from streaming.transports import hooks, ice, offers, telephone, updates


def _of_a_stream(prefix: str, names: str) -> list[URLPattern]:
    """Return the routes of a stream below a prefix; `names` tells those of named streams from those at the root."""
    return [
        path(f"{prefix}webrtc/offer", offers.webrtc_offer, name=f"{names}webrtc-offer"),
        path(f"{prefix}telephone/incoming", telephone.incoming, name=f"{names}telephone-incoming"),
        path(f"{prefix}input_hook", hooks.input_hook, name=f"{names}input-hook"),
        path(f"{prefix}updates", updates.updates, name=f"{names}updates"),
        path(f"{prefix}outputs", updates.outputs, name=f"{names}outputs"),
    ]


urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
    path("rtc/config", ice.rtc_config, name="rtc_config"),
    path("streams/", pages.list_page, name="streams"),
    path("streams/<slug:name>/", pages.stream_page, name="stream"),
    *_of_a_stream("streams/<slug:name>/", "stream-"),
    *_of_a_stream("", "default-"),
]
