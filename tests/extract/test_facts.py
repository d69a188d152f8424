"""Short notes and the facts in them, through the whole pipeline."""

from __future__ import annotations

import pytest

from facetcode.extract.build import Extractor

FLUORO = " under fluoroscopy. Needles were placed and drug injected."

LEVELS = [
    ("Right C4, C5, C6 medial branch block", "C4-C5 right, C5-C6 right"),
    ("B/L C4,C5,C6 MBB", "C4-C5 bilateral, C5-C6 bilateral"),
    ("L C4-5, C5-6 facet injections", "C4-C5 left, C5-C6 left"),
    ("Left C3/4/5 diagnostic medial branch blocks", "C3-C4 left, C4-C5 left"),
    ("MBB of C3, C4, C5 on the left, C4 and C5 on the right", "C3-C4 left, C4-C5 bilateral"),
    ("Facet injection right at C3-4 and C4-5; left at C4-5", "C3-C4 right, C4-C5 bilateral"),
    ("Third occipital nerve block, right,", "C2-C3 right"),
    ("TON, C3 and C4 medial branch blocks, bilateral,", "C2-C3 bilateral, C3-C4 bilateral"),
    ("Left C7, C8, T1 medial branch blocks", "C7-T1 left, T1-T2 left"),
    ("Right T3, T4, T5 medial branch block", "T4-T5 right, T5-T6 right"),
    ("Bilateral T4-T6 medial branch blocks", "T5-T6 bilateral, T6-T7 bilateral"),
    ("Bilateral T12-L1 facet joint injection", "T12-L1 bilateral"),
    ("Right C3-4 through C5-6 facet joint injections", "C3-C4 right, C4-C5 right, C5-C6 right"),
    ("C4 C5 C6 MBB right side", "C4-C5 right, C5-C6 right"),
    ("Right C5-6 and L4-5 medial branch blocks", "C5-C6 right"),
    ("Left C3, C4 and C6, C7 medial branch blocks", "C3-C4 left, C6-C7 left"),
]  # fmt: skip


@pytest.mark.parametrize(("title", "levels"), [pytest.param(*row, id=row[0]) for row in LEVELS])
def test_levels_and_sides(extractor: Extractor, title: str, levels: str) -> None:
    facts = extractor.facts(f"PROCEDURE: {title}{FLUORO}")
    assert ", ".join(f"{v.joint} {v.side}" for v in facts.levels) == levels


DOUBTS = [
    ("Right C7, T1 medial branch blocks", "", {"C7", "T1"}, set()),
    ("Right C4 medial branch block", "", {"C4"}, set()),
    ("Right C5, C6, C7 and T1 medial branch blocks", "C5-C6 C6-C7", {"T1"}, set()),
    ("Right C2, C3 medial branch blocks", "C2-C3", set(), {"LEVEL_AMBIGUOUS"}),
    ("Right facet injections at the C4, C5 and C6 levels", "C4-C5 C5-C6", set(), {"LEVEL_AMBIGUOUS"}),
    ("Bilateral T4-T6 medial branch blocks", "T5-T6 T6-T7", set(), {"LEVEL_AMBIGUOUS"}),
    ("Right C3, C4, C5, C6 medial branch blocks for the C3-4 and C5-6 joints", "C3-C4 C5-C6", set(), {"LEVEL_CONFLICT"}),
    ("Right C4-5 facet injection. DESCRIPTION: the needle was advanced into the right C6-7 facet joint", "C6-C7", set(), {"LEVEL_CONFLICT"}),
    ("Right C4-5 facet injection. DESCRIPTION: the needle was advanced into the left C4-5 facet joint", "C4-C5", set(), {"SIDE_CONFLICT"}),
    ("*** medial branch block, right", "", set(), {"PLACEHOLDER"}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "joints", "nerves", "doubts"), [pytest.param(*row, id=row[0]) for row in DOUBTS]
)
def test_doubts_are_kept(
    extractor: Extractor, title: str, joints: str, nerves: set[str], doubts: set[str]
) -> None:
    facts = extractor.facts(f"PROCEDURE: {title}{FLUORO}")
    assert " ".join(level.joint for level in facts.levels) == joints
    assert {nerve.name for nerve in facts.nerves} == nerves
    assert {doubt.code for doubt in facts.doubts} == doubts


