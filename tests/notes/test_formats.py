"""What each format gives: ids, texts character for character, and what the export says besides."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from facetcode.notes.formats import count_hint, files
from facetcode.notes.note import MAX_NOTE_CHARS

Put = Callable[[Path, str | bytes], Path]
Reading = Callable[..., Any]

MBB = "Right C4–5 “MBB”"
BOM = b"\xef\xbb\xbf"


def case(
    name: str, content: bytes, *notes: tuple[str, str], id: str, **columns: str
) -> object:  # pytest's ParameterSet has no public name
    return pytest.param(name, content, list(notes), columns, id=id)


@pytest.mark.parametrize(
    ("name", "content", "notes", "columns"),
    [
        case("n-1.txt", b"Right C4-5 MBB", ("n-1", "Right C4-5 MBB"), id="text"),
        case("n-1.TXT", b"capital", ("n-1", "capital"), id="text-capital-suffix"),
        case("n.1.v2.txt", b"t", ("n.1.v2", "t"), id="text-points-in-the-name"),
        case("n.txt", MBB.encode(), ("n", MBB), id="text-utf8"),
        case("n.txt", BOM + MBB.encode(), ("n", MBB), id="text-utf8-with-mark"),
        case("n.txt", MBB.encode("cp1252"), ("n", MBB), id="text-cp1252"),
        case("n.txt", "café".encode("cp1252"), ("n", "café"), id="text-cp1252-at-the-end"),
        case("n.txt", MBB.encode("utf-16"), ("n", MBB), id="text-utf16"),
        case("n.txt", b"\xfe\xff" + MBB.encode("utf-16-be"), ("n", MBB), id="text-utf16-be"),
        case("n.txt", MBB.encode("utf-32"), ("n", MBB), id="text-utf32"),
        case("n.txt", b"a\r\nb\rc\n\n", ("n", "a\r\nb\rc\n\n"), id="text-line-breaks-stand"),
        case("n.txt", b"no newline at all", ("n", "no newline at all"), id="text-no-newline"),
        case("n.txt", b"a\x0cb\x00c\x07\x1b[31m", ("n", "a\x0cb\x00c\x07\x1b[31m"),
             id="text-nul-and-controls-stand"),
        case("a.jsonl", b'{"note_id": "x", "text": "t"}\n', ("x", "t"), id="jsonl"),
        case("a.ndjson", b'{"id": "x", "text": "t"}', ("x", "t"), id="ndjson-id-no-newline"),
        case("a.jsonl", b'{"note_id": "x", "id": "y", "text": "t"}', ("x", "t"), id="jsonl-both"),
        case("a.jsonl", b'{"id": 7, "text": "t"}', ("7", "t"), id="jsonl-id-number"),
        case("a.jsonl", b'{"id": 7.0, "text": "t"}', ("7", "t"), id="jsonl-id-as-pandas-has-it"),
        case("a.jsonl", b'{"text": "t"}\n{"id": null, "text": "u"}', ("a:1", "t"), ("a:2", "u"),
             id="jsonl-no-id"),
        case("a.jsonl", b'{"id": ["x"], "text": "t"}', ("a:1", "t"), id="jsonl-id-no-name"),
        case("a.jsonl", b'\n{"id": "x", "text": "t"}\r\n \r\n', ("x", "t"), id="jsonl-blank-lines"),
        case("a.jsonl", BOM + b'{"id": "x", "text": "t"}', ("x", "t"), id="jsonl-mark"),
        case("a.jsonl", f'{{"id": "x", "text": "{MBB}"}}'.encode("cp1252"), ("x", MBB),
             id="jsonl-cp1252"),
        case("a.jsonl", f'{{"id": "x", "text": "{MBB}"}}\n'.encode("utf-16"), ("x", MBB),
             id="jsonl-utf16"),
        case("a.jsonl", '{"id": "x", "text": "a\u2028b\x85c"}'.encode(), ("x", "a\u2028b\x85c"),
             id="jsonl-unicode-line-breaks"),
        case("a.jsonl", b'{"id": "x", "text": "a\\u0000b\\r\\n\\u001b"}', ("x", "a\0b\r\n\x1b"),
             id="jsonl-nul-and-controls"),
        case("a.jsonl", b'{"id": "x", "text": "lone \\ud800 half"}', ("x", "lone � half"),
             id="jsonl-half-surrogate-one-for-one"),
        case("a.csv", b"note_id,text\n1,t\n2,u", ("1", "t"), ("2", "u"), id="csv"),
        case("a.csv", b"note_id,text\r\n1,t\r\n", ("1", "t"), id="csv-windows"),
        case("a.csv", b"note_id,text\r1,t\r2,u\r", ("1", "t"), ("2", "u"), id="csv-old-mac"),
        case("a.csv", b'id,text\n1,"two\r\nlines, one\rnote\n"\n',
             ("1", "two\r\nlines, one\rnote\n"), id="csv-embedded-line-breaks"),
        case("a.csv", b'id,text\n1,"said ""yes"""\n', ("1", 'said "yes"'), id="csv-quotes"),
        case("a.csv", b'id,text\n1,5" needle\n', ("1", '5" needle'), id="csv-inch"),
        case("a.csv", b"id,text\n1,a\x00b\x07\n", ("1", "a\0b\x07"), id="csv-nul-and-controls"),
        case("a.csv", b"id,text\n1,  t  \n", ("1", "  t  "), id="csv-blanks-stand"),
        case("a.csv", BOM + b"note_id,text\n1,t\n", ("1", "t"), id="csv-mark"),
        case("a.csv", BOM + b'"note_id","text"\n"1","t"\n', ("1", "t"), id="csv-mark-and-quotes"),
        case("a.csv", f"id,text\n1,{MBB}\n".encode("cp1252"), ("1", MBB), id="csv-cp1252"),
        case("a.csv", b"id,text\n" + b",\n" * 200_000 + "2,C4–C5\n".encode("cp1252"),
             ("2", "C4–C5"), id="csv-cp1252-after-much-ascii"),
        case("a.csv", f"id,text\n1,{MBB}\n".encode("utf-16"), ("1", MBB), id="csv-utf16"),
        case("a.csv", f"id\ttext\n1\t{MBB}\n".encode("utf-16"), ("1", MBB), id="csv-from-excel"),
        case("a.csv", b"NOTE ID;Note Text\n1;C4-5, right\n", ("1", "C4-5, right"),
             id="csv-semicolon"),
        case("a.csv", b'"note, id";"text"\n1;t\n', ("1", "t"), id="csv-comma-inside-a-name"),
        case("a.csv", b"id|report\n1|t, u; v\n", ("1", "t, u; v"), id="csv-bar"),
        case("a.tsv", b"id\ttext\n1\tt, u\n", ("1", "t, u"), id="tsv"),
        case("a.tsv", b"text\nt, u\n", ("a:2", "t, u"), id="tsv-one-column"),
        case("a.csv", b"text\nt\n", ("a:2", "t"), id="csv-one-column"),
        case("a.csv", b"\n\nid;text\n1;t\n", ("1", "t"), id="csv-blank-lines-first"),
        case("a.csv", b"id,text\n1,t\n\n,\n2,u\n", ("1", "t"), ("2", "u"), id="csv-blank-rows"),
        case("a.csv", b"id,text\n,t\n 7 ,u\n", ("a:2", "t"), ("7", "u"), id="csv-no-id-in-a-row"),
        case("a.csv", b"my;note\n7;t\n", ("a:2", "t"), id="csv-no-id-column"),
        case("a.csv", b"k,Dictation Body\n9,t\n", ("a:2", "t"), id="text-column-by-any-case",
             text_column="dictation body"),
        case("a.csv", b"TEXT,Text\na,b\n", ("a:2", "b"), id="text-column-exact-first",
             text_column="Text"),
        case("a.csv", "号,本文\n9,t\n".encode(), ("9", "t"), id="columns-in-another-script",
             text_column="本文", id_column="号"),
        case("a.csv", b"id,text\nNote 1,t\n", ("Note 1", "t"), id="csv-id-of-two-words"),
        case("a.csv", b"k,text\nThis id has many words,t\nAnd so has that one here,u\n",
             ("This id has many words", "t"), ("And so has that one here", "u"),
             id="id-column-asked-for-may-hold-anything", id_column="k"),
    ],
)  # fmt: skip
def test_reads(
    tmp_path: Path,
    put: Put,
    reading: Reading,
    name: str,
    content: bytes,
    notes: list[tuple[str, str]],
    columns: dict[str, str],
) -> None:
    outcome = reading(put(tmp_path / name, content), **columns)
    assert (outcome.notes, outcome.said) == (notes, [])


