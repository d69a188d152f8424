"""What a note says: the facts that extraction finds and coding reads, each with its evidence.

Nothing here knows how a fact is found or what it is worth; ``anatomy`` knows the spine and
``record`` the JSON form.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Side = Literal["right", "left", "bilateral", "unstated"]
NamedAs = Literal["joints", "nerves", "both"]
Kind = Literal[
    "medial_branch_block",
    "intraarticular",
    "lumbar_facet",
    "radiofrequency_ablation",
    "epidural",
    "other",
]
Intent = Literal["diagnostic", "therapeutic", "unstated"]
Modality = Literal["fluoroscopy", "ct", "ultrasound", "none", "unstated"]
Ordinal = Literal[1, 2]
When = Literal["today", "prior"]
Severity = Literal["hard", "soft", "info"]

FACET_BLOCKS: frozenset[str] = frozenset({"medial_branch_block", "intraarticular"})
"""The procedure kinds that 64490-64492 and 0213T-0215T describe."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words a fact rests on: half-open character offsets into the note as given."""

    start: int
    end: int
    text: str
    note_id: str | None = None
    """The note the words stand in, where it is another than the one they are cited for."""


@dataclass(frozen=True, slots=True)
class Procedure:
    """What was done at this encounter; ``kind`` is None when nothing was."""

    kind: Kind | None
    intent: Intent = "unstated"
    ordinal: Ordinal | None = None
    evidence: tuple[Evidence, ...] = ()
    intent_evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Level:
    """One facet joint treated today, e.g. ``C4-C5``; a joint appears once whatever its needles."""

    joint: str
    side: Side
    named_as: NamedAs
    evidence: tuple[Evidence, ...] = ()
    because: str = ""
    """How the words became this joint, in a coder's words; empty when they name it outright."""
    side_evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Nerve:
    """A medial branch blocked today that completes no joint on its side."""

    name: str
    side: Side
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Guidance:
    """Imaging that guided the needle; ``none`` means the note says none was used."""

    modality: Modality
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Relief:
    """A stated percentage of pain relief from a facet block, 0-100."""

    low: float
    high: float
    when: When
    evidence: tuple[Evidence, ...] = ()
    date: str | None = None
    """ISO date of the block that gave the relief, where the statement names it."""
    side: Side = "unstated"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """A diagnosis written in the note: its ICD-10-CM code, or None where only words stand."""

    code: str | None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Score:
    """A pain score on its scale; ``when`` is relative to today's block."""

    low: float
    high: float
    scale: float
    when: Literal["pre", "post", "other"]
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class StatedCode:
    """A procedure code the note itself writes for today, with its modifiers and units if any."""

    code: str
    modifiers: tuple[str, ...] = ()
    units: int | None = None
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Doubt:
    """A place where the note can be read two ways, or does not say; becomes the flag ``code``."""

    code: str
    message: str
    severity: Severity = "hard"
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """A documentation item the note states, ``conservative_care`` say (documentation.yaml)."""

    name: str
    evidence: tuple[Evidence, ...] = ()
    value: str | None = None
    """What the words say where more than presence matters: an ISO date, a month count, a reason."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything one note says that a code or a flag may rest on."""

    procedure: Procedure
    levels: tuple[Level, ...] = ()
    nerves: tuple[Nerve, ...] = ()
    """Leftover nerves only: those that completed a joint live in ``levels``."""
    guidance: Guidance = field(default_factory=lambda: Guidance("unstated"))
    relief: tuple[Relief, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    scores: tuple[Score, ...] = ()
    stated_codes: tuple[StatedCode, ...] = ()
    findings: tuple[Finding, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    also: tuple[Procedure, ...] = ()
    """Other procedures performed at the same encounter, e.g. a lumbar facet block."""
    lumbar_levels: tuple[Level, ...] = ()
    """Lumbar joints treated the same day, L1-L2 to L5-S1: outside this product's codes."""

    def finding(self, name: str) -> Finding | None:
        """The first finding of that name, or None."""
        return next((f for f in self.findings if f.name == name), None)

    @property
    def is_facet_block(self) -> bool:
        """Whether a cervical or thoracic facet block was performed today."""
        return self.procedure.kind in FACET_BLOCKS
