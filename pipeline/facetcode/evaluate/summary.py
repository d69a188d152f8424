"""Scores of many notes put together: every figure with its interval and the number it rests on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from facetcode.evaluate.gold import POLICIES
from facetcode.evaluate.intervals import Estimate, f1_interval, proportion
from facetcode.evaluate.matching import Counts
from facetcode.evaluate.score import FACTS, FIELDS, SPANS, NoteScore


@dataclass(frozen=True, slots=True)
class Prf:
    """Precision, recall and F1 of one kind of fact; the interval is that of F1."""

    counts: Counts
    f1: Estimate


@dataclass(frozen=True, slots=True)
class Summary:
    """What a set of scored notes adds up to."""

    notes: int
    voices: int
    headline: Mapping[str, Estimate]
    facts: Mapping[str, Prf]
    fields: Mapping[str, Estimate]
    spans: Mapping[str, tuple[Prf, Prf]]
    errors: Sequence[tuple[str, int]]


def summarise(scores: Sequence[NoteScore]) -> Summary:
    """Add up scored notes; needs at least one."""
    blocks = [s for s in scores if s.gold_status != "not_applicable"]
    billable = [s for s in scores if s.gold_status == "coded"]
    unclear = [s for s in scores if s.gold_status == "query"]
    others = [s for s in scores if s.gold_status == "not_applicable"]
    clean = [s for s in scores if s.clean]
    headline = {
        f"codes exact, {policy}": _share(
            [s for s in billable if policy in s.claims],
            lambda s, p=policy: s.claims[p],  # type: ignore[misc]
        )
        for policy in POLICIES
    }
    headline |= {
        "note all correct": _share(scores, lambda s: s.all_correct),
        "query raised where needed": _share(unclear, lambda s: s.found_status == "query"),
        "no code without a block": _share(others, lambda s: not s.false_code),
        "block recognised": _share(blocks, lambda s: s.found_status != "not_applicable"),
        "required flags raised": proportion(
            sum(s.flags.tp for s in scores), sum(s.flags.tp + s.flags.fn for s in scores)
        ),
        "clean notes without a hard flag": _share(clean, lambda s: s.clean_kept),
    }
    return Summary(
        notes=len(scores),
        voices=len({s.voice for s in scores}),
        headline=headline,
        facts={fact: _prf([s.facts[fact] for s in scores]) for fact in FACTS},
        fields={
            name: _share([s for s in scores if name in s.fields], lambda s, n=name: s.fields[n])  # type: ignore[misc]
            for name in FIELDS
        },
        spans={
            label: (
                _prf([s.spans[label][0] for s in scores]),
                _prf([s.spans[label][1] for s in scores]),
            )
            for label in SPANS
        },
        # Equally frequent ones by name: the order of notes has no say in it.
        errors=sorted(
            Counter(kind_of(m.fact, m.gold, m.found) for s in scores for m in s.misses).items(),
            key=lambda item: (-item[1], item[0]),
        ),
    )


def by_voice(scores: Iterable[NoteScore]) -> dict[str, list[NoteScore]]:
    """The scores apart by voice, in alphabetical order."""
    groups: dict[str, list[NoteScore]] = {}
    for score in scores:
        groups.setdefault(score.voice, []).append(score)
    return dict(sorted(groups.items()))


def _share(scores: Sequence[NoteScore], holds: Callable[[NoteScore], bool]) -> Estimate:
    return proportion(sum(map(holds, scores)), len(scores))


def _prf(counts: Sequence[Counts]) -> Prf:
    total = sum(counts, Counts())
    if total.f1 is None:
        return Prf(total, Estimate(None, 0.0, 1.0, 0))
    table = np.array([(c.tp, c.fp, c.fn) for c in counts])
    low, high = f1_interval(table)
    return Prf(total, Estimate(total.f1, low, high, total.tp + total.fn))


def kind_of(fact: str, gold: str, found: str) -> str:
    """The kind of error, coarse enough to count: which fact, and missed, made up or misread."""
    if fact in {"flag", "clean"}:
        return f"{fact}: {gold if fact == 'flag' else found}"
    if gold == "none":
        return f"{fact}: made up"
    if found == "none":
        return f"{fact}: missed"
    return f"{fact}: misread"


def to_json(summary: Summary) -> dict[str, Any]:
    """The summary as plain data, for a file or another program."""

    def estimate(e: Estimate) -> dict[str, Any]:
        return {"value": e.value, "low": e.low, "high": e.high, "n": e.n}

    def prf(p: Prf) -> dict[str, Any]:
        return {
            "precision": p.counts.precision,
            "recall": p.counts.recall,
            "f1": estimate(p.f1),
            "tp": p.counts.tp,
            "fp": p.counts.fp,
            "fn": p.counts.fn,
        }

    return {
        "notes": summary.notes,
        "voices": summary.voices,
        "headline": {name: estimate(e) for name, e in summary.headline.items()},
        "facts": {name: prf(p) for name, p in summary.facts.items()},
        "fields": {name: estimate(e) for name, e in summary.fields.items()},
        "spans": {
            name: {"exact": prf(exact), "overlap": prf(overlap)}
            for name, (exact, overlap) in summary.spans.items()
        },
        "errors": [{"kind": kind, "count": count} for kind, count in summary.errors],
    }
