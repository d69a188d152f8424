"""Pain scores on their scale, before and after today's block."""

from __future__ import annotations

import re
from collections.abc import Iterator

from facetcode.extract import numbers
from facetcode.extract.reading import Reading
from facetcode.facts import Score

_N = rf"(?:10(?:\.0)?|\d(?:\.\d)?|(?<![A-Za-z]){numbers.WORD})"
_OUT_OF = re.compile(
    rf"(?<![\d/.])(?P<low>\d\d(?=\s?/\s?100)|{_N})(?:\s?(?:-|to)\s?(?P<high>{_N}))?\s?(?:/|out\s+of|of(?=\s+(?:10|ten)\b(?!\s?(?:%|visits|sessions|nerves|levels)))|over|on\s+a\s+scale\s+of)\s?(?P<scale>100|10|ten)(?![\d/]|\.\d)",
    re.IGNORECASE,
)
_SCALE = (
    r"(?:pain\s+(?:scores?|levels?|rating|scale|intensity|nrs|vas)|nrs|vas|vrs|npr?s|nprs|pain)"
)
_NAMED = re.compile(
    rf"\b{_SCALE}\s*(?:\([^)\n]{{0,20}}\))?\s*(?:(?:pre|post|before|after|at\s+check-?in|on\s+arrival|afterwards?)(?:-?\s?(?:procedure|block|injection|op))?\s*)?(?:was|is|of|at|=|:|\||rated|score[ds]?|now|today|went\s+from|from|dropped\s+from|decreased\s+from|improved\s+from|reduced\s+from|fell\s+from)*\s*(?:a\s+|an\s+)?(?P<low>{_N})(?:\s?-\s?(?P<high>{_N}))?(?!\s?(?:/\s?\d|%|percent|\.\d|mg|ml|cc|out|days?|weeks?|months?|years?|hours?|h\b|min|[/:-]\d|to\s?\d{{1,2}}\s?(?:%|weeks|mon|hours)))(?!\d)",
    re.IGNORECASE,
)
_ARROW = re.compile(
    rf"(?<![\d/.])(?P<pre>{_N})(?:\s?/\s?10)?\s*(?:-{{1,2}}>|=>|→|➔|to|down\s+to|-)\s*(?:a\s+)?(?P<post>{_N})(?:\s?/\s?10)?(?![\d/%]|\.\d)",
    re.IGNORECASE,
)
_ARROW_CUE = re.compile(
    r"(?:\bnrs|\bvas|\bpain|\bscores?|\bpre\s*/\s*post|\bfrom|\bdropped|\bdecreased|\bimproved|\bwent)[\s:=]*(?:score|level|was|went|dropped|decreased|improved|fell|reduced|from|scores?|nrs|vas|pre/post|\(|:|=|\s)*$",
    re.IGNORECASE,
)
_POST = re.compile(
    r"\b(?:post(?:-?\s?(?:procedure|block|injection|op(?:erative)?|inj|proc))?|after|following|discharge|recovery|pacu|minutes?|mins?|half\s+an\s+hour|re-?assess|afterward|down\s+to|dropped\s+to|decreased\s+to|improved\s+to|reduced\s+to|fell\s+to|to|->|=>|on\s+leaving|leaving)\b|->|=>|→",
    re.IGNORECASE,
)
_PRE = re.compile(
    r"\b(?:pre(?:-?\s?(?:procedure|block|injection|op(?:erative)?|inj|proc))?|before|baseline|prior\s+to\s+(?:the\s+)?(?:procedure|block|injection)|initial(?:ly)?|on\s+arrival|from|today|current(?:ly)?|rates?|rated|starting|average|worst|index)\b",
    re.IGNORECASE,
)
_FIRMLY_PRE = re.compile(
    r"(?:pre|before|baseline|prior|initial|on\s+arrival|from|starting)", re.IGNORECASE
)
_OTHER = re.compile(
    r"\b(?:first|1st|last|previous(?:ly)?|prior\s+(?:block|mbb|injection|visit)|ago|yesterday|next\s+day|stress|anxiety|strength|motor|gleason|apgar|gcs|aldrete|ramsay|muscle|deltoid|biceps|grip|phq|score\s+card|lmp)\b",
    re.IGNORECASE,
)


