"""Labelled notes: what an annotator says of one note, validated, to and from gold JSON Lines.

The words allowed here are those of the record contract and of ``annotations/schema.json``.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from facetcode import anatomy
from facetcode.errors import AnnotationError
from facetcode.facts import Intent, Kind, Modality, NamedAs, Side, When

STATUSES = ("coded", "query", "not_applicable")
KINDS = get_args(Kind)
INTENTS = get_args(Intent)
SIDES = get_args(Side)
NAMED_AS = get_args(NamedAs)
MODALITIES = get_args(Modality)
WHENS = get_args(When)
CLAIM_TYPES = ("professional", "asc_facility", "hopd_facility")
POLICIES = ("default", "medicare")
META_KEYS = (
    "date_of_service",
    "payer",
    "claim_type",
    "patient_id",
    "provider",
    "note_type",
    "place_of_service",
)
FLAGS = tuple(
    """LEVEL_MISSING LEVEL_AMBIGUOUS LEVEL_CONFLICT NERVE_INCOMPLETE SIDE_MISSING SIDE_CONFLICT
    GUIDANCE_MISSING GUIDANCE_ULTRASOUND LEVEL_LIMIT INTENT_MISSING PRIOR_RELIEF_MISSING
    PRIOR_RELIEF_INSUFFICIENT INTERVAL_TOO_SHORT PAIN_SCORE_MISSING POST_RESPONSE_MISSING
    RELIEF_MISMATCH DIAGNOSIS_MISSING DIAGNOSIS_NOT_COVERED RADICULOPATHY DURATION_MISSING
    CONSERVATIVE_CARE_MISSING FUNCTION_MISSING SEDATION_UNSUPPORTED MULTI_REGION
    SAME_DAY_INJECTION BUNDLED_IMAGING ADDON_WITHOUT_PRIMARY STATED_CODE_MISMATCH
    THERAPEUTIC_RFA_REASON FREQUENCY_LIMIT REPEATED_LEVEL CLONED_NOTE PRIOR_AUTH_MISSING
    IMAGES_NOT_SAVED UNSIGNED PLACEHOLDER PAYER_RULE_UNKNOWN""".split()
)
FRONT_KEYS = (
    "note_id",
    "voice",
    "meta",
    "status",
    "procedure",
    "levels",
    "named_as",
    "guidance",
    "relief",
    "diagnoses",
    "codes",
    "flags",
    "clean",
)
ICD10 = r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?"
CODE_LINE = r"(6449[012]|021[345]T)(-(50-KX|KX-RT|KX-LT|50|KX|RT|LT))?"

_VOICE = re.compile(r"[a-z][a-z0-9_-]*")
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class GoldSpan:
    """One inline mark: half-open character offsets into the note's text, attributes as written."""

    label: str
    start: int
    end: int
    attrs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class GoldRelief:
    """A stated percentage of pain relief, 0-100, from today's block or an earlier one."""

    low: float
    high: float
    when: str


@dataclass(frozen=True, slots=True)
class GoldNote:
    """One labelled note; ``levels`` maps joint to side, ``codes`` policy to claim lines."""

    note_id: str
    voice: str
    text: str
    meta: Mapping[str, str]
    spans: tuple[GoldSpan, ...]
    status: str
    kind: str | None
    intent: str
    ordinal: Literal[1, 2] | None
    levels: Mapping[str, str]
    named_as: str | None
    guidance: str | None
    relief: tuple[GoldRelief, ...]
    diagnoses: tuple[str, ...]
    codes: Mapping[str, tuple[str, ...]]
    flags: tuple[str, ...]
    clean: bool


