"""The text of one document: plain, HTML, RTF, PDF, DOCX or C-CDA; checked for silent loss."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from typing import Any

from facetcode.notes.decode import Undecodable, decode

MAX_DOCUMENT = 64 * 2**20
"""Bytes of one document; what is longer is no note."""
_KEPT = 0.98
"""Share of letters and digits that must come through; the rest may be numbering or a caption."""


class Unreadable(Exception):
    """A document without usable text; ``reason`` and ``remedy`` are for a Reject."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason, self.remedy = reason, remedy


def kind_of(data: bytes) -> str:
    """``rtf``, ``pdf``, ``docx``, ``ccda``, ``html`` or ``text``, by the document's own bytes."""
    head = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if head.startswith(b"{\\rtf"):
        return "rtf"
    if head.startswith(b"%PDF-"):
        return "pdf"
    if head.startswith(b"PK\x03\x04"):
        return "docx"
    low = head.lower()
    if b"<clinicaldocument" in low:
        return "ccda"
    if re.match(rb"<(?:!doctype\s+html|html|body|div|p|table|span|head)\b", low):
        return "html"
    return "text"


def text_of(data: bytes, declared: str = "") -> str:
    """The document's text. Raises Unreadable.

    ``declared`` is a media type; it is believed only where the bytes do not say what they are.
    """
    kind = kind_of(data)
    if kind == "text" and "html" in declared.lower():
        kind = "html"
    readers = {"rtf": rtf, "pdf": pdf, "docx": docx, "ccda": ccda, "html": html}
    if kind in readers:
        return readers[kind](data)
    try:
        return decode(data)
    except Undecodable as error:
        raise Unreadable(error.reason, "export the document as text") from None


def _missing(library: str) -> Unreadable:
    return Unreadable(f"reading it needs {library}", "pip install 'facetcode[batch]'")


def html(data: bytes) -> str:
    """What a browser would show, a line a line."""
    try:
        import lxml.html
        from inscriptis import Inscriptis
        from inscriptis.model.config import ParserConfig
    except ModuleNotFoundError:
        raise _missing("inscriptis") from None
    try:
        markup = decode(data)
    except Undecodable as error:
        raise Unreadable(error.reason, "export the document as UTF-8") from None
    # lxml refuses text that declares an encoding of its own.
    markup = re.sub(r"^\s*<\?xml[^>]*\?>", "", markup)
    if not markup.strip():
        return ""
    parser = lxml.html.HTMLParser(no_network=True, huge_tree=False)
    tree = lxml.html.fromstring(markup, parser=parser)
    text = Inscriptis(tree, ParserConfig()).get_text().strip("\n")
    for unseen in tree.iter("script", "style", "head"):
        unseen.text = None
        for child in list(unseen):
            unseen.remove(child)
    return _kept(text, tree.text_content())


def rtf(data: bytes) -> str:
    """The text of RTF. Its reader ends silently at an unmatched brace: checked here."""
    try:
        from striprtf.striprtf import rtf_to_text
    except ModuleNotFoundError:
        raise _missing("striprtf") from None
    source = data.decode("latin-1")
    depth = 0
    for match in re.finditer(r"\\[\\{}]|[{}]", source):
        if len(match.group()) == 1:
            depth += 1 if match.group() == "{" else -1
        if depth == 0 and source[match.end() :].strip(" \t\r\n\0"):
            raise Unreadable("a brace closes too early and the rest is lost", "export it again")
    if depth:
        raise Unreadable("the document is cut off", "export it again")
    return str(rtf_to_text(source, errors="replace"))  # type: ignore[no-untyped-call]


def pdf(data: bytes) -> str:
    """The text layer of PDF; a scanned page is no empty page and is said."""
    try:
        import pypdf
    except ModuleNotFoundError:
        raise _missing("pypdf") from None
    # Its warnings may quote what it could not parse.
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    try:
        document = pypdf.PdfReader(io.BytesIO(data))
        if document.is_encrypted and not document.decrypt(""):
            raise Unreadable("it is encrypted", "export it without a password")
        pages = [(page.extract_text() or "", _pictures(page)) for page in document.pages]
    except Unreadable:
        raise
    except Exception as error:
        raise Unreadable(
            f"the PDF cannot be parsed ({type(error).__name__})", "export it again"
        ) from None
    scanned = [
        str(n) for n, (text, pictures) in enumerate(pages, 1) if pictures and not text.strip()
    ]
    if scanned:
        raise Unreadable(
            f"page {', '.join(scanned)} of {len(pages)} is scanned and has no text layer",
            "run OCR on it first",
        )
    return "\n".join(text for text, _ in pages)


def _pictures(page: Any) -> bool:
    try:
        found = page.get("/Resources", {}).get("/XObject", {})
        return any(found[name].get_object().get("/Subtype") == "/Image" for name in found)
    except Exception:
        # A page whose resources cannot be listed: its text, if any, stands for itself.
        return True


_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"


def docx(data: bytes) -> str:
    """Paragraphs, tables and text boxes of a DOCX, a paragraph or a table's row a line."""
    try:
        import docx as library
    except ModuleNotFoundError:
        raise _missing("python-docx") from None
    try:
        body = library.Document(io.BytesIO(data)).element.body
    except Exception as error:
        raise Unreadable(
            f"the DOCX cannot be parsed ({type(error).__name__})", "save it again"
        ) from None
    text = "\n".join(_blocks(body))
    written = "".join(
        e.text or "" for e in body.iter(f"{_W}t")
        if not any(up.tag == _FALLBACK for up in e.iterancestors())
    )  # fmt: skip
    return _kept(text, written)


