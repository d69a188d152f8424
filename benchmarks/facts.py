"""Fact records coded per second on one core: the coding alone, without reading any note.

    python benchmarks/facts.py [--records N] [--policy NAME] [--seed N]

Random facts made with a seed, coded as ``facetcode code --facts`` codes them, from JSON to JSON.
Reading, coding and writing are timed apart.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import time
from typing import Any

from facetcode import anatomy
from facetcode.coder import Coder
from facetcode.coding import load_policy
from facetcode.record import facts_from_json, to_json

FINDINGS = "pain_duration conservative_care function images_saved signature sedation".split()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--policy", default="medicare-noridian")
    parser.add_argument("--seed", type=int, default=64490)
    given = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    chance = random.Random(given.seed)
    lines = [json.dumps(encounter(chance, f"n-{i}")) for i in range(given.records)]
    coder = Coder(load_policy(given.policy))
    coder.code_facts(facts_from_json(json.loads(lines[0]), "n-0"), note_id="n-0")

    start = time.perf_counter()
    facts = [facts_from_json(json.loads(line), "benchmark") for line in lines]
    read = time.perf_counter()
    records = [coder.code_facts(f, note_id=f"n-{i}") for i, f in enumerate(facts)]
    coded = time.perf_counter()
    size = sum(len(json.dumps(to_json(record))) for record in records)
    written = time.perf_counter()
    for name, seconds in (
        ("read", read - start),
        ("code", coded - read),
        ("write", written - coded),
        ("all", written - start),
    ):
        print(f"{name:6} {given.records / seconds:10,.0f} records/s")
    print(f"{sum(bool(r.lines) for r in records):,} with lines, {size / 1e6:.1f} MB of records")


def encounter(chance: random.Random, note_id: str) -> dict[str, Any]:
    """One made-up encounter in the record's JSON form."""
    spot = [{"start": 3, "end": 8, "text": "words"}]
    first = chance.randrange(len(anatomy.CERVICAL_THORACIC) - 3)
    joints = anatomy.CERVICAL_THORACIC[first : first + chance.randint(1, 3)]
    side = chance.choice(["right", "left", "bilateral"])
    return {
        "note_id": note_id,
        "procedure": {
            "kind": chance.choice(
                ["medial_branch_block", "intraarticular", "medial_branch_block", None]
            ),
            "intent": chance.choice(["diagnostic", "therapeutic", "unstated"]),
            "ordinal": chance.choice([1, 2, None]),
            "evidence": spot,
        },
        "levels": [
            {"joint": joint, "side": side, "named_as": "nerves", "evidence": spot}
            for joint in joints
        ],
        "guidance": {
            "modality": chance.choice(["fluoroscopy", "ct", "unstated"]),
            "evidence": spot,
        },
        "relief": [
            {"low": 80, "high": 90, "when": chance.choice(["today", "prior"]), "evidence": spot}
        ],
        "diagnoses": [{"code": chance.choice(["M47.812", "M54.2"]), "evidence": spot}],
        "scores": [{"low": 7, "high": 7, "scale": 10, "when": "pre", "evidence": spot}],
        "findings": [
            {"name": name, "evidence": spot}
            for name in chance.sample(FINDINGS, chance.randint(0, 6))
        ],
    }


if __name__ == "__main__":
    main()
