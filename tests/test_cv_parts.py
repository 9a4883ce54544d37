"""The parts of the reader of CVs, each on its own: markup, dates, names, BibTeX, interests, ties, PDF."""

from __future__ import annotations

import zlib
from pathlib import Path

import pytest

from matcher.errors import DataError
from matcher.ingest.cv import CvDocument, read_cv
from matcher.ingest.cv.bibtex import find_bibtex
from matcher.ingest.cv.breaks import Line
from matcher.ingest.cv.dates import atoms, is_only_dates, spans
from matcher.ingest.cv.names import Known, cut_glued_letters, read_list, read_one
from matcher.ingest.cv.rich import BOLD, ITALIC, LINK, parse_inline, plain


def read(tmp_path: Path, text: str, name: str = "cv.txt") -> CvDocument:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_cv(path)


def ties(document: CvDocument) -> set[tuple[str, str]]:
    return {(one.relation.kind, one.relation.other) for one in document.relations}


# --- markup ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        (r"M\"{u}ller, \'{E}va \v{S}t\c{c}", "Müller, Éva Štç"),
        (r"J\o rgensen and \L ukasz, Stra\ss{}e", "Jørgensen and Łukasz, Straße"),
        (r"a \& b \% c \_ d", "a & b % c _ d"),
        ("Tom &amp; Ann &eacute;", "Tom & Ann é"),
        (r"\unknown{x} stays", r"\unknown{x} stays"),
        (r"{\bf Ann Lee} and {braces}", "Ann Lee and {braces}"),
        ("one<br>two", "one two"),
        ("x<sup>2</sup> and <small>y</small>, 1 <foo> 2", "x^2 and y, 1 <foo> 2"),
        ("![a picture](x.png) `code`", " code"),
        ("``quoted'' text", "“quoted” text"),
        ("$x_1 * y$ and *z*", "$x_1 * y$ and z"),
        ("****@example.org", "****@example.org"),
        ("e\u0301 *e\u0301*", "é é"),
        ("snake_case_name __b__", "snake_case_name b"),
        (r"\href{https://example.org}{here} } end", "here } end"),
    ],
)
def test_markup_is_taken_out(markup: str, text: str) -> None:
    found = parse_inline(markup)
    assert found.text == text
    assert len(found.style) == len(text)


def test_markup_gives_styles() -> None:
    assert parse_inline(r"\textbf{Ann} x").style == "1110" + "0"
    assert parse_inline("<u>Ann</u> <em>b</em> <b/>c").style == "1110200"
    link = parse_inline("[a **b**](https://example.org) www.example.org")
    assert link.style[0] == str(LINK)
    assert link.style[2] == str(LINK | BOLD)
    assert link.style[-1] == str(LINK)
    assert parse_inline(r"{\it text} y").style[1] == str(ITALIC)


# --- dates ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("2021-05-17", "2021-05-17"),
        ("17. Mai 2021", "2021-05-17"),
        ("3 de marzo de 2020", "2020-03-03"),
        ("October 4th, 2019", "2019-10-04"),
        ("Sept. 2019", "2019-09"),
        ("Mar '19", "2019-03"),
        ("2020年4月", "2020-04"),
        ("2020년 4월", "2020-04"),
        ("17.05.2021", "2021-05-17"),
        ("25/12/2020", "2020-12-25"),
        ("12/25/2020", "2020-12-25"),
        ("05/05/2020", "2020-05"),
        ("03/04/2020", "2020"),
        ("31 June 2020", "2020-06"),
        ("45/45/2020", "2020"),
        ("06/2023", "2023-06"),
        ("2023/06", "2023-06"),
        ("2023-06", "2023-06"),
        ("Fall 2021", "2021"),
        ("ICML'98", "1998"),
    ],
)
def test_dates_keep_their_precision(text: str, date: str) -> None:
    assert [str(one.date) for one in atoms(text)] == [date]


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("since 2020", ("2020", None)),
        ("until 2020", (None, "2020")),
        ("2018 –", ("2018", None)),
        ("2018 - present", ("2018", None)),
        ("2015-17", ("2015", "2017")),
        ("May-Aug 2019", ("2019-05", "2019-08")),
        ("Spring and Fall 2019", ("2019", "2019")),
        ("Fall 2019 – Spring 2020", ("2019", "2020")),
        ("Sep. 2012 bis Jul. 2016", ("2012-09", "2016-07")),
        ("Oct-Mar 2019", ("2019-03", "2019-03")),
    ],
)
def test_spans(text: str, ends: tuple[str | None, str | None]) -> None:
    found = spans(text)
    assert len(found) == 1
    assert (found[0].first and str(found[0].first), found[0].last and str(found[0].last)) == ends


