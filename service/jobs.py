"""Durable jobs: taken in, run stage by stage, watched, cancelled, and carried on after a crash.

DBOS keeps which stages of which job are done, and gives a job to one process. Beside it stand a row of ours with state,
progress and a lease, and a child process for the heavy work, so that a job can be ended at once. Whoever carries a job
on raises its lease; who holds an older lease can neither tell progress nor publish. A result is published in one
transaction with the end of its job: there is never half of one, and never two.
"""

from __future__ import annotations

import json
import logging
import queue
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa
from dbos import DBOS, DBOSConfig, Serializer, SetWorkflowID

from service.openreview.orders import ASKED, refine_order
from service.problems import Problem, brief_of
from service.settings import APPLICATION_VERSION, Settings
from service.storage.database import Database, now
from service.storage.folders import venue_folder
from service.storage.tables import events, executors, jobs, runs, venues
from service.telemetry import span
from service.webhooks import announce
from service.worker import STAGES

__all__ = ["ACTIVE", "TERMINAL", "JsonSerializer", "Runner", "add_event"]

_LOG: Final = logging.getLogger("matcher.service.jobs")

ACTIVE: Final = ("queued", "running", "cancelling")
TERMINAL: Final = ("succeeded", "failed", "cancelled")

_QUEUE: Final = "matcher-jobs"
_LOOK_S: Final = 0.25
"""How often a running stage looks for a wish to cancel."""
_TELL_S: Final = 1.0
"""How often progress is written down at most; also the heartbeat of a job."""
_ATTEMPTS: Final = 3
"""How often a stage is tried whose child process was ended from outside (out of memory, a signal)."""
_LEASES: Final = 500
"""How often a job may be taken up: one that ends its process every time is not carried on for ever."""
_ENQUEUE_AFTER_S: Final = 5.0
"""After how long a job that was written down but never handed to DBOS is handed to it."""


class JsonSerializer(Serializer):
    """What DBOS stores is JSON; nothing that could run."""

    def serialize(self, data: Any) -> str:
        """JSON; an error becomes its name, since its text may hold what is nobody's business."""
        return json.dumps({"error": type(data).__name__} if isinstance(data, BaseException) else data)

    def deserialize(self, serialized_data: str) -> Any:
        """The reverse."""
        return json.loads(serialized_data)

    def name(self) -> str:
        """Names the form."""
        return "matcher_json"


class _InterruptedRun(BaseException):
    """This process ends; the job stays open and another one carries it on. No `Exception`: DBOS would record it."""


