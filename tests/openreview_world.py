"""A small archive in OpenReview's formats, and a client that speaks like OpenReview's own."""

from __future__ import annotations

import io
import json
import time
import zipfile
from typing import Any

import httpx

CONFERENCE = "Test.cc/2027/Conference"
REVIEWERS, CHAIRS = f"{CONFERENCE}/Reviewers", f"{CONFERENCE}/Area_Chairs"
SUBMISSION, SELECTION = f"{CONFERENCE}/-/Submission", f"{REVIEWERS}/-/Expertise_Selection"

FIELDS = {
    "vision": ("image segmentation pixels camera", "convolution depth edges objects scenes"),
    "logic": ("theorem proof decidable automata", "temporal model checking satisfiability clauses"),
}
PEOPLE = {"~Vera_Vision1": "vision", "~Victor_View1": "vision", "~Lea_Logic1": "logic", "~Lars_Lemma1": "logic"}
MEMBERS = ["~Vera_Vision1", "~Lea_Logic1", "lars@logic.example", "~Nobody_Known1"]


def note(key: str, title: str, abstract: str, authors: list[str], **more: Any) -> dict[str, Any]:
    """A note of API 2."""
    content = {"title": title, "abstract": abstract, "authors": authors, "authorids": authors}
    wrapped = {name: {"value": value} for name, value in (content | more.pop("content", {})).items()}
    return {"id": key, "forum": key, "content": wrapped, **more}


def profile(key: str, *, email: str, username: str | None = None) -> dict[str, Any]:
    names = [{"fullname": key.strip("~1").replace("_", " "), "username": key, "preferred": True}]
    names += [{"fullname": "Other Name", "username": username}] if username else []
    return {"id": key, "content": {"names": names, "emailsConfirmed": [email]}}


def archive(**changes: Any) -> dict[str, bytes]:
    """The files of an archive by name."""
    place: dict[str, Any] = {"invitations": [SUBMISSION], "content": {"venueid": f"{CONFERENCE}/Submission"}}
    submissions = [
        note(f"sub{number}", f"{field} paper {words}", words, [f"~Author_{field}{number}"], **place)
        for number, (field, words) in enumerate((field, words) for field, both in FIELDS.items() for words in both)
    ]
    groups = [
        {"id": REVIEWERS, "members": [*MEMBERS, f"{CONFERENCE}/Guests"]},
        {"id": f"{CONFERENCE}/Guests", "members": ["~Victor_Second2"]},
        {"id": CHAIRS, "members": ["~Victor_View1", "~Lars_Lemma1"]},
        {"id": f"{CONFERENCE}/Empty", "members": ["~Nobody_Known1"]},
    ]
    configuration = {
        "title": "first",
        "match_group": REVIEWERS,
        "paper_invitation": f"{SUBMISSION}&content.venueid={CONFERENCE}/Submission",
        "user_demand": "1",
        "max_papers": "2",
        "min_papers": "0",
        "alternates": "1",
        "solver": "FairFlow",
        "assignment_invitation": f"{REVIEWERS}/-/Proposed_Assignment",
        "aggregate_score_invitation": f"{REVIEWERS}/-/Aggregate_Score",
        "scores_specification": {f"{REVIEWERS}/-/Affinity_Score": {"weight": 1}},
        **changes,
    }
    selection: list[dict[str, Any]] = [
        {"invitation": SELECTION, "head": "pub-vera-0", "tail": "~Vera_Vision1", "label": "Exclude"},
        {"invitation": SELECTION, "head": "pub-lea-0", "tail": "~Lea_Logic1", "label": "Include"},
        {"invitation": SELECTION, "head": "pub-lea-1", "tail": "~Lea_Logic1", "label": "Include", "ddate": 1},
    ]
    files: dict[str, Any] = {
        "groups.json": {"groups": groups},
        "submissions.json": {"notes": submissions},
        "configs.json": {"notes": [{"id": "config1", "content": {k: {"value": v} for k, v in configuration.items()}}]},
        "selection.json": {
            "groupedEdges": [
                {"id": {"head": each["head"], "invitation": SELECTION}, "values": [each]} for each in selection
            ]
        },
        "profiles.json": {
            "profiles": [
                profile("~Vera_Vision1", email="vera@vision.example"),
                profile("~Victor_View1", email="victor@vision.example", username="~Victor_Second2"),
                profile("~Lea_Logic1", email="lea@logic.example"),
                profile("~Lars_Lemma1", email="lars@logic.example"),
            ]
        },
    }
    found = {name: json.dumps(value).encode() for name, value in files.items()}
    for person, field in PEOPLE.items():
        first = person.strip("~").partition("_")[0].casefold()
        notes = [
            note(f"pub-{first}-{number}", f"On {words}", words, [person], pdate=1_500_000_000_000 + number * 10**11)
            for number, words in enumerate(FIELDS[field])
        ]
        if person != "~Lars_Lemma1":
            found[f"archives/{person}.jsonl"] = "".join(json.dumps(each) + "\n" for each in notes).encode()
    return found


def zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(name, content)
    return stream.getvalue()


class OpenReviewError(Exception):
    """What OpenReview's client raises: the body of the error."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        self.status = status
        self.body = body
        super().__init__(f"{status} {body}")


class OpenReviewClient:
    """Speaks as OpenReview's own client does: a base URL, a bearer token, polling.

    Args:
        address: the base URL.
        token: the key.
    """

    def __init__(self, address: str, token: str) -> None:
        self.address = address
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def send(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> httpx.Response:
        return httpx.request(
            method, self.address + path, headers={**self.headers, **(headers or {})}, timeout=60, **more
        )

    def ask(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        response = self.send(method, path, json=body, params=params or None)
        if response.status_code != 200:
            raise OpenReviewError(response.status_code, response.json())
        return response.json()

    def request_expertise(self, name: str, a: dict[str, Any], b: dict[str, Any], **more: Any) -> str:
        body = {"name": name, "entityA": a, "entityB": b, "model": {"name": "tfidf"}, **more}
        return str(self.ask("POST", "/expertise", body)["jobId"])

    def results(self, job_id: str, **params: Any) -> Any:
        """Wait for the end of a job, as the official client does, but not for a minute each time."""
        while (told := self.ask("GET", "/expertise/status", jobId=job_id))["status"] not in ("Completed", "Error"):
            time.sleep(0.1)
        if told["status"] == "Error":
            raise OpenReviewError(200, told)
        return self.ask("GET", "/expertise/results", jobId=job_id, **params)

    def match(self, note_id: str) -> dict[str, Any]:
        """Start a match and poll its note until it is over."""
        assert self.ask("POST", "/match", {"configNoteId": note_id}) == {}
        while (content := self.note(note_id))["status"] in ("Queued", "Running"):
            time.sleep(0.1)
        return content

    def note(self, note_id: str) -> dict[str, Any]:
        found = self.ask("GET", "/notes", id=note_id)["notes"][0]["content"]
        return {name: held["value"] for name, held in found.items()}