def test_text_without_dates_is_no_date() -> None:
    assert atoms("no dates here") == ()
    assert not is_only_dates("no dates here")
    assert is_only_dates("Expected 2025")


# --- names ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("Ann Lee, Bo Cho, and Duy Le. Title", ["Ann Lee", "Bo Cho", "Duy Le"]),
        ("Lee, A., van den Berg, B. C., & Le, D. (2020)", ["A. Lee", "B. C. van den Berg", "D. Le"]),
        ("Lee, Ann; Cho, Bo: Title", ["Ann Lee", "Bo Cho"]),
        ("Lee, Ann and Cho, Bo and Le, Duy. T", ["Ann Lee", "Bo Cho", "Duy Le"]),
        ("Lee AB, van den Berg C. Sleep", ["AB Lee", "C. van den Berg"]),
        ("Sanz Orellana, Julia, Bo Cho, and Duy Le. T", ["Julia Sanz Orellana", "Bo Cho", "Duy Le"]),
        ("Ann Lee, Bo Cho, et al. T", ["Ann Lee", "Bo Cho"]),
        ("Ann Lee*, Bo Cho†, Duy Le1,2 (2020)", ["Ann Lee", "Bo Cho", "Duy Le"]),
        ("D'Arcy J. O'Malley Jr., Bo Cho III", ["D'Arcy J. O'Malley Jr.", "Bo Cho III"]),
        ("李伟, 王芳, 张三", ["李伟", "王芳", "张三"]),
        ("Lee, A., Cho, B., ... & Le, D. (2020)", ["A. Lee", "B. Cho", "D. Le"]),
        ("Ann Lee and the ATLAS Collaboration", ["Ann Lee"]),
        ("Éva KISS et Ann DU PLESSIS. T", ["Éva KISS", "Ann DU PLESSIS"]),
        ("S.-y. Kwak, A. Lee", ["S.-y. Kwak", "A. Lee"]),
    ],
)
def test_lists_of_names(text: str, names: list[str]) -> None:
    found = read_list(plain(text), 0)
    assert found is not None
    assert [one.text for one in found.names] == names


def test_groups_and_cut_lists() -> None:
    found = read_list(plain("Ann Lee, Bo Cho, the ATLAS Collaboration, 2020"), 0)
    assert found is not None
    assert found.groups == ("ATLAS Collaboration",)
    cut = read_list(plain("Ann Lee, Bo Cho, and others. T"), 0)
    assert cut is not None
    assert cut.is_truncated
    assert read_list(plain("a study of things"), 0) is None


def test_single_names() -> None:
    name = read_one("Prof. Dr. Ann (Annie) Lee")
    assert name is not None
    assert (name.text, name.nickname) == ("Ann Lee", "Annie")
    assert read_one("University of X") is None
    assert cut_glued_letters("Ann Lee", {"ann lee"}) is None
    assert cut_glued_letters("Anna", {"ann"}) == "Ann"


def test_the_owner_is_known_in_every_spelling() -> None:
    known = Known(owner=frozenset(("solveig a thornquist",)))
    assert known.is_owner("SA Thornquist")
    assert known.is_owner("S. Thornquist")
    assert not known.is_owner("B. Thornquist")


# --- BibTeX ---------------------------------------------------------------------------------------------------------


