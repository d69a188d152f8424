"""spaCy's DocBin: marks as the span group ``facetcode`` and as entities, facts in the user data.

Tokens are spaCy's for English, cut once more where a mark begins or ends inside one, so that every
mark is whole tokens. A mark's attributes stand in its ``kb_id``. Read are files of other pipelines
too: the span group, else ``sc``, else entities.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from facetcode.annotate.document import Document, attrs_word, ordered, parse_attrs
from facetcode.errors import AnnotationError
from facetcode.evaluate.gold import GoldSpan

if TYPE_CHECKING:
    from spacy.tokens import Doc

GROUP = "facetcode"
_OTHERS = ("sc",)
_DATA = "facetcode"


def write(documents: Iterable[Document]) -> Iterator[bytes]:
    """The file of a DocBin."""
    from spacy.tokens import DocBin

    nlp = _english()
    stored = DocBin(store_user_data=True)
    for document in documents:
        stored.add(_doc(nlp, document))
    yield stored.to_bytes()


@functools.cache
def _english() -> Any:
    """A tokenizer and its vocabulary, made once: it takes a quarter of a second."""
    import spacy

    return spacy.blank("en")


def _doc(nlp: Any, document: Document) -> Doc:
    from spacy.tokens import Doc
    from spacy.util import filter_spans

    borders = {offset for span in document.spans for offset in (span.start, span.end)}
    words: list[str] = []
    spaces: list[bool] = []
    for token in nlp.make_doc(document.text):
        cuts = [0, *sorted(b - token.idx for b in borders if 0 < b - token.idx < len(token))]
        pieces = [token.text[a:b] for a, b in pairwise([*cuts, len(token)])]
        words += pieces
        spaces += [False] * (len(pieces) - 1) + [bool(token.whitespace_)]
    doc = Doc(nlp.vocab, words=words, spaces=spaces)
    marks = []
    for span in document.spans:
        found = doc.char_span(span.start, span.end, label=span.label, kb_id=attrs_word(span.attrs))
        if found is None:
            raise AnnotationError(
                f"{document.note_id}: the mark at {span.start}-{span.end} begins or ends with "
                "blank space; mark the words only"
            )
        marks.append(found)
    doc.spans[GROUP] = marks
    doc.ents = filter_spans(marks)
    said = {
        "front": dict(document.front),
        "sha256": document.sha256,
        "source_id": document.source_id,
        "suggested": document.suggested,
    }
    # As text: the container of user data keeps no difference between lists and tuples.
    doc.user_data[_DATA] = json.dumps(said)
    return doc


def read(paths: Iterable[Path]) -> Iterator[Document]:
    """The documents of ``.spacy`` files. Raises AnnotationError for a file that is no DocBin."""
    from spacy.tokens import DocBin

    vocab = _english().vocab
    for path in paths:
        try:
            data = path.read_bytes()
        except OSError as error:
            raise AnnotationError(f"{path}: cannot be read: {error.strerror}") from None
        try:
            docs = list(DocBin().from_bytes(data).get_docs(vocab))
        except Exception as error:  # zlib, msgpack and spaCy each raise their own
            raise AnnotationError(
                f"{path}: not a DocBin of spaCy ({type(error).__name__}); give a .spacy file"
            ) from None
        for number, doc in enumerate(docs, start=1):
            yield _document(doc, f"{path}: document {number}")


def _document(doc: Doc, where: str) -> Document:
    group = next((name for name in (GROUP, *_OTHERS) if name in doc.spans), None)
    marks = list(doc.spans[group]) if group else list(doc.ents)
    problems, spans = [], []
    for mark in marks:
        attrs = parse_attrs(mark.kb_id_)
        if attrs is None:
            problems.append(f"the mark at {mark.start_char}-{mark.end_char}: its kb_id is not ours")
            continue
        spans.append(ordered(GoldSpan(mark.label_, mark.start_char, mark.end_char, attrs)))
    front: dict[str, Any] = {}
    said: Any = {}
    try:
        said = json.loads(doc.user_data.get(_DATA) or "{}")
        front = dict(said.get("front") or {})
    except (ValueError, TypeError, AttributeError):
        problems.append("its user data are not ours any more")
    return Document(
        front,
        doc.text,
        tuple(sorted(spans, key=lambda s: (s.start, s.end))),
        where,
        str(said.get("sha256") or ""),
        str(said.get("source_id") or ""),
        str(said.get("suggested") or ""),
        tuple(problems),
    )
