"""What deploys the service: lock file, image, composition, audit; read as text, run as far as it goes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.settings import Settings

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "service" / "deploy"


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def locked() -> dict[str, tuple[str, int]]:
    """Versions of the lock file, with how many digests each has."""
    found: dict[str, tuple[str, int]] = {}
    name = ""
    for line in (DEPLOY / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if match := re.match(r"([A-Za-z0-9._-]+)==(\S+)", line):
            name = plain(match[1])
            found[name] = (match[2], 0)
        if re.search(r"--hash=sha256:[0-9a-f]{64}\b", line):
            found[name] = (found[name][0], found[name][1] + 1)
    return found


def pinned() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return {plain(name): version for name, _, version in (line.partition("==") for line in lines if "==" in line)}


def test_every_locked_version_is_the_tested_one_and_has_digests() -> None:
    tested = pinned()
    assert set(locked()) - set(tested) <= {"setuptools"}  # what every environment has anyway
    for name, (version, digests) in locked().items():
        assert digests >= 1, name
        assert version.removesuffix("+cpu") == tested.get(name, version), name


def test_the_lock_holds_every_package_that_is_asked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    (everything,) = extras["all"]
    taken = re.search(r"\[(.*)\]", everything)
    assert taken
    wanted = [*project["dependencies"], *(one for name in taken[1].split(",") for one in extras[name])]
    names = {plain(re.split(r"[\[><=~! ]", each, maxsplit=1)[0]) for each in wanted} - {"reviewer-matcher"}
    assert names <= set(locked())
    assert locked()["torch"][0].endswith("+cpu")
    assert not [name for name in locked() if name.startswith("nvidia")]


def test_the_image_takes_only_locked_packages_and_is_nobody() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert "--require-hashes --no-deps --only-binary :all:" in text
    last = text.rpartition("\nFROM ")[2]
    assert re.search(r"(?m)^USER matcher$", last)
    assert "HEALTHCHECK" in last
    assert not re.search(r"(?i)password|secret|mk_", text)
    for place in re.findall(r"(?m)^COPY (?!--from)(.+) \S+$", text):
        assert all((ROOT / name).exists() for name in place.split()), place


def test_settings_of_the_composition_are_settings() -> None:
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    services = found["services"]
    assert set(services) == {"db", "web", "worker"}
    assert services["worker"]["deploy"]["replicas"] == 2
    for name in ("web", "worker"):
        environment = {key: str(value) for key, value in services[name]["environment"].items()}
        database = environment["MATCHER_SERVICE_DATABASE_URL"]
        environment["MATCHER_SERVICE_DATABASE_URL"] = re.sub(r"\$\{.*?\}", "x", database)
        assert Settings.from_environment(environment).runs_jobs == (name == "worker")
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["read_only"]
    assert services["web"]["ports"] == ["127.0.0.1:8000:8000"]  # a proxy with TLS stands before it
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    given = dict(re.findall(r"(MATCHER_SERVICE_\w+)=(\S+)", text))
    assert Settings.from_environment(given).log_format == "json"


def test_the_limits_that_are_documented_are_those_of_the_code() -> None:
    text = (DEPLOY / "README.md").read_text(encoding="utf-8")
    settings = Settings()
    for names, values in re.findall(r"(?m)^\| ((?:`[A-Z_]+`(?:, )?)+) \| ([\d, ]+)", text):
        numbers = [int(each.replace(",", "")) for each in re.findall(r"\d[\d,]*\d|\d", values.replace(", ", " "))]
        for name, number in zip(re.findall(r"`([A-Z_]+)`", names), numbers, strict=True):
            assert getattr(settings, name.lower()) == number, name


@pytest.mark.parametrize(
    ("answer", "strict", "code", "words"),
    [
        ([{"name": "a", "version": "1", "vulns": []}], "0", 0, "1 packages, no known vulnerability"),
        ([{"name": "a", "version": "1", "skip_reason": "none"}], "0", 0, "no advisory service answered for 1 of 1"),
        ([{"name": "a", "version": "1", "skip_reason": "none"}], "1", 1, "no advisory service answered"),
        (None, "0", 0, "no advisory service answered for 0 of 0"),
        (
            [{"name": "a", "version": "1", "vulns": [{"id": "CVE-1", "fix_versions": ["2"]}]}],
            "0",
            1,
            "a 1: CVE-1, fixed in 2",
        ),
    ],
)
def test_the_audit_fails_on_what_is_known_and_says_when_nobody_answers(
    tmp_path: Path, answer: Any, strict: str, code: int, words: str
) -> None:
    tool = tmp_path / "pip-audit"
    content = "" if answer is None else json.dumps({"dependencies": answer})
    tool.write_text(
        f"#!{sys.executable}\nimport sys\nplace = sys.argv[sys.argv.index('-o') + 1]\n"
        f"{'pass' if answer is None else f'open(place, chr(119)).write({content!r})'}\n"
    )
    tool.chmod(0o755)
    done = subprocess.run(
        ["bash", str(ROOT / ".ci" / "audit"), str(tool), "lock"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin:" + str(Path(sys.executable).parent), "AUDIT_STRICT": strict},
    )
    assert (done.returncode, words in done.stdout) == (code, True), done.stdout + done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "import pickle",
        "import marshal",
        "import shelve",
        "eval('1')",
        "exec('1')",
        "import yaml\nyaml.load('a')",
        "import torch\ntorch.load('a')",
        "import subprocess\nsubprocess.run('ls', shell=True, check=True)",
        "from xml.etree import ElementTree",
    ],
)
def test_the_linter_refuses_what_could_run_code(line: str, tmp_path: Path) -> None:
    command = [str(Path(sys.executable).parent / "ruff"), "check", "--config", str(ROOT / "pyproject.toml")]
    for number, (text, code) in enumerate(((line, 1), ("import json", 0))):
        path = tmp_path / f"module{number}.py"
        path.write_text(f'"""A module."""\n\n{text}\n')
        done = subprocess.run(
            [*command, "--select", "S,TID251", "--no-cache", str(path)], capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout


def test_every_test_that_the_list_of_threats_names_is_there() -> None:
    text = (DEPLOY / "SECURITY.md").read_text(encoding="utf-8")
    named = re.findall(r"`(test_\w+\.py)::(test_\w+)`", text)
    assert len(named) > 30
    for file, name in named:
        assert re.search(rf"(?m)^def {name}\(", (ROOT / "tests" / file).read_text(encoding="utf-8")), f"{file}::{name}"
    for line in text.splitlines():
        if line.startswith("| ") and not line.startswith("| threat"):
            assert re.search(r"`test_\w+\.py::test_\w+` \|$|`test_\w+\.py::test_\w+`, .*\|$", line), line