def bib(text: str) -> list[tuple[str, tuple[str, ...], str, str, str]]:
    lines = [
        Line(number, plain(line), raw=line) for number, line in enumerate(map(str.strip, text.splitlines()), start=1)
    ]
    return [
        (one.entry.title, one.entry.names, str(one.entry.date), one.entry.venue, one.entry.kind)
        for one in find_bibtex(lines, Known())
        if one.entry is not None
    ]


def test_bibtex_records() -> None:
    text = r"""
    @string{x = "y"}
    @article{a1, title = "{The} Sound of \"{U}bung", author = {Lee, Ann and Cho, Jr, Bo and others},
      journal = {J. Things}, year = 2020, month = may}
    @inproceedings{b2, title={On {$x^2$}}, author={{The ATLAS Collaboration} and Duy Le},
      booktitle={Journal of Meetings}, date={2019-03-04}}
    @misc{c3, title={Preprints}, author={Ann Lee}, archivePrefix={arXiv}, eprint={2001.99999}, year={2021}}
    @phdthesis{d4, title={My Thesis}, author={Ann Lee}, school={Some University}, year={2018}}
    @incollection{e5, title={A Chapter}, author={Ann Lee}, booktitle={A Book}, year={2017}}
    @misc{f6, title={No author}}
    @misc{g7, title={Never closed}, author={Ann Lee}
    @misc(h8, title={Round}, author={Ann Lee}, year={2016})
    """
    found = bib(text)
    by_title = {one[0]: one for one in found}
    assert by_title["The Sound of Übung"][1:] == (("Ann Lee", "Bo Cho Jr"), "2020-05", "J. Things", "journal")
    assert by_title["On $x^2$"][1] == ("Duy Le",)
    assert by_title["On $x^2$"][2:] == ("2019-03-04", "Journal of Meetings", "conference")
    assert by_title["Preprints"][3:] == ("arXiv", "preprint")
    assert by_title["My Thesis"][4] == "thesis"
    assert by_title["A Chapter"][4] == "chapter"
    assert "No author" not in by_title


# --- PDF ------------------------------------------------------------------------------------------------------------


def pdf(pages: list[list[tuple[float, float, float, str]]], *, compressed: bool = True) -> bytes:
    """A PDF with pieces of text at places: x, y, size, text; `**` before a text makes it bold."""
    objects: list[bytes] = []

    def add(body: bytes) -> int:
        objects.append(body)
        return len(objects)

    regular = add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    bold = add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica-Bold /Encoding /WinAnsiEncoding >>")
    kids = []
    parent = 2 + 2 * len(pages) + 1
    for page in pages:
        stream = b""
        for x, y, size, text in page:
            font = b"/F2" if text.startswith("**") else b"/F1"
            shown = text.removeprefix("**").encode("cp1252")
            shown = shown.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")
            stream += b"BT %s %.2f Tf 1 0 0 1 %.2f %.2f Tm (%s) Tj ET\n" % (font, size, x, y, shown)
        data = zlib.compress(stream)
        content = add(b"<< /Length %d /Filter /FlateDecode >>\nstream\n" % len(data) + data + b"\nendstream")
        kids.append(
            add(
                b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 595 842] /Contents %d 0 R "
                b"/Resources << /Font << /F1 %d 0 R /F2 %d 0 R >> >> >>" % (parent, content, regular, bold)
            )
        )
    listed = b" ".join(b"%d 0 R" % kid for kid in kids)
    add(b"<< /Type /Pages /Kids [%s] /Count %d >>" % (listed, len(kids)))
    root = add(b"<< /Type /Catalog /Pages %d 0 R >>" % parent)
    made = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    start = len(made)
    made += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    made += b"".join(b"%010d 00000 n \n" % place for place in places)
    return made + b"trailer << /Size %d /Root %d 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, root, start)


TITLES = [
    f"Rivers in {month}" for month in ("January", "winter", "spring", "towns", "deserts", "valleys", "books", "song")
]
PAPERS = [f"Ann Lee and Bo Cho. {title}. Journal of Ice, {2010 + number}." for number, title in enumerate(TITLES)]


