"""What all tests share: no network, a cache of their own, and the sample matched once."""

from __future__ import annotations

import os

os.environ["HF_HUB_OFFLINE"] = "1"  # before any library reads it
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import hypothesis
import pytest

from matcher import MatchConfig, MatchResult, Venue, load_venue, match
from matcher.encoders.sentence import SentenceEncoder
from service.client import packed
from tests.serving import Served, serving
from tests.worlds import two_fields, write_folder

# The same examples every time: a failure is found again, and no clock decides.
hypothesis.settings.register_profile("project", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("project")

SAMPLE = Path(__file__).parents[1] / "data" / "sample"


@pytest.fixture(scope="session", autouse=True)
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache that starts empty and lasts for the session."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MATCHER_CACHE", str(folder))
        yield folder


@pytest.fixture(scope="session")
def sample() -> Venue:
    """The shipped venue."""
    return load_venue(SAMPLE)


@pytest.fixture(scope="session")
def sample_config() -> MatchConfig:
    """The sample's own choices, with the encoder that loads no model."""
    return replace(MatchConfig.from_toml(SAMPLE / "match.toml"), encoder="tfidf")


@pytest.fixture(scope="session")
def sample_result(sample: Venue, sample_config: MatchConfig) -> MatchResult:
    """The sample, matched."""
    return match(sample, sample_config)


@pytest.fixture(scope="session")
def saved_sample(sample_result: MatchResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's run folder, for reading only; `run_folder` is a copy to change."""
    return sample_result.save(tmp_path_factory.mktemp("runs") / "sample")


@pytest.fixture
def run_folder(saved_sample: Path, tmp_path: Path) -> Path:
    """A run folder of this test's own."""
    return Path(shutil.copytree(saved_sample, tmp_path / "run"))


@pytest.fixture
def venue_folder(tmp_path: Path) -> Path:
    """Two fields without conflicts as a venue folder of this test's own."""
    return write_folder(two_fields(), tmp_path / "venue")


@pytest.fixture(scope="session")
def sentence_encoder() -> SentenceEncoder:
    """The default encoder without a cache; its model is loaded when it first embeds, once a session."""
    return SentenceEncoder()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, cache_dir: Path) -> Iterator[Served]:
    """A service on SQLite. It ends with the module: its threads would disturb Hypothesis elsewhere."""
    with serving(tmp_path_factory.mktemp("service"), allow_private_webhooks=True) as running:
        yield running


@pytest.fixture(scope="module")
def matched(served: Served) -> dict[str, str]:
    """The sample in the service, matched: ids of the venue, the job and the run."""
    served.admin.create_venue("sample")
    served.admin.upload_venue("sample", packed(SAMPLE))
    job = served.admin.wait("sample", served.admin.submit("sample", config={"encoder": "tfidf"})["id"])
    assert job["state"] == "succeeded", job
    return {"venue": "sample", "job": job["id"], "run": job["run_id"]}


@pytest.fixture(scope="module")
def matched_result(served: Served, matched: dict[str, str]) -> MatchResult:
    """The same match as the library reads it from the service's folder."""
    digest = served.admin.get(f"/v1/venues/sample/runs/{matched['run']}")["digest"]
    return MatchResult.load(served.service.results.path(digest))


@pytest.fixture
def chair(served: Served, matched: dict[str, str]) -> Iterator[httpx.Client]:
    """The sample's chair, logged in to the console."""
    with httpx.Client(base_url=served.address) as client:
        key = served.service.keys.create("browser", ["chair"], venue_id=matched["venue"]).secret
        assert client.post("/console/login", data={"key": key}).status_code == 303
        yield client
