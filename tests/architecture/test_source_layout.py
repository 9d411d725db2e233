"""Where things stand, how they are called, how long they may be."""

import ast
import re

import pytest

from support.source_tree import (
    ROOT,
    has_behaviour,
    mirrored_test,
    product_modules,
    project_files,
    python_files,
    rooms,
    syntax_tree,
)

LONGEST_MODULE_LINES = 400
VAGUE_NAME = re.compile(r"^(utils?|helpers?|commons?|misc|.*manager)$", re.IGNORECASE)
MACHINE_PATH = re.compile(r"(^|[^A-Za-z0-9_.~$}])/(work|farm|root|Users|home/[a-z]+)/")
UNFINISHED = re.compile(r"\b(T[O]DO|FIXM[E]|X[X]X)\b")  # spelt so that this line is not found
TEXT_SUFFIXES = {
    "", ".c", ".cfg", ".conf", ".html", ".json", ".md", ".nft", ".py", ".service", ".sh", ".sql", ".tcss", ".toml", ".txt", ".yaml", ".yml",
}  # fmt: skip


def test_the_walk_finds_the_packages() -> None:
    names = {path.as_posix() for path in product_modules()}
    assert {
        "plg/__init__.py",
        "server/plg_server/__init__.py",
        "relay/plg_relay/__init__.py",
        "tui/plg_tui/__init__.py",
    } <= names


def test_every_source_file_with_behaviour_has_its_test_at_the_mirrored_path() -> None:
    missing = [
        f"{module} -> {mirrored_test(module)}"
        for module in product_modules()
        if module.name != "__init__.py" and has_behaviour(module) and not (ROOT / mirrored_test(module)).is_file()
    ]
    assert missing == []


def test_every_mirrored_test_holds_at_least_one_test() -> None:
    empty = [
        str(path)
        for path in project_files()
        if path.parts[0] == "tests"
        and path.name.startswith("test_")
        and path.suffix == ".py"
        and not re.search(r"^\s*(async )?def test_|^class .*\(RuleBasedStateMachine\)|^Test\w+ = |\.parametrize\(", (ROOT / path).read_text(), re.MULTILINE)
    ]  # fmt: skip
    assert empty == []


def test_no_module_is_longer_than_one_idea() -> None:
    lengths = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in product_modules()}
    assert {str(path): lines for path, lines in lengths.items() if lines > LONGEST_MODULE_LINES} == {}


def test_no_file_folder_or_class_has_a_name_that_says_nothing() -> None:
    vague_paths = [
        str(path) for path in project_files() if any(VAGUE_NAME.match(part.partition(".")[0]) for part in path.parts)
    ]
    vague_classes = [
        f"{path}: {node.name}"
        for path in python_files()
        for node in ast.walk(syntax_tree(path))
        if isinstance(node, ast.ClassDef) and VAGUE_NAME.match(node.name)
    ]
    assert (vague_paths, vague_classes) == ([], [])


@pytest.mark.parametrize("room", rooms(), ids=str)
def test_every_room_has_a_readme_with_design_notes(room: object) -> None:
    readme = ROOT / str(room) / "README.md"
    assert readme.is_file()
    assert re.search(r"^#+ Design notes\b", readme.read_text(encoding="utf-8"), re.MULTILINE)


def test_tests_are_no_packages_but_for_the_shared_support() -> None:
    found = {path.as_posix() for path in project_files() if path.parts[0] == "tests" and path.name == "__init__.py"}
    assert found <= {"tests/support/__init__.py"}


@pytest.mark.parametrize(("what", "pattern"), [("path of one machine", MACHINE_PATH), ("unfinished work", UNFINISHED)])
def test_no_file_holds(what: str, pattern: re.Pattern[str]) -> None:
    found = [
        f"{path}:{number}: {line.strip()[:120]}"
        for path in project_files()
        if path.suffix in TEXT_SUFFIXES
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == [], what


def test_ci_ends_with_the_test_command_of_the_readme() -> None:
    command = (ROOT / ".ci" / "run").read_text(encoding="utf-8").strip().splitlines()[-1]
    assert command.endswith("bin/nox")
    assert command in (ROOT / "README.md").read_text(encoding="utf-8")
