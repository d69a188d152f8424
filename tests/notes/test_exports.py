"""Exports as hospitals and practices write them: what is read, and what is reported."""

from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pyarrow = pytest.importorskip("pyarrow")
docx = pytest.importorskip("docx")
openpyxl = pytest.importorskip("openpyxl")
for _name in ("hl7", "inscriptis", "pypdf", "striprtf", "defusedxml"):
    pytest.importorskip(_name)

Put = Callable[[Path, str | bytes], Path]
Reading = Callable[..., Any]
MBB = "Right C4–5 MBB, 80% relief & <3 months"


def b64(data: str | bytes) -> str:
    return base64.b64encode(data.encode() if isinstance(data, str) else data).decode()


def pdf(*pages: str | None) -> bytes:
    """A PDF with a line of text a page, or a picture and no text for None."""
    parts = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    for text in pages:
        n = len(parts) + 1
        kids.append(f"{n} 0 R")
        used = "/XObject << /I 4 0 R >>" if text is None else "/Font << /F 3 0 R >>"
        drawn = "/I Do" if text is None else f"BT /F 12 Tf 72 700 Td ({text}) Tj ET"
        if len(parts) == 2:
            parts += [
                "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
                "<< /Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray "
                "/BitsPerComponent 8 /Length 1 >>\nstream\n0\nendstream",
            ]
            n += 2
            kids[-1] = f"{n} 0 R"
        parts.append(
            f"<< /Type /Page /Parent 2 0 R /Contents {n + 1} 0 R /Resources << {used} >> "
            "/MediaBox [0 0 600 800] >>"
        )
        parts.append(f"<< /Length {len(drawn)} >>\nstream\n{drawn}\nendstream")
    parts[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    out = b"%PDF-1.4\n"
    places = []
    for n, part in enumerate(parts, 1):
        places.append(len(out))
        out += f"{n} 0 obj\n{part}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    tail = f"trailer << /Size {len(parts) + 1} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF"
    return out + f"xref\n0 {len(parts) + 1}\n0000000000 65535 f \n{table}{tail}".encode()


def word() -> bytes:
    document = docx.Document()
    document.add_paragraph("Procedure: right C4-5 MBB")
    table = document.add_table(rows=1, cols=2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Pain before", "7/10"
    document.add_paragraph("Signed")
    held = io.BytesIO()
    document.save(held)
    return held.getvalue()


def sheet(*rows: tuple[Any, ...]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    held = io.BytesIO()
    book.save(held)
    return held.getvalue()


def table(**columns: list[Any]) -> bytes:
    import pyarrow.parquet

    held = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(columns), held)
    return held.getvalue()


def zipped(**members: str | bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name.replace("__", "/").replace("_", "."), data)
    return held.getvalue()


def message(*segments: str, end: str = "\r") -> str:
    head = "MSH|^~\\&|EPIC|HOSP|||20260302101500||MDM^T02^MDM_T02|ctl-9|P|2.5.1"
    return end.join([head, *segments]) + end


PID = "PID|1||8812^^^MRN~777^^^SSN||DOE^JANE"
TXA = "TXA|1|PROC|TX|20260301083000||||7^Ruiz^Ana|7^Ruiz^Ana|||DOC-17"
CCDA = """<?xml version="1.0"?>
<ClinicalDocument xmlns="urn:hl7-org:v3">
<id root="1.2.3" extension="ccda-5"/><code displayName="Procedure note"/>
<effectiveTime value="20260303"/>
<recordTarget><patientRole><id extension="p-4"/></patientRole></recordTarget>
<author><assignedAuthor><assignedPerson><name><given>Ana</given><family>Ruiz</family></name>
</assignedPerson></assignedAuthor></author>
<documentationOf><serviceEvent><effectiveTime><low value="20260301"/></effectiveTime></serviceEvent>
</documentationOf>
<component><structuredBody><component><section><title>Procedure</title>
<text><paragraph>Right <content>C4-5</content> MBB</paragraph>
<list><item>fluoroscopy</item><item>0.5 mL</item></list>
<table><tbody><tr><td>Pain before</td><td>7/10</td></tr></tbody></table>line<br/>next</text>
</section></component></structuredBody></component></ClinicalDocument>"""


def reference(**attachment: str) -> str:
    return json.dumps(
        {
            "resourceType": "DocumentReference",
            "id": "dr-1",
            "status": "current",
            "type": {"text": "Procedure note"},
            "subject": {"reference": "Patient/p-4"},
            "date": "2026-03-05T10:00:00Z",
            "author": [{"display": "Ana Ruiz"}],
            "context": {"period": {"start": "2026-03-01T08:00:00Z"}},
            "content": [{"attachment": attachment}],
        }
    )


META = {"date_of_service": "2026-03-01", "patient_id": "p-4", "provider": "Ana Ruiz",
        "note_type": "Procedure note"}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "content", "note_id", "text", "meta"),
    [
        pytest.param("a.hl7", message(PID, TXA, "OBX|1|TX|||Right C4-5 MBB~under fluoroscopy",
                                      "OBX|2|FT|||a\\.br\\b \\T\\ c\\F\\d \\H\\e\\N\\ \\X0A\\f"),
                     "DOC-17", "Right C4-5 MBB\nunder fluoroscopy\na\nb & c|d e \nf",
                     {"patient_id": "8812", "date_of_service": "2026-03-01", "note_type": "PROC",
                      "provider": "Ana Ruiz"}, id="mdm"),
        pytest.param("a.hl7", message(PID, "OBR|1||FIL-3|X^Spine proc|||20260301",
                                      "OBX|1|ED|||^text^html^Base64^" + b64("<p>Right C4-5</p>"),
                                      end="\n").replace("MDM^T02^MDM_T02", "ORU^R01"),
                     "FIL-3", "Right C4-5",
                     {"patient_id": "8812", "date_of_service": "2026-03-01",
                      "note_type": "Spine proc"}, id="oru-lf-html"),
        pytest.param("a.txt", "\x0b" + message(TXA, "OBX|1|TX|||x") + "\x1c\r", "DOC-17", "x", None,
                     id="mllp-in-a-txt-file"),
        pytest.param("a.ndjson", reference(contentType="text/plain", data=b64(MBB)), "dr-1", MBB,
                     META, id="fhir-inline"),
        pytest.param("a.ndjson", reference(contentType="text/html", data=b64(f"<p>{'x' * 9}</p>")),
                     "dr-1", "x" * 9, META, id="fhir-html"),
        pytest.param("a.ndjson", reference(contentType="application/rtf",
                                           data=b64(r"{\rtf1\ansi Right\par C4-5}")),
                     "dr-1", "Right\nC4-5", META, id="fhir-rtf"),
        pytest.param("a.ndjson", reference(contentType="application/pdf",
                                           data=b64(pdf("Right C4-5"))),
                     "dr-1", "Right C4-5", META, id="fhir-pdf"),
        pytest.param("a.xml", CCDA, "ccda-5",
                     "Procedure:\nRight C4-5 MBB\nfluoroscopy\n0.5 mL\nPain before | 7/10\nline\n"
                     "next\n", META, id="ccda"),
        pytest.param("n.rtf", r"{\rtf1\ansi{\fonttbl{\f0 Arial;}}\f0 Right C4\endash 5\par 8\'25 }",
                     "n", "Right C4\u20135\n8% ", {}, id="rtf"),
        pytest.param("n.html", "<html><head><style>p{}</style></head><body><p>Right&nbsp;C4-5</p>"
                     "<table><tr><td>Pain</td><td>7/10</td></tr></table></body></html>",
                     "n", None, {}, id="html"),
        pytest.param("n.pdf", pdf("Right C4-5", "page two"), "n", "Right C4-5\npage two", {},
                     id="pdf"),
        pytest.param("n.docx", word(), "n", "Procedure: right C4-5 MBB\nPain before | 7/10\nSigned",
                     {}, id="docx"),
        pytest.param("a.xlsx", sheet(("Note ID", "MRN", "Note Text"), (7.0, "p-4", MBB)), "7", MBB,
                     {"patient_id": "p-4"}, id="xlsx"),
        pytest.param("a.parquet", table(note_id=["7"], note_text=[MBB], payer=["Aetna"]), "7", MBB,
                     {"payer": "Aetna"}, id="parquet"),
        pytest.param("a.csv.gz", gzip.compress(f'id,text\n7,"{MBB}"\n'.encode()), "7", MBB, {},
                     id="csv-gz"),
        pytest.param("a.zip", zipped(night__n_txt=MBB), "n", MBB, {}, id="zip"),
        pytest.param("a.zip", zipped(n_jsonl_gz=gzip.compress(b'{"id": "7", "text": "x"}')), "7",
                     "x", {}, id="gz-in-zip"),
        pytest.param("n.txt", pdf("by content"), "n", "by content", {}, id="pdf-wrong-suffix"),
    ],
)  # fmt: skip
def test_read(
    tmp_path: Path, put: Put, reading: Reading, name: str, content: str | bytes, note_id: str,
    text: str | None, meta: dict[str, str] | None,
) -> None:  # fmt: skip
    got = reading(put(tmp_path / name, content))
    assert got.said == []
    ((got_id, got_text),) = got.notes
    assert got_id == note_id
    if text is None:
        assert "Right C4-5" in got_text and "7/10" in got_text and "{" not in got_text
    else:
        assert got_text == text
    if meta is not None:
        assert got.meta == [meta]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        pytest.param("a.hl7", message(PID, TXA), "no OBX segment: it is cut off", id="half-hl7"),
        pytest.param("a.hl7", message(TXA, "OBX|1|ED|||^a^b^Base64^%%%"), "not base64",
                     id="hl7-base64"),
        pytest.param("a.hl7", message(TXA, "OBX|1|RP|||x"), "OBX-2 is 'RP'", id="hl7-no-text"),
        pytest.param("a.ndjson", reference(contentType="text/plain", url="Binary/b-9"),
                     "a Binary that is not in the export", id="fhir-no-binary"),
        pytest.param("a.ndjson", reference().replace("current", "entered-in-error"),
                     "entered in error", id="fhir-error"),
        pytest.param("a.ndjson", '{"resourceType": "DocumentReference", "id": "x"}', "no content",
                     id="fhir-empty"),
        pytest.param("a.xml", CCDA[:-30], "cut off or broken", id="half-ccda"),
        pytest.param("a.xml", "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e 'boo'>]>"
                     "<ClinicalDocument>&e;</ClinicalDocument>", "declares entities", id="entity"),
        pytest.param("n.rtf", r"{\rtf1 Right} C4-5 lost", "a brace closes too early", id="brace"),
        pytest.param("n.rtf", r"{\rtf1 Right {C4-5", "cut off", id="rtf-cut"),
        pytest.param("n.pdf", pdf("text", None), "page 2 of 2 is scanned", id="pdf-scanned"),
        pytest.param("n.pdf", pdf("text")[:60], "the PDF cannot be parsed", id="pdf-cut"),
        pytest.param("n.docx", word()[:2000], "cannot be parsed", id="docx-cut"),
        pytest.param("a.xlsx", sheet(("id", "text"), (1, "x" * 32767)), "fills the 32,767",
                     id="xlsx-cut-cell"),
        pytest.param("a.xlsx", b"PK\x03\x04junk", "cannot be parsed", id="xlsx-broken"),
        pytest.param("a.parquet", table(id=["7"], text=["x"])[:80], "no whole Parquet file",
                     id="parquet-cut"),
        pytest.param("a.csv.gz", gzip.compress(b"id,text\n" + b'1,"abc"\n' * 9000)[:-40],
                     "cut off or broken", id="gzip-cut"),
        pytest.param("a.txt.gz", gzip.compress(b"0" * 50_000_000), "too long for one note",
                     id="gzip-one-long-note"),
        pytest.param("a.csv.gz", gzip.compress(b"id,text\n" + b"0" * 400_000_000),
                     "unpacks to far more", id="bomb"),
        pytest.param("a.zip", b"PK\x03\x04" + b"0" * 90, "broken or cut off", id="zip-broken"),
        pytest.param("a.zip", zipped(b_zip=zipped(n_txt="x")),
                     "archives are packed in archives", id="zip-in-zip"),
        pytest.param("a.zip", zipped(n_exe="x"), "unknown format '.exe'", id="zip-unknown"),
    ],
)  # fmt: skip
def test_reported(
    tmp_path: Path, put: Put, reading: Reading, name: str, content: str | bytes, said: str
) -> None:
    put(tmp_path / "good.txt", "a good note")
    got = reading(put(tmp_path / name, content), tmp_path / "good.txt")
    assert any(said in message for message in got.said), got.said
    assert got.notes[-1] == ("good", "a good note"), "the rest goes on"


