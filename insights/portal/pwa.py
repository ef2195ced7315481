"""What makes the portal an app that can be installed: the manifest, the service worker, and the page without a connection."""

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

PAPER = "#f5f3ee"
"""`--paper` of the light scheme (tokens.css)."""
ICON_SIZES = (192, 512)
RECORDINGS = ("audio/*", "video/*", ".amr", ".avi", ".flac", ".flv", ".m4a", ".mkv", ".opus")
"""What a phone may share with the app, as the upload page accepts it."""


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """Return the web app manifest, in the language of the reader."""
    icons = [
        {"src": static(f"parley/icons/{purpose}-{size}.png"), "sizes": f"{size}x{size}", "type": "image/png", "purpose": purpose}
        for purpose in ("any", "maskable")
        for size in ICON_SIZES
    ]
    shortcuts = ((_("Start a conversation"), "new_live"), (_("Upload recordings"), "upload"), (_("Conversations"), "conversations"))
    content = {
        "id": "/",
        "name": "Parley",
        "short_name": "Parley",
        "description": _("Live transcripts and action items, on your own server."),
        "start_url": reverse("home"),
        "scope": "/",
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": PAPER,
        "icons": [*icons, {"src": static("parley/icon.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any"}],
        "shortcuts": [{"name": name, "url": reverse(page)} for name, page in shortcuts],
        "share_target": {
            "action": reverse("upload"),
            "method": "POST",
            "enctype": "multipart/form-data",
            "params": {"title": "title", "files": [{"name": "files", "accept": list(RECORDINGS)}]},
        },
    }
    return JsonResponse(content, content_type="application/manifest+json")


@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """Return the service worker, whose scope is the whole site because of its address."""
    path = finders.find("parley/js/service-worker.js")
    if not isinstance(path, str):
        raise Http404
    with open(path, encoding="utf-8") as file:
        return HttpResponse(file.read(), content_type="text/javascript; charset=utf-8")


@require_safe
def offline(request: HttpRequest) -> HttpResponse:
    """Show the page for a device without a connection, which the service worker keeps. It has nothing of an account."""
    return render(request, "portal/offline.html")
