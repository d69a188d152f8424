"""Codes a voice with the program of an earlier commit: its first look, made again.

    python benchmarks/first_looks.py annotations/gold/va-cprs.jsonl --commit c93b0d7

writes annotations/first_looks/va-cprs.jsonl, and refuses to write over one that is there. The
commit must be one from before anybody read the voice.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOOK = ROOT / "pipeline" / "facetcode" / "learn" / "first_look.py"
_RUN = """
import json, runpy, sys
look = runpy.run_path(sys.argv[1])
notes = [json.loads(line) for line in open(sys.argv[2], encoding="utf-8")]
with open(sys.argv[3], "w", encoding="utf-8") as out:
    out.writelines(map(look["as_line"], look["looks"](notes, sys.argv[4])))
"""


def main() -> None:
    """Check the commit out beside the work, and let its program look at the voice."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("gold", type=Path, nargs="+")
    parser.add_argument("--commit", required=True)
    parser.add_argument("--into", type=Path, default=ROOT / "annotations" / "first_looks")
    given = parser.parse_args()
    given.into.mkdir(exist_ok=True)
    wanted = [(gold, given.into / gold.name) for gold in given.gold]
    there = [target.name for _, target in wanted if target.exists()]
    if there:
        sys.exit(f"a first look is made once; delete {', '.join(there)} to make it again")
    git = ["git", "-C", str(ROOT)]
    with tempfile.TemporaryDirectory() as folder:
        old = Path(folder) / "checkout"
        subprocess.run(
            [*git, "worktree", "add", "--quiet", "--detach", old, given.commit], check=True
        )
        try:
            for gold, target in wanted:
                place = target.with_suffix(".tmp")
                subprocess.run(
                    [sys.executable, "-c", _RUN, LOOK, gold.resolve(), place, given.commit],
                    check=True,
                    env={**os.environ, "PYTHONPATH": str(old / "pipeline")},
                )
                place.replace(target)
                print(target)
        finally:
            subprocess.run([*git, "worktree", "remove", "--force", old], check=True)


if __name__ == "__main__":
    main()
