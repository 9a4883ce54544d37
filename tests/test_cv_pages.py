# ruff: noqa: E501 (documents with one long line for each entry)
"""The reader of CVs on whole invented documents of several countries: every paper, tie and domain, and no more."""

from __future__ import annotations

from pathlib import Path

from matcher.ingest.cv import CvDocument, read_cv

FACULTY = """                               KATARZYNA (KASIA) M. BRONIEWSKA-HALE
        Department of Computer Science, Wexcombe State University, Wexcombe, OH 45000
               kbh@cs.wexcombe.example | http://cs.wexcombe.example/~kbh | (555) 555-0100

EDUCATION
Ph.D., Computer Science, Lakemont University, 2014
   Thesis: "Approximate Counting for Databases"  Advisor: Rosalind Achebe-Thorne
B.S., Mathematics, summa cum laude, Trentham College, 2008

ACADEMIC APPOINTMENTS
Associate Professor, Wexcombe State University, 2020-present
Assistant Professor, Wexcombe State University, 2014-2020
Visiting Scientist, Holloway Labs, Summer 2017 (host: Dr. Pranav Iyengar-Shah)

PUBLICATIONS
(* indicates student advisee; ^ indicates alphabetical order)

Refereed Journal Articles
J3. T. Oyelaran*, K. M. Broniewska-Hale, and L. Feng. Sketching skewed joins with small
    memory. ACM Transactions on Database Systems 47(2):8:1-8:31, 2022. doi:10.99999/3512345
J2. K. M. Broniewska-Hale, R. Achebe-Thorne. "How many distinct? Lower bounds for
    streams," SIAM Journal on Computing, vol. 48, no. 1, pp. 12-44, 2019.
J1. R. Achebe-Thorne, K. Broniewska^, D. M. Castellanos. Counting triangles in
    sublinear space. Theoretical Computer Science 511 (2013), 77-95. (Invited to special issue)

Refereed Conference Papers
C5. Q. Nguyen-Bauer*, T. Oyelaran*, K. M. Broniewska-Hale. Learned indexes that admit
    deletions. In Proc. SIGMOD 2024, to appear. [Best Paper Honorable Mention]
C4. L. Feng, K. M. Broniewska-Hale, P. Iyengar-Shah. Cardinality estimation, one bit
    at a time. In Proceedings of the 47th International Conference on Very Large Data
    Bases (VLDB 2021), pages 1201-1213. Acceptance rate: 19%.
C3. T. Oyelaran*, K. M. Broniewska-Hale. Fast, cheap & wrong: the limits of sampling.
    ICDE 2020.
C2. D. M. Castellanos, K. M. Broniewska-Hale, et al. Benchmarking stream processors in
    the wild. CIDR 2017.
C1. K. Broniewska, R. Achebe-Thorne. Median-of-means revisited. PODS 2012: 201-212.

Book Chapters
B1. K. M. Broniewska-Hale. Sketches and synopses. In: S. Verhoeven and M. Ito (eds.),
    Handbook of Data Streams, Springer, 2018, pp. 101-140.

Under Review
U1. Q. Nguyen-Bauer*, K. M. Broniewska-Hale. Forgetting counts. Under review at PODS 2025.

PATENTS
K. M. Broniewska-Hale and P. Iyengar-Shah. Method for estimating join size. US Patent 99,999,999. 2019.

GRANTS
NSF CAREER: Synopses for Skewed Data. PI. $500,000. 2016-2021.
NSF Medium: Learned Access Paths. PI: Linh Feng; co-PI: K. M. Broniewska-Hale. $900,000. 2022-2026.

INVITED TALKS
Learned indexes that admit deletions. Dagstuhl Seminar, June 2024.
Cardinality estimation, one bit at a time. Lakemont University, March 2022.

STUDENTS
PhD students
Temitope Oyelaran (2016-2022), now at Holloway Labs
Quynh Nguyen-Bauer (2020-)
MS students
Daria Petrov-Lund, 2019

SERVICE
PC member: SIGMOD 2019-2024, VLDB 2018-2023
Co-organizer, Workshop on Approximate Databases (with Linh Feng), 2023
"""

