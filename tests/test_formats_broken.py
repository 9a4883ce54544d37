"""Every format against every kind of damage: what is read is what is there, and nothing is lost without a word.

Each format has a good file of three records and a bad record. A damaged file either is refused as a whole, by an error
that names it, or each of its records is accepted, rejected or left out, and counted.
"""

from __future__ import annotations

import gzip
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from matcher.errors import DataError
from matcher.ingest.formats import FORMATS, Owner, Wishes
from matcher.ingest.formats.collect import Collected, Collector

ADA = Owner("ada", ("Ada Example",), frozenset({"orcid:0000-0002-1825-0097"}), emails=("ada@example.org",))
MEGABYTE = "long words " * 100_000


@dataclass(frozen=True)
class Sample:
    """A good file and what can be done to it.

    Args:
        format: the format's name.
        file: the file's name, which some readers go by.
        head: what stands before the records.
        records: three good ones, as texts.
        tail: what stands after them.
        between: what stands between two.
        bad: a record that cannot be accepted; empty when the format has none.
        long: a record with a field of a megabyte.
        may_lack_header: whether the file is read the same way without its header.
        each: source records that each record is: a person with one work is two.
    """

    format: str
    file: str
    head: str
    records: tuple[str, ...]
    bad: str
    long: str
    tail: str = ""
    between: str = "\n"
    may_lack_header: bool = False
    each: int = 1

    @property
    def id(self) -> str:
        return f"{self.format}-{self.file}"

    def text(self, *records: str) -> str:
        return self.head + self.between.join(records or self.records) + self.tail


def table(name: str, file: str, header: str, row: str, bad: str, *, may_lack_header: bool = False) -> Sample:
    """A table; `{n}` counts the rows and `{t}` is a text."""
    made = tuple(row.format(n=n, t=f"Trées {n}") for n in (1, 2, 3))
    long = row.format(n=4, t=MEGABYTE)
    return Sample(name, file, header + "\n", made, bad, long, tail="\n", may_lack_header=may_lack_header)


def lines(name: str, file: str, make: Callable[[int, str], Any], bad: str) -> Sample:
    """JSON Lines."""
    made = tuple(json.dumps(make(n, f"Trées {n}"), ensure_ascii=False) for n in (1, 2, 3))
    return Sample(name, file, "", made, bad, json.dumps(make(4, MEGABYTE)), tail="\n")


def document(name: str, file: str, make: Callable[[int, str], Any], bad: str) -> Sample:
    """One JSON document with a list."""
    made = tuple(json.dumps(make(n, f"Trées {n}"), ensure_ascii=False) for n in (1, 2, 3))
    return Sample(name, file, "[\n", made, bad, json.dumps(make(4, MEGABYTE)), tail="\n]\n", between=",\n")


def xml(name: str, file: str, root: str, make: Callable[[int, str], str], bad: str) -> Sample:
    """XML with the records inside one element, or inside several."""
    head = "<?xml version='1.0' encoding='utf-8'?>\n" + "".join(f"<{tag}>" for tag in root.split(">"))
    tail = "".join(f"</{tag.partition(' ')[0]}>" for tag in reversed(root.split(">")))
    return Sample(name, file, head, tuple(make(n, f"Trées {n}") for n in (1, 2, 3)), bad, make(4, MEGABYTE), tail=tail)


def orcid_record(n: int, title: str) -> dict[str, Any]:
    work = {"work-summary": [{"title": {"title": {"value": title}}, "put-code": n}]}
    return {
        "orcid-identifier": {"path": "0000-0002-1825-0097"},
        "person": {"name": {"given-names": {"value": "Ada"}, "family-name": {"value": "Example"}}},
        "activities-summary": {"works": {"group": [work]}},
    }


