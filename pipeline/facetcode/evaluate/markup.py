"""Labelled notes as annotators write them: YAML front matter, then text with inline marks.

The format is described in ``annotations/GUIDELINES.md``. The reader is strict, because a mark
lost in silence would be counted as a missed fact of the program.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from facetcode import anatomy
from facetcode.errors import AnnotationError
from facetcode.evaluate.gold import (
    ICD10,
    KINDS,
    MODALITIES,
    SIDES,
    WHENS,
    GoldNote,
    GoldRelief,
    GoldSpan,
    make_note,
    read_gold,
    to_gold,
)
from facetcode.evaluate.gold_check import check

__all__ = [
    "LABELS",
    "GoldNote",
    "GoldRelief",
    "GoldSpan",
    "check",
    "compile_folder",
    "parse_inline",
    "read_gold",
    "to_gold",
    "to_inline",
]

_NUMBER = r"\d+(\.\d+)?"
_TAG = re.compile(r"<(?P<slash>/?)(?P<name>[A-Za-z_]+)(?P<rest>[^<>]*)(?P<end>>?)")
_ATTRIBUTES = re.compile(r'(\s+[A-Za-z_]+="[^"]*")*\s*')
_ATTRIBUTE = re.compile(r'([A-Za-z_]+)="([^"]*)"')


def _is_percent(value: str) -> bool:
    return re.fullmatch(_NUMBER, value) is not None and float(value) <= 100


def _are_joints(value: str) -> bool:
    joints = value.split(" ") if value else []
    return len(set(joints)) == len(joints) and all(map(anatomy.is_cervical_thoracic, joints))


def _matches(pattern: str) -> Callable[[str], bool]:
    return lambda value: re.fullmatch(pattern, value) is not None


LABELS: dict[str, dict[str, Callable[[str], bool]]] = {
    "procedure": {"kind": KINDS.__contains__},
    # An empty joint is a mention whose nerves complete none.
    "level": {"joint": _are_joints, "side": SIDES.__contains__},
    "side": {"value": ("right", "left", "bilateral").__contains__},
    # What is not stated cannot be marked.
    "guidance": {"modality": lambda value: value in MODALITIES and value != "unstated"},
    "relief": {"low": _is_percent, "high": _is_percent, "when": WHENS.__contains__},
    # An empty code is a diagnosis in words.
    "diagnosis": {"code": _matches(rf"({ICD10})?")},
    "score": {
        "when": ("pre", "post", "other").__contains__,
        "value": _matches(rf"{_NUMBER}(-{_NUMBER})?"),
        "scale": _matches(r"[1-9]\d*"),
    },
}
"""Every mark's required attributes, each with the test its value must pass."""


def _attributes(label: str, rest: str, where: str) -> dict[str, str]:
    if not _ATTRIBUTES.fullmatch(rest):
        raise AnnotationError(f'{where}: malformed <{label}>; write <{label} key="value">')
    pairs = _ATTRIBUTE.findall(rest)
    attrs = dict(pairs)
    wanted = LABELS[label]
    for key in attrs:
        if key not in wanted:
            raise AnnotationError(f"{where}: <{label}> has no attribute {key!r}")
    if len(pairs) != len(attrs):
        raise AnnotationError(f"{where}: <{label}> repeats an attribute")
    for key, allows in wanted.items():
        if key not in attrs:
            raise AnnotationError(f"{where}: <{label}> lacks the attribute {key!r}")
        if not allows(attrs[key]):
            raise AnnotationError(f"{where}: <{label}> cannot have {key}={attrs[key]!r}")
    return attrs


def _marks(body: str, name: str, first_line: int) -> tuple[str, tuple[GoldSpan, ...]]:
    """Plain text and spans of a marked text that starts on ``first_line`` of its file."""
    spans: list[GoldSpan] = []
    parts: list[str] = []
    length = 0
    position = 0
    opened: tuple[str, dict[str, str], int, str] | None = None
    for tag in _TAG.finditer(body):
        label, closing = tag["name"], bool(tag["slash"])
        where = f"{name}:{first_line + body.count(chr(10), 0, tag.start())}"
        if label not in LABELS:
            # Notes hold "<3 months" and "<b>"; only a quoted attribute makes it a mistyped mark.
            if tag["end"] and _ATTRIBUTE.search(tag["rest"]):
                raise AnnotationError(f"{where}: unknown tag <{label}>; use {', '.join(LABELS)}")
            continue
        if not tag["end"]:
            raise AnnotationError(f"{where}: <{tag['slash']}{label} lacks its closing >")
        before = body[position : tag.start()]
        parts.append(before)
        length += len(before)
        position = tag.end()
        if not closing:
            if opened:
                raise AnnotationError(f"{where}: <{label}> inside <{opened[0]}>; marks do not nest")
            opened = (label, _attributes(label, tag["rest"], where), length, where)
            continue
        if opened is None or opened[0] != label or tag["rest"].strip():
            raise AnnotationError(f"{where}: stray </{label}>")
        marked = before
        if not marked or marked != marked.strip():
            raise AnnotationError(
                f"{where}: <{label}> is empty or holds blank space at its edge; mark the words only"
            )
        spans.append(GoldSpan(label, opened[2], length, opened[1]))
        opened = None
    if opened:
        raise AnnotationError(f"{opened[3]}: <{opened[0]}> is never closed")
    parts.append(body[position:])
    return "".join(parts), tuple(spans)


