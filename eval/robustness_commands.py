"""Commands that ask what else could have happened: under another policy, under attack, at another size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from eval.output import JsonOption, OutOption, QuietOption, SeedOption, give

__all__ = ["attack", "policy", "scale"]


def policy(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(metavar="RUN", help="The run whose pairs were reviewed.", show_default=False)],
    target: Annotated[
        Path,
        typer.Argument(metavar="TARGET", help="The run whose policy is valued, of the same venue.", show_default=False),
    ],
    outcomes: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="CSV with submission_id, reviewer_id and outcome (how good the review was).",
            show_default=False,
        ),
    ],
    least: Annotated[float, typer.Option("--least", help="The smallest outcome there is.", show_default=False)],
    most: Annotated[float, typer.Option("--most", help="The largest outcome there is.", show_default=False)],
    slopes: Annotated[
        list[float] | None,
        typer.Option(
            "--lipschitz",
            min=0,
            help="Also bound by: outcomes change by at most this from score 0 to score 1. May be given again.",
        ),
    ] = None,
    redraws: Annotated[int, typer.Option(min=50, help="Draws of RUN's policy from which intervals come.")] = 1000,
    seed: SeedOption = 0,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Value one assignment policy by the outcomes of another: how good would reviews have been under TARGET?

    RUN was drawn from a policy (--objective randomised or perturbed), which the run folder keeps. Pairs that RUN could
    never assign, and outcomes that never came, are bounded under several assumptions.
    """
    from eval.calibration import read_ratings
    from eval.experiment import Clock, Outcome, digest_of, make_manifest
    from eval.policy import log_of, value_rows
    from matcher.errors import InputError, counted
    from matcher.pipeline import MatchResult
    from matcher.records import PersonId, SubmissionId

    if least >= most:
        raise InputError(f"--least must be below --most; got {least:g} and {most:g}")
    clock = Clock()
    with clock.stage("read"):
        logged, other = MatchResult.load(run), MatchResult.load(target)
        read = read_ratings(outcomes, column="outcome")
        by_pair = {(SubmissionId(each.submission), PersonId(each.reviewer)): each.rating for each in read}
    with clock.stage("redraw"):
        log = log_of(logged, other, by_pair, redraws=redraws, rng=seed)
    with clock.stage("value"):
        rows = value_rows(log, least=least, most=most, slopes=slopes or (), rng=seed)
    manifest = make_manifest(
        command=context.obj,
        data={
            "run": digest_of([run / "manifest.json"]),
            "target": digest_of([target / "manifest.json"]),
            "outcomes": digest_of([outcomes]),
        },
        encoders=[],
        configs={"run": logged.config, "target": other.config},
        seed=seed,
    )
    notices = []
    if logged.assignment.marginals is None:
        notices.append("RUN drew nothing: every pair of it was certain, so it says nothing of other pairs by chance")
    facts = {
        "outcomes": int(log.known.sum()),
        "assigned_without_outcome": int((log.assigned & ~log.known).sum()),
        "covered": float(log.target.sum()) / log.reviews,
        "largest_weight": float(log.weights.max()),
    }
    if facts["covered"] < 1:
        share = 1 - facts["covered"]
        where = counted(len(log.outside), "pair")
        notices.append(f"{share:.1%} of TARGET's reviews are on {where} that RUN could never assign: read the bounds")
    give(Outcome(rows, manifest, clock.seconds, notices=notices, facts=facts), as_json=as_json, out=out)


