"""Pages of second reviews, dashboards and exports."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from facetcode.review import figures, quality
from facetcode.review.decide import NotAllowed
from facetcode.review.export import EXPORTS, export
from facetcode.review.marks import stretches
from facetcode.review.pages_coder import CHOICES, _fragments, checks, policy_of, searched
from facetcode.review.web import (
    Desk,
    Posted,
    TheDesk,
    TheSession,
    go,
    page,
    require,
    whole,
)

router = APIRouter()
_MAX_DAYS = 3660


@router.get("/quality")
def quality_page(request: Request, desk: TheDesk, current: TheSession) -> Response:
    user = current.user
    return page(
        request,
        "quality.html",
        mine=quality.of_my_work(desk.store, user),
        pending=quality.pending(desk.store, user) if user.may("auditor") else [],
        samples=quality.all_samples(desk.store) if user.may("auditor") else [],
        strata=quality.STRATA,
        exports=EXPORTS if user.may("lead") else (),
    )


@router.post("/quality/samples")
def draw(desk: TheDesk, current: TheSession, given: Posted) -> Response:
    require(current.user, "lead")
    sample, _ = quality.draw(
        desk.store,
        current.user,
        name=str(given.get("name", "")),
        size=whole(given.get("size"), "size"),
        seed=whole(given.get("seed"), "seed"),
        strata=str(given.get("strata", "")),
    )
    return go(f"/quality/samples/{sample}")


@router.get("/quality/samples/{sample_id}")
def sample_page(request: Request, sample_id: int, desk: TheDesk, current: TheSession) -> Response:
    require(current.user, "auditor")
    sample = quality.sample(desk.store, sample_id)
    own = {row.id for row in quality.pending(desk.store, current.user)}
    return page(request, "sample.html", sample=sample, own=own)


@router.get("/quality/reviews/{review_id}")
def review_page(request: Request, review_id: int, desk: TheDesk, current: TheSession) -> Response:
    require(current.user, "auditor")
    review = quality.look(desk.store, review_id, current.user)
    return page(request, "item.html", **_view(desk, review), filters=None, people=[])


def _view(desk: Desk, review: quality.Review, said: Any = ()) -> dict[str, Any]:
    """The note's page without anything of the first decision."""
    row = SimpleNamespace(
        id=review.row.item_id, note_id=review.row.note_id, version=0, state="open", outcome=None,
        day=str((review.suggested.get("meta") or {}).get("date_of_service", "")),
    )  # fmt: skip
    item = SimpleNamespace(
        row=row, current=review.current, suggested=review.suggested, override=None,
        lines=review.current["lines"], holder=None, mine=True,
    )  # fmt: skip
    checked = checks(desk, review.current)
    return {
        **CHOICES,
        "item": item,
        "record": review.current,
        "parts": stretches(review.text, review.current, checked),
        "checks": checked,
        "searched": {
            flag["code"]: searched(review.text, flag["code"])
            for flag in review.current["flags"]
            if not flag.get("evidence")
        },
        "earlier": [],
        "queries": [],
        "history": [],
        "draft": {},
        "request_text": "",
        "needs_reason": False,
        "said": said,
        "blind": True,
        "policy": policy_of(desk, review.current),
        "base": f"/quality/reviews/{review.row.id}",
    }


@router.post("/quality/reviews/{review_id}/correct")
def correct(
    request: Request, review_id: int, desk: TheDesk, current: TheSession, given: Posted
) -> Response:
    require(current.user, "auditor")
    given.pop("version", None)
    review, said = quality.correct(desk.store, review_id, current.user, given, desk.policies)
    return _fragments(request, _view(desk, review, said))


@router.post("/quality/reviews/{review_id}/submit")
def submit(review_id: int, desk: TheDesk, current: TheSession, given: Posted) -> Response:
    require(current.user, "auditor")
    quality.submit(desk.store, review_id, current.user, given)
    following = quality.pending(desk.store, current.user)
    where = f"/quality/reviews/{following[0].id}" if following else "/quality"
    return JSONResponse({"next": where})


@router.post("/quality/reviews/{review_id}/rebut")
def rebut(review_id: int, desk: TheDesk, current: TheSession, given: Posted) -> Response:
    quality.rebut(desk.store, review_id, current.user, str(given.get("comment", "")))
    return go("/quality")


@router.post("/quality/reviews/{review_id}/rule")
def rule(review_id: int, desk: TheDesk, current: TheSession, given: Posted) -> Response:
    require(current.user, "lead")
    quality.rule(
        desk.store,
        review_id,
        current.user,
        str(given.get("ruling", "")),
        str(given.get("comment", "")),
    )
    return go("/quality")


def _days(request: Request) -> int:
    return min(max(whole(request.query_params.get("days", 30), "days"), 1), _MAX_DAYS)


@router.get("/dashboard")
def dashboard(request: Request, desk: TheDesk, current: TheSession) -> Response:
    require(current.user, "auditor")
    days = _days(request)
    found = figures.collect(desk.store, days)
    return page(request, "dashboard.html", figures=found, days=days, charts=list(figures.CHARTS),
                fields=figures.FIELDS, classes=figures.CLASSES)  # fmt: skip


@router.get("/charts/{name}.svg")
def chart(request: Request, name: str, desk: TheDesk, current: TheSession) -> Response:
    require(current.user, "auditor")
    if name not in figures.CHARTS:
        raise NotAllowed("there is no such chart")
    svg = figures.chart(name, figures.collect(desk.store, _days(request)))
    return Response(svg, media_type="image/svg+xml")


@router.get("/export/{name}")
def exported(name: str, desk: TheDesk, current: TheSession) -> Response:
    require(current.user, "lead")
    lines = export(desk.store, name, desk.policies, current.user)
    kind, _ = EXPORTS[name]
    return StreamingResponse(
        lines,
        media_type=kind,
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
