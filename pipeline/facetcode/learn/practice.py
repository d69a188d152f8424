"""``facetcode train``: a practice's own models from its labelled notes, installed where better.

Some hands, or some notes where there are few hands, are held out before anything is fitted. On them
what is in use and what was trained are compared, and on them the model that stays is certified for
``--auto-at``. The shipped files are never touched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from facetcode.errors import FacetcodeError, TrainingError
from facetcode.evaluate.corpus import read_corpus
from facetcode.evaluate.gold import GoldNote
from facetcode.extract.build import Extractor
from facetcode.learn import confidence, likeness, store, training
from facetcode.learn.confidence import Cases, Confidence
from facetcode.learn.corpus import certificate, says
from facetcode.learn.decisions import TASKS, Task, answers, earned, judge
from facetcode.learn.examples import ReadNote, read_notes
from facetcode.learn.guarantee import DELTA
from facetcode.learn.in_use import Models, models_in_use, shipped_folder
from facetcode.learn.likeness import Likeness
from facetcode.learn.voices import Interval, Ints, brier, over_groups

LEAST = 40
"""Labelled notes below which nothing is held out and nothing learnt."""
_HELD = 0.4
_HANDS = 5
"""Hands from which on whole hands are held out; with fewer, notes are."""


@dataclass(frozen=True, slots=True)
class Compared:
    """One task on the held-out notes: what is in use beside what was trained."""

    task: str
    measure: str
    in_use: float | None
    trained: float | None
    gain: Interval | None
    installed: bool
    says: str


@dataclass(frozen=True, slots=True)
class Split:
    """Indices of notes to learn from and of notes held out, and what a hand is."""

    fit: Ints
    held: Ints
    hands: tuple[str, ...]
    by: str


def split(notes: Sequence[GoldNote]) -> Split:
    """Hold about two fifths out: whole physicians, else patients; the same notes, the same split.

    A note belongs to its provider, else to its voice; with fewer than five of them, to its patient,
    else to itself.
    """
    by, hands = "physician", [n.meta.get("provider") or n.voice for n in notes]
    if len(set(hands)) < _HANDS:
        by, hands = "patient", [n.meta.get("patient_id") or n.note_id for n in notes]
    # By hash and not by name: names may be in the order of their work.
    order = sorted(set(hands), key=lambda hand: hashlib.sha256(hand.encode()).digest())
    sizes = {hand: hands.count(hand) for hand in order}
    held: set[str] = set()
    taken = 0
    for hand in order:
        if taken < _HELD * len(notes):
            held.add(hand)
            taken += sizes[hand]
    out = np.array([hand in held for hand in hands])
    return Split(np.flatnonzero(~out), np.flatnonzero(out), tuple(hands), by)


def train(annotations: Path, into: Path, shipped: Path | None = None) -> list[Compared]:
    """Train on a practice's gold or the desk's ``annotations.jsonl``; what became of each task.

    ``into`` gets the folders of what is better than the shipped model, and the certificate of the
    confidence that stays in use. Raises AnnotationError, TrainingError for too few notes, and
    FacetcodeError where ``into`` holds the shipped models.
    """
    if into.resolve() == (shipped or shipped_folder()).resolve():
        raise FacetcodeError(f"{into}: holds the shipped models; name a folder of your own --into")
    notes = sorted(read_corpus(annotations), key=lambda note: note.note_id)
    if len(notes) < LEAST:
        raise TrainingError(
            f"{annotations}: holds {len(notes)} labelled notes; training needs {LEAST} at least. "
            "Label more, or finish more notes at the desk and export annotations.jsonl again"
        )
    parted = split(notes)
    if not len(parted.fit) or len({parted.hands[i] for i in parted.held}) < 2:
        raise TrainingError(f"{annotations}: the notes are of too few patients and physicians")
    used = models_in_use("shipped")
    data = {**training.fingerprint(notes, {}), "held_out": len(parted.held), "by": parted.by}
    alike = _novelty(notes, parted, used, into, data)
    found = [alike[0], _confidence(notes, parted, used, alike[1], into, data)]
    return found + _decisions(notes, parted, used, into, data)


def _novelty(
    notes: Sequence[GoldNote], parted: Split, used: Models, into: Path, data: Mapping[str, Any]
) -> tuple[Compared, Likeness]:
    """The shipped hands and the practice's: their notes stop being new."""
    fit = [notes[i] for i in parted.fit]
    hands = [note.meta.get("provider") or note.voice for note in fit]
    own = likeness.build([note.text for note in fit], hands)
    shipped, held_by_us = used.likeness, used.content("novelty")
    if held_by_us is not None:
        own = likeness.joined(own, held_by_us, [n.text for n in fit], hands)
    opened = likeness.opened(own)
    held = [notes[i].text for i in parted.held]
    new = np.array([opened.is_new(opened.nearest(text)[0]) for text in held])
    before = (
        np.array([shipped.is_new(shipped.nearest(text)[0]) for text in held])
        if shipped is not None
        else np.ones(len(held), dtype=bool)
    )
    better = bool(new.mean() < before.mean())
    said = (
        f"{int(before.sum())} of {len(held)} held-out notes were new, now {int(new.sum())} are"
        if better
        else "the held-out notes are no less new than before"
    )
    metrics = {"data": data, "limit": own["limit"], "new_before": int(before.sum())}
    metrics |= {"new_now": int(new.sum()), "held_out": len(held), "earned": better}
    _write(into / "novelty", own if better else None, metrics, said)
    compared = Compared(
        "novelty", "new notes", float(before.mean()), float(new.mean()), None, better, said
    )
    return compared, opened if better or shipped is None else shipped


