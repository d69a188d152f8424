"""Login by an identity provider of the tests' own: discovery, tokens and keys over real HTTP."""

from __future__ import annotations

import hashlib
import json
import re
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from facetcode.review.app import make_app
from facetcode.review.correct import Policies
from facetcode.review.identity import add_user, all_users, by_name, set_active
from facetcode.review.oidc import Provider, load_provider
from facetcode.review.schema import audit
from facetcode.review.store import DeskError, Store
from facetcode.review.web import Desk, make_templates

from .conftest import PASSWORD

SECRET = "the desk's secret at the provider"
REDIRECT = "http://127.0.0.1/oidc/callback"


class House:
    """An identity provider: whoever comes to its authorization page is logged in as ``claims``."""

    def __init__(self) -> None:
        self.key: Any = RSAKey.generate_key(2048, {"kid": "first"})
        self.signer: Any = None
        self.algorithm = "RS256"
        self.claims: dict[str, Any] = {}
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[dict[str, str]] = []
        self.twist: Callable[[dict[str, Any]], Any] = lambda claims: None
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.names = self.issuer
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def authorize(self, url: str) -> str:
        """What the browser does at the provider: log in, and come back with a code."""
        assert url.startswith(f"{self.issuer}/authorize?")
        asked = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
        assert asked["redirect_uri"] == REDIRECT
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return f"/oidc/callback?code={code}&state={asked['state']}"

    def token(self, given: dict[str, str]) -> dict[str, Any] | None:
        asked = self.codes.pop(given.get("code", ""), None)
        if asked is None:
            return None
        digest = hashlib.sha256(given["code_verifier"].encode()).digest()
        if urlsafe_b64encode(digest).rstrip(b"=").decode() != asked["code_challenge"]:
            return None
        claims = {
            "iss": self.issuer, "aud": asked["client_id"], "exp": int(time.time()) + 300,
            "iat": int(time.time()), "nonce": asked["nonce"], **self.claims,
        }  # fmt: skip
        self.twist(claims)
        header = {"alg": self.algorithm, "kid": self.key.kid}
        signed = jwt.encode(header, claims, self.signer or self.key, algorithms=[self.algorithm])
        return {"access_token": "a", "token_type": "Bearer", "id_token": signed}

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        house = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                pass

            def _answer(self, data: Any, status: int = 200) -> None:
                body = json.dumps(data).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self) -> None:
                if self.path == "/.well-known/openid-configuration":
                    self._answer(
                        {
                            "issuer": house.names,
                            "authorization_endpoint": f"{house.issuer}/authorize",
                            "token_endpoint": f"{house.issuer}/token",
                            "jwks_uri": f"{house.issuer}/keys",
                        }
                    )
                elif self.path == "/keys":
                    self._answer({"keys": [house.key.as_dict(private=False)]})
                else:
                    self._answer({}, 404)

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
                given = {key: values[0] for key, values in parse_qs(raw).items()}
                house.asked.append({**given, "auth": self.headers.get("Authorization", "")})
                token = house.token(given)
                self._answer(token or {"error": "invalid_grant"}, 200 if token else 400)

        return Handler