def epic(
    *rows: tuple[object, ...], heading: str = "NOTE_ID,NOTE_CSN_ID,LINE,PAT_ID,NOTE_TEXT"
) -> str:
    cells = ('","'.join(map(str, row)) for row in rows)
    return heading + "\n" + "".join(f'"{line}"\n' for line in cells)


def test_epic_rows_become_notes_in_the_order_of_their_numbers_and_the_latest_version(
    tmp_path: Path, put: Put, reading: Reading
) -> None:
    rows = [("N1", 5, n, "p-4", f"old{n} ") for n in (1, 2)]
    rows += [("N1", 12, n, "p-4", f"piece{n}-") for n in (10, 2, 1, *range(3, 10))]
    rows += [("N2", 3, 1, "p-5", "one line")]
    got = reading(put(tmp_path / "hno.csv", epic(*rows)))
    assert got.said == []
    assert got.notes == [("N1", "".join(f"piece{n}-" for n in range(1, 11))), ("N2", "one line")]
    assert [m["patient_id"] for m in got.meta] == ["p-4", "p-5"]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("N1", 1, 1, "p", "a"), ("N1", 1, 3, "p", "c")], "a line of it is missing"),
        ([("N1", 1, 1, "p", "a"), ("N1", 1, 1, "p", "b")], "bear the same line number"),
        ([("N1", 1, "", "p", "a")], "without the note's id or its own number"),
        ([("N1", 1, 1, "p", "a"), ("N2", 1, 1, "p", "b"), ("N1", 1, 2, "p", "c")], "N1"),
    ],
    ids=["line-missing", "line-twice", "no-line", "not-together"],
)
def test_epic_rows_that_do_not_make_a_note_are_reported(
    tmp_path: Path, put: Put, reading: Reading, rows: list[tuple[object, ...]], said: str
) -> None:
    got = reading(put(tmp_path / "hno.csv", epic(*rows)))
    assert any(said in message for message in got.said), got.said


