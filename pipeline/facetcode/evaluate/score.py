"""One labelled note against the program's records of it: what is right, what is not, and why.

Claims are judged under ``default`` and under ``medicare``, because those are the two the labels
state. Documentation flags are judged under ``medicare``, the policy that asks for them.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

from facetcode.coding.completeness import CODE_DETERMINING
from facetcode.evaluate.gold import POLICIES, GoldNote
from facetcode.evaluate.matching import Counts, Span, compare, compare_spans
from facetcode.facts import Evidence
from facetcode.record import Record, Status

FACTS = (
    "joint+side",
    "joint",
    "relief",
    "diagnosis",
)
"""Facts of which a note may hold several: scored by precision, recall and F1."""
FIELDS = ("status", "kind", "guidance", "intent", "ordinal", "named_as")
"""Facts of which a note holds one: scored by the share that is right."""
SPANS = ("procedure", "level", "guidance", "relief", "diagnosis", "score")


@dataclass(frozen=True, slots=True)
class Miss:
    """One difference between label and record, in words short enough for a table."""

    fact: str
    gold: str
    found: str


@dataclass(frozen=True, slots=True)
class NoteScore:
    """How one note fared. ``claims`` holds, a policy, whether status and lines are all right."""

    note_id: str
    voice: str
    gold_status: str
    found_status: str
    facts: Mapping[str, Counts]
    fields: Mapping[str, bool]
    spans: Mapping[str, tuple[Counts, Counts]]
    claims: Mapping[str, bool]
    flags: Counts
    false_code: bool
    clean: bool
    clean_kept: bool
    misses: tuple[Miss, ...]

    @property
    def all_correct(self) -> bool:
        """Nothing to correct: facts, claims, required flags, and no hard flag on a clean note."""
        return not self.misses


def claim(record: Record) -> tuple[str, ...]:
    """The record's lines as labels write them: ``64490-KX-RT``."""
    return tuple(
        "-".join((line.code, *sorted(line.modifiers, key=_modifier_order))) for line in record.lines
    )


_NOT_LABELLED = frozenset({"INTENT_MISSING"})
"""Flags that make a query under Medicare, where the labels' status does not count them."""


def labelled_status(record: Record) -> Status:
    """The record's status as labels mean it: under ``default``, where an open intent asks nothing.

    Under Medicare a modifier hangs on the intent, and a record is a query for it alone.
    """
    reasons = {flag.code for flag in record.flags if flag.severity == "hard"}
    open_ = reasons & {*CODE_DETERMINING}
    if record.status == "query" and open_ and open_ <= _NOT_LABELLED:
        return "coded"
    return record.status


def _modifier_order(modifier: str) -> tuple[int, str]:
    # Labels write the pricing modifier first: 50-KX, KX-RT.
    return (0 if modifier == "50" else 1, modifier)


def _relief(low: float, high: float, when: str) -> tuple[float, float, str]:
    return (float(low), float(high), when)


def _spans(record: Record) -> dict[str, list[Span]]:
    facts = record.facts
    held: dict[str, Sequence[Evidence]] = {
        "procedure": facts.procedure.evidence,
        "level": [
            *(e for level in facts.levels for e in level.evidence),
            *(e for nerve in facts.nerves for e in nerve.evidence),
        ],
        "guidance": facts.guidance.evidence,
        "relief": [e for item in facts.relief for e in item.evidence],
        "diagnosis": [e for item in facts.diagnoses for e in item.evidence],
        "score": [e for item in facts.scores for e in item.evidence],
    }
    # The same words may stand behind several facts; they are one span.
    return {label: sorted({(e.start, e.end) for e in found}) for label, found in held.items()}


