"""The audit as one page to print, sign and file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from facetcode import __version__
from facetcode.audit.compare import CLASSES
from facetcode.audit.sample_file import RULE, Sample
from facetcode.audit.score import Score
from facetcode.html_page import COLOURS, image, new_figure, render


@dataclass(frozen=True, slots=True)
class Signatures:
    """Who answers for the audit; given by those people, as nothing here can know it."""

    title: str = ""
    drawn_by: str = ""
    reviewed_by: Sequence[str] = ()
    signed_by: str = ""
    date: str = ""
    """ISO date of the signature."""


def page(
    sample: Sample, result: Score, signs: Signatures, inputs: Sequence[tuple[str, str]]
) -> str:
    """The audit's HTML; ``inputs`` are files' names with their SHA-256."""
    return render(
        "audit",
        "audit.html",
        sample=sample,
        rule=RULE,
        result=result,
        engine=result.parties[0],
        classes=CLASSES,
        signs=signs,
        inputs=inputs,
        version=__version__,
        chart=_chart(result),
    )


def _chart(result: Score) -> str:
    """Error rates with their intervals, the program first."""
    parties = [party for party in result.parties if party.error.value is not None]
    figure = new_figure(7, 0.9 + 0.4 * max(1, len(parties)))
    axes = figure.add_subplot()
    for place, party in enumerate(parties):
        value = party.error.value or 0.0
        spread = [[value - party.error.low], [party.error.high - value]]
        axes.errorbar(
            [100 * value],
            [place],
            xerr=[[100 * spread[0][0]], [100 * spread[1][0]]],
            fmt="o",
            color=COLOURS[0],
            capsize=4,
        )
    axes.axvline(100 * (1 - result.need.claim), color=COLOURS[3], linestyle="--", linewidth=1)
    axes.set_yticks(range(len(parties)), [f"{p.name} ({p.notes})" for p in parties])
    axes.set_ylim(len(parties) - 0.5, -0.5)
    axes.set_xlim(left=0)
    axes.set_xlabel("notes with a wrong claim, %")
    axes.spines[["top", "right"]].set_visible(False)
    return image(figure)