@pytest.fixture
def house() -> Iterator[House]:
    made = House()
    made.claims = {"sub": "u-17", "preferred_username": "okafor", "groups": ["staff", "him-coders"]}
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def provider(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """The provider's settings, read from a file as the desk reads them."""
    monkeypatch.setenv("DESK_SECRET", SECRET)
    file = tmp_path / "desk.yaml"
    file.write_text(settings(house.issuer))
    return load_provider(file)


def settings(issuer: str, **other: str) -> str:
    """A settings file; ``other`` replaces keys, an empty value leaves one out."""
    rows = {
        "issuer": issuer,
        "client_id": "facetcode-desk",
        "client_secret_env": "DESK_SECRET",
        "redirect_uri": REDIRECT,
        "role_claim": "groups",
        "roles": "{him-coders: coder, him-leads: lead}",
        **other,
    }
    return "oidc:\n" + "".join(f"  {key}: {value}\n" for key, value in rows.items() if value)


@pytest.fixture
def browser(lite: Store, provider: Provider) -> TestClient:
    add_user(lite, "ada", "admin", PASSWORD)
    desk = Desk(lite, Policies(), make_templates(), secure=False, provider=provider)
    return TestClient(
        make_app(desk, ["127.0.0.1"]), base_url="http://127.0.0.1", follow_redirects=False
    )


def come_in(browser: TestClient, house: House) -> Any:
    """The whole way: to the provider, back with its code, and to the worklist."""
    begun = browser.get("/oidc/login")
    assert begun.status_code == 303
    return browser.get(house.authorize(begun.headers["location"]))


def test_a_person_of_the_hospital_comes_in_with_the_role_of_their_group(
    browser: TestClient, house: House, lite: Store
) -> None:
    assert "/oidc/login" in browser.get("/login").text
    answer = come_in(browser, house)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "okafor, coder" in browser.get("/").text
    assert SECRET not in str(answer.headers)
    # The same person again is the same user, with the role they have by now.
    house.claims["groups"] = ["him-coders", "him-leads"]
    come_in(browser, house)
    assert "okafor, lead" in browser.get("/").text
    assert [user.name for user, _ in all_users(lite)] == ["ada", "okafor"]
    with lite.read() as connection:
        actions = [row.action for row in connection.execute(audit.select())]
    assert actions.count("login") == 2
    assert "role changed" in actions


def test_a_namesake_with_a_password_is_somebody_else(
    browser: TestClient, house: House, lite: Store
) -> None:
    house.claims["preferred_username"] = "ada"
    come_in(browser, house)
    shown = browser.get("/").text
    assert re.search(r"ada \([0-9a-f]{6}\), coder", shown)
    assert by_name(lite, "ada").role == "admin"  # type: ignore[union-attr]


def _drop(key: str) -> Callable[[dict[str, Any]], Any]:
    return lambda claims: claims.pop(key)


REFUSED = [
    pytest.param(lambda c: c.update(nonce="another"), "does not fit", id="nonce-wrong"),
    pytest.param(_drop("nonce"), "does not fit", id="nonce-missing"),
    pytest.param(lambda c: c.update(aud="another-client"), "does not fit", id="audience-wrong"),
    pytest.param(_drop("aud"), "does not fit", id="audience-missing"),
    pytest.param(
        lambda c: c.update(aud=["facetcode-desk", "x"], azp="x"), "does not fit", id="for-another"
    ),
    pytest.param(lambda c: c.update(iss="https://elsewhere"), "does not fit", id="issuer-wrong"),
    pytest.param(lambda c: c.update(exp=int(time.time()) - 120), "does not fit", id="expired"),
    pytest.param(_drop("exp"), "does not fit", id="expiry-missing"),
    pytest.param(_drop("sub"), "does not fit", id="nobody"),
    pytest.param(lambda c: c.update(groups=["staff"]), "no role", id="unknown-user"),
    pytest.param(_drop("groups"), "no role", id="no-groups"),
    pytest.param(lambda c: c.update(groups={"him-coders": 1}), "no role", id="groups-odd"),
]


@pytest.mark.parametrize(("twist", "said"), REFUSED)
def test_a_token_that_does_not_fit_lets_nobody_in(
    browser: TestClient, house: House, lite: Store, twist: Any, said: str
) -> None:
    house.twist = twist
    answer = come_in(browser, house)
    assert answer.status_code == 400
    assert said in answer.text
    assert browser.get("/").headers["location"] == "/login"
    assert [user.name for user, _ in all_users(lite)] == ["ada"]


def test_a_token_signed_by_another_lets_nobody_in(browser: TestClient, house: House) -> None:
    house.signer = RSAKey.generate_key(2048, {"kid": "first"})
    assert "does not fit" in come_in(browser, house).text
    # The client's secret as a key, which whoever else knows it could sign with: never accepted.
    house.signer, house.algorithm = OctKey.import_key(SECRET), "HS256"
    assert "does not fit" in come_in(browser, house).text
    assert browser.get("/").status_code == 303


def test_keys_the_provider_has_changed_are_fetched(browser: TestClient, house: House) -> None:
    assert come_in(browser, house).headers["location"] == "/"
    house.key, house.algorithm = ECKey.generate_key("P-256", {"kid": "second"}), "ES256"
    assert come_in(browser, house).headers["location"] == "/"


def test_a_login_not_begun_here_goes_nowhere(browser: TestClient, house: House) -> None:
    way_back = house.authorize(browser.get("/oidc/login").headers["location"])
    browser.cookies.clear()  # somebody else's browser is made to follow the link
    assert "not begun here" in browser.get(way_back).text
    come_in(browser, house)
    assert browser.get(way_back).status_code == 400, "a state is good once"
    for cookie in ("[]", "{", '{"state": 1}', '{"state": "x"}'):
        browser.cookies.set("facetcode_oidc", cookie)
        assert browser.get("/oidc/callback?code=1&state=x").status_code == 400


def test_a_code_the_provider_refuses_and_a_person_who_says_no(
    browser: TestClient, house: House
) -> None:
    way_back = house.authorize(browser.get("/oidc/login").headers["location"])
    house.codes.clear()
    assert "refused" in browser.get(way_back).text
    state = way_back.partition("state=")[2]
    browser.get("/oidc/login")
    answer = browser.get(f"/oidc/callback?error=access_denied&state={state}")
    assert answer.status_code == 400
    assert house.asked[-1]["auth"].startswith("Basic "), "the desk proves who it is"


def test_who_was_switched_off_stays_out(browser: TestClient, house: House, lite: Store) -> None:
    come_in(browser, house)
    found = by_name(lite, "okafor")
    assert found is not None
    set_active(lite, found.id, False, by=1)
    assert "switched off" in come_in(browser, house).text
    assert browser.get("/").headers["location"] == "/login"


def test_a_provider_that_is_down_or_another_says_so(browser: TestClient, house: House) -> None:
    house.names = "https://elsewhere"
    assert "another issuer" in browser.get("/oidc/login").text


def test_a_provider_that_is_away(browser: TestClient, house: House) -> None:
    house.server.shutdown()
    house.server.server_close()
    assert "cannot be reached" in browser.get("/oidc/login").text


BAD_SETTINGS = [
    pytest.param("oidc: [", "cannot be read as YAML", id="yaml"),
    pytest.param("other: 1", "has no 'oidc' table", id="no-table"),
    pytest.param(settings(""), "oidc.issuer: is missing", id="missing"),
    pytest.param(settings("https://idp", colour="red"), "oidc.colour: unknown key", id="unknown"),
    pytest.param(settings("http://idp.example"), "must be https", id="in-the-clear"),
    pytest.param(settings("http://localhost.example"), "must be https", id="looks-local"),
    pytest.param(settings("https://idp", roles="{a: boss}"), "roles of coder", id="role"),
    pytest.param(settings("https://idp", roles="{a: [coder]}"), "roles of coder", id="role-list"),
    pytest.param(
        settings("https://idp", client_secret_env="NOT_SET_HERE"), "NOT_SET_HERE", id="secret"
    ),
]


@pytest.mark.parametrize(("text", "said"), BAD_SETTINGS)
def test_settings_that_cannot_be_used_name_file_and_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.setenv("DESK_SECRET", SECRET)
    file = tmp_path / "desk.yaml"
    file.write_text(text)
    with pytest.raises(DeskError, match=re.escape(said)) as error:
        load_provider(file)
    assert str(file) in str(error.value)
