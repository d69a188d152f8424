"""The probability that a record's claim is exactly right: learnt from first looks, calibrated.

A claim is right when its lines and its status are those of the label, under the record's policy.
The model is a logistic regression on the features of ``agreement``: monotone in each, and with a
few dozen of them on a few hundred notes already calibrated where it is fitted with enough
shrinkage, which is chosen on hands left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from facetcode.errors import ModelError, TrainingError
from facetcode.evaluate.gold import GoldNote
from facetcode.facts import Facts
from facetcode.learn import agreement
from facetcode.learn.agreement import FEATURES, Claim
from facetcode.learn.voices import (
    Bools,
    Floats,
    Interval,
    Ints,
    brier,
    calibration_error,
    folds,
    out_of_fold,
    over_groups,
)

STRENGTHS = (0.003, 0.01, 0.03, 0.1, 0.3)
"""Inverse shrinkage that is tried; the least is close to saying the base rate of every note."""
_INNER = 5
LEAST_NOTES = 30
LEAST_WRONG = 5
_STEEP = 700.0
"""Beyond it a probability is 0 or 1 and the exponential overflows."""
_CEILING = 0.999
"""Nothing a few hundred notes can teach is surer."""


@dataclass(frozen=True, slots=True)
class Cases:
    """Claims with what is known of them: a row a claim, two claims a note (one a policy)."""

    rows: Floats
    right: Bools
    hands: tuple[str, ...]
    note_ids: tuple[str, ...]
    families: tuple[str, ...]
    coded: Bools
    """Whether the record was coded: only such a claim could go out unseen."""

    def __len__(self) -> int:
        return len(self.hands)

    def only(self, kept: Ints) -> Cases:
        """Some of the cases, by index."""
        return Cases(
            self.rows[kept],
            self.right[kept],
            tuple(self.hands[i] for i in kept),
            tuple(self.note_ids[i] for i in kept),
            tuple(self.families[i] for i in kept),
            self.coded[kept],
        )

    def and_also(self, other: Cases) -> Cases:
        """These cases and others after them."""
        return Cases(
            np.concatenate([self.rows, other.rows]),
            np.concatenate([self.right, other.right]),
            self.hands + other.hands,
            self.note_ids + other.note_ids,
            self.families + other.families,
            np.concatenate([self.coded, other.coded]),
        )


@dataclass(frozen=True, slots=True)
class Looked:
    """A labelled note as the program read it: facts, and a claim a policy of the labels."""

    note: GoldNote
    hand: str
    facts: Facts
    claims: Mapping[str, Claim]
    lines: Mapping[str, tuple[str, ...]]
    """Policy to lines as labels write them."""


def cases(looked: Sequence[Looked], nearest: Sequence[float]) -> Cases:
    """The claims of some notes; ``nearest`` is each note's likeness to the hands of others."""
    rows, right, coded = [], [], []
    hands, ids, families = [], [], []
    for one, alike in zip(looked, nearest, strict=True):
        # The status of labels is that under default: an unstated intent makes Medicare ask.
        same = one.claims["default"].status == one.note.status
        for policy, claim in one.claims.items():
            rows.append(agreement.row(one.facts, claim, one.note.text, alike))
            right.append(same and one.lines[policy] == one.note.codes[policy])
            coded.append(claim.status == "coded")
            hands.append(one.hand)
            ids.append(one.note.note_id)
            families.append(policy)
    return Cases(
        np.array(rows).reshape(-1, len(FEATURES)),
        np.array(right, dtype=bool),
        tuple(hands),
        tuple(ids),
        tuple(families),
        np.array(coded, dtype=bool),
    )


def fit(given: Cases) -> Any:
    """The pipeline, its shrinkage chosen on hands left out of these cases. Raises TrainingError."""
    wrong = int(np.sum(~given.right))
    if len(given) < 2 * LEAST_NOTES or wrong < LEAST_WRONG or len(given) - wrong < LEAST_WRONG:
        raise TrainingError(
            f"confidence: {len(given) // 2} notes, {wrong} of {len(given)} claims wrong; it needs "
            f"{LEAST_NOTES} notes, and {LEAST_WRONG} right and {LEAST_WRONG} wrong claims"
        )
    best = STRENGTHS[0]
    if len(set(given.hands)) >= 2:
        scored = {strength: _inner(given, strength) for strength in STRENGTHS}
        best = min(scored, key=lambda strength: (scored[strength], strength))
    return _pipeline(best).fit(given.rows, given.right)


def _inner(given: Cases, strength: float) -> float:
    distances = []
    for train, test in folds(given.hands, _INNER):
        if len(set(given.right[train].tolist())) < 2:
            continue
        model = _pipeline(strength).fit(given.rows[train], given.right[train])
        distances.append((model.predict_proba(given.rows[test])[:, 1] - given.right[test]) ** 2)
    return float(np.mean(np.concatenate(distances))) if distances else float("inf")


