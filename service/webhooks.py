"""Webhooks: every end of a job is told to the addresses that asked for it, signed, and again until it arrives.

A body is signed with HMAC-SHA256 over `<seconds>.<body>`, in the header `Matcher-Signature: t=<seconds>,v1=<hex>`. The
secret of a webhook is derived from a key in the data folder, so the database holds none. Addresses are looked up once
and connected to as they were checked; private ones are refused, redirects are not followed. Several addresses are
served at the same time, one message at a time each: a slow one keeps nobody waiting, and the order of its own stays.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import ipaddress
import json
import logging
import secrets
import socket
import ssl
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import SplitResult, urlsplit

import sqlalchemy as sa

from service.problems import Problem
from service.settings import Settings
from service.storage.database import Database, now, time_text
from service.storage.tables import deliveries, webhooks

__all__ = ["Postman", "announce", "check_address", "secret_of", "sign"]

_LOG: Final = logging.getLogger("matcher.service.webhooks")
_TIMEOUT_S: Final = 10.0
_TRY_FOR_S: Final = 86_400.0
_FIRST_PAUSE_S: Final = 2.0
_LONGEST_PAUSE_S: Final = 3600.0
_CLAIM_S: Final = 60.0
"""For how long a message belongs to the process that took it; longer than any attempt lasts."""
_LOOK_S: Final = 1.0
_AT_ONCE: Final = 16
"""Addresses that one process serves at the same time."""
_LOOKED_AT: Final = 500
"""Messages that are due and looked at, to find some for addresses that are free."""


def _root_secret(folder: Path) -> bytes:
    path = folder / "webhook.key"
    try:
        with path.open("xb") as stream:
            path.chmod(0o600)
            stream.write(secrets.token_bytes(32))
    except FileExistsError:
        pass
    return path.read_bytes()


def secret_of(folder: Path, webhook_id: str) -> str:
    """The secret with which bodies to a webhook are signed."""
    return hmac.new(_root_secret(folder), webhook_id.encode(), hashlib.sha256).hexdigest()


def sign(secret: str, at: int, body: bytes) -> str:
    """The value of `Matcher-Signature`."""
    mac = hmac.new(secret.encode(), str(at).encode() + b"." + body, hashlib.sha256)
    return f"t={at},v1={mac.hexdigest()}"


def check_address(url: str, *, allow_private: bool) -> tuple[SplitResult, str]:
    """Look an address up and refuse those that are none of the public internet.

    Args:
        url: where bodies are to go.
        allow_private: whether private addresses and plain HTTP are allowed.

    Returns:
        The parts of the URL, and the IP address to connect to.

    Raises:
        Problem: the address is not allowed; which of the checks failed is said, but not what the name resolves to.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise Problem("invalid-data", "this is no URL") from None
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise Problem("invalid-data", "allowed is an https:// URL")
    if not parts.hostname or parts.username is not None or parts.password is not None:
        raise Problem("invalid-data", "the URL needs a host, and takes no user name or password")
    try:
        found = {str(each[4][0]) for each in socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)}
    except (OSError, UnicodeError):
        raise Problem("invalid-data", "the host is not known") from None
    if not allow_private and not all(_is_public(address) for address in found):
        raise Problem("invalid-data", "the host has an address that is not of the public internet")
    return parts, min(found)


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo[1] if found.teredo else None)
        if inner is not None:
            return inner.is_global and not inner.is_multicast
    return found.is_global and not found.is_multicast


def announce(connection: sa.Connection, venue_id: str, event: str, facts: Mapping[str, Any]) -> None:
    """Write down, in the transaction of what happened, that it is to be told."""
    for webhook_id in connection.execute(sa.select(webhooks.c.id).where(webhooks.c.venue_id == venue_id)).scalars():
        delivery_id = secrets.token_hex(12)
        body = {"id": delivery_id, "event": event, "venue_id": venue_id, "at": time_text(now()), **facts}
        connection.execute(
            deliveries.insert().values(
                id=delivery_id,
                webhook_id=webhook_id,
                event=event,
                body=json.dumps(body),
                state="waiting",
                attempts=0,
                due_at=now(),
                created_at=now(),
                last_status="",
            )
        )


