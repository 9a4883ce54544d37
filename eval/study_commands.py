"""Commands that study the score itself: curation, each choice of it, and whether what it learnt from was clean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

import typer

from eval.output import DrawsOption, JsonOption, OutOption, QuietOption, SeedOption, give

SHIPPED: Final = "shipped"
"""Stands for the background that comes with the product, as in its configuration."""

__all__ = ["ablation", "calibrate", "curation", "guard", "report"]


def curation(
    context: typer.Context,
    data: Annotated[
        Path, typer.Option(metavar="DIR", help="A venue folder, as every command takes it.", show_default=False)
    ],
    encoder: Annotated[str, typer.Option(help="default (the product's own), a name, or a match.toml.")] = "default",
    rank: Annotated[int, typer.Option(min=11, help="Where reviewers stand before, give or take a tenth.")] = 100,
    papers: Annotated[int, typer.Option(min=2, help="Least size of a profile.")] = 12,
    cases: Annotated[int, typer.Option(min=1, help="Most pairs of a reviewer and a submission; drawn.")] = 300,
    seed: SeedOption = 0,
    draws: DrawsOption = 1000,
    out: OutOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Let reviewers drop all but the papers that suit a submission: where do they stand then?

    A score that rewards it can be gamed by anybody who chooses which of their papers count.
    """
    from eval.curation import attack, curve
    from eval.experiment import Clock, Outcome, describe_encoder, digest_of, make_manifest
    from eval.retrieval import config_of
    from matcher.console import print_notices, progress_bar
    from matcher.encoders import default_cache_dir, make_encoder
    from matcher.ingest import read_venue

    config = config_of(encoder)
    clock = Clock()
    with clock.stage("read"):
        loaded = read_venue(data)
        digests = {loaded.venue.name: digest_of(path for path in sorted(data.iterdir()) if path.is_file())}
    print_notices(loaded.report.notices)
    with clock.stage("attack"), progress_bar(quiet=quiet) as progress:
        made = make_encoder(config, cache_dir=default_cache_dir())
        found = attack(loaded.venue, config, made, rank=rank, papers=papers, most=cases, rng=seed, progress=progress)
    manifest = make_manifest(
        command=context.obj,
        data=digests,
        encoders=[describe_encoder(found.info, encoder=encoder)],
        configs={encoder: config},
        seed=seed,
    )
    facts = {"reviewers": len({case.reviewer for case in found.cases}), "mean_papers": float(found.sizes.mean())}
    give(Outcome(curve(found, rng=seed, draws=draws), manifest, clock.seconds, facts=facts), as_json=as_json, out=out)