class _Fields:
    """Front matter being read: every complaint names the file and the line of its key."""

    def __init__(self, values: Mapping[str, Any], name: str, lines: Mapping[str, int]) -> None:
        self.values = values
        self.name = name
        self.lines = lines

    def error(self, key: str, message: str) -> AnnotationError:
        return AnnotationError(f"{self.name}:{self.lines.get(key, 1)}: {message}")

    def one_of(self, key: str, value: object, allowed: Collection[Any], what: str = "") -> Any:
        # True == 1 in Python, and YAML reads yes as True: an ordinal of yes is no ordinal.
        if isinstance(value, bool) or isinstance(value, (list, dict)) or value not in allowed:
            words = ", ".join("null" if a is None else str(a) for a in allowed)
            raise self.error(key, f"{what or key}: {value!r} is not one of {words}")
        return value

    def mapping(self, key: str, allowed: Collection[str], required: bool) -> Mapping[str, Any]:
        value = self.values[key]
        if not isinstance(value, dict):
            raise self.error(key, f"{key}: write a mapping, {{}} when empty")
        for inner in value:
            if inner not in allowed:
                raise self.error(key, f"{key}: unknown key {inner!r}")
        if required and len(value) != len(allowed):
            raise self.error(key, f"{key}: state each of {', '.join(allowed)}")
        return value

    def items(self, key: str, value: object) -> list[Any]:
        if not isinstance(value, list):
            raise self.error(key, f"{key}: write a list, [] when empty")
        return value

    def strings(self, key: str, value: object, pattern: str, what: str) -> tuple[str, ...]:
        items = self.items(key, value)
        for item in items:
            if not isinstance(item, str) or not re.fullmatch(pattern, item):
                raise self.error(key, f"{key}: {item!r} is not {what}")
        if len(set(items)) != len(items):
            raise self.error(key, f"{key}: an entry is repeated")
        return tuple(items)


def _meta(fields: _Fields) -> dict[str, str]:
    meta: dict[str, str] = {}
    for key, value in fields.mapping("meta", META_KEYS, required=False).items():
        # YAML reads an unquoted ISO date as a date and a place of service as a number.
        if isinstance(value, datetime.date):
            value = value.isoformat()
        if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise fields.error("meta", f"meta: {key} must be a single word or text")
        meta[key] = str(value)
    date = meta.get("date_of_service")
    if date is not None and not _ISO_DATE.fullmatch(date):
        raise fields.error("meta", "meta: date_of_service must be an ISO date, 2025-03-04")
    if "claim_type" in meta:
        fields.one_of("meta", meta["claim_type"], CLAIM_TYPES, "claim_type")
    return meta


def _relief(fields: _Fields) -> tuple[GoldRelief, ...]:
    found: list[GoldRelief] = []
    for item in fields.items("relief", fields.values["relief"]):
        if not isinstance(item, dict) or set(item) != {"low", "high", "when"}:
            raise fields.error("relief", "relief: each entry has exactly low, high, when")
        low, high = item["low"], item["high"]
        for value in (low, high):
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise fields.error("relief", f"relief: {value!r} is not a number")
        if not 0 <= low <= high <= 100:
            raise fields.error("relief", f"relief: {low}-{high} is not a range within 0-100")
        relief = GoldRelief(low, high, fields.one_of("relief", item["when"], WHENS, "when"))
        if relief in found:
            raise fields.error("relief", "relief: an entry is repeated; state it once")
        found.append(relief)
    return tuple(found)


