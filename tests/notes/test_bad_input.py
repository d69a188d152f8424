"""What each bad input is told: file, record and remedy, no word of a note; the rest is read.

Every text of a note holds ``SECRET``, the good ones too: a message may not quote any of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from facetcode.errors import NoteFormatError
from facetcode.notes.formats import files, read
from facetcode.notes.note import MAX_ID_CHARS, MAX_NOTE_CHARS

Put = Callable[[Path, str | bytes], Path]
Reading = Callable[..., Any]

SECRET = "Xyzzykowski"
NOTE = f"Patient {SECRET} was seen today."
LONG = f"{SECRET} " + "a" * MAX_NOTE_CHARS
GOOD = f'{{"id": "good", "text": "{NOTE}"}}\n'
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
DASHES = f"{SECRET} C4–C5, C5–C6".encode()

AS_TEXT = "save it as UTF-8 text"
AS_JSON = "write JSON Lines as UTF-8 text"
AS_UTF8 = "export it as UTF-8 text"
AGAIN = "export it again"
MEND = "mend the line or export it again"
QUOTE = "quote fields that hold the delimiter or a line break"
DOUBLE = "double the quotes inside quoted fields"
TOO_LONG = "split the file into one note each"


def bad(
    name: str,
    content: str | bytes,
    *messages: tuple[str, str, str],
    id: str,
    rest: tuple[str, ...] = (),
) -> object:  # pytest's ParameterSet has no public name
    """A file; of each message what follows the path, what is said, the remedy; ids still read."""
    return pytest.param(name, content, messages, list(rest), id=id)


@pytest.mark.parametrize(
    ("name", "content", "messages", "rest"),
    [
        # Files
        bad("n.txt", b"", (": ", "the file is empty", AGAIN), id="text-empty"),
        bad("a.jsonl", b"", (": ", "the file is empty", AGAIN), id="jsonl-empty"),
        bad("a.csv", b"", (": ", "the file is empty", AGAIN), id="csv-empty"),
        bad("n.txt", b" \n\t\r\n", (": note n: ", "no text", AGAIN), id="text-blank"),
        bad("n.txt", b"\xef\xbb\xbf", (": note n: ", "no text", AGAIN), id="text-mark-alone"),
        bad("a.jsonl", b"\n \n", (": ", "holds no note", AGAIN), id="jsonl-blank"),
        bad("a.csv", b"\n\n", (": ", "only blank lines", AGAIN), id="csv-blank"),
        bad("a.csv", b"id,text\n", (": ", "holds no note", AGAIN), id="csv-heading-alone"),
        bad("n.txt", PNG, (": note n: ", "it is not text", AS_TEXT), id="text-binary"),
        bad("a.jsonl", PNG, (": ", "it is not text", AS_JSON), id="jsonl-binary"),
        bad("a.csv", PNG, (": ", "it is not text", AS_UTF8), id="csv-binary"),
        bad("n.txt", f"{NOTE}\n".encode("utf-16-le"), (": note n: ", "it is not text", AS_TEXT),
            id="text-utf16-without-mark"),
        # Bytes that do not decode
        bad("n.txt", f"{SECRET} \x81".encode("latin-1"),
            (": note n: ", "byte 12 fits neither UTF-8 nor Windows-1252", AS_TEXT),
            id="text-no-encoding"),
        bad("n.txt", DASHES + b"\xff", (": note n: ", "byte 28 does not fit UTF-8", AS_TEXT),
            id="text-damaged-utf8-is-not-cp1252"),
        bad("n.txt", b"\xef\xbb\xbf" + NOTE.encode() + b"\xe9",
            (": note n: ", "byte 38 does not fit UTF-8", AS_TEXT), id="text-mark-of-another"),
        bad("n.txt", NOTE.encode("utf-16")[:-1],
            (": note n: ", "does not fit UTF-16", AS_TEXT), id="text-truncated-utf16"),
        bad("a.jsonl", b'{"id": "x", "text": "' + DASHES + b'\xff"}\n' + GOOD.encode(),
            (":1: ", "does not fit UTF-8", AS_JSON), rest=("good",), id="jsonl-damaged-utf8"),
        bad("a.jsonl", GOOD.encode() + b'{"id": "x", "text": "\x81"}\n',
            (":2: ", "fits neither", AS_JSON), rest=("good",), id="jsonl-no-encoding"),
        bad("a.jsonl", GOOD.encode("utf-16")[:-1], (": ", "does not fit UTF-16", AS_JSON),
            id="jsonl-truncated-utf16"),
        bad("a.csv", b"id,text\n1,t\n2,\"" + DASHES + b"\xff\"\n3,t\n",
            (":3: note 2: ", "a byte of its text does not fit UTF-8", AS_UTF8),
            rest=("1", "3"), id="csv-damaged-utf8"),
        bad("a.csv", f"id,text\n1,t\n2,{SECRET} \x81\n3,t\n".encode("latin-1"),
            (":3: note 2: ", "fits neither", AS_UTF8), rest=("1", "3"), id="csv-no-encoding"),
        bad("a.csv", b"id,text\n\x81,t\n3,u\n",
            (":2: ", "a byte of its id fits neither", AS_UTF8),
            rest=("3",), id="csv-id-no-encoding"),
        bad("a.csv", f"id,text\n1,{NOTE}\n".encode("utf-16")[:-1],
            (": ", "does not fit UTF-16", AS_UTF8), id="csv-truncated-utf16"),
        # Length, text, id
        bad("n.txt", LONG, (": note n: ", "1,500,012 characters are too long", TOO_LONG),
            id="text-too-long"),
        bad("n.txt", LONG * 5, (": note n: ", "7.5 MB are too long", TOO_LONG),
            id="text-far-too-long"),
        bad("a.jsonl", f'{{"id": "x", "text": "{LONG}"}}\n{GOOD}',
            (":1: note x: ", "1,500,012 characters are too long", TOO_LONG), rest=("good",),
            id="jsonl-too-long"),
        bad("a.csv", f"id,text\nx,{LONG}\ny,t\n",
            (":2: note x: ", "1,500,012 characters are too long", TOO_LONG), rest=("y",),
            id="csv-too-long"),
        bad("a.jsonl", '{"id": "x", "text": " "}\n' + GOOD, (":1: note x: ", "no text", AGAIN),
            rest=("good",), id="jsonl-no-text"),
        bad("a.csv", "id,text\nx,\ny,t\n", (":2: note x: ", "no text", AGAIN), rest=("y",),
            id="csv-no-text"),
        bad("a.jsonl", GOOD + GOOD, (":2: note good: ", "a.jsonl:1", "an id of its own"),
            rest=("good",), id="jsonl-id-twice"),
        bad("a.csv", f"id,text\n1,{NOTE}\n1,{NOTE}\n2,t\n",
            (":3: note 1: ", "a.csv:2", "an id of its own"), rest=("1", "2"), id="csv-id-twice"),
        bad("a.jsonl", f'{{"id": "first", "text": "{NOTE}"}}',
            (":1: note first: ", "stood already at", "an id of its own"), id="id-of-another-file"),
        bad("a.jsonl", f'{{"id": "{SECRET * 40}", "text": "t"}}\n{GOOD}',
            (":1: ", "too long for an id", "from another column or key"), rest=("good",),
            id="jsonl-id-too-long"),
        # JSON Lines
        bad("a.jsonl", f'{GOOD}{{"id": "x", "text": "{SECRET}\n{{"id": "y", "text": "t"}}',
            (":2: ", "not valid JSON at column", MEND), rest=("good", "y"), id="jsonl-broken"),
        bad("a.jsonl", f'{GOOD}{{"id": "x", "text": "{SECRET} cut o',
            (":2: ", "not valid JSON at column", MEND), rest=("good",), id="jsonl-truncated"),
        bad("a.jsonl", f'{GOOD}{{"id": "x", "text": "{SECRET}"',
            (":2: ", "not valid JSON at column", MEND), rest=("good",), id="jsonl-brace-missing"),
        bad("a.jsonl", f'{{"id": "x", "text": "{SECRET}\ttab\0"}}\n{GOOD}',
            (":1: ", "not valid JSON at column 33", MEND), rest=("good",), id="jsonl-raw-control"),
        bad("a.jsonl", f"{SECRET}\n{GOOD}", (":1: ", "not valid JSON", MEND), rest=("good",),
            id="jsonl-no-json"),
        bad("a.jsonl", f'["{SECRET}"]\n"{SECRET}"\n{GOOD}',
            (":1: ", "not a JSON object", "one object a line"),
            (":2: ", "not a JSON object", "one object a line"), rest=("good",), id="jsonl-list"),
        bad("a.jsonl", "[" * 200_000 + "\n" + GOOD, (":1: ", "JSON", "line"), rest=("good",),
            id="jsonl-nested"),
        bad("a.jsonl", '{"id": 1' + "0" * 5000 + "}\n" + GOOD, (":1: ", "not valid JSON", MEND),
            rest=("good",), id="jsonl-endless-number"),
        bad("a.jsonl", f'{{"id": "x", "body": "{NOTE}"}}\n{GOOD}',
            (":1: note x: ", "no key 'text'; keys present: body, id", "name the note's text"),
            rest=("good",), id="jsonl-no-key"),
        bad("a.jsonl", f'{{"{NOTE}": 1}}\n{GOOD}', (":1: note a:1: ", "not shown", "'text'"),
            rest=("good",), id="jsonl-key-is-a-note"),
        bad("a.jsonl", '{"id": "x", "text": null}\n' + GOOD,
            (":1: note x: ", "'text' is null", "name the note's text 'text'"), rest=("good",),
            id="jsonl-null"),
        *(
            bad("a.jsonl", f'{{"id": "x", "text": {value}}}\n{GOOD}',
                (":1: note x: ", "'text' is not a string", "as a string"), rest=("good",),
                id=f"jsonl-text-is-{kind}")
            for kind, value in (
                ("list", json.dumps([NOTE])), ("object", json.dumps({"t": NOTE})),
                ("number", "17"), ("boolean", "true"),
            )
        ),
        # Tables
        bad("a.csv", f"id,text\n1,t\n2,{SECRET},more\n3,u\n",
            (":3: ", "3 fields under 2 columns", QUOTE), rest=("1", "3"),
            id="csv-too-many-fields"),
        bad("a.csv", f"text,id\nneck, {SECRET}, arm,1\nt,2\n",
            (":2: ", "4 fields under 2 columns", QUOTE), rest=("2",),
            id="csv-too-many-before-the-id"),
        bad("a.csv", "id,text\n1\n2,u\n", (":2: ", "1 fields under 2 columns", QUOTE),
            rest=("2",), id="csv-too-few-fields"),
        bad("a.csv", f"id,text,payer\n1,first {SECRET}\n{SECRET} last,BCBS\n2,u,\n",
            (":2: ", "2 fields under 3", QUOTE),
            (":3: ", "2 fields under 3", QUOTE), rest=("2",), id="csv-line-break-bare"),
        bad("a.csv", f"id,text\n1,two lines\n{SECRET} is here, but\n2,u\n",
            (":3: ", "its id reads like the words of a note", QUOTE), rest=("1", "2"),
            id="csv-line-break-bare-and-a-comma"),
        bad("a.csv", f"id,text\n1,a, b\nthen {SECRET} said, c\n2,t\n",
            (":2: ", "3 fields under 2 columns", QUOTE),
            (":3: ", "its id reads like the words of a note", QUOTE), rest=("2",),
            id="csv-line-break-bare-in-the-first-row"),
        bad("a.csv", f'id,text\n1"{SECRET} has lost,\n2,t\n',
            (":2: ", "its id reads like the words of a note", QUOTE), rest=("2",),
            id="csv-comma-lost"),
        bad("a.csv", f'id,text\n1,t\n2,"{SECRET} open',
            (":3: ", "cannot be parsed (a quote is misplaced); line 3 is left out", DOUBLE),
            rest=("1",), id="csv-unclosed-quote-at-the-end"),
        bad("a.csv", f'id,text\n1,t\n2,"{SECRET} open\n3,"{SECRET}"\n4,"u"\n',
            (":3: ", "cannot be parsed (a quote is misplaced); lines 3-4 are left out", DOUBLE),
            rest=("1", "4"), id="csv-unclosed-quote"),
        bad("a.csv", f'id,text\n1,t\n2,"said "{SECRET}" twice"\n3,u\n',
            (":3: ", "line 3 is left out", DOUBLE), rest=("1", "3"), id="csv-bare-quote"),
        bad("a.csv", f'id,text\n1,t\n2,"said "oh"\n{SECRET} then, left\nend"\n3,u\n',
            (":3: ", "lines 3-5 are left out", DOUBLE), rest=("1", "3"),
            id="csv-bare-quote-in-many-lines"),
        bad("a.csv", f'id,text\n1,"t\n{SECRET}, and\n', (":2: ", "lines 2-3 are left out", DOUBLE),
            id="csv-unclosed-in-the-first-row"),
        bad("a.csv", "id,text\n"
            "0f1e2d3c-aaaa-4bbb-8ccc-000000000001,t\n"
            f'0f1e2d3c-aaaa-4bbb-8ccc-000000000002,"a"{SECRET}\n'
            "9f8e7d6c-bbbb-4ccc-9ddd-00000000000f,u\n",
            (":3: ", "line 3 is left out", DOUBLE),
            rest=("0f1e2d3c-aaaa-4bbb-8ccc-000000000001", "9f8e7d6c-bbbb-4ccc-9ddd-00000000000f"),
            id="csv-bare-quote-and-long-ids"),
        bad("a.tsv", f'id\ttext\n1\tt\n2\t"Dr. {SECRET}" said\n3\tu\n',
            (":3: ", "line 3 is left out", DOUBLE), rest=("1", "3"), id="tsv-bare-quote"),
        # One table of many without its column does not end the run.
        bad("a.csv", f"key,what\n1,{NOTE}\n", (": ", "Columns present: key, what", "--text-column"),
            id="csv-no-text-column"),
        bad("a.csv", f"1,{NOTE}\n", (": ", "Columns present: 2, not shown", "a heading"),
            id="csv-no-heading"),
        bad("a.csv", f'"id,text\n1,{NOTE}\n', (": ", "the heading cannot be parsed", "its quoting"),
            id="csv-heading-unclosed"),
        bad("a.csv", f'"id"x,text\n1,{NOTE}\n', (": ", "heading cannot be parsed", "its quoting"),
            id="csv-heading-misquoted"),
    ],
)  # fmt: skip
def test_bad_input_is_named_with_its_remedy_and_the_rest_goes_on(
    tmp_path: Path,
    put: Put,
    reading: Reading,
    name: str,
    content: str | bytes,
    messages: tuple[tuple[str, str, str], ...],
    rest: list[str],
) -> None:
    first, last = (put(tmp_path / f"{stem}.txt", NOTE) for stem in ("first", "last"))
    path = put(tmp_path / name, content)
    outcome = reading(first, path, last)
    assert outcome.ids == ["first", *rest, "last"]
    assert len(outcome.said) == len(messages)
    for said, (place, what, remedy) in zip(outcome.said, messages, strict=True):
        assert said.startswith(f"{path}{place}")
        assert what in said and remedy in said
        assert SECRET not in said


@pytest.mark.parametrize(
    ("name", "content", "columns", "words"),
    [
        pytest.param("none.txt", None, {}, ["no such file or folder", "check the path"],
                     id="missing-file"),
        pytest.param("folder", {}, {}, ["no notes in this folder", ".txt, .jsonl"],
                     id="folder-empty"),
        pytest.param("folder", {"x.png": NOTE, ".n.txt": NOTE}, {}, ["no notes in this folder"],
                     id="folder-without-notes"),
        pytest.param("n.docm", NOTE, {}, ["unknown format '.docm'", "give one of .txt, .jsonl"],
                     id="unknown-suffix"),
        pytest.param("note", NOTE, {}, ["unknown format ''", ".txt, .jsonl"], id="no-suffix"),
        pytest.param("a.csv", f"key,what\n1,{NOTE}\n", {},
                     ["Columns present: key, what", "--text-column"], id="no-text-column"),
        pytest.param("a.csv", f"id,text\n1,{NOTE}\n", {"text_column": "body"},
                     ["no column 'body' for the note's text", "columns present: id, text"],
                     id="text-column-not-there"),
        pytest.param("a.csv", f"id,text\n1,{NOTE}\n", {"id_column": "key"},
                     ["no column 'key' for the note's id", "columns present: id, text"],
                     id="id-column-not-there"),
        pytest.param("a.csv", f"号,本文\n1,{NOTE}\n", {"text_column": "文"},
                     ["no column '文'", "columns present: 号, 本文"],
                     id="text-column-in-another-script"),
        pytest.param("a.csv", f"id,text\n1,{NOTE}\n", {"id_column": "text"},
                     ["one column cannot be both", "--id-column"], id="one-column-for-both"),
        pytest.param("a.csv", f"17,{NOTE}\n18,{NOTE}\n", {}, ["not shown", "a heading"],
                     id="no-heading"),
        pytest.param("a.csv", f"n,Seen: {SECRET} {'x' * 30}\n", {}, ["not shown"],
                     id="no-heading-long"),
        pytest.param("a.csv", f'n,"Seen:\n{SECRET}"\n', {"text_column": "t"}, ["not shown"],
                     id="no-heading-lines"),
        pytest.param("a.csv", f"n,{SECRET} had pain in neck and arm\n", {"text_column": "t"},
                     ["not shown"], id="no-heading-words"),
        pytest.param("a.csv", f'"id,text\n1,{NOTE}\n', {}, ["heading cannot be parsed", "mend"],
                     id="heading-unclosed"),
    ],
)  # fmt: skip
def test_wrong_use_is_refused_before_any_note(
    tmp_path: Path,
    put: Put,
    name: str,
    content: str | dict[str, str] | None,
    columns: dict[str, str],
    words: list[str],
) -> None:
    path = tmp_path / name
    if isinstance(content, dict):
        path.mkdir()
        for inside, text in content.items():
            put(path / inside, text)
    elif content is not None:
        put(path, content)
    with pytest.raises(NoteFormatError) as error:
        next(read([path], **columns))
    said = str(error.value)
    assert said.startswith(f"{path}: ") and SECRET not in said
    for word in words:
        assert word in said


def test_a_note_given_for_a_path_is_not_repeated() -> None:
    with pytest.raises(NoteFormatError, match=r"a path given: .*too long.*check the path") as error:
        files([Path(f"Patient {SECRET} " * 30)])
    assert SECRET not in str(error.value)


def test_a_link_that_leads_nowhere_is_said(tmp_path: Path, put: Put, reading: Reading) -> None:
    put(tmp_path / "a.txt", NOTE)
    (tmp_path / "b.txt").symlink_to("nowhere")
    outcome = reading(tmp_path)
    assert outcome.ids == ["a"]
    (said,) = outcome.said
    assert said.startswith(f"{tmp_path / 'b.txt'}: it cannot be read") and "check the file" in said


def test_a_folder_that_cannot_be_listed_is_said(
    tmp_path: Path, put: Put, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = put(tmp_path / "locked" / "n.txt", NOTE).parent
    put(tmp_path / "n.txt", NOTE)
    scan = os.scandir

    def denied(path: str) -> Any:
        if Path(path) == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(NoteFormatError, match="Permission denied") as error:
        files([tmp_path])
    assert str(error.value).startswith(f"{locked}: ")


def test_an_id_may_be_as_long_as_a_path(tmp_path: Path, put: Put, reading: Reading) -> None:
    name = "n" * 240
    table = put(tmp_path / f"{name}.csv", "text\nt\n")
    assert len(name) < MAX_ID_CHARS
    assert reading(table).ids == [f"{name}:2"]
