"""Pain scores that stand by themselves: out of ten, in millimetres, behind a scale's name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from facetcode.extract.rules import load_rules

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
NUMBER = rf"(?:10(?:\.0)?(?![\d.]*\d)|\d(?:\.\d)?(?!\d)|(?<![a-z-]){_WORD})"
RANGE = rf"(?P<low>{NUMBER})(?:\s?(?:-|to|or)\s?(?P<high>{NUMBER}))?"


def either(name: str) -> str:
    """The alternatives of a rule of ``scores.yaml`` as one group."""
    rules = load_rules("scores")[name]
    return "(?:" + "|".join([rules] if isinstance(rules, str) else rules) + ")"


@cache
def rule(name: str) -> re.Pattern[str]:
    """A rule of ``scores.yaml`` as whole words, for small-letter text."""
    return re.compile(rf"(?<![a-z0-9]){either(name)}(?![a-z0-9])")


def amount(raw: str) -> float:
    half = "half" in raw or "point" in raw
    word = raw.split()[0]
    return (_WORDS[word] if word in _WORDS else float(word)) + half / 2


_OUT_OF = re.compile(
    rf"(?<![\d/.])(?P<low>\d\d(?=\s?/\s?100)|{NUMBER})(?:(?:\s?(?:-|to|or)\s?|\s+(?P<and>and)\s+)(?P<high>{NUMBER}))?\s?"
    r"(?:/|out\s+of|of(?=\s+(?:10|ten)\b)|over|on\s+a\s+scale\s+of)\s?(?P<scale>100|10|ten)(?![\d/a-z]|\.\d|-\d)"
)
_SIGN = re.compile(r"/\s?10|\bof\s+(?:10|ten)\b|out\s+of|over\s+(?:10|ten)|on\s+a\s+scale")
_MILLIMETRES = re.compile(r"(?<![a-z])vas\s*(?::|=|of|was|is|at)?\s*(?P<low>\d{1,3})\s?mm\b")
# What may stand behind a number that is whole: not the rest of a date, a dose, a count.
WHOLE = r"(?!\s?(?:/\s?\d|%|\+|x\b|(?:to|-)\s?\d{1,3}\s?%)|[.,:/-]\d)"
STOPS = r"[^\S\n]*(?:$|(?<=[ \t])[ \t]|[.,;)\]\"'|\n]|-{1,2}>|=>|→|\(|\[|/\s|-\s)"
# "Pain\n3. Anxiety" is a list.
_NUMBERED = re.compile(r"\n[ \t]*$")


@cache
def _named() -> re.Pattern[str]:
    links = rf"(?:{either('links')}(?![a-z0-9])[\s:=|,]*){{0,4}}"
    between = rf"[\s:=|]*(?:\([^()\n]{{0,20}}\))?[\s:=|,]*{links}"
    return re.compile(
        rf"(?<![\w-])(?P<scale>{either('scales')})(?P<links>{between}){RANGE}{WHOLE}"
        rf"(?={STOPS}|\s+{either('behind')}(?![a-z]))"
    )


def near(pattern: re.Pattern[str], sign: re.Pattern[str], low: str) -> Iterator[re.Match[str]]:
    """Matches near a sign that any match holds: most of a note has none."""
    done = 0
    for spot in sign.finditer(low):
        for match in pattern.finditer(
            low, max(done, spot.start() - 30), min(len(low), spot.end() + 20)
        ):
            if match.start() >= done:
                done = match.end()
                yield match


def of_ten(low: str) -> Iterator[Mention]:
    for match in near(_OUT_OF, _SIGN, low):
        first, last = amount(match["low"]), amount(match["high"] or match["low"])
        start = match.start()
        if match["and"] and not re.search(r"\bbetween\s+$", low[max(0, start - 12) : start]):
            start, first = match.start("high"), last
        slash = "/" in match.group()
        if is_none(low, start, match.end(), slash=slash):
            continue
        if re.search(r"\d\s?of|[a-z]\s+of", match.group()) and "out" not in match.group():
            # "4 of 10" counts anything; only a tale of pain makes it a score.
            ahead = low[max(0, start - 40) : start]
            if not (rule("diary").search(ahead) or FIRMLY_TOLD.search(ahead)):
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
        rf"(?:(?<![a-z]){either('not_pain')}\s*{rules['not_pain_link']}|\b[ctl](?:\d{{1,2}}[/-]\d{{1,2}}\s?(?:,|and|&)\s?)?$|(?<![a-z]){rules['goals']})"
    )


@cache
def _date_before() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    link = load_rules("scores")["date_link"]
    blocks = link.replace(":?", "")
    return (
        re.compile(rf"(?<![a-z]){either('dates')}{link}"),
        re.compile(rf"(?<![a-z]){either('dates_or_pain')}{link}"),
        re.compile(
            rf"(?<![a-z])(?<!before\s)(?<!after\s)(?<!the\s)(?<!post-)(?<!pre-){either('dated_blocks')}{blocks}"
        ),
    )


_SCORED = re.compile(r"\b(?:pain|nrs|vas|scores?)\b|/\s?10")
FIRMLY_TOLD = re.compile(r"\bto\s|(?:gave|gives?|called?|calls|rated|puts?|made)\s+it\b")
_LAST_STOP = re.compile(r"[.;\n]")
_GOES_ON = re.compile(r"\s*(?:-|->|=>|to|before|after|pre|post|now|for\s+pain)(?![a-z])")


@cache
def _counted() -> re.Pattern[str]:
    return re.compile(
        rf"\s+(?:(?:of\s+)?(?:the|his|her)\s+)?(?:{load_rules('scores')['counted']})\b"
    )


def is_none(low: str, start: int, end: int, *, slash: bool) -> bool:
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


def millimetres(low: str) -> Iterator[Mention]:
    for match in _MILLIMETRES.finditer(low):
        value = float(match["low"])
        yield Mention(match.start(), match.end(), value, value, scale=100.0)


_ROOM = re.compile(r"(?:room|suite|bay|clinic|or|case)\W{0,4}(?:\w{2}-)?$")
# "Scores: before 8", "a score of 7"; not "Mallampati score 2".
_OWN_SCORE = re.compile(
    r"(?:^|[\n.;:|-]|\b(?:nrs|vas|verbal|a|her|his|the|this|initial|baseline|pre|post|arrival|discharge|current|first|"
    r"last|repeat))\W*$"
)
_PLAIN_PAIN = re.compile(r"(?:[a-z]+[\s-]+)?(?:pain|headache)$|scores?$")


def behind_names(low: str) -> Iterator[Mention]:
    for match in _named().finditer(low):
        start, end = match.start("low"), max(match.end("low"), match.end("high"))
        name, links = match["scale"], match["links"]
        if name.startswith("score") and not _OWN_SCORE.search(
            low, max(0, match.start() - 24), match.start()
        ):
            continue
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
        first, last = amount(match["low"]), amount(match["high"] or match["low"])
        if (first, last) == (0, 10) or SCALE.search(low, max(0, start - 30), start):
            continue  # the scale itself
        if last < first and " to " in low[match.end("low") : end]:
            end, last = match.end("low"), first  # a fall; the pair is read elsewhere
        if name.endswith("vas") and links == " ":
            start = match.end("scale") - 3
        yield Mention(start, end, min(first, last), max(first, last))


SCALE = re.compile(r"\bscale\s+(?:of|from)\s+(?:(?:0|1|zero|one)\s*(?:to|-)\s*)?$")


def _is_listed(low: str, match: re.Match[str]) -> bool:
    """Whether a number is that of the next point of a list: "2. Myofascial pain 3. Anxiety"."""
    end, raw = match.end("low"), match["low"]
    if not raw.isdigit() or low[end : end + 2] != ". ":
        return False
    return f"{int(raw) - 1}. " in low[max(0, match.start() - 120) : match.start()]
