"""`python -m eval`: one function per measurement. Results on standard output, progress and errors on standard error.

Exit codes: 0 done, 1 bad input, 2 wrong usage.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from eval.human_commands import goldstandard, lrbench
from eval.output import DrawsOption, JsonOption, OutOption, QuietOption, SeedOption, give, power_notes, table
from eval.robustness_commands import attack, policy, scale
from eval.study_commands import ablation, calibrate, curation, guard, report
from matcher.errors import MatcherError

__all__ = ["app", "main"]

app = typer.Typer(
    name="eval",
    help="Measure how well the product does its job. Protocol and limits: eval/README.md.",
    epilog="Examples:\n\n"
    "python -m eval goldstandard --data goldstandard/ --encoders default,tfidf --out results/gold\n\n"
    "python -m eval retrieval --data sets/dev --without-shared --json\n\n"
    "python -m eval report results/ --out page/",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command line; every error of ours becomes a message and an exit code.

    Args:
        argv: arguments after `python -m eval`; by default those of the process.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        app(args=arguments, prog_name="python -m eval", obj=["python", "-m", "eval", *arguments])
    except MatcherError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except BrokenPipeError:  # `python -m eval … | head`
        sys.stderr.close()
        sys.exit(0)
    sys.exit(0)


app.command(epilog="Example: python -m eval goldstandard --data goldstandard/ --encoders default,tfidf")(goldstandard)
app.command(epilog="Example: python -m eval lrbench --data lr-bench/ --write-predictions predictions/")(lrbench)

app.command(epilog="Example: python -m eval curation --data venue/ --encoder tfidf --rank 100")(curation)
app.command(epilog="Example: python -m eval ablation --data sets/dev --data venue/ --held-out goldstandard/")(ablation)
app.command(epilog="Example: python -m eval guard --evaluation goldstandard/ --training papers.jsonl.gz")(guard)
app.command(epilog="Example: python -m eval calibrate --data venue/ --ratings ratings.csv --write fit.json")(calibrate)
app.command(epilog="Example: python -m eval report results/ --out page/")(report)
app.command(epilog="Example: python -m eval scale --size 500 --size 1000 --size 2000")(scale)
app.command(epilog="Example: python -m eval attack --data venue/ --encoder tfidf --rank 101 --what assignment")(attack)
app.command(epilog="Example: python -m eval policy runs/a runs/b --outcomes quality.csv --least 1 --most 5")(policy)

# --- commands -------------------------------------------------------------------------------------------------------


@app.command(epilog="Example: python -m eval retrieval --data sets/ --encoders default,tfidf --out results/retrieval")
def retrieval(
    context: typer.Context,
    data: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="A set: queries, reviewers, publications, qrels as .jsonl or .jsonl.gz; or a folder of sets.",
            show_default=False,
        ),
    ],
    encoders: Annotated[
        str, typer.Option(help="Names with commas between: default (the product's own), tfidf, sentence.")
    ] = "default",
    without_shared: Annotated[
        bool,
        typer.Option(
            "--without-shared",
            help="Measure again with every publication taken out of a profile that another author of the query wrote.",
        ),
    ] = False,
    seed: SeedOption = 0,
    draws: DrawsOption = 1000,
    out: OutOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Rank all reviewers for papers whose true authors are known: MRR, hit@10, recall@50, with intervals.

    With several encoders each one after the first is also compared with the first, on the same queries.
    """
    from eval.datasets import read_retrieval_sets
    from eval.experiment import Clock, Outcome, describe_encoder, digest_of, make_manifest
    from eval.retrieval import (
        ALL,
        Measured,
        compare,
        configs_of,
        evaluate,
        nested,
        part_authors,
        per_query_rows,
        summarise,
    )
    from matcher.console import progress_bar
    from matcher.encoders import default_cache_dir, make_encoder

    configs = configs_of(encoders)
    clock = Clock()
    with clock.stage("read"):
        sets = read_retrieval_sets(data)
        digests = {one.name: digest_of(one.files) for one in sets}
    rows: list[dict[str, Any]] = []
    used: list[dict[str, Any]] = []
    per_query: list[dict[str, Any]] = []
    notices = []
    for one in sets:
        parted = part_authors(one) if without_shared else None
        if parted is not None:
            gone = len(one.relevant) - len(parted.relevant)
            notices.append(
                f"{one.name}: without shared publications nothing is left of {parted.emptied} relevant reviewers; "
                f"{gone} queries have none left and are not measured again"
            )
        first: dict[str, Measured] = {}
        for name, config in configs.items():
            with clock.stage(f"{one.name} {name}"), progress_bar(quiet=quiet) as progress:
                encoder = make_encoder(config, cache_dir=default_cache_dir())
                found = evaluate(one, config, encoder, name=name, parted=parted, progress=progress)
            first = first or found
            summaries = {}
            for variant, measured in found.items():
                summaries[variant] = summarise(measured, rng=seed, draws=draws)
                if measured is not first[variant]:
                    summaries[variant]["difference"] = compare(first[variant], measured, rng=seed, draws=draws)
                per_query += per_query_rows(measured, variant)
            row = summaries.pop(ALL)
            rows.append(row | {variant: nested(summary) for variant, summary in summaries.items()})
            used.append(describe_encoder(found[ALL].info, set=one.name, encoder=name))
    manifest = make_manifest(command=context.obj, data=digests, encoders=used, configs=configs, seed=seed)
    notices += power_notes(rows, "mrr")
    outcome = Outcome(rows, manifest, clock.seconds, notices=notices, per_query=per_query)
    give(outcome, as_json=as_json, out=out)


