"""Pages a coder works on: the list and the note."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from facetcode.coder import meta_of
from facetcode.coding import policy_table
from facetcode.coding.checklist import checklist
from facetcode.coding.rules import FLAG_CODES
from facetcode.errors import FacetcodeError, PolicyError
from facetcode.record import facts_from_json
from facetcode.review import decide, identity, worklist
from facetcode.review.correct import FINDINGS, INTENTS, JOINTS, KINDS, MODALITIES, SIDES, WHENS
from facetcode.review.load import line_word
from facetcode.review.marks import KINDS as MARKS
from facetcode.review.marks import stretches
from facetcode.review.store import DeskError
from facetcode.review.web import (
    Desk,
    Posted,
    TheDesk,
    TheSession,
    desk_of,
    go,
    page,
    require,
    whole,
)
from facetcode.review.worklist import Filter

router = APIRouter()

CHOICES = {
    "joints": JOINTS,
    "sides": SIDES,
    "kinds": KINDS,
    "intents": INTENTS,
    "modalities": MODALITIES,
    "whens": WHENS,
    "findings": FINDINGS,
    "marks": MARKS,
}
_ITEM_OF = {
    "CONSERVATIVE_CARE_MISSING": "conservative_care",
    "FUNCTION_MISSING": "function",
    "IMAGES_NOT_SAVED": "images_saved",
    "UNSIGNED": "signature",
    "SEDATION_UNSUPPORTED": "sedation_reason",
    "THERAPEUTIC_RFA_REASON": "rfa_contraindicated",
}
"""Flags of something missing, and the documentation rule that looked for it."""


def warm_up() -> None:
    """Import what the outline needs, so that the first note's page need not wait for it."""
    outline_of("Warm up: now.\n")
    silent_sections()


def outline_of(text: str) -> tuple[tuple[str, str], ...]:
    """The note's headings: what was searched."""
    from facetcode.extract.sections import outline  # spaCy's room

    return outline(text)


@cache
def silent_sections() -> dict[str, tuple[str, ...]]:
    """Documentation item to the sections in which its words do not count."""
    from facetcode.extract.rules import load_rules

    return {
        rule["name"]: tuple(rule.get("silent") or ())
        for rule in load_rules("documentation")["items"]
    }


def searched(text: str, flag: str) -> tuple[list[str], list[str]]:
    """The headings under which something missing was looked for, and those that do not count."""
    out = set(silent_sections().get(_ITEM_OF.get(flag, ""), ()))
    headings = outline_of(text)
    return [h for c, h in headings if c not in out], [h for c, h in headings if c in out]


@router.get("/")
def list_page(request: Request, desk: TheDesk, current: TheSession) -> Response:
    filters = Filter.of(dict(request.query_params))
    after = whole(request.query_params.get("after", 0), "after")
    counts = worklist.counts(desk.store, current.user)
    return page(
        request,
        "worklist.html",
        found=worklist.page(desk.store, filters, current.user, after, counts),
        filters=filters,
        counts=counts,
        choices=worklist.choices(desk.store),
        flags=sorted(FLAG_CODES),
        many=worklist.MANY,
        most_assigned=worklist.MOST_ASSIGNED,
        people=identity.all_users(desk.store) if current.user.may("auditor") else [],
        said=request.query_params.get("said", "") == "none",
    )


@router.post("/assign")
def assign_many(desk: TheDesk, current: TheSession, given: Posted) -> Response:
    require(current.user, "lead")
    to = str(given.pop("to", ""))
    number = whole(given.pop("number", 0), "number")
    filters = Filter.of({k: str(v) for k, v in given.items()})
    chosen = whole(to, "to") if to else None
    worklist.assign_many(desk.store, filters, number, chosen, current.user)
    return go(f"/?{urlencode(filters.query())}")


@router.post("/next")
def next_note(request: Request, desk: TheDesk, current: TheSession, given: Posted) -> Response:
    return go(_next(desk, current.user, Filter.of({k: str(v) for k, v in given.items()})))


def _next(desk: Desk, user: identity.User, filters: Filter) -> str:
    """Where the next note is, or the list when there is none left."""
    found = worklist.claim_next(desk.store, filters, user)
    asked = replace(filters, state="open").query()
    if found is None:
        return f"/?{urlencode({**asked, 'said': 'none'})}"
    return f"/items/{found}?{urlencode(asked)}"


@router.get("/items/{item_id}")
def item_page(request: Request, item_id: int, desk: TheDesk, current: TheSession) -> Response:
    item = decide.look(desk.store, item_id, current.user)
    filters = Filter.of(dict(request.query_params))
    return page(
        request,
        "item.html",
        **view(desk, item, current.user),
        filters=filters,
        people=identity.all_users(desk.store) if current.user.may("lead") else [],
    )


def view(desk: Desk, item: decide.Item, user: identity.User, said: Any = ()) -> dict[str, Any]:
    """What the note's page and its parts are made of."""
    checked = checks(desk, item.current)
    return {
        **CHOICES,
        "item": item,
        "record": item.current,
        "parts": stretches(item.text, item.current, checked),
        "checks": checked,
        "searched": {
            flag["code"]: searched(item.text, flag["code"])
            for flag in item.current["flags"]
            if not flag.get("evidence")
        },
        "earlier": decide.earlier_blocks(desk.store, item),
        # A note nobody has touched has neither; most that are opened are of that kind.
        "queries": decide.queries_of(desk.store, item.row.id) if item.row.version else [],
        "history": decide.history_of(desk.store, item.row.id) if item.row.version else [],
        "draft": decide.draft_of(desk.store, item.row.id, user),
        "request_text": decide.request_for(item),
        "needs_reason": decide.needs_reason(item),
        "said": said,
        "blind": False,
        "policy": policy_of(desk, item.current),
        "base": f"/items/{item.row.id}",
    }


