"""What the report shows, as plain data for another program; no words of the notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from facetcode.evaluate.accuracy import accuracies
from facetcode.evaluate.cases import Case
from facetcode.evaluate.confusion import calibration, confusions
from facetcode.evaluate.gold import POLICIES
from facetcode.evaluate.intervals import Estimate
from facetcode.evaluate.slices import KEYS, slices

# A template's name is its headings, and those are the note's own words.
_WORDLESS = {name: key for name, key in KEYS.items() if name != "template"}


def figures(cases: Sequence[Case], fees: Mapping[str, float] | None = None) -> dict[str, Any]:
    """What the report shows beyond the summary, as plain data; no words of the notes."""
    return {
        "accuracy": [
            {
                "name": a.name,
                "policy": a.policy,
                **_json(a.value),
                "abstained": _json(a.abstained),
                "called_for": a.called_for,
                "over": a.over,
                "under": a.under,
                "total": a.total,
            }
            for a in accuracies(cases, fees)
        ],
        "confusion": [
            {"name": c.name, "words": list(c.words), "counts": [list(row) for row in c.counts]}
            for c in confusions(cases)
        ],
        "calibration": [
            {
                "policy": c.policy,
                "brier": c.brier,
                "expected_error": c.expected_error,
                "n": c.n,
                "bins": [
                    {"low": b.low, "high": b.high, "mean": b.mean, "right": _json(b.right)}
                    for b in c.bins
                ],
            }
            for policy in POLICIES
            if (c := calibration(cases, policy))
        ],
        "slices": {
            name: [
                {
                    "name": group.name,
                    "notes": group.own.notes,
                    "codes": _json(group.own.codes),
                    "whole": _json(group.own.whole),
                    "asked": _json(group.own.asked),
                    "levels_f1": group.own.levels,
                    "others_codes": _json(group.others.codes) if group.others else None,
                }
                for group in rows
            ]
            for name, rows in slices(cases, _WORDLESS).items()
        },
    }


def _json(e: Estimate) -> dict[str, Any]:
    return {"value": e.value, "low": e.low, "high": e.high, "n": e.n}