def test_epic_addenda_join_their_note(tmp_path: Path, put: Put, reading: Reading) -> None:
    rows = [("A9", 1, "N1", "Left, not right."), ("N1", 1, "", "Right C4-5 MBB."),
            ("N2", 1, "", "Other.")]  # fmt: skip
    got = reading(
        put(tmp_path / "h.csv", epic(*rows, heading="NOTE_ID,LINE,ADDENDUM_TO,NOTE_TEXT"))
    )
    assert got.notes == [
        ("N1", "Right C4-5 MBB.\n\nADDENDUM: Left, not right."), ("N2", "Other."),
    ]  # fmt: skip


def test_a_binary_beside_its_reference_is_found(tmp_path: Path, put: Put, reading: Reading) -> None:
    put(
        tmp_path / "Binary.ndjson",
        json.dumps(
            {"resourceType": "Binary", "id": "b-9", "contentType": "text/plain", "data": b64(MBB)}
        )
        + "\n",
    )
    put(tmp_path / "DocumentReference.ndjson",
        reference(contentType="text/plain", url="https://fhir.example/Binary/b-9"))  # fmt: skip
    put(tmp_path / "Patient.ndjson", '{"resourceType": "Patient", "id": "p-4"}')
    got = reading(tmp_path)
    assert got.notes == [("dr-1", MBB)]
    assert got.said == [], "a bulk export holds files without notes"


