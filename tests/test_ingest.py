"""Reading venues: what is understood, what is refused and where, and that every row is accounted for."""

from __future__ import annotations

import copy
import csv
import gzip
import io
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

import jsonschema
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from matcher.errors import DataError, MissingExtraError, UnknownNameError
from matcher.ingest import RejectedRowsError, load_venue, read_venue, write_rejects
from matcher.ingest.fields import TABLES, FieldError, clean, json_schema, markdown, near_miss, one_line, split_list
from matcher.records import (
    KINDS,
    Affiliation,
    AuthorMention,
    Bid,
    Deadline,
    DeclaredConflict,
    ExistingAssignment,
    FixedPair,
    HistoryEntry,
    PaperId,
    PartialDate,
    Person,
    PersonId,
    Recommendation,
    Relation,
    RoleLoad,
    SourceRef,
    SubmissionId,
    canonical_json,
)

Row = dict[str, Any]

REVIEWERS: Final[list[Row]] = [
    {"id": "ada", "name": "Ada Example", "paper_ids": ["p1", "p2"]},
    {"id": "bob", "name": "Bob Sample", "paper_ids": ["p2"]},
]
PUBLICATIONS: Final[list[Row]] = [
    {"id": "p1", "title": "Counting sheep", "authors": [{"name": "Ada Example", "person_id": "ada"}]},
    {"id": "p2", "title": "Counting goats", "authors": [{"name": "A. Example", "person_id": "ada"}, "Bob Sample"]},
]
SUBMISSIONS: Final[list[Row]] = [
    {"id": "s1", "title": "Counting cows", "authors": ["Cy Third"]},
    {"id": "s2", "title": "Counting cats", "authors": ["Di Fourth"]},
]
VENUE_TOML: Final = 'name = "Small"\ndeadline = 2024-10-01\n'


def jsonl(rows: Iterable[object]) -> str:
    return "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)


def write_venue(folder: Path, **files: str | bytes | None) -> Path:
    """A small good venue; each keyword (`reviewers_csv`) replaces, adds or (None) leaves out a file."""
    folder.mkdir(parents=True, exist_ok=True)
    content: dict[str, str | bytes | None] = {
        "venue_toml": VENUE_TOML,
        "reviewers_jsonl": jsonl(REVIEWERS),
        "publications_jsonl": jsonl(PUBLICATIONS),
        "submissions_jsonl": jsonl(SUBMISSIONS),
    }
    for name, value in {**content, **files}.items():
        if value is not None:
            data = value.encode() if isinstance(value, str) else value
            (folder / re.sub(r"_(toml|jsonl|csv|gz|zst)(?=_|$)", r".\1", name)).write_bytes(data)
    return folder


def refused(folder: Path, **options: Any) -> DataError:
    with pytest.raises(DataError) as caught:
        read_venue(folder, **options)
    return caught.value


# --- the good case --------------------------------------------------------------------------------------------------


def test_the_shipped_sample_is_read_whole() -> None:
    loaded = read_venue(Path(__file__).parent.parent / "data" / "sample")
    venue = loaded.venue
    assert (len(venue.papers), len(venue.reviewers), len(venue.submissions)) == (83, 26, 19)
    assert loaded.report.rejects == ()
    assert loaded.facts == {"reviews_per_submission": 3, "max_load": 5, "min_load": 1}
    assert venue.deadline == Deadline(date(2024, 10, 1), "venue.toml")
    assert loaded.match_toml is not None
    assert loaded.match_toml.name == "match.toml"


def test_every_field_of_every_table_finds_its_place(tmp_path: Path) -> None:
    reviewer = {
        "id": "ada",
        "name": "Ada Example",
        "names": ["A. Example", "Ada Example", ""],
        "emails": ["Ada@Example.ORG"],
        "affiliations": [
            {"organisation": "Uni A", "domain": "A.example", "role": "postdoc", "start": "2019", "end": "2021-06"},
            "Uni B (b.example)",
            "c.example",
        ],
        "relations": [
            {"kind": "advisor", "name": "Eve Old", "person_id": "eve", "start": 2015, "end": None, "evidence": "line 3"}
        ],
        "interests": ["sheep"],
        "paper_ids": ["p1"],
        "max_load": 4,
        "min_load": 1.0,
        "invitation": "invited",
        "availability": 0.5,
        "roles": [{"role": "area chair", "max_load": 3, "min_load": 1}],
        "attributes": {"region": "north"},
        "seniority": 3,
    }
    paper = {
        "id": "p1",
        "title": "Counting\n sheep",
        "abstract": "One.\r\nTwo.",
        "date": ["2023-06-09", 2022],
        "authors": [
            {
                "name": "Ada Example",
                "person_id": "ada",
                "email": "ADA@example.org",
                "affiliation": "Uni A",
                "domain": "a.example",
                "marks": "*",
            },
            "Bob Sample",
        ],
        "published_in": "Sheep Journal",
        "kind": "journal",
        "source": [{"file": "cv.txt", "line": 4}, {"file": "list.txt"}],
    }
    submission = {
        "id": 17,
        "title": "Counting cows",
        "abstract": "Cows.",
        "authors": [{"name": "Cy Third"}],
        "reviews_wanted": 2,
        "keywords": ["cows"],
        "status": "withdrawn",
        "track": "main",
        "attributes": {"page_count": 9},
    }
    folder = write_venue(
        tmp_path,
        venue_toml='name = "Herd"\ndeadline = "2025-01-31"\nreviews_per_submission = 2\nmax_load = 4\nmin_load = 0\n',
        reviewers_jsonl=jsonl([reviewer]),
        publications_jsonl=jsonl([paper]),
        submissions_jsonl=jsonl([submission]),
        people_jsonl=jsonl([{"id": "eve", "name": "Eve Old", "emails": ["eve@example.org"]}]),
        conflicts_csv="submission_id,reviewer_id,reason\n17,ada,cousins\n",
        bids_csv="submission_id,reviewer_id,bid\n17,ada,yes\n",
        fixed_csv="submission_id,reviewer_id,require|forbid\n17,ada,forbid\n",
        assignments_csv="submission_id,reviewer_id,state,role,round\n17,ada,accepted,chair,2\n",
        history_csv="submission_id,reviewer_id,earlier_id,wish\n17,ada,s9,again\n",
        recommendations_csv="submission_id,reviewer_id,by,weight\n17,ada,bob,0.5\n",
    )
    loaded = read_venue(folder)
    venue = loaded.venue
    ada, s17 = PersonId("ada"), SubmissionId("17")
    assert venue.name == "Herd"
    assert venue.deadline == Deadline(date(2025, 1, 31), "venue.toml")
    assert venue.person_by_id[ada] == Person(
        id=ada,
        names=("Ada Example", "A. Example"),
        emails=("ada@example.org",),
        affiliations=(
            Affiliation("Uni A", "a.example", "postdoc", PartialDate(2019), PartialDate(2021, 6)),
            Affiliation("Uni B", "b.example"),
            Affiliation(domain="c.example"),
        ),
        relations=(Relation("advisor", "Eve Old", PersonId("eve"), PartialDate(2015), None, "line 3"),),
    )
    read = venue.reviewer_by_id[ada]
    assert read.paper_ids == ("p1",)
    assert read.interests == ("sheep",)
    assert (read.max_load, read.min_load, read.invitation, read.availability) == (4, 1, "invited", 0.5)
    assert read.roles == (RoleLoad("area chair", 3, 1),)
    assert read.attributes == {"region": "north", "seniority": 3}
    (work,) = venue.papers
    assert (work.title, work.abstract) == ("Counting sheep", "One.\nTwo.")
    assert work.dates == (PartialDate(2023, 6, 9), PartialDate(2022))
    assert work.authors == (
        AuthorMention("Ada Example", ada, "ada@example.org", "Uni A", "a.example", "*"),
        AuthorMention("Bob Sample"),
    )
    assert (work.published_in, work.kind) == ("Sheep Journal", "journal")
    assert work.sources == (SourceRef("cv.txt", 4), SourceRef("list.txt"))
    (cows,) = venue.submissions
    assert (cows.id, cows.reviews_wanted, cows.keywords, cows.status, cows.track) == (
        "17",
        2,
        ("cows",),
        "withdrawn",
        "main",
    )
    assert cows.attributes == {"page_count": 9}
    assert venue.person_by_id[PersonId("eve")].emails == ("eve@example.org",)
    assert venue.declared == (DeclaredConflict(s17, ada, "cousins"),)
    assert venue.bids == (Bid(s17, ada, "yes"),)
    assert venue.fixed == (FixedPair(s17, ada, "forbid"),)
    assert venue.assignments == (ExistingAssignment(s17, ada, "accepted", "chair", 2),)
    assert venue.history == (HistoryEntry(s17, ada, "s9", "again"),)
    assert venue.recommendations == (Recommendation(s17, ada, "bob", 0.5),)
    assert loaded.facts == {"reviews_per_submission": 2, "max_load": 4, "min_load": 0}
    assert loaded.report.notices == ("reviewers.jsonl: kept as attributes: 'seniority' (1 time)",)
    assert {count.file: (count.read, count.accepted) for count in loaded.report.files} == {
        "publications.jsonl": (1, 1),
        "submissions.jsonl": (1, 1),
        "reviewers.jsonl": (1, 1),
        "people.jsonl": (1, 1),
        "conflicts.csv": (1, 1),
        "bids.csv": (1, 1),
        "fixed.csv": (1, 1),
        "assignments.csv": (1, 1),
        "history.csv": (1, 1),
        "recommendations.csv": (1, 1),
    }


