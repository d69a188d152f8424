"""The command as people and scripts meet it: streams, exit status, messages, bad input."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from facetcode import __version__
from facetcode.cli import app

RIGHT = "Right C4-5 medial branch block under fluoroscopy."
SECRET = "SECRETNAME was here."


def run(*args: str | Path) -> Result:
    return CliRunner().invoke(app, [str(arg) for arg in args])


def records(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    (folder / "a.txt").write_text(f"{RIGHT} {SECRET}")
    (folder / "b.txt").write_text(f"No procedure. {SECRET}")
    return folder


def test_every_command_says_what_it_does_with_an_example() -> None:
    names = [command.name for command in app.registered_commands]
    assert {"code", "show"} <= set(names)
    for name in names:
        result = run(str(name), "--help")
        assert result.exit_code == 0
        assert "Examples:\n" in result.stdout and f"facetcode {name} " in result.stdout


def test_the_version_is_shown() -> None:
    assert run("--version").stdout == f"facetcode {__version__}\n"


@pytest.mark.parametrize(
    "args", [["--help"], ["code", "--help"], ["--version"]], ids=lambda args: "_".join(args)
)
def test_help_loads_nothing_heavy(args: list[str]) -> None:
    code = (
        "import sys\nfrom facetcode.cli import app\n"
        f"try: app({args!r})\nexcept SystemExit: pass\n"
        "heavy = {'spacy', 'medspacy', 'rich', 'numpy', 'yaml'} & set(sys.modules)\n"
        "print(sorted(heavy), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == "[]\n"


@pytest.mark.usefixtures("quick")
class TestCode:
    def test_records_go_to_standard_output_and_the_rest_to_standard_error(
        self, notes: Path
    ) -> None:
        result = run("code", notes)
        assert result.exit_code == 0
        assert [(r["note_id"], r["status"]) for r in records(result)] == [
            ("a", "coded"),
            ("b", "not_applicable"),
        ]
        assert result.stderr == "facetcode: 2 records: 1 coded, 1 not applicable\n"

    def test_the_policy_is_the_one_asked_for(self, notes: Path) -> None:
        first, _ = records(run("code", notes, "--policy", "medicare"))
        assert first["policy"].startswith("medicare@")
        assert first["lines"][0]["modifiers"] == ["KX", "RT"]

    @pytest.mark.parametrize("form", ["jsonl", "csv", "parquet", "table"])
    def test_every_format_reaches_a_file(self, notes: Path, tmp_path: Path, form: str) -> None:
        if form == "parquet":
            pytest.importorskip("pyarrow")
        target = tmp_path / "out"
        result = run("code", notes, "--format", form, "--output", target)
        assert (result.exit_code, result.stdout) == (0, "")
        starts = {"jsonl": b"{", "csv": b"note_id,", "parquet": b"PAR1", "table": b"\xe2\x94\x8f"}
        assert target.read_bytes().startswith(starts[form])

    def test_a_bug_in_one_note_costs_only_its_record(self, notes: Path) -> None:
        (notes / "aa.txt").write_text(f"BOOM {SECRET}")
        result = run("code", notes)
        assert result.exit_code == 1
        assert [r["note_id"] for r in records(result)] == ["a", "b"]
        assert "aa.txt: note aa: internal error ValueError\n" in result.stderr
        assert "2 records: 1 coded, 1 not applicable; 1 note could not be coded" in result.stderr
        assert "SECRET" not in result.stderr and "Traceback" not in result.stderr

    def test_a_note_older_than_the_policy_is_listed(self, tmp_path: Path) -> None:
        path = tmp_path / "n.jsonl"
        old, new = (
            json.dumps({"note_id": day, "text": RIGHT, "date_of_service": day})
            for day in ("1999-01-01", "2026-05-21")
        )
        path.write_text(f"{old}\n{new}\n")
        result = run("code", path)
        assert result.exit_code == 1
        assert [r["note_id"] for r in records(result)] == ["2026-05-21"]
        assert "note 1999-01-01: policy 'default' holds no rules on 1999-01-01" in result.stderr

    def test_nothing_read_leaves_the_output_file(self, notes: Path, tmp_path: Path) -> None:
        for path in notes.iterdir():
            path.write_text("BOOM")
        target = tmp_path / "out.jsonl"
        target.write_text("last good")
        result = run("code", notes, "--output", target)
        assert result.exit_code == 1
        assert target.read_text() == "last good"
        assert "out.jsonl is not written" in result.stderr

    def test_the_input_is_never_the_output(self, tmp_path: Path) -> None:
        path = tmp_path / "n.jsonl"
        path.write_text(json.dumps({"note_id": "n", "text": RIGHT}))
        link = tmp_path / "link.jsonl"
        link.symlink_to(path)
        before = path.read_bytes()
        assert run("code", path, "--output", link).exit_code == 2
        assert path.read_bytes() == before

    @pytest.mark.parametrize(
        ("args", "message"),
        [
            pytest.param([], "name the notes to code", id="nothing"),
            pytest.param(["notes", "--facts", "x.jsonl"], "not both", id="notes-and-facts"),
            pytest.param(["notes", "--policy", "nope"], "no policy 'nope'", id="policy"),
            pytest.param(["notes", "--format", "xml"], "xml", id="format"),
            pytest.param(["notes", "--format", "parquet"], "--output FILE", id="parquet-on-pipe"),
            pytest.param(["notes", "--output", "."], "is a folder", id="output-folder"),
            pytest.param(["notes", "--output", "no/x.csv"], "cannot be written", id="no-folder"),
            pytest.param(["--facts", "missing.jsonl"], "missing.jsonl", id="facts-missing"),
            pytest.param(["notes", "--loud"], "--loud", id="option"),
        ],
    )
    def test_wrong_use_is_status_2_with_a_message(
        self, notes: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], message: str
    ) -> None:
        monkeypatch.chdir(notes.parent)
        result = run("code", *args)
        assert result.exit_code == 2
        assert message in result.stderr and "Traceback" not in result.stderr
        assert result.stdout == ""

    def test_facts_are_coded_alone(self, tmp_path: Path) -> None:
        good = {
            "note_id": "f-1",
            "procedure": {"kind": "medial_branch_block", "intent": "diagnostic"},
            "levels": [{"joint": "C4-C5", "side": "bilateral"}],
            "guidance": {"modality": "ct"},
        }
        path = tmp_path / "form.jsonl"
        path.write_text(f"{json.dumps(good)}\n{{broken SECRET\n{json.dumps(good)}\n")
        result = run("code", "--facts", path)
        assert result.exit_code == 1
        lines = [(line["code"], line["modifiers"]) for r in records(result) for line in r["lines"]]
        assert lines == [("64490", ["50"])] * 2
        assert f"{path}:2: not a JSON object" in result.stderr and "SECRET" not in result.stderr

    def test_what_was_written_can_be_coded_again(self, notes: Path, tmp_path: Path) -> None:
        target = tmp_path / "records.jsonl"
        # How sure a record is rests on the note's words, which stored facts lack.
        run("code", notes, "--models", "none", "--output", target)
        again = run("code", "--facts", target, "--policy", "default")
        assert again.stdout == target.read_text()

    def test_an_interrupt_is_no_traceback(
        self, notes: Path, monkeypatch: pytest.MonkeyPatch, quick: Any
    ) -> None:
        def interrupt(*args: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(quick, "facts", interrupt)
        result = run("code", notes, "--output", notes.parent / "out.jsonl")
        assert result.exit_code == 130
        assert result.stderr == "facetcode: interrupted\n"
        assert not (notes.parent / "out.jsonl").exists()


@pytest.mark.usefixtures("quick")
class TestShow:
    def test_a_note_is_shown_with_its_evidence(self, notes: Path) -> None:
        result = run("show", notes / "a.txt")
        assert result.exit_code == 0
        assert "Right [L:C4-5] [P:medial branch block]" in result.stdout
        assert "64490-RT  C4-C5 right" in result.stdout
        assert result.stderr == ""

    def test_one_note_of_many_is_chosen_by_its_id(self, notes: Path) -> None:
        assert "64490-RT" in run("show", notes, "--id", "a").stdout
        assert "64490" not in run("show", notes, "--id", "b").stdout

    @pytest.mark.parametrize(
        ("args", "message"),
        [
            pytest.param(["notes"], "holds 2 notes; choose one with --id: a, b", id="many"),
            pytest.param(["notes", "--id", "z"], "no note 'z'; its notes: a, b", id="no-such-id"),
            pytest.param(["missing.txt"], "missing.txt", id="no-file"),
            pytest.param(["empty.txt"], "empty.txt", id="no-text"),
            pytest.param(["notes/a.txt", "--policy", "nope"], "no policy 'nope'", id="policy"),
        ],
    )
    def test_what_cannot_be_shown_is_said(
        self, notes: Path, monkeypatch: pytest.MonkeyPatch, args: list[str], message: str
    ) -> None:
        monkeypatch.chdir(notes.parent)
        Path("empty.txt").touch()
        result = run("show", *args)
        assert (result.exit_code, result.stdout) == (2, "")
        assert message in result.stderr

    def test_a_bug_shows_its_kind_and_place_and_no_words(self, tmp_path: Path) -> None:
        path = tmp_path / "n.txt"
        path.write_text(f"BOOM {SECRET}")
        result = run("show", path)
        assert result.exit_code == 1
        assert result.stderr.startswith("facetcode: internal error ValueError at conftest.py:")
        assert "SECRET" not in result.stderr


def command(
    *args: str | Path, cwd: Path, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The real command in a process of its own, with the real pipeline."""
    return subprocess.run(
        [sys.executable, "-m", "facetcode", *map(str, args)],
        cwd=cwd,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=300,
    )


