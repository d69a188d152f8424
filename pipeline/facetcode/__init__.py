"""Cervical and thoracic facet blocks: procedure notes to CPT codes, and the words behind each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from facetcode.coder import Coder as Coder
    from facetcode.coder import load as load

__version__ = "0.1.0"
__all__ = ["Coder", "__version__", "load"]


def __getattr__(name: str) -> Any:
    # ``facetcode --help`` and the coding rules alone must not pay for spaCy's import.
    if name in {"Coder", "load"}:
        from facetcode import coder

        return getattr(coder, name)
    raise AttributeError(f"module 'facetcode' has no attribute {name!r}")