def _blocks(parent: Any) -> Iterator[str]:
    for child in parent:
        if child.tag == f"{_W}p":
            yield _paragraph(child)
            for box in child.iter(f"{_W}txbxContent"):
                if not any(up.tag == _FALLBACK for up in box.iterancestors()):
                    yield from _blocks(box)
        elif child.tag == f"{_W}tbl":
            for row in child.iter(f"{_W}tr"):
                cells = (" ".join(_blocks(cell)) for cell in row if cell.tag == f"{_W}tc")
                yield " | ".join(cells)
        elif child.tag in {f"{_W}sdt", f"{_W}sdtContent"}:
            yield from _blocks(child)


def _paragraph(paragraph: Any) -> str:
    pieces = []
    for e in paragraph.iter(f"{_W}t", f"{_W}tab", f"{_W}br", f"{_W}cr", f"{_W}noBreakHyphen"):
        # Text of a box inside the paragraph is a block of its own.
        if next(up for up in e.iterancestors() if up.tag == f"{_W}p") is not paragraph:
            continue
        tag = e.tag.removeprefix(_W)
        pieces.append({"t": e.text or "", "tab": "\t", "noBreakHyphen": "-"}.get(tag, "\n"))
    return "".join(pieces)


_H = "{urn:hl7-org:v3}"


def ccda_root(data: bytes) -> Any:
    """The root of a C-CDA document, parsed without entities. Raises Unreadable."""
    try:
        from defusedxml import DefusedXmlException
        from defusedxml.ElementTree import ParseError, fromstring
    except ModuleNotFoundError:
        raise _missing("defusedxml") from None
    try:
        root = fromstring(data, forbid_dtd=True)
    except ParseError:
        raise Unreadable("the XML is cut off or broken", "export it again") from None
    except DefusedXmlException:
        raise Unreadable("it declares entities, which are not read", "export it without") from None
    if root.tag != f"{_H}ClinicalDocument":
        raise Unreadable("it is XML and no C-CDA document", "export notes in another format")
    return root


def ccda(data: bytes) -> str:
    """Section titles and narrative of a C-CDA document, or the document it carries."""
    root = ccda_root(data)
    body = root.find(f"{_H}component/{_H}nonXMLBody/{_H}text")
    if body is not None:
        import base64
        import binascii

        try:
            inner = base64.b64decode("".join((body.text or "").split()), validate=True)
        except (binascii.Error, ValueError):
            raise Unreadable("the document it carries is not base64", "export it again") from None
        return text_of(inner, body.get("mediaType", ""))
    lines: list[str] = []
    for section in root.iter(f"{_H}section"):
        title = section.find(f"{_H}title")
        if title is not None and (title.text or "").strip():
            lines.append(f"{(title.text or '').strip()}:")
        narrative = section.find(f"{_H}text")
        if narrative is not None:
            lines += _narrative(narrative)
            lines.append("")
    return "\n".join(lines)


def ccda_meta(data: bytes) -> dict[str, str]:
    """What a C-CDA document says of itself: its id, patient, author, type and day of service."""
    root = ccda_root(data)

    def attribute(path: str, *names: str) -> str:
        element = root.find("/".join(f"{_H}{step}" for step in path.split("/")))
        found = (element.get(name) for name in names) if element is not None else ()
        return next((value for value in found if value), "")

    event = "documentationOf/serviceEvent/effectiveTime"
    day = (
        attribute(f"{event}/low", "value")
        or attribute(event, "value")
        or attribute("componentOf/encompassingEncounter/effectiveTime/low", "value")
        or attribute("effectiveTime", "value")
    )
    author = root.find(f"{_H}author/{_H}assignedAuthor/{_H}assignedPerson/{_H}name")
    name = " ".join(t.strip() for t in author.itertext() if t.strip()) if author is not None else ""
    return {
        "note_id": attribute("id", "extension", "root"),
        "patient_id": attribute("recordTarget/patientRole/id", "extension"),
        "note_type": attribute("code", "displayName"),
        "provider": name,
        "date_of_service": f"{day[:4]}-{day[4:6]}-{day[6:8]}" if day[:8].isdigit() else "",
    }


_ENDS_LINE = frozenset({"paragraph", "item", "tr", "caption", "list", "table", "title"})


def _narrative(element: Any) -> list[str]:
    """Lines of a narrative block: paragraphs, list items and rows one each, cells split by bars."""
    pieces: list[str] = []

    def walk(node: Any) -> None:
        tag = str(node.tag).removeprefix(_H)
        if tag == "br":
            pieces.append("\n")
        pieces.append(_even(node.text))
        for number, child in enumerate(node):
            if tag == "tr" and number:
                pieces.append(" | ")
            walk(child)
            pieces.append(_even(child.tail))
        if tag in _ENDS_LINE:
            pieces.append("\n")

    walk(element)
    return [line.strip() for line in "".join(pieces).split("\n") if line.strip()]


def _even(text: str | None) -> str:
    return re.sub(r"\s+", " ", text or "")


def _kept(text: str, written: str) -> str:
    """The text, when the letters and digits that were written came through."""
    before, after = (sum(map(str.isalnum, t)) for t in (written, text))
    if after < before * _KEPT:
        raise Unreadable(
            f"{before - after:,} of {before:,} characters would be lost", "export it as text"
        )
    return text
