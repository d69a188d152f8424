"""A note template that asks for what a policy needs, and for nothing that leads to an answer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from facetcode.coding import InForce
from facetcode.coding.policy_file import YamlFile
from facetcode.coding.rules import FLAG_CODES

Purpose = Literal["diagnostic", "therapeutic"]
_PURPOSES = ("diagnostic", "therapeutic")
_FILE = Path(__file__).with_name("template.yaml")


@dataclass(frozen=True, slots=True)
class Field:
    """One line of the template; ``flags`` are raised where it is left out, when they are asked."""

    heading: str
    label: str
    blank: str
    flags: tuple[str, ...] = ()
    purpose: str = ""
    """The one purpose the field belongs to; empty for both."""


@cache
def load_fields(path: Path = _FILE) -> tuple[str, tuple[Field, ...]]:
    """The template's title and fields; PolicyError names file and line of a mistake."""
    file = YamlFile(path)
    root = file.root()
    top = file.pairs(root, "the file", ("title", "parts"))
    fields: list[Field] = []
    for part in file.items(file.need(top, "parts", root, "the file"), "parts"):
        keys = file.pairs(part, "a part", ("heading", "fields"))
        heading = file.text(file.need(keys, "heading", part, "a part"), "heading")
        for node in file.items(file.need(keys, "fields", part, "a part"), "fields"):
            given = file.pairs(node, "a field", ("label", "blank", "flags", "for"))
            flags = file.items(given["flags"][1], "flags") if "flags" in given else []
            purpose = file.word(given["for"][1], "for", _PURPOSES) if "for" in given else ""
            fields.append(
                Field(
                    heading,
                    file.text(file.need(given, "label", node, "a field"), "label"),
                    file.text(file.need(given, "blank", node, "a field"), "blank"),
                    tuple(file.word(f, "a flag", tuple(sorted(FLAG_CODES))) for f in flags),
                    purpose,
                )
            )
    return file.text(file.need(top, "title", root, "the file"), "title"), tuple(fields)


def fields_for(policy: InForce, purpose: Purpose | None = None) -> tuple[Field, ...]:
    """The fields a policy asks for, for blocks of one purpose or of both."""
    return tuple(
        field
        for field in load_fields()[1]
        if (purpose is None or field.purpose in ("", purpose))
        and (not field.flags or asked(field, policy))
    )


def asked(field: Field, policy: InForce) -> tuple[str, ...]:
    """The field's flags that the policy raises at all."""
    return tuple(code for code in field.flags if policy.flags[code].severity is not None)


def plain(policy: InForce, purpose: Purpose | None = None) -> str:
    """The template as plain text, a field a line, to paste into a record system."""
    return "\n".join(_plain(policy, purpose)) + "\n"


def _plain(policy: InForce, purpose: Purpose | None) -> Iterator[str]:
    yield load_fields()[0]
    heading = ""
    for field in fields_for(policy, purpose):
        if field.heading != heading:
            heading = field.heading
            yield f"\n{heading}"
        yield f"{_label(field, purpose)}: {field.blank}"


def markdown(policy: InForce, purpose: Purpose | None = None) -> str:
    """The template as Markdown, and below a rule why each field is there and who asks for it."""
    kind = f", {purpose} blocks" if purpose else ""
    rows = [
        "# Note template",
        f"Policy {policy.label}{kind}. Copy the block into your record system. `***` is free "
        "text; of a choice in brackets keep what is true. Nothing is filled in beforehand.",
        "",
        "```text",
        plain(policy, purpose).rstrip("\n"),
        "```",
        "",
        "## Why each field is there",
        "",
        "| field | missing, it raises | asked by |",
        "| --- | --- | --- |",
    ]
    for field in fields_for(policy, purpose):
        codes = asked(field, policy)
        by = dict.fromkeys(policy.flags[code].authority for code in codes)
        rows.append(
            f"| {_cell(field.label)} | {', '.join(codes) or 'nothing of its own'} "
            f"| {_cell('; '.join(by)) or 'every note'} |"
        )
    return "\n".join(rows) + "\n"


def _label(field: Field, purpose: Purpose | None) -> str:
    if field.purpose and purpose is None:
        return f"{field.label} ({field.purpose} blocks)"
    return field.label


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
