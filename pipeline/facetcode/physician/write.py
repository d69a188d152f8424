"""Drafted questions as letters (Markdown, a physician each) or as rows (CSV)."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import TextIO

from facetcode.output import unformula
from facetcode.physician.queries import Query
from facetcode.terminal import one_line

COLUMNS = (
    "provider",
    "note_id",
    "date_of_service",
    "item",
    "severity",
    "flags",
    "documented",
    "unclear",
    "question",
    "choices",
    "answer",
    "answered_by",
    "answered_on",
)
"""Columns of the CSV; the last three are for the physician's answer."""

_NOTHING = "nothing on this was found in the note"
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|~$])")
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def write_csv(queries: Iterable[Query], stream: TextIO) -> None:
    """One row a question, no cell of which a spreadsheet runs."""
    rows = csv.writer(stream)
    rows.writerow(COLUMNS)
    for query in _sorted(queries):
        question = query.question
        cells = (
            query.provider,
            query.note_id,
            query.date_of_service,
            question.item,
            query.severity,
            " ".join(query.flags),
            "; ".join(f'"{quote}"' for quote in query.documented) or _NOTHING,
            question.unclear,
            question.ask,
            "; ".join(question.answers),
            "",
            "",
            "",
        )
        rows.writerow([unformula(one_line(cell, longest=2000)) for cell in cells])


def write_markdown(queries: Iterable[Query], stream: TextIO) -> None:
    """A chapter a physician, a heading a note, a paragraph a question, with room for the answer."""
    write_sorted_markdown(_sorted(queries), stream)


def write_sorted_markdown(drafted: Iterable[Query], stream: TextIO) -> None:
    """The same for queries that come sorted by physician, day and note, one at a time."""
    stream.write("# Requests for clarification\n")
    some = False
    for provider, theirs in groupby(drafted, key=lambda query: query.provider):
        if not some:
            some = True
            stream.write(
                "\nAnswer from your own knowledge of the encounter, as an addendum to the note. "
                "No answer is expected or preferred.\n"
            )
        stream.write(f"\n## {_plain(provider) or 'Physician not named in the export'}\n")
        for (note_id, day), about in groupby(theirs, key=lambda q: (q.note_id, q.date_of_service)):
            of = f", {_plain(day)}" if day else ", date of service not given"
            stream.write(f"\n### Note {_plain(note_id)}{of}\n")
            for query in about:
                _write_query(query, stream)
    if not some:
        stream.write("\nNo note needs one.\n")


def _write_query(query: Query, stream: TextIO) -> None:
    question = query.question
    quotes = "; ".join(f"“{_plain(quote)}”" for quote in query.documented)
    stream.write(f"\n**{question.item}**\n\n")
    stream.write(f"- Documented: {quotes or _NOTHING}\n")
    stream.write(f"- Unclear: {question.unclear}\n")
    stream.write(f"- {question.ask}\n")
    stream.writelines(f"  - [ ] {_blank(answer)}\n" for answer in question.answers)
    if not question.answers:
        stream.write(f"\n  {_blank('Answer: ____')}\n")


def _sorted(queries: Iterable[Query]) -> Sequence[Query]:
    """By physician, those without a name last; then by day and note, the questions in order."""
    return sorted(queries, key=lambda q: (not q.provider, q.provider, q.date_of_service, q.note_id))


def _plain(text: str) -> str:
    """Text that Markdown shows as it stands: neither its own marks nor HTML."""
    return _SPECIAL.sub(r"\\\1", one_line(text, longest=400)).translate(_HTML)


def _blank(text: str) -> str:
    return text.replace("____", "\\_\\_\\_\\_")
