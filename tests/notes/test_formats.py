"""Reading exports: what each format gives, what each bad input is told, and that nothing moves.

``SECRET`` stands in every bad note: no message may hold it.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facetcode.errors import NoteFormatError
from facetcode.notes.formats import count_hint, files, read
from facetcode.notes.note import MAX_NOTE_CHARS, Note, Reject

SECRET = "Xyzzykowski"


def put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def notes_in(*paths: Path, **options: Any) -> list[tuple[str, str]]:
    return [(n.note_id, n.text) for n in read(list(paths), **options) if isinstance(n, Note)]


def rejects_in(*paths: Path, **options: Any) -> list[Reject]:
    return [item for item in read(list(paths), **options) if isinstance(item, Reject)]


# name of the file, its bytes, options, (id, text) of its notes
READ: list[tuple[str, bytes, dict[str, str], list[tuple[str, str]]]] = [
    ("n-1.txt", b"Right C4-5 MBB", {}, [("n-1", "Right C4-5 MBB")]),
    ("n-1.txt", "C4–C5".encode(), {}, [("n-1", "C4–C5")]),
    ("n-1.txt", b"\xef\xbb\xbfwith a mark", {}, [("n-1", "with a mark")]),
    ("n-1.txt", "C4–C5 “left”".encode("cp1252"), {}, [("n-1", "C4–C5 “left”")]),
    ("n-1.txt", "C4–C5".encode("utf-16"), {}, [("n-1", "C4–C5")]),
    ("n-1.txt", b"one\r\ntwo\rthree\n", {}, [("n-1", "one\r\ntwo\rthree\n")]),
    ("n-1.txt", b"form\x0cfeed\x00nul\x07bell", {}, [("n-1", "form\x0cfeed\x00nul\x07bell")]),
    ("n-1.TXT", b"capital suffix", {}, [("n-1", "capital suffix")]),
    ("a.jsonl", b'{"note_id": "x", "text": "t"}\n\n', {}, [("x", "t")]),
    ("a.ndjson", b'{"id": 7, "text": "t"}', {}, [("7", "t")]),
    ("a.jsonl", b'{"text": "t"}\n{"text": "u"}\n', {}, [("a:1", "t"), ("a:2", "u")]),
    ("a.jsonl", b'\xef\xbb\xbf{"id": "x", "text": "t"}\n', {}, [("x", "t")]),
    ("a.jsonl", b'{"id": "x", "text": "lone \\ud800 half"}', {}, [("x", "lone � half")]),
    ("a.csv", b'note_id,text\n1,"two\nlines, one note"\n', {}, [("1", "two\nlines, one note")]),
    ("a.csv", b'note_id,text\r\n1,"said ""yes"""\r\n', {}, [("1", 'said "yes"')]),
    ("a.csv", b"NOTE ID;Note Text\n1;C4-5, right\n", {}, [("1", "C4-5, right")]),
    ("a.csv", b"id|report\n1|t\n", {}, [("1", "t")]),
    ("a.tsv", b"id\ttext\n1\tt\n", {}, [("1", "t")]),
    ("a.csv", b"\xef\xbb\xbfnote_id,text\n1,t\n", {}, [("1", "t")]),
    ("a.csv", "id,text\n1,C4–C5\n".encode("cp1252"), {}, [("1", "C4–C5")]),
    ("a.csv", b"k,Dictation Body\n9,t\n", {"text_column": "dictation body"}, [("a:2", "t")]),
    ("a.csv", b"k,text\n9,t\n", {"id_column": "k"}, [("9", "t")]),
    ("a.csv", b"id,text\n1,t\n,\n2,u\n", {}, [("1", "t"), ("2", "u")]),
]


@pytest.mark.parametrize(("name", "content", "options", "expected"), READ)
def test_reads(
    tmp_path: Path,
    name: str,
    content: bytes,
    options: dict[str, str],
    expected: list[tuple[str, str]],
) -> None:
    assert notes_in(put(tmp_path / name, content), **options) == expected


