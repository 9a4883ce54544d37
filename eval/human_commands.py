"""Commands that measure against what people said themselves: the CMU gold standard and LR-Bench."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from eval.output import DrawsOption, JsonOption, OutOption, QuietOption, SeedOption, give, power_notes

__all__ = ["goldstandard", "lrbench"]

EncodersOption = Annotated[
    str,
    typer.Option(
        help="With commas between: default (the product's own), a name of an encoder, or a match.toml with choices. "
        "Empty: only predictions."
    ),
]
PredictionsOption = Annotated[
    list[Path] | None,
    typer.Option("--predictions", metavar="DIR", help="More predictions to score; may be given again."),
]
WriteOption = Annotated[
    Path | None,
    typer.Option("--write-predictions", metavar="DIR", help="Write our scores in the public repository's own form."),
]


def goldstandard(
    context: typer.Context,
    data: Annotated[
        Path,
        typer.Option(metavar="DIR", help="A clone of the gold standard's public repository.", show_default=False),
    ],
    encoders: EncodersOption = "default",
    predictions: PredictionsOption = None,
    write_predictions: WriteOption = None,
    full_text: Annotated[
        bool, typer.Option("--full-text", help="Read the full texts in data/txts too, where a paper has one.")
    ] = False,
    seed: SeedOption = 0,
    draws: DrawsOption = 1000,
    out: OutOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Order the papers that researchers rated by their own expertise: loss, easy and hard pairs, beside the peers.

    Every system whose predictions lie in the repository is scored with ours, and ours is compared with each, paired.
    """
    from eval.experiment import Clock, Outcome, describe_encoder, digest_of, make_manifest
    from eval.goldstandard import read_gold, read_predictions, score_gold
    from eval.goldstandard import write_predictions as write
    from eval.ratings import compare_tallies, summarise_tally
    from eval.retrieval import configs_of
    from matcher.console import progress_bar
    from matcher.encoders import default_cache_dir, make_encoder

    configs = configs_of(encoders)
    clock = Clock()
    with clock.stage("read"):
        gold = read_gold(data, full_text=full_text)
        folders = (data / "predictions", *(predictions or ()))
        listed = [found for folder in folders for found in read_predictions(folder)]
        peers = [one for one in listed if not one.missing(gold)]
        digests = {"goldstandard": digest_of(gold.files, root=data)}
        digests |= {f"predictions of {one.name}": digest_of(one.files) for one in peers}
    ours, used = [], []
    for name, config in configs.items():
        with clock.stage(name), progress_bar(quiet=quiet) as progress:
            encoder = make_encoder(config, cache_dir=default_cache_dir())
            found, info = score_gold(gold, config, encoder, name=name, progress=progress)
        ours.append(found)
        used.append(describe_encoder(info, encoder=name, set=gold.sets[0].name))
    if write_predictions is not None:
        write(ours, write_predictions, full_text=full_text)
    found_by = {kind: [one.tally(gold) for one in systems] for kind, systems in (("ours", ours), ("peer", peers))}
    rows: list[dict[str, Any]] = []
    notices = [
        f"{one.name}: not measured, its predictions lack {', '.join(one.missing(gold))}"
        for one in listed
        if one.missing(gold)
    ]
    for kind, systems in found_by.items():
        for system in systems:
            row = {
                "encoder": system.name,
                "kind": kind,
                "raters": len(gold.ratings),
                **summarise_tally(gold.rated, system, rng=seed, draws=draws),
            }
            if kind == "ours":
                others = [other for other in (*found_by["ours"], *found_by["peer"]) if other is not system]
                row["differences"] = [
                    compare_tallies(gold.rated, system, other, rng=seed, draws=draws) for other in others
                ]
            rows.append(row)
            if system.unscored:
                asked = len(gold.rated.items) * len(gold.sets)
                notices.append(
                    f"{system.name}: {system.unscored} of {asked} rated papers have no score; a pair costs half"
                )
    notices += power_notes(rows, "loss")
    facts = {
        "pairs": len(gold.rated.first),
        "easy_pairs": int(gold.rated.easy.sum()),
        "hard_pairs": int(gold.rated.hard.sum()),
        "data_sets": len(gold.sets),
        **({"full_texts": gold.full_texts} if full_text else {}),
    }
    manifest = make_manifest(command=context.obj, data=digests, encoders=used, configs=configs, seed=seed)
    give(Outcome(rows, manifest, clock.seconds, notices=notices, facts=facts), as_json=as_json, out=out)


def lrbench(
    context: typer.Context,
    data: Annotated[
        Path, typer.Option(metavar="DIR", help="A clone of LR-Bench's public repository.", show_default=False)
    ],
    encoders: EncodersOption = "default",
    predictions: PredictionsOption = None,
    write_predictions: WriteOption = None,
    seed: SeedOption = 0,
    draws: DrawsOption = 1000,
    out: OutOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Order reviewers of a paper, and papers of a reviewer, by the familiarity that they stated: loss and accuracy.

    Splits: pc (two reviewers of one paper, drawn by paper) and rc (two papers of one reviewer, drawn by reviewer). A
    system that says nothing of some pairs is measured on the others, and ours is compared with it on those.
    """
    from eval.experiment import Clock, Outcome, describe_encoder, digest_of, make_manifest
    from eval.lrbench import read_predictions, read_splits, rows_of_split, score_split
    from eval.lrbench import write_predictions as write
    from eval.retrieval import configs_of
    from matcher.console import progress_bar
    from matcher.encoders import default_cache_dir, make_encoder

    configs = configs_of(encoders)
    clock = Clock()
    with clock.stage("read"):
        splits = read_splits(data)
    rows, used, notices = [], [], []
    digests = {}
    for split in splits:
        digests[split.name] = digest_of([split.file])
        folders = (data / "predictions", *(predictions or ()))
        peers = [found for folder in folders for found in read_predictions(folder, split)]
        digests |= {f"predictions of {one.name}, {split.name}": digest_of(one.files) for one in peers}
        ours = []
        for name, config in configs.items():
            with clock.stage(f"{split.name} {name}"), progress_bar(quiet=quiet) as progress:
                encoder = make_encoder(config, cache_dir=default_cache_dir())
                found, info = score_split(split, config, encoder, name=name, progress=progress)
            ours.append(found)
            used.append(describe_encoder(info, encoder=name, set=split.name))
        if write_predictions is not None:
            write(split, ours, write_predictions)
        listed, said = rows_of_split(split, ours, peers, rng=seed, draws=draws)
        rows += listed
        notices += said
    notices += power_notes(rows, "loss")
    if len(splits) < 2:
        notices.append(f"only {splits[0].file.name} is there; the other file was not measured")
    manifest = make_manifest(command=context.obj, data=digests, encoders=used, configs=configs, seed=seed)
    give(Outcome(rows, manifest, clock.seconds, notices=notices), as_json=as_json, out=out)
