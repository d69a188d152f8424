"""Who tells the relief of which block: the block's own note, follow-up visits, phone calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from facetcode.facts import Relief
from facetcode.series.visit import Visit, related, same_side


@dataclass(frozen=True, slots=True)
class Told:
    """A percentage of relief and the note that tells it."""

    by: Visit
    relief: Relief
    after: bool
    """Told by a later note; False for the block's own note, minutes after the needle."""


Ledger = Mapping[str, Sequence[Told]]
"""Note id of a block to what is told of its relief."""


def ledger(visits: Sequence[Visit]) -> Ledger:
    """Assign each stated percentage to a block; ``visits`` are dated, earliest first.

    A statement that dates its block is taken at its word. One that does not is of the latest
    procedure before it, if that was a facet block of a side the statement can mean; in a note
    of a further block, of the latest earlier diagnostic block of the same series.
    """
    found: dict[str, list[Told]] = {}
    for visit in visits:
        for relief in visit.facts.relief:
            own = visit.facts.is_facet_block and relief.when == "today"
            blocks = [visit] if own else _meant(visit, relief, visits)
            for block in blocks:
                found.setdefault(block.note_id, []).append(Told(visit, relief, not own))
    return found


def counted(told: Sequence[Told], side: str | None = None) -> tuple[Told, ...]:
    """The statements that count for a block: those of later notes, else its own note's.

    The relief minutes after the needle is the weaker word: payers ask how long it lasted.
    """
    fitting = [t for t in told if side is None or t.relief.side in {"unstated", "bilateral", side}]
    later = tuple(t for t in fitting if t.after)
    return later or tuple(fitting)


def _meant(visit: Visit, relief: Relief, visits: Sequence[Visit]) -> list[Visit]:
    before = [v for v in visits if v.note_id != visit.note_id and _before(v, visit)]
    if relief.date is not None:
        dated = [v for v in before if v.day is not None and v.day.isoformat() == relief.date]
        return [v for v in dated if _can_be_of(v, relief)]
    if visit.facts.is_facet_block:
        before = [v for v in before if v.intent == "diagnostic" and related(v, visit)]
    latest = [v for v in before if before and v.day == before[-1].day]
    if not latest or not all(v.facts.is_facet_block for v in latest):
        return []  # the percentage may be of an epidural or of another procedure
    return [v for v in latest if _can_be_of(v, relief)]


def _before(other: Visit, visit: Visit) -> bool:
    """Whether a procedure came before; a call in the evening is still of the morning's block."""
    if not other.is_procedure or other.day is None or visit.day is None:
        return False
    return other.day < visit.day or (other.day == visit.day and not visit.is_procedure)


def _can_be_of(block: Visit, relief: Relief) -> bool:
    return block.facts.is_facet_block and (
        not block.facts.levels
        or any(same_side(level.side, relief.side) for level in block.facts.levels)
    )
