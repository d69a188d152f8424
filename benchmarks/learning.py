"""Writes the charts and the figures of docs/learning.md from the models' metrics.

    python benchmarks/learning.py models docs

`make models` runs it after training. The same metrics give the same bytes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.figure import Figure

BEGIN, END = "<!-- figures: written by make models -->", "<!-- end of figures -->"
BLUE, ORANGE, GREY = "#0072B2", "#D55E00", "#888888"
DECISIONS = ("relief", "time", "screen")


def main(models: Path, docs: Path) -> None:
    """Draw, and replace what stands between the marks."""
    metrics = {
        task: json.loads((models / task / "metrics.json").read_text(encoding="utf-8"))
        for task in ("confidence", "novelty", *DECISIONS)
    }
    measured = {"voices left out": (metrics["confidence"]["left_out"], BLUE)}
    if "test" in metrics["confidence"]:
        measured["test voices"] = (metrics["confidence"]["test"], ORANGE)
    reliability(measured, docs / "learning-reliability.svg")
    coverage(measured, docs / "learning-coverage.svg")
    page = docs / "learning.md"
    text = page.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        sys.exit(f"{page}: lacks the marks between which figures stand")
    page.write_text(f"{before}{BEGIN}\n{figures(metrics)}\n{END}{after}", encoding="utf-8")


def reliability(measured: dict[str, Any], target: Path) -> None:
    """Said against true, a point a bin; the diagonal is perfect."""
    figure = Figure(figsize=(4.6, 4.2), layout="constrained")
    axes = figure.add_subplot()
    axes.plot([0, 1], [0, 1], linestyle="--", color=GREY, label="as said")
    for name, (figures_, colour) in measured.items():
        said = [p for p, _, _ in figures_["reliability"]]
        right = [k / n for _, n, k in figures_["reliability"]]
        axes.plot(said, right, marker="o", color=colour, label=name)
    axes.set_xlim(0.2, 1.01)
    axes.set_ylim(0.2, 1.01)
    axes.set_xlabel("confidence")
    axes.set_ylabel("share of claims exactly right")
    axes.legend(loc="upper left", frameon=False)
    save(figure, target)


def coverage(measured: dict[str, Any], target: Path) -> None:
    """Share right of the surest notes, with its interval over voices."""
    figure = Figure(figsize=(6.4, 4.2), layout="constrained")
    axes = figure.add_subplot()
    for name, (figures_, colour) in measured.items():
        curve = figures_["coverage"]
        shares = [100 * row[0] for row in curve]
        axes.plot(shares, [100 * row[1] for row in curve], color=colour, label=name)
        low, high = [100 * row[2] for row in curve], [100 * row[3] for row in curve]
        axes.fill_between(shares, low, high, color=colour, alpha=0.15, linewidth=0)
    axes.plot(62, 95.0, marker="*", markersize=11, color=GREY, linestyle="none")
    axes.annotate("Burns 2020", (62, 95.0), textcoords="offset points", xytext=(8, 4), color=GREY)
    axes.set_xlabel("per cent of claims, surest first")
    axes.set_ylabel("per cent of them exactly right")
    axes.set_ylim(50, 101)
    axes.grid(color="#dddddd")
    axes.legend(loc="lower left", frameon=False)
    save(figure, target)


def save(figure: Figure, target: Path) -> None:
    """As SVG, without the time and with fixed ids."""
    with matplotlib.rc_context({"svg.hashsalt": "facetcode", "svg.fonttype": "none"}):
        figure.savefig(target, format="svg", metadata={"Date": None, "Creator": None})


def figures(metrics: dict[str, Any]) -> str:
    """The measured part of the page."""
    confidence, novelty = metrics["confidence"], metrics["novelty"]
    data = confidence["data"]
    parts = [
        f"Trained on {data['notes']} notes in {data['voices']} voices, {data['first_looks']} of "
        "them with a first look.\n",
        "### Confidence\n",
        "| | voices left out | test voices |",
        "| --- | --- | --- |",
        *confidence_rows(confidence["left_out"], confidence.get("test")),
        "",
        confidence.get("promise", "No test voice has been scored: `--auto-at` marks no record."),
        "",
        "### Rules alone, rules with models\n",
        decisions(metrics),
        "",
        "### Novelty\n",
        f"{share(novelty['own_nearer'])} of the notes are nearer to their own voice than to any "
        f"other. Of the notes of a voice left out {share(novelty['told'])} are told to be new, of "
        f"those of a known voice {share(novelty['share'])}.",
    ]
    return "\n".join(parts)


def confidence_rows(left: dict[str, Any], test: dict[str, Any] | None) -> list[str]:
    """One row a figure; the test voices' column is empty until they are scored."""

    def both(name: str, of: Any) -> str:
        return f"| {name} | {of(left)} | {of(test) if test else '-'} |"

    return [
        both("claims (two a note), hands", lambda m: f"{m['claims']}, {m['hands']}"),
        both("claims exactly right", lambda m: share(m["right"])),
        both("Brier score", lambda m: plain(m["brier"])),
        both("Brier score of the base rate", lambda m: f"{m['base_brier']:.3f}"),
        both("gain on the base rate", lambda m: plain(m["gain"])),
        both("expected calibration error", lambda m: plain(m["ece"])),
        *(
            both(f"claims that can go at {level} right", lambda m, n=level: share(m["covered"][n]))
            for level in left["covered"]
        ),
    ]


def decisions(metrics: dict[str, Any]) -> str:
    """The ablation, a row a figure and a model; test voices where they are scored."""
    rows = []
    where = "test voices" if "test" in metrics["relief"] else "voices left out"
    for task in DECISIONS:
        m = metrics[task]
        source = m.get("test") or m
        verdict = "in use" if m["earned"] else "not in use: " + m["reason"].rstrip(".")
        rows.append(
            f"| **{task}**, {verdict} | {share(source['rules_right'])} | "
            f"{share(source['model_right'])} | {gain(source['gain'])} |"
        )
        rows += [
            f"| {r['figure']} | {share(r['rules'])} | {share(r['models'])} | {gain(r['gain'])} |"
            for r in source["ablation"]
        ]
    head = f"| {where} | rules alone | with the model | difference, 95 % interval |"
    return "\n".join([head, "| --- | --- | --- | --- |", *rows])


def share(value: float) -> str:
    """As a percentage."""
    return f"{100 * value:.1f} %"


def plain(interval: dict[str, float]) -> str:
    """A figure with its interval."""
    return f"{interval['value']:.3f} ({interval['low']:.3f} to {interval['high']:.3f})"


def gain(interval: dict[str, float]) -> str:
    """A difference in points, with its interval."""
    value, low, high = (100 * interval[key] for key in ("value", "low", "high"))
    return f"{value:+.1f} ({low:+.1f} to {high:+.1f})"


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
