"""One page with the run's figures as charts: plain HTML and SVG, nothing fetched or scripted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from facetcode.batch.summary import Summary, grouped, ranked

_SHOWN = 12
_COLOURS = {
    "coded": "#2f7d5b",
    "query": "#c9851a",
    "not_applicable": "#9aa3ad",
    "rejected": "#b23a48",
}
_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;color:#1d2730}
body{margin:2rem auto;max-width:60rem;padding:0 1rem}
h1{font-size:1.5rem;margin-bottom:.2rem} h2{font-size:1.05rem;margin:1.8rem 0 .4rem}
.figures{display:flex;flex-wrap:wrap;gap:1.5rem;margin:1rem 0}
.figures div{min-width:7rem} .figures b{display:block;font-size:1.7rem;font-weight:600}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(24rem,1fr));gap:0 2.5rem}
svg{width:100%;height:auto} text{font:12px system-ui,sans-serif;fill:#1d2730}
.key span{display:inline-block;margin-right:1.2rem}
.key i{display:inline-block;width:.8rem;height:.8rem;margin-right:.35rem;vertical-align:-1px}
p.none{color:#66717c} @media print{body{margin:0}}
"""


def page(summary: Summary) -> str:
    """The report of a run; every name in it comes from an export and is escaped."""
    status = summary.status
    blocks = status["coded"] + status["query"]
    parts = {
        "coded": status["coded"],
        "query": status["query"],
        "not_applicable": status["not_applicable"],
        "rejected": summary.rejects,
    }
    figures = (
        ("notes read", summary.notes + summary.rejects),
        ("facet blocks", blocks),
        ("coded", status["coded"]),
        ("to query", status["query"]),
        ("could not be coded", summary.rejects),
    )
    boxes = "".join(f"<div><b>{n:,}</b>{escape(name)}</div>" for name, n in figures)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>facetcode: report of a run</title>
<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head><body>
<h1>Facet blocks in this export</h1>
<div class="figures">{boxes}</div>
{_stack(parts)}
<div class="pair">
{_chart("Codes suggested", ranked(summary.codes))}
{_chart("Why notes go back to the physician", ranked(summary.asked))}
{_chart("Documentation that is missing, stops billing", ranked(summary.flags["hard"]))}
{_chart("Documentation that is missing, at risk", ranked(summary.flags["soft"]))}
{_groups("By physician", grouped(summary.by_provider))}
{_groups("By payer", grouped(summary.by_payer))}
{_chart("Policies applied", ranked(summary.policies))}
{_chart("Why notes could not be coded", ranked(summary.reasons))}
{_chart("Notes unlike what is known, by likeness (an example each)", _new(summary))}
</div>
</body></html>
"""


def _new(summary: Summary) -> Mapping[str, int]:
    groups = summary.new.to_json()["groups"]
    return {group["example"]: group["notes"] for group in groups}


def _stack(parts: Mapping[str, int]) -> str:
    """One bar of all notes, split by what became of them."""
    total = sum(parts.values()) or 1
    at, pieces = 0.0, []
    for name, n in parts.items():
        width = n / total * 960
        pieces.append(
            f'<rect x="{at:.1f}" width="{width:.1f}" height="22" fill="{_COLOURS[name]}">'
            f"<title>{_words(name)}: {n:,}</title></rect>"
        )
        at += width
    key = "".join(
        f'<span><i style="background:{_COLOURS[name]}"></i>{_words(name)} {n / total:.0%}</span>'
        for name, n in parts.items()
    )
    return (
        '<svg viewBox="0 0 960 22" role="img" aria-label="What became of the notes">'
        f'{"".join(pieces)}</svg><p class="key">{key}</p>'
    )


def _chart(title: str, counts: Mapping[str, int]) -> str:
    """Bars, the longest first."""
    rows = [(name, ((n, "#3a6ea5"),), f"{n:,}") for name, n in counts.items()]
    return _bars(title, rows)


def _groups(title: str, groups: Iterable[tuple[str, Mapping[str, int]]]) -> str:
    """Bars of two parts: coded and to query."""
    rows = []
    for who, counts in groups:
        coded, query = counts.get("coded", 0), counts.get("query", 0)
        parts = ((coded, _COLOURS["coded"]), (query, _COLOURS["query"]))
        rows.append((who, parts, f"{coded:,} coded, {query:,} to query"))
    return _bars(title, rows)


def _bars(title: str, rows: Sequence[tuple[str, Sequence[tuple[int, str]], str]]) -> str:
    heading = f"<section><h2>{escape(title)}</h2>"
    if not rows:
        return f'{heading}<p class="none">none</p></section>'
    most = max(sum(n for n, _ in parts) for _, parts, _ in rows) or 1
    shown, height = rows[:_SHOWN], 24 * len(rows[:_SHOWN])
    drawn = []
    for line, (name, parts, said) in enumerate(shown):
        y, at = line * 24, 190.0
        drawn.append(f'<text x="182" y="{y + 16}" text-anchor="end">{escape(_short(name))}</text>')
        for n, colour in parts:
            width = n / most * 170
            drawn.append(
                f'<rect x="{at:.1f}" y="{y + 4}" width="{width:.1f}" height="16" fill="{colour}"/>'
            )
            at += width
        drawn.append(f'<text x="{at + 6:.1f}" y="{y + 16}">{escape(said)}</text>')
    rest = len(rows) - len(shown)
    more = f'<p class="none">and {rest:,} more in summary.json</p>' if rest else ""
    return (
        f'{heading}<svg viewBox="0 0 500 {height}" role="img" aria-label="{escape(title)}">'
        f"{''.join(drawn)}</svg>{more}</section>"
    )


def _words(name: str) -> str:
    return {"query": "to query"}.get(name, name.replace("_", " "))


def _short(name: str) -> str:
    name = name.replace("_", " ").lower() if name.isupper() and "_" in name else name
    return name if len(name) <= 28 else f"{name[:27]}…"
