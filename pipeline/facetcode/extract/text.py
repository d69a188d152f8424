"""A note's text made even for matching and cut into sentences; offsets stay those of the note.

Exports hard-wrap lines, dictation runs on, forms put a field on a line: a newline ends a sentence
only where the lines around it say so.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any

_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣－"), "-")
_QUOTES = {ord(c): "'" for c in "‘’‛′"} | {ord(c): '"' for c in "“”″"}
_SLASHES = dict.fromkeys(map(ord, "⁄∕／"), "/")
_SYMBOLS = {
    ord("％"): "%",
    ord("≥"): ">",
    ord("≤"): "<",
    ord("•"): "*",
    ord("·"): "*",
    ord("–"): "-",
}
_TABLE = _DASHES | _QUOTES | _SLASHES | _SYMBOLS


def text_of(doc: Any) -> str:
    """A Doc's text, put together from its tokens once; every part of the pipeline asks for it."""
    text = doc.user_data.get("facetcode_text")
    if text is None:
        text = doc.user_data["facetcode_text"] = doc.text
    return str(text)


def even(text: str) -> str:
    """The text with one kind of dash, quote, slash and space; the same length, so offsets hold."""
    if text.isascii():
        return _CONTROL.sub(" ", text)
    out = text.translate(_TABLE)
    out = "".join(_even_char(c) if not c.isascii() else c for c in out)
    return _CONTROL.sub(" ", out)


_CONTROL = re.compile(r"[^\S\n\r]|[\x00-\x08\x0e-\x1f\x7f\ufeff\u200b]")


def _even_char(char: str) -> str:
    if char.isspace() or unicodedata.category(char) in {"Zs", "Cf", "Cc"}:
        return " "
    folded = unicodedata.normalize("NFKC", char)
    return folded if len(folded) == 1 else char


@dataclass(frozen=True, slots=True)
class Sentence:
    """Half-open offsets of one sentence and the number of the line it starts on."""

    start: int
    end: int
    line: int


_BULLET = re.compile(r"[ ]*(?:[-*+>o#|]\s|\(?\d{1,2}[.)](?!\d)\s*|\(?[a-zA-Z][.)]\s|\[[ xX]?\])")
_LABEL = re.compile(r"[ ]*[A-Za-z][A-Za-z0-9 /&()'#.,-]{0,48}?:(?!\d)")
_CAPS_LINE = re.compile(r"[ ]*[A-Z][A-Z0-9 /&()'#,-]{2,60}$")
_ENDS = re.compile(r"[.!?:;|][\"')\]]*\s*$")
_CONTINUES = re.compile(
    r"(?:,|\b(?:and|or|of|the|at|to|with|for|in|on|a|an|by|from|was|were|is|are|be|that|which|"
    r"left|right|bilateral|under|into|using|medial|facet|joint))\s*$",
    re.IGNORECASE,
)
_ABBREVIATION = re.compile(
    r"\b(?:dr|mr|mrs|ms|vs|approx|no|nos|pt|pts|st|inc|resp|temp|fig|e\.g|i\.e|a\.m|p\.m|ml|cc|mg|"
    r"mcg|in|dx|hx|tx|rx|prev|post|pre|ref|proc|lt|rt|bilat|lat|med|br|inj|jr|sr|no|vol|wt|ht|min|hr)"
    r"\.$",
    re.IGNORECASE,
)
_LAST_WORD = 16
"""Characters that hold any of the abbreviations and what stands in front of it."""
_STOP = re.compile(r"[.!?]+[\"')\]]*(?=\s+[\"'(\[]?[A-Z0-9*#>-]|\s*$)|;(?=\s)")
# Somebody who types without capitals ends a sentence before a small letter too.
_SMALL_STOP = re.compile(r"(?<![\d. ][.A-Za-z])[.!?]+[\"')\]]*(?=\s|$)|;(?=\s)")


def line_spans(text: str) -> list[tuple[int, int]]:
    """Half-open offsets of each line without its ending: ``\\r\\n``, ``\\n`` or ``\\r``."""
    spans = []
    start = 0
    for match in re.finditer(r"\r\n|\n|\r", text):
        spans.append((start, match.start()))
        start = match.end()
    spans.append((start, len(text)))
    return spans


