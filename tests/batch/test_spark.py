"""Coding on a real Spark with executors of their own; skipped where Spark or Java is missing."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from facetcode import load
from facetcode.errors import FacetcodeError, PolicyError

pytest.importorskip("pyspark")
pytest.importorskip("pandas")
if shutil.which("java") is None:
    pytest.skip("there is no Java", allow_module_level=True)

from pyspark.sql import SparkSession

from facetcode.batch.spark import REJECT, arrow_schema, code_notes, run_spark
from facetcode.record import to_json

SAMPLES = Path(__file__).parents[2] / "annotations" / "samples"
COLUMNS = ["note_id", "text", "date_of_service", "payer"]


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    """Two executors in processes of their own."""
    paths = os.pathsep.join(path for path in sys.path if path)
    os.environ["PYSPARK_PYTHON"] = sys.executable
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    session = (
        SparkSession.builder.master("local-cluster[2,1,1024]")
        .config("spark.ui.enabled", "false")
        .config("spark.executorEnv.PYTHONPATH", paths)
        .config("spark.executorEnv.PYSPARK_PYTHON", sys.executable)
        .config("spark.task.maxFailures", "4")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    yield session
    session.stop()


def notes(times: int) -> list[tuple[str, str, str | None, str | None]]:
    texts = [path.read_text(encoding="utf-8") for path in sorted(SAMPLES.glob("*.txt"))]
    return [
        (f"n-{n}", texts[n % len(texts)], "2026-03-01", ["Medicare", "Aetna", None][n % 3])
        for n in range(times * len(texts))
    ]


def local(given: list[tuple[Any, ...]], policy: str) -> list[dict[str, Any]]:
    """The same notes through the API, in the table's form."""
    import pyarrow

    coder = load(policy)
    records = []
    for row in given:
        note = {k: v for k, v in zip(COLUMNS, row, strict=True) if v is not None}
        records.append(to_json(coder(note)))
    table = pyarrow.Table.from_pylist(records, schema=arrow_schema()).to_pylist()
    return sorted(table, key=lambda record: record["note_id"])


@pytest.mark.parametrize("policy", ["medicare", "auto"])
def test_the_same_records_as_the_local_run(spark: SparkSession, policy: str) -> None:
    given = notes(2)
    frame = spark.createDataFrame(given, COLUMNS).repartition(5)
    rows = code_notes(frame, policy=policy).collect()
    got = sorted((row.asDict(recursive=True) for row in rows), key=lambda r: r["note_id"])
    assert got == local(given, policy)


def test_a_row_without_a_record_says_why(spark: SparkSession) -> None:
    given = [("a", None, None, None), (None, "x", None, None), ("b", "x", "tomorrow", None),
             ("c", "a good note", None, None)]  # fmt: skip
    frame = spark.createDataFrame(
        given, "note_id string, text string, date_of_service string, payer string"
    )
    found = {row.note_id: row for row in code_notes(frame, policy="medicare").collect()}
    reasons = {n: row[REJECT].reason if row[REJECT] else None for n, row in found.items()}
    assert reasons["a"] == "the note has no text"
    assert reasons[""] == "the note has no id"
    assert reasons["b"].startswith("date_of_service is not an ISO date")
    assert reasons["c"] is None and found["c"].status == "not_applicable"


def test_wrong_use_fails_before_any_task(spark: SparkSession) -> None:
    with pytest.raises(FacetcodeError, match="no column text"):
        code_notes(spark.createDataFrame([("a", "b")], ["note_id", "words"]))
    with pytest.raises(PolicyError):
        code_notes(spark.createDataFrame([("a", "b")], ["note_id", "text"]), policy="nobody")


def executors() -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"CoarseGrainedExecutorBackend" in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks into /proc")
def test_a_killed_executor_costs_no_record(spark: SparkSession) -> None:
    given = notes(40)
    frame = spark.createDataFrame(given, COLUMNS).repartition(24)
    result: list[Any] = []
    job = threading.Thread(
        target=lambda: result.extend(code_notes(frame, policy="medicare").collect())
    )
    before = executors()
    assert len(before) == 2
    job.start()
    time.sleep(3)
    os.kill(before[0], signal.SIGKILL)
    job.join(timeout=180)
    assert sorted(row.note_id for row in result) == sorted(row[0] for row in given)
    assert {row.status for row in result} == {"coded", "query", "not_applicable"}


def test_parquet_to_parquet(spark: SparkSession, tmp_path: Path) -> None:
    given = notes(1)
    spark.createDataFrame(given, COLUMNS).write.parquet(str(tmp_path / "in"))
    out = str(tmp_path / "out")
    counts = run_spark([str(tmp_path / "in")], out, master=None, policy="medicare", payers=None)
    assert sum(counts.values()) == len(given)
    with pytest.raises(FacetcodeError, match="exist"):
        run_spark([str(tmp_path / "in")], out, master="local[1]", policy="medicare", payers=None)
