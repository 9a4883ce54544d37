# ruff: noqa: E501 (documents with long lines, as they are copied from pages)
"""The reader of CVs on what is copied from bibliographies, profiles and registries, and on what funders ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from matcher.ingest.cv import CvDocument, read_cv


def read(tmp_path: Path, text: str) -> CvDocument:
    path = tmp_path / "cv.txt"
    path.write_text(text, encoding="utf-8")
    return read_cv(path)


def papers(document: CvDocument) -> list[tuple[str, tuple[str, ...], str, str]]:
    return [(one.title, one.authors, str(one.date), one.kind) for one in document.entries]


def ties(document: CvDocument) -> set[tuple[str, str, str, str]]:
    return {
        (one.relation.kind, one.relation.other, str(one.relation.start or ""), str(one.relation.end or ""))
        for one in document.relations
    }


BUTTONS = (
    "view\nelectronic edition via DOI (open access)\nreferences & citations\nexport record\nBibTeX\nRIS\nshare record\n"
)

BIBLIOGRAPHY = f"""Ada Velden

Person information
affiliation: University of Northfield, Department of Trees

2020 – today
see FAQ

2024
[journal]
[j3]
{BUTTONS}
Ada Velden, Bo Hartig 0002, Cleo Marsh:
Sparse Trees for Dense Forests. J. Symb. Comput. 55(3): 335-358 (2024)
[c7]
{BUTTONS}
Bo Hartig 0002, Ada Velden:
Counting Leaves Without Looking. TACAS (2) 2024: 175-186
[i2]
{BUTTONS}
Ada Velden, Dora Quill:
A Gentle Theory of Bark. CoRR abs/2401.15362 (2024)
2023
[c6]
{BUTTONS}
Ada Velden, Emil Farrow:
Roots That Remember. Proc. ACM Program. Lang. 7(POPL): 12-31 (2023)
"""


def test_a_page_of_a_bibliography_with_buttons_between_label_and_authors(tmp_path: Path) -> None:
    document = read(tmp_path, BIBLIOGRAPHY)
    assert papers(document) == [
        ("Sparse Trees for Dense Forests", ("Ada Velden", "Bo Hartig", "Cleo Marsh"), "2024", "journal"),
        ("Counting Leaves Without Looking", ("Bo Hartig", "Ada Velden"), "2024", "conference"),
        ("A Gentle Theory of Bark", ("Ada Velden", "Dora Quill"), "2024", "preprint"),
        ("Roots That Remember", ("Ada Velden", "Emil Farrow"), "2023", "conference"),
    ]
    assert [one.venue for one in document.entries] == [
        "J. Symb. Comput",
        "TACAS (2)",
        "CoRR",
        "Proc. ACM Program. Lang",
    ]


PROFILE = """Ada Velden
Senior Lecturer, University of Northfield
Verified email at northfield.example - Homepage
Title
SortSort by citationsSort by yearSort by title
Cited by
Year
Beyond Sparse Trees: Data-Driven Forests
A Velden
IEEE Access 8, 6417-10110
300	2020
Counting leaves without looking
A Velden, B Hartig
Remote Sensing 158, 102935
150	2016
Roots that remember their rain
B Hartig, C Marsh, D Quill, E Farrow, G Holm, I Kestrel, ...
Sensors 20 (11), 1281
59	2020
The system can't perform the operation now. Try again later.
Articles 1–3
Cited by
View all
AllSince 2019
Citations	509	359
"""


def test_a_profile_whose_papers_begin_under_the_heads_of_columns(tmp_path: Path) -> None:
    document = read(tmp_path, PROFILE)
    assert [(one.title, str(one.date), one.is_truncated) for one in document.entries] == [
        ("Beyond Sparse Trees: Data-Driven Forests", "2020", False),
        ("Counting leaves without looking", "2016", False),
        ("Roots that remember their rain", "2020", True),
    ]
    assert document.owner is not None
    assert document.owner.name == "Ada Velden"


def test_a_title_and_a_year_without_a_list_below_are_no_heads_of_columns(tmp_path: Path) -> None:
    document = read(tmp_path, "Ada Velden\n\nExperience\n\nUniversity of Northfield, 2012 - 2016\n\nTitle\nYear\n")
    assert document.entries == ()


LATTES = """Ada Beatriz Veldena

Formação acadêmica/titulação

2012 - 2016
Doutorado em Computação.
Universidade Federal do Norte, Brasil.
Título: Árvores e ramos, Ano de Obtenção: 2016.
Orientador: Bruno Hartigão.

Projetos de pesquisa

2021 - 2024
Florestas digitais
Integrantes: Ada Beatriz Veldena - Integrante / Emil Farrow - Coordenador / Gita Holm - Integrante.

Produções

Artigos completos publicados em periódicos

