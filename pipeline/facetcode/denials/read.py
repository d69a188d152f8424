"""Remittance files of any kind, one after the other; a broken one costs itself alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from facetcode.denials.era835 import read_835
from facetcode.denials.remit_table import read_remit_table
from facetcode.denials.remittance import Read
from facetcode.denials.x12 import RemittanceError
from facetcode.errors import FacetcodeError

_MOST_BYTES = 512 * 2**20
_TABLES = (".csv", ".tsv", ".xlsx")


def read_remittances(paths: Iterable[Path], tell: Callable[[str], object]) -> tuple[Read, int]:
    """All claims of files and folders, and how many files could not be read.

    ``tell`` hears of each broken file. Raises RemittanceError where a path is not there or not
    one file could be read.
    """
    read, broken = Read(), 0
    seen: set[str] = set()
    for path in _files(paths):
        try:
            data = _bytes(path)
            digest = hashlib.sha256(data).hexdigest()
            # The same file under two names would count each denial twice.
            if digest in seen:
                tell(f"{path}: the same file as one before; left out")
                continue
            seen.add(digest)
            if path.suffix.lower() in _TABLES:
                read_remit_table(path, read)
            else:
                read_835(_text(data), str(path), read)
            read.files += 1
            read.inputs.append((path.name, digest))
        except FacetcodeError as error:
            tell(str(error))
            broken += 1
    if not read.files:
        raise RemittanceError("no remittance could be read; give 835 files or tables of them")
    return read, broken


def _text(data: bytes) -> str:
    """UTF-8 where it is, else Latin-1: delimiters and codes are ASCII, names may be either."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise RemittanceError(f"{path}: larger than {_MOST_BYTES >> 20} MB; split it")
        return path.read_bytes()
    except OSError as error:
        raise RemittanceError(f"{path}: cannot be read: {error.strerror}") from None


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.exists():
            raise RemittanceError(f"{path}: no such file or folder")
        if path.is_dir():
            found = sorted(p for p in path.rglob("*") if p.is_file() and p.name[0] != ".")
            if not found:
                raise RemittanceError(f"{path}: the folder holds no file")
            yield from found
        else:
            yield path
