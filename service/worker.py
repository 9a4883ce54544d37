"""The child process in which the heavy stages of a job run: `python -m service.worker`.

One JSON object comes in on standard input, JSON objects go out on standard output, one a line. When the input ends, the
parent is gone and so are we. Everything that a stage makes is on disk before the stage is told to be done, under names
that depend on what it was made from: so a stage is done once, whoever does it.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import queue
import shutil
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final, TextIO

from matcher.commands.choices import resolve_choices
from matcher.config import MatchConfig
from matcher.encoders import default_cache_dir, make_encoder
from matcher.errors import MatcherError, RunError
from matcher.executors import executor_from_environment
from matcher.ingest import read_venue
from matcher.pipeline import MatchResult, StageClock, match
from matcher.records import Venue, canonical_json
from matcher.runs import load_part, save_part
from matcher.standing_pool import Pool, build_pool
from service.choices import runnable
from service.openreview.scoring import score_request
from service.problems import document_of

__all__ = ["STAGES", "main"]

STAGES: Final = {
    "match": ("import", "conflicts", "embed", "score", "assign", "report"),
    "index": ("import", "embed", "report"),
    "expertise": ("import", "embed", "score", "report"),
}
"""The stages of each kind of job, in their order. Conflicts come early: they are quick, and refuse a venue without a
deadline before anything is embedded."""

_LOG: Final = logging.getLogger("matcher.service.worker")
_EVERY_S: Final = 0.2
_STAGE_OF: Final = {"conflicts": "conflicts", "profiles": "embed", "scores": "score"}
_SCORE_SETTINGS: Final = frozenset(
    (
        "aggregation",
        "top_k",
        "paper_decay",
        "best_share",
        "thin_profile",
        "length_correction",
        "unscored",
        "min_score",
    )
)
"""The settings of expertise that are read only after profiles are built."""


class _Line:
    """The line to the parent; progress is thinned out."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()
        self._last = 0.0

    def say(self, **message: Any) -> None:
        with self._lock:
            self._stream.write(json.dumps(message) + "\n")
            self._stream.flush()

    def progress(self, stage: str, done: int, total: int) -> None:
        at = time.monotonic()
        if done >= total or at - self._last >= _EVERY_S:
            self._last = at
            self.say(progress={"stage": stage, "done": int(done), "total": int(total)})


def main() -> int:
    """Do one job and say what came of it."""
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as ours:
        os.dup2(2, 1)  # what libraries print does not get between our lines
        return _work(_Line(ours))


def _work(line: _Line) -> int:
    orders: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(orders,), daemon=True).start()  # first: who is orphaned does not even load
    _load()
    text = orders.get()
    if not text:
        return 0
    order = json.loads(text)
    try:
        line.say(finished=_WORK[order["kind"]](order, line))
    except MatcherError as error:
        line.say(problem=document_of(error))
        return 1
    except MemoryError:
        _LOG.exception("out of memory")
        return 2
    return 0


def _load() -> None:
    """Import what every job needs, while there is time."""
    import matcher.charts
    import matcher.report
    import matcher.solvers.network  # noqa: F401

    make_encoder(MatchConfig(encoder="tfidf")).fit(["what takes long is the first time"])


def _listen(orders: queue.SimpleQueue[str]) -> None:
    """Hand the one order over, and end with the parent, whatever is being done then."""
    text = sys.stdin.readline()
    orders.put(text)
    if text:
        sys.stdin.read()
    os._exit(3 if text else 0)  # without a text it ended before it had anything for us


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _texts_digest(venue: Venue, config: dict[str, Any]) -> str:
    """Of all that profiles depend on: texts, whose they are, what weighs them, and the encoder."""
    texts = [
        [
            paper.id,
            paper.title,
            paper.abstract,
            paper.full_text,
            paper.kind,
            [str(day) for day in paper.dates],
            [mention.person_id for mention in paper.authors],
        ]
        for paper in venue.papers
    ]
    submissions = [[one.id, one.title, one.abstract, one.full_text, one.keywords] for one in venue.active_submissions]
    whose = [[one.person_id, sorted(one.paper_ids), one.interests] for one in venue.reviewers]
    deadline = config["conflicts"]["deadline"] or (str(venue.deadline.day) if venue.deadline else None)
    choices = {name: value for name, value in config["expertise"].items() if name not in _SCORE_SETTINGS}
    return _digest(json.dumps([texts, submissions, whose, deadline, choices], sort_keys=True, default=str))