def test_many_messages_across_the_blocks_they_are_read_in(
    tmp_path: Path, put: Put, reading: Reading
) -> None:
    long = "x" * 5000
    content = "".join(
        message(TXA.replace("DOC-17", f"D{n}"), f"OBX|1|TX|||{n} {long}") for n in range(600)
    )
    got = reading(put(tmp_path / "night.hl7", content))
    assert got.notes == [(f"D{n}", f"{n} {long}") for n in range(600)]


def test_names_of_archive_members_write_nothing(tmp_path: Path, put: Put, reading: Reading) -> None:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("../../outside.txt", "a note")
    before = set(tmp_path.parent.rglob("*"))
    got = reading(put(tmp_path / "in" / "a.zip", held.getvalue()))
    assert got.notes == [("outside", "a note")]
    assert {p.name for p in set(tmp_path.parent.rglob("*")) - before} == {"in", "a.zip"}


@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.parquet"])
def test_a_practice_s_own_names(tmp_path: Path, put: Put, reading: Reading, name: str) -> None:
    content: dict[str, str | bytes] = {
        "a.csv": "KEY9,BLOB,WHO\n7,Right C4-5 MBB,Ana Ruiz\n",
        "a.jsonl": '{"KEY9": 7, "BLOB": "Right C4-5 MBB", "WHO": "Ana Ruiz"}',
        "a.parquet": table(KEY9=[7], BLOB=["Right C4-5 MBB"], WHO=["Ana Ruiz"]),
    }
    named = {"note_id": "KEY9", "text": "BLOB", "provider": "WHO"}
    got = reading(put(tmp_path / name, content[name]), mapping=named)
    assert got.notes == [("7", "Right C4-5 MBB")]
    assert got.meta == [{"provider": "Ana Ruiz"}]


def test_a_parquet_column_without_text(tmp_path: Path, put: Put, reading: Reading) -> None:
    from facetcode.errors import NoteFormatError

    with pytest.raises(NoteFormatError, match=r"of type int64 and holds no text"):
        reading(put(tmp_path / "a.parquet", table(id=["7"], text=[3])))