def _confidence(
    notes: Sequence[GoldNote],
    parted: Split,
    used: Models,
    alike: Likeness,
    into: Path,
    data: Mapping[str, Any],
) -> Compared:
    extractor = Extractor(votes=used.votes)
    looked = [
        training.looked_now(note, hand, training.records_of(note, extractor))
        for note, hand in zip(notes, parted.hands, strict=True)
    ]
    nearest = [alike.nearest(note.text)[0] for note in notes]
    every = confidence.cases(looked, nearest)
    fit, held = _rows(every, parted.fit), _rows(every, parted.held)
    shipped, rows = used.confidence, used.content("confidence")
    pooled = confidence.cases_of(rows).and_also(fit) if rows is not None else fit
    metrics: dict[str, Any] = {"data": data, "earned": False, "right": float(np.mean(held.right))}
    try:
        pipeline = confidence.fit(pooled)
    except TrainingError as error:
        _write(into / "confidence", None, metrics, str(error))
        return Compared("confidence", "Brier score", None, None, None, False, str(error))
    own = confidence.of_pipeline(pipeline)
    sure = own.of_rows(held.rows)
    base = np.full(len(held), float(np.mean(fit.right)))
    other = shipped.of_rows(held.rows) if shipped is not None else base
    gain = over_groups(
        lambda rows: brier(other[rows], held.right[rows]) - brier(sure[rows], held.right[rows]),
        held.hands,
    )
    better = gain.low > 0
    metrics |= {
        "earned": better,
        "brier_in_use": round(brier(other, held.right), 4),
        "brier": round(brier(sure, held.right), 4),
        "gain": training.interval_json(gain),
    }
    content = confidence.content(pipeline, pooled) if better else None
    winner: Confidence | None = own if better else shipped
    digest = used.digest("confidence")
    if content is not None:
        written = _write(into / "confidence", content, metrics, "")
        digest = written["model"]["sha256"]
    said = "nothing is certified: no confidence model is in use"
    if winner is not None and digest is not None:
        # Two models were compared on these notes, and either could have been certified.
        families = certificate(
            fit, winner.of_rows(fit.rows), held, winner.of_rows(held.rows), DELTA / 2
        )
        metrics["certificate"] = {
            "model_sha256": digest, "of": "held-out notes", "families": families,
        }  # fmt: skip
        said = says(families, (0.95, 0.99))
    metrics["promise"] = said
    _write(into / "confidence", content, metrics, said)
    return Compared(
        "confidence", "Brier score", brier(other, held.right), brier(sure, held.right), gain,
        better, said,
    )  # fmt: skip


