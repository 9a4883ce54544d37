"""`matcher policy`: look at the rules about conflicts, check a file of your own, compare two."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from matcher import console
from matcher.commands.options import JsonOption
from matcher.conflicts.policy import Policy
from matcher.conflicts.policy_file import (
    difference,
    load_policy,
    parse_policy,
    policy_text,
    preset_names,
    rules_of,
    to_plain_policy,
)
from matcher.errors import DataError

__all__ = ["app"]

app = typer.Typer(
    help="The rules about conflicts as data: show a preset, check a file of yours, compare two.",
    epilog="Example: matcher policy show acl > mine.toml",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)

_PolicyArgument = Annotated[str, typer.Argument(help="A preset by its name, or a policy file (.toml).")]


@app.command(epilog="Example: matcher policy show neurips")
def show(
    name: Annotated[
        str | None, typer.Argument(help="A preset, or a policy file; without it, all presets.", show_default=False)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print a policy as the TOML that `--policy` takes, or list the presets."""
    if name is not None:
        policy = read_policy(name)
        if as_json:
            console.print_json(to_plain_policy(policy))
        else:
            typer.echo(policy_text(policy), nl=False)
        return
    policies = [load_policy(each) for each in preset_names()]
    if as_json:
        console.print_json([to_plain_policy(policy) for policy in policies])
        return
    for policy in policies:
        console.out.print(f"[bold]{policy.name}[/]  {escape(_in_brief(policy))}", soft_wrap=True)
        console.out.print(f"    [dim]{escape(policy.title)}[/]", soft_wrap=True)


@app.command(epilog="Example: matcher policy check mine.toml")
def check(name: _PolicyArgument) -> None:
    """Check a policy file: every key known, every value allowed, every rule cited. Exit 1 when something is wrong."""
    policy = read_policy(name)
    console.out.print(f"{policy.name}: {', '.join(rules_of(policy))}", markup=False, soft_wrap=True)


@app.command(epilog="Example: matcher policy diff neurips acl")
def diff(one: _PolicyArgument, other: _PolicyArgument, as_json: JsonOption = False) -> None:
    """Say what two policies say differently."""
    first, second = read_policy(one), read_policy(other)
    rows = difference(first, second)
    if as_json:
        console.print_json([{"key": key, first.name: left, second.name: right} for key, left, right in rows])
        return
    for key, left, right in rows:
        console.out.print(f"{key}: {left} → {right}", markup=False, soft_wrap=True)
    if not rows:
        console.out.print("they say the same", markup=False)


def read_policy(name: str) -> Policy:
    """A preset by its name, or the policy in a file.

    Raises:
        UnknownNameError: there is no such preset.
        DataError: the file cannot be read.
        ConfigError: it is no policy.
    """
    if not name.endswith(".toml"):
        return load_policy(name)
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"the policy cannot be read: {error}", file=name) from None
    return parse_policy(text, file=name)


def _in_brief(policy: Policy) -> str:
    parts = []
    if policy.coauthor is not None:
        parts.append(f"coauthor {policy.coauthor.window}")
    if policy.institution is not None:
        rule = policy.institution
        parts.append(f"institution {rule.when}" + ("" if rule.when == "current" else f" {rule.window}"))
    if policy.relation is not None:
        parts.append(f"relation {policy.relation.window}")
    extra = [rule for rule in rules_of(policy) if rule in ("cosubmission", "collaborator", "senior")]
    return "; ".join([*parts, *extra])
