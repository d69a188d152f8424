"""An invented labelled note with all kinds of marks, and notes hypothesis makes up."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from facetcode import anatomy
from facetcode.cli import app
from facetcode.evaluate.gold import FLAGS, GoldNote, GoldRelief, GoldSpan
from facetcode.evaluate.markup import parse_inline

INLINE = """---
note_id: desk-01
voice: desk
meta: {date_of_service: 2025-03-04, payer: Medicare}
status: coded
procedure: {kind: medial_branch_block, intent: diagnostic, ordinal: 2}
levels: {C4-C5: right, C5-C6: right}
named_as: nerves
guidance: fluoroscopy
relief: [{low: 80, high: 90, when: prior}]
diagnoses: [M47.812]
codes: {default: [64490-RT, 64491-RT], medicare: [64490-KX-RT, 64491-KX-RT]}
flags: [UNSIGNED, DURATION_MISSING]
clean: false
---
\U0001f489 <side value="right">Right</side> <level joint="C4-C5 C5-C6" side="right">C4, C5
and C6</level> <procedure kind="medial_branch_block">medial branch block</procedure> – \
<guidance modality="fluoroscopy">fluoroscopy</guidance>.
<diagnosis code="">Cervical spondylosis</diagnosis> <diagnosis code="M47.812">M47.812</diagnosis>.
Before <score when="pre" value="7" scale="10">7/10</score>; \
<relief low="80" high="90" when="prior">80-90%</relief> after the first.
"""
NOTE = parse_inline(INLINE, "desk-01")


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


@pytest.fixture
def note() -> GoldNote:
    return NOTE


_WORDS = st.text(
    st.one_of(
        st.sampled_from("C45-/ äé–\U0001f489\u2028\u0301'\"=+\\|;,\t\n"),
        st.characters(codec="utf-8", exclude_characters="\r"),
    ),
    min_size=1,
    max_size=8,
)


@st.composite
def gold_notes(draw: st.DrawFn) -> GoldNote:
    """A labelled note of any text and any lawful marks; facts need not agree with the marks."""
    text, spans = "", []
    for word in draw(st.lists(_WORDS, min_size=1, max_size=8)):
        start = len(text)
        text += word
        if word == word.strip() and draw(st.booleans()):
            label, attrs = draw(_MARKS)
            spans.append(GoldSpan(label, start, len(text), attrs))
    text += draw(st.sampled_from(["", "x", " \n", "\r\nx"]))
    levels = draw(
        st.dictionaries(
            st.sampled_from(anatomy.CERVICAL_THORACIC), st.sampled_from(["right", "unstated"])
        )
    )
    return GoldNote(
        note_id=f"v-{draw(st.integers(1, 999)):02d}",
        voice="v",
        text=text,
        meta=draw(st.dictionaries(st.sampled_from(["payer", "provider"]), st.text(_PLAIN))),
        spans=tuple(spans),
        status=draw(st.sampled_from(["coded", "query", "not_applicable"])),
        kind=draw(st.sampled_from(["medial_branch_block", "other", None])),
        intent=draw(st.sampled_from(["diagnostic", "unstated"])),
        ordinal=draw(st.sampled_from([1, 2, None])),
        levels={joint: levels[joint] for joint in sorted(levels, key=anatomy.order)},
        named_as=draw(st.sampled_from(["joints", "both", None])),
        guidance=draw(st.sampled_from(["ct", "none", "unstated", None])),
        relief=tuple(
            draw(
                st.lists(
                    st.builds(
                        GoldRelief,
                        st.sampled_from([0, 12.5, 50]),
                        st.sampled_from([50, 100, 62.5]),
                        st.sampled_from(["today", "prior"]),
                    ),
                    max_size=2,
                    unique=True,
                )
            )
        ),
        diagnoses=tuple(draw(st.lists(st.sampled_from(["M47.812", "I10"]), unique=True))),
        codes={
            "default": tuple(draw(st.lists(st.sampled_from(["64490-RT", "64491"]), unique=True))),
            "medicare": tuple(draw(st.lists(st.sampled_from(["64490-KX-RT"]), unique=True))),
        },
        flags=tuple(draw(st.lists(st.sampled_from(FLAGS), unique=True, max_size=4))),
        clean=draw(st.booleans()),
    )


_PLAIN = st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"])
_MARKS = st.one_of(
    st.tuples(
        st.just("level"),
        st.fixed_dictionaries(
            {
                "joint": st.lists(
                    st.sampled_from(anatomy.CERVICAL_THORACIC), unique=True, max_size=3
                ).map(" ".join),
                "side": st.sampled_from(["right", "left", "bilateral", "unstated"]),
            }
        ),
    ),
    st.tuples(
        st.just("diagnosis"), st.fixed_dictionaries({"code": st.sampled_from(["", "M47.812"])})
    ),
    st.tuples(
        st.just("relief"),
        st.fixed_dictionaries(
            {
                "low": st.sampled_from(["80", "62.5"]),
                "high": st.sampled_from(["90", "100"]),
                "when": st.sampled_from(["today", "prior"]),
            }
        ),
    ),
    st.tuples(
        st.just("score"),
        st.fixed_dictionaries(
            {
                "when": st.sampled_from(["pre", "post", "other"]),
                "value": st.sampled_from(["7", "6-7"]),
                "scale": st.just("10"),
            }
        ),
    ),
    st.tuples(st.just("side"), st.fixed_dictionaries({"value": st.just("left")})),
)
