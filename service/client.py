"""A typed client of the service, for submission systems and for our own tests; needs httpx and nothing else of ours."""

from __future__ import annotations

import hashlib
import io
import json
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Literal, Self
from urllib.parse import quote

import httpx

__all__ = ["Client", "ClientError", "CutOffError", "Event", "packed"]

_PAUSE_S: Final = 0.2
_TIMEOUT_S: Final = 60.0

Format = Literal["ndjson", "csv"]


class ClientError(Exception):
    """The service answered with a problem.

    Args:
        status: of the answer.
        problem: the problem document.
    """

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.problem = dict(problem)
        self.kind = str(problem.get("type", "")).rpartition(":")[2]
        super().__init__(f"{status} {self.kind}: {problem.get('detail', '')}")


class CutOffError(Exception):
    """A download is not whole: its last line, with the checksum, is missing or another."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a job.

    Args:
        id: hand it to `follow` to go on behind it.
        kind: state, stage, progress, taken-over.
        data: what happened.
    """

    id: int
    kind: str
    data: dict[str, Any]


def packed(folder: str | Path) -> bytes:
    """A venue folder as the zip that `upload_venue` takes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(Path(folder).iterdir()):
            if file.is_file():
                archive.write(file, file.name)
    return stream.getvalue()


class Client:
    """Calls the service.

    Args:
        address: such as `http://127.0.0.1:8000`; or a ready `httpx.Client`.
        key: `mk_…`.

    Example::

        with Client("http://127.0.0.1:8000", key) as client:
            client.create_venue("workshop", name="Workshop", deadline="2027-01-31")
            client.upload_venue("workshop", packed("venue/"))
            job = client.wait("workshop", client.submit("workshop")["id"])
            for pair in client.pages("/v1/venues/workshop/runs/current/assignment"):
                print(pair["submission_id"], pair["reviewer_id"])
    """

    def __init__(self, address: str | httpx.Client, key: str = "") -> None:
        self._http = httpx.Client(base_url=address, timeout=_TIMEOUT_S) if isinstance(address, str) else address
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.close()

    # --- any call ---

    def call(
        self,
        method: str,
        path: str,
        *,
        json_body: Any = None,
        content: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        **query: Any,
    ) -> httpx.Response:
        """One call.

        Raises:
            ClientError: the answer is a problem.
        """
        params = {name: value for name, value in query.items() if value is not None}
        response = self._http.request(
            method,
            path,
            json=json_body,
            content=content,
            headers={**self._headers, **(headers or {})},
            params=params or None,
        )
        if response.status_code >= 400:
            is_problem = response.headers.get("content-type", "").startswith("application/problem+json")
            raise ClientError(response.status_code, response.json() if is_problem else {"detail": response.text[:200]})
        return response

    def get(self, path: str, **query: Any) -> Any:
        """What a GET answers."""
        return self.call("GET", path, **query).json()

    def pages(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Every item of a list, page by page."""
        cursor = None
        while True:
            page = self.get(path, cursor=cursor, **query)
            yield from page["items"]
            cursor = page["next"]
            if cursor is None:
                return

    # --- venues ---

    def create_venue(self, venue_id: str, *, kind: str = "venue", **facts: Any) -> dict[str, Any]:
        """Make a venue or a pool."""
        return dict(self.call("POST", "/v1/venues", json_body={"id": venue_id, "kind": kind, **facts}).json())

    def upload_venue(
        self, venue_id: str, archive: bytes, *, mode: str = "merge", dry_run: bool = False
    ) -> dict[str, Any]:
        """Hand over a venue folder as zip."""
        headers = {"Content-Type": "application/zip"}
        path = f"/v1/venues/{venue_id}/upload"
        return dict(
            self.call("POST", path, content=archive, headers=headers, mode=mode, dry_run=str(dry_run).lower()).json()
        )

    def upload(
        self,
        venue_id: str,
        table: str,
        content: bytes,
        *,
        is_csv: bool = False,
        mode: str = "merge",
        dry_run: bool = False,
    ) -> dict[str, Any]:
        """Hand over a table as JSON Lines or CSV."""
        headers = {"Content-Type": "text/csv" if is_csv else "application/x-ndjson"}
        path = f"/v1/venues/{venue_id}/{table}"
        return dict(
            self.call("POST", path, content=content, headers=headers, mode=mode, dry_run=str(dry_run).lower()).json()
        )

    def put(self, venue_id: str, table: str, record: Mapping[str, Any], *, etag: str | None = None) -> dict[str, Any]:
        """Write one record that has an id."""
        path = f"/v1/venues/{venue_id}/{table}/{quote(str(record['id']), safe='')}"
        headers = {"If-Match": f'"{etag}"'} if etag else {}
        return dict(self.call("PUT", path, json_body=dict(record), headers=headers).json())

    # --- jobs ---

    def submit(
        self,
        venue_id: str,
        *,
        kind: str = "match",
        config: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> dict[str, Any]:
        """Start a job."""
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        body = {"kind": kind, "config": dict(config or {})}
        return dict(self.call("POST", f"/v1/venues/{venue_id}/jobs", json_body=body, headers=headers).json())

    def wait(self, venue_id: str, job_id: str, *, timeout_s: float = 600.0) -> dict[str, Any]:
        """The job when it is over.

        Raises:
            TimeoutError: it is not over in time.
        """
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            job = self.get(f"/v1/venues/{venue_id}/jobs/{job_id}")
            if job["state"] in ("succeeded", "failed", "cancelled"):
                return dict(job)
            time.sleep(_PAUSE_S)
        raise TimeoutError(f"job {job_id} is not over after {timeout_s} s")

    def cancel(self, venue_id: str, job_id: str) -> dict[str, Any]:
        """End a job."""
        return dict(self.call("POST", f"/v1/venues/{venue_id}/jobs/{job_id}/cancel").json())

    def follow(self, venue_id: str, job_id: str, *, after: int = 0) -> Iterator[Event]:
        """The events of a job until it is over, or the connection ends; go on with `after`."""
        headers = {**self._headers, "Last-Event-ID": str(after)}
        path = f"/v1/venues/{venue_id}/jobs/{job_id}/events"
        with self._http.stream("GET", path, headers=headers) as response:
            if response.status_code >= 400:
                raise ClientError(response.status_code, json.loads(response.read()))
            fields: dict[str, str] = {}
            for line in response.iter_lines():
                name, colon, value = line.partition(": ")
                if colon and name:
                    fields[name] = value
                elif not line and fields:
                    yield Event(int(fields["id"]), fields["event"], json.loads(fields["data"]))
                    fields = {}

    # --- results ---

    def download(self, path: str, *, format: Format = "ndjson") -> bytes:  # noqa: A002
        """A download without its last line, once the checksum in it was compared.

        Raises:
            CutOffError: the download is not whole.
        """
        content = self.call("GET", path, format=format).content
        body, newline, last = content.removesuffix(b"\n").rpartition(b"\n")
        body += newline
        try:
            if format == "ndjson":
                told = json.loads(last)["sha256"]
            else:
                told = last.decode().split(",")[2] if last.startswith(b"#end,") else ""
        except (ValueError, KeyError, TypeError, IndexError):
            told = ""
        if told != hashlib.sha256(body).hexdigest():
            raise CutOffError(path)
        return body

    def rank(self, venue_id: str, title: str, abstract: str = "", **more: Any) -> dict[str, Any]:
        """Who should review one paper."""
        body = {"venue_id": venue_id, "title": title, "abstract": abstract, **more}
        return dict(self.call("POST", "/v1/rank", json_body=body).json())
