"""The file in the body of a request: raw bytes, or the first file of a form.

The servers write the body of an upload to disk while it arrives (`config/uploads.py`) and say here where it is. Elsewhere, such as with
Django's test client, it is read from the request.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadhandler import FileUploadHandler, SkipFile
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParser, MultiPartParserError

from insights.api.errors import ApiError
from insights.imports import waiting_files

EXTENSION = "parley.upload"
"""Extension in the scope of a request whose body is on disk: `path`."""


@dataclass(slots=True)
class Uploaded:
    """A file of a request, the fields of its form, and how many files the form has. The file is removed unless it was kept."""

    path: Path
    fields: dict[str, str] = field(default_factory=dict)
    files: int = 1

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
    """Return the first file of a form, which takes the place of the form on the disk."""
    handler = _FirstFile(request, body)
    try:
        with open(body, "rb") as stream:
            meta = {**request.META, "CONTENT_LENGTH": str(body.stat().st_size)}
            fields, _ = MultiPartParser(meta, stream, [handler], request.encoding or "utf-8").parse()
    except (MultiPartParserError, SuspiciousOperation, ValueError):
        raise ApiError(400, "body: the form cannot be read") from None
    finally:
        handler.end()
    if not handler.size:
        raise ApiError(400, "body: the form has no file with bytes in it")
    os.truncate(body, handler.size)
    return Uploaded(body, {name: str(values[-1]) for name, values in fields.lists() if values}, handler.files)


class _FirstFile(FileUploadHandler):
    """Moves the first file of a form to the beginning of the form's own file, and skips the others.

    What is written was read before, and a decoded part is no longer than its bytes in the form. So the parser never reads what was
    overwritten, and an upload needs its size on the disk once.
    """

    chunk_size = waiting_files.READ_BYTES

    def __init__(self, request: HttpRequest, body: Path) -> None:
        super().__init__(request)
        self.size = self.files = 0
        self._file = open(body, "r+b", buffering=0)  # noqa: SIM115 - `end` closes it

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin with a file."""
        super().new_file(*args, **kwargs)
        self.files += 1
        if self.files > 1:
            raise SkipFile

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Write a part of the file."""
        waiting_files.append(self._file, raw_data)
        self.size += len(raw_data)

    def file_complete(self, file_size: int) -> None:
        """Keep nothing in the form itself."""

    def end(self) -> None:
        """Close the file."""
        self._file.close()
