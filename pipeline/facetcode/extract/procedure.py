"""What was performed at this encounter: the kind of procedure, its intent, what else was done."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from facetcode.extract import same_day
from facetcode.extract.guidance import find as find_guidance
from facetcode.extract.level_context import OURS, PROCEDURES, Treated
from facetcode.extract.reading import LIVE, Reading
from facetcode.extract.rules import Words, at_words, load_rules
from facetcode.extract.sections import categorise
from facetcode.extract.targets import Target
from facetcode.facts import Evidence, Intent, Kind, Ordinal, Procedure

_HEADER = frozenset({"title", "procedure", "levels", "codes"})
_KINDS: dict[str, Kind] = {
    "RFA": "radiofrequency_ablation",
    "EPIDURAL": "epidural",
    "ROOT_BLOCK": "other",
    "OCCIPITAL": "other",
    "TRIGGER_POINT": "other",
    "OTHER_INJECTION": "other",
    "SURGERY": "other",
}


@dataclass(frozen=True, slots=True)
class Performed:
    """Targets that name a procedure of today, split by what they are."""

    facet: tuple[Target, ...]
    others: tuple[Target, ...]
    acts: tuple[Target, ...]
    cancelled: Evidence | None


@cache
def _patterns(*keys: str) -> Words:
    rule = load_rules("procedure")
    for key in keys:
        rule = rule[int(key) if key.isdigit() else key]
    return at_words(rule, re.MULTILINE)


def _cancelled(reading: Reading) -> Evidence | None:
    """Words that call the whole case off, outside history and plans."""
    for match in _patterns("cancelled").finditer(reading.even):
        time = reading.section_time(match.start())
        sentence = reading.sentence_at(match.start())
        words = reading.words(sentence.start, sentence.end).lower()
        if time in {"prior", "conditional", "other"} and not re.search(r"\btoday|\bcancel", words):
            continue
        if reading.dated_before_today(sentence):
            continue
        if re.search(
            r"\b(?:if|should|previously|in the past|last|would|may|had been|originally|earlier)\b"
            r"|sedation",
            words,
        ):
            continue
        return reading.evidence(match.start(), match.end())
    return None


def performed(reading: Reading) -> Performed:
    """Everything named in the note as done today."""
    facet = [t for t in reading.of(*OURS) if reading.status(t) in LIVE]
    facet += list(_composites(reading))
    others = [
        t
        for t in reading.of(*(p for p in PROCEDURES if p not in OURS and p != "STUDY"))
        if reading.status(t) in LIVE
    ]
    acts = [
        t
        for t in reading.of("ACT", "BLOCK")
        if reading.status(t) in LIVE
        and reading.section_at(t.start).category not in {"diagnosis", "exam", "imaging", "codes"}
    ]
    return Performed(
        tuple(sorted(facet, key=lambda t: t.start)), tuple(others), tuple(acts), _cancelled(reading)
    )


def _composites(reading: Reading) -> Iterable[Target]:
    """A block told in pieces: ``the C4 and C5 medial branches were each blocked``."""
    blocks = [t for t in reading.of("BLOCK", "ACT")]
    rivals = any(
        reading.status(t) in LIVE
        for t in reading.of(
            *(p for p in PROCEDURES if p not in OURS and p not in {"STUDY", "SURGERY"})
        )
    )
    for target in reading.of("MEDIAL_BRANCH", "FACET_JOINT"):
        if reading.status(target) not in LIVE:
            continue
        category = reading.section_at(target.start).category
        if category in {"diagnosis", "exam", "imaging"} or (
            category == "assessment" and reading.status(target) != "performed"
        ):
            continue
        sentence = reading.sentence_at(target.start)
        near = [
            b
            for b in blocks
            if sentence.start <= b.start < sentence.end and reading.status(b) in LIVE
        ]
        whole = any(sentence.start <= t.start < sentence.end for t in reading.of(*OURS))
        if whole:
            continue
        if not near and _in_header(reading, target) and not rivals:
            # "Right C4-5 and C5-6 facets" as a title, the injection told further down.
            leveled = any(
                sentence.start <= t.start < sentence.end and reading.status(t) in LIVE
                for t in reading.of("LEVEL")
            )
            near = [
                b for b in blocks
                if leveled and b.start > sentence.end and reading.status(b) in LIVE
                and (b.label == "BLOCK" or _NEEDLE.search(reading.even, b.start, b.end))
            ]  # fmt: skip
        if near:
            label = "MBB" if target.label == "MEDIAL_BRANCH" else "FACET_INJECTION"
            yield Target(label, target.start, target.end, target.modifiers)


_NEEDLE = re.compile(r"needle|cannula|\bml\b|\bcc\b|\d\s?g", re.IGNORECASE)


def _in_header(reading: Reading, target: Target) -> bool:
    return reading.section_at(target.start).category in _HEADER


def _names_it(reading: Reading, target: Target) -> bool:
    """Whether a target stands where a note names what was done; a table of levels names none."""
    section = reading.section_at(target.start)
    return section.category in {"title", "procedure"} or (
        # "PROCEDURE:" that goes straight on to the account names it there.
        section.category == "narrative"
        and categorise(section.heading.strip(" :|=*-")) == "procedure"
    )


# A note that opens with a call tells of a block of another day.
_CALL = re.compile(
    r"\b(?:tele)?phoned\b|\brang\b|\bcalled\s+(?:in|me|us|back|the\s+(?:office|clinic)|to\s+report)\b"
    r"|\b(?:by|over\s+the)\s+(?:tele)?phone\b",
    re.IGNORECASE,
)
_OPENING = 160
"""Characters in which a note says what kind of paper it is."""


def _acted_enough(reading: Reading, done: Performed) -> bool:
    """Whether the note tells of something done; a paper that asks for it must tell two acts."""
    kinds = {reading.words(a.start, a.end).lower() for a in done.acts}
    if _patterns("request").search(reading.even) or _CALL.search(reading.even, 0, _OPENING):
        # A paper or a call names the block and its complications; only an account has needles.
        told = {
            word
            for a in done.acts
            if a.label == "ACT"
            and not (word := reading.words(a.start, a.end).lower()).startswith("complic")
        }
        return len(told) >= 2 and any(span.time == "performed" for span in reading.sections)
    # Words of blocking alone explain a block; needle or drug, or a heading, say it was done.
    if kinds and (
        any(a.label == "ACT" for a in done.acts) or any(_in_header(reading, t) for t in done.facet)
    ):
        return True
    # A form has fields and no needle: the block stands under "Procedure", or beside its guidance.
    seen = find_guidance(reading)
    beside = {reading.sentence_at(spot.start).start for spot in seen.evidence}
    return seen.modality != "unstated" and any(
        reading.status(t) == "performed" or reading.sentence_at(t.start).start in beside
        for t in done.facet
    )


def _technique(reading: Reading, header: Kind | None) -> Kind | None:
    """Where the needle ended, from the body; None when the body does not say or says both."""
    votes: set[Kind] = set()
    for kind, key in (
        ("intraarticular", "technique_joint"),
        ("medial_branch_block", "technique_nerve"),
    ):
        for match in _patterns(key).finditer(reading.even):
            section = reading.section_at(match.start())
            if section.category in _HEADER | {
                "diagnosis",
                "indication",
                "history",
                "plan",
                "consent",
                "exam",
                "imaging",
                "assessment",
            }:
                continue
            sentence = reading.sentence_at(match.start())
            if any(
                sentence.start <= a.start < sentence.end and reading.status(a) in LIVE
                for a in reading.of("ACT", "BLOCK")
            ):
                votes.add(kind)  # type: ignore[arg-type]
                break
    if len(votes) == 1:
        return votes.pop()
    return header


def find(reading: Reading, levels: Sequence[Treated]) -> tuple[Procedure, tuple[Procedure, ...]]:
    """The procedure of this encounter and what else was done; kind None when nothing was."""
    done = performed(reading)
    also = same_day.find(reading, done.facet, done.others, _KINDS)
    if done.cancelled is not None and not _after_all(reading, done):
        return _instead(reading, done), ()
    if not done.facet or not _acted_enough(reading, done):
        return _other(reading, done), ()
    facet_header = [t for t in done.facet if _in_header(reading, t)]
    if all(reading.section_at(t.start).category == "codes" for t in done.facet):
        # A remark on codes names no block beside a heading that names what was done.
        facet_header = []
    rfa = [t for t in done.others if t.label == "RFA"]
    rfa_header = [t for t in rfa if _in_header(reading, t)]
    if rfa_header and not _separate(reading, facet_header, rfa_header):
        return Procedure("radiofrequency_ablation", evidence=_evidence(reading, rfa_header[:2])), ()
    if not facet_header:
        # No heading names the block: another procedure in a heading is what was done.
        rivals = [t for t in done.others if _names_it(reading, t)]
        today = any(m[0] == "TODAY" for t in done.facet for m in t.modifiers)
        if rivals and not today:
            kind = _KINDS[rivals[0].label]
            return Procedure(kind, evidence=_evidence(reading, rivals[:2])), ()
        burned = _BURNED.search(reading.even) is not None
        whole = any(t.label in OURS and t in done.facet for t in reading.targets)
        if burned and any(not whole or reading.section_time(t.start) == "performed" for t in rfa):
            return Procedure("radiofrequency_ablation", evidence=_evidence(reading, rfa[:2])), ()
    named = facet_header or list(done.facet)
    kind = "medial_branch_block" if named[0].label == "MBB" else "intraarticular"
    technique = _technique(reading, kind)
    if technique == "medial_branch_block" and not _names_nerves(reading, levels):
        technique = None  # a pillar or a process beside a joint is where the joint lies
    if technique and technique != kind and not any(t.label == "MBB" for t in named[:1]):
        kind = technique
    elif technique == "intraarticular" and kind == "medial_branch_block" and not levels:
        kind = technique
    region = _region(reading, named, levels)
    if region == "none":
        return _other(reading, done), ()
    if region == "lumbar":
        return Procedure("lumbar_facet", evidence=_evidence(reading, named[:2])), ()
    intent, ordinal, why = intent_of(reading)
    return (
        Procedure(kind, intent, ordinal, _evidence(reading, named[:3]), why),
        also,
    )


# What an ablation leaves in its account and a mention of one does not.
_BURNED = re.compile(
    r"\blesion(?:s|ed|ing)?\b|\belectrodes?\b|\bcannula|\bdegrees?\b|\d\s?\xb0?\s?C\b|\bimpedance|\bsensory\s+(?:test|stim)"
    r"|\bmotor\s+(?:test|stim)|\b(?:60|75|90|120|150)\s*(?:s|sec|seconds)\b|\bthermal|\bprobes?\b|\bablated\b|\bgenerator\b",
    re.IGNORECASE,
)


def _instead(reading: Reading, done: Performed) -> Procedure:
    """What was done instead of the case that was called off, if the note says it was done."""
    assert done.cancelled is not None
    for target in done.others:
        said = any(category == "TODAY" for category, _, _ in target.modifiers)
        if said and target.label != "SURGERY" and reading.status(target) == "performed":
            return Procedure(_KINDS[target.label], evidence=_evidence(reading, [target]))
    return Procedure(None, evidence=(done.cancelled,))


def _after_all(reading: Reading, done: Performed) -> bool:
    """A cancellation that the account outlives: needles were placed and drug injected later on."""
    assert done.cancelled is not None
    injected = [
        a
        for a in done.acts
        if a.start > done.cancelled.end
        # "Medications injected: ***" is a field, not an act.
        and not reading.even[a.end : a.end + 3].lstrip(" ").startswith(":")
        and re.search(r"inject|deposit|instill", reading.words(a.start, a.end), re.IGNORECASE)
        and reading.section_time(a.start) == "performed"
    ]
    return bool(injected)


def _names_nerves(reading: Reading, levels: Sequence[Treated]) -> bool:
    """Whether the account names nerves, or single vertebrae as the needles' places."""
    return any(reading.status(t) in LIVE for t in reading.of("MEDIAL_BRANCH", "MBB")) or any(
        t.live
        and t.object in {"nerve", "bone"}
        and any(item.form == "single" for item in t.mention.items)
        for t in levels
    )


