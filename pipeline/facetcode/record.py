"""The record one note becomes (schema 1), to and from JSON; its keys and words are a contract.

Keys beyond the contract (``nerves``, ``scores``, ``stated_codes``, ``findings``, ``doubts``,
``also``, ``lumbar_levels``) carry the rest of the facts, and ``meta`` what the export said of the
note, so that a stored record can be coded again under another policy without the note.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from facetcode import __version__, anatomy
from facetcode.errors import RecordError
from facetcode.facts import (
    Diagnosis,
    Doubt,
    Evidence,
    Facts,
    Finding,
    Guidance,
    Intent,
    Kind,
    Level,
    Modality,
    NamedAs,
    Nerve,
    Procedure,
    Relief,
    Score,
    Severity,
    Side,
    StatedCode,
    When,
)

SCHEMA = 1

Status = Literal["coded", "query", "not_applicable"]
Result = Literal["passed", "failed", "not_knowable"]

META_KEYS: tuple[str, ...] = (
    "date_of_service",
    "payer",
    "claim_type",
    "provider",
    "patient_id",
    "note_type",
    "place_of_service",
    "contractor",
    "state",
    "prior_auth",
    "abn",
)
"""What a record keeps of a note's metadata: all that the choice of a policy and coding read."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a line's reasoning and the rule that allows it."""

    step: str
    rule: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One claim line. ``units`` counts what is billed, not needles."""

    code: str
    modifiers: tuple[str, ...]
    units: int
    joint: str
    side: Side
    because: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """Something that stands against the claim or its next step, and who says so."""

    code: str
    severity: Severity
    message: str
    authority: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """One point of the last look at a claim before submission, and what was found."""

    name: str
    result: Result
    says: str


@dataclass(frozen=True, slots=True)
class Novelty:
    """How alike a note is to what the models were trained on (``facetcode.learn.likeness``)."""

    nearest: float
    """Cosine, 0-1, with the hand of the corpus that is most alike."""
    new: bool
    """Less alike than notes of a known hand are."""
    sketch: str | None = None
    """Of a new note: bits, in hexadecimal, that say which new notes are alike; no word is in it."""


@dataclass(frozen=True, slots=True)
class Record:
    """The whole answer for one note."""

    note_id: str
    status: Status
    facts: Facts
    lines: tuple[Line, ...]
    flags: tuple[Flag, ...]
    policy: str
    confidence: float | None = None
    version: str = __version__
    meta: Mapping[str, str] = field(default_factory=dict)
    """What the export said of the note, of ``META_KEYS``; only what it gave."""
    verification: tuple[Check, ...] = ()
    """The last look at the claim; empty where there is nothing to bill."""
    lumbar_lines: tuple[Line, ...] = ()
    """Suggested 64493-64495 for lumbar levels of the same day, to be coded apart."""
    series: Mapping[str, Any] | None = None
    """What the patient's other notes say (``facetcode.series``); None where none were read."""
    auto: bool | None = None
    """Whether the claim may go without review (``--auto-at``); None where nobody asked."""
    novelty: Novelty | None = None
    """None where the note was not compared: it was screened out, or no model is in use."""


def evidence_to_json(evidence: Iterable[Evidence]) -> list[dict[str, Any]]:
    """Evidence as the contract writes it, and ``note_id`` where it stands in another note."""
    return [
        {"start": e.start, "end": e.end, "text": e.text}
        if e.note_id is None
        else {"start": e.start, "end": e.end, "text": e.text, "note_id": e.note_id}
        for e in evidence
    ]


def _number(value: float) -> float | int:
    return int(value) if float(value).is_integer() else value


def _level_to_json(level: Level) -> dict[str, Any]:
    return {
        "joint": level.joint,
        "side": level.side,
        "named_as": level.named_as,
        "evidence": evidence_to_json(level.evidence),
        "because": level.because,
        "side_evidence": evidence_to_json(level.side_evidence),
    }


def _procedure_to_json(procedure: Procedure) -> dict[str, Any]:
    return {
        "kind": procedure.kind,
        "intent": procedure.intent,
        "ordinal": procedure.ordinal,
        "evidence": evidence_to_json(procedure.evidence),
        "intent_evidence": evidence_to_json(procedure.intent_evidence),
    }