def test_the_order_of_lines_does_not_matter(tmp_path: Path) -> None:
    straight = load_venue(write_venue(tmp_path / "straight"))
    turned = load_venue(
        write_venue(
            tmp_path / "turned",
            reviewers_jsonl=jsonl(reversed(REVIEWERS)),
            publications_jsonl=jsonl(reversed(PUBLICATIONS)),
            submissions_jsonl=jsonl(reversed(SUBMISSIONS)),
        )
    )
    assert straight.digest == turned.digest


def test_without_paper_ids_the_papers_are_those_that_name_the_reviewer(tmp_path: Path) -> None:
    rows = [
        {"id": "ada", "name": "Ada Example"},
        {"id": "bob", "name": "Bob Sample", "paper_ids": []},
        {"id": "cy", "name": "Cy Third", "paper_ids": None},
    ]
    venue = load_venue(write_venue(tmp_path, reviewers_jsonl=jsonl(rows)))
    assert venue.reviewer("ada").paper_ids == ("p1", "p2")
    assert venue.reviewer("bob").paper_ids == ()
    assert venue.reviewer("cy").paper_ids == ()


# --- CSV says the same as JSON Lines --------------------------------------------------------------------------------

TABLE_JSON: Final[list[Row]] = [
    {
        "id": "s1",
        "title": 'Cows; "calves", and\nbulls',
        "abstract": "Über Kühe",
        "authors": [
            {"name": "Wei (David) Zhang", "person_id": "wz", "email": "wz@example.org", "affiliation": "Uni A (City)"},
            {"name": "Cy Third"},
        ],
        "reviews_wanted": 2,
        "keywords": ["cows", "calves"],
        "attributes": {"region": "north"},
    },
    {"id": "s2", "title": "Cats", "status": "withdrawn", "track": "main"},
]
TABLE_CELLS: Final = [
    ["ID", "Title", "abstract", "Authors", "Reviews Wanted", "keywords", "region", "status", "track"],
    [
        "s1",
        'Cows; "calves", and\nbulls',
        " Über Kühe ",
        "Wei (David) Zhang [wz] <WZ@example.org> (Uni A (City)); Cy Third",
        "2",
        "cows|calves",
        "north",
        "",
        "",
    ],
    ["s2", "Cats", "", "", "", "", "", "withdrawn", "main"],
]


def cells_to_csv(cells: Iterable[Iterable[str]], delimiter: str = ",", line_end: str = "\n") -> str:
    stream = io.StringIO()
    csv.writer(stream, delimiter=delimiter, lineterminator=line_end).writerows(cells)
    return stream.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_a_csv_file_in_any_dress_says_what_json_says(
    tmp_path: Path, delimiter: str, line_end: str, mark: bytes
) -> None:
    expected = load_venue(write_venue(tmp_path / "json", submissions_jsonl=jsonl(TABLE_JSON)))
    text = cells_to_csv(TABLE_CELLS, delimiter, line_end)
    folder = write_venue(tmp_path / "csv", submissions_jsonl=None, submissions_csv=mark + text.encode())
    loaded = read_venue(folder)
    assert canonical_json(loaded.venue) == canonical_json(expected)
    assert loaded.report.notices == ("submissions.csv: kept as attributes: 'region' (1 time)",)


def two_frames(data: bytes) -> bytes:
    half = len(data) // 2
    compress = zstandard.ZstdCompressor().compress
    return compress(data[:half]) + compress(data[half:])


def two_members(data: bytes) -> bytes:
    return gzip.compress(data[:5], mtime=0) + gzip.compress(data[5:], mtime=0)


@pytest.mark.parametrize(
    ("ending", "pack"),
    [("gz", gzip.compress), ("gz", two_members), ("zst", zstandard.ZstdCompressor().compress), ("zst", two_frames)],
)
def test_every_file_may_be_compressed(tmp_path: Path, ending: str, pack: Callable[[bytes], bytes]) -> None:
    plain = write_venue(tmp_path / "plain", bids_csv="submission_id,reviewer_id,bid\ns1,ada,yes\n")
    packed = tmp_path / "packed"
    packed.mkdir()
    for path in plain.iterdir():
        if path.suffix == ".toml":
            (packed / path.name).write_bytes(path.read_bytes())
        else:
            (packed / f"{path.name}.{ending}").write_bytes(pack(path.read_bytes()))
    assert load_venue(packed).digest == load_venue(plain).digest


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_any_text_survives_both_formats_alike(texts: list[tuple[str, str]]) -> None:
    rows = [
        {"id": f"s{number}", "title": f"T{title}", "abstract": abstract, "region": abstract.strip() or "none"}
        for number, (title, abstract) in enumerate(texts)
    ]
    cells = [["id", "title", "abstract", "region"], *([str(cell) for cell in row.values()] for row in rows)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        as_json = load_venue(write_venue(folder / "json", submissions_jsonl=jsonl(rows)))
        as_csv = load_venue(
            write_venue(
                folder / "csv", submissions_jsonl=None, submissions_csv=cells_to_csv(cells, line_end="\r\n").encode()
            )
        )
    assert as_csv.submissions == as_json.submissions
    assert [submission.title for submission in as_json.submissions] == [
        one_line(row["title"]) for row in sorted(rows, key=lambda row: row["id"])
    ]


def test_cells_hold_people_places_ties_and_roles(tmp_path: Path) -> None:
    cells = [
        [
            "id",
            "name",
            "emails",
            "affiliations",
            "relations",
            "paper_ids",
            "max_load",
            "availability",
            "roles",
            "attributes",
        ],
        [
            "ada",
            "Ada Example",
            "A@x.example; b@y.example",
            "Uni A (a.example) | Uni B; c.example; Node.js",
            "advisor: Eve Old; coworker: Bob Sample",
            "p1; p2",
            "3.0",
            ".5",
            "area chair: 2",
            '{"region": "north"}',
        ],
    ]
    venue = load_venue(write_venue(tmp_path, reviewers_jsonl=None, reviewers_csv=cells_to_csv(cells)))
    person, reviewer = venue.person_by_id[PersonId("ada")], venue.reviewer("ada")
    assert person.emails == ("a@x.example", "b@y.example")
    assert person.affiliations == (
        Affiliation("Uni A", "a.example"),
        Affiliation("Uni B"),
        Affiliation(domain="c.example"),
        Affiliation("Node.js"),
    )
    assert person.relations == (Relation("advisor", "Eve Old"), Relation("coworker", "Bob Sample"))
    assert reviewer.paper_ids == ("p1", "p2")
    assert (reviewer.max_load, reviewer.availability) == (3, 0.5)
    assert reviewer.roles == (RoleLoad("area chair", 2),)
    assert reviewer.attributes == {"region": "north"}


def test_cells_hold_dates_and_sources(tmp_path: Path) -> None:
    cells = [
        ["id", "title", "date", "authors", "kind", "source"],
        ["p1", "T", "2023-06-09; 2022", "Ada Example [ada]", "journal", "cv.txt:4; list.txt; a:b"],
        ["p2", "U", "2021-7", "", "", ""],
    ]
    folder = write_venue(tmp_path, publications_jsonl=None, publications_csv=cells_to_csv(cells))
    first, second = load_venue(folder).papers
    assert first.dates == (PartialDate(2023, 6, 9), PartialDate(2022))
    assert first.authors == (AuthorMention("Ada Example", PersonId("ada")),)
    assert first.sources == (SourceRef("cv.txt", 4), SourceRef("list.txt"), SourceRef("a:b"))
    assert (second.dates, second.authors, second.kind) == ((PartialDate(2021, 7),), (), "other")


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("a; b | c", ["a", "b", "c"]),
        (";;", []),
        ("a (b; c); d", ["a (b; c)", "d"]),
        ("a (b; c", ["a (b", "c"]),
        ("smile :); d", ["smile :)", "d"]),
    ],
)
def test_lists_in_cells_are_split_outside_brackets(text: str, entries: list[str]) -> None:
    assert split_list(text) == entries


