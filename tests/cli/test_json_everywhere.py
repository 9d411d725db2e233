"""`--json` on every command: a document, or a live picture that says why it has none."""

import ast
import importlib
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import typer.main

from plg.cli.command_app import PlgGroup
from plg.cli.root import COMMANDS
from support.inside import Inside
from support.json_documents import check_document
from support.source_tree import ROOT, syntax_tree

LIVE = {
    "dashboard": "a picture for people; plg status --watch --json shows the same as lines",
}
"""Commands without documents, and why."""

WRITES = {"document", "encode_document"}


def leaves() -> Iterator[tuple[str, str]]:
    """Every command that can be called, as it is typed, with the module that its function stands in."""

    def walk(path: str, command: object) -> Iterator[tuple[str, str]]:
        inner: list[str] = []
        if isinstance(command, PlgGroup):
            context = typer.Context(command)
            inner = command.list_commands(context)
            for name in inner:
                yield from walk(f"{path} {name}", command.get_command(context, name))
        callback = getattr(command, "callback", None)
        if not inner and callback is not None:
            yield path, str(callback.__module__)

    for name, entry in COMMANDS.items():
        yield from walk(name, typer.main.get_command(importlib.import_module(entry.module).app))


@cache
def writes_documents(module: str, depth: int) -> bool:
    """Whether the module, or one of plg.cli that it imports, hands a document to the output."""
    path = Path(*module.split(".")).with_suffix(".py")
    if not (ROOT / path).is_file():
        return False
    tree = syntax_tree(path)
    if any(isinstance(node, ast.Attribute | ast.Name) and getattr(node, "attr", getattr(node, "id", "")) in WRITES for node in ast.walk(tree)):  # fmt: skip
        return True
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module}
    nearer = imported - {"plg.cli.invocation", "plg.cli.output", "plg.cli.talk", "plg.cli.command_app", "plg.cli.root", "plg.cli.error_report"}  # fmt: skip
    return depth > 0 and any(writes_documents(one, depth - 1) for one in nearer if one.startswith("plg.cli."))


COMMAND_LINES = dict(leaves())


def test_the_walk_finds_commands_and_groups() -> None:
    groups = {"config get", "config set", "server run", "relay check", "admin audit", "admin users ban"}
    assert {"connect", "schema", *groups} <= set(COMMAND_LINES)


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_a_command_prints_documents_or_says_why_not(line: str) -> None:
    if line in LIVE:
        assert LIVE[line]
        return
    assert writes_documents(COMMAND_LINES[line], 2), f"plg {line} knows no --json"


def test_the_check_sees_a_command_without_documents() -> None:
    assert not writes_documents("plg.cli.options", 2)
    assert set(LIVE) <= set(COMMAND_LINES)


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_help_and_usage_errors_are_documents_too(plg: Inside, line: str) -> None:
    page = plg(*line.split(), "--help", "--json").document()
    assert (page["schema"], page["topics"][0]["topic"]) == ("plg.help/1", f"plg {line}")
    done = plg(*line.split(), "--no-such-option", "--json")
    error = check_document(json.loads(done.err.splitlines()[-1]))["error"]
    assert (done.code, done.out, error["code"], error["exit_code"]) == (2, "", "usage", 2)
