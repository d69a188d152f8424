"""Confidence: its features on a note one can check, and the model against scikit-learn's own."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from facetcode.errors import TrainingError
from facetcode.facts import Doubt, Evidence, Facts, Guidance, Level, Procedure, StatedCode
from facetcode.learn import confidence
from facetcode.learn.agreement import FEATURES, Claim, row
from facetcode.learn.confidence import Cases

CLAIM = Claim("coded", ("64490",), frozenset({"RT"}), "default@2024-07-01")
TEXT = "Right C4-5 facet block. " + "x" * 300 + " C4-5 entered. " + "y" * 200


def at(*starts: int) -> tuple[Evidence, ...]:
    return tuple(Evidence(start, start + 4, "C4-5") for start in starts)


FACTS = Facts(
    Procedure("intraarticular", "diagnostic", 1, at(0)),
    (Level("C4-C5", "right", "joints", at(6, 330)),),
    guidance=Guidance("fluoroscopy", at(40)),
)


NOTHING_BILLED = replace(CLAIM, status="not_applicable", codes=())


@pytest.mark.parametrize(
    ("facts", "claim", "expected"),
    [
        pytest.param(
            FACTS,
            CLAIM,
            {"coded": 1, "levels": 1, "places": 2, "one_place": 0, "head_and_body": 1},
            id="plain",
        ),
        pytest.param(
            replace(FACTS, levels=(Level("C4-C5", "unstated", "nerves", at(6)),)),
            CLAIM,
            {"head_and_body": 0, "no_side": 1, "as_nerves": 1, "one_place": 1},
            id="one place",
        ),
        pytest.param(
            replace(FACTS, stated_codes=(StatedCode("64490"), StatedCode("77003"))),
            CLAIM,
            {"codes_agree": 1, "codes_differ": 0},
            id="own codes agree",
        ),
        pytest.param(
            replace(FACTS, stated_codes=(StatedCode("64490"), StatedCode("64491"))),
            CLAIM,
            {"codes_agree": 0, "codes_differ": 1},
            id="own codes differ",
        ),
        pytest.param(
            replace(FACTS, doubts=(Doubt("LEVEL_CONFLICT", "m"), Doubt("SIDE_CONFLICT", "m"))),
            CLAIM,
            {"level_doubt": 1, "side_doubt": 1, "other_doubt": 0},
            id="doubts",
        ),
        pytest.param(
            Facts(Procedure("epidural")),
            NOTHING_BILLED,
            {"other_done": 1, "level_words": 2, "block_words": 1, "levels": 0},
            id="not ours",
        ),
        pytest.param(
            Facts(Procedure(None)),
            NOTHING_BILLED,
            {"nothing_read": 1, "level_words": 0, "long": 0, "strange": 0},
            id="screened out",
        ),
        pytest.param(
            FACTS,
            replace(CLAIM, policy="medicare-noridian@2026-01-01"),
            {"under_medicare": 1},
            id="asks for KX",
        ),
    ],
)
def test_the_features_of_a_note(facts: Facts, claim: Claim, expected: dict[str, float]) -> None:
    values = dict(zip(FEATURES, row(facts, claim, TEXT, 0.4), strict=True))
    assert {name: values[name] for name in expected} == expected


def cases(count: int = 120, seed: int = 3) -> Cases:
    """Claims of twelve hands whose being right depends on one feature, and on luck."""
    random = np.random.default_rng(seed)
    rows = random.normal(size=(count, len(FEATURES)))
    right = random.random(count) < 1 / (1 + np.exp(-(1.0 + 1.5 * rows[:, 3])))
    return Cases(
        rows,
        right,
        tuple(f"h{at % 12}" for at in range(count)),
        tuple(f"n{at // 2}" for at in range(count)),
        tuple(("default", "medicare")[at % 2] for at in range(count)),
        np.ones(count, dtype=bool),
    )


def test_the_loaded_model_says_what_scikit_learn_says() -> None:
    given_ = cases()
    pipeline = confidence.fit(given_)
    held = confidence.content(pipeline, given_)
    said = confidence.opened(held).of_rows(given_.rows)
    expected = np.minimum(pipeline.predict_proba(given_.rows)[:, 1], 0.999)
    assert np.abs(said - expected).max() <= 0.5e-4 + 1e-9
    again = confidence.cases_of(held)
    assert np.array_equal(again.rows, given_.rows) and again.families == given_.families


def test_it_beats_the_base_rate_where_there_is_something_to_learn() -> None:
    given_ = cases(480)
    sure, base = confidence.left_out(given_), confidence.base_rate(given_)
    assert confidence.quality(sure, base, given_).gain.low > 0
    luck = Cases(
        given_.rows,
        np.random.default_rng(5).random(480) < 0.7,
        given_.hands,
        given_.note_ids,
        given_.families,
        given_.coded,
    )
    nothing = confidence.quality(confidence.left_out(luck), confidence.base_rate(luck), luck)
    assert nothing.gain.low <= 0


@pytest.mark.parametrize(
    ("count", "right"),
    [(40, None), (120, True), (120, False)],
    ids=["few", "all right", "all wrong"],
)
def test_too_little_to_learn_from(count: int, right: bool | None) -> None:
    given_ = cases(count)
    answers = given_.right if right is None else np.full(count, right)
    with pytest.raises(TrainingError, match="it needs 30 notes"):
        confidence.fit(
            Cases(
                given_.rows, answers, given_.hands, given_.note_ids, given_.families, given_.coded
            )
        )


@given(drive=st.lists(st.floats(-1e6, 1e6), min_size=len(FEATURES), max_size=len(FEATURES)))
def test_it_is_a_probability_whatever_the_note(drive: list[float]) -> None:
    model = confidence.Confidence(
        np.zeros(len(FEATURES)), np.ones(len(FEATURES)), np.ones(len(FEATURES)), 0.0
    )
    assert 0 <= model.of_row(np.array(drive)) <= 0.999
