"""The coding cases in ``cases/*.yaml``: facts in shorthand, and what each policy makes of them.

``flags`` lists every flag code of the record; ``has`` and ``lacks`` only some. A policy may be
dated, ``medicare on 2023-01-01``. Unless a case says ``complete: false`` its facts are filled up
with the documentation Medicare asks for, so that only what the case is about raises a flag.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from facetcode import anatomy
from facetcode.coding import load_policy
from facetcode.coding.assemble import decide
from facetcode.facts import Facts
from facetcode.record import Line, facts_from_json

CASES = Path(__file__).with_name("cases")
CASE_KEYS = {"name", "complete", "facts", "meta", "expect"}
FACT_KEYS = {
    "procedure", "levels", "nerves", "guidance", "relief", "diagnoses", "scores", "findings",
    "also", "lumbar", "stated", "doubts",
}  # fmt: skip
EXPECT_KEYS = {"status", "lines", "flags", "has", "lacks", "hard", "lumbar"}
COMPLETE = {
    "pain_duration": "6", "conservative_care": None, "function": None, "images_saved": None,
    "signature": None, "rfa_considered": None,
}  # fmt: skip


def rows() -> Iterator[Any]:
    for path in sorted(CASES.glob("*.yaml")):
        for case in yaml.safe_load(path.read_text(encoding="utf-8")):
            assert set(case) <= CASE_KEYS, f"{path.name}: {case['name']}: unknown key"
            assert set(case["facts"]) <= FACT_KEYS, f"{path.name}: {case['name']}: unknown fact"
            for policy, expect in case["expect"].items():
                assert set(expect) <= EXPECT_KEYS, f"{path.name}: {case['name']}: {policy}"
                yield pytest.param(case, policy, expect, id=f"{case['name']} [{policy}]")


def read_facts(case: dict[str, Any]) -> Facts:
    """The shorthand of a case as the facts of a record."""
    short = dict(case["facts"])
    procedure = {
        "kind": "medial_branch_block",
        "intent": "diagnostic",
        **short.get("procedure", {}),
    }
    levels = [{"joint": joint, "side": side} for joint, side in (short.get("levels") or {}).items()]
    leftover = []
    for side, nerves in (short.get("nerves") or {}).items():
        found = anatomy.joints_from_nerves(nerves)
        levels += [{"joint": j, "side": side, "named_as": "nerves"} for j in found.joints]
        leftover += [{"name": n, "side": side} for n in found.leftover]
    ours = [x for x in levels if anatomy.is_cervical_thoracic(x["joint"])]
    data: dict[str, Any] = {
        "procedure": procedure,
        "levels": ours,
        "lumbar_levels": [x for x in levels if x not in ours]
        + [{"joint": j, "side": s} for j, s in (short.get("lumbar") or {}).items()],
        "nerves": leftover,
        "guidance": {"modality": short.get("guidance", "fluoroscopy")},
        "relief": [
            {"high": r["low"], **r, "date": str(r["date"]) if "date" in r else None}
            for r in short.get("relief", [])
        ],
        "diagnoses": [
            {"code": None if code == "words" else code} for code in short.get("diagnoses", [])
        ],
        "scores": [
            {"when": when, "low": low, "high": low, "scale": 10}
            for when, low in short.get("scores", [])
        ],
        "stated_codes": [stated(text) for text in short.get("stated", [])],
        "findings": [
            {"name": name, "value": None if value in (True, None) else str(value)}
            for name, value in (short.get("findings") or {}).items()
        ],
        "doubts": [{"message": "Doubt.", **d} for d in short.get("doubts", [])],
        "also": [{"kind": kind} for kind in short.get("also", [])],
    }
    if case.get("complete", True):
        fill_up(data, short)
    return facts_from_json(data, case["name"])


def stated(text: object) -> dict[str, Any]:
    first, _, units = str(text).partition(" x")
    code, *modifiers = first.split("-")
    return {"code": code, "modifiers": modifiers, "units": int(units) if units else None}


def fill_up(data: dict[str, Any], short: dict[str, Any]) -> None:
    named = {f["name"]: f for f in data["findings"]}
    for name, value in COMPLETE.items():
        if name not in named:
            data["findings"].append({"name": name, "value": value})
    # ``findings: {name: false}`` takes a filled-up finding out again.
    data["findings"] = [f for f in data["findings"] if f["value"] != "False"]
    if "scores" not in short:
        data["scores"] = [
            {"when": "pre", "low": 8, "high": 8, "scale": 10},
            {"when": "post", "low": 1, "high": 1, "scale": 10},
        ]
    if "diagnoses" not in short:
        cervical = any(x["joint"].startswith("C") for x in data["levels"])
        data["diagnoses"] = [{"code": "M47.812" if cervical or not data["levels"] else "M47.814"}]
    if data["procedure"].get("ordinal") == 2 and "relief" not in short:
        data["relief"] = [{"low": 85, "high": 85, "when": "prior"}]


def shown(line: Line) -> str:
    text = "-".join((line.code, *line.modifiers))
    return f"{text} x{line.units}" if line.units > 1 else text


@pytest.mark.parametrize(("case", "policy", "expect"), list(rows()))
def test_case(case: dict[str, Any], policy: str, expect: dict[str, Any]) -> None:
    name, _, day = policy.partition(" on ")
    in_force = load_policy(name).on(date.fromisoformat(day) if day else None)
    meta = {key: str(value) for key, value in case.get("meta", {}).items()}
    if day:
        meta.setdefault("date_of_service", day)
    coded = decide(read_facts(case), in_force, meta=meta)
    flags = sorted({flag.code for flag in coded.flags})
    if "status" in expect:
        assert coded.status == expect["status"], flags
    if "lines" in expect:
        assert [shown(line) for line in coded.lines] == [str(x) for x in expect["lines"]]
    if "lumbar" in expect:
        assert [shown(line) for line in coded.lumbar] == [str(x) for x in expect["lumbar"]]
    if "flags" in expect:
        assert flags == sorted(expect["flags"])
    if "hard" in expect:
        assert {f.code for f in coded.flags if f.severity == "hard"} == set(expect["hard"])
    assert set(expect.get("has", [])) <= set(flags)
    assert not set(expect.get("lacks", [])) & set(flags)
