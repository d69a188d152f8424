import pytest

from facetcode.terminal import one_line, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("C4–C5 “right”\tµ\n", "C4–C5 “right”\tµ\n", id="ordinary-text-stays"),
        pytest.param("\x1b[31mred", "␛[31mred", id="escape-sequence"),
        pytest.param("a\x00b\x07c\x7f", "a␀b␇c␡", id="nul-bell-delete"),
        pytest.param("a\x9b31mb", "a\ufffd31mb", id="eight-bit-escape"),
        pytest.param("a\r\nb\rc", "a \nb\nc", id="line-endings"),
        pytest.param("a\x0cb\u2028c", "a\nb\nc", id="other-line-breaks"),
        pytest.param("right\u202etfel", "right\ufffdtfel", id="text-direction-override"),
        pytest.param("a\ud800b", "a\ufffdb", id="lone-surrogate"),
    ],
)
def test_text_is_shown_and_never_obeyed(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert len(visible(text)) == len(text), "offsets into the note must stay true"


def test_nothing_a_terminal_obeys_is_left_of_any_character() -> None:
    everything = "".join(map(chr, range(0x3000)))
    left = {c for c in visible(everything) if not c.isprintable() and c not in "\n\t"}
    # Spaces of other widths, and marks without ink, move no cursor.
    assert {hex(ord(c)) for c in left if ord(c) < 0xA0} == set()


def test_a_name_is_one_line_and_never_endless() -> None:
    assert one_line("note\n\x1b[2J 7") == "note ␛[2J 7"
    assert len(one_line("x" * 5_000_000)) == 200
