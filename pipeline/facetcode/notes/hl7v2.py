"""HL7 v2 messages with documents: MDM (TXA, OBX) and ORU (OBR, OBX), framed or in a file."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from facetcode.notes import meta
from facetcode.notes.decode import Undecodable, decode
from facetcode.notes.document import Unreadable, text_of
from facetcode.notes.note import Note, Reject
from facetcode.notes.source import Source

_BLOCK = 1 << 20
_START = re.compile(rb"(?:^|[\r\n\x0b\x1c])[ \t]*(?=MSH[^\w\s])")
_FRAME = b"\x0b\x1c"
_ENVELOPE = re.compile(rb"^(?:FHS|BHS|BTS|FTS)[^\r\n]*[\r\n]*", re.MULTILINE)
_MAX_MESSAGE = 64 * 2**20
_AGAIN = "export it again"


def read(source: Source) -> Iterator[Note | Reject]:
    """Notes of every message of a file, one message in memory at a time."""
    for number, data in enumerate(_messages(source), start=1):
        where = f"{source.name}:message {number}"
        if data is None:
            yield Reject(where, "", "the message is too long for a note", "split it")
        else:
            yield from _notes(data, where)


def _messages(source: Source) -> Iterator[bytes | None]:
    """Bytes of one message each, without framing; None for one that is too long."""
    held = b""
    with source.open() as file:
        while block := file.read(_BLOCK):
            held += block
            starts = [m.end() for m in _START.finditer(held)]
            # The last one may go on in the next block.
            for first, last in pairwise(starts):
                yield _plain(held[first:last])
            held = held[starts[-1] :] if starts else held[-16:]
            if len(held) > _MAX_MESSAGE:
                yield None
                held = b""
    if found := _START.search(b"\r" + held):
        yield _plain((b"\r" + held)[found.end() :])


def _plain(data: bytes) -> bytes:
    return _ENVELOPE.sub(b"", data.translate(None, _FRAME)).strip(b"\r\n\t ")


def _notes(data: bytes, where: str) -> Iterator[Note | Reject]:
    try:
        import hl7
    except ModuleNotFoundError:
        yield Reject(where, "", "HL7 needs the library hl7", "pip install 'facetcode[batch]'")
        return
    try:
        message = hl7.parse(re.sub(r"\r\n?|\n", "\r", decode(data)))
        kind = _field(message, "MSH", 9)
    except Undecodable as error:
        yield Reject(where, "", error.reason, _AGAIN)
        return
    except Exception as error:
        yield Reject(where, "", f"it cannot be parsed ({type(error).__name__})", _AGAIN)
        return
    if not kind.startswith(("MDM", "ORU")):
        # ADT, SIU and others carry no documents; "what is no note is passed over".
        return
    yield _document(message, where)


def _document(message: Any, where: str) -> Note | Reject:
    control = _field(message, "MSH", 10)
    note_id = _field(message, "TXA", 12) or _field(message, "OBR", 3) or control or where
    observations = [segment for segment in message if str(segment[0][0]) == "OBX"]
    if not observations:
        return Reject(where, note_id, "the message holds no OBX segment: it is cut off", _AGAIN)
    pieces: list[str] = []
    for segment in observations:
        try:
            pieces.append(_value(message, segment))
        except Unreadable as error:
            return Reject(where, note_id, error.reason, error.remedy)
    fields = {
        "patient_id": _field(message, "PID", 3),
        "date_of_service": _day(
            _field(message, "TXA", 4) or _field(message, "OBR", 7) or _field(message, "PV1", 44)
        ),
        "provider": _person(message, "TXA", 9)
        or _person(message, "TXA", 5)
        or _person(message, "OBR", 32)
        or _person(message, "OBR", 16),
        "note_type": _field(message, "TXA", 2) or _field(message, "OBR", 4, 2),
        "payer": _field(message, "IN1", 4),
    }
    return Note(note_id, "\n".join(pieces), meta.collect(fields), where)


def _value(message: Any, segment: Any) -> str:
    """OBX-5: its repetitions a line each, or the document it carries."""
    kind = _text(segment, 2)
    repetitions = segment[5] if len(segment) > 5 else []
    if kind == "ED":
        return "\n".join(_carried(part) for part in repetitions)
    if kind not in {"TX", "FT", "ST", "CE", "CWE", "NM", "DT", "TM", "TS", "DTM", ""}:
        raise Unreadable(f"OBX-2 is '{kind[:6]}', which holds no text", "send TX, FT or ED")
    return "\n".join(_unescaped(str(part), message.separators) for part in repetitions)


def _carried(part: Any) -> str:
    """The document of an ED value: source, type, subtype, encoding, data."""
    components = [str(c) for c in part] if not isinstance(part, str) else part.split("^")
    if len(components) < 5:
        raise Unreadable("an ED value has fewer than five components", _AGAIN)
    encoding, data = components[3].upper(), components[4]
    if encoding == "BASE64":
        try:
            raw = base64.b64decode("".join(data.split()), validate=True)
        except (binascii.Error, ValueError):
            raise Unreadable("the document it carries is not base64", _AGAIN) from None
        return text_of(raw, f"{components[1]}/{components[2]}")
    return data


_ESCAPE = re.compile(r"\\([^\\]{0,40})\\")


def _unescaped(value: str, declared: Sequence[str]) -> str:
    """HL7's escapes as the characters they stand for; line breaks as line breaks."""
    _, field, repetition, component, subcomponent = declared
    separators = {"F": field, "S": component, "T": subcomponent, "R": repetition, "E": "\\"}

    def meant(match: re.Match[str]) -> str:
        code = match[1]
        if code in separators:
            return separators[code]
        if code.startswith((".br", ".sp", ".ce")):
            return "\n" * max(1, int(code[3:].strip() or 1) if code[3:].strip().isdigit() else 1)
        if code.startswith("X") and re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", code[1:]):
            return bytes.fromhex(code[1:]).decode("latin-1").replace("\r", "\n")
        # Highlighting and indentation say nothing; anything else is the note's own backslashes.
        return "" if re.fullmatch(r"[HN]|\.(?:in|ti|fi|nf|sk)[+-]?\d*", code) else match[0]

    return _ESCAPE.sub(meant, value)


def _text(segment: Any, at: int) -> str:
    return str(segment[at]).strip() if len(segment) > at else ""


def _field(message: Any, name: str, at: int, component: int = 1) -> str:
    """A component of the first repetition of a field of the first such segment; "" without it."""
    for segment in message:
        if str(segment[0][0]) == name and len(segment) > at:
            _, _, repetition, between, _ = message.separators
            parts = str(segment[at]).split(repetition)[0].split(between)
            return parts[component - 1].strip() if len(parts) >= component else ""
    return ""


def _person(message: Any, name: str, at: int) -> str:
    family, given = _field(message, name, at, 2), _field(message, name, at, 3)
    return " ".join(word for word in (given, family) if word) or _field(message, name, at)


def _day(stamp: str) -> str:
    return f"{stamp[:4]}-{stamp[4:6]}-{stamp[6:8]}" if re.match(r"\d{8}", stamp) else stamp
