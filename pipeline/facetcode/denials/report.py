"""Denials as one page with charts, as plain data, and as a table of lines."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

from facetcode import __version__
from facetcode.denials.foreseen import OnSubject, Warned, on_subject, warnings
from facetcode.denials.join import Case, Joined
from facetcode.denials.patterns import BY, Pattern, ReasonCount, patterns, reasons
from facetcode.denials.reasons import remark
from facetcode.denials.remittance import Read
from facetcode.denials.settle import Settled
from facetcode.html_page import COLOURS, image, new_figure, render

LINE_COLUMNS = (
    "note_id", "joined_by", "payer", "provider", "date_of_service", "paid_on", "code",
    "modifiers", "units", "paid_as", "charge", "paid", "refused", "outcome", "reasons", "remarks",
    "levels", "status", "hard_flags", "soft_flags",
)  # fmt: skip
_SHOWN = 15


@dataclass(frozen=True, slots=True)
class Findings:
    """All that the remittances say of the records."""

    read: Read
    settled: Settled
    joined: Joined
    reasons: Sequence[ReasonCount]
    by: Mapping[str, Sequence[Pattern]]
    warnings: Sequence[Warned]
    on_subject: Sequence[OnSubject]

    @property
    def cases(self) -> Sequence[Case]:
        """The joined lines."""
        return self.joined.cases


def find(read: Read, settled: Settled, joined: Joined) -> Findings:
    """Count everything."""
    cases = joined.cases
    return Findings(
        read,
        settled,
        joined,
        reasons(cases),
        {by: patterns(cases, by) for by in BY},
        warnings(cases),
        on_subject(cases),
    )


def page(findings: Findings, records: tuple[str, str]) -> str:
    """The findings as HTML; ``records`` is the name of the records' file and its SHA-256."""
    outcomes = [case.outcome for case in findings.cases]
    money = [case.refused_money for case in findings.cases if case.refused_money is not None]
    return render(
        "denials",
        "denials.html",
        f=findings,
        lines=len(outcomes),
        denied=outcomes.count("denied"),
        reduced=outcomes.count("reduced"),
        claims=len({case.claim.note_id for case in findings.cases}),
        refused=sum(money, Decimal(0)) if money else None,
        remark=remark,
        shown=_SHOWN,
        inputs=[records, *findings.read.inputs],
        version=__version__,
        months=_months(findings.by["month"]),
        bars=_bars(findings.reasons[:_SHOWN]),
        payers=_rates(findings.by["payer"][:10]),
    )


def _months(rows: Sequence[Pattern]) -> str:
    figure = new_figure(7, 2.8)
    axes = figure.add_subplot()
    names = [row.name for row in rows]
    values = [100 * (row.denied.value or 0) for row in rows]
    low = [v - 100 * row.denied.low for v, row in zip(values, rows, strict=True)]
    high = [100 * row.denied.high - v for v, row in zip(values, rows, strict=True)]
    axes.errorbar(
        range(len(rows)), values, yerr=[low, high], marker="o", color=COLOURS[0], capsize=3
    )
    step = max(1, len(names) // 12)
    axes.set_xticks(range(0, len(names), step), names[::step], rotation=45, ha="right")
    axes.set_ylim(0, 102)
    axes.set_ylabel("lines denied, %")
    axes.spines[["top", "right"]].set_visible(False)
    return image(figure)


def _bars(rows: Sequence[ReasonCount]) -> str:
    figure = new_figure(7, 0.8 + 0.3 * max(1, len(rows)))
    axes = figure.add_subplot()
    names = [f"{row.code} {row.label}".strip() for row in rows]
    bars = axes.barh(range(len(rows)), [row.lines for row in rows], color=COLOURS[3])
    axes.bar_label(bars, padding=3)
    axes.set_yticks(range(len(rows)), names)
    axes.invert_yaxis()
    axes.set_xlabel("lines refused")
    axes.spines[["top", "right"]].set_visible(False)
    return image(figure)


def _rates(rows: Sequence[Pattern]) -> str:
    figure = new_figure(7, 0.8 + 0.32 * max(1, len(rows)))
    axes = figure.add_subplot()
    for place, row in enumerate(rows):
        value = 100 * (row.denied.value or 0)
        spread = [[value - 100 * row.denied.low], [100 * row.denied.high - value]]
        axes.errorbar([value], [place], xerr=spread, fmt="o", color=COLOURS[0], capsize=3)
    axes.set_yticks(range(len(rows)), [f"{row.name[:40]} ({row.lines})" for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xlim(0, 100)
    axes.set_xlabel("lines denied, %")
    axes.spines[["top", "right"]].set_visible(False)
    return image(figure)


def to_json(findings: Findings) -> dict[str, Any]:
    """The findings as plain data; money as text, so that no cent is rounded."""

    def plain(value: Any) -> Any:
        if isinstance(value, Decimal):
            return str(value)
        if isinstance(value, Mapping):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [plain(item) for item in value]
        return value

    counts = {
        "files": findings.read.files,
        "decisions": len(findings.read.claims),
        "other_transaction_sets": findings.read.other_sets,
        "provider_adjustments": findings.read.provider_adjustments,
        "provider_adjustment_money": findings.read.provider_money,
        "unbalanced_lines": findings.read.unbalanced,
        "reversals": findings.settled.reversals,
        "reversals_of_nothing": findings.settled.unmatched_reversals,
        "secondary_payers": findings.settled.secondary,
        "no_decision": findings.settled.no_decision,
        "denied_then_paid": len(findings.settled.later_paid),
        "joined_lines": len(findings.cases),
        "facet_claims_without_record": findings.joined.without_record,
        "ambiguous_claims": findings.joined.ambiguous,
        "other_claims": findings.joined.other,
    }
    result: dict[str, Any] = plain(
        {
            "counts": counts,
            "reasons": [asdict(row) for row in findings.reasons],
            "by": {by: [asdict(row) for row in rows] for by, rows in findings.by.items()},
            "warnings": [
                {
                    **asdict(row),
                    "precision": asdict(row.precision),
                    "recall": asdict(row.recall),
                    "false_alarms": asdict(row.false_alarms),
                }
                for row in findings.warnings
            ],
            "on_subject": [asdict(row) for row in findings.on_subject],
        }
    )
    return result


def line_rows(cases: Iterable[Case]) -> Iterable[dict[str, str]]:
    """A row a decided line, for pivot tables; nothing of a note's text."""
    for case in cases:
        line, remit = case.line, case.remit
        yield {
            "note_id": case.claim.note_id,
            "joined_by": case.by,
            "payer": case.payer,
            "provider": case.provider,
            "date_of_service": str(line.served or ""),
            "paid_on": str(remit.paid_on or ""),
            "code": line.code,
            "modifiers": " ".join(line.modifiers),
            "units": _number(line.units),
            "paid_as": line.paid_as,
            "charge": _number(line.charge),
            "paid": _number(line.paid),
            "refused": _number(case.refused_money),
            "outcome": case.outcome,
            "reasons": "; ".join(f"{a.group}-{a.reason}".strip("-") for a in case.refused),
            "remarks": "; ".join(dict.fromkeys((*line.remarks, *remit.remarks))),
            "levels": str(case.claim.levels),
            "status": case.claim.status,
            "hard_flags": "; ".join(case.claim.flagged("hard")),
            "soft_flags": "; ".join(case.claim.flagged("soft")),
        }


def _number(value: Decimal | None) -> str:
    return "" if value is None else str(value)
