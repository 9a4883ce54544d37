"""The log of draws: who draws until the outcome pleases, is seen.

`draws.jsonl` in a run folder has one line for every draw that led to it: its number, its seed, the digest of the pairs,
and the digest of the line before, so that a line that is changed or taken out shows. It holds seeds, hence is readable
for its owner alone, and no export contains it. No time stands in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from matcher.errors import RunError
from matcher.records import Assignment

__all__ = ["LOG", "Draw", "log_draw", "read_draws", "write_draws"]

LOG: Final = "draws.jsonl"


@dataclass(frozen=True, slots=True)
class Draw:
    """One line of the log.

    Args:
        number: from 1 up.
        seed: of the draw.
        pairs: SHA-256 of the pairs that were drawn.
        before: SHA-256 of the line before; empty for the first.
    """

    number: int
    seed: int
    pairs: str
    before: str


def _line(draw: Draw) -> str:
    return json.dumps(asdict(draw))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def log_draw(earlier: Iterable[Draw], assignment: Assignment) -> tuple[Draw, ...]:
    """The log with one more draw.

    Args:
        earlier: the log so far.
        assignment: what was drawn; without a policy nothing was, and the log stays as it is.
    """
    log = tuple(earlier)
    if assignment.marginals is None:
        return log
    pairs = "\n".join(f"{pair.submission_id},{pair.reviewer_id}" for pair in assignment.pairs)
    before = _digest(_line(log[-1])) if log else ""
    return (*log, Draw(len(log) + 1, assignment.marginals.draw_seed, _digest(pairs), before))


def read_draws(folder: str | Path) -> tuple[Draw, ...]:
    """Read the log of a run folder; empty where there is none.

    Raises:
        RunError: a line is missing, out of order or changed.
    """
    path = Path(folder) / LOG
    if not path.is_file():
        return ()
    log: list[Draw] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            draw = Draw(**json.loads(line))
        except (TypeError, ValueError) as error:
            raise RunError(f"line {number} of the log of draws cannot be read: {error}", path=str(path)) from None
        if draw.number != number or draw.before != (_digest(_line(log[-1])) if log else ""):
            raise RunError(f"the log of draws was changed before line {number}", path=str(path))
        log.append(draw)
    return tuple(log)


def write_draws(folder: str | Path, log: Iterable[Draw]) -> None:
    """Write the log into a run folder, readable for its owner alone; nothing where there is no draw."""
    lines = [f"{_line(draw)}\n" for draw in log]
    if lines:
        path = Path(folder) / LOG
        path.touch(mode=0o600)
        path.write_text("".join(lines), encoding="utf-8", newline="\n")
