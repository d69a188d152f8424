"""One policy file, read strictly: every mistake is a PolicyError that names file and line.

The YAML is read as a node tree and not through a constructor, because only nodes still know
their line, and because PyYAML's constructors let a repeated key overwrite the first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Literal, NoReturn, TypeAlias, get_args

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from facetcode.coding.rules import FLAG_CODES, KEYS, UNKNOWN, Plain, Value
from facetcode.errors import PolicyError

Sure = Literal["primary", "data", "secondary", "memory"]

_TOP = ("name", "description", "inherits", "effective", "until", "values", "flags")
_ENTRY = ("effective", "until", "value", "cite", "sure")
_CITE = ("document", "version", "section", "read")
_SEVERITIES = ("hard", "soft", "info", "off")
_TAG = "tag:yaml.org,2002:"
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cite:
    """Where a value was read, and when."""

    document: str
    version: str
    section: str
    read: date


@dataclass(frozen=True, slots=True)
class Entry:
    """One dated value; ``until`` is its last day, None while it still holds."""

    effective: date
    until: date | None
    value: Value
    cite: Cite
    sure: Sure
    where: str
    """``file:line``."""
    authority: str | None = None
    """A flag's authority where it is not the cited document."""


@dataclass(frozen=True, slots=True)
class PolicyFile:
    """A policy file's own content, before inheritance."""

    name: str
    description: str
    inherits: tuple[str, ...]
    effective: date | None
    until: date | None
    values: Mapping[str, tuple[Entry, ...]]
    flags: Mapping[str, tuple[Entry, ...]]
    path: Path
    inherits_where: str = ""


Pairs: TypeAlias = dict[str, tuple[Node, Node]]


class YamlFile:
    """A YAML file as nodes, with the readers that say where a mistake stands."""

    def __init__(self, path: Path, error: type[PolicyError] = PolicyError) -> None:
        self.path = path
        self.error = error

    def root(self) -> Node:
        """The document's root node; errors on unreadable files, broken YAML and empty files."""
        try:
            text = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as problem:
            raise self.error(f"{self.path}: cannot be read as UTF-8 text") from problem
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            node = yaml.compose(text, Loader=loader)
        except yaml.MarkedYAMLError as problem:
            mark = problem.problem_mark or problem.context_mark
            line = mark.line + 1 if mark else 1
            raise self.error(f"{self.path}:{line}: not valid YAML: {problem.problem}") from problem
        except yaml.YAMLError as problem:
            raise self.error(f"{self.path}:1: not valid YAML: {problem}") from problem
        if node is None:
            raise self.error(f"{self.path}:1: the file is empty")
        return node

    def where(self, node: Node) -> str:
        return f"{self.path}:{node.start_mark.line + 1}"

    def fail(self, node: Node, problem: str) -> NoReturn:
        raise self.error(f"{self.where(node)}: {problem}")

    def pairs(
        self, node: Node, what: str, allowed: tuple[str, ...] | frozenset[str] | None = None
    ) -> Pairs:
        """A mapping's keys with their key and value nodes; unknown and repeated keys fail."""
        if not isinstance(node, MappingNode):
            self.fail(node, f"{what} must be a mapping of keys to values")
        found: Pairs = {}
        for key_node, value_node in node.value:
            key = self.text(key_node, f"a key of {what}")
            if key in found:
                self.fail(key_node, f"'{key}' stands twice in {what}")
            if allowed is not None and key not in allowed:
                names = ", ".join(sorted(allowed) if isinstance(allowed, frozenset) else allowed)
                self.fail(key_node, f"'{key}' is not a key of {what}; known keys: {names}")
            found[key] = (key_node, value_node)
        return found

    def items(self, node: Node, what: str) -> list[Node]:
        if not isinstance(node, SequenceNode):
            self.fail(node, f"{what} must be a list")
        return list(node.value)

    def need(self, pairs: Pairs, key: str, node: Node, what: str) -> Node:
        if key not in pairs:
            self.fail(node, f"{what} has no '{key}'")
        return pairs[key][1]

    def text(self, node: Node, what: str) -> str:
        if not isinstance(node, ScalarNode) or not str(node.value).strip():
            self.fail(node, f"{what} must be text")
        return str(node.value).strip()

    def word(self, node: Node, what: str, allowed: tuple[str, ...]) -> str:
        word = self.text(node, what)
        if word not in allowed:
            self.fail(node, f"{what} is '{word}'; it must be one of {', '.join(allowed)}")
        return word

    def day(self, node: Node, what: str) -> date:
        text = self.text(node, what)
        try:
            day = date.fromisoformat(text)
        except ValueError:
            self.fail(node, f"{what} is '{text}', not a date like 2024-07-01")
        return day

    def plain(self, node: Node) -> Plain:
        """A scalar or a list of scalars as Python values; dates stay text."""
        if isinstance(node, SequenceNode):
            return [self.plain(item) for item in node.value]
        if not isinstance(node, ScalarNode):
            self.fail(node, "a value must be a scalar or a list, not a mapping")
        text = str(node.value)
        if node.tag == _TAG + "int" and text.lstrip("-").isdigit():
            return int(text)
        if node.tag == _TAG + "bool":
            return text.lower() in {"true", "yes", "on"}
        return None if node.tag == _TAG + "null" or text == "none" else text


