"""What the program said of a note before anyone had read it: the outcomes that confidence is of.

Rules are mended wherever a read note shows them wrong, so on such notes they are right more often
than on a stranger's. A first look is kept instead: the facts and claims of a voice coded once, by
the program as it was before that voice was read. This module imports nothing that the oldest of
those programs lacks, because ``benchmarks/first_looks.py`` runs it inside them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from facetcode.coding import code, load_policy
from facetcode.extract.build import Extractor
from facetcode.record import Record, to_json

POLICIES = ("default", "medicare")
"""The policies that labels state claims for."""

_ANSWER = frozenset(
    {"schema", "note_id", "status", "lines", "flags", "confidence", "policy", "version", "meta"}
)
_NOT_KEPT = frozenset({"verification", "lumbar_lines", "series", "auto", "novelty"})


def looks(
    notes: Iterable[Mapping[str, Any]], program: str, extractor: Extractor | None = None
) -> Iterator[dict[str, Any]]:
    """First looks at labelled notes (``note_id``, ``voice``, ``text``, ``meta``), in their order.

    ``program`` names the version that looks: a commit, or a release.
    """
    extractor = extractor or Extractor(screen=True)
    in_force = {policy: load_policy(policy).on(None) for policy in POLICIES}
    for note in notes:
        facts = extractor.facts(note["text"], note["meta"])
        records = {
            policy: code(facts, rules, note_id=note["note_id"], meta=note["meta"])
            for policy, rules in in_force.items()
        }
        yield look_of(records, note["voice"], program)


def look_of(records: Mapping[str, Record], voice: str, program: str) -> dict[str, Any]:
    """One first look from a note's records, one a policy of ``POLICIES``."""
    whole = {policy: to_json(record) for policy, record in records.items()}
    first = whole[POLICIES[0]]
    return {
        "note_id": first["note_id"],
        "voice": voice,
        "program": program,
        "facts": without_words({k: v for k, v in first.items() if k not in _ANSWER | _NOT_KEPT}),
        "claims": {
            policy: {
                "status": data["status"],
                "lines": [
                    {k: line[k] for k in ("code", "modifiers", "units", "joint", "side")}
                    for line in data["lines"]
                ],
                "flags": [{k: f[k] for k in ("code", "severity")} for f in data["flags"]],
            }
            for policy, data in whole.items()
        },
    }


def without_words(data: Any) -> Any:
    """The same facts, their evidence as offsets alone: a test voice's words stay unread."""
    if isinstance(data, list):
        return [without_words(item) for item in data]
    if not isinstance(data, dict):
        return data
    if data.keys() >= {"start", "end", "text"}:
        return {**data, "text": ""}
    return {key: without_words(value) for key, value in data.items()}


def as_line(look: Mapping[str, Any]) -> str:
    """A first look as its line of ``annotations/first_looks/<voice>.jsonl``."""
    return json.dumps(look, ensure_ascii=False, separators=(",", ":")) + "\n"
