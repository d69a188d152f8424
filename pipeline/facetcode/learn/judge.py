"""The models' say in the reading: the answers to what ``facetcode.extract.votes`` asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from facetcode.extract.reading import LIVE, Reading, Status
from facetcode.facts import Kind, Relief, Score
from facetcode.learn import numbers, screening, statements
from facetcode.learn.decisions import answers


@dataclass(frozen=True, slots=True)
class Judge:
    """Loaded decision models by task; a task without one leaves the rules' answer as it is."""

    models: Mapping[str, Mapping[str, Any]]

    def could_hold(self, text: str, by_rule: bool) -> bool:
        """The rules' screen, narrowed: a note the rules leave out is never taken in."""
        model = self.models.get("screen")
        if model is None or not by_rule:
            return by_rule
        features = screening.features_of(text, screening.HOLDS)
        return answers(model, [features]) == [screening.HOLDS]

    def times(self, reading: Reading) -> Mapping[tuple[int, int], Status]:
        """A status for each name of a facet block of which the model thinks otherwise."""
        model = self.models.get("time")
        if model is None:
            return {}
        found = list(statements.mentions(reading))
        said = answers(model, [statements.features_of(reading, t) for t in found])
        changed: dict[tuple[int, int], Status] = {}
        for target, answer in zip(found, said, strict=True):
            live = reading.status(target) in LIVE
            if live != (answer == statements.TODAY):
                changed[target.start, target.end] = "prior" if live else "performed"
        return changed

    def numbers(
        self,
        reading: Reading,
        kind: Kind | None,
        relief: tuple[Relief, ...],
        scores: tuple[Score, ...],
    ) -> tuple[tuple[Relief, ...], tuple[Score, ...]]:
        """Relief and scores, each number by the model's answer."""
        model = self.models.get("relief")
        if model is None:
            return relief, scores
        found = list(numbers.numbers(reading, relief, scores))
        said = answers(model, [numbers.features_of(reading, n, kind) for n in found])
        return numbers.revised(list(zip(found, said, strict=True)), relief, kind)
