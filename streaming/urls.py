"""HTTP routes of the streaming app. Each stream has its routes under its name. DEFAULT_STREAM has them at the root as well, and mounted
streams also at their paths.
"""

from django.urls import URLPattern, path

from streaming import network_page, pages
from streaming.discovery import mounts
from streaming.health import healthz, readyz
from streaming.transports import input_hook, page_components, sse, twilio
from streaming.transports.webrtc import ice, offers


def _stream_routes(prefix: str, names: str, **of: str) -> list[URLPattern]:
    """Return the routes of a stream below a prefix; `names` is the prefix of the route names, `of` holds a fixed stream name."""
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
    path("developers/network/", network_page.network_page, name="network"),
    path("streams/<slug:name>/", pages.stream_page, name="stream"),
    path("streams/<slug:name>/page/inputs", page_components.page_inputs, name="page-inputs"),
    path("streams/<slug:name>/page/outputs", page_components.page_outputs, name="page-outputs"),
    *_stream_routes("streams/<slug:name>/", "stream-"),
    *_stream_routes("", "default-"),
    *(route for at, name in mounts().items() for route in _stream_routes(f"{at}/", f"{name}-", name=name)),
]
