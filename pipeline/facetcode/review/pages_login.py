"""Pages of logging in and out, and of the users."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request
from fastapi.responses import Response

from facetcode.review import identity
from facetcode.review.identity import ROLES, User
from facetcode.review.oidc import user_of
from facetcode.review.store import DeskError
from facetcode.review.web import (
    COOKIE,
    Desk,
    NotLoggedIn,
    Posted,
    PostedOpenly,
    TheDesk,
    TheSession,
    go,
    page,
    require,
    session,
    whole,
)

router = APIRouter()
_OIDC = "facetcode_oidc"


def _enter(request: Request, desk: Desk, user: User, how: str, where: str = "/") -> Response:
    old = request.cookies.get(COOKIE)
    if old:
        # A session somebody else may have put there is not taken over.
        try:
            identity.close_session(desk.store, old, session(request).user)
        except NotLoggedIn:
            pass
    answer = go(where)
    answer.set_cookie(
        COOKIE,
        identity.open_session(desk.store, user, how),
        httponly=True,
        secure=desk.secure,
        samesite="lax",
        max_age=identity.LONGEST_HOURS * 3600,
    )
    return answer


@router.get("/login")
def login_page(request: Request, desk: TheDesk) -> Response:
    return page(request, "login.html", first=not identity.any_users(desk.store), said="")


@router.post("/login")
def login(request: Request, desk: TheDesk, given: PostedOpenly) -> Response:
    address = request.client.host if request.client else ""
    name, password = str(given.get("name", "")), str(given.get("password", ""))
    user = identity.check_login(desk.store, name, password, address)
    if user is None:
        return page(request, "login.html", 401, first=False, said="Name or password is wrong.")
    return _enter(request, desk, user, "password")


@router.post("/logout")
def logout(request: Request, desk: TheDesk, current: TheSession, _: Posted) -> Response:
    identity.close_session(desk.store, request.cookies.get(COOKIE, ""), current.user)
    answer = go("/login")
    answer.delete_cookie(COOKIE)
    return answer


@router.get("/first/{token}")
def first_page(request: Request, desk: TheDesk, token: str) -> Response:
    if not identity.link_holds(desk.store, "first", token):
        raise DeskError("this link is not valid any more; start the desk again for a new one")
    return page(request, "first.html", token=token, least=identity.MIN_PASSWORD, said="")


@router.post("/first/{token}")
def first(request: Request, desk: TheDesk, token: str, given: PostedOpenly) -> Response:
    name, password = str(given.get("name", "")), str(given.get("password", ""))
    try:
        identity.checked_name(name)
        identity.checked_password(password)
    except DeskError as error:
        return page(
            request, "first.html", 400, token=token, least=identity.MIN_PASSWORD, said=str(error)
        )
    user = identity.first_account(desk.store, token, name, password)
    return _enter(request, desk, user, "first link")


@router.get("/enter/{token}")
def enter_page(request: Request, desk: TheDesk, token: str) -> Response:
    if not identity.link_holds(desk.store, "login", token):
        raise DeskError("this link is not valid any more; ask for a new one")
    # Used only when the button is pressed: mail programs open links to look at them.
    return page(request, "enter.html", token=token)


@router.post("/enter/{token}")
def enter(request: Request, desk: TheDesk, token: str, _: PostedOpenly) -> Response:
    held, user = identity.use_link(desk.store, "login", token)
    if not held or user is None:
        raise DeskError("this link is not valid any more; ask for a new one")
    return _enter(request, desk, user, "link", "/" if user.name == "demo" else "/password")


@router.get("/password")
def password_page(request: Request, _: TheSession) -> Response:
    return page(request, "password.html", least=identity.MIN_PASSWORD)


@router.post("/password")
def password(request: Request, desk: TheDesk, current: TheSession, given: Posted) -> Response:
    new = str(given.get("password", ""))
    identity.set_password(desk.store, current.user, new, by=current.user.id)
    return _enter(request, desk, current.user, "new password")


@router.get("/oidc/login")
def oidc_login(desk: TheDesk) -> Response:
    if desk.provider is None:
        raise DeskError("no identity provider is set up at this desk")
    url, kept = desk.provider.begin()
    answer = go(url)
    answer.set_cookie(
        _OIDC, json.dumps(kept), httponly=True, secure=desk.secure, samesite="lax", max_age=600
    )
    return answer


@router.get("/oidc/callback")
def oidc_callback(request: Request, desk: TheDesk) -> Response:
    if desk.provider is None:
        raise DeskError("no identity provider is set up at this desk")
    try:
        kept = json.loads(request.cookies.get(_OIDC, "{}"))
    except (ValueError, RecursionError):
        kept = None
    if not isinstance(kept, dict) or not all(isinstance(value, str) for value in kept.values()):
        kept = {}
    claims = desk.provider.finish(dict(request.query_params), kept)
    answer = _enter(request, desk, user_of(desk.store, desk.provider, claims), "provider")
    answer.delete_cookie(_OIDC)
    return answer


@router.get("/users")
def users_page(request: Request, desk: TheDesk, current: TheSession) -> Response:
    require(current.user, "admin")
    return page(
        request, "users.html", everybody=identity.all_users(desk.store), roles=ROLES, link=""
    )


@router.post("/users")
def add_user(request: Request, desk: TheDesk, current: TheSession, given: Posted) -> Response:
    require(current.user, "admin")
    user = identity.add_user(
        desk.store, str(given.get("name", "")), str(given.get("role", "")), by=current.user.id
    )
    link = f"{request.base_url}enter/{identity.make_link(desk.store, 'login', user)}"
    return page(
        request, "users.html", everybody=identity.all_users(desk.store), roles=ROLES, link=link
    )


@router.post("/users/{user_id}/link")
def new_link(
    request: Request, user_id: int, desk: TheDesk, current: TheSession, _: Posted
) -> Response:
    require(current.user, "admin")
    everybody = identity.all_users(desk.store)
    found = next((user for user, active in everybody if user.id == user_id and active), None)
    if found is None:
        raise DeskError("there is no such user, or the account was switched off")
    link = f"{request.base_url}enter/{identity.make_link(desk.store, 'login', found)}"
    return page(request, "users.html", everybody=everybody, roles=ROLES, link=link)


@router.post("/users/{user_id}/role")
def new_role(user_id: int, desk: TheDesk, current: TheSession, given: Posted) -> Response:
    require(current.user, "admin")
    if user_id == current.user.id:
        raise DeskError("nobody changes their own role")
    identity.set_role(desk.store, user_id, str(given.get("role", "")), by=current.user.id)
    return go("/users")


@router.post("/users/{user_id}/active")
def switch_user(user_id: int, desk: TheDesk, current: TheSession, given: Posted) -> Response:
    require(current.user, "admin")
    if user_id == current.user.id:
        raise DeskError("nobody switches off their own account")
    active = bool(whole(given.get("active", 0), "active"))
    identity.set_active(desk.store, user_id, active, by=current.user.id)
    return go("/users")