SAMPLES = (
    table("openreview", "csv_submissions.csv", "id,title,abstract", "s{n},{t},An abstract", "s9", may_lack_header=True),
    table(
        "openreview",
        "csv_expertise.csv",
        "author,pub,title,abstract",
        "~Ada_Example1,p{n},{t},An abstract",
        "~Ada_Example1",
        may_lack_header=True,
    ),
    table(
        "openreview",
        "Affinity_Score.csv",
        "head,tail,weight",
        "s{n},~Ada_Example1,0.5",
        "s9,~Ada_Example1,much",
        may_lack_header=True,
    ),
    lines(
        "openreview",
        "notes.jsonl",
        lambda n, t: {"id": f"s{n}", "content": {"title": {"value": t}, "authors": {"value": ["Ada Example"]}}},
        '{"id": "s9"}',
    ),
    document(
        "openreview",
        "profiles.json",
        lambda n, t: {"id": f"~Ada_Example{n}", "content": {"names": [{"fullname": t, "preferred": True}]}},
        '{"id": "~Bo1", "content": {"names": []}}',
    ),
    table("hotcrp", "pcinfo.csv", "name,email,affiliation", "{t},a{n}@example.org,Uni", "Bo,,Uni"),
    table("hotcrp", "authors.csv", "paper,title,name,email", "{n},{t},Ada,a{n}@example.org", ",T,Ada,a@example.org"),
    table("hotcrp", "allprefs.csv", "paper,title,email,preference", "{n},{t},a@example.org,5X", ",T,a@example.org,5"),
    table(
        "hotcrp",
        "pcassignments.csv",
        "paper,action,email,title",
        "{n},pcreview,a@example.org,{t}",
        "9,dance,a@example.org,T",
    ),
    document("hotcrp", "papers.json", lambda n, t: {"pid": n, "title": t, "authors": []}, '{"title": "no number"}'),
    table("cmt", "Papers.csv", "Paper ID,Paper Title,Authors", "{n},{t},Ada Example (Uni)", ",T,Ada Example (Uni)"),
    table(
        "cmt",
        "Reviewers.csv",
        "First Name,Middle Initial,Last Name,Email,Organization",
        "Ada,M,{t},a{n}@example.org,Uni",
        "Bo,,Other,nowhere,Uni",
        may_lack_header=True,
    ),
    table("cmt", "Bids.csv", "Paper ID,Paper Title,Email,Bid", "{n},{t},a@example.org,Eager", "9,T,,Eager"),
    xml(
        "cmt",
        "assignments.xml",
        "assignments",
        lambda n, t: f'<submission submissionId="{n}"><user email="a@example.org" note="{t}"/></submission>',
        '<submission><user email="a@example.org"/></submission>',
    ),
    table("easychair", "submission.csv", "#,title,authors", "{n},{t},Ada Example", ",T,Ada Example"),
    table(
        "easychair",
        "committee.csv",
        "person #,first name,last name,email,role",
        "{n},Ada,{t},a{n}@example.org,PC member",
        ",Bo,Other,,PC member",
    ),
    xml(
        "dblp",
        "dblp.xml",
        "dblp",
        lambda n, t: f'<article key="journals/x/{n}"><author>Ada Example</author><title>{t}</title></article>',
        "",
    ),
    xml(
        "anthology",
        "2024.acl.xml",
        "collection>volume",
        lambda n, t: (
            f'<paper id="{n}"><title>{t}</title><author><first>Ada</first><last>Example</last></author></paper>'
        ),
        '<paper id="9"><author><first>Ada</first><last>Example</last></author></paper>',
    ),
    xml(
        "arxiv",
        "feed.xml",
        'feed xmlns="http://www.w3.org/2005/Atom"',
        lambda n, t: (
            f"<entry><id>http://arxiv.org/abs/2101.0000{n}</id><title>{t}</title>"
            "<author><name>Ada Example</name></author></entry>"
        ),
        "<entry><id>http://arxiv.org/abs/2101.00009</id></entry>",
    ),
    lines(
        "arxiv",
        "arxiv.jsonl",
        lambda n, t: {"id": f"2101.0000{n}", "title": t, "authors": "Ada Example"},
        '{"title": "T"}',
    ),
    lines(
        "semanticscholar",
        "s2.jsonl",
        lambda n, t: {"paperId": f"p{n}", "title": t, "authors": [{"name": "Ada Example"}]},
        '{"paperId": "p9"}',
    ),
    document(
        "openalex",
        "works.json",
        lambda n, t: {"id": f"W{n}", "title": t, "authorships": [{"author": {"display_name": "Ada Example"}}]},
        '{"id": "W9", "title": "T", "authorships": 5}',
    ),
    lines(
        "crossref",
        "works.jsonl",
        lambda n, t: {"DOI": f"10.1234/{n}", "title": [t], "author": [{"given": "Ada", "family": "Example"}]},
        '{"DOI": "10.1234/9"}',
    ),
    replace(document("orcid", "0000-0002-1825-0097.json", orcid_record, '{"orcid-identifier": 5}'), each=2),
    Sample(
        "bibtex",
        "ada.bib",
        "",
        tuple(f"@article{{k{n}, title = {{Trées {n}}}, author = {{Ada Example}}, year = 2020}}" for n in (1, 2, 3)),
        "@article{k9, author = {Ada Example}, year = 2020}",
        f"@article{{k4, title = {{Long}}, abstract = {{{MEGABYTE}}}, author = {{Ada Example}}}}",
        tail="\n",
    ),
    Sample(
        "ris",
        "ada.ris",
        "",
        tuple(f"TY  - JOUR\nTI  - Trées {n}\nAU  - Example, Ada\nPY  - 2020\nER  - \n" for n in (1, 2, 3)),
        "TY  - JOUR\nAU  - Example, Ada\nER  - \n",
        f"TY  - JOUR\nTI  - Long\nAB  - {MEGABYTE}\nAU  - Example, Ada\nER  - \n",
        tail="\n",
    ),
    table("statements", "expertise.csv", "email,statement", "ada@example.org,{t}", "bo@example.org,Trees"),
    document(
        "paperlists",
        "iclr2024.json",
        lambda n, t: {"id": f"p{n}", "title": t, "author": "Ada Example"},
        '{"id": "p9", "author": "Ada Example"}',
    ),
    table(
        "scores",
        "tpms.csv",
        "submission,reviewer,score",
        "s{n},~Ada_Example1,0.5",
        "s9,~Ada_Example1,much",
        may_lack_header=True,
    ),
    lines("scores", "model.jsonl", lambda n, _: {"submission": n, "user": "~Ada1", "score": 0.5}, '{"submission": 9}'),
)

