"""Agreement as tables on a terminal and as plain data for a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

from facetcode.evaluate.agreement import HOWS, AgreementReport, Pair
from facetcode.evaluate.intervals import Estimate
from facetcode.evaluate.kappa import Agreement
from facetcode.terminal import one_line

if TYPE_CHECKING:
    from rich.console import Console


def letter(place: int) -> str:
    """A short name for a labeling: A, B, C, and numbers after Z."""
    return ascii_uppercase[place] if place < len(ascii_uppercase) else f"R{place + 1}"


def show(console: Console, report: AgreementReport, most: int) -> None:
    """Print who was compared, each pair, all together, and the first ``most`` disagreements."""
    for place, labeling in enumerate(report.labelings):
        kind = "facetcode" if labeling.machine else "labels"
        console.print(
            f"{letter(place)}: {one_line(labeling.source)} ({kind}, {len(labeling.notes):,} notes)"
        )
    for pair in report.pairs:
        _show_pair(console, pair)
    if report.together:
        title = f"All {len(report.labelings)} raters: Fleiss' kappa on {report.common:,} notes"
        _show_fields(console, title, report.together)
    if report.beside:
        _show_beside(console, report)
    _show_disagreements(console, report, most)


def _show_pair(console: Console, pair: Pair) -> None:
    from rich.table import Table

    who = f"{letter(pair.a)} and {letter(pair.b)} ({pair.who})"
    if not pair.notes:
        console.print(f"{who}: no note in common")
        return
    _show_fields(console, f"{who}: Cohen's kappa on {pair.notes:,} notes", pair.fields)
    table = Table(title=f"{who}: marks, F1 with 95 % interval")
    table.add_column("")
    for name in ("of", *HOWS):
        table.add_column(name, justify="right")
    for label, found in pair.spans.items():
        table.add_row(label, str(found["exact"].f1.n), *(_estimate(found[how].f1) for how in HOWS))
    console.print(table)


def _show_fields(console: Console, title: str, fields: Mapping[str, Agreement]) -> None:
    from rich.table import Table

    table = Table(title=title)
    table.add_column("")
    for name in ("of", "agree, %", "95 % interval", "kappa", "95 % interval"):
        table.add_column(name, justify="right")
    for name, found in fields.items():
        share = found.share
        table.add_row(
            name,
            str(share.n),
            _number(share.value, 100),
            f"{_number(share.low, 100)} to {_number(share.high, 100)}",
            _number(found.kappa.value),
            "-" if found.kappa.value is None else _range(found.kappa),
        )
    console.print(table)


def _show_beside(console: Console, report: AgreementReport) -> None:
    from rich.table import Table

    table = Table(title=f"People beside the machine: mean kappa on {report.common:,} notes")
    table.add_column("")
    for name in ("human-human", "machine-human", "difference"):
        table.add_column(name, justify="right")
    for name, found in report.beside.items():
        row = (found.human, found.machine, found.difference)
        table.add_row(name, *map(_estimate, row))
    console.print(table)


def _show_disagreements(console: Console, report: AgreementReport, most: int) -> None:
    from rich.table import Table

    found = report.disagreements
    shown = found[:most] if most else found
    if shown:
        table = Table(title=f"Disagreements: {len(shown):,} of {len(found):,}")
        for name in ("note", "field", *map(letter, range(len(report.labelings)))):
            table.add_column(name, overflow="fold")
        for item in shown:
            said = (one_line(word) if word is not None else "" for word in item.said)
            table.add_row(one_line(item.note_id), item.field, *said)
        console.print(table)
    else:
        console.print("No disagreement.")


def _number(value: float | None, times: int = 1) -> str:
    return "-" if value is None else f"{value * times:.{1 if times > 1 else 2}f}"


def _range(estimate: Estimate) -> str:
    return f"{_number(estimate.low)} to {_number(estimate.high)}"


def _estimate(estimate: Estimate) -> str:
    if estimate.value is None:
        return "-"
    return f"{_number(estimate.value)} ({_range(estimate)})"


def to_json(report: AgreementReport) -> dict[str, Any]:
    """The report as plain data: every disagreement is in it, words of the notes are not."""
    names = [letter(place) for place in range(len(report.labelings))]
    return {
        "labelings": [
            {"name": name, "source": item.source, "machine": item.machine, "notes": len(item.notes)}
            for name, item in zip(names, report.labelings, strict=True)
        ],
        "common": report.common,
        "set_aside": list(report.set_aside),
        "pairs": [
            {
                "a": names[pair.a],
                "b": names[pair.b],
                "who": pair.who,
                "notes": pair.notes,
                "fields": _fields_json(pair.fields),
                "spans": {
                    label: {
                        how: {
                            "f1": _estimate_json(one.f1),
                            "both": one.counts.tp,
                            "only_a": one.counts.fn,
                            "only_b": one.counts.fp,
                        }
                        for how, one in found.items()
                    }
                    for label, found in pair.spans.items()
                },
            }
            for pair in report.pairs
        ],
        "together": _fields_json(report.together),
        "beside": {
            name: {
                "human_human": _estimate_json(one.human),
                "machine_human": _estimate_json(one.machine),
                "difference": _estimate_json(one.difference),
            }
            for name, one in report.beside.items()
        },
        "disagreements": [
            {"note_id": d.note_id, "field": d.field, **_said(names, d.said)}
            for d in report.disagreements
        ],
    }


def _said(names: Sequence[str], said: Sequence[str | None]) -> dict[str, str]:
    return {name: word for name, word in zip(names, said, strict=True) if word is not None}


def _fields_json(fields: Mapping[str, Agreement]) -> dict[str, Any]:
    return {
        name: {"agreement": _estimate_json(one.share), "kappa": _estimate_json(one.kappa)}
        for name, one in fields.items()
    }


def _estimate_json(e: Estimate) -> dict[str, Any]:
    return {"value": e.value, "low": e.low, "high": e.high, "n": e.n}
