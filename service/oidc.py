"""Login by OpenID Connect: who somebody is says their provider, what they may says a file of ours.

The flow is the authorization code with PKCE; state, nonce and the code verifier are derived from one random secret in a
cookie that lasts ten minutes, so nothing is kept here. What comes back is checked (signature by the provider's
published keys, issuer, audience, times, nonce) and turned into a short key by the first rule that fits. A key belongs
to the person of the venue who has the confirmed address, so that what they are in conflict with stays hidden; whom the
venue does not know is nobody, and sees no assignment.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from matcher.errors import ConfigError, did_you_mean
from service.auth import ROLES, NewKey
from service.problems import Problem
from service.settings import Settings
from service.state import Service
from service.storage.database import now
from service.storage.rows import read_records

__all__ = ["CALLBACK", "LASTS_S", "Attempt", "Identity", "Provider", "Rule", "read_rules"]

CALLBACK: Final = "/login/oidc/callback"
LASTS_S: Final = 600
"""How long somebody may take to log in at their provider."""

_ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA")
"""Signatures that are taken: never `none`, and nothing that is made with a shared secret."""
_TIMEOUT_S: Final = 10.0
_LEEWAY_S: Final = 30
_KEY_DAYS: Final = 0.5
_FIELDS: Final = ("claim", "value", "roles", "venue", "person")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One login under way.

    Args:
        secret: what the cookie holds.
    """

    secret: str

    @classmethod
    def new(cls) -> Attempt:
        """An attempt that nobody can guess."""
        return cls(secrets.token_urlsafe(32))

    def _derived(self, what: str) -> str:
        mac = hmac.new(self.secret.encode(), what.encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(mac).decode().rstrip("=")

    @property
    def state(self) -> str:
        """Comes back with the answer: who did not begin cannot end."""
        return self._derived("state")

    @property
    def nonce(self) -> str:
        """Stands in the token: one of another login is refused."""
        return self._derived("nonce")

    @property
    def verifier(self) -> str:
        """Proves to the provider that whoever brings the code asked for it (PKCE, RFC 7636)."""
        return self._derived("verifier")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is, as their provider says and has signed.

    Args:
        subject: their id there.
        email: their address, if it is confirmed; else empty.
        claims: all that was said.
    """

    subject: str
    email: str
    claims: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """Who gets which roles.

    Args:
        claim: the claim that is looked at; `email` only counts if it is confirmed.
        value: what it must be, or what must be among its values; addresses without regard to case.
        roles: what they are then.
        venue: where; `None`: in all venues.
        person: who they are there; `None`: whoever has their address; empty: a key of no person, which sees all.
    """

    claim: str
    value: str
    roles: tuple[str, ...]
    venue: str | None = None
    person: str | None = None

    def fits(self, identity: Identity) -> bool:
        """Whether it is about somebody."""
        if self.claim == "email":
            return bool(identity.email) and identity.email == self.value.casefold()
        held = identity.claims.get(self.claim)
        return self.value in held if isinstance(held, list) else held == self.value


def read_rules(path: Path) -> tuple[Rule, ...]:
    """Read the rules from a TOML file with tables `[[login]]`.

    Raises:
        ConfigError: a rule is not as it must be; the number of the rule is told.
    """
    try:
        entries = tomllib.loads(path.read_text(encoding="utf-8")).get("login")
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path.name}: this is no TOML file that can be read: {error}", key="oidc_rules") from error
    if not isinstance(entries, list) or not entries:
        raise ConfigError(f"{path.name}: there is no table [[login]]: nobody could log in", key="oidc_rules")
    return tuple(_rule(path.name, number, entry) for number, entry in enumerate(entries, start=1))


def _rule(name: str, number: int, entry: Any) -> Rule:
    def refuse(text: str) -> ConfigError:
        return ConfigError(f"{name}: rule {number}: {text}", key="oidc_rules")

    for field in entry:
        if field not in _FIELDS:
            raise refuse(f"there is no field '{field}'{did_you_mean(field, _FIELDS)}")
    texts = {field: entry.get(field) for field in ("claim", "value")}
    if not all(isinstance(each, str) and each for each in texts.values()):
        raise refuse("claim and value must be given, as texts")
    roles = entry.get("roles")
    if not isinstance(roles, list) or not roles:
        raise refuse("roles must be a list of at least one role")
    for role in roles:
        if role not in ROLES:
            raise refuse(f"there is no role '{role}'{did_you_mean(str(role), ROLES)}")
    venue, person = entry.get("venue"), entry.get("person")
    if "admin" in roles and venue is not None:
        raise refuse("an admin is one of all venues: leave the venue out, or make a chair")
    if "admin" not in roles and venue is None and person is None:
        raise refuse("give the venue in which their address is looked up, or the person; an empty one: no person")
    return Rule(texts["claim"], texts["value"], tuple(roles), venue, person)


class Provider:
    """The provider of the settings.

    Args:
        settings: issuer, client, rules.

    Raises:
        ConfigError: something is missing, or may not be so.
    """

    def __init__(self, settings: Settings) -> None:
        for field in ("oidc_client_id", "oidc_public_url", "oidc_rules"):
            if not getattr(settings, field):
                raise ConfigError("a login by OpenID Connect needs it", key=field)
        for field in ("oidc_issuer", "oidc_public_url"):
            _refuse_plain(field, getattr(settings, field))
        self._issuer = settings.oidc_issuer.rstrip("/")
        self._client_id = settings.oidc_client_id
        self._client_secret = settings.oidc_client_secret
        self._callback = settings.oidc_public_url.rstrip("/") + CALLBACK
        self.rules = read_rules(Path(settings.oidc_rules))

    def address(self, attempt: Attempt) -> str:
        """Where somebody goes to log in.

        Raises:
            Problem: the provider does not answer, or not as one.
        """
        endpoint = self._metadata()["authorization_endpoint"]
        with self._client() as client:
            found, _ = client.create_authorization_url(
                endpoint, state=attempt.state, nonce=attempt.nonce, code_verifier=attempt.verifier
            )
        return str(found)

    def identify(self, attempt: Attempt, state: str, code: str) -> Identity:
        """Who came back.

        Args:
            attempt: of the cookie.
            state: of the address that they came back to.
            code: likewise.

        Raises:
            Problem: it is not they who went, or what the provider says does not hold. Which of it is in the log of the
                provider, and not told.
        """
        if not hmac.compare_digest(attempt.state.encode(), state.encode()):
            raise _refusal()
        metadata = self._metadata()
        try:
            with self._client() as client:
                told = client.fetch_token(metadata["token_endpoint"], code=code, code_verifier=attempt.verifier)
            published = KeySet.import_key_set(self._get(metadata["jwks_uri"]))  # type: ignore[arg-type]
            token = jwt.decode(str(told.get("id_token", "")), published, algorithms=list(_ALGORITHMS))
            claims = self._checked(token.claims, attempt)
        except (OAuthError, JoseError, ValueError) as error:
            raise _refusal() from error
        except httpx2.HTTPError as error:
            raise _silent() from error
        is_confirmed = claims.get("email_verified") is True
        email = str(claims.get("email", "")).strip().casefold() if is_confirmed else ""
        return Identity(str(claims["sub"]), email, claims)

    def _checked(self, claims: Mapping[str, Any], attempt: Attempt) -> Mapping[str, Any]:
        audience = claims.get("aud")
        mine = audience if isinstance(audience, list) else [audience]
        at = now()
        holds = (
            claims.get("iss") == self._issuer,
            self._client_id in mine,
            len(mine) == 1 or claims.get("azp") == self._client_id,
            hmac.compare_digest(str(claims.get("nonce", "")).encode(), attempt.nonce.encode()),
            isinstance(claims.get("exp"), int | float) and claims["exp"] > at - _LEEWAY_S,
            isinstance(claims.get("iat"), int | float) and claims["iat"] < at + _LEEWAY_S,
            isinstance(claims.get("sub"), str) and bool(claims["sub"]),
        )
        if not all(holds):
            raise ValueError("the token is not for this login")
        return claims

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            self._client_id,
            self._client_secret or None,
            scope="openid email profile",
            redirect_uri=self._callback,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if self._client_secret else "none",
            timeout=_TIMEOUT_S,
        )

    def _metadata(self) -> Mapping[str, Any]:
        try:
            found = self._get(f"{self._issuer}/.well-known/openid-configuration")
        except (httpx2.HTTPError, ValueError) as error:
            raise _silent() from error
        needed = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        if found.get("issuer", "").rstrip("/") != self._issuer or not all(found.get(name) for name in needed):
            raise _silent()
        for name in needed:
            _refuse_plain("oidc_issuer", found[name])
        return found

    @staticmethod
    def _get(address: str) -> dict[str, Any]:
        found = httpx2.get(address, timeout=_TIMEOUT_S).raise_for_status().json()
        if not isinstance(found, dict):
            raise ValueError("this is no JSON object")  # noqa: TRY004  # what came, not what we called
        return found

    # --- roles ---

    def key_for(self, service: Service, identity: Identity) -> NewKey:
        """A key for half a day, by the first rule that fits.

        Raises:
            Problem: no rule fits.
        """
        rule = next((each for each in self.rules if each.fits(identity)), None)
        if rule is None:
            raise Problem("forbidden", "you are known, but no rule of this service gives you a role: ask its chairs")
        person = rule.person
        if person is None and "admin" not in rule.roles:
            # Whom the venue does not know gets a name of their own: no person at all would see everything.
            person = _person_with(service, str(rule.venue), identity.email) or f"oidc:{identity.subject}"[:500]
        name = f"oidc {identity.email or identity.subject}"[:300]
        return service.keys.create(name, rule.roles, venue_id=rule.venue, person_id=person or None, days=_KEY_DAYS)


def _person_with(service: Service, venue_id: str, email: str) -> str | None:
    """The one person of a venue who has an address; `None`, where there is none, or more than one."""
    if not email:
        return None
    with service.database.read() as connection:
        found = {
            record.key
            for kind in ("people", "reviewers")
            for record in read_records(connection, venue_id, kind)
            if email in _addresses(record.body)
        }
    return found.pop() if len(found) == 1 else None


def _addresses(body: Mapping[str, Any]) -> Sequence[str]:
    return [str(each).strip().casefold() for each in body.get("emails") or ()]


def _refuse_plain(field: str, address: str) -> None:
    parts = urlsplit(str(address))
    is_here = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    if not parts.hostname or (parts.scheme != "https" and not is_here):
        raise ConfigError("allowed is an https:// address, or an http:// one of this machine", key=field)


def _refusal() -> Problem:
    return Problem("unauthenticated", "the login does not hold: begin again")


def _silent() -> Problem:
    return Problem("unavailable", "the login provider does not answer as one: try again, or log in with a key")
