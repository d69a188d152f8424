"""Training the shipped models from the labelled corpus: ``make models``.

    python -m facetcode.learn.corpus annotations --into models [--test]

Trains on the train and dev voices. With ``--test`` the test voices are scored as well, once: their
first looks are kept, certify ``--auto-at``, and say what each model is worth on hands that neither
it nor the rules have seen. Nothing of their text is printed.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facetcode.errors import FacetcodeError, TrainingError
from facetcode.evaluate.corpus import read_corpus
from facetcode.evaluate.gold import GoldNote
from facetcode.extract.build import Extractor
from facetcode.learn import card, confidence, first_look, likeness, store, training
from facetcode.learn.agreement import FEATURES
from facetcode.learn.confidence import Cases
from facetcode.learn.decisions import TASKS, Judged, Task, answers, judge, refit
from facetcode.learn.examples import ReadNote, read_notes
from facetcode.learn.guarantee import DELTA, Outcome, promise
from facetcode.learn.judge import Judge
from facetcode.learn.training import Look
from facetcode.learn.voices import (
    Floats,
    brier,
    coverage_curve,
    covered_at,
    folds,
    over_groups,
    reliability,
)

LOOKS = "first_looks"
_LEVELS = (0.95, 0.99, 0.995)
_FACT = {"relief": "relief, F1", "time": "joint+side, F1", "screen": "no code without a block"}
"""The figure of the whole program that each decision model must not lower, beside the codes."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """The labelled notes to learn from and, when it is their time, those to test on."""

    fit: list[GoldNote]
    test: list[GoldNote]
    looks: Mapping[str, Look]
    data: Mapping[str, Any]


def read(annotations: Path, *, test: bool) -> Corpus:
    """The corpus of a folder with ``gold/``, ``splits.yaml`` and ``first_looks/``.

    With ``test``, voices without a first look get theirs now. Raises AnnotationError.
    """
    fit = [*read_corpus(annotations / "gold", "train"), *read_corpus(annotations / "gold", "dev")]
    held = read_corpus(annotations / "gold", "test") if test else []
    if held:
        _look_at(held, annotations / LOOKS)
    looks = training.read_looks(annotations / LOOKS)
    return Corpus(fit, held, looks, training.fingerprint(fit, looks))


def _look_at(notes: Sequence[GoldNote], folder: Path) -> None:
    """First looks of voices that have none yet, by the program as it is; none is made twice."""
    extractor = Extractor()
    for voice in sorted({note.voice for note in notes}):
        place = folder / f"{voice}.jsonl"
        if place.exists():
            continue
        folder.mkdir(exist_ok=True)
        own = [note for note in notes if note.voice == voice]
        lines = [
            first_look.as_line(
                first_look.look_of(
                    training.records_of(note, extractor), voice, store.versions()["facetcode"]
                )
            )
            for note in own
        ]
        beside = place.with_suffix(".tmp")
        beside.write_text("".join(lines), encoding="utf-8")
        beside.replace(place)


def train(corpus: Corpus, into: Path) -> dict[str, Mapping[str, Any]]:
    """Train every task and write its folder; the metrics by task. Raises TrainingError."""
    voices = [note.voice for note in corpus.fit]
    texts = [note.text for note in corpus.fit]
    if len(set(voices)) < 3:
        raise TrainingError("the corpus has fewer than three voices; none could be left out")
    strange = likeness.strangers(texts, voices)
    alike = likeness.build(texts, voices)
    novelty = {
        "data": corpus.data,
        "limit": alike["limit"],
        "share": likeness.NEW_SHARE,
        "told": round(strange.told, 4),
        "own_nearer": round(float(np.mean(strange.own > strange.other)), 4),
    }
    made = {"novelty": store.write(into / "novelty", alike, novelty, card.novelty_card(novelty))}
    for name, (content, metrics) in _decisions(corpus).items():
        made[name] = store.write(
            into / name,
            content if metrics["earned"] else None,
            metrics,
            card.decision_card(name, TASKS[name].says, metrics),
        )
    # First looks are by rules alone: what other models make of the lines they do not certify.
    alone = not (made["time"]["model"] or made["screen"]["model"])
    made["confidence"] = _confidence(
        corpus, strange.other, likeness.opened(alike), into, certify=alone
    )
    return made


def _confidence(
    corpus: Corpus,
    others: Floats,
    alike: likeness.Likeness,
    into: Path,
    *,
    certify: bool,
) -> Mapping[str, Any]:
    kept = [at for at, note in enumerate(corpus.fit) if note.note_id in corpus.looks]
    looked = [
        training.looked_first(note, note.voice, corpus.looks[note.note_id])
        for note in (corpus.fit[at] for at in kept)
    ]
    if len({one.hand for one in looked}) < 3:
        raise TrainingError(
            "fewer than three voices have a first look, and confidence is learnt from nothing "
            "else; make them with benchmarks/first_looks.py"
        )
    given = confidence.cases(looked, others[kept].tolist())
    sure, base = confidence.left_out(given), confidence.base_rate(given)
    measured = confidence.quality(sure, base, given)
    pipeline = confidence.fit(given)
    model = pipeline.named_steps["model"]
    trees = confidence.boosted(given)
    metrics: dict[str, Any] = {
        "data": corpus.data,
        "earned": measured.gain.low > 0,
        "strength": confidence.strength_of(pipeline),
        "weights": {
            name: round(float(w), 4) for name, w in zip(FEATURES, model.coef_[0], strict=True)
        },
        "without_look": ", ".join(
            sorted({n.voice for n in corpus.fit if n.note_id not in corpus.looks})
        )
        or "none",
        "left_out": {
            **_quality(sure, base, given),
            "trees_brier": round(brier(trees, given.right), 4),
        },
    }
    content = confidence.content(pipeline, given) if metrics["earned"] else None
    families = {}
    if corpus.test:
        tested, said = _tested(corpus, confidence.of_pipeline(pipeline), alike)
        share = np.full(len(tested), float(np.mean(given.right)))
        metrics["test"] = {
            **_quality(said, share, tested),
            "notes": len(corpus.test),
            "voices": len({note.voice for note in corpus.test}),
        }
        if certify:
            families = certificate(given, sure, tested, said)
            metrics["promise"] = says(families)
        else:
            metrics["promise"] = (
                "Nothing is certified: a decision model came into use that first looks know not."
            )
    if content is None:
        return store.write(into / "confidence", None, metrics, card.confidence_card(metrics))
    # The certificate names the model it is of: written first to know its hash.
    written = store.write(into / "confidence", content, metrics, card.confidence_card(metrics))
    metrics["certificate"] = {
        "model_sha256": written["model"]["sha256"],
        "of": "first looks at the test voices",
        "families": families,
    }
    if not families:
        del metrics["certificate"]
        return written
    return store.write(into / "confidence", content, metrics, card.confidence_card(metrics))


def _tested(
    corpus: Corpus, model: confidence.Confidence, alike: likeness.Likeness
) -> tuple[Cases, Floats]:
    looked = [
        training.looked_first(note, note.voice, corpus.looks[note.note_id]) for note in corpus.test
    ]
    tested = confidence.cases(looked, [alike.nearest(note.text)[0] for note in corpus.test])
    return tested, model.of_rows(tested.rows)


def certificate(
    fitted: Cases, sure: Floats, tested: Cases, said: Floats, delta: float = DELTA
) -> dict[str, Any]:
    """By family: confidences of coded training notes, and what coded notes unseen came to.

    ``sure`` must be of models that had not seen the note's hand. Hands are numbers here.
    """
    names = sorted(set(tested.hands))
    families = {}
    for family in ("default", "medicare"):
        ours = [i for i, f in enumerate(fitted.families) if f == family and fitted.coded[i]]
        theirs = [i for i, f in enumerate(tested.families) if f == family and tested.coded[i]]
        families[family] = {
            "delta": delta,
            "trained": sorted(round(float(sure[i]), 4) for i in ours),
            "outcomes": [
                [
                    round(float(said[i]), 4),
                    int(tested.right[i]),
                    names.index(tested.hands[i]),
                ]
                for i in theirs
            ],
        }
    return families


def says(families: Mapping[str, Any], levels: Sequence[float] = _LEVELS) -> str:
    """What a certificate allows at each level, under the policy ``default``."""
    said = families["default"]
    outcomes = [Outcome(float(p), bool(r), str(h)) for p, r, h in said["outcomes"]]
    return " ".join(
        f"At {level:g}: {promise(outcomes, said['trained'], level, delta=said['delta']).says}."
        for level in levels
    )


def _quality(sure: Floats, base: Floats, given: Cases) -> dict[str, Any]:
    measured = confidence.quality(sure, base, given)
    return {
        "claims": measured.claims,
        "hands": measured.hands,
        "right": round(measured.right, 4),
        "brier": training.interval_json(measured.brier),
        "base_brier": round(brier(base, given.right), 4),
        "ece": training.interval_json(measured.ece),
        "gain": training.interval_json(measured.gain),
        "reliability": [[round(p, 4), n, k] for p, n, k in reliability(sure, given.right)],
        "coverage": [
            [round(c.coverage, 2), round(c.accuracy, 4), round(c.low, 4), round(c.high, 4)]
            for c in coverage_curve(sure, given.right, given.hands)
        ],
        "covered": {
            f"{level:g}": round(covered_at(level, sure, given.right), 4) for level in _LEVELS
        },
    }


def _decisions(corpus: Corpus) -> dict[str, tuple[Any, dict[str, Any]]]:
    """Every decision model: what its file would hold, and its metrics."""
    extractor = Extractor()
    hands = {note.note_id: note.voice for note in [*corpus.fit, *corpus.test]}
    fit = list(read_notes(corpus.fit, extractor, corpus.looks, hands))
    test = list(read_notes(corpus.test, extractor, {}, hands))
    plain = training.scores(corpus.fit, lambda note: None)
    plain_test = training.scores(corpus.test, lambda note: None)
    made: dict[str, tuple[Any, dict[str, Any]]] = {}
    for name, task in TASKS.items():
        judged = judge(task, fit)
        whole = training.ablation(
            plain, _scores_left_out(corpus.fit, fit, judged), [n.voice for n in corpus.fit]
        )
        metrics = {**_measured(judged), "data": corpus.data}
        metrics["ablation"] = training.ablation_json(whole)
        reason = ""
        if not judged.earned:
            reason = "it does not surely beat the rules on the voices left out."
        elif not test:
            # On the voices of training the rules of today are right because they were read.
            reason = "it has not been tried on voices that today's rules were not written from."
        if test:
            metrics["test"], lost = _on_test(task, judged, test, corpus.test, plain_test)
            reason = reason or lost
        metrics["earned"], metrics["reason"] = not reason, reason
        made[name] = (judged.content, metrics)
    return made


def _measured(judged: Judged) -> dict[str, Any]:
    return {
        "decisions": judged.decisions,
        "notes": judged.notes,
        "hands": judged.hands,
        "rules_right": round(judged.rule, 4),
        "model_right": round(judged.model, 4),
        "gain": training.interval_json(judged.gain),
        "labels": {name: list(counts) for name, counts in judged.labels.items()},
        "tried": {name: round(share, 4) for name, share in judged.tried.items()},
        "lost_blocks": judged.lost,
    }


def _scores_left_out(
    notes: Sequence[GoldNote], read: Sequence[ReadNote], judged: Judged
) -> list[Any]:
    """Each note scored by the program with a model that had not seen its voice."""
    models: dict[str, Judge] = {}
    hands = [note.hand for note in read]
    for train_on, left in folds(hands, 10):
        content = refit(judged, [read[i] for i in train_on])
        for i in left:
            models[read[i].gold.note_id] = Judge({judged.task.name: content})
    return training.scores(notes, lambda note: models[note.note_id])


def _on_test(
    task: Task,
    judged: Judged,
    test: Sequence[ReadNote],
    notes: Sequence[GoldNote],
    plain: Sequence[Any],
) -> tuple[dict[str, Any], str]:
    """The figures on the test voices, and why they keep the model out; empty where they do not."""
    examples = [example for note in test for example in task.examples(note)]
    labels = np.array([e.label for e in examples])
    rules = np.array([e.rule for e in examples]) == labels
    models = np.array(answers(judged.content, [e.features for e in examples])) == labels
    difference = models.astype(float) - rules.astype(float)
    gain = over_groups(lambda rows: float(np.mean(difference[rows])), [e.hand for e in examples])
    votes = Judge({task.name: judged.content})
    whole = training.ablation(
        plain, training.scores(notes, lambda note: votes), [note.voice for note in notes]
    )
    found = {
        "notes": len(notes),
        "voices": len({note.voice for note in notes}),
        "decisions": len(examples),
        "rules_right": round(float(np.mean(rules)), 4),
        "model_right": round(float(np.mean(models)), 4),
        "gain": training.interval_json(gain),
        "ablation": training.ablation_json(whole),
    }
    if gain.low <= 0:
        return found, "it does not surely beat the rules on the test voices."
    if not training.not_worse(whole, _FACT[task.name]):
        return found, "on the test voices the program as a whole reads less right with it."
    return found, ""


def main(given: Sequence[str] | None = None) -> int:
    """The command; see the module. Exit status 0, or 2 with a message."""
    parser = argparse.ArgumentParser(prog="facetcode.learn.corpus", description=__doc__)
    parser.add_argument("annotations", type=Path)
    parser.add_argument("--into", type=Path, required=True)
    parser.add_argument("--test", action="store_true", help="score the test voices, once")
    asked = parser.parse_args(given)
    try:
        made = train(read(asked.annotations, test=asked.test), asked.into)
    except FacetcodeError as error:
        print(f"facetcode: {error}", file=sys.stderr)
        return 2
    for name, metrics in made.items():
        state = "in use" if metrics["model"] else f"not in use: {metrics.get('reason', '')}"
        print(f"{name}: {state}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