# --- rows that are rejected -----------------------------------------------------------------------------------------

BAD_REVIEWERS: Final = [
    ("{not json", None, "this is no JSON: Expecting property name enclosed in double quotes at column 2"),
    ("[1]", None, "allowed is one JSON object on each line; got list"),
    ('"text"', None, "allowed is one JSON object on each line; got str"),
    ('{"id": "x", "id": "y", "name": "N"}', None, "the key 'id' stands in one object twice"),
    ('{"id": "x", "name": "N", "availability": NaN}', None, "NaN is no JSON"),
    ('{"id": "x", "name": "\\ud800"}', None, "half a character"),
    ("[" * 100_000, None, "nested too deeply"),
    ({"name": "N"}, "id", "is missing"),
    ({"id": "x"}, "name", "is missing"),
    ({"id": None, "name": "N"}, "id", "is missing"),
    ({"id": "  ", "name": "N"}, "id", "allowed is an id"),
    ({"id": "a\nb", "name": "N"}, "id", "allowed is an id"),
    ({"id": 1.5, "name": "N"}, "id", "allowed is an id: a text, or a whole number; got 1.5"),
    ({"id": True, "name": "N"}, "id", "got true"),
    ({"id": "x", "name": ""}, "name", "allowed is a text, not empty"),
    ({"id": "x", "name": 7}, "name", "allowed is a text, not empty; got 7"),
    ({"id": "x", "name": "N", "max_load": -1}, "max_load", "allowed is a whole number from 0 up; got -1"),
    ({"id": "x", "name": "N", "max_load": 2.5}, "max_load", "got 2.5"),
    ({"id": "x", "name": "N", "max_load": "3"}, "max_load", 'got "3"'),
    ({"id": "x", "name": "N", "max_load": True}, "max_load", "got true"),
    ({"id": "x", "name": "N", "max_load": 10**30}, "max_load", "allowed is a whole number"),
    ('{"id": "x", "name": "N", "max_load": 1e999}', "max_load", "allowed is a whole number"),
    ({"id": "x", "name": "N", "max_load": 1, "min_load": 2}, "min_load", "is 2, more than max_load 1"),
    ({"id": "x", "name": "N", "availability": 1.1}, "availability", "allowed is a number from 0 to 1; got 1.1"),
    ({"id": "x", "name": "N", "invitation": "acepted"}, "invitation", "did you mean 'accepted'?"),
    ({"id": "x", "name": "N", "names": "N. N."}, "names", "allowed is a list"),
    ({"id": "x", "name": "N", "names": ["N", 3]}, "names[1]", "allowed is a text; got 3"),
    ({"id": "x", "name": "N", "emails": ["n.example.org"]}, "emails[0]", "allowed is one e-mail address"),
    ({"id": "x", "name": "N", "emails": ["a@x.org, b@x.org"]}, "emails[0]", "allowed is one e-mail address"),
    ({"id": "x", "name": "N", "affiliations": [{"role": "dean"}]}, "affiliations[0].organisation", "is missing"),
    (
        {"id": "x", "name": "N", "affiliations": [{"domain": "https://x.org/"}]},
        "affiliations[0].domain",
        "allowed is a mail domain such as example.org",
    ),
    (
        {"id": "x", "name": "N", "affiliations": [{"organisation": "U", "start": "2021", "end": "2020-12"}]},
        "affiliations[0].end",
        "the end 2020-12 lies before the start 2021",
    ),
    (
        {"id": "x", "name": "N", "affiliations": [{"organisation": "U", "start": "2021-02-30"}]},
        "affiliations[0].start",
        "allowed is a date of the calendar",
    ),
    ({"id": "x", "name": "N", "affiliations": [{"organization": "U"}]}, "affiliations[0].organization", "organisation"),
    ({"id": "x", "name": "N", "relations": [{"kind": "boss", "name": "B"}]}, "relations[0].kind", "allowed is one of"),
    ({"id": "x", "name": "N", "relations": ["advisor: B"]}, "relations[0]", "allowed is an object with 'kind'"),
    ({"id": "x", "name": "N", "roles": [{"role": "r", "max_load": 1, "min_load": 2}]}, "roles[0].min_load", "is 2"),
    ({"id": "x", "name": "N", "paper_ids": ["p1", "p1"]}, "paper_ids[1]", "'p1' stands in the list twice"),
    ({"id": "x", "name": "N", "attributes": 3}, "attributes", "allowed is an object of names and values; got 3"),
    ('{"id": "x", "name": "N", "region": [1e999]}', "region", "allowed is a finite number"),
    ({"id": "x", "name": "N", "attributes": {"region": 1}, "region": 2}, "region", "stands both beside"),
    ({"id": "x", "name": "N", "paper_id": ["p1"]}, "paper_id", "there is no such field, did you mean 'paper_ids'?"),
    ({"id": "ada", "name": "N"}, "id", "'ada' is the id of reviewers.jsonl:1 already; give each record its own id"),
]


@pytest.mark.parametrize(("row", "field", "reason"), BAD_REVIEWERS)
def test_a_bad_reviewer_is_rejected_with_line_field_and_reason(
    tmp_path: Path, row: object, field: str | None, reason: str
) -> None:
    raw = row if isinstance(row, str) else json.dumps(row)
    folder = write_venue(tmp_path, reviewers_jsonl=jsonl([REVIEWERS[0], "", raw, REVIEWERS[1]]))
    loaded = read_venue(folder, accept_rejects=True)
    (reject,) = loaded.report.rejects
    assert (reject.file, reject.line, reject.field, reject.raw) == ("reviewers.jsonl", 3, field, raw)
    assert reason in reject.reason
    assert [reviewer.person_id for reviewer in loaded.venue.reviewers] == ["ada", "bob"]
    error = refused(folder)
    assert (error.file, error.line, error.field) == ("reviewers.jsonl", 3, field)


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ({"id": "x", "title": "T", "date": "June 2023"}, "date", "allowed is a date of the calendar as YYYY"),
        ({"id": "x", "title": "T", "date": "٢٠٢٣"}, "date", "allowed is a date of the calendar"),
        ({"id": "x", "title": "T", "date": ["2023", "2023-13"]}, "date[1]", "allowed is a date of the calendar"),
        ({"id": "x", "title": "T", "date": 23}, "date", "allowed is a date of the calendar"),
        ({"id": "x", "title": "T", "date": 2023.5}, "date", 'allowed is a date such as "2023"'),
        ({"id": "x", "title": "T", "kind": "jurnal"}, "kind", "did you mean 'journal'?"),
        ({"id": "x", "title": "T", "authors": "Ada Example"}, "authors", "allowed is a list"),
        ({"id": "x", "title": "T", "authors": [{"nam": "A"}]}, "authors[0].nam", "did you mean 'name'?"),
        ({"id": "x", "title": "T", "authors": [{"email": "a@x.org"}]}, "authors[0].name", "is missing"),
        ({"id": "x", "title": "T", "authors": [5]}, "authors[0]", "allowed is an author as"),
        ({"id": "x", "title": "T", "authors": ["Ada Example, Bob Sample"]}, "authors[0]", "separated by ';'"),
        ({"id": "x", "title": "T", "authors": ["Ada Example and Bob Sample"]}, "authors[0]", "separated by ';'"),
        ({"id": "x", "title": "T", "authors": ["ada@x.org"]}, "authors[0]", "allowed is an author as"),
        ({"id": "x", "title": "T", "authors": ["Ada <ada>"]}, "authors[0]", "allowed is one e-mail address"),
        ({"id": "x", "title": "T", "source": {"line": 3}}, "source.file", "is missing"),
        ({"id": "x", "title": "T", "source": [{"file": "f", "line": 0}]}, "source[0].line", "whole number from 1"),
    ],
)
def test_a_bad_publication_is_rejected(tmp_path: Path, row: Row, field: str, reason: str) -> None:
    folder = write_venue(tmp_path, publications_jsonl=jsonl([*PUBLICATIONS, row]))
    (reject,) = read_venue(folder, accept_rejects=True).report.rejects
    assert (reject.line, reject.field) == (3, field)
    assert reason in reject.reason


