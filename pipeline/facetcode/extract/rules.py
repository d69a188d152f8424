"""Rule files: YAML under ``patterns/``, loaded once and refused when malformed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
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


class Text(str):
    """A note's text that keeps its small-letter form; both have the same length."""

    low: str

    def __new__(cls, text: str) -> Text:
        made = super().__new__(cls, text)
        made.low = lowered(text)
        return made


def lowered(text: str) -> str:
    """The text in small letters, as long as it was: a letter whose small form is longer stays."""
    low = text.lower()
    if len(low) == len(text):
        return low
    return "".join(c.lower() if len(c.lower()) == 1 else c for c in text)


class Words:
    """Patterns that start only where a word does, letter case ignored; matches name offsets.

    Every rule starts at a word; saying so once lets the engine skip most of a note without trying
    a hundred alternatives at each character. Matching small letters in small-letter text is more
    than twice as fast as ignoring case; where a pattern minds case in a part (``(?-i:RT)``), the
    text is searched as it stands. ``group()`` may be in small letters.
    """

    def __init__(self, alternatives: Iterable[str], flags: int = 0) -> None:
        sources = [part for source in alternatives for part in _alternatives(source)]
        self._folds = not any("(?-i:" in source for source in sources)
        if self._folds:
            sources = [_small(source.removeprefix(r"\b")) for source in sources]
        else:
            flags |= re.IGNORECASE
        joined = "|".join(f"(?:{source})" for source in sources)
        self._pattern = re.compile(f"(?<![A-Za-z0-9])(?:{joined})", flags)

    def finditer(
        self, text: str, start: int = 0, end: int | None = None
    ) -> Iterator[re.Match[str]]:
        """As of ``re.Pattern``."""
        searched = self._searched(text)
        return self._pattern.finditer(searched, start, len(text) if end is None else end)

    def search(self, text: str, start: int = 0, end: int | None = None) -> re.Match[str] | None:
        """As of ``re.Pattern``."""
        searched = self._searched(text)
        return self._pattern.search(searched, start, len(text) if end is None else end)

    def _searched(self, text: str) -> str:
        if not self._folds:
            return text
        return text.low if isinstance(text, Text) else lowered(text)


def at_words(patterns: str | Iterable[str], flags: int = 0) -> Words:
    """Patterns put together into one that starts only where a word does."""
    return Words([patterns] if isinstance(patterns, str) else patterns, flags)


_ESCAPED = re.compile(r"\\.|[A-Z]", re.DOTALL)


def _small(source: str) -> str:
    """A pattern's letters in small form; escapes like ``\\S`` mean something else than ``\\s``."""
    return _ESCAPED.sub(lambda m: m.group() if m.group()[0] == "\\" else m.group().lower(), source)


_PART = re.compile(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|[()|]", re.DOTALL)


def _alternatives(source: str) -> list[str]:
    """The parts of a pattern between the bars that stand in no bracket."""
    cuts, depth = [0], 0
    for part in _PART.finditer(source):
        mark = part.group()
        depth += (mark == "(") - (mark == ")")
        if mark == "|" and depth == 0:
            cuts.append(part.end())
    ends = [cut - 1 for cut in cuts[1:]] + [len(source)]
    return [source[start:end] for start, end in zip(cuts, ends, strict=True)]
