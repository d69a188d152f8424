"""The rules a line's ``because`` chain may name, each in one sentence with where it is written."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One coding rule in own words, and its source."""

    says: str
    cite: str


_CPT = "CPT facet joint injection guidelines"
_MCM = "CMS billing articles A57787 v26, A58350 v22"
_ARTICLE = "Summit RCM, CPT 64490-64492"

REASONS: dict[str, Reason] = {
    "named-level": Reason("The note names the facet joint.", _MCM),
    "innervation": Reason(
        "A joint is treated when both its medial branches are; C2-C3 by the third occipital nerve.",
        "LCD L33930 v22",
    ),
    "side": Reason("The side is the one the note gives for this joint.", _ARTICLE),
    "both-sides-one-level": Reason(
        "Both sides of one joint are one level.", "A57787 v26; HIA 2025-01-07"
    ),
    "side-missing": Reason("No side is given, so no side modifier can be.", _ARTICLE),
    "first-level": Reason("The first level takes the primary code.", _ARTICLE),
    "add-on-second": Reason("The second level takes the first add-on code.", _ARTICLE),
    "add-on-third": Reason(
        "The third and all further levels take the second add-on code, once a day.", _CPT
    ),
    "bilateral-first": Reason(
        "A joint treated on both sides stands first, then one-sided joints, cranial first.",
        "rule sheet 4.2",
    ),
    "guidance-included": Reason(
        "Fluoroscopy or CT is part of the code and is required.", "A57787 v26"
    ),
    "guidance-ultrasound": Reason(
        "Under ultrasound the Category III codes apply, guidance included.", _CPT
    ),
    "guidance-unconfirmed": Reason(
        "The code needs fluoroscopy or CT; the note does not say which was used.", "A57787 v26"
    ),
    "modifier-50": Reason("Modifier 50: both sides of the same joint, one line.", "policy value"),
    "sides-differ": Reason(
        "One 64492 for joints of different sides carries neither 50 nor RT or LT.",
        "annotations/GUIDELINES.md, section 8",
    ),
    "two-units": Reason("Both sides are billed as two units of one line.", "policy value"),
    "two-lines": Reason("Both sides are billed as two lines, RT and LT.", "policy value"),
    "bilateral-unknown": Reason("How this payer wants both sides is not known.", "policy value"),
    "modifier-rt-lt": Reason("RT or LT names the one side treated.", "policy value"),
    "modifier-kx": Reason(
        "KX goes on every diagnostic line, add-ons too; without it the session counts as "
        "therapeutic.",
        "LCD family billing articles",
    ),
    "modifier-ga-gz": Reason(
        "A level the payer does not cover carries GA with a signed ABN, GZ without.",
        "policy value",
    ),
    "modifier-separate-site": Reason(
        "XS or 59 answers a real NCCI edit when another site is documented.", "NCCI PTP tables"
    ),
    "not-covered": Reason("The policy pays no further level.", "policy value"),
}


def reason(rule: str) -> Reason:
    """The rule behind a step's ``rule`` id; KeyError for an id no line carries."""
    return REASONS[rule]