def _wrapped_width(text: str, spans: list[tuple[int, int]]) -> int:
    """The column at which this export wraps its lines, or 0 when it does not wrap."""
    lengths = [end - start for start, end in spans if end > start]
    if len(lengths) < 4:
        return 0
    longest = max(lengths)
    if not 40 <= longest <= 140:
        return 0
    near = sum(1 for n in lengths if n >= longest * 0.8)
    return longest if near >= max(3, len(lengths) // 6) else 0


def _small(text: str, spans: list[tuple[int, int]]) -> bool:
    """Whether the note is typed without capitals: lines start small without going on."""
    firsts = [line[0] for start, end in spans if (line := text[start:end].lstrip())]
    letters = [c for c in firsts if c.isalpha()]
    sentences = len(_AFTER_STOP.findall(text))
    small_sentences = len(_SMALL_AFTER_STOP.findall(text))
    if sentences + small_sentences >= 3:
        return small_sentences > sentences
    return len(letters) >= 3 and sum(c.islower() for c in letters) * 2 > len(letters)


_AFTER_STOP = re.compile(r"[a-z)][.!?]\s+[A-Z]")
_SMALL_AFTER_STOP = re.compile(r"[a-z)]{3}[.!?]\s+[a-z]")


def _joins(
    text: str, above: tuple[int, int], below: tuple[int, int], width: int, small: bool
) -> bool:
    """Whether the line below goes on with the sentence of the line above."""
    head, tail = text[above[0] : above[1]], text[below[0] : below[1]]
    if not head.strip() or not tail.strip():
        return False
    if _BULLET.match(tail) or _LABEL.match(tail) or _CAPS_LINE.match(tail) or "|" in tail:
        return False
    if _ENDS.search(head) and not _ABBREVIATION.search(head.rstrip()):
        return False
    first = tail.lstrip()[0]
    if _CONTINUES.search(head) and not _CAPS_LINE.match(head):
        return True
    if first.islower() and not small:
        return not _CAPS_LINE.match(head)
    # A line that stopped short of the wrap column was ended on purpose.
    room = width - (above[1] - above[0])
    return bool(width) and room <= max(len(tail.split()[0]) + 1, 12)


def sentences(text: str) -> list[Sentence]:
    """Cut even text into sentences; they cover every non-blank character, in order."""
    spans = line_spans(text)
    width = _wrapped_width(text, spans)
    small = _small(text, spans)
    blocks: list[tuple[int, int, int]] = []
    for number, span in enumerate(spans):
        if blocks and number and _joins(text, spans[number - 1], span, width, small):
            blocks[-1] = (blocks[-1][0], span[1], blocks[-1][2])
        elif text[span[0] : span[1]].strip():
            blocks.append((span[0], span[1], number))
    found: list[Sentence] = []
    for start, end, line in blocks:
        here = start
        for stop in (_SMALL_STOP if small else _STOP).finditer(text, start, end):
            # Only its last word: a sentence may go on over a thousand abbreviations.
            tail = text[max(here, stop.end() - _LAST_WORD) : stop.end()]
            if _ABBREVIATION.search(tail) and stop.end() < end:
                continue
            # "1." or "C5." alone at the start of a block is a bullet or a level, not a sentence.
            if here == start and len(text[here : stop.end()].strip()) <= 3:
                continue
            found.append(Sentence(here, stop.end(), line))
            here = stop.end()
        if text[here:end].strip():
            found.append(Sentence(here, end, line))
    return [
        part
        for whole in found
        for clause in _clauses(text, whole)
        for part in _short_enough(text, clause)
    ]


_RUN_ON = 220
"""Characters after which a sentence without a comma or stop is dictation without punctuation."""
_BEGINS = re.compile(
    r"(?<=\s)(?=(?:he|she|they|we|i|the\s+patient|(?<!the\s)(?:pt|patient))\s+(?:then\s+|also\s+|now\s+)?(?:has|had|"
    r"have|is|was|were|are|will|did|does|do|took|takes|can|cannot|can't|could|would|tolerated|denies|denied|reports?|"
    r"reported|states?|stated|says|said|lay|came|comes|returns?|returned|failed|rates?|rated|presents?|underwent|got|"
    r"gave|placed|injected|used|blocked)\b"
    r"|(?<!no\s)(?<!any\s)(?:procedure|procedures|diagnosis|indications?|technique|history|plan|impression|"
    r"complications?|anesthesia|disposition|assessment|recovery)\s+(?!(?:was|were|and|room|note|table|well|today|is|"
    r"suite|the\s+same)\b)"
    r"|today\s+(?:his|her|the|he|she|we|i|pain)\b"
    r"|(?<!had\s)(?<!has\s)(?<!have\s)(?<!with\s)(?<!were\s)(?<!was\s)no\s+(?:sedation|complications?|arm|leg|"
    r"numbness|weakness|blood|steroids?|radicul\w*|fever)\b"
    r"|(?:images?|pictures?|films?|spot\s+films?)\s+(?:were|was)\b"
    r"|(?:the|her|his)\s+(?:first|second|initial|prior|previous|last)\s+(?:set|block|blocks|one|round|mbbs?)\b"
    r"|(?:after|post)\s+(?:the\s+)?(?:procedure|block|injection)s?\b"
    r"|after\s+(?:informed\s+)?consent\b|(?:\d+|ten|fifteen|twenty|thirty|forty)\s+minutes\s+later\b"
    r"|(?:electronically|e)\s+signed\b|signed\s+by\b|if\s+(?:he|she|they|the|there)\b"
    r"|(?<!later\s)(?:his|her)\s+(?:neck\s+disability|pain|diary)\b)",
    re.IGNORECASE,
)


def _clauses(text: str, whole: Sentence) -> list[Sentence]:
    """A run-on without any punctuation, cut where a clause or a spoken heading begins."""
    size = whole.end - whole.start
    if size < _RUN_ON or len(_PUNCTUATED.findall(text, whole.start, whole.end)) > size // _RUN_ON:
        return [whole]
    cuts = [m.start() for m in _BEGINS.finditer(text, whole.start + 1, whole.end)]
    starts = [whole.start, *cuts]
    return [
        Sentence(start, end, whole.line)
        for start, end in zip(starts, [*cuts, whole.end], strict=True)
    ]


_PUNCTUATED = re.compile(r"[,.;:!?|](?=\s)")


_LONGEST = 1200
"""Characters a sentence may have; what is longer is a list or no prose, and is cut at a blank."""


def _short_enough(text: str, whole: Sentence) -> list[Sentence]:
    parts = []
    start = whole.start
    while whole.end - start > _LONGEST:
        blank = text.rfind(" ", start + _LONGEST // 2, start + _LONGEST)
        cut = blank + 1 if blank >= 0 else start + _LONGEST
        parts.append(Sentence(start, cut, whole.line))
        start = cut
    return [*parts, Sentence(start, whole.end, whole.line)]


_CHOICE = re.compile(
    r"\[[A-Za-z][A-Za-z -]{0,60}(?:\s*[/|]\s*[A-Za-z][A-Za-z -]{0,60}){1,8}\]"
    r"|\{[A-Za-z][A-Za-z -]{0,60}(?:\s*[/|]\s*[A-Za-z][A-Za-z -]{0,60}){1,8}(?::\d+)?\}"
)
_SIDES_ONLY = re.compile(
    r"[\[{\s]*(?:(?:right|left|bilateral|both|[rlb]|bl|rt|lt)\b[\s/|]*)+(?::\d+)?[\]}]",
    re.IGNORECASE,
)


_BLANKS = re.compile(r"\s{96,}")
_KEPT = 48
"""Characters kept at both ends of a longer run of blanks."""


class Squeezed:
    """A text without the middle of its long runs of blanks, and the way back to its offsets.

    No rule needs a thousand blanks, and every rule that allows blanks would try them all from each.
    """

    def __init__(self, text: str) -> None:
        pieces: list[str] = []
        self._starts, self._shifts = [0], [0]
        here = length = 0
        for run in _BLANKS.finditer(text):
            first, last = run.start() + _KEPT, run.end() - _KEPT
            pieces.append(text[here:first])
            length += first - here
            here = last
            self._starts.append(length)
            self._shifts.append(here - length)
        self.text = "".join([*pieces, text[here:]]) if pieces else text

    def back(self, offset: int) -> int:
        """The offset in the text as given."""
        return offset + self._shifts[bisect_right(self._starts, offset) - 1]


_PICKED = re.compile(r"\{[^{}\n]{1,80}?::?\s*\"(?P<value>[^\"{}\n]{0,160})\"\s*\}")
"""A list of an electronic record with the value that was picked: ``{SIDE:123::"left"}``."""


def without_choices(text: str) -> str:
    """Make a blank of every bracketed choice nobody made; the same length, so offsets hold.

    What is offered is not stated: ``[diagnostic / therapeutic]`` names no intent. A choice of
    sides stays: laterality reads it as one.
    """

    def blank(match: re.Match[str]) -> str:
        if _SIDES_ONLY.fullmatch(match.group()):
            return match.group()
        return "_" * (match.end() - match.start())

    def picked(match: re.Match[str]) -> str:
        # The list's name is no word of the note; its value is.
        start, end = match.start("value") - match.start(), match.end("value") - match.start()
        whole = match.group()
        return " " * start + whole[start:end] + " " * (len(whole) - end)

    return _CHOICE.sub(blank, _PICKED.sub(picked, text) if "{" in text else text)


class Offsets:
    """Looks up which of several ordered, disjoint spans holds an offset."""

    def __init__(self, starts: list[int]) -> None:
        self._starts = starts

    def at(self, offset: int) -> int:
        """Index of the last span that starts at or before ``offset``; 0 when none does."""
        return max(0, bisect_right(self._starts, offset) - 1)