@pytest.mark.parametrize("name", ["n.txt", "n.jsonl", "n.csv"])
def test_a_note_of_the_longest_length_is_read(
    tmp_path: Path, put: Put, reading: Reading, name: str
) -> None:
    text = "–" * MAX_NOTE_CHARS
    written = {
        "n.txt": text,
        "n.jsonl": f'{{"id": "n", "text": "{text}"}}',
        "n.csv": f"id,text\nn,{text}\n",
    }
    assert reading(put(tmp_path / name, written[name])).notes == [("n", text)]


HEADINGS = [
    ("note_id", "text"),
    ("NOTE_ID", "NOTE_TEXT"),
    ("Note ID", "Note Text"),
    ("DocumentID ", " Report"),
    ("doc-id", "transcription"),
    ("accession_number", "Narrative"),
    ("encounter id", "body"),
    ("CSN", "Dictation"),
]


@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
@pytest.mark.parametrize(("ids", "text"), [pytest.param(*h, id=h[1].strip()) for h in HEADINGS])
def test_columns_are_guessed_from_common_headings(
    tmp_path: Path, put: Put, reading: Reading, ids: str, text: str, suffix: str
) -> None:
    mark = "\t" if suffix == ".tsv" else ","
    table = f"Author{mark}{text}{mark}{ids}\nDr. A{mark}the note{mark}17\n"
    assert reading(put(tmp_path / f"a{suffix}", table)).notes == [("17", "the note")]


