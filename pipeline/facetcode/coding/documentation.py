"""What the note must document besides the codes: relief, interval, scores, history, images.

Which items a policy asks for, and how gravely, is its ``flags`` table; thresholds are its values.
"""

from __future__ import annotations

from facetcode.coding.case import Case, in_note_order, iso_date
from facetcode.coding.coverage import coded_diagnoses
from facetcode.coding.flags import FlagList
from facetcode.coding.rules import UNKNOWN, CodeSet, Unknown
from facetcode.facts import Evidence, Relief, Score

MISMATCH_POINTS = 10.0
"""How far the stated and the recomputed percentage may lie apart before it is said."""

_LIGHT_SEDATION = frozenset({"none", "no", "minimal", "local", "anxiolysis"})


def check_documentation(case: Case, flags: FlagList) -> None:
    """Raise every documentation item the policy asks for and the note lacks."""
    if case.facts.procedure.ordinal == 2:
        _prior_relief(case, flags)
        _interval(case, flags)
    _scores(case, flags)
    _history(case, flags)
    _sedation(case, flags)
    _record(case, flags)


def prior_relief(case: Case) -> Relief | None:
    """The statement of an earlier block's relief that counts, or None.

    Of several, those of the latest dated block; without dates all of them. Of these the most
    favourable, since a lesser one may be of another block or a later hour of the diary, but
    told side by side the side that did worse. Relief of the other side counts only where no
    statement fits the side treated.
    """
    prior = [r for r in case.facts.relief if r.when == "prior"]
    fitting = [r for r in prior if _same_side(case, r)] or prior
    dated = [(day, r) for r in fitting if (day := iso_date(r.date)) is not None]
    if dated:
        latest = max(day for day, _ in dated)
        fitting = [r for day, r in dated if day == latest]
    sides = {r.side for r in fitting} & {"left", "right"}
    if len(sides) > 1:
        # Told side by side: the side that did worse decides.
        best = [max((r for r in fitting if r.side == side), key=_relief_key) for side in sides]
        return min(best, key=_relief_key)
    return max(fitting, key=_relief_key, default=None)


def _relief_key(relief: Relief) -> tuple[float, float, int]:
    return relief.low, relief.high, -min((e.start for e in relief.evidence), default=0)


def _same_side(case: Case, relief: Relief) -> bool:
    sides = {level.side for level in case.levels}
    return (
        not sides
        or relief.side in {"unstated", "bilateral"}
        or not sides.isdisjoint({relief.side, "bilateral", "unstated"})
    )


def days_since_prior(case: Case) -> tuple[int, tuple[Evidence, ...]] | None:
    """Days from the earlier block to today, as stated or from the two dates; None if neither."""
    days = [int(v) for v in case.values("interval_days") if v.isdecimal()]
    if days:
        return min(days), case.evidence("interval_days")
    before = [day for v in case.values("prior_block_date") if (day := iso_date(v)) is not None]
    today = case.date_of_service
    past = [day for day in before if today is not None and day <= today]
    if today is None or not past:
        return None
    return (today - max(past)).days, case.evidence("prior_block_date")


def _prior_relief(case: Case, flags: FlagList) -> None:
    share = case.rules.relief_share
    counted = prior_relief(case)
    if counted is None:
        flags.add(
            "PRIOR_RELIEF_MISSING",
            "Second diagnostic block without the percentage of relief from the first.",
            case.facts.procedure.evidence,
        )
        return
    if isinstance(share, Unknown):
        if flags.asks("PRIOR_RELIEF_INSUFFICIENT"):
            flags.unknown("relief_share")
    elif share is not None and counted.low < share:
        flags.add(
            "PRIOR_RELIEF_INSUFFICIENT",
            f"The earlier block gave {_percent(counted.low, counted.high)}; "
            f"the policy asks for at least {share} %.",
            counted.evidence,
        )


def _interval(case: Case, flags: FlagList) -> None:
    least = case.rules.min_days_between
    found = days_since_prior(case)
    if found is None or least is None:
        return
    if isinstance(least, Unknown):
        if flags.asks("INTERVAL_TOO_SHORT"):
            flags.unknown("min_days_between")
        return
    days, evidence = found
    if days < least:
        flags.add(
            "INTERVAL_TOO_SHORT",
            f"{days} days since the first block; the policy asks for at least {least}.",
            evidence,
        )


def _scores(case: Case, flags: FlagList) -> None:
    facts = case.facts
    if not any(s.when == "pre" for s in facts.scores):
        flags.add("PAIN_SCORE_MISSING", "No pain score before the block.")
    if has_response(case):
        if case.rules.numeric_response_needed is UNKNOWN and not has_numeric_response(case):
            flags.unknown("numeric_response_needed")
    elif facts.procedure.intent != "therapeutic":
        # Only a diagnostic block is judged by its response (rule sheet, D0).
        flags.add("POST_RESPONSE_MISSING", "No pain score or percentage of relief after the block.")
    mismatch = relief_mismatch(facts.scores, facts.relief)
    if mismatch is not None:
        message, evidence = mismatch
        flags.add("RELIEF_MISMATCH", message, evidence)


def has_response(case: Case) -> bool:
    """Whether the response to today's block is documented as the policy wants it."""
    if has_numeric_response(case):
        return True
    return case.rules.numeric_response_needed is not True and case.has("post_response")


