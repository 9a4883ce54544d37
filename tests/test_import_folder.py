"""The folder that an import writes: new, added to, imported again, and the people in it kept one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from matcher import load_venue
from matcher.errors import DataError
from matcher.ingest.cv import CvDocument, Merged, merge_documents
from matcher.ingest.documents import collect, read_documents
from matcher.ingest.write_folder import Written, read_existing, write_folder
from tests.test_import_documents import put

PAPERS = [
    '"Sparse Trees for Dense Forests." Journal of Invented Results, 2022.',
    '"Counting Leaves Without Looking." Invented Conference on Trees, 2023.',
    '"Roots That Remember Their Rain." Invented Conference on Trees, 2021.',
    '"A Gentle Theory of Bark." Journal of Invented Results, 2020.',
    '"Which Branch Was It Anyway?" Invented Conference on Trees, 2019.',
]
COAUTHORS = "Bo Hartig, Cleo Marsh"


def cv(name: str, papers: Iterable[int] = (), *, more: str = "", coauthors: str = COAUTHORS) -> str:
    """A small CV, papers by their number in `PAPERS`."""
    entries = "\n".join(f"{n}. {name}, {coauthors}. {PAPERS[paper]}" for n, paper in enumerate(papers, start=1))
    listed = f"\n## Publications\n\n{entries}\n" if entries else ""
    return f"# {name}\n\n{more}\n{listed}"


def documents(folder: Path, **texts: str) -> list[CvDocument]:
    for name, text in texts.items():
        put(folder, f"{name}.txt", text)
    found = read_documents(collect([folder / f"{name}.txt" for name in texts]))
    assert found.failures == ()
    return list(found.read)


def add(venue: Path, found: list[CvDocument]) -> tuple[Merged, Written]:
    merged = merge_documents(found, read_existing(venue))
    return merged, write_folder(venue, merged, add=True)


def content(venue: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(venue.iterdir())}


def rows(venue: Path, stem: str) -> dict[str, dict[str, Any]]:
    lines = (venue / f"{stem}.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["id"]: row for row in map(json.loads, lines)}


ADA = """Email: ada@cs.northfield.example

## Education

