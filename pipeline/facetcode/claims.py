"""Records read back as claims: what quality work asks of a record, without its evidence."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from facetcode.coding.codes import FACET, ULTRASOUND
from facetcode.errors import RecordError
from facetcode.record import flags_from_json, status_from_json

RECORDS_FILE = "records.jsonl"
"""What ``facetcode batch`` calls its records, inside the folder of a run."""


@dataclass(frozen=True, slots=True)
class ClaimLine:
    """One line; ``joints`` and ``side`` are empty where the source does not name them."""

    code: str
    modifiers: tuple[str, ...] = ()
    units: int = 1
    joints: tuple[str, ...] = ()
    side: str = ""

    @property
    def word(self) -> str:
        """The line as coders write it: ``64490-KX-RT``, ``64490-50 x2``."""
        code = "-".join((self.code, *self.modifiers))
        return code if self.units == 1 else f"{code} x{self.units}"


@dataclass(frozen=True, slots=True)
class Claim:
    """One record: what would be billed, what was flagged, and what the export said of the note."""

    note_id: str
    status: str
    lines: tuple[ClaimLine, ...]
    flags: Mapping[str, str]
    """Flag to its severity."""
    levels: int
    """Facet joints treated that day, whatever number of them is billed."""
    meta: Mapping[str, str]
    policy: str

    def flagged(self, *severities: str) -> tuple[str, ...]:
        """The flags of these severities, in the record's order."""
        return tuple(code for code, severity in self.flags.items() if severity in severities)


def records_file(path: Path) -> Path:
    """A file of records, or the one in the folder of a run. Raises RecordError."""
    file = path / RECORDS_FILE if path.is_dir() else path
    if not file.is_file():
        raise RecordError(f"{file}: no such file; name records that code or batch has written")
    return file


def read_claims(path: Path) -> list[Claim]:
    """The claims of a file of records, or of a run's folder.

    Raises RecordError, naming file and line, for a line that is no record and for an id that
    stands twice: nobody could tell which of the two was meant.
    """
    file = records_file(path)
    claims = []
    seen: dict[str, int] = {}
    for number, data in _objects(file):
        claim = _claim(data, f"{file}:{number}")
        if claim.note_id in seen:
            raise RecordError(
                f"{file}:{number}: note '{claim.note_id}' has a record on line "
                f"{seen[claim.note_id]} already; give each note its own id"
            )
        seen[claim.note_id] = number
        claims.append(claim)
    if not claims:
        raise RecordError(f"{file}: holds no records; expected one JSON object a line")
    return claims


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's bytes, as ``sha256sum`` prints it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _objects(file: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                data = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
            except (ValueError, RecursionError):
                # The parser's message may quote the line, and the line the note.
                data = None
            if not isinstance(data, Mapping):
                raise RecordError(f"{file}:{number}: not a JSON object; write one record a line")
            yield number, data


def _claim(data: Mapping[str, Any], where: str) -> Claim:
    note_id = data.get("note_id")
    if not isinstance(note_id, str) or not note_id:
        raise RecordError(f"{where}: no 'note_id'; give records of facetcode code or batch")
    lines, levels, meta = data.get("lines"), data.get("levels"), data.get("meta")
    if not isinstance(lines, list) or not isinstance(levels, list):
        raise RecordError(f"{where}: no 'lines' or no 'levels'; give whole records")
    treated = [str(level.get("joint")) for level in levels if isinstance(level, Mapping)]
    return Claim(
        note_id=note_id,
        status=status_from_json(data, where),
        lines=_with_further([_line(line, where) for line in lines], treated),
        flags={flag.code: flag.severity for flag in flags_from_json(data, where)},
        levels=len(levels),
        meta={
            str(key): str(value)
            for key, value in (meta if isinstance(meta, Mapping) else {}).items()
            if isinstance(value, str | int | float)
        },
        policy=str(data.get("policy") or ""),
    )


def _with_further(lines: Sequence[ClaimLine], treated: Sequence[str]) -> tuple[ClaimLine, ...]:
    """The lines; that of the third and further levels with every joint it stands for."""
    last = [line for line in lines if line.code in (FACET[2], ULTRASOUND[2])]
    if len(last) != 1:
        return tuple(lines)
    named = {joint for line in lines if line is not last[0] for joint in line.joints}
    joints = tuple(joint for joint in treated if joint not in named)
    return tuple(replace(line, joints=joints) if line is last[0] else line for line in lines)


def _line(line: Any, where: str) -> ClaimLine:
    if not isinstance(line, Mapping):
        raise RecordError(f"{where}: lines: each must be an object")
    code, modifiers, units = line.get("code"), line.get("modifiers"), line.get("units", 1)
    sound = (
        isinstance(code, str)
        and isinstance(modifiers, Sequence)
        and not isinstance(modifiers, str)
        and all(isinstance(m, str) for m in modifiers)
        and isinstance(units, int)
        and not isinstance(units, bool)
    )
    if not sound:
        raise RecordError(f"{where}: lines: each needs code, modifiers (a list) and whole units")
    joint, side = line.get("joint"), line.get("side")
    return ClaimLine(
        code=str(code),
        modifiers=tuple(modifiers or ()),
        units=int(units),
        joints=(joint,) if isinstance(joint, str) and joint else (),
        side=side if isinstance(side, str) and side != "unstated" else "",
    )