@dataclass(slots=True)
class _Child:
    """A child process and what it has said."""

    process: subprocess.Popen[str]
    said: queue.Queue[dict[str, Any] | None] = field(default_factory=queue.Queue)

    @classmethod
    def start(cls) -> _Child:
        """A child that loads what it needs and then waits for its order."""
        command = [sys.executable, "-m", "service.worker"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603
        return cls(process)

    def tell(self, order: Mapping[str, Any]) -> None:
        """Give the order."""
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(order) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            _LOG.warning("the child process ended before it was told what to do")
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.put(json.loads(line))
        self.said.put(None)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue


@dataclass(slots=True)
class _Attempt:
    """One process's turn at a job."""

    job: Mapping[str, Any]
    lease: int
    child: _Child | None = None
    done: set[str] = field(default_factory=set)
    finished: dict[str, Any] | None = None
    progress: Mapping[str, Any] | None = None
    told: Mapping[str, Any] | None = None
    told_at: float = 0.0


_RUNNERS: Final[list[Runner]] = []
"""The runner of this process; DBOS calls plain functions, which find it here."""


@DBOS.workflow(name="matcher-job", max_recovery_attempts=_LEASES)
def _run_job(job_id: str) -> str:
    return _RUNNERS[-1].perform(job_id)


class Runner:
    """Takes jobs and runs them.

    Args:
        database: jobs, events, runs.
        settings: of this process.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._settings = settings
        self._database = database
        self._stopping = threading.Event()
        self._watch: threading.Thread | None = None
        self._spare: _Child | None = None
        self._spare_lock = threading.Lock()

    # --- life ---

    def start(self) -> None:
        """Join the processes that run jobs."""
        _RUNNERS.append(self)
        config: DBOSConfig = {
            "name": "matcher",
            "system_database_url": self._settings.workflow_url,
            "executor_id": self._settings.executor_id,
            "application_version": APPLICATION_VERSION,
            "serializer": JsonSerializer(),
            "log_level": "WARNING",
            "notification_listener_polling_interval_sec": 0.5,
        }
        DBOS(config=config)
        if not self._settings.runs_jobs:
            DBOS.listen_queues([])
        self._beat()
        self._clear_up()
        DBOS.launch()
        DBOS.register_queue(_QUEUE, worker_concurrency=self._settings.jobs_at_once, polling_interval_sec=0.25)
        self._watch = threading.Thread(target=self._keep_watch, name="matcher-watch", daemon=True)
        self._watch.start()
        if self._settings.runs_jobs:
            self._spare = _Child.start()

    def stop(self) -> None:
        """Leave: running stages end, their jobs are free for others at once."""
        self._stopping.set()
        if self._watch is not None:
            self._watch.join(timeout=5)
        with self._database.write() as connection:
            connection.execute(executors.update().where(executors.c.id == self._settings.executor_id).values(seen_at=0))
        DBOS.destroy(workflow_completion_timeout_sec=0)
        with self._spare_lock:
            if self._spare is not None:
                self._spare.end()
        if self in _RUNNERS:
            _RUNNERS.remove(self)

    def _keep_watch(self) -> None:
        while not self._stopping.wait(self._settings.heartbeat_s):
            try:
                self._beat()
                self._take_over()
                self._hand_over()
            except sa.exc.SQLAlchemyError:
                _LOG.exception("the watch over jobs could not look; it tries again")

    def _beat(self) -> None:
        here = executors.c.id == self._settings.executor_id
        with self._database.write() as connection:
            if not connection.execute(executors.update().where(here).values(seen_at=now())).rowcount:
                connection.execute(executors.insert().values(id=self._settings.executor_id, seen_at=now()))

    def _take_over(self) -> None:
        """Make the jobs of dead processes free again; doing so twice does no harm."""
        if not self._settings.runs_jobs:
            return
        too_old = executors.c.seen_at < now() - self._settings.dead_after_s
        others = executors.c.id != self._settings.executor_id
        with self._database.read() as connection:
            dead = list(connection.execute(sa.select(executors.c.id).where(too_old, others)).scalars())
        if dead:
            DBOS._recover_pending_workflows(dead)  # noqa: SLF001  # what DBOS's own console calls
            with self._database.write() as connection:
                connection.execute(executors.delete().where(executors.c.id.in_(dead), too_old))

    def _hand_over(self) -> None:
        """Hand to DBOS what a process wrote down and then died before it handed it over."""
        waiting = [jobs.c.state == "queued", jobs.c.lease == 0, jobs.c.created_at < now() - _ENQUEUE_AFTER_S]
        with self._database.read() as connection:
            found = list(connection.execute(sa.select(jobs.c.id).where(*waiting)).scalars())
        for job_id in found:
            if DBOS.get_workflow_status(job_id) is None:
                self.enqueue(job_id)

    # --- taking in ---

    def enqueue(self, job_id: str) -> None:
        """Hand a job to DBOS; one that it has already stays as it is."""
        with SetWorkflowID(job_id):
            DBOS.enqueue_workflow(_QUEUE, _run_job, job_id)

    def cancel(self, job_id: str) -> str:
        """Ask for the end of a job.

        Returns:
            Its state now.
        """
        with self._database.write() as connection:
            state = connection.execute(
                sa.select(jobs.c.state).where(jobs.c.id == job_id).with_for_update()
            ).scalar_one()
            if state not in ACTIVE:
                return str(state)
            state = "cancelled" if state == "queued" else "cancelling"
            values: dict[str, Any] = {"cancel_requested": True, "state": state}
            if state == "cancelled":
                values["finished_at"] = now()
            connection.execute(jobs.update().where(jobs.c.id == job_id).values(**values))
            add_event(connection, job_id, "state", {"state": state})
        return state

    # --- running ---

    def perform(self, job_id: str) -> str:
        """Run a job, or what is left of it.

        Returns:
            Its last state.
        """
        attempt = self._claim(job_id)
        if attempt is None:
            return "over"
        try:
            for stage in STAGES[attempt.job["kind"]]:
                with span(f"{attempt.job['kind']} {stage}", matcher__job_id=job_id, matcher__lease=attempt.lease):
                    said = DBOS.run_step({"name": stage}, self._stage, attempt, stage)
                if said["outcome"] != "done":
                    return self._finish(attempt, said["outcome"], said.get("problem"))
            return self._publish(attempt)
        except _SupersededError:
            return "superseded"
        finally:
            self._end_child(attempt)

    def _claim(self, job_id: str) -> _Attempt | None:
        with self._database.write() as connection:
            row = connection.execute(sa.select(jobs).where(jobs.c.id == job_id).with_for_update()).mappings().first()
            if row is None or row["state"] in TERMINAL:
                return None
            lease = row["lease"] + 1
            values = {
                "lease": lease,
                "executor_id": self._settings.executor_id,
                "heartbeat_at": now(),
                "started_at": row["started_at"] or now(),
                "state": "cancelling" if row["cancel_requested"] else "running",
            }
            connection.execute(jobs.update().where(jobs.c.id == job_id).values(**values))
            kind = "state" if lease == 1 else "taken-over"
            add_event(connection, job_id, kind, {"state": values["state"], "attempt": lease})
        return _Attempt(dict(row), lease)

    def _stage(self, attempt: _Attempt, stage: str) -> dict[str, Any]:
        """Wait until a stage is done. What it made is on disk; the answer only says how it went."""
        self._tell(attempt, stage, is_new=True)
        for number in range(1, _ATTEMPTS + 1):
            try:
                said = self._wait_for(attempt, stage)
            except _ChildDiedError:
                _LOG.warning("job %s: the child process died in stage %s (%d)", attempt.job["id"], stage, number)
                if self._stopping.wait(0.5 * 2**number):
                    raise _InterruptedRun from None
                continue
            if said is not None:
                return said
        problem = Problem(
            "internal", f"the stage '{stage}' was ended from outside {_ATTEMPTS} times; memory may be short"
        )
        return {"outcome": "failed", "problem": problem.document()}

    def _wait_for(self, attempt: _Attempt, stage: str) -> dict[str, Any]:
        if attempt.child is None and stage not in attempt.done:
            try:
                attempt.child = self._new_child(attempt.job)
            except Problem as problem:
                return {"outcome": "failed", "problem": problem.document()}
        while stage not in attempt.done:
            said = self._listen(attempt, stage)
            if said is not None:
                return said
            if self._is_cancelled(attempt):
                self._end_child(attempt)
                return {"outcome": "cancelled"}
        return {"outcome": "done"}

    def _listen(self, attempt: _Attempt, stage: str) -> dict[str, Any] | None:
        """Take in one message of the child, or find that there is none.

        Returns:
            How the stage went, if it failed.

        Raises:
            _ChildDiedError: the child ended without a word.
            _InterruptedRun: this process ends.
        """
        assert attempt.child is not None
        try:
            message = attempt.child.said.get(timeout=_LOOK_S)
        except queue.Empty:
            message = {}
        if self._stopping.is_set():
            raise _InterruptedRun
        if message is None:
            self._end_child(attempt)
            raise _ChildDiedError
        if "problem" in message:
            return {"outcome": "failed", "problem": message["problem"]}
        if "done" in message:
            attempt.done.add(message["done"])
        if "finished" in message:
            attempt.finished = message["finished"]
        attempt.progress = message.get("progress", attempt.progress)
        self._tell(attempt, stage)
        return None

    @staticmethod
    def _end_child(attempt: _Attempt) -> None:
        if attempt.child is not None:
            attempt.child.end()
            attempt.child = None

    def _new_child(self, job: Mapping[str, Any]) -> _Child:
        """A child at work; the next one is loaded meanwhile."""
        order = self._order(job)
        with self._spare_lock:
            child, self._spare = self._spare, None
            if child is None or child.process.poll() is not None:
                child = _Child.start()
            if not self._stopping.is_set():
                self._spare = _Child.start()
        child.tell(order)
        return child

    def _order(self, job: Mapping[str, Any]) -> dict[str, Any]:
        root = self._settings.data_dir.resolve()
        folder = venue_folder(self._database, root / "venues", job["venue_id"], job["venue_version"])
        work = root / "work" / job["id"]
        work.mkdir(parents=True, exist_ok=True)
        order = {
            "kind": job["kind"],
            "folder": str(folder),
            "parts": str(root / "work" / "parts" / job["venue_id"]),
            "work": str(work),
            "runs": str(root / "runs"),
            "config": job["config"],
            "since": self._latest_match(job["venue_id"]),
        }
        return refine_order(self._database, job, order) if ASKED in job["config"] else order

    def _latest_match(self, venue_id: str) -> str | None:
        """The digest of the venue's latest match, of which a small change leaves most as it is."""
        of_venue = (runs.c.venue_id == venue_id, runs.c.kind == "match")
        query = sa.select(runs.c.digest).where(*of_venue).order_by(runs.c.number.desc()).limit(1)
        with self._database.read() as connection:
            found: str | None = connection.execute(query).scalar()
        return found

    def _is_cancelled(self, attempt: _Attempt) -> bool:
        with self._database.read() as connection:
            query = sa.select(jobs.c.cancel_requested, jobs.c.lease).where(jobs.c.id == attempt.job["id"])
            found = connection.execute(query).first()
        if found is None or found[1] != attempt.lease:
            raise _SupersededError
        return bool(found[0])

    def _tell(self, attempt: _Attempt, stage: str, *, is_new: bool = False) -> None:
        """Write progress down, and that the job is alive; a second apart, but never losing the last word."""
        at = time.monotonic()
        if not is_new and at - attempt.told_at < _TELL_S:
            return
        attempt.told_at = at
        values: dict[str, Any] = {"heartbeat_at": now()}
        news = attempt.progress if attempt.progress is not attempt.told else None
        if is_new:
            values |= {"stage": stage, "done": 0, "total": 0, "stage_started_at": now()}
        elif news is not None:
            attempt.told = news
            values |= {"done": news["done"], "total": news["total"]}
        with self._database.write() as connection:
            mine = [jobs.c.id == attempt.job["id"], jobs.c.lease == attempt.lease, jobs.c.state.in_(ACTIVE)]
            if not connection.execute(jobs.update().where(*mine).values(**values)).rowcount:
                raise _SupersededError
            if is_new:
                add_event(connection, attempt.job["id"], "stage", {"stage": stage})
            elif news is not None:
                add_event(connection, attempt.job["id"], "progress", {**news, "stage": stage})

    def _publish(self, attempt: _Attempt) -> str:
        """Publish what the child said last; a new one is asked where an earlier attempt has done all stages."""
        stage = STAGES[attempt.job["kind"]][-1]
        try:
            if attempt.child is None:
                attempt.child = self._new_child(attempt.job)
            while attempt.finished is None:
                said = self._listen(attempt, stage)
                if said is not None:
                    return self._finish(attempt, "failed", said["problem"])
        except _ChildDiedError:
            problem = Problem("internal", "the result could not be read back")
            return self._finish(attempt, "failed", problem.document())
        return self._finish(attempt, "succeeded", None, attempt.finished)

    def _finish(
        self,
        attempt: _Attempt,
        outcome: str,
        problem: Mapping[str, Any] | None,
        made: Mapping[str, Any] | None = None,
    ) -> str:
        """End a job, and publish what it made, in one transaction."""
        job = attempt.job
        with self._database.write() as connection:
            # The venue's row is taken first, here and wherever else runs are published.
            here = venues.c.id == job["venue_id"]
            connection.execute(sa.select(venues.c.id).where(here).with_for_update())
            mine = [jobs.c.id == job["id"], jobs.c.lease == attempt.lease, jobs.c.state.in_(ACTIVE)]
            values: dict[str, Any] = {"state": outcome, "finished_at": now(), "error": problem}
            if made is not None:
                values["run_id"] = secrets.token_hex(12)
            if not connection.execute(jobs.update().where(*mine).values(**values)).rowcount:
                raise _SupersededError
            facts: dict[str, Any] = {"state": outcome}
            if made is not None:
                facts["run_id"] = values["run_id"]
                connection.execute(runs.insert().values(**self._run_row(connection, job, values["run_id"], made)))
                if job["kind"] == "match" and ASKED not in job["config"]:  # there, deploying is a request of its own
                    connection.execute(venues.update().where(here).values(current_run_id=values["run_id"]))
            if problem is not None:
                facts["problem"] = dict(problem)
            add_event(connection, job["id"], "state", facts)
            if problem is not None:  # who gets messages may see less than who reads the job
                facts["problem"] = brief_of(problem)
            announce(connection, job["venue_id"], f"job.{outcome}", {"job_id": job["id"], **facts})
        self._end_child(attempt)
        shutil.rmtree(self._settings.data_dir / "work" / job["id"], ignore_errors=True)
        return outcome

    def _clear_up(self) -> None:
        """Remove what jobs left that ended with their process."""
        folders = list((self._settings.data_dir / "work").iterdir())  # first: a job that comes later keeps its own
        query = sa.select(jobs.c.id).where(jobs.c.state.in_(ACTIVE))
        with self._database.read() as connection:
            active = {*connection.execute(query).scalars(), "parts"}
        for folder in folders:
            if folder.name not in active:
                shutil.rmtree(folder, ignore_errors=True)

    @staticmethod
    def _run_row(
        connection: sa.Connection, job: Mapping[str, Any], run_id: str, made: Mapping[str, Any]
    ) -> dict[str, Any]:
        largest = sa.select(sa.func.max(runs.c.number)).where(runs.c.venue_id == job["venue_id"])
        return {
            "id": run_id,
            "venue_id": job["venue_id"],
            "job_id": job["id"],
            "kind": job["kind"],
            "number": (connection.execute(largest).scalar() or 0) + 1,
            "digest": made["digest"],
            "manifest": made["manifest"],
            "venue_version": job["venue_version"],
            "created_at": now(),
        }


class _ChildDiedError(Exception):
    """The child process ended without a word."""


class _SupersededError(Exception):
    """Somebody else has taken the job over, or it is over."""


def add_event(connection: sa.Connection, job_id: str, kind: str, data: Mapping[str, Any]) -> None:
    """Write an event of a job down, for everybody who follows it."""
    connection.execute(events.insert().values(job_id=job_id, at=now(), kind=kind, data=dict(data)))
