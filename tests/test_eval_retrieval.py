"""Retrieval: a set whose answer is known by construction, ties, unscored reviewers, pairs, and every refusal."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eval.datasets import PaperText, RetrievalSet, paper_files, read_paper_texts, read_retrieval_sets
from eval.retrieval import (
    ALL,
    WITHOUT_SHARED,
    Measured,
    compare,
    config_of,
    evaluate,
    measure_rankings,
    part_authors,
    per_query_rows,
    summarise,
)
from matcher.config import MatchConfig
from matcher.encoders import ENCODERS, TextEncoder
from matcher.encoders.tfidf import TfidfEncoder
from matcher.errors import DataError, InputError, UnknownNameError
from matcher.profiles import build_profiles
from matcher.records import (
    Deadline,
    EncoderInfo,
    Index,
    PaperId,
    PartialDate,
    PersonId,
    Progress,
    ScoreMatrix,
    SubmissionId,
    Vectors,
)
from matcher.scores import score

Tables = dict[str, list[dict[str, Any]]]

WORDS = ("alpha", "bravo", "delta", "gamma")


def make_tables() -> Tables:
    """Four reviewers with three papers on one word each, a fifth without papers.

    q1 speaks of alpha alone. q2 speaks of bravo and, less, of gamma. q3 speaks of nothing that anybody wrote about.
    """
    papers = [
        {"id": f"p-{word}-{number}", "title": f"{word} {word} study{number}", "abstract": ""}
        for word in WORDS
        for number in range(3)
    ]
    reviewers = [
        {"id": f"r-{word}", "name": word.title(), "pubs": [{"id": f"p-{word}-{n}", "link": "id"} for n in range(3)]}
        for word in WORDS
    ]
    return {
        "publications": papers,
        "reviewers": [*reviewers, {"id": "r-nobody", "name": "Nobody", "pubs": []}],
        "queries": [
            {"id": "q1", "title": "alpha", "abstract": None},
            {"id": "q2", "title": "bravo bravo bravo gamma", "abstract": "bravo"},
            {"id": "q3", "title": "omega"},
        ],
        "qrels": [
            {"query": "q1", "relevant": ["r-alpha"]},
            {"query": "q2", "relevant": ["r-gamma", "r-delta"]},
            {"query": "q3", "relevant": ["r-nobody", "r-alpha"]},
        ],
    }


def write_set(folder: Path, tables: Mapping[str, Sequence[Mapping[str, Any]]], *, packed: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for stem, rows in tables.items():
        text = "".join(json.dumps(row) + "\n" for row in rows)
        if packed:
            (folder / f"{stem}.jsonl.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
        else:
            (folder / f"{stem}.jsonl").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def known(tmp_path: Path) -> RetrievalSet:
    (found,) = read_retrieval_sets(write_set(tmp_path / "known", make_tables()))
    return found


def test_what_settings_ask_for_is_read_where_it_is_there_and_in_its_form(tmp_path: Path) -> None:
    tables = make_tables()
    authors = [{"name": "Alpha", "id": "r-alpha"}, {"name": None, "id": None}, "Somebody"]
    tables["publications"][0] |= {"year": 2015, "kind": "workshop", "authors": authors}
    tables["publications"][1] |= {"year": "2015", "kind": "Poster", "authors": "Alpha"}
    tables["publications"][2] |= {"year": 123456}
    tables["queries"][0] |= {"year": 2021, "keywords": ["graphs ", "", 7, "graphs"]}
    tables["queries"][1] |= {"year": 2020, "keywords": "graphs"}
    tables["reviewers"][0] |= {"interests": ["sparse training"]}
    (found,) = read_retrieval_sets(write_set(tmp_path / "rich", tables))
    first, second, third = (found.venue.paper_by_id[PaperId(f"p-alpha-{number}")] for number in range(3))
    assert (first.dates, first.kind, len(first.authors)) == ((PartialDate(2015),), "workshop", 3)
    assert [mention.person_id for mention in first.authors] == ["r-alpha", None, None]
    assert [mention.name for mention in first.authors] == ["Alpha", "", "Somebody"]
    assert (second.dates, second.kind, second.authors, third.dates) == ((), "other", (), ())
    assert [query.keywords for query in found.venue.submissions] == [("graphs",), (), ()]
    assert found.venue.reviewer("r-alpha").interests == ("sparse training",)
    assert found.venue.deadline == Deadline(date(2020, 1, 1), "earliest year of a query")
    (plain,) = read_retrieval_sets(write_set(tmp_path / "plain", make_tables()))
    assert plain.venue.deadline is None
    ranked = [evaluate(one, MatchConfig(encoder="tfidf"), TfidfEncoder(), name="")[ALL] for one in (found, plain)]
    assert ranked[0].values["mrr"].tolist() == ranked[1].values["mrr"].tolist()


def test_papers_that_weigh_nothing_are_no_fault_where_shared_ones_are_taken_out(tmp_path: Path) -> None:
    tables = make_tables()
    byline = [{"name": name, "id": f"r-{name.casefold()}"} for name in ("Bravo", "Alpha", "Delta")]
    tables["publications"][1] |= {"authors": byline}  # of the reviewers only Alpha lists it, in the middle
    tables["reviewers"][1]["pubs"].append({"id": "p-alpha-0"})
    tables["qrels"][0]["relevant"] = ["r-alpha", "r-bravo"]
    (found,) = read_retrieval_sets(write_set(tmp_path / "set", tables))
    config = MatchConfig(encoder="tfidf", middle_author_weight=0.0)
    ways = evaluate(found, config, TfidfEncoder(), name="", parted=part_authors(found))
    assert ways[WITHOUT_SHARED].queries == ("q1", "q2", "q3")
    assert ways[WITHOUT_SHARED].values["mrr"][0] == 1


# --- measuring ------------------------------------------------------------------------------------------------------


def test_a_set_whose_answer_is_known(known: RetrievalSet) -> None:
    measured = evaluate(known, MatchConfig(encoder="tfidf"), TfidfEncoder(), name="tfidf")[ALL]
    assert measured.queries == ("q1", "q2", "q3")
    # q1: rank 1. q2: gamma has rank 2, delta shares ranks 3 and 4 with alpha. q3: four share ranks 1 to 4, the
    # reviewer who is not scored has rank 5.
    assert measured.values["mrr"].tolist() == [1, 1 / 2, 1 / 2.5]
    assert measured.values["hit_at_10"].tolist() == [1, 1, 1]
    assert measured.values["recall_at_50"].tolist() == [1, 1, 1]
    row = summarise(measured, rng=0)
    assert (row["encoder"], row["set"], row["queries"]) == ("tfidf", "known", 3)
    assert row["mrr"] == pytest.approx((1 + 0.5 + 0.4) / 3, abs=1e-15)
    low, high = row["interval"]["mrr"]
    assert 0.4 <= low < row["mrr"] < high <= 1
    assert row["interval"]["hit_at_10"] == [1, 1]


def test_the_ranking_is_the_product_s_own(known: RetrievalSet) -> None:
    config = MatchConfig(encoder="tfidf", aggregation="max", thin_profile=0)
    scores = score(build_profiles(known.venue, TfidfEncoder()), config)
    expected = measure_rankings(scores, known.relevant)
    measured = evaluate(known, config, TfidfEncoder(), name="x")[ALL]
    for name, values in expected.items():
        assert measured.values[name].tolist() == values.tolist()


def test_more_reviewers_than_the_cuts() -> None:
    reviewers = Index(PersonId(f"r{number:03}") for number in range(120))
    submissions = Index((SubmissionId("a"), SubmissionId("b")))
    values = np.tile(np.linspace(1, 0, 120, dtype=np.float32), (2, 1))
    values[1, 100:] = np.nan
    scores = ScoreMatrix(submissions=submissions, reviewers=reviewers, values=values, raw=values, method="")
    relevant = {SubmissionId("a"): ("r010", "r049", "r050", "r119"), SubmissionId("b"): ("r009", "r110")}
    found = measure_rankings(scores, relevant)
    assert found["mrr"].tolist() == [1 / 11, 1 / 10]
    assert found["hit_at_10"].tolist() == [0, 1]
    assert found["recall_at_50"].tolist() == [1 / 2, 1 / 2]


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    tables = make_tables()
    turned = {stem: rows[::-1] for stem, rows in tables.items()}
    rows = []
    for number, each in enumerate((tables, turned)):
        (found,) = read_retrieval_sets(write_set(tmp_path / str(number) / "known", each))
        measured = evaluate(found, MatchConfig(encoder="tfidf"), TfidfEncoder(), name="tfidf")[ALL]
        rows.append(summarise(measured, rng=0))
    assert rows[0] == rows[1]


# --- comparing ------------------------------------------------------------------------------------------------------


def _measured(name: str, values: list[float], queries: tuple[str, ...] = ("a", "b", "c")) -> Measured:
    return Measured(
        encoder=name,
        set_name="known",
        queries=tuple(SubmissionId(query) for query in queries),
        values={"mrr": np.array(values)},
        info=EncoderInfo(name=name, model="", digest="", dimension=1, backgrounds=(0.0, 0.0, 0.0)),
    )


def test_a_comparison_is_second_minus_first() -> None:
    found = compare(_measured("old", [0.25, 0.5, 0.0]), _measured("new", [0.5, 0.75, 0.25]), rng=0)
    assert (found["to"], found["mrr"]) == ("old", [0.25, 0.25, 0.25])
    assert found["verdict"] == {"mrr": "not told apart"}  # three queries are too few
    assert found["p"]["mrr"] == pytest.approx(2 / 8, abs=0.05)


def test_an_encoder_compared_with_itself_differs_by_nothing(known: RetrievalSet) -> None:
    measured = evaluate(known, MatchConfig(encoder="tfidf"), TfidfEncoder(), name="tfidf")[ALL]
    found = compare(measured, measured, rng=3)
    for name in ("mrr", "hit_at_10", "recall_at_50"):
        assert found[name] == [0, 0, 0]
        assert (found["verdict"][name], found["detectable"][name], found["p"][name]) == ("not told apart", 0, 1)


def test_only_equal_queries_can_be_compared() -> None:
    with pytest.raises(InputError, match="same queries"):
        compare(_measured("old", [0, 0, 0]), _measured("new", [0, 0, 0], ("a", "b", "d")), rng=0)


def test_names_of_encoders() -> None:
    assert config_of("default") == MatchConfig()
    assert config_of("tfidf") == MatchConfig(encoder="tfidf")
    with pytest.raises(UnknownNameError, match="did you mean 'tfidf'") as caught:
        config_of("tfdif")
    assert caught.value.known == ("default", *sorted(ENCODERS))


# --- reading --------------------------------------------------------------------------------------------------------


def test_ids_are_kept_and_queries_have_no_authors(known: RetrievalSet) -> None:
    assert [submission.id for submission in known.venue.submissions] == ["q1", "q2", "q3"]
    assert all(not submission.authors for submission in known.venue.submissions)
    assert known.relevant == {"q1": ("r-alpha",), "q2": ("r-delta", "r-gamma"), "q3": ("r-alpha", "r-nobody")}
    assert known.venue.reviewer("r-alpha").paper_ids == ("p-alpha-0", "p-alpha-1", "p-alpha-2")
    assert known.venue.submission("q2").text == "bravo bravo bravo gamma. bravo"


def test_compressed_files_and_paper_ids_are_read_alike(tmp_path: Path, known: RetrievalSet) -> None:
    tables = make_tables()
    for row in tables["reviewers"]:
        row["paper_ids"] = [paper["id"] for paper in row.pop("pubs")]
    (packed,) = read_retrieval_sets(write_set(tmp_path / "packed" / "known", tables, packed=True))
    assert packed.venue.digest == known.venue.digest
    assert packed.relevant == known.relevant


def test_a_folder_of_sets_is_read_by_name(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write_set(tmp_path / name, make_tables())
    (tmp_path / "notes").mkdir()
    assert [found.name for found in read_retrieval_sets(tmp_path)] == ["a", "b"]


def _drop(stem: str) -> Callable[[Tables], object]:
    return lambda tables: tables.pop(stem)


def _add(stem: str, row: dict[str, Any]) -> Callable[[Tables], object]:
    return lambda tables: tables[stem].append(row)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_drop("qrels"), r"known: there is no qrels\.jsonl or qrels\.jsonl\.gz"),
        (_drop("queries"), "neither the folder nor a folder in it"),
        (_add("queries", {"id": "q4", "title": "sigma"}), r"queries\.jsonl:4: field 'id': 'q4' has no row in qrels"),
        (_add("queries", {"id": "q1", "title": "sigma"}), r"queries\.jsonl:4: field 'id': 'q1' stands in line 1"),
        (_add("queries", {"id": "q4", "title": " "}), r"queries\.jsonl:4: field 'title': allowed is a text, not empty"),
        (_add("queries", {"id": "q4"}), r"field 'title': allowed is a text, not empty; got None"),
        (_add("qrels", {"query": "q9", "relevant": ["r-alpha"]}), r"qrels\.jsonl:4: field 'query': 'q9' is not in"),
        (_add("qrels", {"query": "q1", "relevant": ["r-alpha"]}), r"field 'query': 'q1' stands in line 1 already"),
        (_add("publications", {"id": "p", "title": "ok", "abstract": 7}), r"publications\.jsonl:13: field 'abstract'"),
        (_add("reviewers", {"id": "r", "name": "R", "pubs": [{"id": "p9"}]}), r"field 'pubs': 'p9' is not among"),
        (_add("reviewers", {"id": "r", "name": "R", "pubs": [{"link": "id"}]}), r"field 'pubs': allowed is a list of"),
        (_add("reviewers", {"id": "r", "name": "R"}), r"reviewers\.jsonl:6: field 'paper_ids': allowed is a list of"),
    ],
)
def test_what_cannot_be_measured_is_refused_with_its_place(
    tmp_path: Path, change: Callable[[Tables], object], message: str
) -> None:
    tables = make_tables()
    change(tables)
    write_set(tmp_path / "known", tables)
    with pytest.raises(DataError, match=message):
        read_retrieval_sets(tmp_path / "known")


@pytest.mark.parametrize(
    ("relevant", "message"),
    [
        ([], "without a relevant reviewer"),
        (["r-omega"], "'r-omega' is not in reviewers"),
        (["r-alpha", "r-alpha"], "twice"),
        ("r-alpha", "allowed is a list of ids"),
    ],
)
def test_relevant_reviewers_are_known_and_listed_once(tmp_path: Path, relevant: Any, message: str) -> None:
    tables = make_tables()
    tables["qrels"][1]["relevant"] = relevant
    with pytest.raises(DataError, match=rf"qrels\.jsonl:2: field 'relevant': .*{message}"):
        read_retrieval_sets(write_set(tmp_path / "known", tables))


@pytest.mark.parametrize(
    "paper", [{"id": "q1", "title": "Other"}, {"id": "p", "title": "Alpha."}, {"id": "p", "title": "  ÁLPHA"}]
)
def test_a_query_that_is_also_evidence_is_refused(tmp_path: Path, paper: dict[str, Any]) -> None:
    tables = make_tables()
    tables["publications"].append(paper)
    with pytest.raises(DataError, match=r"queries\.jsonl:1: field 'title': the query 'q1' is also the publication"):
        read_retrieval_sets(write_set(tmp_path / "known", tables))


def test_a_missing_folder_and_a_broken_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        read_retrieval_sets(tmp_path / "nowhere")
    folder = write_set(tmp_path / "known", make_tables())
    with (folder / "reviewers.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"id": "r"\n')
    with pytest.raises(DataError, match=r"known/reviewers\.jsonl:6: this is no JSON"):
        read_retrieval_sets(folder)


# --- collections of papers ------------------------------------------------------------------------------------------


def test_papers_are_read_in_the_order_of_sources_then_names(tmp_path: Path) -> None:
    for name in ("b.jsonl", "a.jsonl"):
        (tmp_path / name).write_text(f'{{"title": "From  {name}", "abstract": "x "}}\n', encoding="utf-8")
    (tmp_path / "README.md").write_text("not data", encoding="utf-8")
    by_name = [PaperText("From a.jsonl", "x"), PaperText("From b.jsonl", "x")]
    assert list(read_paper_texts(paper_files([tmp_path]))) == by_name
    turned = paper_files([tmp_path / "b.jsonl", tmp_path / "a.jsonl"])
    assert list(read_paper_texts(turned)) == by_name[::-1]
    assert by_name[0].text == "From a.jsonl. x"


def test_a_source_without_papers_is_refused(tmp_path: Path) -> None:
    for source in (tmp_path, tmp_path / "none.jsonl"):
        with pytest.raises(DataError, match=r"no \.jsonl or \.jsonl\.gz file"):
            paper_files([source])


# --- without what authors wrote together ----------------------------------------------------------------------------


@pytest.fixture
def shared(tmp_path: Path) -> RetrievalSet:
    """ann and ben wrote `team` together and a query on it, cat wrote `joint` with ann, dan wrote alone."""
    owned = {
        "ann": ["team", "joint", "solo-ann"],
        "ben": ["team"],
        "cat": ["joint", "solo-cat"],
        "dan": ["solo-dan"],
    }
    titles = {
        "team": "alpha alpha",
        "joint": "alpha bravo study",
        "solo-ann": "alpha gamma gamma",
        "solo-cat": "delta",
        "solo-dan": "alpha delta",
    }
    tables: Tables = {
        "publications": [{"id": key, "title": title} for key, title in titles.items()],
        "reviewers": [{"id": who, "name": who.title(), "paper_ids": papers} for who, papers in owned.items()],
        "queries": [
            {"id": "q1", "title": "alpha"},
            {"id": "q2", "title": "alpha bravo"},
            {"id": "q3", "title": "alpha"},
        ],
        "qrels": [
            {"query": "q1", "relevant": ["ann", "ben"]},
            {"query": "q2", "relevant": ["cat"]},
            {"query": "q3", "relevant": ["ben"]},
        ],
    }
    (found,) = read_retrieval_sets(write_set(tmp_path / "shared", tables))
    return found


def test_each_profile_loses_what_another_author_of_the_query_has(shared: RetrievalSet) -> None:
    parted = part_authors(shared)
    left = {query: {who: sorted(kept) for who, kept in found.items()} for query, found in parted.shortened.items()}
    assert left == {
        "q1": {"ann": ["joint", "solo-ann"], "ben": [], "cat": ["solo-cat"]},
        "q2": {"ann": ["solo-ann", "team"]},
        "q3": {"ann": ["joint", "solo-ann"]},
    }
    assert parted.relevant == {"q1": ("ann",), "q2": ("cat",), "q3": ("ben",)}
    assert parted.emptied == 1


def test_it_ranks_as_a_set_of_its_own_for_every_query_would(shared: RetrievalSet) -> None:
    parted = part_authors(shared)
    config = MatchConfig(encoder="tfidf")
    found = evaluate(shared, config, TfidfEncoder(), name="x", parted=parted)[WITHOUT_SHARED]
    assert found.queries == ("q1", "q2", "q3")
    for row, query in enumerate(found.queries):
        owned = {
            reviewer.person_id: {
                paper
                for paper in reviewer.paper_ids
                if not any(
                    paper in shared.venue.reviewer_by_id[author].paper_ids
                    for author in shared.relevant[query]
                    if author != reviewer.person_id
                )
            }
            for reviewer in shared.venue.reviewers
        }
        reviewers = [replace(one, paper_ids=tuple(sorted(owned[one.person_id]))) for one in shared.venue.reviewers]
        papers, submissions = shared.venue.papers, shared.venue.submissions
        fitted = TfidfEncoder().fit([*(one.text for one in papers), *(one.text for one in submissions)])
        venue = replace(shared.venue, reviewers=tuple(reviewers))
        scores = score(build_profiles(venue, Fitted(fitted)), config)
        alone = measure_rankings(scores, {**shared.relevant, **parted.relevant})
        place = scores.submissions.position(query)
        for name, values in found.values.items():
            assert values[row] == pytest.approx(alone[name][place], abs=1e-6)


class Fitted:
    """An encoder that has learnt already."""

    def __init__(self, inner: TextEncoder) -> None:
        self.inner = inner

    @property
    def info(self) -> EncoderInfo:
        return self.inner.info

    def fit(self, texts: Sequence[str]) -> Fitted:
        assert texts
        return self

    def encode(self, texts: Sequence[str], *, progress: Progress | None = None) -> Vectors:
        return self.inner.encode(texts, progress=progress)


def test_a_query_of_whose_authors_nothing_is_left_is_not_measured(tmp_path: Path) -> None:
    tables: Tables = {
        "publications": [{"id": "p", "title": "alpha study"}, {"id": "r", "title": "bravo study"}],
        "reviewers": [
            {"id": "ann", "name": "Ann", "paper_ids": ["p"]},
            {"id": "ben", "name": "Ben", "paper_ids": ["p"]},
            {"id": "cat", "name": "Cat", "paper_ids": ["r"]},
        ],
        "queries": [{"id": "q1", "title": "alpha"}, {"id": "q2", "title": "bravo"}],
        "qrels": [{"query": "q1", "relevant": ["ann", "ben"]}, {"query": "q2", "relevant": ["cat"]}],
    }
    (data,) = read_retrieval_sets(write_set(tmp_path / "pair", tables))
    parted = part_authors(data)
    assert (set(parted.relevant), parted.emptied) == ({"q2"}, 2)
    found = evaluate(data, MatchConfig(encoder="tfidf"), TfidfEncoder(), name="x", parted=parted)[WITHOUT_SHARED]
    assert found.values["mrr"].tolist() == [1]
    assert per_query_rows(found, "without_shared")[0]["variant"] == "without_shared"
