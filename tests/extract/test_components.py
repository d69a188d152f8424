"""The parts as spaCy components, and what they must not do."""

from __future__ import annotations

import logging
import subprocess
import sys

import pytest
import spacy

from facetcode.errors import ExtractionError
from facetcode.extract.build import MAX_CHARS, Extractor
from facetcode.extract.rules import load_rules

NOTE = "PROCEDURE: Right C4-5 medial branch block under fluoroscopy. Needle placed by SECRETNAME."


def test_the_whole_is_a_component_of_any_pipeline() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("facetcode")
    facts = nlp(NOTE)._.facetcode
    assert [(level.joint, level.side) for level in facts.levels] == [("C4-C5", "right")]


def test_parts_can_be_added_one_by_one(extractor: Extractor) -> None:
    assert extractor.nlp.pipe_names == [
        "facetcode_sentences", "facetcode_sections", "facetcode_targets", "facetcode_context",
    ]  # fmt: skip
    doc = extractor.nlp(NOTE)
    assert [s.category for s in doc._.sections] == ["procedure"]
    assert {span.label_ for span in doc.spans["facetcode"]} >= {"MBB", "LEVEL"}


def test_a_note_too_long_is_refused(extractor: Extractor) -> None:
    with pytest.raises(ExtractionError, match="split it"):
        extractor.facts("MBB " * MAX_CHARS)


def test_no_note_text_is_logged(
    extractor: Extractor, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    with caplog.at_level(logging.DEBUG):
        extractor.facts(NOTE)
    out, err = capfd.readouterr()
    assert "SECRETNAME" not in caplog.text + out + err


def test_importing_medspacy_leaves_no_placeholder() -> None:
    code = (
        "import sys; import facetcode.extract.medspacy_parts; "
        "sys.exit('quickumls' in sys.modules or 'nltk' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        " \n\t",
        "\x00" * 50,
        "MBB",
        "C4-5",
        "(" * 3000 + "MBB C4-5 facet injection",
        "MBB\r\rC4\x0bC5",
    ],
)
def test_odd_texts_have_facts(extractor: Extractor, text: str) -> None:
    extractor.facts(text)


def test_no_words_are_given_two_meanings_in_context() -> None:
    """Of two rules on the same words medspaCy keeps one, whichever it meets first."""
    from facetcode.extract.assertion import spelled_out

    meanings: dict[str, set[str]] = {}
    for entry in load_rules("context"):
        for direction in ("forward", "backward", "bidirectional", "terminate"):
            for phrase in entry.get(direction, ()):
                for literal in spelled_out(phrase):
                    meanings.setdefault(literal, set()).add(entry["category"])
    assert {words: found for words, found in meanings.items() if len(found) > 1} == {}
