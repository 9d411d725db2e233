"""The project's own files, as the architecture tests read them: rooms, modules, imports."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PACKAGE_PARENTS = {"plg": "", "plg_server": "server/", "plg_relay": "relay/", "plg_tui": "tui/"}
"""Import name of each top-level package, and the folder it lies in."""

NOT_OURS = {"__pycache__", "build", "dist", "node_modules", "venv"}
"""Folders that tools make. Names with a leading dot are left out too, but for `.ci`."""


@cache
def project_files() -> tuple[Path, ...]:
    """Every file that belongs to the project, relative to its root."""
    return tuple(sorted(path.relative_to(ROOT) for path in walk(ROOT)))


def walk(folder: Path) -> Iterator[Path]:
    for entry in folder.iterdir():
        hidden = entry.name.startswith(".") and entry.name not in {".ci", ".gitignore", ".dockerignore"}
        if hidden or entry.name in NOT_OURS or entry.name.endswith(".egg-info"):
            continue
        if entry == ROOT / "benchmarks" / "results":
            continue
        if entry.is_dir():
            yield from walk(entry)
        elif entry.is_file():
            yield entry


def product_modules() -> list[Path]:
    """Python files of the four packages, relative to the root."""
    tops = tuple(f"{parent}{name}/" for name, parent in PACKAGE_PARENTS.items())
    return [path for path in project_files() if path.suffix == ".py" and path.as_posix().startswith(tops)]


def python_files() -> list[Path]:
    """Product, tests, benchmarks and noxfile."""
    return [path for path in project_files() if path.suffix == ".py"]


def rooms() -> list[Path]:
    """Folders with a purpose of their own: the sub-packages of plg, and the rooms beside it."""
    inside_plg = sorted({path.parent for path in project_files() if path.match("plg/*/__init__.py")})
    return [*inside_plg, *(Path(name) for name in ("server", "relay", "tui", "ops", "tests", "benchmarks"))]


@cache
def syntax_tree(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"), filename=str(path))


def imported_packages(path: Path) -> set[str]:
    """Top-level names that the file imports, wherever the import stands."""
    names: set[str] = set()
    for node in ast.walk(syntax_tree(path)):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names.add(node.module.partition(".")[0])
    return names


def has_behaviour(path: Path) -> bool:
    """Whether any function or method of the file does something: a Protocol's `...` and a docstring alone do not."""
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not all(is_empty(line) for line in node.body)
        for node in ast.walk(syntax_tree(path))
    )


def is_empty(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def mirrored_test(module: Path) -> Path:
    """Where the test of a product module stands: server/plg_server/services/a.py -> tests/server/services/test_a.py."""
    parts = module.parts
    inner = parts[1:] if parts[0] == "plg" else (parts[0], *parts[2:])
    return Path("tests", *inner[:-1], f"test_{inner[-1]}")
