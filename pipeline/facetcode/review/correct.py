"""Corrections of facts, and the claim they lead to under the record's own policy."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, get_args

from facetcode import anatomy
from facetcode.coder import Coder, meta_of
from facetcode.coding import InForce, Policy, load_policy
from facetcode.errors import PolicyError, RecordError
from facetcode.facts import FACET_BLOCKS, Intent, Kind, Modality, Side, When
from facetcode.record import facts_from_json, to_json
from facetcode.review.load import line_word
from facetcode.review.store import DeskError

SIDES = get_args(Side)
KINDS = get_args(Kind)
INTENTS = get_args(Intent)
MODALITIES = get_args(Modality)
WHENS = get_args(When)
JOINTS = anatomy.CERVICAL_THORACIC

FINDINGS = {
    "conservative_care": "conservative care failed",
    "function": "function or disability scale",
    "pain_duration": "three months of pain",
    "images_saved": "images saved",
    "signature": "signature",
    "sedation": "sedation given",
    "sedation_reason": "reason for sedation",
    "rfa_contraindicated": "why ablation cannot be done",
    "rfa_considered": "ablation considered",
    "no_radiculopathy": "no radiculopathy",
    "post_response": "response after the block",
    "prior_auth": "authorisation number",
}
"""Documentation items that a coder may point at, and their names on the page."""

_SERIES = frozenset({"FREQUENCY_LIMIT", "REPEATED_LEVEL", "CLONED_NOTE"})
"""Flags that rest on the patient's other notes, which recoding one note does not see."""
_CODE = re.compile(r"[0-9]{4}[0-9A-Z]")
_MODIFIER = re.compile(r"[0-9A-Z]{2}")
_ICD10 = re.compile(r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?")
_MAX_REASON = 2000


class Policies:
    """The policies records were coded under, found again by the name in their label."""

    def __init__(self, files: Sequence[Path] = ()) -> None:
        """``files`` are a practice's own policies; the shipped ones are known by name."""
        self._coders: dict[str, Coder] = {}
        for path in files:
            self._add(load_policy(path))

    def _add(self, policy: Policy) -> Coder:
        coder = self._coders[policy.name] = Coder(policy)
        return coder

    def in_force(self, label: str) -> tuple[Policy, InForce]:
        """The policy of a label and its rules on the label's day; PolicyError where none hold."""
        policy = self.coder(label).policy
        if not isinstance(policy, Policy):
            raise DeskError("the record's policy is not known here")
        try:
            return policy, policy.on(date.fromisoformat(label.partition("@")[2]))
        except ValueError:
            raise DeskError("the record's policy names no day") from None

    def coder(self, label: str) -> Coder:
        """The coder for a record's ``policy``, ``medicare@2026-05-21`` say, or DeskError."""
        name = label.partition("@")[0]
        known = self._coders.get(name)
        if known is not None:
            return known
        if "/" in name or "\\" in name or name.endswith(".yaml"):
            raise DeskError("the record's policy is no name; start the desk with --policies FILE")
        try:
            return self._add(load_policy(name))
        except PolicyError:
            raise DeskError(
                "the record's policy is not known here; start the desk with --policies FILE"
            ) from None


def recode(data: Mapping[str, Any], policies: Policies) -> dict[str, Any]:
    """The record of ``data``'s facts under its own policy, flags of the patient's series kept."""
    note_id = str(data["note_id"])
    try:
        facts = facts_from_json(data, f"note {note_id}")
        said = data.get("meta")
        meta = meta_of(said) if isinstance(said, Mapping) else {}
        record = policies.coder(str(data["policy"])).code_facts(facts, note_id=note_id, meta=meta)
    except (RecordError, PolicyError) as error:
        raise DeskError(f"the correction cannot be coded: {error}") from None
    coded = to_json(record)
    if data.get("series"):
        coded["series"] = data["series"]
        coded["flags"] += [f for f in data["flags"] if f["code"] in _SERIES]
    return coded


def changed(data: Mapping[str, Any], change: Mapping[str, Any], text: str) -> dict[str, Any]:
    """The record's facts after one correction; its lines are those of before until recoded.

    ``change`` has ``fact`` and ``do`` (add, set, remove) and the fact's own keys. ``words``, a
    half-open pair of offsets with the ``text`` between them, becomes the fact's evidence. Raises
    DeskError where the words are not in the note or a value is none the record knows.
    """
    new = copy.deepcopy(dict(data))
    make = _CHANGES.get((str(change.get("fact")), str(change.get("do"))))
    if make is None:
        raise DeskError("there is no such correction")
    make(new, change, _evidence(change, text))
    return new


def _evidence(change: Mapping[str, Any], text: str) -> list[dict[str, Any]]:
    words = change.get("words")
    if words is None:
        return []
    try:
        start, end, said = int(words["start"]), int(words["end"]), str(words["text"])
    except (TypeError, KeyError, ValueError):
        raise DeskError("the selected words could not be read; select them again") from None
    if not 0 <= start < end <= len(text) or as_shown(text[start:end]) != as_shown(said):
        raise DeskError("the selected words are not in the note there; select them again")
    return [{"start": start, "end": end, "text": text[start:end]}]


def as_shown(text: str) -> str:
    """Text as a browser hands it back: line ends alike, NUL and lone surrogates replaced."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    return re.sub("[\ud800-\udfff]", "\ufffd", text)


def _one_of(change: Mapping[str, Any], key: str, allowed: Sequence[str]) -> str:
    value = str(change.get(key, ""))
    if value not in allowed:
        raise DeskError(f"{key} must be one of {', '.join(map(str, allowed))}")
    return value


def _settle(new: dict[str, Any], *kinds: str) -> None:
    """A person has ruled on what the note left in doubt."""
    new["doubts"] = [d for d in new.get("doubts", ()) if not d["code"].startswith(kinds)]


Change = Mapping[str, Any]
Words = list[dict[str, Any]]


def _add_level(new: dict[str, Any], change: Change, words: Words) -> None:
    joint = _one_of(change, "joint", JOINTS)
    side = _one_of(change, "side", SIDES)
    if any(level["joint"] == joint for level in new["levels"]):
        raise DeskError(f"{joint} is there already; change its side instead")
    new["levels"].append({"joint": joint, "side": side, "named_as": "joints", "evidence": words})
    new["levels"].sort(key=lambda level: anatomy.order(level["joint"]))
    _settle(new, "LEVEL_")


def _level(new: dict[str, Any], change: Change) -> dict[str, Any]:
    joint = str(change.get("joint"))
    for level in new["levels"]:
        if level["joint"] == joint:
            return level  # type: ignore[no-any-return]
    raise DeskError("that level is not in the record; reload the page")


def _set_level(new: dict[str, Any], change: Change, words: Words) -> None:
    level = _level(new, change)
    level["side"] = _one_of(change, "side", SIDES)
    # The words of the side that was wrong are no reason for the right one.
    level["side_evidence"] = words
    _settle(new, "SIDE_")


def _remove_level(new: dict[str, Any], change: Change, _: Words) -> None:
    new["levels"].remove(_level(new, change))
    _settle(new, "LEVEL_")


def _set_guidance(new: dict[str, Any], change: Change, words: Words) -> None:
    modality = _one_of(change, "modality", MODALITIES)
    new["guidance"] = {"modality": modality, "evidence": words}


def _number(change: Change, key: str) -> float:
    try:
        value = float(str(change.get(key)))
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise DeskError("relief is a percentage from 0 to 100")
    return value


def _relief(change: Change) -> dict[str, Any]:
    low, high = _number(change, "low"), _number(change, "high")
    return {
        "low": min(low, high),
        "high": max(low, high),
        "when": _one_of(change, "when", WHENS),
    }


def _at(items: list[Any], change: Change) -> int:
    index = change.get("index")
    if not isinstance(index, int) or not 0 <= index < len(items):
        raise DeskError("that fact is not in the record; reload the page")
    return index


def _add_relief(new: dict[str, Any], change: Change, words: Words) -> None:
    new["relief"].append({**_relief(change), "evidence": words})


def _set_relief(new: dict[str, Any], change: Change, words: Words) -> None:
    spot = new["relief"][_at(new["relief"], change)]
    spot.update(_relief(change))
    spot["evidence"] = [*spot.get("evidence", ()), *words]


def _remove_relief(new: dict[str, Any], change: Change, _: Words) -> None:
    del new["relief"][_at(new["relief"], change)]


def _set_procedure(new: dict[str, Any], change: Change, words: Words) -> None:
    kind = change.get("kind") or None
    if kind is not None and kind not in KINDS:
        raise DeskError("there is no such procedure")
    procedure = new["procedure"]
    if "kind" in change:
        procedure["kind"] = kind
        procedure["evidence"] = [*procedure.get("evidence", ()), *words]
    if "intent" in change:
        procedure["intent"] = _one_of(change, "intent", INTENTS)
        procedure["intent_evidence"] = [*procedure.get("intent_evidence", ()), *words]
    if "ordinal" in change:
        ordinal = change["ordinal"]
        if ordinal not in (None, 1, 2):
            raise DeskError("a diagnostic block is the first, the second or neither")
        procedure["ordinal"] = ordinal
    if procedure["kind"] not in FACET_BLOCKS:
        procedure["ordinal"] = None
    _settle(new, "INTENT_")


def _add_diagnosis(new: dict[str, Any], change: Change, words: Words) -> None:
    code = str(change.get("code", "")).strip().upper()
    if not _ICD10.fullmatch(code):
        raise DeskError("a diagnosis is an ICD-10-CM code, M47.812 say")
    new["diagnoses"].append({"code": code, "evidence": words})


def _remove_diagnosis(new: dict[str, Any], change: Change, _: Words) -> None:
    del new["diagnoses"][_at(new["diagnoses"], change)]


def _add_finding(new: dict[str, Any], change: Change, words: Words) -> None:
    name = _one_of(change, "name", tuple(FINDINGS))
    if not words:
        raise DeskError("select the words that say so; they are the evidence")
    findings = [f for f in new.get("findings", ()) if f["name"] != name or f.get("evidence")]
    value = change.get("value")
    found: dict[str, Any] = {"name": name, "evidence": words}
    if value is not None:
        found["value"] = str(value)
    elif name == "pain_duration":
        found["value"] = "3"
    new["findings"] = [*findings, found]


def _remove_finding(new: dict[str, Any], change: Change, _: Words) -> None:
    name = _one_of(change, "name", tuple(FINDINGS))
    new["findings"] = [f for f in new.get("findings", ()) if f["name"] != name]


def _remove_nerve(new: dict[str, Any], change: Change, _: Words) -> None:
    del new["nerves"][_at(new["nerves"], change)]


_CHANGES = {
    ("level", "add"): _add_level,
    ("level", "set"): _set_level,
    ("level", "remove"): _remove_level,
    ("guidance", "set"): _set_guidance,
    ("relief", "add"): _add_relief,
    ("relief", "set"): _set_relief,
    ("relief", "remove"): _remove_relief,
    ("procedure", "set"): _set_procedure,
    ("diagnosis", "add"): _add_diagnosis,
    ("diagnosis", "remove"): _remove_diagnosis,
    ("finding", "add"): _add_finding,
    ("finding", "remove"): _remove_finding,
    ("nerve", "remove"): _remove_nerve,
}


def override_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Lines a coder bills instead of the suggested ones, and why; DeskError where they cannot be.

    The reason is mandatory: an override nobody can explain is what audits are about.
    """
    reason = reason_of(given)
    lines = given.get("lines")
    if not isinstance(lines, list) or len(lines) > 20:
        raise DeskError("the lines to bill could not be read")
    made = []
    for line in lines:
        parts = str(line).upper().replace(",", " ").replace("-", " ").split()
        units = 1
        if parts and re.fullmatch(r"X[1-9]\d?", parts[-1]):
            units = int(parts.pop()[1:])
        if not parts:
            continue
        code, *modifiers = parts
        if not _CODE.fullmatch(code) or not all(map(_MODIFIER.fullmatch, modifiers)):
            raise DeskError("write a line as code and modifiers, 64490 50 KX say")
        made.append({"code": code, "modifiers": modifiers, "units": units})
    return {"lines": made, "reason": reason}


def reason_of(given: Mapping[str, Any]) -> str:
    """The reason given, which must be there."""
    reason = str(given.get("reason") or "").strip()
    if not reason:
        raise DeskError("give a reason: it is kept with the decision")
    return reason[:_MAX_REASON]


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What a correction changed in the claim, in words: lines, status, flags."""
    said = []
    old, new = ([line_word(line) for line in data["lines"]] for data in (before, after))
    if old != new:
        said.append(f"lines: {' '.join(old) or 'none'} → {' '.join(new) or 'none'}")
    if before["status"] != after["status"]:
        said.append(f"status: {_plain(before['status'])} → {_plain(after['status'])}")
    was, now = ({f["code"] for f in data["flags"]} for data in (before, after))
    said += [f"flag gone: {code}" for code in sorted(was - now)]
    said += [f"flag raised: {code}" for code in sorted(now - was)]
    if before["policy"] != after["policy"]:
        said.append(f"policy: {before['policy']} → {after['policy']}")
    return said or ["no change to the claim"]


def _plain(word: str) -> str:
    return word.replace("_", " ")


def outcome_of(
    suggested: Mapping[str, Any], final: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]
) -> dict[str, dict[str, int]]:
    """Per field, how many suggested values were accepted, edited, rejected, and how many added.

    A value with the same name (a joint, the guidance) and other content is edited. ``lines`` are
    what is billed in the end.
    """
    pairs: dict[str, tuple[dict[str, object], dict[str, object]]] = {
        "level": (_levels(suggested), _levels(final)),
        "guidance": (_guidance(suggested), _guidance(final)),
        "intent": (_intent(suggested), _intent(final)),
        "relief": (_relieved(suggested), _relieved(final)),
        "diagnosis": (_codes(suggested), _codes(final)),
        "line": (
            {str(line["code"]): line_word(line) for line in suggested["lines"]},
            {str(line["code"]): line_word(line) for line in lines},
        ),
    }
    return {name: _classes(was, now) for name, (was, now) in pairs.items()}


def _classes(was: Mapping[str, object], now: Mapping[str, object]) -> dict[str, int]:
    shared = was.keys() & now.keys()
    same = sum(was[key] == now[key] for key in shared)
    return {
        "accepted": same,
        "edited": len(shared) - same,
        "added": len(now.keys() - was.keys()),
        "rejected": len(was.keys() - now.keys()),
    }


def _levels(data: Mapping[str, Any]) -> dict[str, object]:
    return {level["joint"]: level["side"] for level in data["levels"]}


def _guidance(data: Mapping[str, Any]) -> dict[str, object]:
    modality = data["guidance"]["modality"]
    return {} if modality == "unstated" else {"guidance": modality}


def _intent(data: Mapping[str, Any]) -> dict[str, object]:
    procedure = data["procedure"]
    if procedure["intent"] == "unstated":
        return {}
    return {"intent": (procedure["intent"], procedure.get("ordinal"))}


def _relieved(data: Mapping[str, Any]) -> dict[str, object]:
    found: dict[str, object] = {}
    for spot in data["relief"]:
        where = [(e["start"], e["end"]) for e in spot.get("evidence", ())][:1]
        key = f"{spot['low']:g}-{spot['high']:g} {where}"
        found[f"{where}" if where else key] = (spot["low"], spot["high"], spot["when"])
    return found


def _codes(data: Mapping[str, Any]) -> dict[str, object]:
    return {d["code"]: d["code"] for d in data["diagnoses"] if d.get("code")}


def as_text(data: Mapping[str, Any]) -> str:
    """A record as it is stored."""
    return json.dumps(data)
