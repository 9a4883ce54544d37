"""A match as a folder: everything needed to read, explain, report and check it again, byte for byte the same.

=====================  ================================================================================================
`manifest.json`        versions, digests (its own too), configuration with the origin of every value, totals
`assignment.csv`       `submission_id,reviewer_id,score`
`assignment.json`      the same with marks, shortfalls, objective, bound and solver
`conflicts.jsonl`      one finding a line: submission_id, reviewer_ids, rule, verdict, via, evidence, …; colleagues of
                       an author share their evidence and so a line
`scores.npz`           `values`, `raw` (S, R) float32; `submissions` (S,), `reviewers` (R,) ids as text
`profiles.npz`         vectors of papers and submissions, and which papers are whose
`limits.npz`           `wanted` (S,), `max_load`, `min_load` (R,), `status` (S, R), `reviewer_prices` (R,); the proof
                       of another goal than the total, and the policy and seed of a draw, which are for chairs alone
`venue.json.gz`        the whole input
`draws.jsonl`          of a lottery: every draw that led to this run, see `matcher.draws`; for chairs alone
`times.json`           seconds and peak memory of each stage; the only file that differs between equal runs
=====================  ================================================================================================

`np.load("scores.npz")["values"][i, j]` is the score of `submissions[i]` and `reviewers[j]`; NaN is "not scored".
"""

from __future__ import annotations

import gc
import gzip
import hashlib
import json
import platform
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import numpy as np

from matcher.config import MatchConfig
from matcher.draws import Draw, log_draw, read_draws, write_draws
from matcher.errors import MatcherError, RunError
from matcher.export.csv_files import write_assignment_csv
from matcher.records import (
    Assignment,
    Certificate,
    Conflict,
    Conflicts,
    EncoderInfo,
    Evidence,
    Floats,
    Goal,
    Index,
    JoinedVectors,
    Limits,
    Marginals,
    Pair,
    PersonId,
    Profiles,
    RulePrices,
    ScoreMatrix,
    Shortfall,
    SubmissionId,
    Underload,
    Vectors,
    Venue,
    canonical_json,
    from_plain,
    to_plain,
)

__all__ = ["FORMAT", "Run", "conflict_line", "load_part", "load_run", "refuse_occupied", "save_part", "save_run"]

FORMAT: Final = 2
"""Version of the folder's layout."""

_PACKAGES: Final = (
    "reviewer-matcher",
    "numpy",
    "ortools",
    "scikit-learn",
    "scipy",
    "sentence-transformers",
    "torch",
    "transformers",
)
"""Whose versions can change a result."""


_FILES: Final = (
    "manifest.json",
    "assignment.csv",
    "assignment.json",
    "conflicts.jsonl",
    "scores.npz",
    "profiles.npz",
    "limits.npz",
    "venue.json.gz",
    "times.json",
    "draws.jsonl",
    "rejects.jsonl",
    "report.html",
)
"""What a run folder holds; anything else belongs to the user and is never removed."""


@dataclass(frozen=True, slots=True)
class Run:
    """All records of one match.

    Args:
        venue: the input.
        config: the choices.
        origin: where each value of the configuration came from.
        profiles: vectors.
        scores: (S, R).
        conflicts: all.
        limits: what the assignment respects.
        assignment: the answer.
        times: seconds and peak memory by stage.
        versions: of the packages that can change a result.
    """

    venue: Venue
    config: MatchConfig
    origin: Mapping[str, str]
    profiles: Profiles
    scores: ScoreMatrix
    conflicts: Conflicts
    limits: Limits
    assignment: Assignment
    times: Mapping[str, Any]
    versions: Mapping[str, str]


def current_versions() -> dict[str, str]:
    """Versions of Python and of the packages that can change a result, as installed when first asked."""
    return dict(_versions())


