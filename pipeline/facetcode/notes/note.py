"""One note as an export gives it, and one record that is no note."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_NOTE_CHARS = 1_500_000
"""Longest text taken as one note; a longer one is an export that was not split."""
MAX_ID_CHARS = 300
"""Longest id; a longer one is the words of a note under the wrong name."""


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


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that cannot be read as a note: where, why and what to do; never its text."""

    source: str
    note_id: str
    reason: str
    remedy: str
