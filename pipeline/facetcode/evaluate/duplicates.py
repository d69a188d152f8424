"""Notes that are copies of each other, word for word or nearly."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

NEAR = 0.8
"""Cosine from which two notes are near-duplicates: a copy with other sides, levels and scores
keeps 0.9 and more, two notes of one voice in this project's corpus 0.25 at most."""
_CHUNK = 500
_LEAST_WORDS = 5
_ROUNDING = 1e-9


def near_duplicates(texts: Sequence[str], least: float = NEAR) -> Iterator[tuple[int, int, float]]:
    """Pairs of places (first, second) with their likeness in 0-1, in order; 1.0 is the same words.

    The cosine of TF-IDF weights over words and pairs of words: what all notes share counts little.
    Case, punctuation and blank space do not count. Texts of fewer than five words are only
    compared whole, since any two of those are alike.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer  # loads slowly

    words = [re.findall(r"\w+", text.lower()) for text in texts]
    if not any(words):
        return
    vectorizer = TfidfVectorizer(analyzer=_terms, sublinear_tf=True)
    weights = vectorizer.fit_transform(words)
    for start in range(0, len(texts), _CHUNK):
        # A block of rows at a time: all pairs of a large corpus would not fit.
        block = (weights[start : start + _CHUNK] @ weights.T).tocoo()
        alike = (block.row + start < block.col) & (block.data >= least - _ROUNDING)
        pairs = zip(block.row[alike] + start, block.col[alike], block.data[alike], strict=True)
        for i, j, value in sorted((int(i), int(j), float(v)) for i, j, v in pairs):
            if words[i] == words[j]:
                yield i, j, 1.0
            elif min(len(words[i]), len(words[j])) >= _LEAST_WORDS:
                yield i, j, min(value, 0.999)


def _terms(words: Sequence[str]) -> list[str]:
    return [*words, *(f"{a} {b}" for a, b in itertools.pairwise(words))]