@cache
def _versions() -> Mapping[str, str]:
    """Read once: the files of the packages take longer to read than a small venue to match."""
    found = {"python": platform.python_version()}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def conflict_line(conflict: Conflict) -> dict[str, Any]:
    """A conflict as one JSON object: the pair, rule, verdict, via, evidence, and what else is known."""
    return {
        "submission_id": conflict.submission_id,
        "reviewer_id": conflict.reviewer_id,
        "rule": conflict.rule,
        "verdict": str(conflict.verdict),
        "via": conflict.via,
        "via_name": conflict.via_name,
        "evidence": [to_plain(evidence) for evidence in conflict.evidence],
        "last_date": None if conflict.last_date is None else str(conflict.last_date),
        "confidence": conflict.confidence,
        "clears": conflict.clears,
    }


def _finding_lines(conflicts: Conflicts) -> Iterator[dict[str, Any]]:
    """Conflicts as lines: those of one submission that differ in nothing but the reviewer share one.

    Most conflicts are those of colleagues of one author: apart, each would repeat the same evidence.
    """
    evidence_numbers: dict[tuple[Evidence, ...], int] = {}
    numbers: dict[int, int] = {}  # by identity, since hashing the same evidence again and again is slow
    lines: dict[Any, dict[str, Any]] = {}
    before: Conflict | None = None
    for conflict in conflicts.items:
        if before is not None and before.submission_id != conflict.submission_id:
            yield from lines.values()
            lines.clear()
        number = numbers.get(id(conflict.evidence))
        if number is None:
            number = evidence_numbers.setdefault(conflict.evidence, len(evidence_numbers))
            numbers[id(conflict.evidence)] = number
        # What sorts alike keeps its order: such a conflict has a line of its own, behind the other's.
        is_tie = before is not None and before.sort_key() == conflict.sort_key()
        same = (conflict.rule, conflict.verdict, conflict.via, conflict.via_name, number, conflict.last_date)
        key: Any = id(conflict) if is_tie else (*same, conflict.confidence, conflict.clears)
        if key in lines:
            lines[key]["reviewer_ids"].append(conflict.reviewer_id)
        else:
            line = conflict_line(conflict)
            first = {"submission_id": line.pop("submission_id"), "reviewer_ids": [line.pop("reviewer_id")]}
            lines[key] = {**first, **line}
        before = conflict
    yield from lines.values()


def _read_conflicts(lines: Iterator[str]) -> Conflicts:
    """The reverse of `_finding_lines`; reviewers of one line share its evidence."""
    found: list[Conflict] = []
    for line in lines:
        plain = json.loads(line)
        reviewers = plain.pop("reviewer_ids")
        first = from_plain(Conflict, {**plain, "reviewer_id": reviewers[0]})
        found.append(first)
        found.extend(replace(first, reviewer_id=PersonId(reviewer_id)) for reviewer_id in reviewers[1:])
    found.sort(key=Conflict.sort_key)
    return Conflicts(tuple(found))


def save_run(run: Run, folder: str | Path, *, overwrite: bool = False) -> Path:
    """Write a run folder; it appears whole or not at all.

    Args:
        run: the match.
        folder: where; must not exist, or be empty, unless `overwrite`.
        overwrite: replace a run that is there. A folder that is no run is never replaced.

    Returns:
        The folder.

    Raises:
        RunError: the folder holds something that may not be replaced, or cannot be written.
    """
    refuse_occupied(folder, overwrite=overwrite)
    target = Path(folder).resolve()  # "." and links name a folder that lies elsewhere
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        try:
            building = aside / "new"
            building.mkdir()
            # A run that takes the place of another one carries on its log: drawing until it pleases is seen.
            _write_files(run, building, log_draw(read_draws(target), run.assignment))
            if target.exists():
                target.rename(aside / "old")
            try:
                building.rename(target)
            except BaseException:
                if (aside / "old").exists():
                    (aside / "old").rename(target)
                raise
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        raise RunError(f"the run cannot be written: {error.strerror or error}", path=str(folder)) from error
    return Path(folder)