def facts_to_json(facts: Facts) -> dict[str, Any]:
    """The facts as the record holds them, contract keys first."""
    return {
        "procedure": _procedure_to_json(facts.procedure),
        "levels": [_level_to_json(level) for level in facts.levels],
        "guidance": {
            "modality": facts.guidance.modality,
            "evidence": evidence_to_json(facts.guidance.evidence),
        },
        "relief": [
            {
                "low": _number(r.low),
                "high": _number(r.high),
                "when": r.when,
                "evidence": evidence_to_json(r.evidence),
                "date": r.date,
                "side": r.side,
            }
            for r in facts.relief
        ],
        "diagnoses": [
            {"code": d.code, "evidence": evidence_to_json(d.evidence)} for d in facts.diagnoses
        ],
        "nerves": [
            {"name": n.name, "side": n.side, "evidence": evidence_to_json(n.evidence)}
            for n in facts.nerves
        ],
        "scores": [
            {
                "low": _number(s.low),
                "high": _number(s.high),
                "scale": _number(s.scale),
                "when": s.when,
                "evidence": evidence_to_json(s.evidence),
            }
            for s in facts.scores
        ],
        "stated_codes": [
            {
                "code": c.code,
                "modifiers": list(c.modifiers),
                "units": c.units,
                "evidence": evidence_to_json(c.evidence),
            }
            for c in facts.stated_codes
        ],
        "findings": [
            {"name": f.name, "value": f.value, "evidence": evidence_to_json(f.evidence)}
            for f in facts.findings
        ],
        "doubts": [
            {
                "code": d.code,
                "message": d.message,
                "severity": d.severity,
                "evidence": evidence_to_json(d.evidence),
            }
            for d in facts.doubts
        ],
        "also": [_procedure_to_json(p) for p in facts.also],
        "lumbar_levels": [_level_to_json(level) for level in facts.lumbar_levels],
    }


def to_json(record: Record) -> dict[str, Any]:
    """The record as a JSON-ready dict, keys in the contract's order."""
    facts = facts_to_json(record.facts)
    contract = ("procedure", "levels", "guidance", "relief", "diagnoses")
    return {
        "schema": SCHEMA,
        "note_id": record.note_id,
        "status": record.status,
        **{key: facts[key] for key in contract},
        "lines": [_line_to_json(line) for line in record.lines],
        "flags": [
            {
                "code": f.code,
                "severity": f.severity,
                "message": f.message,
                "authority": f.authority,
                "evidence": evidence_to_json(f.evidence),
            }
            for f in record.flags
        ],
        "confidence": record.confidence,
        "policy": record.policy,
        "version": record.version,
        **{key: value for key, value in facts.items() if key not in contract},
        "lumbar_lines": [_line_to_json(line) for line in record.lumbar_lines],
        "verification": [
            {"name": c.name, "result": c.result, "says": c.says} for c in record.verification
        ],
        "meta": dict(record.meta),
        **({} if record.auto is None else {"auto": record.auto}),
        **({} if record.novelty is None else {"novelty": _novelty_to_json(record.novelty)}),
        **({} if record.series is None else {"series": dict(record.series)}),
    }


def _novelty_to_json(novelty: Novelty) -> dict[str, Any]:
    said: dict[str, Any] = {"nearest": novelty.nearest, "new": novelty.new}
    return said if novelty.sketch is None else {**said, "sketch": novelty.sketch}


def _line_to_json(line: Line) -> dict[str, Any]:
    return {
        "code": line.code,
        "modifiers": list(line.modifiers),
        "units": line.units,
        "joint": line.joint,
        "side": line.side,
        "because": [
            {"step": s.step, "rule": s.rule, "evidence": evidence_to_json(s.evidence)}
            for s in line.because
        ],
    }


# Taken apart once: a Literal is slow to hash and to ask for its words.
_SIDES: tuple[str, ...] = get_args(Side)
_NAMED_AS: tuple[str, ...] = get_args(NamedAs)
_KINDS: tuple[str, ...] = get_args(Kind)
_INTENTS: tuple[str, ...] = get_args(Intent)
_MODALITIES: tuple[str, ...] = get_args(Modality)
_WHENS: tuple[str, ...] = get_args(When)
_SEVERITIES: tuple[str, ...] = get_args(Severity)
_SCORED = ("pre", "post", "other")


