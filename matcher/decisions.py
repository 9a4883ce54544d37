"""The log of decisions about conflicts: `decisions.jsonl` in a venue folder, only ever appended to.

Each line is one decision with who made it and when; the last one about a question holds. When it was made stays in the
log: no run depends on it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from matcher.errors import DataError
from matcher.records import Decision, to_plain

__all__ = ["DECISIONS_FILE", "append_decisions", "read_decisions"]

DECISIONS_FILE: Final = "decisions.jsonl"
"""The log's name in a venue folder."""

_OUTCOMES: Final = ("confirmed", "dismissed", "withdrawn")
_TEXTS: Final = ("rule", "reviewer_id", "who", "outcome")


def read_decisions(path: Path) -> tuple[Decision, ...]:
    """The decisions that hold: of each question the last one, unless that withdraws it.

    Args:
        path: the log; one that is not there holds no decision.

    Raises:
        DataError: a line is no decision.
    """
    if not path.is_file():
        return ()
    holding: dict[tuple[str, str, str], Decision | None] = {}
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"the file is not UTF-8: {error}", file=path.name) from None
    for number, line in enumerate(lines, start=1):
        if line.strip():
            entry = _read_line(line, path.name, number)
            key = (entry["rule"], entry["reviewer_id"], entry["who"])
            holding[key] = None if entry["outcome"] == "withdrawn" else _decision(entry, path.name, number)
    return tuple(sorted(decision for decision in holding.values() if decision is not None))


def _read_line(line: str, file: str, number: int) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(f"this is no JSON: {error}", file=file, line=number) from None
    if not isinstance(entry, dict):
        raise DataError("allowed is an object", file=file, line=number)
    for name in _TEXTS:
        if not isinstance(entry.get(name), str):
            raise DataError("allowed is a text; it must be given", file=file, line=number, field=name)
    if entry["outcome"] not in _OUTCOMES:
        message = f"allowed are {', '.join(_OUTCOMES)}; got '{entry['outcome']}'"
        raise DataError(message, file=file, line=number, field="outcome")
    return entry


def _decision(entry: dict[str, Any], file: str, number: int) -> Decision:
    facts, confidence = entry.get("facts", []), entry.get("confidence", 1.0)
    if not isinstance(facts, list) or not all(isinstance(fact, str) for fact in facts):
        raise DataError("allowed is a list of texts", file=file, line=number, field="facts")
    if isinstance(confidence, bool) or not isinstance(confidence, int | float) or not 0 <= confidence <= 1:
        raise DataError("allowed is a number from 0 to 1", file=file, line=number, field="confidence")
    return Decision(
        rule=entry["rule"],
        reviewer_id=entry["reviewer_id"],
        who=entry["who"],
        outcome=entry["outcome"],
        verdict=str(entry.get("verdict", "ask")),
        confidence=float(confidence),
        facts=tuple(sorted(facts)),
        by=str(entry.get("by", "")),
        reason=str(entry.get("reason", "")),
    )


def append_decisions(path: Path, decisions: Iterable[Decision], *, at: str = "") -> int:
    """Add decisions to the log; nothing that it holds is changed.

    Args:
        path: the log; made where it is not there.
        decisions: what was decided.
        at: when, as the caller writes it; left out when empty.

    Returns:
        How many lines were added.
    """
    lines = []
    for decision in decisions:
        plain = to_plain(decision)
        lines.append(json.dumps({**plain, "at": at} if at else plain, ensure_ascii=False) + "\n")
    if lines:
        broken = path.is_file() and path.stat().st_size and not path.read_bytes().endswith(b"\n")
        with path.open("a", encoding="utf-8", newline="\n") as stream:
            stream.write("\n" if broken else "")
            stream.writelines(lines)
    return len(lines)