def has_numeric_response(case: Case) -> bool:
    """Whether a score or a percentage after today's block is documented."""
    facts = case.facts
    return any(s.when == "post" for s in facts.scores) or any(
        r.when == "today" for r in facts.relief
    )


def relief_from_scores(pre: Score, post: Score) -> tuple[float, float] | None:
    """The percentage of relief two scores make, as a range; None if they cannot be compared.

    8/10 to 2/10 is 75 %. A rise in pain is no relief: 0 %.
    """
    if pre.scale != post.scale or pre.low <= 0:
        return None
    low = max(0.0, (pre.low - post.high) / pre.low * 100)
    high = max(0.0, (pre.high - post.low) / pre.high * 100)
    return low, high


def relief_mismatch(
    scores: tuple[Score, ...], relief: tuple[Relief, ...]
) -> tuple[str, tuple[Evidence, ...]] | None:
    """Message and evidence where no pair of scores agrees with a stated percentage of today."""
    best: tuple[float, str, tuple[Evidence, ...]] | None = None
    for stated in (r for r in relief if r.when == "today"):
        for pre in (s for s in scores if s.when == "pre"):
            for post in (s for s in scores if s.when == "post"):
                computed = relief_from_scores(pre, post)
                if computed is None:
                    continue
                apart = max(stated.low - computed[1], computed[0] - stated.high, 0.0)
                message = (
                    f"The scores make {_percent(*computed)} relief, "
                    f"the note states {_percent(stated.low, stated.high)}."
                )
                evidence = in_note_order((*pre.evidence, *post.evidence, *stated.evidence))
                if best is None or (apart, message) < best[:2]:
                    best = (apart, message, evidence)
    if best is None or best[0] <= MISMATCH_POINTS:
        return None
    return best[1], best[2]


def _percent(low: float, high: float) -> str:
    return f"{low:.0f} %" if round(low) == round(high) else f"{low:.0f}-{high:.0f} %"


def months_of_pain(case: Case) -> float | None:
    """The longest duration stated in months; None where no number is."""
    numbers = (_number(v) for v in case.values("pain_duration"))
    return max((n for n in numbers if n is not None), default=None)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if number >= 0 else None


def _history(case: Case, flags: FlagList) -> None:
    _duration(case, flags)
    if not case.has("conservative_care"):
        flags.add("CONSERVATIVE_CARE_MISSING", "No failed conservative care is documented.")
    if not case.has("function"):
        flags.add("FUNCTION_MISSING", "No disability scale or functional deficit is documented.")
    against = _radiculopathy(case)
    if against is not None:
        flags.add("RADICULOPATHY", "Radiculopathy is documented and not treated.", against)


def _duration(case: Case, flags: FlagList) -> None:
    least, months = case.rules.min_months_pain, months_of_pain(case)
    if least is None or not flags.asks("DURATION_MISSING"):
        return
    if not case.has("pain_duration"):
        flags.add("DURATION_MISSING", "The note does not say how long the pain has lasted.")
    elif isinstance(least, Unknown):
        flags.unknown("min_months_pain")
    # Words such as "for years" are a duration without a number and stand.
    elif months is not None and months < least:
        flags.add(
            "DURATION_MISSING",
            f"The documented pain duration is below {least} months.",
            case.evidence("pain_duration"),
        )


def _radiculopathy(case: Case) -> tuple[Evidence, ...] | None:
    """Evidence of untreated radiculopathy, from words or a diagnosis code; None without any."""
    if case.has("radiculopathy"):
        return case.evidence("radiculopathy")
    listed = case.rules.diagnoses_contradicting
    if not isinstance(listed, CodeSet) or case.has("no_radiculopathy"):
        return None
    found = [d for code, d in coded_diagnoses(case) if code in listed]
    return tuple(e for d in found for e in d.evidence) if found else None


def _sedation(case: Case, flags: FlagList) -> None:
    rule = case.rules.sedation
    if not sedated(case) or rule == "no_rule":
        return
    if rule is UNKNOWN:
        flags.unknown("sedation")
    elif rule == "not_covered":
        flags.add(
            "SEDATION_UNSUPPORTED",
            "Sedation for a facet block is not covered; do not bill it.",
            case.evidence("sedation"),
        )
    elif not case.has("sedation_reason"):
        flags.add(
            "SEDATION_UNSUPPORTED",
            "Sedation without a patient-specific reason; do not bill it.",
            case.evidence("sedation"),
        )


def sedated(case: Case) -> bool:
    """Whether moderate or deeper sedation or monitored anaesthesia care was given."""
    return any(
        (f.value or "").strip().lower() not in _LIGHT_SEDATION
        for f in case.findings.get("sedation", ())
    )


_FILMED = frozenset({"fluoroscopy", "ct"})
"""Guidance whose images the payers ask to be kept."""


def _record(case: Case, flags: FlagList) -> None:
    if case.facts.guidance.modality in _FILMED and not case.has("images_saved"):
        flags.add("IMAGES_NOT_SAVED", "The note does not say that images were saved.")
    if case.has("unsigned"):
        flags.add("UNSIGNED", "The note is unsigned or a draft.", case.evidence("unsigned"))
    elif not case.has("signature"):
        if case.rules.signature_needed is UNKNOWN:
            flags.unknown("signature_needed")
        elif case.rules.signature_needed:
            flags.add("UNSIGNED", "The note shows no signature.")
