"""Conference systems, through files written as OpenReview, HotCRP, CMT, EasyChair and the NSF write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from matcher.errors import DataError
from matcher.ingest.formats import FORMATS, SourceRecord, Wishes


def read(name: str, *paths: Path, **tables: str) -> list[SourceRecord]:
    named = {path: tables[path.stem] for path in paths if path.stem in tables}
    return list(FORMATS[name].read(list(paths), Wishes(tables=named)))


def rows(records: list[SourceRecord], table: str) -> list[dict[str, Any]]:
    return [dict(row.values) for record in records for row in record.rows if row.table == table]


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


# --- OpenReview -----------------------------------------------------------------------------------------------------

NOTE_1: dict[str, Any] = {
    "id": "n1",
    "cdate": 1650000000000,
    "content": {
        "title": "Sparse Flows",
        "abstract": "We study flows.",
        "authors": ["Ada Example*", "Bo Other"],
        "authorids": ["~Ada_Example1", "Bo@Example.org"],
        "venue": "ICLR 2022",
        "keywords": "flows; trees",
    },
}
NOTE_2: dict[str, Any] = {
    "id": "n2",
    "pdate": 1550000000000,
    "content": {
        "title": {"value": "Dense Flows"},
        "abstract": {"value": "More flows."},
        "authors": {"value": ["Ada Example", "Cy Third"]},
        "authorids": {"value": ["~Ada_Example1"]},
        "venue": {"value": "CoRR"},
        "keywords": {"value": ["a", "b"]},
        "track": {"value": "main"},
        "primary_area": {"value": "optimisation"},
    },
}


def test_openreview_archives_of_both_versions(tmp_path: Path) -> None:
    lines = f"{json.dumps(NOTE_1)}\n{json.dumps(NOTE_2)}\n" + '{"id": "n3",\n'
    records = read("openreview", write(tmp_path, "archives/~Ada_Example1.jsonl", lines).parent)
    sparse, dense = rows(records, "publications")
    assert sparse["authors"] == [
        {"name": "Ada Example", "person_id": "~Ada_Example1"},
        {"name": "Bo Other", "person_id": "bo@example.org", "email": "bo@example.org"},
    ]
    assert (sparse["date"], sparse["kind"]) == ("2022-04-15", "conference")
    assert (dense["title"], dense["abstract"], dense["date"]) == ("Dense Flows", "More flows.", "2019-02-12")
    assert dense["kind"] == "preprint"
    assert dense["authors"] == [{"name": "Ada Example"}, {"name": "Cy Third"}]
    assert records[1].remarks == ("2 authors and 1 author ids: the ids are left out",)
    assert [row["paper_ids"] for row in rows(records, "reviewers")] == [["n1"], ["n2"]]
    assert {row["name"] for row in rows(records, "reviewers")} == {"Ada Example"}
    assert records[2].fault is not None
    assert records[2].line == 3


def test_openreview_submissions_by_key_or_as_notes(tmp_path: Path) -> None:
    withdrawn = {**NOTE_2, "id": "s2", "content": {**NOTE_2["content"], "venueid": {"value": "V/Withdrawn_Submission"}}}
    rejected = {**NOTE_1, "id": "s3", "invitation": "V/-/Desk_Rejected_Submission"}
    by_key = {"s1": {"content": NOTE_1["content"]}, "s2": withdrawn, "s3": rejected}
    first, second, third = rows(
        read("openreview", write(tmp_path, "submissions.json", json.dumps(by_key))), "submissions"
    )
    assert (first["id"], first["keywords"], first["status"]) == ("s1", ["flows", "trees"], "active")
    assert (second["status"], second["track"]) == ("withdrawn", "main")
    assert second["attributes"] == {"primary_area": "optimisation"}
    assert third["status"] == "desk_rejected"
    listed = write(tmp_path, "notes.json", json.dumps({"notes": [NOTE_1], "count": 1}))
    assert rows(read("openreview", listed), "submissions")[0]["id"] == "n1"
    assert rows(read("openreview", listed, notes="publications"), "publications")[0]["id"] == "n1"


def test_what_is_said_of_a_folder_holds_for_its_files(tmp_path: Path) -> None:
    folder = write(tmp_path, "notes/some.jsonl", json.dumps(NOTE_1)).parent
    assert len(rows(read("openreview", folder), "submissions")) == 1
    assert len(rows(read("openreview", folder, notes="publications"), "publications")) == 1


def test_openreview_authors_as_objects(tmp_path: Path) -> None:
    people = [{"fullname": "Ada Example", "username": "~Ada_Example1"}, {"fullname": "Bo Other", "username": None}]
    note = {"id": "s", "content": {"title": {"value": "T"}, "authors": {"value": people}}}
    (row,) = rows(read("openreview", write(tmp_path, "s.jsonl", json.dumps(note))), "submissions")
    assert row["authors"] == [{"name": "Ada Example", "person_id": "~Ada_Example1"}, {"name": "Bo Other"}]


PROFILE = {
    "id": "~Ada_Example1",
    "content": {
        "names": [
            {"first": "Ada", "middle": "M.", "last": "Oldname", "username": "~Ada_Oldname1"},
            {"fullname": "Ada Example", "username": "~Ada_Example1", "preferred": True},
        ],
        "emails": ["ada@example.org", "****@hidden.org"],
        "preferredEmail": "Ada@Home.example.org",
        "history": [
            {
                "position": "Professor",
                "start": 2019,
                "end": None,
                "institution": {"name": "University of Trees", "domain": "trees.example.edu"},
            },
            {"position": "Odd", "start": 2020, "end": 2010, "institution": {"domain": "b.example.com"}},
            {"position": "Nowhere", "institution": {}},
        ],
        "relations": [
            {"name": "Bo Other", "username": "~Bo_Other1", "relation": "PhD Advisor", "start": 2010, "end": 2014},
            {"name": "Cy Third", "relation": "PhD Student"},
            {"email": "dee@example.org", "relation": "Walks the dog of"},
            {"relation": "Coauthor"},
        ],
        "expertise": [{"keywords": ["flows", "trees"]}, {"keywords": ["flows"]}],
        "dblp": "https://dblp.org/pid/12/345",
        "orcid": "https://orcid.org/0000-0002-1825-0097",
    },
}


def test_openreview_profiles(tmp_path: Path) -> None:
    path = write(tmp_path, "profiles.json", json.dumps([PROFILE, {"id": "~X1", "content": {"names": []}}]))
    good, bad = read("openreview", path)
    (person,) = rows([good], "reviewers")
    assert (person["id"], person["name"], person["names"]) == ("~Ada_Example1", "Ada Example", ["Ada M. Oldname"])
    assert person["emails"] == ["ada@home.example.org", "ada@example.org"]
    assert person["affiliations"] == [
        {
            "organisation": "University of Trees",
            "domain": "trees.example.edu",
            "role": "Professor",
            "start": "2019",
        },
        {"domain": "b.example.com", "role": "Odd"},
    ]
    assert person["relations"] == [
        {
            "kind": "advisor",
            "name": "Bo Other",
            "evidence": "profile: PhD Advisor",
            "start": "2010",
            "end": "2014",
            "person_id": "~Bo_Other1",
        },
        {"kind": "advisee", "name": "Cy Third", "evidence": "profile: PhD Student"},
        {"kind": "other", "name": "dee@example.org", "evidence": "profile: Walks the dog of"},
    ]
    assert person["interests"] == ["flows", "trees"]
    assert person["attributes"]["openreview_ids"] == ["~Ada_Oldname1"]
    assert good.remarks == (
        "1 addresses are hidden by asterisks and left out",
        "history: the end 2010 lies before the start 2020; both are left out",
        "a relation 'Coauthor' names nobody and is left out",
    )
    assert (bad.fault, bad.field) == ("is missing", "content.names")
    assert rows(read("openreview", path, profiles="people"), "people")[0]["id"] == "~Ada_Example1"


@pytest.mark.parametrize(
    ("invitation", "edge", "table", "values"),
    [
        ("V/Reviewers/-/Bid", {"label": "Very High"}, "bids", {"bid": "Very High"}),
        (
            "V/Reviewers/-/Conflict",
            {"weight": -1, "label": "Coauthor"},
            "conflicts",
            {"reason": "OpenReview: Coauthor"},
        ),
        ("V/Reviewers/-/Assignment", {"weight": 0.5}, "assignments", {"state": "proposed", "role": "reviewer"}),
        (
            "V/Reviewers/-/Proposed_Assignment",
            {"label": "Declined"},
            "assignments",
            {"state": "proposed", "role": "reviewer"},
        ),
        ("V/Area_Chairs/-/Assignment", {}, "assignments", {"state": "proposed", "role": "area chair"}),
        (
            "V/Reviewers/-/Invite_Assignment",
            {"label": "Declined: too busy"},
            "assignments",
            {"state": "declined", "role": "reviewer"},
        ),
        (
            "V/Reviewers/-/Invite_Assignment",
            {"label": "Accepted"},
            "assignments",
            {"state": "accepted", "role": "reviewer"},
        ),
        (
            "V/Reviewers/-/Invite_Assignment",
            {"label": "Invitation Sent"},
            "assignments",
            {"state": "proposed", "role": "reviewer"},
        ),
        (
            "V/Reviewers/-/Invite_Assignment",
            {"label": "Conflict Detected"},
            "conflicts",
            {"reason": "OpenReview: Conflict Detected"},
        ),
        ("V/Reviewers/-/Affinity_Score", {"weight": 0.25}, "scores", {"score": 0.25, "source": "openreview"}),
        ("V/Reviewers/-/Recommendation", {"weight": 3}, "recommendations", {"weight": 3}),
    ],
)
def test_openreview_edges(
    tmp_path: Path, invitation: str, edge: dict[str, Any], table: str, values: dict[str, Any]
) -> None:
    content = {"head": "s1", "tail": "~Ada_Example1", "invitation": invitation, **edge}
    (row,) = rows(read("openreview", write(tmp_path, "edges.json", json.dumps({"edges": [content]}))), table)
    assert row == {"submission_id": "s1", "reviewer_id": "~Ada_Example1", **values}


def test_openreview_loads_scores_old_bids_and_unknown_edges(tmp_path: Path) -> None:
    load = {
        "head": "V/Reviewers",
        "tail": "~Ada_Example1",
        "weight": 4,
        "invitation": "V/Reviewers/-/Custom_Max_Papers",
    }
    score = {"head": "s1", "tail": "~Ada_Example1", "weight": 0.4, "invitation": "V/Reviewers/-/Affinity_Score"}
    old = {"forum": "s1", "signature": "~Ada_Example1", "tag": "I want to review"}
    total = {**score, "invitation": "V/Reviewers/-/Aggregate_Score"}
    gone = {**score, "invitation": "V/Reviewers/-/Assignment", "ddate": 1700000000000}
    written = {"submission": "s2", "user": "~Ada_Example1", "score": 0.75}
    odd = {"head": "s1", "tail": "~Ada_Example1", "invitation": "V/-/Something"}
    other = {"neither": "nor"}
    text = "\n".join(json.dumps(one) for one in (load, score, old, odd, other, total, gone, written))
    records = read("openreview", write(tmp_path, "some.jsonl", text))
    assert rows(records, "reviewers") == [{"id": "~Ada_Example1", "name": "Ada Example", "max_load": 4}]
    assert [(row["submission_id"], row["score"]) for row in rows(records, "scores")] == [("s1", 0.4), ("s2", 0.75)]
    assert [record.left_out for record in records[5:7]] == [
        "an aggregate of scores and bids: give the scores and the bids themselves",
        "deleted in OpenReview",
    ]
    assert rows(records, "bids")[0]["bid"] == "I want to review"
    assert records[3].field == "invitation"
    assert records[4].fault is not None


def test_openreview_csv_files_have_no_header_but_may_have_one(tmp_path: Path) -> None:
    expertise = 'author,pub,title,abstract\n~Ada_Example1,p1,"Title, one",First abstract\n~Ada_Example1,p2,Two,\n~B1,\n'
    records = read("openreview", write(tmp_path, "csv_expertise.csv", expertise))
    first, second = rows(records, "publications")
    assert (first["id"], first["title"], first["abstract"]) == ("p1", "Title, one", "First abstract")
    assert second["title"] == "Two"
    assert records[2].fault == "allowed are author, publication id, title, abstract"
    submissions = "s1,On Trees,An abstract\ns2,On Leaves,\n"
    found = rows(read("openreview", write(tmp_path, "csv_submissions.csv", submissions)), "submissions")
    assert [(one["id"], one["title"], one["abstract"]) for one in found] == [
        ("s1", "On Trees", "An abstract"),
        ("s2", "On Leaves", ""),
    ]


def test_openreview_grouped_edges(tmp_path: Path) -> None:
    grouped = {"groupedEdges": [{"id": {"tail": "~Ada_Example1"}, "values": [{"head": "s1"}, {"head": "s2"}, 5]}]}
    records = read("openreview", write(tmp_path, "Assignment.json", json.dumps(grouped)))
    assert [(row["submission_id"], row["reviewer_id"]) for row in rows(records, "assignments")] == [
        ("s1", "~Ada_Example1"),
        ("s2", "~Ada_Example1"),
    ]
    assert (records[2].field, records[2].fault) == ("head", "is missing")


def test_openreview_edge_tables(tmp_path: Path) -> None:
    scores = write(tmp_path, "scores.csv", "submission,user,score\ns1,~Ada_Example1,0.5\ns1,~Ada_Example1,much\n")
    good, bad = read("openreview", scores)
    assert [dict(row.values)["score"] for row in good.rows] == [0.5]
    assert (bad.field, bad.fault) == ("weight", "allowed is a number; got 'much'")
    bids = write(tmp_path, "bids.csv", "head,tail,label,weight\ns1,~Ada_Example1,High,2.0\n")
    assert rows(read("openreview", bids), "bids")[0]["bid"] == "High"
    conflicts = write(tmp_path, "conflicts.csv", "head,tail,label\ns1,~Ada_Example1,Coauthor\n")
    assert rows(read("openreview", conflicts), "conflicts")[0]["reason"] == "OpenReview: Coauthor"
    (unsaid,) = read("openreview", write(tmp_path, "edges.csv", "head,tail,label\ns1,~Ada_Example1,Coauthor\n"))
    assert unsaid.fault is not None
    assert "what the pair means is not said" in unsaid.fault
    bare = write(tmp_path, "model.csv", "s1,~Ada_Example1,0.89\ns1,bo@example.org,9e-1\n")
    assert [row["score"] for row in rows(read("openreview", bare), "scores")] == [0.89, 0.9]


def test_openreview_folder_without_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no \.json, \.jsonl or \.csv file"):
        read("openreview", tmp_path)


# --- HotCRP ---------------------------------------------------------------------------------------------------------


def test_hotcrp_committee(tmp_path: Path) -> None:
    text = (
        "given_name,family_name,email,affiliation,country,roles,tags,collaborators,"
        "topic: Flows,topic: Trees,topic: Seas\n"
        'Ada,Example,Ada@Example.org,University of Trees,NO,pc,heavy,"Bo Other (Uni B)\nAll (Uni C)\nNone",2,-1,odd\n'
        "Bo,Other,,Uni B,,,,,,,\n"
    )
    good, bad = read("hotcrp", write(tmp_path, "pcinfo.csv", text))
    (person,) = rows([good], "reviewers")
    assert (person["id"], person["name"], person["emails"]) == ("ada@example.org", "Ada Example", ["ada@example.org"])
    assert person["affiliations"] == [{"organisation": "University of Trees"}]
    assert person["relations"] == [
        {"kind": "coworker", "name": "Bo Other", "evidence": "collaborators: Bo Other (Uni B)"},
    ]
    assert person["interests"] == ["Flows"]
    assert person["attributes"] == {
        "country": "NO",
        "roles": ["pc"],
        "tags": ["heavy"],
        "collaborators": ["All (Uni C)"],
    }
    assert good.remarks == (
        "interest 'odd' in topic 'Seas' is neither a number nor high, normal, low",
        "collaborators 'All (Uni C)' count under a policy that has the rule 'collaborator', such as acl",
    )
    assert (bad.fault, bad.field) == ("is missing", "email")


def test_hotcrp_authors_come_together_in_their_submission(tmp_path: Path) -> None:
    text = (
        "paper,title,given_name,family_name,email,affiliation,iscontact\n"
        "1,On Trees,Ada,Example,ada@example.org,University of Trees,yes\n"
        "1,On Trees,Bo,Other,,Uni B,\n"
        "2,On Seas,,,,,\n"
        ",Lost,Cy,Third,,,\n"
        "3,,Dee,Fourth,,,\n"
    )
    records = read("hotcrp", write(tmp_path, "authors.csv", text))
    assert rows(records, "submissions") == [
        {
            "id": "1",
            "title": "On Trees",
            "authors": [
                {
                    "name": "Ada Example",
                    "person_id": "ada@example.org",
                    "email": "ada@example.org",
                    "affiliation": "University of Trees",
                },
                {"name": "Bo Other", "affiliation": "Uni B"},
            ],
        }
    ]
    assert [(record.fault, record.field) for record in records] == [
        (None, None),
        (None, None),
        ("the row has neither a name nor an address", "email"),
        ("is missing", "paper"),
        ("is missing", "title"),
    ]


def test_hotcrp_submissions_table(tmp_path: Path) -> None:
    text = "ID,Title,Abstract,Status,Topics\n1,On Trees,Leaves.,withdrawn,Flows; Trees\n2,On Seas,,accepted,\n"
    first, second = rows(read("hotcrp", write(tmp_path, "data.csv", text)), "submissions")
    assert (first["id"], first["status"], first["keywords"]) == ("1", "withdrawn", ["Flows", "Trees"])
    assert second["status"] == "active"


def test_hotcrp_submission_json(tmp_path: Path) -> None:
    papers: list[dict[str, Any]] = [
        {
            "object": "paper",
            "pid": 1,
            "title": "On Trees",
            "abstract": "Leaves.",
            "authors": [{"email": "Cy@Example.net", "first": "Cy", "last": "Third", "affiliation": "Uni C"}],
            "topics": {"Flows": True, "Seas": False},
            "pc_conflicts": {"Ada@example.org": "collaborator", "bo@example.org": "none", "dee@example.org": True},
            "collaborators": "Eve Fifth (Uni E)\nAll (Uni F)",
            "status": "submitted",
            "tags": "short odd",
        },
        {"pid": 2, "title": "A Draft", "status": "draft"},
        {"pid": 3, "title": "Gone", "withdrawn": True, "topics": ["Flows"], "pc_conflicts": ["ada@example.org"]},
        {"title": "No number"},
        {"pid": 5, "title": "Odd authors", "authors": "Ada"},
        {"pid": 6, "title": "Nameless", "authors": [{"affiliation": "Uni"}]},
        {"pid": 7, "title": "Odd conflicts", "pc_conflicts": "ada"},
    ]
    records = read("hotcrp", write(tmp_path, "papers.json", json.dumps(papers)))
    first, third = rows(records, "submissions")
    assert first["authors"] == [
        {"name": "Cy Third", "person_id": "cy@example.net", "email": "cy@example.net", "affiliation": "Uni C"},
    ]
    assert (first["keywords"], first["status"]) == (["Flows"], "active")
    assert first["attributes"] == {"collaborators": ["Eve Fifth (Uni E)", "All (Uni F)"], "tags": ["short", "odd"]}
    assert (third["status"], third["keywords"]) == ("withdrawn", ["Flows"])
    assert rows(records, "conflicts") == [
        {"submission_id": "1", "reviewer_id": "ada@example.org", "reason": "declared in HotCRP: collaborator"},
        {"submission_id": "1", "reviewer_id": "dee@example.org", "reason": "declared in HotCRP: conflict"},
        {"submission_id": "3", "reviewer_id": "ada@example.org", "reason": "declared in HotCRP: conflict"},
    ]
    assert records[1].left_out == "a draft that was not submitted"
    assert [record.field for record in records[3:]] == ["pid", "authors", "authors", "pc_conflicts"]


def test_hotcrp_preferences_and_conflicts(tmp_path: Path) -> None:
    preferences = (
        "paper,title,given_name,family_name,email,preference\n"
        "1,On Trees,Ada,Example,Ada@example.org,20X\n"
        "2,On Seas,Ada,Example,ada@example.org,\n"
        ",On Air,Ada,Example,ada@example.org,3\n"
    )
    records = read("hotcrp", write(tmp_path, "allprefs.csv", preferences))
    assert rows(records, "bids") == [{"submission_id": "1", "reviewer_id": "ada@example.org", "bid": "20X"}]
    assert records[1].left_out == "no preference was given"
    assert records[2].field == "paper"
    conflicts = (
        "paper,title,email,conflicttype\n1,On Trees,ada@example.org,pinned advisor\n2,On Seas,bo@example.org,none\n"
    )
    found = read("hotcrp", write(tmp_path, "conflicts.csv", conflicts))
    assert rows(found, "conflicts")[0]["reason"] == "declared in HotCRP: pinned advisor"
    assert found[1].left_out == "no conflict"


def test_hotcrp_bulk_assignments(tmp_path: Path) -> None:
    text = (
        "paper,action,email,round,preference\n"
        "1,primary,ada@example.org,R2,\n"
        "1,metareview,bo@example.org,,\n"
        "1,conflict,cy@example.org,,\n"
        "1,preference,cy@example.org,,7\n"
        "1,clearreview,ada@example.org,,\n"
        "1,dance,ada@example.org,,\n"
        "1,review,,,\n"
        "1,clearreview,#pc,,\n"
        "2,none,,,\n"
        "2,shepherd,ada@example.org,,\n"
        "2,secondaryreview,ada@example.org,early,\n"
        "2,review,bo@example.org,early,\n"
        "2,declined,cy@example.org,,\n"
    )
    records = read("hotcrp", write(tmp_path, "assignments.csv", text))
    assert rows(records, "assignments") == [
        {"submission_id": "1", "reviewer_id": "ada@example.org", "state": "proposed", "role": "reviewer", "round": 2},
        {"submission_id": "1", "reviewer_id": "bo@example.org", "state": "proposed", "role": "metareviewer"},
        {"submission_id": "2", "reviewer_id": "ada@example.org", "state": "proposed", "role": "reviewer"},
        {"submission_id": "2", "reviewer_id": "bo@example.org", "state": "proposed", "role": "reviewer"},
        {"submission_id": "2", "reviewer_id": "cy@example.org", "state": "declined", "role": "reviewer"},
    ]
    assert [record.left_out for record in records[7:10]] == [
        "action 'clearreview'",
        "action 'none'",
        "action 'shepherd', which is no review",
    ]
    assert [remark for record in records for remark in record.remarks] == [
        "the round 'early' has no number in its name: its reviews count as round 1"
    ]
    assert len(rows(records, "conflicts")) == len(rows(records, "bids")) == 1
    assert records[4].left_out == "action 'clearreview'"
    assert records[5].field == "action"
    assert records[6].field == "email"


def test_hotcrp_people_and_submissions_in_one_document(tmp_path: Path) -> None:
    document: dict[str, list[dict[str, Any]]] = {
        "contacts": [
            {"name": "Ada Example", "email": "Ada@Example.org", "roles": ["pc", "chair"], "tags": "red blue", "uid": 4},
            {"given_name": "Bo", "family_name": "Other", "email": "bo@example.org", "roles": {"pc": True}},
            {"name": "Cy Third", "email": "cy@example.org", "affiliation": "Uni"},
            {"name": "Nobody", "email": ""},
        ],
        "papers": [{"_id_": 7, "title": "T", "authors": [{"name": "Cy Third", "email": "CY@example.org"}]}],
    }
    document["contacts"][1] |= {"topics": {"Trees": 2, "Seas": -1}}
    records = read("hotcrp", write(tmp_path, "db.json", json.dumps(document, indent=1)))
    ada, bo = rows(records, "reviewers")
    assert (ada["id"], ada["attributes"]) == (
        "ada@example.org",
        {"roles": ["pc", "chair"], "tags": ["red", "blue"]},
    )
    assert (bo["name"], bo["interests"]) == ("Bo Other", ["Trees"])
    assert rows(records, "people") == [
        {
            "id": "cy@example.org",
            "name": "Cy Third",
            "emails": ["cy@example.org"],
            "affiliations": [{"organisation": "Uni"}],
        }
    ]
    assert rows(records, "submissions")[0]["id"] == "7"
    assert records[0].unread == ("uid",)
    assert (records[3].field, records[3].fault) == ("email", "is missing")
    listed = write(
        tmp_path, "users.json", json.dumps({"users": [{"email": "d@example.org", "topics": ["Trees"], "pc": True}]})
    )
    (dee,) = rows(read("hotcrp", listed), "reviewers")
    assert (dee["name"], dee["interests"]) == ("d", ["Trees"])


def test_hotcrp_states_of_reviews(tmp_path: Path) -> None:
    states = {
        "not accepted": "proposed",
        "accepted": "accepted",
        "draft": "accepted",
        "Complete": "done",
        "declined": "declined",
        "": "proposed",
    }
    lines = [f"{number},ada@example.org,primary,{said}" for number, said in enumerate(states, start=1)]
    path = write(tmp_path, "reviews.csv", "\n".join(("paper,email,reviewtype,status", *lines)) + "\n")
    assert [row["state"] for row in rows(read("hotcrp", path), "assignments")] == list(states.values())


def test_hotcrp_says_what_it_does_not_know(tmp_path: Path) -> None:
    paper = {"pid": 1, "title": "T", "status": "limbo", "decision": "later", "final": {}}
    (record,) = read("hotcrp", write(tmp_path, "papers.json", json.dumps([paper])))
    assert record.remarks == ("the status 'limbo' is not known: the submission counts as active",)
    assert record.unread == ("decision", "final")
    table = write(tmp_path, "papers.csv", "paper,title,status,topic: Trees,shoe size\n1,T,odd,1,43\n")
    (record,) = read("hotcrp", table)
    assert record.remarks == ("the status 'odd' is not known: the submission counts as active",)
    assert record.unread == ("shoe size",)


def test_hotcrp_other_columns_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"other.csv:1.*no columns of a HotCRP download"):
        read("hotcrp", write(tmp_path, "other.csv", "colour,shape\nred,round\n"))


def test_a_slip_in_a_heading_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no column 'prefrence', did you mean 'preference'"):
        read("hotcrp", write(tmp_path, "prefs.csv", "paper,email,prefrence\n1,ada@example.org,5\n"))


# --- CMT ------------------------------------------------------------------------------------------------------------


def test_cmt_submissions(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(
        [
            "Paper ID",
            "Paper Title",
            "Abstract",
            "Author Names",
            "Author Emails",
            "Track Name",
            "Primary Subject Area",
            "Secondary Subject Areas",
            "Domain Conflicts",
            "Status",
        ]
    )
    sheet.append(
        [
            1,
            "On Trees",
            "Leaves.",
            "Ada Example (Univ (Main) of Trees)*; Other, Bo (Uni B)",
            "Ada@example.org*; bo@example.org",
            "Main",
            "Flows",
            "Trees; Seas",
            "trees.example.edu; b.example.com",
            "Awaiting Decision",
        ]
    )
    sheet.append([2, "On Seas", "", "Ada Example", "ada@example.org; bo@example.org", "", "", "", "", ""])
    sheet.append([3, "On Air", "", "", "cy@example.org", "", "", "", "", "Withdrawn"])
    sheet.append([4, "", "", "", "", "", "", "", "", ""])
    sheet.append([5, "On Fire", "", "(nobody)", "", "", "", "", "", "Desk Reject"])
    path = tmp_path / "Papers.xlsx"
    book.save(path)
    records = read("cmt", path)
    first, third = rows(records, "submissions")
    assert first["authors"] == [
        {
            "name": "Ada Example",
            "person_id": "ada@example.org",
            "email": "ada@example.org",
            "affiliation": "Univ (Main) of Trees",
        },
        {"name": "Bo Other", "person_id": "bo@example.org", "email": "bo@example.org", "affiliation": "Uni B"},
    ]
    assert (first["track"], first["keywords"]) == ("Main", ["Flows", "Trees", "Seas"])
    assert first["attributes"] == {"conflict_domains": ["trees.example.edu", "b.example.com"]}
    assert records[1].fault == "1 authors and 2 addresses: who is who cannot be told"
    assert (third["status"], third["authors"][0]["name"]) == ("withdrawn", "cy")
    assert records[2].remarks == ("the authors are known by their addresses alone",)
    assert records[3].field == "title"
    assert records[4].fault is not None


def test_cmt_reviewers_with_and_without_header(tmp_path: Path) -> None:
    plain = "Ada\tM.\tExample\tAda@example.org\tUniversity of Trees\nBo\t\tOther\t\tUni B\n"
    good, bad = read("cmt", write(tmp_path, "Reviewers.txt", plain))
    (person,) = rows([good], "reviewers")
    assert (person["id"], person["name"]) == ("ada@example.org", "Ada M. Example")
    assert person["affiliations"] == [{"organisation": "University of Trees"}]
    assert bad.field == "email"
    headed = "First Name,Last Name,Email,Organization,Quota,Primary Subject Area\nAda,Example,a@example.org,U,4,Flows\n"
    headed += "Bo,Other,b@example.org,U,many,\n"
    first, second = read("cmt", write(tmp_path, "reviewers.csv", headed))
    assert rows([first], "reviewers")[0]["max_load"] == 4
    assert rows([first], "reviewers")[0]["interests"] == ["Flows"]
    assert (second.field, second.fault) == ("quota", "allowed is a whole number; got 'many'")


def test_cmt_bids_conflicts_and_assignments(tmp_path: Path) -> None:
    bids = "Paper ID\tReviewer Email\tBid\n1\tada@example.org\tEager\n2\tada@example.org\t\n\tada@example.org\tEager\n"
    records = read("cmt", write(tmp_path, "Bids.txt", bids))
    assert rows(records, "bids") == [{"submission_id": "1", "reviewer_id": "ada@example.org", "bid": "Eager"}]
    assert records[1].left_out == "no bid was given"
    assert records[2].field == "paper"
    conflicts = "Paper ID,Reviewer Email,Conflict Reason\n1,ada@example.org,Advisor\n"
    found = rows(read("cmt", write(tmp_path, "Conflicts.csv", conflicts)), "conflicts")
    assert found[0]["reason"] == "declared in CMT: Advisor"
    xml = (
        '<assignments><submission submissionId="1"><user email="Ada@example.org"/><user email="bo@example.org"/>'
        '</submission><submission submissionId="2"/>'
        '<submission><user email="x@example.org"/></submission></assignments>'
    )
    records = read("cmt", write(tmp_path, "Assignments.xml", xml))
    assert [row["reviewer_id"] for row in rows(records, "assignments")] == ["ada@example.org", "bo@example.org"]
    assert records[1].left_out == "a submission without reviewers"
    assert records[2].field == "submissionId"


def test_cmt_pairs_mean_what_their_file_is_called(tmp_path: Path) -> None:
    text = "Paper ID,Reviewer Email\n1,Ada@example.org\n2,\n"
    good, bad = read("cmt", write(tmp_path, "Assignments.csv", text))
    assert [(row.table, dict(row.values)) for row in good.rows] == [
        ("assignments", {"submission_id": "1", "reviewer_id": "ada@example.org", "state": "proposed"})
    ]
    assert bad.field == "email"
    for record in read("cmt", write(tmp_path, "pairs.csv", text)):
        assert record.fault is not None
        assert "'assignments' or 'conflicts'" in record.fault
    users = '<assignments><submission submissionId="1"><user email="a@example.org"/><user/></submission></assignments>'
    (cut,) = read("cmt", write(tmp_path, "assignments.xml", users))
    assert (cut.field, cut.fault) == ("email", "1 of 2 users of submission '1' have no address")


def test_cmt_other_columns_are_refused(tmp_path: Path) -> None:
    records = read("cmt", write(tmp_path, "other.csv", "colour,shape,size,weight,age\nred,round,1,2,3\n"))
    assert [record.fault for record in records] == [
        "allowed is an e-mail address; got 'weight'",
        "allowed is an e-mail address; got '2'",
    ]
    with pytest.raises(DataError, match="the column 'email' is missing"):
        read("cmt", write(tmp_path, "other.csv", "First Name,Last Name,Organization\nA,B,C\n"))
    with pytest.raises(DataError, match="no columns of a CMT file"):
        read("cmt", write(tmp_path, "other.csv", "Paper ID,Email\n1,\n"))


# --- EasyChair ------------------------------------------------------------------------------------------------------


def easychair_book(path: Path) -> Path:
    book = openpyxl.Workbook()
    submissions = book.active
    assert submissions is not None
    submissions.title = "Submissions"
    submissions.append(["#", "title", "authors", "keywords", "abstract", "decision", "deleted?"])
    submissions.append([1, "On Trees", "Ada Example and Bo Other", "flows\ntrees", "Leaves.", "no decision", "no"])
    submissions.append([2, "On Seas", "Cy Third, Dee Fourth", "", "", "desk reject", "no"])
    submissions.append([3, "Gone", "Ada Example", "", "", "", "yes"])
    authors = book.create_sheet("Authors")
    authors.append(["submission #", "first name", "last name", "email", "country", "affiliation", "person #"])
    authors.append([1, "Ada", "Example", "Ada@example.org", "NO", "University of Trees", 11])
    authors.append([1, "Bo", "Other", "bo@example.org", "NO", "Uni B", 12])
    authors.append([9, "Eve", "Fifth", "", "", "", 15])
    committee = book.create_sheet("Program committee")
    committee.append(["#", "person #", "first name", "last name", "email", "affiliation", "role", "topics"])
    committee.append([1, 21, "Fay", "Sixth", "fay@example.org", "Uni F", "PC member", "flows; seas"])
    committee.append([2, "", "Gil", "", "", "", "PC member", ""])
    bids = book.create_sheet("Bids")
    bids.append(["member #", "member name", "submission #", "bid"])
    bids.append([1, "Fay Sixth", 1, "yes"])
    bids.append([1, "Fay Sixth", 2, "conflict"])
    bids.append([7, "No Body", 2, "maybe"])
    bids.append([1, "Fay Sixth", 3, ""])
    other = book.create_sheet("Notes")
    other.append(["colour"])
    other.append(["red"])
    book.save(path)
    return path


def test_easychair_workbook(tmp_path: Path) -> None:
    records = read("easychair", easychair_book(tmp_path / "EasyChair.xlsx"))
    first, second = rows(records, "submissions")
    assert first["authors"] == [
        {
            "name": "Ada Example",
            "person_id": "easychair:11",
            "email": "ada@example.org",
            "affiliation": "University of Trees",
        },
        {"name": "Bo Other", "person_id": "easychair:12", "email": "bo@example.org", "affiliation": "Uni B"},
    ]
    assert first["keywords"] == ["flows", "trees"]
    assert (second["status"], second["authors"]) == ("desk_rejected", [{"name": "Cy Third"}, {"name": "Dee Fourth"}])
    (member,) = rows(records, "reviewers")
    assert (member["id"], member["interests"]) == ("easychair:21", ["flows", "seas"])
    assert rows(records, "bids") == [{"submission_id": "1", "reviewer_id": "easychair:21", "bid": "yes"}]
    assert rows(records, "conflicts")[0]["submission_id"] == "2"
    faults = [record.fault for record in records if record.fault]
    assert faults == [
        "is missing",
        "'7' is no member of the committee sheet; give that sheet too",
        "submission '9' has authors but stands in no sheet of submissions",
    ]
    left_out = [record.left_out for record in records if record.left_out]
    assert left_out == [
        "a submission that was deleted",
        "no bid was given",
        "a sheet that no venue folder has a table for",
    ]


def test_easychair_csv_with_semicolons_and_a_byte_order_mark(tmp_path: Path) -> None:
    text = "\ufeffsubmission #;first name;last name;email;person #\r\n1;Ada;Example;ada@example.org;11\r\n"
    authors = write(tmp_path, "author.csv", text)
    submissions = write(
        tmp_path, "submission.csv", "#;title;authors\r\n1;On Trees; Leaves;Ada Example\r\n2;On Seas;X Y\r\n"
    )
    records = read("easychair", authors, submissions)
    (second,) = rows(records, "submissions")
    assert second["id"] == "2"
    assert [record.fault for record in records if record.fault] == [
        "the row has 4 cells, the header has 3",
        "submission '1' has authors but stands in no sheet of submissions",
    ]


def test_easychair_assignments_by_member_number(tmp_path: Path) -> None:
    committee = write(
        tmp_path,
        "committee.csv",
        "#,person #,first name,last name,email,role\n3,12,Ada,Example,ada@example.org,PC member\n",
    )
    text = "submission #,member #\n1,3\n2,4\n,3\n"
    records = read("easychair", committee, write(tmp_path, "assignment.csv", text))
    assert rows(records, "assignments") == [{"submission_id": "1", "reviewer_id": "easychair:12", "state": "proposed"}]
    assert [record.fault for record in records[2:]] == [
        "'4' is no member of the committee sheet; give that sheet too",
        "is missing",
    ]


def test_easychair_topics_of_members(tmp_path: Path) -> None:
    committee = write(
        tmp_path,
        "committee.csv",
        "#,person #,first name,last name,email,role\n3,12,Ada,Example,ada@example.org,PC member\n",
    )
    text = "member #,member name,topic #,topic\n3,Ada Example,1,Trees\n3,Ada Example,2,\n9,Zoe None,1,Trees\n"
    records = read("easychair", committee, write(tmp_path, "topics.csv", text))
    assert rows(records, "reviewers")[1] == {"id": "easychair:12", "name": "Ada Example", "interests": ["Trees"]}
    assert [record.field for record in records[2:]] == ["topics", "member"]
    assert records[3].fault == "'9' is no member of the committee sheet; give that sheet too"


def test_easychair_refuses_other_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no sheet has the columns of EasyChair"):
        read("easychair", write(tmp_path, "other.csv", "colour;shape\nred;round\n"))


# --- NSF COA --------------------------------------------------------------------------------------------------------


def coa_book(path: Path, *, name: str = "Example, Ada M.") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["COA template"])
    sheet.append(["1", "Your Name:", "Your Organizational Affiliation(s), last 12 months", "", "Last Active Date"])
    sheet.append(["", name, "University of Trees", "", ""])
    sheet.append(["G:", "Advisor Name:", "Organizational Affiliation", "Optional", "Last Active"])
    sheet.append(["G:", "Other, Bo", "Uni B", "", ""])
    sheet.append(["T:", "Third, Cy", "Uni C", "", "6/1/2023"])
    sheet.append(["A:", "Fourth, Dee", "Uni D", "", "2024-05-01"])
    sheet.append(["A:", "Fifth, Eve", "Uni E", "", "lately"])
    sheet.append(["Q:", "Sixth, Fay", "", "", ""])
    book.save(path)
    return path


def test_coa(tmp_path: Path) -> None:
    records = read("coa", coa_book(tmp_path / "coa.xlsx"))
    (person,) = rows(records, "reviewers")
    assert (person["id"], person["name"]) == ("coa:ada-m.-example", "Ada M. Example")
    assert person["affiliations"] == [{"organisation": "University of Trees"}]
    assert person["relations"] == [
        {"kind": "advisor", "name": "Bo Other", "evidence": "collaborator table, graduate advisor, Uni B"},
        {
            "kind": "advisee",
            "name": "Cy Third",
            "end": "2023-06-01",
            "evidence": "collaborator table, thesis advisee, Uni C",
        },
        {
            "kind": "coauthor",
            "name": "Dee Fourth",
            "end": "2024-05-01",
            "evidence": "collaborator table, co-author, Uni D",
        },
    ]
    assert [(record.field, record.fault) for record in records if record.fault] == [
        ("last active", "allowed is a date as month/day/year; got 'lately'"),
        ("code", "allowed is one of A, B, C, E, G, P, R, T; got 'Q'"),
    ]


def test_coa_without_a_person_or_rows(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not name its person"):
        read("coa", coa_book(tmp_path / "coa.xlsx", name=""))
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["1", "Your Name:", "Organisation"])
    book.active.append(["", "Ada Example", "U"])
    book.save(tmp_path / "bare.xlsx")
    with pytest.raises(DataError, match="holds no row with a code"):
        read("coa", tmp_path / "bare.xlsx")


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_missing_file_and_a_folder_are_errors(name: str, tmp_path: Path) -> None:
    from matcher.ingest.formats import Owner

    wishes = Wishes(owners=(Owner("ada", ("Ada Example",)),))
    with pytest.raises(DataError, match="there is no such file"):
        list(FORMATS[name].read([tmp_path / "none.xml"], wishes))
    if name != "openreview":
        with pytest.raises(DataError, match="this is a folder, not a file"):
            list(FORMATS[name].read([tmp_path], wishes))