def _separate(reading: Reading, facet: Sequence[Target], rfa: Sequence[Target]) -> bool:
    """Whether block and ablation stand as different items of the heading."""
    spots = {reading.sentence_at(t.start).start for t in rfa}
    apart = [t for t in facet if reading.sentence_at(t.start).start not in spots]
    if not apart:
        return False
    levels = {
        label: {
            item.first
            for t in targets
            for level in reading.of("LEVEL")
            if level.mention and reading.sentence_at(level.start) == reading.sentence_at(t.start)
            for item in level.mention.items
        }
        for label, targets in (("facet", apart), ("rfa", rfa))
    }
    return bool(levels["facet"]) and levels["facet"].isdisjoint(levels["rfa"])


def _evidence(reading: Reading, targets: Iterable[Target]) -> tuple[Evidence, ...]:
    return tuple(reading.evidence(t.start, t.end) for t in targets)


_REGION = re.compile(
    r"\b(?:(?P<lumbar>lumbar|lumbosacral|low(?:er)?\s+back|sacral|L-?spine)|(?P<ct>cervical|thoracic|cervicothoracic|neck|mid-?\s?back|upper\s+back|C-?spine|T-?spine|thoracolumbar))\b",
    re.IGNORECASE,
)


def _region(reading: Reading, named: Sequence[Target], levels: Sequence[Treated]) -> str:
    """``lumbar`` when every level of the block (without levels: its words) is lumbar, else ``ct``.

    ``none`` when nothing in the note speaks of the spine.
    """
    ours = [
        t
        for t in levels
        if t.live and (t.procedure in OURS or t.procedure is None) and t.place != "diagnosis"
    ]
    # The heading says where the block was; levels told in passing elsewhere do not.
    ours = (
        [t for t in ours if t.place == "header" and t.procedure]
        or [t for t in ours if t.procedure]
        or ours
    )
    names = [name for t in ours for item in t.mention.items for name in (item.first, item.last)]
    if names:
        # T12 beside lumbar names is the upper nerve of L1-L2.
        ct = [n for n in names if n[0] in "CT" and n != "T12"]
        if ct or ("T12" in names and not any(n[0] in "LS" for n in names)):
            return "ct"
        joints = {j for t in ours for item in t.mention.items for j in item.joints}
        return "ct" if "T12-L1" in joints or "T11" in names else "lumbar"
    votes = {"lumbar": 0, "ct": 0}
    for target in named:
        sentence = reading.sentence_at(target.start)
        for match in _REGION.finditer(reading.even, sentence.start, sentence.end):
            votes["lumbar" if match["lumbar"] else "ct"] += 1
    if votes["lumbar"] == votes["ct"]:
        for match in _REGION.finditer(reading.even):
            votes["lumbar" if match["lumbar"] else "ct"] += 1
    if not any(votes.values()):
        # Facets of a knee or a foot: no word of the spine anywhere.
        return "ct" if any(t.label == "MBB" for t in named) else "none"
    return "lumbar" if votes["lumbar"] > votes["ct"] else "ct"


