"""Records as Parquet, for Spark, DuckDB and pandas; needs the extra ``facetcode[parquet]``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

from facetcode.errors import FacetcodeError
from facetcode.record import Record, to_json

_HELD = 500
"""Records held as Python objects before they become an Arrow table, a tenth of their size."""
_GROUP = 16_000
"""Records a row group; the file's footer holds statistics of each, and grows with their number."""


class ParquetRecords:
    """Writes records to a binary file, nested as in JSON; raises when pyarrow is not installed."""

    def __init__(self, file: IO[bytes]) -> None:
        try:
            import pyarrow.parquet
        except ModuleNotFoundError as error:
            raise FacetcodeError(
                "Parquet needs pyarrow, which is not installed: pip install 'facetcode[parquet]'"
            ) from error
        self._schema = schema()
        self._file = pyarrow.parquet.ParquetWriter(file, self._schema, compression="zstd")
        self._held: list[dict[str, Any]] = []
        self._tables: list[Any] = []

    def write(self, record: Record) -> None:
        """Take one record; a full batch goes to the file."""
        self.take(to_json(record))

    def take(self, data: Mapping[str, Any]) -> None:
        """The same for a record that is JSON already."""
        self._held.append(dict(data))
        if len(self._held) >= _HELD:
            self._spill()

    def finish(self) -> None:
        """Write the rest and the footer, without which the file cannot be read."""
        self._spill(last=True)
        self._file.close()

    def _spill(self, *, last: bool = False) -> None:
        import pyarrow

        # Keys beyond the schema are left out; those of the contract are all in it.
        if self._held:
            self._tables.append(pyarrow.Table.from_pylist(self._held, schema=self._schema))
            self._held.clear()
        rows = sum(table.num_rows for table in self._tables)
        if rows >= _GROUP or (last and rows):
            self._file.write_table(pyarrow.concat_tables(self._tables), row_group_size=_GROUP)
            self._tables.clear()


def schema() -> Any:
    """The contract's record as an Arrow schema; the keys beyond the contract are left out."""
    import pyarrow as pa

    text, number = pa.string(), pa.float64()

    def struct(**fields: Any) -> Any:
        return pa.struct(list(fields.items()))

    def items(**fields: Any) -> Any:
        return pa.list_(struct(**fields))

    evidence = items(start=pa.int64(), end=pa.int64(), text=text)
    # A flag may cite another of the patient's notes.
    cited = items(start=pa.int64(), end=pa.int64(), text=text, note_id=text)
    step = items(step=text, rule=text)
    fields = {
        "schema": pa.int32(),
        "note_id": text,
        "status": text,
        "procedure": struct(kind=text, intent=text, ordinal=pa.int8(), evidence=evidence),
        "levels": items(joint=text, side=text, named_as=text, evidence=evidence),
        "guidance": struct(modality=text, evidence=evidence),
        "relief": items(low=number, high=number, when=text, evidence=evidence),
        "diagnoses": items(code=text, evidence=evidence),
        "lines": items(
            code=text,
            modifiers=pa.list_(text),
            units=pa.int32(),
            joint=text,
            side=text,
            because=step,
        ),
        "flags": items(code=text, severity=text, message=text, authority=text, evidence=cited),
        "confidence": number,
        "auto": pa.bool_(),
        "policy": text,
        "version": text,
    }
    return pa.schema(list(fields.items()))