def test_a_family_name_first_is_one_author(tmp_path: Path) -> None:
    rows = [{"id": "s1", "title": "T", "authors": ["Example, Ada", "Ada Example, Jr.", "van der Berg, Ada"]}]
    (submission,) = load_venue(write_venue(tmp_path, submissions_jsonl=jsonl(rows))).submissions
    assert [author.name for author in submission.authors] == ["Example, Ada", "Ada Example, Jr.", "van der Berg, Ada"]


def test_the_same_author_twice_stays_twice(tmp_path: Path) -> None:
    rows = [{"id": "s1", "title": "T", "authors": ["Ada Example", "Ada Example"]}]
    (submission,) = load_venue(write_venue(tmp_path, submissions_jsonl=jsonl(rows))).submissions
    assert len(submission.authors) == 2


def test_strict_reading_names_the_first_reject_and_counts_the_rest(tmp_path: Path) -> None:
    folder = write_venue(
        tmp_path,
        submissions_jsonl=jsonl([*SUBMISSIONS, {"id": "s3"}, {"title": "T"}]),
        reviewers_jsonl=jsonl(["{]", *REVIEWERS]),
    )
    with pytest.raises(RejectedRowsError) as caught:
        load_venue(folder)
    error = caught.value
    assert str(error) == (
        "submissions.jsonl:3: field 'title': is missing; 2 more rows are rejected "
        "(fix the input, or pass --accept-rejects to go on without the rejected rows)"
    )
    assert [(reject.file, reject.line) for reject in error.rejects] == [
        ("submissions.jsonl", 3),
        ("submissions.jsonl", 4),
        ("reviewers.jsonl", 1),
    ]
    assert error.report.rejects == error.rejects
    assert len(read_venue(folder, accept_rejects=True).venue.submissions) == 2


def test_rejects_are_written_with_reason_and_row(tmp_path: Path) -> None:
    folder = write_venue(tmp_path / "venue", submissions_jsonl=jsonl([*SUBMISSIONS, '{"id": "é"']))
    rejects = read_venue(folder, accept_rejects=True).report.rejects
    write_rejects(tmp_path / "rejects.jsonl", rejects)
    (line,) = (tmp_path / "rejects.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {
        "file": "submissions.jsonl",
        "line": 3,
        "field": None,
        "reason": "this is no JSON: Expecting ',' delimiter at column 11",
        "raw": '{"id": "é"',
    }


def test_nothing_left_to_work_with_is_an_error_even_when_rejects_are_accepted(tmp_path: Path) -> None:
    error = refused(write_venue(tmp_path, submissions_jsonl="{]\n"), accept_rejects=True)
    assert not isinstance(error, RejectedRowsError)
    assert "no row of the file can be used" in str(error)
    assert error.file == "submissions.jsonl"


GOOD_LINES = st.integers(0, 30).map(lambda number: json.dumps({"id": f"g{number}", "title": "T"}))
BAD_LINES = st.sampled_from(["{", "3", '{"id": "b"}', '{"id": "b", "title": "T", "status": "odd"}', '{"id": []}'])
BLANK_LINES = st.sampled_from(["", "  ", "\t"])


@given(st.lists(st.one_of(GOOD_LINES, BAD_LINES, BLANK_LINES), max_size=30))
@settings(max_examples=60, deadline=None)
def test_every_row_is_accepted_or_rejected(lines: list[str]) -> None:
    lines = ['{"id": "first", "title": "T"}', *lines]
    with tempfile.TemporaryDirectory() as name:
        loaded = read_venue(write_venue(Path(name), submissions_jsonl=jsonl(lines)), accept_rejects=True)
    good = {json.loads(line)["id"] for line in lines if '"title": "T"}' in line}
    (count,) = (count for count in loaded.report.files if count.file == "submissions.jsonl")
    assert count.read == sum(bool(line.strip()) for line in lines)
    assert {submission.id for submission in loaded.venue.submissions} == good
    assert count.accepted == len(good)
    assert count.accepted + count.rejected == count.read
    assert len(loaded.report.rejects) == count.rejected
    for reject in loaded.report.rejects:
        assert lines[reject.line - 1] == reject.raw


# --- references -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stem", ["conflicts", "bids", "fixed", "assignments", "history", "recommendations"])
@pytest.mark.parametrize(
    ("pair", "field", "reason"),
    [
        ("s11,ada", "submission_id", "id 's11' is not in submissions.jsonl, did you mean 's1'?"),
        ("s1,adda", "reviewer_id", "id 'adda' is not in reviewers.jsonl, did you mean 'ada'?"),
        ("s1,", "reviewer_id", "is missing"),
    ],
)
def test_a_pair_that_points_nowhere_is_rejected(tmp_path: Path, stem: str, pair: str, field: str, reason: str) -> None:
    last = {"bids": ("bid", "yes"), "fixed": ("kind", "require")}.get(stem)
    heading, cell = (f",{last[0]}", f",{last[1]}") if last else ("", "")
    text = f"submission_id,reviewer_id{heading}\ns1,ada{cell}\n{pair}{cell}\n"
    loaded = read_venue(write_venue(tmp_path, **{f"{stem}_csv": text}), accept_rejects=True)
    (reject,) = loaded.report.rejects
    assert (reject.file, reject.line, reject.field, reject.reason) == (f"{stem}.csv", 3, field, reason)
    kept = {"conflicts": "declared"}.get(stem, stem)
    assert len(getattr(loaded.venue, kept)) == 1


def test_a_paper_id_that_points_nowhere_is_rejected_and_the_reviewer_stays(tmp_path: Path) -> None:
    row = {"id": "x", "name": "N", "paper_ids": ["p1", "p11", "p2"]}
    folder = write_venue(tmp_path, reviewers_jsonl=jsonl([*REVIEWERS, row]))
    error = refused(folder)
    assert (error.file, error.line, error.field) == ("reviewers.jsonl", 3, "paper_ids[1]")
    loaded = read_venue(folder, accept_rejects=True)
    assert loaded.venue.reviewer("x").paper_ids == ("p1", "p2")
    (reject,) = loaded.report.rejects
    place = "reviewers.jsonl:3: field 'paper_ids[1]'"
    assert str(reject) == (
        f"{place}: id 'p11' is not in publications.jsonl, did you mean 'p1'?; the rest of the row stays"
    )
    counts = next(count for count in loaded.report.files if count.file == "reviewers.jsonl")
    assert (counts.read, counts.accepted, counts.rejected) == (3, 3, 0)
    write_rejects(tmp_path / "rejects.jsonl", loaded.report.rejects)
    assert json.loads((tmp_path / "rejects.jsonl").read_text())["keeps_row"] is True


def test_what_refers_to_a_rejected_row_says_so(tmp_path: Path) -> None:
    folder = write_venue(
        tmp_path,
        publications_jsonl=jsonl([PUBLICATIONS[0], {**PUBLICATIONS[1], "kind": "odd"}]),
        submissions_jsonl=jsonl([SUBMISSIONS[0], {**SUBMISSIONS[1], "status": "odd"}]),
        conflicts_csv="submission_id,reviewer_id\ns2,ada\ns1,bob\n",
    )
    loaded = read_venue(folder, accept_rejects=True)
    assert [str(reject) for reject in loaded.report.rejects][2:] == [
        "conflicts.csv:2: field 'submission_id': 's2' was rejected itself, at submissions.jsonl:2"
    ]
    assert loaded.venue.reviewer("ada").paper_ids == ("p1",)
    assert loaded.venue.reviewer("bob").paper_ids == ()
    assert loaded.report.notices == (
        "2 times a rejected publication is left out of a reviewer's papers, first 'p2' at reviewers.jsonl:1",
    )


