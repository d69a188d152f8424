"""X12 interchanges cut into segments, strictly: a file that was cut short is not half read.

Own code, because the maintained reader (pyx12) ends without a word at an empty segment or a
missing terminator, takes one set of delimiters for a whole file and quotes segments, which name
patients, in its errors; the other libraries split at a fixed ``~`` or cannot be installed beside
pydantic 2. Layout: ASC X12 005010, envelope segments ISA to IEA.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from facetcode.errors import FacetcodeError

_ISA = 106
_ISA_SEPARATORS = (3, 6, 17, 20, 31, 34, 50, 53, 69, 76, 81, 83, 89, 99, 101, 103)
"""Where the element separator stands in the one segment of fixed width."""


class RemittanceError(FacetcodeError):
    """A remittance cannot be read; the message names file and segment, never its content."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: its name, its elements from 1, and the mark that parts components."""

    name: str
    elements: tuple[str, ...]
    number: int
    """Its place in the file, from 1."""
    component: str

    def __getitem__(self, place: int) -> str:
        """Element ``place``, counted from 1 as the guides do; empty where there is none."""
        return self.elements[place - 1] if 0 < place <= len(self.elements) else ""

    def parts(self, place: int) -> list[str]:
        """The components of an element."""
        return self[place].split(self.component)


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction set, ST to SE, both left out."""

    kind: str
    segments: tuple[Segment, ...]


def transactions(text: str, where: str) -> Iterator[Transaction]:
    """The transaction sets of every interchange in a text.

    Delimiters are those each ISA declares; line breaks after segments, or at fixed widths, do not
    matter. Raises RemittanceError where an envelope is broken or its counts do not add up.
    """
    position = number = found = 0
    text = text.lstrip("\ufeff")
    while position < len(text):
        if text[position] in " \t\r\n\x1a\x00":
            position += 1
            continue
        segments, position = _interchange(text, position, number, where)
        number += len(segments)
        found += 1
        yield from _sets(segments, where)
    if not found:
        raise RemittanceError(f"{where}: the file is empty")


def _interchange(text: str, start: int, number: int, where: str) -> tuple[list[Segment], int]:
    """The segments of the interchange at ``start``, ISA to IEA, and where the text goes on."""
    at = f"{where}: segment {number + 1}"
    head = text[start : start + _ISA]
    wrapped = "\n" in head[:-1] or "\r" in head[:-1]
    if wrapped:  # broken at a fixed width: the header is longer by its line breaks
        head = text[start : start + _ISA + 8].replace("\r", "").replace("\n", "")[:_ISA]
    if not head.startswith("ISA"):
        raise RemittanceError(
            f"{at}: no interchange begins here (ISA); give 835 files as the payer sent them, or CSV"
        )
    element, component, end = head[3:4], head[-2:-1], head[-1:]
    if len(head) < _ISA or any(head[i] != element for i in _ISA_SEPARATORS):
        raise RemittanceError(
            f"{at}: the header ISA has not its 106 characters; ask for the file again, unedited"
        )
    if len({element, component, end}) < 3 or element.isalnum() or end.isalnum():
        raise RemittanceError(f"{at}: the header ISA declares no usable delimiters")
    segments: list[Segment] = []
    position = start
    while True:
        close = text.find(end, position)
        if close < 0:
            raise RemittanceError(
                f"{where}: segment {number + len(segments) + 1}: the file ends inside an "
                "interchange (no IEA); it was cut short, fetch it again"
            )
        # A break that ends no segment is the line's, not the value's.
        raw = text[position:close].replace("\r", "").replace("\n", "").lstrip(" \t")
        position = close + 1
        if not raw:
            continue
        name, *elements = raw.split(element)
        segments.append(
            Segment(name.strip(), tuple(elements), number + len(segments) + 1, component)
        )
        if name == "ISA" and len(segments) > 1:
            raise RemittanceError(
                f"{where}: segment {segments[-1].number}: an interchange begins before the last "
                "one has ended (no IEA); it was cut short, fetch it again"
            )
        if name == "IEA":
            _same(segments[-1], 2, segments[0][13], where)
            return segments, position


def _sets(segments: list[Segment], where: str) -> Iterator[Transaction]:
    groups = sets = 0
    opened: Segment | None = None
    group: Segment | None = None
    inside: list[Segment] = []
    for segment in segments[1:-1]:
        match segment.name:
            case "GS":
                groups, sets, group = groups + 1, 0, segment
            case "ST":
                if opened is not None or group is None:
                    raise _broken(segment, where)
                opened, inside = segment, []
            case "SE":
                if opened is None:
                    raise _broken(segment, where)
                _count(segment, len(inside) + 2, where)
                _same(segment, 2, opened[2], where)
                sets += 1
                yield Transaction(opened[1], tuple(inside))
                opened = None
            case "GE":
                if opened is not None or group is None:
                    raise _broken(segment, where)
                _count(segment, sets, where)
                _same(segment, 2, group[6], where)
                group = None
            case _ if opened is not None:
                inside.append(segment)
            case "TA1":
                pass
            case _:
                raise _broken(segment, where)
    if opened is not None or group is not None:
        raise _broken(segments[-1], where)
    _count(segments[-1], groups, where)


def _broken(segment: Segment, where: str) -> RemittanceError:
    return RemittanceError(
        f"{where}: segment {segment.number}: {segment.name[:3]} does not belong here; the file is "
        "damaged, fetch it again"
    )


def _count(segment: Segment, counted: int, where: str) -> None:
    if not segment[1].isdecimal() or int(segment[1]) != counted:
        raise RemittanceError(
            f"{where}: segment {segment.number}: {segment.name} announces another number than the "
            f"{counted} there are; something is missing, fetch the file again"
        )


def _same(segment: Segment, place: int, expected: str, where: str) -> None:
    if segment[place].strip().lstrip("0") != expected.strip().lstrip("0"):
        raise RemittanceError(
            f"{where}: segment {segment.number}: {segment.name} closes another number than was "
            "opened; the file is damaged, fetch it again"
        )