@app.command(epilog="Example: python -m eval profile-length --data venue/ --encoder tfidf --reviews 3 --max-load 4")
def profile_length(
    context: typer.Context,
    data: Annotated[
        Path, typer.Option(metavar="DIR", help="A venue folder, as every command takes it.", show_default=False)
    ],
    encoder: Annotated[str, typer.Option(help="default (the product's own), tfidf or sentence.")] = "default",
    reviews: Annotated[int, typer.Option(min=1, help="Reviews of a submission, where the venue does not say.")] = 3,
    max_load: Annotated[int, typer.Option(min=1, help="Most submissions of a reviewer, where no row says so.")] = 4,
    deadline: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Day on which conflict windows are anchored; default: the venue's."),
    ] = None,
    seed: SeedOption = 0,
    draws: DrawsOption = 1000,
    out: OutOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Assign a whole venue exactly and take the mean load by size of profile: do long or short profiles get the work?

    Papers in a profile: <=4, 5-8, 9-14, 15-30, >30. A ratio of 1 is the mean load of all.
    """
    from dataclasses import replace

    from eval.experiment import Clock, Outcome, describe_encoder, digest_of, make_manifest
    from eval.profile_length import assign_venue, loads_by_band
    from eval.retrieval import config_of
    from matcher.console import print_notices, progress_bar
    from matcher.encoders import default_cache_dir, make_encoder
    from matcher.ingest import read_venue

    config = replace(
        config_of(encoder),
        reviews_per_submission=reviews,
        max_load=max_load,
        seed=seed,
        deadline=None if deadline is None else deadline.date(),
    )
    clock = Clock()
    with clock.stage("read"):
        loaded = read_venue(data)
        digests = {loaded.venue.name: digest_of(path for path in sorted(data.iterdir()) if path.is_file())}
    print_notices(loaded.report.notices)
    with progress_bar(quiet=quiet) as progress:
        found = assign_venue(
            loaded.venue, config, make_encoder(config, cache_dir=default_cache_dir()), clock=clock, progress=progress
        )
    bands = loads_by_band(found.reviewers, found.sizes, found.loads, rng=seed, draws=draws)
    manifest = make_manifest(
        command=context.obj,
        data=digests,
        encoders=[describe_encoder(found.info, encoder=encoder)],
        configs={encoder: found.config},
        seed=seed,
    )
    outcome = Outcome(bands, manifest, clock.seconds, notices=found.notices, facts=found.facts())
    give(outcome, as_json=as_json, out=out)


@app.command(epilog="Example: python -m eval background --data papers/ --encoder tfidf --papers 4000")
def background(
    context: typer.Context,
    data: Annotated[
        list[Path],
        typer.Option(
            metavar="DIR",
            help="A folder of .jsonl or .jsonl.gz files with title and abstract, read by name; or one file. May be "
            "given again: the order in which sources are given decides which papers are drawn.",
            show_default=False,
        ),
    ],
    encoder: Annotated[str, typer.Option(help="default (the product's own), tfidf or sentence.")] = "default",
    papers: Annotated[int, typer.Option(min=2, help="Papers to draw.")] = 4000,
    seed: SeedOption = 0,
    out: OutOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Mean and standard deviation of the cosine between two different papers: where published scores start.

    Measured for two titles, for a title and a title with abstract, and for two titles with abstract.
    """
    from eval.background import KINDS, draw_papers, measure_background
    from eval.datasets import paper_files, read_paper_texts
    from eval.experiment import Clock, Outcome, describe_encoder, digest_of, make_manifest
    from eval.retrieval import config_of
    from matcher.console import progress_bar
    from matcher.encoders import default_cache_dir, make_encoder

    config = config_of(encoder)
    clock = Clock()
    with clock.stage("read"):
        files = paper_files(data)
        read = read_paper_texts(files)
        whole = [paper for paper in read if paper.abstract]
        drawn = draw_papers(whole, count=papers, rng=seed)
    with clock.stage("measure"), progress_bar(quiet=quiet) as progress:
        found = measure_background(drawn, make_encoder(config, cache_dir=default_cache_dir()), progress=progress)
    rows = [
        {"encoder": encoder, "papers": found.papers, "texts": kind, "mean": one.mean, "deviation": one.deviation}
        for kind, one in zip(KINDS, found.cosines, strict=True)
    ]
    notices = []
    if len(whole) < len(read):
        notices.append(f"{len(read) - len(whole)} of {len(read)} papers have no abstract and were not drawn from")
    if found.papers < papers:
        notices.append(f"there are only {found.papers} papers to draw; {papers} were asked for")
    manifest = make_manifest(
        command=context.obj,
        data={"papers": digest_of(files)},
        encoders=[describe_encoder(found.info, encoder=encoder)],
        configs={encoder: config},
        seed=seed,
    )
    give(Outcome(rows, manifest, clock.seconds, notices=notices), as_json=as_json, out=out)


