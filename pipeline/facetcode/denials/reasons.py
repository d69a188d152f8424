"""What a reason code means, and which flags would have foretold it (reasons.yaml)."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Literal, get_args

import yaml

from facetcode.coding.rules import FLAG_CODES
from facetcode.errors import FacetcodeError

Kind = Literal["denial", "reduction", "contractual", "patient_share", "other_payer", "unknown"]


@dataclass(frozen=True, slots=True)
class Reason:
    """One CARC: our label (empty for one not listed), its kind, the flags that foretell it."""

    code: str
    label: str
    kind: Kind
    flags: frozenset[str]


@functools.cache
def _table() -> tuple[Mapping[str, Reason], Mapping[str, str]]:
    data = yaml.safe_load(files("facetcode.denials").joinpath("reasons.yaml").read_text("utf-8"))
    carc = {code: _reason(code, entry) for code, entry in data["carc"].items()}
    return carc, {code: str(entry["label"]) for code, entry in data["rarc"].items()}


def _reason(code: str, entry: Mapping[str, Any]) -> Reason:
    flags = frozenset(entry.get("flags", ()))
    sound = isinstance(code, str) and entry["kind"] in get_args(Kind) and flags <= FLAG_CODES
    if not sound or set(entry) - {"label", "kind", "flags"}:
        raise FacetcodeError(f"reasons.yaml: {code}: a kind, flag or key there is none of")
    return Reason(code, str(entry["label"]), entry["kind"], flags)


def reason(code: str) -> Reason:
    """The reason of a CARC; one that is not listed has no label and the kind ``unknown``."""
    return _table()[0].get(code) or Reason(code, "", "unknown", frozenset())


def remark(code: str) -> str:
    """Our label of a RARC, or nothing."""
    return _table()[1].get(code, "")
