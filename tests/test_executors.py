"""Where work runs changes nothing: equal bytes, progress as before, and what is stopped early stops."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from matcher.config import MatchConfig
from matcher.encoders.sentence import SentenceEncoder
from matcher.errors import ConfigError, MissingExtraError
from matcher.executors import Executor, PoolExecutor, executor_from_environment, make_executor
from matcher.pipeline import match
from matcher.records import EncoderInfo, Index, PaperId, PersonId, Profiles, SubmissionId
from matcher.scores import best_reviewers, score
from tests.worlds import two_fields

ROOT = Path(__file__).parents[1]


def add(shared: int, part: int) -> int:
    return shared + part


def fail(shared: int, part: int) -> int:
    raise ValueError(shared + part)


def profiles_of(submissions: int = 70, reviewers: int = 90) -> Profiles:
    """Reviewers with 1 to 6 papers and unit vectors; more submissions than are scored at once in this process."""
    rng = np.random.default_rng(0)
    sizes = rng.integers(1, 7, reviewers)
    vectors = rng.normal(size=(int(sizes.sum()) + submissions, 24)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    papers = int(sizes.sum())
    return Profiles(
        reviewers=Index(PersonId(f"r{number:04}") for number in range(reviewers)),
        papers=Index(PaperId(f"p{number:04}") for number in range(papers)),
        submissions=Index(SubmissionId(f"s{number:04}") for number in range(submissions)),
        vectors=vectors[:papers],
        submission_vectors=vectors[papers:],
        abstracts=np.ones(papers, dtype=np.bool_),
        submission_abstracts=np.ones(submissions, dtype=np.bool_),
        rows=np.arange(papers),
        spans=np.concatenate([[0], np.cumsum(sizes)]),
        weights=np.ones(papers, dtype=np.float32),
        encoder=EncoderInfo("test", "", "0" * 64, 24, (0.1, 0.1, 0.1), 0.1),
    )


@pytest.fixture(params=["threads:3", "processes:2"])
def executor(request: pytest.FixtureRequest) -> Executor:
    return make_executor(str(request.param))


def test_results_come_in_the_order_of_the_parts(executor: Executor) -> None:
    assert list(executor.map(add, 100, range(20))) == list(range(100, 120))
    assert list(executor.map(add, 0, [])) == []


def test_an_error_in_a_part_is_an_error_where_it_is_read(executor: Executor) -> None:
    with pytest.raises(ValueError, match="7"):
        list(executor.map(fail, 3, [4]))


def test_scores_have_equal_bytes_and_progress_is_told(executor: Executor) -> None:
    profiles, config = profiles_of(), MatchConfig()
    told: list[list[tuple[str, int, int]]] = [[], []]
    here = score(profiles, config, progress=lambda *facts: told[0].append(facts))
    there = score(profiles, config, progress=lambda *facts: told[1].append(facts), executor=executor)
    assert here.values.tobytes() == there.values.tobytes()
    assert here.raw is not None
    assert there.raw is not None
    assert here.raw.tobytes() == there.raw.tobytes()
    assert told[0] == told[1]
    assert len(told[0]) == 7
    columns, values = best_reviewers(profiles, config, 5)
    columns_there, values_there = best_reviewers(profiles, config, 5, executor=executor)
    assert columns.tobytes() == columns_there.tobytes()
    assert values.tobytes() == values_there.tobytes()


def test_a_few_submissions_are_never_sent_away() -> None:
    class Never:
        def map(self, task: Any, shared: Any, parts: Any) -> Generator[Any, None, None]:
            raise AssertionError((task, shared, parts))

    profiles = profiles_of(submissions=8)
    assert (score(profiles, MatchConfig(), executor=Never()).values == score(profiles, MatchConfig()).values).all()


def test_who_stops_early_leaves_what_has_not_begun() -> None:
    begun, gate = [], threading.Event()

    def slow(_: int, part: int) -> int:
        begun.append(part)
        if part:
            gate.wait(10)
        return part

    results = PoolExecutor(1).map(slow, 0, range(100))
    assert next(results) == 0
    gate.set()
    results.close()
    assert len(begun) <= 3


def test_a_match_that_is_cancelled_closes_what_it_began() -> None:
    closed = []

    class Watched:
        def map(self, task: Callable[[Any, Any], Any], shared: Any, parts: Iterable[Any]) -> Generator[Any, None, None]:
            try:
                for part in parts:
                    yield task(shared, part)
            finally:
                closed.append(True)

    def stop(stage: str, done: int, total: int) -> None:
        if done:
            raise KeyboardInterrupt((stage, total))

    with pytest.raises(KeyboardInterrupt):
        score(profiles_of(), MatchConfig(), progress=stop, executor=Watched())
    assert closed == [True]


def test_embedding_elsewhere_gives_the_same_rows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def embed(_: SentenceEncoder, texts: Sequence[str]) -> Any:
        rows = np.array([[len(text), 1.0 + text.count("a")] for text in texts], dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    monkeypatch.setattr(SentenceEncoder, "embed", embed)
    texts = ["a" * (number % 50) + "b" * (number // 50 + 1) for number in range(600)]
    there = SentenceEncoder(cache_dir=tmp_path, executor=PoolExecutor(2)).encode(texts)
    assert there.tobytes() == SentenceEncoder().encode(texts).tobytes()
    kept = SentenceEncoder(cache_dir=tmp_path)
    monkeypatch.setattr(SentenceEncoder, "embed", None)  # all of it comes from the cache
    assert kept.encode(texts).tobytes() == there.tobytes()


def test_the_environment_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MATCHER_EXECUTOR", raising=False)
    assert executor_from_environment() is None
    plain = match(two_fields().venue(), MatchConfig(encoder="tfidf"))
    monkeypatch.setenv("MATCHER_EXECUTOR", "threads:2")
    assert isinstance(executor_from_environment(), PoolExecutor)
    assert match(two_fields().venue(), MatchConfig(encoder="tfidf")).assignment == plain.assignment
    monkeypatch.setenv("MATCHER_EXECUTOR", "threads")
    with pytest.raises(ConfigError, match="threads:N, processes:N, ray:N or ray:N@ADDRESS; got 'threads'"):
        executor_from_environment()
    with pytest.raises(ConfigError, match="got 'threads:2@here'"):
        make_executor("threads:2@here")


def test_without_ray_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"ray.*processes:2"):
        make_executor("ray:2")


class FakeRay:
    """What is asked of Ray, in this process."""

    def __init__(self) -> None:
        self.started: list[dict[str, Any]] = []
        self.options: list[dict[str, Any]] = []
        self.killed = 0

    def is_initialized(self) -> bool:
        return bool(self.started)

    def init(self, **options: Any) -> None:
        self.started.append(options)

    def put(self, value: Any) -> Any:
        return value

    def get(self, reference: Callable[[], Any]) -> Any:
        return reference()

    def kill(self, _: Any) -> None:
        self.killed += 1

    def remote(self, **options: Any) -> Callable[[type], Any]:
        self.options.append(options)

        class Method:
            def __init__(self, bound: Callable[[Any], Any]) -> None:
                self._bound = bound

            def remote(self, part: Any) -> Callable[[], Any]:
                return lambda: self._bound(part)

        class Actor:
            def __init__(self, made: Any) -> None:
                self.run = Method(made.run)

        class Class:
            def __init__(self, made: type) -> None:
                self._made = made

            def remote(self, *arguments: Any) -> Actor:
                return Actor(self._made(*arguments))

        return Class


def test_ray_is_started_once_and_its_workers_end_with_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeRay()
    monkeypatch.setitem(sys.modules, "ray", fake)
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    executor = make_executor("ray:2@host:6379")
    assert list(executor.map(add, 10, range(7))) == list(range(10, 17))
    assert fake.started[0]["address"] == "host:6379"
    assert fake.options[0]["runtime_env"] == {"env_vars": {"OMP_NUM_THREADS": "3"}}
    assert fake.killed == 2
    results = executor.map(add, 0, range(100))
    assert next(results) == 0
    results.close()
    assert (len(fake.started), fake.killed) == (1, 4)
    other = FakeRay()
    monkeypatch.setitem(sys.modules, "ray", other)
    assert score(profiles_of(), MatchConfig(), executor=make_executor("ray:2")).values.tobytes() == (
        score(profiles_of(), MatchConfig()).values.tobytes()
    )
    assert other.started[0]["num_cpus"] == 2
    assert "address" not in other.started[0]


ON_RAY = """
import hashlib, sys
from matcher.config import MatchConfig
from matcher.encoders.sentence import SentenceEncoder
from matcher.executors import make_executor
from matcher.scores import score
from tests.test_executors import add, fail, profiles_of

