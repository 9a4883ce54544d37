from __future__ import annotations

import base64
import hashlib
import itertools
import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from matcher.config import MatchConfig
from matcher.errors import MissingExtraError
from matcher.records import (
    Assignment,
    AuthorMention,
    Certificate,
    Conflict,
    Conflicts,
    Deadline,
    Evidence,
    EvidencePaper,
    Explanation,
    Index,
    Ints,
    Limits,
    Pair,
    PairStatus,
    Paper,
    PaperId,
    PartialDate,
    Person,
    PersonId,
    QuestionPrice,
    RankedReviewer,
    Reviewer,
    ScoreMatrix,
    Shortfall,
    SourceRef,
    Submission,
    SubmissionId,
    Underload,
    Venue,
    Verdict,
)
from matcher.report import ReportData, _Facts, _questions, recount, render_report, submissions_in_detail
from tests.browsing import chromium

WORDS = [
    "sparse",
    "robust",
    "neural",
    "causal",
    "federated",
    "latent",
    "bilingual",
    "quantised",
    "adaptive",
    "temporal",
]
THINGS = [
    "retrieval",
    "parsing",
    "tracking",
    "planning",
    "calibration",
    "segmentation",
    "compression",
    "translation",
    "ranking",
    "diffusion",
]
GIVEN = ["Alba", "Bodo", "Cleo", "Dara", "Edda", "Finn", "Gisa", "Hugo", "Ilse", "Joos"]
FAMILY = ["Aldern", "Birkmann", "Corvell", "Dunmoor", "Eschby", "Falkrun", "Grendahl", "Hollin", "Isbrand", "Jorsten"]


def world(
    *,
    submissions: int = 12,
    reviewers: int = 9,
    wanted: int = 3,
    max_load: int = 5,
    unscored: int = 1,
    conflicts_each: int = 2,
    seed: int = 7,
    exact: bool = True,
) -> ReportData:
    """A venue with invented people and its assignment: the optimum with its dual prices, or a quick feasible one."""
    rng = np.random.default_rng(seed)
    reviewer_ids = [PersonId(f"~{r:04d}_{FAMILY[r // 10 % 10]}") for r in range(reviewers)]
    submission_ids = [SubmissionId(f"sub-{s:04d}") for s in range(submissions)]
    people = [Person(who, (f"{GIVEN[r % 10]} {FAMILY[r // 10 % 10]}",)) for r, who in enumerate(reviewer_ids)]
    sizes = [0 if r < unscored else int(rng.integers(2, 40)) for r in range(reviewers)]
    papers = [
        Paper(
            PaperId(f"p{r}-{number}"),
            f"{WORDS[(r + number) % 10].capitalize()} {THINGS[(r * 3 + number) % 10]} in study {r}.{number}",
            dates=(PartialDate(2015 + number % 9, 1 + number % 12),),
            authors=(AuthorMention(people[r].name, reviewer_ids[r]),),
        )
        for r in range(reviewers)
        for number in range(sizes[r])
    ]
    listed = [
        Submission(
            name,
            f"{WORDS[s % 10].capitalize()} {THINGS[s // 10 % 10]} for {THINGS[(s + 5) % 10]}, part {s}",
            authors=(AuthorMention(f"Author {s} Mayfield"), AuthorMention(f"Second Author {s}")),
        )
        for s, name in enumerate(submission_ids)
    ]
    values = rng.beta(2, 3, (submissions, reviewers)).astype(np.float32)
    values[:, :unscored] = np.nan
    items = []
    for s, name in enumerate(submission_ids):
        for which, r in enumerate(sorted(rng.choice(reviewers, conflicts_each, replace=False).tolist())):
            ask = which == 1 and s % 3 == 0
            items.append(
                Conflict(
                    name,
                    reviewer_ids[r],
                    "coauthor" if which else "institution",
                    Verdict.ASK if ask else Verdict.BLOCK,
                    None,
                    f"Author {s} Mayfield",
                    tuple(
                        Evidence(
                            "paper",
                            f"joint paper “{WORDS[k % 10]} {THINGS[(s + k) % 10]}”",
                            dates=(PartialDate(2022),),
                            sources=(SourceRef("publications.jsonl", 10 * s + k),),
                        )
                        for k in range(1 + s % 4)
                    ),
                    PartialDate(2022),
                    0.93 if ask else 1.0,
                    "a date of the paper before 2022-10-01" if ask else "clear from 2025-10-01 on",
                )
            )
    conflicts = Conflicts(tuple(sorted(items, key=Conflict.sort_key)))
    venue = Venue.of(
        name="Workshop on Careful Matching 2025",
        papers=papers,
        people=people,
        reviewers=[
            Reviewer(who, tuple(PaperId(f"p{r}-{number}") for number in range(sizes[r])))
            for r, who in enumerate(reviewer_ids)
        ],
        submissions=listed,
        deadline=Deadline(date(2025, 10, 1), "venue.toml"),
    )
    scores = ScoreMatrix(Index(submission_ids), Index(reviewer_ids), values, values, "mean of the best 3")
    status = np.full(values.shape, PairStatus.ELIGIBLE, dtype=np.uint8)
    status[np.isnan(values)] = PairStatus.LAST_RESORT
    for (one, other), found in conflicts.by_pair.items():
        place = scores.submissions.position(one), scores.reviewers.position(other)
        asked = all(conflict.verdict is Verdict.ASK for conflict in found)
        status[place] = PairStatus.ASK if asked else PairStatus.BLOCKED
    limits = Limits(
        wanted=np.full(submissions, wanted),
        max_load=np.full(reviewers, max_load),
        min_load=np.zeros(reviewers, dtype=np.int64),
        status=status,
    )
    assignment = optimum(scores, limits) if exact else greedy(scores, limits)
    return ReportData(
        venue=venue,
        config=MatchConfig(max_load=max_load),
        profiles_sizes=np.array([len(venue.reviewer(who).paper_ids) for who in scores.reviewers]),
        scores=scores,
        conflicts=conflicts,
        limits=limits,
        assignment=assignment,
        explanations={
            (pair.submission_id, pair.reviewer_id): explained(venue, scores, pair)
            for pair in assignment.pairs
            if pair.score is not None
        },
        question_price=QuestionPrice(pairs=3, submissions=3, gain=0.214, changed=5),
        provenance={
            "origin": {"max_load": "match.toml", "encoder": "flag"},
            "versions": {"python": "3.12.1", "reviewer-matcher": "0.1.0"},
            "seed": 0,
            "venue": {"digest": venue.digest},
        },
    )