def _other(reading: Reading, done: Performed) -> Procedure:
    """What was done where no facet block of today is named."""
    if not done.acts:
        return Procedure(None)
    # Needle and drug both told make an account, whatever heading it stands under.
    told = len({reading.words(a.start, a.end).lower() for a in done.acts if a.label == "ACT"}) >= 2
    paper = _patterns("request").search(reading.even) is not None
    ranked = sorted(done.others, key=lambda t: (not _in_header(reading, t), t.start))
    for target in ranked:
        if target.label in {"SURGERY", "RFA"} and not _in_header(reading, target):
            if target.label == "SURGERY" or not (told and _BURNED.search(reading.even)):
                continue
        section = reading.section_at(target.start)
        if (
            _in_header(reading, target)
            or reading.section_time(target.start) == "performed"
            or (
                (told or (not paper and _did(reading, target)))
                and section.category not in _ELSEWHERE
                and reading.status(target) in LIVE
            )
        ):
            return Procedure(_KINDS[target.label], evidence=_evidence(reading, [target]))
    return Procedure(None)


_DID = re.compile(
    r"\b(?:did|done|performed|gave|given|carried\s+out|injected|blocked|placed|received|treated)\b",
    re.IGNORECASE,
)


def _did(reading: Reading, target: Target) -> bool:
    """Whether the sentence says that the thing it names was done."""
    sentence = reading.sentence_at(target.start)
    return _DID.search(reading.even, sentence.start, sentence.end) is not None