BAD_FILES: dict[str, bytes] = {
    "empty.txt": b"",
    "blank.txt": b" \n\t\n",
    "empty.jsonl": b"",
    "note.xyz": b"SECRETNAME",
    "binary.txt": bytes(range(256)) * 40,
    "picture.jsonl": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4,
    "truncated.jsonl": b'{"note_id": "a", "text": "SECRETNAME had',
    "no_text.jsonl": b'{"note_id": "a", "body": "SECRETNAME"}\n',
    "null_text.jsonl": b'{"note_id": "a", "text": null}\n',
    "no_text.csv": b"note_id,body_of_it\na,SECRETNAME\n",
}


@pytest.mark.parametrize("name", [*BAD_FILES, "missing.txt", "folder"])
def test_bad_input_ends_in_a_message(tmp_path: Path, name: str) -> None:
    if name in BAD_FILES:
        (tmp_path / name).write_bytes(BAD_FILES[name])
    elif name == "folder":
        (tmp_path / name).mkdir()
    result = run("code", tmp_path / name)
    assert result.exit_code in {1, 2}
    assert name in result.stderr, "the message names the file"
    assert "Traceback" not in result.stderr and "SECRET" not in result.stderr
    assert result.stdout == ""


def jsonl(*notes: dict[str, object]) -> bytes:
    return b"".join(json.dumps(note).encode() + b"\n" for note in notes)


