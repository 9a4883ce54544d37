"""Sessions of the console: a cookie stands for a key for a while, and proves that a form is ours.

The secret of a session has 256 random bits; the database keeps its SHA-256. The proof against forged forms is derived
from the secret, so it is kept nowhere. A session ends when it was not used for some hours, after half a day, at logout,
and at once with the key that opened it.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import Final

import sqlalchemy as sa
from starlette.requests import Request

from service.auth import Keyring, Principal
from service.storage.database import Database, now
from service.storage.tables import sessions

__all__ = ["Session", "Sessions", "cookie_name"]

_IDLE_S: Final = 2 * 3600.0
_LONGEST_S: Final = 12 * 3600.0
_NOTED_S: Final = 60.0
"""A use is written down at most this often, so that reading a page does not write."""


@dataclass(frozen=True, slots=True)
class Session:
    """One login.

    Args:
        secret: what the cookie holds.
        principal: who is logged in.
    """

    secret: str = field(repr=False)
    principal: Principal

    @property
    def form_token(self) -> str:
        """What every form of this session carries; who cannot read our pages does not know it."""
        return hmac.new(self.secret.encode(), b"form", hashlib.sha256).hexdigest()

    def made(self, token: str) -> bool:
        """Whether a form comes from a page of this session."""
        return hmac.compare_digest(self.form_token.encode(), token.encode())


def cookie_name(request: Request) -> str:
    """Of the session: over HTTPS browsers then bind it to this host alone."""
    return "__Host-matcher_session" if request.url.scheme == "https" else "matcher_session"


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Sessions:
    """Sessions in the database.

    Args:
        database: where they are kept.
        keys: a session is as good as its key.
        idle_s: after how long without use one ends.
        longest_s: after how long one ends in any case.
    """

    def __init__(
        self, database: Database, keys: Keyring, *, idle_s: float = _IDLE_S, longest_s: float = _LONGEST_S
    ) -> None:
        self._database = database
        self._keys = keys
        self._idle_s = idle_s
        self.longest_s = longest_s

    def open(self, key_id: str) -> str:
        """Begin a session for the holder of a key; sessions that are over are cleared away.

        Returns:
            The secret for the cookie.
        """
        secret, at = secrets.token_urlsafe(32), now()
        with self._database.write() as connection:
            over = sa.or_(sessions.c.expires_at < at, sessions.c.seen_at < at - self._idle_s)
            connection.execute(sessions.delete().where(over))
            row = {"hash": _hash(secret), "key_id": key_id, "created_at": at, "seen_at": at}
            connection.execute(sessions.insert().values(**row, expires_at=at + self.longest_s))
        return secret

    def find(self, secret: str) -> Session | None:
        """The session that a cookie names, if it still lasts."""
        if not secret:
            return None
        at, mine = now(), sessions.c.hash == _hash(secret)
        with self._database.read() as connection:
            row = connection.execute(sa.select(sessions).where(mine)).mappings().first()
        if row is None or row["expires_at"] <= at or row["seen_at"] + self._idle_s <= at:
            return None
        principal = self._keys.principal_of(row["key_id"])
        if principal is None:
            return None
        if row["seen_at"] + _NOTED_S < at:
            with self._database.write() as connection:
                connection.execute(sessions.update().where(mine).values(seen_at=at))
        return Session(secret, principal)

    def close(self, secret: str) -> None:
        """End a session."""
        with self._database.write() as connection:
            connection.execute(sessions.delete().where(sessions.c.hash == _hash(secret)))
