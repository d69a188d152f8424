"""Gold to each tool and back is the same gold: the train voices, and whatever hypothesis finds."""

import json
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from facetcode.annotate import brat, docbin, doccano, label_studio, span_table
from facetcode.annotate.document import Document, from_gold
from facetcode.annotate.intake import take_in
from facetcode.evaluate.corpus import read_corpus
from facetcode.evaluate.gold import GoldNote

from .conftest import gold_notes, run

GOLD = Path(__file__).parents[2] / "annotations" / "gold"


def _folder(files: Iterable[tuple[str, bytes]], target: Path) -> Path:
    for name, data in files:
        (target / name).write_bytes(data)
    return target


def _file(pieces: Iterable[bytes], target: Path) -> Path:
    path = target / "file"
    path.write_bytes(b"".join(pieces))
    return path


Trip = Callable[[Sequence[Document], Path], list[Document]]
TRIPS: dict[str, Trip] = {
    "brat": lambda docs, to: list(brat.read([_folder(brat.write(docs), to)])),
    "csv": lambda docs, to: list(span_table.read([_folder(span_table.write(docs), to)])),
    "label-studio": lambda docs, to: list(label_studio.read([_file(label_studio.write(docs), to)])),
    "doccano": lambda docs, to: list(doccano.read([_file(doccano.write(docs), to)])),
    "docbin": lambda docs, to: list(docbin.read([_file(docbin.write(docs), to)])),
}
each_tool = pytest.mark.parametrize("tool", TRIPS)


@each_tool
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(gold_notes())
def test_any_note_comes_back_as_it_went(tool: str, note: GoldNote) -> None:
    with tempfile.TemporaryDirectory() as folder:
        result = take_in(TRIPS[tool]([from_gold(note)], Path(folder)))
    assert result.problems == []
    assert result.notes == [note]


@each_tool
@pytest.mark.skipif(not GOLD.exists(), reason="about the checkout's own labelled notes")
def test_the_train_voices_come_back_byte_for_byte(tool: str, tmp_path: Path) -> None:
    notes = read_corpus(GOLD, "train")
    target = tmp_path / "out"
    args = ("--format", tool, "--output", target)
    result = run("annotate", "export", GOLD, "--split", "train", *args)
    assert result.exit_code == 0, result.stderr
    result = run("annotate", "import", target, "--format", tool, "--gold", tmp_path / "gold")
    assert result.exit_code == 0, result.stderr
    for voice in {note.voice for note in notes}:
        name = f"{voice}.jsonl"
        assert (tmp_path / "gold" / name).read_bytes() == (GOLD / name).read_bytes()


@each_tool
def test_marks_fit_the_words_in_the_tools_own_file(
    tool: str, tmp_path: Path, note: GoldNote
) -> None:
    (document,) = TRIPS[tool]([from_gold(note)], tmp_path)
    assert [document.text[s.start : s.end] for s in document.spans] == [
        "Right", "C4, C5\nand C6", "medial branch block", "fluoroscopy", "Cervical spondylosis",
        "M47.812", "7/10", "80-90%",
    ]  # fmt: skip


def test_a_docbin_trains_a_spacy_pipeline(tmp_path: Path, note: GoldNote) -> None:
    import spacy
    from spacy.tokens import DocBin

    path = _file(docbin.write([from_gold(note)]), tmp_path)
    (doc,) = DocBin().from_bytes(path.read_bytes()).get_docs(spacy.blank("en").vocab)
    assert doc.text == note.text
    assert [(e.label_, e.text) for e in doc.ents][:2] == [
        ("side", "Right"), ("level", "C4, C5\nand C6"),
    ]  # fmt: skip


def test_the_desks_export_comes_in_the_same_way(tmp_path: Path, note: GoldNote) -> None:
    from facetcode.evaluate.gold import to_gold

    source, gold = tmp_path / "annotations.jsonl", tmp_path / "gold.jsonl"
    source.write_text(json.dumps(to_gold(note)) + "\n")
    result = run("annotate", "import", source, "--format", "desk", "--gold", gold)
    assert result.exit_code == 0 and "1 new" in result.stdout
    assert json.loads(gold.read_text()) == to_gold(note)
    again = run("annotate", "import", source, "--format", "desk", "--gold", gold)
    assert "0 new, 0 changed, 1 as before" in again.stdout