def optimum(scores: ScoreMatrix, limits: Limits) -> Assignment:
    """The best assignment and its dual prices, by linear programming; the polytope of assignments is integral."""
    solved: Any
    rows, columns = np.nonzero(limits.eligible)
    values = scores.values[rows, columns].astype(np.float64)
    demand = (rows[None, :] == np.arange(len(limits.wanted))[:, None]).astype(float)
    load = (columns[None, :] == np.arange(len(limits.max_load))[:, None]).astype(float)
    solved = linprog(
        -values, A_eq=demand, b_eq=limits.wanted, A_ub=load, b_ub=limits.max_load, bounds=(0, 1), method="highs"
    )
    assert solved.status == 0, solved.message
    chosen = solved.x > 0.5
    return packed(
        scores,
        rows[chosen],
        columns[chosen],
        bound=-float(solved.fun),
        certificate=Certificate(-solved.ineqlin.marginals, 100.0, 10.0, 1.0),
    )


def greedy(scores: ScoreMatrix, limits: Limits) -> Assignment:
    room = limits.max_load.copy()
    rows, columns = [], []
    values = np.where(limits.eligible, scores.values, -1)
    for row in range(len(limits.wanted)):
        ranked = np.argsort(-np.where(room > 0, values[row], -1), kind="stable")[: limits.wanted[row]]
        rows += [row] * len(ranked)
        columns += ranked.tolist()
        room[ranked] -= 1
    return packed(scores, np.array(rows), np.array(columns), bound=None, certificate=None)


def packed(
    scores: ScoreMatrix, rows: Ints, columns: Ints, *, bound: float | None, certificate: Certificate | None
) -> Assignment:
    pairs = tuple(
        Pair(
            scores.submissions.ids[row],
            scores.reviewers.ids[column],
            None if np.isnan(scores.values[row, column]) else float(scores.values[row, column]),
        )
        for row, column in sorted(zip(rows.tolist(), columns.tolist(), strict=True))
    )
    objective = sum(pair.score or 0 for pair in pairs)
    proven = None if bound is None else max(bound, objective)
    return Assignment(pairs, (), (), objective, proven, "a test", certificate)


def explained(venue: Venue, scores: ScoreMatrix, pair: Pair) -> Explanation:
    assert pair.score is not None
    titles = [venue.paper_by_id[name].title for name in venue.reviewer(pair.reviewer_id).paper_ids[:3]]
    shares = np.linspace(3, 1, len(titles))
    row = scores.values[scores.submissions.position(pair.submission_id)]
    return Explanation(
        pair.submission_id,
        pair.reviewer_id,
        "assigned",
        pair.score,
        1 + int((row > pair.score).sum()),
        len(row),
        tuple(
            EvidencePaper(None, title, 0.5, float(pair.score * share / shares.sum()))
            for title, share in zip(titles, shares, strict=True)
        ),
        (),
        (),
        (RankedReviewer(scores.reviewers.ids[-1], "Somebody Next", 0.41, 1, 5),),
    )