def refuse_occupied(folder: str | Path, *, overwrite: bool = False) -> None:
    """Refuse a folder that a run may not be written to; asked before a long match, not only after it.

    Args:
        folder: where the run would go.
        overwrite: whether a run that is there may be replaced.

    Raises:
        RunError: the folder holds something that may not be replaced.
    """
    target = Path(folder)
    if not target.exists() or (target.is_dir() and not any(target.iterdir())):
        return
    if not target.is_dir() or not (target / "manifest.json").is_file():
        raise RunError("this exists and is no run folder; choose another name", path=str(target))
    if not overwrite:
        message = "a run is there already; pass --overwrite (in Python overwrite=True) to replace it"
        raise RunError(message, path=str(target))
    foreign = sorted(file.name for file in target.iterdir() if file.name not in _FILES)
    if foreign:
        raise RunError(f"this holds files that no run wrote ({', '.join(foreign)}); move them away", path=str(target))


def _write_files(run: Run, folder: Path, log: Iterable[Draw]) -> None:
    write_assignment_csv(folder / "assignment.csv", run.assignment)
    _write_json(folder / "assignment.json", _plain_assignment(run.assignment))
    _write_conflicts(run.conflicts, folder)
    _write_scores(run.scores, folder)
    np.savez(folder / "profiles.npz", **_profile_arrays(run.profiles))
    certificate = run.assignment.certificate
    np.savez_compressed(
        folder / "limits.npz",
        wanted=run.limits.wanted,
        max_load=run.limits.max_load,
        min_load=run.limits.min_load,
        status=run.limits.status,
        reviewer_prices=np.empty(0) if certificate is None else certificate.reviewer_prices,
        **_proof_arrays(run.assignment),
    )
    with (
        (folder / "venue.json.gz").open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6, mtime=0) as stream,
    ):
        stream.write(canonical_json(run.venue).encode())
    digests = {file.name: _digest(file) for file in sorted(folder.iterdir())}
    text = _sealed(_manifest(run, digests))
    (folder / "manifest.json").write_text(text, encoding="utf-8", newline="\n")
    _write_json(folder / "times.json", dict(run.times))
    write_draws(folder, log)


def _write_conflicts(conflicts: Conflicts, folder: Path) -> None:
    lines = (json.dumps(line, ensure_ascii=False) for line in _finding_lines(conflicts))
    (folder / "conflicts.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")


def _write_scores(scores: ScoreMatrix, folder: Path) -> None:
    arrays: dict[str, Any] = {"values": scores.values}
    if scores.raw is not None:
        arrays["raw"] = scores.raw
    arrays["submissions"] = np.array(scores.submissions.ids, dtype=np.str_)
    arrays["reviewers"] = np.array(scores.reviewers.ids, dtype=np.str_)
    np.savez(folder / "scores.npz", **arrays)


def _proof_arrays(assignment: Assignment) -> dict[str, Any]:
    """What proves a goal beside the total, and the policy that a randomised assignment was drawn from."""
    arrays: dict[str, Any] = {}
    goal, policy = assignment.goal, assignment.marginals
    for name, certificate in (
        ("rules", assignment.certificate),
        ("goal_rules", None if goal is None else goal.certificate),
    ):
        if certificate is not None and certificate.rules is not None:
            arrays |= {f"{name}_{part}": getattr(certificate.rules, part) for part in RulePrices.__slots__}
    if goal is not None:
        arrays |= {"goal_prices": goal.certificate.reviewer_prices, "goal_counted": goal.counted}
        if goal.shares is not None:
            arrays["goal_shares"] = goal.shares
    if policy is not None:
        arrays |= {"policy_rows": policy.rows, "policy_columns": policy.columns, "policy_units": policy.units}
        arrays["policy_scale"] = np.array([policy.unit, policy.limit, policy.draw_seed], dtype=np.int64)
        if policy.plans is not None:
            arrays["policy_plans"] = policy.plans
    return arrays


