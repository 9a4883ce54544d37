"""Where blocks of work run: in this process, in threads, in processes, or on a Ray cluster.

Scores and embeddings are made in parts that do not depend on each other, the same parts whoever makes them, so where
they run changes nothing but the time. Nothing here decides; a part is a function of what all parts share and its own.

`MATCHER_EXECUTOR` chooses: `threads:4`, `processes:4`, `ray:4` (workers started here), `ray:16@HOST:PORT` or
`ray:16@auto` (a cluster that runs already and has this package). Without it everything runs in this process, whose
numeric libraries use all cores by themselves.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any, Final, Protocol, TypeVar

from matcher.errors import ConfigError, MissingExtraError

__all__ = ["Executor", "PoolExecutor", "RayExecutor", "executor_from_environment", "make_executor"]

Shared = TypeVar("Shared")
Part = TypeVar("Part")
Result = TypeVar("Result")

VARIABLE: Final = "MATCHER_EXECUTOR"

_AHEAD: Final = 2
"""Parts for each worker that are under way or done and not yet taken: bounds what results hold of the memory."""

_CHOICE: Final = re.compile(r"(threads|processes|ray):([1-9]\d{0,3})(?:@(\S+))?")

_ALLOWED: Final = "threads:N, processes:N, ray:N or ray:N@ADDRESS"


class Executor(Protocol):
    """Runs parts of a job."""

    def map(
        self, task: Callable[[Shared, Part], Result], shared: Shared, parts: Iterable[Part]
    ) -> Generator[Result, None, None]:
        """Run a task on every part.

        Args:
            task: a function of a module; what it gives depends on its arguments alone.
            shared: what all parts need; every worker gets it once.
            parts: one after the other; taken only as far ahead as workers have use for.

        Returns:
            Results in the order of the parts. Closing it, as whoever reads must do when they stop early, drops what
            has not begun; Ray's workers also leave what has, others finish it first.
        """
        ...


class PoolExecutor:
    """Threads or processes of this machine.

    Args:
        workers: how many.
        processes: whether they are processes; else threads.
    """

    def __init__(self, workers: int, *, processes: bool = False) -> None:
        self._workers, self._processes = workers, processes

    def map(
        self, task: Callable[[Shared, Part], Result], shared: Shared, parts: Iterable[Part]
    ) -> Generator[Result, None, None]:
        """See `Executor.map`."""
        pool: ThreadPoolExecutor | ProcessPoolExecutor
        if self._processes:
            pool = ProcessPoolExecutor(
                self._workers, mp_context=get_context("spawn"), initializer=_hold, initargs=(task, shared)
            )

            def submit(part: Part) -> Future[Result]:
                return pool.submit(_run, part)
        else:
            pool = ThreadPoolExecutor(self._workers)

            def submit(part: Part) -> Future[Result]:
                return pool.submit(task, shared, part)

        try:
            yield from _in_order(submit, Future.result, parts, self._workers)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


_held: list[Any] = []
"""In a worker process: the task and what all its parts share."""


def _hold(task: Callable[[Any, Any], Any], shared: Any) -> None:
    _held[:] = [task, shared]


def _run(part: Any) -> Any:
    task, shared = _held
    return task(shared, part)


class RayExecutor:
    """Workers of a Ray cluster, each of which keeps what the parts share (a loaded model, too) while a job runs.

    Args:
        workers: how many, one core each.
        address: of a cluster that runs, `auto` for the one of this machine; empty starts one here.

    Raises:
        MissingExtraError: Ray is not installed.
    """

    def __init__(self, workers: int, address: str = "") -> None:
        try:
            import ray
        except ImportError:
            raise MissingExtraError(
                "work on a Ray cluster", "ray", alternative=f"set {VARIABLE}=processes:{workers}, which needs nothing"
            ) from None
        self._ray: Any = ray
        self._workers, self._address = workers, address

    def map(
        self, task: Callable[[Shared, Part], Result], shared: Shared, parts: Iterable[Part]
    ) -> Generator[Result, None, None]:
        """See `Executor.map`."""
        ray = self._ray
        if not ray.is_initialized():
            here: dict[str, Any] = {"address": self._address} if self._address else {"num_cpus": self._workers}
            ray.init(include_dashboard=False, log_to_driver=False, logging_level="ERROR", **here)
        # Numeric libraries round alike only with as many threads as here.
        threads = os.environ.get("OMP_NUM_THREADS") or str(os.cpu_count() or 1)
        worker = ray.remote(num_cpus=1, runtime_env={"env_vars": {"OMP_NUM_THREADS": threads}})(_Worker)
        kept = ray.put(shared)
        workers = [worker.remote(task, kept) for _ in range(self._workers)]
        turn = iter(range(10**18))

        def submit(part: Part) -> Any:
            return workers[next(turn) % len(workers)].run.remote(part)

        try:
            yield from _in_order(submit, ray.get, parts, self._workers)
        finally:
            for each in workers:
                ray.kill(each)


class _Worker:
    """What a Ray worker holds."""

    def __init__(self, task: Callable[[Any, Any], Any], shared: Any) -> None:
        self._task, self._shared = task, shared

    def run(self, part: Any) -> Any:
        """The task on one part."""
        return self._task(self._shared, part)


def _in_order(
    submit: Callable[[Part], Any], take: Callable[[Any], Result], parts: Iterable[Part], workers: int
) -> Generator[Result, None, None]:
    waiting: deque[Any] = deque()
    for part in parts:
        waiting.append(submit(part))
        if len(waiting) >= _AHEAD * workers:
            yield take(waiting.popleft())
    while waiting:
        yield take(waiting.popleft())


def make_executor(choice: str) -> Executor:
    """The executor that a choice names.

    Args:
        choice: `threads:N`, `processes:N`, `ray:N` or `ray:N@ADDRESS`.

    Raises:
        ConfigError: it names none.
        MissingExtraError: Ray is not installed.
    """
    found = _CHOICE.fullmatch(choice.strip())
    if found is None or (found[3] and found[1] != "ray"):
        raise ConfigError(f"allowed is {_ALLOWED}; got '{choice}'", key=VARIABLE)
    workers = int(found[2])
    if found[1] == "ray":
        return RayExecutor(workers, found[3] or "")
    return PoolExecutor(workers, processes=found[1] == "processes")


def executor_from_environment() -> Executor | None:
    """What `MATCHER_EXECUTOR` names; `None`, this process, when it is not set.

    Raises:
        ConfigError: it names none.
        MissingExtraError: Ray is not installed.
    """
    choice = os.environ.get(VARIABLE, "")
    return make_executor(choice) if choice.strip() else None
