"""Notes a second on one core: facetcode and its peers, on the same notes in the same run.

    python benchmarks/speed.py [NOTES...] [--limit N] [--json FILE] [--chart FILE]

Two sets: notes of facet blocks, and a mixed export of which one note in twenty is one. The systems
take turns on small batches, so that whatever else the machine does slows all of them alike: read
the ratios, not the absolute figures. Cold start and peak memory are measured in processes of their
own. Peers get the targets facetcode looks for; what they find they do not turn into codes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
REAL = ROOT.parent / "shared" / "notes" / "real_notes.jsonl"
LABELLED = [ROOT / "annotations" / "inline", ROOT / "annotations" / "samples"]
BATCH = 20
FACET_SHARE = 20
"""One note in so many of the mixed export is a facet block's."""
FLOOR = "medspaCy, stock"

System = Callable[[str], object]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("notes", nargs="*", type=Path, help="JSON Lines with note_id and text")
    parser.add_argument("--limit", type=int, default=200, help="notes a set at most (200)")
    parser.add_argument("--json", type=Path, help="write the figures there")
    parser.add_argument("--chart", type=Path, help="draw the figures there, as SVG")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(alone(given.one)))
        return
    on_one_core()
    quiet()
    sets = sets_of(given.notes, given.limit)
    systems: dict[str, System] = {}
    for name, build in BUILDERS.items():
        try:
            systems[name] = build()
        except ModuleNotFoundError as error:
            print(f"{name}: left out, {error.name} is not installed", file=sys.stderr)
    figures: dict[str, Any] = {
        "machine": f"one core, {platform.machine()}, Python {platform.python_version()}",
        "versions": {name: version(name) for name in ("medspacy", "spacy")},
        "sets": {},
        "alone": {name: measured_alone(name) for name in systems},
    }
    for title, texts in sets.items():
        spent = timed(systems, texts)
        figures["sets"][title] = {
            "notes": len(texts),
            "characters": sum(map(len, texts)),
            "seconds": spent,
        }
        report(title, texts, spent)
    for name, cold in figures["alone"].items():
        print(f"{name:28} ready after {cold['seconds']:5.1f} s, {cold['megabytes']:6.0f} MB")
    if given.json:
        given.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    if given.chart:
        given.chart.write_text(chart(figures["sets"]), encoding="utf-8")


def on_one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def quiet() -> None:
    # PyRuSH, stock medspaCy's sentence splitter, logs every token of a note to standard error.
    from loguru import logger

    logger.disable("PyRuSH")


def timed(systems: dict[str, System], texts: Sequence[str]) -> dict[str, float]:
    """Seconds each system took for all of the texts."""
    for system in systems.values():
        system(texts[0])
    spent = dict.fromkeys(systems, 0.0)
    pending = iter(texts)
    while batch := list(islice(pending, BATCH)):
        for name, system in systems.items():
            start = time.perf_counter()
            for text in batch:
                system(text)
            spent[name] += time.perf_counter() - start
    return spent