NOT_OURS = [
    ("PROCEDURE: Radiofrequency ablation of right C4, C5, C6 medial branches. Needles placed. "
     "Two prior medial branch blocks gave 90% relief.", "radiofrequency_ablation"),
    ("PROCEDURE: C5-6 interlaminar epidural steroid injection under fluoroscopy. Needle placed.", "epidural"),
    ("PROCEDURE: Right L4-5 facet joint injection under fluoroscopy. Needle placed.", "lumbar_facet"),
    ("PROCEDURE: Bilateral greater occipital nerve blocks. Skin prepped, 2 mL injected.", "other"),
    ("Returns after C4-6 medial branch blocks on 3/1/2025 with 80% relief. PLAN: RFA of C4-C6.", None),
    ("PROCEDURE: right C4, C5, C6 medial branch block. Procedure was cancelled because of INR 3.1.", None),
    ("IMPRESSION: C5-6 facet arthropathy. Recommend C5-6 medial branch block.", None),
    ("We request prior authorization for right C4, C5, C6 medial branch blocks, CPT 64490, 64491.", None),
    ("The carrier denied the right C5-6 facet joint injection as not medically necessary.", None),
    ("HEART: S1, S2, no murmurs. MRI: increased T2 signal at C5-6. Facet hypertrophy C4-5.", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind"), [pytest.param(*row, id=row[0][:50]) for row in NOT_OURS])
def test_what_was_not_done_today_gives_no_levels(
    extractor: Extractor, text: str, kind: str | None
) -> None:
    facts = extractor.facts(text)
    assert facts.procedure.kind == kind
    assert not facts.levels


BLOCK = "PROCEDURE: Right C4-5 facet joint injection. "
GUIDANCE = [
    (BLOCK + "Under fluoroscopy the needle was advanced.", "fluoroscopy"),
    (BLOCK + "The C-arm was brought in and the needle advanced.", "fluoroscopy"),
    (BLOCK + "X ray guided. Needle advanced.", "fluoroscopy"),
    (BLOCK + "Performed under CT guidance. Needle advanced.", "ct"),
    (BLOCK + "Ultrasound-guided, needle advanced in plane.", "ultrasound"),
    (BLOCK + "Needle advanced without fluoroscopy by palpation.", "none"),
    (BLOCK + "Needle advanced, contrast injected.", "unstated"),
    (BLOCK + "Needle advanced. PLAN: repeat under fluoroscopy.", "unstated"),
    (BLOCK + "Needle advanced. HISTORY: CT of the neck showed arthropathy.", "unstated"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "modality"), [pytest.param(*row, id=row[0][-40:]) for row in GUIDANCE]
)
def test_guidance(extractor: Extractor, text: str, modality: str) -> None:
    assert extractor.facts(text).guidance.modality == modality


MBB = "PROCEDURE: Right C4, C5 medial branch block under fluoroscopy. Needles placed. "
RELIEF = [
    ("HPI: The first block gave 80% relief.", [(80, 80, "prior")]),
    ("HPI: The first block gave 80-90% relief of her neck pain.", [(80, 90, "prior")]),
    ("HPI: The first block gave >80% relief.", [(80, 100, "prior")]),
    ("HPI: After the first block he was eighty five percent better for five hours.", [(85, 85, "prior")]),
    ("POST-PROCEDURE: She reports 90% relief at 30 minutes.", [(90, 90, "today")]),
    ("HPI: First block gave 80% relief on the left and 70% on the right.", [(70, 70, "prior"), (80, 80, "prior")]),
    ("PLAN: If there is at least 80% relief we proceed to RFA.", []),
    ("0.5 mL of 0.5% bupivacaine was injected; relief is expected.", []),
    ("POST-PROCEDURE: pain relieved, SpO2 98%.", []),
    ("HPI: Her epidural gave 60% relief.", []),
    ("HPI: Neck Disability Index 42%, pain relief poor.", []),
    ("HPI: After the first block she slept 50% better.", []),
]  # fmt: skip


@pytest.mark.parametrize(("text", "relief"), [pytest.param(*row, id=row[0][:50]) for row in RELIEF])
def test_relief(extractor: Extractor, text: str, relief: list[tuple[int, int, str]]) -> None:
    facts = extractor.facts(f"{MBB}\n{text}")
    assert sorted((r.low, r.high, r.when) for r in facts.relief) == relief


INTENT = [
    ("Diagnostic right C4, C5 MBB #1", "diagnostic", 1),
    ("Second diagnostic right C4, C5 medial branch block", "diagnostic", 2),
    ("Right C4, C5 confirmatory medial branch block", "diagnostic", 2),
    ("Right C4, C5 medial branch block, first of two", "diagnostic", 1),
    ("Therapeutic right C4-5 facet joint injection", "therapeutic", None),
    ("Right C4-5 facet joint injection", "unstated", None),
]


@pytest.mark.parametrize(
    ("title", "intent", "ordinal"), [pytest.param(*r, id=r[0]) for r in INTENT]
)
def test_intent(extractor: Extractor, title: str, intent: str, ordinal: int | None) -> None:
    procedure = extractor.facts(f"PROCEDURE: {title}{FLUORO}").procedure
    assert (procedure.intent, procedure.ordinal) == (intent, ordinal)


def test_an_addendum_that_corrects_the_levels_wins(extractor: Extractor) -> None:
    facts = extractor.facts(
        f"PROCEDURE: Right C4-5 facet joint injection{FLUORO}\n"
        "ADDENDUM: correction, the level above should read C5-6 facet joint."
    )
    assert [level.joint for level in facts.levels] == ["C5-C6"]
    assert not facts.doubts


def test_the_example_level_of_a_body_leaves_the_rest_to_the_heading(extractor: Extractor) -> None:
    facts = extractor.facts(
        "PROCEDURE: Bilateral C3-4, C4-5 facet injections under fluoroscopy\n"
        "DESCRIPTION: The needle was advanced to the right C4-5 facet joint. "
        "The procedure was repeated at the remaining levels."
    )
    assert [(v.joint, v.side) for v in facts.levels] == [
        ("C3-C4", "bilateral"),
        ("C4-C5", "bilateral"),
    ]
    assert not facts.doubts