def test_a_folder_is_walked_in_order_and_hidden_files_are_left(tmp_path: Path) -> None:
    put(tmp_path / "b" / "n.txt", "second")
    put(tmp_path / "a" / "n.txt", "first")
    put(tmp_path / "a" / "m.txt", "third by name")
    put(tmp_path / ".hidden" / "n.txt", "never")
    put(tmp_path / "picture.png", b"\x89PNG")
    # Two files of one stem take the path below the folder as their id.
    assert [n for n, _ in notes_in(tmp_path)] == ["m", "a/n", "b/n"]


def test_metadata_comes_under_the_contracts_names(tmp_path: Path) -> None:
    path = put(tmp_path / "a.csv", "id,text,DOS,Payor,MRN,extra\n1,t,03/04/2025,Medicare,77,x\n")
    (note,) = [n for n in read([path]) if isinstance(n, Note)]
    assert note.meta == {"date_of_service": "2025-03-04", "payer": "Medicare", "patient_id": "77"}


LONG = "a" * (MAX_NOTE_CHARS + 1)
# name, bytes, where the message points, words of it, ids of the notes that are still read
BAD: list[tuple[str, bytes, str, tuple[str, ...], list[str]]] = [
    ("n.txt", b"", "n.txt", ("empty", "export it again"), []),
    ("n.txt", b" \n\t", "n.txt", ("no text", "export it again"), []),
    ("n.txt", f"{SECRET} {LONG}".encode(), "n.txt", ("too long", "split"), []),
    ("n.txt", b"\x00\x01\x02" * 5000, "n.txt", ("not text", "UTF-8"), []),
    ("n.txt", f"{SECRET} \x81\x8d".encode("latin-1"), "n.txt", ("fits neither", "UTF-8"), []),
    (
        "a.jsonl",
        (
            f'{{"id": "x", "text": "t"}}\n{{"id": "y", "text": "{SECRET}\n'
            '{"id": "z", "text": "u"}'
        ).encode(),
        "a.jsonl:2",
        ("not valid JSON", "mend the line"),
        ["x", "z"],
    ),
    (
        "a.jsonl",
        f'{{"id": "x", "text": "t"}}\n{{"id": "y", "text": "{SECRET} cut of'.encode(),
        "a.jsonl:2",
        ("not valid JSON",),
        ["x"],
    ),
    ("a.jsonl", b'["a list"]\n', "a.jsonl:1", ("not a JSON object",), []),
    ("a.jsonl", b'{"id": "x", "body": "t"}', "a.jsonl:1", ("no key 'text'", "body, id"), []),
    ("a.jsonl", b'{"id": "x", "text": null}', "a.jsonl:1", ("no key 'text'",), []),
    ("a.jsonl", b'{"id": "x", "text": ["t"]}', "a.jsonl:1", ("not a string",), []),
    ("a.jsonl", b"[" * 100_000, "a.jsonl:1", ("JSON",), []),
    (
        "a.jsonl",
        f'{{"id": "x", "text": "t"}}\n{{"id": "x", "text": "{SECRET}"}}\n'.encode(),
        "a.jsonl:2",
        ("stood already at", "a.jsonl:1", "id of its own"),
        ["x"],
    ),
    ("a.jsonl", b'{"id": "x", "text": ""}', "a.jsonl:1", ("no text",), []),
    (
        "a.csv",
        f"id,text\n1,t\n2,{SECRET},more\n3,u\n".encode(),
        "a.csv:3",
        ("3 fields under 2 columns", "quote fields"),
        ["1", "3"],
    ),
    ("a.csv", b"id,text\n1\n2,u\n", "a.csv:2", ("ends before the text column",), ["2"]),
    ("a.csv", f'id,text\n1,t\n2,"{SECRET} open'.encode(), "a.csv:3", ("cannot be parsed",), ["1"]),
    ("a.csv", b"\x00\x01\x02\x03" * 5000, "a.csv", ("not text",), []),
]


@pytest.mark.parametrize(("name", "content", "where", "words", "rest"), BAD)
def test_bad_input_names_place_and_remedy_and_the_rest_goes_on(
    tmp_path: Path, name: str, content: bytes, where: str, words: tuple[str, ...], rest: list[str]
) -> None:
    last = put(tmp_path / "last.txt", "a good note after it")
    path = put(tmp_path / name, content)
    (reject,) = rejects_in(path, last)
    said = f"{reject.source}: {reject.reason}; {reject.remedy}"
    assert reject.source == str(tmp_path / where)
    for word in words:
        assert word in said
    assert reject.remedy and SECRET not in said
    assert [n for n, _ in notes_in(path, last)] == [*rest, "last"]


