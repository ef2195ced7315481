"""Stylesheets and scripts, compressed with gzip: they are text, and a page on a slow network waits for all of them.

WhiteNoise sends a compressed file only if there is one beside the file, which a build would have to make. Here it is made in memory at the
first request, once in each process.
"""

import gzip
import re
from functools import lru_cache

from django.http import FileResponse, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile

MOST = 1024
"""Compressed files that a process keeps, of some KB each; the admin and the portal have about 200."""
_ACCEPTED = re.compile(r"\bgzip\b(?!;\s*q=0(?:\.0*)?\s*(?:,|$))")
ENCODED = {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
_TEXT = ("text/", "application/json", "image/svg+xml")


class StaticFiles(WhiteNoiseMiddleware):
    """Serves static files as WhiteNoise does, and text with gzip to clients that accept it."""

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponseBase:
        """Return the response for a static file; ranges, and files that are not text, are as WhiteNoise sends them."""
        response: FileResponse = WhiteNoiseMiddleware.serve(static_file, request)
        if not response.headers.get("Content-Type", "").startswith(_TEXT) or response.headers.get("Content-Encoding"):
            return response
        response.headers["Vary"] = "Accept-Encoding"
        accepted = _ACCEPTED.search(request.headers.get("Accept-Encoding", ""))
        if response.status_code != 200 or request.method != "GET" or not accepted:
            return response
        if response.file_to_stream is not None:
            response.file_to_stream.close()  # not the response, whose end would count as the end of the request
        path, headers = static_file.get_path_and_headers({})
        content = _compressed(path, static_file.etag)
        return HttpResponse(content, headers={**dict(headers), **ENCODED, "Content-Length": str(len(content))})


@lru_cache(MOST)
def _compressed(path: str, etag: str) -> bytes:  # noqa: ARG001  # a changed file has another ETag
    with open(path, "rb") as file:
        return gzip.compress(file.read(), mtime=0)
