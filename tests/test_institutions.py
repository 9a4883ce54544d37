import itertools
import socket
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.institutions import (
    FREE_MAIL,
    PLACEHOLDERS,
    Stay,
    aliases,
    institution_domain,
    institution_name,
    registered_domain,
    stays,
    stays_at_addresses,
    were_there,
    were_there_together,
)
from matcher.records import Affiliation, PartialDate


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("cs.tau.ac.il", "tau.ac.il"),
        ("u.nus.edu", "nus.edu"),
        ("eecs.mit.edu", "csail.MIT.edu"),
        ("mail.inf.ethz.ch", "ethz.ch"),
        ("iip.ist.i.kyoto-u.ac.jp", "kyoto-u.ac.jp"),
        ("cs.uni.example", "uni.example."),
        ("jane@cs.uni.example", "https://www.uni.example/people"),
    ],
)
def test_domains_of_one_institution(one: str, other: str) -> None:
    assert institution_domain(one) == institution_domain(other) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hust.edu.cn", "hust.edu.vn"),
        ("ku.dk", "ku.edu.tr"),
        ("tau.ac.il", "technion.ac.il"),
        ("ox.ac.uk", "cam.ac.uk"),
        ("uni-a.example", "uni-b.example"),
        ("nus.edu", "nus.edu.sg"),
    ],
)
def test_domains_of_two_institutions(one: str, other: str) -> None:
    assert institution_domain(one) is not None
    assert institution_domain(other) is not None
    assert institution_domain(one) != institution_domain(other)


@pytest.mark.parametrize(
    "domain", ["", "ac.il", "edu", "edu.cn", "localhost", "host.local", "10.0.0.1", "::1", "a..b", "x.invalid", None]
)
def test_what_no_institution_registered(domain: str | None) -> None:
    assert institution_domain(domain) is None


@pytest.mark.parametrize(
    "domain",
    [
        *("gmail.com", "GMail.com", "outlook.com", "hotmail.com", "hotmail.co.uk", "live.nl", "qq.com", "163.com"),
        *("vip.163.com", "126.com", "yahoo.com", "yahoo.co.jp", "yahoo.fr", "icloud.com", "proton.me"),
        *("protonmail.com", "foxmail.com", "mail.ru", "gmx.de", "gmx.net", "gmx.at", "web.de", "naver.com"),
        *("acm.org", "ieee.org", "example.org", "mail.example.com"),
    ],
)
def test_free_mail_and_examples_are_no_institutions(domain: str) -> None:
    assert institution_domain(domain) is None


def test_every_listed_mail_provider_is_a_registered_domain() -> None:
    assert [domain for domain in sorted(FREE_MAIL) if registered_domain(domain) != domain] == []


def test_employers_that_own_a_mail_provider_stay_institutions() -> None:
    domains = ["google.com", "microsoft.com", "tencent.com", "navercorp.com", "apple.com", "yandex-team.ru"]
    assert [institution_domain(domain) for domain in domains] == domains


def test_every_placeholder_is_spelled_as_it_is_compared() -> None:
    assert [word for word in sorted(PLACEHOLDERS) if institution_name(f"{word} of X") != f"{word} of x"] == []


@pytest.mark.parametrize(
    "words", ["", " ", "Independent", "INDEPENDENT RESEARCHER", "None", "n/a", "N.A.", "-", "Unaffiliated", "Freelance"]
)
def test_placeholders_are_no_institutions(words: str) -> None:
    assert institution_name(words) is None
    assert stays([Affiliation(organisation=words)]) == ()


def test_names_are_compared_as_written_but_for_case_accents_and_punctuation() -> None:
    assert institution_name("The University of Manchester") == institution_name("University of Manchester ")
    assert institution_name("Université de Montréal") == institution_name("UNIVERSITE DE MONTREAL")
    assert institution_name("Texas A&M University") == institution_name("Texas A and M University")
    assert institution_name("Manchester University") != institution_name("University of Manchester")
    assert institution_name("北京大学") == "北京大学"


def test_stays_keep_domain_and_name_of_one_affiliation_together() -> None:
    (stay,) = stays([Affiliation(organisation="Uni A", domain="cs.uni-a.example", end=PartialDate(2020))])
    assert stay.keys == ("name:uni a", "domain:uni-a.example")
    assert (stay.label, stay.span) == ("Uni A", "until 2020")