PAGE = r"""# 林 雅雯 (Ya-Wen Lin)

Postdoc, [Institute for Soft Machines](https://ism.example), Taichung. Previously PhD at Harwick University (advisor: [Prof. Tobias Engström](https://x.example)).
Email: yawen [at] ism [dot] example

## Research interests

soft robotics, tactile sensing, and learning from demonstration

## Publications

*2024*

* **Ya-Wen Lin**, Putri, Tobias Engström. [Grasping jelly without tears](https://arxiv.org/abs/2401.99999). **ICRA 2024**. 🏆 Best paper finalist
* Dwi Putri Handayani, **Ya-Wen Lin**\*, Kenji Mori\*. [TactiNet: skin that learns](x). *Science Robotics*, 2024. (\* equal contribution) [pdf] [video] [code]

*2022*

* Tobias Engström, **Ya-Wen Lin**. [A survey of artificial skin](x). *Annual Review of Soft Matter*, 2022.
* **Ya-Wen Lin**, Amina bint Rashid al-Harthy. [Why robots drop things](x). arXiv:2203.99999, 2022.
* **林雅雯**, 王大明, 陳怡君. 軟性機器人觸覺感測綜述. 機械工程學報, 2021.

## Talks

* "Grasping jelly without tears", Harwick University, 2024

## Students mentored

* Putri Handayani (MSc, 2022–2023)
* Kenji Mori (visiting student, 2023)
"""

HISTORIAN = """Giulia Maria Ferrante-Olsson
Ricercatrice, Università di Montebello

PUBBLICAZIONI

Articoli su rivista

Ferrante-Olsson, G. M., & Bianchi-Rao, T. (2023). La memoria dei fiumi: archivi e alluvioni. Rivista di Storia Ambientale, 14(2), 33-58. https://doi.org/10.99999/rsa.14.2

Bianchi-Rao, T., Ferrante-Olsson, G. M., & Dal Pozzo, E. (in press). Argini e poteri. Quaderni Storici.

Capitoli di libro

Ferrante-Olsson, G. M. (2020). Mulini e confini. In E. Dal Pozzo & H. Lindqvist (Eds.), Storia dell'acqua (pp. 77–99). Edizioni del Ponte.

Monografie

Ferrante-Olsson, G. M. (2019). Il fiume contabile. Montebello: Edizioni del Ponte.

FORMAZIONE
Dottorato in Storia, Università di Montebello, 2012-2016. Relatore: Prof. Enzo Dal Pozzo
"""

STATISTICIAN = """Oluwaseun Adebayo
oa@stat.example.edu

Publications (reverse chronological; * = corresponding author)

2024
Adebayo O*, Lindgren K. "Robust medians for clustered counts." Biostatistics, in press.
Musa H, Adebayo O, Tanaka R, et al. "Vaccination timing and household size: a cohort study in Lagos." Lancet Global Health 12(3): e401-e410.

2022
Tanaka R, Adebayo O*. "When is a p-value too small?" The American Statistician 76(4): 333-340.
Lindgren K, Adebayo O, Ferreira-Lopes M, Musa H. "Multiple imputation, revisited." Statistics in Medicine 41(9): 1700-1719.

2019
Adebayo O. "Essays on Clustered Data." PhD thesis, University of Eastvale.

Conference presentations

Adebayo O, Lindgren K. "Robust medians for clustered counts." Joint Statistical Meetings, Toronto, August 2023 (talk).
"""

