"""835 files in every lawful shape, and those that are damaged."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facetcode.denials.era835 import read_835
from facetcode.denials.remittance import Adjustment, Read, RemitClaim
from facetcode.denials.x12 import RemittanceError, transactions

from .conftest import claim, isa, wrap

CLAIM = claim(
    "n-1",
    ("64490:KX:RT", 300, 0, ["CAS*CO*50*300", "LQ*HE*N115", "LQ*RX*1"]),
    ("64491:RT", 150, 80, ["CAS*CO*45*50**253*2", "CAS*PR*2*18"]),
    more=["MOA***MA130*N130", "DTM*232*20250601"],
)


def read(text: str) -> Read:
    into = Read()
    read_835(text, "may.835", into)
    return into


def test_a_claim_is_read_whole() -> None:
    (found,) = read(wrap(CLAIM)).claims
    first, second = found.lines
    assert (found.number, found.status, found.payer) == ("n-1", "1", "ACME HEALTH")
    assert (found.paid_on, found.served) == (date(2025, 6, 30), date(2025, 6, 1))
    assert (found.provider, found.patient_id) == ("HALE, ROY", "M-77")
    assert found.remarks == ("MA130", "N130")
    assert (first.code, first.modifiers) == ("64490", ("KX", "RT"))
    assert first.adjustments == (Adjustment("CO", "50", Decimal(300)),)
    assert first.remarks == ("N115",)
    assert [(a.group, a.reason, a.amount) for a in second.adjustments] == [
        ("CO", "45", 50), ("CO", "253", 2), ("PR", "2", 18),
    ]  # fmt: skip
    assert (second.charge, second.paid) == (150, 80)


@pytest.mark.parametrize(
    "style",
    [
        pytest.param({"after": "\n"}, id="a-line-a-segment"),
        pytest.param({"after": "\r\n"}, id="windows-lines"),
        pytest.param({"end": "\n"}, id="line-break-is-the-terminator"),
        pytest.param({"element": "|", "component": ">", "end": "'"}, id="other-delimiters"),
        pytest.param({"element": "\x1d", "component": "\x1f", "end": "\x1c"}, id="control-marks"),
    ],
)
def test_delimiters_come_from_the_header(style: dict[str, str]) -> None:
    assert read(wrap(CLAIM, **style)).claims == read(wrap(CLAIM)).claims  # type: ignore[arg-type]


def test_lines_of_eighty_characters_are_put_together() -> None:
    text = wrap(CLAIM)
    folded = "\r\n".join(text[i : i + 80] for i in range(0, len(text), 80))
    assert [c.lines for c in read(folded).claims] == [c.lines for c in read(text).claims]


def test_interchanges_each_have_their_own_delimiters() -> None:
    text = wrap(CLAIM) + "\r\n\r\n" + wrap(CLAIM, element="|", end="\n", number=2) + "\n\x1a"
    assert len(read(text).claims) == 2


def test_other_sets_and_provider_adjustments_are_counted() -> None:
    other = wrap(["BHT*0085*08*1*20250101*1200"], kind="277", number=2)
    money = ["PLB*1234567893*20251231*WO:ABC*-25.5*L6*3"]
    found = read(wrap([*CLAIM, *money]) + other)
    assert (found.other_sets, found.provider_adjustments) == (1, 2)
    assert found.provider_money == Decimal("-22.5")


def test_the_billed_code_counts_where_another_was_paid() -> None:
    body = ["CLP*n-1*1*300*100**MB*I", "SVC*HC:64491*300*100**1*HC:64492:RT*2", "CAS*CO*45*200"]
    (line,) = read(wrap(body)).claims[0].lines
    assert (line.code, line.modifiers, line.units, line.paid_as) == ("64492", ("RT",), 2, "64491")


def test_lines_that_do_not_balance_are_counted() -> None:
    assert read(wrap(claim("n", ("64490", 300, 100, ["CAS*CO*45*150"])))).unbalanced == 1


def edited(old: str, new: str) -> str:
    text = wrap(CLAIM, after="\n")
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("", "the file is empty", id="empty"),
        pytest.param("note_id,code\n", "no interchange begins here", id="not-x12"),
        pytest.param(wrap(CLAIM)[:300], "cut short", id="cut-off"),
        pytest.param(wrap(CLAIM)[:60], "106 characters", id="cut-in-the-header"),
        pytest.param(isa().replace("*00*", "*0*", 1) + "~", "106 characters", id="header-edited"),
        pytest.param(edited("CAS*PR*2*18~\n", ""), "announces another number", id="segment-lost"),
        pytest.param(edited("IEA*1*000000001", "IEA*1*000000007"), "closes another", id="control"),
        pytest.param(edited("GE*1*1", "GE*2*1"), "announces another number", id="sets"),
        pytest.param(edited("SE*", "XX*"), "does not belong here", id="no-end"),
        pytest.param(
            edited("IEA*1*000000001~\n", "") + wrap(CLAIM), "before the last", id="no-IEA"
        ),
        pytest.param(edited("CAS*CO*50*300", "CAS*CO*50*3x0"), "no number", id="amount"),
        pytest.param(edited("CAS*CO*50*300", "CAS*CO*50*NaN"), "no number", id="not-a-number"),
        pytest.param(edited("CAS*CO*50*300", "CAS*CO*50"), "without its amount", id="no-amount"),
        pytest.param(edited("DTM*472*20250601", "DTM*472*20251399"), "a day", id="day"),
        pytest.param(edited("SVC*HC:64490:KX:RT", "SVC*HC"), "no procedure code", id="code"),
        pytest.param(edited("CLP*n-1", "REF*n-1"), "before the first claim", id="no-claim"),
    ],
)
def test_a_damaged_file_is_refused_and_never_quoted(text: str, says: str) -> None:
    into = Read()
    with pytest.raises(RemittanceError) as caught:
        read_835(text, "may.835", into)
    assert says in str(caught.value) and "may.835" in str(caught.value)
    assert not any(word in str(caught.value) for word in ("DOE", "JANE", "M-77", "n-1"))
    assert into.claims == []


@given(st.text(max_size=60), st.integers(0, 900), st.integers(0, 30))
def test_damage_of_any_kind_is_told_as_such(junk: str, at: int, cut: int) -> None:
    """A spoiled file gives what is in it, or a RemittanceError; never another exception."""
    text = wrap(CLAIM, after="\n")
    spoiled = text[:at] + junk + text[at + cut :]
    try:
        list(transactions(spoiled, "f"))
        read(spoiled)
    except RemittanceError:
        pass


amounts = st.decimals(0, 9999, places=2)


@given(
    st.lists(
        st.tuples(st.sampled_from(["64490", "64491:RT", "0213T"]), amounts, amounts), max_size=5
    )
)
def test_money_goes_through_unrounded(services: list[tuple[str, Decimal, Decimal]]) -> None:
    body = ["CLP*n*1*0*0**MB*I"]
    for code, charge, paid in services:
        body += [f"SVC*HC:{code}*{charge}*{paid}", f"CAS*CO*45*{charge - paid}"]
    (found,) = read(wrap(body)).claims
    assert isinstance(found, RemitClaim)
    assert [(line.charge, line.paid) for line in found.lines] == [s[1:] for s in services]
    assert read(wrap(body)).unbalanced == 0