@app.command(epilog="Example: python -m eval conflicts --data venue/ --out results/conflicts")
def conflicts(
    context: typer.Context,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="A venue folder with coi_truth.jsonl(.gz); without it, only the built-in cases."
        ),
    ] = None,
    venues: Annotated[int, typer.Option(min=0, help="Random venues to assign.")] = 300,
    seed: SeedOption = 0,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Recall and precision of conflicts against known truth, with ids and by names alone; and the built-in cases.

    Built in: one day on either side of every window of every preset, the answers that openreview-py documents, and
    random venues whose conflicts are known, with twelve kinds of aliases.
    """
    from eval.conflicts import compare, edge_cases, played, read_truth, share_of, without_ids
    from eval.experiment import Clock, Outcome, digest_of, make_manifest
    from eval.openreview_cases import CASES, PUBLICATIONS_AFTER, in_conflict, publications_found
    from matcher.config import MatchConfig
    from matcher.conflicts import find_conflicts
    from matcher.ingest import read_venue

    config = MatchConfig(coauthor_window_months=None, institution_policy="off")
    clock = Clock()
    rows: list[dict[str, Any]] = []
    digests = {}
    if data is not None:
        truth, venue = read_truth(data), read_venue(data).venue
        digests = {data.name: digest_of(path for path in sorted(data.iterdir()) if path.is_file())}
        for mode, known in (("ids", venue), ("names alone", without_ids(venue))):
            with clock.stage(mode):
                found = find_conflicts(known, config)
            rows += compare(found, truth, venue, set=data.name, known_by=mode)
    with clock.stage("cases"):
        edges = [is_right for _, is_right in edge_cases()]
        answers = [in_conflict(case) is case.expected for case in CASES]
        answers += [publications_found(year) == count for year, count in PUBLICATIONS_AFTER.items()]
    facts = {
        share["cases"]: f"{share['right']} of {share['of']} right"
        for share in (share_of("windows at one day on either side", edges), share_of("documented answers", answers))
    }
    with clock.stage("random venues"):
        facts |= {name: str(value) for name, value in played(venues, rng=seed).items()}
    manifest = make_manifest(command=context.obj, data=digests, encoders=[], configs={"truth": config}, seed=seed)
    give(Outcome(rows, manifest, clock.seconds, facts=facts), as_json=as_json, out=out)


@app.command(epilog="Example: python -m eval questions --data venue/ --encoder tfidf")
def questions(
    context: typer.Context,
    data: Annotated[Path, typer.Option(metavar="DIR", help="A venue folder.", show_default=False)],
    encoder: Annotated[str, typer.Option(help="default, tfidf, sentence, or a .toml file of choices.")] = "default",
    window: Annotated[str, typer.Option(help="Months before the deadline in which a joint paper conflicts.")] = "all",
    out: OutOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Questions about doubtful conflicts: how many are open, and which submissions have one that changes the match.

    Once as the venue is and once by names alone.
    """
    from eval.conflicts import without_ids
    from eval.experiment import Clock, Outcome, digest_of, make_manifest
    from eval.questions import count_questions
    from eval.retrieval import config_of
    from matcher.config import resolve
    from matcher.console import progress_bar
    from matcher.ingest import read_venue

    clock = Clock()
    with clock.stage("read"):
        loaded = read_venue(data)
        digests = {data.name: digest_of(path for path in sorted(data.iterdir()) if path.is_file())}
    months = resolve(flags={"coauthor_window_months": window}).config.coauthor_window_months
    deadline = None if loaded.venue.deadline is None else loaded.venue.deadline.day
    config = replace(config_of(encoder), coauthor_window_months=months, deadline=deadline)
    rows = []
    for mode, venue in (("ids", loaded.venue), ("names alone", without_ids(loaded.venue))):
        with clock.stage(mode), progress_bar(quiet=quiet) as progress:
            rows.append(count_questions(venue, config, progress=progress, set=data.name, known_by=mode))
    manifest = make_manifest(
        command=context.obj, data=digests, encoders=[], configs={encoder: config}, seed=config.seed
    )
    give(Outcome(rows, manifest, clock.seconds), as_json=as_json, out=out)


