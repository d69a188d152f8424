"""Samples, blind second reviews, agreement, rebuttals, dashboards and exports."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from facetcode.evaluate.gold import read_gold
from facetcode.evaluate.gold_check import check
from facetcode.review import decide, figures, quality
from facetcode.review.correct import Policies
from facetcode.review.decide import Conflict, NotAllowed
from facetcode.review.export import export
from facetcode.review.store import DeskError, Store

from .conftest import People, note, people, put

POLICIES = Policies()


def finished(store: Store, count: int, **kinds: Any) -> People:
    """A desk with ``count`` notes, done by ann and bob in turn; every fourth is rejected."""
    put(store, [note(i, **kinds) for i in range(1, count + 1)])
    who = people(store)
    for item in range(1, count + 1):
        coder = who.ann if item % 2 else who.bob
        decide.take(store, item, coder)
        if item % 4 == 0:
            decide.reject(store, item, coder, 0, {"reason": "not done", "seconds": 20})
        else:
            decide.accept(store, item, coder, 0, {"seconds": 10})
    return who


def test_the_same_seed_draws_the_same_notes(store: Store) -> None:
    who = finished(store, 12)
    drawn = []
    for seed in (7, 7, 8):
        sample, size = quality.draw(store, who.lea, name="weekly", size=5, seed=seed)
        found = quality.sample(store, sample)
        assert size == len(found.reviews) == 5
        drawn.append({r["note_id"] for r in found.reviews})
    assert drawn[0] == drawn[1] != drawn[2]


def test_a_stratified_sample_has_every_stratum(lite: Store) -> None:
    who = finished(lite, 12)
    sample, _ = quality.draw(lite, who.lea, name="by physician", size=6, seed=1, strata="provider")
    numbers = [int(r["note_id"][2:]) for r in quality.sample(lite, sample).reviews]
    assert Counter(n % 3 for n in numbers) == {0: 2, 1: 2, 2: 2}


@example(sizes={"a": 1, "b": 1, "c": 4}, size=3, seed=0)
@given(
    sizes=st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(1, 30), min_size=1),
    size=st.integers(1, 60),
    seed=st.integers(),
)
def test_a_spread_has_the_size_asked_for_and_no_note_twice(
    sizes: dict[str, int], size: int, seed: int
) -> None:
    groups = {name: [(name, i) for i in range(n)] for name, n in sizes.items()}
    wanted = min(size, sum(sizes.values()))
    rows = quality._spread(groups, wanted, seed)
    assert len(rows) == len(set(rows)) == wanted
    if wanted >= len(groups):
        assert {name for name, _ in rows} == set(groups)


def test_nobody_reviews_their_own_work(lite: Store) -> None:
    put(lite, [note(1)])
    who = people(lite)
    for reviewer in (who.eve, who.ada):
        assert reviewer.may("auditor")
    decide.take(lite, 1, who.eve)
    decide.accept(lite, 1, who.eve, 0, {})
    sample, _ = quality.draw(lite, who.lea, name="s", size=1, seed=1)
    (review,) = quality.sample(lite, sample).reviews
    assert review["auditor"] != who.eve.id


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"name": " "}, "name"),
        ({"size": 0}, "1 to"),
        ({"strata": "text"}, "spread over"),
    ],
)
def test_a_sample_that_cannot_be_drawn(lite: Store, given_: dict[str, Any], said: str) -> None:
    who = finished(lite, 2)
    with pytest.raises(DeskError, match=said):
        quality.draw(lite, who.lea, **{"name": "s", "size": 1, "seed": 1, **given_})


def drawn(store: Store, count: int = 2) -> tuple[People, list[Any]]:
    who = finished(store, count)
    quality.draw(store, who.lea, name="all", size=count, seed=1)
    return who, quality.pending(store, who.eve)


def test_a_review_is_blind_and_then_both_are_seen(store: Store) -> None:
    put(store, [note(1)])
    who = people(store)
    decide.take(store, 1, who.ann)
    change = {"fact": "level", "do": "set", "joint": "C4-C5", "side": "left"}
    decide.correct(store, 1, who.ann, 0, change, POLICIES)
    decide.accept(store, 1, who.ann, 1, {})
    sample, _ = quality.draw(store, who.lea, name="all", size=1, seed=1)
    (mine,) = quality.pending(store, who.eve)
    review = quality.look(store, mine.id, who.eve)
    assert review.current["levels"][0]["side"] == "right", "the suggestion, not ann's correction"
    with pytest.raises(NotAllowed):
        decide.look(store, 1, who.eve)  # the first decision stays hidden until hers is made
    with pytest.raises(NotAllowed):
        quality.look(store, mine.id, who.lea)
    with pytest.raises(Conflict, match="second review"):
        decide.undo(store, who.ann)
    with pytest.raises(DeskError, match="differs"):
        quality.submit(store, mine.id, who.eve, {})
    assert not quality.submit(store, mine.id, who.eve, {"comment": "the header says right"})
    with pytest.raises(Conflict, match="done"):
        quality.submit(store, mine.id, who.eve, {"comment": "again"})
    (differs,) = quality.of_my_work(store, who.ann)
    assert (differs["first"]["lines"], differs["second"]["lines"]) == (["64490-LT"], ["64490-RT"])
    with pytest.raises(DeskError, match="says why"):
        quality.rebut(store, mine.id, who.ann, "  ")
    with pytest.raises(NotAllowed):
        quality.rebut(store, mine.id, who.bob, "not mine")
    quality.rebut(store, mine.id, who.ann, "the addendum says left")
    with pytest.raises(NotAllowed):
        quality.rule(store, mine.id, who.eve, "second", "I was right")
    quality.rule(store, mine.id, who.lea, "first", "the addendum counts")
    found = quality.sample(store, sample)
    assert found.reviews[0]["ruling"] == "first"
    assert (found.agreement.share.value, found.agreement.kappa) == (0.0, 0.0)
    assert decide.look(store, 1, who.eve).row.state == "done", "seen now"


def test_agreement_counts_same_lines_in_any_order(lite: Store) -> None:
    who, pending = drawn(lite, 4)
    pending = [*pending, *quality.pending(lite, who.lea), *quality.pending(lite, who.ada)]
    assert len(pending) == 4
    by_id = {u.id: u for u in (who.eve, who.lea, who.ada)}
    for row in pending:
        user = next(u for u in by_id.values() if row.id in {p.id for p in quality.pending(lite, u)})
        verdict = "reject" if row.note_id == "n-4" else "claim"
        assert quality.submit(lite, row.id, user, {"verdict": verdict, "comment": "c"})
    found = quality.sample(lite, 1).agreement
    assert (found.share.value, found.kappa) == (1.0, 1.0)


def test_the_reviewer_corrects_a_copy_of_their_own(lite: Store) -> None:
    who, pending = drawn(lite, 1)
    change = {"fact": "level", "do": "set", "joint": "C4-C5", "side": "left"}
    review, said = quality.correct(lite, pending[0].id, who.eve, change, POLICIES)
    assert review.current["lines"][0]["modifiers"] == ["LT"]
    assert said == ["lines: 64490-RT → 64490-LT"]
    quality.submit(lite, pending[0].id, who.eve, {"comment": "left"})
    assert decide.look(lite, 1, who.lea).current["lines"][0]["modifiers"] == ["RT"]


def test_figures_and_charts(lite: Store) -> None:
    who, pending = drawn(lite, 8)
    quality.submit(lite, pending[0].id, who.eve, {"comment": "c"})
    put(lite, [note(9, side="The")])
    decide.take(lite, 9, who.ann)
    decide.ask(lite, 9, who.ann, 0, {"body": "which side?"})
    found = figures.collect(lite)
    assert sum(n for day in found.finished.values() for n in day.values()) == 8
    assert found.classes["level"]["accepted"] == 8
    assert found.classes["line"] == {"accepted": 6, "edited": 0, "added": 0, "rejected": 2}
    assert found.pace() == [("ann", 4, 10.0), ("bob", 4, 15.0)]
    assert found.reasons["Dr. Ames"]["SIDE_MISSING"] == 1
    assert sum(n for _, n in found.agreed.values()) == 1
    for name in figures.CHARTS:
        assert figures.chart(name, found).lstrip().startswith(b"<?xml")


def test_charts_of_an_empty_desk_say_so(lite: Store) -> None:
    for name in figures.CHARTS:
        assert figures.chart(name, figures.collect(lite))


def lines_of(store: Store, name: str) -> list[str]:
    return "".join(export(store, name, POLICIES, None)).splitlines()


def test_exports_hold_every_decision_and_the_codes_to_bill(store: Store) -> None:
    finished(store, 4)
    made = [json.loads(line) for line in lines_of(store, "decisions.jsonl")]
    assert [d["kind"] for d in made] == ["accept", "accept", "accept", "reject"]
    rows = list(csv.DictReader(io.StringIO("\n".join(lines_of(store, "final-codes.csv")))))
    assert [(r["note_id"], r["code"], r["modifiers"], r["outcome"]) for r in rows] == [
        ("n-1", "64490", "RT", "accepted"),
        ("n-2", "64490", "RT", "accepted"),
        ("n-3", "64490", "RT", "accepted"),
        ("n-4", "", "", "rejected"),
    ]
    assert len(lines_of(store, "decisions.csv")) == 5
    with pytest.raises(DeskError, match="no such export"):
        export(store, "notes.txt", POLICIES, None)


def test_a_spreadsheet_runs_nothing_from_an_export(lite: Store) -> None:
    put(lite, [note(1)])
    who = people(lite)
    decide.take(lite, 1, who.ann)
    decide.reject(lite, 1, who.ann, 0, {"reason": "=HYPERLINK(1)"})
    (_, row) = csv.reader(io.StringIO("\n".join(lines_of(lite, "decisions.csv"))))
    assert not any(cell.startswith(("=", "+", "@")) for cell in row)


def test_annotations_are_gold_that_evaluate_reads(lite: Store, tmp_path: Any) -> None:
    finished(lite, 4)
    path = tmp_path / "desk.jsonl"
    path.write_text("\n".join(lines_of(lite, "annotations.jsonl")) + "\n", encoding="utf-8")
    gold = list(read_gold(path))
    assert [n.status for n in gold] == ["coded", "coded", "coded", "not_applicable"]
    assert gold[0].codes == {"default": ("64490-RT",), "medicare": ("64490-KX-RT",)}
    assert {span.label for span in gold[0].spans} >= {"procedure", "level", "guidance", "relief"}
    assert [*check(gold[0])] == []
