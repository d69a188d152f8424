"""One planted error of each class is found and named, and nothing else is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from facetcode.audit.compare import CLASSES, compare
from facetcode.claims import ClaimLine


def lines(*words: str) -> list[ClaimLine]:
    """``64490-RT C4-C5 right``, with ``x2`` before the joint where two units are billed."""
    made = []
    for word in words:
        code, *rest = word.split()
        units = int(rest.pop(0)[1:]) if rest and rest[0].startswith("x") else 1
        joint, side = (*rest, "", "")[:2]
        name, *modifiers = code.split("-")
        made.append(ClaimLine(name, tuple(modifiers), units, (joint,) if joint else (), side))
    return made


TWO = ("64490-RT C4-C5 right", "64491-RT C5-C6 right")


@pytest.mark.parametrize(
    ("given_", "right", "kinds", "over", "under"),
    [
        pytest.param(TWO, TWO, {}, 0, 0, id="right"),
        pytest.param(TWO, TWO[::-1], {}, 0, 0, id="other-order"),
        pytest.param(
            ("0213T-RT C4-C5 right",), ("64490-RT C4-C5 right",),
            {"code": "0213T instead of 64490"}, 1, 1, id="code",
        ),
        pytest.param(
            ("64490-RT C4-C5 right",), ("64490-KX-RT C4-C5 right",),
            {"modifier": "RT instead of KX RT (64490)"}, 0, 0, id="modifier",
        ),
        pytest.param(
            ("64490 x2 C4-C5 bilateral",), ("64490 C4-C5 bilateral",),
            {"units": "2 instead of 1 (64490)"}, 1, 0, id="units",
        ),
        pytest.param(
            ("64490-RT C4-C5 right",), ("64490-RT C5-C6 right",),
            {"level": "C4-C5 is no level treated"}, 0, 0, id="level",
        ),
        pytest.param(
            ("64490-RT C4-C5 right",), ("64490-LT C4-C5 left",),
            {"side": "right instead of left (64490)"}, 0, 0, id="side-and-its-modifier",
        ),
        pytest.param(
            ("64490-RT C4-C5 right",), ("64490-50 C4-C5 bilateral",),
            {"side": "right instead of bilateral (64490)"}, 0, 1, id="one-side-of-two",
        ),
        pytest.param(
            ("64490-KX-RT C4-C5 right",), ("64490-LT C4-C5 left",),
            {"side": "", "modifier": "KX instead of none (64490)"}, 0, 0, id="side-and-KX",
        ),
        pytest.param(
            TWO, TWO[:1],
            {"code": "64491-RT is not to be billed", "level": "C5-C6 is no level treated"}, 1, 0,
            id="a-level-too-many",
        ),
        pytest.param(TWO, (), {"code": "64490-RT is not to be billed"}, 2, 0, id="nothing-to-bill"),
        pytest.param((), TWO, {"code": "64490-RT was not coded"}, 0, 2, id="missed"),
        pytest.param(("64490-RT", "64491-RT"), TWO, {}, 0, 0, id="a-coder-names-no-level"),
    ],
)  # fmt: skip
def test_the_error_is_named(
    given_: tuple[str, ...], right: tuple[str, ...], kinds: dict[str, str], over: int, under: int
) -> None:
    verdict = compare(lines(*given_), lines(*right))
    assert {error.kind for error in verdict.errors} == set(kinds)
    for kind, says in kinds.items():
        assert any(e.kind == kind and says in e.says for e in verdict.errors), verdict.errors
    assert (verdict.over, verdict.under) == (over, under)
    assert verdict.wrong == bool(kinds)
    assert verdict.cause == next((kind for kind in CLASSES if kind in kinds), "")


def test_documentation_is_an_error_of_its_own() -> None:
    verdict = compare(lines(*TWO), lines(*TWO), ("UNSIGNED",), ("DURATION_MISSING",))
    assert [(e.kind, e.says) for e in verdict.errors] == [
        ("documentation", "DURATION_MISSING was not raised"),
        ("documentation", "UNSIGNED was raised without cause"),
    ]
    assert not verdict.wrong and verdict.direction == ""


def test_documentation_nobody_judged_is_no_error() -> None:
    assert compare(lines(*TWO), lines(*TWO), ("UNSIGNED",), None).errors == ()


some_line = st.builds(
    ClaimLine,
    st.sampled_from(["64490", "64491", "64492", "0213T"]),
    st.lists(st.sampled_from(["RT", "LT", "50", "KX"]), unique=True, max_size=2).map(tuple),
    st.integers(1, 2),
    st.sampled_from([(), ("C4-C5",), ("C5-C6",)]),
    st.sampled_from(["", "right", "left"]),
)


@given(st.lists(some_line, max_size=4), st.lists(some_line, max_size=4), st.randoms())
def test_order_never_matters(
    mine: list[ClaimLine], theirs: list[ClaimLine], chance: object
) -> None:
    first = compare(mine, theirs)
    chance.shuffle(mine)  # type: ignore[attr-defined]
    chance.shuffle(theirs)  # type: ignore[attr-defined]
    assert compare(mine, theirs) == first
    back = compare(theirs, mine)
    assert (back.over, back.under) == (first.under, first.over)
    assert back.wrong == first.wrong
    assert not compare(mine, list(reversed(mine))).errors