ENGINEER = """LEBENSLAUF

Prof. Dr.-Ing. habil. Jörg-Uwe Täubner-Achenbach
Lehrstuhl für Regelungstechnik, Hochschule Wernbach
E-Mail: taeubner@regelung.wernbach.example

Wissenschaftlicher Werdegang
seit 04/2016     Universitätsprofessor, Hochschule Wernbach
2011 – 2016      Akademischer Rat, Technische Universität Kaltenstadt
10/2007 – 12/2010 Promotion zum Dr.-Ing., TU Kaltenstadt (Betreuer: Prof. Ludger Hohmann-Reyes)

Betreute Promotionen
Dr.-Ing. Sabine Oyelowo (2021)
Dr.-Ing. Matteo Brunner-Ricci (2019)

Veröffentlichungen (Auswahl)

Aufsätze in referierten Zeitschriften

[1] J.-U. Täubner-Achenbach und S. Oyelowo: Prädiktive Regelung weicher Greifer. In: at –
    Automatisierungstechnik 70 (2022), Nr. 4, S. 310–322.
[2] M. Brunner-Ricci, J.-U. Täubner-Achenbach: Robust observers for belt drives. Control
    Engineering Practice 88 (2019), S. 12–25.

Beiträge in Tagungsbänden

[3] S. Oyelowo, F. Wen, J.-U. Täubner-Achenbach: Learning to damp: adaptive input shaping.
    IFAC World Congress, Yokohama 2023.
[4] Täubner-Achenbach, J.-U.; Hohmann-Reyes, L.: Zustandsschätzung ohne Modell? VDI-Berichte
    2100 (2010), S. 77–88.

Vorträge

Prädiktive Regelung weicher Greifer. Kolloquium, TU Kaltenstadt, Mai 2022.

Drittmittelprojekte

DFG „Weiche Greifer“, 2020–2023, Projektleiter: Ludger Hohmann-Reyes
"""


def read(tmp_path: Path, text: str, name: str = "cv.txt") -> CvDocument:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_cv(path)


def papers(document: CvDocument) -> list[tuple[str, str, str, str]]:
    return [(one.title, ", ".join(one.authors), str(one.date), one.kind) for one in document.entries]


def test_the_papers_of_faculty(tmp_path: Path) -> None:
    document = read(tmp_path, FACULTY, "cv.txt")
    assert document.owner is not None
    assert document.owner.name == "Katarzyna M. Broniewska-Hale"
    assert document.domains == ("cs.wexcombe.example",)
    assert papers(document) == [
        ("Sketching skewed joins with small memory", "T. Oyelaran, K. M. Broniewska-Hale, L. Feng", "2022", "journal"),
        ("How many distinct? Lower bounds for streams", "K. M. Broniewska-Hale, R. Achebe-Thorne", "2019", "journal"),
        (
            "Counting triangles in sublinear space",
            "R. Achebe-Thorne, K. Broniewska, D. M. Castellanos",
            "2013",
            "journal",
        ),
        (
            "Learned indexes that admit deletions",
            "Q. Nguyen-Bauer, T. Oyelaran, K. M. Broniewska-Hale",
            "2024",
            "conference",
        ),
        (
            "Cardinality estimation, one bit at a time",
            "L. Feng, K. M. Broniewska-Hale, P. Iyengar-Shah",
            "2021",
            "conference",
        ),
        ("Fast, cheap & wrong: the limits of sampling", "T. Oyelaran, K. M. Broniewska-Hale", "2020", "conference"),
        (
            "Benchmarking stream processors in the wild",
            "D. M. Castellanos, K. M. Broniewska-Hale",
            "2017",
            "conference",
        ),
        ("Median-of-means revisited", "K. Broniewska, R. Achebe-Thorne", "2012", "conference"),
        ("Sketches and synopses", "K. M. Broniewska-Hale", "2018", "chapter"),
        ("Forgetting counts", "Q. Nguyen-Bauer, K. M. Broniewska-Hale", "2025", "preprint"),
    ]
    assert {(one.relation.kind, one.relation.other) for one in document.relations} == {
        ("advisor", "Rosalind Achebe-Thorne"),
        ("coorganizer", "Linh Feng"),
        ("grant_lead", "Linh Feng"),
        ("host", "Pranav Iyengar-Shah"),
        ("mentee", "Daria Petrov-Lund"),
        ("mentee", "Quynh Nguyen-Bauer"),
        ("mentee", "Temitope Oyelaran"),
    }