GOOD = {"note_id": "good", "text": RIGHT}


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("name", "data", "ids", "status", "said"),
    [
        pytest.param(
            "n.jsonl",
            jsonl(GOOD) + b'{"text": "SECRET\n' + jsonl({**GOOD, "note_id": "2"}),
            ["good", "2"],
            1,
            "n.jsonl:2",
            id="broken-line-between-good-ones",
        ),
        pytest.param(
            "n.jsonl",
            jsonl({"note_id": "empty", "text": ""}, GOOD),
            ["good"],
            1,
            "empty",
            id="note-without-text",
        ),
        pytest.param(
            "n.txt", f"{RIGHT}\x00\x1b[31m\x07".encode(), ["n"], 0, "", id="control-characters"
        ),
        pytest.param("n.txt", RIGHT.encode("utf-8-sig"), ["n"], 0, "", id="byte-order-mark"),
        pytest.param("n.txt", f"{RIGHT} 80–90 %".encode("cp1252"), ["n"], 0, "", id="cp1252"),
        pytest.param("n.txt", RIGHT.encode(), ["n"], 0, "", id="no-newline"),
        pytest.param(
            "n.jsonl",
            jsonl({"note_id": "endless", "text": RIGHT + " word" * 1_000_000}, GOOD),
            ["good"],
            1,
            "endless",
            id="five-megabytes",
        ),
        pytest.param(
            "n.csv",
            b"note_id,note_text\r\n"
            + f'n-1,"{RIGHT}\nSecond line, with a comma."\r\nn-2,\r\n'.encode(),
            ["n-1"],
            1,
            "n-2",
            id="table-with-an-empty-cell",
        ),
    ],
)
def test_unusual_notes_are_coded_and_bad_ones_listed(
    tmp_path: Path, name: str, data: bytes, ids: Sequence[str], status: int, said: str
) -> None:
    (tmp_path / name).write_bytes(data)
    result = run("code", tmp_path / name)
    assert result.exit_code == status
    assert [r["note_id"] for r in records(result)] == list(ids)
    assert all(r["lines"] for r in records(result))
    assert said in result.stderr
    assert "SECRET" not in result.stderr and "Traceback" not in result.stderr


