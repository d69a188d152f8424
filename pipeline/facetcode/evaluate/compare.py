"""Two runs over the same notes: what changed, and against labels what got better and worse."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

from facetcode.errors import RecordError
from facetcode.evaluate.cases import Case, records_file, stored_cases
from facetcode.evaluate.gold import GoldNote
from facetcode.evaluate.intervals import Estimate, difference_interval, f1_difference_interval
from facetcode.evaluate.matching import Counts
from facetcode.evaluate.score import FACTS, Miss, claim
from facetcode.notes.formats import Reject
from facetcode.recode import read_records
from facetcode.record import Record


@dataclass(frozen=True, slots=True)
class Change:
    """One thing the second run says otherwise of a note; values are labels, never its words."""

    note_id: str
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """One note against its label: differences from it that went away, and new ones."""

    note_id: str
    fixed: Sequence[Miss]
    broken: Sequence[Miss]


@dataclass(frozen=True, slots=True)
class Paired:
    """A measure on the same notes in both runs.

    ``better`` and ``worse`` count notes right in the second run alone and in the first alone;
    ``p`` is McNemar's exact two-sided probability of such a split by chance. ``difference`` is the
    second share less the first, with a paired bootstrap interval.
    """

    name: str
    before: float
    after: float
    better: int
    worse: int
    p: float
    difference: Estimate


@dataclass(frozen=True, slots=True)
class F1Change:
    """F1 of one kind of fact in both runs, and the difference with a paired bootstrap interval."""

    name: str
    before: float | None
    after: float | None
    difference: Estimate


@dataclass(frozen=True, slots=True)
class Judged:
    """Both runs against labels, on the notes that both hold."""

    notes: int
    measures: Sequence[Paired]
    facts: Sequence[F1Change]
    verdicts: Sequence[Verdict]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two runs say of the same notes; ``judged`` is None without labels."""

    notes: int
    policies: tuple[Sequence[str], Sequence[str]]
    changes: Sequence[Change]
    only_before: Sequence[str]
    only_after: Sequence[str]
    judged: Judged | None = None

    @property
    def changed(self) -> int:
        """Notes of which anything changed."""
        return len({change.note_id for change in self.changes})

    @property
    def worse(self) -> list[str]:
        """Why the second run is not to replace the first, in words; empty when nothing says so.

        A record that is lost, or fewer notes right, by codes or as a whole.
        """
        reasons = []
        if self.only_before:
            reasons.append(f"{len(self.only_before):,} notes lost their record")
        for measure in self.judged.measures if self.judged else ():
            if measure.worse > measure.better:
                reasons.append(
                    f"{measure.name}: {measure.worse:,} notes worse, {measure.better:,} better"
                )
        return reasons


def read_run(path: Path, told: Callable[[Reject], object]) -> dict[str, Record]:
    """The records of a run by note id: a file of records, or a batch's folder.

    ``told`` hears of records that cannot be read; RecordError where a note has two, since then
    nobody can say which one counts.
    """
    found: dict[str, Record] = {}
    for item in read_records(records_file(path)):
        if isinstance(item, Reject):
            told(item)
        elif item.note_id in found:
            raise RecordError(f"{path}: note '{item.note_id}' has two records; keep one")
        else:
            found[item.note_id] = item
    return found


def compare_runs(before: Mapping[str, Record], after: Mapping[str, Record]) -> Comparison:
    """What changed between two runs, note by note in the order of their ids."""
    shared = sorted(before.keys() & after.keys())
    return Comparison(
        notes=len(shared),
        policies=(_policies(before.values()), _policies(after.values())),
        changes=[c for i in shared for c in changes(before[i], after[i])],
        only_before=sorted(before.keys() - after.keys()),
        only_after=sorted(after.keys() - before.keys()),
    )


def _policies(records: Iterable[Record]) -> list[str]:
    return [name for name, _ in Counter(r.policy for r in records).most_common()]