def _manifest(run: Run, digests: Mapping[str, str]) -> dict[str, Any]:
    assignment = run.assignment
    deadline = run.venue.deadline
    return {
        "format": FORMAT,
        "venue": {
            "name": run.venue.name,
            "digest": run.venue.digest,
            "deadline": None if deadline is None else {"day": deadline.day.isoformat(), "origin": deadline.origin},
            "submissions": len(run.venue.submissions),
            "reviewers": len(run.venue.reviewers),
            "papers": len(run.venue.papers),
        },
        "config": run.config.to_plain(),
        "origin": dict(run.origin),
        "seed": run.config.seed,
        "encoder": to_plain(run.profiles.encoder),
        "scores": run.scores.method,
        "versions": dict(run.versions),
        "result": {
            "pairs": len(assignment.pairs),
            "shortfalls": len(assignment.shortfalls),
            "underloads": len(assignment.underloads),
            "objective": assignment.objective,
            "bound": assignment.bound,
            "gap": assignment.gap,
            "solver": assignment.solver,
            "conflicts": len(run.conflicts.items),
        },
        "files": dict(digests),
    }


def _sealed(manifest: Mapping[str, Any]) -> str:
    """The text of a manifest, with a digest of that text as its last field."""
    digest = hashlib.sha256(_json_text(manifest).encode()).hexdigest()
    return _json_text({**manifest, "digest": digest})


def _plain_goal(goal: Goal) -> dict[str, Any]:
    prices = goal.certificate
    return {
        "objective": goal.objective,
        "value": goal.value,
        "bound": goal.bound,
        "gap": goal.gap,
        "tail": goal.tail,
        "perturbation": goal.perturbation,
        "prices": {
            "unfilled": prices.unfilled,
            "last_resort": prices.last_resort,
            "underload": prices.underload,
        },
    }


def _plain_assignment(assignment: Assignment) -> dict[str, Any]:
    certificate = assignment.certificate
    return {
        "solver": assignment.solver,
        "objective": assignment.objective,
        "bound": assignment.bound,
        "gap": assignment.gap,
        "prices": None
        if certificate is None
        else {
            "unfilled": certificate.unfilled,
            "last_resort": certificate.last_resort,
            "underload": certificate.underload,
        },
        "goal": None if assignment.goal is None else _plain_goal(assignment.goal),
        "pairs": [
            {
                "submission_id": pair.submission_id,
                "reviewer_id": pair.reviewer_id,
                "score": pair.score,
                "marks": list(pair.marks),
            }
            for pair in assignment.pairs
        ],
        "shortfalls": [to_plain(shortfall) for shortfall in assignment.shortfalls],
        "underloads": [to_plain(underload) for underload in assignment.underloads],
    }


def _profile_arrays(profiles: Profiles) -> dict[str, Any]:
    arrays: dict[str, Any] = {
        "papers": np.array(profiles.papers.ids, dtype=np.str_),
        "abstracts": profiles.abstracts,
        "submission_abstracts": profiles.submission_abstracts,
        "rows": profiles.rows,
        "spans": profiles.spans,
        "weights": profiles.weights,
    }
    for name in ("vectors", "submission_vectors"):
        value = getattr(profiles, name)
        dense, sparse = (value.dense, value.sparse) if isinstance(value, JoinedVectors) else (value, value)
        if isinstance(dense, np.ndarray):
            arrays[name] = dense
        if not isinstance(sparse, np.ndarray):
            arrays |= {
                f"{name}_data": sparse.data,
                f"{name}_indices": sparse.indices,
                f"{name}_indptr": sparse.indptr,
                f"{name}_shape": np.array(sparse.shape),
            }
    return arrays


def load_run(folder: str | Path) -> Run:
    """Read a run folder and check it against its manifest.

    Raises:
        RunError: the folder is no run, a file is missing, or a file is not what the manifest says.
    """
    path = Path(folder)
    if not (path / "manifest.json").is_file():
        raise RunError("this is no run folder: it has no manifest.json", path=str(path))
    try:
        text = (path / "manifest.json").read_bytes().decode()
        manifest = json.loads(text)
        if manifest["format"] != FORMAT:
            raise RunError(f"layout {manifest['format']}; this version reads layout {FORMAT}", path=str(path))
        if text != _sealed({name: value for name, value in manifest.items() if name != "digest"}):
            raise _changed(path / "manifest.json")
        _refuse_changed(path, manifest["files"])
        with _without_collection():
            return _read_files(path, manifest)
    except (KeyError, TypeError, AttributeError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, MatcherError):
            raise
        raise RunError(f"the run cannot be read: {error}", path=str(path)) from error


