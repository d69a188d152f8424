"""The sample as a file: everything somebody needs who would draw it again, or doubts it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facetcode import __version__
from facetcode.audit.draw import METHODS, Draw, Drawn, Frame, ids_hash
from facetcode.claims import Claim
from facetcode.errors import FacetcodeError

SCHEMA = 1
RULE = "ascending SHA-256 of seed, line feed, note_id; the first of each stratum, spares after them"


@dataclass(frozen=True, slots=True)
class Sample:
    """A drawn sample, as its file says it."""

    method: str
    seed: int
    by: str | None
    records_sha256: str
    universe: int
    frame: int
    frame_where: tuple[str, ...]
    frame_sha256: str
    strata: Mapping[str, tuple[int, int]]
    sample: tuple[Drawn, ...]
    spares: tuple[Drawn, ...]

    @property
    def stratum_of(self) -> dict[str, str]:
        """Note id, of the sample or of a spare, to its stratum."""
        return {drawn.note_id: drawn.stratum for drawn in (*self.sample, *self.spares)}


def make_sample(
    claims: Sequence[Claim],
    frame: Frame,
    drawn: Draw,
    *,
    method: str,
    seed: int,
    by: str | None,
    records_sha256: str,
) -> Sample:
    """Put universe, frame, seed and method beside what was drawn."""
    return Sample(
        method=method,
        seed=seed,
        by=by,
        records_sha256=records_sha256,
        universe=len(claims),
        frame=len(frame.claims),
        frame_where=frame.where,
        frame_sha256=ids_hash(claim.note_id for claim in frame.claims),
        strata=drawn.strata,
        sample=drawn.sample,
        spares=drawn.spares,
    )


def sample_json(sample: Sample) -> str:
    """The file's text."""
    data = {
        "schema": SCHEMA,
        "kind": "facetcode audit sample",
        "version": __version__,
        "universe": {"records": sample.universe, "sha256": sample.records_sha256},
        "frame": {
            "records": sample.frame,
            "where": list(sample.frame_where),
            "ids_sha256": sample.frame_sha256,
        },
        "method": sample.method,
        "by": sample.by,
        "seed": sample.seed,
        "rule": RULE,
        "strata": [
            {"stratum": name, "frame": frame, "drawn": drawn}
            for name, (frame, drawn) in sample.strata.items()
        ],
        "sample": [{"note_id": d.note_id, "stratum": d.stratum} for d in sample.sample],
        "spares": [{"note_id": d.note_id, "stratum": d.stratum} for d in sample.spares],
    }
    return json.dumps(data, indent=1) + "\n"


def read_sample(path: Path) -> Sample:
    """Read a sample's file. Raises FacetcodeError for one that ``audit draw`` did not write."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FacetcodeError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise FacetcodeError(f"{path}: not JSON; give the file that audit draw wrote") from None
    try:
        return _sample(data)
    except (KeyError, TypeError, ValueError):
        raise FacetcodeError(
            f"{path}: not a sample of audit draw, or changed since; draw it again with its seed"
        ) from None


def _sample(data: Mapping[str, Any]) -> Sample:
    if data["schema"] != SCHEMA or data["method"] not in METHODS:
        raise ValueError("another schema")
    sample = Sample(
        method=data["method"],
        seed=int(data["seed"]),
        by=data["by"],
        records_sha256=str(data["universe"]["sha256"]),
        universe=int(data["universe"]["records"]),
        frame=int(data["frame"]["records"]),
        frame_where=tuple(map(str, data["frame"]["where"])),
        frame_sha256=str(data["frame"]["ids_sha256"]),
        strata={s["stratum"]: (int(s["frame"]), int(s["drawn"])) for s in data["strata"]},
        sample=tuple(Drawn(str(d["note_id"]), str(d["stratum"])) for d in data["sample"]),
        spares=tuple(Drawn(str(d["note_id"]), str(d["stratum"])) for d in data["spares"]),
    )
    ids = [drawn.note_id for drawn in (*sample.sample, *sample.spares)]
    if not sample.sample or len(set(ids)) != len(ids):
        raise ValueError("no note, or one twice")
    return sample