_ELSEWHERE = frozenset(
    {"history", "indication", "plan", "exam", "imaging", "diagnosis", "assessment", "family"}
)
"""Sections in which a procedure is remembered, wished for or explained, not done."""


# Both are offered, as in the wording of the codes and of consents: neither is said.
_EITHER = re.compile(
    r"\b(?:diagnostic|therapeutic)\s*(?:or|and/or|/|vs\.?|versus)\s*(?:diagnostic|therapeutic)\b",
    re.IGNORECASE,
)
_NOT_INTENT = re.compile(
    r"\b(?:imaging|stud(?:y|ies)|workup|work-up|test(?:s|ing)?|criteria|mri|evaluation|ultrasound|x-?rays?|codes?)\b",
    re.IGNORECASE,
)


def intent_of(reading: Reading) -> tuple[Intent, Ordinal | None, tuple[Evidence, ...]]:
    """Diagnostic or therapeutic, and which of the two diagnostic blocks today's is."""
    found: dict[str, list[Evidence]] = {"diagnostic": [], "therapeutic": []}
    offered = [m.span() for m in _EITHER.finditer(reading.even)]
    for intent in ("therapeutic", "diagnostic"):
        for match in _patterns("intent", intent).finditer(reading.even):
            if any(start < match.end() and match.start() < end for start, end in offered):
                continue
            if _of_today(reading, match.start(), match.end()):
                found[intent].append(reading.evidence(match.start(), match.end()))
    ordinal, spots = _ordinal(reading)
    if found["therapeutic"] and _named_so(reading, found) == "therapeutic":
        return "therapeutic", None, tuple(found["therapeutic"][:2])
    if found["diagnostic"]:
        return "diagnostic", ordinal, tuple(found["diagnostic"][:2]) + spots
    if found["therapeutic"]:
        return "therapeutic", None, tuple(found["therapeutic"][:2])
    if ordinal is not None and spots:
        return "diagnostic", ordinal, spots
    return "unstated", None, ()


