"""medspaCy's parts, imported without the cost and the log of what facetcode does not use.

``import medspacy`` pulls in quickumls (nltk, scipy.stats: seconds) for a UMLS component, and
PyRuSH, which logs every token of a note through loguru at DEBUG level. A placeholder stands in
for quickumls while medspaCy is imported and is taken away again, so a program that really uses
quickumls still gets it; PyRuSH's logger is switched off because no note text may reach a log.
"""

from __future__ import annotations

import importlib.util
import sys
from types import ModuleType


def _import_without_quickumls() -> None:
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
from medspacy.custom_tokenizer import create_medspacy_tokenizer  # noqa: E402
from medspacy.section_detection import Sectionizer, SectionRule  # noqa: E402
from medspacy.target_matcher import TargetMatcher, TargetRule  # noqa: E402

logger.disable("PyRuSH")

__all__ = [
    "ConText",
    "ConTextRule",
    "SectionRule",
    "Sectionizer",
    "TargetMatcher",
    "TargetRule",
    "create_medspacy_tokenizer",
]
