"""`curation`, `ablation` and `guard` on input whose answer is known."""

from __future__ import annotations

import functools
import gzip
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from eval.__main__ import main
from eval.ablation import Measurement, built_in_variants, compare_variants, read_variants
from eval.curation import KEPT, Attack, Case, attack, curve
from eval.leakage import Texts, digests, find_leaks, read_evaluation, refuse_leaks, refuse_other_sources, texts_of_any
from eval.subsets import Shortened, score_shortened
from matcher.config import MatchConfig
from matcher.encoders.background import save_background, shipped_background
from matcher.encoders.tfidf import TfidfEncoder
from matcher.errors import ConfigError, DataError, InputError
from matcher.profiles import build_profiles
from matcher.records import EncoderInfo, Paper, PaperId, Person, PersonId, Reviewer, Submission, SubmissionId, Venue
from matcher.scores import score

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("MATCHER_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments: object, code: int = 0) -> Any:
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        shown = capsys.readouterr()
        assert caught.value.code == code, shown.err
        if code:
            return COLOUR.sub("", shown.err)
        return json.loads(shown.out) if "--json" in arguments else COLOUR.sub("", shown.out)

    return call


def write_lines(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


# --- curation -------------------------------------------------------------------------------------------------------


def gamed_venue() -> Venue:
    """One submission on alpha; thirty reviewers know some of it, and `gamer` has one paper on it among twelve."""
    papers = {}
    owned: dict[str, list[str]] = {}
    for number in range(30):
        who = f"r{number:02}"
        owned[who] = [f"{who}-{paper}" for paper in range(3)]
        for key in owned[who]:
            filler = " ".join(f"word{number}x{extra}" for extra in range(number % 3 + 1))
            papers[key] = f"alpha {filler}"
    owned["gamer"] = [f"gamer-{paper:02}" for paper in range(12)]
    papers |= {key: f"bravo study{place}" for place, key in enumerate(owned["gamer"])}
    papers["gamer-07"] = "alpha"
    return Venue.of(
        papers=[Paper(id=PaperId(key), title=title, abstract="") for key, title in papers.items()],
        people=[Person(id=PersonId(who), names=(who,)) for who in owned],
        reviewers=[
            Reviewer(person_id=PersonId(who), paper_ids=tuple(PaperId(paper) for paper in keys))
            for who, keys in owned.items()
        ],
        submissions=[Submission(id=SubmissionId("s"), title="alpha alpha", abstract="")],
    )


def test_a_mean_over_the_profile_is_gamed_and_the_best_paper_is_not() -> None:
    venue = gamed_venue()
    mean = MatchConfig(encoder="tfidf", aggregation="mean", thin_profile=0)
    found = attack(venue, mean, TfidfEncoder(), rank=31)
    assert [case.reviewer for case in found.cases] == ["gamer"]
    assert found.sizes.tolist() == [12]
    assert found.before.tolist() == [31]
    assert found.after[1].tolist() == [1]
    ranks = [found.after[kept][0] for kept in KEPT]
    assert ranks == sorted(ranks, reverse=True)
    best = replace(mean, aggregation="max")
    before = attack(venue, best, TfidfEncoder(), rank=1)
    assert before.before.tolist() == [1]
    assert {ranks[0] for ranks in before.after.values()} == {1}


def test_the_rank_after_is_that_of_a_venue_with_the_short_profile() -> None:
    venue = gamed_venue()
    config = MatchConfig(encoder="tfidf", aggregation="mean", thin_profile=3)
    found = attack(venue, config, TfidfEncoder(), rank=31)
    fitted = TfidfEncoder().fit([*(one.text for one in venue.papers), *(one.text for one in venue.submissions)])
    for kept, chosen in ((1, ["gamer-07"]), (2, ["gamer-00", "gamer-07"])):
        reviewers = [
            replace(one, paper_ids=tuple(map(PaperId, chosen))) if one.person_id == "gamer" else one
            for one in venue.reviewers
        ]
        papers = tuple(one for one in venue.papers if not one.id.startswith("gamer") or one.id in chosen)
        short = replace(venue, reviewers=tuple(reviewers), papers=papers)
        values = score(build_profiles(short, fitted), config).values[0]
        own = values[[one.person_id for one in reviewers].index(PersonId("gamer"))]
        rank = (values > own).sum() + ((values == own).sum() + 1) / 2
        assert found.after[kept][0] == rank


def test_a_profile_cannot_keep_what_it_does_not_hold() -> None:
    venue = gamed_venue()
    profiles = build_profiles(venue, TfidfEncoder())
    wanted = [
        Shortened(SubmissionId("s"), PersonId("gamer"), frozenset()),
        Shortened(SubmissionId("s"), PersonId("gamer"), frozenset(venue.reviewer_by_id[PersonId("gamer")].paper_ids)),
    ]
    config = MatchConfig(encoder="tfidf")
    published, raw = score_shortened(profiles, config, wanted)
    assert np.isnan([published[0], raw[0]]).all()
    whole = score(profiles, config)
    assert published[1] == pytest.approx(whole.value("s", "gamer"), abs=1e-6)
    with pytest.raises(InputError, match="lacks papers"):
        score_shortened(
            profiles, config, [Shortened(SubmissionId("s"), PersonId("r00"), frozenset([PaperId("gamer-00")]))]
        )


def test_the_curve_counts_who_reaches_the_top() -> None:
    found = attack(
        gamed_venue(), MatchConfig(encoder="tfidf", aggregation="mean", thin_profile=0), TfidfEncoder(), rank=31
    )
    rows = curve(found, rng=0)
    assert [row["kept"] for row in rows] == ["all", "8", "5", "3", "2", "1", "best"]
    assert (rows[0]["median_rank"], rows[0]["top_10"]) == (31, 0)
    for row in rows[-2:]:
        assert (row["median_rank"], row["top_10"], row["cases"]) == (1, 1, 1)
    assert rows[-1]["interval"] == {"top_10": [1, 1]}


def test_who_tries_every_number_of_papers_gets_the_best_of_all_ranks() -> None:
    cases = (Case(SubmissionId("s"), PersonId("a")), Case(SubmissionId("s"), PersonId("b")))
    after = {kept: np.array([20.0 + kept, 50.0 - kept]) for kept in KEPT}
    info = EncoderInfo("x", "", "", 1, (0.0, 0.0, 0.0))
    found = Attack(cases, np.array([15.0, 100.0]), after, np.array([12, 12]), info)
    assert found.best().tolist() == [15, 42]


def test_curation_needs_reviewers_at_that_rank() -> None:
    with pytest.raises(InputError, match="no reviewer with 12 papers or more has a rank of about 500"):
        attack(gamed_venue(), MatchConfig(encoder="tfidf"), TfidfEncoder(), rank=500)


def write_venue(folder: Path) -> Path:
    venue = gamed_venue()
    write_lines(
        folder / "publications.jsonl",
        [{"id": one.id, "title": one.title, "authors": []} for one in venue.papers],
    )
    write_lines(
        folder / "reviewers.jsonl",
        [
            {"id": one.person_id, "name": f"{one.person_id} Example", "paper_ids": one.paper_ids}
            for one in venue.reviewers
        ],
    )
    write_lines(folder / "submissions.jsonl", [{"id": "s", "title": "alpha alpha", "authors": []}])
    (folder / "venue.toml").write_text('name = "Gamed"\n', encoding="utf-8")
    return folder


def test_curation_prints_its_curve(run: Any, tmp_path: Path) -> None:
    venue = write_venue(tmp_path / "venue")
    (tmp_path / "mean.toml").write_text(
        '[expertise]\nencoder = "tfidf"\naggregation = "mean"\nthin_profile = 0\n', encoding="utf-8"
    )
    found = run("curation", "--data", venue, "--encoder", tmp_path / "mean.toml", "--rank", 31, "--json")
    assert [row["median_rank"] for row in found["results"]][::5] == [31, 1]
    assert found["facts"] == {"reviewers": 1, "mean_papers": 12.0}
    assert list(found["manifest"]["data"]) == ["Gamed"]


# --- ablation -------------------------------------------------------------------------------------------------------


def test_variants_change_one_setting_each() -> None:
    base = MatchConfig()
    found = built_in_variants(base)
    plain = base.to_plain()["expertise"]
    for variant in found:
        changed = {name for name, value in variant.config.to_plain()["expertise"].items() if value != plain[name]}
        assert len(changed) == 1
        assert changed.isdisjoint({"unscored", "min_score", "model", "max_tokens", "precision", "pooling"})
    names = {variant.name for variant in found}
    assert {"encoder = tfidf", "aggregation = max", "thin_profile = 0", "top_k = 2", "top_k = 8"} <= names
    assert len(names) == len(found)


def test_variants_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "variants.toml"
    path.write_text('[five]\ntop_k = 5\n[lexical]\nencoder = "tfidf"\naggregation = "max"\n', encoding="utf-8")
    five, lexical = read_variants(path, MatchConfig(encoder="tfidf"))
    assert (five.name, five.config) == ("five", MatchConfig(encoder="tfidf", top_k=5))
    assert lexical.config == MatchConfig(encoder="tfidf", aggregation="max")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("top_k = 5\n", "one for each variant"),
        ("[default]\ntop_k = 5\n", "give it another name"),
        ("[five]\ntopk = 5\n", "five: expertise.topk"),
        ("[five]\ntop_k = 0\n", "five: expertise.top_k"),
        ("", "there is no variant"),
        ("[", "the variants cannot be read"),
    ],
)
def test_bad_variants_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "variants.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(message)):
        read_variants(tmp_path / "variants.toml", MatchConfig())