def _named_so(reading: Reading, found: dict[str, list[Evidence]]) -> str | None:
    """The one intent that stands in the same sentence as the block's first name, or None."""
    named = next((t for t in reading.of(*OURS) if reading.status(t) in LIVE), None)
    if named is None:
        return None
    sentence = reading.sentence_at(named.start)
    here = [
        intent
        for intent, spots in found.items()
        if any(sentence.start <= spot.start < sentence.end for spot in spots)
    ]
    return here[0] if len(here) == 1 else None


_FUTURE = re.compile(
    r"[^.;,]{0,40}\b(?:will|to\s+be\s+(?:done|scheduled|performed|considered)|(?:is|are|was)\s+(?:planned|scheduled|offered|recommended)|scheduled|"
    r"in\s+(?:about\s+)?(?:\d|two|three|four|a\s+few)[^.;]{0,14}\b(?:days|weeks|months)|if\b|next\s+(?:week|visit|month)|can\s+be|may\s+be|would|pending|no\s+sooner)\b",
    re.IGNORECASE,
)


# "If positive, second set": a condition in front makes what follows a plan.
_IF = re.compile(r"\b(?:if|should|when|once|until|unless)\b(?![^.;]*\btoday\b)", re.IGNORECASE)


def _of_today(reading: Reading, start: int, end: int) -> bool:
    """Whether words about the block speak of today's, by section and sentence."""
    section = reading.section_at(start)
    sentence = reading.sentence_at(start)
    if _FUTURE.match(reading.even[end : min(end + 60, sentence.end)]):
        return False
    if _NOT_INTENT.match(reading.even[end : end + 25].split("\n")[0].lstrip()):
        return False
    if _IF.search(reading.even, sentence.start, start):
        return False
    if reading.done_today(start) and not reading.has_day(sentence):
        return True
    if section.category in _HEADER | {
        "narrative",
        "addendum",
        "postprocedure",
        "findings",
        "injectate",
        "side",
        "guidance",
    }:
        return not _past_words(reading, sentence.start, start)
    words = reading.words(sentence.start, sentence.end)
    if section.category in {"plan", "consent", "family", "imaging", "exam"} and not re.search(
        r"\btoday", words, re.IGNORECASE
    ):
        return False
    if reading.dated_before_today(sentence):
        return bool(
            re.search(
                r"\btoday|\bpresents?\s+(?:for|today)|\breturns?\s+for|\bhere\s+for",
                words,
                re.IGNORECASE,
            )
        )
    return not _past_words(reading, sentence.start, start)


