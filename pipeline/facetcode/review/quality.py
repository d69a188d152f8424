"""Second reviews: samples drawn with a seed, judged blind to the first, rebutted and ruled on."""

from __future__ import annotations

import hashlib
import json
import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select, update

from facetcode.audit.draw import allocate
from facetcode.evaluate.intervals import Estimate, proportion
from facetcode.review.audit import note_down
from facetcode.review.correct import Policies, as_text, changed, differences, override_of, recode
from facetcode.review.decide import Conflict, NotAllowed
from facetcode.review.identity import ROLES, User
from facetcode.review.load import line_word
from facetcode.review.schema import decisions, items, notes, records, reviews, samples, users
from facetcode.review.store import DeskError, Store, now

STRATA = ("provider", "payer", "status", "outcome", "decided_by")
"""What a stratified sample may be spread over."""
_MAX_SAMPLE = 5000


@dataclass(frozen=True, slots=True)
class Review:
    """A note under second review: its text, the program's suggestion, the reviewer's copy of it."""

    row: Any
    text: str
    suggested: dict[str, Any]
    current: dict[str, Any]


def draw(
    store: Store, by: User, *, name: str, size: int, seed: int, strata: str = ""
) -> tuple[int, int]:
    """Draw a sample of finished notes and hand it to the auditors; its id and its size.

    ``strata`` names a column over which the sample is spread in proportion, one note at least
    from each. The frame is every finished note in order of its id, so the same seed on the same
    finished work draws the same notes. A reviewer never gets their own work. Raises DeskError.
    """
    if strata and strata not in STRATA:
        raise DeskError(f"a sample is spread over one of {', '.join(STRATA)}")
    if not 1 <= size <= _MAX_SAMPLE:
        raise DeskError(f"a sample has 1 to {_MAX_SAMPLE} notes")
    name = name.strip()[:120]
    if not name:
        raise DeskError("give the sample a name")
    with store.write() as connection:
        frame = _frame(connection)
        if not frame:
            raise DeskError("no note is finished yet; there is nothing to draw from")
        groups: dict[str, list[Any]] = defaultdict(list)
        for row in frame:
            groups[str(getattr(row, strata)) if strata else ""].append(row)
        chosen = _spread(groups, min(size, len(frame)), seed)
        reviewers = [
            row.id
            for row in connection.execute(
                select(users.c.id)
                .where(users.c.active == 1, users.c.role.in_(ROLES[ROLES.index("auditor") :]))
                .order_by(users.c.id)
            )
        ]
        given = _hand_out(chosen, reviewers)
        sample: int = connection.execute(
            samples.insert()
            .values(
                name=name,
                method=f"stratified by {strata}" if strata else "simple random",
                seed=seed,
                frame=len(frame),
                frame_hash=_frame_hash(frame),
                drawn_by=by.id,
                drawn_at=now(),
            )
            .returning(samples.c.id)
        ).scalar_one()
        connection.execute(
            reviews.insert(),
            [
                {
                    "sample_id": sample,
                    "item_id": row.id,
                    "auditor": auditor,
                    "first_decision": row.decision,
                }
                for row, auditor in given
            ],
        )
        note_down(
            store, connection, "sample drawn", user=by.id,
            detail={"sample": sample, "seed": seed, "size": len(given), "frame": len(frame)},
        )  # fmt: skip
    return sample, len(given)


def _frame(connection: Connection) -> list[Any]:
    last = (
        select(decisions.c.item_id, func.max(decisions.c.id).label("decision"))
        .where(decisions.c.kind.in_(("accept", "reject")), decisions.c.undone_by.is_(None))
        .group_by(decisions.c.item_id)
        .subquery()
    )
    return list(
        connection.execute(
            select(
                items.c.id,
                items.c.note_id,
                *(items.c[column] for column in STRATA),
                last.c.decision,
            )
            .join(last, last.c.item_id == items.c.id)
            .where(items.c.state == "done")
            .order_by(items.c.id)
        )
    )


def _frame_hash(frame: Sequence[Any]) -> str:
    said = "\n".join(f"{row.note_id} {row.decision}" for row in frame)
    return hashlib.sha256(said.encode("utf-8", "backslashreplace")).hexdigest()


def _spread(groups: Mapping[str, list[Any]], size: int, seed: int) -> list[Any]:
    """``size`` rows, in proportion to the groups, at least one of each while they last."""
    random_ = random.Random(seed)
    take = allocate({name: len(rows) for name, rows in groups.items()}, size)
    names = sorted(groups, key=lambda name: (-len(groups[name]), name))
    chosen = [row for name in names for row in random_.sample(groups[name], take[name])]
    random_.shuffle(chosen)
    return chosen


