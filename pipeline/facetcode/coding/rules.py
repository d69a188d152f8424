"""What a policy can say: its value keys, what may stand there, the typed set of one day.

A key exists here before a file may use it, so a misspelt key is an error and not a silent default.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, Literal, TypeAlias


class Unknown(Enum):
    """The value nobody could confirm: a record that needs it raises PAYER_RULE_UNKNOWN."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN

Bilateral = Literal["mod50", "units2", "rt_lt_lines"]
ClaimType = Literal["any", "professional", "asc_facility", "hopd_facility"]
ThirdLevel = Literal["bill", "appeal_only", "noncovered"]
Therapeutic = Literal["covered", "needs_rfa_reason", "not_covered"]
Sedation = Literal["no_rule", "reason_needed", "not_covered"]


@dataclass(frozen=True, slots=True)
class CodeSet:
    """ICD-10-CM codes as a policy lists them: single codes, ranges and ``x`` endings."""

    written: tuple[str, ...]
    exact: frozenset[str]
    prefixes: tuple[str, ...]

    def __contains__(self, code: object) -> bool:
        return isinstance(code, str) and (code in self.exact or code.startswith(self.prefixes))

    def __bool__(self) -> bool:
        return bool(self.written)


@dataclass(frozen=True, slots=True)
class Rules:
    """Every value of one policy on one day; ``None`` means the policy sets no such rule."""

    coverage_document: str
    billing_document: str
    claim_type: ClaimType
    bilateral_first: Bilateral | Unknown
    bilateral_addon: Bilateral | Unknown
    one_sided: Literal["rt_lt", "none"] | Unknown
    kx: Literal["diagnostic_lines", "none"] | Unknown
    max_levels: int | Unknown | None
    third_level: ThirdLevel | Unknown
    third_level_modifier: Literal["by_abn", "none"] | Unknown
    t12_l1: Literal["cervical_thoracic", "lumbar"] | Unknown
    separate_site_modifier: Literal["XS", "59", "none"] | Unknown
    multi_region_modifier: Literal["XS", "59", "51", "none"] | Unknown
    regions_per_session: int | Unknown | None
    mue: Literal["cms", "none"] | Unknown
    intent_needed: bool | Unknown
    therapeutic: Therapeutic | Unknown
    rfa_plan_needed: bool | Unknown
    diagnoses_covered: CodeSet | Unknown | None
    diagnoses_cyst_only: CodeSet | Unknown | None
    diagnoses_contradicting: CodeSet | Unknown | None
    relief_share: int | Unknown | None
    min_days_between: int | Unknown | None
    min_months_pain: int | Unknown | None
    sessions_diagnostic: int | Unknown | None
    sessions_therapeutic: int | Unknown | None
    sedation: Sedation | Unknown
    numeric_response_needed: bool | Unknown
    signature_needed: bool | Unknown
    prior_auth_codes: tuple[str, ...] | Unknown | None


Value: TypeAlias = str | int | bool | CodeSet | tuple[str, ...] | Unknown | None
Plain: TypeAlias = str | int | bool | list[Any] | None
"""What a YAML scalar or list is before its key says what it means."""


@dataclass(frozen=True, slots=True)
class Key:
    """One value key: how its text is read, whether claim lines hang on it, and what it is about."""

    read: Callable[[Plain], Value]
    affects: Literal["lines", "flags"]
    about: str
    may_be_unknown: bool = True


def _text(value: Plain) -> Value:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be text")
    return value


def _word(*words: str) -> Callable[[Plain], Value]:
    def read(value: Plain) -> Value:
        # YAML reads 59 and none as a number and a word of its own; the words here are text.
        text = "none" if value is None else str(value)
        if isinstance(value, bool) or text not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return text

    return read


def _flag(value: Plain) -> Value:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _count(low: int, high: int) -> Callable[[Plain], Value]:
    def read(value: Plain) -> Value:
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"must be a whole number from {low} to {high}, or none")
        return value

    return read


_ICD = re.compile(r"[A-TV-Z]\d[0-9A-Z](\.[0-9A-Z]{1,3}x?)?")


def _icd_codes(value: Plain) -> Value:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ValueError("must be a list of ICD-10-CM codes, or none")
    exact: set[str] = set()
    prefixes: list[str] = []
    for item in value:
        first, _, last = item.partition("-")
        if not _ICD.fullmatch(first) or (last and not _ICD.fullmatch(last)):
            raise ValueError(f"has '{item}', which is no ICD-10-CM code, range or x ending")
        if last:
            exact.update(_span(item, first, last))
        elif first.endswith("x"):
            prefixes.append(first[:-1])
        else:
            exact.add(first)
    return CodeSet(tuple(value), frozenset(exact), tuple(prefixes))


def _span(item: str, first: str, last: str) -> list[str]:
    if first[:-1] != last[:-1] or not (first[-1].isdigit() and last[-1].isdigit()):
        raise ValueError(f"has the range '{item}', whose ends must differ in the last digit only")
    low, high = int(first[-1]), int(last[-1])
    if low > high:
        raise ValueError(f"has the range '{item}', which runs backwards")
    return [f"{first[:-1]}{n}" for n in range(low, high + 1)]