# The word right behind a score is its own: "6/10 before and 1/10 at discharge".
_BESIDE = re.compile(
    r"\s*\(?(?:on\s+|at\s+|in\s+)?(?:the\s+)?(?:(?P<pre>before\b|pre\b|pre-|prior\s+to\s+(?:the\s+)?"
    r"(?:procedure|block|injection)|prior\b(?!\s+(?:block|mbb|visit))|baseline|arrival|sitting\s+here)|(?:after(?:ward)?s?\b|post\b|post-|"
    rf"discharge|recovery|pacu|(?:\d{{1,3}}|{numbers.WORD})\s?min|half\s+an\s+hour|leaving))",
    re.IGNORECASE,
)
# Its label stands right in front: "Pre 6/10   Post 1/10".
_LABEL = re.compile(
    r"\b(?:(?P<pre>pre|before|baseline)|post|after)(?:-?\s?(?:procedure|block|injection|op|inj))?"
    r"[\s:|=(-]{0,6}(?:pain|score|nrs|vas)?[\s:|=(-]{0,6}$",
    re.IGNORECASE,
)
_SIGN = re.compile(
    r"/\s?10|\bof\s+(?:10|ten)|out\s+of|over\s+(?:10|ten)|on\s+a\s+scale", re.IGNORECASE
)
# "Pre 7 -> post 1": the labels are the scale.
_PRE_POST = re.compile(
    rf"\bpre\b[^\d\n.;]{{0,14}}(?P<pre>{_N})(?:\s?/\s?10)?[^\d\n.;]{{0,14}}\bpost\b[^\d\n.;]{{0,14}}(?P<post>{_N})(?![\d.]|\s?(?:%|mg|ml|cc|min))",
    re.IGNORECASE,
)
_LINK = re.compile(r"->|=>|→|➔|(?<=[\d\s])-(?=[\s\d])|\bto\s+(?:a\s+)?[\dotsfnz]", re.IGNORECASE)


