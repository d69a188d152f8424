"""docs/policies.md names every policy and every key, and its example file loads."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from facetcode.coding import load_policy, policy_names
from facetcode.coding.rules import KEYS

DOCS = Path(__file__).parents[2] / "docs" / "policies.md"
TEXT = DOCS.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", policy_names())
def test_every_policy_is_named(name: str) -> None:
    base = re.sub(r"(?<=.)-(asc|hopd)$", "", name)
    assert f"`{base}`" in TEXT


@pytest.mark.parametrize("key", KEYS)
def test_every_key_is_described_as_in_code(key: str) -> None:
    assert f"| `{key}` | {KEYS[key].about} | {KEYS[key].affects} |" in TEXT


def test_the_example_file_loads(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(name: our-aetna.*?)```", TEXT, re.DOTALL)
    assert example is not None
    path = tmp_path / "our-aetna.yaml"
    path.write_text(example[1], encoding="utf-8")
    policy = load_policy(path)
    assert policy.on().rules.bilateral_first == "rt_lt_lines"
    assert policy.on().flags["FUNCTION_MISSING"].severity is None