executor = make_executor("ray:2") if sys.argv[1] == "ray" else None
told = []
found = score(profiles_of(300, 400), MatchConfig(), progress=lambda *facts: told.append(facts), executor=executor)
texts = [f"A study of subject {number} and how it bears on matter {number % 7}" for number in range(300)]
rows = SentenceEncoder(executor=executor).encode(texts, progress=lambda *facts: told.append(facts))
print(hashlib.sha256(found.values.tobytes() + rows.tobytes() + repr(told).encode()).hexdigest())
if executor is not None:
    assert list(executor.map(add, 1, range(9))) == list(range(1, 10))
    results = executor.map(add, 1, range(100))
    assert next(results) == 1
    results.close()
    try:
        list(executor.map(fail, 3, [4]))
    except ValueError as error:
        assert "7" in str(error)
    else:
        raise AssertionError("an error in a part was lost")
"""


@pytest.mark.long
def test_two_workers_of_ray_give_the_same_bytes() -> None:
    pytest.importorskip("ray", reason="the extra ray is not installed")
    pytest.importorskip("sentence_transformers")
    digests = [
        subprocess.run(
            [sys.executable, "-c", ON_RAY, where], cwd=ROOT, capture_output=True, text=True, check=True, timeout=900
        ).stdout.strip()
        for where in ("here", "ray")
    ]
    assert digests[0] == digests[1]
    assert len(digests[0]) == 64