- Ph.D. in Forestry, University of Northfield, Sep 2015 - Jun 2019. Advisor: Dora Quill
"""


# --- new ------------------------------------------------------------------------------------------------------------


def test_a_missing_and_an_empty_folder_are_written_the_same(tmp_path: Path) -> None:
    merged = merge_documents(documents(tmp_path, ada=cv("Ada Velden", [0, 1], more=ADA)))
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / ".DS_Store").write_text("x", encoding="utf-8")
    written = write_folder(tmp_path / "there", merged)
    write_folder(tmp_path / "deep" / "new", merged)
    (tmp_path / "there" / ".DS_Store").unlink()
    assert content(tmp_path / "there") == content(tmp_path / "deep" / "new")
    assert [(file.path.name, file.rows, file.added, file.changed) for file in written.files] == [
        ("publications.jsonl", 2, 2, 0),
        ("reviewers.jsonl", 1, 1, 0),
    ]
    row = rows(tmp_path / "there", "reviewers")["ada-velden"]
    assert row["name"] == "Ada Velden"
    assert row["paper_ids"] == ["sparse-trees-for-dense-forests", "counting-leaves-without-looking"]
    assert [(one["kind"], one["name"], one["start"], one["end"]) for one in row["relations"]] == [
        ("advisor", "Dora Quill", "2015-09", "2019-06")
    ]
    assert row["affiliations"][0]["organisation"] == "University of Northfield"
    assert row["affiliations"][0]["domain"] == "cs.northfield.example"
    paper = rows(tmp_path / "there", "publications")["counting-leaves-without-looking"]
    assert paper["date"] == "2023"
    assert paper["source"] == {"file": "ada.txt", "line": 13}
    assert [one["name"] for one in paper["authors"]] == ["Ada Velden", "Bo Hartig", "Cleo Marsh"]
    assert paper["authors"][0]["person_id"] == "ada-velden"


def test_a_dry_run_writes_nothing_and_says_what_it_would(tmp_path: Path) -> None:
    merged = merge_documents(documents(tmp_path, ada=cv("Ada Velden", [0])))
    dry = write_folder(tmp_path / "venue", merged, dry_run=True)
    assert not (tmp_path / "venue").exists()
    assert dry.is_dry_run
    wet = write_folder(tmp_path / "venue", merged)
    assert dry.files == wet.files
    before = content(tmp_path / "venue")
    more = merge_documents(documents(tmp_path, bo=cv("Bo Hartig", [1])), read_existing(tmp_path / "venue"))
    assert [file.added for file in write_folder(tmp_path / "venue", more, add=True, dry_run=True).files] == [1, 1]
    assert content(tmp_path / "venue") == before


def test_a_document_without_an_owner_leaves_nothing_in_the_folder(tmp_path: Path) -> None:
    found = documents(tmp_path, ada=cv("Ada Velden", [0]), nobody="Notes of the meeting\n\nWe met, and it rained.\n")
    assert found[1].owner is None
    stray = CvDocument(
        source="stray.txt",
        owner=None,
        domains=(),
        affiliations=(),
        relations=(),
        interests=(),
        entries=documents(tmp_path, bo=cv("Bo Hartig", [3, 4]))[0].entries,
        doubts=(),
        lines=(),
    )
    merged = merge_documents([*found, stray])
    assert [paper.id for paper in merged.papers] == ["sparse-trees-for-dense-forests"]
    assert [report.reviewer_id for report in merged.documents] == ["ada-velden", None, None]
    with pytest.raises(DataError, match=r"no document tells whose it is \(nobody.txt, stray.txt\)") as caught:
        write_folder(tmp_path / "venue", merge_documents([found[1], stray]))
    assert caught.value.remedy == "write the owner's name as the first line of the document"
    assert not (tmp_path / "venue").exists()


# --- refused --------------------------------------------------------------------------------------------------------


def test_a_filled_folder_is_refused_with_both_ways_out(tmp_path: Path) -> None:
    merged = merge_documents(documents(tmp_path, ada=cv("Ada Velden", [0])))
    venue = tmp_path / "venue"
    for name in "abcde":
        put(venue, f"{name}.txt", name)
    with pytest.raises(DataError, match=r"not empty: it holds a.txt, b.txt, c.txt and 2 more") as caught:
        write_folder(venue, merged)
    assert caught.value.remedy == "pass --add to add to what is there, or name an empty folder"
    assert len(content(venue)) == 5


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    merged = merge_documents(documents(tmp_path, ada=cv("Ada Velden", [0])))
    with pytest.raises(DataError, match="this is a file, not a folder"):
        write_folder(put(tmp_path, "venue", "x"), merged, add=True)


@pytest.mark.parametrize(("stem", "ending"), [("reviewers", ".csv"), ("publications", ".jsonl.gz")])
def test_tables_of_another_form_are_refused(tmp_path: Path, stem: str, ending: str) -> None:
    merged = merge_documents(documents(tmp_path, ada=cv("Ada Velden", [0])))
    put(tmp_path / "venue", stem + ending, "x")
    with pytest.raises(DataError, match=f"adding works with plain {stem}.jsonl, and the folder holds {stem}{ending}"):
        write_folder(tmp_path / "venue", merged, add=True)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"reviewers.jsonl:2: this is no JSON"),
        ("[1]", r"reviewers.jsonl:2: allowed is one JSON object a line"),
        ('{"id": "b", "name": "Bo", "max_load": "many"}', r"reviewers.jsonl:2: field 'max_load'"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_with_its_line(tmp_path: Path, line: str, message: str) -> None:
    put(tmp_path, "reviewers.jsonl", '{"id": "a", "name": "Ada Velden"}\n' + line + "\n")
    with pytest.raises(DataError, match=message):
        read_existing(tmp_path)


def test_a_table_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    put(tmp_path, "reviewers.jsonl", '{"id": "a", "name": "Zoë"}'.encode("latin-1"))
    with pytest.raises(DataError, match=r"reviewers.jsonl: the file cannot be read"):
        read_existing(tmp_path)


def test_a_write_that_fails_leaves_the_old_file_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    venue = tmp_path / "venue"
    write_folder(venue, merge_documents(documents(tmp_path, ada=cv("Ada Velden", [0]))))
    before = content(venue)

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device", str(target))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space left"):
        add(venue, documents(tmp_path, bo=cv("Bo Hartig", [1])))
    assert content(venue) == before


# --- added ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        cv("Ada Velden", [0, 1], more=ADA),
        cv("Ada Velden", [], more=ADA),
        cv("Ada Velden", [], more="Email: ada@cs.northfield.example"),
        cv("A. Velden", [0, 1, 2]),
        "Ruaridh M. T\nollemache\n",
    ],
    ids=["papers", "no papers", "name and domain", "initials", "half a name"],
)
def test_a_document_imported_again_changes_no_byte(tmp_path: Path, text: str) -> None:
    venue = tmp_path / "venue"
    found = documents(tmp_path, ada=text)
    write_folder(venue, merge_documents(found))
    before = content(venue)
    merged, written = add(venue, found)
    assert content(venue) == before
    assert [(file.added, file.changed) for file in written.files] == [(0, 0), (0, 0)]
    assert merged.doubts == ()
    assert not merged.documents[0].is_new


def test_grants_led_by_one_person_are_kept_and_not_doubled(tmp_path: Path) -> None:
    grants = """## Grants

