"""The evaluation as tables on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from facetcode.evaluate.intervals import Estimate
from facetcode.evaluate.score import NoteScore
from facetcode.evaluate.summary import Prf, Summary, by_voice, summarise
from facetcode.terminal import one_line

if TYPE_CHECKING:
    from rich.console import Console

    from facetcode.evaluate.accuracy import Accuracy

_MOST_ERRORS = 15


def show(console: Console, summary: Summary, title: str) -> None:
    """Print a summary: what a reader asks first stands first."""
    from rich.table import Table

    table = Table(title=f"{title}: {summary.notes} notes in {summary.voices} voices")
    table.add_column("")
    for name in ("value", "95 % interval", "of"):
        table.add_column(name, justify="right")
    for name, estimate in summary.headline.items():
        table.add_row(name, *_estimate(estimate))
    table.add_section()
    for name, estimate in summary.fields.items():
        table.add_row(name, *_estimate(estimate))
    console.print(table)

    table = Table(title="Facts")
    table.add_column("")
    for name in ("precision", "recall", "F1", "95 % interval", "of"):
        table.add_column(name, justify="right")
    for name, prf in summary.facts.items():
        table.add_row(name, *_prf(prf))
    table.add_section()
    for label, (exact, overlap) in summary.spans.items():
        table.add_row(f"{label} spans, exact", *_prf(exact))
        table.add_row(f"{label} spans, overlap", *_prf(overlap))
    console.print(table)

    if summary.errors:
        table = Table(title="Most frequent errors")
        table.add_column("kind")
        table.add_column("notes", justify="right")
        for kind, count in summary.errors[:_MOST_ERRORS]:
            table.add_row(kind, str(count))
        console.print(table)


def show_accuracies(console: Console, found: Sequence[Accuracy]) -> None:
    """Print the three accuracies, and beside each how often facetcode asked instead."""
    from rich.table import Table

    table = Table(title="Right, of the notes that were answered")
    for name in ("", "policy"):
        table.add_column(name)
    for name in ("value", "95 % interval", "of", "asked instead", "95 % interval", "with reason"):
        table.add_column(name, justify="right")
    for a in found:
        asked = _estimate(a.abstained)[:2]
        table.add_row(a.name, a.policy, *_estimate(a.value), *asked, str(a.called_for))
    console.print(table)


def show_voices(console: Console, scores: Sequence[NoteScore]) -> None:
    """Print each voice beside the rest without it, so that an odd voice stands out."""
    from rich.table import Table

    table = Table(title="By voice (in brackets: all other voices)")
    table.add_column("voice")
    for name in ("notes", "joint+side F1", "codes exact", "queries", "flags", "all correct"):
        table.add_column(name, justify="right")
    for voice, own in by_voice(scores).items():
        rest = [score for score in scores if score.voice != voice]
        ours, others = summarise(own), summarise(rest) if rest else None
        cells = [str(len(own))]
        for figure, beside in zip(_row(ours), _row(others), strict=True):
            cells.append(f"{figure} ({beside})" if others else figure)
        table.add_row(voice, *cells)
    console.print(table)


def _row(summary: Summary | None) -> list[str]:
    if summary is None:
        return ["-"] * 5
    names = (
        # Records may have been made under one of the two policies alone.
        max(("codes exact, default", "codes exact, medicare"), key=_counted(summary)),
        "query raised where needed",
        "required flags raised",
        "note all correct",
    )
    figures = [summary.facts["joint+side"].f1, *(summary.headline[name] for name in names)]
    return [_percent(figure.value) for figure in figures]


def _counted(summary: Summary) -> Callable[[str], bool]:
    return lambda name: summary.headline[name].n > 0


def show_errors(console: Console, scores: Sequence[NoteScore]) -> None:
    """Print every difference: the note, the fact, what the label says and what was found."""
    from rich.table import Table

    table = Table(title="Differences")
    for name in ("note", "fact", "label", "found"):
        table.add_column(name, overflow="fold")
    for score in scores:
        for miss in score.misses:
            table.add_row(score.note_id, miss.fact, one_line(miss.gold), one_line(miss.found))
    console.print(table)


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"


def _estimate(estimate: Estimate) -> tuple[str, str, str]:
    if estimate.value is None:
        return "-", "-", "0"
    interval = f"{_percent(estimate.low)} to {_percent(estimate.high)}"
    return _percent(estimate.value), interval, str(estimate.n)


def _prf(prf: Prf) -> tuple[str, ...]:
    counts = prf.counts
    return (_percent(counts.precision), _percent(counts.recall), *_estimate(prf.f1))