@contextmanager
def _without_collection() -> Iterator[None]:
    """Nothing that is read here is garbage, and looking for some takes half of the time of a large run."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _refuse_changed(path: Path, digests: Mapping[str, str]) -> None:
    for name, digest in digests.items():
        file = path / name
        if not file.is_file():
            raise RunError("this file of the run is missing", path=str(file))
        if _digest(file) != digest:
            raise _changed(file)


def _changed(file: Path) -> RunError:
    return RunError("this file is not what the manifest says: it was changed or damaged", path=str(file))


def _read_files(path: Path, manifest: Mapping[str, Any]) -> Run:
    with gzip.open(path / "venue.json.gz", "rt", encoding="utf-8") as stream:
        venue = from_plain(Venue, json.loads(stream.read()))
    scores = _read_scores(path, manifest["scores"])
    encoder = from_plain(EncoderInfo, manifest["encoder"])
    profiles = _read_profiles(path, scores.reviewers, scores.submissions, encoder)
    with np.load(path / "limits.npz", allow_pickle=False) as arrays:
        prices = arrays["reviewer_prices"]
        proof = {name: arrays[name] for name in arrays.files if name.startswith(("goal_", "policy_", "rules_"))}
        limits = Limits(
            wanted=arrays["wanted"],
            max_load=arrays["max_load"],
            min_load=arrays["min_load"],
            status=arrays["status"],
        )
    with (path / "conflicts.jsonl").open(encoding="utf-8") as stream:
        conflicts = _read_conflicts(stream)
    return Run(
        venue=venue,
        config=MatchConfig.from_plain(manifest["config"]),
        origin=manifest["origin"],
        profiles=profiles,
        scores=scores,
        conflicts=conflicts,
        limits=limits,
        assignment=_read_assignment(json.loads((path / "assignment.json").read_text(encoding="utf-8")), prices, proof),
        times=json.loads((path / "times.json").read_text(encoding="utf-8")),
        versions=manifest["versions"],
    )


def _read_scores(path: Path, method: str) -> ScoreMatrix:
    with np.load(path / "scores.npz", allow_pickle=False) as arrays:
        return ScoreMatrix(
            submissions=Index(arrays["submissions"].tolist()),
            reviewers=Index(arrays["reviewers"].tolist()),
            values=arrays["values"],
            raw=arrays.get("raw"),
            method=method,
        )


def _read_profiles(
    path: Path, reviewers: Index[PersonId], submissions: Index[SubmissionId], encoder: EncoderInfo
) -> Profiles:
    with np.load(path / "profiles.npz", allow_pickle=False) as arrays:
        return Profiles(
            reviewers=reviewers,
            papers=Index(arrays["papers"].tolist()),
            submissions=submissions,
            vectors=_read_vectors(arrays, "vectors"),
            submission_vectors=_read_vectors(arrays, "submission_vectors"),
            abstracts=arrays["abstracts"],
            submission_abstracts=arrays["submission_abstracts"],
            rows=arrays["rows"],
            spans=arrays["spans"],
            weights=arrays["weights"],
            encoder=encoder,
        )


# --- parts of a match that is not finished --------------------------------------------------------------------------


def save_part(part: Conflicts | Profiles | ScoreMatrix, folder: str | Path) -> None:
    """Keep what one stage made, so that a match that was interrupted goes on behind it; whole or not at all.

    Args:
        part: the stage's records.
        folder: one folder for each part; where it exists nothing is written.
    """
    target = Path(folder)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        facts: dict[str, Any] = {"format": FORMAT, "kind": type(part).__name__}
        if isinstance(part, Conflicts):
            _write_conflicts(part, aside)
        elif isinstance(part, ScoreMatrix):
            _write_scores(part, aside)
            facts["method"] = part.method
        else:
            np.savez(aside / "profiles.npz", **_profile_arrays(part))
            facts |= {"reviewers": part.reviewers.ids, "submissions": part.submissions.ids}
            facts["encoder"] = to_plain(part.encoder)
        _write_json(aside / "part.json", facts)
        try:
            aside.rename(target)
        except OSError:
            if not target.is_dir():  # else somebody else kept the same part
                raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def load_part(folder: str | Path) -> Conflicts | Profiles | ScoreMatrix | None:
    """What `save_part` kept; `None` where nothing was.

    Raises:
        RunError: the folder is no part, or one of another version.
    """
    path = Path(folder)
    if not path.is_dir():
        return None
    try:
        facts = json.loads((path / "part.json").read_text(encoding="utf-8"))
        if facts["format"] != FORMAT:
            raise RunError(f"layout {facts['format']}; this version reads layout {FORMAT}", path=str(path))
        if facts["kind"] == "Conflicts":
            with _without_collection(), (path / "conflicts.jsonl").open(encoding="utf-8") as stream:
                return _read_conflicts(stream)
        if facts["kind"] == "ScoreMatrix":
            return _read_scores(path, facts["method"])
        encoder = from_plain(EncoderInfo, facts["encoder"])
        return _read_profiles(path, Index(facts["reviewers"]), Index(facts["submissions"]), encoder)
    except (KeyError, TypeError, ValueError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise RunError(f"the part cannot be read: {error}", path=str(path)) from error


def _read_vectors(arrays: Mapping[str, Any], name: str) -> Vectors:
    dense: Floats | None = arrays.get(name)
    if dense is not None and f"{name}_data" not in arrays:
        return dense
    import scipy.sparse as sp

    parts = (arrays[f"{name}_data"], arrays[f"{name}_indices"], arrays[f"{name}_indptr"])
    sparse = sp.csr_array(parts, shape=tuple(arrays[f"{name}_shape"].tolist()))
    return sparse if dense is None else JoinedVectors(dense, sparse)


def _read_rules(proof: Mapping[str, Any], name: str) -> RulePrices | None:
    if f"{name}_set_keys" not in proof:
        return None
    return RulePrices(**{part: proof[f"{name}_{part}"] for part in RulePrices.__slots__})


def _read_goal(plain: Mapping[str, Any] | None, proof: Mapping[str, Any]) -> Goal | None:
    if plain is None:
        return None
    return Goal(
        objective=plain["objective"],
        value=plain["value"],
        bound=plain["bound"],
        certificate=Certificate(
            reviewer_prices=proof["goal_prices"], rules=_read_rules(proof, "goal_rules"), **plain["prices"]
        ),
        shares=proof.get("goal_shares"),
        counted=proof["goal_counted"],
        tail=plain["tail"],
        perturbation=plain["perturbation"],
    )


def _read_policy(proof: Mapping[str, Any]) -> Marginals | None:
    if "policy_rows" not in proof:
        return None
    unit, limit, draw_seed = proof["policy_scale"].tolist()
    return Marginals(
        rows=proof["policy_rows"],
        columns=proof["policy_columns"],
        units=proof["policy_units"],
        unit=unit,
        limit=limit,
        draw_seed=draw_seed,
        plans=proof.get("policy_plans"),
    )


def _read_assignment(plain: Mapping[str, Any], prices: Any, proof: Mapping[str, Any]) -> Assignment:
    return Assignment(
        pairs=tuple(Pair(**{**pair, "marks": tuple(pair["marks"])}) for pair in plain["pairs"]),
        shortfalls=tuple(from_plain(Shortfall, each) for each in plain["shortfalls"]),
        underloads=tuple(from_plain(Underload, each) for each in plain["underloads"]),
        objective=plain["objective"],
        bound=plain["bound"],
        solver=plain["solver"],
        certificate=None
        if plain["prices"] is None
        else Certificate(reviewer_prices=prices, rules=_read_rules(proof, "rules"), **plain["prices"]),
        marginals=_read_policy(proof),
        goal=_read_goal(plain.get("goal"), proof),
    )


def _write_json(file: Path, content: Mapping[str, Any]) -> None:
    file.write_text(_json_text(content), encoding="utf-8", newline="\n")


def _json_text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
