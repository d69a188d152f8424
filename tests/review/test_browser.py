"""The desk in a real Chromium: by keyboard alone, with evidence, and for everybody."""

from __future__ import annotations

import io
import os
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select, update

from facetcode.commands.desk import fill_with_samples
from facetcode.review import decide, quality, worklist
from facetcode.review.schema import decisions, queries, reviews
from facetcode.review.store import before_now
from facetcode.review.worklist import Filter

from .conftest import PASSWORD, Site, note, put

SHOTS = os.environ.get("FACETCODE_SCREENSHOTS")
"""Folder the README's pictures are written to; the tests make them on request alone."""


@pytest.fixture
def page(browser: Any, served: str) -> Iterator[Any]:
    """A window of 1280 by 800 that reports every error and every request that leaves the desk."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, base_url=served)
    made = context.new_page()
    wrong: list[str] = []
    made.on("pageerror", lambda error: wrong.append(str(error)))
    made.on(
        "request", lambda r: None if r.url.startswith((served, "data:")) else wrong.append(r.url)
    )
    made.on(
        "console",
        lambda said: wrong.append(said.text) if "Content Security Policy" in said.text else None,
    )
    made.set_default_timeout(15_000)
    yield made
    assert wrong == []
    context.close()


def log_in(page: Any, name: str) -> None:
    page.goto("/login")
    page.wait_for_selector("input[name=name]:focus")
    page.keyboard.type(name)
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")


def shot(page: Any, name: str) -> None:
    if SHOTS:
        drawn = Image.open(io.BytesIO(page.screenshot()))
        drawn.quantize(128).save(Path(SHOTS) / f"{name}.png", optimize=True)


def open_item(page: Any, name: str) -> None:
    """Click a note of the list, and wait for its page and the keys of it."""
    page.click(f"text={name}")
    page.wait_for_url("**/items/**")


def press_and_leave(page: Any, key: str) -> None:
    """Press a key that leads to another page, and wait for that."""
    with page.expect_navigation():
        page.keyboard.press(key)
    if page.locator("#desk").count():
        page.wait_for_selector("#desk[data-ready]")


def test_a_coder_clears_ten_notes_by_keyboard_alone(page: Any, site: Site) -> None:
    log_in(page, "ann")
    press_and_leave(page, "n")
    seen = set()
    for _ in range(10):
        seen.add(page.url.split("?")[0])
        press_and_leave(page, "a")
    assert len(seen) == 10
    assert "Nothing is left here" in page.text_content("main")
    assert worklist.counts(site.store, site.people.ann)["done"] == 10
    press_and_leave(page, "u")
    assert page.is_visible("text=Undo")
    found = worklist.counts(site.store, site.people.ann)
    assert (found["open"], found["waiting"], found["done"]) == (1, 0, 9)


def test_correcting_a_side_changes_the_codes_before_the_eyes(page: Any, site: Site) -> None:
    log_in(page, "ann")
    press_and_leave(page, "n")
    assert "64490 RT" in page.inner_text(".lines")
    page.keyboard.press("e")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Side of C4-C5"
    page.keyboard.type("left")
    page.wait_for_selector("text=Recoded.")
    assert "64490 LT" in page.inner_text(".lines")
    assert "lines: 64490-RT → 64490-LT" in page.inner_text("#claim .notice")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == "Side of C4-C5"
    page.keyboard.press("Escape")
    press_and_leave(page, "a")
    row = decide.look(site.store, 1, site.people.ann).row
    assert (row.state, row.outcome, row.codes) == ("done", "edited", "64490-LT")
    assert decide.history_of(site.store, 1)[-1].seconds >= 1


def test_a_line_lights_its_words_and_a_word_names_what_it_led_to(page: Any, site: Site) -> None:
    log_in(page, "ann")
    press_and_leave(page, "n")
    page.keyboard.press("j")
    text = decide.look(site.store, 1, site.people.ann)
    because = text.current["lines"][0]["because"]
    words = {e["text"] for step in because for e in step["evidence"]}
    assert words
    assert set(page.locator("mark.lit").all_inner_texts()) == words
    page.keyboard.press("Escape")
    assert page.locator("mark.lit").count() == 0
    page.click("#note mark:text-is('fluoroscopy')")
    led = page.locator(".pick.led").all_inner_texts()
    assert any("Guidance" in text for text in led)
    assert any("64490" in text for text in led)


def test_words_found_by_keyboard_become_evidence(page: Any, site: Site) -> None:
    made, record = note(
        11, extra="Überlänge 𝔉\r\nAlso C5-6 on the same side. Images saved to PACS."
    )
    put(site.store, [(made, record)])
    log_in(page, "ann")
    page.goto("/items/11")
    press_and_leave(page, "n")
    page.keyboard.press("/")
    page.keyboard.type("also c5-6")
    page.keyboard.press("Enter")
    assert "Also C5-6" in page.inner_text("#chosen")
    page.select_option("[aria-label='Joint to add']", "C5-C6")
    page.focus("[aria-label='Its side']")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Recoded.")
    item = decide.look(site.store, 11, site.people.ann)
    (words,) = item.current["levels"][1]["evidence"]
    assert made.text[words["start"] : words["end"]] == words["text"] == "Also C5-6"
    # And by mouse, over a stretch with marks, a line end and a character outside the first plane.
    page.evaluate(
        """() => { const marks = document.querySelectorAll('#note mark'); const range = document.createRange();
        range.setStart(marks[0].firstChild, 0); range.setEnd(document.querySelector('#note').lastChild, 5);
        getSelection().removeAllRanges(); getSelection().addRange(range);
        document.querySelector('#note').dispatchEvent(new MouseEvent('mouseup', {bubbles: true})); }"""
    )
    page.select_option("[aria-label='Guidance']", "ct")
    page.wait_for_selector("text=Saved")
    page.wait_for_selector("#desk[data-version='2']")
    (words,) = decide.look(site.store, 11, site.people.ann).current["guidance"]["evidence"]
    assert made.text[words["start"] : words["end"]] == words["text"]
    assert "𝔉" in words["text"] or words["text"].startswith("medial")


def test_reasons_queries_and_drafts(page: Any, site: Site) -> None:
    put(site.store, [note(11, side="The")])
    log_in(page, "ann")
    page.goto("/items/11")
    press_and_leave(page, "n")
    page.keyboard.press("a")  # a hard flag: a reason is asked for, nothing is sent
    assert page.is_visible("text=Why is it accepted?")
    page.keyboard.press("Escape")
    page.keyboard.press("q")
    assert "On which side" in page.input_value("#panel-query textarea")
    page.keyboard.press("End")
    page.keyboard.type(" Kind regards")
    page.wait_for_selector("text=Draft kept")
    page.reload()
    page.wait_for_selector("#desk[data-ready]")
    page.keyboard.press("q")
    assert "Kind regards" in page.input_value("#panel-query textarea")
    page.keyboard.press("Tab")
    press_and_leave(page, "Enter")
    page.goto("/?state=waiting")
    open_item(page, "n-11")
    press_and_leave(page, "n")
    page.fill("#panel-answer textarea", "Right side.")
    with page.expect_navigation():
        page.click("text=Record the answer")
    assert "Right side." in page.inner_text(".right")
    assert decide.look(site.store, 11, site.people.ann).row.state == "open"


def test_the_second_coder_is_told(page: Any, site: Site) -> None:
    decide.take(site.store, 1, site.people.bob)
    log_in(page, "ann")
    page.goto("/items/1")
    assert "bob is working on this note" in page.inner_text("main")
    assert page.locator("#claim select:not([disabled])").count() == 0
    # Taken in one window, changed in another: the first window's key is refused and says why.
    page.goto("/items/2")
    press_and_leave(page, "n")
    change = {"fact": "level", "do": "set", "joint": "C4-C5", "side": "left"}
    decide.correct(site.store, 2, site.people.ann, 0, change, _policies())
    page.keyboard.press("a")
    page.wait_for_selector("#error:not([hidden])")
    assert "changed elsewhere" in page.inner_text("#error")
    assert decide.look(site.store, 2, site.people.ann).row.state == "open"


def _policies() -> Any:
    from facetcode.review.correct import Policies

    return Policies()


def test_a_lead_draws_a_sample_and_an_auditor_reviews_it_blind(page: Any, site: Site) -> None:
    for item in (1, 2, 3):
        decide.take(site.store, item, site.people.ann)
        decide.accept(site.store, item, site.people.ann, 0, {"seconds": 5})
    log_in(page, "lea")
    page.goto("/quality")
    page.fill("[name=name]", "November")
    page.fill("[name=size]", "2")
    page.fill("[name=seed]", "42")
    page.select_option("[name=strata]", "provider")
    with page.expect_navigation():
        page.click("text=Draw >> nth=-1")
    assert "seed 42, 2 of 3 finished notes" in page.inner_text("main")
    for name in ("eve", "lea", "ada"):
        user = getattr(site.people, name)
        for row in quality.pending(site.store, user):
            page.context.clear_cookies()
            log_in(page, name)
            page.goto(f"/quality/reviews/{row.id}")
            page.wait_for_selector("#desk[data-ready]")
            assert "blind" in page.inner_text(".head")
            page.keyboard.press("a")
            with page.expect_navigation():
                page.click("text=Submit and next")
    assert quality.sample(site.store, 1).agreement.share.value == 1.0


def test_the_samples_show_what_their_lines_rest_on(page: Any, site: Site) -> None:
    fill_with_samples(site.store, "medicare")
    log_in(page, "ann")
    open_item(page, "02-two-levels-left")
    press_and_leave(page, "n")
    page.keyboard.press("j")
    lit = page.locator("mark.lit").all_inner_texts()
    assert {"L", "C4-5", "C-arm"} <= set(lit), "side, level and guidance"
    assert page.locator("mark.lit.k-side").count() >= 1
    shot(page, "desk-note")
    page.keyboard.press("Escape")
    page.keyboard.press("l")
    assert page.locator("mark.at").count() == 1
    assert page.locator(".pick.led").count() >= 1
    page.click("#note mark:text-is('/s/')")
    led = page.locator(".pick.led").all_inner_texts()
    assert "Documentation" in led, "the fact"
    assert any("sign" in words.lower() for words in led), "and what it meets on the checklist"
    page.click("[aria-label='Remove signature']")
    page.wait_for_selector("text=Recoded.")
    assert "flag raised: UNSIGNED" in page.inner_text("#claim .notice")
    with page.context.expect_page() as opened:
        page.click("text=medicare@")
    rules = opened.value
    rules.wait_for_load_state()
    assert rules.locator("tbody tr").count() > 20
    assert "/items/" in page.url, "the note stays where it was"


def test_the_dashboard_shows_what_was_done(page: Any, site: Site) -> None:
    """Three weeks of two coders' work: charts, and the figures they are drawn from."""
    put(site.store, [note(i, side=("Right", "The")[i % 5 == 0]) for i in range(11, 91)])
    chance = random.Random(1)
    for item in range(1, 91):
        user = (site.people.ann, site.people.bob)[chance.random() < 0.4]
        decide.take(site.store, item, user)
        version = 0
        if item % 4 == 0:
            change = {"fact": "level", "do": "set", "joint": "C4-C5", "side": "left"}
            decide.correct(site.store, item, user, 0, change, _policies())
            version = 1
        said = {"seconds": chance.lognormvariate(2.6, 0.5), "reason": "see addendum"}
        if item % 5 == 0 and item % 4:
            decide.ask(site.store, item, user, version, {"body": "Which side?", **said})
        elif item % 17 == 0:
            decide.reject(site.store, item, user, version, said)
        else:
            decide.accept(site.store, item, user, version, said)
    quality.draw(site.store, site.people.lea, name="November", size=30, seed=4)
    for name in ("eve", "lea", "ada"):
        user = getattr(site.people, name)
        for row in quality.pending(site.store, user):
            other = {"verdict": "reject"} if chance.random() < 0.2 else {}
            quality.submit(site.store, row.id, user, {"comment": "no level named", **other})
    with site.store.write() as connection:  # as if it had taken three weeks
        for table, column in ((decisions, "at"), (queries, "asked_at"), (reviews, "done_at")):
            for row in connection.execute(select(table.c.id)).all():
                moment = before_now(
                    days=chance.choice([0, 1, 2, 5, 6, 7, 8, 9, 12, 13, 14, 15, 16])
                )
                connection.execute(
                    update(table).where(table.c.id == row.id).values({column: moment})
                )
    log_in(page, "lea")
    page.goto("/dashboard")
    page.wait_for_load_state("networkidle")
    sizes = page.evaluate("[...document.images].map(i => i.naturalWidth)")
    assert len(sizes) == 5
    assert all(sizes)
    shot(page, "desk-dashboard")
    cells = page.locator("tr:has(th:text-is('level')) td").all_inner_texts()
    corrected = sum(item % 4 == 0 for item in range(1, 91))
    assert int(cells[1]) == corrected, "sides that were edited"
    assert "SIDE_MISSING" in page.inner_text("main")