def test_a_pdf_drawn_out_of_order_is_read_by_place(tmp_path: Path) -> None:
    rows = [(50.0, 800.0, 20.0, "**Ann Lee"), (50.0, 760.0, 12.0, "**PUBLICATIONS")]
    rows += [(50.0, 730.0 - 24 * number, 10.0, text) for number, text in enumerate(PAPERS)]
    path = tmp_path / "cv.pdf"
    path.write_bytes(pdf([rows[::-1]]))
    document = read_cv(path)
    assert document.is_pdf
    assert document.owner is not None
    assert document.owner.name == "Ann Lee"
    assert [one.title for one in document.entries] == TITLES


def test_two_columns_drawn_row_by_row_are_read_column_by_column(tmp_path: Path) -> None:
    page = [(50.0, 800.0, 20.0, "**Ann Lee"), (50.0, 760.0, 10.0, "**SKILLS"), (240.0, 760.0, 10.0, "**PUBLICATIONS")]
    for number, text in enumerate(PAPERS):
        page.append((240.0, 736.0 - 24 * number, 10.0, text))
        page.append((50.0, 736.0 - 24 * number, 10.0, f"Language number {number}"))
    path = tmp_path / "cv.pdf"
    path.write_bytes(pdf([page]))
    document = read_cv(path)
    assert [one.title for one in document.entries] == TITLES


