"""Bibliographic formats: every field of our own small files, by what stands in them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from matcher.errors import DataError
from matcher.ingest.formats import FORMATS, Owner, SourceRecord, Wishes
from matcher.ingest.formats.works import kind_of, plain_key

FOREIGN = Path(__file__).parent / "foreign"

ADA = Owner(
    "ada",
    ("Ada Example",),
    frozenset({"dblp:12/345", "orcid:0000-0002-1825-0097", "semanticscholar:111"}),
)
WEI = Owner("wei", ("Wei Wang",), frozenset({"dblpname:wei wang 0003"}))


def read(name: str, path: Path, *owners: Owner) -> list[SourceRecord]:
    return list(FORMATS[name].read([path], Wishes(owners=owners or (ADA,))))


def papers(records: list[SourceRecord]) -> list[dict[str, Any]]:
    return [dict(row.values) for record in records for row in record.rows if row.table == "publications"]


def author_names(paper: dict[str, Any]) -> list[str]:
    return [author["name"] for author in paper["authors"]]


# --- DBLP -----------------------------------------------------------------------------------------------------------


def test_dblp_letters_marks_and_homonym_numbers() -> None:
    records = read("dblp", FOREIGN / "dblp.xml", ADA, WEI)
    first, second, fourth = papers(records)
    assert first["id"] == "dblp:journals/tree/ExampleM20"
    assert first["title"] == "Growing small Trees & Shrubs"
    assert author_names(first) == ["Ada Example", "Jürgen Möwenstein"]
    assert (first["date"], first["published_in"], first["kind"]) == ("2020", "J. Trees", "journal")
    assert first["source"] == {"file": "dblp.xml", "line": 4}
    assert first["authors"][1]["person_id"] == "dblpname:jürgen möwenstein 0002"
    assert second["authors"] == [{"name": "Wei Wang", "person_id": "wei"}]  # 0003 is ours, 0004 is not
    assert second["kind"] == "workshop"
    assert fourth["kind"] == "preprint"
    assert [record.left_out for record in records] == [
        None,
        None,
        "no author is one of the reviewers",
        None,
        "a person's page or a volume, no work of its own",
        "no author is one of the reviewers",
    ]


def test_a_dblp_person_page() -> None:
    streams, roots = papers(read("dblp", FOREIGN / "dblp_person.xml"))
    assert author_names(streams) == ["Ada Example", "Bo Other"]
    assert streams["authors"][1]["person_id"] == "dblp:99/9"
    assert (roots["kind"], roots["published_in"], roots["date"]) == ("thesis", "University of Trees", "2018")


def test_gzip_xml_gives_the_same(tmp_path: Path) -> None:
    packed = tmp_path / "dblp.xml.gz"
    packed.write_bytes(gzip.compress((FOREIGN / "dblp.xml").read_bytes()))
    plain = [record.rows for record in read("dblp", FOREIGN / "dblp.xml")]
    renamed = json.dumps([[dict(row.values) for row in rows] for rows in plain]).replace('"dblp.xml"', '"dblp.xml.gz"')
    assert json.loads(renamed) == [[dict(row.values) for row in record.rows] for record in read("dblp", packed)]


def test_an_entity_cut_by_the_end_of_a_chunk_is_one_letter(tmp_path: Path) -> None:
    head = '<dblp><article key="k"><author>Ada Example</author><title>'
    for padding in range((1 << 18) - len(head) - 8, (1 << 18) - len(head) + 1):
        path = tmp_path / "big.xml"
        path.write_text(f"{head}{'x' * padding}&ouml;y</title><year>2020</year></article></dblp>")
        (paper,) = papers(read("dblp", path))
        assert paper["title"] == f"{'x' * padding}öy"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("<dblp><article>", "this is no XML"),
        ("<!DOCTYPE d [<!ENTITY a 'b'>]><dblp>&a;</dblp>", "defines entities"),
        ("<dblp>&unknownletter;</dblp>", "this is no XML"),
        ("", "this is no XML"),
    ],
)
def test_broken_xml_names_the_file(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "broken.xml"
    path.write_text(content)
    with pytest.raises(DataError, match=f"broken.xml.*{said}"):
        read("dblp", path)


def test_damaged_gzip_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "broken.xml.gz"
    path.write_bytes(b"\x1f\x8b" + b"nothing of the kind" * 3)
    with pytest.raises(DataError, match="the gzip file is damaged"):
        read("dblp", path)


def test_no_file_outside_is_loaded(tmp_path: Path) -> None:
    secret = tmp_path / "secret.dtd"
    secret.write_text("<!ENTITY x 'leak'>")
    path = tmp_path / "outside.xml"
    text = "<article key='k'><author>Ada Example</author><title>A title</title></article>"
    path.write_text(f"<!DOCTYPE dblp SYSTEM '{secret.as_uri()}'><dblp>{text}</dblp>")
    (paper,) = papers(read("dblp", path))
    assert paper["title"] == "A title"


def test_progress_is_told_while_a_dump_streams(tmp_path: Path) -> None:
    path = tmp_path / "dump.xml"
    works = "".join(f"<article key='k{n}'><author>No Body</author><title>T</title></article>" for n in range(25_000))
    path.write_text(f"<dblp>{works}</dblp>")
    told: list[int] = []
    records = FORMATS["dblp"].read([path], Wishes(owners=(ADA,), progress=told.append))
    assert sum(record.left_out is not None for record in records) == 25_000
    assert told == [10_000, 20_000]


# --- ACL Anthology, arXiv -------------------------------------------------------------------------------------------


def test_anthology() -> None:
    records = read("anthology", FOREIGN / "anthology.xml")
    (paper,) = papers(records)
    assert paper["id"] == "acl:2024.tree-1.1"
    assert paper["title"] == "Parsing Oaks"
    assert author_names(paper) == ["Ada Example", "Mononym"]
    assert paper["authors"][0]["affiliation"] == "University of Trees"
    assert (paper["date"], paper["kind"], paper["abstract"]) == ("2024-06", "workshop", "We parse oaks.")
    assert records[1].left_out == "no author is one of the reviewers"


def test_arxiv_feed_and_metadata() -> None:
    (leaves,) = papers(read("arxiv", FOREIGN / "arxiv.xml"))
    assert (leaves["id"], leaves["date"], leaves["kind"]) == ("arxiv:2101.00001", "2021-01-02", "preprint")
    assert leaves["title"] == "Leaves in Latent Space"
    assert leaves["abstract"] == "We study leaves."
    (old,) = papers(read("arxiv", FOREIGN / "arxiv.jsonl"))
    assert (old["id"], old["date"]) == ("arxiv:0704.0001", "2007-04-02")
    assert author_names(old) == ["Ada Example", "Cy Third Jr"]


# --- BibTeX and RIS -------------------------------------------------------------------------------------------------


def test_bibtex_reads_what_is_clear_and_rejects_the_rest() -> None:
    records = read("bibtex", FOREIGN / "works.bib")
    deep, roots, late = papers(records)
    assert deep["id"] == "doi:10.1234/flow.20"
    assert deep["title"] == "Deep Örigins of $\\alpha$-Trees"
    assert author_names(deep) == ["Ada Example", "Other van der Bo", "The Leaf Consortium"]
    assert (deep["date"], deep["published_in"], deep["kind"]) == ("2020-06", "Conference on Flow", "conference")
    assert records[0].remarks == ("the authors end in 'and others': the list is cut off",)
    assert (roots["kind"], roots["published_in"]) == ("thesis", "University of Trees")
    assert (late["id"], late["date"]) == ("bibtex:works:late", "2019-05-06")
    assert [(record.line, record.fault) for record in records if record.fault] == [
        (10, "allowed are names separated by ' and '; got 'Example, Ada, Bo Other, Cy Third, Dee Fourth'"),
        (12, "this is no BibTeX record"),
    ]
    assert records[1].left_out == "an author may be one of the reviewers, which is not certain"


def test_initials_suffice_in_a_file_that_is_said_to_be_ones_own() -> None:
    sure = Owner("ada", ("Ada Example",), is_sure=True)
    (paper,) = [one for one in papers(read("bibtex", FOREIGN / "works.bib", sure)) if one["id"] == "arxiv:2101.00001"]
    assert paper["authors"] == [{"name": "A. Example", "person_id": "ada"}]
    assert (paper["title"], paper["kind"]) == ("Fifty% of Leaves", "preprint")


def test_a_key_that_stands_twice_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "twice.bib"
    path.write_text("@misc{a, title={One}, author={Ada Example}}\n@misc{a, title={Two}, author={Ada Example}}\n")
    first, second = read("bibtex", path)
    assert first.fault is None
    assert (second.line, second.fault) == (2, "the key 'a' stands in the file twice")


@pytest.mark.parametrize(("name", "file"), [("bibtex", "none.bib"), ("ris", "none.ris")])
def test_a_file_without_a_record_is_no_such_file(tmp_path: Path, name: str, file: str) -> None:
    path = tmp_path / file
    path.write_text("Dear chair,\nhere are my papers.\n")
    with pytest.raises(DataError, match=r"the file holds no (BibTeX|RIS) record"):
        read(name, path)


def test_three_part_names_and_months(tmp_path: Path) -> None:
    path = tmp_path / "names.bib"
    entries = [
        "@article{a, title={A}, author={de la Example, Jr, Ada}, year={2020}, month={7}}",
        "@article{b, title={B}, author={Ada Example}, year={in press}, month=foo}",
        "@inproceedings{c, title={C}, author={Ada Example}, booktitle={Workshop on C}, year={2021}}",
    ]
    path.write_text("\n".join(entries))
    records = read("bibtex", path, ADA, Owner("jr", ("Ada de la Example Jr",)))
    first, second, third = papers(records)
    assert (author_names(first), first["date"]) == (["Ada de la Example Jr"], "2020-07")
    assert second["date"] is None
    assert third["kind"] == "workshop"


def test_ris() -> None:
    grafting, open_end = read("ris", FOREIGN / "works.ris")
    (paper,) = papers([grafting])
    assert (paper["id"], paper["title"], paper["abstract"]) == ("doi:10.1234/graft", "Grafting", "We graft.")
    assert author_names(paper) == ["Ada Example", "Cy Third Jr."]
    assert (paper["date"], paper["kind"], paper["published_in"]) == ("2019-05-06", "journal", "J. Trees")
    assert (open_end.line, open_end.fault) == (12, "the record is not closed by 'ER  - '")


def test_text_between_ris_records_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "stray.ris"
    path.write_text(
        "Provider: X\nTY  - JOUR\nTI  - A\nAU  - Example, Ada\nPY  - 2019\nER  - \nTY  - JOUR\nTI  - B\nER  - \n"
    )
    stray, first, second = read("ris", path)
    assert (stray.line, stray.fault) == (1, "a record starts with 'TY  - '")
    assert papers([first])[0]["date"] == "2019"
    assert second.left_out == "no author is one of the reviewers"


# --- JSON of indexes ------------------------------------------------------------------------------------------------


def test_semantic_scholar_knows_people_by_id() -> None:
    records = read("semanticscholar", FOREIGN / "semanticscholar.jsonl")
    seeds, seedlings = papers(records)
    assert (seeds["id"], seeds["date"], seeds["kind"]) == ("doi:10.1234/s2.1", "2022-03-04", "conference")
    assert seeds["authors"] == [
        {"name": "A. Example", "person_id": "ada"},
        {"name": "Bo Other", "person_id": "semanticscholar:222"},
    ]
    assert (seedlings["id"], seedlings["date"], seedlings["kind"]) == ("semanticscholar:7", None, "preprint")
    assert records[2].fault == "this is no work as Semantic Scholar has it: an id or a title is missing"
    assert records[3].left_out == "no author is one of the reviewers"


def test_another_id_of_the_same_registry_is_another_person(tmp_path: Path) -> None:
    path = tmp_path / "papers.jsonl"
    path.write_text(json.dumps({"paperId": "x", "title": "T", "authors": [{"authorId": "5", "name": "Ada Example"}]}))
    (record,) = read("semanticscholar", path)
    assert record.left_out == "no author is one of the reviewers"


def test_openalex_turns_the_abstract_back() -> None:
    records = read("openalex", FOREIGN / "openalex.json")
    (paper,) = papers(records)
    assert (paper["id"], paper["title"]) == ("doi:10.1234/oa.1", "Bark & Moss")
    assert paper["abstract"] == "We bark on bark"
    assert paper["authors"] == [{"name": "Ada Example", "person_id": "ada", "affiliation": "University of Trees"}]
    assert (paper["date"], paper["published_in"], paper["kind"]) == ("2021-07-08", "J. Trees", "journal")
    assert records[1].left_out == "no author is one of the reviewers"


def test_crossref_without_its_markup() -> None:
    records = read("crossref", FOREIGN / "crossref.json")
    (paper,) = papers(records)
    assert (paper["title"], paper["abstract"]) == ("Twigs & Stems", "We bend.")
    assert author_names(paper) == ["Ada Example", "The Leaf Consortium"]
    assert (paper["date"], paper["kind"]) == ("2020-05", "journal")
    assert records[1].fault == "this is no work as Crossref has it: an id or a title is missing"


def test_orcid_names_its_owner() -> None:
    owner, first, second = read("orcid", FOREIGN / "orcid.json", Owner("x", ("No Body",)))
    person = dict(owner.rows[0].values)
    assert (person["id"], person["name"]) == ("orcid:0000-0002-1825-0097", "Ada Example")
    assert person["affiliations"] == [
        {"organisation": "University of Trees", "role": "Professor", "start": "2019-04"},
    ]
    (paper,) = papers([first])
    assert (paper["id"], paper["date"], paper["kind"]) == ("doi:10.1234/orc.5", "2022-03", "journal")
    assert first.remarks == ("ORCID names no co-authors: joint papers may be missed",)
    assert papers([second])[0]["date"] is None


def test_orcid_owner_is_the_reviewer_with_that_id() -> None:
    owner, *_ = read("orcid", FOREIGN / "orcid.json", ADA)
    assert owner.rows[0].values["id"] == "ada"


def test_an_orcid_work_whose_credit_names_do_not_tell_the_owner(tmp_path: Path) -> None:
    record = json.loads((FOREIGN / "orcid.json").read_text())
    contributors = [{"credit-name": {"value": "Example AB"}}, {"credit-name": {"value": "Other, Bo"}}]
    group = record["activities-summary"]["works"]["group"][0]
    group["work-summary"][0]["contributors"] = {"contributor": contributors}
    path = tmp_path / "record.json"
    path.write_text(json.dumps(record))
    _, first, _ = read("orcid", path)
    assert first.remarks == ("'Roots and Rain': which author is Ada Example is not certain",)
    assert author_names(papers([first])[0]) == ["Example AB", "Bo Other"]
    assert first.rows[1].values["paper_ids"] == ["doi:10.1234/orc.5"]


@pytest.mark.parametrize("name", ["semanticscholar", "openalex", "crossref"])
def test_fields_of_another_shape_are_rejected_one_by_one(tmp_path: Path, name: str) -> None:
    path = tmp_path / "odd.jsonl"
    odd = {"paperId": "p", "id": "p", "DOI": "10.1/p", "title": ["T"], "authors": 7, "authorships": 7, "author": 7}
    path.write_text(f"{json.dumps(odd)}\n{{}}\n")
    odd_record, empty = read(name, path)
    assert odd_record.fault is not None
    assert "another shape" in odd_record.fault
    assert empty.fault is not None


def test_orcid_of_another_shape_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "odd.json"
    path.write_text('{"activities-summary": {"works": {"group": [7]}}, "orcid-identifier": {"path": "1"}, "person": 3}')
    (record,) = read("orcid", path)
    assert (record.fault, record.field) == ("is missing", "person.name")
    path.write_text(
        '{"activities-summary": {"works": {"group": [7]}}, "orcid-identifier": {"path": "1"},'
        ' "person": {"name": {"given-names": {"value": "A"}}}}'
    )
    (record,) = read("orcid", path)
    assert record.fault is not None
    assert "another shape than ORCID has" in record.fault
    path.write_text('{"some": "thing"}')
    (record,) = read("orcid", path)
    assert record.fault == "this is no ORCID record: 'activities-summary' is missing"


# --- whose works ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [one.name for one in FORMATS.values() if one.needs_owners and one.name not in ("orcid", "statements")]
)
def test_nobody_wanted_is_an_error(name: str, tmp_path: Path) -> None:
    path = tmp_path / "file.xml"
    path.write_text("<feed/>")
    with pytest.raises(DataError, match=r"whose publications are wanted is not said.*--reviewer"):
        list(FORMATS[name].read([path], Wishes()))


def test_two_reviewers_of_one_name_are_a_question() -> None:
    twins = (Owner("one", ("Ada Example",)), Owner("two", ("Ada Example",)))
    records = read("arxiv", FOREIGN / "arxiv.xml", *twins)
    assert records[0].left_out == "an author may be one of the reviewers, which is not certain"


def test_two_authors_of_one_work_are_never_one_person(tmp_path: Path) -> None:
    path = tmp_path / "two.bib"
    path.write_text("@misc{a, title={Two of a Name}, author={Ada Example and Ada Example}}")
    (record,) = read("bibtex", path)
    (paper,) = papers([record])
    assert [author.get("person_id") for author in paper["authors"]] == ["ada", None]
    assert record.remarks == ("two authors of one work would be ada",)


def test_small_parts() -> None:
    assert kind_of("", "Thesis") == "thesis"
    assert kind_of("something") == "other"
    assert plain_key("orcid", "0000-0002-1825-0097") == "orcid:0000-0002-1825-0097"