def test_stays_leave_out_what_is_no_institution_and_repetitions() -> None:
    affiliations = [
        Affiliation(domain="gmail.com"),
        Affiliation(domain="a.uni.example"),
        Affiliation(domain="b.uni.example"),
        Affiliation(organisation="none", domain="lab.example", start=PartialDate(2019)),
    ]
    assert [(stay.label, stay.span) for stay in stays(affiliations)] == [
        ("uni.example", "now"),
        ("lab.example", "since 2019"),
    ]


def test_addresses_of_mail_providers_say_nothing() -> None:
    assert [stay.label for stay in stays_at_addresses(["a@cs.uni.example", "a@gmail.com", "no address"])] == [
        "uni.example"
    ]


# Stays compared with every day that their dates can mean, one after the other.

FIRST = date(2019, 12, 1)
SOME_DATES = st.sampled_from(
    [None, PartialDate(2020), PartialDate(2020, 1), PartialDate(2020, 2), PartialDate(2020, 1, 15), PartialDate(2019)]
)


@st.composite
def some_stays(draw: st.DrawFn) -> Stay:
    start, end = draw(SOME_DATES), draw(SOME_DATES)
    if start is not None and end is not None and start.first_day() > end.last_day():
        start, end = end, start
    return Stay((), "", start, end)


def readings(stay: Stay) -> list[tuple[date, date]]:
    """Every pair of days that a stay can mean, thinned out to the ones that matter."""
    starts = [date.min] if stay.start is None else [stay.start.first_day(), stay.start.last_day()]
    ends = [date.max] if stay.end is None else [stay.end.first_day(), stay.end.last_day()]
    return [(start, end) for start, end in itertools.product(starts, ends) if start <= end]


@given(some_stays(), st.integers(0, 500), st.integers(0, 60))
def test_were_there_agrees_with_all_readings(stay: Stay, offset: int, length: int) -> None:
    first = FIRST + timedelta(days=offset)
    last = first + timedelta(days=length)
    answers = [start <= last and end >= first for start, end in readings(stay)]
    sure, possible = were_there(stay, first, last)
    assert possible == any(answers)
    assert not sure or all(answers)
    if not (stay.start and stay.end):  # with both, the worst two days can contradict each other; then sure is careful
        assert sure == all(answers)


@given(some_stays(), some_stays())
def test_were_there_together_agrees_with_all_readings(one: Stay, other: Stay) -> None:
    answers = [
        max(start, begin) <= min(end, finish) for start, end in readings(one) for begin, finish in readings(other)
    ]
    sure, possible = were_there_together(one, other)
    assert possible == any(answers)
    assert not sure or all(answers)
    assert were_there_together(other, one) == (sure, possible)


def test_a_year_at_two_places_may_or_may_not_overlap() -> None:
    before, after = Stay((), "", end=PartialDate(2020)), Stay((), "", start=PartialDate(2020))
    assert were_there_together(before, after) == (False, True)
    assert were_there_together(before, Stay((), "", start=PartialDate(2021))) == (False, False)
    assert were_there_together(before, Stay((), "", start=PartialDate(2020, 1, 1))) == (True, True)


# --- names and domains of one institution ---------------------------------------------------------------------------