_PAST_WORDS = re.compile(
    r"\b(?:prior|positive|successful|concordant|negative|previous(?:ly)?|last|past|history\s+of|s/p|status\s+post|had|ago|after\s+(?:her|his|the|a)|following|underwent|two|both|results?\s+of|response\s+to|relief\s+(?:from|with|after|following)|if|will|shall|scheduled?|plan(?:ned)?|recommend(?:ed)?|consider|candidate|next|decide|deciding|discuss|talk|(?<![\w#-])2(?=\s+(?:dx|diag|mbb|medial|block|set|prior))|going\s+to|return\s+(?:visit\s+)?for|about)\s*(?:[a-z0-9'/-]+\s+){0,4}$",
    re.IGNORECASE,
)


# "We will see him in three weeks for the second one": however far in front, it is a plan.
_WILL = re.compile(
    r"\b(?:will|shall)\b(?![^.;]*\b(?:today|this\s+(?:morning|afternoon)|at\s+this\s+visit)\b)",
    re.IGNORECASE,
)


_TODAY = re.compile(r"\btoday\b|\bthis\s+(?:morning|afternoon)\b", re.IGNORECASE)


def _past_words(reading: Reading, start: int, at: int) -> bool:
    """Whether the words in front, in the same sentence, speak of another day."""
    sentence = reading.sentence_at(at)
    today = _TODAY.search(reading.even, sentence.start, sentence.end) is not None
    return (
        not today and _PAST_WORDS.search(reading.even, max(start, at - 60), at) is not None
    ) or _WILL.search(reading.even, start, at) is not None


def _ordinal(reading: Reading) -> tuple[Ordinal | None, tuple[Evidence, ...]]:
    """1 or 2 where the note numbers today's diagnostic block; the highest number said of today."""
    best: tuple[Ordinal | None, tuple[Evidence, ...]] = (None, ())
    numbered: tuple[Ordinal, ...] = (1, 2)
    for number in numbered:
        for match in _patterns("ordinal", str(number)).finditer(reading.even):
            if _of_today(reading, match.start(), match.end()) and not _recalled(
                reading, match.start(), match.end()
            ):
                best = (number, (reading.evidence(match.start(), match.end()),))
                break
    return best


_RECALL = re.compile(
    r"^(?!\s*(?:after|following|given|because|since|to\s+confirm|in\s+view)\b)[^.;]{0,60}\b(?:gave|provided|yielded|produced|resulted|was\s+positive|were\s+positive"
    r"|relief|on\s+\d{1,2}/|dated|ago|performed\s+on|done\s+on|in\s+(?:january|february|march"
    r"|april|may|june|july|august|september|october|november|december)|showed|successful|positive"
    r"|helped|lasted)",
    re.IGNORECASE,
)


def _recalled(reading: Reading, start: int, end: int) -> bool:
    """Whether a numbered block is one whose result is being told: ``first block gave 85%``."""
    section = reading.section_at(start)
    if section.category in {"procedure", "title", "levels"} and section.body <= start:
        line_end = reading.even.find("\n", end)
        tail = reading.even[end : line_end if line_end >= 0 else end + 80]
        return (
            bool(
                re.match(
                    r"^[^.;\n]{0,40}\b(?:gave|provided|yielded|relief|positive)",
                    tail,
                    re.IGNORECASE,
                )
            )
            and "first" in reading.words(start, end).lower()
        )
    sentence = reading.sentence_at(start)
    return _RECALL.match(reading.even[end : min(end + 110, sentence.end)]) is not None
