"""The base installation: `tfidf` does the whole job where torch and the models are not there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "data" / "sample"


def run(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.without_torch", *map(str, arguments)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done


def test_words_alone_match_and_explain(tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert "57 of 57 reviews" in run("match", SAMPLE, "--encoder", "tfidf", "--quiet", "--out", out).stdout
    assert "of all scored pairs of the venue; rests on 6 papers" in run("explain", out, "alphapruning", "li-li").stdout


@pytest.mark.parametrize("encoder", ["hybrid", "sentence"])
def test_what_needs_a_model_says_what_brings_it(encoder: str, tmp_path: Path) -> None:
    done = run("match", SAMPLE, "--encoder", encoder, "--quiet", "--out", tmp_path / "run", code=1)
    assert "needs the extra 'sentence': pip install 'reviewer-matcher[sentence]'" in done.stderr
    assert "--encoder tfidf" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()