def _cpt_codes(value: Plain) -> Value:
    if value is None:
        return None
    if not isinstance(value, list):
        raise ValueError("must be a list of CPT codes, or none")
    codes = tuple(str(item) for item in value)
    for code in codes:
        if not re.fullmatch(r"\d{4}[0-9T]", code):
            raise ValueError(f"has '{code}', which is no CPT code")
    return codes


_styles = _word("mod50", "units2", "rt_lt_lines")

KEYS: dict[str, Key] = {
    "coverage_document": Key(_text, "flags", "the coverage policy flags cite", False),
    "billing_document": Key(_text, "flags", "the billing article flags cite", False),
    "claim_type": Key(
        _word("any", "professional", "asc_facility", "hopd_facility"),
        "lines",
        "the kind of claim",
        False,
    ),
    "bilateral_first": Key(_styles, "lines", "how both sides are billed on the first level"),
    "bilateral_addon": Key(_styles, "lines", "how both sides are billed on an add-on code"),
    "one_sided": Key(_word("rt_lt", "none"), "lines", "whether one-sided lines carry RT or LT"),
    "kx": Key(_word("diagnostic_lines", "none"), "lines", "whether diagnostic lines carry KX"),
    "max_levels": Key(_count(1, 12), "lines", "how many levels a session pays"),
    "third_level": Key(
        _word("bill", "appeal_only", "noncovered"), "lines", "whether 64492 can be billed"
    ),
    "third_level_modifier": Key(
        _word("by_abn", "none"), "lines", "whether an unpaid 64492 carries GA or GZ"
    ),
    "t12_l1": Key(_word("cervical_thoracic", "lumbar"), "lines", "which code family T12-L1 takes"),
    "separate_site_modifier": Key(
        _word("XS", "59", "none"), "lines", "which modifier answers an NCCI edit at another site"
    ),
    "multi_region_modifier": Key(
        _word("XS", "59", "51", "none"), "flags", "which modifier a second region's code carries"
    ),
    "regions_per_session": Key(_count(1, 3), "flags", "how many spinal regions a session pays"),
    "mue": Key(_word("cms", "none"), "flags", "whether CMS's unit limits (MUE) bind"),
    "intent_needed": Key(_flag, "flags", "whether diagnostic or therapeutic must be said"),
    "therapeutic": Key(
        _word("covered", "needs_rfa_reason", "not_covered"),
        "flags",
        "whether a therapeutic block is covered",
    ),
    "rfa_plan_needed": Key(_flag, "flags", "whether ablation must be under consideration"),
    "diagnoses_covered": Key(_icd_codes, "flags", "which diagnoses support the block"),
    "diagnoses_cyst_only": Key(_icd_codes, "flags", "which diagnoses support a cyst alone"),
    "diagnoses_contradicting": Key(_icd_codes, "flags", "which diagnoses stand against the block"),
    "relief_share": Key(_count(1, 100), "flags", "the relief a first block must have given"),
    "min_days_between": Key(_count(1, 365), "flags", "the days between two diagnostic blocks"),
    "min_months_pain": Key(_count(1, 24), "flags", "the months of pain before a block"),
    "sessions_diagnostic": Key(_count(1, 50), "flags", "diagnostic sessions in twelve months"),
    "sessions_therapeutic": Key(_count(1, 50), "flags", "therapeutic sessions in twelve months"),
    "sedation": Key(
        _word("no_rule", "reason_needed", "not_covered"), "flags", "when sedation is supported"
    ),
    "numeric_response_needed": Key(
        _flag, "flags", "whether the response needs a score or percentage"
    ),
    "signature_needed": Key(_flag, "flags", "whether a note without any signature stands"),
    "prior_auth_codes": Key(
        _cpt_codes, "flags", "which codes need prior authorisation in a hospital"
    ),
}

if set(KEYS) != {field.name for field in fields(Rules)}:  # pragma: no cover - a slip in this file
    raise TypeError("KEYS and Rules name different values")

FLAG_CODES: frozenset[str] = frozenset(
    """LEVEL_MISSING LEVEL_AMBIGUOUS LEVEL_CONFLICT NERVE_INCOMPLETE SIDE_MISSING SIDE_CONFLICT
    GUIDANCE_MISSING GUIDANCE_ULTRASOUND LEVEL_LIMIT INTENT_MISSING PRIOR_RELIEF_MISSING
    PRIOR_RELIEF_INSUFFICIENT INTERVAL_TOO_SHORT PAIN_SCORE_MISSING POST_RESPONSE_MISSING
    RELIEF_MISMATCH DIAGNOSIS_MISSING DIAGNOSIS_NOT_COVERED RADICULOPATHY DURATION_MISSING
    CONSERVATIVE_CARE_MISSING FUNCTION_MISSING SEDATION_UNSUPPORTED MULTI_REGION
    SAME_DAY_INJECTION BUNDLED_IMAGING ADDON_WITHOUT_PRIMARY STATED_CODE_MISMATCH
    THERAPEUTIC_RFA_REASON THERAPEUTIC_NOT_COVERED RFA_NOT_CONSIDERED NCCI_EDIT FREQUENCY_LIMIT
    REPEATED_LEVEL CLONED_NOTE PRIOR_AUTH_MISSING IMAGES_NOT_SAVED UNSIGNED PLACEHOLDER
    PAYER_RULE_UNKNOWN""".split()
)
"""The contract's flags and three of this component's: THERAPEUTIC_NOT_COVERED,
RFA_NOT_CONSIDERED and NCCI_EDIT."""
