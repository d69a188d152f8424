"""One note as an export gives it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Note:
    """A note's text, untouched, and what the export says about it.

    ``meta`` holds the contract's optional keys (``date_of_service`` in ISO form, ``payer``,
    ``claim_type``, ``patient_id``, ``provider``, ``note_type``, ``place_of_service``) and any
    the source adds, all strings.
    """

    note_id: str
    text: str
    meta: dict[str, str] = field(default_factory=dict)
    source: str = ""
    """File and position, e.g. ``export.csv:17``; for messages, never shown with text."""
