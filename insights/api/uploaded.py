"""The file in the body of a request: raw bytes, or the first file of a form.

The servers write the body of an upload to disk while it arrives (`config/uploads.py`) and say here where it is. Elsewhere, such as with
Django's test client, it is read from the request.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParser, MultiPartParserError

from insights.api.errors import ApiError
from insights.imports import waiting_files

EXTENSION = "parley.upload"
"""Extension in the scope of a request whose body is on disk: `path`."""


@dataclass(slots=True)
class Uploaded:
    """A file of a request, and the fields of its form. It is removed unless it was kept."""

    path: Path
    fields: dict[str, str] = field(default_factory=dict)

    def keep(self, conversation_id: int) -> str:
        """Give the file its name for good, and return the name."""
        name = waiting_files.new_name(conversation_id)
        self.path = self.path.rename(waiting_files.path_of(name))
        return name

    def remove(self) -> None:
        """Remove the file."""
        self.path.unlink(missing_ok=True)


def uploaded(request: HttpRequest) -> Uploaded:
    """Return the file of a request. Raises 400 for an empty body and for a form that cannot be read, and 503 without space on the disk."""
    try:
        return _uploaded(request)
    except waiting_files.NoSpace as error:
        raise ApiError(503, str(error)) from None


def _uploaded(request: HttpRequest) -> Uploaded:
    path = _body(request)
    try:
        if request.content_type == "multipart/form-data":
            return _of_form(request, path)
        if not path.stat().st_size:
            raise ApiError(400, "body: the bytes of a file are needed")
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return Uploaded(path)


def _body(request: HttpRequest) -> Path:
    extensions: Mapping[str, Any] = getattr(request, "scope", {}).get("extensions") or {}
    if (upload := extensions.get(EXTENSION)) is not None:
        return Path(upload["path"])
    path = waiting_files.new_part()
    try:
        with waiting_files.created(path) as file:
            while block := request.read(waiting_files.READ_BYTES):
                waiting_files.append(file, block)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _of_form(request: HttpRequest, body: Path) -> Uploaded:
    handler = _FirstFile(request)
    try:
        with open(body, "rb") as stream:
            meta = {**request.META, "CONTENT_LENGTH": str(body.stat().st_size)}
            fields, _ = MultiPartParser(meta, stream, [handler], request.encoding or "utf-8").parse()
    except (MultiPartParserError, SuspiciousOperation, ValueError):
        handler.remove()
        raise ApiError(400, "body: the form cannot be read") from None
    except BaseException:  # such as a full disk
        handler.remove()
        raise
    body.unlink()
    if handler.path is None or not handler.path.stat().st_size:
        handler.remove()
        raise ApiError(400, "body: the form has no file with bytes in it")
    return Uploaded(handler.path, {name: str(values[-1]) for name, values in fields.lists() if values})


class _FirstFile(FileUploadHandler):
    """Writes the first file of a form to disk and skips the others."""

    chunk_size = waiting_files.READ_BYTES

    def __init__(self, request: HttpRequest) -> None:
        super().__init__(request)
        self.path: Path | None = None
        self._open = ExitStack()
        self._file: BinaryIO

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin with a file."""
        super().new_file(*args, **kwargs)
        if self.path is not None:
            raise StopUpload(connection_reset=False)
        self.path = waiting_files.new_part()
        self._file = self._open.enter_context(waiting_files.created(self.path))

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a part of the file."""
        waiting_files.append(self._file, raw_data)

    def file_complete(self, file_size: int) -> None:
        """End the file; the form itself holds none."""
        self._open.close()

    def remove(self) -> None:
        """Remove what was written."""
        self._open.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)
