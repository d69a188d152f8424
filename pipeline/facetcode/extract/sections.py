"""The sections of a note: medspaCy's Sectionizer, told by our own headings where sections start."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Literal

from spacy.language import Language
from spacy.tokens import Doc

from facetcode.extract import foreign
from facetcode.extract.medspacy_parts import Section, Sectionizer, SectionRule
from facetcode.extract.rules import load_rules
from facetcode.extract.text import line_spans, text_of

Time = Literal["performed", "prior", "planned", "conditional", "other", "none"]


@dataclass(frozen=True, slots=True)
class SectionSpan:
    """One section: its category, the time it speaks of, and half-open offsets.

    ``start`` is where its heading starts and ``body`` where the text after it does; ``category``
    is ``title`` before the first heading and ``other`` under a heading nobody listed.
    """

    category: str
    time: Time
    start: int
    body: int
    end: int
    heading: str = ""


# Before a heading: indentation, Markdown marks, table bars, list numbers.
_BEFORE = re.compile(
    r"[ ]*(?:[#*_>|=~\-\u25a0-\u25ff\u2022\u00bb]+[ ]*)*"
    r"(?:\(?(?:\d{1,2}|[A-Za-z])[.)][ ]+|\[(?:\d{1,2}|[A-Za-z])\][ ]+)?\**"
)
# A heading on its own line, or ended by a colon, a bar, an equals sign or a spaced dash.
_LABEL = re.compile(
    r"(?P<name>[A-Za-z](?:[A-Za-z0-9 /&()'#.,+@\-]|(?<=\d):(?=\d\d)){0,60}?)"
    r"\**[ ]*(?P<end>:+\**|\|+|=+|\.{3,}:?|[ ]-+(?:[ ]|$)|/?\**[ ]*[\u25a0-\u25ff=*~\-]*[ ]*$"
    r"|[ ]{2,}(?=\S)"
    r"|(?<=[A-Za-z])/[ ](?=[A-Z][a-z]))"
)
# "PROC B/L MBB L3, L4": a heading in capitals without a mark behind it.
_BARE = re.compile(
    r"(?P<name>PROC|PROCEDURES?|OPERATION|TECHNIQUE|TECH|PLAN|IMPRESSION|ASSESSMENT|INDICATION|DX|HPI"
    r"|EXAM|MEDS)[ ]+(?=[A-Za-z0-9])(?!(?:was|is|were|has|note|room|suite|table|and|or|of|for|in|by"
    r"|tolerated|done|to)\b)"
)
# Inside running text only unmistakable headings count: capitalised, with a colon.
_INSIDE = re.compile(
    r"(?:(?<=[.;|!?)]\s)|(?<=\s\s)|(?<=[.;|]))"
    r"(?P<name>[A-Z][A-Za-z0-9 /&()'#\-]{0,50}?)[ ]?(?P<end>:+)"
)
# The first line of a table names its columns and opens no section.
_COLUMN_NAMES = re.compile(r"[ ]*\|?(?:[ ]*(?:#|[A-Za-z% /.]{1,20})[ ]*\|){3,}[A-Za-z% /.#]*$")
_REMARK = re.compile(r"\s*\([^()]{0,40}\)\s*$")
# "ADDENDUM 11/18/25 15:10", "Time-out @ 0925 by RN": when and by whom is no part of the heading.
_STAMP = re.compile(
    r"[\s,;@-]+(?:(?:at|on|by|of|dated|at\s+approximately)\s+)?(?:\d{1,2}[/.-]\d{1,2}(?:[/.-]\d{2,4})?"
    r"|\d{1,2}:\d{2}(?::\d\d)?|\d{3,4}|\d{1,2}(?=\s+[a-z])|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
    r"|[ap]\.?m\.?|hrs?|hours|h|est|edt)[.,]?$|\s+by\s+.{1,40}$",
    re.IGNORECASE,
)
_CUES = 2
"""Different cues that make an account of today's procedure; one alone is a mention."""
_FIELD_CHARS = 32
_SENTENCE = re.compile(r"[,.]|\b(?:is|was|were|had|has|the|she|he|we|i)\b", re.IGNORECASE)
_CAPS = re.compile(r"[A-Z][A-Z0-9 /&'()#.\-]{2,45}$")


