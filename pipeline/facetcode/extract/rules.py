"""Rule files: YAML under ``patterns/``, loaded once and refused when malformed."""

from __future__ import annotations

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