- "Rain for Roots", Invented Fund, 2020 - 2022. Lead PI: Dora Quill
- "Light for Leaves", Invented Fund, 2021 - 2024. Lead PI: Dora Quill
"""
    venue = tmp_path / "venue"
    found = documents(tmp_path, ada=cv("Ada Velden", [0], more=grants))
    write_folder(venue, merge_documents(found))
    add(venue, found)
    ties = rows(venue, "reviewers")["ada-velden"]["relations"]
    assert [(one["kind"], one["start"]) for one in ties] == [("grant_lead", "2020"), ("grant_lead", "2021")]


def test_adding_keeps_every_row_and_field_of_the_chairs_own(tmp_path: Path) -> None:
    venue = tmp_path / "venue"
    own = (
        '{"id":"zed","name":"Zed Amber","max_load":2,"attributes":{"region":"north"},"note":"prefers short papers"}\n'
        '\n{"name": "Ada Velden", "id": "~Ada_Velden1", "emails": ["ada@northfield.example"], "max_load": 4}\n'
    )
    put(venue, "reviewers.jsonl", own)
    put(venue, "submissions.jsonl", '{"id": "s", "title": "T"}\n')
    merged, written = add(venue, documents(tmp_path, ada=cv("Ada Velden", [0, 1], more=ADA)))
    lines = (venue / "reviewers.jsonl").read_text(encoding="utf-8").splitlines()
    assert lines[0] == own.splitlines()[0]
    row = json.loads(lines[1])
    assert (row["id"], row["max_load"], row["emails"]) == ("~Ada_Velden1", 4, ["ada@northfield.example"])
    assert len(row["paper_ids"]) == 2
    assert row["relations"][0]["name"] == "Dora Quill"
    assert len(lines) == 2
    assert [(file.added, file.changed) for file in written.files] == [(2, 0), (0, 1)]
    assert "mail domain" in merged.documents[0].joined_with[0]
    assert rows(venue, "publications")["sparse-trees-for-dense-forests"]["authors"][0]["person_id"] == "~Ada_Velden1"
    assert {one.person_id for one in load_venue(venue).reviewers} == {"zed", "~Ada_Velden1"}


def test_adding_completes_a_paper_and_keeps_what_it_said(tmp_path: Path) -> None:
    venue = tmp_path / "venue"
    write_folder(venue, merge_documents(documents(tmp_path, ada=cv("Ada Velden", [0]))))
    listing = """# Bo Hartig

## Publications

1. Ada Velden, Bo Hartig, Cleo Marsh. "Sparse Trees for Dense Forests." arXiv preprint arXiv:2105.00001, 2021.
2. Bo Hartig, Ada Velden. "A Gentle Theory of Bark." Journal of Invented Results, 2020.
"""
    add(venue, documents(tmp_path, bo=listing))
    paper = rows(venue, "publications")["sparse-trees-for-dense-forests"]
    assert paper["date"] == ["2021", "2022"]
    assert (paper["kind"], paper["published_in"]) == ("journal", "Journal of Invented Results")
    assert [one["file"] for one in paper["source"]] == ["ada.txt", "bo.txt"]
    assert [one.get("person_id") for one in paper["authors"]] == ["ada-velden", "bo-hartig", None]


def test_the_order_in_which_documents_come_does_not_decide_who_is_who(tmp_path: Path) -> None:
    texts = {"old": [3, 4], "new": [0, 1], "all": [1, 3]}
    sizes = set()
    for order in (["old", "new", "all"], ["all", "old", "new"], ["new", "all", "old"]):
        merged = merge_documents(documents(tmp_path, **{name: cv("Ada Velden", texts[name]) for name in order}))
        sizes.add((len(merged.reviewers), len(merged.papers), len(merged.reviewers[0].paper_ids)))
        assert merged.doubts == ()
    assert sizes == {(1, 4, 4)}


def test_papers_that_the_folder_has_twice_stay_as_they_are(tmp_path: Path) -> None:
    venue = tmp_path / "venue"
    twins = [
        {"id": "p1", "title": "Counting Leaves Without Looking", "date": "2023", "authors": [{"name": "Bo Hartig"}]},
        {"id": "p2", "title": "Counting Leaves without Looking", "date": "2021", "authors": [{"name": "Bo Hartig"}]},
        {"id": "p3", "title": "Counting Leaves without Looking Up", "authors": [{"name": "Bo Hartig"}]},
    ]
    put(venue, "publications.jsonl", "".join(f"{json.dumps(row)}\n" for row in twins))
    put(venue, "reviewers.jsonl", '{"id": "bo", "name": "Bo Hartig", "paper_ids": ["p1", "p2"]}\n')
    before = content(venue)
    merged, _ = add(venue, documents(tmp_path, cleo=cv("Cleo Marsh", [0], coauthors="Ada Velden")))
    after = content(venue)
    assert all(after[name].startswith(before[name]) for name in before)
    assert merged.doubts == ()
    assert len(merged.papers) == 4


def test_titles_that_are_almost_the_same_are_kept_apart_and_told(tmp_path: Path) -> None:
    text = """# Ada Velden

