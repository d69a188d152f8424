"""Run facetcode from a checkout: ``python cli.py code NOTES`` is ``facetcode code NOTES``."""

from facetcode.cli import app

if __name__ == "__main__":
    app(prog_name="facetcode")
