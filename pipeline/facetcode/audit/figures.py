"""An audit's figures as plain data, for a file or another program."""

from __future__ import annotations

from typing import Any

from facetcode.audit.score import Score
from facetcode.evaluate.intervals import Estimate


def score_json(result: Score) -> dict[str, Any]:
    """The result as plain data."""

    def estimate(e: Estimate) -> dict[str, Any]:
        return {"value": e.value, "low": e.low, "high": e.high, "n": e.n}

    return {
        "reviewed": len(result.reviewed),
        "replaced": [{"note_id": a, "by": b or None} for a, b in result.replaced],
        "open": list(result.open_),
        "spares_without_need": result.unused,
        "claim": {
            "at_least": result.need.claim,
            "may_be_said": result.need.holds,
            "more_notes_without_errors": result.need.without_errors,
            "more_notes_at_this_rate": result.need.at_this_rate,
        },
        "strata": {name: estimate(e) for name, e in result.strata.items()},
        "parties": [
            {
                "name": party.name,
                "notes": party.notes,
                "error_rate": estimate(party.error),
                "line_error_rate": estimate(party.lines),
                "weighted_error_rate": party.weighted,
                "classes": {
                    kind: {**estimate(e), "first_cause": first}
                    for kind, (e, first) in party.classes.items()
                },
                "directions": {kind: estimate(e) for kind, e in party.directions.items()},
                "over_units": party.over_units,
                "under_units": party.under_units,
                "found": [
                    {
                        "note_id": found.note_id,
                        "given": found.given,
                        "right": found.right,
                        "direction": found.verdict.direction,
                        "errors": [{"class": e.kind, "says": e.says} for e in found.verdict.errors],
                    }
                    for found in party.found
                ],
            }
            for party in result.parties
        ],
    }