def write_set(folder: Path, *, queries: Sequence[str] = ("alpha", "bravo")) -> Path:
    words = ("alpha", "bravo", "gamma")
    papers = [{"id": f"{w}{n}", "title": f"{w} study number{n}"} for w in words for n in range(3)]
    reviewers = [{"id": f"r-{w}", "name": w.title(), "paper_ids": [f"{w}{n}" for n in range(3)]} for w in words]
    write_lines(folder / "publications.jsonl", papers)
    write_lines(folder / "reviewers.jsonl", reviewers)
    write_lines(folder / "queries.jsonl", [{"id": f"q-{title}", "title": title} for title in queries])
    write_lines(
        folder / "qrels.jsonl",
        [{"query": f"q-{title}", "relevant": [f"r-{title.split()[0].casefold()}"]} for title in queries],
    )
    return folder


@pytest.fixture
def lexical(tmp_path: Path) -> Path:
    (tmp_path / "lexical.toml").write_text('[expertise]\nencoder = "tfidf"\n', encoding="utf-8")
    (tmp_path / "variants.toml").write_text('[same]\ntop_k = 3\n[mean]\naggregation = "mean"\n', encoding="utf-8")
    return tmp_path


def test_ablation_measures_every_variant_on_every_set(run: Any, lexical: Path) -> None:
    sets = write_set(lexical / "tiny")
    venue = write_venue(lexical / "venue")
    options = ("--base", lexical / "lexical.toml", "--variants", lexical / "variants.toml", "--cases", 0)
    found = run("ablation", "--data", sets, "--data", venue, *options, "--json")
    rows = found["results"]
    measures = ["mrr", "mrr without shared", "least load ratio", "largest load ratio"]
    assert [(row["variant"], row["measure"]) for row in rows] == [
        (variant, measure) for variant in ("default", "same", "mean") for measure in measures
    ]
    assert {row["data"] for row in rows} == {"tiny", "Gamed"}
    assert rows[0]["value"] == 1
    assert "difference" not in rows[0]
    same = rows[4]["difference"]
    assert (same["to"], same["value"], same["verdict"]) == ("default", [0, 0, 0], {"value": "not told apart"})
    assert len(rows[6]["difference"]["value"]) == 1  # loads of one assignment: nothing can be drawn
    assert set(found["manifest"]["config"]) == {"default", "same", "mean"}
    made = {(one["encoder"], one["set"]): one["digest"] for one in found["manifest"]["encoders"]}
    assert set(made) == {(variant, name) for variant in ("default", "same", "mean") for name in ("tiny", "Gamed")}
    assert made["default", "tiny"] == made["same", "tiny"]
    assert "notices" not in found
    lines = run("ablation", "--data", sets, *options).splitlines()
    assert lines[0].split() == ["variant", "data", "measure", "value"]
    assert lines[4].split()[:3] == ["minus", "default", "+0.0000"]