def test_drafts_are_kept_a_field_each_and_on_leaving(page: Any, site: Site) -> None:
    log_in(page, "ann")
    press_and_leave(page, "n")
    page.keyboard.press("r")
    page.keyboard.type("not a facet block")
    page.keyboard.press("Escape")
    page.keyboard.press("o")
    page.keyboard.press("Control+A")
    page.keyboard.type("64490 50")
    page.goto("/")  # at once: the last keystroke is not a second old
    for _ in range(100):
        kept = decide.draft_of(site.store, 1, site.people.ann)
        if kept.get("lines") == "64490 50":
            break
        page.wait_for_timeout(50)
    assert kept == {"reject": "not a facet block", "lines": "64490 50"}
    page.goto("/items/1")
    assert page.input_value("#panel-reject [name=reason]") == "not a facet block"
    assert page.input_value("#panel-override [name=lines]") == "64490 50"
    assert page.input_value("#panel-accept [name=reason]") == ""


def test_no_key_decides_a_note_unseen(page: Any, site: Site) -> None:
    log_in(page, "ann")
    press_and_leave(page, "n")
    with page.expect_navigation():
        page.keyboard.down("a")
        for _ in range(5):  # held down, as a keyboard repeats it
            page.keyboard.down("a")
    page.keyboard.press("a")  # pressed again before the next note could be read
    page.wait_for_selector("#desk[data-ready]")
    page.wait_for_timeout(300)
    assert worklist.counts(site.store, site.people.ann)["done"] == 1
    page.keyboard.up("a")
    where = page.url
    press_and_leave(page, "u")
    assert page.url != where, "undo goes back to the note that was decided"
    assert worklist.counts(site.store, site.people.ann)["done"] == 0


