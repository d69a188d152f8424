"""Coding notes on Spark: a DataFrame of notes in, a DataFrame of the same records out.

The work is done in ``mapInArrow``: each of Spark's Python workers builds the pipeline once and
codes Arrow batches; nothing is collected by the driver, and a task that is lost is run again.
Needs the extra ``facetcode[spark]``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facetcode.batch import worker
from facetcode.batch.worker import Failure, Settings
from facetcode.coder import Coder, as_note, load_rules
from facetcode.errors import FacetcodeError, NoteFormatError
from facetcode.notes.note import MAX_NOTE_CHARS, Note
from facetcode.parquet import schema as record_schema

if TYPE_CHECKING:
    import pyarrow as pa
    from pyspark.sql import DataFrame, SparkSession

REJECT = "reject"
"""Column that holds why a row has no record: reason and remedy; null for those that have one."""


def code_notes(df: DataFrame, *, policy: str | None = None, payers: str | None = None) -> DataFrame:
    """The records of a DataFrame of notes, a row a note, in the partitions of the input.

    ``df`` has the columns ``note_id`` and ``text`` and any of the contract's optional ones
    (``date_of_service``, ``payer`` …), of simple types. The result has the record's columns as
    ``facetcode code --format parquet`` writes them, and ``reject``. Without ``policy`` each note's
    payer and date choose; ``payers`` is a mapping file that every executor can read.

    Raises FacetcodeError when a column is missing, and PolicyError for a policy nobody knows.
    """
    missing = [name for name in ("note_id", "text") if name not in df.columns]
    if missing:
        raise FacetcodeError(
            f"the DataFrame has no column {' and no column '.join(missing)}; "
            f"rename yours, or select(... .alias('{missing[0]}'))"
        )
    # Asked here as well, so that a wrong name fails at once and not in every task.
    load_rules(policy, Path(payers) if payers else None)
    settings = Settings(policy, payers)

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        return code_batches(batches, settings)

    return df.mapInArrow(run, _spark_schema())


def code_batches(batches: Iterator[pa.RecordBatch], settings: Settings) -> Iterator[pa.RecordBatch]:
    """Arrow batches of notes to Arrow batches of records; what each of Spark's workers does."""
    import pyarrow as pa

    coder = _coder(settings)
    form = arrow_schema()
    for batch in batches:
        rows = [_row(coder, given) for given in batch.to_pylist()]
        yield from pa.Table.from_pylist(rows, schema=form).combine_chunks().to_batches()


@cache
def _coder(settings: Settings) -> Coder:
    """One coder a process, however many tasks Spark gives it."""
    return worker.build(settings)


def _row(coder: Coder, given: dict[str, Any]) -> dict[str, Any]:
    note_id = "" if given.get("note_id") is None else str(given["note_id"])
    text = given.get("text")
    if not note_id:
        return _rejected("", "the note has no id", "give every row a note_id")
    if not isinstance(text, str) or not text.strip():
        return _rejected(note_id, "the note has no text", "export it again")
    if len(text) > MAX_NOTE_CHARS:
        return _rejected(note_id, "the text is too long for a note", "split it")
    try:
        note: Note = as_note({**given, "note_id": note_id})
    except NoteFormatError as error:
        return _rejected(note_id, str(error), "mend the row")
    made = worker.outcome(coder, note)
    if isinstance(made, Failure):
        return _rejected(note_id, made.reason, made.remedy)
    record: dict[str, Any] = json.loads(made)
    return record


def _rejected(note_id: str, reason: str, remedy: str) -> dict[str, Any]:
    return {"note_id": note_id, REJECT: {"reason": reason, "remedy": remedy}}


def arrow_schema() -> Any:
    """The record's columns and ``reject``, as an Arrow schema."""
    import pyarrow as pa

    why = pa.struct([("reason", pa.string()), ("remedy", pa.string())])
    return record_schema().append(pa.field(REJECT, why))


def _spark_schema() -> Any:
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(arrow_schema())


def run_spark(
    paths: Sequence[str], out: str, *, master: str | None, policy: str | None, payers: str | None
) -> dict[str, int]:
    """Read notes from Parquet, code them, write records as Parquet; how many of each status.

    ``paths`` and ``out`` may lie wherever Spark can read and write. Raises FacetcodeError.
    """
    spark = session(master)
    try:
        from pyspark.errors import AnalysisException, PySparkException

        try:
            coded = code_notes(spark.read.parquet(*paths), policy=policy, payers=payers)
            coded.write.mode("errorifexists").parquet(out)
            written = spark.read.parquet(out)
            counts = written.groupBy("status").count().collect()
        except AnalysisException as error:
            # Spark's message names paths and columns, and quotes no row.
            raise FacetcodeError(str(error).splitlines()[0]) from None
        except PySparkException as error:
            raise FacetcodeError(
                f"Spark failed ({type(error).__name__}); its log says where, and the output is "
                "not whole: delete it before the next run"
            ) from None
        return {row["status"] or "rejected": row["count"] for row in counts}
    finally:
        spark.stop()


def session(master: str | None) -> SparkSession:
    """The Spark session there is, or a new one. Raises FacetcodeError without pyspark or Java."""
    try:
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession
    except ModuleNotFoundError:
        raise FacetcodeError(
            "Spark needs pyspark, which is not installed: pip install 'facetcode[spark]'"
        ) from None
    builder = SparkSession.builder.appName("facetcode")
    if master:
        builder = builder.master(master)
    try:
        return builder.getOrCreate()
    except PySparkException as error:
        raise FacetcodeError(
            f"Spark cannot start ({type(error).__name__}); is there a Java 17 or later?"
        ) from None