def test_ablation_includes_the_attack(run: Any, lexical: Path) -> None:
    venue = write_venue(lexical / "venue")
    (lexical / "one.toml").write_text("[same]\ntop_k = 3\n", encoding="utf-8")
    options = ("--base", lexical / "lexical.toml", "--variants", lexical / "one.toml", "--cases", 5)
    assert "rank of about 100" in run("ablation", "--data", venue, *options, code=1)


def test_ablation_refuses_to_choose_on_what_is_held_out(run: Any, lexical: Path) -> None:
    title = "alpha methods for everything"
    tuned = write_set(lexical / "tuned", queries=(title,))
    held = write_set(lexical / "held", queries=(title.upper(),))
    other = write_set(lexical / "other", queries=("bravo methods for everything",))
    options = ("ablation", "--data", tuned, "--base", lexical / "lexical.toml", "--variants", lexical / "variants.toml")
    error = run(*options, "--held-out", held, code=1)
    assert (
        "1 evaluation texts were seen in training or tuning: 'ALPHA METHODS FOR EVERYTHING' of held in tuned" in error
    )
    assert run(*options, "--held-out", other, "--json")["results"]


def test_a_difference_needs_the_same_data() -> None:
    one = Measurement(
        "a", "mrr", True, np.ones(2), np.ones(2), ("x", "y"), EncoderInfo("x", "", "", 1, (0.0, 0.0, 0.0))
    )
    with pytest.raises(InputError, match="same data"):
        compare_variants("v", [one], [replace(one, data="b")], rng=0)
    (row,) = compare_variants("v", [replace(one, clusters=("x", "z"))], [one], rng=0)
    assert row["difference"] == {"to": "default", "value": [0.0]}  # other things: not paired