IS_TABLE = [each for each in SAMPLES if each.file.endswith(".csv")]
IS_JSON = [each for each in SAMPLES if ".json" in each.file]
IS_XML = [each for each in SAMPLES if each.file.endswith(".xml")]


def by_id(each: Sample) -> str:
    return each.id


def collect(sample: Sample, folder: Path, content: str | bytes) -> Collected:
    """Everything of a file; the count of what was read is kept apart from the tally and compared with it."""
    path = folder / sample.file
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    collector, count = Collector(), 0
    for record in FORMATS[sample.format].read([path], Wishes(owners=(ADA,))):
        collector.take(record)
        count += 1
    collected = collector.settle()
    assert sum(tally.read for tally in collected.files) == count
    for tally in collected.files:
        assert tally.read == tally.accepted + tally.rejected + tally.left_out.total()
    assert len(collected.rejects) == sum(tally.rejected for tally in collected.files)
    assert all(reject.file and reject.line and reject.reason for reject in collected.rejects)
    return collected


def outcome(sample: Sample, folder: Path, content: str | bytes) -> Collected | None:
    """The same, or nothing where the file as a whole is refused by an error that names it."""
    try:
        return collect(sample, folder, content)
    except DataError as error:
        told = str(error)
    assert Path(sample.file).stem in told
    return None


def totals(collected: Collected) -> tuple[int, int, int]:
    """Read, accepted, rejected."""
    tallies = collected.files
    return sum(each.read for each in tallies), sum(each.accepted for each in tallies), len(collected.rejects)


def test_no_format_is_without_a_sample() -> None:
    workbooks_only = {"coa"}
    assert {each.format for each in SAMPLES} == set(FORMATS) - workbooks_only


@pytest.mark.parametrize("sample", SAMPLES, ids=by_id)
def test_a_good_file_is_accepted_with_every_record(sample: Sample, tmp_path: Path) -> None:
    collected = collect(sample, tmp_path, sample.text())
    assert totals(collected) == (3 * sample.each, 3 * sample.each, 0)
    assert any(collected.tables.values())


