"""Template fields nobody filled in where a fact of the block should stand."""

from __future__ import annotations

import re

from facetcode.extract.reading import Reading
from facetcode.facts import Evidence

_FIELD = re.compile(
    r"\*{3,}|_{3,}|\{\{[^{}\n]{0,60}\}\}|\[\[[^\[\]\n]{0,60}\]\]"
    r"|\[(?:FILL|SELECT|ENTER|INSERT|CHOOSE)[^\]\n]{0,60}\]"
    r"|\[\s*(?:levels?|side|laterality|left/right|right/left|L/R|R/L|nerves?|joints?|guidance"
    r"|left\s?/\s?right\s?/\s?bilateral|modality|imaging|image|intent|diagnostic|therapeutic|relief|location|select|choose"
    r"|\*+|_+|x{2,}|\?+|%|date|percent(?:age)?|number)"
    r"[^\]\n]{0,40}\]"
    r"|\{[A-Za-z_][A-Za-z_ :/|]{1,40}(?::\d+)?\}|<<[^<>\n]{1,40}>>"
    r"|<(?:levels?|side|laterality|guidance)[^<>\n]{0,20}>"
    r"|[\[(](?:blank|left\s+blank|inaudible|unintelligible|illegible|indecipherable)[\])]"
    r"|@[A-Z][A-Z0-9_]{2,}@|\bXX+\b|(?<![\w#])#{2,}(?!\w)"
    r"|(?<![\w?])\?{2,}(?![\w?])|(?<=:)[ ]*\.{4,}(?=[ ]*(?:\n|$))|\bC#|\bC_|\bTBD\b",
    re.IGNORECASE,
)
_ADMIN = re.compile(
    r"name|dob|birth|mrn|patient\s*(?:name|id|:|$)|\bdate|\btime\b|\bsign(?:ature|ed)?\b|phone|fax|account|address|facility"
    r"|physician|provider|notes?\b|initials\b",
    re.IGNORECASE,
)


def find(reading: Reading) -> list[Evidence]:
    """Unfilled fields outside names, dates and signatures, in order."""
    found = []
    for match in _FIELD.finditer(reading.even):
        section = reading.section_at(match.start())
        if section.category in {"admin", "signature", "consent", "plan", "family", "timeout"}:
            continue
        line = reading.even.rfind("\n", 0, match.start()) + 1
        label = reading.even[max(line, match.start() - 30) : match.start()]
        if (
            _ADMIN.search(match.group())
            or _ADMIN.search(label)
            or re.fullmatch(r"[_*\-=]{12,}", reading.given[match.start() : match.end()])
        ):
            continue
        if (
            not reading.even[line : match.start()].strip()
            and not reading.even[match.end() : reading.even.find("\n", match.end())].strip()
        ):
            # A line of marks alone is a rule across the page.
            continue
        found.append(reading.evidence(match.start(), match.end()))
    return found


_ABOUT = {
    "level": re.compile(
        r"level|nerve|joint|branch|facet|block|\bC[#_]|\bC-?\s*$|site|location|[CTL]\d",
        re.IGNORECASE,
    ),
    "side": re.compile(r"side|lateral|left|right", re.IGNORECASE),
    "guidance": re.compile(r"guidance|imag|fluoro|modality|under\s*$", re.IGNORECASE),
    "relief": re.compile(r"relief|%|percent|improve", re.IGNORECASE),
    "intent": re.compile(r"diagnostic|therapeutic|intent|purpose", re.IGNORECASE),
}


def about(reading: Reading, field: Evidence) -> set[str]:
    """Which facts a field could hold, by its own words and its surroundings; empty if none says.

    A bare blank in the procedure's heading can hold any of them.
    """
    line_start = reading.even.rfind("\n", 0, field.start) + 1
    around = reading.even[max(line_start, field.start - 40) : field.start] + field.text
    around += reading.even[field.end : field.end + 30].split("\n")[0]
    named = {name for name, pattern in _ABOUT.items() if pattern.search(around)}
    section = reading.section_at(field.start)
    heading = section.category == "procedure" and line_start <= section.body
    if heading and not re.search(r"[A-Za-z]", field.text):
        return named | {"level", "side", "guidance"}
    return named
