"""What is new, and which new notes are alike; no word of a note leaves through a model."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from facetcode.batch.novelty import NewNotes, alike
from facetcode.learn import likeness, store

TEMPLATES = {
    "one": "PROCEDURE: {} block\nGUIDANCE: fluoroscopy\nRELIEF: {}%\nSIGNED: electronically",
    "two": "the patient was brought in, {} block done; she tolerated it, {} percent better, home.",
    "three": "** NOTE **\n- Block: {}\n- Result: {}%\n- Plan: call back\n- Signed",
}
NEW = "|| Eingriff || {} blockade || Ergebnis || {} || Unterschrift || Klinik || Datum ||"


def written(template: str, count: int, zebra: bool = False) -> list[str]:
    sites = ("C4-5", "C5-6", "C3-4", "C6-7")
    return [
        template.format(sites[at % 4], 50 + 5 * at) + (" Zebrowska" if zebra else "")
        for at in range(count)
    ]


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    texts = [t for template in TEMPLATES.values() for t in written(template, 8, zebra=True)]
    return likeness.build(texts, [name for name in TEMPLATES for _ in range(8)])


def test_a_known_template_is_known_and_a_new_one_new(content: dict[str, Any]) -> None:
    known = likeness.opened(content)
    for template in TEMPLATES.values():
        nearest, _ = known.nearest(template.format("C2-3", 33))
        assert nearest > 0.7 and not known.is_new(nearest)
    nearest, _ = known.nearest(NEW.format("C2-3", 33))
    assert known.is_new(nearest)


def test_the_fast_way_is_scikit_learns_own(content: dict[str, Any]) -> None:
    known = likeness.opened(content)
    for text in [*written(NEW, 2), *written(TEMPLATES["two"], 2)]:
        vector = content["pipeline"].transform([text])
        expected = (vector @ content["hands"].T).max()
        assert known.nearest(text)[0] == pytest.approx(float(expected), abs=1e-6)


@pytest.mark.parametrize("text", ["", " \n ", "0 1 2", "%"], ids=["empty", "blank", "digits", "%"])
def test_texts_without_words(content: dict[str, Any], text: str) -> None:
    nearest, made = likeness.opened(content).nearest(text)
    assert 0 <= nearest <= 1 and len(made.sketch()) == likeness.BITS // 4


def test_no_word_stands_in_the_file(content: dict[str, Any], tmp_path: Path) -> None:
    store.write(tmp_path / "novelty", content, {}, "")
    archive = zipfile.ZipFile(io.BytesIO((tmp_path / "novelty" / store.MODEL).read_bytes()))
    for name in archive.namelist():
        assert b"zebrowska" not in archive.read(name).lower()


def test_a_hand_left_out_is_stranger_than_its_own(content: dict[str, Any]) -> None:
    texts = [t for template in TEMPLATES.values() for t in written(template, 6)]
    found = likeness.strangers(texts, [name for name in TEMPLATES for _ in range(6)])
    assert (found.own > found.other).all() and found.told > 0.5


def test_new_notes_are_grouped_by_template(content: dict[str, Any]) -> None:
    known = likeness.opened(content)
    other = "Brief op note - {} blk - {} - dictated not read - cc: referring - ** - end of report"
    groups = NewNotes()
    texts = [*written(NEW, 5), *written(other, 3), TEMPLATES["one"].format("C4-5", 80)]
    for at, text in enumerate(texts):
        nearest, made = known.nearest(text)
        new = known.is_new(nearest)
        said = {"nearest": nearest, "new": new, **({"sketch": made.sketch()} if new else {})}
        groups.add({"note_id": f"n-{at}", "meta": {"provider": f"dr {at // 5}"}, "novelty": said})
    groups.add({"note_id": "screened out", "meta": {}})
    assert groups.to_json() == {
        "notes": 8,
        "groups": [
            {"notes": 5, "example": "n-0", "providers": ["dr 0"]},
            {"notes": 3, "example": "n-5", "providers": ["dr 1"]},
        ],
        "in_smaller_groups": 0,
    }


def test_groups_are_bounded() -> None:
    groups = NewNotes()
    for at in range(300):
        sketch = f"{(at * 2654435761) ** 8 % 2**256:064x}"
        groups.add(
            {
                "note_id": str(at),
                "meta": {},
                "novelty": {"nearest": 0, "new": True, "sketch": sketch},
            }
        )
    said = groups.to_json()
    assert said["notes"] == 300 and len(said["groups"]) == 20
    assert said["in_smaller_groups"] + sum(g["notes"] for g in said["groups"]) == 300


def test_sketches_that_cannot_be_compared() -> None:
    assert alike("", "") == 0.0 and alike("ff", "ffff") == 0.0
    assert alike("a5", "a5") == 1.0 and alike("00", "ff") == pytest.approx(-1.0)
