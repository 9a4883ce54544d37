from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import matcher

ROOT = Path(__file__).parents[1]


def test_the_public_names_are_sorted_and_are_there() -> None:
    assert matcher.__all__ == sorted(set(matcher.__all__))
    for name in matcher.__all__:
        value = getattr(matcher, name)
        assert inspect.isclass(value) or inspect.isfunction(value), name
        assert value.__doc__, name
        assert not value.__doc__.startswith(f"{name}("), f"{name} has only the signature that dataclass writes"


def test_a_star_import_gives_exactly_the_public_names() -> None:
    namespace: dict[str, object] = {}
    exec("from matcher import *", namespace)
    assert set(namespace) - {"__builtins__"} == set(matcher.__all__)


def test_the_version_is_that_of_the_distribution() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+.*|0\+unknown", matcher.__version__)
    assert f'version = "{matcher.__version__}"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def modules() -> list[Path]:
    return [path for package in ("matcher", "service", "eval") for path in sorted((ROOT / package).rglob("*.py"))]


def public_definitions(tree: ast.Module) -> Iterator[ast.ClassDef | ast.FunctionDef]:
    """Functions and classes of a module and public methods of public classes, properties too."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from (
                    inner
                    for inner in node.body
                    if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_")
                )


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_everything_public_has_a_docstring(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    bare = [node.name for node in public_definitions(tree) if not ast.get_docstring(node)]
    assert bare == []
    assert not tree.body or ast.get_docstring(tree), "the module says nothing about itself"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_listed_name_is_defined(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    listed = [
        name
        for node in tree.body
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]
        for name in ast.literal_eval(node.value)
    ]
    defined = {
        name.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for name in ast.walk(node)
        if isinstance(name, ast.Name)
    }
    kinds = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    defined |= {node.name for node in tree.body if isinstance(node, kinds)}
    defined |= {
        alias.asname or alias.name for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert [name for name in listed if name not in defined] == []
    assert len(listed) == len(set(listed))


def test_the_names_of_the_snippets_in_readme_are_public() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    snippets = re.findall(r"^```python\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    used = {
        alias.name
        for snippet in snippets
        for node in ast.walk(ast.parse(snippet))
        if isinstance(node, ast.ImportFrom) and node.module == "matcher"
        for alias in node.names
    }
    assert used
    assert used <= set(matcher.__all__)
