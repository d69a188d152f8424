"""One page for the QA lead: every figure, the charts, and each note with an error to look at."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from facetcode.evaluate import charts
from facetcode.evaluate.accuracy import Accuracy, accuracies
from facetcode.evaluate.cases import Case
from facetcode.evaluate.confusion import calibration, confusions
from facetcode.evaluate.error_browser import LETTERS, Piece, wrong_notes
from facetcode.evaluate.gold import POLICIES
from facetcode.evaluate.intervals import Estimate
from facetcode.evaluate.slices import Group, slices
from facetcode.evaluate.summary import Prf, Summary, summarise
from facetcode.terminal import one_line

MOST_NOTES = 1000
"""Notes the error browser shows: a browser still opens the page, and nobody reads more."""

_SAYS = {
    "codes": "codes exactly right",
    "whole note": "whole notes right",
    "units": "of the units right",
    "fees": "of the fees right",
}
_WEIGHED = {
    "units": "Units: those on lines that are exactly right, of all on either side's lines.",
    "fees": "Fees: the money on lines that are exactly right, of the money on all lines of either "
    "side, by the fees given; modifier 50 counts one and a half.",
}
# Filters the error browser; the page says all it has to without it.
_SCRIPT = """
const kind = document.getElementById("kind"), note = document.getElementById("note");
const all = [...document.querySelectorAll("#errors details")];
function show() {
  const wanted = note.value.trim().toLowerCase();
  let shown = 0;
  for (const one of all) {
    const ofKind = !kind.value || one.dataset.kinds.includes("|" + kind.value + "|");
    one.hidden = !(ofKind && one.dataset.note.includes(wanted));
    shown += !one.hidden;
  }
  document.getElementById("shown").textContent = shown + " notes";
}
kind.addEventListener("change", show);
note.addEventListener("input", show);
show();
"""


def page(
    cases: Sequence[Case],
    title: str,
    *,
    fees: Mapping[str, float] | None = None,
    source: str = "read by this facetcode",
    left_out: int = 0,
) -> str:
    """The whole report as one HTML page that loads nothing.

    Whatever the notes and their metadata hold is escaped, and the page's own policy lets no other
    script run. ``left_out`` counts notes that could not be compared.
    """
    cases = sorted(cases, key=lambda case: case.gold.note_id)
    summary = summarise([case.score for case in cases])
    found = accuracies(cases, fees)
    wrong = wrong_notes(cases)
    environment = Environment(
        loader=PackageLoader("facetcode.evaluate"), autoescape=True, undefined=StrictUndefined
    )
    environment.filters |= {
        "percent": percent,
        "range": _range,
        "amount": _amount,
        "shortened": _shortened,
    }
    digest = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
    calibrated = [c for policy in POLICIES if (c := calibration(cases, policy))]
    return environment.get_template("report.html").render(
        title=title,
        source=source,
        left_out=left_out,
        notes=summary.notes,
        voices=summary.voices,
        accuracies=[_said(a) for a in found],
        weights=[a for a in found if a.total is not None],
        weighed=_WEIGHED["units" if fees is None else "fees"],
        headline_chart=Markup(
            charts.estimates_chart(
                [(f"{_SAYS[a.name]}{f', {a.policy}' if a.policy else ''}", a.value) for a in found],
                "right, % of answered, 95 % interval",
            )
        ),
        shares=[*_counted(summary.headline), *_counted(summary.fields)],
        facts=_facts(summary),
        facts_chart=Markup(
            charts.estimates_chart([(n, p.f1) for n, p in _facts(summary)], "F1, %, 95 % interval")
        ),
        confusions=confusions(cases),
        calibrations=[(c, Markup(charts.calibration_chart(c))) for c in calibrated],
        slices=[(name, rows, _slice_chart(name, rows)) for name, rows in slices(cases).items()],
        errors=summary.errors,
        wrong=wrong[:MOST_NOTES],
        wrong_count=len(wrong),
        letters=list(LETTERS.items()),
        pieces=_pieces,
        script=Markup(_SCRIPT),
        script_hash=digest,
    )


def _said(a: Accuracy) -> dict[str, Any]:
    return {
        "says": _SAYS[a.name],
        "policy": a.policy,
        "value": a.value,
        "abstained": a.abstained,
        "called_for": a.called_for,
    }


def _counted(figures: Mapping[str, Estimate]) -> list[tuple[str, Estimate]]:
    return [(name, estimate) for name, estimate in figures.items() if estimate.n]


def _facts(summary: Summary) -> list[tuple[str, Prf]]:
    rows = list(summary.facts.items())
    for label, (exact, overlap) in summary.spans.items():
        rows += [(f"{label} words, exact", exact), (f"{label} words, overlap", overlap)]
    return rows


def _slice_chart(name: str, rows: Sequence[Group]) -> Markup:
    if len(rows) < 2 or name == "template":
        return Markup("")
    named = [(group.name, group.own.codes) for group in rows]
    return Markup(charts.estimates_chart(named, f"codes exactly right by {name}, %"))


def _pieces(pieces: Sequence[Piece]) -> Markup:
    # Joined here and not by the template, whose own line breaks would become part of the note.
    parts = []
    for piece in pieces:
        if not piece.labels:
            parts.append(escape(piece.text))
            continue
        letters = Markup("<sup>{}</sup>").format(piece.letters) if piece.letters else ""
        parts.append(
            Markup('<mark class="{}" title="{}">{}{}</mark>').format(
                piece.state, piece.title, letters, piece.text
            )
        )
    return Markup("").join(parts)


def percent(value: float | None) -> str:
    """A share as a percentage with one place, a dash where there is none."""
    return "–" if value is None else f"{100 * value:.1f} %"


def _range(estimate: Estimate) -> str:
    if estimate.value is None:
        return "–"
    return f"{100 * estimate.low:.1f} to {100 * estimate.high:.1f}"


def _amount(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"


def _shortened(name: str) -> str:
    return one_line(name, longest=90)
