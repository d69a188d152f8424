"""Where notes are read from: a file, a compressed file, or a member of an archive, as one thing.

Nothing is unpacked to disk: a note's text must not lie in temporary files.
"""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from facetcode.notes.note import Reject

MAX_UNPACKED = 64 * 2**30
"""Bytes one member may unpack to."""
_RATIO = 400
"""How much smaller than its content text can be packed; a bomb's zeros are packed far smaller."""
_SMALL = 16 * 2**20
"""Bytes below which the ratio is not judged."""


@dataclass(frozen=True, slots=True)
class Source:
    """Bytes with a name; ``name`` is for messages, ``stem`` and ``suffix`` of the inner file."""

    name: str
    stem: str
    suffix: str
    """In small letters, with its point, without that of a compression."""
    open: Callable[[], BinaryIO]
    size: int | None = None
    """Bytes, where that is known without reading them."""

    def head(self, size: int) -> bytes:
        """The first bytes."""
        with self.open() as file:
            return file.read(size)

    def whole(self, limit: int) -> bytes | None:
        """All of it, or None when it is longer than ``limit``."""
        with self.open() as file:
            data = file.read(limit + 1)
        return data if len(data) <= limit else None


class Broken(Exception):
    """Compressed bytes that cannot be unpacked; ``reason`` and ``remedy`` are for a Reject."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy


def of_file(path: Path) -> Source:
    """A file as it is."""
    return Source(
        str(path), path.stem, path.suffix.lower(), lambda: path.open("rb"), path.stat().st_size
    )


def unzipped(source: Source) -> Source:
    """The content of a gzip file, unpacked while it is read."""
    inner = PurePosixPath(source.stem)

    def content() -> BinaryIO:
        return _Guarded(gzip.open(source.open()), source.size)

    return Source(source.name, inner.stem, inner.suffix.lower(), content)


def members(source: Source) -> Iterator[Source | Reject]:
    """The files in a zip archive, in its order; their names are never paths to write."""
    with source.open() as file:
        try:
            archive = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, NotImplementedError, ValueError):
            yield Reject(source.name, "", "the archive is broken or cut off", "export it again")
            return
        with archive:
            for info in archive.infolist():
                inner = PurePosixPath(info.filename.replace("\\", "/"))
                hidden = any(p == "__MACOSX" or (p[0] == "." and p != "..") for p in inner.parts)
                if info.is_dir() or hidden:
                    continue
                name = f"{source.name}/{inner}"
                if info.flag_bits & 1:
                    yield Reject(name, "", "it is encrypted", "export it without a password")
                    continue
                yield Source(
                    name, inner.stem, inner.suffix.lower(), _member(archive, info), info.file_size
                )


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    return lambda: _Guarded(archive.open(info), info.compress_size)


class _Guarded(io.BufferedReader):
    """Unpacked bytes that say of themselves when they are broken or too many."""

    def __init__(self, unpacked: IO[bytes] | gzip.GzipFile, packed: int | None) -> None:
        super().__init__(_Counted(unpacked, packed), 1 << 16)


class _Counted(io.RawIOBase):
    def __init__(self, unpacked: IO[bytes] | gzip.GzipFile, packed: int | None) -> None:
        self._unpacked = unpacked
        most = MAX_UNPACKED if packed is None else min(MAX_UNPACKED, packed * _RATIO)
        self._left = max(_SMALL, most)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(cast(bytearray, buffer))
        try:
            data = self._unpacked.read(len(view))
        except (EOFError, zlib.error, gzip.BadGzipFile, zipfile.BadZipFile) as error:
            raise Broken("it is cut off or broken", "export it again") from error
        self._left -= len(data)
        if self._left < 0:
            raise Broken("it unpacks to far more than it holds", "leave it out, or unpack it first")
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._unpacked.close()
        super().close()
