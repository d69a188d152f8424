"""Code families and this product's own short labels; no AMA descriptor is shipped."""

from __future__ import annotations

FACET: tuple[str, str, str] = ("64490", "64491", "64492")
"""Cervical and thoracic facet blocks under fluoroscopy or CT: first, second, third and further."""

ULTRASOUND: tuple[str, str, str] = ("0213T", "0214T", "0215T")
"""The same under ultrasound."""

LUMBAR: tuple[str, str, str] = ("64493", "64494", "64495")
LUMBAR_ULTRASOUND: tuple[str, str, str] = ("0216T", "0217T", "0218T")

OURS: frozenset[str] = frozenset((*FACET, *ULTRASOUND))
PRIMARY: frozenset[str] = frozenset((FACET[0], ULTRASOUND[0]))
ADD_ONS: frozenset[str] = OURS - PRIMARY

IMAGING: frozenset[str] = frozenset(
    {"76000", "76380", "76942", "76998", "77001", "77002", "77003", "77012", "77021"}
)
"""Guidance and imaging codes that these codes contain: NCCI column 2 to 64490-64492."""

TRIGGER_POINT: frozenset[str] = frozenset({"20552", "20553"})
ABLATION: frozenset[str] = frozenset({"64633", "64634", "64635", "64636"})

LABELS: dict[str, str] = {
    "64490": "neck/thoracic facet, first level",
    "64491": "neck/thoracic facet, second level",
    "64492": "neck/thoracic facet, third and further levels",
    "0213T": "neck/thoracic facet with ultrasound, first level",
    "0214T": "neck/thoracic facet with ultrasound, second level",
    "0215T": "neck/thoracic facet with ultrasound, third and further levels",
    "64493": "lumbar facet, first level",
    "64494": "lumbar facet, second level",
    "64495": "lumbar facet, third and further levels",
    "0216T": "lumbar facet with ultrasound, first level",
    "0217T": "lumbar facet with ultrasound, second level",
    "0218T": "lumbar facet with ultrasound, third and further levels",
}


def family(modality: str) -> tuple[str, str, str]:
    """The neck/thoracic codes for a guidance; ``unstated`` is read as fluoroscopy, provisionally.

    Fluoroscopy together with ultrasound is no modality of its own: extraction reports
    fluoroscopy (rule sheet section 2).
    """
    return ULTRASOUND if modality == "ultrasound" else FACET
