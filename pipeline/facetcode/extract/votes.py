"""Where a trained model may have a say in the reading; rules alone decide where none is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from facetcode.extract.reading import Reading, Status
from facetcode.facts import Kind, Relief, Score


class Votes(Protocol):
    """What models answer; each method gets what the rules say and may leave it as it is."""

    def could_hold(self, text: str, by_rule: bool) -> bool:
        """Whether a note may hold a facet block, and so is read at all."""

    def times(self, reading: Reading) -> Mapping[tuple[int, int], Status]:
        """The status of named procedures, by their offsets, where it is not the rules'."""

    def numbers(
        self,
        reading: Reading,
        kind: Kind | None,
        relief: tuple[Relief, ...],
        scores: tuple[Score, ...],
    ) -> tuple[tuple[Relief, ...], tuple[Score, ...]]:
        """Relief and scores as they are to stand, given the procedure done today."""
