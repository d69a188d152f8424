"""Every pain score of a note: those that stand alone, pairs, rows of a diary, numbers of a tale."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from functools import cache

from facetcode.extract.reading import Reading
from facetcode.extract.rules import Text, lowered
from facetcode.extract.score_words import (
    FIRMLY_TOLD,
    NUMBER,
    RANGE,
    SCALE,
    STOPS,
    WHOLE,
    Mention,
    Role,
    amount,
    behind_names,
    either,
    is_none,
    millimetres,
    near,
    of_ten,
    rule,
)


@cache
def _told() -> re.Pattern[str]:
    return re.compile(
        rf"(?<![a-z0-9]){either('tells')}(?:\s+{either('told')}){{0,3}}"
        rf"(?P<an>\s+an?(?:\s+{either('told')})?)?\s+\"?{RANGE}{WHOLE}"
        rf"(?:(?={STOPS}|\s+{either('close')}(?![a-z]))|(?P<loose>(?=\s+{either('behind')}(?![a-z]))))"
    )


_ARROW = re.compile(
    rf"(?<![\w/.:-])(?P<pre>{NUMBER})(?:\s?/\s?10)?\s*(?:-{{1,2}}>|=>|→|➔|-|(?:(?:went|fell|came|dropped|decreased|improved)\s+)?"
    rf"(?:down\s+)?to)\s*(?:an?\s+)?(?P<post>{NUMBER})(?:\s?/\s?10)?(?![\d/%a-z]|\.\d|\s?(?:%|years?|yrs?|mos?\b|months?|weeks?|wks?|days?|h\b|hrs?|hours?|min|mg|ml|cc|cm|mm))"
)
_LINK = re.compile(
    r"->|=>|→|➔|(?<=[\d\s])-(?=[\s\d])|\bto\s+(?:an?\s+)?(?:\d|zero|one|two|three|four|five|six|seven|eight|nine|ten)"
)
_ARROW_CUE = re.compile(
    r"(?:\bnrs|\bvas|\bpain|\bscores?|\bpre\s*/\s*post|\bfrom|\bdropped|\bdecreased|\bimproved|\bwent|\bwas|(?:\bblocks?|\bmbb|\bset|#\s?\d|\d/\d{1,2}(?:/\d{2,4})?)\s*:)"
    r"[\s:=]*(?:(?:score|level|was|went|dropped|decreased|improved|fell|reduced|from|scores?|nrs|vas|pre/post|\(|:|=)\s*)*$"
)
_PRE_POST = re.compile(
    rf"\bpre\b[^\d\n.;]{{0,14}}(?P<pre>{NUMBER})(?:\s?/\s?10)?[^\d\n.;]{{0,14}}\bpost\b[^\d\n.;]{{0,14}}(?P<post>{NUMBER})"
    r"(?![\d.]|\s?(?:%|mg|ml|cc|min))"
)
_BOTH = re.compile(
    rf"\bpre\s?(?:/|and)\s?post\b[\s:=a-z]{{0,12}}(?P<pre>{NUMBER})\s?(?:/|,|and)\s?(?P<post>{NUMBER})(?![\d/.]|\s?%)"
)
_BEFORE_AFTER = re.compile(
    rf"(?<![\w/.:#-])(?P<low>{NUMBER})\s+(?:(?P<pre>before|beforehand|pre|on\s+arrival)|after(?:wards?)?|post|at\s+discharge)(?=\s*(?:[.,;)\n]|$|and\b|->|/))"
)


@cache
def _diary() -> re.Pattern[str]:
    return re.compile(
        rf"(?<![a-z0-9.:/-])(?P<tag>{either('clock')})"
        r"(?:[ \t]*[.:=|,-]*[ .\t=|-]{0,40}(?:(?:was|is|it\s+was)\s+)?)"
        rf"(?<![a-z0-9])(?P<low>{NUMBER}){WHOLE}(?=[^\S\n]*(?:$|[.,;)|\n]|->)|\s+(?:left|right|both|and|by|per|to\s+\d)\b)"
    )


# "11 1, noon 1, 1 2": hours without a mark, in a list a diary begins.
_HOURS = re.compile(
    rf"(?:(?<=[,;:]\s)|(?<=diary\s)|(?<=log\s))(?P<tag>1[0-2]|[1-9])\s+(?P<low>{NUMBER})(?=[,.;]|\s*$)"
)
# "Noon 1 left, 3 right."
_OTHER_SIDE = re.compile(rf"\s+(?:left|right)(?:,|\s+and|;)\s+(?P<low>{NUMBER})\s+(?:left|right)\b")
_DIARY_REACH = 300
_DIARY_BEHIND = 80
_RUN = 45
_PRE_TAG = re.compile(
    r"pre\b|pre-|before|baseline|(?:on\s+)?arrival|0\s?-?\s?(?:min|h)|(?:0|zero)\s"
)


def find(reading: Reading) -> list[Mention]:
    """Every pain score of the note, in order; none overlap."""
    text = reading.even
    low = text.low if isinstance(text, Text) else lowered(text)
    found: dict[int, Mention] = {}
    taken: set[int] = {i for w in reading.dates for i in range(w.start, w.end)}

    def add(mentions: Iterable[Mention]) -> None:
        for mention in mentions:
            if mention.start not in taken and max(mention.low, mention.high) <= mention.scale:
                found[mention.start] = mention
                taken.update(range(mention.start, mention.end))

    add(of_ten(low))
    add(millimetres(low))
    if rule("scales").search(low):
        add(behind_names(low))
    _pairs(low, found, taken)
    add(_of_diary(low, found))
    add(_of_tale(reading, low, found))
    return [found[start] for start in sorted(found)]


def _pairs(low: str, found: dict[int, Mention], taken: set[int]) -> None:
    """Two scores whose order tells their times: "8 -> 2", "pre 7, post 1", "8 before, 2 after"."""
    for match in _PRE_POST.finditer(low):
        _pair(low, match, found, taken)
    for match in _BOTH.finditer(low):
        # "7/1" may have been read as a date.
        taken.difference_update(range(match.start("pre"), match.end("post")))
        _pair(low, match, found, taken)
    for match in near(_ARROW, _LINK, low):
        first, last = amount(match["pre"]), amount(match["post"])
        known = match.start("pre") in found or match.start("post") in found
        cue = _ARROW_CUE.search(low, max(0, match.start() - 40), match.start())
        joint = low[match.end("pre") : match.start("post")].strip()
        if not (known or cue) or (joint in {"-", "to"} and last >= first):
            continue
        if joint == "-" and known and cue is None and "/" not in match.group():
            continue
        _pair(low, match, found, taken)
    told = list(_BEFORE_AFTER.finditer(low))
    for index, one in enumerate(told):
        beside = told[max(0, index - 1) : index] + told[index + 1 : index + 2]
        close_by = any(abs(other.start() - one.start()) < _APART for other in beside)
        start, value = one.start("low"), amount(one["low"])
        line = max(low.rfind("\n", 0, start) + 1, start - 50)
        close_by = close_by or any(s in found for s in range(line, start))
        if start not in taken and value <= 10 and (close_by or _pain_near(low, start)):
            role: Role = "pre" if one["pre"] else "post"
            found[start] = Mention(start, one.end("low"), value, value, role=role)
            taken.update(range(start, one.end("low")))


_APART = 60
_OF_TEN = re.compile(r"\s?/\s?10(?!\d)")


def _pair(low: str, match: re.Match[str], found: dict[int, Mention], taken: set[int]) -> None:
    roles: tuple[Role, Role] = ("pre", "post")
    for role in roles:
        start, end, value = match.start(role), match.end(role), amount(match[role])
        whole = _OF_TEN.match(low, end)
        end = whole.end() if whole else end
        known = found.get(start)
        if known is not None and known.low == known.high:
            found[start] = Mention(start, known.end, value, value, known.scale, role)
            continue
        if known is not None:
            # "8-2/10" was read as a range; it is a fall.
            taken.difference_update(range(start, known.end))
        if start not in taken and value <= 10:
            found[start] = Mention(start, end, value, value, role=role)
            taken.update(range(start, end))


def _pain_near(low: str, start: int) -> bool:
    line = max(low.rfind("\n", 0, start) + 1, start - 60)
    return rule("diary").search(low, line, start) is not None


def _of_diary(low: str, found: dict[int, Mention]) -> Iterator[Mention]:
    """Numbers behind times of a day, where a diary of pain is told and one follows the other."""
    spots = sorted(
        [(m.start(), m) for pattern in (_diary(), _HOURS) for m in pattern.finditer(low)],
        key=lambda spot: spot[0],
    )
    known = sorted([*found, *(m.start("low") for _, m in spots)])
    done, opened = -1, False
    for index, (start, match) in enumerate(spots):
        number = match.start("low")
        if number <= done or amount(match["low"]) > 10:
            continue
        opened = opened and start - done < _RUN
        reach = max(0, start - _DIARY_REACH), start + _DIARY_BEHIND
        if not opened and not rule("diary").search(low, *reach):
            if not _PRE_TAG.match(match["tag"]):
                continue
            opened = True  # "Pre 7, 15 min 3": a time before and one after need no heading
        before = spots[index - 1][1].end("low") if index else -_DIARY_REACH
        after = spots[index + 1][0] if index + 1 < len(spots) else len(low) + _DIARY_REACH
        run = start - before < _RUN or after - match.end("low") < _RUN or _close(known, number)
        line = low.rfind("\n", 0, start) + 1
        named = rule("diary").search(low, max(line, start - 40), start) is not None
        bare = match["tag"].isdigit()
        if not (run or (named and not bare)):
            continue
        done = number
        role: Role = "pre" if _PRE_TAG.match(match["tag"]) else "post"
        value = amount(match["low"])
        yield Mention(number, match.end("low"), value, value, role=role, tagged=True)
        other = _OTHER_SIDE.match(low, match.end("low"))
        if other:
            value = amount(other["low"])
            yield Mention(
                other.start("low"), other.end("low"), value, value, role=role, tagged=True
            )


def _close(known: list[int], number: int) -> bool:
    """Whether another score stands within a row of this one."""
    at = bisect_left(known, number)
    around = [known[i] for i in (at - 1, at + 1) if 0 <= i < len(known)]
    return any(0 < abs(other - number) < _RUN for other in around)


def _of_tale(reading: Reading, low: str, found: dict[int, Mention]) -> Iterator[Mention]:
    """Bare numbers a tale of pain gives: "gave it a seven", "was 8, went to 1", "back to 5"."""
    for match in _told().finditer(low):
        start, end = match.start("low"), max(match.end("low"), match.end("high"))
        if is_none(low, start, end, slash=False) or SCALE.search(low, max(0, start - 30), start):
            continue
        if match["loose"] is not None and not match["an"]:
            continue
        if _WEAK.match(match.group()) and not match["an"]:
            if not any(at in found for at in range(max(0, start - _APART), start)):
                continue
        sentence = reading.sentence_at(start)
        close_by = range(max(0, start - 60), min(len(low), end + 30))
        told = rule("diary").search(low, max(sentence.start, start - 120), match.start())
        if (
            not told
            and not any(at in found for at in close_by)
            and not (
                _NOW.match(low, end)
                and _PERSON.search(low, max(0, match.start() - 12), match.end())
            )
        ):
            firm = FIRMLY_TOLD.search(match.group()) and low[start:end] != "one"
            if not (match["an"] or firm) or _DOSE.search(low, max(0, start - 40), start):
                continue
            about = rule("about").search(low, max(0, start - 400), min(sentence.end, start + 60))
            if not (about or found or _IT.search(low, max(0, match.start() - 4), start)):
                continue
        first, last = amount(match["low"]), amount(match["high"] or match["low"])
        yield Mention(start, end, min(first, last), max(first, last))


# These go on with another score only: "eight out of ten to one", "6/10 sitting and nine standing".
_WEAK = re.compile(r"(?:and|to|as)\s")
_IT = re.compile(r"\bit\s")
_DOSE = re.compile(r"\d\s?(?:mg|mcg|ml|tab)\b")
_PERSON = re.compile(r"\b(?:s?he|it|patient|pt|pain|neck|head|her|his)\b")
_NOW = re.compile(r"\s+(?:now|today|this\s+morning|on\s+arrival)(?![a-z])")
