"""New notes of a run, put together by likeness: a changed template shows as one group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ALIKE = 0.4
"""Cosine from which a new note joins a group; notes of one template lie well above it."""
_KINDS = 100
"""Groups that are told apart; with more than that, nothing in the export is known."""
_SHOWN = 20
_PROVIDERS = 3


@dataclass(slots=True)
class Kind:
    """New notes that are alike: how many, an example, whose."""

    example: str
    leader: str
    """Sketch of the first note."""
    notes: int = 0
    providers: dict[str, int] = field(default_factory=dict)


class NewNotes:
    """Groups new notes by the sketches in their records, one at a time; no text is seen.

    A note joins the group whose first note it is most alike, so the groups depend on the order of
    the input and on nothing else; their number is bounded.
    """

    def __init__(self) -> None:
        self.notes = 0
        self.kinds: list[Kind] = []
        self.ungrouped = 0

    def add(self, record: Mapping[str, Any]) -> None:
        """Take one record; only those of new notes count."""
        novelty = record.get("novelty")
        if not novelty or not novelty.get("new"):
            return
        self.notes += 1
        sketch = novelty.get("sketch") or ""
        kind = self._of(sketch)
        if kind is None:
            if len(self.kinds) >= _KINDS:
                self.ungrouped += 1
                return
            kind = Kind(record["note_id"], sketch)
            self.kinds.append(kind)
        kind.notes += 1
        who = record["meta"].get("provider", "").strip()
        if who and (who in kind.providers or len(kind.providers) < _KINDS):
            kind.providers[who] = kind.providers.get(who, 0) + 1

    def _of(self, sketch: str) -> Kind | None:
        best, most = None, ALIKE
        for kind in self.kinds:
            near = alike(kind.leader, sketch)
            if near >= most:
                best, most = kind, near
        return best

    def to_json(self) -> dict[str, Any]:
        """How many notes are new, and their groups, the largest first."""
        ordered = sorted(self.kinds, key=lambda kind: (-kind.notes, kind.example))
        shown = ordered[:_SHOWN]
        groups = [
            {
                "notes": kind.notes,
                "example": kind.example,
                "providers": sorted(kind.providers, key=lambda w: (-kind.providers[w], w))[
                    :_PROVIDERS
                ],
            }
            for kind in shown
        ]
        rest = self.notes - sum(kind.notes for kind in shown)
        return {"notes": self.notes, "groups": groups, "in_smaller_groups": rest}


def alike(one: str, other: str) -> float:
    """The cosine of two notes from their sketches; 0 for sketches that cannot be compared."""
    from math import cos, pi

    if not one or len(one) != len(other):
        return 0.0
    apart = (int(one, 16) ^ int(other, 16)).bit_count()
    return cos(pi * apart / (4 * len(one)))