# --- leakage --------------------------------------------------------------------------------------------------------


def test_one_paper_is_known_by_its_title_or_its_abstract() -> None:
    whole = digests("Déjà vu: a study of memory", "We study memory.")
    assert digests("DEJA VU – A STUDY OF MEMORY", "we study: memory") == whole
    assert set(whole) == {"title", "abstract"}
    assert whole["title"] != whole["abstract"]
    assert digests("Preface", "") == {}


def test_leaks_name_what_agrees() -> None:
    seen = [Texts("train", (("A long enough title of a paper", "one"), ("Another title that is long", "two two")))]
    measured = [
        Texts(
            "eval",
            (
                ("a long enough title of a paper!", "other"),
                ("New title of that other work", "Two, two."),
                ("Fresh and unseen title", "x"),
            ),
        )
    ]
    leaks = find_leaks(measured, seen)
    assert [(leak.title, leak.by) for leak in leaks] == [
        ("a long enough title of a paper!", "title"),
        ("New title of that other work", "abstract"),
    ]
    with pytest.raises(InputError, match=r"2 evaluation texts were seen .*\(same title\)"):
        refuse_leaks(leaks)
    with pytest.raises(InputError, match="and 1 more"):
        refuse_leaks(leaks * 3)
    refuse_leaks([])
    assert find_leaks(measured, [], known={digests("", "x")["abstract"]: "file"})[0].training == "file"


