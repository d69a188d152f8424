"""How alike a note is to the hands the program was trained on: hashed words and layout.

What tells hands and templates apart is less what they say than how: headings, capitals, dashes,
bullets. Words and marks are hashed, so that a model trained on patients' notes holds no word of
theirs. What stands in a file is scikit-learn's; how it is asked is spelled out here, since it may
cost a note a fraction of a millisecond.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

SIZE = 4096
"""Columns that words and marks are hashed into: a few times as many as a corpus has."""
BITS = 256
"""Bits of a sketch: how alike two notes are is then known to about a tenth."""
NEW_SHARE = 0.05
"""A note is new when it is less alike to any hand than this share of the corpus is to its hand."""
_KNOWN = 0.5
"""However alike the notes of a corpus are among themselves, a note so alike to a hand is known."""
_SEED = 64490
_PARTS = r"\n[ \t]*[^\w\s]*|[^\w\s]+[ \n]?|[A-Za-z]{2,}"
"""Line beginnings with their marks, marks with what follows them, words with their capitals."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Print:
    """Which hashed parts a text has, and what each weighs; the weights' length is one."""

    at: npt.NDArray[np.int32]
    by: Floats

    def sketch(self) -> str:
        """``BITS`` bits in hexadecimal: the side of so many random planes the note lies on."""
        return np.packbits(self.by @ _planes()[self.at] > 0).tobytes().hex()


@dataclass(frozen=True, slots=True)
class Likeness:
    """The hands of a corpus as directions of hashed parts; ``limit`` is where newness begins."""

    parts: Any
    weights: Floats
    hands: Floats
    """Shape (SIZE, hands), each column of length one."""
    limit: float

    def nearest(self, text: str) -> tuple[float, Print]:
        """Cosine, 0-1, with the hand that is most alike, and the note's print."""
        counts = self.parts.transform((text,))
        by = (1 + np.log(counts.data)) * self.weights[counts.indices]
        length = float(np.sqrt(by @ by))
        made = Print(counts.indices, by / length if length else by)
        if not len(made.at) or not self.hands.shape[1]:
            return 0.0, made
        return min(1.0, float((made.by @ self.hands[made.at]).max())), made

    def is_new(self, nearest: float) -> bool:
        """Whether a note so alike to its nearest hand is unlike all of them."""
        return nearest < self.limit


@cache
def _planes() -> npt.NDArray[np.float32]:
    # RandomState's stream is fixed for good; sketches of two releases can be compared.
    random = np.random.RandomState(_SEED)
    return (random.randint(0, 2, size=(SIZE, BITS)) * 2 - 1).astype(np.float32)


def build(texts: Sequence[str], hands: Sequence[str]) -> dict[str, Any]:
    """What ``models/novelty`` holds, from the texts of a corpus and whose hand each is of."""
    pipeline = _pipeline()
    corpus = pipeline.fit_transform(texts)
    names = sorted(set(hands))
    own, _ = _to_hands(corpus, hands, names)
    return {
        "pipeline": _unused(pipeline),
        "hands": _directions(corpus, hands, names).astype(np.float32),
        "limit": min(_KNOWN, float(np.quantile(own, NEW_SHARE))),
    }


def joined(
    own: Mapping[str, Any], shipped: Mapping[str, Any], texts: Sequence[str], hands: Sequence[str]
) -> dict[str, Any]:
    """A practice's hands beside those of the shipped file, all by the shipped weights.

    ``limit`` is the lower of both: a note of neither is new.
    """
    corpus = shipped["pipeline"].transform(texts)
    directions = _directions(corpus, hands, sorted(set(hands)))
    return {
        "pipeline": _unused(shipped["pipeline"]),
        "hands": np.vstack([shipped["hands"], directions.astype(np.float32)]),
        "limit": min(float(own["limit"]), float(shipped["limit"])),
    }


def opened(content: Mapping[str, Any]) -> Likeness:
    """The likeness of a loaded file."""
    steps = content["pipeline"].named_steps
    return Likeness(
        parts=steps["parts"],
        weights=np.asarray(steps["weights"].idf_, dtype=np.float64),
        hands=np.ascontiguousarray(np.asarray(content["hands"], dtype=np.float64).T),
        limit=float(content["limit"]),
    )


@dataclass(frozen=True, slots=True)
class Strangers:
    """How alike each note of a corpus is to its own hand without it, and to the nearest other."""

    own: Floats
    other: Floats

    @property
    def told(self) -> float:
        """The share of notes that are told to be new when their hand is left out."""
        limit = min(_KNOWN, float(np.quantile(self.own, NEW_SHARE)))
        return float(np.mean(self.other < limit))


def strangers(texts: Sequence[str], hands: Sequence[str]) -> Strangers:
    """Each note measured as it would be if its hand were unknown, and as it is when known."""
    own, other = _to_hands(_pipeline().fit_transform(texts), hands, sorted(set(hands)))
    return Strangers(own, other)


def _pipeline() -> Any:
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    from sklearn.pipeline import Pipeline

    parts = HashingVectorizer(
        n_features=SIZE, alternate_sign=False, norm=None, lowercase=False, token_pattern=_PARTS
    )
    return Pipeline([("parts", parts), ("weights", TfidfTransformer(sublinear_tf=True))])


def _unused(pipeline: Any) -> Any:
    """The pipeline with a hasher that never ran: one that did keeps an address of its process."""
    from sklearn.base import clone
    from sklearn.pipeline import Pipeline

    parts, weights = pipeline.named_steps["parts"], pipeline.named_steps["weights"]
    return Pipeline([("parts", clone(parts)), ("weights", weights)])


def _directions(corpus: Any, hands: Sequence[str], names: Sequence[str]) -> Floats:
    of = np.asarray(hands)
    sums = np.stack([np.asarray(corpus[of == name].sum(axis=0)).ravel() for name in names])
    lengths = np.linalg.norm(sums, axis=1, keepdims=True)
    directions: Floats = sums / np.where(lengths > 0, lengths, 1.0)
    return directions


def _to_hands(corpus: Any, hands: Sequence[str], names: Sequence[str]) -> tuple[Floats, Floats]:
    """Cosine of each note with the rest of its own hand, and with the nearest other hand."""
    of = np.asarray(hands)
    alike_to = np.asarray(corpus @ _directions(corpus, hands, names).T)
    mine = of[:, None] == np.asarray(names)[None, :]
    other = np.where(mine, 0.0, alike_to).max(axis=1)
    own = np.zeros(len(of))
    for name in names:
        rows = np.flatnonzero(of == name)
        dense = corpus[rows].toarray()
        rest = dense.sum(axis=0) - dense
        lengths = np.linalg.norm(rest, axis=1)
        own[rows] = (dense * rest).sum(axis=1) / np.where(lengths > 0, lengths, 1.0)
    return np.minimum(own, 1.0), np.minimum(other, 1.0)
