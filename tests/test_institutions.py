import itertools
import socket
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matcher.conflicts.institutions import (
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
    ("google.com", "deepmind.com"),
    ("google.com", "Google Research"),
    ("fb.com", "Meta AI"),
    ("facebook.com", "meta.com"),
    ("robots.ox.ac.uk", "oxford.ac.uk"),
    ("eng.ox.ac.uk", "The University of Oxford"),
    ("Manchester University", "University of Manchester"),
    ("mails.tsinghua.edu.cn", "Tsinghua University"),
    ("in.tum.de", "Technische Universität München"),
    ("illinois.edu", "cs.uiuc.edu"),
    ("utoronto.ca", "cs.toronto.edu"),
    ("ethz.ch", "ETH Zürich"),
    ("umontreal.ca", "Université de Montréal"),
    ("uw.edu", "University of Washington"),
    ("csail.mit.edu", "Massachusetts Institute of Technology"),
]
APART = [
    ("hust.edu.cn", "hust.edu.vn"),
    ("ku.dk", "ku.edu.tr"),
    ("ntu.edu.sg", "ntu.edu.tw"),
    ("University of Washington", "Washington University"),
    ("google.com", "gmail.com"),
    ("meta.com", "metadata.example"),
    ("University of Manchester", "Manchester Metropolitan University"),
    ("ust.hk", "hust.edu.cn"),
    ("Independent Researcher", "Independent Researcher"),
    ("gmail.com", "gmail.com"),
    ("University of Maryland, College Park", "University of Maryland, Baltimore County"),
]


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
