"""Which models are in use, loaded once, and what they add to a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facetcode.errors import FacetcodeError, ModelError
from facetcode.learn import store
from facetcode.learn.agreement import claim_of, row, unread
from facetcode.learn.guarantee import DELTA, Guarantee, Outcome, promise
from facetcode.learn.store import Stored
from facetcode.record import Novelty, Record

if TYPE_CHECKING:
    from facetcode.learn.confidence import Confidence
    from facetcode.learn.judge import Judge
    from facetcode.learn.likeness import Likeness

TASKS = ("confidence", "novelty", "relief", "time", "screen")
DECISIONS = ("relief", "time", "screen")
NONE, SHIPPED = "none", "shipped"
"""``--models`` by name: no model at all, or those of the package alone."""


def shipped_folder() -> Path:
    """The models that come with facetcode: the wheel's, else the checkout's."""
    inside = Path(str(files("facetcode"))) / "_models"
    return inside if inside.is_dir() else Path(__file__).resolve().parents[3] / "models"


def own_folder() -> Path:
    """Where ``facetcode train`` installs a practice's own models unless told otherwise."""
    from platformdirs import user_data_path

    return user_data_path("facetcode", appauthor=False) / "models"


def found(models: str | Path | None = None) -> list[Stored]:
    """The folder in use for each task, a practice's own before the shipped one.

    ``models`` is a folder of own models, ``shipped`` or ``none``. Raises ModelError, and
    FacetcodeError for a folder that is not there.
    """
    if models == NONE:
        return []
    if models in (None, SHIPPED):
        own = own_folder() if models is None else None
    else:
        own = Path(str(models))
        if not own.is_dir():
            raise FacetcodeError(
                f"{own}: no such folder; name one that facetcode train --into has written, "
                f"'{SHIPPED}' or '{NONE}'"
            )
    return [stored for task in TASKS if (stored := _of(task, own)) is not None]


def _of(task: str, own: Path | None) -> Stored | None:
    for folder in (own, shipped_folder()):
        if folder is not None and (folder / task / store.METRICS).is_file():
            stored = store.read(folder / task)
            # Own figures without an own model: it lost, and the shipped one stays in use.
            if stored.has_model or folder is not own:
                return stored
    return None


@dataclass(frozen=True)
class Models:
    """The models in use; each file is loaded when it is first asked, and kept."""

    stored: Mapping[str, Stored]
    own: Path | None = None
    """A practice's folder, whose certificate counts before the shipped one's."""

    def content(self, task: str) -> Any | None:
        """What a task's file holds; None for a task without a model. Raises ModelError."""
        stored = self.stored.get(task)
        return store.load(stored) if stored is not None and stored.has_model else None

    def digest(self, task: str) -> str | None:
        """The hash of a task's file; None for a task without a model."""
        stored = self.stored.get(task)
        return str(stored.metrics["model"]["sha256"]) if stored and stored.has_model else None

    def used(self) -> list[dict[str, str]]:
        """Every model in use with its hash: two runs with the same of both decide alike."""
        return [
            {"task": task, "sha256": digest}
            for task in self.stored
            if (digest := self.digest(task)) is not None
        ]

    def votes_with(self, others: Mapping[str, Any]) -> Judge:
        """The decision models in use, some of them replaced by others."""
        from facetcode.learn.judge import Judge

        return Judge({**self._held(), **others})

    def _held(self) -> dict[str, Any]:
        return {task: held for task in DECISIONS if (held := self.content(task)) is not None}

    @cached_property
    def likeness(self) -> Likeness | None:
        """How alike notes are to the corpus; None without such a model."""
        from facetcode.learn.likeness import opened

        held = self.content("novelty")
        return opened(held) if held is not None else None

    @cached_property
    def confidence(self) -> Confidence | None:
        """The probability model; None where none is in use."""
        from facetcode.learn.confidence import opened

        held = self.content("confidence")
        return opened(held) if held is not None else None

    @cached_property
    def votes(self) -> Judge | None:
        """The models that may overrule the rules; None where none has earned it."""
        held = self._held()
        if not held:
            return None
        from facetcode.learn.judge import Judge

        return Judge(held)

    def check(self) -> Models:
        """Compare versions and hashes of all files, without opening them. Raises ModelError."""
        for stored in self.stored.values():
            if stored.has_model:
                store.checked(stored)
        return self

    def load(self) -> Models:
        """Load all files now, so that the first note is not the slow one. Raises ModelError."""
        _ = self.likeness, self.confidence, self.votes
        return self

    @cached_property
    def _of_unread(self) -> dict[str, float]:
        """Confidence by family in notes of which nothing was read: the same for all of them."""
        return {}

    def assessed(self, record: Record, text: str, promised: Mapping[str, Guarantee]) -> Record:
        """The record with its confidence and novelty, and ``auto`` where something is promised.

        ``promised`` maps a claim's family (``default``, ``medicare``) to what holds for it; empty
        where nobody asked.
        """
        sure, novelty = None, None
        claim = claim_of(record)
        if unread(record.facts):
            # Most of an export: the screen left it out, and looking at its text would cost more.
            sure = self._of_unread.get(claim.family)
            if sure is None and self.confidence is not None:
                sure = self.confidence.of_row(row(record.facts, claim, text, 0.0))
                self._of_unread[claim.family] = sure
        elif self.likeness is not None:
            nearest, made = self.likeness.nearest(text)
            new = self.likeness.is_new(nearest)
            novelty = Novelty(round(nearest, 4), new, made.sketch() if new else None)
            if self.confidence is not None:
                sure = self.confidence.of_row(row(record.facts, claim, text, nearest))
        auto = None
        if promised:
            threshold = promised[claim.family].threshold
            auto = (
                record.status == "coded"
                and threshold is not None
                and sure is not None
                and sure >= threshold
            )
        return replace(record, confidence=sure, novelty=novelty, auto=auto)

    def promised(self, level: float | None) -> dict[str, Guarantee]:
        """What can be promised of records marked at a level, by family; empty for None.

        Raises ModelError where no confidence model is in use.
        """
        if level is None:
            return {}
        stored = self.stored.get("confidence")
        if stored is None or not stored.has_model:
            raise ModelError("--auto-at needs a confidence model, and none is in use")
        _ = self.confidence
        return {
            family: promise(
                [Outcome(float(p), bool(r), str(h)) for p, r, h in said["outcomes"]],
                [float(p) for p in said["trained"]],
                level,
                delta=float(said["delta"]),
            )
            for family, said in self._certified(stored).items()
        }

    def _certified(self, stored: Stored) -> Mapping[str, Any]:
        """The outcomes that certify the model in use: a practice's own, else the shipped ones."""
        held = [stored]
        if self.own is not None and (self.own / "confidence" / store.METRICS).is_file():
            held.insert(0, store.read(self.own / "confidence"))
        digest = stored.metrics["model"]["sha256"]
        for one in held:
            certificate = one.metrics.get("certificate") or {}
            if certificate.get("model_sha256") == digest:
                families: Mapping[str, Any] = certificate["families"]
                return families
        none = {"outcomes": [], "trained": [], "delta": DELTA}
        return {"default": none, "medicare": none}


def models_in_use(models: str | Path | None = None) -> Models:
    """The models that ``--models`` names, or those in use without it. Raises as ``found``."""
    own = None if models in (NONE, SHIPPED) else own_folder() if models is None else Path(models)
    return Models({stored.task: stored for stored in found(models)}, own)