def test_a_person_is_described_once(tmp_path: Path) -> None:
    people = [{"id": "eve", "name": "Eve Old"}, {"id": "ada", "name": "Ada Example"}]
    (reject,) = read_venue(write_venue(tmp_path, people_jsonl=jsonl(people)), accept_rejects=True).report.rejects
    assert (reject.file, reject.line) == ("people.jsonl", 2)
    assert "'ada' is the id of reviewers.jsonl:1 already" in reject.reason


@pytest.mark.parametrize(
    ("stem", "text", "kept", "rejected_lines"),
    [
        ("bids", "submission_id,reviewer_id,bid\ns1,ada,yes\ns1,ada,no\ns1,ada,yes\n", 1, [3]),
        ("fixed", "submission_id,reviewer_id,kind\ns1,ada,require\ns1,ada,forbid\n", 1, [3]),
        (
            "assignments",
            "submission_id,reviewer_id,state,round\ns1,ada,done,1\ns1,ada,done,2\ns1,ada,declined,2\n",
            2,
            [4],
        ),
        ("history", "submission_id,reviewer_id,earlier_id,wish\ns1,ada,e1,yes\ns1,ada,e2,no\ns1,ada,e2,yes\n", 2, [4]),
        ("recommendations", "submission_id,reviewer_id,by,weight\ns1,ada,x,1\ns1,ada,y,2\ns1,ada,y,3\n", 2, [4]),
        ("declared", "submission_id,reviewer_id,reason\ns1,ada,cousins\ns1,ada,neighbours\ns1,ada,cousins\n", 2, []),
    ],
)
def test_rows_about_one_pair_may_repeat_but_not_contradict(
    tmp_path: Path, stem: str, text: str, kept: int, rejected_lines: list[int]
) -> None:
    file = {"declared": "conflicts"}.get(stem, stem)
    loaded = read_venue(write_venue(tmp_path, **{f"{file}_csv": text}), accept_rejects=True)
    assert [reject.line for reject in loaded.report.rejects] == rejected_lines
    assert len(getattr(loaded.venue, stem)) == kept
    assert all("contradicts line" in reject.reason for reject in loaded.report.rejects)


def test_many_ids_that_point_nowhere_do_not_each_start_a_search(tmp_path: Path) -> None:
    rows = [{"id": f"r{number}", "name": "N", "paper_ids": ["p11"]} for number in range(40)]
    folder = write_venue(tmp_path, reviewers_jsonl=jsonl([*REVIEWERS, *rows]))
    rejects = read_venue(folder, accept_rejects=True).report.rejects
    assert len(rejects) == 40
    assert [", did you mean 'p1'?" in reject.reason for reject in rejects] == [True] * 10 + [False] * 30


# --- unknown fields -------------------------------------------------------------------------------------------------


def test_unknown_fields_are_kept_or_named(tmp_path: Path) -> None:
    folder = write_venue(
        tmp_path,
        submissions_jsonl=jsonl([{**SUBMISSIONS[0], "area": ["a"], "empty": None}, {**SUBMISSIONS[1], "area": "b"}]),
        publications_jsonl=jsonl(
            [{**PUBLICATIONS[0], "doi": "10.1/x", "authors": [{"name": "A", "orcid": "0"}]}, PUBLICATIONS[1]]
        ),
        bids_csv="submission_id,reviewer_id,bid,when\ns1,ada,yes,today\n",
    )
    loaded = read_venue(folder)
    assert loaded.report.notices == (
        "publications.jsonl: not read: 'authors[].orcid' (1 time), 'doi' (1 time)",
        "submissions.jsonl: kept as attributes: 'area' (2 times)",
        "bids.csv: not read: 'when' (1 time)",
    )
    assert loaded.venue.submission("s1").attributes == {"area": ["a"]}


def test_a_name_close_to_a_field_that_is_there_is_no_slip() -> None:
    fields = ["track", "title", "keywords"]
    assert near_miss("tracks", fields, ["title"]) == "track"
    assert near_miss("tracks", fields, ["title", "track"]) is None
    assert near_miss("Title", fields, []) == "title"
    assert near_miss("tilte", fields, []) == "title"
    assert near_miss("kidn", ["kind", "date"], []) == "kind"
    assert near_miss("region", fields, []) is None


# --- CSV faults -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (
            "id,titel\ns1,T\n",
            1,
            "'title' is missing; the columns found are id, titel; did you mean 'title' where 'titel' stands?",
        ),
        ("title\nT\n", 1, "the column 'id' is missing; the columns found are title (known columns are id, title,"),
        ("id,title,abstrct\ns1,T,A\n", 1, "there is no column 'abstrct', did you mean 'abstract'?"),
        ("\n\nid,title,Title\ns1,T,A\n", 3, "the column 'title' stands in the header twice"),
        ('id,"title\n', 1, "the header is no CSV"),
        ("id,title\rs1,T\r", 1, "lines end in a carriage return alone"),
        ('id,title\ns1,"T\ns2,T\ns3,T\n', 2, "a quote that is opened in this row is not closed"),
        ("id,title\ns1,T\n".encode("utf-16"), 1, "encoded in UTF-16, allowed is UTF-8 (save the file as"),
        ("id,title\ns1,T\n".encode("utf-16-le"), 1, "the line holds a zero byte"),
        ("id,title\ns1,T\ns2,Kühe\n".encode("latin-1"), 3, "byte 5 of the line (0xfc) is not UTF-8 (save the file"),
        ("id,title\n", None, "the file holds no rows"),
        ("\n \n", None, "the file holds no text"),
        ("", None, "the file is empty"),
    ],
)
def test_a_broken_csv_file_is_refused_as_a_whole(
    tmp_path: Path, text: str | bytes, line: int | None, message: str
) -> None:
    error = refused(write_venue(tmp_path, submissions_jsonl=None, submissions_csv=text), accept_rejects=True)
    assert (error.file, error.line) == ("submissions.csv", line)
    assert message in str(error)


@pytest.mark.parametrize(
    ("row", "field", "reason"),
    [
        ("s3,T", None, "the row has 2 cells, the header has 4"),
        ("s3,T,3,,", None, "the row has 5 cells, the header has 4"),
        ('s3,"T\nU"', None, "the row has 2 cells, the header has 4; the row runs to line 7: is a quote left open?"),
        ('s3,"T"x,3,', None, "this is no CSV: ',' expected after '\"'"),
        ("s3,T,,stray", None, "the cell 'stray' stands in a column without a heading"),
        (",T,3,", "id", "is missing"),
        ("s3,T,-1,", "reviews_wanted", 'allowed is a whole number from 0 up; got "-1"'),
        ("s3,T,1_0,", "reviews_wanted", 'got "1_0"'),
        ("s3,T,two,", "reviews_wanted", 'got "two"'),
        ("s3,T,nan,", "reviews_wanted", 'got "nan"'),
    ],
)
def test_a_bad_csv_row_is_rejected_at_the_line_where_it_starts(
    tmp_path: Path, row: str, field: str | None, reason: str
) -> None:
    text = f'id,title,reviews_wanted,\ns1,"A\n\nB",1,\n\n{row}\n,,,\ns2,C,,\n'
    folder = write_venue(tmp_path, submissions_jsonl=None, submissions_csv=text)
    loaded = read_venue(folder, accept_rejects=True)
    (reject,) = loaded.report.rejects
    assert (reject.file, reject.line, reject.field, reject.raw) == ("submissions.csv", 6, field, row)
    assert reason in reject.reason
    assert [(submission.id, submission.title) for submission in loaded.venue.submissions] == [
        ("s1", "A B"),
        ("s2", "C"),
    ]
    (count,) = (count for count in loaded.report.files if count.file == "submissions.csv")
    assert (count.read, count.accepted, count.rejected) == (3, 2, 1)