@pytest.mark.parametrize("sample", SAMPLES, ids=by_id)
def test_a_byte_order_mark_and_other_line_ends_change_nothing(sample: Sample, tmp_path: Path) -> None:
    plain = collect(sample, tmp_path, sample.text()).tables
    marked = b"\xef\xbb\xbf" + sample.text().encode()
    assert collect(sample, tmp_path, marked).tables == plain
    assert collect(sample, tmp_path, sample.text().replace("\n", "\r\n")).tables == plain


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("sample", IS_TABLE, ids=by_id)
def test_other_delimiters_change_nothing(sample: Sample, delimiter: str, tmp_path: Path) -> None:
    plain = collect(sample, tmp_path, sample.text()).tables
    assert collect(sample, tmp_path, sample.text().replace(",", delimiter)).tables == plain


@pytest.mark.parametrize("sample", IS_TABLE, ids=by_id)
def test_a_table_without_its_header_is_read_by_place_or_refused(sample: Sample, tmp_path: Path) -> None:
    bare = outcome(sample, tmp_path, sample.text().removeprefix(sample.head))
    if not sample.may_lack_header:
        assert bare is None or totals(bare)[1] == 0
        return
    assert bare is not None
    whole = collect(sample, tmp_path, sample.text())
    sources = re.compile(r"'line': \d+")  # the lines differ by the header's
    assert sources.sub("", str(bare.tables)) == sources.sub("", str(whole.tables))


@pytest.mark.parametrize("sample", [each for each in SAMPLES if each.bad], ids=by_id)
def test_a_bad_record_is_one_reject_and_the_others_stay(sample: Sample, tmp_path: Path) -> None:
    first, second, third = sample.records
    collected = collect(sample, tmp_path, sample.text(first, sample.bad, second, third))
    assert totals(collected) == (3 * sample.each + 1, 3 * sample.each, 1)
    whole = collect(sample, tmp_path, sample.text())
    assert {name: len(rows) for name, rows in collected.tables.items()} == {
        name: len(rows) for name, rows in whole.tables.items()
    }


@pytest.mark.parametrize("share", [0.35, 0.6, 0.9])
@pytest.mark.parametrize("sample", SAMPLES, ids=by_id)
def test_a_file_that_is_cut_off_never_gives_more_than_is_there(sample: Sample, share: float, tmp_path: Path) -> None:
    text = sample.text()
    cut = outcome(sample, tmp_path, text[: int(len(text) * share)])
    if cut is not None:
        assert totals(cut)[0] <= 3 * sample.each


@pytest.mark.parametrize("sample", [each for each in SAMPLES if "é" in each.text()], ids=by_id)
def test_another_encoding_is_refused_and_letters_are_never_guessed(sample: Sample, tmp_path: Path) -> None:
    collected = outcome(sample, tmp_path, sample.text().encode("latin-1"))
    if collected is not None:
        assert totals(collected)[2] > 0
        assert "é" not in str(collected.tables)


@pytest.mark.parametrize("sample", SAMPLES, ids=by_id)
def test_a_field_of_a_megabyte_is_read_or_rejected(sample: Sample, tmp_path: Path) -> None:
    collected = outcome(sample, tmp_path, sample.text(*sample.records, sample.long))
    assert collected is not None
    read, accepted, rejected = totals(collected)
    assert read == accepted + rejected == 4 * sample.each
    assert all(len(reject.raw) < 10_000 for reject in collected.rejects)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x00\x01\x02\xff" * 50, b"\xff\xfe" + "a,b".encode("utf-16-le")])
@pytest.mark.parametrize("sample", SAMPLES, ids=by_id)
def test_files_of_nothing_and_of_rubbish_are_refused(sample: Sample, content: bytes, tmp_path: Path) -> None:
    collected = outcome(sample, tmp_path, content)
    assert collected is None or totals(collected)[1] == 0


@pytest.mark.parametrize("sample", IS_JSON, ids=by_id)
def test_json_that_is_nested_deeply_is_refused_or_rejected(sample: Sample, tmp_path: Path) -> None:
    deep = '{"a":' * 100_000 + "1" + "}" * 100_000
    assert outcome(sample, tmp_path, deep) is None or totals(collect(sample, tmp_path, deep))[1] == 0
    collected = outcome(sample, tmp_path, sample.text(*sample.records, deep))
    if collected is not None:
        read, accepted, _ = totals(collected)
        assert (read, accepted) == (3 * sample.each + 1, 3 * sample.each)


