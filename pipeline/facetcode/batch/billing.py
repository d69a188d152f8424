"""Claims for a billing system: the lines of coded records as FHIR R4 Claim or HL7 v2 DFT^P03."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FORMS = {"fhir": "claims.ndjson", "hl7": "claims.hl7"}
"""Form to the name of its file."""
_CPT = "http://www.ama-assn.org/go/cpt"
_ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
_POINTERS = 12
"""Diagnoses a professional claim has room for."""
_HL7_ESCAPES = str.maketrans(
    {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\", "\r": " ", "\n": " "}
)  # fmt: skip


@contextmanager
def claims(work: Path, form: str | None) -> Iterator[Callable[[Mapping[str, Any]], None]]:
    """Takes records and writes the claims of those that are coded and have no hard flag open."""
    if form is None:
        yield lambda record: None
        return
    draw = fhir_claim if form == "fhir" else hl7_charge
    with (work / FORMS[form]).open("w", encoding="utf-8", newline="") as file:

        def take(record: Mapping[str, Any]) -> None:
            if billable(record):
                file.write(draw(record))

        yield take


def billable(record: Mapping[str, Any]) -> bool:
    """Whether a record's lines may go out: coded, and nothing says not to bill yet."""
    return (
        record["status"] == "coded"
        and bool(record["lines"])
        and not any(flag["severity"] == "hard" for flag in record["flags"])
    )


def _diagnoses(record: Mapping[str, Any]) -> list[str]:
    codes = (d["code"] for d in record["diagnoses"] if d["code"])
    return list(dict.fromkeys(codes))[:_POINTERS]


def fhir_claim(record: Mapping[str, Any]) -> str:
    """One FHIR R4 Claim as a line of NDJSON.

    Prices, coverage and the practice's own identifiers are the billing system's to add; what is
    not known is left out, or named as data absent where FHIR demands an element.
    """
    meta = record["meta"]
    day = meta.get("date_of_service")
    claim: dict[str, Any] = {
        "resourceType": "Claim",
        "identifier": [{"system": "urn:facetcode:note", "value": record["note_id"]}],
        "status": "draft",
        "type": _coded("http://terminology.hl7.org/CodeSystem/claim-type", _claim_type(meta)),
        "use": "claim",
        "patient": _reference("Patient", meta.get("patient_id")),
        "provider": _reference("Practitioner", meta.get("provider")),
        "priority": _coded("http://terminology.hl7.org/CodeSystem/processpriority", "normal"),
        "insurance": [
            {"sequence": 1, "focal": True, "coverage": _reference("Coverage", meta.get("payer"))}
        ],
    }
    # FHIR demands a date of creation; the encounter's is the only one that does not change.
    claim["created" if day else "_created"] = day or _ABSENT
    codes = _diagnoses(record)
    if codes:
        claim["diagnosis"] = [
            {"sequence": i, "diagnosisCodeableConcept": _coded(_ICD10, code)}
            for i, code in enumerate(codes, start=1)
        ]
    if number := meta.get("prior_auth"):
        claim["insurance"][0]["preAuthRef"] = [number]
    claim["item"] = [
        _item(i, line, len(codes), meta) for i, line in enumerate(record["lines"], start=1)
    ]
    return json.dumps(claim) + "\n"


def _item(
    sequence: int, line: Mapping[str, Any], diagnoses: int, meta: Mapping[str, str]
) -> dict[str, Any]:
    item: dict[str, Any] = {"sequence": sequence, "productOrService": _coded(_CPT, line["code"])}
    if diagnoses:
        item["diagnosisSequence"] = list(range(1, diagnoses + 1))
    if line["modifiers"]:
        item["modifier"] = [_coded(_CPT, modifier) for modifier in line["modifiers"]]
    if day := meta.get("date_of_service"):
        item["servicedDate"] = day
    if place := meta.get("place_of_service"):
        item["locationCodeableConcept"] = _coded(
            "https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set",
            place,
        )
    item["quantity"] = {"value": line["units"]}
    return item


_ABSENT = {
    "extension": [
        {
            "url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason",
            "valueCode": "unknown",
        }
    ]
}


def _coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _reference(kind: str, value: str | None) -> dict[str, Any]:
    """A logical reference by the export's own words; this program knows no server's ids."""
    if not value:
        return {"type": kind, **_ABSENT}
    return {"type": kind, "identifier": {"value": value}, "display": value}


def _claim_type(meta: Mapping[str, str]) -> str:
    return (
        "professional"
        if meta.get("claim_type", "professional") == "professional"
        else "institutional"
    )


def hl7_charge(record: Mapping[str, Any]) -> str:
    """One HL7 v2.5.1 DFT^P03 message: a FT1 segment a line, the diagnoses in DG1 segments."""
    meta = record["meta"]
    day = (meta.get("date_of_service") or "").replace("-", "")
    note_id = _hl7(record["note_id"])
    codes = _diagnoses(record)
    segments = [
        # The message's time is the encounter's day: a rerun must write the same bytes.
        f"MSH|^~\\&|facetcode||||{day}||DFT^P03^DFT_P03|{note_id}|P|2.5.1",
        f"EVN|P03|{day}",
        f"PID|1||{_hl7(meta.get('patient_id', ''))}",
        f"PV1|1|O|||||{_hl7(meta.get('provider', ''))}",
    ]
    for number, line in enumerate(record["lines"], start=1):
        modifiers = "~".join(line["modifiers"])
        pointers = "~".join(f"{_hl7(code)}^^I10C" for code in codes)
        fields = {
            1: str(number),
            2: note_id,
            4: day,
            6: "CG",
            7: f"{line['code']}^^C4",
            10: str(line["units"]),
            14: _hl7(meta.get("payer", "")),
            19: pointers,
            20: _hl7(meta.get("provider", "")),
            25: f"{line['code']}^^C4",
            26: modifiers,
        }
        segments.append("FT1|" + "|".join(fields.get(n, "") for n in range(1, 27)))
    segments += [f"DG1|{n}||{_hl7(code)}^^I10C|||W" for n, code in enumerate(codes, start=1)]
    return "".join(f"{segment}\r" for segment in segments)


def _hl7(text: str) -> str:
    return text.translate(_HL7_ESCAPES)