## Publications

1. Ada Velden, Bo Hartig. "Counting the Leaves of Trees Without Looking Up." Invented Conference on Trees, 2023.
2. Ada Velden, Bo Hartig. "Counting the Leaves of Trees Without Looking." arXiv preprint arXiv:2201.00001, 2022.
3. Ada Velden, Cleo Marsh, Dora Quill. "Counting the Leaves of Trees With Looking Up." Journal of Trees, 2023.
"""
    merged = merge_documents(documents(tmp_path, ada=text))
    assert len(merged.papers) == 3
    (doubt,) = merged.doubts
    assert doubt.reason == "perhaps one paper under two titles, kept as two (ada.txt:5, ada.txt:6)"


def test_short_titles_need_half_of_the_byline_and_none_can_be_told_without_authors(tmp_path: Path) -> None:
    one = '# Ada Velden\n\n## Publications\n\n1. Ada Velden, Bo Hartig. "On Bark." Journal of Trees, 2020.\n'
    other = one.replace("Bo Hartig", "Cleo Marsh, Dora Quill, Emil Farrow").replace("2020", "2021")
    merged = merge_documents(documents(tmp_path, one=one, other=other))
    assert [paper.id for paper in merged.papers] == ["on-bark", "on-bark-2"]
    put(tmp_path / "venue", "publications.jsonl", '{"id": "p", "title": "Sparse Trees for Dense Forests"}\n')
    put(tmp_path / "venue", "reviewers.jsonl", '{"id": "z", "name": "Zed Amber"}\n')
    merged, _ = add(tmp_path / "venue", documents(tmp_path, ada=cv("Ada Velden", [0])))
    assert [(paper.id, len(paper.authors)) for paper in merged.papers] == [("p", 0)]


def test_letters_glued_to_a_name_are_cut_where_another_document_has_the_name(tmp_path: Path) -> None:
    glued = cv("Ada Velden", [0, 1], coauthors="Boqian Wua, Qiao Xiaob")
    clean = cv("Ada Velden", [1, 2], coauthors="Boqian Wu, Qiao Xiao")
    merged = merge_documents(documents(tmp_path, clean=clean, glued=glued.replace(PAPERS[1], PAPERS[3])))
    names = {mention.name for paper in merged.papers for mention in paper.authors}
    assert {"Boqian Wu", "Qiao Xiao"} <= names


def test_a_third_person_of_a_name_gets_an_id_of_their_own(tmp_path: Path) -> None:
    texts = {name: cv("Ada Velden", [number], coauthors="Bo Hartig") for number, name in enumerate("abc")}
    merged = merge_documents(documents(tmp_path, **texts))
    assert [person.id for person in merged.people] == ["ada-velden", "ada-velden-2", "ada-velden-3"]
    assert len(merged.doubts) == 3


# --- one person or two ----------------------------------------------------------------------------------------------

TWO_POSTS = """## Education

- Ph.D. in Forestry, University of Northfield, Sep 2015 - Jun 2019
- M.Sc. in Botany, Southmere College, 2013 - 2015
"""

MAIL = "Email: ada@cs.northfield.example\n\n"
HERE = """## Experience

