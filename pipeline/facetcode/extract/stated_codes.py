"""Procedure codes the note itself writes for today, with modifiers and units."""

from __future__ import annotations

import re

from facetcode.extract.reading import Reading
from facetcode.facts import StatedCode

_CODE = re.compile(
    r"(?<![\d.$#-])(?P<code>6449[0-5]|021[3-8]T|6463[3-6]|64999|7700[123]|77012|77021|76942|76000|2055[23]|62320|62321|64479|64480|64405|64450|9915[1-7])(?!\d|\.(?!(?:26|50|51|59|76)\b)\d)"
    r"(?P<tail>(?:\s*[-,/. ]?\s*(?:50|KX|RT|LT|59|XS|XU|GA|GZ|51|26|TC|22|52|53)\b(?![\d.%/]))*)"
    r"(?:\s*(?:x|\(x|units?\s*[:=]?)\s*(?P<units>\d)\b)?",
    re.IGNORECASE,
)
_MODIFIER = re.compile(r"50|KX|RT|LT|59|XS|XU|GA|GZ|51|26|TC|22|52|53", re.IGNORECASE)
_NOT_TODAY = re.compile(
    r"\b(?:request\w*|authori[sz]\w*|approv\w*|pending|plan(?:ned)?|next|previous|prior|last|denied|will(?!\s+(?:bill|code|submit))|"
    r"schedule\w*|future|if)\b",
    re.IGNORECASE,
)
_REFUSED = re.compile(
    r"\b(?:not|no|without|never|instead\s+of|rather\s+than)\s+"
    r"(?:(?:a|the|for|to|be|code|codes|cpt|billing|bill|report|charge|add|use|submit|append|list|claim|include|separately|separate)\s+)*$",
    re.IGNORECASE,
)
_REFUSED_AFTER = re.compile(
    r"[\s,)-]*(?:(?:struck|removed|deleted|omitted|withheld|left\s+off|taken\s+off|crossed\s+out)\b|[^.;,\n]{0,40}?\b(?:do(?:es)?|did)\s+not(?:\s+(?:apply|belong|go)\b|\s*[.,;\n]|\s*$)|"
    r"(?:(?:is|was|are|were)\s+)?(?:struck|removed|deleted|omitted|withheld|left\s+off|taken\s+off|crossed\s+out)\b|"
    r"(?:(?:is|was|are|were)\s+)?(?:included\s+and\s+)?(?:(?:is|was)\s+)?"
    r"(?:not\s+(?:separately\s+|being\s+)?(?:bill|report|charg|cod|submitt|cover|list)\w*|bundled|inclu(?:ded|sive)\b|(?:must|should|may|can|could|need)\s*not\s+be\b|[-:(]?\s*n/?a\b))",
    re.IGNORECASE,
)
_TODAY = re.compile(r"\btoday\b", re.IGNORECASE)
_ELSEWHERE = frozenset({"plan", "history", "consent", "family"})


def find(reading: Reading) -> tuple[StatedCode, ...]:
    """Codes outside plans, history and requests, and not said to be left unbilled; each once."""
    found: dict[tuple[str, tuple[str, ...]], StatedCode] = {}
    for match in _CODE.finditer(reading.even):
        section = reading.section_at(match.start())
        sentence = reading.sentence_at(match.start())
        today = _TODAY.search(reading.even, sentence.start, match.start())
        if section.category in _ELSEWHERE and not today:
            continue
        if section.category != "codes" and _NOT_TODAY.search(
            reading.even, sentence.start, match.start()
        ):
            continue
        if _REFUSED.search(
            reading.even, max(sentence.start, match.start() - 40), match.start()
        ) or _REFUSED_AFTER.match(reading.even, match.end()):
            continue
        modifiers = tuple(m.group().upper() for m in _MODIFIER.finditer(match["tail"] or ""))
        key = (match["code"].upper(), modifiers)
        found.setdefault(
            key,
            StatedCode(
                key[0],
                modifiers,
                int(match["units"]) if match["units"] else None,
                (reading.evidence(match.start(), match.end()),),
            ),
        )
    return tuple(found.values())
