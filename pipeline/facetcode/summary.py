"""A record in a few words: what tables, spreadsheets and the command line say of one note."""

from __future__ import annotations

from facetcode.facts import Procedure
from facetcode.record import Line, Record

COLUMNS = (
    "note_id",
    "status",
    "kind",
    "intent",
    "ordinal",
    "levels",
    "guidance",
    "relief",
    "diagnoses",
    "codes",
    "hard_flags",
    "soft_flags",
    "info_flags",
    "questions",
    "confidence",
    "auto",
    "policy",
    "version",
)
"""Keys of ``flat``, in the order of a spreadsheet's columns."""


def flat(record: Record) -> dict[str, str | int | float | None]:
    """One record as one row, keyed by ``COLUMNS``; several values are split by ``; ``.

    Words of the note stay out: a spreadsheet of results travels further than the notes may.
    """
    facts = record.facts
    flags = {
        severity: "; ".join(f.code for f in record.flags if f.severity == severity)
        for severity in ("hard", "soft", "info")
    }
    return {
        "note_id": record.note_id,
        "status": record.status,
        "kind": facts.procedure.kind,
        "intent": facts.procedure.intent,
        "ordinal": facts.procedure.ordinal,
        "levels": levels(record),
        "guidance": facts.guidance.modality,
        "relief": "; ".join(
            (f"{r.low:g}%" if r.low == r.high else f"{r.low:g}-{r.high:g}%") + f" {r.when}"
            for r in facts.relief
        ),
        "diagnoses": "; ".join(dict.fromkeys(d.code for d in facts.diagnoses if d.code)),
        "codes": "; ".join(map(line_code, record.lines)),
        "hard_flags": flags["hard"],
        "soft_flags": flags["soft"],
        "info_flags": flags["info"],
        "questions": "; ".join(f.message for f in record.flags if f.severity == "hard"),
        "confidence": record.confidence,
        "auto": None if record.auto is None else "yes" if record.auto else "no",
        "policy": record.policy,
        "version": record.version,
    }


def line_code(line: Line) -> str:
    """A claim line in one word: ``64490-KX-RT``, and ``x2`` after it where two units are billed."""
    code = "-".join((line.code, *line.modifiers))
    return code if line.units == 1 else f"{code} x{line.units}"


def levels(record: Record) -> str:
    """The joints treated and their sides: ``C4-C5 right; C5-C6 right``."""
    return "; ".join(
        level.joint if level.side == "unstated" else f"{level.joint} {level.side}"
        for level in record.facts.levels
    )


def done(procedure: Procedure) -> str:
    """What was done today: ``medial branch block, diagnostic, second``."""
    if procedure.kind is None:
        return "no procedure found"
    words = [procedure.kind.replace("_", " ")]
    if procedure.intent != "unstated":
        words.append(procedure.intent)
    if procedure.ordinal:
        words.append({1: "first", 2: "second"}[procedure.ordinal])
    return ", ".join(words)