- Lecturer, University of Northfield, 2022 - present
"""


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (cv("Ada Velden", [0, 1]), cv("Ada Velden", [1, 2]), "1 paper is the same"),
        (cv("Ada Velden", [0, 1]), cv("A. Velden", [0, 1]), "2 papers are the same"),
        (cv("Ada Velden", [0], more=ADA), cv("Ada Velden", [1], more=ADA), "so is the advisor"),
        (cv("Ada Velden", [0], more=TWO_POSTS), cv("Ada Velden", [1], more=TWO_POSTS), "positions with their dates"),
        (cv("Ada Velden", [0], more=ADA), cv("Ada Velden"), "tells nothing else"),
        (
            cv("Ada Velden", [0], more=MAIL + TWO_POSTS),
            cv("Ada Velden", [1], more=MAIL + HERE),
            "so is the mail domain",
        ),
    ],
    ids=["a paper", "initials and two papers", "a tie", "two positions", "an empty page", "a mail domain"],
)
def test_two_documents_of_one_person(tmp_path: Path, one: str, other: str, why: str) -> None:
    merged = merge_documents(documents(tmp_path, one=one, other=other))
    assert len(merged.reviewers) == 1
    assert merged.doubts == ()
    assert why in merged.documents[1].joined_with[0]
    assert merged.documents[1].joined_with[0].startswith("one.txt: ")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (cv("Ada Velden", [0]), cv("Ada Velden", [1])),
        (cv("Ada Velden", [], more=ADA), cv("Ada Velden", [], more=TWO_POSTS.replace("2013", "2012"))),
    ],
    ids=["other papers", "other facts"],
)
def test_a_name_alone_makes_nobody_one(tmp_path: Path, one: str, other: str) -> None:
    merged = merge_documents(documents(tmp_path, one=one, other=other))
    assert [person.id for person in merged.people] == ["ada-velden", "ada-velden-2"]
    (doubt,) = merged.doubts
    assert "one.txt and other.txt name the same person 'ada velden' and are kept as two reviewers" in doubt.reason


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (cv("Ada Velden", [0]), cv("Bo Hartig", [0, 1])),
        (cv("Ada Velden", [0, 1]), cv("A. Velden", [2])),
        (cv("Ada Velden", [0, 1, 2]), cv("Adam Velden", [0, 1, 2])),
    ],
    ids=["coauthors", "initials without papers", "near names"],
)
def test_two_people_stay_two_without_a_doubt(tmp_path: Path, one: str, other: str) -> None:
    merged = merge_documents(documents(tmp_path, one=one, other=other))
    assert len(merged.reviewers) == 2
    assert merged.doubts == ()


def test_reviewers_whom_the_chair_has_as_two_stay_two(tmp_path: Path) -> None:
    venue = tmp_path / "venue"
    found = documents(tmp_path, one=cv("Ada Velden", [0]), other=cv("Ada Velden", [1]))
    write_folder(venue, merge_documents(found))
    merged, _ = add(venue, documents(tmp_path, both=cv("Ada Velden", [0, 1])))
    assert [(one.person_id, len(one.paper_ids)) for one in merged.reviewers] == [("ada-velden", 2), ("ada-velden-2", 1)]
    assert len(merged.doubts) == 1
    assert "reviewer 'ada-velden-2'" in merged.doubts[0].reason


# --- no addresses ---------------------------------------------------------------------------------------------------

ADDRESS = re.compile(r"[\w.+'-]+\}?\s*(?:@|[(\[]\s*at\s*[)\]])\s*[\w-]+\s*(?:\.|[(\[]\s*dot)|secret", re.IGNORECASE)


@pytest.mark.parametrize(
    "address",
    [
        "secret@cs.northfield.example",
        "{secret.v, secret.h}@cs.northfield.example",
        "secret [at] cs.northfield.example",
        "secret (at) cs (dot) northfield (dot) example",
        "secret AT northfield DOT example",
        "mailto:secret@northfield.example",
        "<secret@northfield.example>",
    ],
)
def test_no_address_reaches_the_folder(tmp_path: Path, address: str) -> None:
    text = f"""# Ada Velden ({address})

Email: {address}

## Research interests

Forests, trees; write to {address}

## Education

- Ph.D. in Forestry, University of Northfield, 2015 - 2019. Advisor: Dora Quill ({address})

## Publications

1. Ada Velden, Bo Hartig. "Sparse Trees for Dense Forests." Journal of Invented Results, 2022. Contact: {address}
2. Ada Velden, Bo Hartig. "Counting Leaves {address} Without Looking." Invented Conference on Trees, 2023.
3. Ada Velden. "Recall@10 is Enough." Invented Conference on Trees, 2023.
"""
    found = documents(tmp_path, ada=text)
    merged = merge_documents(found)
    venue = tmp_path / "venue"
    write_folder(venue, merged)
    for file, held in content(venue).items():
        assert not ADDRESS.search(held.decode()), (file, ADDRESS.search(held.decode()))
    assert not ADDRESS.search(repr(merged))
    assert rows(venue, "reviewers")["ada-velden"]["relations"][0]["name"] == "Dora Quill"
    assert "Recall@10 is Enough" in {row["title"] for row in rows(venue, "publications").values()}