def _match(order: dict[str, Any], line: _Line) -> dict[str, Any]:
    work, runs = Path(order["work"]), Path(order["runs"])
    clock = StageClock()
    with clock.stage("read"):
        loaded = read_venue(order["folder"], may_lack_submissions=True)
    resolved = resolve_choices(loaded, None, runnable(order["config"]))
    line.say(done="import")
    built = work / "run"
    if (built / "manifest.json").is_file():  # an earlier attempt came so far
        result = MatchResult.load(built)
    else:
        plain = resolved.config.to_plain()
        whole = _digest(loaded.venue.digest, canonical_json(loaded.venue.decisions), json.dumps(plain, sort_keys=True))
        names = {"profiles": f"profiles-{_texts_digest(loaded.venue, plain)}"}

        def keep(name: str, make: Callable[[], Any]) -> Any:
            folder = Path(order["parts"]) / names.get(name, f"{name}-{whole}")
            part = load_part(folder)
            if part is None:
                part = make()
                save_part(part, folder)
            line.say(done=_STAGE_OF[name])
            return part

        since = runs / order["since"] if order.get("since") else None
        result = match(
            loaded.venue,
            resolved.config,
            origin=resolved.origin,
            progress=line.progress,
            clock=clock,
            keep=keep,
            earlier=None if since is None else partial(_earlier, since),
        )
        result.save(built, overwrite=True)
    line.say(done="assign")
    (built / "report.html").write_text(result.report(), encoding="utf-8", newline="\n")
    manifest = json.loads((built / "manifest.json").read_text(encoding="utf-8"))
    target = runs / manifest["digest"]
    if not target.is_dir():
        building = runs / f".{manifest['digest']}-{os.getpid()}"
        shutil.copytree(built, building)
        try:
            building.rename(target)
        except OSError:
            if not target.is_dir():
                raise
            shutil.rmtree(building)
    line.say(done="report")
    reused = result.times.get("reused", {})
    return {"digest": manifest["digest"], "manifest": {**manifest, **({"reused": reused} if reused else {})}}


def _earlier(folder: Path) -> MatchResult | None:
    """The venue's latest run; none where it was erased, or an earlier version of ours wrote it."""
    try:
        return MatchResult.load(folder)
    except RunError as error:
        _LOG.warning("nothing is taken over from the latest run: %s", error)
        return None


def _index(order: dict[str, Any], line: _Line) -> dict[str, Any]:
    loaded = read_venue(order["folder"], may_lack_submissions=True)
    config = resolve_choices(loaded, None, runnable(order["config"])).config
    line.say(done="import")
    digest = _texts_digest(loaded.venue, config.to_plain())
    folder = Path(order["parts"]) / f"profiles-{digest}"
    if load_part(folder) is None:
        encoder = make_encoder(config, cache_dir=default_cache_dir(), executor=executor_from_environment())
        pool: Pool = build_pool(loaded.venue, config, encoder, progress=line.progress)
        save_part(pool.profiles, folder)
    line.say(done="embed")
    line.say(done="report")
    return {"digest": digest, "manifest": {"config": config.to_plain(), "venue": {"digest": loaded.venue.digest}}}


def _expertise(order: dict[str, Any], line: _Line) -> dict[str, Any]:
    return score_request(order, lambda stage: line.say(done=stage), line.progress)


_WORK: Final = {"match": _match, "index": _index, "expertise": _expertise}


if __name__ == "__main__":
    sys.exit(main())