def test_a_request_follows_the_facts_and_is_sent_by_keyboard(page: Any, site: Site) -> None:
    put(site.store, [note(11, side="The")])
    log_in(page, "ann")
    page.goto("/items/11")
    press_and_leave(page, "n")
    assert "On which side" in page.input_value("#panel-query textarea")
    page.select_option("[aria-label='Side of C4-C5']", "left")
    page.wait_for_selector("text=Recoded.")
    assert "On which side" not in page.input_value("#panel-query textarea")
    assert "64490-LT" in page.input_value("#panel-override textarea")
    page.keyboard.press("Escape")
    page.keyboard.press("q")
    page.fill("#panel-query textarea", "Left, as drawn?")
    box = page.locator("#panel-query button").bounding_box()
    bar = page.locator(".actions").bounding_box()
    assert box["y"] + box["height"] <= bar["y"], "the button is in view"
    press_and_leave(page, "Control+Enter")
    (asked,) = decide.queries_of(site.store, 11)
    assert asked.body == "Left, as drawn?"


def test_a_lead_assigns_and_finds_what_was_assigned(page: Any, site: Site) -> None:
    log_in(page, "lea")
    page.goto("/?payer=Acme")
    page.fill("[name=number]", "3")
    page.select_option("[name=to]", label="bob")
    with page.expect_navigation():
        page.click("text=Assign >> nth=-1")
    page.select_option("[name=assignee]", label="bob")
    with page.expect_navigation():
        page.click("text=Show")
    assert "3 notes" in page.inner_text("main")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") == "n-4"


