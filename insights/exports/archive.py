"""ZIP archives, written piece by piece, so that memory use does not grow with the files in them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo


@dataclass(frozen=True, slots=True)
class ArchiveFile:
    """One file of an archive. `compress`: not for what is compressed already, such as audio."""

    name: str
    pieces: Iterator[bytes]
    compress: bool = True


def write(file: BinaryIO, entries: Iterable[ArchiveFile], at: datetime) -> None:
    """Write an archive; `at` is the time of all files in it."""
    with ZipFile(file, "w") as archive:
        for entry in entries:
            info = ZipInfo(entry.name, at.timetuple()[:6])
            info.compress_type = ZIP_DEFLATED if entry.compress else ZIP_STORED
            info.external_attr = 0o600 << 16
            with archive.open(info, "w", force_zip64=True) as target:
                for piece in entry.pieces:
                    target.write(piece)
