"""Where a model has a say it changes the record; where none is, the rules' answer stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from facetcode.extract.build import Extractor
from facetcode.facts import Facts
from facetcode.learn import screening
from facetcode.learn.examples import Example, common
from facetcode.learn.judge import Judge

NOTE = (
    "PROCEDURE: Right C4-5 facet joint injection under fluoroscopy.\n"
    "HISTORY: The first block gave 85% relief on 2/3/25.\n"
    "RECOVERY: 90% relief. Pain 7/10 before and 1/10 after."
)


class Stub:
    """Answers by a word among the features, as a trained pipeline would."""

    classes_ = (screening.FREE, screening.HOLDS)

    def __init__(self, **answers: str) -> None:
        self.answers = answers

    def predict(self, features: Sequence[dict[str, float]]) -> list[str]:
        return [self._one(f) for f in features]

    def predict_proba(self, features: Sequence[dict[str, float]]) -> Any:
        return np.array([[1.0, 0.0] if "gone" in self.answers else [0.0, 1.0] for _ in features])

    def _one(self, features: dict[str, float]) -> str:
        rules = next(name.removeprefix("rules: ") for name in features if name.startswith("rules:"))
        return self.answers.get(rules.replace(" ", "_"), self.answers.get("every", rules))


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    return Extractor()


def read(extractor: Extractor, text: str, **models: dict[str, Any]) -> Facts:
    extractor.votes = Judge(models) if models else None
    return extractor.facts(text)


def told(facts: Facts) -> list[tuple[float, str]]:
    return [(r.low, r.when) for r in facts.relief]


def test_rules_alone(extractor: Extractor) -> None:
    plain = read(extractor, NOTE)
    assert told(plain) == [(85, "prior"), (90, "today")]
    same = read(extractor, NOTE, relief={"pipeline": Stub(), "limit": 0.0})
    assert same == plain, "a model that agrees changes nothing"


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        pytest.param({"relief_prior": "neither"}, [(90, "today")], id="dropped"),
        pytest.param(
            {"relief_prior": "relief today"}, [(85, "today"), (90, "today")], id="another time"
        ),
        pytest.param({"every": "neither"}, [], id="none at all"),
    ],
)
def test_relief_by_the_model(
    extractor: Extractor, answers: dict[str, str], expected: list[tuple[float, str]]
) -> None:
    facts = read(extractor, NOTE, relief={"pipeline": Stub(**answers), "limit": 0.0})
    assert told(facts) == expected
    for relief in facts.relief:
        for spot in relief.evidence:
            assert NOTE[spot.start : spot.end] == spot.text


def test_scores_by_the_model(extractor: Extractor) -> None:
    model = {"pipeline": Stub(score_pre="score other", score_post="neither"), "limit": 0.0}
    facts = read(extractor, NOTE, relief=model)
    assert [(s.low, s.when) for s in facts.scores] == [(7, "other")]


def test_no_relief_of_today_without_a_block_today(extractor: Extractor) -> None:
    note = "Office visit. Her cervical facet block in May gave 85% relief. No procedure today."
    model = {"pipeline": Stub(every="relief today"), "limit": 0.0}
    assert told(read(extractor, note, relief=model)) == [(85, "prior")]


def test_evidence_holds_where_blanks_were_taken_out(extractor: Extractor) -> None:
    spaced = NOTE.replace("RECOVERY", " " * 4000 + "\nRECOVERY")
    plain = read(extractor, spaced)
    model = {"pipeline": Stub(score_pre="score other"), "limit": 0.0}
    facts = read(extractor, spaced, relief=model)
    assert told(facts) == told(plain)
    assert [s.when for s in facts.scores] == ["other", "post"]
    assert all(spaced[e.start : e.end] == e.text for r in facts.relief for e in r.evidence)


def test_a_named_block_by_the_model(extractor: Extractor) -> None:
    assert read(extractor, NOTE).is_facet_block
    model = {"pipeline": Stub(every="another time"), "limit": 0.0}
    assert not read(extractor, NOTE, time=model).is_facet_block


def test_the_screen_only_narrows(extractor: Extractor) -> None:
    gone = {"pipeline": Stub(gone="yes"), "limit": 0.1}
    assert not read(extractor, NOTE, screen=gone).is_facet_block
    kept = {"pipeline": Stub(), "limit": 0.1}
    assert read(extractor, NOTE, screen=kept).is_facet_block
    assert Judge({"screen": kept}).could_hold("Refill of medication.", by_rule=False) is False


def test_rare_words_are_no_features() -> None:
    made = [
        Example(f"n{at}", "h", {"before: relief": 1.0, f"after: name{at // 2}": 1.0}, "a", "a")
        for at in range(10)
    ]
    assert {name for e in common(made, 5) for name in e.features} == {"before: relief"}