def _pipeline(strength: float) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    model = LogisticRegression(C=strength, max_iter=2000)
    return Pipeline([("scale", StandardScaler()), ("model", model)])


def strength_of(pipeline: Any) -> float:
    """The inverse shrinkage a pipeline was fitted with."""
    return float(pipeline.named_steps["model"].C)


def left_out(given: Cases) -> Floats:
    """For every claim the confidence of a model that never saw its hand."""
    said = out_of_fold(
        lambda train: fit(given.only(train)),
        lambda model, test: model.predict_proba(given.rows[test])[:, 1],
        given.hands,
    )
    return np.minimum(np.array(said, dtype=np.float64), _CEILING)


def base_rate(given: Cases) -> Floats:
    """For every claim the share of right ones of the other hands, which knows nothing of it."""
    return np.array(
        out_of_fold(
            lambda train: float(np.mean(given.right[train])),
            lambda share, test: [share] * len(test),
            given.hands,
        )
    )


def boosted(given: Cases) -> Floats:
    """As ``left_out``, of boosted trees: tried beside the logistic regression."""
    from sklearn.ensemble import GradientBoostingClassifier

    def trees(train: Ints) -> Any:
        model = GradientBoostingClassifier(
            n_estimators=40, max_depth=2, subsample=0.8, learning_rate=0.08, random_state=0
        )
        return model.fit(given.rows[train], given.right[train])

    return np.array(
        out_of_fold(trees, lambda m, test: m.predict_proba(given.rows[test])[:, 1], given.hands)
    )


@dataclass(frozen=True, slots=True)
class Quality:
    """How good probabilities are: distance from the truth, calibration, and gain on another's."""

    claims: int
    hands: int
    right: float
    brier: Interval
    ece: Interval
    gain: Interval
    """Brier score of the other probabilities less that of these; above 0 is better."""


def quality(sure: Floats, other: Floats, given: Cases) -> Quality:
    """The quality of probabilities beside others of the same claims; intervals over hands."""
    right = given.right
    return Quality(
        len(given),
        len(set(given.hands)),
        float(np.mean(right)),
        over_groups(lambda rows: brier(sure[rows], right[rows]), given.hands),
        over_groups(lambda rows: calibration_error(sure[rows], right[rows]), given.hands, 500),
        over_groups(
            lambda rows: brier(other[rows], right[rows]) - brier(sure[rows], right[rows]),
            given.hands,
        ),
    )


def content(pipeline: Any, given: Cases) -> dict[str, Any]:
    """What ``models/confidence`` holds: the pipeline, and its rows, which a practice's join."""
    names = sorted(set(given.hands))
    return {
        "pipeline": pipeline,
        "features": list(FEATURES),
        "rows": given.rows,
        "right": given.right.astype(np.int64),
        "hands": np.array([names.index(hand) for hand in given.hands]),
        "medicare": np.array([family == "medicare" for family in given.families], dtype=np.int64),
    }


def cases_of(held: Mapping[str, Any]) -> Cases:
    """The rows of a loaded file as cases; their hands are numbers."""
    rows = np.asarray(held["rows"], dtype=np.float64)
    return Cases(
        rows,
        np.asarray(held["right"]).astype(bool),
        tuple(f"shipped {number}" for number in held["hands"]),
        tuple(f"shipped {at // 2}" for at in range(len(rows))),
        tuple("medicare" if flag else "default" for flag in held["medicare"]),
        rows[:, list(FEATURES).index("coded")].astype(bool),
    )


@dataclass(frozen=True, slots=True)
class Confidence:
    """A loaded model as plain arrays: scikit-learn's answer in a hundredth of its time."""

    mean: Floats
    scale: Floats
    weights: Floats
    bias: float

    def of_row(self, row: Floats) -> float:
        """The probability for one row of features, to four digits."""
        drive = float((row - self.mean) / self.scale @ self.weights) + self.bias
        drive = min(_STEEP, max(-_STEEP, drive))
        return round(min(_CEILING, 1 / (1 + float(np.exp(-drive)))), 4)

    def of_rows(self, rows: Floats) -> Floats:
        """As ``of_row``, for many."""
        return np.array([self.of_row(row) for row in rows])


def opened(held: Mapping[str, Any]) -> Confidence:
    """The confidence of a loaded file. Raises ModelError where its features are others."""
    if list(held["features"]) != list(FEATURES):
        raise ModelError("confidence: the model reads other features; train it again")
    return of_pipeline(held["pipeline"])


def of_pipeline(pipeline: Any) -> Confidence:
    """The confidence that a fitted pipeline gives."""
    scaler, model = pipeline.named_steps["scale"], pipeline.named_steps["model"]
    return Confidence(
        np.asarray(scaler.mean_), np.asarray(scaler.scale_),
        np.asarray(model.coef_[0]), float(model.intercept_[0]),
    )  # fmt: skip