def test_the_papers_of_page(tmp_path: Path) -> None:
    document = read(tmp_path, PAGE, "cv.md")
    assert document.owner is not None
    assert document.owner.name == "林 雅雯"
    assert document.domains == ("ism.example",)
    assert papers(document) == [
        ("Grasping jelly without tears", "Ya-Wen Lin, Putri, Tobias Engström", "2024", "conference"),
        ("TactiNet: skin that learns", "Dwi Putri Handayani, Ya-Wen Lin, Kenji Mori", "2024", "journal"),
        ("A survey of artificial skin", "Tobias Engström, Ya-Wen Lin", "2022", "journal"),
        ("Why robots drop things", "Ya-Wen Lin, Amina bint Rashid al-Harthy", "2022", "preprint"),
        ("軟性機器人觸覺感測綜述", "林雅雯, 王大明, 陳怡君", "2021", "journal"),
    ]
    assert {(one.relation.kind, one.relation.other) for one in document.relations} == {
        ("advisor", "Tobias Engström"),
        ("mentee", "Kenji Mori"),
        ("mentee", "Putri Handayani"),
    }


def test_the_papers_of_historian(tmp_path: Path) -> None:
    document = read(tmp_path, HISTORIAN, "cv.txt")
    assert document.owner is not None
    assert document.owner.name == "Giulia Maria Ferrante-Olsson"
    assert document.domains == ()
    assert papers(document) == [
        ("La memoria dei fiumi: archivi e alluvioni", "G. M. Ferrante-Olsson, T. Bianchi-Rao", "2023", "journal"),
        ("Argini e poteri", "T. Bianchi-Rao, G. M. Ferrante-Olsson, E. Dal Pozzo", "None", "journal"),
        ("Mulini e confini", "G. M. Ferrante-Olsson", "2020", "chapter"),
        ("Il fiume contabile", "G. M. Ferrante-Olsson", "2019", "other"),
    ]
    assert {(one.relation.kind, one.relation.other) for one in document.relations} == {
        ("advisor", "Enzo Dal Pozzo"),
    }


def test_the_papers_of_statistician(tmp_path: Path) -> None:
    document = read(tmp_path, STATISTICIAN, "cv.txt")
    assert document.owner is not None
    assert document.owner.name == "Oluwaseun Adebayo"
    assert document.domains == ("stat.example.edu",)
    assert papers(document) == [
        ("Robust medians for clustered counts", "O Adebayo, K. Lindgren", "2024", "journal"),
        (
            "Vaccination timing and household size: a cohort study in Lagos",
            "H Musa, O Adebayo, R Tanaka",
            "2024",
            "journal",
        ),
        ("When is a p-value too small?", "R Tanaka, O Adebayo", "2022", "journal"),
        ("Multiple imputation, revisited", "K Lindgren, O Adebayo, M Ferreira-Lopes, H. Musa", "2022", "journal"),
        ("Essays on Clustered Data", "O. Adebayo", "2019", "thesis"),
    ]
    assert {(one.relation.kind, one.relation.other) for one in document.relations} == set()


def test_a_german_curriculum(tmp_path: Path) -> None:
    document = read(tmp_path, ENGINEER)
    assert document.owner is not None
    assert document.owner.name == "Jörg-Uwe Täubner-Achenbach"
    assert papers(document) == [
        ("Prädiktive Regelung weicher Greifer", "J.-U. Täubner-Achenbach, S. Oyelowo", "2022", "journal"),
        ("Robust observers for belt drives", "M. Brunner-Ricci, J.-U. Täubner-Achenbach", "2019", "journal"),
        (
            "Learning to damp: adaptive input shaping",
            "S. Oyelowo, F. Wen, J.-U. Täubner-Achenbach",
            "2023",
            "conference",
        ),
        ("Zustandsschätzung ohne Modell?", "J.-U. Täubner-Achenbach, L. Hohmann-Reyes", "2010", "journal"),
    ]
    assert document.entries[1].venue == "Control Engineering Practice"
    assert {(one.relation.kind, one.relation.other) for one in document.relations} == {
        ("advisor", "Ludger Hohmann-Reyes"),
        ("grant_lead", "Ludger Hohmann-Reyes"),
        ("mentee", "Sabine Oyelowo"),
        ("mentee", "Matteo Brunner-Ricci"),
    }
    assert [(one.organisation, str(one.start), str(one.end)) for one in document.affiliations][:2] == [
        ("Hochschule Wernbach", "2016-04", "None"),
        ("Technische Universität Kaltenstadt", "2011", "2016"),
    ]