def ablation(
    context: typer.Context,
    data: Annotated[
        list[Path],
        typer.Option(
            metavar="DIR",
            help="Retrieval sets, a venue, a gold standard or LR-Bench; may be given again.",
            show_default=False,
        ),
    ],
    base: Annotated[
        str, typer.Option(help="What is changed: default, a name of an encoder, or a match.toml.")
    ] = "default",
    variants: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A TOML file with one table of settings for each variant; without it, every setting."
        ),
    ] = None,
    held_out: Annotated[
        list[Path] | None,
        typer.Option(
            "--held-out", metavar="DIR", help="End with an error if --data holds a text that this set measures."
        ),
    ] = None,
    cases: Annotated[int, typer.Option(min=0, help="Most cases of the curation attack on a venue; 0: none.")] = 100,
    seed: SeedOption = 0,
    draws: DrawsOption = 1000,
    out: OutOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Change one choice of the score at a time and measure everything again, paired with the score as it is."""
    from eval.ablation import BASE, Variant, built_in_variants, compare_variants, measurers, read_variants
    from eval.experiment import Clock, Outcome, describe_encoder, digest_of, make_manifest
    from eval.leakage import find_leaks, read_evaluation, refuse_leaks, texts_of_any
    from eval.retrieval import config_of
    from matcher.console import progress_bar
    from matcher.encoders import default_cache_dir, make_encoder

    config = config_of(base)
    chosen = read_variants(variants, config) if variants else built_in_variants(config)
    clock = Clock()
    with clock.stage("read"):
        kept_aside = [texts for folder in held_out or () for texts in read_evaluation(folder)]
        refuse_leaks(find_leaks(kept_aside, [texts for folder in data for texts in texts_of_any(folder)]))
        sources = [measurers(folder, cases=cases) for folder in data]
    digests = {folder.name: digest_of(files, root=folder) for folder, (files, _) in zip(data, sources, strict=True)}
    rows: list[dict[str, Any]] = []
    used: dict[tuple[str, str], dict[str, Any]] = {}
    first = None
    for variant in (Variant(BASE, config), *chosen):
        with clock.stage(variant.name), progress_bar(quiet=quiet) as progress:
            if progress is not None:
                progress(variant.name, 0, 1)
            encoder = make_encoder(variant.config, cache_dir=default_cache_dir())
            found = [one for _, measure in sources for one in measure(variant.config, encoder)]
        rows += compare_variants(variant.name, found, first, rng=seed, draws=draws)
        first = first or found
        used |= {
            (variant.name, one.data): describe_encoder(one.info, encoder=variant.name, set=one.data) for one in found
        }
    notices = []
    if any((folder / "data").is_dir() for folder in data):
        notices.append("human ratings are for reporting: what is chosen by them must be measured on other people")
    configs = {BASE: config} | {variant.name: variant.config for variant in chosen}
    made = list(used.values())
    manifest = make_manifest(command=context.obj, data=digests, encoders=made, configs=configs, seed=seed)
    give(Outcome(rows, manifest, clock.seconds, notices=notices), as_json=as_json, out=out)


def guard(
    context: typer.Context,
    evaluation: Annotated[
        list[Path],
        typer.Option(metavar="DIR", help="A set that is measured on; may be given again.", show_default=False),
    ],
    training: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="PATH", help="Papers that something learnt from or was chosen on: .jsonl, .jsonl.gz or a folder."
        ),
    ] = None,
    digests: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Digests of such papers, as the builder of an artefact writes them."),
    ] = None,
    background: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A background, or 'shipped': fail unless it was made from the --training files and no other.",
        ),
    ] = None,
    clean: Annotated[
        Path | None,
        typer.Option(
            "--write-clean", metavar="DIR", help="Write the --training files again without what is measured; no error."
        ),
    ] = None,
    profiles: Annotated[
        bool, typer.Option("--profiles", help="Look for the reviewers' publications too, not only for what is rated.")
    ] = False,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fail, with exit code 1, when a text that is measured on was seen in training or tuning; or take it out.

    The same title or the same abstract is the same paper: letters and digits are compared, without case and accents.
    """
    from eval.datasets import paper_files
    from eval.experiment import Clock, Outcome, digest_of, make_manifest
    from eval.leakage import (
        find_leaks,
        read_digests,
        read_evaluation,
        refuse_leaks,
        refuse_other_sources,
        training_texts,
        write_clean,
    )
    from matcher.encoders.background import load_background, shipped_background
    from matcher.errors import InputError

    if not training and not digests:
        raise InputError("nothing to compare with: give --training or --digests")
    clock = Clock()
    with clock.stage("compare"):
        measured = [texts for folder in evaluation for texts in read_evaluation(folder, profiles=profiles)]
        files = paper_files(training or ())
        if background is not None:
            made = shipped_background() if str(background) == SHIPPED else load_background(background)
            refuse_other_sources(made, files)
        seen = [training_texts([file]) for file in files]
        known: dict[str, str] = {}
        for path in digests or ():
            known |= read_digests(path)
        leaks = find_leaks(measured, seen, known=known)
    rows = [
        {
            "evaluation": texts.name,
            "texts": len(texts.papers),
            "leaks": sum(leak.evaluation == texts.name for leak in leaks),
        }
        for texts in measured
    ]
    facts = {"training_texts": sum(len(texts.papers) for texts in seen), "digests": len(known)}
    read = {texts.name: texts.digest() for texts in (*measured, *seen)}
    read |= {path.name: digest_of([path]) for path in digests or ()}
    manifest = make_manifest(command=context.obj, data=read, encoders=[], configs={}, seed=0)
    give(Outcome(rows, manifest, clock.seconds, facts=facts), as_json=as_json, out=out)
    if clean is None:
        refuse_leaks(leaks)
        return
    for path in files:
        written, gone = write_clean(path, measured, clean)
        typer.echo(f"{written}: {gone} papers left out", err=True)


