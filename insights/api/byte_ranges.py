"""The header `Range` of a request for a file (RFC 9110, section 14), with one range of bytes."""

import re

from django.http import HttpRequest

_ONE = re.compile(r"bytes=\s*(\d{0,18})\s*-\s*(\d{0,18})\s*", re.IGNORECASE)


class RangeNotSatisfiable(Exception):
    """The range begins behind the end of the content; the status is 416."""


def requested_range(request: HttpRequest, size: int, etag: str) -> tuple[int, int] | None:
    """Return start and stop (exclusive) of the wanted bytes; None for the whole content. Raises RangeNotSatisfiable.

    A header that is not understood, or that has several ranges, counts as absent; so does a range if the content is not that of `If-Range`.
    """
    wanted = _ONE.fullmatch(request.headers.get("Range", ""))
    if wanted is None or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = wanted.groups()
    if not first and not last:
        return None
    if not first:  # the last bytes
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= stop:
        raise RangeNotSatisfiable
    return start, stop