@pytest.mark.parametrize(
    ("column", "cell", "field", "reason"),
    [
        ("availability", "0,5", "availability", "allowed is a number from 0 to 1, with a point for decimals"),
        ("availability", "2", "availability", "allowed is a number from 0 to 1"),
        ("relations", "Eve Old", "relations[0]", "allowed is a relation as 'advisor: Name'"),
        ("relations", "advisr: Eve Old", "relations[0].kind", "did you mean 'advisor'?"),
        ("roles", "chair", "roles[0]", "allowed is a role with its most submissions as 'area chair: 3'"),
        ("attributes", "{", "attributes", "allowed is an object of names and values as JSON"),
        ("attributes", "3", "attributes", "allowed is an object of names and values; got 3"),
        ("emails", "a@x.org b@x.org", "emails[0]", "allowed is one e-mail address"),
    ],
)
def test_a_bad_cell_is_rejected(tmp_path: Path, column: str, cell: str, field: str, reason: str) -> None:
    text = cells_to_csv([["id", "name", column], ["ada", "Ada", cell], ["bob", "Bob", ""]])
    folder = write_venue(tmp_path, reviewers_jsonl=None, reviewers_csv=text)
    (reject,) = read_venue(folder, accept_rejects=True).report.rejects
    assert (reject.line, reject.field) == (2, field)
    assert reason in reject.reason


# --- files and folders ----------------------------------------------------------------------------------------------

PACKED_GZIP: Final = gzip.compress(jsonl(SUBMISSIONS).encode(), mtime=0)
PACKED_ZSTD: Final = zstandard.ZstdCompressor().compress(jsonl(SUBMISSIONS).encode())


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("submissions_jsonl_gz", PACKED_GZIP[:-9], "the gzip file is cut off before its end (copy it again)"),
        ("submissions_jsonl_gz", PACKED_GZIP[:-8] + b"\1" * 8, "the gzip file is damaged: CRC check failed"),
        ("submissions_jsonl_gz", PACKED_GZIP[:12] + b"\xff" * 9 + PACKED_GZIP[21:], "the gzip file is damaged"),
        ("submissions_jsonl_gz", b"{}\n", "the name ends in .gz but the content is not so compressed"),
        ("submissions_jsonl_gz", gzip.compress(b"", mtime=0), "the file holds no text"),
        ("submissions_jsonl_zst", PACKED_ZSTD[:-5], "the Zstandard file is cut off before its end (copy it again)"),
        ("submissions_jsonl_zst", PACKED_ZSTD[:6] + b"\xff" * 30, "the Zstandard file is damaged"),
        ("submissions_jsonl_zst", PACKED_GZIP, "the name ends in .zst but the content is not so compressed"),
        ("submissions_jsonl", b"", "the file is empty"),
        ("submissions_jsonl", b"PK\x03\x04", "this is a spreadsheet or a ZIP archive"),
        ("submissions_jsonl", b'[{"id": "s1"}]', "allowed is one object on each line"),
        ("submissions_jsonl", b'{\n"id": "s1"\n}\n', "allowed is one object on each line"),
        ("submissions_jsonl", b'{"id": "s1", "title": "K\xfche"}\n', "byte 25 of the line (0xfc) is not UTF-8"),
    ],
)
def test_a_broken_file_is_refused_with_its_name(tmp_path: Path, name: str, data: bytes, message: str) -> None:
    files: dict[str, bytes | None] = {"submissions_jsonl": None, name: data}
    error = refused(write_venue(tmp_path, **files), accept_rejects=True)
    assert error.file == name.replace("_", ".")
    assert message in str(error)


def test_an_empty_optional_file_needs_a_header_but_no_rows(tmp_path: Path) -> None:
    header = "submission_id,reviewer_id\n"
    assert load_venue(write_venue(tmp_path / "header", conflicts_csv=header)).declared == ()
    assert "conflicts.csv: the file is empty" in str(refused(write_venue(tmp_path / "empty", conflicts_csv="")))


def test_zstandard_without_its_package_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_venue(tmp_path, submissions_jsonl=None, submissions_jsonl_zst=PACKED_ZSTD)
    monkeypatch.setitem(sys.modules, "zstandard", None)
    with pytest.raises(MissingExtraError, match=re.escape("pip install 'reviewer-matcher[formats]'")):
        load_venue(folder)


def test_a_compressed_file_without_the_ending_is_understood(tmp_path: Path) -> None:
    folder = write_venue(tmp_path, submissions_jsonl=PACKED_GZIP)
    assert len(load_venue(folder).submissions) == 2


def test_the_folder_must_be_a_venue(tmp_path: Path) -> None:
    absent = refused(tmp_path / "absent")
    assert "there is no such folder (give the folder that holds reviewers.jsonl or .csv" in str(absent)
    (tmp_path / "file").write_text("x")
    assert "this is a file, not a venue folder" in str(refused(tmp_path / "file"))
    (tmp_path / "neither").mkdir()
    assert "reviewers.jsonl or reviewers.csv is missing; it holds no table" in str(refused(tmp_path / "neither"))
    partial = write_venue(tmp_path / "partial", publications_jsonl=None)
    assert "publications.jsonl or publications.csv is missing; it holds reviewers.jsonl, submissions.jsonl" in str(
        refused(partial)
    )


def test_a_table_twice_is_ambiguous(tmp_path: Path) -> None:
    error = refused(write_venue(tmp_path, reviewers_csv="id,name\nada,Ada\n"))
    assert "the folder holds both reviewers.csv and reviewers.jsonl" in str(error)


@pytest.mark.parametrize(
    ("name", "meant"),
    [("conflict.csv", "conflicts.csv"), ("Bids.csv", "bids.csv"), ("fixed.json", "fixed.jsonl' or '.csv")],
)
def test_a_slip_in_a_file_name_is_refused(tmp_path: Path, name: str, meant: str) -> None:
    (write_venue(tmp_path) / name).write_text("submission_id,reviewer_id\n")
    error = refused(tmp_path)
    assert error.file == name
    assert f"did you mean '{meant}'?" in str(error)


def test_a_data_file_that_is_not_read_is_named(tmp_path: Path) -> None:
    folder = write_venue(tmp_path)
    for name in ("notes.csv", "reviewers.xlsx", "README.md", ".hidden.csv"):
        (folder / name).write_text("x")
    assert read_venue(folder).report.notices == (
        "notes.csv: not read: it is no file of a venue folder",
        "reviewers.xlsx: not read: it is no file of a venue folder",
    )


def test_submissions_may_come_from_elsewhere(tmp_path: Path) -> None:
    folder = write_venue(tmp_path / "venue")
    bare = write_venue(tmp_path / "bare", submissions_jsonl=None)
    for name, text in (("list.txt", "id;title\nx1;T\n"), ("late", jsonl([{"id": "x1", "title": "T"}]))):
        path = tmp_path / name
        path.write_text(text)
        for venue in (folder, bare):
            loaded = read_venue(venue, submissions_file=path)
            assert [submission.id for submission in loaded.venue.submissions] == ["x1"]
            assert str(path) in [count.file for count in loaded.report.files]
    error = refused(folder, submissions_file=tmp_path / "absent.csv")
    assert "the file cannot be read: No such file or directory" in str(error)
    assert error.file == str(tmp_path / "absent.csv")


# --- venue.toml -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "field", "message"),
    [
        (
            'name = "x"\ndead_line = 2024-01-01\n',
            2,
            "dead_line",
            "unknown key, did you mean 'deadline'?; known are name",
        ),
        ("[tracks]\nmain = 1\n", 1, "tracks", "unknown key"),
        ("deadline = 2024\n", 1, "deadline", "allowed is a full day such as 2025-01-31, without a time; got 2024"),
        ('deadline = "2024-10"\n', 1, "deadline", "allowed is a full day"),
        ('deadline = "2024-02-30"\n', 1, "deadline", "'2024-02-30' is no day of the calendar"),
        ("deadline = 2024-10-01T23:59:00\n", 1, "deadline", "without a time"),
        ("# loads\n\nmax_load = -1\n", 3, "max_load", "allowed is a whole number from 0 to 1000; got -1"),
        ("min_load = true\n", 1, "min_load", "allowed is a whole number"),
        ("reviews_per_submission = 0\n", 1, "reviews_per_submission", "allowed is a whole number from 1 to 100; got 0"),
        ("reviews_per_submission = 2.5\n", 1, "reviews_per_submission", "got 2.5"),
        ("name = 3\n", 1, "name", "allowed is a text in quotes; got 3"),
        ("name = \n", None, None, "this is no TOML"),
        (b'name = "\xff"\n', None, None, "this is no UTF-8"),
    ],
)
def test_a_wrong_fact_is_refused(
    tmp_path: Path, text: str | bytes, line: int | None, field: str | None, message: str
) -> None:
    error = refused(write_venue(tmp_path, venue_toml=text))
    assert (error.file, error.line, error.field) == ("venue.toml", line, field)
    assert message in str(error)


