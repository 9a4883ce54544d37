"""What a measurement was made with, so that it can be made again: code, packages, data, encoders, choices, chance.

A manifest holds no date and no duration: equal measurements have equal manifests. Durations stand beside it.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

import matcher
from matcher.config import MatchConfig
from matcher.errors import InputError
from matcher.records import EncoderInfo
from matcher.runs import current_versions

__all__ = [
    "Clock",
    "Outcome",
    "code_version",
    "describe_encoder",
    "digest_of",
    "json_line",
    "make_manifest",
    "write_outcome",
]

_PACKAGES: Final = ("eval", "matcher")
"""What a result depends on."""

_ROOT: Final = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command of `eval` gives back.

    Args:
        results: rows, each with the same meaning of its fields.
        manifest: what they were made with.
        times: seconds by stage; the only part that differs between equal runs.
        notices: what a reader of the results must know.
        facts: what holds for the measurement as a whole.
        per_query: values of every query, where the command measures queries.
    """

    results: Sequence[Mapping[str, Any]]
    manifest: Mapping[str, Any]
    times: Mapping[str, float]
    notices: Sequence[str] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)
    per_query: Sequence[Mapping[str, Any]] = ()

    def compared(self) -> dict[str, Any]:
        """What is equal for equal runs: `results`, `facts` and `notices` where there are any, `manifest`."""
        optional = {"facts": dict(self.facts), "notices": list(self.notices)}
        filled = {name: value for name, value in optional.items() if value}
        return {"results": list(self.results), **filled, "manifest": self.manifest}


@dataclass(frozen=True, slots=True)
class Clock:
    """Seconds by stage, in the order in which stages began."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time that the body takes to a stage."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.perf_counter() - start, 3)


def make_manifest(
    *,
    command: Sequence[str],
    data: Mapping[str, str],
    encoders: Sequence[Mapping[str, Any]],
    configs: Mapping[str, MatchConfig],
    seed: int,
) -> dict[str, Any]:
    """Put together what a measurement was made with.

    Args:
        command: the command line.
        data: digest of the data by its name (see `digest_of`).
        encoders: from `describe_encoder`.
        configs: choices by the name under which results list them.
        seed: the only source of chance.
    """
    return {
        "command": list(command),
        "code": code_version(),
        "versions": current_versions(),
        "data": dict(data),
        "encoders": [dict(encoder) for encoder in encoders],
        "config": {name: config.to_plain() for name, config in configs.items()},
        "seed": seed,
    }


def describe_encoder(info: EncoderInfo, **where: str) -> dict[str, Any]:
    """An encoder as a manifest lists it; `where` says for what it was used (an encoder may learn from each set)."""
    return {**where, **asdict(info)}


def code_version(root: Path = _ROOT) -> dict[str, Any]:
    """Which code ran: the package's version, a digest of its modules and, in a checkout with git, the commit.

    Args:
        root: top folder of the checkout.

    Returns:
        `version`, `digest` (SHA-256 over names and contents of the modules of `matcher` and `eval`, so that changed
        files are told apart), `commit` (`None` outside a checkout) and `is_changed` (`None` without a commit).
    """
    top = _git(root, "rev-parse", "--show-toplevel")
    is_ours = top is not None and Path(top).resolve() == root.resolve()  # not a repository around an unpacked copy
    commit = _git(root, "rev-parse", "--verify", "HEAD") if is_ours else None
    changes = _git(root, "status", "--porcelain") if commit else None
    modules = [path for part in _PACKAGES for path in sorted((root / part).rglob("*.py"))]
    return {
        "version": matcher.__version__,
        "digest": digest_of(modules, root=root),
        "commit": commit,
        "is_changed": None if changes is None else bool(changes),
    }


def _git(root: Path, *arguments: str) -> str | None:
    """What git answers, or `None` when it is not there or fails."""
    program = shutil.which("git")
    if program is None:
        return None
    # The arguments are constants of this module; the program is the one on the user's own path.
    command = [program, "--no-optional-locks", "-C", str(root), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return done.stdout.strip() if done.returncode == 0 else None


def digest_of(files: Iterable[Path], *, root: Path | None = None) -> str:
    """SHA-256 over the names and contents of some files, in the order given.

    Args:
        files: what was read; their bare names count, so equal files in another folder have an equal digest.
        root: names count from this folder on, where files of one name lie in several folders.

    Returns:
        Hexadecimal.
    """
    digest = hashlib.sha256()
    for path in files:
        with path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        name = path.relative_to(root).as_posix() if root else path.name
        digest.update(f"{name}\0{content}\n".encode())
    return digest.hexdigest()


def json_line(value: Any) -> str:
    """One JSON text on one line. NaN is refused: a value that is not known is null."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def write_outcome(outcome: Outcome, folder: Path) -> None:
    """Write `results.json`, `times.json` and, for queries, `per_query.jsonl`; only `times.json` differs between runs.

    Args:
        outcome: what a command gave back.
        folder: made where it is missing; files of these names in it are replaced.

    Raises:
        InputError: the folder cannot be written to.
    """
    texts = {
        "results.json": json.dumps(outcome.compared(), ensure_ascii=False, allow_nan=False, indent=2) + "\n",
        "times.json": json.dumps(outcome.times, indent=2) + "\n",
    }
    if outcome.per_query:
        texts["per_query.jsonl"] = "".join(json_line(row) + "\n" for row in outcome.per_query)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InputError(f"{folder}: the results cannot be written: {error.strerror or error}") from None
