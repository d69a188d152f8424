"""A trained model on disk: ``<task>/model.skops`` with its metrics and card, checked when read.

The file is skops': it names the types it holds and is refused, before anything is built, when one
of them is not known to be harmless. Its hash stands in ``metrics.json``.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from facetcode import __version__
from facetcode.errors import ModelError

MODEL = "model.skops"
METRICS = "metrics.json"
CARD = "card.md"
MAX_BYTES = 5_000_000
"""All shipped models together stay below this; one file above it is not one of ours."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One task's folder: what ``metrics.json`` says, and whether a model lies beside it."""

    task: str
    folder: Path
    metrics: Mapping[str, Any]

    @property
    def has_model(self) -> bool:
        """False for a task whose model did not beat the rules: card and figures alone."""
        return self.metrics.get("model") is not None


def versions() -> dict[str, str]:
    """What a model depends on to mean the same when it is loaded again."""
    return {
        "facetcode": __version__,
        "scikit_learn": version("scikit-learn"),
        "skops": version("skops"),
        "numpy": version("numpy"),
        "python": platform.python_version(),
    }


def read(folder: Path) -> Stored:
    """A task's folder, its model not yet loaded. Raises ModelError."""
    task = folder.name
    try:
        metrics: Any = json.loads((folder / METRICS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ModelError(f"{folder / METRICS}: cannot be read; {_remedy(task)}") from None
    if not isinstance(metrics, dict) or metrics.get("task") != task:
        raise ModelError(f"{folder / METRICS}: is not of the task '{task}'; {_remedy(task)}")
    return Stored(task, folder, metrics)


def load(stored: Stored) -> Any:
    """What a task's file holds. Raises ModelError for a file that is not what was trained here.

    Refused are files that ``checked`` refuses, and files with types that could run code.
    """
    return _loaded(checked(stored), stored.folder / MODEL, stored.task)


def checked(stored: Stored) -> bytes:
    """The bytes of a task's file, not yet opened; cheap, since scikit-learn is not imported.

    Raises ModelError for a file of another release of facetcode or another line of scikit-learn
    (1.9, say), and for one whose bytes are not those the metrics name.
    """
    place = stored.folder / MODEL
    trained, here = stored.metrics.get("versions"), versions()
    if not isinstance(trained, Mapping):
        raise ModelError(f"{place}: its metrics name no versions; {_remedy(stored.task)}")
    for name, same in (("facetcode", _whole), ("scikit_learn", _line)):
        was = str(trained.get(name))
        if same(was) != same(here[name]):
            raise ModelError(
                f"{place}: was trained with {name.replace('_', '-')} {was}, and this is "
                f"{here[name]}; {_remedy(stored.task)}"
            )
    try:
        data = place.read_bytes() if place.stat().st_size <= MAX_BYTES else b""
    except OSError as error:
        raise ModelError(f"{place}: {error.strerror}; {_remedy(stored.task)}") from None
    expected = stored.metrics.get("model")
    if not isinstance(expected, Mapping) or sha256(data) != expected.get("sha256"):
        raise ModelError(
            f"{place}: is not the file that was trained (its hash differs from {METRICS}); "
            f"{_remedy(stored.task)}"
        )
    return data


def _loaded(data: bytes, place: Path, task: str) -> Any:
    from skops.io import get_untrusted_types, loads

    try:
        untrusted = get_untrusted_types(data=data)
        if untrusted:
            raise ModelError(
                f"{place}: holds types that are not known to be harmless "
                f"({', '.join(map(str, untrusted[:3]))}); {_remedy(task)}"
            )
        return loads(data, trusted=[])
    except ModelError:
        raise
    except Exception as error:  # whatever a crafted archive makes skops or zipfile raise
        raise ModelError(
            f"{place}: is no model file ({type(error).__name__}); {_remedy(task)}"
        ) from None


def write(
    folder: Path, content: Any | None, metrics: Mapping[str, Any], card: str
) -> Mapping[str, Any]:
    """Write a task's folder, the metrics last; ``content`` None leaves it without a model.

    Returns the metrics as written. Raises ModelError for content that could not be read again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    place = folder / MODEL
    model: dict[str, Any] | None = None
    if content is None:
        place.unlink(missing_ok=True)
    else:
        data = _dumped(content)
        _loaded(data, place, folder.name)
        if len(data) > MAX_BYTES:
            raise ModelError(f"{place}: would take {len(data):,} bytes, more than {MAX_BYTES:,}")
        model = {"file": MODEL, "sha256": sha256(data), "bytes": len(data)}
        _replace(place, data)
    whole = {**metrics, "task": folder.name, "versions": versions(), "model": model}
    _replace(folder / CARD, card.encode())
    _replace(folder / METRICS, (json.dumps(whole, indent=1) + "\n").encode())
    return whole


def _dumped(content: Any) -> bytes:
    """The content as skops writes it, the same bytes for the same content.

    skops names its members by the addresses of objects and stamps the time; here members are
    numbered in the order they are named, and the archive bears no time.
    """
    import io
    import zipfile

    from skops.io import dumps

    source = zipfile.ZipFile(io.BytesIO(dumps(content)))
    schema = json.loads(source.read("schema.json"))
    names: dict[str, str] = {}
    numbers: dict[int, int] = {}
    _renumber(schema, names, numbers)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target:
        for old, new in [*names.items(), ("schema.json", "schema.json")]:
            data = json.dumps(schema).encode() if old == "schema.json" else source.read(old)
            member = zipfile.ZipInfo(new, date_time=(1980, 1, 1, 0, 0, 0))
            member.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(member, data)
    return out.getvalue()


def _renumber(node: Any, names: dict[str, str], numbers: dict[int, int]) -> None:
    if isinstance(node, list):
        for item in node:
            _renumber(item, names, numbers)
    elif isinstance(node, dict):
        if isinstance(node.get("__id__"), int):
            node["__id__"] = numbers.setdefault(node["__id__"], len(numbers) + 1)
        if isinstance(node.get("file"), str):
            old = node["file"]
            node["file"] = names.setdefault(old, f"{len(names)}{Path(old).suffix}")
        for value in node.values():
            _renumber(value, names, numbers)


def _replace(place: Path, data: bytes) -> None:
    beside = place.with_name(f".{place.name}.tmp")
    beside.write_bytes(data)
    os.replace(beside, place)


def sha256(data: bytes) -> str:
    """The hash of some bytes, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def _whole(number: str) -> str:
    return number


def _line(number: str) -> tuple[str, ...]:
    return tuple(number.split(".")[:2])


def _remedy(task: str) -> str:
    return (
        "install facetcode again for the shipped model, train yours again with facetcode train, "
        f"remove its folder '{task}', or work without models (--models none)"
    )