def test_facts_that_are_not_stated_stay_unknown(tmp_path: Path) -> None:
    stated = read_venue(write_venue(tmp_path / "stated", venue_toml='name = "Only a name"\n'))
    assert (stated.venue.name, stated.venue.deadline, stated.facts) == ("Only a name", None, {})
    assert "venue.toml states no deadline" in stated.report.notices[0]
    absent = read_venue(write_venue(tmp_path / "absent", venue_toml=None))
    assert (absent.venue.name, absent.venue.deadline, absent.facts) == ("absent", None, {})
    assert "there is no venue.toml" in absent.report.notices[0]
    assert absent.match_toml is None


# --- JSON Schema ----------------------------------------------------------------------------------------------------

SCHEMA_TABLES: Final = ("reviewers", "publications", "submissions", "people")


def read_as(table: str, row: Row) -> Mapping[str, Any]:
    return TABLES[table].read(row, {})


@pytest.mark.parametrize("table", sorted(TABLES))
def test_each_schema_is_a_schema(table: str) -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema(table))


def test_an_unknown_table_is_named() -> None:
    with pytest.raises(UnknownNameError, match="unknown table 'reviewer', did you mean 'reviewers'"):
        json_schema("reviewer")


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("reviewers", {"id": 7, "name": "N", "max_load": 3.0, "paper_ids": None, "region": "north"}),
        ("reviewers", {"id": "x", "name": "N", "affiliations": ["U", {"domain": "u.example", "end": None}]}),
        ("publications", {"id": "x", "title": "T", "date": 2023}),
        ("publications", {"id": "x", "title": "T", "date": ["2023-06", "2023"], "source": {"file": "f"}}),
        ("submissions", {"id": "x", "title": "T", "authors": ["A", {"name": "B"}], "status": "withdrawn"}),
        ("people", {"id": "x", "name": "N", "relations": [{"kind": "advisor", "name": "M"}]}),
    ],
)
def test_good_rows_please_schema_and_reader(table: str, row: Row) -> None:
    jsonschema.validate(row, json_schema(table))
    assert read_as(table, row)["id"] == str(row["id"])


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("reviewers", {"name": "N"}),
        ("reviewers", {"id": "x", "name": " "}),
        ("reviewers", {"id": "x", "name": "N", "max_load": True}),
        ("reviewers", {"id": "x", "name": "N", "max_load": -1}),
        ("reviewers", {"id": "x", "name": "N", "availability": 2}),
        ("reviewers", {"id": "x", "name": "N", "emails": "n@example.org"}),
        ("reviewers", {"id": "x", "name": "N", "relations": [{"kind": "boss", "name": "B"}]}),
        ("publications", {"id": "x", "title": "T", "date": "June"}),
        ("publications", {"id": "x", "title": "T", "kind": "novel"}),
        ("publications", {"id": "x", "title": "T", "authors": [{"email": "a@example.org"}]}),
        ("submissions", {"id": "x", "title": "T", "status": "lost"}),
        ("submissions", {"id": "x", "title": 4}),
        ("people", {"id": None, "name": "N"}),
    ],
)
def test_bad_rows_please_neither(table: str, row: Row) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(row, json_schema(table))
    with pytest.raises(FieldError):
        read_as(table, row)


SCALARS: Final[list[Any]] = [
    *(
        "",
        " ",
        "x",
        "2023",
        " 2023-06 ",
        "2023-02-30",
        "0999",
        "23",
        "a@b.example",
        "B.example",
        "a b.example",
        "advisor",
    ),
    *(
        "accepted",
        "Accepted",
        "active",
        "journal",
        "Ada <a@b.example> (U)",
        "Ada Example and Bob Sample",
        "advisor: Eve",
    ),
    *(None, True, False, -1, 0, 1, 2, 2023, 99_999, 10**9, 0.5, 1.5, 3.0, -0.0),
]
OBJECTS: Final[list[Row]] = [
    {},
    {"name": "Ada"},
    {"name": " "},
    {"name": "Ada", "person_id": 7, "email": "A@b.example", "affiliation": None, "domain": "b.example", "marks": "*"},
    {"name": "Ada", "email": "ada"},
    {"name": "Ada", "zzz": 1},
    {"kind": "advisor", "name": "Eve", "person_id": "e", "start": 2015, "end": "2020-06", "evidence": "line"},
    {"kind": "boss", "name": "Eve"},
    {"kind": "advisor", "name": "Eve", "start": "2020", "end": "2015"},
    {"organisation": "U", "domain": None, "role": "dean", "start": "2019-02-29"},
    {"organisation": "U", "domain": "u.example", "role": "dean", "start": "2020-02-29"},
    {"organisation": "", "domain": "u.example"},
    {"organisation": ""},
    {"role": "chair", "max_load": 3.0, "min_load": 1},
    {"role": "chair", "max_load": -1},
    {"role": "chair"},
    {"file": "f", "line": 2},
    {"file": "f", "line": 0},
    {"line": 2},
]
VALUES: Final[list[Any]] = [
    *SCALARS,
    *OBJECTS,
    [],
    *([value] for value in [*SCALARS, *OBJECTS]),
    ["x", "y"],
    ["x", "x"],
]


@pytest.mark.parametrize("table", SCHEMA_TABLES)
def test_what_the_reader_accepts_the_schema_accepts(table: str) -> None:
    validator = jsonschema.Draft202012Validator(json_schema(table))
    required: Row = {"id": "x", "name": "N"} if "name" in TABLES[table].by_name else {"id": "x", "title": "T"}
    for field in TABLES[table].fields:
        accepted = 0
        for value in VALUES:
            row = {**required, field.name: copy.deepcopy(value)}
            try:
                read_as(table, row)
            except FieldError:
                continue
            accepted += 1
            assert validator.is_valid(row), (field.name, value)
            assert row[field.name] == value
        assert 2 <= accepted < len(VALUES), field.name


GOOD_AUTHOR = st.one_of(
    st.just("Ada Example"),
    st.fixed_dictionaries({"name": st.just("Ada")}, optional={"email": st.just("a@b.example"), "marks": TEXTS}),
)
GOOD_ROWS: Final[dict[str, st.SearchStrategy[Row]]] = {
    "reviewers": st.fixed_dictionaries(
        {"id": st.one_of(st.integers(0, 99), st.just("x")), "name": st.just("N")},
        optional={
            "names": st.lists(TEXTS, max_size=2),
            "interests": st.none(),
            "max_load": st.one_of(st.none(), st.integers(0, 9)),
            "availability": st.one_of(st.none(), st.floats(0, 1)),
            "invitation": st.sampled_from(["accepted", "invited", "declined", "retired", None]),
            "attributes": st.dictionaries(TEXTS, st.integers(), max_size=2),
            "affiliations": st.lists(st.fixed_dictionaries({"organisation": st.just("U"), "role": TEXTS}), max_size=2),
        },
    ),
    "publications": st.fixed_dictionaries(
        {"id": st.just("x"), "title": TEXTS.filter(lambda text: text.strip())},
        optional={
            "abstract": st.one_of(st.none(), TEXTS),
            "date": st.one_of(st.none(), st.integers(1000, 9999), st.dates(date(1000, 1, 1)).map(str)),
            "kind": st.sampled_from(KINDS),
            "authors": st.lists(GOOD_AUTHOR, max_size=3),
        },
    ),
}


@given(st.data(), st.sampled_from(sorted(GOOD_ROWS)))
@settings(max_examples=200, deadline=None)
def test_good_rows_of_any_shape_please_schema_and_reader(data: st.DataObject, table: str) -> None:
    row = data.draw(GOOD_ROWS[table])
    assert jsonschema.Draft202012Validator(json_schema(table)).is_valid(row)
    values = read_as(table, row)
    assert set(values) <= set(row) | {"attributes"}
    assert values["id"] == str(row["id"])


@given(TEXTS)
@settings(deadline=None)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert one_line(one_line(text)) == one_line(text)


# --- linked corpora -------------------------------------------------------------------------------------------------