def read_policy_file(path: Path) -> PolicyFile:
    """Read one file's own entries; inheritance and completeness are ``policy``'s."""
    file = YamlFile(path)
    root = file.root()
    top = file.pairs(root, "a policy file", _TOP)
    name = file.text(file.need(top, "name", root, "the policy file"), "'name'")
    if name != path.stem:
        file.fail(top["name"][1], f"'name' is '{name}', but the file is called '{path.name}'")
    inherits, inherits_where = _inherits(file, top)
    return PolicyFile(
        name=name,
        description=file.text(
            file.need(top, "description", root, "the policy file"), "'description'"
        ),
        inherits=inherits,
        effective=_optional_day(file, top, "effective"),
        until=_optional_day(file, top, "until"),
        values=_values(file, top),
        flags=_flags(file, top),
        path=path,
        inherits_where=inherits_where,
    )


def _inherits(file: YamlFile, top: Pairs) -> tuple[tuple[str, ...], str]:
    if "inherits" not in top:
        return (), ""
    node = top["inherits"][1]
    nodes = file.items(node, "'inherits'") if isinstance(node, SequenceNode) else [node]
    return tuple(file.text(item, "'inherits'") for item in nodes), file.where(node)


def _optional_day(file: YamlFile, top: Pairs, key: str) -> date | None:
    return file.day(top[key][1], f"'{key}'") if key in top else None


def _values(file: YamlFile, top: Pairs) -> dict[str, tuple[Entry, ...]]:
    if "values" not in top:
        return {}
    found = {}
    for key, (_, node) in file.pairs(top["values"][1], "'values'", frozenset(KEYS)).items():
        found[key] = _entries(file, node, key, _value_reader(file, key), _ENTRY)
    return found


def _flags(file: YamlFile, top: Pairs) -> dict[str, tuple[Entry, ...]]:
    if "flags" not in top:
        return {}

    def severity(node: Node) -> Value:
        return file.word(node, "a flag's 'value'", _SEVERITIES)

    found = {}
    for code, (_, node) in file.pairs(top["flags"][1], "'flags'", FLAG_CODES).items():
        found[code] = _entries(file, node, code, severity, (*_ENTRY, "authority"))
    return found


def _value_reader(file: YamlFile, key: str) -> Callable[[Node], Value]:
    spec = KEYS[key]

    def read(node: Node) -> Value:
        plain = file.plain(node)
        if plain == "unknown":
            if not spec.may_be_unknown:
                file.fail(node, f"'{key}' must be known")
            return UNKNOWN
        try:
            return spec.read(plain)
        except ValueError as problem:
            file.fail(node, f"'{key}' {problem}")

    return read


def _entries(
    file: YamlFile,
    node: Node,
    key: str,
    read: Callable[[Node], Value],
    allowed: tuple[str, ...],
) -> tuple[Entry, ...]:
    nodes = file.items(node, f"'{key}'")
    if not nodes:
        file.fail(node, f"'{key}' has no entry")
    entries = [_entry(file, item, key, read, allowed) for item in nodes]
    closed = []
    for this, after, item in zip(entries, [*entries[1:], None], [*nodes[1:], node], strict=True):
        closed.append(this if after is None else _joined(file, key, this, after, item))
    return tuple(closed)


def _joined(file: YamlFile, key: str, this: Entry, after: Entry, node: Node) -> Entry:
    """The entry closed on the day before the next one; overlaps and gaps fail."""
    if after.effective <= this.effective:
        file.fail(node, f"'{key}' entries must run from the oldest to the newest, each day once")
    last = after.effective - _ONE_DAY
    if this.until is not None and this.until > last:
        file.fail(
            node,
            f"'{key}' overlaps: one entry runs until {this.until}, "
            f"the next begins {after.effective}",
        )
    if this.until is not None and this.until < last:
        file.fail(
            node,
            f"'{key}' has a gap: nothing holds between {this.until} and {after.effective}; "
            "write the value 'unknown' if nobody knows it",
        )
    return Entry(this.effective, last, this.value, this.cite, this.sure, this.where, this.authority)


def _entry(
    file: YamlFile, node: Node, key: str, read: Callable[[Node], Value], allowed: tuple[str, ...]
) -> Entry:
    what = f"an entry of '{key}'"
    pairs = file.pairs(node, what, allowed)
    effective = file.day(file.need(pairs, "effective", node, what), "'effective'")
    until = _optional_day(file, pairs, "until")
    if until is not None and until < effective:
        file.fail(pairs["until"][1], f"'{key}' ends {until}, before it begins {effective}")
    return Entry(
        effective=effective,
        until=until,
        value=read(file.need(pairs, "value", node, what)),
        cite=_cite(file, file.need(pairs, "cite", node, what), key),
        sure=file.word(file.need(pairs, "sure", node, what), "'sure'", get_args(Sure)),  # type: ignore[arg-type]
        where=file.where(node),
        authority=file.text(pairs["authority"][1], "'authority'") if "authority" in pairs else None,
    )


def _cite(file: YamlFile, node: Node, key: str) -> Cite:
    what = f"the citation of '{key}'"
    pairs = file.pairs(node, what, _CITE)
    document, version, section = (
        file.text(file.need(pairs, part, node, what), f"'{part}'") for part in _CITE[:3]
    )
    return Cite(
        document, version, section, file.day(file.need(pairs, "read", node, what), "'read'")
    )