def _hand_out(chosen: Sequence[Any], reviewers: Sequence[int]) -> list[tuple[Any, int]]:
    """Every note with a reviewer who did not decide it, the work spread evenly."""
    load: Counter[int] = Counter()
    given = []
    for row in chosen:
        able = [user for user in reviewers if user != row.decided_by]
        if not able:
            raise DeskError("no auditor can review these notes but who decided them; add one")
        auditor = min(able, key=lambda user: (load[user], user))
        load[auditor] += 1
        given.append((row, auditor))
    return given


def pending(store: Store, user: User) -> list[Any]:
    """The user's second reviews that are still to be done."""
    with store.read() as connection:
        return list(
            connection.execute(
                select(reviews.c.id, samples.c.name, items.c.note_id)
                .join(samples, samples.c.id == reviews.c.sample_id)
                .join(items, items.c.id == reviews.c.item_id)
                .where(reviews.c.auditor == user.id, reviews.c.done_at.is_(None))
                .order_by(reviews.c.id)
            )
        )


def _load(connection: Connection, review_id: int, user: User, *, open_: bool) -> Review:
    row = connection.execute(
        select(reviews, items.c.note_id, notes.c.text, records.c.suggested)
        .join(items, items.c.id == reviews.c.item_id)
        .join(notes, notes.c.note_id == items.c.note_id)
        .join(records, records.c.item_id == items.c.id)
        .where(reviews.c.id == review_id)
    ).first()
    if row is None or row.auditor != user.id:
        raise NotAllowed("there is no such review, or it is not yours")
    if open_ and row.done_at:
        raise Conflict("this review is done")
    suggested = json.loads(row.suggested)
    current = json.loads(row.record) if row.record else suggested
    return Review(row, json.loads(row.text), suggested, current)


def look(store: Store, review_id: int, user: User) -> Review:
    """A review's note; the first coder's decision is not part of it."""
    with store.write() as connection:
        review = _load(connection, review_id, user, open_=True)
        note_down(store, connection, "read blind", user=user.id, item=review.row.item_id)
    return review


def correct(
    store: Store, review_id: int, user: User, change: Mapping[str, Any], policies: Policies
) -> tuple[Review, list[str]]:
    """Change a fact in the reviewer's own copy, recoded at once."""
    with store.write() as connection:
        review = _load(connection, review_id, user, open_=True)
        after = recode(changed(review.current, change, review.text), policies)
        connection.execute(
            update(reviews).where(reviews.c.id == review_id).values(record=as_text(after))
        )
        note_down(store, connection, "corrected blind", user=user.id, item=review.row.item_id)
        said = differences(review.current, after)
        return _load(connection, review_id, user, open_=True), said


def submit(store: Store, review_id: int, user: User, given: Mapping[str, Any]) -> bool:
    """Finish a review: the lines as they stand, other lines, or no claim; whether both agree."""
    with store.write() as connection:
        review = _load(connection, review_id, user, open_=True)
        if given.get("verdict") == "reject":
            lines: list[str] = []
            verdict = "rejected"
        elif given.get("lines") is not None:
            made = override_of({"lines": given["lines"], "reason": given.get("comment")})
            lines = list(map(line_word, made["lines"]))
            verdict = "claim"
        else:
            lines = list(map(line_word, review.current["lines"]))
            verdict = "claim"
        first = _first(connection, review.row.first_decision)
        second = {"verdict": verdict, "lines": lines}
        agrees = _same(first, second)
        comment = str(given.get("comment") or "").strip()[:2000]
        if not agrees and not comment:
            # Said without saying what the first decided: only that the two differ.
            raise DeskError(
                "your answer differs from the first; say in the comment what it rests on"
            )
        connection.execute(
            update(reviews)
            .where(reviews.c.id == review_id)
            .values(answer=json.dumps(second), comment=comment, done_at=now(), agrees=int(agrees))
        )
        note_down(
            store, connection, "second review", user=user.id, item=review.row.item_id,
            detail={"review": review_id, "agrees": agrees},
        )  # fmt: skip
        return agrees


def _first(connection: Connection, decision: int) -> dict[str, Any]:
    row = connection.execute(select(decisions).where(decisions.c.id == decision)).one()
    after = json.loads(row.after)
    rejected = row.kind == "reject"
    return {
        "verdict": "rejected" if rejected else "claim",
        "lines": [] if rejected else after["lines"],
    }