@app.command(epilog="Example: python -m eval identity --data pairs/")
def identity(
    context: typer.Context,
    data: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="A .jsonl or .jsonl.gz file of labelled pairs of mentions, or a folder with dev.jsonl or pairs.jsonl.",
            show_default=False,
        ),
    ],
    seed: SeedOption = 0,
    draws: DrawsOption = 1000,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who is who: merge precision, recall, questions and calibration on labelled pairs, beside what other systems do.

    Then how often the model is wrong where it decides, by the share of pairs that it decides.
    """
    from eval.experiment import Clock, Outcome, digest_of, make_manifest
    from eval.identity import file_of_pairs, measure, read_pairs, risk_by_coverage, summarise, thresholds

    clock = Clock()
    with clock.stage("read"):
        pairs = read_pairs(data)
        digests = {"pairs": digest_of([file_of_pairs(data)])}
    with clock.stage("judge"):
        measured = measure(pairs)
    with clock.stage("intervals"):
        rows = summarise(measured, rng=seed, draws=draws)
    risks = risk_by_coverage(measured)
    manifest = make_manifest(command=context.obj, data=digests, encoders=[], configs={}, seed=seed)
    facts: dict[str, Any] = {"merge_from": thresholds()["merge"], "ask_from": thresholds()["ask"]}
    if as_json or out is not None:
        facts["risk_by_coverage"] = risks
    give(Outcome(rows, manifest, clock.seconds, facts=facts), as_json=as_json, out=out)
    if not as_json:
        typer.echo("")
        for line in table(risks):
            typer.echo(line)


@app.command(epilog="Example: python -m eval train-identity --texts open_text/ --variants names.jsonl.gz")
def train_identity(
    texts: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Papers as .jsonl or .jsonl.gz: id, title, authors.", show_default=False),
    ],
    variants: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help="Name variants as .jsonl or .jsonl.gz: canonical, variants.", show_default=False
        ),
    ],
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="DIR", help="Write here; by default into matcher/identity of this checkout."),
    ] = None,
    seed: SeedOption = 0,
) -> None:
    """Make the counts of names and the weights of the identity model again, from texts that may be used freely.

    Equal texts and seed give equal files, byte for byte.
    """
    from eval.train_identity import train, write_trained

    for path in write_trained(*train(texts, variants, seed=seed), into):
        typer.echo(str(path))


@app.command(epilog="Example: python -m eval assignment runs/first runs/second --expert 0.4")
def assignment(
    context: typer.Context,
    runs: Annotated[list[Path], typer.Argument(help="Run folders, as written by `matcher match --out`.")],
    expert: Annotated[
        float, typer.Option(min=0, help="Score from which a reviewer counts as an expert for a submission.")
    ] = 0.4,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure assignments side by side: for submissions, for reviewers, fairness, envy, loads, rules broken, stability.

    The figures of every run are from its own scores; stability is the share of pairs in common with the first.
    """
    from eval.assignment import side_by_side
    from eval.experiment import Clock, Outcome, digest_of, make_manifest
    from matcher.pipeline import MatchResult

    clock = Clock()
    with clock.stage("read"):
        results = {str(run): MatchResult.load(run) for run in runs}
    with clock.stage("measure"):
        rows = side_by_side(results, expert=expert)
    manifest = make_manifest(
        command=context.obj,
        data={str(run): digest_of([run / "manifest.json"]) for run in runs},
        encoders=[],
        configs={name: result.config for name, result in results.items()},
        seed=0,
    )
    notices = []
    if len({result.scores.method for result in results.values()}) > 1:
        notices.append("the runs score differently, so that their totals are those of different measures")
    give(Outcome(rows, manifest, clock.seconds, notices=notices), as_json=as_json, out=out)


@app.command(epilog="Example: python -m eval metrics --json")
def metrics(as_json: JsonOption = False) -> None:
    """List the metrics: what they take, their range, direction, value on empty input, and source."""
    from eval.experiment import json_line
    from eval.metrics import METRICS

    rows: list[dict[str, Any]] = [
        {
            "name": metric.name,
            "about": metric.about,
            "inputs": metric.inputs,
            "range": list(metric.range),
            "higher_is_better": metric.higher_is_better,
            "empty": metric.empty,
            "source": metric.source,
        }
        for metric in METRICS.values()
    ]
    if as_json:
        typer.echo(json_line({"results": rows}))
        return
    for row in rows:
        low, high = row["range"]
        direction = "higher" if row["higher_is_better"] else "lower"
        typer.echo(f"{row['name']}: {row['about']}")
        typer.echo(f"    takes {row['inputs']}")
        typer.echo(f"    {low:g} to {high:g}, {direction} is better, {row['empty']:g} on empty input")
        typer.echo(f"    source: {row['source']}")


if __name__ == "__main__":
    main()