def test_a_long_note_scrolls_beside_its_claim(page: Any, site: Site) -> None:
    put(site.store, [note(11, extra="Nothing more was done.\n" * 400 + "Electronically signed.")])
    log_in(page, "ann")
    page.goto("/items/11")
    press_and_leave(page, "n")
    page.keyboard.press("/")
    page.keyboard.type("electronically signed")
    page.keyboard.press("Enter")
    page.wait_for_timeout(100)
    assert page.evaluate("document.querySelector('#note').scrollTop") > 1000
    assert page.evaluate("document.documentElement.scrollHeight") <= 900
    assert page.is_visible("#claim .lines")
    assert page.is_visible(".actions")


def test_a_stranger_gets_in_nowhere(page: Any) -> None:
    for path in ("/", "/items/1", "/dashboard", "/export/decisions.csv", "/users"):
        page.goto(path)
        assert page.url.endswith("/login")
    page.fill("[name=name]", "ann")
    page.fill("[name=password]", "guess")
    page.click("text=Log in >> nth=-1")
    assert "wrong" in page.inner_text("[role=alert]")


def test_scripts_in_a_note_do_not_run(page: Any, site: Site) -> None:
    put(
        site.store,
        [
            note(
                11,
                extra="<script>document.title='run'</script><img src=x onerror=document.title='run'>",
            )
        ],
    )
    log_in(page, "ann")
    page.goto("/items/11")
    press_and_leave(page, "n")
    page.keyboard.press("e")
    page.keyboard.type("left")
    page.wait_for_selector("text=Recoded.")
    assert page.title() != "run"
    assert page.locator("#note img, #note script").count() == 0
    assert "<script>" in page.inner_text("#note")