def _same(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Whether the same would be billed, in whatever order; a claim without lines bills nothing."""
    return sorted(first["lines"]) == sorted(second["lines"])


def rebut(store: Store, review_id: int, user: User, comment: str) -> None:
    """The first coder's answer to a second review that differs; the comment is mandatory."""
    comment = comment.strip()[:2000]
    if not comment:
        raise DeskError("a rebuttal says why: write the comment")
    with store.write() as connection:
        row = _differing(connection, review_id)
        if row is None or row.first_coder != user.id:
            raise NotAllowed("there is no such review, or it is not of your work")
        if row.rebuttal or row.ruling:
            raise Conflict("this review has its rebuttal already")
        connection.execute(
            update(reviews)
            .where(reviews.c.id == review_id)
            .values(rebuttal=comment, rebutted_at=now())
        )
        note_down(store, connection, "rebuttal", user=user.id, item=row.item_id)


def rule(store: Store, review_id: int, user: User, ruling: str, comment: str) -> None:
    """The lead's ruling between the first and the second review, with its reason."""
    comment = comment.strip()[:2000]
    if ruling not in ("first", "second"):
        raise DeskError("rule for the first or for the second review")
    if not comment:
        raise DeskError("a ruling says why: write the comment")
    with store.write() as connection:
        row = _differing(connection, review_id)
        if row is None:
            raise NotAllowed("there is no such review, or the two agree")
        if user.id in (row.first_coder, row.auditor):
            raise NotAllowed("who was one of the two reviewers does not rule")
        connection.execute(
            update(reviews)
            .where(reviews.c.id == review_id)
            .values(ruling=ruling, ruling_comment=comment, ruled_by=user.id)
        )
        note_down(
            store, connection, "ruling", user=user.id, item=row.item_id, detail={"for": ruling}
        )


def _differing(connection: Connection, review_id: int) -> Any:
    return connection.execute(
        select(reviews, decisions.c.user_id.label("first_coder"))
        .join(decisions, decisions.c.id == reviews.c.first_decision)
        .where(reviews.c.id == review_id, reviews.c.agrees == 0)
    ).first()


def of_my_work(store: Store, user: User) -> list[dict[str, Any]]:
    """Second reviews of the user's decisions that differ, newest first."""
    with store.read() as connection:
        return _details(connection, decisions.c.user_id == user.id, reviews.c.agrees == 0)


def _details(connection: Connection, *terms: Any) -> list[dict[str, Any]]:
    first = users.alias("first")
    second = users.alias("second")
    rows = connection.execute(
        select(
            reviews,
            items.c.note_id,
            decisions.c.user_id.label("first_coder"),
            first.c.name.label("first_name"),
            second.c.name.label("second_name"),
        )
        .join(items, items.c.id == reviews.c.item_id)
        .join(decisions, decisions.c.id == reviews.c.first_decision)
        .join(first, first.c.id == decisions.c.user_id)
        .join(second, second.c.id == reviews.c.auditor)
        .where(*terms)
        .order_by(reviews.c.id.desc())
        .limit(_MAX_SAMPLE)
    ).all()
    return [
        {
            **row._mapping,
            "first": _first(connection, row.first_decision) if row.answer else None,
            "second": json.loads(row.answer) if row.answer else None,
        }
        for row in rows
    ]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often two reviews bill the same, with its 95 % interval; Cohen's kappa on code sets."""

    share: Estimate
    kappa: float | None


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample and how far it is: what it was drawn from, its reviews, its agreement."""

    row: Any
    reviews: list[dict[str, Any]]
    agreement: Agreement


def all_samples(store: Store) -> list[Any]:
    """The samples, newest first, with how many of their reviews are done and agree."""
    query = (
        select(
            samples,
            func.count(reviews.c.id).label("size"),
            func.count(reviews.c.done_at).label("finished"),
            func.coalesce(func.sum(reviews.c.agrees), 0).label("agreeing"),
        )
        .outerjoin(reviews, reviews.c.sample_id == samples.c.id)
        .group_by(samples.c.id)
        .order_by(samples.c.id.desc())
    )
    with store.read() as connection:
        return list(connection.execute(query))


def sample(store: Store, sample_id: int) -> Sample:
    """One sample with all its reviews; NotAllowed where there is none."""
    with store.read() as connection:
        row = connection.execute(select(samples).where(samples.c.id == sample_id)).first()
        if row is None:
            raise NotAllowed("there is no such sample")
        found = _details(connection, reviews.c.sample_id == sample_id)
    return Sample(row, found, agreement([r for r in found if r["answer"]]))


def agreement(done: Sequence[Mapping[str, Any]]) -> Agreement:
    """Agreement of finished reviews."""
    share = proportion(sum(bool(r["agrees"]) for r in done), len(done))
    pairs = [(_set(r["first"]), _set(r["second"])) for r in done]
    labels = {label for pair in pairs for label in pair}
    if len(labels) < 2:
        # Everybody always said the same one thing: chance agreement is certain, kappa undefined.
        return Agreement(share, None)
    from sklearn.metrics import cohen_kappa_score  # only where it is asked for: it loads slowly

    kappa = cohen_kappa_score([a for a, _ in pairs], [b for _, b in pairs])
    return Agreement(share, float(kappa))


def _set(side: Mapping[str, Any]) -> str:
    return " ".join(sorted(side["lines"])) or "no claim"
