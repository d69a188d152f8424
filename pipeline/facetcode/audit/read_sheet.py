"""The worksheet read back, whatever a spreadsheet program did to it in between."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from facetcode import anatomy
from facetcode.audit.coders import line_of, words
from facetcode.audit.sample_file import Sample
from facetcode.audit.sheet import BLIND_VERDICTS, DOCUMENTATION, REVIEW, VERDICTS, missing_of
from facetcode.claims import Claim, ClaimLine
from facetcode.errors import FacetcodeError
from facetcode.spreadsheets import Row, read_table
from facetcode.terminal import one_line

_SIDES = ("right", "left", "bilateral", "none", "")
_LINE = ("code", "modifiers", "units", "level", "side")
_FILLED = (*_LINE, "missing")


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One note as the reviewer judged it; ``lines`` is None where it could not be judged."""

    note_id: str
    lines: tuple[ClaimLine, ...] | None
    missing: tuple[str, ...] | None
    """What the note lacks; None where the reviewer did not say."""
    agreed: bool
    comment: str


def read_sheets(
    paths: Iterable[Path], sample: Sample, claims: Mapping[str, Claim]
) -> tuple[dict[str, Reviewed], list[str]]:
    """The reviewed notes of worksheets, and what is wrong with rows, one sentence each.

    A note without a verdict or a filled cell is not reviewed yet and left out. Rows may stand in
    any order. Raises FacetcodeError for a file that is no worksheet of this sample.
    """
    known = sample.stratum_of
    rows: dict[str, list[Row]] = defaultdict(list)
    problems: list[str] = []
    for path in paths:
        table = read_table(path, needs=("note_id", "verdict", "code"))
        if not any(_id(row["note_id"], known) for row in table):
            raise FacetcodeError(f"{path}: holds no note of this sample; name its own sheet")
        for row in table:
            note_id = _id(row["note_id"], known)
            if note_id is not None:
                rows[note_id].append(row)
            elif any(row[name] for name in REVIEW):
                named = one_line(row["note_id"], longest=60) or "no id"
                problems.append(
                    f"{row.where}: {named}: not a note of the sample; write the id as in the "
                    "sample's file (spreadsheets shorten long numbers: format the column as text)"
                )
    reviewed = {}
    for note_id, own in rows.items():
        try:
            found = _note(note_id, own, claims[note_id])
        except FacetcodeError as error:
            problems.append(str(error))
            continue
        if found is not None:
            reviewed[note_id] = found
    return reviewed, problems


def _id(given: str, known: Mapping[str, str]) -> str | None:
    """The id of the sample that a cell means: spreadsheets take leading zeros away."""
    if given in known:
        return given
    same = [note_id for note_id in known if note_id.lstrip("0") == given.lstrip("0") != ""]
    folded = [note_id for note_id in known if note_id.strip().casefold() == given.casefold() != ""]
    for candidates in (same, folded):
        if len(candidates) == 1:
            return candidates[0]
    return None


def _note(note_id: str, rows: Sequence[Row], claim: Claim) -> Reviewed | None:
    where = rows[0].where
    blind = "suggested_code" not in rows[0].cells
    allowed = BLIND_VERDICTS if blind else VERDICTS
    verdicts = {row["verdict"].lower() for row in rows} - {""}
    if len(verdicts) > 1:
        raise FacetcodeError(f"{where}: note '{note_id}' has two verdicts; leave one")
    verdict = verdicts.pop() if verdicts else ""
    if verdict and verdict not in allowed:
        raise FacetcodeError(
            f"{where}: note '{note_id}': '{one_line(verdict, 30)}' is no verdict; write "
            f"{', '.join(allowed)}"
        )
    filled = [row for row in rows if any(row[name] for name in _FILLED)]
    comment = " ".join(row["comment"] for row in rows if row["comment"])
    if verdict == "unusable":
        return Reviewed(note_id, None, None, False, comment)
    if verdict == "agree":
        if filled:
            raise FacetcodeError(
                f"{filled[0].where}: note '{note_id}': agree, and yet a cell is filled; write "
                "differs, or empty the cell"
            )
        return Reviewed(note_id, claim.lines, missing_of(claim), True, comment)
    if not filled:
        if verdict:
            raise FacetcodeError(
                f"{where}: note '{note_id}': {verdict}, but nothing says what is right; "
                "write it, or none in the column code"
            )
        return None
    lines = _blind_lines(filled) if blind else _open_lines(rows, claim)
    missing = _missing(filled, None if blind else missing_of(claim))
    return Reviewed(note_id, lines, missing, False, comment)


