"""``facetcode audit``: draw a sample, write its worksheet, score and sign it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from facetcode.errors import FacetcodeError

if TYPE_CHECKING:
    from facetcode.audit.score import Party, Score
    from facetcode.claims import Claim

RecordsArgument = Annotated[
    Path, typer.Argument(metavar="RECORDS", help="Records of code or batch, or a run's folder.")
]
SampleArgument = Annotated[
    Path, typer.Argument(metavar="SAMPLE", help="The sample that audit draw wrote.")
]
CodedOption = Annotated[
    Path | None,
    typer.Option(
        "--coded",
        metavar="FILE",
        help="What coders billed: the desk's final-codes, or a table with note_id, coder, code.",
    ),
]


def draw_command(
    records: RecordsArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="Write the sample there.")
    ],
    seed: Annotated[int, typer.Option(help="Any whole number; the same one draws the same notes.")],
    size: Annotated[
        int | None, typer.Option(min=1, help="Notes to review; a probe has 30 without it.")
    ] = None,
    method: Annotated[
        Literal["random", "stratified", "probe"] | None,
        typer.Option(
            "--method", help="Default: stratified with --by, else random.", show_default=False
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option("--by", metavar="TRAIT", help="Spread over provider, payer, coder, levels …"),
    ] = None,
    spares: Annotated[
        int, typer.Option(min=0, help="More notes, for those that cannot be judged.")
    ] = 5,
    where: Annotated[
        list[str] | None,
        typer.Option(
            "--where", metavar="TRAIT=VALUE", help="Only such notes; again for alternatives."
        ),
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="Served on or after.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="Served on or before.")
    ] = None,
    coded: CodedOption = None,
) -> None:
    """Draw a sample of notes to audit: seeded, repeatable, with its frame on record.

    \b
    Examples:
      facetcode audit draw results/ --size 60 --seed 2025 --output sample.json
      facetcode audit draw results/ --size 90 --by provider --where status=coded --seed 7 -o s.json
      facetcode audit draw results/ --method probe --seed 7 -o probe.json
    """
    from facetcode.audit.coders import read_coded
    from facetcode.audit.draw import PROBE_SIZE, draw, frame_of
    from facetcode.audit.sample_file import make_sample, sample_json
    from facetcode.claims import read_claims, records_file, sha256_of
    from facetcode.cli import same_file, say

    method = method or ("stratified" if by else "random")
    if (method == "stratified") != (by is not None):
        raise FacetcodeError("--by TRAIT and the method stratified belong together")
    if size is None:
        if method != "probe":
            raise FacetcodeError("say how many notes are to be reviewed: --size 60")
        size = PROBE_SIZE
    if same_file(output, records_file(records)):
        raise FacetcodeError(f"{output}: is the input; name another file to write to")
    claims = read_claims(records)
    coder_of = {i: c.coder for i, c in read_coded(coded).items()} if coded else None
    frame = frame_of(
        claims,
        [_pair(given) for given in where or ()],
        first=_day(first, "--from"),
        last=_day(last, "--to"),
        coder_of=coder_of,
    )
    drawn = draw(frame, size=size, seed=seed, spares=spares, by=by, coder_of=coder_of)
    sample = make_sample(
        claims, frame, drawn, method=method, seed=seed, by=by,
        records_sha256=sha256_of(records_file(records)),
    )  # fmt: skip
    _write(output, sample_json(sample).encode())
    say(
        f"{len(drawn.sample):,} notes and {len(drawn.spares):,} spares drawn from a frame of "
        f"{len(frame.claims):,} in {len(claims):,} records"
    )


def sheet_command(
    sample: SampleArgument,
    records: RecordsArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="FILE", help="A .xlsx or a .csv.")
    ],
    blind: Annotated[
        bool, typer.Option("--blind", help="Without what program and coder said.")
    ] = False,
    coded: CodedOption = None,
) -> None:
    """Write the worksheet of a sample: a row a line, suggested columns and blank ones.

    \b
    Examples:
      facetcode audit sheet sample.json results/ --output sheet.xlsx
      facetcode audit sheet sample.json results/ --blind --output blind.csv
    """
    from facetcode.audit.coders import read_coded
    from facetcode.audit.sample_file import read_sample
    from facetcode.audit.sheet import sheet_rows, write_csv, write_xlsx
    from facetcode.cli import say
    from facetcode.output import replacing

    suffix = output.suffix.lower()
    if suffix not in (".xlsx", ".csv"):
        raise FacetcodeError(f"{output}: name a .xlsx or a .csv file")
    if output.exists():
        raise FacetcodeError(f"{output}: is there already, and a review may be in it; name another")
    drawn = read_sample(sample)
    claims = _claims_of(records, drawn.records_sha256)
    rows = list(sheet_rows(drawn, claims, blind=blind, coded=read_coded(coded) if coded else None))
    with replacing(output) as file:
        if suffix == ".xlsx":
            write_xlsx(rows, file, blind=blind)
        else:
            write_csv(rows, file)
    say(f"{len(drawn.sample):,} notes and {len(drawn.spares):,} spares on {len(rows):,} rows")


def score_command(
    sample: SampleArgument,
    records: RecordsArgument,
    sheets: Annotated[
        list[Path], typer.Argument(metavar="SHEET...", help="Filled worksheets, CSV or XLSX.")
    ],
    coded: CodedOption = None,
    claim: Annotated[
        float, typer.Option(min=50, max=99.9, help="The accuracy one wants to claim, in percent.")
    ] = 95,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="The audit as a page to sign.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The figures as JSON.")
    ] = None,
    title: Annotated[str, typer.Option(help="The page's heading.")] = "",
    drawn_by: Annotated[str, typer.Option("--drawn-by", metavar="NAME")] = "",
    reviewed_by: Annotated[
        list[str] | None, typer.Option("--reviewed-by", metavar="NAME", help="Again for more.")
    ] = None,
    signed_by: Annotated[
        str, typer.Option("--signed-by", metavar="NAME", help="Who signs the audit off.")
    ] = "",
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="The day of the signature.")
    ] = None,
) -> None:
    """Score filled worksheets: error rates with exact intervals, errors by class.

    Exit status 0: scored; 1: some rows could not be read, and are listed.

    \b
    Examples:
      facetcode audit score sample.json results/ sheet.xlsx
      facetcode audit score sample.json results/ sheet.xlsx --html audit.html \\
          --drawn-by "R. Amin" --reviewed-by "J. Okafor" --signed-by "M. Lindt" --on 2025-07-01
    """
    from facetcode.audit.coders import read_coded
    from facetcode.audit.read_sheet import read_sheets
    from facetcode.audit.report import Signatures, page
    from facetcode.audit.sample_file import read_sample
    from facetcode.claims import records_file, sha256_of
    from facetcode.cli import same_file, say
    from facetcode.html_page import missing

    signed_on = _day(on, "--on")
    if bool(signed_by) != bool(signed_on):
        raise FacetcodeError("a signature has a name and a day: --signed-by NAME --on DATE")
    if signed_by and html is None:
        raise FacetcodeError("a signature needs the page it stands on: --html FILE")
    inputs = [sample, records_file(records), *sheets, *([coded] if coded else [])]
    for target in (html, output):
        if target and any(same_file(target, path) for path in inputs):
            raise FacetcodeError(f"{target}: is an input; name another file to write to")
    try:
        from facetcode.audit.figures import score_json
        from facetcode.audit.score import score
    except ModuleNotFoundError as error:
        raise missing(error) from None
    drawn = read_sample(sample)
    claims = _claims_of(records, drawn.records_sha256)
    reviewed, problems = read_sheets(sheets, drawn, claims)
    for problem in problems:
        say(problem)
    if not reviewed:
        raise FacetcodeError(f"{', '.join(map(str, sheets))}: no note is reviewed yet")
    result = score(drawn, claims, reviewed, read_coded(coded) if coded else None, claim=claim / 100)
    if signed_by and (result.open_ or problems):
        raise FacetcodeError(
            f"{len(result.open_):,} notes are not reviewed and {len(problems):,} could not be read:"
            " an audit is signed when it is complete"
        )
    if html:
        signs = Signatures(
            title, drawn_by, tuple(reviewed_by or ()), signed_by,
            signed_on.isoformat() if signed_on else "",
        )  # fmt: skip
        hashes = [(path.name, sha256_of(path)) for path in inputs]
        _write(html, page(drawn, result, signs, hashes).encode("utf-8", "backslashreplace"))
    if output:
        _write(output, (json.dumps(score_json(result), indent=1) + "\n").encode())
    _print(result)
    if result.open_:
        say(f"{len(result.open_):,} notes are still to be reviewed: {_some(result.open_)}")
    if problems:
        raise typer.Exit(1)


def audit_app(guarded: Callable[[Callable[..., None]], Callable[..., None]]) -> typer.Typer:
    """The commands under ``audit``."""
    app = typer.Typer(help="Audits: draw, worksheet, score and sign.", no_args_is_help=True)
    app.command("draw", short_help="Draw a sample of notes.")(guarded(draw_command))
    app.command("sheet", short_help="Write the sample's worksheet.")(guarded(sheet_command))
    app.command("score", short_help="Score the filled worksheet.")(guarded(score_command))
    return app


def _claims_of(records: Path, sha256: str) -> dict[str, Claim]:
    """The records a sample was drawn from; others would be scored against the wrong claims."""
    from facetcode.claims import read_claims, records_file, sha256_of

    file = records_file(records)
    if sha256_of(file) != sha256:
        raise FacetcodeError(
            f"{file}: not the records the sample was drawn from (their SHA-256 differs); give "
            "those, or draw anew"
        )
    return {claim.note_id: claim for claim in read_claims(file)}


def _print(result: Score) -> None:
    from facetcode.commands.tables import print_rows

    head = ("coded by", "notes", "wrong", "95 % interval", "too high", "too low", "changed",
            *result.parties[0].classes)  # fmt: skip
    print_rows(head, [_row(party) for party in result.parties], sys.stdout)
    need = result.need
    claim = f"at least {100 * need.claim:g} % right"
    if need.holds:
        print(f"'{claim}' may be said.")
    elif need.without_errors is None:
        print(f"'{claim}' may not be said, and no number of further notes would allow it.")
    else:
        rate = (
            "at the rate seen never"
            if need.at_this_rate is None
            else f"at the rate seen about {need.at_this_rate:,}"
        )
        print(
            f"'{claim}' may not be said yet: {need.without_errors:,} more notes without an error "
            f"are needed; {rate}."
        )


def _row(party: Party) -> list[str]:
    from facetcode.html_page import percent

    interval = f"{percent(party.error.low)} to {percent(party.error.high)}"
    ways = [percent(party.directions[way].value) for way in ("over", "under", "changed")]
    kinds = [
        "not judged" if e.value is None else f"{round(e.value * e.n)}"
        for e, _ in party.classes.values()
    ]
    return [party.name, str(party.notes), percent(party.error.value), interval, *ways, *kinds]


def _pair(given: str) -> tuple[str, str]:
    name, is_, value = given.partition("=")
    if not is_ or not name:
        raise FacetcodeError(f"--where {given}: write TRAIT=VALUE, status=coded say")
    return name.strip(), value.strip()


def _day(given: str | None, option: str) -> date | None:
    if given is None:
        return None
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise FacetcodeError(f"{option} {given}: write the day as YYYY-MM-DD") from None


def _write(target: Path, data: bytes) -> None:
    from facetcode.output import replacing

    with replacing(target) as file:
        file.write(data)


def _some(ids: tuple[str, ...], most: int = 10) -> str:
    return ", ".join(ids[:most]) + (", …" if len(ids) > most else "")
