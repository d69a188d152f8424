"""The documents say what the program does."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from facetcode.cli import app
from facetcode.coding.rules import FLAG_CODES
from facetcode.record import SCHEMA, Record, to_json

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
pytestmark = pytest.mark.skipif(not README.exists(), reason="about the checkout's own documents")


def example() -> tuple[str, str]:
    """The README's note and what it says ``facetcode show`` makes of it."""
    text = README.read_text().split("This note, `n-17.txt`,")[1]
    note, shown = re.findall(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE)[:2]
    return note, shown


def test_the_readme_shows_what_the_program_shows(tmp_path: Path) -> None:
    note, shown = example()
    (tmp_path / "n-17.txt").write_text(note)
    done = subprocess.run(
        [sys.executable, "-m", "facetcode", "show", "n-17.txt", "--policy", "medicare"],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "96"},
        capture_output=True,
        text=True,
    )
    # When the program has changed for the better, paste this into the README.
    print(done.stdout)
    assert [line.rstrip() for line in done.stdout.splitlines()] == shown.splitlines()


def test_the_record_page_cites_the_readme_note() -> None:
    note, _ = example()
    page = (ROOT / "docs" / "record.md").read_text()
    (block,) = re.findall(r"```json\n(.*?)```", page, re.DOTALL)
    spans = re.findall(r'"start": (\d+), "end": (\d+), "text": "([^"]*)"', block)
    assert len(spans) > 5 and json.loads(block)["schema"] == SCHEMA
    for start, end, text in spans:
        assert note[int(start) : int(end)] == text


def test_the_record_page_names_every_key_and_flag(make_record: object) -> None:
    page = (ROOT / "docs" / "record.md").read_text()
    assert f'"schema": {SCHEMA}' in page
    assert FLAG_CODES - set(re.findall(r"[A-Z_]{5,}", page)) == set()
    record = make_record()  # type: ignore[operator]
    assert isinstance(record, Record)
    for key in to_json(record):
        assert f'"{key}"' in page or f"`{key}`" in page, key


def test_the_readme_commands_exist() -> None:
    text, makefile = README.read_text(), (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", text, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    command: Any = get_command(app)
    known = {"--constraint"} | set(_options(command))
    for option in set(re.findall(r"--[a-z][a-z-]+", text)):
        assert option in known, option
    for name in re.findall(r"^facetcode (\w+)", text, re.MULTILINE):
        assert name in command.commands, name


def _options(command: Any) -> Iterator[str]:
    for parameter in command.params:
        yield from parameter.opts
    for below in getattr(command, "commands", {}).values():
        yield from _options(below)


def test_the_readme_example_for_python_runs() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    code = f"notes = ['No procedure.']\n{block}\nprint(record.status)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "not_applicable\n", "")


def test_links_lead_somewhere() -> None:
    for page in (README, *(ROOT / "docs").glob("*.md")):
        for link in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