# what is asked for, words of the error
REFUSED: list[tuple[str, Callable[[Path], list[Path]], dict[str, str], tuple[str, ...]]] = [
    ("missing", lambda d: [d / "none.txt"], {}, ("none.txt", "no such file", "check")),
    ("suffix", lambda d: [put(d / "n.docm", "x")], {}, ("unknown format '.docm'", ".jsonl")),
    ("no notes", lambda d: [put(d / "f" / "x.png", "x").parent], {}, ("no notes in this folder",)),
    (
        "no text column",
        lambda d: [put(d / "a.csv", "key,what\n1,t\n")],
        {},
        ("--text-column", "key, what"),
    ),
    (
        "wrong column",
        lambda d: [put(d / "a.csv", "id,text\n1,t\n")],
        {"text_column": "body"},
        ("no column 'body'", "id, text"),
    ),
    (
        "no header",
        lambda d: [put(d / "a.csv", f"1,Patient {SECRET} was placed prone and the neck prepped\n")],
        {},
        ("--text-column", "no name"),
    ),
]


@pytest.mark.parametrize(
    ("paths", "options", "words"), [pytest.param(*row[1:], id=row[0]) for row in REFUSED]
)
def test_wrong_use_is_refused_before_any_note(
    tmp_path: Path,
    paths: Callable[[Path], list[Path]],
    options: dict[str, str],
    words: tuple[str, ...],
) -> None:
    with pytest.raises(NoteFormatError) as error:
        list(read(paths(tmp_path), **options))
    for word in words:
        assert word in str(error.value)
    assert SECRET not in str(error.value)


def test_one_table_without_its_column_does_not_end_a_folder(tmp_path: Path) -> None:
    put(tmp_path / "a.csv", "key,what\n1,t\n")
    put(tmp_path / "b.csv", "id,text\n1,t\n")
    assert notes_in(tmp_path) == [("1", "t")]
    (reject,) = rejects_in(tmp_path)
    assert "--text-column" in reject.reason


def test_count_hint(tmp_path: Path) -> None:
    put(tmp_path / "n.txt", "x")
    put(tmp_path / "a.jsonl", '{"text": "t"}\n\n{"text": "u"}\n')
    assert count_hint([tmp_path]) == 3
    put(tmp_path / "a.csv", "id,text\n1,t\n")
    assert count_hint([tmp_path]) is None
    assert len(files([tmp_path])) == 3


# Texts as exports hold them: no halves of a surrogate pair, and of the control characters only
# those that text has; a file of the others is refused as binary.
_CHARACTERS = st.characters(exclude_categories=["Cs", "Cc"], include_characters="\t\n\r\x0c")
TEXTS = st.lists(
    st.text(_CHARACTERS, min_size=1).filter(lambda t: t.strip()),
    min_size=1,
    max_size=4,
)
SAME_FOLDER = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@SAME_FOLDER
@given(TEXTS)
def test_json_lines_give_back_every_character(tmp_path: Path, texts: list[str]) -> None:
    lines = [json.dumps({"id": f"n{i}", "text": text}) for i, text in enumerate(texts)]
    path = put(tmp_path / "a.jsonl", "\n".join(lines))
    assert [text for _, text in notes_in(path)] == texts


@SAME_FOLDER
@given(TEXTS, st.sampled_from([",", ";", "\t", "|"]))
def test_tables_give_back_every_character(tmp_path: Path, texts: list[str], mark: str) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=mark, quoting=csv.QUOTE_ALL)
    writer.writerow(["note_id", "text"])
    writer.writerows((f"n{i}", text) for i, text in enumerate(texts))
    path = put(tmp_path / "a.csv", out.getvalue())
    assert [text for _, text in notes_in(path)] == texts


@SAME_FOLDER
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip))
def test_text_files_give_back_every_character(tmp_path: Path, text: str) -> None:
    # A byte-order mark is how a file begins, not what its note says.
    expected = text.removeprefix("\ufeff")
    if expected.strip():
        assert notes_in(put(tmp_path / "n.txt", text)) == [("n", expected)]
