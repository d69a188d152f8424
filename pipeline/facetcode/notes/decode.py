"""Bytes to text without losing or moving a character."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    # UTF-32 starts with UTF-16's mark, so it is asked first.
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROL = bytes(set(range(32)) - {9, 10, 12, 13, 27, 11, 28})
"""Control bytes that text does not hold; MLLP's framing bytes are left to their reader."""


@dataclass(frozen=True, slots=True)
class Undecodable(Exception):
    """Bytes that are no text in any encoding notes come in."""

    reason: str


def encoding_of(sample: bytes) -> tuple[str, int]:
    """Encoding of a file by its first bytes, and the length of its byte-order mark.

    UTF-8 unless its bytes say otherwise, then Windows' cp1252, which older systems write. Raises
    Undecodable for bytes that are binary.
    """
    for mark, name in _BOMS:
        if sample.startswith(mark):
            return name, len(mark)
    if _is_binary(sample):
        raise Undecodable("it is not text")
    try:
        codecs.getincrementaldecoder("utf-8")("strict").decode(sample)
    except UnicodeDecodeError:
        return "cp1252", 0
    return "utf-8", 0


def decode(data: bytes) -> str:
    """The text of a whole file. Raises Undecodable, naming no byte of it."""
    name, skip = encoding_of(data)
    try:
        return data[skip:].decode(name)
    except UnicodeDecodeError:
        pass
    try:
        return data[skip:].decode("cp1252")
    except UnicodeDecodeError as error:
        raise Undecodable(
            f"byte {error.start + skip} fits neither UTF-8 nor Windows-1252"
        ) from error


def _is_binary(sample: bytes) -> bool:
    head = sample[:65_536]
    if not head:
        return False
    strange = len(head) - len(head.translate(None, _CONTROL))
    return strange > max(8, len(head) // 50)


def whole(text: str) -> str:
    """The text with half surrogates replaced one for one: they cannot be written out again."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return "".join("�" if "\ud800" <= c <= "\udfff" else c for c in text)
    return text
