"""Text from outside made safe to print: a note must not be able to drive the reader's terminal."""

from __future__ import annotations

import re

_PICTURES = {code: 0x2400 + code for code in range(0x20) if code not in (0x09, 0x0A)}
_BREAKS = dict.fromkeys((0x0B, 0x0C, 0x85, 0x2028, 0x2029), "\n")
# C1 controls, directional overrides (they make text read in another order than it is stored),
# lone surrogates (no encoding can write them) and invisible tag characters.
_HIDDEN = dict.fromkeys(
    (
        *range(0x80, 0xA0),
        *(0x200E, 0x200F),
        *range(0x202A, 0x202F),
        *range(0x2066, 0x206A),
        *range(0xD800, 0xE000),
        *range(0xE0000, 0xE0080),
    ),
    "\ufffd",
)
_TABLE: dict[int, int | str] = {**_PICTURES, 0x7F: 0x2421, **_HIDDEN, **_BREAKS}
_RETURN = re.compile(r"\r(\n?)")


def visible(text: str) -> str:
    """The text with control characters shown instead of obeyed.

    Character for character, so that offsets into the note stay true; newlines and tabs stay.
    """
    if "\r" in text:
        text = _RETURN.sub(lambda match: " \n" if match[1] else "\n", text)
    return text.translate(_TABLE)


def one_line(text: str, longest: int = 200) -> str:
    """A name (a note id, a path) for a message: visible, on one line, cut when absurdly long."""
    line = " ".join(visible(text).split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