@lru_cache(maxsize=1)
def _categories() -> list[tuple[str, re.Pattern[str]]]:
    return [
        (
            entry["category"],
            re.compile("|".join(f"(?:{h})" for h in entry["headings"]), re.IGNORECASE),
        )
        for entry in load_rules("sections")
    ]


@lru_cache(maxsize=1)
def _words() -> list[tuple[str, re.Pattern[str]]]:
    return [
        (entry["category"], re.compile(entry["words"], re.IGNORECASE))
        for entry in load_rules("heading_words")
    ]


@lru_cache(maxsize=20_000)
def categorise(heading: str) -> str | None:
    """The section a heading opens, or None when it is not a known heading."""
    name = _REMARK.sub("", heading).strip(" *_#.-")
    while stamp := _STAMP.search(name):
        name = name[: stamp.start()]
    for category, pattern in _categories():
        if pattern.fullmatch(name):
            return category
    return None


@lru_cache(maxsize=20_000)
def by_words(heading: str) -> str:
    """The section that a word of an unlisted heading names; ``other`` where none does."""
    return next((c for c, pattern in _words() if pattern.search(heading)), "other")


def _titled(name: str) -> bool:
    """Whether a line is a heading by its looks: some words, all in capitals."""
    return _CAPS.fullmatch(name) is not None and 2 <= len(name.split()) <= 6


def _field(name: str) -> bool:
    """Whether an unlisted label names a field: in capitals, or a few words with a capital first."""
    if _CAPS.match(name):
        return True
    return name[0].isupper() and len(name) <= _FIELD_CHARS and not _SENTENCE.search(name)


def _headings(text: str) -> Iterator[tuple[str, int, int]]:
    """Category and half-open offsets of each heading, in order."""
    above = ""
    for start, end in line_spans(text):
        before = _BEFORE.match(text, start, end)
        at = before.end() if before else start
        label = _LABEL.match(text, at, end)
        here = at
        if label:
            category = categorise(label["name"])
            if category == "admin" and above == "procedure" and label["name"].lower() == "name":
                category = above  # "PROCEDURE" and below it "Name: medial branch block"
            own_line = not label["end"].strip(" *=~-\u25b2\u25bc")
            # "TECHNIQUE   Pt prone": a column away from its value; a lone letter is a vital sign.
            if (
                own_line
                and label.end() < end
                and len(label["name"]) < 4
                and "/" not in label["end"]
            ):
                category = None
            if category is None and label["end"].startswith((":", "...")) and _field(label["name"]):
                category = by_words(label["name"])
            elif category is None and not label["end"].strip(" *") and _titled(label["name"]):
                category = by_words(label["name"])
                category = None if category == "other" else category
            # A lone lower-case word on its line ("right", "block") is text, not a heading.
            if category and own_line and not label["name"][0].isupper():
                category = None
            if category and label["end"].startswith("|") and _names_columns(text, start, end):
                category = None
            if category:
                yield category, start, label.end()
                here, above = label.end(), category
        if here == at and (bare := _BARE.match(text, at, end)) and not text[at:end].isupper():
            category = categorise(bare["name"])
            if category:
                yield category, start, bare.end()
                here = bare.end()
        for inside in _INSIDE.finditer(text, here, end):
            category = categorise(inside["name"])
            if category:
                yield category, inside.start(), inside.end()


def _names_columns(text: str, start: int, end: int) -> bool:
    """Whether a row of bars holds names of columns: its second cell names a field too."""
    if not _COLUMN_NAMES.match(text, start, end):
        return False
    cells = [cell.strip() for cell in text[start:end].strip(" |").split("|")]
    return len(cells) < 2 or categorise(cells[1]) is not None or _COLUMN.match(cells[1]) is not None


_COLUMN = re.compile(
    r"(?:date|time|side|r|l|agent|drug|vol(?:ume)?|dose|amount|contrast|pre|post|before|after|score|%|relief|notes?"
    r"|comments?|value|result|needle|pain|block|procedure|level)\b",
    re.IGNORECASE,
)