@pytest.mark.usefixtures("quick")
def test_the_columns_of_a_table_are_chosen_and_listed(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_text(f"HNO,BODY\n7,{RIGHT}\n")
    chosen = run("code", path, "--text-column", "BODY", "--id-column", "HNO")
    assert [r["note_id"] for r in records(chosen)] == ["7"]
    wrong = run("code", path, "--text-column", "TEXT")
    assert wrong.exit_code == 2
    assert "HNO" in wrong.stderr and "BODY" in wrong.stderr


@pytest.mark.usefixtures("quick")
def test_a_second_note_of_the_same_id_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "n.jsonl"
    path.write_bytes(jsonl(GOOD, {**GOOD, "text": f"{RIGHT} Again."}))
    result = run("code", path)
    assert "good" in result.stderr and "n.jsonl:2" in result.stderr


def _drain(terminal: int, into: list[bytes]) -> None:
    """Everything written to a pseudo-terminal, until its other end is closed."""
    while True:
        try:
            piece = os.read(terminal, 65_536)
        except OSError:  # Linux says so once nobody holds the other end
            return
        if not piece:
            return
        into.append(piece)


class TestProcess:
    """What only a process of its own shows: the real pipeline, real pipes, a real exit."""

    def test_a_note_becomes_a_record(self, notes: Path) -> None:
        done = command("code", "notes", cwd=notes.parent)
        assert done.returncode == 0
        coded, other = (json.loads(line) for line in done.stdout.splitlines())
        assert [(line["code"], line["modifiers"]) for line in coded["lines"]] == [("64490", ["RT"])]
        assert other["status"] == "not_applicable"
        assert done.stderr == "facetcode: 2 records: 1 coded, 1 not applicable\n"

    def test_show_is_what_the_screen_can_hold(self, notes: Path) -> None:
        done = command("show", "notes/a.txt", cwd=notes.parent, env={"COLUMNS": "70"})
        assert done.returncode == 0 and "64490-RT" in done.stdout
        assert max(map(len, done.stdout.splitlines())) <= 70

    def test_an_id_the_terminal_cannot_write_is_no_failure(self, tmp_path: Path) -> None:
        (tmp_path / "n.jsonl").write_bytes(jsonl({"note_id": "naïve–√", "text": RIGHT}))
        for form in ("jsonl", "csv", "table"):
            env = {"PYTHONIOENCODING": "ascii"}
            done = command("code", "n.jsonl", "--format", form, cwd=tmp_path, env=env)
            assert done.returncode == 0, done.stderr

    @pytest.mark.skipif(os.name != "posix", reason="about POSIX pipes")
    def test_a_reader_that_leaves_early_is_no_error(self, tmp_path: Path) -> None:
        notes = [{"note_id": str(i), "text": RIGHT + " word" * 500} for i in range(300)]
        (tmp_path / "n.jsonl").write_bytes(jsonl(*notes))
        running = subprocess.Popen(
            [sys.executable, "-m", "facetcode", "code", "n.jsonl"],
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert running.stdout is not None and running.stderr is not None
        assert running.stdout.readline().startswith(b"{")
        running.stdout.close()
        assert running.stderr.read() == b""
        running.stderr.close()
        assert running.wait(timeout=300) == 141

    @pytest.mark.skipif(os.name != "posix", reason="about POSIX terminals")
    @pytest.mark.parametrize(("count", "drawn"), [(3, False), (9, True)])
    def test_progress_is_drawn_for_many_notes_where_somebody_watches(
        self, tmp_path: Path, count: int, drawn: bool
    ) -> None:
        import pty

        notes = [{"note_id": str(i), "text": RIGHT} for i in range(count)]
        (tmp_path / "n.jsonl").write_bytes(jsonl(*notes))
        master, terminal = pty.openpty()
        pieces: list[bytes] = []
        # Read while it runs: a slow machine draws more than a terminal's buffer holds.
        reader = threading.Thread(target=_drain, args=(master, pieces))
        reader.start()
        done = subprocess.run(
            [sys.executable, "-m", "facetcode", "code", "n.jsonl"],
            cwd=tmp_path,
            env={**os.environ, "TERM": "xterm"},
            stdout=subprocess.PIPE,
            stderr=terminal,
            timeout=300,
        )
        os.close(terminal)
        reader.join(timeout=60)
        os.close(master)
        seen = b"".join(pieces).decode()
        assert done.returncode == 0
        assert [json.loads(line)["note_id"] for line in done.stdout.splitlines()] == [
            str(i) for i in range(count)
        ]
        assert (f"{count}/{count}" in seen) is drawn
        assert f"{count} records: {count} coded" in seen