1. VELDENA, A. B.; HARTIGÃO, B. Árvores esparsas para florestas densas. Revista de Computação Aplicada, v. 12, n. 3, p. 15-29, 2022.

2. DOS REIS, C. M.; VELDENA, A. B. Counting leaves without looking. Remote Sensing, v. 75, n. 7, p. 86-121, 2021.

Trabalhos completos publicados em anais de congressos

1. VELDENA, A. B.; DOS REIS, C. M. Roots that remember. In: Simpósio de Árvores, 2019, Natal. Anais... Natal: SBC, 2019. p. 1-9.

Participação em bancas de trabalhos de conclusão

1. HARTIGÃO, B.; VELDENA, A. B. Banca de Otto Brenner. Chuvas. 2022. Dissertação (Mestrado).

Orientações e supervisões concluídas

1. Ivo Kestrel. Folhas e ramos. 2021. Dissertação (Mestrado em Computação) - Universidade do Norte.
"""


def test_a_brazilian_curriculum(tmp_path: Path) -> None:
    document = read(tmp_path, LATTES)
    assert [(one.title, str(one.date), one.kind) for one in document.entries] == [
        ("Árvores esparsas para florestas densas", "2022", "journal"),
        ("Counting leaves without looking", "2021", "journal"),
        ("Roots that remember", "2019", "conference"),
    ]
    assert {one[:2] for one in ties(document)} == {
        ("advisor", "Bruno Hartigão"),
        ("grant_lead", "Emil Farrow"),
        ("mentee", "Ivo Kestrel"),
    }
    assert [one.organisation for one in document.affiliations] == ["Universidade Federal do Norte"]


SKETCH = """BIOGRAPHICAL SKETCH

NAME: Velden, Ada M.
POSITION TITLE: Associate Professor of Forestry

(a) Professional Preparation

University of Westwick	Westwick, CA	Forestry	Ph.D., 2012

(b) Appointments and Positions

2014-2020	Assistant Professor, University of Northfield

(c) Products

Products Most Closely Related to the Proposed Project

1. Velden, A.M. and Hartig, B. (2022). Sparse trees for dense forests. Journal of Trees, 4(2), 33-40.

Other Significant Products

1. Hartig, B., Marsh, C., and Velden, A.M. (2021). Counting leaves without looking. Operations Research, 3(1), 1-9.

(d) Synergistic Activities

1. Co-organizer, Northern Forest Meeting 2022, with Emil Farrow.

(e) Collaborators and Other Affiliations

