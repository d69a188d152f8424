"""What an export says about a note besides its text, under the contract's names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

TEXT_NAMES = (
    "text", "note_text", "notetext", "note", "body", "content", "document_text", "report_text",
    "report", "transcription", "narrative", "note_body", "dictation", "notes", "full_text",
)  # fmt: skip
ID_NAMES = (
    "note_id", "id", "noteid", "document_id", "doc_id", "docid", "record_id", "report_id",
    "encounter_id", "accession", "accession_number", "note_number", "csn", "key",
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
_BY_ALIAS = {alias: name for name, aliases in META_NAMES.items() for alias in aliases}
_DATE_FORMS = (
    "%Y-%m-%d",
    "%m/%d/%Y",
    "%Y%m%d",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%m-%d-%Y",
    "%b %d, %Y",
    "%B %d, %Y",
)


def plain(name: str) -> str:
    """A column name without its case, blanks and punctuation."""
    return re.sub(r"[^a-z0-9]+", "_", name.strip().lower()).strip("_")


def iso_date(raw: str) -> str | None:
    """An unambiguous date of service in ISO form; times after it are dropped."""
    value = re.split(r"[T ](?=\d{1,2}:)", raw.strip())[0]
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
        text = str(value).strip()
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