LINKED: Final[dict[str, list[Row]]] = {
    "reviewers": [
        {
            "id": "~Ada_Example1",
            "name": "Ada Example",
            "names": ["A. Example", "Ada Example"],
            "domains": [{"domain": "now.example", "last_year": 2021}, {"domain": "then.example", "last_year": 2019}],
            "pubs": [{"id": "conf2018:1", "link": "id"}, {"id": "conf2019:2", "link": "name"}],
        },
        {
            "id": "ieee:37",
            "name": "Bob Sample",
            "names": [],
            "domains": [],
            "pubs": [{"id": "conf2019:2", "link": "id"}],
        },
    ],
    "publications": [
        {
            "id": "conf2018:1",
            "venue": "conf",
            "year": 2018,
            "title": "Counting sheep",
            "abstract": "",
            "keywords": ["sheep"],
            "authors": [{"name": "Ada Example", "id": "~Ada_Example1", "link": "id", "domain": "then.example"}],
            "status": "Poster",
        },
        {
            "id": "conf2019:2",
            "venue": "conf",
            "year": 2019,
            "title": "Counting goats",
            "abstract": "Goats.",
            "keywords": [],
            "authors": [
                {"name": "Bob Sample", "id": "ieee:37", "link": "id", "src_id": "7"},
                {"name": "C. Third", "id": None, "link": "ambiguous"},
            ],
        },
    ],
    "submissions": [
        {
            "id": "conf2021:9",
            "venue": "conf",
            "year": 2021,
            "title": "Counting cows",
            "abstract": "Cows.",
            "keywords": ["cows"],
            "authors": [{"name": "Cy Third", "id": "name:cy_third", "link": "name", "domain": "c.example"}],
            "area": "herds",
            "domains": ["c.example"],
            "status": "Withdraw",
        }
    ],
}


def write_linked(folder: Path, **tables: list[Row]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for stem, rows in {**LINKED, **tables}.items():
        (folder / f"{stem}.jsonl.gz").write_bytes(gzip.compress(jsonl(rows).encode(), mtime=0))
    return folder


def test_a_linked_corpus_is_read_as_it_is(tmp_path: Path) -> None:
    folder = write_linked(tmp_path / "corpus", coi_truth=[{"submission": "conf2021:9"}])
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    loaded = read_venue(folder)
    venue = loaded.venue
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert (venue.name, loaded.facts, loaded.match_toml) == ("corpus", {}, None)
    assert venue.deadline == Deadline(
        date(2021, 1, 1), "taken from the submissions' year 2021; pass --deadline to set it"
    )
    ada, bob = PersonId("~Ada_Example1"), PersonId("ieee:37")
    assert [person.id for person in venue.people] == [bob, "name:cy_third", ada]
    assert venue.person_by_id[ada] == Person(
        id=ada,
        names=("Ada Example", "A. Example"),
        affiliations=(
            Affiliation(domain="now.example"),
            Affiliation(domain="then.example", end=PartialDate(2019)),
        ),
    )
    assert venue.reviewer_by_id[ada].paper_ids == ("conf2018:1", "conf2019:2")
    goats = venue.paper_by_id[PaperId("conf2019:2")]
    assert (goats.title, goats.abstract, goats.published_in, goats.kind) == (
        "Counting goats",
        "Goats.",
        "conf",
        "conference",
    )
    assert goats.dates == (PartialDate(2019),)
    assert goats.authors == (AuthorMention("Bob Sample", bob), AuthorMention("C. Third"))
    (cows,) = venue.submissions
    assert cows.authors == (AuthorMention("Cy Third", PersonId("name:cy_third"), domain="c.example"),)
    assert (cows.status, cows.keywords, cows.reviews_wanted) == ("active", ("cows",), None)
    assert cows.attributes == {"venue": "conf", "status": "Withdraw", "area": "herds", "domains": ("c.example",)}
    assert loaded.report.notices == (
        "coi_truth.jsonl.gz: not read: it is no file of a venue folder",
        "keywords, area, domains and status of publications, and link and src_id of authors, are not used",
        "the deadline is 2021-01-01, taken from the submissions' year 2021; pass --deadline to set it",
    )


def test_a_linked_corpus_uses_no_other_table(tmp_path: Path) -> None:
    folder = write_linked(tmp_path)
    (folder / "bids.csv").write_text("submission_id,reviewer_id,bid\nconf2021:9,ieee:37,yes\n")
    loaded = read_venue(folder)
    assert loaded.venue.bids == ()
    assert loaded.report.notices[0] == "bids.csv: not read: a linked corpus has no such file"


def test_submissions_of_several_years_give_no_deadline(tmp_path: Path) -> None:
    late = {**LINKED["submissions"][0], "id": "conf2022:1", "year": 2022}
    loaded = read_venue(write_linked(tmp_path, submissions=[*LINKED["submissions"], late]))
    assert loaded.venue.deadline is None
    assert "the submissions are of the years 2021 to 2022, so there is no deadline" in loaded.report.notices[-1]


@pytest.mark.parametrize(
    ("table", "change", "field", "reason"),
    [
        ("reviewers", {"pubs": [{"id": "conf2018:11"}]}, "pubs[0]", "id 'conf2018:11' is not in publications.jsonl.gz"),
        ("reviewers", {"domains": [{"domain": "x.example"}]}, "domains[0].last_year", "is missing"),
        ("reviewers", {"pubs": ["conf2018:1"]}, "pubs[0]", "allowed is an object"),
        ("publications", {"year": "2018"}, "year", "allowed is a whole number from 1000 up"),
        ("submissions", {"id": " "}, "id", "allowed is an id"),
    ],
)
def test_a_bad_row_of_a_linked_corpus_is_rejected(
    tmp_path: Path, table: str, change: Row, field: str, reason: str
) -> None:
    bad = {**LINKED[table][0], "id": "new", **change}
    loaded = read_venue(write_linked(tmp_path, **{table: [*LINKED[table], bad]}), accept_rejects=True)
    (reject,) = loaded.report.rejects
    assert (reject.file, reject.line, reject.field) == (f"{table}.jsonl.gz", len(LINKED[table]) + 1, field)
    assert reason in reject.reason


def test_submissions_for_a_linked_corpus_may_have_either_layout(tmp_path: Path) -> None:
    folder = write_linked(tmp_path / "corpus")
    linked = tmp_path / "linked.jsonl"
    linked.write_text(jsonl([{**LINKED["submissions"][0], "id": "conf2020:1", "year": 2020}]))
    loaded = read_venue(folder, submissions_file=linked)
    assert loaded.venue.deadline is not None
    assert loaded.venue.deadline.day == date(2020, 1, 1)
    assert loaded.venue.person_by_id[PersonId("~Ada_Example1")].affiliations[0].end is None
    ours = tmp_path / "ours.csv"
    ours.write_text("id,title,authors\ns1,Cows,Cy Third [name:cy_third]\n")
    loaded = read_venue(folder, submissions_file=ours)
    assert loaded.venue.deadline is None
    assert [submission.id for submission in loaded.venue.submissions] == ["s1"]
    assert loaded.venue.person_by_id[PersonId("~Ada_Example1")].affiliations[0].end == PartialDate(2021)
    assert "the submissions have no year" in loaded.report.notices[-1]


def test_our_own_folder_without_facts_is_not_taken_for_a_linked_corpus(tmp_path: Path) -> None:
    folder = write_venue(tmp_path, venue_toml=None)
    assert load_venue(folder).paper_by_id[PaperId("p1")].dates == ()


def test_a_publication_without_a_source_has_its_file_and_line_and_the_digest_does_not(tmp_path: Path) -> None:
    rows = [{"id": name, "title": f"Title {name}", "date": "2020"} for name in ("a", "b")]
    folders = []
    for number, order in enumerate((rows, rows[::-1])):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "publications.jsonl").write_text("".join(json.dumps(row) + "\n" for row in order), encoding="utf-8")
        (folder / "reviewers.jsonl").write_text('{"id": "r", "name": "R R", "paper_ids": ["a"]}\n', encoding="utf-8")
        (folder / "submissions.jsonl").write_text('{"id": "s", "title": "T"}\n', encoding="utf-8")
        (folder / "venue.toml").write_text('name = "V"\n', encoding="utf-8")
        folders.append(load_venue(folder))
    first, second = folders
    assert first.papers[1].sources == (SourceRef("publications.jsonl", 2),)
    assert second.papers[1].sources == (SourceRef("publications.jsonl", 1),)
    assert first.digest == second.digest


def test_the_documentation_shows_every_table_as_the_reader_knows_it() -> None:
    text = (Path(__file__).parent.parent / "data" / "README.md").read_text(encoding="utf-8")
    assert markdown().strip() in text
