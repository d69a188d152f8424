"""The three accuracies of the headline: codes, whole notes, and money or units.

A record that asks (status ``query``) gives no answer: it abstains. Each accuracy is that of the
answers, and how often there was none stands beside it, so that neither hides the other.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from facetcode.errors import FacetcodeError
from facetcode.evaluate.cases import Case
from facetcode.evaluate.gold import POLICIES
from facetcode.evaluate.intervals import Estimate, proportion, ratio_interval
from facetcode.evaluate.score import claim

BILATERAL = 1.5
"""What modifier 50 pays of one side's fee: Medicare pays both sides 150 % (indicator 1)."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """One accuracy under one policy (empty where it takes in all), and the abstention beside it.

    ``over`` and ``under`` are what was suggested and not labelled, and labelled and not suggested,
    in units or money; None where notes are counted.
    """

    name: str
    policy: str
    value: Estimate
    abstained: Estimate
    called_for: int
    """Abstentions on notes that the labels say must be asked about."""
    over: float | None = None
    under: float | None = None
    total: float | None = None


def read_fees(path: Path) -> dict[str, float]:
    """Fee by code from a CSV with the columns ``code`` and ``fee`` and any others.

    Raises FacetcodeError naming the line of a fee that is no amount or a code that stands twice.
    """
    fees: dict[str, float] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            names = {(name or "").strip().lower(): name for name in rows.fieldnames or ()}
            if not {"code", "fee"} <= set(names):
                raise FacetcodeError(f"{path}:1: a fee file has the columns code,fee")
            for row in rows:
                where = f"{path}:{rows.line_num}"
                code = (row[names["code"]] or "").strip().upper()
                amount = (row[names["fee"]] or "").strip().lstrip("$").replace(",", "")
                try:
                    fee = float(amount)
                except ValueError:
                    fee = -1.0
                if not code or not math.isfinite(fee) or fee < 0:
                    raise FacetcodeError(f"{where}: write a code and its fee, 64490,245.10 say")
                if code in fees:
                    raise FacetcodeError(f"{where}: code {code} has its fee already; keep one")
                fees[code] = fee
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise FacetcodeError(
            f"{path}: cannot be read as a CSV file ({type(error).__name__})"
        ) from None
    return fees


def accuracies(cases: Sequence[Case], fees: Mapping[str, float] | None = None) -> list[Accuracy]:
    """The headline: codes a policy, whole notes, and units or money a policy.

    Without ``fees`` lines are weighed in units. Raises FacetcodeError where a line's code has none.
    """
    # In one order, because sums of money depend on it in their last digit.
    cases = sorted(cases, key=lambda case: case.gold.note_id)
    found = []
    for policy in POLICIES:
        judged = [case for case in cases if policy in case.records]
        if judged:
            found.append(_codes(judged, policy))
    found.append(_whole(cases))
    for policy in POLICIES:
        judged = [case for case in cases if policy in case.records]
        if judged:
            found.append(_weighted(judged, policy, fees))
    return found


def answered(case: Case) -> bool:
    """Whether the record answers instead of asking."""
    return case.score.found_status != "query"


def _abstention(cases: Sequence[Case]) -> tuple[Estimate, int]:
    silent = [case for case in cases if not answered(case)]
    called_for = sum(case.score.gold_status == "query" for case in silent)
    return proportion(len(silent), len(cases)), called_for


def _codes(cases: Sequence[Case], policy: str) -> Accuracy:
    given = [case for case in cases if answered(case)]
    right = sum(case.score.claims[policy] for case in given)
    return Accuracy("codes", policy, proportion(right, len(given)), *_abstention(cases))


def _whole(cases: Sequence[Case]) -> Accuracy:
    given = [case for case in cases if answered(case)]
    right = sum(case.score.all_correct for case in given)
    return Accuracy("whole note", "", proportion(right, len(given)), *_abstention(cases))


def _weighted(cases: Sequence[Case], policy: str, fees: Mapping[str, float] | None) -> Accuracy:
    """Weight of the lines that are exactly right, of the weight of all lines of either side."""
    rows = []
    over = under = 0.0
    for case in cases:
        if answered(case):
            gold = Counter(case.gold.codes[policy])
            record = case.records[policy]
            found: Counter[str] = Counter()
            for word, line in zip(claim(record), record.lines, strict=True):
                found[word] += line.units
            both = sum(n * _weight(word, fees) for word, n in (gold & found).items())
            extra = sum(n * _weight(word, fees) for word, n in (found - gold).items())
            missing = sum(n * _weight(word, fees) for word, n in (gold - found).items())
            rows.append((both, both + extra + missing))
            over, under = over + extra, under + missing
    table = np.array(rows, dtype=float).reshape(-1, 2)
    right, total = table.sum(axis=0)
    if total:
        low, high = ratio_interval(table)
        value = Estimate(float(right / total), low, high, int((table[:, 1] > 0).sum()))
    else:
        value = Estimate(None, 0.0, 1.0, 0)
    name = "units" if fees is None else "fees"
    return Accuracy(name, policy, value, *_abstention(cases), over, under, float(total))


def _weight(line: str, fees: Mapping[str, float] | None) -> float:
    """What one unit of a line weighs: itself, or its fee, one and a half times with modifier 50."""
    code, *modifiers = line.split("-")
    if fees is None:
        return 1.0
    if code not in fees:
        raise FacetcodeError(f"the fee file has no fee for {code}; add a row {code},<fee>")
    return fees[code] * (BILATERAL if "50" in modifiers else 1.0)