def _front_matter(source: str, name: str) -> tuple[dict[str, Any], dict[str, int]]:
    """Front-matter values and the file line of each key; duplicate keys are refused."""
    try:
        node = yaml.compose(source, Loader=yaml.SafeLoader)
        values = yaml.safe_load(source)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        raise AnnotationError(f"{name}:{line}: front matter is not YAML: {error.problem}") from None
    except ValueError:
        raise AnnotationError(f"{name}:1: front matter holds an impossible date") from None
    if not isinstance(node, yaml.MappingNode) or not isinstance(values, dict):
        raise AnnotationError(f"{name}:1: front matter must be key: value lines")
    lines: dict[str, int] = {}
    for key, value in node.value:
        pairs = value.value if isinstance(value, yaml.MappingNode) else []
        inner = [str(k.value) for k, _ in pairs]
        if str(key.value) in lines or len(set(inner)) != len(inner):
            raise AnnotationError(f"{name}:{key.start_mark.line + 2}: {key.value}: repeated key")
        # The first line of the file is the opening ---.
        lines[str(key.value)] = key.start_mark.line + 2
    return values, lines


def parse_inline(text: str, name: str) -> GoldNote:
    """Read one inline-marked note; ``name`` is the file's name for error messages.

    Raises AnnotationError naming file and line, never the note's words, for anything the
    guidelines do not allow.
    """
    if not text.startswith("---\n"):
        raise AnnotationError(f"{name}:1: a labelled note starts with a line of ---")
    end = text.find("\n---\n", 3)
    if end < 0:
        raise AnnotationError(f"{name}:1: front matter is not closed by a line of ---")
    values, lines = _front_matter(text[4:end], name)
    body = text[end + len("\n---\n") :].removesuffix("\n")
    plain, spans = _marks(body, name, text.count("\n", 0, end) + 3)
    if not plain.strip():
        raise AnnotationError(f"{name}:{text.count(chr(10)) + 1}: the note has no text")
    return make_note(values, plain, spans, name, lines)


def to_inline(note: GoldNote) -> str:
    """The note as an inline-marked file, the inverse of ``parse_inline``."""
    gold = to_gold(note)
    facts = gold.pop("facts")
    front = {
        **{key: gold[key] for key in ("note_id", "voice", "meta")},
        **facts,
        "levels": dict(note.levels),
        **{key: gold[key] for key in ("codes", "flags", "clean")},
    }
    parts: list[str] = []
    position = 0
    for span in note.spans:
        attrs = "".join(f' {key}="{value}"' for key, value in span.attrs.items())
        parts.append(note.text[position : span.start])
        parts.append(f"<{span.label}{attrs}>{note.text[span.start : span.end]}</{span.label}>")
        position = span.end
    parts.append(note.text[position:])
    head = yaml.safe_dump(front, sort_keys=False, allow_unicode=True, width=10_000)
    return f"---\n{head}---\n{''.join(parts)}\n"


def compile_folder(inline_dir: Path, gold_dir: Path) -> list[Path]:
    """Compile ``inline_dir/<voice>/<note_id>.txt`` to ``gold_dir/<voice>.jsonl`` and list those.

    Each file is replaced whole or not at all. Facts that disagree with their marks are not
    refused here: see ``check``. Raises AnnotationError for the first malformed note.
    """
    voices = sorted(folder for folder in inline_dir.iterdir() if folder.is_dir())
    compiled: dict[Path, list[str]] = {}
    for folder in voices:
        lines = compiled.setdefault(gold_dir / f"{folder.name}.jsonl", [])
        for path in sorted(folder.glob("*.txt")):
            name = f"{folder.name}/{path.name}"
            try:
                source = path.read_bytes().decode("utf-8")
            except UnicodeDecodeError:
                raise AnnotationError(f"{name}:1: not UTF-8; save the file as UTF-8") from None
            note = parse_inline(source, name)
            if (note.voice, note.note_id) != (folder.name, path.stem):
                raise AnnotationError(f"{name}:1: note_id and voice must match file and folder")
            lines.append(json.dumps(to_gold(note), ensure_ascii=False))
    gold_dir.mkdir(parents=True, exist_ok=True)
    for target, lines in compiled.items():
        partial = target.with_suffix(".jsonl.partial")
        partial.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
        os.replace(partial, target)
    return sorted(compiled)
