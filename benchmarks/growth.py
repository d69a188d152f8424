"""How a note's cost grows with its length, for notes made of one thing repeated.

    python benchmarks/growth.py [--length N]

Prints milliseconds for a length, for twice and for four times it, and the last ratio: 2 is linear,
4 is quadratic.
"""

from __future__ import annotations

import argparse
import time

from facetcode import load

START = "Right C4-5 medial branch block under fluoroscopy. "
REPEATED = [
    "C4-5, ", "C4 ", "80% relief ", "pain and the ", "\n", " ", "1", "| ", "-", "A: ", "*** ",
    "left right ", "7/10 to 3/10 ", "on 1/3/2025 ", "failed ", "lO l1 ", "see four five ", "80% ",
    "80% on the right and ", "1/2/2026 80% ", "pain 7 ", "7/10 ", "10a 2, ", "was 7, now 2, ",
    "before 7, after 2, ", "pre 7 post 2 ", "(b) 80% or more\n", "no sedation, ", "M47.812 ",
    "(right) ", "if ", "needle. ",
]  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--length", type=int, default=10_000, help="characters of the first note")
    length = parser.parse_args().length
    coder = load("medicare")
    for piece in REPEATED:
        spent = []
        for times in (1, 2, 4):
            text = START + piece * (length * times // len(piece))
            start = time.perf_counter()
            coder(text)
            spent.append(1000 * (time.perf_counter() - start))
        shown = " ".join(f"{ms:9.1f}" for ms in spent)
        print(f"{piece!r:18} {shown} ms  x{spent[2] / max(spent[1], 0.001):.1f}")


if __name__ == "__main__":
    main()
