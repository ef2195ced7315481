"""The page at /api/docs: the calls of the schema by subject, and with `?group=` those of one subject in full."""

from threading import Lock
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import DocsBase

from insights.access import MEANINGS
from insights.api.reference import Group, groups_of


class ReferencePage(DocsBase):
    """Renders the schema as HTML. It is read once per process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._groups: dict[str, Group] = {}

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        """Return the page of a subject, or that of all; 404 for an unknown subject."""
        groups = self._read(api)
        if "group" in request.GET:
            found = groups.get(request.GET["group"])
            if found is None:
                raise Http404
            return render(request, "api/group.html", {"group": found})
        address = f"{request.scheme}://{request.get_host()}"
        return render(request, "api/index.html", {"groups": groups.values(), "scopes": MEANINGS, "address": address})

    def _read(self, api: NinjaAPI) -> dict[str, Group]:
        with self._lock:
            if not self._groups:
                self._groups = {group.anchor: group for group in groups_of(api.get_openapi_schema(path_prefix=""))}
            return self._groups
