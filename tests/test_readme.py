"""README is true: its snippets run, its command lines parse, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from matcher.cli import app

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
SNIPPETS = [text for language, text in BLOCKS if language == "python"]


def quick(snippet: str) -> str:
    """The snippet with the encoder that loads no model, where it does not choose one itself."""
    return snippet if "encoder=" in snippet else snippet.replace("MatchConfig(", 'MatchConfig(encoder="tfidf", ')


def test_the_snippets_run_one_after_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert SNIPPETS
    shutil.copytree(ROOT / "data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {}
    for number, snippet in enumerate(SNIPPETS):
        exec(compile(quick(snippet), f"README.md, snippet {number + 1}", "exec"), namespace)
    assert capsys.readouterr().out.strip()


def command_lines() -> Iterator[str]:
    """Every `matcher …` of the console blocks and of the text."""
    for language, text in BLOCKS:
        if language in ("console", "bash", "sh", "shell"):
            for line in text.replace("\\\n", " ").splitlines():
                for part in re.split(r"&&|;|\|", line.removeprefix("$ ")):
                    yield part.strip().removeprefix(".venv/bin/")
    prose = re.sub(r"^```.*?^```", "", README, flags=re.DOTALL | re.MULTILINE)
    yield from re.findall(r"`(matcher [^`]+)`", prose)


COMMANDS = [line for line in command_lines() if line.startswith("matcher ")]
CLI: Any = typer.main.get_command(app)


def test_there_are_command_lines() -> None:
    assert len(COMMANDS) >= 5


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_line_parses(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = shlex.split(line, comments=True)[1:]
    if any(word in ("--help", "--version", "…", "...") for word in words):
        words = [word for word in words if word not in ("…", "...")]
        with pytest.raises(SystemExit) as caught:
            CLI(words if words[-1:] == ["--version"] else [*words, "--help"])
        assert caught.value.code == 0
        assert capsys.readouterr().out
        return
    name, *arguments = words
    assert name in CLI.commands, f"there is no command '{name}'"
    with pytest.raises(SystemExit) as caught:
        CLI([name, "--help"])
    assert caught.value.code == 0
    # Parsing checks that every option exists, that values have their type and that no argument is missing.
    CLI.commands[name].make_context(f"matcher {name}", arguments)


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", README)
    assert links
    for link in links:
        assert link.startswith("https://") or (ROOT / link).exists(), link


def test_every_setting_that_is_named_exists() -> None:
    from matcher.config import settings

    choices = README.split("### Choices")[1].split("\n#")[0]
    table = re.findall(r"^\| (`[a-z_`, ]+`) \|", choices, re.MULTILINE)
    assert table
    named = {name for cell in table for name in re.findall(r"`([a-z_]+)`", cell)}
    assert named <= {setting.name for setting in settings()}


def test_the_table_of_formats_names_every_one() -> None:
    from matcher.export import EXPORTS
    from matcher.ingest.formats import FORMATS

    section = README.split("### From the system you have")[1].split("\n### ")[0]
    table = "\n".join(line for line in section.splitlines() if line.startswith("|"))
    named = set(re.findall(r"`(\w+)`", table))
    assert set(FORMATS) | {"cv", "sheets"} <= named
    assert all(name in section for name in EXPORTS)
