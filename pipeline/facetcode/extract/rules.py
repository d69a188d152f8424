"""Rule files: YAML under ``patterns/``, loaded once and refused when malformed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from facetcode.errors import FacetcodeError


@cache
def load_rules(name: str) -> Any:
    """The content of ``patterns/<name>.yaml``; FacetcodeError when it is missing or broken."""
    path = files("facetcode.extract") / "patterns" / f"{name}.yaml"
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise FacetcodeError(f"patterns/{name}.yaml is missing; reinstall facetcode") from error
    except yaml.YAMLError as error:
        raise FacetcodeError(f"patterns/{name}.yaml is not valid YAML: {error}") from error


def at_words(patterns: str | Iterable[str], flags: int = re.IGNORECASE) -> re.Pattern[str]:
    """Compile patterns into one that starts only where a word does.

    Every rule starts at a word; saying so once lets the engine skip most of a note without
    trying a hundred alternatives at each character.
    """
    joined = patterns if isinstance(patterns, str) else "|".join(f"(?:{p})" for p in patterns)
    return re.compile(f"(?<![A-Za-z0-9])(?:{joined})", flags)


def at_words_source(patterns: Iterable[str]) -> str:
    """The same as source text, for matchers that compile their own patterns."""
    return "(?<![A-Za-z0-9])(?:" + "|".join(f"(?:{p})" for p in patterns) + ")"