class _Reader:
    """Reads one JSON object and says which key of which record is wrong."""

    def __init__(self, where: str) -> None:
        self.where = where

    def fail(self, key: str, problem: str) -> RecordError:
        return RecordError(f"{self.where}: '{key}' {problem}")

    def mapping(self, value: Any, key: str) -> Mapping[str, Any]:
        # The type first: asking the abstract class costs ten times as much.
        if type(value) is not dict and not isinstance(value, Mapping):
            raise self.fail(key, "must be an object")
        return value

    def items(self, parent: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
        value = parent.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.fail(key, "must be a list")
        for item in value:
            self.mapping(item, key)
        return value

    def word(
        self, parent: Mapping[str, Any], key: str, words: tuple[str, ...], default: Any = None
    ) -> Any:
        value = parent.get(key, default)
        if not isinstance(value, str) or value not in words:
            raise self.fail(key, f"must be one of {', '.join(words)}")
        return value

    def text(self, parent: Mapping[str, Any], key: str, default: str = "") -> str:
        value = parent.get(key, default)
        if not isinstance(value, str):
            raise self.fail(key, "must be a string")
        return value

    def number(self, parent: Mapping[str, Any], key: str, low: float, high: float) -> float:
        value = parent.get(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.fail(key, "must be a number")
        if not low <= value <= high:
            raise self.fail(key, f"must lie between {low:g} and {high:g}")
        return float(value)

    def evidence(self, parent: Mapping[str, Any], key: str = "evidence") -> tuple[Evidence, ...]:
        if not parent.get(key):
            return ()
        found = []
        for item in self.items(parent, key):
            get = item.get
            start, end, text, note_id = get("start"), get("end"), get("text"), get("note_id")
            if (
                type(start) is not int
                or type(end) is not int
                or type(text) is not str
                or not 0 <= start <= end
                or not (note_id is None or type(note_id) is str)
            ):
                raise self.fail(key, "needs start, end (half-open offsets) and text")
            found.append(Evidence(start, end, text, note_id))
        return tuple(found)

    def joint(self, item: Mapping[str, Any], allowed: Callable[[str], bool]) -> str:
        joint = self.text(item, "joint")
        if joint not in anatomy.SUPPLY or not allowed(joint):
            raise self.fail("joint", "is not a facet joint of this list, e.g. C4-C5")
        return joint

    def level(self, item: Mapping[str, Any], allowed: Callable[[str], bool]) -> Level:
        return Level(
            joint=self.joint(item, allowed),
            side=self.word(item, "side", _SIDES, "unstated"),
            named_as=self.word(item, "named_as", _NAMED_AS, "joints"),
            evidence=self.evidence(item),
            because=self.text(item, "because"),
            side_evidence=self.evidence(item, "side_evidence"),
        )

    def procedure(self, item: Mapping[str, Any]) -> Procedure:
        kind = item.get("kind")
        if kind is not None:
            kind = self.word(item, "kind", _KINDS)
        ordinal = item.get("ordinal")
        if ordinal not in (None, 1, 2):
            raise self.fail("ordinal", "must be 1, 2 or null")
        return Procedure(
            kind=kind,
            intent=self.word(item, "intent", _INTENTS, "unstated"),
            ordinal=ordinal,
            evidence=self.evidence(item),
            intent_evidence=self.evidence(item, "intent_evidence"),
        )


def facts_from_json(data: Mapping[str, Any], where: str) -> Facts:
    """Facts of a record or of a structured form; ``where`` (file:line or note id) names errors.

    Missing lists are empty; a joint given twice on different sides is merged, as in a note.
    """
    read = _Reader(where)
    if "procedure" not in data:
        raise read.fail("procedure", "is missing")
    guidance = read.mapping(data.get("guidance") or {"modality": "unstated"}, "guidance")
    return Facts(
        procedure=read.procedure(read.mapping(data["procedure"], "procedure")),
        levels=merge_levels(
            read.level(item, anatomy.is_cervical_thoracic) for item in read.items(data, "levels")
        ),
        nerves=tuple(_nerve(read, item) for item in read.items(data, "nerves")),
        guidance=Guidance(
            read.word(guidance, "modality", _MODALITIES, "unstated"), read.evidence(guidance)
        ),
        relief=tuple(_relief(read, item) for item in read.items(data, "relief")),
        diagnoses=tuple(
            Diagnosis(_optional(read, item, "code"), read.evidence(item))
            for item in read.items(data, "diagnoses")
        ),
        scores=tuple(_score(read, item) for item in read.items(data, "scores")),
        stated_codes=tuple(_stated(read, item) for item in read.items(data, "stated_codes")),
        findings=tuple(
            Finding(read.text(item, "name"), read.evidence(item), _optional(read, item, "value"))
            for item in read.items(data, "findings")
        ),
        doubts=tuple(
            Doubt(
                read.text(item, "code"),
                read.text(item, "message"),
                read.word(item, "severity", _SEVERITIES, "hard"),
                read.evidence(item),
            )
            for item in read.items(data, "doubts")
        ),
        also=tuple(read.procedure(item) for item in read.items(data, "also")),
        lumbar_levels=merge_levels(
            read.level(item, lambda joint: not anatomy.is_cervical_thoracic(joint))
            for item in read.items(data, "lumbar_levels")
        ),
    )


def flags_from_json(data: Mapping[str, Any], where: str) -> tuple[Flag, ...]:
    """The flags of a record; RecordError where it holds none of them, or one that is none."""
    read = _Reader(where)
    if not isinstance(data.get("flags"), list):
        raise read.fail("flags", "is missing: code the facts first with facetcode code --facts")
    return tuple(
        Flag(
            read.text(item, "code"),
            read.word(item, "severity", _SEVERITIES),
            read.text(item, "message"),
            read.text(item, "authority"),
            read.evidence(item),
        )
        for item in read.items(data, "flags")
    )


def lines_from_json(data: Mapping[str, Any], where: str) -> tuple[Line, ...]:
    """The claim lines of a record; RecordError where it holds no list of them, or one that is none.

    Joint, side and reasons may be missing: a claim from elsewhere has none.
    """
    read = _Reader(where)
    if not isinstance(data.get("lines"), list):
        raise read.fail("lines", "is missing: code the facts first with facetcode code --facts")
    return tuple(_line(read, item) for item in read.items(data, "lines"))


def confidence_from_json(data: Mapping[str, Any], where: str) -> float | None:
    """The probability that the lines are right; None where no model gave one."""
    if data.get("confidence") is None:
        return None
    return _Reader(where).number(data, "confidence", 0, 1)


def status_from_json(data: Mapping[str, Any], where: str) -> Status:
    """The status of a record; RecordError where it has none."""
    status: Status = _Reader(where).word(data, "status", get_args(Status))
    return status


def _optional(read: _Reader, item: Mapping[str, Any], key: str) -> str | None:
    return None if item.get(key) is None else read.text(item, key)


def _nerve(read: _Reader, item: Mapping[str, Any]) -> Nerve:
    name = read.text(item, "name")
    if name not in anatomy.NERVES:
        raise read.fail("name", "is not a medial branch, e.g. C5 or TON")
    return Nerve(name, read.word(item, "side", _SIDES, "unstated"), read.evidence(item))


def _relief(read: _Reader, item: Mapping[str, Any]) -> Relief:
    return Relief(
        low=read.number(item, "low", 0, 100),
        high=read.number(item, "high", 0, 100),
        when=read.word(item, "when", _WHENS),
        evidence=read.evidence(item),
        date=_optional(read, item, "date"),
        side=read.word(item, "side", _SIDES, "unstated"),
    )


def _score(read: _Reader, item: Mapping[str, Any]) -> Score:
    return Score(
        low=read.number(item, "low", 0, 1000),
        high=read.number(item, "high", 0, 1000),
        scale=read.number(item, "scale", 1, 1000),
        when=read.word(item, "when", _SCORED),
        evidence=read.evidence(item),
    )


def _line(read: _Reader, item: Mapping[str, Any]) -> Line:
    return Line(
        code=read.text(item, "code"),
        modifiers=_modifiers(read, item),
        units=int(read.number({"units": 1, **item}, "units", 0, 1000)),
        joint=read.text(item, "joint"),
        side=read.word(item, "side", _SIDES, "unstated"),
        because=tuple(
            Step(read.text(step, "step"), read.text(step, "rule"), read.evidence(step))
            for step in read.items(item, "because")
        ),
    )


def _modifiers(read: _Reader, item: Mapping[str, Any]) -> tuple[str, ...]:
    modifiers = item.get("modifiers") or []
    if not isinstance(modifiers, list) or not all(isinstance(m, str) for m in modifiers):
        raise read.fail("modifiers", "must be a list of strings")
    return tuple(modifiers)


def _stated(read: _Reader, item: Mapping[str, Any]) -> StatedCode:
    units = item.get("units")
    if units is not None and (isinstance(units, bool) or not isinstance(units, int)):
        raise read.fail("units", "must be a whole number or null")
    return StatedCode(read.text(item, "code"), _modifiers(read, item), units, read.evidence(item))


def merge_levels(levels: Iterable[Level]) -> tuple[Level, ...]:
    """One entry a joint, cranial first: right and left make bilateral, evidence is kept."""
    levels = tuple(levels)
    if len(levels) < 2:
        return levels
    merged: dict[str, Level] = {}
    for level in levels:
        known = merged.get(level.joint)
        if known is None:
            merged[level.joint] = level
            continue
        merged[level.joint] = Level(
            joint=level.joint,
            side=anatomy.merge_sides((known.side, level.side)),  # type: ignore[arg-type]
            named_as=known.named_as if known.named_as == level.named_as else "both",
            evidence=tuple(dict.fromkeys((*known.evidence, *level.evidence))),
            because=known.because or level.because,
            side_evidence=tuple(dict.fromkeys((*known.side_evidence, *level.side_evidence))),
        )
    return tuple(sorted(merged.values(), key=lambda level: anatomy.order(level.joint)))