@pytest.mark.parametrize("sample", IS_XML, ids=by_id)
def test_xml_that_is_nested_deeply_is_refused_or_rejected(sample: Sample, tmp_path: Path) -> None:
    deep = "<a>" * 20_000 + "</a>" * 20_000
    collected = outcome(sample, tmp_path, sample.text(*sample.records, deep))
    assert collected is None or totals(collected)[1] == 3


LAUGHS = "".join(
    f'<!ENTITY l{number} "&l{number - 1};&l{number - 1};">' if number else '<!ENTITY l0 "ha">' for number in range(40)
)
ENTITIES = (
    f"<!DOCTYPE x [{LAUGHS}]>",
    '<!DOCTYPE x [<!ENTITY own SYSTEM "file:///etc/hostname">]>',
    '<!DOCTYPE x [<!ENTITY % far SYSTEM "http://192.0.2.1/x.dtd"> %far;]>',
)


@pytest.mark.parametrize("entities", ENTITIES, ids=["laughs", "file", "parameter"])
@pytest.mark.parametrize("sample", IS_XML, ids=by_id)
def test_entities_are_never_expanded(sample: Sample, entities: str, tmp_path: Path) -> None:
    prolog, rest = sample.text().split("\n", 1)
    attacked = f"{prolog}\n{entities}\n{rest}".replace("Trées 1", "Trées &l39;")
    assert outcome(sample, tmp_path, attacked) is None


@pytest.mark.parametrize(
    "sample", [each for each in SAMPLES if each.file.endswith((".csv", ".json", ".jsonl", ".xml"))], ids=by_id
)
def test_damaged_gzip_is_refused(sample: Sample, tmp_path: Path) -> None:
    packed = gzip.compress(sample.text().encode())
    damaged = Sample(sample.format, f"{sample.file}.gz", "", (), "", "")
    for content in (packed[: len(packed) // 2], packed[:-4] + b"xxxx"):
        assert outcome(damaged, tmp_path, content) is None


# --- workbooks ------------------------------------------------------------------------------------------------------


def workbook(text: str, file: Path) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Data", 0)
    del book["Sheet"]
    for row in text.splitlines():
        sheet.append(row.split(","))
    held = io.BytesIO()
    book.save(held)
    file.write_bytes(held.getvalue())
    return held.getvalue()


@pytest.mark.parametrize(
    "sample",
    [each for each in IS_TABLE if each.format in ("cmt", "easychair", "statements", "scores", "hotcrp")],
    ids=by_id,
)
def test_the_same_table_as_a_workbook(sample: Sample, tmp_path: Path) -> None:
    plain = collect(sample, tmp_path, sample.text())
    excel = Sample(sample.format, sample.file.replace(".csv", ".xlsx"), "", (), "", "")
    content = workbook(sample.text(), tmp_path / excel.file)
    collected = collect(excel, tmp_path, content)
    assert totals(collected) == totals(plain)
    assert {name: len(rows) for name, rows in collected.tables.items()} == {
        name: len(rows) for name, rows in plain.tables.items()
    }
    assert outcome(excel, tmp_path, content[: len(content) // 2]) is None


COA = ',Your Name:,Your Organization\n,"Example, Ada",Uni\nA:,Bo Other,Uni,,1/1/2020\nC:,Cy Third,Uni,,\n'


def test_the_table_of_collaborators(tmp_path: Path) -> None:
    sample = Sample("coa", "ada.xlsx", "", (), "", "")
    good = COA.replace('"Example, Ada"', "Ada Example")
    assert totals(collect(sample, tmp_path, workbook(good, tmp_path / "x"))) == (2, 2, 0)
    assert totals(collect(sample, tmp_path, workbook(good + "Z:,Dee Fourth,Uni\n", tmp_path / "x"))) == (3, 2, 1)
    assert totals(collect(sample, tmp_path, workbook(good + f"A:,{'x' * 30_000},Uni\n", tmp_path / "x")))[0] == 3
    content = workbook(good, tmp_path / "x")
    for broken in (b"", b"\x00" * 100, content[: len(content) // 2], content[:-30]):
        assert outcome(sample, tmp_path, broken) is None
