"""Publications from the services of OpenAlex, Semantic Scholar, DBLP and OpenReview, for reviewers known by name or id.

A fetch downloads what a service says of the reviewers of a venue folder, keeps the answers as files with their source
and date, and reads them with the readers of `matcher.ingest.formats`: a fetch and an import of a dump are the same
from there on. People are found by an id of the service or an ORCID iD; by name alone they are only asked about.
"""

from __future__ import annotations

from matcher.ingest.fetch.answers import Answer, read_answers, write_questions
from matcher.ingest.fetch.client import Client
from matcher.ingest.fetch.resolve import Candidate, Fetched, Question, fetch
from matcher.ingest.fetch.services import SERVICES, Service

__all__ = [
    "SERVICES",
    "Answer",
    "Candidate",
    "Client",
    "Fetched",
    "Question",
    "Service",
    "fetch",
    "read_answers",
    "write_questions",
]