"""


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        (
            (
                "Collaborators and Co-Editors (last 48 months):\nFarrow, Emil (Southmere College); Quill, Dora\n\n"
                "Graduate Advisor and Postdoctoral Sponsor:\n"
                "Quill, Dora (University of Westwick), Ph.D. advisor; Lorn, Jana, postdoctoral sponsor\n\n"
                "Thesis Advisor and Postgraduate-Scholar Sponsor (total 3):\n"
                "Holm, Gita (Ph.D. 2021, now Cobalt Energy); Marsh, Cleo (postdoc, 2020-2022); Kestrel, Ivo (since then)\n"
            ),
            {
                ("coworker", "Emil Farrow", "", ""),
                ("advisor", "Dora Quill", "", ""),
                ("host", "Jana Lorn", "", ""),
                ("mentee", "Gita Holm", "", "2021"),
                ("mentee", "Cleo Marsh", "2020", "2022"),
                ("mentee", "Ivo Kestrel", "", ""),
            },
        ),
        (
            (
                "Collaborators (past 48 months): Emil Farrow, Bo Hartig (University of Westwick)\n"
                "Graduate advisors: Dora Quill (University of Westwick)\n"
                "Graduate students advised: Gita Holm (PhD 2021) and Ivo Kestrel\n"
            ),
            {
                ("coworker", "Emil Farrow", "", ""),
                ("coworker", "Bo Hartig", "", ""),
                ("advisor", "Dora Quill", "", ""),
                ("mentee", "Gita Holm", "", "2021"),
                ("mentee", "Ivo Kestrel", "", ""),
            },
        ),
        ("Collaborators (last two years): many teams at home, and friends abroad\n", set()),
        ("Collaborators and Co-Editors:\n\nNone.\n", set()),
    ],
)
def test_people_whom_a_funder_asks_for(lists: str, expected: set[tuple[str, ...]], tmp_path: Path) -> None:
    document = read(tmp_path, SKETCH + lists)
    assert ties(document) == {("coorganizer", "Emil Farrow", "2022", "2022"), *expected}
    assert [(one.title, one.kind) for one in document.entries] == [
        ("Sparse trees for dense forests", "journal"),
        ("Counting leaves without looking", "journal"),
    ]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("journal", "journal-article"),
        ("conference", "conference-paper"),
        ("preprint", "preprint"),
        ("chapter", "book-chapter"),
        ("thesis", "dissertation"),
        ("other", "report"),
    ],
)
def test_a_registry_says_the_kind(kind: str, said: str, tmp_path: Path) -> None:
    work = "{title}\nStudies of Trees\n2024-08 | {said}\nCONTRIBUTORS: Bo Hartig; Ada Velden\nSource: Bo Hartig via Search\n\n"
    titles = ("Sparse trees for dense forests", "Counting leaves without looking")
    document = read(
        tmp_path, "Ada Velden\n\nWorks (2)\n\n" + "".join(work.format(title=one, said=said) for one in titles)
    )
    assert papers(document) == [(one, ("Bo Hartig", "Ada Velden"), "2024-08", kind) for one in titles]


def test_words_cut_at_the_ends_of_lines_of_plain_text(tmp_path: Path) -> None:
    document = read(
        tmp_path,
        "Rebecca A. Velden\n\nPublications\n\n"
        "[J2] Rebecca A. Velden, Mei Hartig, Patrick O’Dowd, Lawrence J. Whit-\n"
        "combe, and Marisol Tejada. “Rethinking the Role of Bark in Scor-\n"
        "ing Leaves,” International Journal of Trees, vol. 16, no. 6, 2021.\n"
        "[J1] Mei Hartig, Kenji Mori-\n"
        "waki, and Rebecca A. Velden. “A Few-\n"
        "shot View of Roots,” Journal of Invented Results, vol. 17, 2020.\n",
    )
    assert papers(document) == [
        (
            "Rethinking the Role of Bark in Scoring Leaves",
            ("Rebecca A. Velden", "Mei Hartig", "Patrick O’Dowd", "Lawrence J. Whitcombe", "Marisol Tejada"),
            "2021",
            "journal",
        ),
        ("A Few-shot View of Roots", ("Mei Hartig", "Kenji Moriwaki", "Rebecca A. Velden"), "2020", "journal"),
    ]


def test_students_in_tables_and_in_one_line(tmp_path: Path) -> None:
    document = read(
        tmp_path,
        "Ada Velden\n\nMentoring\n\n"
        "PhD: Gita Holm (2023 – present), Emil Farrow (2022 – 2024), Ivo\nKestrel (2021 – 2023).\n\n"
        "Ph.D. scholars guided\n\nS.No. Name Title Year\n1 K. Amberson Energy Efficient Trees 2012 – 2017\n"
        "2 Liv Monrad (Pursuing) 2021 –\n\n"
        'Sponsored projects\n\n1. "Safe Forests", Invented Fund, 2019 – 2022. Principal Investigator: Dr. Ada Velden. '
        "Co-Principal Investigator: Dr. Nora Pike.\n",
    )
    assert ties(document) == {
        ("mentee", "Gita Holm", "2023", ""),
        ("mentee", "Emil Farrow", "2022", "2024"),
        ("mentee", "Ivo Kestrel", "2021", "2023"),
        ("mentee", "K. Amberson", "2012", "2017"),
        ("mentee", "Liv Monrad", "2021", ""),
        ("coworker", "Nora Pike", "2019", "2022"),
    }


def test_who_leads_the_group_of_a_position_is_a_host(tmp_path: Path) -> None:
    document = read(
        tmp_path,
        "Ada Velden\n\nExperience\n\nPostdoctoral Fellow, Westwick University (PI: Prof. Jana Lorn), 2018 – 2021\n"
        "Reader, Northfield University, June 2021 – till date\n",
    )
    assert ties(document) == {("host", "Jana Lorn", "2018", "2021")}
    assert [(one.organisation, str(one.start), one.end) for one in document.affiliations][1:] == [
        ("Northfield University", "2021-06", None)
    ]
    assert document.affiliations[0].organisation == "Westwick University"


def test_two_entries_in_one_are_in_doubt(tmp_path: Path) -> None:
    document = read(
        tmp_path,
        "Ada Velden\n\nPublications\n\n"
        "<a> Ada Velden, Bo Hartig. Sparse trees for many. Journal of Trees, 2020. "
        "<b> Bo Hartig, Ada Velden. Dense trees. Journal of Trees, 2021.\n",
    )
    assert all("Velden" not in one.title for one in document.entries)


def test_lines_that_repeat_by_wrapping_are_no_buttons(tmp_path: Path) -> None:
    entry = "{0}. Ada Velden, Bo Hartig, Cleo Marsh, Dora Quill. A long study of {1} trees and\n   Neural Networks\n   Journal of Trees, 1{0}(3), 1-9, 202{0}.\n"
    text = "Ada Velden\n\nPublications\n\n" + "".join(
        entry.format(number, sort) for number, sort in enumerate(("sparse", "dense", "brown"))
    )
    document = read(tmp_path, text)
    assert [one.title for one in document.entries] == [
        f"A long study of {sort} trees and Neural Networks" for sort in ("sparse", "dense", "brown")
    ]