def test_guard_fails_on_a_leak_and_passes_without(run: Any, tmp_path: Path) -> None:
    held = write_set(tmp_path / "held", queries=("alpha methods for everything", "bravo"))
    clean = write_lines(tmp_path / "clean.jsonl", [{"title": "Something else altogether", "abstract": "new"}])
    dirty = write_lines(tmp_path / "dirty.jsonl", [{"title": "Alpha methods for everything!", "abstract": None}])
    found = run("guard", "--evaluation", held, "--training", clean, "--json")
    assert found["results"] == [{"evaluation": "held", "texts": 2, "leaks": 0}]
    assert found["facts"] == {"training_texts": 1, "digests": 0}
    assert set(found["manifest"]["data"]) == {"held", "clean.jsonl"}
    error = run("guard", "--evaluation", held, "--training", clean, "--training", dirty, code=1)
    assert "'alpha methods for everything' of held in dirty.jsonl (same title)" in error
    listed = tmp_path / "seen.json"
    listed.write_text(json.dumps([digests("Alpha methods for everything", "")["title"]]), encoding="utf-8")
    assert "in seen.json" in run("guard", "--evaluation", held, "--digests", listed, code=1)
    listed.write_text('["short"]', encoding="utf-8")
    assert "64 hexadecimal digits" in run("guard", "--evaluation", held, "--digests", listed, code=1)
    assert "cannot be read" in run("guard", "--evaluation", held, "--digests", tmp_path / "none.json", code=1)
    assert "nothing to compare with" in run("guard", "--evaluation", held, code=1)


def test_a_background_must_be_of_the_files_that_are_looked_through(run: Any, tmp_path: Path) -> None:
    held = write_set(tmp_path / "held")
    papers = write_lines(tmp_path / "papers.jsonl", [{"title": "Something else altogether"}])
    options = ("guard", "--evaluation", held, "--training", papers, "--background", "shipped")
    assert "which is none of the --training files" in run(*options, code=1)
    background = shipped_background()
    digest = hashlib.sha256(papers.read_bytes()).hexdigest()
    refuse_other_sources(replace(background, sources=({"file": "papers.jsonl", "sha256": digest},)), [papers])
    with pytest.raises(InputError, match="does not note what it was made from"):
        refuse_other_sources(replace(background, sources=()), [papers])
    save_background(replace(background, sources=({"file": "papers.jsonl", "sha256": digest},)), tmp_path / "own.npz")
    run("guard", "--evaluation", held, "--training", papers, "--background", tmp_path / "own.npz")


def test_training_files_are_written_again_without_what_is_measured(run: Any, tmp_path: Path) -> None:
    held = write_set(tmp_path / "held", queries=("alpha methods for everything", "bravo"))
    rows: list[dict[str, Any]] = [
        {"id": "1", "title": "Alpha methods for everything!", "abstract": None},
        {"id": "2", "title": "Something – else altogether", "abstract": "new", "year": 2020},
    ]
    dirty = write_lines(tmp_path / "papers" / "dirty.jsonl", rows)
    options = ("guard", "--evaluation", held, "--write-clean", tmp_path / "clean")
    found = run(*options, "--training", dirty, "--json")
    assert found["results"][0]["leaks"] == 1
    written = tmp_path / "clean" / "dirty.jsonl.gz"
    assert [json.loads(line) for line in gzip.decompress(written.read_bytes()).splitlines()] == [rows[1]]
    before = written.read_bytes()
    assert "would replace what is read" in run(*options, "--training", written, code=1)
    run(*options, "--training", tmp_path / "papers")
    assert written.read_bytes() == before
    run("guard", "--evaluation", held, "--training", written)
    (tmp_path / "file").write_text("", encoding="utf-8")
    error = run("guard", "--evaluation", held, "--write-clean", tmp_path / "file", "--training", dirty, code=1)
    assert "the papers cannot be written" in error


def test_profiles_are_looked_at_when_asked(run: Any, tmp_path: Path) -> None:
    held = write_set(tmp_path / "held")
    evidence = write_lines(tmp_path / "evidence.jsonl", [{"title": "alpha study number1"}])
    run("guard", "--evaluation", held, "--training", evidence)
    assert "'alpha study number1' of held" in run(
        "guard", "--evaluation", held, "--training", evidence, "--profiles", code=1
    )


def test_what_is_no_evaluation_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="this is no evaluation set"):
        read_evaluation(tmp_path)
    venue = write_venue(tmp_path / "venue")
    (texts,) = texts_of_any(venue)
    assert ("alpha alpha", "") in texts.papers
    assert len(texts.papers) == len({one.title for one in gamed_venue().papers}) + 1