class TestFolders:
    def test_notes_come_in_order_and_what_is_hidden_or_no_note_is_left(
        self, tmp_path: Path, put: Put, reading: Reading
    ) -> None:
        put(tmp_path / "b.txt", "last")
        put(tmp_path / "a" / "z.jsonl", '{"id": "j", "text": "in a table"}')
        put(tmp_path / "a" / "deep" / "c.csv", "id,text\nt,in a row\n")
        for left in (".hidden/n.txt", "a/.n.txt", "picture.png", "README"):
            put(tmp_path / left, "never")
        outcome = reading(tmp_path)
        assert outcome.notes == [("t", "in a row"), ("j", "in a table"), ("b", "last")]
        assert outcome.said == []

    def test_notes_of_one_stem_are_told_apart_by_their_folders(
        self, tmp_path: Path, put: Put, reading: Reading
    ) -> None:
        for name in ("a/n.txt", "b/n.txt", "b/m.txt"):
            put(tmp_path / name, name)
        assert reading(tmp_path).ids == ["a/n", "m", "b/n"]

    def test_notes_of_one_name_in_two_folders_given_are_told_apart_too(
        self, tmp_path: Path, put: Put, reading: Reading, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        folders = [put(Path(name, "n.txt"), name).parent for name in ("p1", "p2")]
        assert reading(*folders).ids == ["p1/n", "p2/n"]
        assert reading(*(folder / "n.txt" for folder in folders)).ids == ["p1/n", "p2/n"]

    def test_a_file_named_twice_is_read_once(
        self, tmp_path: Path, put: Put, reading: Reading
    ) -> None:
        path = put(tmp_path / "n.txt", "t")
        outcome = reading(tmp_path, path, path)
        assert (outcome.ids, outcome.said) == (["n"], [])


def test_metadata_comes_under_the_contracts_names(
    tmp_path: Path, put: Put, reading: Reading
) -> None:
    table = "id,text,DOS,Payor,MRN,extra\n1,t,03/04/2025,Medicare,77,x\n"
    line = (
        '{"id": "2", "text": "t", "date_of_service": "2025-03-04", "payer": "Medicare", "mrn": 77}'
    )
    known = {"date_of_service": "2025-03-04", "payer": "Medicare", "patient_id": "77"}
    outcome = reading(put(tmp_path / "a.csv", table), put(tmp_path / "b.jsonl", line))
    assert outcome.meta == [known, known]


class TestCountHint:
    def test_texts_and_lines_are_counted_and_tables_are_not(self, tmp_path: Path, put: Put) -> None:
        put(tmp_path / "n.txt", "x")
        put(tmp_path / "a.jsonl", '{"text": "t"}\n\n{"text": "u"}')
        assert count_hint([tmp_path]) == 3
        put(tmp_path / "a.csv", "id,text\n1,t\n")
        assert count_hint([tmp_path]) is None
        assert len(files([tmp_path])) == 3

    def test_what_cannot_be_opened_is_left_for_the_reader_to_say(self, tmp_path: Path) -> None:
        (tmp_path / "gone.jsonl").symlink_to("nowhere")
        assert count_hint([tmp_path]) is None
