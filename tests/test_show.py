import io
from collections.abc import Callable

import pytest
from rich.console import Console

from facetcode.facts import Evidence, Facts, Guidance, Level, Procedure
from facetcode.record import Flag, Record
from facetcode.show import GUIDANCE, LEVEL, PROCEDURE, highlighted, marked, print_note

MakeRecord = Callable[..., Record]


def shown(text: str, record: Record, width: int = 80, colour: bool = False) -> str:
    stream = io.StringIO()
    console = Console(
        file=stream,
        width=width,
        markup=False,
        emoji=False,
        highlight=False,
        force_terminal=colour,
        color_system="standard" if colour else None,
        _environ={},
    )
    print_note(text, record, console)
    return stream.getvalue()


def with_facts(make_record: MakeRecord, facts: Facts, **changes: object) -> Record:
    return make_record(facts=facts, **{"lines": (), "flags": (), **changes})


def test_evidence_is_bracketed_with_the_letter_of_its_kind(
    make_record: MakeRecord, note_text: str
) -> None:
    out = shown(note_text, make_record(), width=110)
    assert "Right [L:C4-5] [P:medial branch block] under [G:fluoroscopy]." in out
    assert "had [R:85% relief]." in out
    assert "[L:level]" in out and "[D:diagnosis]" not in out, "the legend names what is there"


def test_lines_reasons_and_flags_are_shown(make_record: MakeRecord, note_text: str) -> None:
    out = shown(note_text, make_record(), width=100)
    assert "64490-RT  C4-C5 right" in out
    assert "· the note names C4-C5  (named-level)" in out
    assert "soft DIAGNOSIS_MISSING  No diagnosis.  (at risk; L38801)" in out


def test_hard_flags_come_first(make_record: MakeRecord, note_text: str) -> None:
    flags = tuple(Flag(s.upper(), s, "m", "a") for s in ("info", "soft", "hard"))  # type: ignore[arg-type]
    out = shown(note_text, make_record(flags=flags))
    assert out.index("HARD") < out.index("SOFT") < out.index("INFO")


@pytest.mark.parametrize(("width", "beside"), [(80, False), (140, True)])
def test_reasons_stand_beside_the_note_where_there_is_room(
    make_record: MakeRecord, note_text: str, width: int, beside: bool
) -> None:
    out = shown(note_text, make_record(), width=width)
    assert ("coded" in out.splitlines()[0]) is beside
    assert max(map(len, out.splitlines())) <= width


def test_colour_is_used_on_a_terminal_only(make_record: MakeRecord, note_text: str) -> None:
    assert "\x1b[" in shown(note_text, make_record(), colour=True)
    assert "\x1b[" not in shown(note_text, make_record())


def test_a_note_can_drive_neither_terminal_nor_markup(make_record: MakeRecord) -> None:
    text = "[bold red]x[/] :smile: [link=http://a]b[/link]\x1b]0;title\x07\x9b2J\u202e C4-5"
    start = text.index("C4-5")
    facts = Facts(
        Procedure("medial_branch_block"),
        (Level("C4-C5", "right", "joints", (Evidence(start, start + 4, "C4-5"),)),),
    )
    out = shown(text, with_facts(make_record, facts, note_id="id\x1b[1m"), width=100)
    assert "[bold red]x[/] :smile: [link=http://a]b[/link]␛]0;title␇\ufffd2J\ufffd" in out
    assert "[L:C4-5]" in out and "id␛[1m" in out
    assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(out)


def test_overlapping_evidence_is_cut_at_its_edges(make_record: MakeRecord) -> None:
    text = "Right C4-5 block, fluoroscopy"
    facts = Facts(
        Procedure("medial_branch_block", evidence=(Evidence(0, 16, text[:16]),)),
        (
            Level("C4-C5", "right", "joints", (Evidence(6, 10, "C4-5"),)),
            Level("C5-C6", "right", "joints", (Evidence(10, 16, " block"),)),
        ),
        guidance=Guidance("fluoroscopy", (Evidence(18, 29, "fluoroscopy"),)),
    )
    spans = marked(with_facts(make_record, facts))
    assert spans == [(0, 6, (PROCEDURE,)), (6, 16, (PROCEDURE, LEVEL)), (18, 29, (GUIDANCE,))]
    plain = highlighted(text, spans).plain
    assert plain == "[P:Right ][PL:C4-5 block], [G:fluoroscopy]"


@pytest.mark.parametrize("filler", ["word " * 10, "line\n", "x"])
def test_a_long_note_is_cut_to_the_surroundings_of_its_evidence(
    make_record: MakeRecord, filler: str
) -> None:
    half = filler * (2_500_000 // len(filler))
    text = f"{half}Right C4-5 block{half}"
    at = text.index("C4-5")
    facts = Facts(
        Procedure("medial_branch_block"),
        (Level("C4-C5", "right", "joints", (Evidence(at, at + 4, "C4-5"),)),),
    )
    plain = highlighted(text, marked(with_facts(make_record, facts))).plain
    assert "[L:C4-5]" in plain
    assert plain.count("characters without evidence") == 2
    assert len(plain) < 2_000