SAME = [
    *(
        tuple(line.strip().split(" = "))
        for line in """
        google.com = deepmind.com
        google.com = Google Research
        Google DeepMind, London = deepmind.com
        Google Brain = Google LLC
        fb.com = Meta AI
        facebook.com = meta.com
        Facebook AI Research (FAIR) = meta.com
        amazon.com = AWS AI Labs
        amazon.science = Amazon Web Services
        msr.microsoft.com = Microsoft Research Asia
        Microsoft Research, Redmond = Microsoft Corporation
        research.ibm.com = IBM T. J. Watson Research Center
        IBM Research - Zurich = us.ibm.com
        NVIDIA Research = nvidia.com
        tiktok.com = ByteDance Inc.
        Huawei Noah's Ark Lab = huawei.com
        Tencent AI Lab, Shenzhen, China = tencent.com
        alibaba-inc.com = DAMO Academy
        Baidu Research = baidu.com
        Samsung AI Center, Cambridge = samsung.com
        bell-labs.com = Nokia Bell Labs
        hpe.com = Hewlett Packard Enterprise
        merl.com = Mitsubishi Electric Research Laboratories (MERL)
        AI2 = Allen Institute for Artificial Intelligence
        data61.csiro.au = CSIRO's Data61
        robots.ox.ac.uk = oxford.ac.uk
        eng.ox.ac.uk = The University of Oxford
        Department of Computer Science, University of Oxford = cs.ox.ac.uk
        cl.cam.ac.uk = Cambridge University
        inf.ed.ac.uk = University of Edinburgh
        School of Informatics, University of Edinburgh, UK = Edinburgh University
        Manchester University = University of Manchester
        bham.ac.uk = University of Birmingham
        bris.ac.uk = bristol.ac.uk
        gla.ac.uk = glasgow.ac.uk
        shef.ac.uk = University of Sheffield
        soton.ac.uk = southampton.ac.uk
        qmul.ac.uk = Queen Mary University of London
        imperial.ac.uk = doc.ic.ac.uk
        ucl.ac.uk = University College London (UCL)
        King's College London = kcl.ac.uk
        mails.tsinghua.edu.cn = Tsinghua University
        pku.edu.cn = School of EECS, Peking University
        sjtu.edu.cn = Shanghai Jiaotong University
        stu.xjtu.edu.cn = Xi'an Jiaotong University
        ustc.edu.cn = University of Science and Technology of China (USTC)
        mail.hust.edu.cn = Huazhong University of Science and Technology
        buaa.edu.cn = Beijing University of Aeronautics and Astronautics
        nwpu.edu.cn = Northwestern Polytechnical University
        sustc.edu.cn = sustech.edu.cn
        ust.hk = HKUST
        connect.polyu.hk = polyu.hk
        polyu.edu.hk = The Hong Kong Polytechnic University
        nctu.edu.tw = National Yang Ming Chiao Tung University
        titech.ac.jp = Institute of Science Tokyo
        u-tokyo.ac.jp = The University of Tokyo
        riken.jp = RIKEN Center for Advanced Intelligence Project
        postech.ac.kr = Pohang University of Science and Technology
        kaist.ac.kr = Korea Advanced Institute of Science and Technology (KAIST)
        comp.nus.edu.sg = National University of Singapore
        cse.iitb.ac.in = Indian Institute of Technology Bombay
        IIT Madras = Indian Institute of Technology (Madras)
        iisc.ac.in = Indian Institute of Science, Bangalore
        in.tum.de = Technische Universität München
        tu-berlin.de = TU Berlin
        Technical University of Darmstadt = Technische Universität Darmstadt
        rwth-aachen.de = RWTH Aachen
        cs.rub.de = Ruhr-Universität Bochum
        uni-erlangen.de = fau.de
        Albert-Ludwigs-Universität Freiburg = University of Freiburg
        Eberhard Karls Universität Tübingen = uni-tuebingen.de
        Ruprecht-Karls-Universität Heidelberg = Heidelberg University
        mpi-sws.org = Max Planck Institute for Software Systems
        DFKI = German Research Center for Artificial Intelligence
        tuwien.ac.at = Vienna University of Technology
        ist.ac.at = Institute of Science and Technology Austria
        ethz.ch = ETH Zürich
        inf.ethz.ch = Department of Computer Science, ETH Zurich
        epfl.ch = École Polytechnique Fédérale de Lausanne (EPFL)
        uzh.ch = Universität Zürich
        telecom-paristech.fr = Télécom Paris
        lip6.fr = Sorbonne Université
        Inria, France = Institut national de recherche en informatique et en automatique
        student.uva.nl = Universiteit van Amsterdam
        vu.nl = Vrije Universiteit Amsterdam
        tue.nl = TU Eindhoven
        cs.rug.nl = University of Groningen
        kuleuven.be = Katholieke Universiteit Leuven
        ku.dk = Københavns Universitet
        dtu.dk = Danmarks Tekniske Universitet
        kth.se = KTH Royal Institute of Technology
        hut.fi = Aalto University
        ntnu.no = Norwegian University of Science and Technology
        unipd.it = Università degli Studi di Padova
        polimi.it = Polytechnic University of Milan
        uniroma1.it = Sapienza University of Rome
        fel.cvut.cz = Czech Technical University in Prague
        usp.br = Universidade de São Paulo
        illinois.edu = cs.uiuc.edu
        University of Illinois at Urbana-Champaign (UIUC) = illinois.edu
        utoronto.ca = cs.toronto.edu
        umontreal.ca = Université de Montréal
        Mila, McGill University = mcgill.ca
        uw.edu = University of Washington
        Paul G. Allen School, University of Washington, Seattle = cs.washington.edu
        csail.mit.edu = Massachusetts Institute of Technology
        MIT CSAIL = Massachusetts Institute of Technology (MIT)
        Department of EECS, University of California, Berkeley = eecs.berkeley.edu
        University of California at Berkeley = UC Berkeley
        UC San Diego = eng.ucsd.edu
        cs.ucla.edu = University of California, Los Angeles
        UCSB = University of California, Santa Barbara
        gatech.edu = Georgia Tech
        Penn State University = psu.edu
        upenn.edu = University of Pennsylvania
        wisc.edu = University of Wisconsin-Madison
        umich.edu = University of Michigan, Ann Arbor
        vt.edu = Virginia Polytechnic Institute and State University
        Washington University in St. Louis = wustl.edu
        cs.unc.edu = UNC Chapel Hill
        Texas A&M University = tamu.edu
        unsw.edu.au = UNSW Sydney
        anu.edu.au = The Australian National University
        University of Foo (UFoo) = University of Foo
        """.strip().splitlines()
    ),
]
APART = [
    *(
        tuple(line.strip().split(" ≠ "))
        for line in """
        hust.edu.cn ≠ hust.edu.vn
        ku.dk ≠ ku.edu.tr
        ku.dk ≠ kuleuven.be
        ntu.edu.sg ≠ ntu.edu.tw
        National Taiwan University ≠ National Taiwan Normal University
        University of Washington ≠ Washington University
        University of Washington ≠ Washington University in St. Louis
        University of Washington ≠ Washington State University
        google.com ≠ gmail.com
        meta.com ≠ metadata.example
        apple.com ≠ appleton.example
        intel.com ≠ Intelligent Systems Lab
        University of Manchester ≠ Manchester Metropolitan University
        ust.hk ≠ hust.edu.cn
        ust.hk ≠ ustc.edu.cn
        Independent Researcher ≠ Independent Researcher
        Independent Researcher, Berlin ≠ Independent Researcher, Berlin
        Self-employed (Paris) ≠ Self-employed (Paris)
        Retired, Boston ≠ Retired, Boston
        gmail.com ≠ gmail.com
        163.com ≠ 163.com
        University of Maryland, College Park ≠ University of Maryland, Baltimore County
        University of California, Berkeley ≠ University of California, Davis
        University of California, San Diego ≠ University of San Diego
        University of California, San Francisco ≠ University of San Francisco
        ucsd.edu ≠ ucsb.edu
        University of Texas at Austin ≠ University of Texas at Dallas
        Texas A&M University ≠ Texas State University
        University of Illinois Chicago ≠ University of Illinois Urbana-Champaign
        University of Chicago ≠ University of Illinois at Chicago
        University of Michigan ≠ Michigan State University
        University of Oregon ≠ Oregon State University
        University of Arizona ≠ Arizona State University
        University of Colorado Boulder ≠ Colorado State University
        University of Iowa ≠ Iowa State University
        University of Pennsylvania ≠ Pennsylvania State University
        University of Virginia ≠ Virginia Tech
        University of Georgia ≠ Georgia Tech
        Georgetown University ≠ Georgia State University
        University of Florida ≠ Florida State University
        University of Florida ≠ University of Central Florida
        University of North Carolina at Chapel Hill ≠ North Carolina State University
        University of Massachusetts Amherst ≠ University of Massachusetts Boston
        University of Massachusetts Lowell ≠ University of Massachusetts Amherst
        Boston University ≠ Boston College
        Columbia University ≠ University of British Columbia
        Cornell University ≠ Cornell College
        George Washington University ≠ University of Washington
        George Mason University ≠ George Washington University
        Northwestern University ≠ Northwestern Polytechnical University
        Northeastern University ≠ Northeast Normal University
        Miami University ≠ University of Miami
        Indiana University Bloomington ≠ Indiana State University
        Stony Brook University ≠ University at Buffalo
        New York University ≠ City University of New York
        City University of Hong Kong ≠ City University of New York
        City University of Hong Kong ≠ University of Hong Kong
        Chinese University of Hong Kong ≠ University of Hong Kong
        Hong Kong Polytechnic University ≠ Hong Kong Baptist University
        York University ≠ University of York
        York University ≠ New York University
        yorku.ca ≠ york.ac.uk
        University of Queensland ≠ Queensland University of Technology
        Queen's University ≠ Queen Mary University of London
        University of Sydney ≠ University of Technology Sydney
        University of Melbourne ≠ RMIT University
        Newcastle University ≠ University of Newcastle
        University of Birmingham ≠ University of Alabama at Birmingham
        University of Cambridge ≠ Cambridge College
        University of Oxford ≠ Oxford Brookes University
        University of Warwick ≠ University of Warsaw
        University of Bath ≠ University of Basel
        bath.ac.uk ≠ unibas.ch
        Durham University ≠ Duke University
        Imperial College London ≠ University College London
        University College London ≠ University College Dublin
        Trinity College Dublin ≠ Dublin City University
        University of London ≠ University College London
        Lancaster University ≠ University of Leicester
        University of York ≠ University of New York in Prague
        Freie Universität Berlin ≠ Technische Universität Berlin
        Humboldt-Universität zu Berlin ≠ Freie Universität Berlin
        fu-berlin.de ≠ tu-berlin.de
        Technical University of Munich ≠ Ludwig Maximilian University of Munich
        tum.de ≠ uni-muenchen.de
        Universität Hamburg ≠ Technische Universität Hamburg
        University of Stuttgart ≠ Hochschule der Medien Stuttgart
        University of Vienna ≠ Vienna University of Technology
        University of Graz ≠ Graz University of Technology
        ETH Zurich ≠ University of Zurich
        EPFL ≠ ETH Zurich
        École Polytechnique ≠ École Polytechnique Fédérale de Lausanne
        École Polytechnique ≠ École Normale Supérieure
        Polytechnique Montréal ≠ Université de Montréal
        Université Catholique de Louvain ≠ Katholieke Universiteit Leuven
        Vrije Universiteit Amsterdam ≠ University of Amsterdam
        Vrije Universiteit Amsterdam ≠ Vrije Universiteit Brussel
        vu.nl ≠ vub.be
        Delft University of Technology ≠ Eindhoven University of Technology
        Tilburg University ≠ University of Tübingen
        Lund University ≠ Linköping University
        lu.se ≠ liu.se
        University of Copenhagen ≠ Copenhagen Business School
        Aalborg University ≠ Aarhus University
        Politecnico di Milano ≠ Politecnico di Torino
        Politecnico di Milano ≠ University of Milan
        University of Barcelona ≠ Universitat Autònoma de Barcelona
        University of Warsaw ≠ Warsaw University of Technology
        Tsinghua University ≠ National Tsing Hua University
        Peking University ≠ Beijing Institute of Technology
        Beijing Institute of Technology ≠ Beijing University of Technology
        Nanjing University ≠ Nanjing University of Science and Technology
        Shanghai Jiao Tong University ≠ Xi'an Jiaotong University
        Shanghai Jiao Tong University ≠ ShanghaiTech University
        University of Science and Technology of China ≠ University of Electronic Science and Technology of China
        University of Chinese Academy of Sciences ≠ University of Science and Technology of China
        Wuhan University ≠ Wuhan University of Technology
        Tokyo Institute of Technology ≠ University of Tokyo
        Kyoto University ≠ Kyoto Institute of Technology
        Seoul National University ≠ Korea University
        Seoul National University ≠ University of Seoul
        Indian Institute of Technology Bombay ≠ Indian Institute of Technology Delhi
        Indian Institute of Technology (Bombay) ≠ Indian Institute of Technology (Madras)
        Indian Institute of Science ≠ Indian Statistical Institute
        Nanyang Technological University ≠ National University of Singapore
        Singapore Management University ≠ Southern Methodist University
        smu.edu.sg ≠ smu.edu
        usc.edu ≠ sc.edu
        University of Southern California ≠ University of South Carolina
        fau.de ≠ fau.edu
        au.dk ≠ anu.edu.au
        Tel Aviv University ≠ Technion
        Bell Labs ≠ AT&T Labs
        OpenAI ≠ Open University
        Independent University, Bangladesh ≠ Independent Researcher
        Department of Computer Science, University of Foo ≠ Department of Computer Science, University of Bar
        Computer Science Department, Paris ≠ Computer Science Department, Rome
        """.strip().splitlines()
    ),
]


def test_there_are_pairs_of_both_kinds_in_number() -> None:
    assert len(SAME) > 120
    assert len(APART) > 120
    assert all(len(pair) == 2 for pair in (*SAME, *APART))
    assert len(set(aliases().values())) > 400


def keys_of(text: str) -> set[str]:
    is_domain = "." in text and " " not in text
    (affiliation,) = (Affiliation(domain=text) if is_domain else Affiliation(organisation=text),)
    return {key for stay in stays([affiliation]) for key in stay.keys}


@pytest.mark.parametrize(("one", "other"), SAME)
def test_names_and_domains_of_one_institution_are_joined(one: str, other: str) -> None:
    assert keys_of(one) & keys_of(other)


@pytest.mark.parametrize(("one", "other"), APART)
def test_what_only_looks_alike_is_kept_apart(one: str, other: str) -> None:
    assert not keys_of(one) & keys_of(other)


def test_every_alias_is_written_as_it_is_compared() -> None:
    for key in aliases():
        kind, _, value = key.partition(":")
        assert value == (institution_name(value) if kind == "name" else institution_domain(value))