def _open_lines(rows: Sequence[Row], claim: Claim) -> tuple[ClaimLine, ...]:
    """Suggested lines with the reviewer's cells over them, and the lines that were added."""
    over: dict[int, Row] = {}
    added: list[Row] = []
    for row in rows:
        number = int(row["line"]) if row["line"].isdecimal() else 0
        if 1 <= number <= len(claim.lines):
            if number in over:
                raise FacetcodeError(f"{row.where}: line {number} of the note stands twice")
            over[number] = row
        elif any(row[name] for name in _LINE):
            added.append(row)
    lines = []
    for number, line in enumerate(claim.lines, start=1):
        row_ = over.get(number)
        if row_ is None:
            lines.append(line)
        elif row_["code"].upper() != "NONE":
            lines.append(_over(line, row_))
    for row in added:
        # "none" on a free row says of a note without a suggestion that nothing is to be billed.
        if row["code"].upper() != "NONE":
            lines.append(_line(row))
    return tuple(lines)


def _over(line: ClaimLine, row: Row) -> ClaimLine:
    cells = {
        "modifiers": row["modifiers"] or " ".join(line.modifiers),
        "units": row["units"] or str(line.units),
        "level": row["level"] or " ".join(line.joints),
        "side": row["side"] or line.side,
    }
    return _checked(line_of(_plain(cells), row["code"].upper() or line.code, row.where), row.where)


def _blind_lines(rows: Sequence[Row]) -> tuple[ClaimLine, ...]:
    coded = [row for row in rows if any(row[name] for name in _LINE)]
    if not coded:
        raise FacetcodeError(
            f"{rows[0].where}: no code; write the codes that are right, or none in the column code"
        )
    return tuple(_line(row) for row in coded if row["code"].upper() != "NONE")


def _line(row: Row) -> ClaimLine:
    if not row["code"]:
        raise FacetcodeError(f"{row.where}: a line without its code; write it")
    return _checked(line_of(_plain(row.cells), row["code"].upper(), row.where), row.where)


def _plain(cells: Mapping[str, str]) -> dict[str, str]:
    side = cells.get("side", "").lower()
    short = {"r": "right", "l": "left", "b": "bilateral", "bl": "bilateral", "b/l": "bilateral"}
    side = short.get(side, side)
    return {**cells, "side": "" if side in ("none", "unstated") else side}


def _checked(line: ClaimLine, where: str) -> ClaimLine:
    if len(line.code) != 5 or not line.code.isalnum():
        raise FacetcodeError(
            f"{where}: the code must be one of five characters, 64490 say, or none"
        )
    if any(len(modifier) != 2 for modifier in line.modifiers):
        raise FacetcodeError(f"{where}: modifiers have two characters each, KX RT say")
    if not all(map(anatomy.is_cervical_thoracic, line.joints)):
        raise FacetcodeError(f"{where}: levels are facet joints, C4-C5 say")
    if line.side not in _SIDES:
        raise FacetcodeError(f"{where}: the side is right, left or bilateral")
    return line


def _missing(rows: Sequence[Row], suggested: tuple[str, ...] | None) -> tuple[str, ...] | None:
    said = [row for row in rows if row["missing"]]
    if not said:
        return suggested
    found: dict[str, None] = {}
    for row in said:
        for flag in words(row["missing"]):
            if flag not in DOCUMENTATION:
                raise FacetcodeError(
                    f"{row.where}: '{one_line(flag, 40)}' is no documentation flag; the sheet "
                    "'how to fill it' and docs/audits.md list them"
                )
            found[flag] = None
    return tuple(found)