def calibrate(
    context: typer.Context,
    data: Annotated[Path, typer.Option(metavar="DIR", help="The venue that was rated.", show_default=False)],
    ratings: Annotated[
        Path,
        typer.Option(metavar="FILE", help="CSV with submission_id, reviewer_id and rating.", show_default=False),
    ],
    encoder: Annotated[str, typer.Option(help="default (the product's own), a name, or a match.toml.")] = "default",
    expert: Annotated[float, typer.Option(help="A rating from here up says expert.")] = 4.0,
    write: Annotated[Path | None, typer.Option("--write", metavar="FILE", help="Write the fit as JSON.")] = None,
    seed: SeedOption = 0,
    draws: DrawsOption = 1000,
    out: OutOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Turn scores into the probability that a reviewer is an expert, from your own reviewers' ratings.

    Measured on reviewers whom the fit has not seen. Where scores say no more than the share of experts, that is said
    and no fit is written. A fit holds for the encoder and settings that it was made with.
    """
    from eval.calibration import calibrate as fit_to
    from eval.calibration import is_useful, read_ratings, reliability
    from eval.experiment import Clock, Outcome, describe_encoder, digest_of, make_manifest
    from eval.retrieval import config_of
    from eval.rows import write_json_files
    from matcher.console import print_notices, progress_bar
    from matcher.encoders import default_cache_dir, make_encoder
    from matcher.ingest import read_venue
    from matcher.profiles import build_profiles
    from matcher.scores import score

    config = config_of(encoder)
    clock = Clock()
    with clock.stage("read"):
        loaded = read_venue(data)
        rated = read_ratings(ratings)
        digests = {
            loaded.venue.name: digest_of(path for path in sorted(data.iterdir()) if path.is_file()),
            "ratings": digest_of([ratings]),
        }
    print_notices(loaded.report.notices)
    with clock.stage("score"), progress_bar(quiet=quiet) as progress:
        made = make_encoder(config, cache_dir=default_cache_dir())
        profiles = build_profiles(loaded.venue, made, config, progress=progress)
        scores = score(profiles, config, progress=progress)
    with clock.stage("fit"):
        report = fit_to(scores, rated, expert=expert, rng=seed, draws=draws)
    notices = []
    if report.unscored:
        notices.append(f"{report.unscored} rated pairs have no score and were not used")
    useful = is_useful(report)
    if not useful:
        notices.append("scores say no more of an unseen reviewer than the share of experts does: no fit to be used")
    used = describe_encoder(profiles.encoder, encoder=encoder)
    manifest = make_manifest(command=context.obj, data=digests, encoders=[used], configs={encoder: config}, seed=seed)
    if write is not None and useful:
        fit = {"formula": "1 / (1 + exp(-(intercept + slope * score)))", "expert": expert, "score": scores.method}
        write_json_files({write.name: fit | report.facts() | {"manifest": manifest}}, write.parent)
    outcome = Outcome(reliability(report), manifest, clock.seconds, notices=notices, facts=report.facts())
    give(outcome, as_json=as_json, out=out)


def report(
    results: Annotated[
        list[Path], typer.Argument(metavar="FOLDER…", help="Folders that --out wrote, or folders of them.")
    ],
    out: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where results.md, results.html and figures/ go.", show_default=False)
    ],
) -> None:
    """Make one page of results: tables, drawings with intervals, and what each was made with."""
    from eval.page import read_sections, write_page

    for path in write_page(read_sections(results), out):
        typer.echo(path)
