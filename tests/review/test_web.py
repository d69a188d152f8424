"""Routes: who gets in where, what every answer carries, and that note text is only text."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import pytest
from fastapi.routing import APIRoute

from facetcode.commands.desk import without_words
from facetcode.review import decide, identity, quality
from facetcode.review.marks import line_evidence, stretches
from facetcode.review.schema import sessions
from facetcode.review.store import DeskError
from facetcode.review.web import note_html

from .conftest import PASSWORD, Site, note, put

OPEN_TO_ALL = {"/login", "/first/{token}", "/enter/{token}", "/oidc/login", "/oidc/callback"}


def routes(site: Site) -> list[tuple[str, str]]:
    found = []
    for route in _all(site.app.routes):
        for method in sorted(route.methods - {"HEAD"}):
            found.append((method, route.path))
    assert len(found) > 25
    return found


def _all(given: Any) -> list[APIRoute]:
    found: list[APIRoute] = []
    for route in given:
        if isinstance(route, APIRoute):
            found.append(route)
        else:
            inner = getattr(route, "original_router", None) or getattr(route, "router", None)
            found += _all(getattr(inner, "routes", []))
    return found


def filled(path: str, item: int = 1) -> str:
    return (
        path.replace("{item_id}", str(item)).replace("{review_id}", "1").replace("{sample_id}", "1")
        .replace("{user_id}", "1").replace("{token}", "nope").replace("{kind}", "accept")
        .replace("{name}", "decisions.csv").replace("{label}", "default@2026-05-21")
    )  # fmt: skip


def test_a_stranger_gets_in_nowhere(site: Site) -> None:
    stranger = site.stranger()
    for method, path in routes(site):
        if path in OPEN_TO_ALL:
            continue
        answer = stranger.request(method, filled(path))
        assert (answer.status_code, answer.headers.get("location")) == (303, "/login"), path
        quiet = stranger.request(method, filled(path), headers={"accept": "application/json"})
        assert quiet.status_code == 401, path
    for path in (
        "/docs",
        "/openapi.json",
        "/redoc",
        "/static/../store.py",
        "/static/%2e%2e/store.py",
    ):
        assert stranger.get(path).status_code == 404, path


def test_no_change_without_the_sessions_token_or_from_another_site(site: Site) -> None:
    client = site.client("ada")
    for method, path in routes(site):
        if method != "POST" or path in OPEN_TO_ALL:
            continue
        answer = client.post(filled(path), json={}, headers={"accept": "application/json"})
        assert answer.status_code == 403, path
        token = {"x-csrf-token": site.token("ada"), "accept": "application/json"}
        for header in ({"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}):
            answer = client.post(filled(path), json={}, headers={**token, **header})
            assert answer.status_code == 403, (path, header)
    foreign = {"origin": "http://evil.example"}
    data = {"name": "ann", "password": PASSWORD}
    assert site.stranger().post("/login", data=data, headers=foreign).status_code == 403


ROLE_OF = {
    ("POST", "/quality/samples"): "lead",
    ("GET", "/quality/samples/{sample_id}"): "auditor",
    ("GET", "/quality/reviews/{review_id}"): "auditor",
    ("POST", "/quality/reviews/{review_id}/correct"): "auditor",
    ("POST", "/quality/reviews/{review_id}/submit"): "auditor",
    ("POST", "/quality/reviews/{review_id}/rule"): "lead",
    ("POST", "/assign"): "lead",
    ("GET", "/dashboard"): "auditor",
    ("GET", "/charts/{name}.svg"): "auditor",
    ("GET", "/export/{name}"): "lead",
    ("GET", "/users"): "admin",
    ("POST", "/users"): "admin",
    ("POST", "/users/{user_id}/active"): "admin",
    ("POST", "/users/{user_id}/link"): "admin",
    ("POST", "/users/{user_id}/role"): "admin",
}
EVERYBODY = {
    ("GET", "/"), ("POST", "/next"), ("POST", "/undo"), ("POST", "/logout"), ("GET", "/quality"),
    ("GET", "/policies/{label}"), ("GET", "/password"), ("POST", "/password"), ("POST", "/quality/reviews/{review_id}/rebut"),
}  # fmt: skip
OF_AN_ITEM = {
    ("GET", "/items/{item_id}"), ("POST", "/items/{item_id}/take"),
    ("POST", "/items/{item_id}/correct"), ("POST", "/items/{item_id}/override"),
    ("POST", "/items/{item_id}/{kind}"),
}  # fmt: skip


def test_every_route_says_whom_it_is_for(site: Site) -> None:
    known = {*ROLE_OF, *EVERYBODY, *OF_AN_ITEM}
    for method, path in routes(site):
        assert path in OPEN_TO_ALL or (method, path) in known, f"{method} {path} has no rule"
    ranks = {"coder": "ann", "auditor": "eve", "lead": "lea"}
    for (method, path), role in ROLE_OF.items():
        for below, name in ranks.items():
            if identity.ROLES.index(below) >= identity.ROLES.index(role):
                continue
            token = {"x-csrf-token": site.token(name)}
            answer = site.client(name).request(
                method, filled(path), headers={"accept": "application/json", **token}
            )
            assert answer.status_code == 403, f"{name} at {method} {path}"


def test_a_coder_reaches_no_note_of_anothers_by_any_route(site: Site) -> None:
    site.post("lea", "/items/3/assign", to=site.people.bob.id)
    decide.take(site.store, 4, site.people.bob)
    decide.accept(site.store, 4, site.people.bob, 0, {})
    kinds = ("accept", "reject", "query", "skip", "answer", "draft", "undo")
    for item in (3, 4, 999):
        page = site.client("ann").get(f"/items/{item}")
        assert page.status_code == 403
        assert "Note" not in page.text.split("<main", 1)[1].split("worklist", 1)[0]
        for path in ("take", "correct", "override", *kinds):
            answer = site.post("ann", f"/items/{item}/{path}", version=0, reason="x", body="x",
                               answer="x", lines=[], fact="level", do="remove", joint="C4-C5")  # fmt: skip
            assert answer.status_code in (400, 403), (item, path, answer.text)
            assert answer.status_code == 403 or "nothing of yours" in answer.text
        assert site.post("ann", f"/items/{item}/assign", to="").status_code == 403
    assert decide.look(site.store, 3, site.people.lea).row.version == 0


def test_every_answer_carries_its_security_headers(site: Site) -> None:
    for path in ("/", "/items/1", "/nowhere", "/static/desk.js"):
        headers = site.client("ann").get(path).headers
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        if not path.startswith("/static"):
            assert headers["cache-control"] == "no-store"
    cookie = site.stranger().post("/login", data={"name": "ann", "password": PASSWORD})
    assert "HttpOnly" in cookie.headers["set-cookie"]
    assert "SameSite=lax" in cookie.headers["set-cookie"]


def test_it_answers_to_its_own_names_only(site: Site) -> None:
    assert site.stranger().get("/login", headers={"host": "evil.example"}).status_code == 400


HOSTILE = "</mark><script>alert(1)</script><img src=x onerror=alert(1)> {{ 7*7 }} \"'&amp;"


def test_note_text_with_html_is_shown_as_text(site: Site) -> None:
    made, record = note(77, extra=HOSTILE)
    record["note_id"] = made_id = '<b id="x">77'
    object.__setattr__(made, "note_id", made_id)
    record["meta"]["provider"] = "<i>Dr. No</i>"
    put(site.store, [(made, record)])
    for path in ("/items/11", "/"):
        page = site.client("ann").get(path).text
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "<b id=" not in page
        assert "<i>" not in page
    assert "{{ 7*7 }}" in site.client("ann").get("/items/11").text


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a\r\nb", "a&#13;\nb"),
        ("a\rb", "a\nb"),
        ("a\0b", "a\ufffdb"),
        ("a\ud800b", "a\ufffdb"),
        ("<&>", "&lt;&amp;&gt;"),
    ],
)
def test_a_character_of_the_note_is_one_on_the_page(text: str, html: str) -> None:
    assert str(note_html(text)) == html


def test_stretches_are_the_note_and_a_line_lights_what_it_rests_on() -> None:
    made, record = note(1, side="Bilateral")
    parts = stretches(made.text, record)
    assert "".join(part.text for part in parts) == made.text
    lit = {part.text for part in parts if "line-0" in part.owners}
    assert lit == {made.text[a:b] for a, b in line_evidence(record["lines"][0])}
    assert "C4-5" in lit
    level = next(part for part in parts if part.text == "C4-5")
    assert (level.kinds[0], level.letters) == ("level", "L")


def test_sessions_expire_and_end(site: Site) -> None:
    client = site.client("ann")
    with site.store.write() as connection:
        connection.execute(sessions.update().values(seen_at="2020-01-01T00:00:00+00:00"))
    assert client.get("/").headers["location"] == "/login"
    site.clients.clear()
    client, token = site.client("ann"), site.token("ann")
    assert client.post("/logout", data={"csrf": token}).status_code == 303
    assert client.get("/").headers["location"] == "/login"
    site.clients.clear()
    client = site.client("ann")
    identity.set_active(site.store, site.people.ann.id, False, by=site.people.ada.id)
    assert client.get("/").headers["location"] == "/login"


def test_logins_are_limited_by_name(site: Site) -> None:
    stranger = site.stranger()
    for _ in range(5):
        wrong = stranger.post("/login", data={"name": "ann", "password": "wrong"})
        assert wrong.status_code == 401
    right = stranger.post("/login", data={"name": "ann", "password": PASSWORD})
    assert right.status_code == 429
    assert (
        site.stranger().post("/login", data={"name": "bob", "password": PASSWORD}).status_code
        == 303
    )


def test_the_first_link_makes_one_admin_once(lite: Any) -> None:
    from fastapi.testclient import TestClient

    from facetcode.review.app import make_app
    from facetcode.review.correct import Policies
    from facetcode.review.web import Desk, make_templates

    app = make_app(Desk(lite, Policies(), make_templates(), False), ["127.0.0.1"])
    client = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
    old = identity.make_link(lite, "first")
    new = identity.make_link(lite, "first")
    assert client.get(f"/first/{old}").status_code == 400, "a second start voids the first link"
    short = client.post(f"/first/{new}", data={"name": "root", "password": "short"})
    assert short.status_code == 400
    made = client.post(f"/first/{new}", data={"name": "root", "password": PASSWORD})
    assert made.status_code == 303
    assert client.get("/users").status_code == 200
    assert client.get(f"/first/{new}").status_code == 400
    with pytest.raises(DeskError, match="not valid"):
        identity.first_account(lite, new, "two", PASSWORD)


def test_an_admin_adds_a_user_who_comes_in_by_a_link(site: Site) -> None:
    token = site.token("ada")
    page = site.client("ada").post("/users", data={"name": "zoe", "role": "coder", "csrf": token})
    link = re.search(r"/enter/[\w-]+", page.text)
    assert link is not None
    zoe = site.stranger()
    assert zoe.get(link.group()).status_code == 200
    assert zoe.post(link.group()).headers["location"] == "/password"
    assert zoe.post(link.group()).status_code == 400, "once"
    csrf = zoe.get("/password").text.split('name="csrf" value="')[1].split('"')[0]
    zoe.post("/password", data={"csrf": csrf, "password": "another long password"})
    assert zoe.get("/").status_code == 200
    assert identity.check_login(site.store, "zoe", "another long password", "here") is not None


def test_an_admin_changes_roles_and_gives_a_new_way_in(site: Site) -> None:
    ann, ada = site.people.ann.id, site.people.ada.id
    assert site.client("ann").get("/dashboard").status_code == 403
    site.post("ada", f"/users/{ann}/role", role="auditor")
    assert site.client("ann").get("/dashboard").status_code == 200, "at once"
    assert site.post("ada", f"/users/{ann}/role", role="boss").status_code == 400
    assert site.post("ada", f"/users/{ada}/role", role="coder").status_code == 400
    shown = site.post("ada", f"/users/{ann}/link").text
    link = re.search(r"/enter/[\w-]+", shown)
    assert link is not None
    assert site.stranger().post(link[0]).headers["location"] == "/password"
    site.post("ada", f"/users/{ann}/active", active=0)
    assert site.post("ada", f"/users/{ann}/link").status_code == 400


def test_names_of_notes_are_in_no_url_but_numbers(site: Site) -> None:
    page = site.client("ann").get("/").text
    assert set(re.findall(r'href="(/items/[^?"]*)', page)) == {f"/items/{n}" for n in range(1, 11)}


def test_a_review_page_says_nothing_of_the_first_decision(site: Site) -> None:
    decide.take(site.store, 1, site.people.ann)
    decide.override(
        site.store, 1, site.people.ann, 0, {"lines": ["64490-50"], "reason": "a secret reason"}
    )
    decide.accept(site.store, 1, site.people.ann, 1, {})
    quality.draw(site.store, site.people.lea, name="s", size=1, seed=1)
    page = site.client("eve").get("/quality/reviews/1").text
    for hidden in ("a secret reason", "64490-50", "overridden", "ann"):
        assert hidden not in re.sub(r"annotat\w*|[Aa]nnot\w*", "", page), hidden
    sample = site.client("eve").get("/quality/samples/1").text
    assert "64490" not in sample
    assert site.client("ann").get("/quality/reviews/1").status_code == 403


def test_too_much_is_refused(site: Site) -> None:
    answer = site.post("ann", "/items/1/draft", reason="x" * 2_000_000)
    assert answer.status_code == 400


def test_a_bug_says_its_kind_and_no_words(
    site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: Any) -> Any:
        raise ValueError("SECRETNAME had 85% relief")

    monkeypatch.setattr(decide, "look", broken)
    answer = site.client("ann").get("/items/1")  # which would raise what reached the server
    assert (answer.status_code, answer.text) == (500, "internal error (ValueError)")
    assert "content-security-policy" in answer.headers
    assert re.fullmatch(
        r"facetcode: internal error \(ValueError\) at test_web\.py:\d+\n", capsys.readouterr().err
    )


def test_the_servers_own_log_has_no_words_either() -> None:
    try:
        raise ValueError("SECRETNAME had 85% relief")
    except ValueError:
        record = logging.LogRecord(
            "uvicorn.error", logging.ERROR, "", 0, "Exception in ASGI", (), sys.exc_info()
        )
    assert without_words(record)
    assert logging.Formatter().format(record) == "internal error (ValueError)"
