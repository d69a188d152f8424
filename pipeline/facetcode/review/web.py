"""What all pages share: the session behind a request, its checks, and the answers to errors."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

from fastapi import Depends, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup, escape

from facetcode.review.correct import Policies
from facetcode.review.decide import Conflict, NotAllowed
from facetcode.review.identity import Role, Session, TooManyAttempts, User, session_of
from facetcode.review.load import line_word
from facetcode.review.oidc import Provider
from facetcode.review.store import DeskError, Store

_UNSHOWN = re.compile("[\0\ud800-\udfff]")
COOKIE = "facetcode_session"
MAX_BODY = 1_000_000


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything a running desk works with."""

    store: Store
    policies: Policies
    templates: Jinja2Templates
    secure: bool
    """Whether the browser reaches the desk by TLS: cookies are then for TLS alone."""
    provider: Provider | None = None


class NotLoggedIn(DeskError):
    """There is no session, or it has expired."""


def make_templates() -> Jinja2Templates:
    """The pages' templates; whatever they are given is escaped."""
    environment = Environment(
        loader=PackageLoader("facetcode.review"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["note"] = note_html
    environment.filters["line_word"] = line_word
    environment.filters["plain"] = lambda word: str(word).replace("_", " ")
    environment.filters["moment"] = lambda at: str(at or "")[:16].replace("T", " ")
    environment.filters["query"] = lambda given: urlencode(given)
    return Jinja2Templates(env=environment)


def note_html(text: str) -> Markup:
    """Note text for a page: shown as text, and a character of it is one on the page.

    HTML drops NUL and turns CR into LF, which would move every offset behind it.
    """
    shown = _UNSHOWN.sub("\ufffd", text)
    lines = (escape(part.replace("\r", "\n")) for part in shown.split("\r\n"))
    return Markup("&#13;\n").join(lines)


def desk_of(request: Request) -> Desk:
    """The running desk."""
    desk: Desk = request.app.state.desk
    return desk


def session(request: Request) -> Session:
    """The session of a request; NotLoggedIn sends the browser to the login page."""
    found = session_of(desk_of(request).store, request.cookies.get(COOKIE, ""))
    if found is None:
        raise NotLoggedIn("log in first")
    request.state.session = found
    return found


TheDesk = Annotated[Desk, Depends(desk_of)]
TheSession = Annotated[Session, Depends(session)]


async def body_of(request: Request) -> dict[str, Any]:
    """A request's JSON object or form, of at most a megabyte."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MAX_BODY:
            raise DeskError("that is too much for one request")
    if request.headers.get("content-type", "").startswith("application/json"):
        try:
            data = json.loads(raw)
        except (ValueError, RecursionError):
            raise DeskError("the request could not be read") from None
        if not isinstance(data, dict):
            raise DeskError("the request could not be read")
        return data
    return dict(parse_qsl(raw.decode("utf-8", "replace"), keep_blank_values=True))


async def posted(request: Request, current: TheSession) -> dict[str, Any]:
    """What was sent to change something; refused without the session's own token."""
    _same_origin(request)
    data = await body_of(request)
    token = request.headers.get("x-csrf-token") or str(data.pop("csrf", ""))
    if not secrets.compare_digest(token.encode(), current.csrf.encode()):
        raise NotAllowed("the page is of an older session; reload it")
    return data


async def posted_openly(request: Request) -> dict[str, Any]:
    """What was sent by somebody not logged in yet, from our own page."""
    _same_origin(request)
    return await body_of(request)


def _same_origin(request: Request) -> None:
    site = request.headers.get("sec-fetch-site", "same-origin")
    origin = request.headers.get("origin")
    # A browser says "null" where the referrer policy hides where a form came from.
    if site not in ("same-origin", "none") or (
        origin not in (None, "null") and origin.partition("://")[2] != request.headers.get("host")
    ):
        raise NotAllowed("the request came from another site")


Posted = Annotated[dict[str, Any], Depends(posted)]
PostedOpenly = Annotated[dict[str, Any], Depends(posted_openly)]


def require(user: User, role: Role) -> None:
    """Let nobody below ``role`` pass."""
    if not user.may(role):
        raise NotAllowed("your role does not allow this")


def page(request: Request, name: str, status: int = 200, **context: Any) -> HTMLResponse:
    """A page from its template, with what every page shows."""
    current: Session | None = getattr(request.state, "session", None)
    shared: Mapping[str, Any] = {
        "user": current.user if current else None,
        "csrf": current.csrf if current else "",
        "provider": desk_of(request).provider is not None,
    }
    return desk_of(request).templates.TemplateResponse(
        request, name, {**shared, **context}, status_code=status
    )


def go(where: str) -> RedirectResponse:
    """Send the browser on with GET."""
    return RedirectResponse(where, status_code=303)


def whole(item: Any, name: str) -> int:
    """A whole number a form sent; DeskError where it is none."""
    try:
        return int(str(item))
    except ValueError:
        raise DeskError(f"{name} must be a whole number") from None


def answer_error(request: Request, error: Exception) -> Response:
    """An error of ours as a page or, for the page's own requests, as JSON; never note text."""
    assert isinstance(error, DeskError)
    wants_json = request.headers.get("accept", "").startswith("application/json")
    if isinstance(error, NotLoggedIn):
        if wants_json:
            return JSONResponse({"error": "your session has expired; log in again"}, 401)
        return go("/login")
    status = 400
    if isinstance(error, NotAllowed):
        # One answer for what is not there and what is not theirs: ids cannot be tried out.
        status = 403
    elif isinstance(error, Conflict):
        status = 409
    elif isinstance(error, TooManyAttempts):
        status = 429
    if wants_json:
        return JSONResponse({"error": str(error)}, status)
    return page(request, "message.html", status, said=str(error))
