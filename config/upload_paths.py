"""Which requests are uploads: their body is a file, which is written to disk while it arrives (`config/uploads.py`)."""

import re

_UPLOAD = re.compile(rb"/v1/process/(?:audio|video)(?:/(?!url(?:\?|$))[^/?]+)?(?:\?.*)?", re.DOTALL)


def is_upload(method: bytes, target: bytes) -> bool:
    """Return whether a request with this method and target (with or without its query) has a file as its body."""
    return method in (b"POST", b"PUT") and _UPLOAD.fullmatch(target) is not None