@pytest.mark.parametrize("width", [1280, 620])
def test_it_works_in_a_narrow_window(page: Any, site: Site, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    log_in(page, "ann")
    press_and_leave(page, "n")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width, "nothing sticks out sideways"
    press_and_leave(page, "a")


def test_no_serious_finding_of_axe(page: Any, site: Site) -> None:
    from axe_core_python.sync_playwright import Axe

    put(site.store, [note(11, side="The")])
    decide.take(site.store, 2, site.people.ann)
    decide.accept(site.store, 2, site.people.ann, 0, {"seconds": 5})
    page.goto("/login")
    found = {"/login": Axe().run(page)}
    log_in(page, "ada")
    page.goto("/items/11")
    press_and_leave(page, "n")
    page.keyboard.press("q")
    found["note"] = Axe().run(page)
    for path in ("/", "/quality", "/dashboard", "/users", "/items/2", "/password"):
        page.goto(path)
        found[path] = Axe().run(page)
    serious = [
        (path, finding["id"], [node["html"][:120] for node in finding["nodes"]][:3])
        for path, result in found.items()
        for finding in result["violations"]
        if finding["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_notes_leave_no_trace_in_addresses(page: Any, site: Site) -> None:
    log_in(page, "ann")
    page.goto("/?" + "&".join(f"{k}={v}" for k, v in Filter(payer="Acme").query().items()))
    press_and_leave(page, "n")
    assert re.search(r"/items/\d+\?state=open&payer=Acme$", page.url)
