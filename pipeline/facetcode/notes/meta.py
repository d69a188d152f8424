"""What an export says about a note besides its text, under the contract's names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from facetcode.notes.decode import whole

TEXT_NAMES = (
    "text", "note_text", "notetext", "note", "body", "content", "document_text", "report_text",
    "reporttext", "documenttext", "report", "transcription", "narrative", "note_body",
    "dictation", "notes", "full_text",
)  # fmt: skip
ID_NAMES = (
    "note_id", "id", "noteid", "document_id", "documentid", "doc_id", "docid", "record_id",
    "recordid", "report_id", "reportid", "encounter_id", "encounterid", "accession",
    "accession_number", "note_number", "csn", "key",
)  # fmt: skip
META_NAMES: dict[str, tuple[str, ...]] = {
    "date_of_service": (
        "date_of_service", "dos", "service_date", "procedure_date", "visit_date", "date",
        "encounter_date", "date_of_procedure", "contact_date", "note_date",
    ),
    "payer": ("payer", "payor", "insurance", "insurer", "carrier", "plan", "payer_name"),
    "claim_type": ("claim_type",),
    "patient_id": (
        "patient_id", "patientid", "mrn", "pat_id", "patient", "person_id", "subject_id",
    ),
    "provider": (
        "provider", "physician", "author", "surgeon", "attending", "provider_name",
        "performing_provider",
    ),
    "note_type": ("note_type", "type", "document_type", "notetype", "category"),
    "place_of_service": ("place_of_service", "pos"),
    "contractor": ("contractor", "mac"),
    "state": ("state",),
    "prior_auth": ("prior_auth", "prior_authorization", "auth_number", "utn"),
    "abn": ("abn",),
}  # fmt: skip
_NAME_CHARS = 40
_BY_ALIAS = {alias: name for name, aliases in META_NAMES.items() for alias in aliases}
_NO_NAME = re.compile(r"[\r\n\"]|[.!?]\s*$|^\s*[-+]?[\d./]*\d\s*$|(?:\S+\s+){6}")
"""A line break or quote, the end of a sentence, a number or date, more than six words."""
_DATE_FORMS = (
    "%Y-%m-%d",
    "%m/%d/%Y",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%m-%d-%Y",
    "%b %d, %Y",
    "%B %d, %Y",
)


def plain(name: str) -> str:
    """A column name without its case, blanks and punctuation."""
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def shown(names: Sequence[str]) -> str:
    """Names of columns or keys for a message.

    Where one of them cannot be a name, they may all be a note that stands where its heading
    should, and none is shown.
    """
    if any(len(name) > _NAME_CHARS or _NO_NAME.search(name) for name in names):
        return f"{len(names)}, not shown because they read like a note and not like names"
    return ", ".join(whole(name) for name in names) or "none"


def iso_date(raw: str) -> str | None:
    """An unambiguous date of service in ISO form; times after it are dropped."""
    value = re.split(r"[T ](?=\d{1,2}:)", raw.strip())[0]
    if re.fullmatch(r"\d{8}", value):
        # Only all eight digits: strptime would read 202511 as the first of January.
        value = f"{value[:4]}-{value[4:6]}-{value[6:]}"
    for form in _DATE_FORMS:
        try:
            return datetime.strptime(value, form).date().isoformat()
        except ValueError:
            continue
    return None


def collect(fields: Mapping[str, Any]) -> dict[str, str]:
    """The contract's metadata in an export's fields; the first alias that holds a value wins."""
    found: dict[str, str] = {}
    for key, value in fields.items():
        name = _BY_ALIAS.get(plain(str(key)))
        if name is None or value is None or isinstance(value, dict | list) or name in found:
            continue
        text = whole(str(value).strip())
        if not text:
            continue
        if name == "date_of_service":
            day = iso_date(text)
            if day is None:
                found.setdefault("date_of_service_raw", text[:40])
                continue
            text = day
        found[name] = text
    return found