def changes(before: Record, after: Record) -> list[Change]:
    """What the second record says otherwise; flags one by one, with their severity."""
    old, new = _said(before), _said(after)
    found = [
        Change(before.note_id, name, old[name], new[name]) for name in old if old[name] != new[name]
    ]
    severities = [{flag.code: str(flag.severity) for flag in r.flags} for r in (before, after)]
    for code in sorted(severities[0].keys() | severities[1].keys()):
        was, now = (held.get(code, "not raised") for held in severities)
        if was != now:
            found.append(Change(before.note_id, f"flag {code}", was, now))
    return found


def _said(record: Record) -> dict[str, str]:
    facts = record.facts
    return {
        "status": record.status,
        "codes": " ".join(_units(record)) or "none",
        "kind": facts.procedure.kind or "none",
        "intent": facts.procedure.intent,
        "ordinal": str(facts.procedure.ordinal or "none"),
        "levels": ", ".join(f"{level.joint} {level.side}" for level in facts.levels) or "none",
        "guidance": facts.guidance.modality,
        "relief": _set(f"{r.low:g}-{r.high:g} {r.when}" for r in facts.relief),
        "diagnoses": _set(d.code for d in facts.diagnoses if d.code),
    }


def _units(record: Record) -> list[str]:
    return [
        word if line.units == 1 else f"{word}×{line.units}"
        for word, line in zip(claim(record), record.lines, strict=True)
    ]


def _set(words: Iterable[str]) -> str:
    return ", ".join(sorted(words)) or "none"


def judge(
    gold: Sequence[GoldNote], before: Path, after: Path, told: Callable[[Reject], object]
) -> Judged:
    """Both runs against labels; raises as ``stored_cases`` does."""
    first = {case.gold.note_id: case for case in stored_cases(gold, before, told)}
    second = {case.gold.note_id: case for case in stored_cases(gold, after, told)}
    shared = sorted(first.keys() & second.keys())
    if not shared:
        raise RecordError(f"{after}: no labelled note has a record in both runs")
    return judge_cases([(first[i], second[i]) for i in shared])


def judge_cases(pairs: Sequence[tuple[Case, Case]]) -> Judged:
    """The same labelled notes in two runs, each as a pair (before, after)."""
    measures = [
        _paired("codes", [(_codes(a), _codes(b)) for a, b in pairs]),
        _paired("whole notes", [(a.score.all_correct, b.score.all_correct) for a, b in pairs]),
    ]
    verdicts = []
    for a, b in pairs:
        old, new = a.score.misses, b.score.misses
        fixed = [miss for miss in old if miss not in new]
        broken = [miss for miss in new if miss not in old]
        if fixed or broken:
            verdicts.append(Verdict(a.gold.note_id, fixed, broken))
    facts = [
        _f1_change(name, [(a.score.facts[name], b.score.facts[name]) for a, b in pairs])
        for name in FACTS
    ]
    return Judged(len(pairs), measures, facts, verdicts)


def _codes(case: Case) -> bool:
    """Whether every claim is right that the run made: under one policy or under both."""
    return all(case.score.claims.values())


def _paired(name: str, pairs: Sequence[tuple[bool, bool]]) -> Paired:
    better = sum(b and not a for a, b in pairs)
    worse = sum(a and not b for a, b in pairs)
    n = len(pairs)
    p = binomtest(better, better + worse, 0.5).pvalue if better + worse else 1.0
    low, high = difference_interval(better, worse, n)
    return Paired(
        name,
        sum(a for a, _ in pairs) / n,
        sum(b for _, b in pairs) / n,
        better,
        worse,
        float(p),
        Estimate((better - worse) / n, low, high, n),
    )


def _f1_change(name: str, pairs: Sequence[tuple[Counts, Counts]]) -> F1Change:
    before = sum((a for a, _ in pairs), Counts())
    after = sum((b for _, b in pairs), Counts())
    if before.f1 is None or after.f1 is None:
        return F1Change(name, before.f1, after.f1, Estimate(None, -1.0, 1.0, 0))
    rows = np.array([(a.tp, a.fp, a.fn, b.tp, b.fp, b.fn) for a, b in pairs])
    low, high = f1_difference_interval(rows)
    gained = Estimate(after.f1 - before.f1, low, high, before.tp + before.fn)
    return F1Change(name, before.f1, after.f1, gained)
