"""Who asks, and what they may: keys, roles, and the policy that every route must declare.

A key is `mk_<id>_<secret>`. Its secret has 256 random bits and is kept as a SHA-256, which is enough for what cannot be
guessed. A key belongs to one venue or to all of them, has roles there, and ends.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import sqlalchemy as sa
from starlette.routing import BaseRoute, Route

from matcher.errors import ConfigError, UnknownNameError
from service.problems import Problem
from service.storage.database import Database, now
from service.storage.tables import keys, login_codes

__all__ = [
    "ADMINS",
    "ANYBODY",
    "CHAIRS",
    "EDITORS",
    "READERS",
    "ROLES",
    "Keyring",
    "NewKey",
    "Policy",
    "Principal",
    "allow",
    "policy_of",
    "refuse_routes_without_policy",
]

ROLES: Final = (
    "admin",
    "chair",
    "track_chair",
    "senior_area_chair",
    "area_chair",
    "editor",
    "ethics_chair",
    "reviewer",
    "author",
    "system",
)
"""Every role. `system` is a submission system: it does what a chair does."""

ADMINS: Final = frozenset(("admin",))
CHAIRS: Final = frozenset(("admin", "chair", "system"))
EDITORS: Final = CHAIRS | {"editor"}
READERS: Final = CHAIRS | {"track_chair", "senior_area_chair", "area_chair"}
"""Who may read assignments; whoever is bound to a person sees nothing of the submissions that they conflict with."""
ANYBODY: Final = frozenset(ROLES)

_DAY_S: Final = 86_400
_KNOWN_FOR_S: Final = 2.0
"""How long a key that was looked up is believed; a revoked one ends after that."""
_CODE_S: Final = 600
_SESSION_DAYS: Final = 1

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks.

    Args:
        key_id: the key.
        roles: what they are.
        venue_id: the only venue that they are it in; `None`: in all.
        person_id: who they are among the people of the venue, if that is said.
    """

    key_id: str
    roles: frozenset[str]
    venue_id: str | None = None
    person_id: str | None = None

    def require(self, venue_id: str, roles: Collection[str]) -> None:
        """Refuse what is not theirs: another venue does not exist for them.

        Raises:
            Problem: the key is for another venue, or has none of the roles.
        """
        if self.venue_id not in (None, venue_id):
            raise Problem("not-found", "there is no such venue")
        if self.roles.isdisjoint(roles):
            raise Problem("forbidden", f"this takes one of the roles {', '.join(sorted(roles))}")


# --- policies -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Policy:
    """What a route demands.

    Args:
        roles: any one of them; empty: no key is needed.
        takes_files: whether bodies may be as large as uploads are.
        is_audited: whether calls are written to the audit log though they change nothing.
    """

    roles: frozenset[str]
    takes_files: bool = False
    is_audited: bool = False


def allow(roles: Iterable[str], *, takes_files: bool = False, is_audited: bool = False) -> Callable[[F], F]:
    """Declare who may call a route; none of the roles: everybody, without a key."""
    policy = Policy(frozenset(roles), takes_files, is_audited)

    def declare(endpoint: F) -> F:
        endpoint.__policy__ = policy  # type: ignore[attr-defined]
        return endpoint

    return declare


def policy_of(route: BaseRoute) -> Policy | None:
    """The policy that a route declares, if it does."""
    found = getattr(getattr(route, "endpoint", None), "__policy__", None)
    return found if isinstance(found, Policy) else None


def refuse_routes_without_policy(routes: Iterable[BaseRoute]) -> None:
    """Default deny: what declares nothing does not start.

    Raises:
        ConfigError: a route has no policy.
    """
    for route in routes:
        if policy_of(route) is None:
            path = route.path if isinstance(route, Route) else repr(route)
            raise ConfigError(f"the route {path} declares no policy: add @allow(…)", key="routes")