class HeadingSectionizer(Sectionizer):  # type: ignore[misc]
    """medspaCy's Sectionizer with headings found by line and label instead of by phrase.

    Its phrase and regex matchers cost milliseconds a note for headings with this many spellings;
    the line filter is its own hook for saying which matches open a section.
    """

    def __call__(self, doc: Doc) -> Doc:
        """Write ``doc._.sections``.

        The parent also writes its section to each token, which nobody here reads and which costs
        more than finding the sections.
        """
        matches = self.filter_start_lines(doc, ())
        stops = [start for _, start, _ in matches[1:]] + [len(doc)]
        first = matches[0][1] if matches else len(doc)
        found = [] if matches and first == 0 else [Section(None, 0, 0, 0, first)]
        for (_, start, end), stop in zip(matches, stops, strict=False):
            category = self._named[start]
            found.append(Section(category, start, end, end, stop, None, self._rules_of[category]))
        doc._.sections = found
        return doc

    def filter_start_lines(self, doc: Doc, matches: Any) -> list[tuple[int, int, int]]:
        found: list[tuple[int, int, int]] = []
        self._named = {}
        for category, start, end in _headings(text_of(doc)):
            span = doc.char_span(start, end, alignment_mode="expand")
            if span is not None and len(span) and (not found or span.start >= found[-1][2]):
                found.append((self._ids[category], span.start, span.end))
                self._named[span.start] = category
        return found

    def use_headings(self) -> None:
        """Register one rule a category, so that the parent can name the sections we find."""
        names = [category for category, _ in _categories()] + ["other"]
        self.add([SectionRule(literal=f"facetcode {name}", category=name) for name in names])
        self._ids = {
            rule.category: self.nlp.vocab.strings.add(rule._rule_id) for rule in self.rules
        }
        self._rules_of = {rule.category: rule for rule in self.rules}


TIMES: dict[str, Time] = {entry["category"]: entry["time"] for entry in load_rules("sections")}


def build_sectionizer(nlp: Language) -> HeadingSectionizer:
    """A Sectionizer with our headings only, which writes no assertion attributes."""
    sectionizer = HeadingSectionizer(nlp, rules=None, span_attrs=None, require_start_line=True)
    sectionizer.use_headings()
    return sectionizer


def sections(doc: Doc) -> list[SectionSpan]:
    """The document's sections in order, covering all of it; the Sectionizer must have run."""
    found: list[SectionSpan] = []
    text = text_of(doc)
    length = len(text)
    starts = [*doc.to_array("IDX").tolist(), length]
    for section in doc._.sections:
        first, last = section.section_span
        start, end = int(starts[first]), int(starts[last])
        category = section.category or "title"
        body, heading = start, ""
        if section.category is not None:
            token = doc[section.title_span[1] - 1]
            body = token.idx + len(token)
            heading = text[start:body]
        found.append(SectionSpan(category, TIMES.get(category, "none"), start, body, end, heading))
    found = _opening(text, found)
    parts = [part for span in found for whole in _ended(text, span) for part in _apart(text, whole)]
    return list(_without_foreign(parts, foreign.passages(text)))


def _without_foreign(
    spans: list[SectionSpan], passages: list[tuple[int, int]]
) -> Iterator[SectionSpan]:
    """The sections with each passage of another paper cut out as history."""
    for span in spans:
        at = span.start
        for start, end in passages:
            first, last = max(start, span.start), min(end, span.end)
            if first >= last:
                continue
            if first > at:
                yield _piece(span, at, first)
            yield SectionSpan("history", TIMES["history"], first, first, last, span.heading)
            at = last
        if at < span.end or at == span.start:
            yield _piece(span, at, span.end)


def _piece(span: SectionSpan, start: int, end: int) -> SectionSpan:
    """The part of a section between two offsets."""
    return replace(span, start=start, body=min(max(span.body, start), end), end=end)


_DONE = re.compile(
    r"[^\n]{0,90}\b(?:guided|injections?|blocks?|mbbs?|ablation)\b(?!\s+site)", re.IGNORECASE
)
_TITLE_LINES = 3
_TITLE_CHARS = 300
_SENTENCE_END = re.compile(r"[a-z0-9)]{2}[.;](?=\s)")