# --- the page -------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """What a browser sees of a page: tags with attributes, and the text of each place."""

    VOID = frozenset({"meta", "br", "input", "link", "img", "hr"})

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            self.texts.setdefault(self._open[-1], []).append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def text_of(html: str) -> str:
    """The visible text, blanks folded."""
    body = re.sub(r"<(style|script)>.*?</\1>", "", html, flags=re.DOTALL)
    words = re.sub(r"<[^>]+>", " ", body)
    for code, sign in (("&#39;", "'"), ("&#34;", '"'), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        words = words.replace(code, sign)
    return " ".join(words.split())


def section(html: str, name: str) -> str:
    found = re.search(rf'<section id="{name}".*?</section>', html, flags=re.DOTALL)
    assert found is not None
    return found.group()


@pytest.fixture(scope="module")
def data() -> ReportData:
    return world()


@pytest.fixture(scope="module")
def html(data: ReportData) -> str:
    return render_report(data)


def test_verdict_says_the_result_in_one_line(html: str) -> None:
    found = re.search(r'<p class="verdict">(.*?)</p>', html)
    assert found is not None
    gap = re.fullmatch(
        r"36 of 36 reviews assigned; proven optimal \(gap (0|\d\.\de-\d\d)\); 0 conflicted pairs; "
        r"checked independently",
        found[1],
    )
    assert gap is not None
    assert float(gap[1]) <= 1e-6


def test_equal_data_give_equal_bytes(html: str) -> None:
    assert render_report(world()) == html


def test_key_figures(data: ReportData, html: str) -> None:
    text = text_of(section(html, "overview"))
    scores = [pair.score for pair in data.assignment.pairs if pair.score is not None]
    loads = [sum(pair.reviewer_id == who for pair in data.assignment.pairs) for who in data.scores.reviewers]
    means = [
        float(np.mean([pair.score or 0 for pair in data.assignment.pairs if pair.submission_id == name]))
        for name in data.scores.submissions
    ]
    blocked = len(data.conflicts.pairs(Verdict.BLOCK))
    assert "Demand met 100.0% 36 of 36 reviews" in text
    assert f"Total score {sum(scores):.3f}" in text
    assert f"Mean score of a review {np.mean(scores):.3f}" in text
    assert f"Weakest submission {min(means):.3f} 5th percentile {np.percentile(means, 5):.3f}" in text
    assert f"Mean load {np.mean(loads):.2f} largest {max(loads)}; {loads.count(0)} reviewer" in text
    assert f"Blocked pairs {blocked} {blocked / 108:.1%} of 108 pairs" in text
    assert f"Pairs to ask about {len(data.conflicts.pairs(Verdict.ASK))} 3 could be assigned; they cost 0.214" in text
    assert "Shortfalls 0 every submission has its reviews" in text


def test_every_part_is_there_and_headings_are_in_order(html: str) -> None:
    page = Page(html)
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    assert page.texts["h2"] == [
        "What needs you",
        "Overview",
        "Weakest submissions",
        "Shortfalls",
        "Questions to decide",
        "Conflicts",
        "Submissions",
        "Reviewers",
        "How this came about",
    ]
    anchors = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert all(link["href"] is not None and link["href"].removeprefix("#") in anchors for link in page.named("a"))


def test_tables_and_drawings_can_be_heard(html: str) -> None:
    page = Page(html)
    assert page.named("html") == [{"lang": "en"}]
    assert len(page.named("table")) == len(page.named("caption")) == 7
    assert all(head.get("scope") in ("col", "row") for head in page.named("th"))
    drawings = [svg for svg in page.named("svg") if svg.get("class") != "bar"]
    assert len(drawings) == 4
    assert all(svg["role"] == "img" and svg["aria-label"] for svg in drawings)
    assert all(svg["aria-hidden"] == "true" for svg in page.named("svg") if svg.get("class") == "bar")
    regions = [attributes for _, attributes in page.tags if attributes.get("role") == "region"]
    assert all(region["tabindex"] == "0" and region["aria-labelledby"] for region in regions)


def test_nothing_is_loaded_and_only_our_script_may_run(html: str) -> None:
    page = Page(html)
    assert {tag for tag, _ in page.tags}.isdisjoint({"link", "img", "iframe", "object", "embed", "form", "base"})
    for _, attributes in page.tags:
        assert attributes.keys().isdisjoint({"src", "srcset", "style", "action", "background"})
        assert not any(name.startswith("on") for name in attributes)
    assert set(re.findall(r"https?://[^\"' )]+", html)) == {"http://www.w3.org/2000/svg"}
    policy = next(
        str(meta["content"]) for meta in page.named("meta") if meta.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules == {
        "default-src": "'none'",
        "style-src": source_expression(html, "style"),
        "script-src": source_expression(html, "script"),
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def source_expression(html: str, tag: str) -> str:
    [content] = re.findall(rf"<{tag}>(.*?)</{tag}>", html, flags=re.DOTALL)
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


HOSTILE = '</title><script>alert("x")</script><img src=x onerror=alert(1)>{{ 7 * 7 }}&amp;'


def test_texts_of_the_venue_are_inert(data: ReportData) -> None:
    venue = data.venue
    first = replace(venue.submissions[0], title=HOSTILE, track=HOSTILE, authors=(AuthorMention(HOSTILE),))
    hostile = replace(
        venue,
        name=HOSTILE,
        people=tuple(replace(person, names=(HOSTILE,)) for person in venue.people),
        submissions=(first, *venue.submissions[1:]),
    )
    items = tuple(
        replace(
            conflict,
            rule=HOSTILE,
            via_name=HOSTILE,
            clears=HOSTILE,
            evidence=(Evidence("paper", HOSTILE, sources=(SourceRef(HOSTILE, 1),)),),
        )
        for conflict in data.conflicts.items
    )
    explanations = {
        pair: replace(found, evidence=(EvidencePaper(None, HOSTILE, None, found.score or 0),))
        for pair, found in data.explanations.items()
    }
    page_text = render_report(
        replace(
            data,
            venue=hostile,
            conflicts=Conflicts(items),
            explanations=explanations,
            provenance={"origin": {"seed": HOSTILE}, HOSTILE: HOSTILE},
        )
    )
    page = Page(page_text)
    assert len(page.named("script")) == 1
    assert not page.named("img")
    assert page.texts["title"] == [f"{HOSTILE}: reviewer assignment"]
    assert HOSTILE in "".join(page.texts["h3"])
    assert page.texts["bdi"].count(HOSTILE) > 20


def test_absent_drawing_packages_are_named(data: ReportData, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(MissingExtraError, match=r"charts in the report needs the extra 'report'"):
        render_report(data)


# --- the check ------------------------------------------------------------------------------------------------------


def test_a_correct_assignment_passes(data: ReportData) -> None:
    assert recount(data) == ()


def with_pairs(data: ReportData, pairs: list[Pair]) -> ReportData:
    objective = sum(pair.score or 0 for pair in pairs)
    return replace(data, assignment=replace(data.assignment, pairs=tuple(pairs), objective=objective))


def test_a_conflicted_pair_is_found(data: ReportData) -> None:
    place, who = data.conflicts.pairs(Verdict.BLOCK)[-1]
    own = [pair for pair in data.assignment.pairs if pair.submission_id == place]
    pairs = [pair for pair in data.assignment.pairs if pair != own[0]]
    broken = with_pairs(data, [*pairs, Pair(place, who, data.scores.value(place, who))])
    assert "1 assigned pair with a conflict" in recount(broken)
    html = render_report(broken)
    assert "1 conflicted pair; check failed: " in html
    assert '<p class="verdict bad">' in html


def test_a_question_counts_as_blocked(data: ReportData) -> None:
    place, who = data.conflicts.pairs(Verdict.ASK)[0]
    pairs = [*data.assignment.pairs, Pair(place, who, data.scores.value(place, who))]
    assert "1 assigned pair with a conflict" in recount(with_pairs(data, pairs))


def test_each_broken_rule_is_found(data: ReportData) -> None:
    pairs = list(data.assignment.pairs)
    assert "1 pair assigned twice" in recount(with_pairs(data, [*pairs, pairs[0]]))
    assert recount(with_pairs(data, pairs[1:])) == ("1 submission short of reviews without saying so",)
    low = replace(data.limits, max_load=np.zeros_like(data.limits.max_load))
    used = len({pair.reviewer_id for pair in pairs})
    assert recount(replace(data, limits=low)) == (f"{used} reviewers above the maximum load",)
    few = replace(data.limits, wanted=np.full_like(data.limits.wanted, 2))
    assert recount(replace(data, limits=few)) == ("12 submissions with more reviews than wanted",)
    floor = replace(data.limits, min_load=np.full_like(data.limits.min_load, 1))
    idle = len(data.scores.reviewers) - used
    assert recount(replace(data, limits=floor)) == (f"{idle} reviewer below the minimum load without saying so",)
    said = replace(data.assignment, objective=data.assignment.objective + 1)
    assert [words[:17] for words in recount(replace(data, assignment=said))] == ["the scores sum to"]


def test_a_second_last_resort_is_found() -> None:
    data = world(unscored=3, reviewers=14)
    row = int(np.flatnonzero(data.limits.last_resort.sum(axis=1) > 1)[0])
    name = data.scores.submissions.ids[row]
    spare = [data.scores.reviewers.ids[column] for column in np.flatnonzero(data.limits.last_resort[row])[:2]]
    own = [pair for pair in data.assignment.pairs if pair.submission_id == name]
    pairs = [pair for pair in data.assignment.pairs if pair not in own[:2]]
    broken = with_pairs(data, [*pairs, *(Pair(name, who, None, ("last_resort",)) for who in spare)])
    assert recount(broken) == ("1 submission with more than one last resort",)


def test_forbidden_and_required_pairs_are_checked(data: ReportData) -> None:
    pair = data.assignment.pairs[0]
    place = data.scores.submissions.position(pair.submission_id), data.scores.reviewers.position(pair.reviewer_id)
    forbidden = data.limits.status.copy()
    forbidden[place] = PairStatus.FORBIDDEN
    assert recount(replace(data, limits=replace(data.limits, status=forbidden))) == (
        "1 assigned pair that may not be assigned",
    )
    required = data.limits.status.copy()
    free = np.argwhere((required == PairStatus.ELIGIBLE) & ~assigned_mask(data))[0]
    required[place] = PairStatus.REQUIRED
    required[tuple(free)] = PairStatus.REQUIRED
    assert recount(replace(data, limits=replace(data.limits, status=required))) == ("1 required pair not assigned",)


def assigned_mask(data: ReportData) -> Any:
    mask = np.zeros(data.scores.values.shape, dtype=bool)
    for pair in data.assignment.pairs:
        mask[data.scores.submissions.position(pair.submission_id), data.scores.reviewers.position(pair.reviewer_id)] = 1
    return mask


# --- what falls short -----------------------------------------------------------------------------------------------


def test_shortfalls_and_underloads_are_shown_with_reasons(data: ReportData) -> None:
    missing, last = data.assignment.pairs[0], data.scores.reviewers.ids[0]
    pairs = data.assignment.pairs[1:]
    assignment = replace(
        data.assignment,
        pairs=pairs,
        shortfalls=(Shortfall(missing.submission_id, 3, 2, "of 9 reviewers 7 are full", ("raise the maximum load",)),),
        underloads=(Underload(last, 1, 0, "no submission is left"),),
        objective=sum(pair.score or 0 for pair in pairs),
        bound=sum(pair.score or 0 for pair in pairs),
    )
    limits = replace(data.limits, min_load=np.eye(1, len(data.scores.reviewers), dtype=np.int64)[0])
    short = replace(data, assignment=assignment, limits=limits)
    assert recount(short) == ()
    untrue = replace(assignment, shortfalls=(replace(assignment.shortfalls[0], got=1),), underloads=())
    assert len(recount(replace(short, assignment=untrue))) == 2
    html = render_report(short)
    assert '<p class="verdict warn">35 of 36 reviews assigned; proven best for as many reviews (gap ' in html
    text = text_of(html)
    assert "1 submission misses 1 review. Look at it" in text
    assert "1 reviewer below the minimum load. Look at it" in text
    assert '<li><a href="#shortfalls">Shortfalls</a></li>' in html
    shown = text_of(section(html, "shortfalls"))
    assert f"{missing.submission_id} 2 of 3 of 9 reviewers 7 are full raise the maximum load" in shown
    assert f"{last} 0 of 1 no submission is left" in shown


def test_an_answer_without_a_bound_claims_nothing(data: ReportData) -> None:
    html = render_report(replace(data, assignment=replace(data.assignment, bound=None, certificate=None)))
    assert "36 of 36 reviews assigned; no proof of how good it is; 0 conflicted pairs" in html
    assert "proven" not in section(html, "overview")
    stakes = re.findall(r'data-l="Worth"[^>]*>([^<]*)<', html)
    assert set(stakes) == {"not known"}


def test_a_gap_is_told(data: ReportData) -> None:
    loose = replace(data.assignment, bound=data.assignment.objective / 0.99)
    assert "at most 1.0000% below the optimum (gap 1.0e-02)" in render_report(replace(data, assignment=loose))
    tight = replace(data.assignment, bound=data.assignment.objective / (1 - 1.8e-8))
    assert "proven optimal (gap 1.8e-08);" in render_report(replace(data, assignment=tight))
    exact = replace(data.assignment, bound=data.assignment.objective)
    assert "proven optimal (gap 0);" in render_report(replace(data, assignment=exact))
    near = replace(data.assignment, bound=data.assignment.objective / (1 - 2e-6))
    assert "at most 0.0002% below the optimum (gap 2.0e-06)" in render_report(replace(data, assignment=near))


def test_one_is_no_plural() -> None:
    one = world(submissions=1, reviewers=1, wanted=1, unscored=0, conflicts_each=1, exact=False)
    html = render_report(replace(one, limits=replace(one.limits, wanted=np.array([1]))))
    text = text_of(re.sub(r"<figure>.*?</figure>", "", html, flags=re.DOTALL))  # the labels of axes stand side by side
    assert "1 submission, 1 reviewer " in text
    assert "1 conflict on 1 pair was found" in text
    assert not re.findall(r"\b1 (?:reviewers|pairs|submissions|conflicts|reviews|papers)\b", text)


def test_nothing_open_is_said_plainly(data: ReportData) -> None:
    blocked = tuple(replace(conflict, verdict=Verdict.BLOCK) for conflict in data.conflicts.items)
    html = render_report(replace(data, conflicts=Conflicts(blocked), question_price=None))
    assert "Nothing is open: every submission has its reviews, and no pair waits for a decision." in html
    assert "None: no pair waits for a decision." in html
    assert "None: every submission has all its reviews" in html
    assert 'href="#shortfalls"' not in html


def test_last_resorts_are_flagged(data: ReportData) -> None:
    row, spare = np.argwhere(data.limits.last_resort)[0].tolist()
    name = data.scores.submissions.ids[row]
    stranger = Pair(name, data.scores.reviewers.ids[spare], None, ("last_resort",))
    given = next(pair for pair in data.assignment.pairs if pair.submission_id == name)
    html = render_report(with_pairs(data, [stranger, *(pair for pair in data.assignment.pairs if pair != given)]))
    assert "1 review is given as a last resort, without evidence of expertise." in html
    assert '<span class="chip warn">last resort</span>' in section(html, "submissions")
    assert "checked independently" in html


# --- why a submission is weak ---------------------------------------------------------------------------------------


def tiny(
    values: list[list[float]],
    status: list[list[PairStatus]],
    max_load: int,
    pairs: list[tuple[int, int]],
    prices: list[float] | None = None,
) -> str:
    """The "why" cell of the first submission of a hand-made venue that wants one review each."""
    reviewers = [PersonId(f"r{number}") for number in range(len(values[0]))]
    submissions = [SubmissionId(f"s{number}") for number in range(len(values))]
    scores = np.array(values, dtype=np.float32)
    venue = Venue.of(
        people=[Person(who, (f"Reviewer {who}",)) for who in reviewers],
        reviewers=[Reviewer(who) for who in reviewers],
        submissions=[Submission(name, f"Title {name}") for name in submissions],
    )
    conflicts = Conflicts(
        tuple(
            Conflict(name, who, "declared", Verdict.BLOCK, None, "", (Evidence("declaration", "declared"),))
            for row, name in enumerate(submissions)
            for column, who in enumerate(reviewers)
            if status[row][column] is PairStatus.BLOCKED
        )
    )
    matrix = ScoreMatrix(Index(submissions), Index(reviewers), scores, scores, "by hand")
    chosen = np.array(pairs)
    html = render_report(
        ReportData(
            venue=venue,
            config=MatchConfig(),
            profiles_sizes=np.ones(len(reviewers), dtype=np.int64),
            scores=matrix,
            conflicts=conflicts,
            limits=Limits(
                wanted=np.ones(len(submissions), dtype=np.int64),
                max_load=np.full(len(reviewers), max_load),
                min_load=np.zeros(len(reviewers), dtype=np.int64),
                status=np.array(status, dtype=np.uint8),
            ),
            assignment=packed(
                matrix,
                chosen[:, 0],
                chosen[:, 1],
                bound=None,
                certificate=None if prices is None else Certificate(np.array(prices), 100.0, 10.0, 1.0),
            ),
            explanations={},
            question_price=None,
            provenance={},
        )
    )
    return text_of(section(html, "weakest")).split("whoever they are ")[1].split("Title s1")[0]


OK, NO = PairStatus.ELIGIBLE, PairStatus.BLOCKED


def test_why_a_submission_is_weak() -> None:
    good = [0.8, 0.2, 0.1]
    assert tiny([[0.9, 0.2, 0.1], good, good], [[NO, OK, OK], [OK] * 3, [OK] * 3], 3, [(0, 1), (1, 0), (2, 0)]) == (
        "Title s0 s0 0.200 Conflicts: the best reviewer would give 0.900, those without a conflict 0.200; 1 is "
        "blocked or asked about. Reviewer r0 0.900 blocked: declared Reviewer r1 0.200 assigned "
    )
    assert tiny([[0.7, 0.2, 0.1], good, good], [[OK] * 3] * 3, 2, [(0, 1), (1, 0), (2, 0)]) == (
        "Title s0 s0 0.200 Loads: the best reviewer who may review it would give 0.700, but the loads put them "
        "elsewhere. Reviewer r0 0.700 full, 2 of 2 Reviewer r1 0.200 assigned "
    )
    assert tiny([[0.15, 0.2, 0.1], good, good], [[OK] * 3] * 3, 3, [(0, 1), (1, 0), (2, 0)]) == (
        "Title s0 s0 0.200 No close expert: the best reviewer of the whole venue reaches 0.200 without any limit; the "
        "median submission could have 0.800. Reviewer r1 0.200 assigned "
    )


def test_a_minimum_load_that_weakens_a_submission_is_named() -> None:
    values = [[0.4, 0.2, 0.1], [0.9, 0.2, 0.1], [0.9, 0.2, 0.1]]
    free, pairs = [[OK] * 3] * 3, [(0, 1), (1, 0), (2, 0)]
    assert tiny(values, free, 3, pairs, [0.0, -0.2, 0.0]) == (
        "Title s0 s0 0.200 Minimum loads: Reviewer r1 is needed here for their minimum load; reviewers with room would "
        "give 0.400 instead of 0.200. Reviewer r0 0.400 has room, 2 of 3 Reviewer r1 0.200 assigned "
    )
    assert "No close expert: " in tiny(values, free, 3, pairs, [0.0, 0.0, 0.0])  # no price says that they are needed
    assert "No close expert: " in tiny(values, free, 2, pairs, [0.0, -0.2, 0.0])  # nobody better has room
    assert "No close expert: " in tiny(values, free, 3, pairs)
    barred = [[NO, OK, OK], [OK] * 3, [OK] * 3]
    assert "Minimum loads" not in tiny(values, barred, 3, pairs, [0.0, -0.2, 0.0])  # the better one is blocked


# --- questions ------------------------------------------------------------------------------------------------------


def cleared(data: ReportData, *pairs: tuple[SubmissionId, PersonId]) -> float:
    """The optimum if these pairs were cleared, found anew."""
    status = data.limits.status.copy()
    for place, who in pairs:
        status[data.scores.submissions.position(place), data.scores.reviewers.position(who)] = PairStatus.ELIGIBLE
    return optimum(data.scores, replace(data.limits, status=status)).objective


@pytest.mark.parametrize("seed", [0, 2, 4, 5])
def test_the_worth_of_a_question_bounds_what_its_answer_can_gain(seed: int) -> None:
    data = world(submissions=15, reviewers=12, max_load=5, conflicts_each=3, seed=seed)
    facts = _Facts(data)
    asked = {(one.submission.id, one.reviewer_id): one.worth for one in _questions(facts)}
    assert list(asked) == sorted(asked, key=lambda pair: (-(asked[pair] or 0), -(data.scores.value(*pair) or 0), *pair))
    total, bound = data.assignment.objective, 0.0
    for pair, worth in asked.items():
        if data.scores.value(*pair) is None:
            assert worth is None
            continue
        assert worth is not None
        assert cleared(data, pair) - total <= worth + 1e-5
        bound += worth
    scored = [pair for pair in asked if data.scores.value(*pair) is not None]
    gain = cleared(data, *scored) - total
    assert -1e-5 <= gain <= bound + 1e-5


def test_questions_are_shown_with_evidence_and_price(data: ReportData, html: str) -> None:
    text = text_of(section(html, "questions"))
    number = len(data.conflicts.pairs(Verdict.ASK))
    assert f"{number} pairs wait for a decision and count as blocked until then." in text
    assert "Clearing all of them would change the total by +0.214 and exchange 5 assigned pairs." in text
    place, who = data.conflicts.pairs(Verdict.ASK)[0]
    assert f"{place} {data.venue.name_of(who)} {who}" in text
    assert "(same person with probability 0.93) joint paper “sparse" in text
    assert "(2022) publications.jsonl:" in text
    assert "a date of the paper before 2022-10-01" in text


def on_papers(data: ReportData, number: int, *papers: PaperId, confidence: float = 1.0) -> ReportData:
    """The data with the first questions resting on these papers."""
    first = set(data.conflicts.pairs(Verdict.ASK)[:number])
    evidence = tuple(Evidence("paper", "joint paper", paper, (PartialDate(2022),)) for paper in papers)
    items = tuple(
        replace(conflict, evidence=evidence, confidence=confidence)
        if (conflict.submission_id, conflict.reviewer_id) in first
        else conflict
        for conflict in data.conflicts.items
    )
    return replace(data, conflicts=Conflicts(items))


def test_a_paper_that_many_questions_rest_on_is_named_at_the_top(data: ReportData, html: str) -> None:
    def top(found: ReportData) -> str:
        return text_of(section(render_report(found), "questions")).split("“Worth” is")[0]

    number = len(data.conflicts.pairs(Verdict.ASK))
    assert number == 4
    assert "rest on" not in text_of(section(html, "questions")).split("“Worth” is")[0]
    year = replace(data.venue.papers[0], dates=(PartialDate(2022),))
    month = replace(data.venue.papers[1], dates=(PartialDate(2022, 9),))
    venue = replace(data.venue, papers=(year, month, *data.venue.papers[2:]))
    partial = replace(data, venue=venue)
    assert f"3 of 4 questions rest on “{year.title}” (date 2022): its full date would settle them." in top(
        on_papers(partial, 3, year.id)
    )
    both = sorted([year, month], key=lambda paper: paper.id)
    named = ", ".join(f"“{paper.title}” (date {paper.dates[0]})" for paper in both)
    assert f"4 of 4 questions rest on {named}: their full dates would settle them." in top(
        on_papers(partial, 4, year.id, month.id)
    )
    assert "rest on" not in top(on_papers(partial, 2, year.id))
    doubt = top(on_papers(partial, 3, year.id, confidence=0.8))
    assert f"3 of 4 questions rest on “{year.title}” (date 2022)." in doubt
    assert "settle" not in doubt


# --- conflicts, submissions, reviewers, provenance ------------------------------------------------------------------


def test_conflicts_of_one_pair_and_rule_share_a_row(data: ReportData) -> None:
    first = data.conflicts.items[0]
    shared = Evidence("paper", "a shared paper", dates=(PartialDate(2023, 5),), sources=(SourceRef("p.jsonl", 4),))
    own = Evidence("paper", "a paper with one of them", dates=(PartialDate(2021),))
    items = (
        replace(first, via_name="Ada Mayfield", evidence=(shared, own), clears="one way"),
        replace(first, via_name="Bo Mayfield", evidence=(shared,), clears="another way"),
    )
    html = render_report(replace(data, conflicts=Conflicts(items)))
    assert section(html, "conflicts").count("<tr>") == 2 + 2  # heads, a rule, a row
    text = text_of(section(html, "conflicts"))
    assert "2 conflicts on 1 pair were found" in text
    assert (
        "Ada Mayfield, Bo Mayfield a shared paper (2023-05) p.jsonl:4 a paper with one of them (2021) with Ada "
        "Mayfield one way another way" in text
    )


def test_contributions_are_shown_and_sum_to_the_score(data: ReportData, html: str) -> None:
    name = data.scores.submissions.ids[3]
    [detail] = re.findall(r'<details class="detail" id="s4">.*?</details>', html, flags=re.DOTALL)
    assert data.venue.submission_by_id[name].title in detail
    assert "Author 3 Mayfield, Second Author 3" in detail
    for pair in data.assignment.pairs:
        if pair.submission_id == name:
            assert data.venue.name_of(pair.reviewer_id) in detail
            assert f"score {pair.score:.3f}" in detail
            [seat] = re.findall(rf"<code>{pair.reviewer_id}</code>.*?</ul>", detail, flags=re.DOTALL)
            parts = [float(part) for part in re.findall(r"<span>([+-][0-9.]+)</span>", seat)]
            assert sum(parts) == pytest.approx(pair.score, abs=0.002)
    assert "Somebody Next" in detail


def test_reviewers_are_sorted_by_load(data: ReportData, html: str) -> None:
    rows = re.findall(r'<td class="n" data-v="(\d+)">(\d+) of 5', section(html, "reviewers"))
    loads = [int(load) for load, _ in rows]
    assert loads == sorted(loads, reverse=True)
    assert sum(loads) == len(data.assignment.pairs)
    assert len(loads) == len(data.scores.reviewers)


def test_settings_tell_where_they_come_from(html: str) -> None:
    text = text_of(section(html, "provenance"))
    assert "assignment.max_load 5 match.toml most submissions of one reviewer" in text
    assert "expertise.encoder hybrid flag" in text
    assert "run.seed 0 not recorded" in text
    assert "seed 0 venue · digest " in text
    assert "versions · python 3.12.1 versions · reviewer-matcher 0.1.0" in text


def test_a_withdrawn_submission_is_no_question(data: ReportData) -> None:
    gone = Submission(SubmissionId("withdrawn"), "Gone", status="withdrawn")
    venue = replace(data.venue, submissions=(*data.venue.submissions, gone))
    ask = replace(
        next(conflict for conflict in data.conflicts.items if conflict.verdict is Verdict.ASK), submission_id=gone.id
    )
    html = render_report(replace(data, venue=venue, conflicts=Conflicts((*data.conflicts.items, ask))))
    assert "Gone" in section(html, "conflicts")
    assert "Gone" not in section(html, "questions")


# --- large venues ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def large() -> ReportData:
    return world(submissions=2000, reviewers=400, max_load=18, conflicts_each=5, exact=False)


def test_a_large_venue_is_cut_and_says_so(large: ReportData) -> None:
    html = render_report(large)
    assert len(html.encode()) < 5_000_000
    assert html.count('<details class="detail"') == 200
    assert "Shown are the 200 weakest of 2,000 submissions. The reviewers of all of them are in assignment.csv." in html
    rows = len({(found.submission_id, found.reviewer_id, found.rule, found.verdict) for found in large.conflicts.items})
    assert (
        f"The first 2,000 of {rows:,} pairs and rules, by submission; all 10,000 conflicts are in conflicts.jsonl"
        in html
    )
    assert section(html, "conflicts").count('<th scope="row">') == 2000 + 2
    assert "The 500 of 667 pairs to decide that are worth most; all of them are in conflicts.jsonl" in html
    assert "10,000 conflicts on" in html


def test_the_weakest_are_those_in_detail(large: ReportData, data: ReportData) -> None:
    assert submissions_in_detail(data.scores, data.limits, data.assignment) == data.scores.submissions.ids
    shown = submissions_in_detail(large.scores, large.limits, large.assignment)
    means = dict.fromkeys(large.scores.submissions, 0.0)
    for pair in large.assignment.pairs:
        means[pair.submission_id] += pair.score or 0
    assert sorted(shown) == list(shown)
    assert max(means[name] for name in shown) <= min(means[name] for name in means if name not in shown)


# --- in a browser ---------------------------------------------------------------------------------------------------


CONTRAST = """() => {
  const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
                       return .2126 * r + .7152 * g + .0722 * b };
  const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
  const worst = [];
  for (const node of document.querySelectorAll("body *")) {
    if (![...node.childNodes].some(child => child.nodeType === 3 && child.textContent.trim())) continue;
    if (!node.getClientRects().length || node.closest("script,style,.skip")) continue;
    const style = getComputedStyle(node);
    const ink = parse(node instanceof SVGElement ? style.fill : style.color);
    let under = node, back = [];
    while (under && (back = parse(getComputedStyle(under).backgroundColor), back.length === 4 && back[3] === 0))
      under = under.parentElement;
    const [a, b] = [light(ink.slice(0, 3)), light(back.slice(0, 3))].sort((x, y) => y - x);
    worst.push([(a + .05) / (b + .05), `${node.tagName}.${node.getAttribute("class")} ${node.textContent.trim()}`]);
  }
  return worst.sort((x, y) => x[0] - y[0])[0];
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as running:
        yield running


@pytest.fixture
def report_file(html: str, tmp_path: Path) -> str:
    file = tmp_path / "report.html"
    file.write_text(html, encoding="utf-8")
    return file.as_uri()


@pytest.mark.browser
def test_the_page_works_in_a_browser_without_network(browser: Any, report_file: str, data: ReportData) -> None:
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    asked: list[str] = []
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.route("**/*", lambda route: route.continue_() if route.request.url == report_file else route.abort())
    page.goto(report_file)
    page.get_by_text("36 of 36 reviews assigned; proven optimal").wait_for(state="visible")
    rows = page.locator("#reviewers tbody tr:visible")
    assert rows.count() == len(data.scores.reviewers)
    page.get_by_label("Filter reviewers").fill("0002_aldern")
    assert rows.count() == 1
    page.get_by_label("Filter reviewers").fill("")
    page.locator("#reviewers").get_by_role("button", name="Papers").click()
    papers = [int(text) for text in page.locator("#reviewers tbody tr td:nth-child(2)").all_inner_texts()]
    assert papers == sorted(data.profiles_sizes.tolist())
    page.locator("#weakest a").first.click()
    opened = page.locator("details[open]")
    opened.first.wait_for()
    assert opened.count() == 1
    assert opened.locator(".seat").first.is_visible()
    page.get_by_role("button", name="Open all").click()
    assert opened.count() == 12
    assert asked == [report_file]
    assert said == []
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1200])
def test_the_page_is_legible_everywhere(browser: Any, report_file: str, scheme: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.goto(report_file)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    ratio, where = page.evaluate(CONTRAST)
    assert ratio >= 4.5, where  # WCAG 2.2, success criterion 1.4.3
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("width", [400, 1200])
def test_long_unbroken_texts_do_not_widen_the_page(browser: Any, data: ReportData, tmp_path: Path, width: int) -> None:
    endless = "W" * 5_000
    venue = replace(
        data.venue,
        name=endless,
        submissions=tuple(replace(submission, title=endless) for submission in data.venue.submissions),
        people=tuple(replace(person, names=("N" * 5_000,)) for person in data.venue.people),
    )
    file = tmp_path / "long.html"
    file.write_text(render_report(replace(data, venue=venue)), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(file.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    wide = "Math.max(...[...document.querySelectorAll('.scroll')].map(one => one.scrollWidth - one.clientWidth))"
    assert page.evaluate(wide) <= width / 4  # a table scrolls for its columns, not for a title
    page.close()


@pytest.mark.browser
def test_the_page_reads_without_script_and_on_paper(browser: Any, report_file: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report_file)
    assert page.get_by_text("36 of 36 reviews assigned").is_visible()
    assert page.locator("button, input").count() == 0
    assert page.locator("#reviewers tbody tr").first.is_visible()
    page.locator("summary").first.click()
    assert page.locator(".seat").first.is_visible()
    assert not page.locator(".seat").last.is_visible()
    page.emulate_media(media="print")
    assert page.locator(".seat").last.is_visible()
    context.close()