class Postman:
    """Delivers what waits, each message by one of several processes.

    Args:
        database: where deliveries wait.
        settings: where the key lies and which addresses are allowed.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="matcher-webhooks", daemon=True)
        self._wake = threading.Event()
        self._busy: set[str] = set()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is not delivered waits."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(timeout=2)

    def _work(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(_LOOK_S)
            self._wake.clear()
            try:
                found = self._claim()
            except sa.exc.SQLAlchemyError:
                _LOG.exception("webhooks could not be looked up; they are tried again")
                continue
            for delivery in found:
                with self._lock:
                    self._busy.add(delivery["webhook_id"])
                threading.Thread(target=self._serve, args=(delivery,), daemon=True).start()

    def _claim(self) -> list[Mapping[str, Any]]:
        """The oldest message that is due for each address that is free, taken for this process."""
        with self._lock:
            busy = set(self._busy)
        free = _AT_ONCE - len(busy)
        due = [deliveries.c.state == "waiting", deliveries.c.due_at <= now(), deliveries.c.webhook_id.not_in(busy)]
        with self._database.read() as connection:
            if free <= 0 or connection.execute(sa.select(deliveries.c.id).where(*due).limit(1)).first() is None:
                return []
        with self._database.write() as connection:
            query = (
                sa.select(deliveries, webhooks.c.url)
                .join(webhooks, webhooks.c.id == deliveries.c.webhook_id)
                .where(*due)
                .order_by(deliveries.c.due_at, deliveries.c.id)
                .limit(_LOOKED_AT)
                .with_for_update(of=deliveries, skip_locked=True)
            )
            first: dict[str, Mapping[str, Any]] = {}
            for each in connection.execute(query).mappings():
                first.setdefault(each["webhook_id"], dict(each))
            found = list(first.values())[:free]
            ids = [each["id"] for each in found]
            connection.execute(deliveries.update().where(deliveries.c.id.in_(ids)).values(due_at=now() + _CLAIM_S))
        return found

    def _serve(self, delivery: Mapping[str, Any]) -> None:
        """Deliver one message, in a thread of its own."""
        try:
            self._deliver(delivery)
        except sa.exc.SQLAlchemyError:
            _LOG.exception("what became of a message could not be written down; it is sent again")
        finally:
            with self._lock:
                self._busy.discard(delivery["webhook_id"])
            self._wake.set()

    def _deliver(self, delivery: Mapping[str, Any]) -> None:
        status = self._post(delivery)
        is_done = status.startswith("2")
        attempts = delivery["attempts"] + 1
        pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** (attempts - 1))
        is_over = now() + pause > delivery["created_at"] + _TRY_FOR_S
        state = "delivered" if is_done else "given up" if is_over else "waiting"
        with self._database.write() as connection:
            connection.execute(
                deliveries.update()
                .where(deliveries.c.id == delivery["id"])
                .values(state=state, attempts=attempts, due_at=now() + pause, last_status=status)
            )

    def _post(self, delivery: Mapping[str, Any]) -> str:
        """Send a body.

        Returns:
            The status of the answer, or in words why there is none.
        """
        try:
            parts, address = check_address(delivery["url"], allow_private=self._settings.allow_private_webhooks)
        except Problem as problem:
            return problem.detail[:64]
        body = delivery["body"].encode()
        headers = {
            "Host": parts.netloc,
            "Content-Type": "application/json",
            "User-Agent": "reviewer-matcher",
            "Matcher-Delivery": delivery["id"],
            "Matcher-Signature": sign(secret_of(self._settings.data_dir, delivery["webhook_id"]), int(now()), body),
        }
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection = _connect(parts, address)
            try:
                connection.request("POST", target, body=body, headers=headers)
                return str(connection.getresponse().status)
            finally:
                connection.close()
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__[:64]


def _connect(parts: SplitResult, address: str) -> http.client.HTTPConnection:
    """A connection to the address that was checked, under the name that was asked for."""
    if parts.scheme == "http":
        return http.client.HTTPConnection(address, parts.port or 80, timeout=_TIMEOUT_S)
    host = parts.hostname or ""
    connection = http.client.HTTPSConnection(host, parts.port or 443, timeout=_TIMEOUT_S)
    raw = socket.create_connection((address, parts.port or 443), timeout=_TIMEOUT_S)
    connection.sock = ssl.create_default_context().wrap_socket(raw, server_hostname=host)
    return connection
