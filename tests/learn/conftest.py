"""An invented practice: notes of several physicians, each with a template, labelled as they are."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from facetcode.extract.build import Extractor
from facetcode.learn import first_look

NERVES = {"C4-C5": ("C4", "C5"), "C5-C6": ("C5", "C6"), "C3-C4": ("C3", "C4")}
# Each physician writes an account of a block, and a note without one, in a way of their own.
BLOCKS = {
    "dr-ash": (
        "PROCEDURE: {Side} {a} and {b} medial branch block, first diagnostic\n"
        "GUIDANCE: fluoroscopy\nNeedles were placed at {a} and {b}.\nRELIEF: {r}% at 30 minutes."
    ),
    "dr-birch": (
        "{side} {joint} facet joint injection done today under fluoroscopic guidance. "
        "She had {r}% relief of her pain twenty minutes after it. Pain before was 7/10."
    ),
    "dr-cedar": (
        "** INTERVENTIONAL NOTE **\n- Done: {joint} MBB ({side}), diagnostic\n- Imaging: C-arm\n"
        "- Post: {r}% better in recovery\n- Disc 80% height, SpO2 98%"
    ),
    "dr-dogwood": (
        "op note / {side} medial branches {a}, {b} / fluoro used / diagnostic block #1 / "
        "pt reports {r} percent relief in pacu / will do rfa if >80% twice"
    ),
    "dr-elm": (
        "Operative report. Under fluoroscopy the {side} {a} and {b} medial branch nerves were "
        "blocked with 0.5% bupivacaine. Recovery room: {r}% pain relief."
    ),
    # Writes the side where no rule looks for it: a share of these notes is read wrong.
    "dr-fir": (
        "Block of the facet joint {joint}. Fluoroscopy. Table turned; patient's {side}-hand "
        "neighbour waved. Intraarticular facet injection performed today, result {r}% relief."
    ),
}
NAMED = re.compile(r"medial branch block|facet joint injection|MBB|facet injection")
OTHERS = (
    "{Side} lumbar radiofrequency ablation L4-5 under fluoroscopy. Earlier block gave {r}% relief.",
    "Follow up. Plans a {side} {joint} medial branch block next month if {r}% better with therapy.",
    "Telephone call: refill of medication, no procedure. Sleeps {r}% better.",
)


def practice(each: int = 12, seed: int = 1) -> list[dict[str, Any]]:
    """Gold lines of the practice; ``each`` is how many notes a physician wrote."""
    draw = random.Random(seed)
    lines = []
    number = 0
    for doctor, template in BLOCKS.items():
        for at in range(each):
            number += 1
            joint, side = draw.choice(list(NERVES)), draw.choice(("right", "left"))
            a, b = NERVES[joint]
            share = draw.choice((50, 60, 75, 80, 85, 90))
            other = at % 4 == 3
            text = (OTHERS[(number + at // 4) % 3] if other else template).format(
                side=side, Side=side.title(), joint=joint.replace("-C", "-"), a=a, b=b, r=share
            )
            lines.append(_gold(number, doctor, text, joint, side, share, other))
    return lines


def _gold(
    number: int, doctor: str, text: str, joint: str, side: str, share: int, other: bool
) -> dict[str, Any]:
    kind = "intraarticular" if doctor in ("dr-birch", "dr-fir") else "medial_branch_block"
    spans: list[dict[str, Any]] = []
    relief: list[dict[str, Any]] = []
    sign = next((s for s in (f"{share}%", f"{share} percent") if s in text), "")
    if not other and sign:
        at = text.index(sign)
        attrs = {"low": str(share), "high": str(share), "when": "today"}
        spans.append({"label": "relief", "start": at, "end": at + len(sign), "attrs": attrs})
        relief = [{"low": share, "high": share, "when": "today"}]
    if not other and (named := NAMED.search(text)):
        spans.append(
            {
                "label": "procedure",
                "start": named.start(),
                "end": named.end(),
                "attrs": {"kind": kind},
            }
        )
        spans.sort(key=lambda span: span["start"])
    modifier = "RT" if side == "right" else "LT"
    intent = "diagnostic" if "diagnostic" in text else "unstated"
    return {
        "note_id": f"desk-{number:03d}",
        "voice": "desk",
        "text": text,
        "meta": {"provider": doctor, "patient_id": f"p-{number}"},
        "spans": spans,
        "facts": {
            "status": "not_applicable" if other else "coded",
            "procedure": {
                "kind": None if other else kind,
                "intent": "unstated" if other else intent,
                "ordinal": None,
            },
            "levels": [] if other else [{"joint": joint, "side": side}],
            "named_as": None if other else "joints",
            "guidance": None if other else "fluoroscopy",
            "relief": relief,
            "diagnoses": [],
        },
        "codes": {
            "default": [] if other else [f"64490-{modifier}"],
            "medicare": []
            if other
            else [f"64490-KX-{modifier}" if intent == "diagnostic" else f"64490-{modifier}"],
        },
        "flags": [],
        "clean": False,
    }


def write_gold(path: Path, lines: list[dict[str, Any]]) -> Path:
    """The lines as a gold file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def gold(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The practice's labelled notes, as the desk exports them."""
    return write_gold(tmp_path_factory.mktemp("desk") / "annotations.jsonl", practice())


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same notes as a corpus: a voice a physician, one of them a test voice."""
    folder = tmp_path_factory.mktemp("annotations")
    extractor = Extractor()
    by_voice: dict[str, list[dict[str, Any]]] = {}
    for line in practice(10, seed=2):
        by_voice.setdefault(line["meta"]["provider"], []).append(line)
    for voice, lines in by_voice.items():
        named = [
            {**line, "voice": voice, "note_id": f"{voice}-{at:02d}"}
            for at, line in enumerate(lines, 1)
        ]
        write_gold(folder / "gold" / f"{voice}.jsonl", named)
        if voice != "dr-elm":
            looks = folder / "first_looks" / f"{voice}.jsonl"
            looks.parent.mkdir(exist_ok=True)
            made = first_look.looks(named, "before", extractor)
            looks.write_text("".join(map(first_look.as_line, made)))
    (folder / "splits.yaml").write_text(
        "train: [dr-ash, dr-birch, dr-fir]\ndev: [dr-cedar, dr-dogwood]\ntest: [dr-elm]\n"
    )
    return folder


MakePractice = Callable[..., list[dict[str, Any]]]
