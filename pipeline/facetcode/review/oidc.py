"""Login by a hospital's identity provider: OpenID Connect, authorization code with PKCE."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import yaml
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import select, update

from facetcode.review.audit import note_down
from facetcode.review.identity import ROLES, User, add_user
from facetcode.review.schema import users
from facetcode.review.store import DeskError, Store

_ALGORITHMS = ["RS256", "ES256"]
_WAIT = 10.0
_FRESH = 600.0
_KEYS = ("issuer", "client_id", "client_secret_env", "role_claim", "roles", "redirect_uri")


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider's settings: who it is, who we are to it, which of its groups is which role."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str
    role_claim: str
    roles: Mapping[str, str]
    _cache: dict[str, tuple[float, Any]] = field(default_factory=dict, repr=False, compare=False)

    def settings(self) -> dict[str, Any]:
        """The provider's discovery document, read again after ten minutes."""
        found = self._get(self.issuer.rstrip("/") + "/.well-known/openid-configuration")
        if found.get("issuer") != self.issuer:
            raise DeskError("the identity provider names another issuer than the settings do")
        return found

    def _get(self, url: str, *, again: bool = False) -> dict[str, Any]:
        at, known = self._cache.get(url, (0.0, None))
        if again or known is None or time.monotonic() - at > _FRESH:
            try:
                known = httpx2.get(url, timeout=_WAIT).raise_for_status().json()
            except (httpx2.HTTPError, ValueError):
                raise DeskError("the identity provider cannot be reached; try again") from None
            self._cache[url] = time.monotonic(), known
        return dict(known)

    def _client(self, **more: Any) -> OAuth2Client:
        return OAuth2Client(
            self.client_id,
            self.client_secret,
            redirect_uri=self.redirect_uri,
            scope="openid profile",
            code_challenge_method="S256",
            timeout=_WAIT,
            **more,
        )

    def begin(self) -> tuple[str, dict[str, str]]:
        """Where to send the browser, and what must come back with it."""
        kept = {"nonce": secrets.token_urlsafe(16), "verifier": secrets.token_urlsafe(48)}
        with self._client() as client:
            url, kept["state"] = client.create_authorization_url(
                self.settings()["authorization_endpoint"],
                code_verifier=kept["verifier"],
                nonce=kept["nonce"],
            )
        return url, kept

    def finish(self, given: Mapping[str, str], kept: Mapping[str, str]) -> Mapping[str, Any]:
        """The claims of whoever came back; DeskError for anything that does not fit."""
        state = kept.get("state") or ""
        if not state or not secrets.compare_digest(given.get("state", "").encode(), state.encode()):
            raise DeskError("this login was not begun here; begin again")
        if "code" not in given:
            raise DeskError("the identity provider did not log you in; begin again")
        found = self.settings()
        try:
            with self._client(state=state) as client:
                token = client.fetch_token(
                    found["token_endpoint"], code=given["code"], code_verifier=kept["verifier"]
                )
            decoded = self._decoded(str(token["id_token"]), found["jwks_uri"])
            jwt.JWTClaimsRegistry(
                leeway=60,
                iss={"essential": True, "value": self.issuer},
                aud={"essential": True, "value": self.client_id},
                exp={"essential": True},
                sub={"essential": True},
                nonce={"essential": True, "value": kept["nonce"]},
            ).validate(decoded.claims)
            if decoded.claims.get("azp", self.client_id) != self.client_id:
                raise ValueError("issued to another client")
        except (JoseError, KeyError, ValueError, httpx2.HTTPError):
            raise DeskError("the identity provider's answer does not fit; begin again") from None
        except Exception as error:  # Authlib's own errors share no base with the rest
            raise DeskError(
                f"the identity provider refused the login ({type(error).__name__})"
            ) from None
        return decoded.claims

    def _decoded(self, signed: str, jwks: str, *, again: bool = False) -> jwt.Token:
        """The token, its signature checked; keys changed since they were read are read again."""
        keys = KeySet.import_key_set(self._get(jwks, again=again))  # type: ignore[arg-type]
        try:
            return jwt.decode(signed, keys, algorithms=_ALGORITHMS)
        except (JoseError, ValueError):
            if again:
                raise
        return self._decoded(signed, jwks, again=True)

    def role(self, claims: Mapping[str, Any]) -> str | None:
        """The highest role that the person's groups give, or None."""
        said = claims.get(self.role_claim, ())
        groups = [said] if isinstance(said, str) else said if isinstance(said, list) else []
        held = {self.roles[str(group)] for group in groups if str(group) in self.roles}
        return max(held, key=ROLES.index, default=None)


def load_provider(path: Path) -> Provider:
    """The provider from a settings file (docs/desk.md); DeskError names file and key."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise DeskError(f"{path}: cannot be read as YAML") from None
    given = data.get("oidc") if isinstance(data, dict) else None
    if not isinstance(given, dict):
        raise DeskError(f"{path}: has no 'oidc' table")
    for key in given:
        if key not in _KEYS:
            raise DeskError(f"{path}: oidc.{key}: unknown key; keys: {', '.join(_KEYS)}")
    for key in _KEYS:
        if not given.get(key):
            raise DeskError(f"{path}: oidc.{key}: is missing")
    roles = given["roles"]
    if not isinstance(roles, dict) or not all(role in ROLES for role in roles.values()):
        raise DeskError(f"{path}: oidc.roles: group: role, with roles of {', '.join(ROLES)}")
    secret = os.environ.get(str(given["client_secret_env"]))
    if not secret:
        raise DeskError(f"{path}: the environment has no {given['client_secret_env']}")
    at = urlsplit(str(given["issuer"]))
    if at.scheme != "https" and at.hostname not in ("127.0.0.1", "localhost"):
        raise DeskError(f"{path}: oidc.issuer: must be https")
    return Provider(
        issuer=str(given["issuer"]),
        client_id=str(given["client_id"]),
        client_secret=secret,
        redirect_uri=str(given["redirect_uri"]),
        role_claim=str(given["role_claim"]),
        roles={str(group): str(role) for group, role in roles.items()},
    )


def user_of(store: Store, provider: Provider, claims: Mapping[str, Any]) -> User:
    """The desk's user for the person, made at their first login, with the provider's role."""
    role = provider.role(claims)
    if role is None:
        raise DeskError("your account has no role at this desk; ask whoever runs it")
    subject = f"{provider.issuer} {claims['sub']}"[:255]
    with store.read() as connection:
        row = connection.execute(select(users).where(users.c.subject == subject)).first()
    if row is None:
        name = str(claims.get("preferred_username") or claims.get("name") or claims["sub"])[:100]
        try:
            return add_user(store, name, role, subject=subject)
        except DeskError:
            # Somebody with a password has the name: two people never share an account.
            return add_user(store, f"{name} ({secrets.token_hex(3)})", role, subject=subject)
    if not row.active:
        raise DeskError("this account was switched off; ask whoever runs the desk")
    if row.role != role:
        with store.write() as connection:
            connection.execute(update(users).where(users.c.id == row.id).values(role=role))
            note_down(
                store, connection, "role changed", user=row.id,
                detail={"from": row.role, "to": role},
            )  # fmt: skip
    return User(row.id, row.name, role)
