"""What the standard library wrote is read back equal: no character is lost and none moves.

JSON Lines and tables give back exactly the string that was written. A text file gives back its
characters, line breaks of every kind included; only a byte-order mark at its start is left out.
Two things cannot come back, and both keep the length: half of a surrogate pair, which JSON can
spell and no encoding can write, becomes U+FFFD; and cp1252 text whose bytes happen to be UTF-8
is read as UTF-8.
"""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from facetcode.errors import NoteFormatError
from facetcode.notes.formats import read
from facetcode.notes.note import Note, Reject

Reading = Callable[..., Any]

ANY = st.characters(exclude_categories=["Cs"])
"""Every character that UTF-8 can write, NUL, BOM and control characters among them."""
NOTES = st.lists(st.text(ANY, min_size=1).filter(str.strip), min_size=1, max_size=4)
CALM = st.text(
    st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("\r\n\t\f\v\x1b\x85")
)
"""Text without the control characters that make a file binary."""
TRICKY = ["a\r\n\rb\n", "\ufeffC4–5", '"', '","', "a\x00b", "\u2028\x85\x0b\x0ct", "n-1,t\n"]


@contextmanager
def new_file(name: str) -> Iterator[Path]:
    """A file of a folder of its own; hypothesis runs one test function many times."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder, name)


def ids(texts: list[str]) -> list[str]:
    return [f"n-{i}" for i in range(len(texts))]


def texts_of(path: Path) -> list[str]:
    """Texts of a file's notes; offsets into them are offsets into what was written."""
    items = list(read([path]))
    assert not [item for item in items if isinstance(item, Reject)]
    return [item.text for item in items if isinstance(item, Note)]


@given(NOTES, st.booleans(), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
@example(TRICKY, False, "utf-8")
def test_json_lines_come_back_equal(texts: list[str], escaped: bool, encoding: str) -> None:
    lines = [
        json.dumps({"note_id": note_id, "text": text}, ensure_ascii=escaped)
        for note_id, text in zip(ids(texts), texts, strict=True)
    ]
    with new_file("a.jsonl") as path:
        path.write_text("".join(f"{line}\n" for line in lines), encoding=encoding, newline="")
        assert texts_of(path) == texts


@given(st.text(st.characters(), min_size=1).filter(str.strip))
def test_half_surrogates_in_json_are_replaced_one_for_one(text: str) -> None:
    # Halves that make a pair are one character for JSON.
    expected = json.loads(json.dumps(text))
    with new_file("a.jsonl") as path:
        path.write_text(json.dumps({"text": text}))
        (found,) = texts_of(path)
    assert found == "".join("�" if "\ud800" <= c <= "\udfff" else c for c in expected)


@given(
    NOTES,
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL, csv.QUOTE_NONNUMERIC]),
    st.sampled_from(["\r\n", "\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
)
@example(TRICKY, ",", csv.QUOTE_MINIMAL, "\n", "utf-8")
def test_tables_come_back_equal(
    texts: list[str], mark: str, quoting: Any, end: str, encoding: str
) -> None:
    # Python before 3.13 leaves a lone carriage return unquoted where lines end in a newline.
    assume(quoting == csv.QUOTE_ALL or end == "\r\n" or not any("\r" in text for text in texts))
    with new_file("a.csv") as path:
        with path.open("w", encoding=encoding, newline="") as file:
            writer = csv.writer(file, delimiter=mark, quoting=quoting, lineterminator=end)
            writer.writerow(["note_id", "text"])
            writer.writerows(zip(ids(texts), texts, strict=True))
        assume(not _looks_binary(path))
        assert texts_of(path) == texts


@given(CALM.filter(str.strip), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
@example("a\r\nb\rc\n\n", "utf-8")
@example("\ufeffmark", "utf-8-sig")
def test_text_files_come_back_equal_but_for_a_mark(text: str, encoding: str) -> None:
    expected = text.removeprefix("\ufeff") if encoding == "utf-8" else text
    assume(expected.strip())
    with new_file("n.txt") as path:
        path.write_text(text, encoding=encoding, newline="")
        assert texts_of(path) == [expected]


# No sequence of these is UTF-8: that would take a letter of À–ô before them.
WINDOWS = st.text(st.sampled_from("abc C4-5\r\n,–—“”‘’•…°±½µ²®«»"), min_size=1)


@given(WINDOWS.filter(str.strip), st.sampled_from(["n.txt", "a.jsonl", "a.csv"]))
def test_cp1252_comes_back_equal(text: str, name: str) -> None:
    with new_file(name) as path:
        with path.open("w", encoding="cp1252", newline="") as file:
            if name == "a.jsonl":
                json.dump({"id": "n-1", "text": text}, file, ensure_ascii=False)
            elif name == "a.csv":
                csv.writer(file, quoting=csv.QUOTE_ALL).writerows([["id", "text"], ["n-1", text]])
            else:
                file.write(text)
        assert texts_of(path) == [text]


def _looks_binary(path: Path) -> bool:
    """Whether a table is mostly control characters, and so refused as no text."""
    return any(
        isinstance(item, Reject) and item.reason == "it is not text" for item in read([path])
    )


SECRET = "Xyzzykowski"
LINES = (
    f"In the suite Mr. {SECRET} had right C4–C5 and C5–C6 blocks done,\n"
    f"then “the left” with ½ the dose and {SECRET} was well, so\nhome went {SECRET} by car."
)
"""Only the names of columns and ids of a word or two may be shown; here no comma leaves so few."""
EXPORTS = {
    "n.txt": LINES,
    "a.jsonl": "".join(json.dumps({"id": i, "text": LINES}) + "\n" for i in range(3)),
    "a.csv": "note_id,text\n" + "".join(f'{i},"{LINES}"\n' for i in range(3)),
    "a.tsv": "note_id\ttext\tpayer\n" + "".join(f'n{i}\t"{LINES}"\tBCBS\n' for i in range(3)),
}
DAMAGE = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.integers(0, 3),
        st.sampled_from([b"", b'"', b"\n", b",", b"\t", b"\\", b"\xff", b"\0", b"{", b"}", b"\r"]),
    ),
    min_size=1,
    max_size=2,
)


@pytest.mark.parametrize("name", EXPORTS)
@given(DAMAGE)
@example([(14, 1, b"")])
def test_damage_is_said_without_a_word_of_a_note(
    reading: Reading, name: str, damage: list[tuple[int, int, bytes]]
) -> None:
    data = EXPORTS[name].encode()
    for at, length, put in damage:
        data = data[:at] + put + data[at + length :]
    with new_file(name) as path:
        path.write_bytes(data)
        try:
            said = reading(path).said
        except NoteFormatError as error:
            said = [str(error)]
    assert all(SECRET not in message for message in said)
    assert all(message.startswith(str(path)) for message in said)


@given(st.binary(max_size=300), st.sampled_from(sorted(EXPORTS)))
def test_any_bytes_end_in_notes_or_in_messages(reading: Reading, data: bytes, name: str) -> None:
    with new_file(name) as path:
        path.write_bytes(data)
        try:
            outcome = reading(path)
        except NoteFormatError as error:
            assert str(error).startswith(f"{path}: ")
        else:
            assert outcome.notes or outcome.said
