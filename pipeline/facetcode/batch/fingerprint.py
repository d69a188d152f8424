"""What a run is of: its inputs by content, and everything that decides the records."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from facetcode import __version__
from facetcode.record import SCHEMA


def of_run(
    inputs: Iterable[Path],
    *,
    policy: str | None,
    payers: Path | None,
    options: Mapping[str, Any],
    models: Sequence[Mapping[str, str]] = (),
) -> dict[str, Any]:
    """The manifest's first half: two runs of which it is the same give the same records.

    ``models`` are those in use, each with its task and the hash of its file.

    Raises OSError for an input that cannot be read.
    """
    own = [Path(policy)] if policy is not None and Path(policy).is_file() else []
    rules = [*own, *([payers] if payers is not None else [])]
    return {
        "program": f"facetcode {__version__}",
        "record_schema": SCHEMA,
        "policy": policy or "auto",
        "rule_files": [_file(path) for path in rules],
        "models": [dict(model) for model in models],
        "options": dict(sorted(options.items())),
        "inputs": [_file(path) for path in inputs],
    }


def _file(path: Path) -> dict[str, Any]:
    return {"path": str(path), "bytes": path.stat().st_size, "sha256": sha256(path)}


def sha256(path: Path) -> str:
    """The hash of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
