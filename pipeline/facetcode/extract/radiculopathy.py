"""Radiculopathy: stated as present and untreated, or said to be absent, gone or treated."""

from __future__ import annotations

import re
from functools import cache

from facetcode.extract.reading import Reading
from facetcode.extract.rules import Words, at_words, load_rules
from facetcode.facts import Evidence, Finding

_SILENT = frozenset({"plan", "consent", "family", "imaging", "complications"})
# A code's wording says nothing of the patient: "spondylosis without myelopathy or radiculopathy".
_CODE_TEXT = re.compile(
    r"\bspondyl\w*[^;\n]{0,45}\b(?:without|w/?o|no)\s+[^.;\n]{0,30}$"
    r"|\b(?:without|w/?o)\s+myelopathy\s*(?:or|and|nor|/|,)\s*(?:or\s+)?$",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:no|not|non|without|w/?o|den(?:ies|ied|y|ying)|negative|neg|absence|absent|lacks?|lacking|free|never|"
    r"neither|nor|nothing|none|inconsistent|rather\s+than|instead\s+of|r/?o|rul(?:e|ed|es|ing)[\s-]+out|"
    r"exclud\w*|unlikely|argues?\s+against|against|"
    r"denied|isn.t|wasn.t|doesn.t|didn.t|consider(?:ed|ing)|question\s+of|evaluat\w+\s+for|screen\w*\s+for|"
    r"risks?|complications?|including|lumbar|lumbosacral|sciatic\w*|l\d|s1|leg|lower\s+(?:extremit\w*|limb|back))\b",
    re.IGNORECASE,
)
_GONE = re.compile(
    r"\b(?:history\s+of|h/o|hx\s+of|previous\w*|prior|past|former|old|earlier|resolved|healed|cured|treated|remote)\b",
    re.IGNORECASE,
)
_GONE_AFTER = re.compile(
    r"\b(?:resolved|resolution|cleared|settled|subsided|disappeared|gone|healed|recovered|abated|"
    r"(?:successfully|already|since|was|were|has\s+been|been)\s+(?:\w+\s+)?(?:treated|operated|addressed)|treated\s+(?:by|with|successfully|in)|"
    r"improved\s+after|has\s+improved|no\s+longer|quiet|in\s+remission|inactive)\b",
    re.IGNORECASE,
)
_DENIED_AFTER = re.compile(
    r"^\s*\(\s*-\s*\)|^[^.;]{0,40}?\b(?:looked|sought|searched|asked)\s+(?:for\s+|after\s+)?(?:and|but)\s+(?:not|never|nowhere)\b|"
    r"^[\s:|=()\[\]-]*(?:(?:is|was|are|were|has\s+been|symptoms?|sx|pain|signs?)[\s:|=-]+)*(?:\[?x?\]?\s*)?(?:absent|none|no\b|nil|neg\w*|-\s*ve|"
    r"not\s+(?:present|seen|found|suspected|evident|reported|noted|elicited|likely)|den(?:ied|ies)|ruled[\s-]+out|excluded|unlikely|n/?a\b|0\b)|"
    r"\b(?:ruled\s+out|excluded|is\s+unlikely|was\s+unlikely|but\s+(?:the\s+)?emg\s+(?:was\s+)?(?:normal|negative)|is\s+lumbar)\b",
    re.IGNORECASE,
)
# "Radiculopathy? None found."
_ASKED = re.compile(r"\s*\?\s*(?:none|no|nil|not|neg|absent)\b", re.IGNORECASE)
_UNTREATED = re.compile(
    r"\b(?:un-?treated|not\s+(?:yet\s+|been\s+|so\s+far\s+)*(?:treated|addressed)|nobody\s+treats|no\s+(?:tx|treatment|therapy)|"
    r"active|pending|await\w*|ongoing|persist\w*)\b",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[;:.]|\b(?:but|however|although|though)\b", re.IGNORECASE)
_AROUND = 75


@cache
def _words() -> Words:
    return at_words(load_rules("documentation")["words"]["radicular"])


def find(reading: Reading) -> list[Finding]:
    """``radiculopathy`` where it is present, else ``no_radiculopathy`` where it is denied or gone.

    A diagnosis in words alone yields to a statement that it is gone; "untreated" does not.
    """
    low = reading.even.lower()
    if "radic" not in low and "brachi" not in low:
        return []
    held: list[Evidence] = []
    untreated: list[Evidence] = []
    denied: list[Evidence] = []
    gone: list[Evidence] = []
    for match in _words().finditer(reading.even):
        section = reading.section_at(match.start())
        if section.category in _SILENT:
            continue
        sentence = reading.sentence_at(match.start())
        before = reading.even[max(sentence.start, match.start() - _AROUND) : match.start()]
        if _CODE_TEXT.search(before):
            continue
        before = _CLAUSE.split(before)[-1]
        after = reading.even[match.end() : min(match.end() + _AROUND, sentence.end)]
        spot = reading.evidence(match.start(), match.end())
        says = reading.even[sentence.start : sentence.end]
        if (
            _DENIED.search(before)
            or _DENIED_AFTER.search(after)
            or _ASKED.match(reading.even, match.end())
        ):
            if not _lumbar(before):
                denied.append(spot)
        elif _UNTREATED.search(says) and not _GONE_AFTER.search(re.sub(_UNTREATED, "", after)):
            untreated.append(spot)
        elif _GONE.search(before) or _GONE_AFTER.search(after):
            gone.append(spot)
        else:
            held.append(spot)
    if untreated:
        return [Finding("radiculopathy", tuple(untreated[:2]))]
    if held and not gone:
        return [Finding("radiculopathy", tuple(held[:2]))]
    absent = denied + gone
    return [Finding("no_radiculopathy", tuple(absent[:2]))] if absent else []


_LUMBAR = re.compile(
    r"\b(?:lumbar|lumbosacral|sciatic\w*|l\d|s1|leg|lower|risks?|complications?)\b", re.I
)


def _lumbar(before: str) -> bool:
    return bool(_LUMBAR.search(before))
