"""Label Studio's JSON: tasks with annotations or predictions out, its raw export in.

Marks are regions of ``<Labels name="mark">``; an attribute is a per-region ``Choices`` or
``TextArea`` named ``<label>_<attribute>``, which shares the region's id. What is stated of the note
as a whole are controls without a region. Offsets are code points, as Label Studio has counted
since its frontend's pull request 308.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from facetcode.annotate.document import Document, ordered
from facetcode.annotate.label_studio_config import CHOICES, LISTS, MAY_BE_EMPTY, ONE, TEXTS
from facetcode.annotate.offsets import CODE_POINTS, is_ambiguous, to_code_points
from facetcode.errors import AnnotationError
from facetcode.evaluate.gold import POLICIES, GoldSpan


def tasks(
    documents: Iterable[Document], suggested: Mapping[str, Document] | None = None
) -> list[dict[str, Any]]:
    """Tasks to import: labels as an annotation, suggestions (by note id) as a prediction."""
    made = []
    for document in documents:
        data = {
            "text": document.text,
            "note_id": document.note_id,
            "voice": document.front["voice"],
            "meta": dict(document.front["meta"]),
            "source_id": document.source_id,
            "text_sha256": document.sha256,
        }
        task: dict[str, Any] = {"data": data}
        if "status" in document.front:
            task["annotations"] = [{"result": _results(document)}]
        hint = (suggested or {}).get(document.note_id)
        if hint is not None:
            task["predictions"] = [{"model_version": "facetcode", "result": _results(hint)}]
        made.append(task)
    return made


def write(
    documents: Iterable[Document], suggested: Mapping[str, Document] | None = None
) -> Iterator[bytes]:
    """The file of tasks, in pieces."""
    yield (json.dumps(tasks(documents, suggested), ensure_ascii=True, indent=1) + "\n").encode()


def _results(document: Document) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = []
    for number, span in enumerate(document.spans, start=1):
        place = {
            "start": span.start, "end": span.end, "text": document.text[span.start : span.end]
        }  # fmt: skip
        region = f"mark{number}"
        results.append(_result("mark", "labels", {**place, "labels": [span.label]}, region))
        for key, value in span.attrs.items():
            if value:
                shape = _value(span.label, key, value)
                kind = "choices" if "choices" in shape else "textarea"
                results.append(_result(f"{span.label}_{key}", kind, {**place, **shape}, region))
    return results + _fact_results(document.front)


def _value(label: str, key: str, value: str) -> dict[str, list[str]]:
    if (label, key) in CHOICES:
        return {"choices": value.split(" ") if key == "joint" else [value]}
    return {"text": [value]}


def _fact_results(front: Mapping[str, Any]) -> list[dict[str, Any]]:
    procedure = front["procedure"]
    one = {
        "status": front["status"],
        "kind": procedure["kind"],
        "intent": procedure["intent"],
        "ordinal": procedure["ordinal"],
        "named_as": front["named_as"],
        "guidance": front["guidance"],
        "clean": "yes" if front["clean"] else "no",
    }
    lists: dict[str, list[str]] = {
        "levels": [f"{joint} {side}" for joint, side in front["levels"].items()],
        "relief": [f"{r['low']:g} {r['high']:g} {r['when']}" for r in front["relief"]],
        "diagnoses": list(front["diagnoses"]),
        **{f"codes_{policy}": list(front["codes"][policy]) for policy in POLICIES},
    }
    results = [
        _result(name, "choices", {"choices": [str(value)]}, f"note_{name}")
        for name, value in one.items()
        if value is not None
    ]
    results += [
        _result(name, "textarea", {"text": lines}, f"note_{name}")
        for name, lines in lists.items()
        if lines
    ]
    if front["flags"]:
        results.append(_result("flags", "choices", {"choices": list(front["flags"])}, "note_flags"))
    return results


def _result(name: str, kind: str, value: Mapping[str, Any], region: str) -> dict[str, Any]:
    return {"id": region, "from_name": name, "to_name": "text", "type": kind, "value": dict(value)}


def read(paths: Iterable[Path]) -> Iterator[Document]:
    """The annotated notes of exports (JSON, not JSON-MIN). Raises AnnotationError for no export.

    Cancelled annotations do not count. A task with none, or with several, is a problem: which of
    them is right is for people to say.
    """
    for path in paths:
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError) as error:
            raise AnnotationError(
                f"{path}: cannot be read as JSON ({type(error).__name__}); export it as JSON"
            ) from None
        if not isinstance(data, list):
            raise AnnotationError(
                f"{path}: not a list of tasks; export it from Label Studio as JSON"
            )
        for number, task in enumerate(data, start=1):
            where = f"{path}: task {number}"
            try:
                yield _document(task, where)
            except (KeyError, TypeError, AttributeError, ValueError, IndexError):
                raise AnnotationError(
                    f"{where}: not a task as Label Studio exports it; choose JSON, not JSON-MIN"
                ) from None


def _document(task: Mapping[str, Any], where: str) -> Document:
    data = task["data"]
    text = data["text"]
    if not isinstance(text, str):
        raise TypeError("text")
    known = {key: data[key] for key in ("note_id", "voice", "meta") if key in data}
    problems: list[str] = []
    done = [a for a in task.get("annotations", ()) if not a.get("was_cancelled")]
    if len(done) != 1:
        said = "is not annotated yet" if not done else f"has {len(done)} annotations; keep one"
        problems.append(f"the task {said}")
    # Relations between regions come without a control; they are no marks of ours.
    given = done[0]["result"] if len(done) == 1 else []
    results = [result for result in given if "from_name" in result]
    regions = [r for r in results if r["type"] == "labels"]
    claimed = [
        (int(r["value"]["start"]), int(r["value"]["end"]), r["value"].get("text")) for r in regions
    ]
    places, reading = to_code_points(text, claimed)
    attrs = _attributes(results)
    spans: list[GoldSpan] = []
    for region, place in zip(regions, places, strict=True):
        labels = region["value"]["labels"]
        if place is None:
            start, end = region["value"]["start"], region["value"]["end"]
            problems.append(f"the words kept with the mark at {start}-{end} do not stand there")
            continue
        if len(labels) != 1:
            problems.append(f"the mark at {place[0]}-{place[1]} has {len(labels)} labels; keep one")
            continue
        own = dict(attrs.get(str(region["id"]), {}).get(labels[0], {}))
        for label, key in MAY_BE_EMPTY:
            if label == labels[0]:
                own.setdefault(key, "")
        spans.append(ordered(GoldSpan(str(labels[0]), *place, own)))
    notices = []
    if len(results) < len(given):
        notices.append("relations between its marks were left out")
    if reading != CODE_POINTS:
        notices.append(f"its offsets count {reading}; they were converted")
    elif is_ambiguous(text) and any(words is None for *_, words in claimed):
        notices.append("its marks keep no words, so that nothing proves how their offsets count")
    front, wrong = _facts(results)
    return Document(
        {**known, **front},
        text,
        tuple(sorted(spans, key=lambda s: (s.start, s.end))),
        where,
        str(data.get("text_sha256") or ""),
        str(data.get("source_id") or ""),
        "",
        (*problems, *wrong),
        tuple(notices),
    )


def _attributes(results: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, dict[str, str]]]:
    """Region to label to the attributes given with it."""
    found: dict[str, dict[str, dict[str, str]]] = {}
    for result in results:
        label, _, key = str(result["from_name"]).partition("_")
        if (label, key) in CHOICES:
            values = result["value"]["choices"]
        elif (label, key) in TEXTS:
            values = result["value"]["text"]
            values = [values] if isinstance(values, str) else values
        else:
            continue
        value = " ".join(str(v).strip() for v in values)
        found.setdefault(str(result["id"]), {}).setdefault(label, {})[key] = value
    return found


def _facts(results: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], list[str]]:
    """What is stated of the note; nothing where no control of it was touched."""
    one: dict[str, str] = {}
    lists: dict[str, list[str]] = {}
    for result in results:
        name = str(result["from_name"])
        if name in ONE:
            one[name] = str(result["value"]["choices"][0])
        elif name == "flags":
            lists[name] = [str(v) for v in result["value"]["choices"]]
        elif name in LISTS:
            values = result["value"]["text"]
            values = [values] if isinstance(values, str) else values
            lists[name] = [
                line.strip() for v in values for line in str(v).split("\n") if line.strip()
            ]
    if "status" not in one:
        return {}, []
    wrong: list[str] = []
    levels: dict[str, str] = {}
    for line in lists.get("levels", ()):
        joint, _, side = line.partition(" ")
        if joint in levels:
            wrong.append("levels: a joint stands twice; give it one side, bilateral say")
        levels[joint] = side.strip()
    relief = []
    for line in lists.get("relief", ()):
        try:
            low, high, when = line.split()
            relief.append({"low": _number(low), "high": _number(high), "when": when})
        except ValueError:
            wrong.append("relief: write low, high and when, a blank between: 80 90 prior")
    front = {
        "status": one["status"],
        "procedure": {
            "kind": one.get("kind"),
            "intent": one.get("intent", "unstated"),
            "ordinal": int(one["ordinal"]) if "ordinal" in one else None,
        },
        "levels": levels,
        "named_as": one.get("named_as"),
        "guidance": one.get("guidance"),
        "relief": relief,
        "diagnoses": lists.get("diagnoses", []),
        "codes": {policy: lists.get(f"codes_{policy}", []) for policy in POLICIES},
        "flags": lists.get("flags", []),
        "clean": one.get("clean") == "yes",
    }
    return front, wrong


def _number(text: str) -> float:
    value = float(text)
    return int(value) if value.is_integer() else value
