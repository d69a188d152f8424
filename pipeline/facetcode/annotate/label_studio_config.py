"""Label Studio's labelling interface: labels, their attributes, what is stated of the note."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from xml.sax.saxutils import quoteattr

from facetcode import anatomy
from facetcode.evaluate.gold import (
    FLAGS,
    INTENTS,
    KINDS,
    MODALITIES,
    NAMED_AS,
    POLICIES,
    SIDES,
    STATUSES,
    WHENS,
)

CHOICES: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("procedure", "kind"): KINDS,
    ("level", "joint"): anatomy.CERVICAL_THORACIC,
    ("level", "side"): SIDES,
    ("side", "value"): ("right", "left", "bilateral"),
    ("guidance", "modality"): tuple(m for m in MODALITIES if m != "unstated"),
    ("relief", "when"): WHENS,
    ("score", "when"): ("pre", "post", "other"),
}
"""Attributes with a fixed set of values; several may be chosen of ``joint``."""
TEXTS: Sequence[tuple[str, str]] = (
    ("relief", "low"),
    ("relief", "high"),
    ("diagnosis", "code"),
    ("score", "value"),
    ("score", "scale"),
)
MAY_BE_EMPTY = frozenset({("level", "joint"), ("diagnosis", "code")})
_COLOURS = {
    "procedure": "#7E57C2", "level": "#1E88E5", "side": "#00897B", "guidance": "#F9A825",
    "relief": "#E53935", "diagnosis": "#6D4C41", "score": "#546E7A",
}  # fmt: skip
ONE: Mapping[str, tuple[str, ...]] = {
    "status": STATUSES,
    "kind": KINDS,
    "intent": INTENTS,
    "ordinal": ("1", "2"),
    "named_as": NAMED_AS,
    "guidance": MODALITIES,
    "clean": ("yes", "no"),
}
"""Facts of the note of which one value holds; none chosen is null, except where one must be."""
LISTS = ("levels", "relief", "diagnoses", *(f"codes_{policy}" for policy in POLICIES))
"""Facts of the note that are lists: a line each."""
_HINTS = {
    "levels": "a joint and its side: C4-C5 right",
    "relief": "low, high, when: 80 90 prior",
    "diagnoses": "codes written in the note",
}


def config() -> str:
    """The labelling interface for a project, to paste into Label Studio."""
    lines = [
        "<View>",
        "  <Style>.htx-text{ white-space: pre-wrap; }</Style>",
        '  <Labels name="mark" toName="text">',
        *(
            f"    <Label value={quoteattr(label)} background={quoteattr(colour)}/>"
            for label, colour in _COLOURS.items()
        ),
        "  </Labels>",
        '  <Text name="text" value="$text" granularity="symbol" saveTextResult="yes"/>',
    ]
    for (label, key), values in CHOICES.items():
        many = "multiple" if key == "joint" else "single"
        lines += _choices(f"{label}_{key}", values, many, _per_region(label))
    for label, key in TEXTS:
        name = f"{label}_{key}"
        lines.append(
            f'  <TextArea name={quoteattr(name)} toName="text" {_per_region(label)} '
            f'maxSubmissions="1" editable="true" placeholder={quoteattr(f"{label}: {key}")}/>'
        )
    for name, values in ONE.items():
        lines += [f"  <Header value={quoteattr(name)}/>", *_choices(name, values, "single", "")]
    for name in LISTS:
        hint = _HINTS.get(name, "a claim line: 64490-RT")
        lines += [
            f"  <Header value={quoteattr(name)}/>",
            f'  <TextArea name={quoteattr(name)} toName="text" editable="true" '
            f"placeholder={quoteattr(hint)}/>",
        ]
    lines += ['  <Header value="flags"/>', *_choices("flags", FLAGS, "multiple", "")]
    return "\n".join([*lines, "</View>"]) + "\n"


def _per_region(label: str) -> str:
    return f'perRegion="true" whenTagName="mark" whenLabelValue={quoteattr(label)}'


def _choices(name: str, values: Iterable[str], many: str, when: str) -> Iterator[str]:
    yield (
        f'  <Choices name={quoteattr(name)} toName="text" choice="{many}" showInline="true"'
        f"{' ' + when if when else ''}>"
    )
    yield from (f"    <Choice value={quoteattr(value)}/>" for value in values)
    yield "  </Choices>"
