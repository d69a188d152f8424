"""Pain scores as notes write them: out of ten, behind a scale's name, told, in pairs, in diaries."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from facetcode.extract.reading import Reading
from facetcode.extract.rules import Text, load_rules, lowered

Role = Literal["pre", "post"]


@dataclass(frozen=True, slots=True)
class Mention:
    """One score, ``low`` to ``high`` on its scale; half-open offsets.

    ``role`` is what its own pair or label says of its time; ``tagged`` where a diary's row does.
    """

    start: int
    end: int
    low: float
    high: float
    scale: float = 10.0
    role: Role | None = None
    tagged: bool = False


_WORDS = {
    word: float(number)
    for number, word in enumerate(
        "zero one two three four five six seven eight nine ten".split(), start=0
    )
}
_WORD = rf"(?:{'|'.join(_WORDS)})(?:\s+and\s+(?:a|one)\s+half|\s+point\s+five)?(?![a-z])"
_N = rf"(?:10(?:\.0)?(?![\d.]*\d)|\d(?:\.\d)?(?!\d)|(?<![a-z-]){_WORD})"
_RANGE = rf"(?P<low>{_N})(?:\s?(?:-|to|or)\s?(?P<high>{_N}))?"


def _either(name: str) -> str:
    """The alternatives of a rule of ``scores.yaml`` as one group."""
    rules = load_rules("scores")[name]
    return "(?:" + "|".join([rules] if isinstance(rules, str) else rules) + ")"


@cache
def rule(name: str) -> re.Pattern[str]:
    """A rule of ``scores.yaml`` as whole words, for small-letter text."""
    return re.compile(rf"(?<![a-z0-9]){_either(name)}(?![a-z0-9])")


def _value(raw: str) -> float:
    half = "half" in raw or "point" in raw
    word = raw.split()[0]
    return (_WORDS[word] if word in _WORDS else float(word)) + half / 2


_OUT_OF = re.compile(
    rf"(?<![\d/.])(?P<low>\d\d(?=\s?/\s?100)|{_N})(?:(?:\s?(?:-|to|or)\s?|\s+(?P<and>and)\s+)(?P<high>{_N}))?\s?"
    r"(?:/|out\s+of|of(?=\s+(?:10|ten)\b)|over|on\s+a\s+scale\s+of)\s?(?P<scale>100|10|ten)(?![\d/a-z]|\.\d|-\d)"
)
_SIGN = re.compile(r"/\s?10|\bof\s+(?:10|ten)\b|out\s+of|over\s+(?:10|ten)|on\s+a\s+scale")
_MILLIMETRES = re.compile(r"(?<![a-z])vas\s*(?::|=|of|was|is|at)?\s*(?P<low>\d{1,3})\s?mm\b")
# What may stand behind a number that is whole: not the rest of a date, a dose, a count.
_WHOLE = r"(?!\s?(?:/\s?\d|%|\+|x\b)|[.,:/-]\d)"
_STOPS = r"[^\S\n]*(?:$|(?<=[ \t])[ \t]|[.,;)\]\"'|\n]|-{1,2}>|=>|→|\(|\[|/\s|-\s)"
# "Pain\n3. Anxiety" is a list.
_NUMBERED = re.compile(r"\n[ \t]*$")


@cache
def _named() -> re.Pattern[str]:
    between = rf"[\s:=|]*(?:\([^()\n]{{0,20}}\))?[\s:=|,]*(?:{_either('links')}(?![a-z0-9])[\s:=|,]*){{0,4}}"
    return re.compile(
        rf"(?<![\w-])(?P<scale>{_either('scales')})(?P<links>{between}){_RANGE}{_WHOLE}"
        rf"(?={_STOPS}|\s+{_either('behind')}(?![a-z]))"
    )


@cache
def _told() -> re.Pattern[str]:
    return re.compile(
        rf"(?<![a-z0-9]){_either('tells')}(?:\s+{_either('told')}){{0,3}}"
        rf"(?P<an>\s+an?(?:\s+{_either('told')})?)?\s+\"?{_RANGE}{_WHOLE}"
        rf"(?:(?={_STOPS}|\s+{_either('close')}(?![a-z]))|(?P<loose>(?=\s+{_either('behind')}(?![a-z]))))"
    )


_ARROW = re.compile(
    rf"(?<![\w/.:-])(?P<pre>{_N})(?:\s?/\s?10)?\s*(?:-{{1,2}}>|=>|→|➔|-|(?:(?:went|fell|came|dropped|decreased|improved)\s+)?"
    rf"(?:down\s+)?to)\s*(?:an?\s+)?(?P<post>{_N})(?:\s?/\s?10)?(?![\d/%a-z]|\.\d|\s?(?:%|years?|yrs?|mos?\b|months?|weeks?|wks?|days?|h\b|hrs?|hours?|min|mg|ml|cc|cm|mm))"
)
_LINK = re.compile(
    r"->|=>|→|➔|(?<=[\d\s])-(?=[\s\d])|\bto\s+(?:an?\s+)?(?:\d|zero|one|two|three|four|five|six|seven|eight|nine|ten)"
)
_ARROW_CUE = re.compile(
    r"(?:\bnrs|\bvas|\bpain|\bscores?|\bpre\s*/\s*post|\bfrom|\bdropped|\bdecreased|\bimproved|\bwent|\bwas|(?:\bblocks?|\bmbb|\bset|#\s?\d|\d/\d{1,2}(?:/\d{2,4})?)\s*:)"
    r"[\s:=]*(?:(?:score|level|was|went|dropped|decreased|improved|fell|reduced|from|scores?|nrs|vas|pre/post|\(|:|=)\s*)*$"
)
_PRE_POST = re.compile(
    rf"\bpre\b[^\d\n.;]{{0,14}}(?P<pre>{_N})(?:\s?/\s?10)?[^\d\n.;]{{0,14}}\bpost\b[^\d\n.;]{{0,14}}(?P<post>{_N})"
    r"(?![\d.]|\s?(?:%|mg|ml|cc|min))"
)
_BEFORE_AFTER = re.compile(
    rf"(?<![\w/.:#-])(?P<low>{_N})\s+(?:(?P<pre>before|beforehand|pre|on\s+arrival)|after(?:wards?)?|post|at\s+discharge)(?=\s*(?:[.,;)\n]|$|and\b|->|/))"
)


@cache
def _diary() -> re.Pattern[str]:
    return re.compile(
        rf"(?<![a-z0-9.:/-])(?P<tag>{_either('clock')})(?P<gap>[ \t]*[.:=|,-]*[ .\t=|-]{{0,40}}(?:(?:was|is|it\s+was)\s+)?)"
        rf"(?<![a-z0-9])(?P<low>{_N}){_WHOLE}(?=[^\S\n]*(?:$|[.,;)|\n]|->)|\s+(?:left|right|both|and|to\s+\d)\b)"
    )


# "11 1, noon 1, 1 2": hours without a mark, in a list a diary begins.
_HOURS = re.compile(
    rf"(?:(?<=[,;:]\s)|(?<=diary\s)|(?<=log\s))(?P<tag>1[0-2]|[1-9])\s+(?P<low>{_N})(?=[,.;]|\s*$)"
)
# "Noon 1 left, 3 right."
_OTHER_SIDE = re.compile(rf"\s+(?:left|right)(?:,|\s+and|;)\s+(?P<low>{_N})\s+(?:left|right)\b")
_DIARY_REACH = 300
_RUN = 45
_PRE_TAG = re.compile(
    r"pre\b|pre-|before|baseline|(?:on\s+)?arrival|0\s?-?\s?(?:min|h)|(?:0|zero)\s"
)


def _near(pattern: re.Pattern[str], sign: re.Pattern[str], low: str) -> Iterator[re.Match[str]]:
    """Matches near a sign that any match holds: most of a note has none."""
    done = 0
    for spot in sign.finditer(low):
        for match in pattern.finditer(
            low, max(done, spot.start() - 30), min(len(low), spot.end() + 20)
        ):
            if match.start() >= done:
                done = match.end()
                yield match


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

    add(_of_ten(low))
    add(_millimetres(low))
    if rule("scales").search(low):
        add(_behind_names(low))
    _pairs(low, found, taken)
    add(_of_diary(low, found))
    add(_of_tale(reading, low, found))
    return [found[start] for start in sorted(found)]


def _of_ten(low: str) -> Iterator[Mention]:
    for match in _near(_OUT_OF, _SIGN, low):
        first, last = _value(match["low"]), _value(match["high"] or match["low"])
        start = match.start()
        if match["and"] and not re.search(r"\bbetween\s+$", low[max(0, start - 12) : start]):
            start, first = match.start("high"), last
        slash = "/" in match.group()
        if _is_none(low, start, match.end(), slash=slash):
            continue
        if re.search(r"\d\s?of|[a-z]\s+of", match.group()) and "out" not in match.group():
            # "4 of 10" counts anything; only a tale of pain makes it a score.
            ahead = low[max(0, start - 40) : start]
            if not (rule("diary").search(ahead) or _FIRMLY_TOLD.search(ahead)):
                continue
        scale = 10.0 if match["scale"] == "ten" else float(match["scale"])
        line = max(low.rfind("\n", 0, start) + 1, start - 60)
        if scale > 10 and not rule("diary").search(low, line, start):
            continue  # "carbidopa/levodopa 25/100"
        yield Mention(start, match.end(), min(first, last), max(first, last), scale)


@cache
def _none_before() -> re.Pattern[str]:
    rules = load_rules("scores")
    return re.compile(
        rf"(?:(?<![a-z]){_either('not_pain')}\s*{rules['not_pain_link']}|\b[ctl](?:\d{{1,2}}[/-]\d{{1,2}}\s?(?:,|and|&)\s?)?$|(?<![a-z]){rules['goals']})"
    )


@cache
def _date_before() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    link = load_rules("scores")["date_link"]
    blocks = link.replace(":?", "")
    return (
        re.compile(rf"(?<![a-z]){_either('dates')}{link}"),
        re.compile(rf"(?<![a-z]){_either('dates_or_pain')}{link}"),
        re.compile(
            rf"(?<![a-z])(?<!before\s)(?<!after\s)(?<!the\s)(?<!post-)(?<!pre-){_either('dated_blocks')}{blocks}"
        ),
    )


_SCORED = re.compile(r"\b(?:pain|nrs|vas|scores?)\b|/\s?10")
_LAST_STOP = re.compile(r"[.;\n]")
_GOES_ON = re.compile(r"\s*(?:-|->|=>|to|before|after|pre|post|now|for\s+pain)(?![a-z])")


@cache
def _counted() -> re.Pattern[str]:
    return re.compile(
        rf"\s+(?:(?:of\s+)?(?:the|his|her)\s+)?(?:{load_rules('scores')['counted']})\b"
    )


def _is_none(low: str, start: int, end: int, *, slash: bool) -> bool:
    """Whether what looks like a score is one of sleep or strength, a level, a count or a date."""
    ahead = low[max(0, start - 40) : start]
    if _none_before().search(ahead) or _counted().match(low, end, end + 40):
        return True
    if not slash:
        return False
    dated, either, block = _date_before()
    if dated.search(ahead):
        return True
    if either.search(ahead):
        return not _SCORED.search(_LAST_STOP.split(ahead)[-1])
    return block.search(ahead) is not None and not _GOES_ON.match(low, end, end + 20)


def _millimetres(low: str) -> Iterator[Mention]:
    for match in _MILLIMETRES.finditer(low):
        yield Mention(match.start(), match.end(), *(2 * [float(match["low"])]), scale=100.0)


_ROOM = re.compile(r"(?:room|suite|bay|clinic|or|case)\W{0,4}(?:\w{2}-)?$")
_PLAIN_PAIN = re.compile(r"(?:[a-z]+[\s-]+)?(?:pain|headache)$|scores?$")
_FIRM_END = re.compile(rf"{_STOPS}")


def _behind_names(low: str) -> Iterator[Mention]:
    for match in _named().finditer(low):
        start, end = match.start("low"), max(match.end("low"), match.end("high"))
        name, links = match["scale"], match["links"]
        if _NUMBERED.search(low, start - min(len(links), 12), start) and ":" not in links:
            continue
        if _ROOM.search(low, max(0, match.start() - 12), match.start()):
            continue
        if _none_before().search(low, max(0, match.start() - 24), match.start()):
            continue
        if _counted().match(low, end, end + 30):
            continue
        worded = low[start].isalpha()
        if _PLAIN_PAIN.match(name) and not links.strip(" \n|") and worded:
            continue
        if match["high"] is None and _is_listed(low, match):
            continue
        first, last = _value(match["low"]), _value(match["high"] or match["low"])
        if (first, last) == (0, 10):
            continue  # the scale itself
        if last < first and " to " in low[match.end("low") : end]:
            end, last = match.end("low"), first  # a fall; the pair is read elsewhere
        if name.endswith("vas") and links == " ":
            start = match.end("scale") - 3
        yield Mention(start, end, min(first, last), max(first, last))


def _is_listed(low: str, match: re.Match[str]) -> bool:
    """Whether a number is that of the next point of a list: "2. Myofascial pain 3. Anxiety"."""
    end, raw = match.end("low"), match["low"]
    if not raw.isdigit() or low[end : end + 2] != ". ":
        return False
    return f"{int(raw) - 1}. " in low[max(0, match.start() - 120) : match.start()]


def _pairs(low: str, found: dict[int, Mention], taken: set[int]) -> None:
    """Two scores whose order tells their times: "8 -> 2", "pre 7, post 1", "8 before, 2 after"."""
    for match in _PRE_POST.finditer(low):
        _pair(match, found, taken)
    for match in _near(_ARROW, _LINK, low):
        first, last = _value(match["pre"]), _value(match["post"])
        known = match.start("pre") in found or match.start("post") in found
        cue = _ARROW_CUE.search(low, max(0, match.start() - 40), match.start())
        joint = low[match.end("pre") : match.start("post")].strip()
        if not (known or cue) or (joint in {"-", "to"} and last >= first):
            continue
        if joint == "-" and known and cue is None and "/" not in match.group():
            continue
        _pair(match, found, taken)
    told = list(_BEFORE_AFTER.finditer(low))
    for one in told:
        near = any(abs(other.start() - one.start()) < 60 for other in told if other is not one)
        start, value = one.start("low"), _value(one["low"])
        line = max(low.rfind("\n", 0, start) + 1, start - 50)
        near = near or any(s in found for s in range(line, start))
        if start not in taken and value <= 10 and (near or _pain_near(low, start)):
            role: Role = "pre" if one["pre"] else "post"
            found[start] = Mention(start, one.end("low"), value, value, role=role)
            taken.update(range(start, one.end("low")))


def _pair(match: re.Match[str], found: dict[int, Mention], taken: set[int]) -> None:
    roles: tuple[Role, Role] = ("pre", "post")
    for role in roles:
        start, end, value = match.start(role), match.end(role), _value(match[role])
        known = found.get(start)
        if known is not None:
            # "7/10-1/10" was read as a range of one score.
            end = known.end if known.low == known.high else end
            found[start] = Mention(start, known.end, value, value, known.scale, role)
        elif start not in taken and value <= 10:
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
        if number <= done or _value(match["low"]) > 10:
            continue
        opened = opened and start - done < _RUN
        if not opened and not rule("diary").search(low, max(0, start - _DIARY_REACH), start):
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
        value = _value(match["low"])
        yield Mention(number, match.end("low"), value, value, role=role, tagged=True)
        other = _OTHER_SIDE.match(low, match.end("low"))
        if other:
            value = _value(other["low"])
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
        if _is_none(low, start, end, slash=False):
            continue
        if match["loose"] is not None and not match["an"]:
            continue
        sentence = reading.sentence_at(start)
        near = range(max(0, start - 60), min(len(low), end + 30))
        told = rule("diary").search(low, max(sentence.start, start - 120), match.start())
        if not told and not any(at in found for at in near) and not _NOW.match(low, end):
            firm = _FIRMLY_TOLD.search(match.group()) and low[start:end] != "one"
            if not (match["an"] or firm) or _DOSE.search(low, max(0, start - 40), start):
                continue
            about = rule("about").search(low, max(0, start - 400), min(sentence.end, start + 60))
            if not (about or found or _IT.search(low, max(0, match.start() - 4), start)):
                continue
        first, last = _value(match["low"]), _value(match["high"] or match["low"])
        yield Mention(start, end, min(first, last), max(first, last))


_IT = re.compile(r"\bit\s")
_DOSE = re.compile(r"\d\s?(?:mg|mcg|ml|tab)\b")
_FIRMLY_TOLD = re.compile(r"\bto\s|(?:gave|gives?|called?|calls|rated|puts?|made)\s+it\b")
_NOW = re.compile(r"\s+(?:now|today|this\s+morning|on\s+arrival)(?![a-z])")
