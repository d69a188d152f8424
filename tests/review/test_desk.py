"""Import, claiming, deciding, asking and undoing, on both databases."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError

from facetcode.review import decide, worklist
from facetcode.review.audit import note_down, verify
from facetcode.review.correct import Policies
from facetcode.review.decide import Conflict, NotAllowed
from facetcode.review.schema import audit, items, metadata
from facetcode.review.store import DeskError, Store, open_store
from facetcode.review.worklist import Filter

from .conftest import note, people, put

POLICIES = Policies()
OPEN = Filter()


def test_the_migrations_make_the_tables_of_the_schema(store: Store) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_import_twice_changes_nothing_and_a_coders_work_is_kept(store: Store) -> None:
    pairs = [note(i) for i in range(1, 4)]
    first = put(store, pairs)
    assert (first.notes, first.added, first.problems) == (3, 3, [])
    again = put(store, pairs)
    assert (again.notes, again.added, again.unchanged) == (0, 0, 3)
    who = people(store)
    got = worklist.claim_next(store, OPEN, who.ann)
    assert got is not None
    decide.accept(store, got, who.ann, 0, {})
    # A new version of the engine made other records of all three.
    for _, record in pairs:
        record["confidence"] = 0.5
    third = put(store, pairs)
    assert (third.updated, third.kept, third.unchanged) == (2, 1, 0)
    assert "coders have begun on it" in third.problems[0]
    # And what a coder is looking at does not change under their eyes.
    held = worklist.claim_next(store, OPEN, who.ann)
    for _, record in pairs:
        record["confidence"] = 0.6
    fourth = put(store, pairs)
    assert (fourth.updated, fourth.kept) == (1, 2)
    assert held is not None
    assert decide.look(store, held, who.ann).current["confidence"] == 0.5


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(lambda n, r: r.update(note_id="other"), "not in the notes", id="no-note"),
        pytest.param(
            lambda n, r: r["levels"][0]["evidence"][0].update(start=3, end=7), "do not fit", id="offsets"
        ),
        pytest.param(lambda n, r: r.pop("flags"), "flags", id="no-flags"),
        pytest.param(lambda n, r: r.pop("lines"), "lines", id="no-lines"),
        pytest.param(lambda n, r: r.update(status="maybe"), "status", id="status"),
        pytest.param(lambda n, r: r.update(note_id="n\ud800"), "note_id", id="id-unkept"),
    ],
)  # fmt: skip
def test_a_record_that_does_not_fit_is_named_and_the_rest_comes_in(
    lite: Store, spoil: Any, said: str
) -> None:
    good, bad = note(1), note(2)
    spoil(*bad)
    result = put(lite, [good, bad])
    assert result.added == 1
    assert len(result.problems) == 1
    assert said in result.problems[0]
    assert "medial" not in result.problems[0], "no note text in messages"


def test_text_that_changed_under_its_record_is_refused(lite: Store) -> None:
    put(lite, [note(1)])
    other, record = note(1, extra="another text")
    result = put(lite, [(other, record)])
    assert result.rejected == 1
    assert "another than the one its record was made of" in result.problems[0]


@pytest.mark.parametrize("odd", ["\0", "\r\n", "\r", "\ud800", "𝔉", "<script>"])
def test_any_text_is_kept_as_it_is(store: Store, odd: str) -> None:
    given, record = note(1, extra=f"before{odd}after")
    put(store, [(given, record)])
    who = people(store)
    assert decide.look(store, 1, who.ann).text == given.text


def test_two_who_claim_at_once_get_two_notes(store: Store) -> None:
    put(store, [note(i) for i in range(1, 9)])
    who = people(store)
    got: list[int | None] = []

    def claim(user: Any) -> None:
        got.append(worklist.claim_next(store, OPEN, user))

    # Each holds one note at a time: what is claimed by one is not handed to the other.
    threads = [threading.Thread(target=claim, args=(u,)) for u in (who.ann, who.bob, who.lea)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(got)) == 3
    assert None not in got


def test_the_second_is_told_and_nothing_is_overwritten(store: Store) -> None:
    put(store, [note(1)])
    who = people(store)
    decide.take(store, 1, who.ann)
    with pytest.raises(Conflict, match="ann is working on this note"):
        decide.take(store, 1, who.bob)
    with pytest.raises(Conflict, match="nothing was changed"):
        decide.accept(store, 1, who.bob, 0, {})
    change = {"fact": "level", "do": "set", "joint": "C4-C5", "side": "left"}
    decide.correct(store, 1, who.ann, 0, change, POLICIES)
    with pytest.raises(Conflict, match="changed elsewhere"):
        decide.accept(store, 1, who.ann, 0, {})  # her other window still shows version 0
    # A hold that was forgotten ends by itself.
    with store.write() as connection:
        connection.execute(update(items).values(held_at="2020-01-01T00:00:00+00:00"))
    decide.take(store, 1, who.bob)
    with pytest.raises(Conflict, match="bob is working"):
        decide.accept(store, 1, who.ann, 1, {})


CORRECTIONS = [
    pytest.param(
        {"fact": "level", "do": "set", "joint": "C4-C5", "side": "left"}, ["64490-LT"], id="side"
    ),
    pytest.param(
        {"fact": "level", "do": "set", "joint": "C4-C5", "side": "bilateral"}, ["64490-50"], id="both"
    ),
    pytest.param(
        {"fact": "level", "do": "add", "joint": "C5-C6", "side": "right"},
        ["64490-RT", "64491-RT"], id="level",
    ),
    pytest.param({"fact": "level", "do": "remove", "joint": "C4-C5"}, [], id="no-level"),
    pytest.param(
        {"fact": "guidance", "do": "set", "modality": "ultrasound"}, ["0213T-RT"], id="ultrasound"
    ),
    pytest.param({"fact": "procedure", "do": "set", "kind": "epidural"}, [], id="kind"),
    pytest.param({"fact": "procedure", "do": "set", "intent": "therapeutic"}, ["64490-RT"], id="intent"),
    pytest.param(
        {"fact": "relief", "do": "set", "index": 0, "low": 50, "high": 60, "when": "prior"},
        ["64490-RT"], id="relief",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("change", "lines"), CORRECTIONS)
def test_a_corrected_fact_recodes_the_claim(lite: Store, change: Any, lines: list[str]) -> None:
    put(lite, [note(1)])
    who = people(lite)
    decide.take(lite, 1, who.ann)
    item, said = decide.correct(lite, 1, who.ann, 0, change, POLICIES)
    assert ["-".join([x["code"], *x["modifiers"]]) for x in item.lines] == lines
    assert said
    assert item.suggested["lines"][0]["modifiers"] == ["RT"], "what was suggested is kept"
    assert item.current["policy"] == item.suggested["policy"]


def test_selected_words_become_the_evidence(lite: Store) -> None:
    given, record = note(1, extra="Also C5-6, same side.")
    put(lite, [(given, record)])
    who = people(lite)
    decide.take(lite, 1, who.ann)
    at = given.text.index("C5-6")
    change = {"fact": "level", "do": "add", "joint": "C5-C6", "side": "right"}
    item, _ = decide.correct(
        lite,
        1,
        who.ann,
        0,
        {**change, "words": {"start": at, "end": at + 4, "text": "C5-6"}},
        POLICIES,
    )
    assert item.current["levels"][1]["evidence"] == [{"start": at, "end": at + 4, "text": "C5-6"}]


BAD_CHANGES = [
    pytest.param({"fact": "level", "do": "add", "joint": "L4-L5", "side": "left"}, "joint must", id="joint"),
    pytest.param({"fact": "level", "do": "set", "joint": "C4-C5", "side": "up"}, "side must", id="side"),
    pytest.param({"fact": "level", "do": "add", "joint": "C4-C5", "side": "left"}, "there already", id="twice"),
    pytest.param({"fact": "relief", "do": "add", "low": 120, "high": 5, "when": "today"}, "percentage", id="120"),
    pytest.param({"fact": "relief", "do": "remove", "index": 7}, "reload", id="index"),
    pytest.param({"fact": "diagnosis", "do": "add", "code": "neck"}, "ICD-10-CM", id="icd"),
    pytest.param({"fact": "finding", "do": "add", "name": "function"}, "select the words", id="evidence"),
    pytest.param({"fact": "note", "do": "drop"}, "no such correction", id="fact"),
    pytest.param(
        {"fact": "guidance", "do": "set", "modality": "ct", "words": {"start": 0, "end": 4, "text": "CT's"}},
        "not in the note there", id="words",
    ),
    pytest.param(
        {"fact": "guidance", "do": "set", "modality": "ct", "words": "all"}, "select them again", id="shape"
    ),
]  # fmt: skip


@pytest.mark.parametrize(("change", "said"), BAD_CHANGES)
def test_a_correction_that_cannot_be_changes_nothing(lite: Store, change: Any, said: str) -> None:
    put(lite, [note(1)])
    who = people(lite)
    decide.take(lite, 1, who.ann)
    with pytest.raises(DeskError, match=said):
        decide.correct(lite, 1, who.ann, 0, change, POLICIES)
    assert decide.look(lite, 1, who.ann).row.version == 0


def test_reasons_that_are_pending_block(lite: Store) -> None:
    put(lite, [note(1, side="The"), note(2)])  # the first names no side: a query
    who = people(lite)
    decide.take(lite, 1, who.ann)
    decide.take(lite, 2, who.ann)
    with pytest.raises(DeskError, match="say why it is accepted"):
        decide.accept(lite, 1, who.ann, 0, {})
    with pytest.raises(DeskError, match="give a reason"):
        decide.reject(lite, 2, who.ann, 0, {"reason": " "})
    with pytest.raises(DeskError, match="give a reason"):
        decide.override(lite, 2, who.ann, 0, {"lines": ["64490 50"]})
    with pytest.raises(DeskError, match="code and modifiers"):
        decide.override(lite, 2, who.ann, 0, {"lines": ["six four"], "reason": "x"})
    _item, said = decide.override(
        lite, 2, who.ann, 0, {"lines": ["64490-50"], "reason": "both, by phone"}
    )
    assert said == ["lines: 64490-RT → 64490-50"]
    decide.accept(lite, 2, who.ann, 1, {})
    row = decide.look(lite, 2, who.ann).row
    assert (row.state, row.outcome, row.codes) == ("done", "overridden", "64490-50")


def test_ask_answer_and_back_on_the_list(store: Store) -> None:
    put(store, [note(1, side="The")])
    who = people(store)
    decide.take(store, 1, who.ann)
    item = decide.look(store, 1, who.ann)
    drafted = decide.request_for(item)
    assert "On which side" in drafted
    decide.ask(store, 1, who.ann, 0, {"body": drafted})
    assert worklist.counts(store, who.ann)["waiting"] == 1
    assert worklist.claim_next(store, OPEN, who.ann) is None
    decide.take(store, 1, who.bob)
    decide.answer(store, 1, who.bob, 1, {"answer": "Right side, addendum of today."})
    (asked,) = decide.queries_of(store, 1)
    assert asked.answer == "Right side, addendum of today."
    assert worklist.claim_next(store, OPEN, who.bob) is None, "it is ann's again"
    assert worklist.claim_next(store, OPEN, who.ann) == 1


def test_undo_goes_back_step_by_step(store: Store) -> None:
    put(store, [note(1)])
    who = people(store)
    decide.take(store, 1, who.ann)
    change = {"fact": "level", "do": "set", "joint": "C4-C5", "side": "left"}
    decide.correct(store, 1, who.ann, 0, change, POLICIES)
    decide.accept(store, 1, who.ann, 1, {"seconds": 12})
    assert decide.undo(store, who.ann) == 1
    item = decide.look(store, 1, who.ann)
    assert (item.row.state, item.row.codes, item.mine) == ("open", "64490-LT", True)
    decide.undo(store, who.ann)
    item = decide.look(store, 1, who.ann)
    assert (item.row.codes, item.row.current) == ("64490-RT", None)
    with pytest.raises(DeskError, match="nothing of yours"):
        decide.undo(store, who.ann)
    kinds = [(h.kind, h.undone_by is not None) for h in decide.history_of(store, 1)]
    assert kinds == [("correct", True), ("accept", True), ("undo", False), ("undo", False)]


def test_undo_does_not_reach_past_anothers_work(store: Store) -> None:
    put(store, [note(1)])
    who = people(store)
    decide.take(store, 1, who.ann)
    decide.skip(store, 1, who.ann, 0, {})
    decide.take(store, 1, who.bob)
    decide.reject(store, 1, who.bob, 1, {"reason": "not ours"})
    with pytest.raises(Conflict, match="your decision stands"):
        decide.undo(store, who.ann)


def test_skipped_notes_come_last(store: Store) -> None:
    put(store, [note(i) for i in (1, 2)])
    who = people(store)
    assert worklist.claim_next(store, OPEN, who.ann) == 1
    decide.skip(store, 1, who.ann, 0, {})
    assert worklist.claim_next(store, OPEN, who.ann) == 2
    decide.skip(store, 2, who.ann, 0, {})
    assert worklist.claim_next(store, OPEN, who.ann) == 1


@pytest.mark.parametrize(
    ("filters", "ids"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"status": "query"}, [5]),
        ({"status": "coded"}, [1, 2, 3, 4]),
        ({"flag": "SIDE_MISSING"}, [5]),
        ({"flag": "SIDE"}, []),
        ({"flag": "%"}, []),
        ({"payer": "Acme"}, [2, 4]),
        ({"provider": "Dr. Birk"}, [1, 4]),
        ({"since": "2026-03-04"}, [3, 4, 5]),
        ({"until": "2026-03-03"}, [1, 2]),
        ({"sure": "none"}, [1, 2, 3, 4, 5]),
        ({"sure": "high"}, []),
        ({"mine": "1"}, [2, 3]),
        ({"assignee": "1"}, [3]),
        ({"assignee": "none", "payer": "Borealis"}, [1, 5]),
        ({"assignee": "2"}, []),
        ({"assignee": "ann"}, [1, 2, 3, 4, 5]),
        ({"state": "done"}, []),
    ],
)
def test_the_list_is_narrowed(store: Store, filters: dict[str, str], ids: list[int]) -> None:
    put(store, [*(note(i) for i in range(1, 5)), note(5, side="The")])
    who = people(store)
    decide.take(store, 2, who.ann)
    worklist.assign(store, 3, who.ann.id, who.lea)
    found = worklist.page(store, Filter.of(filters), who.ann)
    assert [row.id for row in found.rows] == ids
    assert found.total == len(ids)


def test_the_choices_of_the_filters(store: Store) -> None:
    assert worklist.choices(store) == {"payer": [], "provider": []}
    put(store, [note(i) for i in range(1, 9)])
    assert worklist.choices(store) == {
        "payer": ["Acme", "Borealis"], "provider": ["Dr. Ames", "Dr. Birk", "Dr. Cole"],
    }  # fmt: skip


def test_long_lists_are_counted_up_to_a_point_and_now_and_then(
    lite: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worklist, "MANY", 5)
    put(lite, [note(i) for i in range(1, 9)])
    who = people(lite)
    assert worklist.page(lite, Filter(since="2026-01-01"), who.ann).total == 6, "more than 5"
    assert worklist.counts(lite, who.ann)["open"] == 8
    decide.take(lite, 1, who.ann)
    decide.accept(lite, 1, who.ann, 0, {})
    assert worklist.counts(lite, who.ann)["open"] == 8, "as some seconds ago"
    assert worklist.counts(lite, who.bob)["done"] == 0, "counted for bob, not seen by him"
    monkeypatch.setattr(worklist, "_FRESH", 0.0)
    assert worklist.counts(lite, who.ann)["open"] == 7


def test_a_lead_gives_away_what_nobody_holds(store: Store) -> None:
    put(store, [note(i) for i in range(1, 7)])
    who = people(store)
    decide.take(store, 2, who.bob)
    narrowed = Filter(payer="Acme")  # 2, 4 and 6
    assert worklist.assign_many(store, narrowed, 50, who.ann.id, who.lea) == 2
    assert [r.id for r in worklist.page(store, Filter(mine="1"), who.ann).rows] == [4, 6]
    assert worklist.counts(store, who.bob)["open"] == 4, "they left the others' lists"
    for number, to in ((0, who.ann.id), (9999, who.ann.id), (1, 77)):
        with pytest.raises(DeskError):
            worklist.assign_many(store, narrowed, number, to, who.lea)
    assert worklist.assign_many(store, Filter(assignee=str(who.ann.id)), 1, None, who.lea) == 1
    assert worklist.counts(store, who.bob)["open"] == 5


def test_what_a_coder_may_not_see(store: Store) -> None:
    put(store, [note(i) for i in (1, 2)])
    who = people(store)
    worklist.assign(store, 1, who.bob.id, who.lea)
    decide.take(store, 2, who.bob)
    decide.accept(store, 2, who.bob, 0, {})
    for item in (1, 2, 99):
        for call in (decide.look, decide.take):
            with pytest.raises(NotAllowed):
                call(store, item, who.ann)
    assert decide.look(store, 2, who.eve).row.state == "done", "an auditor may"


def test_earlier_blocks_of_the_patient(lite: Store) -> None:
    put(lite, [note(1), note(5), note(9), note(2)])  # 1, 5 and 9 are one patient's
    who = people(lite)
    found = decide.earlier_blocks(lite, decide.look(lite, 3, who.ann))
    assert [(row["note_id"], row["codes"]) for row in found] == [
        ("n-5", "64490-RT"), ("n-1", "64490-RT"),
    ]  # fmt: skip
    assert (found[0]["block"], found[0]["levels"], found[0]["relief"]) == (
        "medial_branch_block, diagnostic, first", ["C4-C5 right"], ["85 %"],
    )  # fmt: skip


def test_the_trail_holds_every_read_and_decision_and_shows_tampering(store: Store) -> None:
    put(store, [note(1)])
    who = people(store)
    decide.take(store, 1, who.ann)
    decide.look(store, 1, who.ann)
    decide.accept(store, 1, who.ann, 0, {})
    with store.read() as connection:
        said = connection.execute(select(audit.c.action).order_by(audit.c.seq)).scalars().all()
        details = connection.execute(select(audit.c.detail)).scalars().all()
    assert said[-3:] == ["claimed", "read", "accept"]
    assert not any("medial" in detail or "85%" in detail for detail in details)
    assert verify(store).broken is None
    with pytest.raises(DBAPIError, match="only grows"), store.write() as connection:
        connection.execute(update(audit).values(user_id=2))
    with pytest.raises(DBAPIError, match="only grows"), store.write() as connection:
        connection.execute(audit.delete())
    # Somebody with the file in hand can drop the guard; the chain still tells.
    with store.write() as connection:
        if store.dialect == "sqlite":
            connection.execute(text("DROP TRIGGER audit_no_update"))
        else:
            connection.execute(text("DROP TRIGGER audit_only_grows ON audit"))
        connection.execute(update(audit).where(audit.c.seq == 3).values(user_id=who.bob.id))
    assert verify(store).broken == 3


def test_the_trail_is_one_chain_whoever_writes_at_once(store: Store) -> None:
    def write(user: int) -> None:
        for _ in range(20):
            with store.write() as connection:
                note_down(store, connection, "test", user=user)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = verify(store)
    assert (found.entries, found.broken) == (80, None)


def test_outcomes_by_field_are_counted(lite: Store) -> None:
    put(lite, [note(1)])
    who = people(lite)
    decide.take(lite, 1, who.ann)
    changes = [
        {"fact": "level", "do": "set", "joint": "C4-C5", "side": "left"},
        {"fact": "level", "do": "add", "joint": "C5-C6", "side": "left"},
        {"fact": "relief", "do": "remove", "index": 0},
    ]
    for version, change in enumerate(changes):
        decide.correct(lite, 1, who.ann, version, change, POLICIES)
    decide.accept(lite, 1, who.ann, 3, {})
    fields = json.loads(decide.history_of(lite, 1)[-1].fields)
    assert fields["level"] == {"accepted": 0, "edited": 1, "added": 1, "rejected": 0}
    assert fields["relief"] == {"accepted": 0, "edited": 0, "added": 0, "rejected": 1}
    assert fields["guidance"] == {"accepted": 1, "edited": 0, "added": 0, "rejected": 0}
    assert fields["line"] == {"accepted": 0, "edited": 1, "added": 1, "rejected": 0}


def test_a_database_of_a_newer_facetcode_is_refused(lite: Store) -> None:
    with lite.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DeskError, match="newer facetcode"):
        open_store(str(lite.engine.url.database))


@pytest.mark.parametrize(
    "where",
    ["postgresql://nobody@127.0.0.1:1/none", "mysql://x/y", "oracle://", "/nowhere/at/all.db"],
)
def test_a_database_that_cannot_be_opened_says_why(where: str) -> None:
    with pytest.raises(DeskError, match=r"database|SQLite|cannot be made"):
        open_store(where)


def test_a_database_elsewhere_is_reached_by_tls_alone(postgres: Any) -> None:
    where = postgres()
    open_store(where).close()
    with pytest.raises(DeskError, match="cannot be opened"):
        open_store(where.replace("127.0.0.1", "127.0.0.2"))


def test_no_count_is_lost(lite: Store) -> None:
    put(lite, [note(i) for i in range(1, 8)])
    with lite.read() as connection:
        everything = connection.execute(select(func.count()).select_from(items)).scalar_one()
    found = worklist.counts(lite, people(lite).lea)
    assert everything == found["open"] + found["waiting"] + found["done"] == 7
