"""A comparison of two runs as tables on a terminal and as plain data for a file."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from facetcode.evaluate.compare import Comparison, Judged
from facetcode.evaluate.intervals import Estimate
from facetcode.evaluate.score import Miss
from facetcode.terminal import one_line

if TYPE_CHECKING:
    from rich.console import Console


def show(console: Console, found: Comparison, most: int) -> None:
    """Print what changed by kind, then against labels if there are any, then note by note."""
    from rich.table import Table

    console.print(
        f"{found.notes:,} notes in both runs, {found.changed:,} changed; "
        f"{len(found.only_before):,} only in the first, "
        f"{len(found.only_after):,} only in the second"
    )
    if found.changes:
        table = Table(title="What changed")
        table.add_column("what")
        table.add_column("notes", justify="right")
        for field, n in Counter(change.field for change in found.changes).most_common():
            table.add_row(field, f"{n:,}")
        console.print(table)
    if found.judged:
        _show_judged(console, found.judged, most)
    _show_changes(console, found, most)


def _show_judged(console: Console, judged: Judged, most: int) -> None:
    from rich.table import Table

    table = Table(title=f"Against the labels of {judged.notes:,} notes")
    table.add_column("right, %")
    for name in ("before", "after", "difference, 95 %", "better", "worse", "McNemar's p"):
        table.add_column(name, justify="right")
    for m in judged.measures:
        shares = (_percent(m.before), _percent(m.after), _difference(m.difference))
        table.add_row(m.name, *shares, f"{m.better:,}", f"{m.worse:,}", f"{m.p:.4f}")
    table.add_section()
    for f in judged.facts:
        shares = (_percent(f.before), _percent(f.after), _difference(f.difference))
        table.add_row(f"{f.name}, F1", *shares, "", "", "")
    console.print(table)
    rows = [
        (verdict.note_id, name, miss)
        for verdict in judged.verdicts
        # Two runs can be wrong in two ways: both are told, the old as gone and the new as come.
        for name, misses in (("worse", verdict.broken), ("better", verdict.fixed))
        for miss in misses
    ]
    if rows:
        shown = rows[:most] if most else rows
        table = Table(title=f"Errors that came and went: {len(shown):,} of {len(rows):,}")
        for name in ("note", "", "fact", "label", "was or is found"):
            table.add_column(name, overflow="fold")
        for note_id, name, miss in shown:
            table.add_row(
                one_line(note_id), name, miss.fact, one_line(miss.gold), one_line(miss.found)
            )
        console.print(table)


def _show_changes(console: Console, found: Comparison, most: int) -> None:
    from rich.table import Table

    shown = found.changes[:most] if most else found.changes
    if shown:
        table = Table(title=f"Changes: {len(shown):,} of {len(found.changes):,}")
        for name in ("note", "what", "before", "after"):
            table.add_column(name, overflow="fold")
        for c in shown:
            table.add_row(one_line(c.note_id), c.field, one_line(c.before), one_line(c.after))
        console.print(table)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _difference(e: Estimate) -> str:
    if e.value is None:
        return "-"
    return f"{100 * e.value:+.1f} ({100 * e.low:+.1f} to {100 * e.high:+.1f})"


def to_json(found: Comparison) -> dict[str, Any]:
    """The comparison as plain data, every change and verdict in it."""

    def estimate(e: Estimate) -> dict[str, Any]:
        return {"value": e.value, "low": e.low, "high": e.high, "n": e.n}

    def miss(m: Miss) -> dict[str, str]:
        return {"fact": m.fact, "label": m.gold, "found": m.found}

    judged = found.judged
    return {
        "notes": found.notes,
        "changed": found.changed,
        "policies": {"before": list(found.policies[0]), "after": list(found.policies[1])},
        "only_before": list(found.only_before),
        "only_after": list(found.only_after),
        "changes": [
            {"note_id": c.note_id, "field": c.field, "before": c.before, "after": c.after}
            for c in found.changes
        ],
        "worse": found.worse,
        "judged": judged
        and {
            "notes": judged.notes,
            "measures": [
                {
                    "name": m.name,
                    "before": m.before,
                    "after": m.after,
                    "better": m.better,
                    "worse": m.worse,
                    "p": m.p,
                    "difference": estimate(m.difference),
                }
                for m in judged.measures
            ],
            "facts": [
                {
                    "name": f.name,
                    "before": f.before,
                    "after": f.after,
                    "difference": estimate(f.difference),
                }
                for f in judged.facts
            ],
            "verdicts": [
                {
                    "note_id": v.note_id,
                    "fixed": list(map(miss, v.fixed)),
                    "broken": list(map(miss, v.broken)),
                }
                for v in judged.verdicts
            ],
        },
    }
