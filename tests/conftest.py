"""What the tests of the shell share: a record to write and show, and a quick stand-in for spaCy."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping

import pytest
from hypothesis import settings

from facetcode.facts import Evidence, Facts, Guidance, Level, Procedure, Relief
from facetcode.record import Flag, Line, Record, Step

# No test is timed: a busy machine must not fail one. Speed is measured by benchmarks/.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

NOTE = "Right C4-5 medial branch block under fluoroscopy. Patient SECRETNAME had 85% relief."


def words(text: str, pattern: str) -> tuple[Evidence, ...]:
    return tuple(Evidence(m.start(), m.end(), m.group()) for m in re.finditer(pattern, text))


@pytest.fixture(scope="session", autouse=True)
def no_own_models(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whoever runs the tests may have trained models of their own: no test must use them."""
    os.environ["XDG_DATA_HOME"] = str(tmp_path_factory.mktemp("data"))


class QuickExtractor:
    """Finds what the stand-in notes say, in microseconds; ``BOOM`` makes it fail as a bug would."""

    def facts(self, text: str, meta: Mapping[str, str] | None = None) -> Facts:
        if "BOOM" in text:
            raise ValueError(f"cannot read {text}")
        block = words(text, "medial branch block")
        levels = tuple(
            Level(f"C{found.text[1]}-C{found.text[-1]}", "right", "joints", (found,))
            for found in words(text, r"C\d-C?\d")
        )
        return Facts(
            Procedure("medial_branch_block" if block else None, "diagnostic", None, block),
            levels,
            guidance=Guidance("fluoroscopy", words(text, "fluoroscopy")),
            relief=tuple(Relief(85, 85, "prior", (found,)) for found in words(text, "85% relief")),
        )


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> QuickExtractor:
    """Coders built in this test use the stand-in extractor: it is the shell that is tested."""
    extractor = QuickExtractor()
    monkeypatch.setattr("facetcode.coder.Coder.extractor", property(lambda coder: extractor))
    return extractor


@pytest.fixture
def make_record() -> Callable[..., Record]:
    """A function that makes the record of ``NOTE``, with what the test wants different."""

    def make(note_id: str = "n-1", text: str = NOTE, **changes: object) -> Record:
        facts = QuickExtractor().facts(text)
        values: dict[str, object] = {
            "note_id": note_id,
            "status": "coded",
            "facts": facts,
            "lines": (
                Line(
                    "64490",
                    ("RT",),
                    1,
                    "C4-C5",
                    "right",
                    (Step("the note names C4-C5", "named-level"), Step("first level", "first")),
                ),
            ),
            "flags": (Flag("DIAGNOSIS_MISSING", "soft", "No diagnosis.", "L38801"),),
            "policy": "default@2024-07-01",
        }
        return Record(**{**values, **changes})  # type: ignore[arg-type]

    return make


@pytest.fixture
def note_text() -> str:
    """The text that ``make_record`` is the record of."""
    return NOTE
