"""From foreign files to a venue folder: accounting, joining, adding, and the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from matcher.cli import app
from matcher.errors import DataError, UnknownNameError
from matcher.ingest import load_venue
from matcher.ingest.formats import FORMATS, import_files, rows_of
from matcher.ingest.formats.collect import Collector, joined_rows
from matcher.ingest.formats.joining import join
from matcher.ingest.formats.opening import read_json, read_table
from matcher.ingest.formats.source import Row, SourceRecord
from matcher.ingest.formats.write import write_tables

FOREIGN = Path(__file__).parent / "foreign"
runner = CliRunner()


def collected(*rows: Row) -> Any:
    collector = Collector()
    for number, row in enumerate(rows, start=1):
        collector.take(SourceRecord("file", number, (row,)))
    return collector.settle()


def table(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / f"{name}.jsonl").read_text().splitlines()]


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


# --- accounting -----------------------------------------------------------------------------------------------------

fates = st.sampled_from(["good", "empty", "fault", "left out", "bad row"])


@given(st.lists(st.tuples(st.sampled_from(["a.csv", "b.csv"]), fates), max_size=40))
def test_read_is_accepted_and_rejected_and_left_out(records: list[tuple[str, str]]) -> None:
    collector = Collector()
    for number, (file, fate) in enumerate(records, start=1):
        rows = {
            "good": (Row("reviewers", {"id": f"r{number}", "name": "Ada"}),),
            "bad row": (Row("reviewers", {"id": f"r{number}"}),),
        }.get(fate, ())
        fault = "it is wrong" if fate == "fault" else None
        left_out = "not asked for" if fate == "left out" else None
        collector.take(SourceRecord(file, number, rows, fault=fault, left_out=left_out))
    done = collector.settle()
    assert sum(tally.read for tally in done.files) == len(records)
    for tally in done.files:
        mine = [fate for file, fate in records if file == tally.file]
        assert tally.accepted == sum(fate in ("good", "empty") for fate in mine)
        assert tally.rejected == sum(fate in ("fault", "bad row") for fate in mine)
        assert tally.left_out.total() == sum(fate == "left out" for fate in mine)
        assert tally.read == tally.accepted + tally.rejected + tally.left_out.total()
    assert len(done.rejects) == sum(tally.rejected for tally in done.files)
    assert len(done.tables.get("reviewers", ())) == sum(fate == "good" for _, fate in records)


def test_a_bad_row_rejects_its_record_with_the_field() -> None:
    done = collected(Row("submissions", {"id": "s", "title": "T", "authors": [{"name": "A", "email": "nothing"}]}))
    (reject,) = done.rejects
    assert (reject.field, reject.line) == ("authors[0].email", 1)
    assert done.tables == {}


def test_fields_that_no_table_has_are_counted() -> None:
    done = collected(Row("publications", {"id": "p", "title": "T", "weight": 3}))
    assert done.remarks == ("not read: 'weight'",)


def test_rows_about_one_thing_become_one() -> None:
    made, contradictions = joined_rows(
        "reviewers",
        {"id": "r", "name": "A. Example", "emails": ["a@x.org"], "max_load": 3, "attributes": {"region": "N"}},
        {
            "id": "r",
            "name": "Ada Example",
            "emails": ["b@x.org", "a@x.org"],
            "max_load": 4,
            "min_load": 1,
            "attributes": {"region": "S", "senior": True},
        },
    )
    assert made == {
        "id": "r",
        "name": "A. Example",
        "names": ["Ada Example"],
        "emails": ["a@x.org", "b@x.org"],
        "max_load": 3,
        "min_load": 1,
        "attributes": {"region": "N", "senior": True},
    }
    assert contradictions == ["field 'max_load': 3 stays, 4 does not"]


def test_papers_told_twice_keep_both_dates_and_the_fuller_byline() -> None:
    one = {
        "id": "p",
        "title": "T",
        "date": "2020",
        "abstract": "x",
        "authors": ["A"],
        "source": {"file": "a", "line": 1},
    }
    other = {
        "id": "p",
        "title": "T",
        "date": "2021-02",
        "abstract": "longer",
        "authors": [{"name": "A"}, {"name": "B"}],
        "source": {"file": "b", "line": 2},
    }
    made, contradictions = joined_rows("publications", one, other)
    assert made["date"] == ["2020", "2021-02"]
    assert made["abstract"] == "longer"
    assert made["authors"] == [{"name": "A"}, {"name": "B"}]
    assert made["source"] == [{"file": "a", "line": 1}, {"file": "b", "line": 2}]
    assert contradictions == []
    assert joined_rows("reviewers", {"id": "r", "name": "A"}, {"id": "r", "name": "A", "names": ["A"]})[0] == {
        "id": "r",
        "name": "A",
    }


def test_a_reviewer_who_is_an_author_too_is_one_person() -> None:
    done = collected(
        Row("people", {"id": "r", "name": "Ada", "emails": ["a@x.org"]}), Row("reviewers", {"id": "r", "name": "Ada"})
    )
    assert list(done.tables) == ["reviewers"]
    assert done.tables["reviewers"][0]["emails"] == ["a@x.org"]


# --- joining with what is there -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "came"),
    [
        ({"emails": ["ada@example.org"]}, {"emails": ["Ada@Example.org"]}),
        (
            {"attributes": {"orcid": "0000-0002-1825-0097"}},
            {"attributes": {"orcid": "https://orcid.org/0000-0002-1825-0097"}},
        ),
        ({"attributes": {"dblp": "12/345"}}, {"attributes": {"dblp": "https://dblp.org/pid/12/345.html"}}),
        ({"attributes": {"openreview_ids": ["new"]}}, {}),
    ],
)
def test_an_address_or_a_registry_id_joins_people(there: dict[str, Any], came: dict[str, Any]) -> None:
    held = {"reviewers": [{"id": "old", "name": "Ada Example", **there}]}
    rows = (
        Row("reviewers", {"id": "new", "name": "A. Example", **came}),
        Row("submissions", {"id": "s", "title": "T", "authors": [{"name": "A. Example", "person_id": "new"}]}),
        Row("bids", {"submission_id": "s", "reviewer_id": "new", "bid": "yes"}),
    )
    done = join(held, collected(*rows))
    assert done.people == {"new": "old"}
    (person,) = done.tables["reviewers"]
    assert (person["id"], person["name"], person["names"]) == ("old", "Ada Example", ["A. Example"])
    assert done.tables["submissions"][0]["authors"][0]["person_id"] == "old"
    assert done.tables["bids"][0]["reviewer_id"] == "old"
    assert done.dangling == ()


def test_an_earlier_profile_id_joins_whatever_its_letters() -> None:
    held = {"reviewers": [{"id": "r1", "name": "Ada Example", "attributes": {"openreview_ids": ["~Ada_Oldname1"]}}]}
    done = join(held, collected(Row("reviewers", {"id": "~Ada_Oldname1", "name": "Ada Oldname"})))
    assert done.people == {"~Ada_Oldname1": "r1"}


def test_a_name_alone_is_a_question() -> None:
    held = {"reviewers": [{"id": "old", "name": "Ada Example"}]}
    done = join(held, collected(Row("reviewers", {"id": "new", "name": "Ada Example"})))
    assert done.people == {}
    assert done.questions == ("'new' may be 'old': both are called Ada Example",)
    assert len(done.tables["reviewers"]) == 2


def test_an_address_of_two_people_joins_neither() -> None:
    held = {
        "reviewers": [{"id": "a", "name": "A", "emails": ["a@x.org"]}, {"id": "b", "name": "B", "emails": ["b@x.org"]}]
    }
    done = join(held, collected(Row("reviewers", {"id": "c", "name": "C", "emails": ["a@x.org", "b@x.org"]})))
    assert done.people == {}
    assert done.questions == ("'c' shares an address or an id with each of a, b: it is kept apart",)


def paper(key: str, title: str, *authors: str, date: str | None = None) -> dict[str, Any]:
    return {"id": key, "title": title, "authors": [{"name": name} for name in authors], "date": date}


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        (paper("a", "Growing Small Trees", "Ada Example"), paper("b", "Growing small trees.", "A. Example"), True),
        (paper("a", "Growing Small Trees", "Ada Example"), paper("b", "Growing small trees", "Bo Other"), False),
        (paper("a", "Growing Small Trees"), paper("b", "Growing Small Trees"), True),
        (paper("a", "Foreword", "Ada Example", "Bo Other"), paper("b", "Foreword", "Ada Example"), False),
        (paper("a", "Foreword", "Ada Example"), paper("b", "Foreword", "Ada Example"), True),
        (paper("a", "Foreword"), paper("b", "Foreword"), False),
        (
            paper("a", "Annual Report on Trees", "Ada Example", date="2010"),
            paper("b", "Annual Report on Trees", "Ada Example", date="2020"),
            False,
        ),
        (paper("doi:10.1234/ABC", "One Title", "Ada"), paper("x:10.1234/abc", "Other Title", "Bo"), True),
        (paper("arxiv:2101.00001", "One Title", "Ada"), paper("n:arxiv/2101.00001", "Other", "Bo"), True),
    ],
)
def test_the_same_paper_under_another_id(one: dict[str, Any], other: dict[str, Any], are_one: bool) -> None:
    rows = (Row("publications", other), Row("reviewers", {"id": "r", "name": "R", "paper_ids": [other["id"]]}))
    done = join({"publications": [one]}, collected(*rows))
    assert len(done.tables["publications"]) == (1 if are_one else 2)
    assert done.tables["reviewers"][0]["paper_ids"] == ([one["id"]] if are_one else [other["id"]])


def test_statements_of_two_people_are_never_one(tmp_path: Path) -> None:
    folder = tmp_path / "venue"
    pc = tmp_path / "pc.csv"
    pc.write_text("name,email\nAda Example,ada@example.org\nBo Other,bo@example.org\n")
    import_files("hotcrp", [pc], folder)
    path = tmp_path / "statements.csv"
    path.write_text("email,keywords\nada@example.org,trees\nbo@example.org,seas\n")
    import_files("statements", [path], folder, add=True)
    import_files("statements", [path], folder, add=True)
    papers = [json.loads(line) for line in (folder / "publications.jsonl").read_text().splitlines()]
    assert [(paper["id"], paper["abstract"]) for paper in papers] == [
        ("ada@example.org-statement", "trees."),
        ("bo@example.org-statement", "seas."),
    ]


def test_pairs_that_point_nowhere_are_told_and_not_written() -> None:
    held = {"submissions": [{"id": "s", "title": "T"}], "reviewers": [{"id": "r", "name": "R"}]}
    rows = [
        Row("bids", {"submission_id": "s", "reviewer_id": "r", "bid": "1"}),
        Row("bids", {"submission_id": "x", "reviewer_id": "r", "bid": "1"}),
        Row("bids", {"submission_id": "s", "reviewer_id": "y", "bid": "1"}),
    ]
    done = join(held, collected(*rows))
    assert done.tables["bids"] == [{"submission_id": "s", "reviewer_id": "r", "bid": "1"}]
    assert [reason for _, _, reason in done.dangling] == [
        "file:2: submission_id 'x' stands nowhere",
        "file:3: reviewer_id 'y' stands nowhere",
    ]
    alone = join({}, collected(*rows))
    assert len(alone.tables["bids"]) == 3  # submissions and reviewers may still come


# --- whole imports --------------------------------------------------------------------------------------------------

PC = (
    "given_name,family_name,email,affiliation\n"
    "Ada,Example,ada@example.org,University of Trees\n"
    "Bo,Other,bo@example.org,Uni B\n"
)
PAPERS = [
    {
        "pid": 1,
        "title": "Rivers and Trees",
        "abstract": "On rivers.",
        "authors": [{"email": "cy@example.net", "first": "Cy", "last": "Third"}],
        "pc_conflicts": {"ada@example.org": "collaborator"},
    }
]


def hotcrp(folder: Path) -> list[str]:
    return [
        str(write(folder / "pcinfo.csv", PC)),
        str(write(folder / "papers.json", json.dumps(PAPERS))),
        str(write(folder / "prefs.csv", "paper,email,preference\n1,bo@example.org,5\n")),
    ]


def test_a_venue_from_hotcrp_and_dblp_can_be_loaded(tmp_path: Path) -> None:
    venue = tmp_path / "venue"
    import_files("hotcrp", hotcrp(tmp_path), venue)
    done = import_files("dblp", [FOREIGN / "dblp.xml"], venue, add=True)
    assert [tally.read for tally in done.collected.files] == [6]
    (tally,) = done.collected.files
    assert (tally.accepted, tally.rejected, tally.left_out.total()) == (2, 0, 4)
    loaded = load_venue(venue)
    ada = next(one for one in loaded.reviewers if one.person_id == "ada@example.org")
    assert len(ada.paper_ids) == 2
    assert [(one.submission_id, one.reviewer_id) for one in loaded.declared] == [("1", "ada@example.org")]
    assert loaded.bids[0].bid == "5"


def test_importing_twice_changes_nothing(tmp_path: Path) -> None:
    venue = tmp_path / "venue"
    files = hotcrp(tmp_path)
    import_files("hotcrp", files, venue)
    before = {path.name: path.read_bytes() for path in venue.iterdir()}
    done = import_files("hotcrp", files, venue, add=True)
    assert {path.name: path.read_bytes() for path in venue.iterdir()} == before
    assert all(file.added == file.changed == 0 for file in done.files)


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    done = import_files("hotcrp", hotcrp(tmp_path), tmp_path / "venue", dry_run=True)
    assert not (tmp_path / "venue").exists()
    assert {file.path.name: file.added for file in done.files} == {
        "reviewers.jsonl": 2,
        "submissions.jsonl": 1,
        "conflicts.jsonl": 1,
        "bids.jsonl": 1,
    }


def test_a_filled_folder_is_refused_without_add(tmp_path: Path) -> None:
    venue = tmp_path / "venue"
    import_files("hotcrp", hotcrp(tmp_path), venue)
    with pytest.raises(DataError, match=r"the folder is not empty: .*and 1 more.*--add"):
        import_files("hotcrp", hotcrp(tmp_path), venue)
    with pytest.raises(DataError, match="this is a file, not a folder"):
        import_files("hotcrp", hotcrp(tmp_path), tmp_path / "pcinfo.csv")
    write(venue / "fixed.csv", "submission_id,reviewer_id,kind\n")
    with pytest.raises(DataError, match=r"adding works with plain fixed.jsonl"):
        import_files("hotcrp", hotcrp(tmp_path), venue, add=True)


def test_a_damaged_row_in_the_folder_is_an_error(tmp_path: Path) -> None:
    venue = tmp_path / "venue"
    import_files("hotcrp", hotcrp(tmp_path), venue)
    with (venue / "reviewers.jsonl").open("a") as stream:
        stream.write("{broken\n")
    with pytest.raises(DataError, match=r"reviewers.jsonl:3.*this is no JSON"):
        import_files("hotcrp", hotcrp(tmp_path), venue, add=True)


def test_rejects_stop_an_import_unless_accepted(tmp_path: Path) -> None:
    files = [str(write(tmp_path / "pc.csv", f"{PC}Cy,Third,,\n"))]
    with pytest.raises(DataError, match=r"pc.csv:4: field 'email': is missing.*--accept-rejects"):
        import_files("hotcrp", files, tmp_path / "venue")
    assert not (tmp_path / "venue").exists()
    done = import_files("hotcrp", files, tmp_path / "venue", accept_rejects=True)
    assert len(done.collected.rejects) == 1
    assert len(table(tmp_path / "venue", "reviewers")) == 2


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(UnknownNameError, match="unknown format 'hotcrap', did you mean 'hotcrp'"):
        import_files("hotcrap", [], "nowhere")


def test_named_reviewers(tmp_path: Path) -> None:
    venue = tmp_path / "venue"
    import_files("bibtex", [FOREIGN / "works.bib"], venue, reviewers=["Ada Example"], accept_rejects=True)
    (ada,) = table(venue, "reviewers")
    assert (ada["id"], len(ada["paper_ids"])) == ("ada-example", 4)
    for wanted in ("ada-example", "ada EXAMPLE"):
        again = import_files(
            "bibtex", [FOREIGN / "works.bib"], venue, reviewers=[wanted], accept_rejects=True, add=True
        )
        assert all(file.added == 0 for file in again.files)
    with pytest.raises(UnknownNameError, match="unknown reviewer 'bo'"):
        import_files("bibtex", [FOREIGN / "works.bib"], venue, reviewers=["bo"], add=True)
    with (venue / "reviewers.jsonl").open("a") as stream:
        stream.write('{"id": "twin", "name": "Ada Example"}\n')
    with pytest.raises(UnknownNameError, match="unknown single reviewer 'Ada Example'"):
        import_files("bibtex", [FOREIGN / "works.bib"], venue, reviewers=["Ada Example"], add=True)


def test_reviewers_with_registry_ids_find_their_works(tmp_path: Path) -> None:
    venue = tmp_path / "venue"
    person = {"id": "r1", "name": "Somebody Else", "attributes": {"dblp": ["12/345"]}}
    write(venue / "reviewers.jsonl", f'{json.dumps(person)}\n{{"id": "orcid:0000-0002-1825-0097", "name": "X Y"}}\n')
    import_files("dblp", [FOREIGN / "dblp_person.xml"], venue, add=True)
    import_files("crossref", [FOREIGN / "crossref.json"], venue, add=True, accept_rejects=True)
    first, second = table(venue, "reviewers")
    assert len(first["paper_ids"]) == 2
    assert second["paper_ids"] == ["doi:10.1234/cr.1"]


# --- JSON and tables in their several shapes ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file holds no text|the file is empty"),
        ("hello", "starts with neither"),
        ('{"a": 1,\n"b": [', "the file is cut off"),
        ("[1, 2\n3]", "this is no JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('["\\ud800"\n]', "half a character"),
        ('\n"text"', "starts with neither"),
    ],
)
def test_json_that_cannot_be_read(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        list(read_json(write(tmp_path / "x.json", text)))


def test_json_lines_with_bad_lines(tmp_path: Path) -> None:
    text = '{"a": }\n{"a": 1}\n[1]\n{"a": "\\ud800"}\n' + '{"a": ' + "[" * 100_000 + "\n"
    faults = [record.fault for record in read_json(write(tmp_path / "x.jsonl", text))]
    assert faults[1] is None
    assert [fault.split(":")[0] for fault in faults if fault] == [
        "this is no JSON",
        "allowed is one JSON object on each line; got list",
        "an escape \\ud8…\\udf stands for half a character",
        "the JSON is nested too deeply",
    ]


def test_json_documents(tmp_path: Path) -> None:
    listed = list(read_json(write(tmp_path / "x.json", '[{"a": 1},\n 7]')))
    assert [(record.values, record.fault) for record in listed] == [
        ({"a": 1}, None),
        ({}, "allowed is a JSON object; got int"),
    ]
    assert [record.values for record in read_json(write(tmp_path / "y.json", '{\n"a": 1}'))] == [{"a": 1}]
    keyed = list(read_json(write(tmp_path / "z.json", '{"k": {"a": 1}}'), is_keyed=True))
    assert [(record.key, record.values) for record in keyed] == [("k", {"a": 1})]


def test_a_long_field_and_a_wrong_encoding(tmp_path: Path) -> None:
    abstract = "x" * 1_000_000
    row = {"pid": 1, "title": "T", "abstract": abstract}
    done = import_files("hotcrp", [write(tmp_path / "p.json", json.dumps([row]))], tmp_path / "v", dry_run=True)
    assert done.joined.tables["submissions"][0]["abstract"] == abstract
    (tmp_path / "latin.csv").write_bytes("given_name,family_name,email\nJürgen,M,j@x.org\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"latin.csv:2.*not UTF-8"):
        import_files("hotcrp", [tmp_path / "latin.csv"], tmp_path / "v")


def test_tables_by_heading(tmp_path: Path) -> None:
    columns = {"email": ("email", "e mail"), "name": ("name",)}
    path = write(tmp_path / "t.csv", "E-Mail;NAME;Colour\na@x.org;Ada;red\nb@x.org;Bo\n")
    good, short = read_table(path, columns, required=("email",))
    assert (good.values, good.further, good.line) == ({"email": "a@x.org", "name": "Ada"}, {"Colour": "red"}, 2)
    assert short.fault == "the row has 2 cells, the header has 3"
    with pytest.raises(DataError, match=r"the column 'email' is missing; the columns found are 'emial', 'name'; did"):
        list(read_table(write(tmp_path / "u.csv", "emial,name\na,b\n"), columns, required=("email",)))
    path = write(tmp_path / "q.csv", 'email,name\n"a@x.org,Ada\n')
    with pytest.raises(DataError, match=r"q.csv"):
        list(read_table(path, columns, required=("email",)))


def test_tables_by_position(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "1,2,3,4\n")
    (joined,) = read_table(path, {"x": ("x",)}, required=("x",), positions=("a", "b"), rest="b")
    assert joined.values == {"a": "1", "b": "2, 3, 4"}
    (refused,) = read_table(path, {"x": ("x",)}, required=("x",), positions=("a", "b"))
    assert refused.fault == "the row has 4 cells, allowed are 2: a, b"


# --- the command ----------------------------------------------------------------------------------------------------


def run(*args: str) -> Any:
    return runner.invoke(app, ["import", *args], catch_exceptions=True)


def test_every_format_has_help_with_an_example() -> None:
    for one in FORMATS.values():
        shown = run(one.name, "--help")
        assert shown.exit_code == 0
        assert "Example: matcher import" in " ".join(shown.output.split())
        assert ("--reviewer" in shown.output) == one.needs_owners


def test_the_command_tells_what_became_of_every_record(tmp_path: Path) -> None:
    shown = run("hotcrp", *hotcrp(tmp_path), "--into", str(tmp_path / "v"), "--quiet")
    assert shown.exit_code == 0
    text = " ".join(shown.output.split())
    assert "pcinfo.csv: read 2, accepted 2, rejected 0, left out 0" in text
    assert "reviewers.jsonl holds 2 rows, new 2, changed 0" in text
    again = run("dblp", str(FOREIGN / "dblp.xml"), "--into", str(tmp_path / "v"), "--add", "--dry-run")
    text = " ".join(again.output.split())
    assert "left out (3): no author is one of the reviewers" in text
    assert "publications.jsonl would hold 2 rows, new 2, changed 0" in text


def test_the_command_gives_json(tmp_path: Path) -> None:
    shown = run("bibtex", str(FOREIGN / "works.bib"), "--into", str(tmp_path / "v"), "--json", "--accept-rejects", "-q")
    assert shown.exit_code != 0  # nobody's works are wanted
    shown = run(
        *("bibtex", str(FOREIGN / "works.bib"), "--into", str(tmp_path / "v"), "--json", "--accept-rejects", "-q"),
        *("--reviewer", "Ada Example"),
    )
    told = json.loads(shown.stdout)
    assert told["files"] == [{"file": "works.bib", "read": 6, "accepted": 4, "rejected": 2, "left_out": {}}]
    assert [one["line"] for one in told["rejects"]] == [10, 12]
    assert told["tables"][0]["added"] == 1


def test_the_command_shows_rejects_and_questions(tmp_path: Path) -> None:
    venue = tmp_path / "v"
    run("hotcrp", *hotcrp(tmp_path), "--into", str(venue), "-q")
    more = "".join(f"X,Y,,{number}\n" for number in range(12))
    path = write(
        tmp_path / "pc.csv", f"given_name,family_name,email,affiliation\nAda,Example,other@example.org,U\n{more}"
    )
    shown = run("hotcrp", str(path), "--into", str(venue), "--add", "--accept-rejects", "-q")
    text = " ".join(shown.output.split())
    assert "rejected and 2 more (--json lists them)" in text
    assert "who is who? 'other@example.org' may be 'ada@example.org': both are called Ada Example" in text


# --- a venue as rows, sheets, statements ----------------------------------------------------------------------------


def test_a_venue_as_rows_is_the_same_venue_again(tmp_path: Path) -> None:
    folder = tmp_path / "first"
    attributes = {"region": "north", "topics": ["a", "b"], "deep": {"x": 1}}
    reviewer = {
        "id": "r1",
        "name": "Ada Example",
        "names": ["A. Example"],
        "emails": ["ada@example.org"],
        "affiliations": [
            {"organisation": "U", "domain": "u.example.edu", "role": "Prof", "start": "2019", "end": "2020-03"}
        ],
        "relations": [{"kind": "advisor", "name": "Bo", "person_id": "p1", "start": "2010", "evidence": "line"}],
        "interests": ["trees"],
        "max_load": 4,
        "min_load": 0,
        "invitation": "invited",
        "availability": 0.5,
        "roles": [{"role": "area chair", "max_load": 2, "min_load": 1}],
        "attributes": attributes,
        "paper_ids": ["w2", "w1"],
    }
    author = {
        "name": "Bo",
        "person_id": "p1",
        "email": "bo@example.org",
        "affiliation": "U",
        "domain": "u.org",
        "marks": "*",
    }
    tables: dict[str, list[dict[str, Any]]] = {
        "reviewers": [reviewer, {"id": "r2", "name": "None", "paper_ids": [], "invitation": "declined"}],
        "people": [{"id": "p1", "name": "Bo", "emails": ["bo@example.org"]}],
        "publications": [
            {"id": "w1", "title": "One", "date": ["2020", "2021-02-03"], "authors": [author], "kind": "journal"},
            {"id": "w2", "title": "Two", "abstract": "x", "published_in": "J", "source": {"file": "f", "line": 2}},
        ],
        "submissions": [
            {"id": "s1", "title": "S", "authors": [author], "reviews_wanted": 0, "keywords": ["k"], "track": "t"},
            {"id": "s2", "title": "T", "status": "withdrawn", "attributes": attributes},
        ],
        "conflicts": [{"submission_id": "s1", "reviewer_id": "r1"}],
        "bids": [{"submission_id": "s1", "reviewer_id": "r1", "bid": "yes"}],
        "fixed": [{"submission_id": "s2", "reviewer_id": "r1", "kind": "forbid"}],
        "assignments": [{"submission_id": "s1", "reviewer_id": "r1", "state": "declined", "role": "chair", "round": 2}],
        "history": [{"submission_id": "s1", "reviewer_id": "r1", "earlier_id": "e", "wish": "same"}],
        "recommendations": [{"submission_id": "s1", "reviewer_id": "r1", "by": "c", "weight": 0.0}],
        "scores": [{"submission_id": "s1", "reviewer_id": "r1", "score": -2.5, "source": "tpms"}],
    }
    write_tables(folder, tables, {})
    venue = load_venue(folder)
    again = tmp_path / "elsewhere" / "first"  # the name of the folder is the name of the venue
    write_tables(again, rows_of(venue), {})
    assert load_venue(again).digest == venue.digest
    assert rows_of(load_venue(again)) == rows_of(venue)


def test_the_sample_as_rows(tmp_path: Path) -> None:
    venue = load_venue(Path(__file__).parents[1] / "data" / "sample")
    write_tables(tmp_path / "v", rows_of(venue), {})
    again = load_venue(tmp_path / "v")
    assert (again.papers, again.people, again.reviewers, again.submissions) == (
        venue.papers,
        venue.people,
        venue.reviewers,
        venue.submissions,
    )


def test_two_sheets_become_a_venue(tmp_path: Path) -> None:
    reviewers = write(tmp_path / "r.csv", "Name,Email,Expertise\nAda Example,ada@example.org,trees and rivers\nBo,,\n")
    submissions = write(tmp_path / "s.csv", "Title,Abstract,Authors\nOn Trees,Leaves.,Cy Third\n,,\n")
    venue = tmp_path / "v"
    dry = run("sheets", str(reviewers), str(submissions), "--into", str(venue), "--dry-run")
    assert "submissions.jsonl would hold 1 row" in " ".join(dry.output.split())
    assert not venue.exists()
    shown = run("sheets", str(reviewers), str(submissions), "--into", str(venue), "--map", "abstract=Abstract")
    assert shown.exit_code == 0
    loaded = load_venue(venue)
    assert [one.title for one in loaded.submissions] == ["On Trees"]
    assert any(paper.kind == "statement" for paper in loaded.papers)
    assert run("sheets", str(reviewers), str(submissions), "--into", str(venue)).exit_code == 1
    assert run("sheets", str(reviewers), str(submissions), "--into", str(tmp_path / "w"), "--map", "x").exit_code == 2


def test_statements_keywords_and_titles(tmp_path: Path) -> None:
    venue = tmp_path / "v"
    rows = [
        {"id": "r1", "name": "Ada Example", "emails": ["ada@example.org"], "paper_ids": []},
        {"id": "r2", "name": "Bo Other"},
        {"id": "r3", "name": "Bo Other"},
    ]
    write(venue / "reviewers.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    table_text = (
        "Email,Statement,Keywords,Titles\n"
        'ADA@example.org,I study trees,leaves; bark,"On Roots; On Rain\n-"\n'
        "Bo Other,x y z,,\n"
        "nobody@example.org,x,,\n"
        "r2,,,\n"
        ",x,,\n"
    )
    path = write(tmp_path / "e.csv", table_text)
    done = import_files("statements", [path], venue, add=True, accept_rejects=True)
    assert [reject.reason for reject in done.collected.rejects] == [
        "'Bo Other' is r2 and r3",
        "'nobody@example.org' is no reviewer of the folder",
        "is missing",
    ]
    assert done.collected.files[0].left_out.total() == 1
    statement, roots, rain = table(venue, "publications")
    assert (statement["kind"], statement["abstract"]) == ("statement", "I study trees. leaves; bark.")
    assert [roots["title"], rain["title"]] == ["On Roots", "On Rain"]
    assert table(venue, "reviewers")[0]["paper_ids"] == ["r1-statement", "r1-title-1", "r1-title-2"]
