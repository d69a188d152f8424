"""What the dashboards show: figures from decisions, and their charts as SVG."""

from __future__ import annotations

import io
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, MultipleLocator
from sqlalchemy import select

from facetcode.review.schema import decisions, items, queries, reviews, users
from facetcode.review.store import Store, before_now

FIELDS = ("level", "guidance", "intent", "relief", "diagnosis", "line")
CLASSES = ("accepted", "edited", "added", "rejected")
# Okabe and Ito's colours, which colour-blind readers tell apart.
_COLOURS = {
    "accepted": "#009E73",
    "edited": "#E69F00",
    "added": "#56B4E9",
    "rejected": "#D55E00",
}
_MOST = 8
_BESIDE: dict[str, Any] = {
    "frameon": False, "fontsize": "small", "loc": "center left", "bbox_to_anchor": (1, 0.5),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Figures:
    """The dashboard's numbers over some days."""

    finished: dict[str, dict[str, int]]
    """Day to coder to notes finished."""
    classes: dict[str, dict[str, int]]
    """Field to class to count."""
    seconds: dict[str, list[float]]
    """Coder to seconds of each finished note."""
    reasons: dict[str, dict[str, int]]
    """Physician to flag to requests sent."""
    agreed: dict[str, tuple[int, int]]
    """Week (its Monday) to second reviews that agree, and all of them."""

    def pace(self) -> list[tuple[str, int, float]]:
        """Coder, notes finished, median seconds a note."""
        return [(name, len(all_), median(all_)) for name, all_ in sorted(self.seconds.items())]


def collect(store: Store, days: int = 30) -> Figures:
    """Count everything of the last ``days`` days."""
    since = before_now(days=days)
    finished: dict[str, Counter[str]] = defaultdict(Counter)
    classes: dict[str, Counter[str]] = {field: Counter() for field in FIELDS}
    seconds: dict[str, list[float]] = defaultdict(list)
    reasons: dict[str, Counter[str]] = defaultdict(Counter)
    weeks: dict[str, list[int]] = defaultdict(list)
    with store.read() as connection:
        done = connection.execute(
            select(decisions.c.at, decisions.c.seconds, decisions.c.fields, users.c.name)
            .join(users, users.c.id == decisions.c.user_id)
            .where(
                decisions.c.kind.in_(("accept", "reject")),
                decisions.c.undone_by.is_(None),
                decisions.c.at >= since,
            )
        )
        for row in done:
            finished[row.at[:10]][row.name] += 1
            if row.seconds is not None:
                seconds[row.name].append(row.seconds)
            for field, counted in json.loads(row.fields).items():
                classes[field].update(counted)
        asked = connection.execute(
            select(queries.c.flags, items.c.provider)
            .join(items, items.c.id == queries.c.item_id)
            .where(queries.c.asked_at >= since, queries.c.withdrawn == 0)
        )
        for flags, provider in asked:
            reasons[provider or "not named"].update(filter(None, flags.split(",")))
        second = connection.execute(
            select(reviews.c.done_at, reviews.c.agrees).where(reviews.c.done_at >= since)
        )
        for done_at, agrees in second:
            day = date.fromisoformat(done_at[:10])
            monday = date.fromordinal(day.toordinal() - day.weekday())
            weeks[monday.isoformat()].append(agrees)
    return Figures(
        {day: dict(found) for day, found in sorted(finished.items())},
        {field: dict(found) for field, found in classes.items()},
        dict(seconds),
        {name: dict(found) for name, found in sorted(reasons.items())},
        {week: (sum(found), len(found)) for week, found in sorted(weeks.items())},
    )


def chart(name: str, figures: Figures) -> bytes:
    """One chart as SVG; KeyError where there is none of that name."""
    figure = Figure(figsize=(7, 3), layout="constrained")
    axes = figure.add_subplot()
    # Counts are whole: an axis of 0.2 notes helps nobody.
    whole = MaxNLocator(nbins="auto", integer=True, min_n_ticks=1)
    (axes.xaxis if name == "reasons" else axes.yaxis).set_major_locator(whole)
    CHARTS[name](axes, figures)
    axes.spines[["top", "right"]].set_visible(False)
    out = io.BytesIO()
    figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()


def _empty(axes: Any, said: str) -> None:
    axes.text(0.5, 0.5, said, ha="center", va="center", transform=axes.transAxes)
    axes.set_axis_off()


def _throughput(axes: Any, figures: Figures) -> None:
    if not figures.finished:
        return _empty(axes, "No note was finished in these days.")
    days = list(figures.finished)
    floor = [0] * len(days)
    for coder in sorted({name for found in figures.finished.values() for name in found}):
        counts = [figures.finished[day].get(coder, 0) for day in days]
        axes.bar(days, counts, bottom=floor, label=coder, width=0.6)
        floor = [a + b for a, b in zip(floor, counts, strict=True)]
    axes.set_ylabel("notes finished")
    axes.set_xlim(-0.7, max(len(days), 5) - 0.3)
    axes.tick_params(axis="x", rotation=45)
    axes.legend(**_BESIDE)
    return None


def _outcomes(axes: Any, figures: Figures) -> None:
    if not any(figures.classes.values()):
        return _empty(axes, "No note was finished in these days.")
    floor = [0] * len(FIELDS)
    for name in CLASSES:
        counts = [figures.classes[field].get(name, 0) for field in FIELDS]
        axes.bar(FIELDS, counts, bottom=floor, label=name, color=_COLOURS[name])
        floor = [a + b for a, b in zip(floor, counts, strict=True)]
    axes.set_ylabel("values")
    axes.legend(**_BESIDE)
    return None


def _seconds(axes: Any, figures: Figures) -> None:
    values = [value for found in figures.seconds.values() for value in found]
    if not values:
        return _empty(axes, "No note was timed in these days.")
    axes.hist(values, bins=min(30, max(5, len(values))), color="#0072B2")
    axes.axvline(
        median(values), color="black", linestyle="--", label=f"median {median(values):.0f} s"
    )
    axes.set_xlabel("seconds a note, with the page in view")
    axes.set_ylabel("notes")
    axes.legend(frameon=False, fontsize="small")
    return None


def _reasons(axes: Any, figures: Figures) -> None:
    if not figures.reasons:
        return _empty(axes, "No request was sent in these days.")
    totals: Counter[str] = Counter()
    for found in figures.reasons.values():
        totals.update(found)
    flags = [flag for flag, _ in totals.most_common(_MOST)]
    busiest = sorted(figures.reasons, key=lambda name: -sum(figures.reasons[name].values()))[:_MOST]
    floor = [0] * len(busiest)
    for flag in flags:
        counts = [figures.reasons[name].get(flag, 0) for name in busiest]
        axes.barh(busiest, counts, left=floor, label=flag)
        floor = [a + b for a, b in zip(floor, counts, strict=True)]
    axes.invert_yaxis()
    axes.set_xlabel("reasons in requests")
    axes.legend(**_BESIDE)
    return None


def _agreement(axes: Any, figures: Figures) -> None:
    if not figures.agreed:
        return _empty(axes, "No second review was done in these days.")
    from facetcode.evaluate.intervals import proportion

    weeks = list(figures.agreed)
    found = [proportion(*figures.agreed[week]) for week in weeks]
    values = [estimate.value or 0.0 for estimate in found]
    below = [value - estimate.low for value, estimate in zip(values, found, strict=True)]
    above = [estimate.high - value for value, estimate in zip(values, found, strict=True)]
    axes.errorbar(weeks, values, yerr=[below, above], marker="o", color="#0072B2", capsize=4)
    axes.yaxis.set_major_locator(MultipleLocator(0.25))
    axes.set_ylim(0, 1.02)
    axes.set_ylabel("agreement, 95 % interval")
    axes.set_xlabel("week of")
    return None


CHARTS: Mapping[str, Any] = {
    "throughput": _throughput,
    "outcomes": _outcomes,
    "seconds": _seconds,
    "reasons": _reasons,
    "agreement": _agreement,
}
