"""What goes into the frozen program, as lists."""

import ast
import sys
from pathlib import Path

import frozen_contents
import pytest
from frozen_contents import (
    KEPT_LEXERS,
    LEFT_OUT_ON_WINDOWS,
    PROFILE_RULES,
    left_out,
    own_data,
    own_modules,
    package_folder,
    widgets_by_name,
)

from plg.cli.root import COMMANDS
from support.source_tree import product_modules, syntax_tree


def test_every_command_comes_along_and_no_server_does() -> None:
    modules = set(own_modules())
    assert {entry.module for entry in COMMANDS.values()} <= modules
    assert {"plg.capture.watchdog", "plg.release.swap", "plg_tui.app", "plg.lab.simulation.replay"} <= modules
    assert [name for name in modules if name.startswith(("plg_relay", "plg.lab.demo"))] == []
    assert {name for name in modules if name.startswith("plg_server")} == set(PROFILE_RULES)


def test_what_a_module_that_comes_along_imports_comes_along_too() -> None:
    """But for what operators need, which is said to be elsewhere, and the registry, which only Windows has."""
    elsewhere = ("plg_server.", "plg_relay", "plg.lab.demo", "plg_tui.web", "winreg")
    out, modules, missing = set(left_out()), set(own_modules()), []
    for path in product_modules():
        name = path.relative_to("tui" if path.parts[0] == "tui" else ".").with_suffix("").as_posix().replace("/", ".")
        if name not in modules:
            continue
        for node in ast.walk(syntax_tree(path)):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            missing += [(name, one) for one in names if one in out and not one.startswith(elsewhere)]
    assert missing == []


def test_data_lies_where_its_module_looks_for_it() -> None:
    places = {f"{place}/{Path(source).name}" for source, place in own_data()}
    assert {
        "plg_tui/plg.tcss",
        "plg_server/seed/games.toml",
        "plg/release/release_keys.toml",
        "plg/cli/locale/ru/LC_MESSAGES/plg.mo",
    } <= places
    assert [name for name in places if name.endswith((".po", ".py", ".md"))] == []


def test_nothing_of_ours_is_left_out_by_accident() -> None:
    out = set(left_out())
    assert set(own_modules()) & out == set()
    assert set(widgets_by_name()) & out == set()
    assert KEPT_LEXERS & out == set()
    assert len([name for name in out if name.startswith("pygments.lexers.")]) > 100


def test_each_system_leaves_out_what_only_the_other_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "keyring.backends.Windows" in left_out()
    assert "uvloop" not in left_out()
    monkeypatch.setattr(sys, "platform", "win32")
    assert set(LEFT_OUT_ON_WINDOWS) <= set(left_out())
    assert "keyring.backends.Windows" not in left_out()


def test_a_package_that_is_not_installed_is_named() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_package"):
        package_folder("no_such_package")
    assert frozen_contents.package_folder("textual").name == "textual"
