"""A sample of notes out of a batch, that anybody can draw again and get the same.

Notes are put in the order of SHA-256 of the seed and their id, and taken from the front. So the
draw depends on nothing but seed and ids: neither on the order of the records, nor on the version
of a language's random numbers, and an auditor can repeat it with ``sha256sum``.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from facetcode.claims import Claim
from facetcode.errors import FacetcodeError

METHODS = ("random", "stratified", "probe")
PROBE_SIZE = 30
"""Notes of a probe: the small first sample whose error rate plans the full one."""


def _code(claim: Claim) -> str:
    return claim.lines[0].code if claim.lines else "none"


TRAITS: Mapping[str, Callable[[Claim], str]] = {
    "provider": lambda claim: claim.meta.get("provider", ""),
    "payer": lambda claim: claim.meta.get("payer", ""),
    "claim_type": lambda claim: claim.meta.get("claim_type", ""),
    "place_of_service": lambda claim: claim.meta.get("place_of_service", ""),
    "month": lambda claim: claim.meta.get("date_of_service", "")[:7],
    "status": lambda claim: claim.status,
    "policy": lambda claim: claim.policy.partition("@")[0],
    "code": _code,
    "levels": lambda claim: str(claim.levels),
}
"""What a frame may be narrowed to, and a sample be spread over."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The notes a sample may come from, and in words why these."""

    claims: tuple[Claim, ...]
    where: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One note of a sample or of its spares, in the order of its stratum."""

    note_id: str
    stratum: str


@dataclass(frozen=True, slots=True)
class Draw:
    """What was drawn: notes to review, spares to take in their place, and the strata's sizes."""

    sample: tuple[Drawn, ...]
    spares: tuple[Drawn, ...]
    strata: Mapping[str, tuple[int, int]]
    """Stratum to notes in the frame and notes drawn."""


def frame_of(
    claims: Sequence[Claim],
    where: Iterable[tuple[str, str]] = (),
    *,
    first: date | None = None,
    last: date | None = None,
    coder_of: Mapping[str, str] | None = None,
) -> Frame:
    """The claims with these traits, served within these days.

    Values of one trait are alternatives, traits narrow each other. A record without a date is
    outside any span of days. Raises FacetcodeError for a trait there is none of.
    """
    traits = _traits(coder_of)
    wanted: dict[str, set[str]] = defaultdict(set)
    for name, value in where:
        if name not in traits:
            raise FacetcodeError(f"no trait '{name}'; there are {', '.join(traits)}")
        wanted[name].add(value)
    said = [f"{name} is {' or '.join(sorted(values))}" for name, values in wanted.items()]
    if first:
        said.append(f"served on or after {first}")
    if last:
        said.append(f"served on or before {last}")
    kept = [
        claim
        for claim in claims
        if all(traits[name](claim) in values for name, values in wanted.items())
        and _within(claim.meta.get("date_of_service", ""), first, last)
    ]
    return Frame(tuple(kept), tuple(said))


def draw(
    frame: Frame,
    *,
    size: int,
    seed: int,
    spares: int = 0,
    by: str | None = None,
    coder_of: Mapping[str, str] | None = None,
) -> Draw:
    """Draw ``size`` notes and ``spares`` more, spread over the trait ``by`` if one is named.

    Strata get places in proportion, one each at least while there are places; spares likewise.
    Raises FacetcodeError where the frame is empty or has fewer notes than are to be reviewed.
    """
    if size < 1 or spares < 0:
        raise FacetcodeError("a sample has one note at least, and no fewer than no spares")
    if size > len(frame.claims):
        raise FacetcodeError(
            f"{size:,} notes are wanted and the frame holds {len(frame.claims):,}; "
            "draw fewer, or widen the frame"
        )
    traits = _traits(coder_of)
    if by is not None and by not in traits:
        raise FacetcodeError(f"no trait '{by}' to spread over; there are {', '.join(traits)}")
    groups: dict[str, list[str]] = defaultdict(list)
    for claim in frame.claims:
        groups[traits[by](claim) or "not named" if by else ""].append(claim.note_id)
    for ids in groups.values():
        ids.sort(key=lambda note_id: ticket(seed, note_id))
    sizes = {name: len(ids) for name, ids in groups.items()}
    take = allocate(sizes, size)
    left = {name: sizes[name] - take[name] for name in groups}
    extra = allocate(left, min(spares, sum(left.values())))
    order = sorted(groups)
    return Draw(
        tuple(Drawn(id_, name) for name in order for id_ in groups[name][: take[name]]),
        tuple(
            Drawn(id_, name)
            for name in order
            for id_ in groups[name][take[name] : take[name] + extra[name]]
        ),
        {name: (sizes[name], take[name]) for name in order},
    )


def ticket(seed: int, note_id: str) -> str:
    """A note's place in the draw: SHA-256, in hex, of the seed, a line break and the id."""
    return hashlib.sha256(f"{seed}\n{note_id}".encode("utf-8", "backslashreplace")).hexdigest()


def allocate(sizes: Mapping[str, int], places: int) -> dict[str, int]:
    """Places in proportion to sizes, one each while there are places, never more than there are.

    After the first one each, a place goes where most is missing to the exact share; where strata
    outnumber the places, the smallest go without. Equal cases are settled by size, then by name.
    """
    total = sum(sizes.values())
    places = min(places, total)
    names = sorted((name for name in sizes if sizes[name]), key=lambda name: (-sizes[name], name))
    take = dict.fromkeys(sizes, 0)
    for name in names[:places]:
        take[name] = 1
    for _ in range(places - len(names)):
        # The first of equals is the largest: names are in that order.
        open_ = (name for name in names if take[name] < sizes[name])
        take[max(open_, key=lambda name: places * sizes[name] / total - take[name])] += 1
    return take


def ids_hash(ids: Iterable[str]) -> str:
    """SHA-256 of the ids in order of their letters, a line break between."""
    return hashlib.sha256("\n".join(sorted(ids)).encode("utf-8", "backslashreplace")).hexdigest()


def _traits(coder_of: Mapping[str, str] | None) -> Mapping[str, Callable[[Claim], str]]:
    if coder_of is None:
        return TRAITS
    return {**TRAITS, "coder": lambda claim: coder_of.get(claim.note_id, "")}


def _within(day: str, first: date | None, last: date | None) -> bool:
    if first is None and last is None:
        return True
    try:
        served = date.fromisoformat(day[:10])
    except ValueError:
        return False
    return (first is None or served >= first) and (last is None or served <= last)
