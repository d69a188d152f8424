"""Self-contained HTML: Jinja templates that escape, one style sheet, charts as images inside."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING, Any

from facetcode.errors import FacetcodeError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7")
"""Okabe and Ito's, which colour-blind readers tell apart."""


def render(package: str, template: str, **values: Any) -> str:
    """Fill ``templates/<template>`` of a package of facetcode; every value is escaped.

    The page loads nothing and runs nothing, and says so to the browser. Raises FacetcodeError
    where the reporting libraries are not installed.
    """
    try:
        from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
    except ModuleNotFoundError as error:
        raise missing(error) from None
    environment = Environment(
        loader=ChoiceLoader(
            [PackageLoader(f"facetcode.{package}"), PackageLoader("facetcode")],
        ),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": percent, "count": count, "money": money}
    return environment.get_template(template).render(**values) + "\n"


def new_figure(width: float = 7, height: float = 3) -> Figure:
    """An empty matplotlib figure, in inches. Raises FacetcodeError without matplotlib."""
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise missing(error) from None
    # The same figures give the same bytes.
    matplotlib.rcParams["svg.hashsalt"] = "facetcode"
    return Figure(figsize=(width, height), layout="constrained")


def image(figure: Figure) -> str:
    """A figure as the address of an image: SVG, inside the page."""
    out = io.BytesIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(out.getvalue()).decode("ascii")


def missing(error: ModuleNotFoundError) -> FacetcodeError:
    """What to say of a library that is not installed."""
    return FacetcodeError(f"{error.name} is not installed: pip install 'facetcode[audit]'")


def percent(share: float | None) -> str:
    """A share in 0-1 for people: ``97.5 %``."""
    return "–" if share is None else f"{100 * share:.1f} %"


def count(number: int) -> str:
    """A whole number with its thousands apart."""
    return f"{number:,}"


def money(amount: object) -> str:
    """An amount of money, two decimals."""
    return f"{amount:,.2f}"
