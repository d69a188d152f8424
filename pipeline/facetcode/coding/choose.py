"""Which policy a note is coded under, from its metadata and a mapping file the practice edits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

from yaml.nodes import Node, SequenceNode

from facetcode.coding.case import iso_date
from facetcode.coding.policy import InForce, Policy, load_policy, policy_names
from facetcode.coding.policy_file import YamlFile

EXAMPLE = Path(__file__).with_name("data") / "payers.yaml"
"""The documented example, which also serves until a practice writes its own."""

_WHEN = ("payer", "contractor", "state", "claim_type", "place_of_service", "note_type", "provider")
_CLAIM_SUFFIX = {"asc_facility": "-asc", "hopd_facility": "-hopd"}


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the mapping: patterns that must all match, dates, and the policy to use."""

    when: Mapping[str, tuple[str, ...]]
    policy: str
    where: str
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class PayerMapping:
    """A practice's mapping from payers to policies; the first rule that matches decides."""

    rules: tuple[Rule, ...]
    contractors: Mapping[str, str]
    """State to Medicare contractor, as in a policy's name."""
    otherwise: str
    folder: Path


@dataclass(frozen=True, slots=True)
class Choice:
    """The policy chosen and the row that chose it."""

    policy: str
    why: str
    matched: bool = True
    """False where no row fits and the mapping's ``otherwise`` decides."""


def load_mapping(path: Path | str | None = None) -> PayerMapping:
    """Read a mapping file, the shipped example without a path; PolicyError names file and line.

    A policy may be a name or a path relative to the mapping file. Every policy named outright
    must exist; names with ``{contractor}`` are tried with each contractor of the table.
    """
    file = YamlFile(Path(path) if path is not None else EXAMPLE)
    root = file.root()
    top = file.pairs(root, "a mapping file", ("description", "contractors", "rules", "otherwise"))
    contractors = {
        state: file.text(node, f"the contractor of {state}")
        for state, (_, node) in (
            file.pairs(top["contractors"][1], "'contractors'") if "contractors" in top else {}
        ).items()
    }
    otherwise = file.need(top, "otherwise", root, "the mapping file")
    folder = file.path.parent
    rules = tuple(
        _rule(file, node, contractors, folder)
        for node in file.items(file.need(top, "rules", root, "the mapping file"), "'rules'")
    )
    fallback = file.text(otherwise, "'otherwise'")
    _must_exist(file, otherwise, fallback, folder)
    return PayerMapping(rules, contractors, fallback, folder)


def choose_policy(meta: Mapping[str, str], mapping: PayerMapping) -> Choice:
    """Choose a note's policy by payer, contractor or state, claim type and date of service.

    Patterns ignore case and take ``*``; a key the note lacks matches no pattern. A rule with
    dates needs a date of service. ``{contractor}`` is the note's, or its state's; without
    either it falls away, so that ``medicare-{contractor}{claim}`` becomes ``medicare{claim}``.
    """
    day = iso_date(meta.get("date_of_service"))
    for rule in mapping.rules:
        if _matches(rule, meta, day):
            name = _fill(rule.policy, _contractor(meta, mapping), _claim(meta))
            return Choice(name, rule.where)
    return Choice(mapping.otherwise, "no rule matches: 'otherwise'", matched=False)


def policy_for(meta: Mapping[str, str], mapping: PayerMapping) -> InForce:
    """The chosen policy on the note's date of service, or its newest rules without a date.

    Raises NoPolicyInForce where the policy does not cover the date. A policy file is read once
    in the life of the process.
    """
    return load_chosen(choose_policy(meta, mapping), mapping).on(
        iso_date(meta.get("date_of_service"))
    )


def load_chosen(choice: Choice, mapping: PayerMapping) -> Policy:
    """The policy a choice names, from the files that ship or beside the mapping; read once."""
    return _loaded(mapping.folder, choice.policy)


@cache
def _loaded(folder: Path, name: str) -> Policy:
    return load_policy(name if name in policy_names() else folder / name)


def _rule(file: YamlFile, node: Node, contractors: Mapping[str, str], folder: Path) -> Rule:
    pairs = file.pairs(node, "a rule", ("when", "from", "until", "policy"))
    when = file.pairs(file.need(pairs, "when", node, "a rule"), "'when'", _WHEN)
    policy_node = file.need(pairs, "policy", node, "a rule")
    policy = file.text(policy_node, "'policy'")
    named = sorted(set(contractors.values())) if "{contractor}" in policy else [""]
    for contractor in named:
        for claim in ("", *_CLAIM_SUFFIX.values()) if "{claim}" in policy else ("",):
            _must_exist(file, policy_node, _fill(policy, contractor, claim), folder)
    return Rule(
        when={key: _patterns(file, value, key) for key, (_, value) in when.items()},
        policy=policy,
        where=file.where(node),
        first=file.day(pairs["from"][1], "'from'") if "from" in pairs else None,
        last=file.day(pairs["until"][1], "'until'") if "until" in pairs else None,
    )


def _patterns(file: YamlFile, node: Node, key: str) -> tuple[str, ...]:
    nodes = file.items(node, f"'{key}'") if isinstance(node, SequenceNode) else [node]
    return tuple(file.text(item, f"a pattern of '{key}'").lower() for item in nodes)


def _must_exist(file: YamlFile, node: Node, name: str, folder: Path) -> None:
    if name not in policy_names() and not (folder / name).is_file():
        file.fail(
            node,
            f"'{name}' is neither a policy nor a file beside the mapping; "
            f"policies: {', '.join(policy_names())}",
        )


def _matches(rule: Rule, meta: Mapping[str, str], day: date | None) -> bool:
    if (rule.first or rule.last) and day is None:
        return False
    if day is not None and (
        (rule.first is not None and day < rule.first) or (rule.last is not None and day > rule.last)
    ):
        return False
    return all(
        any(fnmatchcase(meta.get(key, "").strip().lower(), p) for p in patterns)
        for key, patterns in rule.when.items()
        if patterns
    )


def _contractor(meta: Mapping[str, str], mapping: PayerMapping) -> str:
    said = meta.get("contractor", "").strip().lower().replace(" ", "-")
    known = set(mapping.contractors.values())
    for name in sorted(known, key=len, reverse=True):
        if said == name or said.startswith(f"{name}-"):
            return name
    return mapping.contractors.get(meta.get("state", "").strip().upper(), "")


def _claim(meta: Mapping[str, str]) -> str:
    return _CLAIM_SUFFIX.get(meta.get("claim_type", "").strip(), "")


def _fill(policy: str, contractor: str, claim: str) -> str:
    if not contractor:
        policy = policy.replace("-{contractor}", "")
    return policy.replace("{contractor}", contractor).replace("{claim}", claim)