def test_a_pdf_without_text_says_so(tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(pdf([[]]))
    with pytest.raises(DataError, match="OCR"):
        read_cv(path)
    path.write_bytes(b"%PDF-1.4\nrubbish")
    with pytest.raises(DataError, match="damaged"):
        read_cv(path)


def test_files_that_are_no_documents(tmp_path: Path) -> None:
    path = tmp_path / "cv.docx"
    path.write_bytes(b"PK\x03\x04rest")
    with pytest.raises(DataError, match="no text, Markdown or PDF"):
        read_cv(path)
    path.write_bytes(b"  \n")
    with pytest.raises(DataError, match="empty"):
        read_cv(path)
    with pytest.raises(DataError, match="cannot be read"):
        read_cv(tmp_path / "missing.txt")
    path.write_bytes("Ann Lee\n\nÉducation\n".encode("cp1252"))
    assert read_cv(path).owner is not None
    path.write_bytes("Ann Lee\n\nEducation\n".encode("utf-16"))
    assert read_cv(path).owner is not None


# --- ties, interests, positions -------------------------------------------------------------------------------------

MANY_TIES = """Ann Lee
Department of Ice, University of Northern Fjords

RESEARCH INTERESTS

My research focuses on sea ice, snow and permafrost.

EDUCATION

PhD in Geophysics, University of Northern Fjords, 2010 – 2014
Supervisor: Prof. Bo Cho; co-supervisor: Dr. Eva Kiss
MSc in Physics, College of Rivers, 2008 – 2010
Advised by Duy Le

EXPERIENCE

Research Scientist, Ice Institute, 2018 – present
Manager: Omar El-Masri
Postdoc, Snow Laboratory, 2014 – 2018
Hosted by Ruth Quaye
Reporting to the head of data, Ingrid Moe
- Mentored two junior engineers, Tomas Varga and Li Na
- Worked with Seo-yeon Kwak (colleague)
Intern, Glacier Company, Summer 2013
Mentor: Pia Sand

STUDENTS

PhD students: Ana Prieto (2019), Hassan bin Yusof (2020), Mei-Ling Wu
Master student Ingeborg von Stein, 2021
Thesis committee member: Nobody Counts
2022
Yuxin Shi and Ola Nordmann
Thandiwe Mokoena (BSc), now at Snow Laboratory

GRANTS

Sea Ice in Winter, National Science Fund, 2020 – 2023, PI: Rajesh Venkataraman, Co-PI: Giulia De Angelis

Snow on Roofs (declined), 2019. PI: Some Body

Frozen Lakes, Lake Foundation, 2021. With Pieter van der Horst.

SERVICE

Co-organized the Workshop on Ice with Kwame Asante in 2022.
Programme committee: ICML 2020 (with Nobody Here)

REFERENCES

Prof. Bo Cho, bo@example.org
"""


def test_many_ties(tmp_path: Path) -> None:
    found = ties(read(tmp_path, MANY_TIES))
    assert found == {
        ("advisor", "Bo Cho"),
        ("coadvisor", "Eva Kiss"),
        ("advisor", "Duy Le"),
        ("manager", "Omar El-Masri"),
        ("host", "Ruth Quaye"),
        ("manager", "Ingrid Moe"),
        ("mentee", "Tomas Varga"),
        ("mentee", "Li Na"),
        ("coworker", "Seo-yeon Kwak"),
        ("mentor", "Pia Sand"),
        ("mentee", "Ana Prieto"),
        ("mentee", "Hassan bin Yusof"),
        ("mentee", "Mei-Ling Wu"),
        ("mentee", "Ingeborg von Stein"),
        ("mentee", "Yuxin Shi"),
        ("mentee", "Ola Nordmann"),
        ("mentee", "Thandiwe Mokoena"),
        ("grant_lead", "Rajesh Venkataraman"),
        ("coworker", "Giulia De Angelis"),
        ("coworker", "Pieter van der Horst"),
        ("coorganizer", "Kwame Asante"),
    }


def test_ties_have_dates_and_evidence(tmp_path: Path) -> None:
    document = read(tmp_path, MANY_TIES)
    by_name = {one.relation.other: one for one in document.relations}
    assert (str(by_name["Bo Cho"].relation.start), str(by_name["Bo Cho"].relation.end)) == ("2010", "2014")
    assert str(by_name["Ana Prieto"].relation.start) == "2019"
    assert str(by_name["Hassan bin Yusof"].relation.start) == "2020"
    assert str(by_name["Yuxin Shi"].relation.start) == "2022"
    lines = MANY_TIES.splitlines()
    for one in document.relations:
        assert one.relation.other.split()[-1] in lines[one.line - 1]


@pytest.mark.parametrize(
    ("text", "interests"),
    [
        ("RESEARCH INTERESTS\n\nSea ice, snow, and permafrost", ("Sea ice", "snow", "permafrost")),
        ("RESEARCH INTERESTS\n\n- Sea ice, snow\n- Permafrost of hills", ("Sea ice", "snow", "Permafrost of hills")),
        (
            "RESEARCH INTERESTS\n\nIce: sea ice; lake ice\nSnow: wet snow; dry snow",
            ("Ice", "sea ice", "lake ice", "Snow", "wet snow", "dry snow"),
        ),
        ("RESEARCH INTERESTS\n\nSea ice (in winter, mostly) • Snow", ("Sea ice (in winter, mostly)", "Snow")),
        ("I am interested in sea ice and snow.", ("sea ice and snow",)),
        ("Research interests: sea ice, snow, fog", ("sea ice", "snow", "fog")),
        ("Verified email at example.org\nSea ice\tSnow", ("Sea ice", "Snow")),
        ("PERSONAL INTERESTS\n\nChess, running", ()),
    ],
)
def test_interests(tmp_path: Path, text: str, interests: tuple[str, ...]) -> None:
    assert read(tmp_path, f"Ann Lee\n\n{text}\n").interests == interests


@pytest.mark.parametrize(
    ("text", "organisation", "role", "span"),
    [
        ("Research Intern, Ice Company, May 2019 - Aug 2019", "Ice Company", "Research Intern", ("2019-05", "2019-08")),
        ("Postdoc at Snow Laboratory, since 2020", "Snow Laboratory", "Postdoc", ("2020", "None")),
        (
            "University of California, Berkeley, Lecturer, 2018-20",
            "University of California, Berkeley",
            "Lecturer",
            ("2018", "2020"),
        ),
        ("2019 – 2021\tRiver College\tVisiting Professor", "River College", "Visiting Professor", ("2019", "2021")),
        ("Research Intern Stanford University, 2019", "Stanford University", "Research Intern", ("2019", "2019")),
        ("东京大学 助教 2019 – 2021", "东京大学", "", ("2019", "2021")),
        ("**Frostbite Inc.** | Engineer | 2015 – 2017", "Frostbite Inc.", "Engineer", ("2015", "2017")),
    ],
)
def test_positions(tmp_path: Path, text: str, organisation: str, role: str, span: tuple[str, str]) -> None:
    (one,) = read(tmp_path, f"Ann Lee\n\nEXPERIENCE\n\n{text}\n", "cv.md").affiliations
    assert one.organisation == organisation
    assert role in (one.role, "")
    assert (str(one.start), str(one.end)) == span


def test_a_latex_source_is_read(tmp_path: Path) -> None:
    text = r"""
\documentclass{article}
\begin{document}
\begin{center}{\Large \textbf{Ann Lee}}\end{center}
\section{Education}
\textbf{University of Northern Fjords} \hfill 2010 -- 2014 \\
PhD in Geophysics, advisor: Prof.~Bo Cho
\section*{Publications}
\begin{enumerate}
\item \textbf{A. Lee} and B. Cho. \emph{Rivers in winter}. Journal of Ice, 2020.
\item E. Kiss, \textbf{A. Lee}. \emph{Lakes of M\"unster}. Journal of Ice, 2021.
\end{enumerate}
\end{document}
"""
    document = read(tmp_path, text, "cv.tex")
    assert document.owner is not None
    assert document.owner.name == "Ann Lee"
    assert [one.title for one in document.entries] == ["Rivers in winter", "Lakes of Münster"]
    assert ties(document) == {("advisor", "Bo Cho")}


def test_neighbouring_unread_lines_are_told_together(tmp_path: Path) -> None:
    document = read(tmp_path, "Ann Lee\n\nTEACHING\n\nIce I\n\nIce II\nIce III\n\nAWARDS\n\nBest Ice\n")
    assert [str(one) for one in document.unread] == ["5-8", "12"]


def test_a_long_line_takes_no_longer_than_it_must(tmp_path: Path) -> None:
    # Patterns that try too much would not come to an end on these.
    for piece in ("a ", "Ann Lee, ", "A. ", "(2020) ", "“x ", "1, ", "Lee A, ", "- ", "\\textbf{", "[x](", "[", "**a "):
        text = piece * (20_000 // len(piece))
        document = read(tmp_path, f"Ann Lee\n\nPUBLICATIONS\n\n{text}\n\nEXPERIENCE\n\n{text}\n\nSTUDENTS\n\n{text}\n")
        assert len(document.lines) == 13


@pytest.mark.parametrize("family", ["Long", "Grant", "Law", "Page", "Short", "Best", "May", "Winter", "Young", "King"])
def test_family_names_that_are_ordinary_words_stay_in_lists(family: str, tmp_path: Path) -> None:
    lines = [
        "Dana Quill",
        "University of Yalta",
        "",
        "Publications",
        f'[1] D. Quill, M. {family}, "Sparse graph neural networks for molecules," NeurIPS, 2021.',
        '[2] D. Quill, A. Menzel, "Another paper on graphs," ICML, 2020.',
        f'[3] H. Zhu, M. {family}, D. Quill, "A third paper about trees," ICLR, 2022.',
        "",
        "Education",
        "2015-2019 PhD in Computer Science, University of Yalta. Advisor: Erin Grant",
        "2019-2021 Postdoc, University of Paris (host: Mingsheng Long)",
    ]
    path = tmp_path / "cv.txt"
    path.write_text("\n".join(lines))
    document = read_cv(path)
    assert [entry.authors for entry in document.entries] == [
        ("D. Quill", f"M. {family}"),
        ("D. Quill", "A. Menzel"),
        ("H. Zhu", f"M. {family}", "D. Quill"),
    ]
    assert [(one.relation.kind, one.relation.other) for one in document.relations] == [
        ("advisor", "Erin Grant"),
        ("host", "Mingsheng Long"),
    ]