def attack(
    context: typer.Context,
    data: Annotated[
        Path, typer.Option(metavar="DIR", help="A venue folder, as every command takes it.", show_default=False)
    ],
    encoder: Annotated[str, typer.Option(help="default (the product's own), a name, or a match.toml.")] = "default",
    what: Annotated[
        Literal["ranks", "assignment", "rings"],
        typer.Option(help="Ranks of every way to attack, probabilities of assignment, or rings of 2 to 6 reviewers."),
    ] = "ranks",
    ranks: Annotated[
        list[int] | None,
        typer.Option(
            "--rank", min=6, help="Where reviewers stand before; may be given again.", show_default="20 101 501 1001"
        ),
    ] = None,
    cases: Annotated[int, typer.Option(min=1, help="Pairs for each score and rank; rings of each size.")] = 30,
    words: Annotated[int, typer.Option(min=0, help="Different words of an abstract that an edit replaces.")] = 15,
    ways: Annotated[
        list[str] | None,
        typer.Option(
            "--way", help="What is done, for assignment and rings; may be given again.", show_default="keep 1, edit"
        ),
    ] = None,
    seed: SeedOption = 0,
    out: OutOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Let reviewers and authors collude: how far up do they come, and how likely are they matched?

    By way of attack and by how similarities become a score: max, mean, best 3, and the product's default. Pairs in
    conflict (joint papers of any year) do not attack. Demand, loads and the largest probability of a pair in lotteries
    are those of the venue and of match.toml.
    """
    from eval.attack import RANKS, WAYS, attack_ranks, rank_rows, set_scene
    from eval.attack_assignment import Objective, attack_assignment, plant_rings, ring_rows, set_rings
    from eval.experiment import Clock, Outcome, describe_encoder, digest_of, make_manifest
    from eval.retrieval import config_of
    from matcher.conflicts import Finder
    from matcher.console import print_notices, progress_bar
    from matcher.encoders import default_cache_dir, make_encoder
    from matcher.errors import UnknownNameError
    from matcher.ingest import read_venue
    from matcher.records import Index

    tried = ways or ["keep 1, edit"]
    for way in tried:
        if way not in WAYS:
            raise UnknownNameError("way", way, tuple(WAYS))
    config = replace(config_of(encoder), coauthor_window_months=None, institution_policy="off")
    clock = Clock()
    with clock.stage("read"):
        loaded = read_venue(data)
        venue = loaded.venue
        digests = {venue.name: digest_of(path for path in sorted(data.iterdir()) if path.is_file())}
    print_notices(loaded.report.notices)
    with clock.stage("conflicts"):
        finder = Finder(venue, config)
        conflicts = finder.all()
    made = make_encoder(config, cache_dir=default_cache_dir())
    lotteries = [Objective(name, config.probability_limit) for name in ("randomised", "perturbed")]
    with clock.stage("attack"), progress_bar(quiet=quiet) as progress:
        if what == "rings":
            planted = plant_rings(finder, conflicts, rings=cases, rng=seed)
            scene = set_rings(venue, config, made, planted, words=words, progress=progress)
            objectives = [Objective("max-total"), Objective("max-min"), Objective("max-min", longest=4), lotteries[0]]
            rows = [
                row
                for way in tried
                for row in ring_rows(
                    scene, finder, conflicts, planted, way=way, objectives=objectives, progress=progress
                )
            ]
        else:
            names = (
                Index([each.id for each in venue.active_submissions]),
                Index([each.person_id for each in venue.reviewers]),
            )
            scene = set_scene(
                venue,
                config,
                made,
                blocked=conflicts.mask(*names),
                ranks=ranks or RANKS,
                cases=cases,
                words=words,
                rng=seed,
                progress=progress,
            )
            if what == "ranks":
                rows = rank_rows(scene, attack_ranks(scene, progress=progress), rng=seed)
            else:
                objectives = [Objective("max-total"), Objective("max-min"), *lotteries]
                rows = attack_assignment(scene, conflicts, ways=tried, objectives=objectives, progress=progress)
    used = describe_encoder(scene.profiles.encoder, encoder=encoder)
    manifest = make_manifest(command=context.obj, data=digests, encoders=[used], configs={encoder: config}, seed=seed)
    give(Outcome(rows, manifest, clock.seconds), as_json=as_json, out=out)


def scale(
    context: typer.Context,
    sizes: Annotated[
        list[int] | None,
        typer.Option(
            "--size",
            min=50,
            help="Submissions, and reviewers, to measure; give two or more.",
            show_default="500 1000 2000",
        ),
    ] = None,
    papers: Annotated[int, typer.Option(min=1000, help="Papers of the pool that is measured.")] = 50_000,
    out: OutOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Measure what size costs on seeded vectors, and go on to 100,000 × 100,000 and pools of millions of authors.

    Seconds are those of the processor with vectors at hand. What is extrapolated is marked; eval/scale.md says how.
    """
    from eval.experiment import Clock, Outcome, make_manifest
    from eval.scale import pool_rows, scale_rows
    from matcher.console import progress_bar
    from matcher.errors import InputError

    measured = sorted(set(sizes or (500, 1000, 2000)))
    if len(measured) < 2:
        raise InputError("one size shows no growth: give --size twice or more")
    clock = Clock()
    with clock.stage("measure"), progress_bar(quiet=quiet) as progress:
        rows = [*scale_rows(measured, progress=progress), *pool_rows(papers, progress=progress)]
    manifest = make_manifest(command=context.obj, data={}, encoders=[], configs={}, seed=0)
    notices = ["seconds vary with the machine: read how they grow"]
    give(Outcome(rows, manifest, clock.seconds, notices=notices), as_json=as_json, out=out)