# --- human ratings --------------------------------------------------------------------------------------------------


def write_gold(folder: Path) -> Path:
    """One participant who knows alpha rated two papers; the profile holds a paper on each of three words."""
    head = ["ParticipantID", *(f"Paper{n}" for n in range(1, 11)), *(f"Expertise{n}" for n in range(1, 11))]
    line = ["1", "s-alpha", "s-bravo", *[""] * 8, "5", "1", *[""] * 8]
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "evaluations.csv").write_text("\t".join(head) + "\n" + "\t".join(line) + "\n", encoding="utf-8")
    drawn = folder / "evaluation_datasets" / "d_20_1"
    papers = [{"id": f"p{n}", "content": {"title": f"alpha study{n}", "abstract": ""}} for n in range(3)]
    write_lines(drawn / "archives" / "~1.jsonl", papers)
    content = {f"s-{w}": {"content": {"title": f"{w} is what this paper is about"}} for w in ("alpha", "bravo")}
    (drawn / "submissions.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def write_lrbench(folder: Path) -> Path:
    sides = {
        side: {"author_id": who, "score": rating, "papers": [{"title": f"{word} study", "abstract": ""}]}
        for side, who, word, rating in (("positive", "a", "alpha", 5), ("negative", "b", "bravo", 1))
    }
    anchor = {"paper_id": "p", "paper_title": "alpha is what it is about", "abstract": ""}
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "evaluations_pc.json").write_text(json.dumps([{"anchor": anchor, **sides}]), encoding="utf-8")
    return folder


def test_ablation_reports_human_ratings_with_a_warning(run: Any, lexical: Path) -> None:
    gold, pairs = write_gold(lexical / "gold"), write_lrbench(lexical / "lr")
    options = ("--base", lexical / "lexical.toml", "--variants", lexical / "variants.toml")
    found = run("ablation", "--data", gold, "--data", pairs, *options, "--json")
    rows = [(row["data"], row["measure"], row["value"]) for row in found["results"] if row["variant"] == "mean"]
    assert rows == [
        ("goldstandard", "loss", 0),
        ("goldstandard", "easy", 1),
        ("lrbench pc", "loss", 0),
        ("lrbench pc", "accuracy", 1),
    ]
    assert found["notices"] == [
        "human ratings are for reporting: what is chosen by them must be measured on other people"
    ]
    error = run("ablation", "--data", gold, *options, "--held-out", pairs, "--held-out", gold, code=1)
    assert (
        "2 evaluation texts were seen in training or tuning: 'alpha is what this paper is about' of goldstandard"
        in error
    )


def test_guard_reads_every_kind_of_set(tmp_path: Path) -> None:
    assert [(one.name, len(one.papers)) for one in read_evaluation(write_gold(tmp_path / "gold"))] == [
        ("goldstandard", 2)
    ]
    assert [len(one.papers) for one in read_evaluation(tmp_path / "gold", profiles=True)] == [5]
    assert [(one.name, len(one.papers)) for one in read_evaluation(write_lrbench(tmp_path / "lr"))] == [
        ("lrbench pc", 1)
    ]


def test_ablation_measures_the_attack_on_a_venue_that_is_large_enough(
    run: Any, lexical: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eval.ablation.attack", functools.partial(attack, rank=31))
    venue = write_venue(lexical / "venue")
    (lexical / "base.toml").write_text(
        '[expertise]\nencoder = "tfidf"\naggregation = "mean"\nthin_profile = 0\n', encoding="utf-8"
    )
    (lexical / "one.toml").write_text("[same]\ntop_k = 2\n", encoding="utf-8")
    options = ("--base", lexical / "base.toml", "--variants", lexical / "one.toml", "--cases", 5)
    found = run("ablation", "--data", venue, *options, "--json")
    values = {row["variant"]: row["value"] for row in found["results"] if row["measure"] == "kept one, in top 10"}
    assert values == {"default": 1, "same": 1}