def _rows(every: Cases, kept: Ints) -> Cases:
    """The claims of some notes: two rows a note."""
    return every.only(np.sort(np.concatenate([kept * 2, kept * 2 + 1])))


def _decisions(
    notes: Sequence[GoldNote], parted: Split, used: Models, into: Path, data: Mapping[str, Any]
) -> list[Compared]:
    hands = {note.note_id: hand for note, hand in zip(notes, parted.hands, strict=True)}
    read = list(read_notes(notes, Extractor(), {}, hands))
    fit = [read[i] for i in parted.fit]
    held = [read[i] for i in parted.held]
    found = []
    for name, task in TASKS.items():
        try:
            judged = judge(task, fit, trees=False)
        except TrainingError as error:
            _write(into / name, None, {"data": data, "earned": False}, str(error))
            found.append(Compared(name, "decisions right", None, None, None, False, str(error)))
            continue
        found.append(_compared(task, judged.content, held, used, into, data))
    return found


def _compared(
    task: Task,
    content: Mapping[str, Any],
    held: Sequence[ReadNote],
    used: Models,
    into: Path,
    data: Mapping[str, Any],
) -> Compared:
    examples = [example for note in held for example in task.examples(note)]
    if not examples:
        said = "the held-out notes hold no such decision"
        _write(into / task.name, None, {"data": data, "earned": False}, said)
        return Compared(task.name, "decisions right", None, None, None, False, said)
    features = [e.features for e in examples]
    shipped = used.content(task.name)
    before = answers(shipped, features) if shipped is not None else [e.rule for e in examples]
    after = answers(content, features)
    was = np.array([a == e.label for a, e in zip(before, examples, strict=True)], dtype=float)
    now = np.array([a == e.label for a, e in zip(after, examples, strict=True)], dtype=float)
    labels = np.array([e.label for e in examples])
    _, won, gain = earned(
        task.name, np.array(after), np.array(before), labels, [e.hand for e in examples]
    )
    gold = [note.gold for note in held]
    whole = training.ablation(
        training.scores(gold, lambda note: used.votes),
        training.scores(gold, lambda note: used.votes_with({task.name: content})),
        [note.hand for note in held],
    )
    kept = training.not_worse(whole, "relief, F1")
    better = won and kept
    said = (
        "right more often than what was in use"
        if better
        else "claims or relief of the whole program suffer"
        if won
        else "not surely right more often than what is in use"
    )
    metrics = {
        "data": data,
        "earned": better,
        "decisions": len(examples),
        "in_use": round(float(was.mean()), 4),
        "trained": round(float(now.mean()), 4),
        "gain": training.interval_json(gain),
        "ablation": training.ablation_json(whole),
    }
    _write(into / task.name, content if better else None, metrics, said)
    return Compared(
        task.name, "decisions right", float(was.mean()), float(now.mean()), gain, better, said
    )


def _write(
    folder: Path, content: Any | None, metrics: Mapping[str, Any], said: str
) -> Mapping[str, Any]:
    card = (
        f"# {folder.name}\n\nTrained by `facetcode train` on {metrics['data']['notes']} notes of a "
        f"practice, {metrics['data']['held_out']} of them held out by {metrics['data']['by']}. "
        f"{'In use' if content is not None else 'Not in use'}: {said.rstrip('.')}.\n"
    )
    return store.write(folder, content, metrics, card)
