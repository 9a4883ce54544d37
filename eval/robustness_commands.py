"""Commands that ask what else could have happened: under another policy, under attack, at another size."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eval.output import JsonOption, OutOption, SeedOption, give

__all__ = ["policy"]


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
