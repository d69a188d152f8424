"""The report's page: its figures, its error browser, hostile notes, and a real browser."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import re
import shutil
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from facetcode.cli import app
from facetcode.evaluate.cases import Case
from facetcode.evaluate.error_browser import pieces, wrong_notes
from facetcode.evaluate.gold import GoldNote
from facetcode.evaluate.labelings import Mark
from facetcode.evaluate.report import page
from facetcode.evaluate.score import score_note

WriteGold = Callable[[Path, list[GoldNote]], Path]
WriteRun = Callable[[Path, list[Case], str], Path]
VOID = {"meta", "link", "br", "input", "img", "hr"}


class Balanced(HTMLParser):
    """Collects whatever would load something, and complains of tags that do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [f"{tag} {k}={v}" for k, v in attrs if k in ("src", "href", "srcset")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_alone_and_is_well_formed(ten: list[Case]) -> None:
    html = page(ten, "gold")
    parser = Balanced()
    parser.feed(html)
    assert parser.open == [] and parser.loads == []
    # Names of vocabularies in SVG; nothing else names a place.
    assert set(re.findall(r"https?://[^\"' <]+", html)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }
    assert html.count("<svg") >= 3 and "@media print" in html


def test_the_page_says_what_was_counted(ten: list[Case]) -> None:
    html = page(ten, "gold", fees={"64490": 200.0, "64491": 100.0}, left_out=3)
    text = " ".join(re.sub(r"<[^>]+>", " ", html).split())
    assert "50.0 % codes exactly right, default" in text
    assert "37.5 % whole notes right" in text
    assert "57.9 % of the fees right, default" in text
    assert "asked instead: 20.0 %" in text and "1 with reason" in text
    assert "10 labelled notes in 1 voices" in text and "3 notes or records could not" in text
    assert "6 of 10 notes hold a difference" in text
    assert "default: 10 records, Brier score" in text


def test_a_hostile_note_and_its_metadata_stay_text(ten: list[Case]) -> None:
    html = page([*ten, _of_physician(ten[0], "<img src=x onerror=alert(1)>")], "<b>gold</b>")
    assert "<script>alert(1)" not in html and "<img" not in html and "<b>gold" not in html
    assert "&lt;script&gt;alert(1)" in html
    scripts = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    allowed = re.search(r"script-src 'sha256-([^']+)'", html)
    assert len(scripts) == 1 and allowed
    digest = base64.b64encode(hashlib.sha256(scripts[0].encode()).digest()).decode()
    assert allowed[1] == digest


@pytest.mark.filterwarnings("error")
def test_a_name_no_chart_can_write_is_no_failure(ten: list[Case]) -> None:
    html = page([*ten, _of_physician(ten[0], "日本 $x^2$ \x1b[31m 😀")], "gold")
    assert "日本 $x^2$" in html and "\x1b" not in html


def _of_physician(case: Case, name: str) -> Case:
    gold = dataclasses.replace(case.gold, note_id="clinic-99", meta={"provider": name})
    return dataclasses.replace(case, gold=gold)


def test_the_worst_stands_first_and_each_error_is_named(ten: list[Case]) -> None:
    wrong = {w.note_id: w for w in wrong_notes(ten)}
    assert next(iter(wrong)) == "clinic-08"
    assert "codes default: made up" in wrong["clinic-08"].kinds
    assert "joint+side: misread" in wrong["clinic-03"].kinds
    assert [m for m in wrong["clinic-06"].misses] == [("guidance", "fluoroscopy", "ct")]
    assert "clinic-01" not in wrong and "clinic-09" not in wrong
    states = {p.labels: p.state for p in wrong["clinic-03"].gold if p.labels}
    assert states == {"side": "same", "level": "apart", "procedure": "same", "guidance": "same"}
    assert {p.labels: p.state for p in wrong["clinic-08"].found if p.labels}["level"] == "alone"
    reasons = wrong["clinic-03"].reasons[0]
    assert (reasons.gold, reasons.found) == ("64490-RT", "64490-LT")
    assert "LT: left side" in [step for step, _ in reasons.steps[0][1]]


def test_marks_may_overlap_and_no_letter_is_lost() -> None:
    text = "left C4-5\x1b MBB"
    marks = [
        ("level", Mark(5, 9, "C4-C5 left"), "same"),
        ("procedure", Mark(5, 14, "medial_branch_block"), "alone"),
    ]
    cut = pieces(text, marks)
    assert [(p.text, p.labels, p.state, p.letters) for p in cut] == [
        ("left ", "", "", ""),
        ("C4-5", "level procedure", "alone", "LP"),
        ("␛ MBB", "procedure", "alone", ""),
    ]


def test_records_are_judged_and_no_note_is_read(
    tmp_path: Path, ten: list[Case], write_gold: WriteGold, write_run: WriteRun
) -> None:
    gold = write_gold(tmp_path / "gold.jsonl", [case.gold for case in ten])
    run = tmp_path / "results"
    run.mkdir()
    write_run(run / "records.jsonl", ten[::-1], "medicare")
    report, out = tmp_path / "report.html", tmp_path / "figures.json"
    done = CliRunner().invoke(
        app, ["evaluate", str(gold), str(run), "--report", str(report), "--output", str(out)]
    )
    assert done.exit_code == 0, done.output
    assert "SECRETNAME" not in done.output and "SECRETNAME" not in out.read_text()
    assert "SECRETNAME" in report.read_text()
    figures = json.loads(out.read_text())
    assert [(a["name"], a["policy"], a["value"]) for a in figures["accuracy"]] == [
        ("codes", "medicare", 0.5), ("whole note", "", 0.375), ("units", "medicare", 0.5),
    ]  # fmt: skip
    assert figures["headline"]["codes exact, default"]["n"] == 0


def test_a_policy_alone_is_judged_on_what_it_says(ten: list[Case]) -> None:
    gold = dataclasses.replace(ten[0].gold, flags=("UNSIGNED", "RADICULOPATHY"), clean=True)
    default = score_note(gold, {"default": ten[0].records["default"]})
    assert default.all_correct and default.flags.tp + default.flags.fn == 0
    medicare = score_note(gold, {"medicare": ten[0].records["medicare"]})
    assert {m.fact for m in medicare.misses} == {"flag", "clean"}
    assert set(medicare.claims) == {"medicare"}


def _drop_last(lines: list[dict[str, Any]]) -> None:
    lines.pop()


def _other_text(lines: list[dict[str, Any]]) -> None:
    lines[0]["procedure"]["evidence"] = [{"start": 0, "end": 3, "text": "MBB"}]


def _other_policy(lines: list[dict[str, Any]]) -> None:
    lines[0]["policy"] = "aetna@2025-01-01"


def _twice(lines: list[dict[str, Any]]) -> None:
    lines.append(lines[0])


def _none(lines: list[dict[str, Any]]) -> None:
    for line in lines:
        line["note_id"] += "x"


def _broken(lines: list[dict[str, Any]]) -> None:
    lines[0]["lines"][0]["code"] = 64490


UNUSABLE = [
    pytest.param(_drop_last, 1, "clinic-10: has labels and no record", id="no record"),
    pytest.param(_other_text, 1, "clinic-01: the record was made from another text", id="text"),
    pytest.param(_other_policy, 2, "was coded under aetna", id="policy"),
    pytest.param(_twice, 2, "has two records under medicare", id="twice"),
    pytest.param(_none, 2, "holds no record of the labelled notes", id="none"),
    pytest.param(_broken, 1, "'code' must be a string", id="malformed"),
]


@pytest.mark.parametrize(("spoil", "status", "said"), UNUSABLE)
def test_records_that_cannot_be_compared_are_said(
    tmp_path: Path,
    ten: list[Case],
    write_gold: WriteGold,
    write_run: WriteRun,
    spoil: Callable[[list[dict[str, Any]]], None],
    status: int,
    said: str,
) -> None:
    gold = write_gold(tmp_path / "gold.jsonl", [case.gold for case in ten])
    records = write_run(tmp_path / "records.jsonl", ten, "medicare")
    lines = [json.loads(line) for line in records.read_text().splitlines()]
    spoil(lines)
    records.write_text("".join(json.dumps(line) + "\n" for line in lines))
    done = CliRunner().invoke(app, ["evaluate", str(gold), str(records)])
    assert done.exit_code == status, done.output
    assert said in done.output


def test_no_input_is_overwritten(tmp_path: Path, ten: list[Case], write_gold: WriteGold) -> None:
    gold = write_gold(tmp_path / "gold.jsonl", [case.gold for case in ten])
    before = gold.read_bytes()
    done = CliRunner().invoke(app, ["evaluate", str(gold), "--report", str(gold)])
    assert done.exit_code == 2 and "is an input" in done.output
    assert gold.read_bytes() == before


def test_a_browser_shows_and_filters_it_offline(tmp_path: Path, ten: list[Case]) -> None:
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if chromium is None:
        pytest.skip("no Chromium here")
    from playwright.sync_api import sync_playwright

    file = tmp_path / "report.html"
    file.write_text(page(ten, "gold"), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
        )
        opened = browser.new_page()
        wrong: list[str] = []
        opened.on("pageerror", lambda error: wrong.append(str(error)))
        opened.on("console", lambda said: wrong.append(said.text))
        opened.on(
            "request",
            lambda r: None if r.url.startswith(("file:", "data:")) else wrong.append(r.url),
        )
        opened.goto(file.as_uri())
        assert opened.inner_text("#shown") == "6 notes"
        opened.select_option("#kind", "guidance: misread")
        assert opened.inner_text("#shown") == "1 notes"
        assert opened.locator("details:visible").get_attribute("data-note") == "clinic-06"
        opened.select_option("#kind", "")
        opened.fill("#note", "CLINIC-08")
        opened.click("details:visible summary")
        assert opened.locator("details:visible pre").count() == 2
        assert opened.pdf()[:5] == b"%PDF-"
        browser.close()
    assert wrong == []