def make_note(
    values: Mapping[str, Any],
    text: str,
    spans: tuple[GoldSpan, ...],
    name: str,
    lines: Mapping[str, int],
) -> GoldNote:
    """Validate front-matter values and join them with text and marks.

    ``name`` and ``lines`` (key to line number) say where a complaint points; AnnotationError.
    """
    fields = _Fields(values, name, lines)
    for key in values:
        if key not in FRONT_KEYS:
            raise fields.error(key, f"unknown key {key!r}")
    for key in FRONT_KEYS:
        if key not in values:
            raise fields.error(key, f"missing key {key!r}")
    voice, note_id = values["voice"], values["note_id"]
    if not isinstance(voice, str) or not _VOICE.fullmatch(voice):
        raise fields.error("voice", f"voice: {voice!r} is not a lower-case word")
    if not isinstance(note_id, str) or not re.fullmatch(rf"{re.escape(voice)}-\d{{2,}}", note_id):
        raise fields.error("note_id", f"note_id: {note_id!r} is not {voice}-01, {voice}-02, ...")
    procedure = fields.mapping("procedure", ("kind", "intent", "ordinal"), required=True)
    levels = fields.mapping("levels", anatomy.CERVICAL_THORACIC, required=False)
    for joint, side in levels.items():
        fields.one_of("levels", side, SIDES, f"levels: side of {joint}")
    codes = fields.mapping("codes", POLICIES, required=True)
    if not isinstance(values["clean"], bool):
        raise fields.error("clean", f"clean: {values['clean']!r} is not true or false")
    flags = fields.strings("flags", values["flags"], r"[\s\S]*", "text")
    for flag in flags:
        fields.one_of("flags", flag, FLAGS)
    return GoldNote(
        note_id=note_id,
        voice=voice,
        text=text,
        meta=_meta(fields),
        spans=spans,
        status=fields.one_of("status", values["status"], STATUSES),
        kind=fields.one_of("procedure", procedure["kind"], (*KINDS, None), "kind"),
        intent=fields.one_of("procedure", procedure["intent"], INTENTS, "intent"),
        ordinal=fields.one_of("procedure", procedure["ordinal"], (1, 2, None), "ordinal"),
        levels={joint: levels[joint] for joint in sorted(levels, key=anatomy.order)},
        named_as=fields.one_of("named_as", values["named_as"], (*NAMED_AS, None)),
        guidance=fields.one_of("guidance", values["guidance"], (*MODALITIES, None)),
        relief=_relief(fields),
        diagnoses=fields.strings("diagnoses", values["diagnoses"], ICD10, "an ICD-10-CM code"),
        codes={
            policy: fields.strings("codes", codes[policy], CODE_LINE, "a claim line")
            for policy in POLICIES
        },
        flags=flags,
        clean=values["clean"],
    )


def to_gold(note: GoldNote) -> dict[str, Any]:
    """The note as one line of ``gold/<voice>.jsonl``; see ``annotations/schema.json``."""
    return {
        "note_id": note.note_id,
        "voice": note.voice,
        "text": note.text,
        "meta": dict(note.meta),
        "spans": [
            {"label": s.label, "start": s.start, "end": s.end, "attrs": dict(s.attrs)}
            for s in note.spans
        ],
        "facts": {
            "status": note.status,
            "procedure": {"kind": note.kind, "intent": note.intent, "ordinal": note.ordinal},
            "levels": [{"joint": joint, "side": side} for joint, side in note.levels.items()],
            "named_as": note.named_as,
            "guidance": note.guidance,
            "relief": [{"low": r.low, "high": r.high, "when": r.when} for r in note.relief],
            "diagnoses": list(note.diagnoses),
        },
        "codes": {policy: list(lines) for policy, lines in note.codes.items()},
        "flags": list(note.flags),
        "clean": note.clean,
    }


def from_gold(data: Mapping[str, Any], name: str, line: int) -> GoldNote:
    """The inverse of ``to_gold``; ``name`` and ``line`` say where a complaint points.

    AnnotationError says what is wrong with a value; ValueError, KeyError, TypeError and
    AttributeError come of what is no labelled note at all.
    """
    values = {key: value for key, value in data.items() if key not in ("text", "spans", "facts")}
    facts = dict(data["facts"])
    facts["levels"] = {level["joint"]: level["side"] for level in facts["levels"]}
    values.update(facts)
    spans = tuple(GoldSpan(s["label"], s["start"], s["end"], s["attrs"]) for s in data["spans"])
    if not all(0 <= span.start < span.end <= len(data["text"]) for span in spans):
        raise ValueError("a span lies outside the text")
    return make_note(values, data["text"], spans, name, dict.fromkeys((*FRONT_KEYS, *values), line))


def read_gold(path: Path) -> Iterator[GoldNote]:
    """The labelled notes of one gold file, in its order; AnnotationError names file and line."""
    try:
        # Bytes: the error of a line in another encoding names that line.
        file = path.open("rb")
    except OSError as error:
        raise AnnotationError(f"{path}: cannot be read: {error.strerror}") from None
    with file:
        for number, line in enumerate(file, 1):
            try:
                note = from_gold(json.loads(line.decode("utf-8")), path.name, number)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise AnnotationError(
                    f"{path.name}:{number}: not a labelled note; compile the inline files again"
                ) from error
            yield note
