"""The report's charts: SVG that stands in the page itself and needs nothing from elsewhere."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Sequence
from typing import Any

import matplotlib
from matplotlib.figure import Figure

from facetcode.evaluate.confusion import Calibration
from facetcode.evaluate.intervals import Estimate
from facetcode.terminal import one_line

_BLUE, _ORANGE = "#0072B2", "#D55E00"
# Fixed ids and text as text: the same figures give the same bytes, and words can be searched.
_SETTINGS: dict[Any, Any] = {"svg.fonttype": "none", "font.size": 9, "font.family": "sans-serif"}


def estimates_chart(rows: Sequence[tuple[str, Estimate]], xlabel: str) -> str:
    """Shares with their intervals, the first row on top; rows without a value are left out."""
    rows = [(name, e) for name, e in rows if e.value is not None]
    if not rows:
        return ""
    figure = Figure(figsize=(7, 0.6 + 0.3 * len(rows)), layout="constrained")
    axes = figure.add_subplot()
    values = [100 * (e.value or 0.0) for _, e in rows]
    below = [v - 100 * e.low for v, (_, e) in zip(values, rows, strict=True)]
    above = [100 * e.high - v for v, (_, e) in zip(values, rows, strict=True)]
    # Rounding may put an end a hair on the wrong side of its value.
    ends = [[max(0.0, v) for v in side] for side in (below, above)]
    places = range(len(rows))
    axes.errorbar(values, places, xerr=ends, fmt="o", color=_BLUE, capsize=3)
    axes.set_yticks(places, [_short(name) for name, _ in rows])
    axes.invert_yaxis()
    axes.set_xlim(left=min(0.0, *values) if min(values) < 50 else 40, right=101)
    axes.set_xlabel(xlabel)
    axes.grid(axis="x", color="#dddddd")
    return _svg(figure, axes, xlabel)


def calibration_chart(found: Calibration) -> str:
    """Stated confidence against the share that was right, beside the diagonal."""
    figure = Figure(figsize=(4.5, 4), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], color="#888888", linestyle="--", label="as stated")
    stated = [b.mean for b in found.bins]
    right = [b.right.value or 0.0 for b in found.bins]
    below = [max(0.0, r - b.right.low) for r, b in zip(right, found.bins, strict=True)]
    above = [max(0.0, b.right.high - r) for r, b in zip(right, found.bins, strict=True)]
    axes.errorbar(
        stated, right, yerr=[below, above], marker="o", color=_ORANGE, capsize=3, label="found"
    )
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("stated confidence")
    axes.set_ylabel("share exactly right, 95 % interval")
    axes.legend(frameon=False)
    return _svg(figure, axes, f"Calibration under {found.policy}")


def _short(name: str) -> str:
    # A dollar sign would begin a formula to matplotlib.
    return one_line(name, longest=40).replace("$", r"\$")


def _svg(figure: Figure, axes: Any, label: str) -> str:
    axes.spines[["top", "right"]].set_visible(False)
    out = io.StringIO()
    # The browser sets the text, so that a letter which matplotlib's font lacks is no loss; and a
    # warning of it would name letters of a physician's name.
    with warnings.catch_warnings(), matplotlib.rc_context({**_SETTINGS, "svg.hashsalt": label}):
        warnings.simplefilter("ignore", UserWarning)
        figure.savefig(
            out,
            format="svg",
            metadata={"Date": None, "Creator": None, "Format": None, "Type": None},
        )
    svg = out.getvalue()
    svg = re.sub(r"\s*<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)
    return svg.replace("<svg ", f'<svg role="img" aria-label="{label}" ', 1)