def policy_of(desk: Desk, record: Mapping[str, Any]) -> Any:
    """The policy a record was coded under; None where it is not known here."""
    try:
        return desk.policies.in_force(str(record["policy"]))[0]
    except FacetcodeError:
        return None


@router.get("/policies/{label}")
def policy_page(request: Request, label: str, desk: TheDesk, _: TheSession) -> Response:
    try:
        policy, rules = desk.policies.in_force(label)
    except PolicyError as error:
        raise DeskError(str(error)) from None
    rows = list(policy_table(rules))
    return page(request, "policy.html", label=label, policy=policy, rows=rows)


def checks(desk: Desk, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The policy's documentation checklist; empty where the policy is not known here."""
    note_id = str(record["note_id"])
    meta = meta_of(record.get("meta") or {})
    try:
        coder = desk.policies.coder(str(record["policy"]))
        found = checklist(facts_from_json(record, note_id), coder.rules(note_id, meta), meta=meta)
    except FacetcodeError:
        return []
    return [
        {
            "name": item.name,
            "asks": item.asks,
            "state": item.state,
            "authority": item.authority,
            "spots": [(e.start, e.end) for e in item.evidence if e.note_id is None],
        }
        for item in found
    ]


def _fragments(request: Request, context: dict[str, Any]) -> JSONResponse:
    """The parts of a note's page that a correction changes, made anew."""
    templates = desk_of(request).templates
    item = context["item"]
    return JSONResponse(
        {
            "version": item.row.version if hasattr(item, "row") else 0,
            "note": templates.get_template("_note.html").render(context),
            "claim": templates.get_template("_claim.html").render(context),
            "said": list(context["said"]),
            "needs_reason": context["needs_reason"],
            "request": context["request_text"],
            "lines": [line_word(line) for line in item.lines],
        }
    )


@router.post("/items/{item_id}/take")
def take(item_id: int, desk: TheDesk, current: TheSession, given: Posted) -> Response:
    decide.take(desk.store, item_id, current.user)
    filters = Filter.of({k: str(v) for k, v in given.items()})
    return go(f"/items/{item_id}?{urlencode(filters.query())}")


@router.post("/items/{item_id}/correct")
def correct(
    request: Request, item_id: int, desk: TheDesk, current: TheSession, given: Posted
) -> Response:
    version = whole(given.pop("version", -1), "version")
    item, said = decide.correct(desk.store, item_id, current.user, version, given, desk.policies)
    return _fragments(request, view(desk, item, current.user, said))


@router.post("/items/{item_id}/override")
def override(
    request: Request, item_id: int, desk: TheDesk, current: TheSession, given: Posted
) -> Response:
    version = whole(given.pop("version", -1), "version")
    item, said = decide.override(desk.store, item_id, current.user, version, given)
    return _fragments(request, view(desk, item, current.user, said))


_DECISIONS = {
    "accept": decide.accept,
    "reject": decide.reject,
    "query": decide.ask,
    "skip": decide.skip,
    "answer": decide.answer,
}


@router.post("/items/{item_id}/{kind}")
def decision(
    item_id: int, kind: str, desk: TheDesk, current: TheSession, given: Posted
) -> Response:
    if kind == "undo":
        back = decide.undo(desk.store, current.user, item_id)
        return JSONResponse({"next": _with_filters(f"/items/{back}", given)})
    if kind == "draft":
        body = {str(k): str(v) for k, v in given.items() if k in decide.DRAFTED}
        decide.keep_draft(desk.store, item_id, current.user, body)
        return JSONResponse({"saved": True})
    if kind == "assign":
        require(current.user, "lead")
        to = given.get("to")
        worklist.assign(desk.store, item_id, whole(to, "to") if to else None, current.user)
        return go(f"/items/{item_id}")
    if kind not in _DECISIONS:
        raise DeskError("there is no such decision")
    version = whole(given.pop("version", -1), "version")
    _DECISIONS[kind](desk.store, item_id, current.user, version, given)
    if kind == "answer":
        return JSONResponse({"next": _with_filters(f"/items/{item_id}", given)})
    return JSONResponse({"next": _next(desk, current.user, _filters(given))})


def _filters(given: Mapping[str, Any]) -> Filter:
    """The list a decision was made from, as the note's page sends it."""
    asked = given.get("filters")
    return Filter.of({k: str(v) for k, v in asked.items()} if isinstance(asked, dict) else {})


def _with_filters(where: str, given: Mapping[str, Any]) -> str:
    return f"{where}?{urlencode(_filters(given).query())}"


@router.post("/undo")
def undo_last(request: Request, desk: TheDesk, current: TheSession, given: Posted) -> Response:
    where = _with_filters(f"/items/{decide.undo(desk.store, current.user)}", given)
    if request.headers.get("accept", "").startswith("application/json"):
        return JSONResponse({"next": where})
    return go(where)
