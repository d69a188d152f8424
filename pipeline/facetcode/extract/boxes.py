"""Tick boxes of forms: what nobody ticked is not said. Lengths stay, so offsets hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from facetcode.extract.text import line_spans

_EMPTY = re.compile(r"\[[ _]?\]|\([ _]{1,3}\)|[\u2610\u25a1\u25fb\u25cb]")
_TICKED = re.compile(
    r"\[\s?[xX*\u2713\u2714]\s?\]|\(\s?[xX*]\s?\)|[\u2611\u2612\u25a0\u25fc\u25cf\u2713\u2714]"
)
# "(Y) ride  (N) dentures": answered, not ticked.
_YES, _NO = re.compile(r"\([Yy]\)"), re.compile(r"\([Nn]\)")
_OPTION_END = re.compile(r"[\r\n|;]|\s{3,}|\t")


def ticked_only(text: str) -> str:
    """Blank the options nobody ticked, and the boxes of the others.

    Only where the note ticks something: an empty box on its own may be a bullet.
    """
    answered = _YES.search(text) is not None and _NO.search(text) is not None
    ticked = answered or _TICKED.search(text) is not None
    if not ticked and not _CIRCLED.search(text):
        return text
    pieces = list(text)
    for start, end in line_spans(text):
        for first, last in _uncircled(text, start, end):
            pieces[first:last] = " " * (last - first)
        for first, last in _unsaid(text, start, end, answered) if ticked else ():
            pieces[first:last] = " " * (last - first)
    return "".join(pieces)


# A choice circled on paper, as it is keyed: "R   ((L))   B" or "R   **L**   B".
_CIRCLED = re.compile(r"\(\([^()\n]{1,60}\)\)|\*\*[^*\n]{1,60}\*\*")
_COLUMN = re.compile(r"\S+(?: \S+)*")


def _uncircled(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The options of a line that stand beside a circled one, and the marks of the circle."""
    circles = [m.span() for m in _CIRCLED.finditer(text, start, end)]
    if not circles:
        return
    options = [m.span() for m in _COLUMN.finditer(text, start, end)]
    label = text.rfind(":", start, circles[0][0])
    first = options[0][1] if label < 0 and options[0][0] < circles[0][0] else label
    others = [
        (a, b) for a, b in options if a > first and not any(c < b and a < d for c, d in circles)
    ]
    if not others and first < circles[0][0] - 2:
        return  # bold type, no choice
    yield from others
    for a, b in circles:
        yield a, a + 2
        yield b - 2, b


def _unsaid(text: str, start: int, end: int, answered: bool) -> Iterator[tuple[int, int]]:
    boxes = [(m.start(), m.end(), False) for m in _EMPTY.finditer(text, start, end)]
    boxes += [(m.start(), m.end(), True) for m in _TICKED.finditer(text, start, end)]
    if answered:
        boxes += [(m.start(), m.end(), False) for m in _NO.finditer(text, start, end)]
        boxes += [(m.start(), m.end(), True) for m in _YES.finditer(text, start, end)]
    boxes.sort()
    behind = _behind(text, start, end, boxes)
    for at, (first, last, ticked) in enumerate(boxes):
        yield first, last
        if ticked:
            continue
        if behind:
            floor = boxes[at - 1][1] if at else _label_end(text, start, first)
            yield floor, first
            continue
        following = boxes[at + 1][0] if at + 1 < len(boxes) else end
        stop = _OPTION_END.search(text, last, following)
        # "[ ]    CT": the words may stand a little away from their box, not a column.
        if stop and not text[last : stop.start()].strip():
            stop = (
                _OPTION_END.search(text, stop.end(), following) if stop.end() - last <= 4 else stop
            )
        yield last, stop.start() if stop else following


def _behind(text: str, start: int, end: int, boxes: list[tuple[int, int, bool]]) -> bool:
    """Whether the boxes of a line stand behind their words: ``R ( )  L (x)``."""
    if not boxes:
        return False
    lead = text[start : boxes[0][0]].rstrip()
    if text[boxes[-1][1] : end].strip() or not lead or lead.endswith((":", "|")):
        return False
    # "SIDE   [ ] R   [x] L   [x]": a column away from the first box is a label, not its option.
    return not lead or len(text[start : boxes[0][0]]) - len(lead) <= 2


def _label_end(text: str, start: int, first: int) -> int:
    """Where the words of the first option begin: behind the field's name, if one stands there."""
    colon = text.rfind(":", start, first)
    wide = max((m.end() for m in re.finditer(r"\s{2,}", text[start:first].rstrip())), default=0)
    return max(colon + 1, start + wide)