def sets_of(paths: list[Path], limit: int) -> dict[str, list[str]]:
    """The facet notes, and the mixed export; given files are one set of their own."""
    if paths:
        from facetcode.notes.formats import read
        from facetcode.notes.note import Note

        texts = [item.text for item in read(paths) if isinstance(item, Note)]
        return {"given notes": spread(texts, limit)}
    facet, other = [], []
    for note in labelled():
        (facet if note.status != "not_applicable" else other).append(note.text)
    for record in real():
        ours = record["kind"] == "cervical_thoracic_facet"
        (facet if ours else other).append(record["text"])
    facet = spread(facet, limit)
    rare = max(1, limit // FACET_SHARE)
    mixed = spread(facet, rare) + spread(other, limit - rare)
    return {"facet notes": facet, "mixed export": mixed}


def labelled() -> Iterator[Any]:
    from facetcode.evaluate.markup import parse_inline

    for folder in LABELLED:
        for path in sorted(folder.rglob("*.txt")):
            text = path.read_text(encoding="utf-8")
            if text.startswith("---"):
                yield parse_inline(text, path.stem)


def real() -> Iterator[dict[str, Any]]:
    if REAL.exists():
        with REAL.open(encoding="utf-8") as file:
            yield from map(json.loads, file)


def spread(texts: list[str], limit: int) -> list[str]:
    """At most ``limit`` notes taken evenly: an export is often sorted by kind."""
    if len(texts) <= limit:
        return texts
    return [texts[i * len(texts) // limit] for i in range(limit)]


# The systems.


def facetcode() -> System:
    """The whole path: facts, lines, flags, as a line of JSON."""
    from facetcode import load
    from facetcode.record import to_json

    coder = load("medicare")
    return lambda text: json.dumps(to_json(coder(text)))


def facetcode_rules() -> System:
    """The same without trained models: what confidence and novelty cost is the difference."""
    from facetcode import load
    from facetcode.record import to_json

    coder = load("medicare", models="none")
    return lambda text: json.dumps(to_json(coder(text)))


def target_rules() -> list[tuple[str, str]]:
    """Label and pattern of what facetcode looks for, for the peers to look for too."""
    from facetcode.extract.rules import load_rules

    return [
        (entry["label"], pattern)
        for entry in load_rules("targets")
        for pattern in entry["patterns"]
        if entry["label"] != "ACT"
    ] + [("LEVEL", r"\b[CTL]\d{1,2}(?:\s?[-/]\s?[CTL]?\d{1,2})?\b")]


def medspacy_with(sentences: str | None) -> System:
    import medspacy
    from medspacy.ner import TargetRule

    if sentences is None:
        nlp = medspacy.load()
    else:
        nlp = medspacy.load(medspacy_enable={"medspacy_tokenizer", "medspacy_target_matcher"})
        nlp.add_pipe(sentences, first=True)
        nlp.add_pipe("medspacy_context")
    nlp.add_pipe("medspacy_sectionizer")
    matcher = nlp.get_pipe("medspacy_target_matcher")
    matcher.add([TargetRule(label, label, pattern=p) for label, p in target_rules()])
    return nlp


def edsnlp() -> System:
    """EDS-NLP with regular expressions as targets, sentences, negation and history."""
    import edsnlp

    nlp = edsnlp.blank("eds")
    nlp.add_pipe("eds.sentences")
    rules: dict[str, list[str]] = {}
    for label, pattern in target_rules():
        rules.setdefault(label, []).append(f"(?i){pattern}")
    nlp.add_pipe("eds.matcher", config={"regex": rules, "attr": "TEXT"})
    nlp.add_pipe("eds.negation")
    nlp.add_pipe("eds.history")
    return nlp


def bare_regex() -> System:
    """Nothing but the targets' regular expressions: what any reader of these rules must pay."""
    rules = [re.compile(pattern, re.IGNORECASE) for _, pattern in target_rules()]
    return lambda text: [match.span() for rule in rules for match in rule.finditer(text)]


BUILDERS: dict[str, Callable[[], System]] = {
    "facetcode": facetcode,
    "facetcode, rules alone": facetcode_rules,
    "bare regex": bare_regex,
    "EDS-NLP": edsnlp,
    "medspaCy, rule sentencizer": lambda: medspacy_with("sentencizer"),
    FLOOR: lambda: medspacy_with(None),
}


# Cold start and memory.


def alone(name: str) -> dict[str, float]:
    """Seconds until a system has read its first note, and the memory it then holds."""
    start = time.perf_counter()
    quiet()
    BUILDERS[name]()("Right C4-5 medial branch block under fluoroscopy.")
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def measured_alone(name: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, __file__, "--one", name], capture_output=True, text=True, check=True
    )
    figures: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return figures


# What is shown.


def report(title: str, texts: Sequence[str], spent: dict[str, float]) -> None:
    """Print a table of speeds, each also as a multiple of stock medspaCy's."""
    size = sum(map(len, texts)) / len(texts) / 1000
    print(f"{title}: {len(texts)} of {size:.1f} thousand characters")
    floor = spent.get(FLOOR, max(spent.values()))
    for name, seconds in spent.items():
        speed, each = len(texts) / seconds, 1000 * seconds / len(texts)
        print(f"  {name:28} {speed:8.1f} notes/s {each:8.2f} ms/note {floor / seconds:7.1f} x")


def chart(sets: dict[str, Any]) -> str:
    """Notes a second as bars on a logarithmic scale."""
    from math import log10

    rows: list[str] = []
    y = 10
    for title, figures in sets.items():
        y += 24
        rows.append(f'<text x="10" y="{y}" font-weight="600">{title}, notes a second</text>')
        for name, seconds in figures["seconds"].items():
            y += 22
            speed = figures["notes"] / seconds
            width = max(2.0, log10(max(speed, 1)) / 4.5 * 420)
            colour = "#2f7d5b" if name == "facetcode" else "#9aa3ad"
            rows.append(
                f'<text x="200" y="{y + 12}" text-anchor="end">{name}</text>'
                f'<rect x="208" y="{y}" width="{width:.0f}" height="16" fill="{colour}"/>'
                f'<text x="{214 + width:.0f}" y="{y + 12}">{speed:,.0f}</text>'
            )
        y += 22
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 {y}" '
        f'font-family="system-ui,sans-serif" font-size="12">{"".join(rows)}</svg>\n'
    )


if __name__ == "__main__":
    main()
