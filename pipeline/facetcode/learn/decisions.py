"""Models that may overrule the rules on one decision, and whether they have earned it.

A model is measured on hands it was not trained on, beside the rules on the same decisions. It
earns its place when the interval of its gain, over hands, lies above zero; the screen must besides
lose no block.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from facetcode.errors import TrainingError
from facetcode.learn import numbers, screening, statements
from facetcode.learn.examples import Example, ReadNote, common
from facetcode.learn.voices import Floats, Interval, Ints, out_of_fold, over_groups

LEAST_NOTES = 5
"""Notes that must have a feature before a model may use it."""
_FOLDS = 10
"""Folds the hands are dealt to; boosted trees on one fold a hand would take an hour."""
_RECALL = 0.995
"""What a screen's recall must surely be before it may drop notes that the rules let through."""


@dataclass(frozen=True, slots=True)
class Task:
    """One decision that is learnt: its name and folder, what it is, and its labelled examples."""

    name: str
    says: str
    examples: Callable[[ReadNote], list[Example]]


TASKS: Mapping[str, Task] = {
    task.name: task
    for task in (
        Task(
            "relief",
            "each percentage and pain score: relief today, relief of an earlier block, a score "
            "before, after or at another time, or none of these",
            numbers.examples,
        ),
        Task(
            "time",
            "each name of a facet block: the one performed today, or one of another time",
            statements.examples,
        ),
        Task("screen", "each note: could it hold a facet block", screening.examples),
    )
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A decision model beside the rules, on hands it had not seen."""

    task: Task
    decisions: int
    notes: int
    hands: int
    rule: float
    model: float
    gain: Interval
    """Share of decisions right, model less rules; for the screen, notes it spares reading."""
    labels: Mapping[str, tuple[int, int, int]]
    """Label to decisions, those the rules had right and those the model had."""
    tried: Mapping[str, float]
    """What was tried to the share it had right."""
    lost: int
    """Blocks that the screen would have lost."""
    earned: bool
    content: Any
    """What a model file would hold."""
    kind: str
    """Which of ``pipelines`` was the best."""


def pipelines() -> dict[str, Callable[[], Any]]:
    """The kinds of model that are tried, by name; the first is taken unless another is better."""
    from sklearn.ensemble import GradientBoostingClassifier
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline

    def linear(strength: float) -> Callable[[], Any]:
        return lambda: Pipeline(
            [
                ("features", DictVectorizer()),
                ("model", LogisticRegression(C=strength, max_iter=2000)),
            ]
        )

    def trees() -> Any:
        return Pipeline(
            [
                ("features", DictVectorizer(sparse=False)),
                (
                    "model",
                    GradientBoostingClassifier(
                        n_estimators=40, max_depth=3, subsample=0.8, random_state=0
                    ),
                ),
            ]
        )

    return {
        "logistic, C 0.3": linear(0.3),
        "logistic, C 0.05": linear(0.05),
        "boosted trees, 40 of depth 3": trees,
    }


def judge(task: Task, notes: Sequence[ReadNote], *, trees: bool = True) -> Judged:
    """Train one task's model, and measure it on each hand left out. Raises TrainingError."""
    examples = common([e for note in notes for e in task.examples(note)], LEAST_NOTES)
    hands = [e.hand for e in examples]
    labels = np.array([e.label for e in examples])
    rules = np.array([e.rule for e in examples])
    if len(set(hands)) < 2 or len(set(labels.tolist())) < 2:
        raise TrainingError(
            f"{task.name}: {len(examples):,} decisions by {len(set(hands))} hands, "
            f"{len(set(labels.tolist()))} answers; it needs two of each at least"
        )
    tried: dict[str, float] = {}
    best: tuple[tuple[int, float], str, Any] | None = None
    for name, make in pipelines().items():
        if name.startswith("boosted") and not trees:
            continue
        said = np.array(_left_out(make, examples, labels, hands, task.name == "screen"))
        tried[name] = float(np.mean(said == labels))
        # Recall first: of two screens the one that loses fewer blocks, however little it spares.
        lost = int(np.sum((labels == screening.HOLDS) & (said == screening.FREE)))
        if best is None or (-lost, tried[name]) > best[0]:
            best = ((-lost, tried[name]), name, said)
    assert best is not None
    kind, said = best[1], best[2]
    content = _fitted(pipelines()[kind], examples, labels, task.name == "screen")
    lost, won, gain = earned(task.name, said, rules, labels, hands)
    return Judged(
        task=task,
        decisions=len(examples),
        notes=len({e.note_id for e in examples}),
        hands=len(set(hands)),
        rule=float(np.mean(rules == labels)),
        model=tried[kind],
        gain=gain,
        labels={
            label: (
                count,
                int(np.sum((labels == label) & (rules == label))),
                int(np.sum((labels == label) & (said == label))),
            )
            for label, count in sorted(Counter(labels.tolist()).items())
        },
        tried=tried,
        lost=lost,
        earned=won,
        content=content,
        kind=kind,
    )


def refit(judged: Judged, notes: Sequence[ReadNote]) -> dict[str, Any]:
    """The same kind of model on other notes: what it would be without some hands."""
    examples = common([e for n in notes for e in judged.task.examples(n)], LEAST_NOTES)
    labels = np.array([e.label for e in examples])
    return _fitted(pipelines()[judged.kind], examples, labels, judged.task.name == "screen")


def earned(
    name: str, said: Any, rules: Any, labels: Any, hands: Sequence[str]
) -> tuple[int, bool, Interval]:
    """Blocks lost, whether a model has earned its place, and its gain on what it would replace.

    ``said``, ``rules`` and ``labels`` are arrays of answers, one a decision.
    """
    from facetcode.evaluate.intervals import proportion

    if name != "screen":
        difference = (said == labels).astype(float) - (rules == labels).astype(float)
        gain = over_groups(lambda rows: float(np.mean(difference[rows])), hands)
        return 0, gain.low > 0, gain
    holds, free = screening.HOLDS, screening.FREE
    dropped = (rules == holds) & (said == free)
    lost = int(np.sum(dropped & (labels == holds)))
    spared = (dropped & (labels == free)).astype(float)
    gain = over_groups(lambda rows: float(np.mean(spared[rows])), hands)
    blocks = int(np.sum(labels == holds))
    recall = proportion(blocks - lost, blocks)
    return lost, lost == 0 and gain.low > 0 and recall.low >= _RECALL, gain


def _left_out(
    make: Callable[[], Any],
    examples: Sequence[Example],
    labels: Any,
    hands: Sequence[str],
    screens: bool,
) -> list[str]:
    def fit(train: Ints) -> Any:
        return _fitted(make, [examples[i] for i in train], labels[train], screens)

    def ask(content: Any, test: Ints) -> list[str]:
        return answers(content, [examples[i].features for i in test])

    return out_of_fold(fit, ask, hands, most=_FOLDS)


def _fitted(
    make: Callable[[], Any], examples: Sequence[Example], labels: Any, screens: bool
) -> dict[str, Any]:
    features = [e.features for e in examples]
    if len(set(labels.tolist())) < 2:
        raise TrainingError("without one hand only one answer is left; label more notes")
    pipeline = make().fit(features, labels)
    limit = 0.0
    if screens:
        # Half the least probability of any block it has seen: it may be wrong on none.
        sure = _holds(pipeline, features)
        limit = float(sure[labels == screening.HOLDS].min()) / 2
    return {"pipeline": pipeline, "limit": limit}


def _holds(pipeline: Any, features: Sequence[Mapping[str, float]]) -> Floats:
    at = list(pipeline.classes_).index(screening.HOLDS)
    sure: Floats = pipeline.predict_proba(features)[:, at]
    return sure


def answers(content: Mapping[str, Any], features: Sequence[Mapping[str, float]]) -> list[str]:
    """What a model says of each decision."""
    pipeline, limit = content["pipeline"], content["limit"]
    if not features:
        return []
    if limit:
        holds = _holds(pipeline, features) >= limit
        return [screening.HOLDS if held else screening.FREE for held in holds]
    return [str(answer) for answer in pipeline.predict(features)]
