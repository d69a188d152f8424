"""A run in figures: what was found, what to ask, what is missing, by physician and by payer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from facetcode.batch.novelty import NewNotes

_NAMED = 200
"""Physicians and payers that are told apart; an export with more has its names wrong."""
_OTHERS = "all others"
_NONE = "not named"


class Summary:
    """Counts over records, taken one at a time; its size does not grow with the run."""

    def __init__(self, unmatched: int = 0, promised: Mapping[str, str] | None = None) -> None:
        self.promised = dict(promised or {})
        """By family of policies, what holds of records marked ``auto``; empty if none was asked."""
        self.auto = 0
        self.new = NewNotes()
        self.unmatched = unmatched
        """Notes whose payer no row of the mapping knows."""
        self.notes = 0
        self.rejects = 0
        self.status: Counter[str] = Counter()
        self.kinds: Counter[str] = Counter()
        self.codes: Counter[str] = Counter()
        self.flags: dict[str, Counter[str]] = {
            "hard": Counter(),
            "soft": Counter(),
            "info": Counter(),
        }
        self.asked: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.by_provider: dict[str, Counter[str]] = {}
        self.by_payer: dict[str, Counter[str]] = {}
        self.policies: Counter[str] = Counter()

    def add(self, record: Mapping[str, Any]) -> None:
        """Take one record."""
        self.notes += 1
        status = record["status"]
        self.status[status] += 1
        self.kinds[record["procedure"]["kind"] or "none"] += 1
        self.auto += record.get("auto") is True
        self.new.add(record)
        if status == "not_applicable":
            return
        self.policies[record["policy"]] += 1
        self.codes.update(line["code"] for line in record["lines"])
        flags = {(flag["severity"], flag["code"]) for flag in record["flags"]}
        for severity, code in flags:
            self.flags[severity][code] += 1
        if status == "query":
            self.asked.update(code for severity, code in flags if severity == "hard")
        hard = any(severity == "hard" for severity, _ in flags)
        meta = record["meta"]
        for groups, name in ((self.by_provider, "provider"), (self.by_payer, "payer")):
            who = meta.get(name, "").strip() or _NONE
            if who not in groups and len(groups) >= _NAMED:
                who = _OTHERS
            group = groups.setdefault(who, Counter())
            group[status] += 1
            group["with a hard flag"] += hard

    def add_reject(self, reject: Mapping[str, Any]) -> None:
        """Take one note that has no record."""
        self.rejects += 1
        # Numbers differ from note to note; the kind of trouble does not.
        self.reasons[_kind(reject["reason"])] += 1

    def to_json(self) -> dict[str, Any]:
        """The figures as JSON has them, most frequent first and then by name."""
        return {
            "notes": self.notes,
            "rejects": self.rejects,
            "status": ranked(self.status),
            "procedures": ranked(self.kinds),
            "codes": ranked(self.codes),
            "flags": {severity: ranked(counts) for severity, counts in self.flags.items()},
            "queries_by_reason": ranked(self.asked),
            "by_provider": {who: dict(sorted(c.items())) for who, c in grouped(self.by_provider)},
            "by_payer": {who: dict(sorted(c.items())) for who, c in grouped(self.by_payer)},
            "policies": ranked(self.policies),
            "payer_not_in_the_mapping": self.unmatched,
            "reject_reasons": ranked(self.reasons),
            **({"auto": self.auto, "auto_promise": self.promised} if self.promised else {}),
            "new_notes": self.new.to_json(),
        }


def ranked(counts: Counter[str]) -> dict[str, int]:
    """Counts, the highest first, equal ones by name."""
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def grouped(groups: Mapping[str, Counter[str]]) -> list[tuple[str, Counter[str]]]:
    """Groups by their number of facet blocks, the largest first."""
    return sorted(groups.items(), key=lambda g: (-(g[1]["coded"] + g[1]["query"]), g[0]))


def _kind(reason: str) -> str:
    return "".join("#" if c.isdigit() else c for c in reason)[:120]