def score_note(gold: GoldNote, records: Mapping[str, Record]) -> NoteScore:
    """Compare a labelled note with its records, one a policy of ``gold.POLICIES``.

    Where a policy's record is missing, so are the judgements that need it: its claim, and without
    ``medicare`` the flags and whether a clean note stayed clean.
    """
    record = records.get("default") or records["medicare"]
    facts = record.facts
    status = labelled_status(record)
    block = gold.status != "not_applicable"
    wanted: dict[str, set[Hashable]] = {
        "joint+side": set(gold.levels.items()),
        "joint": set(gold.levels),
        "relief": {_relief(r.low, r.high, r.when) for r in gold.relief},
        "diagnosis": set(gold.diagnoses),
    }
    # Without a block, whatever levels extraction looked at are not reported either.
    levels = facts.levels if status != "not_applicable" else ()
    given: dict[str, set[Hashable]] = {
        "joint+side": {(level.joint, level.side) for level in levels},
        "joint": {level.joint for level in levels},
        "relief": {_relief(r.low, r.high, r.when) for r in facts.relief},
        "diagnosis": {d.code for d in facts.diagnoses if d.code},
    }
    misses = [
        Miss(fact, _words(wanted[fact] - given[fact]), _words(given[fact] - wanted[fact]))
        for fact in FACTS
        if wanted[fact] != given[fact] and fact != "joint"
    ]
    # Intent, guidance and the rest are facts of a block; without one there is nothing to read.
    pairs: dict[str, tuple[object, object]] = {
        "status": (gold.status, status),
        "kind": (gold.kind, facts.procedure.kind),
    }
    if block:
        pairs["guidance"] = (gold.guidance, facts.guidance.modality)
        pairs["intent"] = (gold.intent, facts.procedure.intent)
        pairs["ordinal"] = (gold.ordinal, facts.procedure.ordinal)
        if gold.levels and levels:
            named = {level.named_as for level in levels}
            pairs["named_as"] = (gold.named_as, named.pop() if len(named) == 1 else "both")
    fields = {name: a == b for name, (a, b) in pairs.items()}
    misses += [
        Miss(name, str(a), str(b))
        for name, (a, b) in pairs.items()
        # How the joint was named is worth a figure, yet nobody has to correct it.
        if a != b and name != "named_as"
    ]
    claims = {}
    for policy in POLICIES:
        if policy not in records:
            continue
        billed = claim(records[policy])
        claims[policy] = billed == gold.codes[policy] and status == gold.status
        if billed != gold.codes[policy]:
            misses.append(
                Miss(
                    f"codes {policy}",
                    " ".join(gold.codes[policy]) or "none",
                    " ".join(billed) or "none",
                )
            )
    judged = records.get("medicare")
    raised = {flag.code for flag in judged.flags} if judged else set()
    wanted_flags = set(gold.flags) if judged else set()
    missed = wanted_flags - raised
    misses += [Miss("flag", flag, "not raised") for flag in sorted(missed)]
    hard = {f.code for f in judged.flags if f.severity == "hard"} if judged else set()
    clean = gold.clean and judged is not None
    if clean:
        misses += [Miss("clean", "no hard flag", flag) for flag in sorted(hard)]
    found_spans = _spans(record)
    spans = {}
    for label in SPANS:
        marked = [(s.start, s.end) for s in gold.spans if s.label == label]
        spans[label] = (
            compare_spans(marked, found_spans[label], exact=True),
            compare_spans(marked, found_spans[label], exact=False),
        )
    return NoteScore(
        note_id=gold.note_id,
        voice=gold.voice,
        gold_status=gold.status,
        found_status=status,
        facts={fact: compare(wanted[fact], given[fact]) for fact in FACTS},
        fields=fields,
        spans=spans,
        claims=claims,
        flags=Counts(len(wanted_flags) - len(missed), 0, len(missed)),
        false_code=not block and bool(record.lines),
        clean=clean,
        clean_kept=clean and not hard,
        misses=tuple(misses),
    )


def _words(items: set[Hashable]) -> str:
    texts = sorted(
        " ".join(f"{part:g}" if isinstance(part, float) else str(part) for part in item)
        if isinstance(item, tuple)
        else str(item)
        for item in items
    )
    return ", ".join(texts) or "none"
