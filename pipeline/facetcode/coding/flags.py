"""The flags of one record: collected, ranked by the policy, never the same one twice."""

from __future__ import annotations

from collections.abc import Iterable

from facetcode.coding.case import in_note_order
from facetcode.coding.policy import InForce
from facetcode.coding.rules import KEYS
from facetcode.facts import Doubt, Evidence, Severity
from facetcode.record import Flag

_RANK: dict[Severity, int] = {"hard": 0, "soft": 1, "info": 2}


class FlagList:
    """Flags raised so far under one policy, and the policy values that were needed but unknown."""

    def __init__(self, policy: InForce, doubts: Iterable[Doubt] = ()) -> None:
        self._policy = policy
        self._flags: dict[tuple[str, tuple[Evidence, ...]], Flag] = {}
        self._unknown: set[str] = set()
        self._from_memory: set[str] = set()
        for doubt in doubts:
            # What extraction doubts keeps its own severity: it knows how the words read.
            self._add(doubt.code, doubt.severity, doubt.message, doubt.evidence)

    def add(
        self,
        code: str,
        message: str,
        evidence: Iterable[Evidence] = (),
        severity: Severity | None = None,
    ) -> None:
        """Raise a flag with the policy's severity, or the one given; nothing where it is off."""
        rule = self._policy.flags[code]
        if rule.severity is not None:
            self._add(code, severity or rule.severity, message, evidence)

    def asks(self, code: str) -> bool:
        """Whether the policy asks for what this flag watches."""
        return self._policy.flags[code].severity is not None

    def unknown(self, key: str) -> None:
        """Note that a record needed a policy value nobody knows."""
        self._unknown.add(key)

    def relied_on(self, key: str) -> None:
        """Note that a line rests on a policy value; one from memory alone is said."""
        if self._policy.entries[key].sure == "memory":
            self._from_memory.add(key)

    def has(self, *codes: str) -> bool:
        return any(code in codes for code, _ in self._flags)

    def hard(self, *codes: str) -> bool:
        """Whether any of these stands as a hard flag."""
        return any(f.code in codes and f.severity == "hard" for f in self._flags.values())

    def sorted(self) -> tuple[Flag, ...]:
        """Every flag, hard first, then by code and place in the note."""
        self._settle_unknown()
        return tuple(
            sorted(
                self._flags.values(),
                key=lambda f: (
                    _RANK[f.severity],
                    f.code,
                    f.evidence[0].start if f.evidence else -1,
                    f.message,
                ),
            )
        )

    def _add(
        self, code: str, severity: Severity, message: str, evidence: Iterable[Evidence]
    ) -> None:
        rule = self._policy.flags.get(code)
        authority = rule.authority if rule else self._policy.rules.coverage_document
        spans = in_note_order(evidence)
        known = self._flags.get((code, spans))
        flag = Flag(code, severity, message, authority, spans)
        # Of two doubts on the same words the graver stands, whichever came first.
        if known is None or (_RANK[severity], message) < (_RANK[known.severity], known.message):
            self._flags[code, spans] = flag

    def _settle_unknown(self) -> None:
        if self._unknown:
            keys = sorted(self._unknown)
            lines = any(KEYS[key].affects == "lines" for key in keys)
            asked = "; ".join(f"{KEYS[key].about} ({key})" for key in keys)
            self.add(
                "PAYER_RULE_UNKNOWN",
                f"Policy {self._policy.name} does not know {asked}. "
                "Ask the payer and enter the answer in a policy file.",
                severity="hard" if lines else "soft",
            )
        elif self._from_memory:
            keys = sorted(self._from_memory)
            self.add(
                "PAYER_RULE_UNKNOWN",
                f"Policy {self._policy.name} rests on general knowledge for "
                f"{'; '.join(f'{KEYS[key].about} ({key})' for key in keys)}. Confirm it.",
                severity="info",
            )
