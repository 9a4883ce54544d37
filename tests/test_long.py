"""Heavy fuzzing and large venues: `make test-long`."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from matcher import MatchConfig, load_venue, match
from matcher.assignment import verify
from matcher.records import Conflicts, Verdict
from tests.benchmarks.generate import write_venue
from tests.contracts.solver import World, facts_of, optimum_by_highs, worlds
from tests.test_constraints import compare_with_trying
from tests.test_infeasibility import judge

pytestmark = pytest.mark.long


@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds(most_rows=8, most_columns=8))
def test_ten_thousand_instances_have_no_wrong_answer(instance: World) -> None:
    answer = instance.solve("max-total")
    assert verify(answer, instance.scores, instance.limits, Conflicts(())) == ()
    expected, got = optimum_by_highs(instance), facts_of(answer)
    assert (got.unfilled, got.last_resorts, got.underload) == (
        expected.unfilled,
        expected.last_resorts,
        expected.underload,
    )
    assert got.total == pytest.approx(expected.total, abs=1e-5)


@settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))
@given(worlds(most_rows=8, most_columns=8))
def test_ten_thousand_explanations_are_smallest_ones(instance: World) -> None:
    """Judged by maximum flows of networkx: infeasible as told, and feasible without any one member."""
    judge(instance)


def test_ten_thousand_instances_under_rules_have_no_wrong_answer() -> None:
    """Judged by trying every assignment."""
    solved, impossible = compare_with_trying(range(10_000), is_exact=True)
    assert solved + impossible == 10_000
    assert min(solved, impossible) > 500


def test_a_venue_of_two_thousand_submissions_is_matched_twice_to_the_same_bytes(tmp_path: Path) -> None:
    write_venue(tmp_path / "venue", submissions=2000, reviewers=3000)
    venue = load_venue(tmp_path / "venue")
    config = MatchConfig(encoder="tfidf")
    for name in ("first", "second"):
        result = match(venue, config)
        assert result.verify() == ()
        assert result.assignment.is_complete
        blocked = set(result.conflicts.pairs(Verdict.BLOCK, Verdict.ASK))
        assert blocked.isdisjoint((pair.submission_id, pair.reviewer_id) for pair in result.assignment.pairs)
        assert np.isfinite(result.scores.values).all()
        result.save(tmp_path / name)
    files = sorted(file.name for file in (tmp_path / "first").iterdir() if file.name != "times.json")
    for file in files:
        assert (tmp_path / "first" / file).read_bytes() == (tmp_path / "second" / file).read_bytes(), file


_READ_A_DUMP = """
import resource, sys
import gzip
import subprocess
import sys
from pathlib import Path
from matcher.ingest.formats import FORMATS, Owner, Wishes
told = []
wishes = Wishes(owners=(Owner("ada", ("Ada Example",)),), progress=told.append)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
counts = {"ours": 0, "others": 0}
for record in FORMATS["dblp"].read([Path(sys.argv[1])], wishes):
    counts["ours" if record.rows else "others"] += 1
after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(counts["ours"], counts["others"], len(told), (after - before) // 1024)
"""


def test_half_a_million_dblp_records_stream_in_little_memory(tmp_path: Path) -> None:
    """The dump holds 500,000 works, of which every thousandth is ours; reading them takes less than 64 MiB."""
    path = tmp_path / "dblp.xml.gz"
    with gzip.open(path, "wt", encoding="ascii", compresslevel=1) as stream:
        stream.write('<?xml version="1.0" encoding="ISO-8859-1"?>\n<!DOCTYPE dblp SYSTEM "dblp.dtd">\n<dblp>\n')
        for number in range(500_000):
            author = "Ada Example" if number % 1000 == 0 else f"Some Body{number % 977}"
            stream.write(
                f'<inproceedings key="conf/x/{number}"><author>{author}</author><author>J&uuml;rgen Other</author>'
                f"<title>A Title of Number {number}.</title><year>2020</year><booktitle>X</booktitle></inproceedings>\n"
            )
        stream.write("</dblp>\n")
    done = subprocess.run([sys.executable, "-c", _READ_A_DUMP, str(path)], capture_output=True, text=True, check=True)
    ours, others, told, mebibytes = map(int, done.stdout.split())
    assert (ours, others, told) == (500, 499_500, 50)
    assert mebibytes < 64
