"""medspaCy's parts, imported without the cost and the log of what facetcode does not use.

``import medspacy`` pulls in quickumls (nltk, scipy.stats: seconds) for a UMLS component, and
PyRuSH, which logs every token of a note through loguru at DEBUG level. A placeholder stands in
for quickumls while medspaCy is imported and is taken away again, so a program that really uses
quickumls still gets it; PyRuSH's logger is switched off because no note text may reach a log.
"""

from __future__ import annotations

import importlib.util
import sys
import warnings
from types import ModuleType


def _import_without_quickumls() -> None:
    # medspaCy's matcher silences every warning of the process on import; that is undone here.
    with warnings.catch_warnings():
        _import_medspacy()
    # Its matchers come in threes and those without a rule say so at every note.
    warnings.filterwarnings("ignore", message=r"\[W036\]")


def _import_medspacy() -> None:
    if "medspacy" in sys.modules or "quickumls" in sys.modules:
        return
    if importlib.util.find_spec("quickumls") is None:
        return
    placeholder = ModuleType("quickumls")
    placeholder.spacy_component = None  # type: ignore[attr-defined]
    sys.modules["quickumls"] = placeholder
    try:
        import medspacy  # noqa: F401
    finally:
        if sys.modules.get("quickumls") is placeholder:
            del sys.modules["quickumls"]


_import_without_quickumls()

from loguru import logger  # noqa: E402
from medspacy.context import ConText, ConTextRule  # noqa: E402
from medspacy.context.context_graph import ConTextGraph  # noqa: E402
from medspacy.context.context_modifier import ConTextModifier  # noqa: E402
from medspacy.custom_tokenizer import create_medspacy_tokenizer  # noqa: E402
from medspacy.section_detection import Section, Sectionizer, SectionRule  # noqa: E402
from medspacy.target_matcher import TargetMatcher, TargetRule  # noqa: E402

logger.disable("PyRuSH")

__all__ = [
    "ConText",
    "ConTextGraph",
    "ConTextModifier",
    "ConTextRule",
    "Section",
    "SectionRule",
    "Sectionizer",
    "TargetMatcher",
    "TargetRule",
    "create_medspacy_tokenizer",
]
