"""The models that ship: small, readable here, and told of as they are."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

from facetcode.learn import in_use, store

ROOT = Path(__file__).parents[2]
MODELS = in_use.shipped_folder()
needs_checkout = pytest.mark.skipif(
    not (ROOT / "benchmarks" / "learning.py").exists(), reason="about the checkout's own documents"
)


def test_they_are_small_and_can_be_read() -> None:
    sizes = [path.stat().st_size for path in MODELS.rglob("*.skops")]
    assert sizes and sum(sizes) < store.MAX_BYTES
    in_use.models_in_use("shipped").check().load()


@pytest.mark.parametrize("task", in_use.TASKS)
def test_a_model_is_there_only_where_it_beat_the_rules(task: str) -> None:
    stored = store.read(MODELS / task)
    assert (stored.folder / store.MODEL).exists() == stored.has_model
    card = (stored.folder / store.CARD).read_text()
    if task in in_use.DECISIONS:
        assert stored.has_model == stored.metrics["earned"]
        assert stored.has_model or stored.metrics["reason"] in card
        if stored.has_model:
            assert stored.metrics["test"]["gain"]["low"] > 0
    elif task == "confidence":
        assert stored.metrics["left_out"]["gain"]["low"] > 0


@needs_checkout
def test_the_page_has_the_figures_of_the_models() -> None:
    """`make models` writes both; figures of another training are not left standing."""
    writer = runpy.run_path(str(ROOT / "benchmarks" / "learning.py"))
    metrics = {
        task: json.loads((MODELS / task / store.METRICS).read_text()) for task in in_use.TASKS
    }
    page = (ROOT / "docs" / "learning.md").read_text()
    assert f"{writer['BEGIN']}\n{writer['figures'](metrics)}\n{writer['END']}" in page


@needs_checkout
def test_every_first_look_is_of_a_labelled_note() -> None:
    from facetcode.learn.training import read_looks

    looks = read_looks(ROOT / "annotations" / "first_looks")
    ids = {
        json.loads(line)["note_id"]
        for path in (ROOT / "annotations" / "gold").glob("*.jsonl")
        for line in path.read_text().splitlines()
    }
    assert looks and set(looks) <= ids
    assert not any(
        spot["text"]
        for look in looks.values()
        for level in look["facts"]["levels"]
        for spot in level["evidence"]
    ), "a first look holds words of its note"
