"""One note's lines against the reviewer's: which errors, of which class, over or under."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from facetcode.claims import ClaimLine

CLASSES = ("level", "side", "units", "code", "modifier", "documentation")
"""In the order of cause: a wrong level brings wrong codes with it, a wrong side wrong modifiers."""
CODING = CLASSES[:-1]
_SIDED = frozenset({"RT", "LT", "50"})


@dataclass(frozen=True, slots=True)
class Error:
    """One difference: its class, and in words what stands there and what is right."""

    kind: str
    says: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a note's lines look like beside the reviewer's."""

    errors: tuple[Error, ...]
    over: int
    """Units coded that the reviewer would not bill; a line with modifier 50 counts two."""
    under: int
    """Units the reviewer would bill that were not coded."""

    @property
    def wrong(self) -> bool:
        """Whether the claim itself is wrong; documentation is judged apart."""
        return any(error.kind in CODING for error in self.errors)

    @property
    def cause(self) -> str:
        """The class that comes first in the order of cause, or nothing."""
        kinds = {error.kind for error in self.errors}
        return next((kind for kind in CLASSES if kind in kinds), "")

    @property
    def direction(self) -> str:
        """``over``, ``under``, ``changed`` (both, or neither and yet wrong), or nothing."""
        if bool(self.over) != bool(self.under):
            return "over" if self.over else "under"
        return "changed" if self.wrong else ""


def compare(
    given: Sequence[ClaimLine],
    right: Sequence[ClaimLine],
    missing: Sequence[str] | None = None,
    right_missing: Sequence[str] | None = None,
) -> Verdict:
    """Compare lines; the order of either side never matters.

    Lines are paired by code, then by joint. Level and side are compared where both name them;
    documentation where both are given. A modifier that only tells the side is the side's error.
    """
    pairs, extra, absent = _pair(given, right)
    errors: list[Error] = []
    for mine, theirs in pairs:
        errors += _pair_errors(mine, theirs)
    errors += [Error("code", f"{line.word} is not to be billed") for line in extra]
    errors += [Error("code", f"{line.word} was not coded") for line in absent]
    errors += _levels(given, right)
    if missing is not None and right_missing is not None:
        errors += [
            Error("documentation", f"{flag} was not raised")
            for flag in right_missing
            if flag not in missing
        ]
        errors += [
            Error("documentation", f"{flag} was raised without cause")
            for flag in missing
            if flag not in right_missing
        ]
    billed, due = _billed(given), _billed(right)
    order = {kind: number for number, kind in enumerate(CLASSES)}
    return Verdict(
        tuple(sorted(dict.fromkeys(errors), key=lambda e: (order[e.kind], e.says))),
        (billed - due).total(),
        (due - billed).total(),
    )


Pairs = list[tuple[ClaimLine, ClaimLine]]


def _pair(
    given: Sequence[ClaimLine], right: Sequence[ClaimLine]
) -> tuple[Pairs, list[ClaimLine], list[ClaimLine]]:
    """Lines that answer each other, best first, and those of either side without an answer."""
    pairs: Pairs = []
    left, open_ = sorted(given, key=_key), sorted(right, key=_key)
    rules: tuple[Callable[[ClaimLine, ClaimLine], bool], ...] = (
        lambda a, b: a == b,
        lambda a, b: a.code == b.code and a.joints == b.joints and a.side == b.side,
        lambda a, b: a.code == b.code and a.joints == b.joints,
        lambda a, b: a.code == b.code,
        lambda a, b: a.joints == b.joints != (),
    )
    for fits in rules:
        for mine in list(left):
            answer = next((theirs for theirs in open_ if fits(mine, theirs)), None)
            if answer is not None:
                pairs.append((mine, answer))
                left.remove(mine)
                open_.remove(answer)
    return pairs, left, open_


def _key(line: ClaimLine) -> tuple[object, ...]:
    return (line.code, line.joints, line.side, sorted(line.modifiers), line.units)


def _pair_errors(mine: ClaimLine, theirs: ClaimLine) -> list[Error]:
    errors = []
    sides_differ = bool(mine.side and theirs.side and mine.side != theirs.side)
    if mine.code != theirs.code:
        errors.append(Error("code", f"{mine.code} instead of {theirs.code}"))
    if sides_differ:
        errors.append(Error("side", f"{mine.side} instead of {theirs.side} ({mine.code})"))
    if mine.units != theirs.units:
        errors.append(Error("units", f"{mine.units} instead of {theirs.units} ({mine.code})"))
    has, needs = set(mine.modifiers), set(theirs.modifiers)
    if sides_differ:
        has, needs = has - _SIDED, needs - _SIDED
    if has != needs:
        errors.append(Error("modifier", f"{_said(has)} instead of {_said(needs)} ({mine.code})"))
    return errors


def _levels(given: Sequence[ClaimLine], right: Sequence[ClaimLine]) -> list[Error]:
    mine = {joint for line in given for joint in line.joints}
    theirs = {joint for line in right for joint in line.joints}
    # Who names no joint has not judged them; where nothing is billed, that is the error.
    if not mine or not theirs:
        return []
    errors = [Error("level", f"{joint} is no level treated") for joint in sorted(mine - theirs)]
    return errors + [Error("level", f"{joint} is not there") for joint in sorted(theirs - mine)]


def _billed(lines: Iterable[ClaimLine]) -> Counter[str]:
    """Code to units billed; modifier 50 bills both sides."""
    billed: Counter[str] = Counter()
    for line in lines:
        billed[line.code] += line.units * (2 if "50" in line.modifiers else 1)
    return billed


def _said(modifiers: Iterable[str]) -> str:
    return " ".join(sorted(modifiers)) or "none"
