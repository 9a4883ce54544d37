"""Login by OpenID Connect, against a provider that runs here: a real server with keys of its own."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

from matcher.errors import ConfigError
from service.app import create_app
from service.oidc import Attempt, Identity, Provider, Rule, read_rules
from service.settings import Settings
from service.storage.tables import audit, keys
from tests.serving import Served, free_port, serving

RULES = """
[[login]]
claim = "email"
value = "Chair@Example.org"
roles = ["chair"]
venue = "conf"

[[login]]
claim = "groups"
value = "area-chairs"
roles = ["area_chair"]
venue = "conf"

[[login]]
claim = "sub"
value = "operator"
roles = ["admin"]
"""


@dataclass
class FakeProvider:
    """A provider that anybody can log in at, as whom they like.

    Args:
        port: where it listens.
        claims: of the next token.
        spoils: what is wrong with the next answer.
    """

    port: int
    claims: dict[str, Any] = field(default_factory=dict)
    spoils: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, parameters={"kid": "one"}, private=True))
    other: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, parameters={"kid": "one"}, private=True))
    asked: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def metadata(self) -> dict[str, Any]:
        issuer = "https://elsewhere.example" if self.spoils == "metadata" else self.issuer
        places = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys"}
        return {"issuer": issuer, **{name: f"{self.issuer}/{path}" for name, path in places.items()}}

    def authorize(self, query: dict[str, str]) -> str:
        """The address to which somebody comes back."""
        code = f"code-{len(self.asked)}"
        self.asked[code] = query
        return f"{query['redirect_uri']}?{urlencode({'state': query['state'], 'code': code})}"

    def token(self, form: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        asked = self.asked.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        expected = "Basic " + base64.b64encode(b"matcher:word").decode()
        if asked is None or challenge != asked["code_challenge"] or authorization != expected:
            return 400, {"error": "invalid_grant"}
        at = int(time.time())
        claims = {"iss": self.issuer, "aud": "matcher", "iat": at, "exp": at + 60, "nonce": asked["nonce"]}
        claims |= {"sub": "someone", **self.claims, **_SPOILT.get(self.spoils, {})}
        header = {"alg": "HS256" if self.spoils == "alg" else "RS256", "kid": "one"}
        key: Any = self.other if self.spoils == "key" else self.key
        if self.spoils == "alg":
            token = _with_shared_secret(header, claims, self.key.as_pem(private=False))
        else:
            token = jwt.encode(header, claims, key)
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": token}


def _with_shared_secret(header: dict[str, Any], claims: dict[str, Any], secret: bytes) -> str:
    """A token signed with the published key, as if that were a shared secret: an old trick."""
    parts = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in (header, claims)]
    mac = hmac.new(secret, b".".join(parts), hashlib.sha256).digest()
    return b".".join([*parts, base64.urlsafe_b64encode(mac).rstrip(b"=")]).decode()


_SPOILT: dict[str, dict[str, Any]] = {
    "issuer": {"iss": "https://elsewhere.example"},
    "audience": {"aud": "another"},
    "audiences": {"aud": ["matcher", "another"], "azp": "another"},
    "nonce": {"nonce": "another"},
    "old": {"exp": 1},
    "future": {"iat": 4_000_000_000},
    "nobody": {"sub": ""},
}


@pytest.fixture(scope="module")
def provider() -> Iterator[FakeProvider]:
    fake = FakeProvider(free_port())

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/authorize":
                self.send_response(303)
                self.send_header("Location", fake.authorize(dict(parse_qsl(parts.query))))
                self.end_headers()
                return
            published = KeySet([fake.key]).as_dict(private=False)
            self._say(200, dict(published) if parts.path == "/keys" else fake.metadata())

        def do_POST(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(text).items()}
            self._say(*fake.token(form, self.headers.get("Authorization", "")))

        def _say(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", fake.port), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield fake
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def service(provider: FakeProvider, tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("oidc")
    (folder / "rules.toml").write_text(RULES)
    choices = {
        "oidc_issuer": provider.issuer,
        "oidc_client_id": "matcher",
        "oidc_client_secret": "word",
        "oidc_public_url": "http://127.0.0.1:1",
        "oidc_rules": str(folder / "rules.toml"),
    }
    with serving(folder / "data", **choices) as running:
        running.admin.create_venue("conf")
        people = b'{"id": "jane", "name": "Jane Able", "emails": ["chair@example.org"]}\n'
        running.admin.upload("conf", "people", people)
        yield running


@pytest.fixture(autouse=True)
def sound(provider: FakeProvider) -> None:
    provider.spoils = ""
    provider.claims = {}


def travel(service: Served, http: httpx.Client, **changes: str) -> httpx.Response:
    """To the provider and back, as a browser goes."""
    away = http.get(f"{service.address}/login/oidc")
    assert away.status_code == 303, away.text
    back = httpx.get(away.headers["location"]).headers["location"]
    values = {**dict(parse_qsl(urlsplit(back).query)), **changes}
    return http.get(f"{service.address}/login/oidc/callback", params=values)


def key_of(service: Served) -> dict[str, Any]:
    """The key that was made last."""
    with service.service.database.read() as connection:
        query = sa.select(keys).order_by(keys.c.created_at.desc()).limit(1)
        return dict(connection.execute(query).mappings().one())


def test_who_comes_back_is_logged_in_as_the_person_of_the_venue(service: Served, provider: FakeProvider) -> None:
    provider.claims = {"email": "CHAIR@example.org", "email_verified": True}
    with httpx.Client() as http:
        answer = travel(service, http)
        assert answer.status_code == 200
        assert "/console/" in answer.text
        cookie = next(each for each in answer.headers.get_list("set-cookie") if "session" in each)
        assert {"HttpOnly", "SameSite=strict"} <= set(cookie.split("; "))
        assert "matcher_login" not in http.cookies
        page = http.get(f"{service.address}/console/", follow_redirects=True)
        assert page.status_code == 200
        assert "/console/login" not in str(page.url)
    made = key_of(service)
    assert (made["roles"], made["venue_id"], made["person_id"]) == (["chair"], "conf", "jane")
    assert made["expires_at"] - made["created_at"] <= 12 * 3600
    with service.service.database.read() as connection:
        last = connection.execute(sa.select(audit).order_by(audit.c.number.desc()).limit(1)).mappings().one()
    assert (last["key_id"], last["target"]) == (made["id"], "/login/oidc/callback")


def test_the_way_there_proves_who_went(service: Served) -> None:
    with httpx.Client() as http:
        away = http.get(f"{service.address}/login/oidc")
        query = dict(parse_qsl(urlsplit(away.headers["location"]).query))
        assert query["code_challenge_method"] == "S256"
        assert query["redirect_uri"] == "http://127.0.0.1:1/login/oidc/callback"
        assert len({query["state"], query["nonce"], query["code_challenge"]}) == 3
        cookie = away.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=lax", "Path=/login/oidc"} <= set(cookie.split("; "))
        assert not any(value in cookie for value in (query["state"], query["nonce"]))


def test_whom_the_venue_does_not_know_is_nobody_there(service: Served, provider: FakeProvider) -> None:
    provider.claims = {"groups": ["others", "area-chairs"], "email": "chair@example.org"}  # not confirmed
    with httpx.Client() as http:
        assert travel(service, http).status_code == 200
    made = key_of(service)
    assert (made["roles"], made["person_id"]) == (["area_chair"], "oidc:someone")


def test_an_operator_is_one_of_all_venues(service: Served, provider: FakeProvider) -> None:
    provider.claims = {"sub": "operator"}
    with httpx.Client() as http:
        assert travel(service, http).status_code == 200
    made = key_of(service)
    assert (made["roles"], made["venue_id"], made["person_id"]) == (["admin"], None, None)


@pytest.mark.parametrize("spoils", ["key", "alg", *_SPOILT])
def test_a_token_that_does_not_hold_is_refused(service: Served, provider: FakeProvider, spoils: str) -> None:
    provider.claims = {"email": "chair@example.org", "email_verified": True}
    provider.spoils = spoils
    before = key_of(service)["id"]
    with httpx.Client() as http:
        answer = travel(service, http)
        assert answer.status_code == 401, spoils
        assert answer.json()["detail"] == "the login does not hold: begin again"
        assert not any("session" in name for name in http.cookies)
    assert key_of(service)["id"] == before


def test_who_did_not_begin_cannot_end(service: Served, provider: FakeProvider) -> None:
    provider.claims = {"email": "chair@example.org", "email_verified": True}
    with httpx.Client() as http:
        assert travel(service, http, state="another").status_code == 401
    with httpx.Client() as http:
        assert travel(service, http, code="another").status_code == 401
    with httpx.Client() as http:
        assert travel(service, http, code="").status_code == 401
    # A code of somebody else's login, brought with one's own cookie and state: the verifier does not fit.
    with httpx.Client() as mine, httpx.Client() as theirs:
        away = theirs.get(f"{service.address}/login/oidc").headers["location"]
        stolen = dict(parse_qsl(urlsplit(httpx.get(away).headers["location"]).query))["code"]
        assert travel(service, mine, code=stolen).status_code == 401
    assert httpx.get(f"{service.address}/login/oidc/callback", params={"code": "x", "state": "y"}).status_code == 401


def test_who_has_no_role_is_told_so(service: Served, provider: FakeProvider) -> None:
    provider.claims = {"email": "chair@example.org", "email_verified": False}
    with httpx.Client() as http:
        answer = travel(service, http)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:matcher:problem:forbidden")


def test_a_provider_that_is_another_is_not_gone_to(service: Served, provider: FakeProvider) -> None:
    provider.spoils = "metadata"
    assert httpx.get(f"{service.address}/login/oidc").status_code == 503


def test_a_provider_that_is_silent_is_said_to_be(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(RULES)
    given = Settings(
        oidc_issuer=f"http://127.0.0.1:{free_port()}",
        oidc_client_id="matcher",
        oidc_public_url="https://match.example.org",
        oidc_rules=str(tmp_path / "rules.toml"),
    )
    from service.problems import Problem

    with pytest.raises(Problem, match="does not answer"):
        Provider(given).address(Attempt.new())


def test_the_secret_of_the_client_is_not_shown() -> None:
    assert "hidden-word" not in repr(Settings(oidc_client_secret="hidden-word"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "nobody could log in"),
        ("[[login", "no TOML file"),
        ("[[login]]\nclaim = 'email'\nvalue = 'a'\nrolse = []", "did you mean 'roles'"),
        ("[[login]]\nclaim = 'email'\nroles = ['chair']\nvenue = 'x'", "claim and value"),
        ("[[login]]\nclaim = 'email'\nvalue = 'a'\nroles = []\nvenue = 'x'", "at least one role"),
        ("[[login]]\nclaim = 'email'\nvalue = 'a'\nroles = ['chiar']\nvenue = 'x'", "did you mean 'chair'"),
        ("[[login]]\nclaim = 'email'\nvalue = 'a'\nroles = ['admin']\nvenue = 'x'", "one of all venues"),
        ("[[login]]\nclaim = 'email'\nvalue = 'a'\nroles = ['chair']", "give the venue"),
    ],
)
def test_rules_that_mean_nothing_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "rules.toml").write_text(text)
    with pytest.raises(ConfigError, match=message):
        read_rules(tmp_path / "rules.toml")


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"oidc_client_id": ""}, "oidc_client_id"),
        ({"oidc_rules": ""}, "oidc_rules"),
        ({"oidc_issuer": "http://login.example.org"}, "oidc_issuer"),
        ({"oidc_public_url": "http://match.example.org"}, "oidc_public_url"),
    ],
)
def test_settings_that_would_be_unsafe_do_not_start(changes: dict[str, str], key: str) -> None:
    given = {
        "oidc_issuer": "https://login.example.org",
        "oidc_client_id": "matcher",
        "oidc_public_url": "https://match.example.org",
        "oidc_rules": "rules.toml",
    }
    with pytest.raises(ConfigError) as caught:
        create_app(Settings(**{**given, **changes}))  # type: ignore[arg-type]
    assert caught.value.key == key


def test_a_rule_looks_at_one_claim() -> None:
    someone = Identity("a", "x@example.org", {"groups": ["one"], "email": "y@example.org", "level": 3})
    assert Rule("email", "X@example.org", ("chair",)).fits(someone)
    assert not Rule("email", "y@example.org", ("chair",)).fits(someone)
    assert Rule("groups", "one", ("chair",)).fits(someone)
    assert not Rule("groups", "on", ("chair",)).fits(someone)
    assert not Rule("level", "3", ("chair",)).fits(someone)
    assert not Rule("absent", "", ("chair",)).fits(someone)
