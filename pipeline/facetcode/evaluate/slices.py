"""Accuracy apart by voice, physician, payer, template and length, each beside all other notes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from facetcode.evaluate.accuracy import answered
from facetcode.evaluate.cases import Case
from facetcode.evaluate.gold import POLICIES
from facetcode.evaluate.intervals import Estimate, proportion
from facetcode.evaluate.matching import Counts

SHOWN = 25
"""Groups of a slice that are told apart, the largest first; the rest are put together."""
_LENGTHS = (500, 1000, 2000, 4000)


@dataclass(frozen=True, slots=True)
class Measures:
    """How some notes fared: codes and whole notes of the answers, questions, and levels' F1."""

    notes: int
    codes: Estimate
    whole: Estimate
    asked: Estimate
    levels: float | None


@dataclass(frozen=True, slots=True)
class Group:
    """The notes of one voice, physician or other, and how all the others fared."""

    name: str
    own: Measures
    others: Measures | None

    @property
    def apart(self) -> bool:
        """Whether the intervals of the codes do not even meet."""
        if self.others is None or self.own.codes.value is None:
            return False
        own, others = self.own.codes, self.others.codes
        return own.high < others.low or own.low > others.high


def measure(cases: Sequence[Case]) -> Measures:
    """The figures of some notes; codes under ``default`` where there is such a record."""
    given = [case for case in cases if answered(case)]
    total = sum((case.score.facts["joint+side"] for case in cases), Counts())
    return Measures(
        len(cases),
        proportion(sum(_codes_right(case) for case in given), len(given)),
        proportion(sum(case.score.all_correct for case in given), len(given)),
        proportion(len(cases) - len(given), len(cases)),
        total.f1,
    )


def _codes_right(case: Case) -> bool:
    return next(case.score.claims[policy] for policy in POLICIES if policy in case.score.claims)


def slices(
    cases: Sequence[Case], keys: Mapping[str, Callable[[Case], str]] | None = None
) -> dict[str, list[Group]]:
    """Each slice's groups, the largest first; a slice whose notes are all of one kind is left out.

    The first, voices, is the leave-one-out table: each voice beside all other voices. ``keys``
    chooses among ``KEYS``, which it is by default.
    """
    found = {name: groups(cases, key) for name, key in (keys or KEYS).items()}
    return {name: rows for name, rows in found.items() if len(rows) > 1 or name == "voice"}


def groups(cases: Sequence[Case], key: Callable[[Case], str]) -> list[Group]:
    """The notes apart by a key, the largest group first and then by name."""
    of: dict[str, list[Case]] = {}
    for case in cases:
        of.setdefault(key(case), []).append(case)
    ranked = sorted(of, key=lambda name: (-len(of[name]), name))
    if len(ranked) > SHOWN:
        rest = ranked[SHOWN - 1 :]
        together = [case for name in rest for case in of[name]]
        of = {name: of[name] for name in ranked[: SHOWN - 1]}
        of[f"{len(rest):,} others together"] = together
        ranked = list(of)
    rows = []
    for name in ranked:
        inside = {id(case) for case in of[name]}
        rest_of = [case for case in cases if id(case) not in inside]
        rows.append(Group(name, measure(of[name]), measure(rest_of) if rest_of else None))
    return rows


def template(case: Case) -> str:
    """The note's headings in order: notes of one template share them."""
    from facetcode.extract.sections import outline

    headings = [heading.upper() for _, heading in outline(case.gold.text)]
    return " / ".join(headings) or "no headings"


def length(case: Case) -> str:
    """The note's length in characters, in steps that double."""
    below = 0
    for bound in _LENGTHS:
        if len(case.gold.text) < bound:
            return f"{below:,} to {bound - 1:,} characters"
        below = bound
    return f"{below:,} characters and more"


KEYS: Mapping[str, Callable[[Case], str]] = {
    "voice": lambda case: case.gold.voice,
    "physician": lambda case: case.meta("provider") or "not named",
    "payer": lambda case: case.meta("payer") or "not named",
    "template": template,
    "length": length,
}
"""What notes are told apart by."""