def _opening(text: str, found: list[SectionSpan]) -> list[SectionSpan]:
    """The sections with the title cut to the note's first lines, and a report's EXAM as a title.

    What follows the title without a heading is text whose time its words alone tell.
    """
    if not found:
        return found
    named = next((i for i, span in enumerate(found) if span.category == "exam"), None)
    if named is not None and (
        found[named].start < _TITLE_CHARS // 2 or _DONE.match(text, found[named].body)
    ):
        # Radiology names under EXAM what was done; an examination never opens a note.
        found[named] = replace(found[named], category="procedure", time=TIMES["procedure"])
    title = found[0]
    if title.category != "title":
        return found
    end = title.start
    lines = 0
    for start, stop in line_spans(text[title.start : title.end]):
        if not text[title.start + start : title.start + stop].strip():
            if lines:
                break
            continue
        lines += 1
        end = title.start + stop
        if lines == _TITLE_LINES or end - title.start > _TITLE_CHARS:
            break
    if end - title.start > _TITLE_CHARS:
        # One long paragraph: its title is its first sentence or two.
        sentence = _SENTENCE_END.search(text, title.start + _TITLE_CHARS // 2, end)
        end = sentence.end() if sentence else end
    if not text[end : title.end].strip():
        return found
    rest = SectionSpan("body", "none", end, end, title.end)
    return [replace(title, end=end), rest, *found[1:]]


# One-line fields of a form: what follows a blank line is no longer theirs.
_ONE_LINE = frozenset(
    {"imaging", "exam", "diagnosis", "consent", "codes", "family", "admin", "timeout"}
)


# "8:25a Reviewed w him": a new entry of a running chart ends what stood before.
_ENTRY = re.compile(
    r"\n[ ]*(?=(?:\d{1,2}/\d{1,2}(?:/\d{2,4})?[ ,]+)?"
    r"(?:\d{1,2}:\d{2}[ ]?(?:[ap]\.?m?\.?)?|[0-2]\d[0-5]\d)[ :,-]+[A-Za-z\d])"
)


def _ended(text: str, span: SectionSpan) -> list[SectionSpan]:
    """The section, ended at a new entry, or at the first blank line when its value stands beside
    its heading."""
    if span.time in {"prior", "planned", "conditional"} or span.category in _ONE_LINE:
        entry = _ENTRY.search(text, span.body, span.end)
        if entry is not None and text[entry.end() : span.end].strip():
            rest = SectionSpan("body", "none", entry.end(), entry.end(), span.end)
            return [*_ended(text, replace(span, end=entry.end())), rest]
    if span.category not in _ONE_LINE:
        return [span]
    line_end = text.find("\n", span.body, span.end)
    if line_end < 0 or not text[span.body : line_end].strip():
        return [span]
    blank = _BLANK_LINE.search(text, span.body, span.end)
    if blank is None or not text[blank.end() : span.end].strip():
        return [span]
    rest = SectionSpan("other", "none", blank.end(), blank.end(), span.end)
    return [replace(span, end=blank.end()), rest]


_BLANK_LINE = re.compile(r"\n[ ]*\n")


@lru_cache(maxsize=1)
def _account() -> tuple[tuple[re.Pattern[str], ...], re.Pattern[str]]:
    rules = load_rules("narrative")
    cues = tuple(re.compile(cue, re.IGNORECASE) for cue in rules["cues"])
    return cues, re.compile(rules["not"], re.IGNORECASE)


# A heading that says its text is of another day.
_PASTED = re.compile(r"\b(?:copied|carried)\b|\d/\d{1,2}/\d", re.IGNORECASE)
# A line's start, or a sentence's inside a paragraph.
_STARTS = re.compile(r"\n[ ]*|(?<=[.!?])[ ]+(?=[A-Z])")
_OPENING = 160
"""Characters of an account's opening in which its cues must stand."""


def _apart(text: str, span: SectionSpan) -> list[SectionSpan]:
    """The section, cut in two where it goes on with today's account under its own heading."""
    if span.category == "procedure":
        return _told(text, span)
    if span.category == "plan":
        return _carried_out(text, span)
    if span.category == "timeout":
        return _goes_on(text, span)
    if span.time in {"performed", "planned"} or span.category in {
        "title",
        "body",
        "family",
        "signature",
    }:
        return [span]
    if _PASTED.search(span.heading):
        return [span]
    dated = span.time == "prior"
    cues, other_day = _account()
    if sum(cue.search(text, span.body, span.end) is not None for cue in cues) < _CUES:
        return [span]
    for start in _STARTS.finditer(text, span.body, span.end):
        at = start.end()
        end = min(at + _OPENING, span.end)
        first = text.find("\n", at, end)
        opening = text[at : end if first < at + 40 else first]
        if sum(cue.search(opening) is not None for cue in cues) < _CUES:
            continue
        if other_day.search(opening) or (dated and _DATED.match(opening)):
            continue
        rest = SectionSpan("narrative", TIMES["narrative"], at, at, span.end)
        return [replace(span, end=at), rest]
    return [span]


# A dated item of a history: "- 02/19/2025, here, CT guidance, lido 2%".
_DATED = re.compile(r"[-*\s]*\(?\d{1,2}/\d{1,2}/\d{2,4}")


def _goes_on(text: str, span: SectionSpan) -> list[SectionSpan]:
    """A time-out's line, and the account in the lines below it."""
    cues, _ = _account()
    for start in re.finditer(r"\n[ ]*", text[span.body : span.end]):
        at = span.body + start.end()
        opening = text[at : min(at + _OPENING, span.end)]
        if sum(cue.search(opening) is not None for cue in cues) >= _CUES:
            rest = SectionSpan("narrative", TIMES["narrative"], at, at, span.end)
            return [replace(span, end=at), rest]
    return [span]


def _carried_out(text: str, span: SectionSpan) -> list[SectionSpan]:
    """A plan that the same heading goes on to carry out: what was planned is then the title."""
    cues, other_day = _account()
    if sum(cue.search(text, span.body, span.end) is not None for cue in cues) < _ACCOUNT_CUES + 1:
        return [span]
    future = re.compile(load_rules("narrative")["future"], re.IGNORECASE)
    for start in _STARTS.finditer(text, span.body, span.end):
        at = start.end()
        opening = text[at : min(at + 2 * _OPENING, span.end)]
        if sum(cue.search(opening) is not None for cue in cues) < _ACCOUNT_CUES:
            continue
        if other_day.search(opening) or future.search(opening):
            continue
        rest = SectionSpan("narrative", TIMES["narrative"], at, at, span.end)
        head = replace(span, end=at)
        if at - span.body <= _TITLE_CHARS and not future.search(text, span.body, at):
            head = replace(head, category="procedure", time=TIMES["procedure"])
        return [head, rest]
    return [span]


_ACCOUNT_CUES = 3
"""Different cues in the words under PROCEDURE that make them the account and not the title."""
_FIRST = re.compile(r"\n|(?<=[a-z0-9)%]{2})[.;](?=\s)")


def _told(text: str, span: SectionSpan) -> list[SectionSpan]:
    """What stands under PROCEDURE, parted into what names the procedure and what narrates it."""
    cues, _ = _account()
    if sum(cue.search(text, span.body, span.end) is not None for cue in cues) < _ACCOUNT_CUES:
        return [span]
    at = span.body
    # The first line or sentences that narrate nothing are the name.
    for _ in range(_TITLE_LINES):
        stop = _FIRST.search(text, at, span.end)
        end = stop.end() if stop else span.end
        if any(cue.search(text, at, end) for cue in cues if cue is not cues[_IMAGING]):
            break
        at = end
    if at >= span.end or not text[at : span.end].strip():
        return [span]
    rest = SectionSpan("narrative", TIMES["narrative"], at, at, span.end, span.heading)
    named = text[span.body : at].strip()
    return (
        [replace(span, end=at), rest]
        if named
        else [replace(rest, start=span.start, body=span.body)]
    )


_IMAGING = 4
"""The cue of the imaging: a title names it too."""


def outline(text: str) -> tuple[tuple[str, str], ...]:
    """The note's headings in order, as (category, heading), each once; no pipeline is needed."""
    found = {text[start:body].strip(" \t:|=*#_-"): name for name, start, body in _headings(text)}
    return tuple((name, heading) for heading, name in found.items() if heading)