def _around(pattern: re.Pattern[str], sign: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Matches near a sign that any match holds: most of a note has none."""
    done = 0
    for spot in sign.finditer(text):
        for match in pattern.finditer(
            text, max(done, spot.start() - 30), min(len(text), spot.end() + 20)
        ):
            if match.start() >= done:
                done = match.end()
                yield match


def find(reading: Reading, *, block_today: bool) -> tuple[Score, ...]:
    """Every pain score with when it was taken; all ``other`` when no block was done today."""
    spots: dict[int, tuple[int, float, float, float]] = {}
    for match in _around(_OUT_OF, _SIGN, reading.even):
        low, high = numbers.value(match["low"]), numbers.value(match["high"] or match["low"])
        scale = 10.0 if match["scale"].lower() == "ten" else float(match["scale"])
        dated = any(w.start <= match.start() < w.end for w in reading.dates)
        if low is not None and high is not None and high <= scale and not dated:
            spots[match.start()] = (match.end(), min(low, high), max(low, high), scale)
    for match in _NAMED.finditer(reading.even):
        low, high = numbers.value(match["low"]), numbers.value(match["high"] or match["low"])
        start = match.start("low")
        if low is None or high is None or max(low, high) > 10:
            continue
        if not any(s <= start < e[0] for s, e in spots.items()):
            spots[start] = (
                match.end("high") if match["high"] else match.end("low"),
                min(low, high),
                max(low, high),
                10.0,
            )
    pairs: dict[int, str] = {}
    for match in _PRE_POST.finditer(reading.even):
        for name in ("pre", "post"):
            number = numbers.value(match[name])
            start = match.start(name)
            if number is not None and number <= 10:
                spots.setdefault(start, (match.end(name), number, number, 10.0))
                pairs[start] = name
    for match in _around(_ARROW, _LINK, reading.even):
        pre, post = numbers.value(match["pre"]), numbers.value(match["post"])
        known = match.start("pre") in spots or match.start("post") in spots
        cue = _ARROW_CUE.search(reading.even, max(0, match.start() - 40), match.start())
        range_like = re.fullmatch(
            r"\s*(?:-|to)\s*", reading.even[match.end("pre") : match.start("post")]
        )
        if (
            pre is None
            or post is None
            or max(pre, post) > 10
            or not (known or cue)
            or (range_like and post >= pre)
        ):
            continue
        for name, number in (("pre", pre), ("post", post)):
            start = match.start(name)
            if start not in spots:
                spots[start] = (match.end(name), number, number, 10.0)
            else:
                end, _, _, scale = spots[start]
                spots[start] = (end, number, number, scale)
            pairs[start] = name
    found = []
    for start in sorted(spots):
        end, low, high, scale = spots[start]
        if reading.section_at(start).category in {"family", "consent", "injectate", "imaging"}:
            continue
        when = pairs.get(start) if block_today else None
        taken = _when(reading, start, end, when) if block_today else "other"
        found.append(Score(low, high, scale, taken, (reading.evidence(start, end),)))  # type: ignore[arg-type]
    return tuple(found)


def _when(reading: Reading, start: int, end: int, paired: str | None) -> str:
    sentence = reading.sentence_at(start)
    section = reading.section_at(start)
    if (
        _OTHER.search(reading.even, max(sentence.start, start - 60), start)
        or reading.dated_before_today(sentence)
        or reading.headed_before_today(section)
    ):
        return "other"
    if paired:
        return paired
    label = _LABEL.search(reading.even, max(sentence.start, start - 40), start)
    if label:
        return "pre" if label["pre"] else "post"
    column = _column(reading.even, start)
    if column:
        return "pre" if column["pre"] else "post"
    post = [m.end() for m in _POST.finditer(reading.even, max(sentence.start, start - 70), start)]
    pre = [m.end() for m in _PRE.finditer(reading.even, max(sentence.start, start - 70), start)]
    pre_starts = [
        m.start() for m in _PRE.finditer(reading.even, max(sentence.start, start - 70), start)
    ]
    beside = _BESIDE.match(reading.even, end, min(sentence.end, end + 40))
    if beside:
        return "pre" if beside["pre"] else "post"
    trailing = _POST.search(reading.even, end, min(sentence.end, end + 40))
    if section.time == "prior" and not re.search(
        r"minutes|post|after", reading.words(max(sentence.start, start - 70), start), re.IGNORECASE
    ):
        return "pre"
    if post and (not pre or max(post) >= max(pre)):
        return "post"
    if post and not any(_FIRMLY_PRE.match(reading.even, m, start) for m in pre_starts):
        # "At discharge she rated her pain": rating is done before and after.
        return "post"
    if pre and section.category != "postprocedure":
        return "pre"
    if trailing and not re.match(r"\s*(?:to|-|->|=>)", reading.even[end : end + 6]):
        return "post"
    if section.category == "postprocedure":
        return "pre" if section.heading.lower().lstrip(" #*").startswith("pre") else "post"
    if section.time in {"none", "performed"} and not (
        section.category in _HEADED and start - section.start < _FIELD
    ):
        # No word says when: behind the account of the needle it is the result.
        acts = [t.start for t in reading.of("ACT") if reading.section_time(t.start) == "performed"]
        if acts and start > acts[len(acts) // 2]:
            return "post"
    return "pre"


_HEADED = frozenset({"title", "procedure", "levels", "diagnosis"})

_COLUMN = re.compile(
    rf"(?P<pre>\b(?:pre|before|baseline|arrival)\b)|\b(?:post|after|discharge)\b|\b(?:\d{{1,3}}|{numbers.WORD})\s?(?:min|h)",
    re.IGNORECASE,
)
_FIELD = 200
"""Characters a field goes on for; an account under its heading is longer."""
_ROWS_UP = 5
_SLACK = 4
"""Characters a value may stand beside its column's name."""


def _column(text: str, start: int) -> re.Match[str] | None:
    """The name, told in a line above, of the table column a score stands in."""
    line = text.rfind("\n", 0, start) + 1
    bars = text.count("|", line, start)
    if not bars and "  " not in text[line:start].lstrip():
        return None
    at = start - line
    for _ in range(_ROWS_UP):
        above_end = line - 1
        if above_end < 0:
            return None
        line = text.rfind("\n", 0, above_end) + 1
        above = text[line:above_end]
        if not above.strip():
            return None
        if bars:
            cells = above.split("|")
            found = _COLUMN.search(cells[bars]) if len(cells) > bars else None
        else:
            found = _COLUMN.search(above, max(0, at - _SLACK), at + _SLACK + 4)
        if found:
            return found
    return None
