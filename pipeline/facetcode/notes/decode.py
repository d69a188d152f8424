"""Bytes to text without losing or moving a character."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

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
_BROKEN = re.compile("[\udc80-\udcff]+")
"""What the error handler ``surrogateescape`` makes of bytes that fit no character."""
_SOUND = re.compile("[^\x00-\x7f\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Undecodable(Exception):
    """Bytes that are no text in any encoding notes come in."""

    reason: str


def encoding_of(sample: bytes) -> tuple[str, int]:
    """Encoding of a file by its first bytes, and the length of its byte-order mark.

    Raises Undecodable for bytes that are binary.
    """
    for mark, name in _BOMS:
        if sample.startswith(mark):
            return name, len(mark)
    if _is_binary(sample):
        raise Undecodable("it is not text")
    return utf8_or_windows([sample]), 0


def utf8_or_windows(chunks: Iterable[bytes]) -> str:
    """UTF-8 unless its bytes say otherwise, then Windows' cp1252, which older systems write.

    One broken byte does not turn UTF-8 into cp1252: nearly every byte is a character there, and
    each dash of "C4–C5" would be read as three others. The bytes are cp1252 when more of them
    break UTF-8 than make whole characters of it.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    sound = broken = 0
    for chunk in chain(chunks, [b""]):
        text = decoder.decode(chunk, final=not chunk)
        if not text.isascii():
            sound += len(_SOUND.findall(text))
            broken += len(_BROKEN.findall(text))
    return "cp1252" if broken > sound else "utf-8"


def decode(data: bytes) -> str:
    """The text of a whole file, its line breaks as they stand, without its byte-order mark.

    Raises Undecodable, naming no byte of it.
    """
    name, skip = encoding_of(data)
    try:
        return data[skip:].decode(name)
    except UnicodeDecodeError as error:
        raise Undecodable(f"byte {error.start + skip:,} {misfit(name)}") from error


def misfit(encoding: str) -> str:
    """What to say of a byte that a file's encoding has no character for."""
    if encoding == "cp1252":
        return "fits neither UTF-8 nor Windows-1252"
    return f"does not fit {encoding[:6].upper()}, in which the rest is written"


def has_misfit(text: str) -> bool:
    """Whether text that was read with ``surrogateescape`` holds bytes that fit no character."""
    return not text.isascii() and _BROKEN.search(text) is not None


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
