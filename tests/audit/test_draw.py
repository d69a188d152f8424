"""The draw: repeatable by others, independent of order, fair, and spread as asked."""

import hashlib
import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facetcode.audit.draw import allocate, draw, frame_of
from facetcode.audit.sample_file import read_sample
from facetcode.claims import Claim, read_claims
from facetcode.errors import FacetcodeError

from .conftest import record, run


def claims(n: int, **meta: Any) -> list[Claim]:
    return [Claim(f"n-{i}", "coded", (), {}, 0, {"provider": f"p{i % 3}"}, "") for i in range(n)]


def test_anybody_can_repeat_the_draw_by_hand() -> None:
    drawn = draw(frame_of(claims(50)), size=5, seed=9, spares=2)
    order = sorted(
        (f"n-{i}" for i in range(50)), key=lambda i: hashlib.sha256(f"9\n{i}".encode()).hexdigest()
    )
    assert [d.note_id for d in drawn.sample] == order[:5]
    assert [d.note_id for d in drawn.spares] == order[5:7]


def test_the_order_of_the_records_does_not_matter_and_the_seed_does() -> None:
    batch = claims(60)
    first = draw(frame_of(batch), size=12, seed=1, by="provider", spares=3)
    random.Random(0).shuffle(batch)
    assert draw(frame_of(batch), size=12, seed=1, by="provider", spares=3) == first
    assert draw(frame_of(batch), size=12, seed=2, by="provider", spares=3).sample != first.sample


def test_every_note_is_as_likely_as_every_other() -> None:
    batch = frame_of(claims(20))
    seen = dict.fromkeys((c.note_id for c in batch.claims), 0)
    for seed in range(2000):
        for drawn in draw(batch, size=5, seed=seed).sample:
            seen[drawn.note_id] += 1
    # 500 each are expected; five standard deviations of a binomial are 97.
    assert all(403 <= n <= 597 for n in seen.values())


@given(
    st.dictionaries(st.text("ab", max_size=3), st.integers(0, 30), min_size=1, max_size=12),
    st.integers(0, 80),
)
def test_places_are_all_given_and_never_more_than_there_are(
    sizes: dict[str, int], places: int
) -> None:
    places = min(places, sum(sizes.values()))
    take = allocate(sizes, places)
    assert sum(take.values()) == places
    assert all(0 <= take[name] <= sizes[name] for name in sizes)
    if places >= len(sizes):
        assert all(take[name] >= 1 for name in sizes if sizes[name])
    assert allocate(dict(reversed(sizes.items())), places) == take


def test_strata_get_places_in_proportion() -> None:
    assert allocate({"a": 600, "b": 300, "c": 100}, 60) == {"a": 36, "b": 18, "c": 6}
    assert allocate({"a": 990, "b": 10}, 10) == {"a": 9, "b": 1}
    assert allocate({"a": 1, "b": 4, "aa": 1}, 3) == {"a": 1, "b": 1, "aa": 1}
    assert allocate({"a": 5, "b": 3, "c": 1}, 2) == {"a": 1, "b": 1, "c": 0}


def test_the_file_says_universe_frame_seed_and_method(batch: Path, tmp_path: Path) -> None:
    target = tmp_path / "s.json"
    result = run(
        "audit", "draw", batch, "--size", 6, "--seed", 4, "--by", "provider", "--spares", 2,
        "--where", "levels=1", "--where", "levels=2", "--from", "2025-02-01", "-o", target,
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    data = json.loads(target.read_text())
    digest = hashlib.sha256((batch / "records.jsonl").read_bytes()).hexdigest()
    assert data["universe"] == {"records": 40, "sha256": digest}
    assert data["frame"]["where"] == ["levels is 1 or 2", "served on or after 2025-02-01"]
    expected = [
        c.note_id
        for c in read_claims(batch)
        if c.levels in (1, 2) and c.meta["date_of_service"] >= "2025-02-01"
    ]
    assert data["frame"]["records"] == len(expected)
    assert data["frame"]["ids_sha256"] == hashlib.sha256("\n".join(expected).encode()).hexdigest()
    assert (data["method"], data["by"], data["seed"]) == ("stratified", "provider", 4)
    assert sum(s["drawn"] for s in data["strata"]) == 6 == len(data["sample"])
    assert read_sample(target).spares[0].note_id == data["spares"][0]["note_id"]


def test_a_probe_has_thirty_notes(batch: Path, tmp_path: Path) -> None:
    target = tmp_path / "s.json"
    assert (
        run("audit", "draw", batch, "--method", "probe", "--seed", 1, "-o", target).exit_code == 0
    )
    assert len(read_sample(target).sample) == 30


@pytest.mark.parametrize(
    ("args", "says"),
    [
        pytest.param(["--size", 41], "the frame holds 40", id="too-many"),
        pytest.param(["--size", 4, "--where", "colour=red"], "no trait 'colour'", id="no-trait"),
        pytest.param(["--size", 4, "--where", "payer"], "TRAIT=VALUE", id="no-value"),
        pytest.param(["--size", 4, "--method", "stratified"], "belong together", id="no-by"),
        pytest.param([], "--size", id="no-size"),
        pytest.param(["--size", 4, "--from", "1/2/25"], "YYYY-MM-DD", id="date"),
        pytest.param(["--size", 1, "--where", "status=query"], "holds 0", id="empty-frame"),
    ],
)
def test_wrong_use_is_told(batch: Path, tmp_path: Path, args: list[Any], says: str) -> None:
    result = run("audit", "draw", batch, "--seed", 1, "-o", tmp_path / "s.json", *args)
    assert result.exit_code == 2 and says in result.stderr
    assert not (tmp_path / "s.json").exists()


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        pytest.param(["{"], ":1: not a JSON object", id="not-json"),
        pytest.param([json.dumps(record("a"))] * 2, ":2: note 'a' has a record", id="twice"),
        pytest.param(['{"note_id": "a"}'], "no 'lines'", id="no-record"),
        pytest.param([], "holds no records", id="empty"),
    ],
)
def test_records_that_are_none_are_told(tmp_path: Path, lines: list[str], says: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text("\n".join(lines))
    with pytest.raises(FacetcodeError, match=says):
        read_claims(path)


def test_the_further_levels_line_stands_for_all_of_them(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    more = record("a", 3)
    more["levels"].append({"joint": "C6-C7", "side": "right"})
    path.write_text(json.dumps(more))
    assert read_claims(path)[0].lines[2].joints == ("C5-C6", "C6-C7")
