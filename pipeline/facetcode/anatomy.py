"""Facet joints, the medial branches that supply them, and nothing else about the spine.

Source of the innervation table: coding rule sheet section 3.1 (LCD L33930 for dual supply and
the C2-C3 exception; standard anatomy for C7-T1, T1-T2 and the thoracic offset).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

VERTEBRAE: tuple[str, ...] = (
    *(f"C{n}" for n in range(1, 8)),
    *(f"T{n}" for n in range(1, 13)),
    *(f"L{n}" for n in range(1, 6)),
    "S1",
)
TON = "TON"
"""The third occipital nerve: the superficial medial branch of the C3 dorsal ramus."""

_INDEX = {name: i for i, name in enumerate(VERTEBRAE)}

NERVES: tuple[str, ...] = (
    TON,
    *(f"C{n}" for n in range(3, 9)),
    *(f"T{n}" for n in range(1, 13)),
    *(f"L{n}" for n in range(1, 6)),
)
"""Medial branches (and the L5 dorsal ramus) in cranial-to-caudal order."""

_NERVE_INDEX = {name: i for i, name in enumerate(NERVES)}


def _supply() -> dict[str, frozenset[str]]:
    supply = {"C2-C3": frozenset({TON})}
    for n in range(3, 7):
        supply[f"C{n}-C{n + 1}"] = frozenset({f"C{n}", f"C{n + 1}"})
    # From C7 down the nerve is numbered one above the joint's lower articular process,
    # because there are eight cervical nerves and seven cervical vertebrae.
    below = [*NERVES[NERVES.index("C7") :]]
    joints = [f"{a}-{b}" for a, b in itertools.pairwise(VERTEBRAE[6:])]
    for joint, upper, lower in zip(joints, below, below[1:], strict=False):
        supply[joint] = frozenset({upper, lower})
    return supply


SUPPLY: dict[str, frozenset[str]] = _supply()
"""Joint to the nerves that must all be blocked to treat it."""

JOINTS: tuple[str, ...] = tuple(SUPPLY)
"""C2-C3 to L5-S1, cranial first."""

CERVICAL_THORACIC: tuple[str, ...] = JOINTS[: JOINTS.index("T12-L1") + 1]
"""The joints that 64490-64492 describe: C2-C3 to T12-L1."""

LUMBAR: tuple[str, ...] = JOINTS[JOINTS.index("L1-L2") :]

_JOINT_INDEX = {joint: i for i, joint in enumerate(JOINTS)}


@dataclass(frozen=True, slots=True)
class Resolution:
    """Joints that a set of nerves supplies in full, and the nerves that complete none."""

    joints: tuple[str, ...]
    leftover: tuple[str, ...]


def is_joint(upper: str, lower: str) -> bool:
    """Whether two vertebrae are neighbours with a facet joint between them that can be blocked."""
    return f"{upper}-{lower}" in SUPPLY


def joints_from_nerves(nerves: Iterable[str]) -> Resolution:
    """Resolve medial branches of one side to joints.

    Both nerves of a joint are required, except that the third occipital nerve alone supplies
    C2-C3 (rule sheet 3.1). Unknown names are an error of the caller's: KeyError.
    """
    named = set(nerves)
    for nerve in named:
        _NERVE_INDEX[nerve]
    joints = tuple(joint for joint, need in SUPPLY.items() if need <= named)
    used: set[str] = set().union(*(SUPPLY[joint] for joint in joints)) if joints else set()
    if TON in named:
        # One text adds a C3 contribution to C2-C3, so {TON, C3} is C2-C3 and leaves nothing over.
        used.add("C3")
    leftover = tuple(sorted(named - used, key=_NERVE_INDEX.__getitem__))
    return Resolution(joints, leftover)


def nerves_between(first: str, last: str) -> tuple[str, ...]:
    """Every nerve from ``first`` to ``last`` inclusive; empty when the order is reversed."""
    if first not in _NERVE_INDEX or last not in _NERVE_INDEX:
        return ()
    return NERVES[_NERVE_INDEX[first] : _NERVE_INDEX[last] + 1]


def joints_between(upper: str, lower: str) -> tuple[str, ...]:
    """Every joint of a span of vertebrae: ``C3`` to ``C6`` is C3-C4, C4-C5, C5-C6."""
    if upper not in _INDEX or lower not in _INDEX:
        return ()
    run = VERTEBRAE[_INDEX[upper] : _INDEX[lower] + 1]
    return tuple(f"{a}-{b}" for a, b in itertools.pairwise(run) if is_joint(a, b))


def next_vertebra(name: str) -> str | None:
    """The vertebra below, or None below S1 and for unknown names."""
    i = _INDEX.get(name)
    return None if i is None or i + 1 >= len(VERTEBRAE) else VERTEBRAE[i + 1]


def is_cervical_thoracic(joint: str) -> bool:
    """Whether 64490-64492 is the joint's family: C2-C3 to T12-L1."""
    return joint in _JOINT_INDEX and _JOINT_INDEX[joint] <= _JOINT_INDEX["T12-L1"]


def region(joint: str) -> str:
    """``cervical``, ``thoracic`` or ``lumbar`` by the joint's upper vertebra."""
    return {"C": "cervical", "T": "thoracic", "L": "lumbar"}[joint[0]]


def order(joint: str) -> int:
    """Sort key: cranial joints first."""
    return _JOINT_INDEX[joint]


def merge_sides(sides: Sequence[str]) -> str:
    """The side of a joint named several times: right and left make bilateral."""
    known = {side for side in sides if side != "unstated"}
    if not known:
        return "unstated"
    if len(known) > 1:
        return "bilateral"
    return known.pop()
