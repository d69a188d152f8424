"""``python -m facetcode``: the command without its script."""

from facetcode.cli import app

app(prog_name="facetcode")
