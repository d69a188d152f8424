"""Notes per second on one core: facetcode and stock medspaCy, on the same notes in the same run.

    python benchmarks/speed.py [NOTES...] [--limit N]

The systems take turns on small batches, so that whatever else the machine does slows all of them
alike: read the ratios, not the absolute figures. Building each pipeline is timed apart.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "notes" / "real_notes.jsonl"
SAMPLES = ROOT / "annotations" / "samples"
BATCH = 20

System = Callable[[str], object]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("notes", nargs="*", type=Path, help="files or folders of notes")
    parser.add_argument("--limit", type=int, default=400, help="at most this many notes (400)")
    given = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    # PyRuSH, stock medspaCy's sentence splitter, logs every token of a note to standard error.
    from loguru import logger

    logger.disable("PyRuSH")

    paths = given.notes or [REAL if REAL.exists() else SAMPLES]
    texts = spread(list(note_texts(paths)), given.limit)
    if not texts:
        sys.exit(f"no notes in {', '.join(map(str, paths))}")
    systems: dict[str, System] = {}
    for name, build in BUILDERS.items():
        start = time.perf_counter()
        systems[name] = build()
        systems[name](texts[0])
        print(f"{name}: ready after {time.perf_counter() - start:.1f} s", file=sys.stderr)
    spent = dict.fromkeys(systems, 0.0)
    pending = iter(texts)
    while batch := list(islice(pending, BATCH)):
        for name, system in systems.items():
            start = time.perf_counter()
            for text in batch:
                system(text)
            spent[name] += time.perf_counter() - start
    report(texts, spent)


def note_texts(paths: list[Path]) -> Iterator[str]:
    from facetcode.notes.formats import read
    from facetcode.notes.note import Note

    return (item.text for item in read(paths) if isinstance(item, Note))


def spread(texts: list[str], limit: int) -> list[str]:
    """At most ``limit`` notes taken evenly: an export is often sorted by kind."""
    if len(texts) <= limit:
        return texts
    return [texts[i * len(texts) // limit] for i in range(limit)]


def facetcode() -> System:
    """The whole path: facts, lines, flags."""
    from facetcode import load

    return load("medicare")


def facetcode_unscreened() -> System:
    """The same without the screen that spares notes which cannot hold a facet block."""
    from facetcode.coder import Coder
    from facetcode.coding import load_policy
    from facetcode.extract.build import Extractor

    return Coder(load_policy("medicare"), Extractor(screen=False))


def medspacy_stock() -> System:
    """medspaCy as it loads itself, with its sectionizer, which finds no codes."""
    import medspacy

    nlp = medspacy.load()
    nlp.add_pipe("medspacy_sectionizer")
    return nlp


BUILDERS: dict[str, Callable[[], System]] = {
    "facetcode": facetcode,
    "facetcode, no screen": facetcode_unscreened,
    "medspaCy, stock": medspacy_stock,
}


def report(texts: list[str], spent: dict[str, float]) -> None:
    """Print a table of speeds, each also as a multiple of the slowest system's."""
    slowest = max(spent.values())
    size = sum(map(len, texts)) / len(texts) / 1000
    print(f"{len(texts)} notes of {size:.1f} thousand characters, one core,", end=" ")
    print(f"Python {platform.python_version()}")
    for name, seconds in spent.items():
        speed, each = len(texts) / seconds, 1000 * seconds / len(texts)
        print(f"{name:22} {speed:8.1f} notes/s {each:8.2f} ms/note {slowest / seconds:7.1f} x")


if __name__ == "__main__":
    main()
