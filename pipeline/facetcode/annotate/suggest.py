"""What a record says, as marks and facts an annotator can correct."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from facetcode.annotate.document import Document, fingerprint
from facetcode.evaluate.gold import FLAGS, POLICIES, GoldSpan
from facetcode.evaluate.score import claim
from facetcode.facts import FACET_BLOCKS


def spans_of(record: Mapping[str, Any], text: str) -> list[GoldSpan]:
    """Marks from a record's evidence; of two that overlap the first, or the longer, is kept.

    A record has no evidence for sides, so that they are left to the annotator. Evidence in another
    note, or that is not in this text, makes no mark.
    """
    wanted: list[GoldSpan] = []

    def add(label: str, fact: Mapping[str, Any], attrs: dict[str, str]) -> None:
        for spot in fact.get("evidence", ()):
            words = text[spot["start"] : spot["end"]]
            if not spot.get("note_id") and words and words == words.strip():
                wanted.append(GoldSpan(label, spot["start"], spot["end"], attrs))

    by_words: dict[tuple[int, int], list[Mapping[str, Any]]] = {}
    for level in record["levels"]:
        for spot in level.get("evidence", ()):
            by_words.setdefault((spot["start"], spot["end"]), []).append(level)
    for (start, end), named in by_words.items():
        sides = {level["side"] for level in named}
        attrs = {
            "joint": " ".join(level["joint"] for level in named),
            "side": sides.pop() if len(sides) == 1 else "unstated",
        }
        add("level", {"evidence": [{"start": start, "end": end}]}, attrs)
    if record["procedure"]["kind"]:
        add("procedure", record["procedure"], {"kind": record["procedure"]["kind"]})
    if record["guidance"]["modality"] != "unstated":
        add("guidance", record["guidance"], {"modality": record["guidance"]["modality"]})
    for relief in record["relief"]:
        attrs = {key: f"{relief[key]:g}" for key in ("low", "high")}
        add("relief", relief, {**attrs, "when": relief["when"]})
    for diagnosis in record["diagnoses"]:
        add("diagnosis", diagnosis, {"code": diagnosis.get("code") or ""})
    for score in record.get("scores", ()):
        low, high = f"{score['low']:g}", f"{score['high']:g}"
        value = low if low == high else f"{low}-{high}"
        attrs = {"when": score["when"], "value": value, "scale": f"{score['scale']:g}"}
        add("score", score, attrs)
    kept: list[GoldSpan] = []
    for span in sorted(wanted, key=lambda s: (s.start, -s.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def suggestion(record: Mapping[str, Any], document: Document) -> Document:
    """The document with a record's marks and facts in place of its own.

    The claim lines are those of the record's facts under the policies that gold states, whatever
    policy the record was made under, by the rules now in force. Raises RecordError.
    """
    from facetcode.coding import code, load_policy
    from facetcode.record import facts_from_json

    note_id = document.note_id
    facts = facts_from_json(record, note_id)
    meta = {key: str(value) for key, value in (record.get("meta") or {}).items()}
    under = {
        policy: code(facts, load_policy(policy).on(None), note_id=note_id, meta=meta)
        for policy in POLICIES
    }
    ours = facts.procedure.kind in FACET_BLOCKS
    kinds = {level.named_as for level in facts.levels}
    flags = [f.code for f in under["medicare"].flags if f.severity != "info" and f.code in FLAGS]
    front = {
        **document.front,
        "status": under["default"].status if ours else "not_applicable",
        "procedure": {
            "kind": facts.procedure.kind,
            "intent": facts.procedure.intent if ours else "unstated",
            "ordinal": facts.procedure.ordinal if ours else None,
        },
        "levels": {level.joint: level.side for level in facts.levels} if ours else {},
        "named_as": (kinds.pop() if len(kinds) == 1 else "both") if ours and kinds else None,
        "guidance": facts.guidance.modality if ours else None,
        "relief": _once(
            [{"low": _whole(r.low), "high": _whole(r.high), "when": r.when} for r in facts.relief]
        ),
        "diagnoses": list(dict.fromkeys(d.code for d in facts.diagnoses if d.code)),
        "codes": {policy: list(claim(made)) if ours else [] for policy, made in under.items()},
        "flags": list(dict.fromkeys(flags)) if ours else [],
        "clean": bool(ours and under["default"].status == "coded" and not flags),
    }
    spans = tuple(s for s in spans_of(record, document.text) if ours or s.label != "level")
    made = replace(document, front=front, spans=spans)
    return replace(made, suggested=fingerprint(made))


def _once(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for number, item in enumerate(items) if item not in items[:number]]


def _whole(value: float) -> float:
    return int(value) if float(value).is_integer() else value
