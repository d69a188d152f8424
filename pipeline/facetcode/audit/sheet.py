"""The worksheet of an audit: a row a claim line, what was suggested, and cells for the reviewer."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

from facetcode.audit.coders import Coded
from facetcode.audit.sample_file import Sample
from facetcode.claims import Claim
from facetcode.coding.rules import FLAG_CODES
from facetcode.errors import FacetcodeError
from facetcode.output import unformula
from facetcode.terminal import one_line

KEYS = ("note_id", "line", "role")
SHOWN = ("date_of_service", "patient_id", "provider", "payer", "policy")
SUGGESTED = (
    "suggested_status", "suggested_code", "suggested_modifiers", "suggested_units",
    "suggested_level", "suggested_side", "suggested_missing", "coder", "coder_codes",
)  # fmt: skip
REVIEW = ("verdict", "code", "modifiers", "units", "level", "side", "missing", "comment")
"""The cells a reviewer fills; README and docs/audits.md say how."""
VERDICTS = ("agree", "differs", "unusable")
BLIND_VERDICTS = ("done", "unusable")

_ROWS = 3
"""Rows a note has at least: there are three codes."""
_CODING = frozenset(
    """LEVEL_LIMIT GUIDANCE_ULTRASOUND BUNDLED_IMAGING ADDON_WITHOUT_PRIMARY STATED_CODE_MISMATCH
    MULTI_REGION SAME_DAY_INJECTION PAYER_RULE_UNKNOWN THERAPEUTIC_NOT_COVERED NCCI_EDIT
    FREQUENCY_LIMIT REPEATED_LEVEL CLONED_NOTE""".split()
)
DOCUMENTATION = FLAG_CODES - _CODING
"""Flags that say what a note lacks or leaves open; the others speak of codes and of other notes."""


def missing_of(claim: Claim) -> tuple[str, ...]:
    """What the record says is missing in the note: its hard and soft documentation flags."""
    return tuple(code for code in claim.flagged("hard", "soft") if code in DOCUMENTATION)


def columns(*, blind: bool) -> tuple[str, ...]:
    """The heading; a blind sheet has no column of what program or coder said."""
    return (*KEYS, *SHOWN, *(() if blind else SUGGESTED), *REVIEW)


def sheet_rows(
    sample: Sample,
    claims: Mapping[str, Claim],
    *,
    blind: bool,
    coded: Mapping[str, Coded] | None = None,
) -> Iterator[dict[str, str]]:
    """The rows of a worksheet, sample first, then the spares. Nothing of a note's text is in it.

    Raises FacetcodeError where the records lack a note of the sample.
    """
    head = columns(blind=blind)
    places = [("sample", d) for d in sample.sample]
    places += [(f"spare {n}", d) for n, d in enumerate(sample.spares, start=1)]
    for role, drawn in places:
        claim = claims.get(drawn.note_id)
        if claim is None:
            raise FacetcodeError(
                f"the records have no note '{one_line(drawn.note_id)}' of the sample; give those "
                "it was drawn from"
            )
        by = (coded or {}).get(claim.note_id)
        # A blind sheet must not tell the number of lines by that of its rows.
        rows = _ROWS if blind else max(_ROWS, len(claim.lines) + 1)
        for number in range(1, rows + 1):
            row = {
                **{name: claim.meta.get(name, "") for name in SHOWN},
                "note_id": claim.note_id,
                "line": str(number),
                "role": role,
                "policy": claim.policy,
                **_suggestion(claim, number, by),
            }
            yield {name: row.get(name, "") for name in head}


def _suggestion(claim: Claim, number: int, by: Coded | None) -> dict[str, str]:
    cells = {}
    if number == 1:
        cells = {
            "suggested_status": claim.status,
            "suggested_missing": "; ".join(missing_of(claim)),
            "coder": by.coder if by else "",
            "coder_codes": "; ".join(line.word for line in by.lines) if by else "",
        }
    if number <= len(claim.lines):
        line = claim.lines[number - 1]
        cells |= {
            "suggested_code": line.code,
            "suggested_modifiers": " ".join(line.modifiers),
            "suggested_units": str(line.units),
            "suggested_level": " ".join(line.joints),
            "suggested_side": line.side,
        }
    return cells


def write_csv(rows: Sequence[Mapping[str, str]], file: IO[bytes]) -> None:
    """Rows as CSV with the mark by which Excel knows UTF-8; no cell can be run as a formula."""
    text = io.TextIOWrapper(file, "utf-8-sig", errors="backslashreplace", newline="")
    out = csv.writer(text)
    head = list(rows[0])
    out.writerow(head)
    for row in rows:
        out.writerow([unformula(one_line(row[name], longest=2000)) for name in head])
    text.flush()
    text.detach()


def write_xlsx(rows: Sequence[Mapping[str, str]], file: IO[bytes], *, blind: bool) -> None:
    """Rows as a workbook: cells are text, so nothing becomes a date; the heading stays in view.

    A second sheet says what may stand in which cell. Raises FacetcodeError without openpyxl.
    """
    try:
        from openpyxl import Workbook
        from openpyxl.styles import Alignment, Font, PatternFill
        from openpyxl.utils import get_column_letter
        from openpyxl.worksheet.datavalidation import DataValidation
        from openpyxl.worksheet.properties import PageSetupProperties
    except ModuleNotFoundError:
        raise FacetcodeError(
            "writing a workbook needs openpyxl: pip install 'facetcode[audit]'; or write .csv"
        ) from None
    book = Workbook()
    sheet: Any = book.active
    sheet.title = "audit"
    head = list(rows[0])
    fill = PatternFill("solid", fgColor="FFF4CC")
    for column, name in enumerate(head, start=1):
        sheet.cell(1, column, name).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(column)].width = _width(name)
    for number, row in enumerate(rows, start=2):
        for column, name in enumerate(head, start=1):
            cell = sheet.cell(number, column)
            # As text whatever it looks like: "=1+1" is a name here and no formula.
            cell.value = _storable(one_line(row[name], longest=2000))
            cell.data_type, cell.number_format = "s", "@"
            cell.alignment = Alignment(vertical="top", wrap_text=name in ("missing", "comment"))
            if name in REVIEW:
                cell.fill = fill
    letter = get_column_letter(head.index("verdict") + 1)
    words = BLIND_VERDICTS if blind else VERDICTS
    allowed = DataValidation("list", formula1=f'"{",".join(words)}"', allow_blank=True)
    allowed.add(f"{letter}2:{letter}{len(rows) + 1}")
    sheet.add_data_validation(allowed)
    sheet.freeze_panes = "C2"
    sheet.page_setup.orientation, sheet.page_setup.fitToWidth = "landscape", 1
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.print_title_rows = "1:1"
    help_ = book.create_sheet("how to fill it")
    help_.column_dimensions["A"].width, help_.column_dimensions["B"].width = 16, 100
    for line in instructions(blind=blind):
        help_.append(line)
    book.save(file)


def instructions(*, blind: bool) -> list[tuple[str, str]]:
    """What may stand in the reviewer's cells: column and rule."""
    if blind:
        verdict = "done, once the note is judged; unusable, if it cannot be and a spare steps in"
        code = "every code that is right, a row each; none, if nothing is to be billed"
        rest = "write what is right; blank means none (units: 1)"
        missing = "flags of what the note lacks, a ; between; none; blank means not judged"
    else:
        verdict = "agree; differs; unusable, if the note cannot be judged and a spare steps in"
        code = "only what differs: the right code; none takes the line away; a free row adds one"
        rest = "only what differs; none takes the modifiers away"
        missing = "if it differs: all flags of what the note lacks, a ; between; none for nothing"
    return [
        ("verdict", f"{verdict}. Once a note, on any of its rows"),
        ("code", code),
        ("modifiers", rest),
        ("units", rest.split(";")[0] if not blind else rest),
        ("level", "facet joints, C4-C5" + (" (blank: not judged)" if blind else "")),
        ("side", "right, left, bilateral" + (" (blank: not judged)" if blind else "")),
        ("missing", missing),
        ("", "Flags: " + ", ".join(sorted(DOCUMENTATION))),
        ("comment", "yours; it is not counted"),
    ]


def _width(name: str) -> float:
    wide = {"note_id": 24, "comment": 40, "missing": 34, "suggested_missing": 34, "coder_codes": 26}
    return wide.get(name, max(10, len(name) + 2))


def _storable(text: str) -> str:
    """Text without the control characters that XML, and so a workbook, cannot hold."""
    return "".join(c if c >= " " and not "\ud800" <= c <= "\udfff" else "\ufffd" for c in text)