# --- keys -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key as it is told once.

    Args:
        id: names it in lists and in the audit log.
        secret: the key itself; nobody can ask for it again.
        expires_at: seconds since 1970.
    """

    id: str
    secret: str
    expires_at: float

    def __repr__(self) -> str:
        return f"NewKey(id={self.id!r}, expires_at={self.expires_at!r})"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _refusal() -> Problem:
    return Problem(
        "unauthenticated",
        "send a valid key: Authorization: Bearer mk_…",
        headers={"WWW-Authenticate": 'Bearer realm="matcher"'},
    )


def _read_header(header: str | None) -> tuple[str, str]:
    """The id of a key and the hash of its secret.

    Raises:
        Problem: there is no key, or nothing that could be one.
    """
    scheme, _, token = (header or "").partition(" ")
    prefix, _, rest = token.strip().partition("_")
    key_id, _, secret = rest.partition("_")
    if scheme.lower() != "bearer" or prefix != "mk" or not secret:
        raise _refusal()
    return key_id, _hash(secret)


class Keyring:
    """Keys in the database.

    Args:
        database: where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[float, Principal]] = {}
        self._lock = threading.Lock()

    def create(
        self,
        name: str,
        roles: Collection[str],
        *,
        venue_id: str | None = None,
        person_id: str | None = None,
        days: float = 365.0,
    ) -> NewKey:
        """Make a key.

        Args:
            name: what it is for.
            roles: at least one of `ROLES`.
            venue_id: where they hold; `None`: in all venues.
            person_id: who its holder is among the people of the venue.
            days: until it ends.

        Raises:
            UnknownNameError: there is no such role.
            ConfigError: no role, or no time.
        """
        for role in roles:
            if role not in ROLES:
                raise UnknownNameError("role", role, ROLES)
        if not roles or days <= 0:
            raise ConfigError("allowed is at least one role and more than 0 days", key="roles")
        if "admin" in roles and venue_id is not None:
            raise ConfigError("an admin is one of all venues: leave the venue out, or make a chair", key="roles")
        key_id, secret, at = secrets.token_hex(8), secrets.token_urlsafe(32), now()
        made = NewKey(key_id, f"mk_{key_id}_{secret}", at + days * _DAY_S)
        with self._database.write() as connection:
            connection.execute(
                keys.insert().values(
                    id=key_id,
                    hash=_hash(secret),
                    name=name,
                    venue_id=venue_id,
                    roles=sorted(set(roles)),
                    person_id=person_id,
                    created_at=at,
                    expires_at=made.expires_at,
                )
            )
        return made

    def list(self) -> list[dict[str, Any]]:
        """Every key without its secret, oldest first."""
        columns = [column for column in keys.c if column.name != "hash"]
        with self._database.read() as connection:
            found = connection.execute(sa.select(*columns).order_by(keys.c.created_at, keys.c.id)).mappings()
            return [dict(each) for each in found]

    def revoke(self, key_id: str) -> None:
        """End a key now.

        Raises:
            Problem: there is no such key.
        """
        with self._database.write() as connection:
            done = connection.execute(keys.update().where(keys.c.id == key_id).values(revoked_at=now()))
            if not done.rowcount:
                raise UnknownNameError("key", key_id, [each["id"] for each in self.list()])
        with self._lock:
            self._known.clear()

    def recall(self, header: str | None) -> Principal | None:
        """Who sends an `Authorization` header, if its key was looked up a moment ago; waits for nothing."""
        key_id, hashed = _read_header(header)
        with self._lock:
            known = self._known.get(f"{key_id} {hashed}")
        return known[1] if known is not None and known[0] > now() else None

    def authenticate(self, header: str | None) -> Principal:
        """Who sends an `Authorization` header.

        Raises:
            Problem: there is none, or its key is unknown, ended or revoked; which of them is not said.
        """
        known = self.recall(header)
        if known is not None:
            return known
        (key_id, hashed), at = _read_header(header), now()
        with self._database.read() as connection:
            row = connection.execute(sa.select(keys).where(keys.c.id == key_id)).mappings().first()
        if row is None or not hmac.compare_digest(row["hash"], hashed):
            raise _refusal()
        if row["revoked_at"] is not None or row["expires_at"] <= at:
            raise _refusal()
        principal = Principal(key_id, frozenset(row["roles"]), row["venue_id"], row["person_id"])
        with self._lock:
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[f"{key_id} {hashed}"] = (min(at + _KNOWN_FOR_S, row["expires_at"]), principal)
        return principal

    def principal_of(self, key_id: str) -> Principal | None:
        """Who holds a key that is known by its id alone, as a session knows it; `None` once the key has ended."""
        with self._database.read() as connection:
            row = connection.execute(sa.select(keys).where(keys.c.id == key_id)).mappings().first()
        if row is None or row["revoked_at"] is not None or row["expires_at"] <= now():
            return None
        return Principal(key_id, frozenset(row["roles"]), row["venue_id"], row["person_id"])

    # --- a login without a key: the embedded mode prints one code at its start ---

    def login_code(self) -> str:
        """A code that can be changed into an admin's key once, within ten minutes."""
        code = secrets.token_urlsafe(32)
        with self._database.write() as connection:
            connection.execute(login_codes.delete().where(login_codes.c.expires_at < now()))
            connection.execute(login_codes.insert().values(hash=_hash(code), expires_at=now() + _CODE_S))
        return code

    def redeem(self, code: str) -> NewKey:
        """Change a code into an admin's key for one day.

        Raises:
            Problem: the code is unknown, used or too old.
        """
        with self._database.write() as connection:
            done = connection.execute(
                login_codes.delete().where(login_codes.c.hash == _hash(code), login_codes.c.expires_at > now())
            )
        if not done.rowcount:
            raise Problem("unauthenticated", "the code was used already or is too old: start the service again")
        return self.create("login", ["admin"], days=_SESSION_DAYS)
